# -*- test-case-name: tests.server.test_proxied -*-
"""
Connections that a proxy brings, and of which it says who made them (the PROXY protocol).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, providedBy

from balws.config.server import TrustedProxy
from balws.errors import ConfigurationError
from balws.server.provenance import Provenance, hostOf
from balws.server.proxyheader import Header, read

#: Seconds that a proxy has for its header.
PATIENCE = 10.0

_log = Logger(namespace="balws.server")


def behindProxy(factory: IProtocolFactory, trusted: Sequence[TrustedProxy], reactor: Any) -> IProtocolFactory:
    """
    Expect a header of the PROXY protocol in front of everything, TLS included.

    @param factory: is asked for a protocol when the header is there, with the address that it
        tells; the transport tells the same.
    @param trusted: who may bring connections; others are dropped before anything is read.
    @raise ConfigurationError: when that is nobody.
    """
    if not trusted:
        raise ConfigurationError(
            "nobody is trusted to speak the PROXY protocol: name the proxies in trustedProxies of [server]",
            "proxyProtocol",
        )
    return Proxies(factory, trusted, reactor)


class Proxies(WrappingFactory["Proxied"]):
    """
    Makes what reads the header.
    """

    noisy = False

    def __init__(self, factory: IProtocolFactory, trusted: Sequence[TrustedProxy], reactor: Any) -> None:
        super().__init__(factory)
        self.reactor = reactor
        self._provenance = Provenance(trusted)

    def buildProtocol(self, addr: IAddress | None) -> Proxied | None:  # type: ignore[override]
        """
        @return: L{None} for who is not trusted: he is dropped.
        """
        return Proxied(self) if self._provenance.trusts(hostOf(addr)) else None

    def stopFactory(self) -> None:
        """
        The port is closed: who has not said yet for whom he comes does not get in.
        """
        for each in list(self.protocols):
            each.turnAway("the listener stops")


class Proxied(ProtocolWrapper):
    """
    One connection: waits for the header, and then stands between the transport and who speaks on
    it, and knows the peer's address.
    """

    wrappedProtocol: Any
    _deadline: IDelayedCall | None = None
    _header: Header | None = None
    _early = b""

    def __init__(self, factory: Proxies) -> None:
        super().__init__(factory, None)  # type: ignore[arg-type]
        self._reactor = factory.reactor

    def makeConnection(self, transport: Any) -> None:
        """
        The proxy has connected.
        """
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        self._deadline = self._reactor.callLater(PATIENCE, self._tooLate)

    def _tooLate(self) -> None:
        self._deadline = None
        self.turnAway("it says nothing")

    def dataReceived(self, data: bytes) -> None:
        """
        The header, or what follows it.
        """
        if self._header is not None:
            self.wrappedProtocol.dataReceived(data)
            return
        self._early += data
        try:
            header = read(self._early)
        except ValueError as problem:
            self.turnAway(str(problem))
            return
        if header is not None:
            rest, self._early = self._early[header.size :], b""
            self._enter(header, rest)

    def _enter(self, header: Header, rest: bytes) -> None:
        self._header = header
        self._stopDeadline()
        protocol = self.factory.wrappedFactory.buildProtocol(self.getPeer())
        if protocol is None:
            self.abortConnection()
            return
        self.wrappedProtocol = protocol
        protocol.makeConnection(self)
        if rest and self.wrappedProtocol is not None:  # it may have left at once
            self.wrappedProtocol.dataReceived(rest)

    def getPeer(self) -> Any:
        """
        @return: who has connected to the proxy, as far as it says.
        """
        header, transport = self._header, self.transport
        assert transport is not None
        return header.source if header is not None and header.source is not None else transport.getPeer()

    def getHost(self) -> Any:
        """
        @return: to which address.
        """
        header, transport = self._header, self.transport
        assert transport is not None
        return header.destination if header is not None and header.destination is not None else transport.getHost()

    def turnAway(self, reason: str) -> None:
        """
        Drop the connection, unless its header has come.

        @param reason: for the log.
        """
        if self._header is None:
            # Debug: a proxy that is set up wrongly makes one for each of its clients.
            _log.debug("No PROXY header of {peer}: {reason}", peer=hostOf(self.getPeer()), reason=reason)
            self._stopDeadline()
            self.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is gone.
        """
        self._stopDeadline()
        if self.wrappedProtocol is None:
            self.factory.unregisterProtocol(self)
        else:
            super().connectionLost(reason)

    def _stopDeadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def abortConnection(self) -> None:
        """
        Drop it now.
        """
        transport: Any = self.transport
        transport.abortConnection()
