"""
Connections that end because of what the peer sent.
"""

from __future__ import annotations

from tests.rows.raw import CLOSE, TEXT, Peer, frame
from tests.rows.serving import ServedTestCase

PROTOCOL, PAYLOAD, SIZE = 1002, 1007, 1009


class EndingTestCase(ServedTestCase):
    """
    Connections that end because of what the peer sent.
    """

    def ended(self, peer: Peer, *codes: int) -> None:
        """
        Check that a connection ends: one whole close frame with one of the codes, then TCP
        in order, and exactly one call of onError.
        """
        found = peer.frame()
        self.assertEqual((found.opcode, *found[2:]), (CLOSE, True, 0, False))
        self.assertIn(int.from_bytes(found.payload[:2], "big"), codes)
        self.assertLessEqual(len(found.payload), 125)
        found.payload[2:].decode()
        self.assertEqual(peer.rest(), b"")
        self.assertFalse(peer.reset)
        peer.close()
        kind = "PayloadTooLargeError" if codes[0] == SIZE else "CorruptedFrameError"
        self.assertEqual(self.called(), [["onError", kind]])

    def ends(self, data: bytes, *codes: int) -> None:
        """
        Check that these bytes end a connection, be they the first ones, or behind a message
        that is answered, or sent one by one.
        """
        self.ended(self.open(body=data), *codes)
        peer = self.open().send(frame(TEXT, b"before") + data)
        self.assertEqual(peer.receive(), (TEXT, b"before"))
        self.ended(peer, *codes)
        self.ended(self.open().trickle(data[:400]), *codes)
