# -*- test-case-name: tests.wire.test_frames -*-
"""
Frame headers (RFC 6455 section 5.2).
"""

from __future__ import annotations

from struct import Struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

FIN = 0x80
#: "This message is compressed" (RFC 7692 section 6).
RSV1 = 0x40
#: Of the second byte: a key follows the length.
MASKED = 0x80

_medium = Struct("!BBH").pack
_large = Struct("!BBQ").pack


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


def head(data: bytes, masked: bool) -> tuple[int, int, int] | None:
    """
    Read the head of a frame, if it is whole and sound: a mask where there must be one, and the
    length in its shortest form.

    @return: its first byte, where its payload begins, and how long that is.
    """
    if len(data) < 2 or (data[1] & MASKED == MASKED) != masked:
        return None
    length, start = data[1] & 0x7F, 2
    if length == 126:
        start, least = 4, 126
    elif length == 127:
        start, least = 10, 65536
    else:
        least = 0
    if start > 2:
        length = int.from_bytes(data[2:start], "big")
    if masked:
        start += 4
    if len(data) < start or length < least:
        return None
    return data[0], start, length
