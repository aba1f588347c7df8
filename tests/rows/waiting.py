"""
Waiting for what another process does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Seconds that anything may take on a machine that has other things to do.
PATIENCE = 30.0


def until(found: Callable[[], Any], what: str) -> Any:
    """
    @return: what C{found} returns as soon as it is true.
    @raise AssertionError: when it takes too long; it says C{what} did not come.
    """
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.02)
    return value
