# -*- test-case-name: tests.session.test_streams -*-
"""
A method that returns a generator: each element is a message (table B6, ruling 7).

A stream is driven beside the messages, as fast as the peer reads and no faster, and
never longer than the connection lives.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from inspect import iscoroutine, isgenerator
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.closing import CloseFrame
from balws.errors import ConnectionClosureError, Error, StreamError
from balws.wire.written import WRITTEN

if TYPE_CHECKING:
    from balws.session.answers import Answers

#: Elements that cost no waiting and are sent in one turn of the reactor.
_BURST = 64

#: What the peer is told when a stream fails.
FAILED = "streaming failed"

_END = object()


class Stream:
    """
    One generator on one connection.
    """

    _log = Logger(namespace="balws.session")

    def __init__(self, source: Generator[Any, Any, Any] | AsyncGenerator[Any, Any], owner: Answers) -> None:
        self._source = source
        self._owner = owner
        self._waiting: Deferred[Any] | None = None
        self._stopped = False

    def start(self) -> None:
        """
        Send elements until one keeps us waiting.
        """
        for _ in range(_BURST):
            if self._stopped:
                return
            step = self._next()
            if step is None:
                continue
            self._waiting = step
            step.addCallbacks(self._goOn, self._failed)
            return
        self._owner.terms.clock.callLater(0, self.start)

    def stop(self) -> None:
        """
        The connection is closing: no further element is asked for.
        """
        if self._stopped:
            return
        self._stopped = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        source = self._source
        try:
            if isgenerator(source):
                source.close()
            else:
                Deferred.fromCoroutine(source.aclose()).addErrback(self._closeFailed)  # type: ignore[union-attr]
        except Exception:
            self._closeFailed(Failure())

    def _closeFailed(self, failure: Failure) -> None:
        # A generator that is running cannot be closed; it ends with its next yield.
        if not failure.check(RuntimeError, ValueError, CancelledError):
            self._log.failure("A stream of {service} failed to end", failure=failure, service=self._owner.table.owner)

    def _next(self) -> Deferred[Any] | None:
        """
        Send one element.

        @return: what to wait for, or L{None}.
        """
        source = self._source
        if isgenerator(source):
            try:
                element = next(source, _END)
            except Exception:
                self._broken(Failure())
                return None
            return self._take(element)
        asked: Deferred[Any] = Deferred.fromCoroutine(self._ask())
        return asked

    async def _ask(self) -> None:
        try:
            element = await self._source.__anext__()  # type: ignore[union-attr]
        except StopAsyncIteration:
            element = _END
        waiting = None if self._stopped else self._take(element)
        if waiting is not None:
            await waiting

    def _take(self, element: Any) -> Deferred[Any] | None:
        if element is _END:
            self._over()
            return None
        if isinstance(element, Deferred) or iscoroutine(element):
            if iscoroutine(element):
                element.close()
            self._log.error(
                "A method of {service} is a generator and yields Deferreds: was inlineCallbacks forgotten?",
                service=self._owner.table.owner,
            )
            self._end(StreamError("a stream gave a Deferred"))
            return None
        if isinstance(element, CloseFrame):
            self._over()
            self._owner.closeWith(element)
            return None
        if isinstance(element, Error):
            self._log.error(
                "A stream of {service} gave an error: {error}", service=self._owner.table.owner, error=element
            )
            self._end(element)
            return None
        try:
            sent = self._owner.sendValue(element)
        except Exception:
            self._broken(Failure())
            return None
        return None if sent is WRITTEN else sent

    def _goOn(self, _: Any) -> None:
        self._waiting = None
        if not self._stopped:
            self.start()

    def _failed(self, failure: Failure) -> None:
        self._waiting = None
        if self._stopped or failure.check(ConnectionClosureError) and not self._owner.isOpen:
            self._over()
        else:
            self._broken(failure)

    def _broken(self, failure: Failure) -> None:
        self._log.failure("A stream of {service} failed", failure=failure, service=self._owner.table.owner)
        self._end(failure.value if isinstance(failure.value, Exception) else StreamError("a stream failed"))

    def _end(self, error: Exception) -> None:
        self._over()
        if isgenerator(self._source):
            self._source.close()
        self._owner.wire.fail(1011, FAILED, error)

    def _over(self) -> None:
        self._stopped = True
        self._owner.streamOver(self)
