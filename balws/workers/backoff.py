# -*- test-case-name: tests.workers.test_backoff -*-
"""
How long the place of a worker that died stays empty.
"""

from __future__ import annotations

__all__ = ["Backoff"]

#: Seconds until a worker that died is replaced; doubled each time, up to the longest.
FIRST = 0.1
LONGEST = 30.0

#: Who died younger than this, in seconds, died of its start.
YOUNG = 10.0

#: Who lived as long as this, in seconds, has shown that a start is worth while.
PROVEN = 60.0


class Backoff:
    """
    One worker's place.
    """

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, lived: float) -> float:
        """
        @param lived: for how many seconds the one lived that is to be replaced.
        @return: in how many seconds to do so.
        """
        if lived >= PROVEN:
            self._next = FIRST
        delay = self._next
        if lived < YOUNG:
            self._next = min(delay * 2, LONGEST)
        return delay
