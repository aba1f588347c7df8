# -*- test-case-name: tests.config.test_following -*-
"""
Which listeners of a configuration go on in another one: the file has changed since their ports
were opened.
"""

from __future__ import annotations

from collections.abc import Sequence

from balws.config.entries import ListenerEntry

__all__ = ["followers", "whereOf"]


def whereOf(entry: ListenerEntry) -> str:
    """
    @return: the port, or the endpoint.
    """
    return str(entry.port) if entry.endpoint is None else entry.endpoint


def followers(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """
    Each is followed by one with the same port or endpoint.  Those that are left on both sides
    follow in their order, where there are as many.

    @param old: as L{whereOf} tells it; C{new}, too.
    @return: for each of the old ones the index of the new one; L{None} where there is none.
    """
    left = dict(enumerate(new))
    found: list[int | None] = []
    for where in old:
        index = next((each for each, other in left.items() if other == where), None)
        found.append(index)
        if index is not None:
            del left[index]
    if len(old) == len(new):
        rest = iter(left)
        found = [next(rest) if index is None else index for index in found]
    return found
