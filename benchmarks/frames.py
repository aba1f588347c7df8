# -*- test-case-name: tests.benchmarks.test_frames -*-
"""
What a client sends, prepared: an upgrade request and masked frames (RFC 6455).
"""

from __future__ import annotations

import zlib

import attrs

#: The key that RFC 6455 has for its example, in section 1.3, and what a server makes of it.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#: Masks every frame: any will do for a load, and the same one makes the runs alike.
_MASK = bytes((0x37, 0xFA, 0x21, 0x3D))

CONTINUATION, TEXT, BINARY, CLOSE = 0, 1, 2, 8
_FINAL, _COMPRESSED = 0x80, 0x40


@attrs.frozen
class Volley:
    """
    What a connection sends at a time.

    @ivar data: whole frames.
    @ivar messages: how many messages they are, and so how many answers come.
    """

    data: bytes
    messages: int = 1


def request(path: str, *, deflate: bool = False) -> bytes:
    """
    @param deflate: offer to compress.
    @return: an upgrade request.
    """
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if deflate else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
    ).encode()


def masked(payload: bytes) -> bytes:
    """
    @return: the payload as it is on the wire; done twice, the payload again.
    """
    size = len(payload)
    mask = (_MASK * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def frame(opcode: int, payload: bytes, *, final: bool = True, compressed: bool = False) -> bytes:
    """
    @return: one masked frame.
    """
    first = opcode | (_FINAL if final else 0) | (_COMPRESSED if compressed else 0)
    size = len(payload)
    if size < 126:
        header = bytes((first, 0x80 | size))
    elif size < 65536:
        header = bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    return header + _MASK + masked(payload)


def message(content: str | bytes) -> bytes:
    """
    @return: a text or a binary message in one frame.
    """
    return frame(TEXT, content.encode()) if isinstance(content, str) else frame(BINARY, content)


def fragmented(content: str, parts: int) -> bytes:
    """
    @return: a text message in so many frames, cut anywhere, in the middle of a letter, too.
    """
    data = content.encode()
    cuts = [len(data) * index // parts for index in range(parts + 1)]
    return b"".join(
        frame(CONTINUATION if index else TEXT, data[cuts[index] : cuts[index + 1]], final=index == parts - 1)
        for index in range(parts)
    )


def deflated(content: str) -> bytes:
    """
    @return: a compressed text message (RFC 7692) that refers to none before it, so that it can be
        sent again and again, to servers with any window of 4 KiB or more.
    """
    compressor = zlib.compressobj(wbits=-12)
    data = compressor.compress(content.encode()) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return frame(TEXT, data.removesuffix(b"\0\0\xff\xff"), compressed=True)


def close() -> bytes:
    """
    @return: a close frame with 1000.
    """
    return frame(CLOSE, (1000).to_bytes(2, "big"))


def textFrame(size: int) -> bytes:
    """
    @return: a text message of so many letters.
    """
    return message("a" * size)
