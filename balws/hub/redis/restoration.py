# -*- test-case-name: tests.hub.redis.test_restoration -*-
"""
When Redis knows what this node has.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.errors import HubError
from balws.hub.redis.station import Station

__all__ = ["Restoration"]

#: Seconds until what Redis has refused is tried again.
_PAUSE = 1.0

_UNKNOWN = "Redis does not know yet what this node has"


class Restoration:
    """
    Two connections, one that asks and one that listens: when both are up, Redis is brought what
    this node has, and only then the station counts as restored.

    @ivar isOver: whether L{stop} was called.
    """

    _log = Logger()

    def __init__(
        self,
        station: Station,
        link: Any,
        ear: Any,
        bring: Callable[[], Coroutine[Deferred[Any], Any, None]],
        pause: Callable[[], None],
        restored: Callable[[], None],
    ) -> None:
        """
        @param link: a L{balws.hub.redis.link.RedisLink}.
        @param ear: a L{balws.hub.redis.listening.RedisEar}.
        @param bring: makes Redis know what this node has.
        @param pause: called when it may know it no longer.
        @param restored: called when it knows it.
        """
        self._station = station
        self._link = link
        self._ear = ear
        self._bring = bring
        self._pause = pause
        self._restored = restored
        self._current: Deferred[None] | None = None
        self._later: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] | None = []
        self.isOver = False

    @property
    def problem(self) -> str:
        """
        Why the station is not restored, in words for the operator.
        """
        if self._station.isRestored:
            return ""
        return self._station.problem if self.isOver else self._lineProblem or self._station.problem

    @property
    def _lineProblem(self) -> str:
        problem: str = self._link.problem or self._ear.problem
        return problem and f"Redis at {self._link.name}: {problem}"

    def lineChanged(self) -> None:
        """
        One of the connections is up or down.
        """
        if self.isOver:
            return
        station = self._station
        station.isUp = self._link.isUp and self._ear.isUp
        self._away()
        station.problem = self._lineProblem or _UNKNOWN
        if station.isUp:
            self._begin()

    def whenTried(self) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker}.
        """
        waiter: Deferred[None] = Deferred()
        if self._waiting is None:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter

    def tried(self) -> None:
        """
        It is known whether Redis can be used now.
        """
        waiting, self._waiting = self._waiting, None
        for waiter in waiting or ():
            waiter.callback(None)

    def again(self) -> None:
        """
        Redis has forgotten what it knew.
        """
        if self._station.isUp:
            self._log.warn("Redis took this node for dead: it beat too late, or Redis has lost its data")
            self._away()
            self._begin()

    def refused(self, failure: Failure) -> None:
        """
        Redis did not do what it must.
        """
        self._away()
        self.tried()
        station = self._station
        if not failure.check(HubError):
            self._log.failure("What this node has could not be brought to Redis", failure)
        elif not self._lineProblem:
            station.warn("Redis does not take what this node has ({count}): {where}", failure.getErrorMessage())
        station.problem = failure.getErrorMessage()
        if station.isUp:
            self._later = station.clock.callLater(_PAUSE, self._begin)

    def stop(self, problem: str) -> bool:
        """
        It is over.

        @param problem: what is said from now on.
        @return: whether Redis could be asked.
        """
        self.isOver = True
        self._away()
        self.tried()
        station = self._station
        isUp, station.isUp, station.problem = station.isUp, False, problem
        return isUp

    def _away(self) -> None:
        self._station.isRestored = False
        self._pause()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        current, self._current = self._current, None
        if current is not None:
            current.cancel()

    def _begin(self) -> None:
        self._later = None
        self._station.problem = _UNKNOWN
        current = self._current = Deferred.fromCoroutine(self._bring())
        current.addCallbacks(self._ended, self._failed, callbackArgs=(current,), errbackArgs=(current,))

    def _ended(self, _: None, current: Deferred[None]) -> None:
        if self._current is current:
            self._current = None
            self._station.isRestored = True
            self._station.problem = ""
            self._restored()
            self.tried()

    def _failed(self, failure: Failure, current: Deferred[None]) -> None:
        if self._current is current:
            self._current = None
            self.refused(failure)
        else:
            failure.trap(CancelledError, HubError)
