"""
Tests of L{balws.testing.clock}.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.testing import Clock


class ClockTests(SynchronousTestCase):
    """
    Time that passes when a test says so.
    """

    def setUp(self) -> None:
        """
        A clock at 0.
        """
        self.clock = Clock()
        self.seen: list[Any] = []

    def note(self, what: object = None) -> None:
        self.seen.append((what, self.clock.seconds()))

    def test_interface(self) -> None:
        """
        It tells time as a reactor does.
        """
        self.assertTrue(verifyObject(IReactorTime, self.clock))

    def test_when(self) -> None:
        """
        A call is made when its time has come and not a moment earlier, once, with its arguments.
        """
        self.clock.callLater(2, self.note, "call")
        self.clock.advance(1.999)
        self.assertEqual(self.seen, [])
        self.clock.advance(0.001)
        self.assertEqual(self.seen, [("call", 2.0)])
        self.clock.advance(100)
        self.assertEqual(len(self.seen), 1)

    def test_between(self) -> None:
        """
        During a call it is the time of that call, and what it asks for later comes in its turn.
        """
        self.clock.callLater(30, lambda: (self.note("ping"), self.clock.callLater(20, self.note, "late")))
        self.clock.callLater(40, self.note, "other")
        self.clock.advance(3600)
        self.assertEqual(self.seen, [("ping", 30.0), ("other", 40.0), ("late", 50.0)])
        self.assertEqual(self.clock.seconds(), 3600.0)

    def test_loop(self) -> None:
        """
        What repeats is called as often as a running reactor would call it.
        """
        loop = LoopingCall(self.note)
        loop.clock = self.clock
        loop.start(10, now=False)
        self.clock.advance(35)
        self.assertEqual([when for _, when in self.seen], [10, 20, 30])
        loop.stop()

    def test_cancel(self) -> None:
        """
        A cancelled call is not made, and a call that was put off is made later.
        """
        self.clock.callLater(1, self.note, "never").cancel()
        self.clock.callLater(1, self.note, "put off").reset(5)
        self.clock.callLater(3, self.note, "in time")
        self.clock.advance(4)
        self.assertEqual(self.seen, [("in time", 3)])
        self.clock.advance(1)
        self.assertEqual(self.seen[1:], [("put off", 5)])

    def test_due(self) -> None:
        """
        Calls without delay are due at once, and made one after the other without any time.
        """
        self.assertFalse(self.clock.callDue())
        self.clock.callLater(1, self.note, "later")
        self.assertFalse(self.clock.callDue())
        self.clock.callLater(0, self.note, "now")
        self.clock.callLater(0, self.note, "then")
        self.assertTrue(self.clock.callDue())
        self.assertEqual(self.seen, [("now", 0)])
        self.clock.advance(0)
        self.assertEqual(self.seen, [("now", 0), ("then", 0)])
        self.assertFalse(self.clock.callDue())

    def test_back(self) -> None:
        """
        Time does not go back.
        """
        self.assertRaises(ValueError, self.clock.advance, -1)
        self.assertEqual(self.clock.seconds(), 0)

    def test_turn(self) -> None:
        """
        Each call is made in a turn of its own.
        """

        @contextmanager
        def turn() -> Iterator[None]:
            self.seen.append("begin")
            yield
            self.seen.append("end")

        clock = Clock(turn)
        clock.callLater(1, self.seen.append, 1)
        clock.callLater(1, self.seen.append, 2)
        clock.advance(1)
        self.assertEqual(self.seen, ["begin", 1, "end", "begin", 2, "end"])
