# -*- test-case-name: tests.client.test_inbox -*-
"""
Messages that wait for a read, and reads that wait for a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from balws.errors import ConnectionClosureError, ReadTimedOutError
from balws.session.queue import Pending
from balws.wire.written import quiet, refused

Convert = Callable[["str | bytes"], Any]


class Inbox:
    """
    Of messages and reads at most one kind waits.  It outlives the connections that
    fill it: a read that waits goes on to wait while a client connects again.

    @ivar full: whether no more messages should be taken off the wire.
    """

    def __init__(self, clock: IReactorTime, limit: int, timeout: float, roomMade: Callable[[], object]) -> None:
        """
        @param limit: how many messages may wait.
        @param timeout: seconds that a read may wait; 0 and below: without limit.
        @param roomMade: called when a message was taken.
        """
        self._clock = clock
        self._timeout = timeout
        self._roomMade = roomMade
        self._messages = Pending(limit)
        self._reads: deque[_Read] = deque()
        self._over = False
        self._untold: Exception | None = None
        self._how: tuple[int | None, str] = (None, "")

    @property
    def full(self) -> bool:
        return self._messages.full

    def put(self, message: str | bytes) -> None:
        """
        A message has come.
        """
        if self._reads:
            self._reads.popleft().give(message)
        else:
            self._messages.put(message)

    def read(self, convert: Convert) -> Deferred[Any]:
        """
        @param convert: makes what is read of a message, or raises what the read fails with.
        @return: the next message.  Fails with L{ReadTimedOutError}; with
            L{ConnectionClosureError} or what ended the connection when there will be no more.
        """
        if self._messages:
            message = self._messages.take()
            try:
                return succeed(convert(message))
            except Exception:
                return fail()
            finally:
                self._roomMade()
        if self._over:
            untold, self._untold = self._untold, None
            return refused(untold or ConnectionClosureError("Connection already closed", *self._how))
        read = _Read(convert, self._reads)
        self._reads.append(read)
        if self._timeout > 0:
            read.timer = self._clock.callLater(self._timeout, read.timeOut)
        return read.done

    def end(self, reason: Exception | None) -> None:
        """
        There will be no more messages: those that wait can still be read.

        @param reason: what the reads that wait fail with, or the next one; L{None} where
            the user ended it.
        """
        if self._over:
            return
        self._over = True
        if isinstance(reason, ConnectionClosureError):
            self._how = reason.statusCode, reason.reason
        if not self._reads:
            self._untold = reason
            return
        while self._reads:
            self._reads.popleft().fail(ConnectionClosureError("Connection closed") if reason is None else reason)

    def clear(self) -> None:
        """
        Forget the messages that wait.
        """
        self._messages.clear()


class _Read:
    """
    One read that waits.
    """

    def __init__(self, convert: Convert, queue: deque[_Read]) -> None:
        self._convert = convert
        self._queue = queue
        self.timer: IDelayedCall | None = None
        self.done: Deferred[Any] = Deferred(lambda _: self._leave())

    def give(self, message: str | bytes) -> None:
        self._stopTimer()
        try:
            value = self._convert(message)
        except Exception:
            self.done.errback(Failure())
        else:
            self.done.callback(value)

    def fail(self, problem: Exception) -> None:
        self._stopTimer()
        self.done.errback(Failure(problem))
        quiet(self.done)

    def timeOut(self) -> None:
        self.timer = None
        self._leave()
        self.done.errback(ReadTimedOutError("Read timed out"))

    def _leave(self) -> None:
        self._stopTimer()
        if self in self._queue:
            self._queue.remove(self)

    def _stopTimer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
