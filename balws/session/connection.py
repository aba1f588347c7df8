# -*- test-case-name: tests.session.test_connection -*-
"""
One conversation: the order of a service's methods.

C{onOpen} comes before the first message.  One message is dispatched at a time, the
next when the method's Deferred has fired and its answer is written; control frames
and streams do not wait for it.  Every opened connection ends with exactly one of
C{onClose} and C{onError} (ruling 3).
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.errors import ConnectionClosureError
from balws.interfaces import IServedSession, Service
from balws.session.conversation import Conversation
from balws.session.coroutines import begin
from balws.session.methods import MethodTable
from balws.session.queue import Pending
from balws.session.terms import Terms
from balws.wire.protocol import Wire
from balws.wire.written import WRITTEN


@implementer(IServedSession)
class Connection(Conversation):
    """
    @ivar ready: whether a message may be dispatched at once: the conversation is open,
        no method runs and no message waits.
    @ivar running: whether a method's result is awaited.
    """

    ready = False
    running = True
    _pending: Pending | None = None
    _terminal: tuple[int, str] | Exception | None = None
    _terminated = False
    _pumping = False
    _over = False
    _unfinished: Deferred[None] | None = None
    _drained: Callable[[], object] | None = None

    def __init__(self, service: Service, table: MethodTable, terms: Terms) -> None:
        super().__init__(service, table, terms)
        self._text, self._binary = table.dispatches(service)

    # From the wire.  textReceived and binaryReceived are the same but for their types: what they
    # had in common would be one more call for each message.

    def opened(self, wire: Wire) -> None:
        super().opened(wire)
        self._run("onOpen", {}, self._answer)
        if not self.running:
            self._pump()

    def textReceived(self, text: str) -> None:
        if not self.ready:
            self._wait(text)
            return
        if self.idleTimeout:
            self._touch()
        try:
            result = self._text(self.service, self.caller, text)
        except Exception:
            self._raised(Failure())
            return
        if result is None or result is WRITTEN:
            return
        if type(result) is str:  # the usual answer, which nearly always is written at once
            result = self.sendText(result)
            if result is WRITTEN:
                return
        self.ready = False
        self._settle(result)

    def binaryReceived(self, data: bytes) -> None:
        if not self.ready:
            self._wait(data)
            return
        if self.idleTimeout:
            self._touch()
        try:
            result = self._binary(self.service, self.caller, data)
        except Exception:
            self._raised(Failure())
            return
        if result is None or result is WRITTEN:
            return
        if type(result) is bytes:  # the usual answer, which nearly always is written at once
            result = self.sendBinary(result)
            if result is WRITTEN:
                return
        self.ready = False
        self._settle(result)

    def closing(self, byPeer: bool) -> None:
        super().closing(byPeer)
        if not byPeer:
            self.ready = False
            if self._pending is not None:
                self._pending.clear()

    def failed(self, error: Exception) -> None:
        self._terminal = error
        self._terminate()

    def ended(self, code: int, reason: str) -> None:
        self.ready = False
        self._drained = None
        super().ended(code, reason)
        if self._terminal is None:
            self._terminal = (code, reason)
        self._terminate()

    def unfinished(self) -> Deferred[None] | None:
        if not self._over:
            self._unfinished = Deferred()
        return self._unfinished

    def drain(self, done: Callable[[], object]) -> None:
        self.ready = False
        self.dropping = True
        if self._pending is not None:
            self._pending.clear()
        if self.running or self._pumping:
            self._drained = done
        else:
            done()

    # Order

    @property
    def waiting(self) -> int:
        return 0 if self._pending is None else len(self._pending)

    def _wait(self, message: str | bytes) -> None:
        if self.dropping:
            return
        if self.idleTimeout:
            self._touch()
        if self._pending is None:
            self._pending = Pending(self.terms.config.maxPendingMessages)
        self._pending.put(message)
        if self._pending.full:
            self.wire.pauseReading()

    def _settle(self, result: Any) -> None:
        """
        A message was dispatched and gave something: answer, and then go on.
        """
        self.running = True
        self._answer(result)
        if not self.running:
            self._pump()

    def _answer(self, result: Any) -> None:
        """
        Do what a method's result asks for.  C{running} is true until that is done.
        """
        if isinstance(result, Deferred):
            result.addCallbacks(self._later, self._laterRaised)
        elif iscoroutine(result):
            self._answer(begin(result))
        else:
            try:
                sent = self.send(result)
            except Exception:
                self._raised(Failure())
                self.running = False
                return
            if sent is WRITTEN:
                self.running = False
            else:
                sent.addCallbacks(self._sent, self._laterRaised)

    def _later(self, result: Any) -> None:
        self._answer(result)
        self._resume()

    def _laterRaised(self, failure: Failure) -> None:
        self.running = False
        self._raised(failure)
        self._resume()

    def _sent(self, _: None) -> None:
        self.running = False
        self._resume()

    def _resume(self) -> None:
        if not self.running and not self._pumping:
            self._pump()

    def _pump(self) -> None:
        """
        Dispatch what waits, until a method keeps us waiting.
        """
        pending = self._pending
        if pending:
            self._pumping = True
            while pending and not self.running:
                message = pending.take()
                self.running = True
                try:
                    dispatch = self._text if isinstance(message, str) else self._binary
                    result = dispatch(self.service, self.caller, message)
                except Exception:
                    self.running = False
                    self._raised(Failure())
                    continue
                self._answer(result)
            self._pumping = False
        if self.running:
            return
        if self._terminal is not None:
            self._terminate()
        elif self._drained is not None:
            drained, self._drained = self._drained, None
            drained()
        elif self.isOpen:
            self.ready = True
            self.wire.resumeReading()

    def _run(self, name: str, given: dict[str, Any], then: Any) -> None:
        """
        Call a fixed method in its turn; C{running} is true until it is done.
        """
        method = self.table.fixed.get(name)
        if method is None:
            self.running = False
            return
        self.running = True
        try:
            result = method.call(self.service, {"caller": self.caller, **given})
        except Exception:
            self.running = False
            self._raised(Failure())
            return
        then(result)

    # Ends

    def _terminate(self) -> None:
        """
        The last call, when the method that runs and the messages that wait are done.
        """
        if self._terminated or self.running or self._pumping:
            return
        self._terminated = True
        self.ready = False
        terminal = self._terminal
        assert terminal is not None
        if isinstance(terminal, Exception):
            self._last("onError", {"error": terminal})
        else:
            self._last("onClose", {"statusCode": terminal[0], "reason": terminal[1]})

    def _last(self, name: str, given: dict[str, Any]) -> None:
        method = self.table.fixed.get(name)
        result = None
        if method is not None:
            try:
                result = method.call(self.service, {"caller": self.caller, **given})
            except Exception:
                self._lastRaised(Failure())
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred) and result is not WRITTEN:
            result.addErrback(self._lastRaised).addCallback(self._lastEnded)
        else:
            self._lastEnded(None)

    def _lastEnded(self, _: object) -> None:
        self._over = True
        if self._unfinished is not None:
            unfinished, self._unfinished = self._unfinished, None
            unfinished.callback(None)

    def _lastRaised(self, failure: Failure) -> None:
        if not failure.check(ConnectionClosureError):
            self._log.failure(
                "A method of {service} failed", failure=failure, service=self.table.owner, **self.logFields
            )
