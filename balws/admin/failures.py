# -*- test-case-name: tests.admin.test_failures -*-
"""
How often credentials were not accepted.
"""

from __future__ import annotations

from collections import Counter

from twisted.logger import ILogObserver, LogEvent, LogLevel, LogPublisher, globalLogPublisher
from zope.interface import implementer

__all__ = ["RESULTS", "AuthFailures"]

#: What L{balws.auth.audit} calls an attempt that failed.
RESULTS = ("unauthenticated", "forbidden", "unavailable", "throttled", "given up")


@implementer(ILogObserver)
class AuthFailures:
    """
    Counts the lines of L{balws.auth.audit}: they are written wherever somebody was not let in.

    @ivar counts: the attempts that failed while it watched, by what came of them.
    """

    def __init__(self, publisher: LogPublisher | None = None) -> None:
        """
        @param publisher: whose events count; L{None} is that of this process.
        """
        self._publisher = globalLogPublisher if publisher is None else publisher
        self.counts: Counter[str] = Counter(dict.fromkeys(RESULTS, 0))

    def __call__(self, event: LogEvent) -> None:
        """
        See L{ILogObserver}.  Who showed nothing has not tried: that is of level debug.
        """
        if event.get("log_namespace") != "balws.audit" or event.get("log_level") is not LogLevel.warn:
            return
        result = str(event.get("result"))
        if result in self.counts:
            # One line may tell of many: see L{balws.admin.refusals}.
            self.counts[result] += event.get("count", 1)

    def watch(self) -> None:
        """
        Count from now on; to say so twice has no effect.
        """
        self._publisher.addObserver(self)

    def end(self) -> None:
        """
        Count no longer.
        """
        self._publisher.removeObserver(self)
