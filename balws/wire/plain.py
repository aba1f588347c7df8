# -*- test-case-name: tests.wire.test_plain -*-
"""
What touches every byte and every frame, in Python: the same as the extension
C{balws.wire._speed} in C, which may not have been built.  L{balws.wire.speed} chooses.
"""

from __future__ import annotations

from collections.abc import Iterator

from autobahn.websocket.xormasker import create_xor_masker

from balws.wire.frames import BINARY, FIN, TEXT, header

#: Above this the C masker of Autobahn beats one big integer, which beats a loop.
_INTEGER_LIMIT = 1024

#: The whole header of an unmasked, final frame with up to 125 bytes, by first byte and length.
_SHORT: dict[int, list[bytes]] = {
    first: [bytes((first, length)) for length in range(126)]
    for first in (FIN | TEXT, FIN | BINARY)
}


def mask(data: bytes | bytearray | memoryview, key: bytes, /) -> bytes:
    """
    Mask or unmask: it is the same (RFC 6455 section 5.3).

    @param data: bytes; a memoryview must be contiguous and of bytes.
    @param key: four bytes.
    @raise ValueError: when the key has another length.
    """
    if len(key) != 4:
        raise ValueError("a masking key has four bytes")
    length = len(data)
    if length <= _INTEGER_LIMIT:
        repeated = (key * (length // 4 + 1))[:length]
        number = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
        return number.to_bytes(length, "little")
    return bytes(create_xor_masker(key, length).process(bytes(data)))


def frames(data: bytes, limit: int, masked: bool, /) -> Iterator[tuple[int, str | bytes | None, int]]:
    """
    Each whole, plain frame from the front of what was read, one at a step.

    Plain is a frame whose first byte is 0x81, 0x82, 0x88, 0x89 or 0x8A, whose length has
    the shortest form and is within the limit, and, of a control frame, within 125, and
    which is masked where it shall be.  Anything else ends the iteration: so do a frame
    that is not whole, and the end.

    @param data: not to be changed before the end, if it can be.
    @param limit: the most bytes of a payload.
    @param masked: whether frames must be masked; else they must not be.
    @return: of each frame its first byte, its payload and the offset of what comes behind
        it.  The payload of a text is a L{str}, or L{None} where it is not UTF-8; of
        anything else it is L{bytes}.
    """
    if type(data) is not bytes:
        data = bytes(memoryview(data))
    bit, short = (0x80, 6) if masked else (0, 2)
    end = len(data)
    offset = 0
    while end - offset >= short:
        start = offset + short
        length = data[offset + 1] - bit
        if length < 126:
            if length < 0:
                return
        elif length == 126:
            start += 2
            if start > end:
                return
            length = data[offset + 2] << 8 | data[offset + 3]
            if length < 126:
                return
        else:
            start += 8
            length = int.from_bytes(data[offset + 2 : offset + 10], "big") if data[offset + 1] == bit | 127 else 0
            if length < 65536 or start > end:
                return
        stop = start + length
        if stop > end or length > limit:
            return
        first = data[offset]
        if first != 0x81 and first != 0x82 and (length > 125 or not 0x88 <= first <= 0x8A):
            return
        payload = mask(data[start:stop], data[start - 4 : start]) if masked else data[start:stop]
        offset = stop
        if first == 0x81:
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                yield first, None, offset
            else:
                yield first, text, offset
        else:
            yield first, payload, offset


def framed(first: int, payload: str | bytes, /) -> bytes:
    """
    @param first: the first byte: FIN, RSV1, opcode.
    @param payload: a text is sent as UTF-8.
    @return: a whole frame, not masked, with the length in its shortest form.
    @raise UnicodeEncodeError: when the text has a lone surrogate.
    @raise TypeError: when the payload is neither.
    @raise ValueError: when C{first} is no byte.
    """
    if isinstance(payload, str):
        payload = payload.encode()
    elif not isinstance(payload, bytes):
        raise TypeError("the payload of a frame is str or bytes")
    length = len(payload)
    if length < 126 and first in _SHORT:
        return _SHORT[first][length] + payload
    if not 0 <= first <= 255:
        raise ValueError("the first byte of a frame is 0 to 255")
    return header(first, length) + payload
