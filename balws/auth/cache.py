# -*- test-case-name: tests.auth.test_cache -*-
"""
What is remembered of tokens, within bounds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from balws.config.cache import CacheConfig

__all__ = ["Cache"]

V = TypeVar("V")


class Cache(Generic[V]):
    """
    Values by keys, each until its own end.

    There is a timer only while something is kept and C{cleanupInterval} is set.
    """

    def __init__(self, config: CacheConfig, reactor: Any, now: Callable[[], float]) -> None:
        """
        @param reactor: its C{callLater} is used.
        @param now: seconds since the epoch, as the ends are counted.
        """
        self._config = config
        self._reactor = reactor
        self._now = now
        self._entries: OrderedDict[bytes, tuple[V, float]] = OrderedDict()
        self._timer: Any = None

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> V | None:
        """
        @return: the value, or L{None} when there is none any more.
        """
        found = self._entries.get(key)
        if found is None:
            return None
        value, end = found
        if end <= self._now():
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: bytes, value: V, end: float) -> None:
        """
        @param end: when it is too old, in seconds since the epoch; never later than the
            cache's own limit.
        """
        now, limit = self._now(), self._config.defaultMaxAge
        if limit > 0:
            end = min(end, now + limit)
        if end <= now:
            return
        self._entries.pop(key, None)
        if len(self._entries) >= self._config.capacity:
            self._evict()
        self._entries[key] = value, end
        if self._timer is None and self._config.cleanupInterval is not None:
            self._timer = self._reactor.callLater(self._config.cleanupInterval, self._clean)

    def drop(self, key: bytes) -> None:
        """
        Forget one.
        """
        self._entries.pop(key, None)
        if not self._entries:
            self._stop()

    def clear(self) -> None:
        """
        Forget all.
        """
        self._entries.clear()
        self._stop()

    def _evict(self) -> None:
        for _ in range(max(1, int(self._config.capacity * self._config.evictionFactor))):
            self._entries.popitem(last=False)

    def _clean(self) -> None:
        self._timer = None
        now = self._now()
        for key in [key for key, (_, end) in self._entries.items() if end <= now]:
            del self._entries[key]
        if self._entries:
            self._timer = self._reactor.callLater(self._config.cleanupInterval, self._clean)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
