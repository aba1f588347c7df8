# -*- test-case-name: tests.workers.test_supervisor -*-
"""
The place of one worker, which one process after the other takes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from balws.workers.backoff import Backoff
from balws.workers.child import Child
from balws.workers.worker import DRAIN, RELOAD, STOP

__all__ = ["Seat"]

_log = Logger(namespace="balws.workers")


class Seat:
    """
    Keeps one worker running.

    @ivar number: the worker's, from 1.
    @ivar child: its process; L{None} while there is none.
    """

    def __init__(
        self,
        number: int,
        reactor: Any,
        start: Callable[[Child, int], object],
        say: Callable[[bytes, int], None],
        left: Callable[[int], None],
        ready: Callable[[], None],
        failed: Callable[[str], None],
        empty: Callable[[], None],
    ) -> None:
        """
        @param start: starts a process for a number, or raises L{OSError}.
        @param say: takes each line that the worker writes, and its number.
        @param left: called with the number whenever a process is gone.
        @param ready: called when the first process serves.
        @param failed: called when the first process never did, with the reason; it has no successor.
        @param empty: called when the last process is gone after L{drain}.
        """
        self.number = number
        self.child: Child | None = None
        self._reactor = reactor
        self._start = start
        self._say = say
        self._left = left
        self._ready = ready
        self._failed = failed
        self._empty = empty
        self._backoff = Backoff()
        self._isProven = False
        self._closes = False
        self._next: IDelayedCall | None = None

    def fill(self) -> None:
        """
        Start a process.
        """
        self._next = None
        self.child = child = Child(
            self._reactor, self._line, self._childReady, self._childOver, keepsWords=not self._isProven
        )
        try:
            self._start(child, self.number)
        except OSError as error:
            self._childOver(child, f"could not be started: {error}")

    def reload(self) -> None:
        """
        Have the worker read again.  One that only starts does so, too, as soon as it listens: it may
        have read already what was before.
        """
        if self.child is not None:
            self.child.order(RELOAD)

    def drain(self) -> None:
        """
        Let the worker end in order, and start none again.
        """
        self._closes = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self.child is None:
            self._empty()
        elif self.child.isReady:
            self.child.order(DRAIN)
        else:
            # It may not listen to orders yet.
            self.child.end(signal.SIGTERM)

    def stop(self) -> None:
        """
        Let the worker end at once.
        """
        if self.child is not None:
            self.child.order(STOP)

    def kill(self) -> None:
        """
        End the worker, whatever it does.
        """
        if self.child is not None:
            _log.warn(
                "Worker {number} (process {pid}) does not end: it is killed.", number=self.number, pid=self.child.pid
            )
            self.child.end(signal.SIGKILL)

    def _line(self, line: bytes) -> None:
        self._say(line, self.number)

    def _childReady(self, child: Child) -> None:
        _log.info("Worker {number} (process {pid}) serves.", number=self.number, pid=child.pid)
        if not self._isProven:
            self._isProven = True
            self._ready()

    def _childOver(self, child: Child, cause: str) -> None:
        self.child = None
        self._left(self.number)
        if self._closes:
            self._empty()
        elif self._isProven:
            self._replace(child, cause)
        else:
            words = child.words.pop().decode("utf-8", "replace") if child.words else ""
            child.letGo()
            self._failed(words or f"balws: the start failed: worker {self.number} {cause}")

    def _replace(self, child: Child, cause: str) -> None:
        delay = self._backoff.after(self._reactor.seconds() - child.since)
        _log.error(
            "Worker {number} (process {pid}) {cause}; another takes its place in {delay:g} s.",
            number=self.number,
            pid=child.pid,
            cause=cause,
            delay=delay,
        )
        self._next = self._reactor.callLater(delay, self.fill)
