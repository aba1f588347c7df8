"""
Tests of L{balws.config.following}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.config.entries import ListenerEntry
from balws.config.following import followers, whereOf


class FollowersTests(SynchronousTestCase):
    """
    L{followers} and L{whereOf}.
    """

    def test_where(self) -> None:
        """
        A listener is known by its port or its endpoint.
        """
        self.assertEqual(whereOf(ListenerEntry(port=0)), "0")
        self.assertEqual(whereOf(ListenerEntry(endpoint="tcp:80")), "tcp:80")

    def test_order(self) -> None:
        """
        Who has changed places is found again, and who has the same as another is in its order.
        """
        self.assertEqual(followers("abc", "cab"), [1, 2, 0])
        self.assertEqual(followers("aab", "baa"), [1, 2, 0])

    def test_changed(self) -> None:
        """
        A listener that has got another port goes on in its place, where none has come or gone.
        """
        self.assertEqual(followers("abc", "cxa"), [2, 1, 0])
        self.assertEqual(followers("ab", "xy"), [0, 1])

    def test_number(self) -> None:
        """
        Where one has come or gone only those with the same port go on.
        """
        self.assertEqual(followers("ab", "b"), [None, 0])
        self.assertEqual(followers("ab", "xab"), [1, 2])
        self.assertEqual(followers("ab", "xyz"), [None, None])
