"""
Doubles for what a wire stands between: a transport, a session, a peer that speaks in
bytes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.interfaces import ISession
from balws.wire.factory import WireFactory
from balws.wire.protocol import ServerWire
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

#: The first byte of a last frame, and the mark of a compressed message.
FIN, RSV1 = 0x80, 0x40

KEY = b"\xa5\x5a\x0f\xf1"

#: What stands in place of an answer 101.
RESPONSE = b"HTTP/1.1 101\r\n\r\n"


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Transport:
    """
    Behaves as Twisted's TCP transport does, but for this: to write when nothing may be
    written any more is an error.

    @ivar written: all that was written.
    @ivar dataBuffer: the part of it that waits for the peer, as Twisted's transports
        have it.
    @ivar peerReads: whether the peer takes what is written; else C{dataBuffer} grows.
    @ivar reading: whether the owner wants to read.
    @ivar calls: which of the methods that end or turn something were called, in order.
    @ivar lost: whether the connection is gone.
    """

    #: As many bytes may wait for the peer before the producer is paused.
    bufferSize = 65536

    offset = 0

    def __init__(self) -> None:
        self.protocol: Any = None
        self.written = bytearray()
        self.dataBuffer = b""
        self._tempDataLen = 0
        self.peerReads = True
        self.reading = True
        self.calls: list[str] = []
        self.lost = False
        self.producer: Any = None
        self._producerPaused = False

    # Writing

    def write(self, data: bytes) -> None:
        assert type(data) is bytes, data
        assert not {"loseConnection", "loseWriteConnection", "abortConnection"} & set(self.calls), self.calls
        assert not self.lost
        self.written += data
        if not self.peerReads:
            self._tempDataLen += len(data)
        if len(self.dataBuffer) + self._tempDataLen > self.bufferSize and self.producer is not None:
            self._producerPaused = True
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def drain(self) -> None:
        """
        The peer takes everything.
        """
        self.dataBuffer, self._tempDataLen = b"", 0
        if self._producerPaused and self.producer is not None:
            self._producerPaused = False
            self.producer.resumeProducing()

    def hold(self, size: int) -> None:
        """
        The peer leaves as many bytes as this untaken.
        """
        self.dataBuffer, self._tempDataLen = bytes(size), 0

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        if self.producer is not None:
            raise RuntimeError("a producer is registered already")
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    # Reading

    def pauseProducing(self) -> None:
        self.calls.append("pauseProducing")
        self.reading = False

    def resumeProducing(self) -> None:
        assert not self.lost
        self.calls.append("resumeProducing")
        self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    # Ending

    def loseConnection(self) -> None:
        self.calls.append("loseConnection")
        self.reading = False

    def loseWriteConnection(self) -> None:
        self.calls.append("loseWriteConnection")

    def abortConnection(self) -> None:
        self.calls.append("abortConnection")
        self.reading = False

    def lose(self, error: Exception | None = None) -> None:
        """
        The connection is gone.
        """
        if not self.lost:
            self.lost = True
            self.producer = None
            protocol, self.protocol = self.protocol, None
            protocol.connectionLost(Failure(error or ConnectionDone()))

    @property
    def ends(self) -> list[str]:
        """
        In which ways the owner has ended the connection, in order.
        """
        return [call for call in self.calls if call in ("loseConnection", "loseWriteConnection", "abortConnection")]

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
    Ends an aborted connection in the call that aborts it: some transports do.
    """

    def abortConnection(self) -> None:
        super().abortConnection()
        self.lose(ConnectionAborted())


@implementer(ISession)
class RecordingSession:
    """
    Remembers what the wire says.

    @ivar calls: a tuple for each call, its name first.
    @ivar then: by the name of a call, what to do in it, with the call's arguments.
    """

    def __init__(self, wantsPing: bool = False, wantsPong: bool = False) -> None:
        self.wantsPing = wantsPing
        self.wantsPong = wantsPong
        self.calls: list[tuple[Any, ...]] = []
        self.then: dict[str, Callable[..., object]] = {}

    def _called(self, name: str, *arguments: Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.then:
            self.then[name](*arguments)

    def opened(self, wire: Any) -> None:
        self.wire = wire
        self._called("opened")

    def textReceived(self, text: str) -> None:
        assert type(text) is str
        self._called("text", text)

    def binaryReceived(self, data: bytes) -> None:
        assert type(data) is bytes
        self._called("binary", data)

    def pingReceived(self, data: bytes) -> None:
        self._called("ping", data)

    def pongReceived(self, data: bytes) -> None:
        self._called("pong", data)

    def failed(self, error: Exception) -> None:
        self._called("failed", error)

    def closeAnswered(self, code: int) -> None:
        self._called("closeAnswered", code)

    def closing(self, byPeer: bool) -> None:
        self._called("closing", byPeer)

    def ended(self, code: int, reason: str) -> None:
        self._called("ended", code, reason)

    def heard(self, *names: str) -> list[tuple[Any, ...]]:
        """
        @return: the calls of these names; without any, the messages.
        """
        return [call for call in self.calls if call[0] in (names or ("text", "binary"))]


class Conversation:
    """
    A wire between a transport and a session.

    @ivar clock: the time of the wire.
    """

    def __init__(
        self,
        session: RecordingSession | None = None,
        transport: Transport | None = None,
        compressor: Any = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        """
        @param settings: of L{WireSettings}; without any there is no keep-alive.
        """
        self.clock = Clock() if clock is None else clock
        self.wheel = TimerWheel(self.clock)
        self.roster = Roster()
        self.settings = WireSettings(clock=self.clock, wheel=self.wheel, **{"pingInterval": 0, **settings})
        self.factory = WireFactory(self.settings, self.clock, self.roster)
        self.session = RecordingSession() if session is None else session
        self.transport = Transport() if transport is None else transport
        self.wire: ServerWire = self.factory.buildProtocol(None)
        self.roster.add(self.wire)
        self.transport.protocol = self.wire
        self.wire.makeConnection(self.transport)
        self.wire.open(self.session, RESPONSE, compressor)
        assert self.take() == RESPONSE

    def read(self, *portions: bytes) -> Conversation:
        """
        Each portion comes in one read.
        """
        for portion in portions:
            self.wire.dataReceived(portion)
        return self

    def take(self) -> bytes:
        """
        What was written since the last time.
        """
        taken = bytes(self.transport.written)
        self.transport.written.clear()
        return taken

    def sent(self) -> list[tuple[int, bytes]]:
        """
        The frames that were written since the last time: first byte and payload.
        """
        return parsed(self.take())

    def leave(self, error: Exception | None = None) -> Conversation:
        """
        The peer is gone.
        """
        self.transport.lose(error)
        return self


def frame(
    opcode: int, payload: bytes = b"", *, first: int = FIN, key: bytes | None = KEY, form: int = 0, length: int = -1
) -> bytes:
    """
    A frame as a client sends it, made by hand.

    @param first: FIN and the reserved bits.
    @param key: L{None} leaves it unmasked.
    @param form: 126 or 127 takes that form of the length, needed or not.
    @param length: what the header claims, where that is not the payload's length.
    """
    length = len(payload) if length < 0 else length
    masked = 0 if key is None else 0x80
    if form == 127 or length > 65535:
        head = bytes([first | opcode, masked | 127]) + length.to_bytes(8, "big")
    elif form == 126 or length > 125:
        head = bytes([first | opcode, masked | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([first | opcode, masked | length])
    if key is None:
        return head + payload
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


def text(words: str, first: int = FIN) -> bytes:
    """
    @return: a client's text message, or its first frame.
    """
    return frame(TEXT, words.encode(), first=first)


def closeFrame(code: int | None = 1000, reason: bytes = b"") -> bytes:
    """
    @return: a client's close frame; L{None} has no code.
    """
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def parsed(data: bytes) -> list[tuple[int, bytes]]:
    """
    @return: the first byte and the payload of each of a server's frames; they are whole,
        unmasked, and say their length in the shortest form.
    """
    found = []
    while data:
        first, length, start = data[0], data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
            assert length > 125
        elif length == 127:
            length, start = int.from_bytes(data[2:10], "big"), 10
            assert length > 65535
        else:
            assert length < 126, "masked"
        assert len(data) >= start + length, "cut off"
        found.append((first, data[start : start + length]))
        data = data[start + length :]
    return found


class WireTestCase(SynchronousTestCase):
    """
    Looks at what a conversation leaves behind.
    """

    def failedWith(self, conversation: Conversation, code: int) -> Exception:
        """
        The peer was told this code, once, and the session the error, once; nothing more is
        read or written, and the peer has time to read it.

        @return: the error.
        """
        closes = [payload for first, payload in conversation.sent() if first == FIN | CLOSE]
        self.assertEqual([int.from_bytes(payload[:2], "big") for payload in closes], [code])
        failures = conversation.session.heard("failed")
        self.assertEqual(len(failures), 1)
        self.assertEqual(conversation.transport.ends, ["loseWriteConnection"])
        before = list(conversation.session.calls)
        conversation.read(text("later"), frame(PING, b"later"), closeFrame(), b"\xff" * 20)
        self.assertEqual(conversation.session.calls, before)
        self.assertEqual(conversation.take(), b"")
        self.assertEqual(conversation.wire.data, b"")
        error: Exception = failures[0][1]
        return error

    def nothingPends(self, conversation: Conversation) -> None:
        """
        No timer is left, but for the wheel's.
        """
        conversation.wheel.stop()
        self.assertEqual(conversation.clock.getDelayedCalls(), [])

    def nothingLogged(self) -> None:
        """
        Nothing was logged as an error, nor does a Deferred that nobody looks at have one.
        """
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
