"""
Tests of L{balws.wire.wheel}.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import ref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.wheel import TimerWheel


class Owner:
    """
    Has a method that is due.
    """

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def due(self) -> None:
        """
        It is time.
        """
        self._calls.append("method")


class TimerWheelTests(SynchronousTestCase):
    """
    Many timers on one delayed call.
    """

    def setUp(self) -> None:
        """
        A wheel that stands still.
        """
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.times: list[tuple[str, float]] = []

    def note(self, name: str) -> Callable[[], None]:
        """
        @return: notes when it is called.
        """
        return lambda: self.times.append((name, self.clock.seconds()))

    def test_neverEarlyHardlyLate(self) -> None:
        """
        A timer rings when it is time, or less than the granularity later.
        """
        self.clock.advance(1_700_000_000.037)
        begun = self.clock.seconds()
        asked = [0.0, 0.001, 0.05, 0.0999, 0.1, 0.1001, 0.25, 1.0, 20.0, 30.0]
        for delay in asked:
            self.wheel.add(delay, self.note(str(delay)))
        while len(self.wheel):
            (call,) = self.clock.getDelayedCalls()
            self.clock.advance(call.getTime() - self.clock.seconds())
        self.assertEqual([name for name, _ in self.times], [str(delay) for delay in asked])
        for name, time in self.times:
            late = time - begun - float(name)
            self.assertTrue(-0.0002 < late < 0.1002, (name, late))

    def test_lateTurn(self) -> None:
        """
        A reactor that was busy does not make the next timer ring early.
        """
        self.wheel.add(1.0, self.note("first"))
        self.wheel.add(1.1, self.note("second"))
        self.clock.advance(1.09)
        self.assertEqual([name for name, _ in self.times], ["first"])
        self.clock.advance(0.01)
        self.assertEqual([name for name, _ in self.times], ["first", "second"])

    def test_stall(self) -> None:
        """
        After a reactor stood still, what has arrived meanwhile is read before timers ring, once (DB10).
        """
        self.wheel.add(1.0, self.note("timer"))
        self.clock.callLater(1.2, self.note("read"))
        self.clock.advance(1.25 + 0.01)
        self.assertEqual([name for name, _ in self.times], ["read", "timer"])
        self.wheel.add(1.0, self.note("in time"))
        self.clock.callLater(1.2, self.note("after"))
        self.clock.advance(1.2)
        self.assertEqual([name for name, _ in self.times[2:]], ["in time", "after"])

    def test_stallAndMore(self) -> None:
        """
        What is added while a late turn is put off rings in it when it is due.
        """
        self.wheel.add(1.0, self.note("first"))
        self.clock.callLater(2.0, lambda: self.wheel.add(0, self.note("second")))
        self.clock.advance(3.0)
        self.assertEqual([name for name, _ in self.times], ["first", "second"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_order(self) -> None:
        """
        Timers ring in the order of their times, those of one bucket as they were added.
        """
        for name, delay in (("c", 3), ("a", 1), ("b", 2), ("a2", 1), ("c2", 3), ("b2", 2)):
            self.wheel.add(delay, self.note(name))
        self.clock.pump([1] * 3)
        self.assertEqual(self.times, [("a", 1), ("a2", 1), ("b", 2), ("b2", 2), ("c", 3), ("c2", 3)])

    def test_oneCall(self) -> None:
        """
        However many timers there are, the clock has one delayed call, for the nearest, and
        none when no timer is left.
        """
        for delay in (5, 3, 4, 3, 1, 2):
            self.wheel.add(delay, self.note("any"))
            self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertEqual(len(self.wheel), 6)
        self.assertEqual(self.clock.getDelayedCalls()[0].getTime(), 1)
        self.clock.advance(5)
        self.assertEqual(len(self.times), 6)
        self.assertEqual((len(self.wheel), self.clock.getDelayedCalls()), (0, []))

    def test_oneTurnEach(self) -> None:
        """
        Float arithmetic does not make the wheel turn more often than there are buckets.
        """
        turns = []
        later = self.clock.callLater

        def counting(*args: object) -> object:
            turns.append(args)
            return later(*args)  # type: ignore[arg-type]

        self.clock.callLater = counting  # type: ignore[method-assign, assignment]
        self.clock.advance(1_700_000_000.3)
        for number in range(200):
            self.wheel.add(0.1 * number, self.note("any"))
        while len(self.wheel):
            (call,) = self.clock.getDelayedCalls()
            self.clock.advance(call.getTime() - self.clock.seconds())
        self.assertEqual(len(self.times), 200)
        self.assertTrue(len(turns) <= 202, len(turns))

    def test_contained(self) -> None:
        """
        A timer that fails is logged, and the others ring.
        """
        self.wheel.add(1, self.note("before"))
        self.wheel.add(1, lambda: 1 // 0)
        self.wheel.add(1, self.note("after"))
        self.wheel.add(2, self.note("later"))
        self.clock.pump([1, 1])
        self.assertEqual([name for name, _ in self.times], ["before", "after", "later"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_addedFromDue(self) -> None:
        """
        Who adds a timer while the wheel turns is called again when it is time: timers do
        not drift by more than the granularity each time.
        """

        def again() -> None:
            self.times.append(("again", self.clock.seconds()))
            if len(self.times) < 5:
                self.wheel.add(1, again)

        self.wheel.add(1, again)
        self.wheel.add(1.5, self.note("other"))
        self.clock.pump([0.05] * 140)
        times = [time for name, time in self.times if name == "again"]
        self.assertEqual(len(times), 4)
        for number, time in enumerate(times, 1):
            self.assertTrue(number - 0.01 <= time <= number * 1.1, times)
        self.assertEqual((len(self.wheel), self.clock.getDelayedCalls()), (0, []))

    def test_addedForAtOnce(self) -> None:
        """
        What is added without a delay while the wheel turns rings a bucket later: it cannot
        keep the wheel turning for ever.
        """

        def more() -> None:
            self.times.append(("more", self.clock.seconds()))
            self.wheel.add(0, more)
            self.wheel.add(1e-12, self.note("other"))

        self.wheel.add(1, more)
        self.wheel.add(5, self.note("later"))
        self.clock.advance(1)
        self.assertEqual(self.times, [("more", 1)])
        self.clock.advance(0.1)
        self.assertEqual(self.times, [("more", 1), ("more", 1.1), ("other", 1.1)])
        # A reactor that was busy catches up, and goes on with the others.
        self.clock.advance(4)
        self.assertIn(("later", 5.1), self.times)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_clockSetBack(self) -> None:
        """
        A clock that was set back does not delay what is added then.
        """
        self.clock.advance(100)
        self.wheel.add(1, self.note("before"))
        self.clock.advance(1)
        self.clock.rightNow = 50.0
        self.wheel.add(1, self.note("after"))
        self.clock.advance(1)
        self.assertEqual(self.times, [("before", 101), ("after", 51)])

    def test_nearerThanTheNearest(self) -> None:
        """
        A timer that is nearer than all others does not wait for them.
        """
        self.wheel.add(10, self.note("far"))
        self.clock.advance(1)
        self.wheel.add(1, self.note("near"))
        self.clock.advance(1)
        self.assertEqual(self.times, [("near", 2)])

    def test_stop(self) -> None:
        """
        A stopped wheel has forgotten everything, and may be used again.
        """
        self.wheel.stop()
        self.wheel.add(1, self.note("forgotten"))
        self.wheel.stop()
        self.assertEqual((len(self.wheel), self.clock.getDelayedCalls()), (0, []))
        self.wheel.add(2, self.note("new"))
        self.clock.advance(5)
        self.assertEqual([name for name, _ in self.times], ["new"])

    def test_keepsNobody(self) -> None:
        """
        A method does not keep its object; when that is gone nobody is called, and the
        others are.
        """
        calls: list[str] = []
        gone, here = Owner(calls), Owner(calls)
        for owner in (gone, here):
            self.wheel.add(1, owner.due)
        watched = ref(gone)
        del gone, owner
        self.assertIsNotNone(here)
        self.assertIsNone(watched())
        self.clock.advance(1)
        self.assertEqual(calls, ["method"])

    def test_granularity(self) -> None:
        """
        The width of a bucket may be chosen.
        """
        wheel = TimerWheel(self.clock, granularity=5)
        for delay in (1, 4, 5, 6):
            wheel.add(delay, self.note(str(delay)))
        self.clock.advance(4.9)
        self.assertEqual(self.times, [])
        self.clock.advance(0.1)
        self.assertEqual([name for name, _ in self.times], ["1", "4", "5"])
        self.assertEqual(len(wheel), 1)
