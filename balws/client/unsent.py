# -*- test-case-name: tests.client.test_unsent -*-
"""
Messages that wait for a connection to be made again.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.errors import ConnectionClosureError, ConnectionError
from balws.wire.pressure import WAITER
from balws.wire.written import quiet

#: Writes a payload to the connection that there is then.
Write = Callable[["str | bytes"], "Deferred[None]"]


@attrs.define(order=True)
class _Waiting:
    number: int
    write: Write = attrs.field(order=False)
    payload: str | bytes = attrs.field(order=False)
    done: Deferred[None] = attrs.field(order=False)
    sent: Deferred[None] | None = attrs.field(default=None, order=False)
    gone: bool = attrs.field(default=False, order=False)


class Unsent:
    """
    In the order in which they were written first, whatever became of them since.

    @ivar isFlushing: whether they are being written now; who writes in the meantime waits
        behind them.
    """

    def __init__(self, limit: int, mayWait: Callable[[], bool]) -> None:
        """
        @param limit: characters and bytes that may wait altogether; each message counts a
            little more than it has, or empty ones would cost nothing.
        @param mayWait: whether a message that was lost with its connection waits again.
        """
        self._limit = limit
        self._mayWait = mayWait
        self._size = 0
        self._count = 0
        self._heap: list[_Waiting] = []
        self._numbers = count()
        self.isFlushing = False

    def __len__(self) -> int:
        return self._count

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
        if self._size + len(payload) > self._limit:
            return fail(ConnectionError("there is no connection, and what waits for one has reached maxSendBuffer"))
        waiting = _Waiting(number, write, payload, Deferred(lambda _: self._cancelled(waiting)))
        self._push(waiting)
        return waiting.done

    def _push(self, waiting: _Waiting) -> None:
        heappush(self._heap, waiting)
        self._size += len(waiting.payload) + WAITER
        self._count += 1

    def _cancelled(self, waiting: _Waiting) -> None:
        if waiting.sent is None:
            waiting.gone = True
            self._forget(waiting)
        else:
            waiting.sent.cancel()

    def _forget(self, waiting: _Waiting) -> None:
        self._size -= len(waiting.payload) + WAITER
        self._count -= 1

    def _next(self) -> _Waiting | None:
        while self._heap:
            waiting = heappop(self._heap)
            if not waiting.gone:
                self._forget(waiting)
                return waiting
        return None

    def flush(self, isOpen: Callable[[], bool]) -> None:
        """
        Write them all, while there is a connection, and no faster than it takes them.
        """
        self.isFlushing = True
        while isOpen():
            waiting = self._next()
            if waiting is None:
                break
            waiting.sent = sent = waiting.write(waiting.payload)
            written = sent.addBoth(self._settle, waiting)
            if not written.called:
                written.addCallback(lambda _: self.flush(isOpen))
                return
        self.isFlushing = False

    def _settle(self, result: Any, waiting: _Waiting) -> None:
        waiting.sent = None
        if waiting.done.called:
            return
        if isinstance(result, Failure) and result.check(ConnectionClosureError) and self._mayWait():
            self._push(waiting)
        else:
            waiting.done.callback(result)
            quiet(waiting.done)

    def fail(self, problem: Exception) -> None:
        """
        There will be no connection again.
        """
        while (waiting := self._next()) is not None:
            waiting.done.errback(Failure(problem))
            quiet(waiting.done)
