"""
Tests of L{balws.timekeeping}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock
from twisted.python import runtime
from twisted.trial.unittest import SynchronousTestCase

from balws import timekeeping
from balws.timekeeping import keepSteady


class Reactor(ReactorBase):
    """
    One with timers only.
    """

    def installWaker(self) -> None:
        """
        Nobody wakes it.
        """


class KeepSteadyTests(SynchronousTestCase):
    """
    A clock that nobody sets.
    """

    def setUp(self) -> None:
        """
        Tell the time of day and the steady time.
        """
        self.day, self.steady = 1_800_000_000.0, 500.0
        self.patch(runtime, "seconds", lambda: self.day)
        self.patch(timekeeping, "monotonic", lambda: self.steady)
        self.reactor: Any = Reactor()
        self.reactor.seconds = runtime.seconds
        self.called: list[str] = []

    def pass_(self, seconds: float, ahead: float = 0) -> list[str]:
        """
        @param seconds: how long it takes.
        @param ahead: by how much the clock is set meanwhile.
        @return: what was called then.
        """
        self.steady += seconds
        self.day += seconds + ahead
        self.reactor.runUntilCurrent()
        called, self.called = self.called, []
        return called

    def later(self, seconds: float, name: str) -> Any:
        """
        @return: a call that is due then.
        """
        return self.reactor.callLater(seconds, self.called_, name)

    def called_(self, name: str) -> None:
        """
        It was due.
        """
        self.called.append(name)

    def test_unsteady(self) -> None:
        """
        Twisted's own reactor believes the clock.
        """
        self.later(60, "minute")
        self.assertEqual(self.pass_(1, ahead=86400), ["minute"])

    def test_steady(self) -> None:
        """
        One that is steady does not, whichever way it is set (RL09)
        """
        keepSteady(self.reactor)
        self.later(60, "minute")
        self.assertEqual(self.reactor.timeout(), 60)
        self.assertEqual(self.pass_(1, ahead=86400), [])
        self.assertEqual(self.pass_(58, ahead=-2 * 86400), [])
        self.assertEqual(self.pass_(1), ["minute"])

    def test_before(self) -> None:
        """
        Calls from before stay due in so many seconds, in their order, and can be put off (RL09)
        """
        self.later(60, "minute")
        off = self.later(2, "off")
        self.later(1, "second")
        self.reactor.runUntilCurrent()  # these are in its heap by now
        self.later(30, "half")
        keepSteady(self.reactor)
        self.assertEqual(self.pass_(1), ["second"])
        off.reset(40)
        self.assertEqual(self.pass_(29), ["half"])
        self.assertEqual(self.pass_(11), ["off"])
        self.assertEqual(self.pass_(19), ["minute"])

    def test_others(self) -> None:
        """
        A reactor with a clock of its own keeps it, and so does one that is steady already.
        """
        clock = Clock()
        keepSteady(clock)
        self.assertEqual(clock.seconds(), 0)
        keepSteady(self.reactor)
        self.later(60, "minute")
        keepSteady(self.reactor)
        self.assertEqual(self.pass_(60), ["minute"])
