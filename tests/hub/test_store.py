"""
Tests of L{balws.hub.store}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.store import Store
from tests.hub.members import Member


class StoreTests(SynchronousTestCase):
    """
    Names and connections.
    """

    def setUp(self) -> None:
        """
        An empty store and two connections.
        """
        self.store = Store()
        self.first, self.second = Member(), Member()

    def test_replaced(self) -> None:
        """
        A name means the connection that was stored last; the end of the other does not touch it (ST01).
        """
        self.store.put("a", self.first)
        stored = self.store.put("a", self.second)
        self.assertEqual((self.store.get("a"), len(self.store)), (stored, 1))
        self.assertEqual(self.store.forget(self.first), [])
        self.assertIs(self.store.get("a"), stored)

    def test_sentToFormer(self) -> None:
        """
        What is on its way to a connection that is replaced on the same node is for the new one; what
        was sent to an owner before these is for neither.
        """
        self.store.put("a", self.first).fence = 5
        stored = self.store.put("a", self.second)
        for own in (0, 8):
            stored.fence = own
            self.assertEqual([stored.takes(fence) for fence in (4, 5, 7, 8, 9)], [False, True, True, True, True])
        third = self.store.put("a", self.first)
        self.assertEqual((third.takes(4), third.takes(5)), (False, True))
        self.store.remove("a")
        fresh = self.store.put("a", self.first)
        fresh.fence = 9
        self.assertEqual((fresh.takes(8), fresh.takes(9)), (False, True))

    def test_takenFromFormer(self) -> None:
        """
        A name that was taken from a connection is not taken from the one that has claimed it since; where that is
        not known yet it is, and given back with the answer.
        """
        self.store.put("a", self.first).fence = 5
        stored = self.store.put("a", self.second)
        self.assertEqual([stored.endsBy(fence) for fence in (4, 5, 8)], [False, True, True])
        stored.fence = 8
        self.assertEqual([stored.endsBy(fence) for fence in (4, 5, 7, 8, 9)], [False, False, False, True, True])

    def test_forget(self) -> None:
        """
        A connection that is gone leaves nothing behind, whatever number of names it had.
        """
        mine = {self.store.put(name, self.first) for name in ("a", "b", "c")}
        kept = self.store.put("d", self.second)
        self.assertEqual(set(self.store.forget(self.first)), mine)
        self.assertEqual((len(self.store), self.store.get("d"), "a" in self.store), (1, kept, False))
        self.assertEqual(self.store.forget(self.first), [])

    def test_remove(self) -> None:
        """
        A name that is removed is gone, and one that is not there has no effect.
        """
        stored = self.store.put("a", self.first)
        self.assertIs(self.store.remove("a"), stored)
        self.assertIsNone(self.store.remove("a"))
        self.assertEqual(self.store.forget(self.first), [])

    def test_drop(self) -> None:
        """
        What was replaced cannot take the new one's name away.
        """
        old = self.store.put("a", self.first)
        new = self.store.put("a", self.second)
        self.assertEqual((self.store.drop(old), self.store.drop(new), self.store.drop(new)), (False, True, False))

    def test_void(self) -> None:
        """
        A claim is void when another node's is later; while ours is not known nobody can tell.
        """
        stored = self.store.put("a", self.first)
        stored.rival = 5
        self.assertFalse(stored.isVoid)
        for fence, isVoid in ((4, True), (5, False), (6, False)):
            stored.fence = fence
            self.assertEqual(stored.isVoid, isVoid, fence)
        self.assertEqual(self.store.fences(), {"a": 6})
