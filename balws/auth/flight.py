# -*- test-case-name: tests.auth.test_flight -*-
"""
One question that several wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["Flight"]

T = TypeVar("T")


class Flight(Generic[T]):
    """
    Gives what one L{Deferred} gives to each who joins before.
    """

    def __init__(self, ask: Callable[[], Deferred[T]], abandon: bool) -> None:
        """
        @param ask: makes the L{Deferred}; called by the first who joins.
        @param abandon: whether to cancel it when nobody waits any more.
        """
        self._ask: Callable[[], Deferred[T]] = ask
        self._abandon = abandon
        self._asked: Deferred[T] | None = None
        self._waiting: list[Deferred[T]] = []

    def join(self) -> Deferred[T]:
        """
        @return: fires with the result; cancelling it ends the waiting of this one alone.
        """
        waiting: Deferred[T] = Deferred(self._leave)
        self._waiting.append(waiting)
        if self._asked is None:
            self._asked = self._ask()
            self._asked.addBoth(self._end)
        return waiting

    def _leave(self, waiting: Deferred[T]) -> None:
        self._waiting.remove(waiting)
        if not self._waiting and self._abandon and self._asked is not None:
            self._asked.cancel()

    def _end(self, result: T | Failure) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(result)
