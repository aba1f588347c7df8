"""
Tests of L{balws.session.queue}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.session.queue import MAX_BYTES, Pending


class PendingTests(SynchronousTestCase):
    """
    Messages that wait.
    """

    def test_order(self) -> None:
        """
        First in, first out, each as it was.
        """
        pending = Pending(9)
        for message in ("a", b"b", "c"):
            pending.put(message)
        self.assertEqual(len(pending), 3)
        self.assertEqual([pending.take(), pending.take(), pending.take()], ["a", b"b", "c"])
        self.assertEqual(len(pending), 0)
        self.assertFalse(pending)

    def test_fullByCount(self) -> None:
        """
        It is full with as many messages as allowed, not with one less, and still takes
        one that comes all the same.
        """
        pending = Pending(3)
        full = []
        for _ in range(4):
            pending.put("")
            full.append(pending.full)
        self.assertEqual(full, [False, False, True, True])
        pending.take()
        self.assertTrue(pending.full)
        pending.take()
        self.assertFalse(pending.full)

    def test_fullByBytes(self) -> None:
        """
        It is full with one MiB, not with a byte less.
        """
        pending = Pending(100)
        pending.put(bytes(MAX_BYTES - 2))
        pending.put("x")
        self.assertFalse(pending.full)
        pending.put(b"x")
        self.assertTrue(pending.full)
        pending.put(b"x")
        self.assertTrue(pending.full)
        pending.take()
        self.assertFalse(pending.full)

    def test_clear(self) -> None:
        """
        After C{clear} it is as new.
        """
        pending = Pending(1)
        pending.put(bytes(MAX_BYTES))
        pending.clear()
        self.assertFalse(pending)
        self.assertFalse(pending.full)
        pending.put(bytes(MAX_BYTES - 1))
        self.assertEqual(pending.take(), bytes(MAX_BYTES - 1))
