# -*- test-case-name: tests.workers.test_pipe -*-
"""
A worker's end of the pipe that its log goes through.
"""

from __future__ import annotations

import os
import select
import time
from threading import RLock
from typing import Any

from twisted.internet.interfaces import IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["LogPipe"]

#: The most bytes that wait for a parent which does not read; further lines are lost, and counted.
MAX_WAITING = 4 * 2**20

#: A pipe that says it can be written to takes so much without delay.
_CHUNK = select.PIPE_BUF

#: Seconds that the last lines have when the process ends.
_LAST = 1.0


@implementer(IWriteDescriptor)
class LogPipe:
    """
    Takes lines from any thread and never waits: what the pipe does not take waits for the
    reactor.  Nothing is raised when the parent is gone.
    """

    def __init__(self, fd: int) -> None:
        """
        @param fd: the pipe; it is not closed.
        """
        self._fd = fd
        # What is collected as garbage logs in the midst of anything.
        self._lock = RLock()
        self._isPushing = False
        self._waiting = bytearray()
        self._lost = 0
        self._gone = False
        self._reactor: Any = None

    def attach(self, reactor: Any) -> None:
        """
        From now on this reactor writes what waits.
        """
        self._reactor = reactor
        self._want()

    # What an observer of the log wants

    def write(self, text: str) -> None:
        """
        @param text: one line, with its end.
        """
        with self._lock:
            if self._gone:
                return
            if len(self._waiting) + len(text) > MAX_WAITING:
                self._lost += 1
                return
            self._waiting += text.encode("utf-8", "replace")
            self._push()
        self._want()

    def flush(self) -> None:
        """
        Nothing: what can be written has been.
        """

    # What the reactor wants

    def fileno(self) -> int:
        """
        @return: the pipe.
        """
        return self._fd

    def logPrefix(self) -> str:
        """
        @return: a name for the reactor's own log.
        """
        return "log"

    def doWrite(self) -> None:
        """
        There may be room.
        """
        with self._lock:
            self._push()
            isDone = not self._waiting
        if isDone:
            self._reactor.removeWriter(self)

    def connectionLost(self, reason: Failure) -> None:
        """
        The parent is gone.
        """
        with self._lock:
            self._drop()

    # The end

    def finish(self) -> None:
        """
        The process ends: give what waits one second, in this thread.
        """
        deadline = time.monotonic() + _LAST
        with self._lock:
            while self._waiting and (left := deadline - time.monotonic()) > 0:
                self._push(left)

    def _want(self) -> None:
        if self._waiting and self._reactor is not None:
            self._reactor.callFromThread(self._addWriter)

    def _addWriter(self) -> None:
        if self._waiting:
            self._reactor.addWriter(self)

    def _push(self, patience: float = 0) -> None:
        if self._isPushing:
            return
        self._isPushing = True
        try:
            self._pushAll(patience)
        finally:
            self._isPushing = False

    def _pushAll(self, patience: float) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while self._waiting and poll.poll(int(patience * 1000)):
            try:
                written = os.write(self._fd, self._waiting[:_CHUNK])
            except OSError:
                self._drop()
                return
            del self._waiting[:written]
            if self._lost and not self._waiting:
                self._waiting += b"%d lines of the log were lost: nobody read them.\n" % self._lost
                self._lost = 0

    def _drop(self) -> None:
        self._gone = True
        self._waiting.clear()
