# -*- test-case-name: tests.benchmarks.test_micro -*-
"""
balws and stock Autobahn on transports that are no sockets: what is left is what they do themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

sys.modules.setdefault("click", None)  # where it is installed, Autobahn colours log lines that nobody sees

import frames  # noqa: E402
import txaio  # noqa: E402
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol  # noqa: E402
from autobahn.websocket.compress import PerMessageDeflateOfferAccept  # noqa: E402
from twisted.internet.address import IPv4Address  # noqa: E402
from twisted.internet.defer import Deferred, succeed  # noqa: E402
from twisted.internet.error import ConnectionDone  # noqa: E402
from twisted.internet.interfaces import (  # noqa: E402
    IConsumer,
    IListeningPort,
    IPushProducer,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.task import Clock  # noqa: E402
from twisted.python.failure import Failure  # noqa: E402
from zope.interface import implementer  # noqa: E402

from balws import Caller, Listener, Service, UpgradeService  # noqa: E402

_HOST = IPv4Address("TCP", "127.0.0.1", 9090)
_PEER = IPv4Address("TCP", "127.0.0.1", 50000)

_DONE = Failure(ConnectionDone())


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Transport:
    """
    As Twisted's TCP transport, to somebody who reads everything at once.

    @ivar protocol: who reads.
    @ivar count: how many bytes were written.
    @ivar last: what was written last.
    """

    disconnecting = False
    connected = True

    def __init__(self) -> None:
        self.protocol: Any = None
        self.count = 0
        self.last = b""

    def write(self, data: bytes) -> None:
        if type(data) is not bytes:
            raise TypeError(f"Data must be bytes, not {type(data).__name__}")
        self.count += len(data)
        self.last = data

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True

    abortConnection = stopProducing = loseWriteConnection = loseConnection

    def getPeer(self) -> IPv4Address:
        return _PEER

    def getHost(self) -> IPv4Address:
        return _HOST

    def getTcpNoDelay(self) -> bool:
        return True

    def getTcpKeepAlive(self) -> bool:
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    setTcpKeepAlive = setTcpNoDelay

    def pauseProducing(self) -> None:
        pass

    resumeProducing = unregisterProducer = pauseProducing

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        pass

    def end(self) -> None:
        """
        The connection is over.
        """
        self.connected = False
        self.protocol.connectionLost(_DONE)


class Side:
    """
    One server.

    @ivar name: for messages.
    @ivar clock: its time; nothing passes by itself.
    @ivar build: makes the protocol of a new connection.
    """

    name: str
    build: Callable[[Any], Any]

    def __init__(self) -> None:
        self.clock = Clock()

    def connect(self, request: bytes) -> Transport:
        """
        @return: a connection that is open.
        @raise RuntimeError: when there is none.
        """
        transport = self.upgrade(request)
        if not transport.last.startswith(b"HTTP/1.1 101 ") or frames.ACCEPT not in transport.last:
            raise RuntimeError(f"{self.name} answers an upgrade with {transport.last!r}")
        return transport

    def upgrade(self, request: bytes) -> Transport:
        """
        What is measured of L{connect}.
        """
        transport = Transport()
        protocol = transport.protocol = self.build(_PEER)
        protocol.makeConnection(transport)
        transport.protocol.dataReceived(request)
        return transport


class _Echoing(WebSocketServerProtocol):  # type: ignore[misc]
    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.sendMessage(payload, isBinary)


class _Member(WebSocketServerProtocol):  # type: ignore[misc]
    def onOpen(self) -> None:
        self.factory.members.add(self)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:
        self.factory.members.discard(self)


class _Sending(_Member):
    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        for member in self.factory.members:
            member.sendMessage(payload, isBinary)


class _Preparing(_Member):
    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        prepared = self.factory.prepareMessage(payload, isBinary)
        for member in self.factory.members:
            member.sendPreparedMessage(prepared)


class Autobahn(Side):
    """
    Autobahn's protocol as delivered, which agrees to compression.
    """

    name = "Autobahn"
    services = {"echo": _Echoing, "broadcast": _Sending, "prepared": _Preparing}

    def __init__(self, service: str) -> None:
        super().__init__()
        txaio.config.loop = self.clock
        factory = WebSocketServerFactory("ws://127.0.0.1:9090", reactor=self.clock)
        factory.protocol = self.services[service]
        factory.members = set()
        factory.setProtocolOptions(
            perMessageCompressionAccept=lambda offers: PerMessageDeflateOfferAccept(offers[0])
        )
        self.build = factory.buildProtocol


class _Echo(Service):
    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.writeTextMessage(text)

    def onBinaryMessage(self, caller: Caller, data: bytes) -> Deferred[None]:
        return caller.writeBinaryMessage(data)


class _Broadcast(Service):
    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.broadcastText(text)


class _EchoUpgrade(UpgradeService):
    def get(self) -> _Echo:
        return _Echo()


class _BroadcastUpgrade(UpgradeService):
    def get(self) -> _Broadcast:
        return _Broadcast()


@implementer(IStreamServerEndpoint, IListeningPort)
class _Place:
    """
    Where a listener listens without a port.
    """

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        self.factory = protocolFactory
        return succeed(self)

    def startListening(self) -> None:
        pass

    def stopListening(self) -> Deferred[None]:
        return succeed(None)

    def getHost(self) -> IPv4Address:
        return _HOST


class Balws(Side):
    """
    A listener with its defaults, but that everybody comes from one address and in no time.
    """

    name = "balws"
    services = {"echo": _EchoUpgrade, "broadcast": _BroadcastUpgrade, "prepared": _BroadcastUpgrade}

    def __init__(self, service: str) -> None:
        super().__init__()
        place = _Place()
        unlimited = {"maxConnections": 0, "maxConnectionsPerAddress": 0, "maxUpgradesPerSecond": 0}
        listener = Listener(place, reactor=self.clock, serverConfig=unlimited)
        listener.attach(self.services[service](), "/")
        listener.start()
        self.build = place.factory.buildProtocol
