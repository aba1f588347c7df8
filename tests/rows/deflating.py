"""
Peers that compress (RFC 7692).
"""

from __future__ import annotations

import zlib

from tests.rows.raw import CLOSE, Peer, request
from tests.rows.serving import ServedTestCase

RSV1 = 4

#: What every compressed message ends with, and nobody sends (RFC 7692 section 7.2.1).
TAIL = b"\0\0\xff\xff"


class Deflater:
    """
    Compresses messages, with what came before in mind or without.
    """

    def __init__(self, bits: int = 15, takeover: bool = True) -> None:
        self._bits = bits
        self._takeover = takeover
        self._begin()

    def _begin(self) -> None:
        self._compressor = zlib.compressobj(9, zlib.DEFLATED, -self._bits)

    def __call__(self, data: bytes) -> bytes:
        """
        @return: the payload of a compressed message.
        """
        payload = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        if not self._takeover:
            self._begin()
        return payload[:-4]


class Inflater:
    """
    Inflates messages with a window that is no larger than agreed.
    """

    def __init__(self, bits: int = 15, takeover: bool = True) -> None:
        self._bits = bits
        self._takeover = takeover
        self._begin()

    def _begin(self) -> None:
        self._decompressor = zlib.decompressobj(-self._bits)

    def __call__(self, payload: bytes) -> bytes:
        """
        @return: the message.
        """
        data = self._decompressor.decompress(payload + TAIL)
        if not self._takeover:
            self._begin()
        return data


def deflated(data: bytes, bits: int = 15) -> bytes:
    """
    @return: the payload of a compressed message that is the first or only one.
    """
    return Deflater(bits)(data)


class DeflateTestCase(ServedTestCase):
    """
    Peers that compress.
    """

    def offering(self, *offers: bytes, path: str = "/ws") -> tuple[Peer, list[bytes]]:
        """
        @param offers: each a line C{Sec-WebSocket-Extensions} of its own.
        @return: a connection, and what was agreed.
        """
        lines = b"".join(b"Sec-WebSocket-Extensions: " + offer + b"\r\n" for offer in offers)
        peer = self.ask(request(self.tagged(path), more=lines))
        head, *fields = peer.answer().split(b"\r\n")
        self.assertIn(b" 101 ", head, offers)
        return peer, [line.partition(b": ")[2] for line in fields if line.lower().startswith(b"sec-websocket-ext")]

    def compressing(self, path: str = "/ws", offer: bytes = b"permessage-deflate") -> Peer:
        """
        @return: a connection on which permessage-deflate was agreed.
        """
        peer, (answer,) = self.offering(offer, path=path)
        self.assertTrue(answer.startswith(b"permessage-deflate"))
        return peer

    def ended(self, peer: Peer, *codes: int) -> None:
        """
        Check for a close frame with one of these codes, and the end.
        """
        opcode, payload = peer.receive()
        self.assertEqual(opcode, CLOSE)
        self.assertIn(int.from_bytes(payload[:2], "big"), codes)
        self.assertEqual((peer.rest(), peer.reset), (b"", False))
        peer.close()
        self.assertEqual([call[0] for call in self.called()], ["onError"])
