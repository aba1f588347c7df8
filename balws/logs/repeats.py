# -*- test-case-name: tests.logs.test_repeats -*-
"""
The same line again and again is counted in place of written (row RL16).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from time import monotonic

import attrs
from twisted.logger import LogEvent, LogLevel

__all__ = ["BURST", "RATE", "SECOND", "Repeats"]

#: So many warnings or errors of one kind are written at a time, and so many in each second when
#: they go on: whoever looks for a fault has enough of them, and a disk is not filled.
BURST = 500
RATE = 10

#: What was left out is summed up after so many seconds.
SECOND = 1.0

#: So many kinds are told apart; what is beyond them is written.
KINDS = 256

#: Wrong credentials are evidence, and limited by the throttle, which answers of other kinds are not.
_WHOLE = "balws.audit"
_EVIDENCE = ("unauthenticated", "given up")

_LIMITED = (LogLevel.warn, LogLevel.error, LogLevel.critical)

#: What a sum has of the last event that it stands for.
_KEPT = ("log_time", "log_level", "log_namespace", "log_system", "worker")

_Kind = tuple[str, str]


@attrs.define
class _Stint:
    """
    @ivar seen: when the last of this kind came.
    @ivar room: how many more may be written by then.
    @ivar left: how many were left out.
    @ivar since: when the first of those came.
    @ivar last: the last of those.
    """

    seen: float
    room: float = BURST
    left: int = 0
    since: float = 0.0
    last: LogEvent = attrs.field(factory=dict)

    def roomBy(self, now: float) -> float:
        """
        @return: how many more may be written.
        """
        return min(self.room + (now - self.seen) * RATE, BURST)


class Repeats:
    """
    Lets pass L{BURST} warnings and errors of the same format from the same logger, and then
    L{RATE} in a second.  After a second the next event of any kind brings the number of the
    others.  What has C{log_limited} was counted in another process.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """
        @param clock: seconds that never jump.
        """
        self._clock = clock
        self._stints: dict[_Kind, _Stint] = {}
        self._short: set[_Kind] = set()
        # Threads log, too; and what is collected as garbage logs in the midst of anything.
        self._lock = RLock()
        self._isBusy = False

    def passed(self, event: LogEvent) -> list[LogEvent]:
        """
        @return: what to write now: sums of what was left out, and the event itself unless it
            is left out.
        """
        with self._lock:
            if self._isBusy:
                return [event]
            self._isBusy = True
            try:
                now = self._clock()
                passed = self._sums(now) if self._short else []
                if not self._isLeftOut(event, now):
                    passed.append(event)
                return passed
            finally:
                self._isBusy = False

    def _isLeftOut(self, event: LogEvent, now: float) -> bool:
        namespace, form = event.get("log_namespace"), event.get("log_format")
        if event.get("log_level") not in _LIMITED or event.get("log_limited"):
            return False
        if namespace == _WHOLE and event.get("result") in _EVIDENCE:
            return False
        if not isinstance(namespace, str) or not isinstance(form, str):
            return False
        kind = namespace, form
        stint = self._stints.get(kind)
        if stint is None:
            if len(self._stints) >= KINDS and not self._forget(now):
                return False
            stint = self._stints[kind] = _Stint(now)
        stint.room, stint.seen = stint.roomBy(now), now
        if stint.room >= 1:
            stint.room -= 1
            return False
        if not stint.left:
            self._short.add(kind)
            stint.since = now
        stint.left += 1
        stint.last = event
        return True

    def _sums(self, now: float) -> list[LogEvent]:
        over = [kind for kind in self._short if now - self._stints[kind].since >= SECOND]
        self._short.difference_update(over)
        return [_sum(self._stints[kind]) for kind in over]

    def _forget(self, now: float) -> bool:
        """
        @return: whether there is room for another kind.
        """
        over = [kind for kind, each in self._stints.items() if not each.left and each.roomBy(now) >= BURST]
        for kind in over:
            del self._stints[kind]
        return bool(over)


def _sum(stint: _Stint) -> LogEvent:
    last, count = stint.last, stint.left
    stint.left, stint.last = 0, {}
    kept = {name: last[name] for name in _KEPT if name in last}
    return {**kept, "log_format": "{count} more like this: {form}", "count": count, "form": last["log_format"]}
