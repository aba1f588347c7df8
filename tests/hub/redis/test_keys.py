"""
Tests of L{balws.hub.redis.keys}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.hub.broker import Audience
from balws.hub.redis.keys import Keys, decoded, encoded


class KeysTests(SynchronousTestCase):
    """
    How keys and channels are called.
    """

    def test_channels(self) -> None:
        """
        Names stand at the end as they are, whatever is in them.
        """
        keys = Keys("p", b"\x01" * 16)
        self.assertEqual(keys.own, b"p:to:" + b"01" * 16)
        self.assertEqual(keys.group("a:*\r\nä"), "p:in:a:*\r\nä".encode())
        self.assertEqual(keys.audience(Audience(2, "/x:y")), b"p:at:2:/x:y")

    @given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
    def test_names(self, one: str, other: str) -> None:
        """
        Any text is a name, and two have two keys.
        """
        self.assertEqual(decoded(encoded(one)), one)
        self.assertEqual(encoded(one) == encoded(other), one == other)
