# -*- test-case-name: tests.tls.test_answers -*-
"""
What authorities said, for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

__all__ = ["Answers"]


class _Perishable(Protocol):
    @property
    def until(self) -> float: ...


T = TypeVar("T", bound=_Perishable)


class Answers(Generic[T]):
    """
    Keeps answers, the last used ones, and asks once for all who want the same at the same
    time.  That somebody could not answer is not kept.
    """

    def __init__(self, size: int, period: float, now: Callable[[], float]) -> None:
        """
        @param size: so many are kept.
        @param period: seconds that one is kept at most; its own C{until} may be earlier.
        @param now: the time in seconds since the epoch.
        """
        self._size = size
        self._period = period
        self._now = now
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._waiting: dict[Hashable, list[Deferred[T]]] = {}

    def get(self, key: Hashable, ask: Callable[[], Deferred[T]]) -> Deferred[T]:
        """
        @param ask: asks whoever knows; called when nothing is kept and nobody asks already.
        @return: fires with the answer, or fails as C{ask} does.  To cancel it lets the
            others wait on.
        """
        kept = self._kept.pop(key, None)
        if kept is not None and self._now() < kept[0]:
            self._kept[key] = kept
            return succeed(kept[1])
        wanted: Deferred[T] = Deferred()
        waiting = self._waiting.setdefault(key, [])
        waiting.append(wanted)
        if len(waiting) == 1:
            maybeDeferred(ask).addBoth(self._answered, key)
        return wanted

    def _answered(self, result: T | Failure, key: Hashable) -> None:
        waiting = self._waiting.pop(key)
        if not isinstance(result, Failure):
            now = self._now()
            end = min(now + self._period, result.until)
            if end > now:
                self._kept[key] = end, result
                if len(self._kept) > self._size:
                    del self._kept[next(iter(self._kept))]
        for wanted in waiting:
            if isinstance(result, Failure):
                wanted.errback(Failure(result.value))
            else:
                wanted.callback(result)
