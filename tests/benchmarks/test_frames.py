"""
Tests of L{benchmarks.frames}.
"""

from __future__ import annotations

import zlib

import frames
from twisted.trial.unittest import SynchronousTestCase


def read(data: bytes) -> list[tuple[int, bytes]]:
    """
    @return: the first byte and the payload of each masked frame.
    """
    found = []
    while data:
        first, second = data[:2]
        assert second & 0x80, "a client masks"
        size, at = second & 0x7F, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        key, masked = data[at : at + 4], data[at + 4 : at + 4 + size]
        found.append((first, bytes(octet ^ key[index % 4] for index, octet in enumerate(masked))))
        data = data[at + 4 + size :]
    return found


class FramesTests(SynchronousTestCase):
    """
    What a client sends.
    """

    def test_lengths(self) -> None:
        """
        Each length is in its shortest form, and the payload is what was given.
        """
        for size, header in ((0, 2), (1, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)):
            content = bytes(index % 251 for index in range(size))
            data = frames.message(content)
            self.assertEqual(len(data), header + 4 + size)
            self.assertEqual(read(data), [(0x82, content)])

    def test_text(self) -> None:
        """
        A str is a text message.
        """
        self.assertEqual(read(frames.message("Grüße")), [(0x81, "Grüße".encode())])

    def test_fragments(self) -> None:
        """
        Fragments make the message together, the last one ends it, and a letter may be cut.
        """
        self.assertEqual(read(frames.fragmented("aüb", 3)), [(0x01, b"a"), (0x00, b"\xc3"), (0x80, b"\xbcb")])

    def test_compressed(self) -> None:
        """
        A compressed message can be inflated twice by who remembers the first.
        """
        ((first, payload),) = read(frames.deflated("again and again"))
        inflater = zlib.decompressobj(wbits=-12)
        self.assertEqual(first, 0xC1)
        for _ in range(2):
            self.assertEqual(inflater.decompress(payload + b"\0\0\xff\xff"), b"again and again")

    def test_request(self) -> None:
        """
        Compression is offered only where it is wanted.
        """
        self.assertIn(b"GET /echo HTTP/1.1\r\n", frames.request("/echo"))
        self.assertNotIn(b"permessage-deflate", frames.request("/echo"))
        self.assertIn(b"permessage-deflate", frames.request("/echo", deflate=True))

    def test_close(self) -> None:
        """
        A close frame says 1000.
        """
        self.assertEqual(read(frames.close()), [(0x88, b"\x03\xe8")])
