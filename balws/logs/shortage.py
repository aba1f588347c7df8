# -*- test-case-name: tests.logs.test_shortage -*-
"""
No file is left to open: Twisted closes each new connection at once and says so in three
lines, which a crowd would fill a disk with (row RL06).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from time import monotonic

from twisted.logger import LogEvent, LogLevel

__all__ = ["Shortage"]

#: One warning in so many seconds.
SECOND = 1.0

#: How Twisted's ports say it, and those of ours that are like them.
_NAMESPACES = ("twisted.internet.tcp.", "twisted.internet.unix.", "balws.server.adopted.")
_CLOSED = "EMFILE recovery: Closed socket from {address}"
_FAILED = "Could not accept new connection ({acceptError})"
_AROUND = (
    "EMFILE encountered; releasing reserved file descriptor.",
    "Re-reserving EMFILE recovery file descriptor.",
)


class Shortage:
    """
    Says in one warning a second what Twisted's ports say of each connection.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """
        @param clock: seconds that never jump.
        """
        self._clock = clock
        self._next = 0.0
        self._closed = 0
        # See L{balws.logs.repeats}.
        self._lock = RLock()

    def told(self, event: LogEvent) -> LogEvent | None:
        """
        @return: the event; the warning in its place; or L{None} while there was one just now.
        """
        namespace = event.get("log_namespace")
        if not isinstance(namespace, str) or not namespace.startswith(_NAMESPACES):
            return event
        form = event.get("log_format")
        if form in _AROUND:
            return None
        if form not in (_CLOSED, _FAILED):
            return event
        with self._lock:
            self._closed += 1
            now = self._clock()
            if now < self._next:
                return None
            self._next = now + SECOND
            count, self._closed = self._closed, 0
        return {
            "log_time": event.get("log_time"),
            "log_level": LogLevel.warn,
            "log_namespace": "balws.server",
            "log_format": "{count} connections could not be accepted: this process can open no more files;"
            " raise its limit (LimitNOFILE, ulimit -n).",
            "count": count,
        }
