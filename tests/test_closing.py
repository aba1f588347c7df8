"""
Tests of L{balws.closing}.
"""

from __future__ import annotations

from attrs.exceptions import FrozenInstanceError
from twisted.trial.unittest import SynchronousTestCase

from balws import closing


class CodeTests(SynchronousTestCase):
    """
    RFC 6455 section 7.4, all numbers that a close frame has room for.
    """

    def test_receivable(self) -> None:
        """
        What a peer may send.
        """
        good = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}
        self.assertEqual({code for code in range(-10, 65536) if closing.isReceivable(code)}, good)

    def test_sendable(self) -> None:
        """
        What an application may send: 1012 to 1014 are not its own.
        """
        good = {*range(1000, 1004), *range(1007, 1012), *range(3000, 5000)}
        self.assertEqual({code for code in range(-10, 65536) if closing.isSendable(code)}, good)

    def test_neverSent(self) -> None:
        """
        The codes that stand for no code are neither.
        """
        for code in (closing.NO_STATUS, closing.ABNORMAL):
            self.assertFalse(closing.isReceivable(code) or closing.isSendable(code))


class RecordTests(SynchronousTestCase):
    """
    The close frames.
    """

    CONSTANTS = (
        (closing.NORMAL_CLOSURE, closing.NormalClosure, 1000),
        (closing.GOING_AWAY, closing.GoingAway, 1001),
        (closing.PROTOCOL_ERROR, closing.ProtocolError, 1002),
        (closing.UNSUPPORTED_DATA, closing.UnsupportedData, 1003),
        (closing.INVALID_PAYLOAD, closing.InvalidPayload, 1007),
        (closing.POLICY_VIOLATION, closing.PolicyViolation, 1008),
        (closing.MESSAGE_TOO_BIG, closing.MessageTooBig, 1009),
        (closing.INTERNAL_SERVER_ERROR, closing.InternalServerError, 1011),
    )

    def test_records(self) -> None:
        """
        Each class has its code, its words, and a constant.
        """
        for frame, kind, code in self.CONSTANTS:
            self.assertIs(type(frame), kind)
            self.assertIsInstance(frame, closing.CloseFrame)
            self.assertEqual((frame.status, frame), (code, kind()))
            self.assertTrue(closing.isSendable(frame.status))
            self.assertEqual(closing.fitReason(frame.reason).decode(), frame.reason)
            self.assertEqual((kind("bye").status, kind("bye").reason), (code, "bye"))

    def test_fixedCodes(self) -> None:
        """
        Their codes are not to be chosen, nor changed.
        """
        for frame, kind, _ in self.CONSTANTS:
            self.assertRaises(TypeError, kind, status=4000)
            with self.assertRaises(FrozenInstanceError):
                frame.status = 4000  # type: ignore[misc]

    def test_custom(self) -> None:
        """
        Any other code has a record of its own; whether it may be sent is looked at then.
        """
        self.assertEqual(closing.CustomCloseFrame(4000).reason, "")
        frame = closing.CustomCloseFrame(4000, "bye")
        self.assertEqual((frame.status, frame.reason), (4000, "bye"))
        self.assertEqual(closing.CustomCloseFrame(status=1005).status, 1005)
        self.assertRaises(TypeError, closing.CustomCloseFrame)

    def test_fitReason(self) -> None:
        """
        123 bytes fit; more is cut at the edge of a character, whatever its size.
        """
        for character in "aé€𐍈":
            size = len(character.encode())
            for count in range(123 // size - 1, 123 // size + 3):
                for before in ("", "a", "ab", "abc"):
                    reason = before + character * count
                    fitted = closing.fitReason(reason)
                    self.assertTrue(reason.startswith(fitted.decode()))
                    longer = reason[: len(fitted.decode()) + 1].encode()
                    self.assertTrue(len(fitted) <= 123)
                    self.assertTrue(fitted == reason.encode() or len(longer) > 123)

    def test_unwritableReason(self) -> None:
        """
        What UTF-8 has no form for becomes a question mark, and never fails.
        """
        self.assertEqual(closing.fitReason("a\ud800b"), b"a?b")
        self.assertEqual(closing.fitReason(""), b"")

    def test_exports(self) -> None:
        """
        Every name that is promised is there.
        """
        for name in closing.__all__:
            self.assertTrue(hasattr(closing, name), name)
