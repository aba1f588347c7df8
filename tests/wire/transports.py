"""
Doubles for what a wire stands between: a transport in memory, and a session that
records.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.interfaces import IServedSession
from balws.wire.compression import agree
from balws.wire.factory import WireFactory
from balws.wire.roster import Roster
from balws.wire.server import ServerWire
from balws.wire.settings import WireSettings
from balws.wire.watch import UNWATCHED, Watch
from balws.wire.wheel import TimerWheel
from tests.rows.raw import CLOSE, PING, TEXT, closing, frame


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Transport:
    """
    Behaves as Twisted's TCP transport does, but for this: to write when nothing may be
    written any more, or to register a second producer, is an error.

    @ivar written: all that was written.
    @ivar dataBuffer: what the peer has not taken, as L{balws.wire.transport.unsent} sees it.
    @ivar peerReads: whether the peer takes what is written; else it is unsent.
    @ivar reading: whether the owner wants to read.
    @ivar calls: in which ways the owner has ended it: C{"half"}, C{"lose"}, C{"abort"}.
    @ivar lost: whether the connection is gone.
    """

    #: As many bytes may be unsent before the producer is paused.
    bufferSize = 65536

    offset = 0
    disconnecting = False
    protocol: Any = None

    def __init__(self) -> None:
        self.written = b""
        self.dataBuffer = b""
        self._tempDataLen = 0
        self.peerReads = True
        self.producer: Any = None
        self._producerPaused = False
        self.reading = True
        self.calls: list[str] = []
        self.lost = False

    # Writing

    def write(self, data: bytes) -> None:
        assert type(data) is bytes, data
        assert not (self.calls or self.lost), f"{data!r} is written after {self.calls}"
        self.written += data
        if not self.peerReads:
            self._tempDataLen += len(data)
            if len(self.dataBuffer) + self._tempDataLen > self.bufferSize and self.producer is not None:
                self._producerPaused = True
                self.producer.pauseProducing()

    def writeSequence(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))

    def drain(self) -> None:
        """
        The peer takes everything.
        """
        self.dataBuffer, self._tempDataLen = b"", 0
        if self._producerPaused and self.producer is not None:
            self._producerPaused = False
            self.producer.resumeProducing()

    def take(self) -> bytes:
        """
        @return: what was written since the last call.
        """
        data, self.written = self.written, b""
        return data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        if self.producer is not None:
            raise RuntimeError("a producer is registered already")
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    # Reading

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        assert not self.lost
        self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    # Ending

    def loseConnection(self) -> None:
        self.reading = False
        self.calls.append("lose")

    def loseWriteConnection(self) -> None:
        self.calls.append("half")

    def abortConnection(self) -> None:
        self.reading = False
        self.calls.append("abort")

    def lose(self, error: Exception) -> None:
        """
        The connection is gone, and its owner is told, once.
        """
        if not self.lost:
            self.lost = True
            self.producer = None
            protocol, self.protocol = self.protocol, None
            protocol.connectionLost(Failure(error))

    # The rest of a TCP transport

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 40000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 80)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Nothing to delay here.
        """

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        Nobody to ask whether he is alive.
        """

    def getTcpKeepAlive(self) -> bool:
        return False


class AbruptTransport(Transport):
    """
    Is gone in the call that aborts it, as transports in memory are.
    """

    def abortConnection(self) -> None:
        super().abortConnection()
        self.lose(ConnectionAborted())


@implementer(IServedSession)
class Session:
    """
    Records what the wire tells.

    @ivar seen: messages as they are, the class of an error, and a tuple for each other call.
    @ivar errors: what C{failed} was called with.
    @ivar then: what to do in a call, by its name in C{seen}; C{"message"} for all messages.
    @ivar left: what C{unfinished} answers.
    """

    wantsPing = False
    wantsPong = False

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.errors: list[Any] = []
        self.then: dict[str, Callable[..., object]] = {}
        self.left: Deferred[None] | None = None

    def _told(self, name: str, *arguments: Any) -> None:
        if name == "message":
            self.seen.append(arguments[0])
        elif name == "failed":
            self.errors.append(arguments[0])
            self.seen.append(type(arguments[0]).__name__)
        else:
            self.seen.append((name, *arguments) if arguments else name)
        if name in self.then:
            self.then[name](*arguments)

    def opened(self, wire: Any) -> None:
        self._told("opened")

    def textReceived(self, text: str) -> None:
        assert type(text) is str
        self._told("message", text)

    def binaryReceived(self, data: bytes) -> None:
        assert type(data) is bytes
        self._told("message", data)

    def pingReceived(self, data: bytes) -> None:
        self._told("ping", data)

    def pongReceived(self, data: bytes) -> None:
        self._told("pong", data)

    def failed(self, error: Exception) -> None:
        self._told("failed", error)

    def closeAnswered(self, code: int) -> None:
        self._told("answered", code)

    def closing(self, byPeer: bool) -> None:
        self._told("closing", byPeer)

    def ended(self, code: int, reason: str) -> None:
        self._told("ended", code, reason)

    def drain(self, done: Callable[[], object]) -> None:
        self._told("drain")
        done()

    def unfinished(self) -> Deferred[None] | None:
        return self.left


class Rig:
    """
    A wire between a transport and a session.
    """

    def __init__(
        self,
        compressor: Any = None,
        session: Session | None = None,
        transport: Transport | None = None,
        watch: Watch = UNWATCHED,
        **settings: Any,
    ) -> None:
        """
        @param settings: of L{WireSettings}; there is no keep-alive unless they say so.
        """
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.roster = Roster()
        values = {"pingInterval": 0, **settings}
        self.factory = WireFactory(
            WireSettings(clock=self.clock, wheel=self.wheel, **values), self.clock, self.roster, watch
        )
        self.wire: ServerWire = self.factory.buildProtocol(None)
        self.roster.add(self.wire)
        self.transport = Transport() if transport is None else transport
        self.session = Session() if session is None else session
        self.transport.protocol = self.wire
        self.wire.makeConnection(self.transport)
        self.wire.open(self.session, b"101", compressor)
        assert self.transport.take() == b"101"
        assert self.session.seen == ["opened"]
        self.session.seen.clear()

    def read(self, *portions: bytes) -> None:
        """
        Each portion comes in one read; the wire has all the turns that it needs for it.
        """
        for portion in portions:
            self.wire.dataReceived(portion)
            while self.wire._turn is not None:
                self.clock.advance(0)

    def sent(self) -> list[tuple[int, bytes]]:
        """
        @return: first byte and payload of the frames that were written since the last time.
        """
        return parsed(self.transport.take())

    def lose(self, error: Exception | None = None) -> None:
        """
        TCP ends.
        """
        self.transport.lose(error or ConnectionDone())


def compressing(offer: str = "permessage-deflate; client_max_window_bits", **settings: Any) -> Rig:
    """
    @return: a rig whose peer has offered compression.
    """
    agreed = agree(offer)
    assert agreed is not None
    return Rig(compressor=agreed[0], **settings)


def parsed(data: bytes) -> list[tuple[int, bytes]]:
    """
    @return: first byte and payload of a server's frames, which are whole, unmasked, and
        say their length in the shortest form.
    """
    found = []
    while data:
        length, start = data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
            assert length > 125
        elif length == 127:
            length, start = int.from_bytes(data[2:10], "big"), 10
            assert length > 65535
        assert length < 128 or start > 2, "masked"
        assert len(data) >= start + length, "cut off"
        found.append((data[0], data[start : start + length]))
        data = data[start + length :]
    return found


class WireTestCase(SynchronousTestCase):
    """
    Looks at what a wire leaves behind.
    """

    def hasFailed(self, rig: Rig, code: int, kind: str) -> None:
        """
        The peer was told this code, once, the session this error, once; nothing more is read
        or written, and the peer has time to read it, but not for ever.
        """
        ((first, payload),) = [each for each in rig.sent() if each[0] == 0x80 | CLOSE]
        self.assertEqual(int.from_bytes(payload[:2], "big"), code)
        self.assertTrue(payload[2:].decode())
        self.assertEqual(rig.session.seen[-2:], [("closing", False), kind])
        self.assertEqual((len(rig.session.errors), rig.transport.calls), (1, ["half"]))
        before = list(rig.session.seen)
        rig.read(frame(TEXT, b"later"), frame(PING, b"later"), closing(1000), b"\xff" * 20)
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.written, rig.wire.data), (before, b"", b""))
        rig.clock.advance(4.9)
        self.assertEqual(rig.transport.calls, ["half"])
        rig.clock.advance(0.2)
        self.assertEqual(rig.transport.calls, ["half", "abort"])
        rig.lose()
        self.assertEqual(rig.session.seen, [*before, ("ended", code, payload[2:].decode())])
        self.nothingPends(rig)

    def nothingPends(self, rig: Rig) -> None:
        """
        No timer is left, but for the wheel's.
        """
        rig.wheel.stop()
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def nothingLogged(self) -> None:
        """
        Nothing was logged as an error, nor does a Deferred that nobody looks at have one.
        """
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
