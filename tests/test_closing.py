"""
Tests of L{balws.closing}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws import closing


class CodeTests(SynchronousTestCase):
    """
    RFC 6455 section 7.4, at every edge.
    """

    def test_receivable(self) -> None:
        """
        What a peer may send.
        """
        edges = {0, 999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000, 65535}
        self.assertEqual({c for c in edges if closing.isReceivable(c)}, {1000, 1003, 1007, 1014, 3000, 4999})

    def test_sendable(self) -> None:
        """
        What an application may send.
        """
        edges = {-1, 999, 1000, 1003, 1004, 1006, 1007, 1011, 1012, 2999, 3000, 4999, 5000}
        self.assertEqual({c for c in edges if closing.isSendable(c)}, {1000, 1003, 1007, 1011, 3000, 4999})


class RecordTests(SynchronousTestCase):
    """
    The close frames.
    """

    def test_records(self) -> None:
        """
        Each class has its code, its words, and a constant.
        """
        for frame, code in (
            (closing.NORMAL_CLOSURE, 1000),
            (closing.GOING_AWAY, 1001),
            (closing.PROTOCOL_ERROR, 1002),
            (closing.UNSUPPORTED_DATA, 1003),
            (closing.INVALID_PAYLOAD, 1007),
            (closing.POLICY_VIOLATION, 1008),
            (closing.MESSAGE_TOO_BIG, 1009),
            (closing.INTERNAL_SERVER_ERROR, 1011),
        ):
            self.assertEqual(frame.status, code)
            self.assertIsInstance(frame, closing.CloseFrame)
        self.assertEqual(closing.GoingAway("bye").reason, "bye")
        self.assertEqual(closing.CustomCloseFrame(4000).reason, "")

    def test_fitReason(self) -> None:
        """
        123 bytes fit; more is cut at the edge of a character.
        """
        self.assertEqual(closing.fitReason("a" * 123), b"a" * 123)
        self.assertEqual(closing.fitReason("a" * 124), b"a" * 123)
        self.assertEqual(closing.fitReason("é" * 62), ("é" * 61).encode())
