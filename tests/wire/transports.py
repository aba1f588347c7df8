"""
A transport in memory, and a session that records.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from zope.interface import implementer

from balws.interfaces import ISession
from balws.wire.factory import WireFactory
from balws.wire.protocol import ServerWire
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel


@implementer(IPushProducer)
class Transport:
    """
    Keeps what is written, and does as TCP does to its producer.

    @ivar dataBuffer: what the peer has not taken, as L{balws.wire.transport.unsent} sees it.
    """

    def __init__(self) -> None:
        self.written = b""
        self.dataBuffer = b""
        self.producer: Any = None
        self.reading = True
        self.calls: list[str] = []

    def write(self, data: bytes) -> None:
        self.written += data

    def writeSequence(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def loseConnection(self) -> None:
        self.calls.append("lose")

    def loseWriteConnection(self) -> None:
        self.calls.append("half")

    def abortConnection(self) -> None:
        self.calls.append("abort")

    def take(self) -> bytes:
        """
        @return: what was written since the last call.
        """
        data, self.written = self.written, b""
        return data


@implementer(ISession)
class Session:
    """
    Records what the wire tells.
    """

    wantsPing = False
    wantsPong = False

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.onText: Any = None

    def opened(self, wire: Any) -> None:
        self.seen.append("opened")

    def textReceived(self, text: str) -> None:
        self.seen.append(text)
        if self.onText is not None:
            self.onText(text)

    def binaryReceived(self, data: bytes) -> None:
        self.seen.append(data)

    def pingReceived(self, data: bytes) -> None:
        self.seen.append(("ping", data))

    def pongReceived(self, data: bytes) -> None:
        self.seen.append(("pong", data))

    def failed(self, error: Exception) -> None:
        self.seen.append(type(error).__name__)

    def closeAnswered(self, code: int) -> None:
        self.seen.append(("answered", code))

    def closing(self, byPeer: bool) -> None:
        self.seen.append(("closing", byPeer))

    def ended(self, code: int, reason: str) -> None:
        self.seen.append(("ended", code, reason))


class Rig:
    """
    A wire between a transport and a session.
    """

    def __init__(self, compressor: Any = None, **settings: Any) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.roster = Roster()
        values = {"pingInterval": 0, **settings}
        self.factory = WireFactory(WireSettings(clock=self.clock, wheel=self.wheel, **values), self.clock, self.roster)
        self.wire: ServerWire = self.factory.buildProtocol(None)
        self.roster.add(self.wire)
        self.transport = Transport()
        self.session = Session()
        self.wire.makeConnection(self.transport)
        self.wire.open(self.session, b"101", compressor)
        self.transport.take()
        self.session.seen.clear()

    def lose(self) -> None:
        """
        TCP ends.
        """
        self.wire.connectionLost()
