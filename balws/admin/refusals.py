# -*- test-case-name: tests.admin.test_refusals -*-
"""
The lines of the audit on who was not let in: so few that nobody fills a disk with them.
"""

from __future__ import annotations

from collections import Counter

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from balws.auth import audit

__all__ = ["LINES", "SPAN", "Refusals"]

#: Within so many seconds so many attempts of each result have a line; one more counts the others.
SPAN = 10.0
LINES = 10

_log = Logger(namespace="balws.audit")


class Refusals:
    """
    Writes them.
    """

    def __init__(self, clock: IReactorTime) -> None:
        """
        @param clock: tells the time.
        """
        self._clock = clock
        self._since = -SPAN
        self._lines: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._later: IDelayedCall | None = None

    def add(self, result: str, why: str, address: str, path: str) -> None:
        """
        Somebody was not let in: see L{audit.refused}.  The event has a mark, since no peer of a service has tried.
        """
        left = self._since + SPAN - self._clock.seconds()
        if not 0.0 < left <= SPAN:  # the last: somebody has set the clock back
            self._since, left = self._clock.seconds(), SPAN
            self._lines.clear()
        if self._lines[result] < LINES:
            self._lines[result] += 1
            audit.refused(result, why, "", address, path, isAdmin=True)
            return
        self._others[result] += 1
        if self._later is None:
            self._later = self._clock.callLater(left, self._tell)

    def end(self) -> None:
        """
        Nobody else comes: tell what was not told.
        """
        if self._later is not None:
            self._later.cancel()
            self._tell()

    def _tell(self) -> None:
        self._later = None
        others, self._others = self._others, Counter()
        for result, count in sorted(others.items()):
            _log.warn(
                "{result}: {count} more attempts within {seconds:g} s",
                result=result,
                count=count,
                seconds=SPAN,
                isAdmin=True,
            )
