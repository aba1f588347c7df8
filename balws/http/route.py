# -*- test-case-name: tests.http.test_question -*-
"""
The way to a back end: TCP, then TLS, then the proof of who is there; only then HTTP.
"""

from __future__ import annotations

from typing import Any, NoReturn

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import TimeoutError as TooLate
from twisted.internet.interfaces import IHandshakeListener, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.errors import SslError
from balws.tls.client import TlsClient
from balws.tls.context import reasonOf
from balws.tls.single import Single

__all__ = ["MAX_HEAD", "Route", "TooLong"]

#: So many bytes of an answer may be something else than its body: the head, interim answers, the sizes of chunks.
MAX_HEAD = 65536


class TooLong(Exception):
    """
    A back end sends more than anybody asked for.
    """


@implementer(IHandshakeListener)
class _Line(Protocol):
    """
    One connection; stands before the protocol that speaks HTTP.

    @ivar ready: fires with that protocol when the peer is known.
    """

    def __init__(self, factory: IProtocolFactory, tls: TlsClient | None, limit: int) -> None:
        """
        @param factory: of an L{twisted.web.client.HTTPConnectionPool}.
        @param limit: the most bytes that may come before the connection is idle again.
        """
        self._factory = factory
        self._http: Any = None
        self._tls = tls
        self._limit = self._left = limit
        self._isOpen = False
        self.ready: Deferred[Any] = Deferred(lambda _: self._refuse(CancelledError()))

    def connectionMade(self) -> None:
        """
        Without TLS, this machine is who is there.
        """
        if self._tls is None:
            self._open()

    def handshakeCompleted(self) -> None:
        """
        TLS is there: go on when it is with whom it should be.
        """
        if self._tls is not None and not self.ready.called:
            transport: Any = self.transport
            try:
                self._tls.verify(transport.getHandle())
            except SslError as problem:
                self._refuse(problem)
            else:
                self._open()

    def _open(self) -> None:
        transport: Any = self.transport
        self._isOpen = True
        self._http = self._factory.buildProtocol(transport.getPeer())
        self._http.makeConnection(transport)
        self.ready.callback(self._http)

    def _refuse(self, problem: Exception) -> None:
        self.ready.errback(problem)
        self._abort()

    def _abort(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """
        A part of an answer.
        """
        self._left -= len(data)
        if self._left < 0:
            self._end(Failure(TooLong()))
            self._abort()
        elif self._isOpen:
            self._http.dataReceived(data)
            if self._http.state == "QUIESCENT":
                self._left = self._limit

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is over.
        """
        if not self.ready.called:
            self.ready.errback(self._explain(reason))
        self._end(reason)

    def _explain(self, reason: Failure) -> BaseException:
        """
        @return: what was wrong with the certificate, else what OpenSSL says, else what happened.
        """
        problem: Any = reason.value
        if self._tls is not None and self._tls.problem is not None:
            return SslError(self._tls.problem)
        return SslError(reasonOf(problem)) if isinstance(problem, SSL.Error) else problem

    def _end(self, reason: Failure) -> None:
        if self._isOpen:
            self._isOpen = False
            self._http.connectionLost(reason)


@implementer(IStreamClientEndpoint)
class Route:
    """
    Connects to one host, within one time, and gives the protocol that speaks HTTP nothing
    before it is known who is there.
    """

    def __init__(self, reactor: Any, host: str, port: int, tls: TlsClient | None, timeout: float, limit: int) -> None:
        """
        @param tls: L{None} without TLS.
        @param timeout: seconds for names, TCP and TLS together.
        @param limit: bytes of the longest answer, with its head.
        """
        self._reactor = reactor
        self._tls = tls
        self._timeout = timeout
        self._limit = limit
        endpoint: Any = HostnameEndpoint(reactor, host, port, timeout=timeout)
        self._endpoint = endpoint if tls is None else wrapClientTLS(tls, endpoint, clock=reactor)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.
        """
        if self._tls is not None:
            self._tls.problem = None
        line = _Line(protocolFactory, self._tls, self._limit)
        connecting: Deferred[Any] = self._endpoint.connect(Single(line, lambda: line.ready.called))
        connecting.addCallback(lambda _: line.ready)
        return connecting.addTimeout(self._timeout, self._reactor, _tooLate)


def _tooLate(_: Any, seconds: float) -> NoReturn:
    raise TooLate
