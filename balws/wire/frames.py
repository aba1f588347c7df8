# -*- test-case-name: tests.wire.test_frames -*-
"""
Frame headers and masks (RFC 6455 sections 5.2 and 5.3).
"""

from __future__ import annotations

from struct import Struct

from autobahn.websocket.xormasker import create_xor_masker

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

FIN = 0x80
#: "This message is compressed" (RFC 7692 section 6).
RSV1 = 0x40
#: Of the second byte: a key follows the length.
MASKED = 0x80

_medium = Struct("!BBH").pack
_large = Struct("!BBQ").pack

#: The whole header of an unmasked, final frame with up to 125 bytes, by first byte and length.
SHORT: dict[int, list[bytes]] = {
    first: [bytes((first, length)) for length in range(126)]
    for first in (FIN | TEXT, FIN | BINARY)
}

#: Above this the C masker of Autobahn beats one big integer, which beats a loop.
_INTEGER_LIMIT = 1024


def header(first: int, length: int, masked: int = 0) -> bytes:
    """
    @param first: the first byte: FIN, RSV1, opcode.
    @param length: of the payload, in bytes.
    @param masked: L{MASKED} where a key will follow, else 0.
    @return: the header of a frame up to the key, with the length in its shortest form.
    """
    if length < 126:
        return bytes((first, masked | length))
    if length < 65536:
        return _medium(first, masked | 126, length)
    return _large(first, masked | 127, length)


def mask(data: bytes, key: bytes) -> bytes:
    """
    Mask or unmask: it is the same.

    @param key: four bytes.
    """
    length = len(data)
    if length <= _INTEGER_LIMIT:
        repeated = (key * (length // 4 + 1))[:length]
        number = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
        return number.to_bytes(length, "little")
    return bytes(create_xor_masker(key, length).process(data))
