# -*- test-case-name: tests.config.test_cache -*-
"""
How much a cache keeps, and for how long.
"""

from __future__ import annotations

import attrs

from balws.config.values import MAX_NUMBER, Unfit, atLeast, checked, finite, integer, optional

__all__ = ["CacheConfig"]

#: More entries than this would be a data base.
MAX_CAPACITY = 1_000_000


def _factor(value: object) -> float:
    found = finite("a number")(value)
    if not 0 < found <= 1:
        raise Unfit("a number above 0 and up to 1")
    return found


def _policy(value: object) -> str:
    if value != "LRU":
        raise Unfit('"LRU", the only policy that there is')
    return "LRU"


def _interval(value: object) -> float:
    found = finite("a number of seconds")(value)
    if not 0 < found <= MAX_NUMBER:
        raise Unfit(f"a number of seconds above 0 and up to {MAX_NUMBER}")
    return found


@attrs.frozen(kw_only=True)
class CacheConfig:
    """
    A cache (feature table 5.5, with the names and defaults of the reference library).

    @ivar capacity: the most entries, 1 to 1000000.
    @ivar evictionFactor: which part of a full cache gives way to a new entry, above 0 and
        up to 1; always one entry or more.
    @ivar evictionPolicy: C{"LRU"}: those that were not used for longest.
    @ivar defaultMaxAge: the most seconds that an entry is kept, whatever it says itself;
        0 and negative numbers set no limit of the cache's own.
    @ivar cleanupInterval: seconds between two looks for entries that are too old, above 0;
        L{None} does without: they are dropped when they are met or give way.
    """

    capacity: int = checked("capacity", integer(1, MAX_CAPACITY), 100)
    evictionFactor: float = checked("evictionFactor", _factor, 0.25)
    evictionPolicy: str = checked("evictionPolicy", _policy, "LRU")
    defaultMaxAge: float = checked("defaultMaxAge", atLeast(0, -1), -1)
    cleanupInterval: float | None = checked("cleanupInterval", optional(_interval), None)
