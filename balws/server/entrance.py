# -*- test-case-name: tests.server.test_entrance -*-
"""
What a port opens into: the PROXY protocol, TLS, HTTP.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol

from balws.config.listener import ListenerConfiguration
from balws.config.server import TrustedProxy
from balws.errors import ConfigurationError
from balws.server.proxied import behindProxy
from balws.server.site import Site
from balws.tls.server import TlsServer
from balws.tls.vestibule import secured

#: Seconds that peers have which wait in front of a way that is not taken any more.
TRANSITION = 60.0


@attrs.frozen(kw_only=True)
class Way:
    """
    From a port to the site.

    @ivar tls: L{None}: without TLS.
    @ivar secure: from TLS on.
    @ivar trusted: whose PROXY protocol is read; L{None}: nobody's.
    @ivar factory: all of it.
    """

    tls: TlsServer | None
    secure: IProtocolFactory
    trusted: tuple[TrustedProxy, ...] | None
    factory: IProtocolFactory


class TurnedAway(Protocol):
    """
    A connection that is not let in.
    """

    def connectionMade(self) -> None:
        """
        Drop it.
        """
        transport: Any = self.transport
        transport.abortConnection()


class Entrance(Factory):
    """
    The factory that a port is given.  Another way can be taken while the port stays open.

    @ivar site: where all ways lead.
    @ivar way: the one that peers take who are accepted now.
    """

    noisy = False

    def __init__(
        self,
        site: Site,
        configuration: ListenerConfiguration,
        trusted: tuple[TrustedProxy, ...],
        reactor: Any,
        hasTls: bool = False,
    ) -> None:
        """
        @param trusted: the proxies whose PROXY protocol is read where the configuration says so.
        @param hasTls: whether the port has TLS of its own.
        @raise balws.ConfigurationError: see L{find}.
        """
        self.site = site
        self._reactor = reactor
        self._hasTls = hasTls
        self._former: dict[IProtocolFactory, IDelayedCall] = {}
        self.way = self.find(configuration, trusted)

    def find(
        self, configuration: ListenerConfiguration, trusted: tuple[TrustedProxy, ...], old: Way | None = None
    ) -> Way:
        """
        Read certificates and keys.

        @param old: as much of this way as may stay is in the new one.
        @raise balws.ConfigurationError: for what cannot work.
        """
        tls = self._tls(configuration)
        if old is not None and configuration.secureSocket == self.site.configuration.secureSocket:
            # Read only to see whether that can be: what there is keeps what it has stapled.
            tls, secure = old.tls, old.secure
        else:
            secure = self.site if tls is None else secured(self.site, tls, self._reactor, self.site.admit)
        believed = trusted if configuration.proxyProtocol else None
        if old is not None and secure is old.secure and believed == old.trusted:
            return old
        factory = secure if believed is None else behindProxy(secure, believed, self._reactor)
        return Way(tls=tls, secure=secure, trusted=believed, factory=factory)

    def _tls(self, configuration: ListenerConfiguration) -> TlsServer | None:
        if configuration.secureSocket is None:
            return None
        if self._hasTls:
            raise ConfigurationError("the endpoint has TLS of its own", "secureSocket")
        return TlsServer(configuration.secureSocket, self._reactor)

    def take(self, way: Way) -> None:
        """
        Peers that are accepted from now on take this way; where it is the same, with certificates
        that are read again.
        """
        old, self.way = self.way, way
        if way.tls is not None and way.tls is old.tls:
            way.tls.reload()
        if way.factory is not old.factory and self.numPorts:
            way.factory.doStart()
            self._former[old.factory] = self._reactor.callLater(TRANSITION, self._leave, old.factory)

    def _leave(self, former: IProtocolFactory) -> None:
        del self._former[former]
        former.doStop()

    # As the factory of a port

    def buildProtocol(self, addr: Any) -> Any:
        """
        A peer was accepted.
        """
        protocol = self.way.factory.buildProtocol(addr)
        # An endpoint may have put TLS of its own in front, which cannot do with nobody.
        return TurnedAway() if protocol is None else protocol

    def startFactory(self) -> None:
        """
        The port is open.
        """
        self.way.factory.doStart()

    def stopFactory(self) -> None:
        """
        It is closed.
        """
        for former, call in list(self._former.items()):
            call.cancel()
            self._leave(former)
        self.way.factory.doStop()

    def logPrefix(self) -> str:
        """
        @return: what the log calls it.
        """
        return "balws"
