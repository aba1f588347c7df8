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
from types import MethodType
from typing import Any
from weakref import ref

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

#: A turn that comes so many seconds late is put off until what has arrived meanwhile is read: it may be
#: just what a timer waits for (row DB10).
LATE = 0.25

#: Of a bucket's width: what float arithmetic may lack must not turn the wheel twice.
_TOLERANCE = 0.001

#: What is called, and whose method it is.
_Timer = tuple[Callable[..., object], ref[Any] | None]


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
        self._buckets: dict[int, list[_Timer]] = {}
        self._order: list[int] = []
        self._nearest = 0
        self._isPutOff = False
        self._call: IDelayedCall | None = None

    def add(self, delay: float, due: Callable[[], object]) -> None:
        """
        Call C{due()} after C{delay} seconds.  There is no cancelling: what is no
        longer wanted looks at its own state and returns.

        @param delay: seconds, not negative.
        @param due: a method does not keep its object alive: when that is gone, nobody is
            called.  Anything else is kept.
        """
        timer: _Timer = (due.__func__, ref(due.__self__)) if isinstance(due, MethodType) else (due, None)
        key = max(self._nearest, ceil((self._clock.seconds() + delay) / self.granularity))
        bucket = self._buckets.get(key)
        if bucket is None:
            self._buckets[key] = [timer]
            heapq.heappush(self._order, key)
            if self._order[0] == key:
                self._schedule()
        else:
            bucket.append(timer)

    def stop(self) -> None:
        """
        Forget everything.
        """
        self._buckets.clear()
        self._order.clear()
        self._isPutOff = False
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def _schedule(self) -> None:
        if self._isPutOff:
            return  # it turns at once
        if self._call is not None:
            self._call.cancel()
        delay = self._order[0] * self.granularity - self._clock.seconds()
        self._call = self._clock.callLater(max(0.0, delay), self._turn)

    def _turn(self) -> None:
        self._call = None
        seconds = self._clock.seconds()
        if not self._isPutOff and seconds - self._order[0] * self.granularity > LATE:
            # Timers come before reads in a reactor's round; in the next one they come after this round's.
            self._isPutOff = True
            self._call = self._clock.callLater(0, self._turn)
            return
        self._isPutOff = False
        now = seconds / self.granularity + _TOLERANCE
        while self._order and self._order[0] <= now:
            key = heapq.heappop(self._order)
            self._nearest = key + 1  # who adds himself at once must not keep the wheel here
            for due, reference in self._buckets.pop(key):
                owner = None if reference is None else reference()
                try:
                    if owner is not None:
                        due(owner)
                    elif reference is None:
                        due()
                except Exception:
                    self._log.failure("A timer failed")
        self._nearest = 0
        if self._order and self._call is None:
            self._schedule()
