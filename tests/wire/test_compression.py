"""
Tests of L{balws.wire.compression}.
"""

from __future__ import annotations

import zlib

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.compression import agree
from tests.rows.raw import TEXT, frame
from tests.wire.transports import Rig


class AgreeTests(SynchronousTestCase):
    """
    Offers and answers (RFC 7692 section 7.1).
    """

    def answer(self, offered: str) -> bytes | None:
        """
        @return: the answer's value.
        """
        agreed = agree(offered)
        return None if agreed is None else agreed[1]

    def test_offers(self) -> None:
        """
        The first offer that can be taken is; a client's window is only limited where the
        client says that it can.
        """
        self.assertIsNone(self.answer(""))
        self.assertIsNone(self.answer("x-webkit-deflate-frame"))
        self.assertEqual(self.answer("permessage-deflate"), b"permessage-deflate")
        self.assertEqual(
            self.answer("foo, permessage-deflate; client_max_window_bits"),
            b"permessage-deflate; client_max_window_bits=12",
        )
        self.assertEqual(
            self.answer("permessage-deflate; server_max_window_bits=10; server_no_context_takeover"),
            b"permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
        )

    def test_declined(self) -> None:
        """
        An offer with parameters that there are not is declined, and the next one looked at.
        """
        for wrong in (
            "server_max_window_bits=16",
            "server_max_window_bits",
            "unknown",
            "client_no_context_takeover=1",
            "client_max_window_bits=99",
            "server_no_context_takeover; server_no_context_takeover",
        ):
            self.assertIsNone(self.answer(f"permessage-deflate; {wrong}"), wrong)
            self.assertEqual(self.answer(f"permessage-deflate; {wrong}, permessage-deflate"), b"permessage-deflate")
        self.assertIsNone(self.answer("permessage-deflate; unknown, " * 16 + "permessage-deflate"))

    def test_messages(self) -> None:
        """
        Long messages are compressed so that the agreed window inflates them, with what came
        before; short ones are left alone.
        """
        agreed = agree("permessage-deflate; server_max_window_bits=9")
        assert agreed is not None
        rig = Rig(compressor=agreed[0])
        inflater = zlib.decompressobj(-9)
        for _ in range(2):
            rig.wire.sendText("balws " * 100)
            data = rig.transport.take()
            self.assertEqual(data[0], 0xC1)
            start = 2 if data[1] < 126 else 4
            self.assertLess(len(data), 100)
            self.assertEqual(inflater.decompress(data[start:] + b"\0\0\xff\xff"), b"balws " * 100)
        rig.wire.sendText("short")
        self.assertEqual(rig.transport.take(), b"\x81\x05short")

    def test_received(self) -> None:
        """
        Compressed messages are inflated before they are handed over, whole or in parts; a
        bomb is 1009, and what cannot be inflated 1007.
        """

        def deflated(data: bytes) -> bytes:
            squeezer = zlib.compressobj(wbits=-12)
            return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]

        def rigged() -> Rig:
            agreed = agree("permessage-deflate; client_max_window_bits")
            assert agreed is not None
            return Rig(compressor=agreed[0], maxMessageSize=1000)

        rig = rigged()
        whole = deflated(b"a" * 1000)
        rig.wire.dataReceived(frame(TEXT, whole, rsv=4))
        self.assertEqual(rig.session.seen, ["a" * 1000])
        rig = rigged()
        rig.wire.dataReceived(frame(TEXT, whole[:3], rsv=4, fin=False) + frame(0, whole[3:]))
        self.assertEqual(rig.session.seen, ["a" * 1000])
        rig = rigged()
        rig.wire.dataReceived(frame(TEXT, deflated(b"a" * 1001), rsv=4))
        self.assertEqual(rig.session.seen, [("closing", False), "PayloadTooLargeError"])
        rig = rigged()
        rig.wire.dataReceived(frame(TEXT, b"\xff\xff\xff", rsv=4))
        self.assertEqual(rig.session.seen, [("closing", False), "CorruptedFrameError"])
