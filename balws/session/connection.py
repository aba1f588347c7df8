# -*- test-case-name: tests.session.test_connection -*-
"""
One conversation: the order of a service's methods.

C{onOpen} comes before the first message.  One message is dispatched at a time, the
next when the method's Deferred has fired and its answer is written; control frames
and streams do not wait for it.  Every opened connection ends with exactly one of
C{onClose} and C{onError} (ruling 3).
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.closing import CloseFrame
from balws.errors import ConnectionClosureError, Error
from balws.hub.message import Message
from balws.interfaces import IMember, ISession, Service
from balws.session.answers import Answers
from balws.session.asides import Asides
from balws.session.caller import Caller, RequestSnapshot
from balws.session.closinghandshake import LONGEST, ClosingHandshake, refusal
from balws.session.dispatch import binaryDispatch, textDispatch
from balws.session.methods import MethodTable
from balws.session.queue import Pending
from balws.session.streams import Stream
from balws.session.terms import Terms
from balws.wire.protocol import Wire
from balws.wire.written import WRITTEN, refused

#: What the peer is told when a method fails; the traceback is in the log (decision 6).
UNEXPECTED = "Unexpected condition"


@implementer(ISession, IMember)
class Connection(Asides, Answers):
    """
    @ivar isOpen: whether messages can be written.
    @ivar ready: whether a message may be dispatched at once: the conversation is open,
        no method runs and no message waits.
    @ivar running: whether a method's result is awaited.
    @ivar dropping: whether messages of the peer are thrown away: we are closing.
    """

    _log = Logger(namespace="balws.session")

    isOpen = False
    ready = False
    running = True
    dropping = False
    principal: Any = None
    request: RequestSnapshot | None = None
    subProtocol: str | None = None
    _pending: Pending | None = None
    _streams: set[Stream] | None = None
    _closing: ClosingHandshake | None = None
    _terminal: tuple[int, str] | Exception | None = None
    _terminated = False
    _pumping = False

    def __init__(self, service: Service, table: MethodTable, terms: Terms) -> None:
        self.service = service
        self.table = table
        self.terms = terms
        self.wantsPing = "onPing" in table.fixed
        self.wantsPong = "onPong" in table.fixed
        self.idleTimeout = terms.config.idleTimeout if "onIdleTimeout" in table.fixed else 0
        self.caller = caller = Caller(self)
        self._text = textDispatch(table, service, caller)
        self._binary = binaryDispatch(table, service, caller)

    @property
    def isSecure(self) -> bool:
        """
        Whether TLS protects the transport.
        """
        return self.wire.isSecure

    # From the wire

    def opened(self, wire: Wire) -> None:
        self.wire = wire
        self.isOpen = True
        self.terms.hub.join(self.terms.audience, self)
        if self.idleTimeout:
            self._touch()
            self._watchIdleness(self.idleTimeout)
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
            result = self._text(text)
        except Exception:
            self._raised(Failure())
            return
        if result is not None and result is not WRITTEN:
            self.ready = False
            self._settle(result)

    def binaryReceived(self, data: bytes) -> None:
        if not self.ready:
            self._wait(data)
            return
        if self.idleTimeout:
            self._touch()
        try:
            result = self._binary(data)
        except Exception:
            self._raised(Failure())
            return
        if result is not None and result is not WRITTEN:
            self.ready = False
            self._settle(result)

    def closing(self, byPeer: bool) -> None:
        self.isOpen = False
        self._endStreams()
        if not byPeer:
            self.dropping = True
            self.ready = False
            if self._pending is not None:
                self._pending.clear()

    def closeAnswered(self, code: int) -> None:
        if self._closing is not None:
            self._closing.answered(code)
            self._closing = None

    def failed(self, error: Exception) -> None:
        self._terminal = error
        self._terminate()

    def ended(self, code: int, reason: str) -> None:
        self.isOpen = self.ready = False
        self.terms.hub.leave(self.terms.audience, self)
        self._endStreams()
        if self._closing is not None:
            self._closing.lost()
            self._closing = None
        if self._terminal is None:
            self._terminal = (code, reason)
        self._terminate()

    # Order

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
            Deferred.fromCoroutine(result).addCallbacks(self._later, self._laterRaised)
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
                    result = self._text(message) if isinstance(message, str) else self._binary(message)
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

    def _raised(self, failure: Failure) -> None:
        """
        A method failed: the log gets the traceback, the peer 1011 and a fixed text, the
        service its C{onError}; other connections notice nothing (decision 6).
        """
        if self.hasLeft(failure):
            return
        self._log.failure("A method of {service} failed", failure=failure, service=self.table.owner)
        error = failure.value
        self.wire.fail(1011, UNEXPECTED, error if isinstance(error, Exception) else Error("a method was ended"))

    def hasLeft(self, failure: Failure) -> bool:
        """
        @return: whether this is no fault: the peer left while somebody was writing to it.
        """
        return bool(failure.check(ConnectionClosureError)) and (not self.isOpen or self.wire.deaf)

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
        if method is None:
            return
        try:
            result = method.call(self.service, {"caller": self.caller, **given})
        except Exception:
            self._lastRaised(Failure())
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred) and result is not WRITTEN:
            result.addErrback(self._lastRaised)

    def _lastRaised(self, failure: Failure) -> None:
        if not failure.check(ConnectionClosureError):
            self._log.failure("A method of {service} failed", failure=failure, service=self.table.owner)

    def close(self, statusCode: int | None, reason: str | None, timeout: float | None) -> Deferred[None]:
        """
        See L{Caller.close}.
        """
        code = 1000 if statusCode is None else statusCode
        words = "" if reason is None else reason
        seconds = min(self.terms.config.connectionClosureTimeout, LONGEST) if timeout is None else timeout
        error = refusal(code, words, seconds)
        if error is not None:
            return fail(error)
        if not self.isOpen:
            return refused(ConnectionClosureError("Close frame already sent. Cannot close again!"))
        # Known before the frame is sent: the peer's may be among what was read and waits.
        self._closing = ClosingHandshake(self.wire, self.terms.clock, code, seconds)
        return self._closing.begin(words)

    def closeWith(self, frame: CloseFrame) -> None:
        """
        A method returned a close frame (table B7).
        """
        if not self.isOpen:
            return
        error = refusal(frame.status, "" if frame.reason is None else frame.reason, 0)
        if error is None:
            self.close(frame.status, frame.reason, None)
            return
        problem = str(error).removeprefix("Failed to execute close. ")
        self._log.error("Failed to send close frame. {problem}", problem=problem)
        self.closing(byPeer=False)
        self.wire.abort()

    def goAway(self, code: int, reason: str) -> None:
        """
        The listener stops: say so.  Unlike an application it may send 1012.
        """
        if self.isOpen:
            self.wire.sendClose(code, reason.encode())

    # Writing

    def sendText(self, text: str) -> Deferred[None]:
        """
        See L{Caller.writeTextMessage}.
        """
        if self.idleTimeout:
            self._touch()
        return self.wire.sendText(text)

    def sendBinary(self, data: bytes) -> Deferred[None]:
        """
        See L{Caller.writeBinaryMessage}.
        """
        if self.idleTimeout:
            self._touch()
        return self.wire.sendBinary(data)

    def sendControl(self, opcode: int, data: bytes) -> Deferred[None]:
        """
        See L{Caller.ping}.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            return fail(TypeError(f"a ping or pong carries bytes, not {type(data).__name__}"))
        return self.wire.sendControl(opcode, bytes(data))

    def deliver(self, message: Message) -> None:
        """
        A broadcast.
        """
        if self.idleTimeout:
            self._touch()
        self.wire.deliver(message)
