# -*- test-case-name: tests.server.test_doors -*-
"""
What the guards of one listener share: the checkers, and the memory of who failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from balws.auth.chain import Chain
from balws.auth.checkers import Checkers
from balws.auth.throttle import Throttle
from balws.config.auth import AuthEntry, CheckerWithScopes
from balws.config.listener import MAX_AUTH_FAILURES
from balws.config.service import WSServiceConfig
from balws.config.values import convert
from balws.server.guard import Guard


class Doors:
    """
    @ivar throttle: counts failures.
    """

    def __init__(self, reactor: Any, maxAuthFailures: int = MAX_AUTH_FAILURES) -> None:
        self._reactor = reactor
        self._maxAuthFailures = maxAuthFailures
        self._checkers = Checkers(reactor)
        self._isRenewed = False
        self.throttle = Throttle(reactor, maxAuthFailures)

    def renewed(self, maxAuthFailures: int) -> Doors:
        """
        @return: those of the same listener with another configuration: they share the checkers, and
            who failed is remembered unless the number has changed.  For their guards is read
            what their checkers read, so that what cannot be used any more is refused here.
        """
        doors = Doors(self._reactor, maxAuthFailures)
        doors._checkers = self._checkers
        doors._isRenewed = True
        if maxAuthFailures == self._maxAuthFailures:
            doors.throttle = self.throttle
        return doors

    def guard(self, config: WSServiceConfig, path: str) -> Guard | None:
        """
        @param path: where the service is mounted.
        @return: L{None} for a service that is open to everybody.
        @raise balws.ConfigurationError: when its C{auth} cannot work.
        """
        if config.auth is None:
            return None
        if self._isRenewed:
            convert(self._rehearse, "auth", config.auth)
        entries = convert(self._checkers.entries, "auth", config.auth)
        chain = Chain(entries, self._reactor, config.closeOnExpiry)
        return Guard(chain, config, path, self.throttle, self._reactor)

    def _rehearse(self, configured: Sequence[AuthEntry]) -> None:
        """
        Make the checkers once more, and let go of them: those that there are read again later,
        and what they cannot read then is only a line in the log.
        """
        rehearsal = Checkers(self._reactor)
        given = [entry.checker for entry in configured if isinstance(entry, CheckerWithScopes)]
        try:
            rehearsal.entries(configured)
        finally:
            rehearsal.keepOnly(given)

    def keepOnly(self, guards: Iterable[Guard | None]) -> None:
        """
        Let go of what only guards needed that are gone.

        @param guards: those that are left.
        """
        self._checkers.keepOnly(checker for guard in guards if guard is not None for checker in guard.checkers)

    def reload(self) -> None:
        """
        Read users, keys and certificates again.
        """
        self._checkers.reload()

    def close(self) -> Deferred[None]:
        """
        Let go of threads and connections to back ends.
        """
        return self._checkers.close()
