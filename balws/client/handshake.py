# -*- test-case-name: tests.client.test_handshake -*-
"""
The opening handshake on one transport, with h11 to read the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import h11
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IReactorTime, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.client.response import HttpResponse, refused
from balws.errors import ConnectionError, Error, HandshakeTimedOut, InvalidHandshakeError, SslError
from balws.tls.client import TlsClient
from balws.tls.context import reasonOf

#: The head of an answer, and all the interim answers before it, may be this long (bytes).
MAX_HEAD = 16384
MAX_INTERIM = 65536

#: So much of a refusal's body is kept (bytes) and so long it may take (seconds).
MAX_BODY = 65536
BODY_TIME = 5.0


@implementer(IHandshakeListener)
class Handshake(Protocol):
    """
    Sends the request, reads the answer.  Keeps no more of what the server sends than
    the bounds above.
    """

    def __init__(
        self,
        clock: IReactorTime,
        target: bytes,
        fields: list[tuple[bytes, bytes]],
        accept: Callable[[Any, HttpResponse, bytes], Any],
        tls: TlsClient | None = None,
        secure: bool = False,
    ) -> None:
        """
        @param tls: who verifies the peer before a byte of HTTP leaves; L{None} for plain
            connections, and for endpoints that see to that by themselves.
        @param secure: whether nothing may be sent without TLS.
        @param accept: called with the transport, an answer 101, and the bytes that came
            after it; takes the transport over and returns what C{done} fires with, or
            raises L{Error}.
        """
        self._clock = clock
        self._request = (target, fields)
        self._accept = accept
        self._tls = tls
        self._secure = secure
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._size = 0
        self._response: HttpResponse | None = None
        self._body = b""
        self._call: IDelayedCall | None = None
        self._checking: Deferred[None] | None = None
        self.done: Deferred[Any] = Deferred(lambda _: self._fail(CancelledError()))

    def connectionMade(self) -> None:
        """
        Ask, where nobody is to be verified first.
        """
        if self._secure and not ISSLTransport.providedBy(self.transport):
            self._fail(SslError("a wss URL needs an endpoint with TLS, such as wrapClientTLS makes"))
        elif self._tls is None:
            self._ask()
        elif self._tls.handshakeTimeout:
            self._call = self._clock.callLater(self._tls.handshakeTimeout, self._tlsTooLate)

    def _tlsTooLate(self) -> None:
        self._call = None
        self._fail(HandshakeTimedOut("TLS handshake timed out"))

    def handshakeCompleted(self) -> None:
        """
        TLS is there: ask, when it is with whom it should be.
        """
        if self._tls is None or self.done.called:
            return
        transport: Any = self.transport
        connection = transport.getHandle()
        try:
            self._tls.verify(connection)
        except SslError as problem:
            self._fail(problem)
            return
        checking = self._tls.check(connection)
        if checking is None:
            self._verified(None)
        else:  # nobody waits long for it: it has a time of its own
            self._checking = checking
            checking.addCallbacks(self._verified, self._notVerified)

    def _verified(self, _: None) -> None:
        self._checking = None
        if self.done.called:
            return
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._ask()

    def _notVerified(self, failure: Failure) -> None:
        self._checking = None
        if not self.done.called:
            problem = failure.value
            self._fail(problem if isinstance(problem, SslError) else SslError("the certificate could not be checked"))

    def _ask(self) -> None:
        target, fields = self._request
        head = self._http.send(h11.Request(method=b"GET", target=target, headers=fields))
        self._http.send(h11.EndOfMessage())
        transport: Any = self.transport
        transport.write(head)

    def dataReceived(self, data: bytes) -> None:
        """
        A part of the answer.
        """
        self._size += len(data)
        self._http.receive_data(data)
        self._read()

    def _read(self) -> None:
        try:
            while not self.done.called:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                self._take(event)
        except h11.RemoteProtocolError as problem:
            if self._response is None:
                self._fail(InvalidHandshakeError(f"Invalid handshake response: it is not HTTP ({str(problem)[:100]})"))
            else:  # a refusal whose body is broken is one
                self._enough()

    def _take(self, event: Any) -> None:
        if isinstance(event, h11.InformationalResponse):
            if event.status_code == 101:
                if event.http_version != b"1.1":
                    raise h11.RemoteProtocolError("101 is of HTTP/1.1")
                self._accepted(event)
            elif self._size > MAX_INTERIM:
                self._fail(InvalidHandshakeError("Invalid handshake response: interim answers without end"))
        elif isinstance(event, h11.Response):
            self._response = _responseOf(event)
            self._call = self._clock.callLater(BODY_TIME, self._enough)
        elif self._response is not None:
            if isinstance(event, h11.Data):
                self._body += bytes(event.data)
            if not isinstance(event, h11.Data) or len(self._body) >= MAX_BODY:
                self._enough()

    def _accepted(self, event: h11.InformationalResponse) -> None:
        rest, _ = self._http.trailing_data
        try:
            result = self._accept(self.transport, _responseOf(event), rest)
        except Error as problem:
            self._fail(problem)
        else:
            self.transport = None  # it has another owner
            self._finish(result)

    def refusal(self) -> InvalidHandshakeError | None:
        """
        @return: the server's no, with what there is of its body, or L{None}.
        """
        if self._response is None:
            return None
        return refused(attrs.evolve(self._response, body=self._body[:MAX_BODY]))

    def _enough(self) -> None:
        self._fail(self.refusal() or ConnectionError("IO Error: the server closed the connection before it answered"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The end of a body without a length, or of everything.
        """
        if self.done.called:
            self._finish(None)
        elif isinstance(reason.value, (SSL.Error, VerificationError)):
            problem = None if self._tls is None else self._tls.problem
            self._fail(SslError(f"the TLS handshake failed: {problem or _tlsReason(reason.value)}"))
        elif self._response is not None or reason.check(ConnectionDone):
            self._enough()
        else:
            self._fail(ConnectionError(f"IO Error: {reason.getErrorMessage()}"))

    def giveUp(self) -> None:
        """
        Whatever comes now, nobody waits for it.
        """
        if not self.done.called:
            self.done.addErrback(lambda _: None)
            self.done.cancel()

    def _fail(self, problem: Exception) -> None:
        self._finish(Failure(problem))
        self._drop()

    def _finish(self, result: Any) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        if not self.done.called:
            self.done.callback(result)
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()

    def _drop(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


def _responseOf(event: h11.Response | h11.InformationalResponse) -> HttpResponse:
    return HttpResponse.of(event.status_code, bytes(event.reason), event.headers)


def _tlsReason(problem: Exception) -> str:
    """
    @return: OpenSSL's words; or that the check of an endpoint's own TLS, such as
        C{optionsForClientTLS} makes, has failed.
    """
    return "the certificate is for another host" if isinstance(problem, VerificationError) else reasonOf(problem)
