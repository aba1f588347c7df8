"""
Tests of L{balws.wire.wheel}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.wheel import TimerWheel


class TimerWheelTests(SynchronousTestCase):
    """
    Many timers, one delayed call.
    """

    def setUp(self) -> None:
        """
        A wheel at noon.
        """
        self.clock = Clock()
        self.clock.rightNow = 1000.05
        self.wheel = TimerWheel(self.clock, 0.1)
        self.seen: list[str] = []

    def add(self, delay: float, name: str) -> None:
        """
        Note C{name} when it is due.
        """
        self.wheel.add(delay, lambda: self.seen.append(name))

    def test_never(self) -> None:
        """
        Nothing is early, and nothing is later than one bucket.
        """
        self.add(1, "a")
        self.clock.advance(0.99)
        self.assertEqual(self.seen, [])
        self.clock.advance(0.12)
        self.assertEqual(self.seen, ["a"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_oneCall(self) -> None:
        """
        A thousand timers need one delayed call, also when a nearer one comes later.
        """
        for _ in range(1000):
            self.add(30, "far")
        self.add(1, "near")
        self.add(20, "between")
        self.assertEqual((len(self.clock.getDelayedCalls()), len(self.wheel)), (1, 1002))
        self.clock.advance(2)
        self.assertEqual(self.seen, ["near"])
        self.clock.advance(29)
        self.assertEqual(self.seen[1:3], ["between", "far"])
        self.assertEqual((len(self.seen), len(self.wheel)), (1002, 0))

    def test_again(self) -> None:
        """
        What is due may add itself again, at once or later.
        """

        def tick() -> None:
            self.seen.append("tick")
            if len(self.seen) < 4:
                self.wheel.add(0.5 if len(self.seen) > 1 else 0, tick)

        self.wheel.add(0.5, tick)
        for _ in range(30):
            self.clock.advance(0.1)
        self.assertEqual(self.seen, ["tick"] * 4)

    def test_contained(self) -> None:
        """
        A timer that fails is logged; the others of its bucket are called.
        """
        self.wheel.add(1, lambda: 1 / 0)
        self.add(1, "after")
        self.clock.advance(2)
        self.assertEqual(self.seen, ["after"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_stop(self) -> None:
        """
        A stopped wheel leaves nothing behind and can be used again.
        """
        self.wheel.stop()
        self.add(1, "gone")
        self.wheel.stop()
        self.assertEqual((self.clock.getDelayedCalls(), len(self.wheel)), ([], 0))
        self.add(1, "new")
        self.clock.advance(2)
        self.assertEqual(self.seen, ["new"])
