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
        self.assertEqual((data.payload, data.isBinary), (b"\x00", True))
        self.assertRaises(ValueError, Message.of, "\ud800")
