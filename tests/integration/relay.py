"""
A relay before a server, which remembers what the server was asked.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.protocols.portforward import ProxyClient, ProxyClientFactory, ProxyFactory, ProxyServer
from twisted.python.failure import Failure

#: RFC 9112 section 5.1; nothing else is looked at.
_SHOWN = re.compile(rb"^authorization:[ \t]*(.*?)\r$", re.IGNORECASE | re.MULTILINE)


class _Answers(ProxyClient):
    """
    The relay's way to the server.
    """

    def connectionMade(self) -> None:
        self.peer.factory.relay.ends.append(self)
        super().connectionMade()


class _ToServer(ProxyClientFactory):
    protocol = _Answers
    noisy = False


class _Asked(ProxyServer):
    """
    One connection of somebody who asks.
    """

    clientProtocolFactory = _ToServer

    def connectionMade(self) -> None:
        self._relay: Relay = self.factory.relay
        self._relay.ends.append(self)
        self._relay.connections += 1
        self.reactor = self._relay.reactor
        if not self._relay.isHanging:
            super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self._relay.said += data
        if self.peer is not None:
            super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.peer is not None:
            super().connectionLost(reason)


class Relay:
    """
    @ivar said: what was asked, by all connections, as it came.
    @ivar connections: how many there were.
    @ivar ends: both ends of all connections.
    @ivar isHanging: whether new connections get no answer.
    """

    def __init__(self, reactor: Any, port: int) -> None:
        """
        @param port: where the server is, on 127.0.0.1; it may be down.
        """
        self.reactor = reactor
        self.said = b""
        self.connections = 0
        self.ends: list[Protocol] = []
        self.isHanging = False
        factory: Any = ProxyFactory("127.0.0.1", port)
        factory.protocol, factory.noisy, factory.relay = _Asked, False, self
        self._listening = reactor.listenTCP(0, factory, interface="127.0.0.1")

    @property
    def port(self) -> int:
        """
        Where it listens.
        """
        port: int = self._listening.getHost().port
        return port

    def count(self, line: bytes) -> int:
        """
        @return: how many requests began so.
        """
        return self.said.count(line)

    @property
    def shown(self) -> list[str]:
        """
        The values of all C{Authorization} fields.
        """
        return [value.decode() for value in _SHOWN.findall(self.said)]

    def hang(self) -> None:
        """
        Drop all connections, and answer those to come no more.
        """
        self.isHanging = True
        self._drop()

    def _drop(self) -> None:
        for each in self.ends:
            transport: Any = each.transport
            transport.abortConnection()

    async def stop(self) -> None:
        """
        Listen no more, and drop all connections.
        """
        await self._listening.stopListening()
        self._drop()
        await deferLater(self.reactor, 0.01)

    def ended(self) -> Deferred[None]:
        """
        L{stop}, for C{addCleanup}.
        """
        return Deferred.fromCoroutine(self.stop())
