"""
Tests of L{balws.hub.message}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.message import Message


class MessageTests(SynchronousTestCase):
    """
    A message to many.
    """

    def test_of(self) -> None:
        """
        Text is UTF-8, bytes are binary, and no frame is made before one is needed.
        """
        text, data = Message.of("é"), Message.of(b"\x00")
        self.assertEqual((text.payload, text.isBinary, text.frame), ("é".encode(), False, None))
        self.assertEqual((data.payload, data.isBinary, data.frame), (b"\x00", True, None))

    def test_surrogates(self) -> None:
        """
        A text with a lone surrogate is no message.
        """
        for text in ("\ud800", "a\udfffb"):
            self.assertRaises(ValueError, Message.of, text)

    def test_small(self) -> None:
        """
        A message has room for what it needs, and nothing else.
        """
        with self.assertRaises(AttributeError):
            Message.of("").more = 1  # type: ignore[attr-defined]
