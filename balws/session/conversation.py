# -*- test-case-name: tests.session.test_connection -*-
"""
What every conversation can do, whoever takes its messages: write, close, answer
control frames.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.auth.login import Login
from balws.closing import CloseFrame
from balws.errors import ConnectionClosureError, Error
from balws.hub.message import Message
from balws.interfaces import IMember
from balws.session.answers import Answers
from balws.session.asides import Asides
from balws.session.caller import Caller, RequestSnapshot
from balws.session.closinghandshake import LONGEST, ClosingHandshake, refusal
from balws.session.expiry import Expiry
from balws.session.methods import MethodTable
from balws.session.streams import Stream
from balws.session.terms import Terms
from balws.wire.protocol import Wire
from balws.wire.written import refused

#: What the peer is told when a method fails; the traceback is in the log (decision 6).
UNEXPECTED = "Unexpected condition"


@implementer(IMember)
class Conversation(Asides, Answers, Expiry):
    """
    @ivar service: whose methods are called.
    @ivar isOpen: whether messages can be written.
    @ivar address: of the peer; empty where it is no matter.
    @ivar login: how the peer got in; L{None} where nobody asked.
    @ivar dropping: whether messages of the peer are thrown away: we are closing.
    """

    _log = Logger(namespace="balws.session")

    wire: Wire
    isOpen = False
    dropping = False
    principal: Any = None
    address = ""
    login: Login | None = None
    request: RequestSnapshot | None = None
    subProtocol: str | None = None
    _streams: set[Stream] | None = None
    _closing: ClosingHandshake | None = None

    def __init__(self, service: Any, table: MethodTable, terms: Terms) -> None:
        self.service = service
        self.table = table
        self.terms = terms
        self.idleTimeout = terms.config.idleTimeout if "onIdleTimeout" in table.fixed else 0
        self.caller = Caller(self)

    @property
    def logFields(self) -> dict[str, Any]:
        """
        What events of the log say of it: the same id as C{caller.getConnectionId()}, its path, and from
        where it comes.
        """
        return {
            "connection": self.caller.getConnectionId(),
            "path": self.terms.audience.path,
            "address": self.address,
        }

    @property
    def waiting(self) -> int:
        """
        How many messages of the peer wait for a method.
        """
        return 0

    @property
    def wantsPing(self) -> bool:
        """
        See L{balws.interfaces.ISession}.
        """
        return self.table.wantsPing

    @property
    def wantsPong(self) -> bool:
        """
        See L{balws.interfaces.ISession}.
        """
        return self.table.wantsPong

    @property
    def isSecure(self) -> bool:
        """
        Whether TLS protects the transport.
        """
        return self.wire.isSecure

    # From the wire

    def opened(self, wire: Wire) -> None:
        """
        See L{balws.interfaces.ISession}.
        """
        self.wire = wire
        self.isOpen = True
        self.terms.hub.join(self.terms.audience, self)
        if self.idleTimeout:
            self._touch()
            self._watchIdleness(self.idleTimeout)
        if self.login is not None:
            self._watchExpiry()

    def closing(self, byPeer: bool) -> None:
        """
        See L{balws.interfaces.ISession}.  What is pushed from here on is not for this
        connection any more, also where C{onError} comes before the end (table A1.5).
        """
        self.isOpen = False
        self.terms.hub.leave(self.terms.audience, self)
        self._endStreams()
        if not byPeer:
            self.dropping = True

    def closeAnswered(self, code: int) -> None:
        """
        See L{balws.interfaces.ISession}.
        """
        if self._closing is not None:
            self._closing.answered(code)
            self._closing = None

    def ended(self, code: int, reason: str) -> None:
        """
        See L{balws.interfaces.ISession}.
        """
        if self.isOpen:
            self.isOpen = False
            self.terms.hub.leave(self.terms.audience, self)
        self._endStreams()
        if self._closing is not None:
            self._closing.lost()
            self._closing = None
        if self.login is not None:
            self.login.end()

    # Ends

    def _raised(self, failure: Failure) -> None:
        """
        A method failed: the log gets the traceback, the peer 1011 and a fixed text, the
        service its C{onError}; other connections notice nothing (decision 6).
        """
        if self.hasLeft(failure):
            return
        self._log.failure("A method of {service} failed", failure=failure, service=self.table.owner, **self.logFields)
        error = failure.value
        self.wire.fail(1011, UNEXPECTED, error if isinstance(error, Exception) else Error("a method was ended"))

    def hasLeft(self, failure: Failure) -> bool:
        """
        @return: whether this is no fault: the peer left while somebody was writing to it.
        """
        return bool(failure.check(ConnectionClosureError)) and (not self.isOpen or self.wire.deaf)

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
        self._log.error("Failed to send close frame. {problem}", problem=problem, **self.logFields)
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
        A broadcast: see L{IMember}.
        """
        if self.idleTimeout:
            self._touch()
        self.wire.deliver(message)

    def write(self, message: Message) -> Deferred[None]:
        """
        See L{IMember}.
        """
        if message.isBinary:
            return self.sendBinary(message.payload)
        return self.sendText(message.payload.decode())

    def dismiss(self) -> None:
        """
        See L{IMember}.
        """
        if self.isOpen:
            self.close(1000, "Normal closure", None).addErrback(lambda failure: failure.trap(Error) and None)
