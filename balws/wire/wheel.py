# -*- test-case-name: tests.wire.test_wheel -*-
"""
One timer for many connections.

Ten thousand idle connections each want a ping in thirty seconds.  A delayed call
for each would cost more memory than the connection; here they share the buckets
of one wheel, and one delayed call turns it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import ceil

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger


class TimerWheel:
    """
    Calls things later, a little later than asked and never earlier.

    @ivar granularity: the width of a bucket in seconds, and so the largest delay
        beyond what was asked.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, granularity: float = 0.1) -> None:
        self._clock = clock
        self.granularity = granularity
        self._buckets: dict[int, list[Callable[[], object]]] = {}
        self._order: list[int] = []
        self._call: IDelayedCall | None = None

    def add(self, delay: float, due: Callable[[], object]) -> None:
        """
        Call C{due()} after C{delay} seconds.  There is no cancelling: what is no
        longer wanted looks at its own state and returns.

        @param delay: seconds, not negative.
        """
        key = ceil((self._clock.seconds() + delay) / self.granularity)
        bucket = self._buckets.get(key)
        if bucket is None:
            self._buckets[key] = [due]
            heapq.heappush(self._order, key)
            if self._order[0] == key:
                self._schedule()
        else:
            bucket.append(due)

    def stop(self) -> None:
        """
        Forget everything.
        """
        self._buckets.clear()
        self._order.clear()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def _schedule(self) -> None:
        if self._call is not None:
            self._call.cancel()
        delay = self._order[0] * self.granularity - self._clock.seconds()
        self._call = self._clock.callLater(max(0.0, delay), self._turn)

    def _turn(self) -> None:
        self._call = None
        # Half a bucket of tolerance: float arithmetic must not turn the wheel twice.
        now = self._clock.seconds() / self.granularity + 0.5
        while self._order and self._order[0] <= now:
            for due in self._buckets.pop(heapq.heappop(self._order)):
                try:
                    due()
                except Exception:
                    self._log.failure("A timer failed")
        if self._order and self._call is None:
            self._schedule()
