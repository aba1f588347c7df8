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

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.closing import CloseFrame
from balws.errors import Error, StreamError
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
        self._sending = False
        self._stopped = False

    def start(self) -> None:
        """
        Send elements until one keeps us waiting, or until there were enough for one turn
        of the reactor.
        """
        self._sending = True
        for _ in range(_BURST):
            if self._stopped or self._waiting is not None:
                break
            self._next()
        else:
            self._owner.terms.clock.callLater(0, self._goOn)
        self._sending = False

    def stop(self) -> None:
        """
        The connection is closing: no further element is asked for.
        """
        waiting, self._waiting = self._waiting, None
        self._over()
        if waiting is not None:
            waiting.cancel()
        self._closeSource()

    def _next(self) -> None:
        """
        Send one element; C{_waiting} is there while that takes time.
        """
        source = self._source
        if not isgenerator(source):
            self._wait(Deferred.fromCoroutine(self._ask()))
            return
        try:
            element = next(source, _END)
        except Exception:
            self._failed(Failure())
            return
        if self._stopped:
            self._closeSource()  # It closed its own connection.
            return
        sent = self._take(element)
        if sent is not None:
            self._wait(sent)

    async def _ask(self) -> None:
        try:
            element = await self._source.__anext__()  # type: ignore[union-attr]
        except StopAsyncIteration:
            element = _END
        if self._stopped:
            await self._source.aclose()  # type: ignore[union-attr]
            return
        sent = self._take(element)
        if sent is not None:
            await sent

    def _take(self, element: Any) -> Deferred[None] | None:
        """
        @return: what to wait for, or L{None}.
        """
        if element is _END:
            self._over()
        elif isinstance(element, Deferred) or iscoroutine(element):
            if iscoroutine(element):
                element.close()
            self._log.error(
                "A method of {service} is a generator and yields Deferreds: was inlineCallbacks forgotten?",
                service=self._owner.table.owner,
            )
            self._fail(StreamError("a stream gave a Deferred"))
        elif isinstance(element, CloseFrame):
            self._over()
            self._closeSource()
            self._owner.closeWith(element)
        elif isinstance(element, Error):
            self._log.error(
                "A stream of {service} gave an error: {error}", service=self._owner.table.owner, error=element
            )
            self._fail(element)
        elif element is not None:
            try:
                sent = self._owner.sendValue(element)
            except Exception:
                self._broken(Failure())
            else:
                return None if sent is WRITTEN else sent
        return None

    # Waiting

    def _wait(self, sent: Deferred[Any]) -> None:
        self._waiting = sent
        sent.addCallbacks(self._arrived, self._failed)

    def _arrived(self, _: None) -> None:
        self._waiting = None
        if not self._sending:
            self._goOn()

    def _goOn(self) -> None:
        if not self._stopped:
            self.start()

    def _failed(self, failure: Failure) -> None:
        self._waiting = None
        if self._stopped:
            self._closeFailed(failure)
        elif self._owner.hasLeft(failure):
            self._over()
            self._closeSource()
        else:
            self._broken(failure)

    # Ends

    def _broken(self, failure: Failure) -> None:
        self._log.failure("A stream of {service} failed", failure=failure, service=self._owner.table.owner)
        self._fail(failure.value if isinstance(failure.value, Exception) else StreamError("a stream failed"))

    def _fail(self, error: Exception) -> None:
        self._over()
        self._closeSource()
        self._owner.wire.fail(1011, FAILED, error)

    def _over(self) -> None:
        self._stopped = True
        self._owner.streamOver(self)

    def _closeSource(self) -> None:
        """
        Let the generator's C{finally} run; where it runs itself at this moment, that is
        done when it gives its next element.
        """
        source = self._source
        if isgenerator(source):
            if not source.gi_running:
                try:
                    source.close()
                except Exception:
                    self._closeFailed(Failure())
        elif not source.ag_running:  # type: ignore[union-attr]
            Deferred.fromCoroutine(source.aclose()).addErrback(self._closeFailed)  # type: ignore[union-attr]

    def _closeFailed(self, failure: Failure) -> None:
        if not failure.check(CancelledError) and not self._owner.hasLeft(failure):
            self._log.failure("A stream of {service} failed to end", failure=failure, service=self._owner.table.owner)
