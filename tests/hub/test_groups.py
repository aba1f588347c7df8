"""
Tests of L{balws.hub.groups}.
"""

from __future__ import annotations

from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.hub.follower import Follower
from balws.hub.groups import Groups
from tests.hub.members import Member


class GroupTests(SynchronousTestCase):
    """
    Who is in which group.
    """

    def setUp(self) -> None:
        """
        No group and two connections.
        """
        self.groups = Groups()
        self.first, self.second = Member(name="first"), Member(name="second")

    def test_many(self) -> None:
        """
        A connection is in many groups, once in each, and a group has many connections.
        """
        for name in ("a", "b", "a"):
            self.groups.add(name, self.first)
        group = self.groups.add("a", self.second)
        self.assertEqual((group.members, len(self.groups)), ({self.first, self.second}, 2))
        self.assertEqual((self.groups.count(self.first), self.groups.count(self.second)), (2, 1))
        self.assertEqual({each.name for each in self.groups}, {"a", "b"})

    def test_emptied(self) -> None:
        """
        A group that nobody is in any more is gone, and so are traces of its connections (ST03).
        """
        self.groups.add("a", self.first)
        self.groups.add("a", self.second)
        self.assertIsNone(self.groups.discard("a", self.first))
        self.assertIn("a", self.groups)
        self.groups.discard("a", self.second)
        self.assertEqual((len(self.groups), self.groups.get("a"), self.groups.of(self.first)), (0, None, ()))

    def test_stranger(self) -> None:
        """
        To take out who is not in it has no effect (A1.13).
        """
        self.groups.add("a", self.first)
        self.groups.discard("a", self.second)
        self.groups.discard("b", self.first)
        self.assertEqual(self.groups.of(self.first), ("a",))

    def test_presence(self) -> None:
        """
        The presence goes with the connection.
        """
        group = self.groups.add("a", self.first)
        group.presences[self.first] = self.first.presence
        self.assertEqual(self.groups.discard("a", self.first), self.first.presence)

    def test_removed(self) -> None:
        """
        A group that is removed takes nobody out of other groups (A1.15).
        """
        for name in ("a", "b"):
            self.groups.add(name, self.first)
        self.groups.add("a", self.second)
        removed = self.groups.remove("a")
        self.assertTrue(removed is not None and removed.members == {self.first, self.second})
        self.assertEqual((self.groups.of(self.first), self.groups.of(self.second)), (("b",), ()))
        self.assertIsNone(self.groups.remove("a"))

    def test_follower(self) -> None:
        """
        A connection either follows or is a plain member, whatever it was before.
        """
        follower = Follower("a", self.first, "", lambda group, position: succeed(((), "")))
        group = self.groups.add("a", self.first)
        self.groups.add("a", self.first, follower)
        self.assertEqual((group.members, group.followers, self.first in group), (set(), {self.first: follower}, True))
        self.groups.add("a", self.first)
        self.assertEqual((group.members, group.followers), ({self.first}, {}))
        self.groups.discard("a", self.first)
        self.assertEqual(len(self.groups), 0)
