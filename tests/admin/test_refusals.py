"""
Tests of L{balws.admin.refusals}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.admin.failures import AdminRefusals, AuthFailures
from balws.admin.refusals import LINES, SPAN, Refusals


class RefusalsTests(SynchronousTestCase):
    """
    Who guesses does not fill the disk.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.refusals = Refusals(self.clock)
        self.ours, self.peers = AdminRefusals(), AuthFailures()
        for each in (self.ours, self.peers):
            each.watch()
            self.addCleanup(each.end)
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: Any) -> None:
        if event.get("log_namespace") == "balws.audit":
            self.lines.append(formatEvent(event))

    def guess(self, times: int, result: str = "unauthenticated") -> None:
        for _ in range(times):
            self.refusals.add(result, "why", "192.0.2.2", "/live")

    def test_few(self) -> None:
        """
        As many as may have a line of their own have one, and nothing comes later.
        """
        self.guess(LINES - 1)
        self.guess(1)
        self.assertEqual(self.lines, ['unauthenticated: "" from 192.0.2.2 at /live: "why"'] * LINES)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many(self) -> None:
        """
        The others of some seconds are one line, for each result; each counts as an attempt of an operator, and none
        as one of a peer (RL18).
        """
        self.clock.advance(100)
        self.guess(1)
        self.clock.advance(SPAN - 1)
        self.guess(LINES)
        self.guess(LINES + 2, "throttled")
        self.assertEqual(len(self.lines), 2 * LINES)
        self.clock.advance(1)
        self.assertEqual(
            self.lines[2 * LINES :],
            ["throttled: 2 more attempts within 10 s", "unauthenticated: 1 more attempts within 10 s"],
        )
        self.assertEqual(self.ours.counts, {"unauthenticated": LINES + 1, "throttled": LINES + 2})
        self.assertEqual(self.peers.counts.total(), 0)

    def test_clockSetBack(self) -> None:
        """
        A clock that is set back silences nobody.
        """
        self.clock.advance(86_400)
        self.guess(LINES)
        self.clock.rightNow = 5.0
        self.guess(LINES + 1)
        self.assertEqual(len(self.lines), 2 * LINES)
        self.clock.advance(SPAN)
        self.assertEqual(self.lines[2 * LINES :], ["unauthenticated: 1 more attempts within 10 s"])

    def test_anew(self) -> None:
        """
        After that there are lines again; a quiet time leaves nothing to tell.
        """
        self.guess(LINES + 1)
        self.clock.advance(SPAN)
        del self.lines[:]
        self.guess(LINES)
        self.assertEqual(len(self.lines), LINES)
        self.clock.advance(2 * SPAN)
        self.guess(LINES)
        self.assertEqual(len(self.lines), 2 * LINES)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_end(self) -> None:
        """
        At the end what was not told is told, once, and no call is left.
        """
        self.guess(LINES + 3)
        self.refusals.end()
        self.refusals.end()
        self.assertEqual(self.lines[LINES:], ["unauthenticated: 3 more attempts within 10 s"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
