# -*- test-case-name: tests.admin.test_failures -*-
"""
How often credentials were not accepted, by the service and by the admin endpoint: each has a count of its own, for who
watches one of them does not want to be called for the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from twisted.logger import ILogObserver, LogEvent, LogLevel, LogPublisher, globalLogPublisher
from zope.interface import implementer

__all__ = ["ADMIN_RESULTS", "RESULTS", "AdminRefusals", "AuthFailures"]

#: What L{balws.auth.audit} calls an attempt that failed.
RESULTS = ("unauthenticated", "forbidden", "unavailable", "throttled", "given up")

#: What L{balws.admin.refusals} calls one.
ADMIN_RESULTS = ("unauthenticated", "throttled")


@implementer(ILogObserver)
class _Failures:
    """
    Counts the lines of the audit that say that somebody was not let in.

    @ivar counts: the attempts that failed while it watched, by what came of them.
    """

    def __init__(self, results: Iterable[str], isAdmin: bool, publisher: LogPublisher | None) -> None:
        self._isAdmin = isAdmin
        self._publisher = globalLogPublisher if publisher is None else publisher
        self.counts: Counter[str] = Counter(dict.fromkeys(results, 0))

    def __call__(self, event: LogEvent) -> None:
        """
        See L{ILogObserver}.  Who showed nothing has not tried: that is of level debug.
        """
        if event.get("log_namespace") != "balws.audit" or event.get("log_level") is not LogLevel.warn:
            return
        if event.get("isAdmin", False) is not self._isAdmin:
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


class AuthFailures(_Failures):
    """
    Counts the lines of L{balws.auth.audit}: they are written wherever a service did not let somebody in.
    """

    def __init__(self, publisher: LogPublisher | None = None) -> None:
        """
        @param publisher: whose events count; L{None} is that of this process.
        """
        super().__init__(RESULTS, False, publisher)


class AdminRefusals(_Failures):
    """
    Counts the lines of L{balws.admin.refusals}: who showed a wrong token to the admin endpoint.
    """

    def __init__(self, publisher: LogPublisher | None = None) -> None:
        """
        @param publisher: as for L{AuthFailures}.
        """
        super().__init__(ADMIN_RESULTS, True, publisher)
