# -*- test-case-name: tests.test_timekeeping -*-
"""
Timers that do not know what time it is (row RL09).

Twisted's reactors count by the wall clock.  When that is set forward by a day all timers of
the process are due at once, and every peer seems to have been silent for a day; when it is set
back nothing is due any more until it has caught up.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from twisted.python import runtime

__all__ = ["keepSteady"]


def keepSteady(reactor: Any) -> None:
    """
    Have a reactor count by the clock that is never set.  Calls that are due later stay due in
    so many seconds.  A reactor with a clock of its own, such as asyncio's, is left alone.

    For processes that are ours, as those of C{twistd balws} are: in somebody else's it might be
    relied upon that C{reactor.seconds()} is the time of day.
    """
    if reactor.seconds is not runtime.seconds:
        return
    ahead = monotonic() - runtime.seconds()
    for call in reactor.getDelayedCalls():
        # The order of all stays: they are moved by the same.
        call.time += ahead
        call.seconds = monotonic
    reactor.seconds = monotonic
