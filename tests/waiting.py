"""
Waiting for what another process does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")

#: Seconds that anything may take on a machine that has other things to do.
PATIENCE = 30


def until(found: Callable[[], _Found], what: str | Callable[[], str], patience: float | None = None) -> _Found:
    """
    @param what: what is waited for, or what says so at the end.
    @param patience: seconds; L{None} is L{PATIENCE}.
    @return: what C{found} returns as soon as it is true.
    @raise AssertionError: when it takes too long; it says that C{what} did not come.
    """
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(0.02)
    return value
