"""
What a session may leave behind: nothing.
"""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

from twisted.logger import LogLevel, globalLogPublisher

from tests.fuzz.story import Provoked

#: What balws says at error level of what a service of ours did on purpose.
_EXPECTED = (
    "Failed to send close frame. {problem}",
    "A method of {service} returned an error: {error}",
    "{service}.{method} returned {type} in place of a Service",
)


class Found(Exception):
    """
    A session did what it must not.
    """


class Watch:
    """
    Sees the log, and what stays alive.
    """

    def __init__(self) -> None:
        self.logged: list[Any] = []
        self._kept: list[ref[Any]] = []

    def __call__(self, event: Any) -> None:
        level = event.get("log_level", LogLevel.info)
        if level in (LogLevel.error, LogLevel.critical) or event.get("isError"):
            self.logged.append(event)

    def start(self) -> None:
        globalLogPublisher.addObserver(self)

    def stop(self) -> None:
        globalLogPublisher.removeObserver(self)

    def letGo(self, *things: Any) -> None:
        """
        These must be gone when the garbage is next collected.
        """
        self._kept.extend(ref(thing) for thing in things)

    def forget(self) -> None:
        """
        Begin anew.
        """
        self.logged.clear()
        self._kept.clear()

    def check(self, provoked: int | None = 0) -> None:
        """
        @param provoked: how many tracebacks balws had to log; L{None} for any number.
        @raise Found: for an error in the log that no service of ours provoked.
        """
        logged, self.logged = self.logged, []
        count = 0
        for event in logged:
            failure = event.get("log_failure")
            if failure is not None and failure.check(Provoked):
                count += 1
            elif failure is not None or event.get("log_format") not in _EXPECTED:
                text = failure.getTraceback() if failure is not None else repr(event.get("log_format") or event)
                raise Found(f"logged: {text}")
        if provoked is not None and count != provoked:
            raise Found(f"{count} tracebacks were logged, and {provoked} provoked")

    def collect(self) -> None:
        """
        Look whether everything was let go.

        @raise Found: where it was not, or where a Deferred failed and nobody looked.
        """
        gc.collect()
        kept, self._kept = self._kept, []
        alive = [thing for reference in kept if (thing := reference()) is not None]
        self.check()
        if alive:
            names = ", ".join(sorted({type(thing).__name__ for thing in alive}))
            raise Found(f"{len(alive)} of {len(kept)} are not let go: {names}")
