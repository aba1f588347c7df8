"""
Tests of L{balws.watchdog}.
"""

from __future__ import annotations

import sys
from threading import get_ident
from types import FrameType
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws import watchdog
from balws.watchdog import Watchdog, culprit


class StillClock(Clock):
    """
    A reactor that can stand still, and does nothing before it runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.real = 0.0
        self.starting: list[Any] = []

    def callWhenRunning(self, call: Any) -> None:
        """
        Later.
        """
        self.starting.append(call)

    def run(self) -> None:
        """
        Now.
        """
        starting, self.starting = self.starting, []
        for each in starting:
            each()

    def pass_(self, seconds: float) -> None:
        """
        Time goes by, and the reactor goes on.
        """
        for _ in range(round(seconds * 8)):
            self.real += 0.125
            self.advance(0.125)


class WatchdogTests(SynchronousTestCase):
    """
    What keeps everybody waiting is named (DB10).
    """

    def setUp(self) -> None:
        """
        A watchdog whose thread never looks by itself.
        """
        self.events: list[LogEvent] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.clock = StillClock()
        self.dog = Watchdog(self.clock, 1.0, lambda: self.clock.real)
        self.patch(watchdog, "Thread", Idle)
        self.patch(watchdog, "culprit", lambda frame: "Chat.onOpen (chat.py:7)")
        self.dog.startService()
        self.clock.run()
        self.addCleanup(self.dog.stopService)

    def told(self) -> list[str]:
        """
        What was logged of it, without its level.
        """
        return [
            each["log_format"].format(**each) for each in self.events if each["log_namespace"] == "balws.watchdog"
        ]

    def test_goesOn(self) -> None:
        """
        Of a reactor that goes on, and of one that is late by less than the limit, nothing is said.
        """
        self.clock.pass_(5)
        self.clock.real += 0.99
        self.dog.look()
        self.clock.pass_(1)
        self.assertEqual((self.told(), self.dog.stalls), ([], 0))

    def test_standsStill(self) -> None:
        """
        While it stands still the log names the method, once; when it goes on, for how long that was.
        """
        self.clock.pass_(1)
        self.clock.real += 1.5
        self.dog.look()
        self.clock.real += 0.5
        self.dog.look()
        (first,) = self.told()
        self.assertEqual(
            first, "The reactor stands still: Chat.onOpen (chat.py:7) has not come back for 1.25 s, and everybody waits"
        )
        self.clock.advance(0.25)
        self.assertEqual(self.told()[1:], ["The reactor stood still for 1.75 s in Chat.onOpen (chat.py:7)"])
        self.assertEqual((self.dog.stalls, self.dog.longest), (1, 1.75))
        self.clock.pass_(3)
        self.assertEqual(len(self.told()), 2)

    def test_unseen(self) -> None:
        """
        One that the thread came too late to see is told, too, without a name.
        """
        self.clock.pass_(1)
        self.clock.real += 1.25
        self.clock.advance(0.25)
        self.assertEqual(self.told(), ["The reactor stood still for 1.0 s in a method that has ended"])

    def test_end(self) -> None:
        """
        At the end nothing remains, and it may begin again.
        """
        self.dog.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.dog.startService()
        self.dog.stopService()
        self.clock.run()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_thread(self) -> None:
        """
        The thread looks until it is told to end.
        """
        looks: list[int] = []

        def look() -> None:
            looks.append(1)
            if len(looks) == 3:
                self.dog._ended.set()

        dog = Watchdog(self.clock, 0.004)
        self.dog = dog
        dog.look = look  # type: ignore[method-assign]
        dog._watch()
        self.assertEqual(len(looks), 3)


class Idle:
    """
    A thread that does nothing.
    """

    def __init__(self, **given: Any) -> None:
        pass

    def start(self) -> None:
        """
        Nothing.
        """

    join = start


class Slow:
    """
    Stands for somebody's service.
    """

    def onTextMessage(self, text: str) -> FrameType:
        """
        Waits, by way of something else.
        """
        return self.wait()

    def wait(self) -> FrameType:
        """
        Where it is.
        """
        return sys._current_frames()[get_ident()]


class CulpritTests(SynchronousTestCase):
    """
    Who is it?
    """

    def test_own(self) -> None:
        """
        The method that a library has called, and what it waits in.
        """
        names: dict[str, Any] = {"__name__": "twisted.internet.base", "slow": Slow()}
        exec("def run():\n    return slow.onTextMessage('')", names)
        told = culprit(names["run"]())
        self.assertRegex(
            told, r"^Slow\.onTextMessage \(test_watchdog\.py:\d+\) > Slow\.wait \(test_watchdog\.py:\d+\)$"
        )

    def test_carriers(self) -> None:
        """
        Where only libraries run, it is where they are.
        """
        names: dict[str, Any] = {"__name__": "twisted.internet.base", "sys": sys, "get_ident": get_ident}
        exec("def run():\n    return sys._current_frames()[get_ident()]", names)
        frame = names["run"]()
        self.assertEqual(culprit(frame), "run (<string>:2)")
