# -*- test-case-name: tests.test_watchdog -*-
"""
A method that does not come back keeps everybody else waiting: who does, and for how long (row DB10).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread, get_ident
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

__all__ = ["Watchdog", "culprit"]

#: The reactor shows that it goes on so many times within the limit, and is looked at as often.
LOOKS = 4

#: Modules that call the methods of others, and are not to blame for what those do.
CARRIERS = ("balws", "twisted", "autobahn", "zope", "threading", "asyncio")

#: Where every reactor's loop is.
LOOP = "twisted.internet.base"

#: What is between a service's method and what it waits for is told as far as this.
DEPTH = 3

_log = Logger(namespace="balws.watchdog")


class Watchdog(Service):
    """
    Watches the reactor from a thread of its own.  When it stands still for longer than C{limit}, an
    ERROR names the method that keeps it, while it does so; when it goes on, a WARN tells for how long.

    @ivar stalls: how often it stood still.
    @ivar longest: for how many seconds, at most.
    """

    def __init__(self, reactor: Any, limit: float, seconds: Callable[[], float] = time.monotonic) -> None:
        """
        @param limit: seconds, more than 0.
        @param seconds: a clock that goes on while the reactor does not.
        """
        self._reactor = reactor
        self._limit = limit
        self._seconds = seconds
        self._ident = 0
        self._beat = 0.0
        self._call: IDelayedCall | None = None
        self._ended = Event()
        self._thread: Thread | None = None
        self._stall: str | None = None
        self.stalls = 0
        self.longest = 0.0

    def startService(self) -> None:
        """
        Begin as soon as the reactor runs: a slow start is no stall.
        """
        super().startService()
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> None:
        """
        Watch no longer.
        """
        super().stopService()
        self._ended.set()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _begin(self) -> None:
        if not self.running:
            return
        self._ended.clear()
        self._ident = get_ident()
        self._beat = self._seconds()
        self._call = self._reactor.callLater(self._limit / LOOKS, self._go)
        self._thread = Thread(target=self._watch, name="balws watchdog", daemon=True)
        self._thread.start()

    # On the reactor

    def _go(self) -> None:
        now = self._seconds()
        still, self._beat = now - self._beat - self._limit / LOOKS, now
        self._call = self._reactor.callLater(self._limit / LOOKS, self._go)
        where, self._stall = self._stall, None
        if where is None and still < self._limit:
            return
        self.stalls += 1
        self.longest = max(self.longest, still)
        _log.warn(
            "The reactor stood still for {seconds} s in {method}",
            seconds=round(still, 2),
            method=where or "a method that has ended",
        )

    # On the thread

    def _watch(self) -> None:
        while not self._ended.wait(self._limit / LOOKS):
            self.look()

    def look(self) -> None:
        """
        See whether the reactor goes on.  Another thread's affair.
        """
        still = self._seconds() - self._beat - self._limit / LOOKS
        if still < self._limit or self._stall is not None:
            return
        frame = sys._current_frames().get(self._ident)
        self._stall = where = "the reactor itself" if frame is None else culprit(frame)
        del frame  # or it would live on, with all that it holds
        _log.error(
            "The reactor stands still: {method} has not come back for {seconds} s, and everybody waits",
            method=where,
            seconds=round(still, 2),
        )


def culprit(frame: FrameType) -> str:
    """
    @param frame: the innermost of the reactor's thread.
    @return: the method of a service, or whatever else it was that balws or Twisted has called, with its
        place, and what that waits in.
    """
    frames = list(_outwards(frame))[::-1]
    loop = max((index for index, each in enumerate(frames) if _nameOf(each) == LOOP), default=0)
    first = next((index for index in range(loop + 1, len(frames)) if _isCalled(frames, index)), len(frames))
    own = [each for each in frames[first:] if not _isCarrier(each)] or frames[-1:]
    return " > ".join(map(_told, own[:DEPTH]))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _nameOf(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _isCarrier(frame: FrameType) -> bool:
    return _nameOf(frame).partition(".")[0] in CARRIERS


def _isCalled(frames: list[FrameType], index: int) -> bool:
    """
    @return: whether this is the first frame of somebody whom a carrier has called.
    """
    return _isCarrier(frames[index - 1]) and not _isCarrier(frames[index])


def _told(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{frame.f_lineno})"
