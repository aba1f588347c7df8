"""
Tests of L{balws.wire.sharedwheel}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.sharedwheel import SharedWheel


class SharedWheelTests(SynchronousTestCase):
    """
    Who shares, and until when.
    """

    def test_shared(self) -> None:
        """
        Users of one clock share a wheel and its one delayed call; those of another do not.
        """
        clock, other = Clock(), Clock()
        one, two, apart = SharedWheel.of(clock), SharedWheel.of(clock), SharedWheel.of(other)
        self.assertIs(one, two)
        self.assertIsNot(one, apart)
        called: list[str] = []
        one.add(5, lambda: called.append("one"))
        two.add(5, lambda: called.append("two"))
        self.assertEqual((len(clock.getDelayedCalls()), len(other.getDelayedCalls())), (1, 0))
        clock.advance(5)
        self.assertEqual(called, ["one", "two"])

    def test_last(self) -> None:
        """
        With the last user the timers end; of a wheel that nobody holds nothing is kept.
        """
        clock = Clock()
        wheel = SharedWheel.of(clock)
        wheel.join()
        wheel.join()
        wheel.add(30, lambda: None)
        wheel.leave()
        self.assertEqual(len(clock.getDelayedCalls()), 1)
        wheel.leave()
        self.assertEqual(clock.getDelayedCalls(), [])
        self.assertIs(SharedWheel.of(clock), wheel)
        del wheel
        self.assertNotIn(clock, SharedWheel._wheels)
