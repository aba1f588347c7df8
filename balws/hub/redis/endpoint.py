# -*- test-case-name: tests.hub.redis.test_endpoint -*-
"""
The way to one Redis: a socket of this machine, or TCP, then TLS, then the proof of who is
there; nothing is said before.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.config.hub import HubConfiguration
from balws.errors import SslError
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.problem import tooLate
from balws.hub.redis.sentinel import SentinelEndpoint
from balws.tls.client import TlsClient
from balws.tls.context import reasonOf
from balws.tls.single import Single

__all__ = ["HostEndpoint", "endpointFor"]


def endpointFor(address: RedisAddress, config: HubConfiguration, reactor: Any) -> IStreamClientEndpoint:
    """
    @return: which connects to Redis, or to the master that the sentinels name at the time.
    @raise ConfigurationError: when a file of C{secureSocket} cannot be used.
    """
    if address.path:
        return UNIXClientEndpoint(reactor, address.path, timeout=config.timeout)

    def to(host: str, port: int) -> HostEndpoint:
        return HostEndpoint(reactor, host, port, address.secure, config)

    hosts = [to(host, port) for host, port in address.hosts]
    return SentinelEndpoint(reactor, hosts, address, config, to) if address.master else hosts[0]


@implementer(IStreamClientEndpoint)
class HostEndpoint:
    """
    Connects to one host.

    @ivar host: a name or an IP address.
    @ivar port: of TCP.
    """

    def __init__(self, reactor: Any, host: str, port: int, secure: bool, config: HubConfiguration) -> None:
        """
        @param secure: whether TLS is spoken.
        @raise ConfigurationError: when a file of C{secureSocket} cannot be used.
        """
        self.host = host
        self.port = port
        self._reactor = reactor
        self._secure = secure
        self._config = config
        self._tls()

    def _tls(self) -> TlsClient | None:
        return TlsClient(self.host, self._config.secureSocket, self._reactor, self.port) if self._secure else None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.  Name, TCP and TLS together may take C{timeout} seconds.
        """
        tls = self._tls()
        endpoint: Any = HostnameEndpoint(self._reactor, self.host, self.port, timeout=self._config.timeout)
        if tls is not None:
            endpoint = wrapClientTLS(tls, endpoint, clock=self._reactor)
        threshold = Threshold(protocolFactory, tls)
        connecting: Deferred[Any] = endpoint.connect(Single(threshold, lambda: threshold.ready.called))
        connecting.addCallback(lambda _: threshold.ready)
        return connecting.addTimeout(self._config.timeout, self._reactor, tooLate)


@implementer(IHandshakeListener)
class Threshold(Protocol):
    """
    Stands before the real protocol until it is known who is there.

    @ivar ready: fires with that protocol; fails with L{SslError}, or as the connection was lost.
    """

    def __init__(self, factory: IProtocolFactory, tls: TlsClient | None) -> None:
        """
        @param tls: L{None} without TLS.
        """
        self._factory = factory
        self._tls = tls
        self._checking: Deferred[None] | None = None
        self._early: list[bytes] = []
        self.ready: Deferred[Any] = Deferred(lambda _: self._refuse(CancelledError()))

    def connectionMade(self) -> None:
        """
        Without TLS, whoever is there is believed.
        """
        if self._tls is None:
            self._enter()

    def handshakeCompleted(self) -> None:
        """
        TLS is there: go on when it is with whom it should be.
        """
        if self._tls is None or self.ready.called:
            return
        transport: Any = self.transport
        try:
            self._tls.verify(transport.getHandle())
        except SslError as problem:
            self._refuse(problem)
            return
        checking = self._tls.check(transport.getHandle())
        if checking is None:
            self._enter()
        else:
            transport.pauseProducing()
            self._checking = checking
            checking.addCallbacks(self._checked, self._unchecked)

    def _checked(self, _: None) -> None:
        self._checking = None
        if not self.ready.called:
            # First, for what this brings at once comes behind what is here.
            transport: Any = self.transport
            transport.resumeProducing()
            self._enter()

    def _unchecked(self, failure: Any) -> None:
        self._checking = None
        if not self.ready.called:
            self._refuse(failure.value)

    def dataReceived(self, data: bytes) -> None:
        """
        What came with the end of the handshake, one read at the most: nothing is read while
        the certificate is checked.
        """
        self._early.append(data)

    def _enter(self) -> None:
        transport: Any = self.transport
        protocol: Any = self._factory.buildProtocol(transport.getPeer())
        if protocol is None:
            self._refuse(CancelledError())
            return
        if self._tls is None:
            transport.protocol = protocol
        else:
            transport.wrappedProtocol = protocol
        protocol.makeConnection(transport)
        if self._early:
            protocol.dataReceived(b"".join(self._early))
            self._early.clear()
        self.ready.callback(protocol)

    def _refuse(self, problem: BaseException) -> None:
        self.ready.errback(problem)
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It was lost before.
        """
        if self.ready.called:
            return
        problem: Any = reason.value
        if self._tls is not None and self._tls.problem is not None:
            problem = SslError(self._tls.problem)
        elif isinstance(problem, SSL.Error):
            problem = SslError(reasonOf(problem))
        self.ready.errback(problem)
        if self._checking is not None:
            self._checking.cancel()
