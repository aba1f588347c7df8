# -*- test-case-name: tests.auth.test_threads -*-
"""
Threads for what blocks or computes for long: password hashes, LDAP.

Not the reactor's own pool: one back end that hangs would take that from everybody, file
resources and name resolution included, and would hold up the end of the process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Condition, Thread
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.python.failure import Failure

from balws.errors import AuthUnavailableError

__all__ = ["Workers"]

T = TypeVar("T")

#: A thread without work ends after this many seconds.
IDLE = 5.0


class _Call:
    """
    One call that was asked for.

    @ivar result: fires with what the function gives.
    @ivar timer: runs while it is not known how the call ends.
    """

    __slots__ = ("function", "result", "timer")

    timer: Any

    def __init__(self, function: Callable[[], Any], result: Deferred[Any]) -> None:
        self.function = function
        self.result = result


class Workers:
    """
    A few threads of our own, started when there is work and ended when there is none for
    some seconds.  They are daemons: one that hangs never delays the end of the process.

    All methods are for the reactor's thread.
    """

    def __init__(self, reactor: Any, name: str, size: int = 4, queue: int = 64) -> None:
        """
        @param reactor: its C{callFromThread} and C{callLater} are used.
        @param name: what the calls ask, such as C{LDAP}: for errors, and in the threads' names.
        @param size: the most threads, from 1.  A call that hangs keeps its thread until it ends.
        @param queue: the most calls that wait for a thread, from 0.
        """
        self._reactor = reactor
        self._name = name
        self._size = size
        self._limit = size + queue
        # The reactor's thread alone:
        self._pending: set[_Call] = set()
        self._closing: list[Deferred[None]] = []
        # All threads, under this lock; a round ends with a close:
        self._changed = Condition()
        self._waiting: deque[_Call] = deque()
        self._threads = 0
        self._running = 0
        self._round = 0

    def call(self, timeout: float, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """
        Call a function in a thread.  One that cannot begin in time, or is cancelled before it
        began, never begins; what an overdue or cancelled one gives or raises is dropped.

        @param timeout: seconds until it must have ended, those in the queue included; more than 0.
        @return: fires with what the function returns or fails with what it raises; fails with
            L{AuthUnavailableError} when too many calls wait or the time is over.
        """
        if not hasattr(self._reactor, "callFromThread"):
            # Time that a test lets pass knows no threads: there all is done at once.
            return maybeDeferred(function, *args)
        call = _Call(partial(function, *args), Deferred(lambda _: self._abandon(call)))
        if not self._enqueue(call):
            return fail(AuthUnavailableError(f"{self._name}: too many calls at a time"))
        self._pending.add(call)
        call.timer = self._reactor.callLater(timeout, self._timeOut, call, timeout)
        return call.result

    def close(self) -> Deferred[None]:
        """
        End: calls that wait fail with L{AuthUnavailableError}, those that run have the rest
        of their time, idle threads end.  A later L{call} works as before.

        @return: fires when no call is awaited any more; an overdue one is not waited for.
        """
        with self._changed:
            waiting = list(self._waiting)
            self._round += 1
            self._changed.notify_all()
        for call in waiting:
            self._giveUp(call, "closed before the call began")
        if not self._pending:
            return succeed(None)
        closed: Deferred[None] = Deferred()
        self._closing.append(closed)
        return closed

    def _enqueue(self, call: _Call) -> bool:
        """
        @return: whether there is room for it, and a thread that comes to it.
        """
        with self._changed:
            if self._running + len(self._waiting) >= self._limit:
                return False
            self._waiting.append(call)
            isShort = self._running + len(self._waiting) > self._threads
            if isShort and self._threads < self._size and not self._startThread() and not self._threads:
                self._waiting.pop()
                return False
            self._changed.notify()
            return True

    def _startThread(self) -> bool:
        try:
            Thread(target=self._work, args=(self._round,), name=f"balws {self._name}", daemon=True).start()
        except RuntimeError:  # the system has no more
            return False
        self._threads += 1
        return True

    def _work(self, hired: int) -> None:
        # Nothing of a call stays in a frame of a thread that waits for the next.
        while self._workOnce(hired):
            pass

    def _workOnce(self, hired: int) -> bool:
        """
        @param hired: the round in which this thread was started.
        @return: whether to go on.
        """
        call = self._next(hired)
        if call is None:
            return False
        answer: Any
        try:
            answer = call.function()
        except BaseException:
            answer = Failure()
        with self._changed:
            self._running -= 1
        self._reactor.callFromThread(self._end, call, answer)
        return True

    def _next(self, hired: int) -> _Call | None:
        with self._changed:
            isIdle = False
            while not self._waiting:
                if isIdle or self._round != hired:
                    self._threads -= 1
                    return None
                isIdle = not self._changed.wait(IDLE)
            self._running += 1
            return self._waiting.popleft()

    def _end(self, call: _Call, answer: Any) -> None:
        if call in self._pending:
            self._forget(call)
            call.result.callback(answer)

    def _timeOut(self, call: _Call, timeout: float) -> None:
        self._giveUp(call, f"no answer within {timeout:g} seconds")

    def _giveUp(self, call: _Call, why: str) -> None:
        self._abandon(call)
        call.result.errback(AuthUnavailableError(f"{self._name}: {why}"))

    def _abandon(self, call: _Call) -> None:
        with self._changed:
            if call in self._waiting:
                self._waiting.remove(call)
        self._forget(call)

    def _forget(self, call: _Call) -> None:
        self._pending.discard(call)
        if call.timer.active():
            call.timer.cancel()
        if not self._pending:
            closing, self._closing = self._closing, []
            for closed in closing:
                closed.callback(None)
