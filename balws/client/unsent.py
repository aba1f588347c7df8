# -*- test-case-name: tests.client.test_unsent -*-
"""
Messages that wait for a connection to be made again.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from itertools import count
from operator import attrgetter

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.errors import ConnectionError
from balws.wire.written import quiet

#: Writes a payload to the connection that there is then.
Write = Callable[["str | bytes"], "Deferred[None]"]


@attrs.define(eq=False)
class _Waiting:
    number: int
    write: Write
    payload: str | bytes
    done: Deferred[None]
    sent: Deferred[None] | None = None


class Unsent:
    """
    In the order in which they were written first, whatever became of them since.
    """

    def __init__(self, limit: int) -> None:
        """
        @param limit: characters and bytes that may wait altogether.
        """
        self._limit = limit
        self._size = 0
        self._waiting: list[_Waiting] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def number(self) -> int:
        """
        @return: the next message's place in the order.
        """
        return next(self._numbers)

    def put(self, number: int, write: Write, payload: str | bytes) -> Deferred[None]:
        """
        @return: what the write will answer; fails with L{ConnectionError} when too much
            waits already.  Cancelled, the message is not sent.
        """
        size = len(payload)
        if self._size + size > self._limit:
            return fail(ConnectionError("there is no connection, and what waits for one has reached maxSendBuffer"))
        waiting = _Waiting(number, write, payload, Deferred(lambda _: self._cancelled(waiting)))
        insort(self._waiting, waiting, key=attrgetter("number"))
        self._size += size
        return waiting.done

    def _cancelled(self, waiting: _Waiting) -> None:
        if waiting.sent is None:
            self._forget(waiting)
        else:
            waiting.sent.cancel()

    def _forget(self, waiting: _Waiting) -> None:
        self._waiting.remove(waiting)
        self._size -= len(waiting.payload)

    def flush(self, isOpen: Callable[[], bool]) -> None:
        """
        Write them all, while there is a connection.
        """
        while self._waiting and isOpen():
            waiting = self._waiting[0]
            self._forget(waiting)
            waiting.sent = waiting.write(waiting.payload)
            waiting.sent.chainDeferred(waiting.done)

    def fail(self, problem: Exception) -> None:
        """
        There will be no connection again.
        """
        while self._waiting:
            waiting = self._waiting[0]
            self._forget(waiting)
            waiting.done.errback(Failure(problem))
            quiet(waiting.done)
