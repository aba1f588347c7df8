# -*- test-case-name: tests.auth.test_errands -*-
"""
Work that is done once for all who wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["Errands"]

T = TypeVar("T")


class _Errand(Generic[T]):
    """
    @ivar work: what is on its way.
    @ivar waiting: who waits for it.
    """

    __slots__ = ("waiting", "work")

    work: Deferred[T]

    def __init__(self) -> None:
        self.waiting: list[Deferred[T]] = []


class Errands(Generic[T]):
    """
    Who asks for what is on its way already waits for that.
    """

    def __init__(self, abandon: bool = True) -> None:
        """
        @param abandon: whether work that nobody waits for any more is cancelled.
        """
        self._abandon = abandon
        self._current: dict[Hashable, _Errand[T]] = {}

    def share(self, key: Hashable, begin: Callable[[], Deferred[T]]) -> Deferred[T]:
        """
        @param key: equal ones mean equal work.
        @param begin: called when nobody waits for such work yet.
        @return: a Deferred of one's own with the result.  Cancelling it leaves the others alone.
        """
        errand = self._current.get(key)
        isNew = errand is None
        if errand is None:
            errand = _Errand()
            errand.work = begin()
            self._current[key] = errand
        mine: Deferred[T] = Deferred(partial(self._leave, key, errand))
        errand.waiting.append(mine)
        if isNew:
            errand.work.addBoth(self._deliver, key, errand)
        return mine

    def _deliver(self, result: Any, key: Hashable, errand: _Errand[T]) -> None:
        if self._current.get(key) is errand:
            del self._current[key]
        while errand.waiting:
            errand.waiting.pop(0).callback(result)

    def _leave(self, key: Hashable, errand: _Errand[T], mine: Deferred[T]) -> None:
        errand.waiting.remove(mine)
        if self._abandon and not errand.waiting and self._current.get(key) is errand:
            del self._current[key]
            errand.work.cancel()
