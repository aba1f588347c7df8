"""
One connection of a wire in memory, whose bytes are taken in a way that somebody chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from random import Random
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from zope.interface import implementer

from balws.hub.message import Message
from balws.interfaces import IServedSession
from balws.wire import plain, receiving
from balws.wire.compression import accepted, agree
from balws.wire.factory import ClientWireFactory, WireFactory
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel
from tests.fuzz.material import PING
from tests.fuzz.oracle import Limits, mask
from tests.fuzz.story import Provoked
from tests.fuzz.watch import Found
from tests.wire.transports import Transport

#: What a session does when it is told of a frame; several times the same name makes it more probable.
STYLES: dict[str, tuple[str, ...]] = {
    "silent": ("none",),
    "answering": ("answer", "answer", "long", "ping", "deliver", "none"),
    "slow": ("none", "answer", "pause", "pause", "blink", "resume"),
    "closing": ("none", "none", "none", "answer", "close", "close empty", "leave", "pause"),
    "failing": ("none", "none", "none", "answer", "raise", "fail", "abort", "pause"),
}


class Way(NamedTuple):
    """
    A way to take frames.

    @ivar frames: see L{balws.wire.plain.frames}.
    @ivar word: of C{BALWS_FRAMES}.
    """

    frames: Callable[[bytes, int, bool], Iterator[Any]]
    word: str


def _none(data: bytes, limit: int, masked: bool) -> Iterator[Any]:
    return iter(())


#: Those that there are here: the extension may not have been built.
WAYS: list[Way] = [Way(_none, "autobahn"), Way(plain.frames, "python")]
if find_spec("balws.wire._speed") is not None:
    from balws.wire import _speed

    WAYS.append(Way(_speed.frames, "c"))


@contextmanager
def kept() -> Iterator[None]:
    """
    Afterwards it is again as it was.
    """
    before = receiving.frames, receiving.WAY
    try:
        yield
    finally:
        receiving.frames, receiving.WAY = before


class Gathering(Transport):
    """
    Can gather writes.

    @ivar corked: whether it does.
    """

    corked = False

    def cork(self) -> None:
        assert not self.corked, "gathered twice"
        self.corked = True

    def uncork(self) -> None:
        assert self.corked, "sent twice"
        self.corked = False


@implementer(IServedSession)
class Listener:
    """
    Notes what it is told, and does what chance says.

    @ivar told: in order, with what came with it.
    """

    def __init__(self, random: Random, style: str) -> None:
        self._random = random
        self._kinds = STYLES[style]
        self.wantsPing, self.wantsPong = random.random() < 0.4, random.random() < 0.6
        self.told: list[tuple[Any, ...]] = []

    def opened(self, wire: Any) -> None:
        self.wire = wire

    def textReceived(self, text: str) -> None:
        self._act("text", text)

    def binaryReceived(self, data: bytes) -> None:
        self._act("binary", data)

    def pingReceived(self, data: bytes) -> None:
        self._act("ping", data)

    def pongReceived(self, data: bytes) -> None:
        self._act("pong", data)

    def failed(self, error: Any) -> None:
        self.told.append(("failed", type(error).__name__, getattr(error, "statusCode", None)))

    def closeAnswered(self, code: int) -> None:
        self.told.append(("answered", code))

    def closing(self, byPeer: bool) -> None:
        self.told.append(("closing", byPeer))

    def ended(self, code: int, reason: str) -> None:
        self.told.append(("ended", code, reason))

    def drain(self, done: Callable[[], object]) -> None:
        self.told.append(("drain",))
        done()

    def unfinished(self) -> Deferred[None] | None:
        return None

    # What it does

    def _act(self, name: str, payload: Any) -> None:
        # The type, too: bytes are no bytearray.
        self.told.append((name, type(payload).__name__, payload))
        kind = self._random.choice(self._kinds)
        if kind != "none":
            getattr(self, "_" + kind.replace(" ", ""))(payload)

    def _answer(self, payload: Any) -> None:
        if isinstance(payload, str):
            self.wire.sendText(payload)
        else:
            self.wire.sendBinary(payload)

    def _long(self, payload: Any) -> None:
        self._answer(payload * 9)

    def _ping(self, payload: Any) -> None:
        self.wire.sendControl(PING, b"session")

    def _deliver(self, payload: Any) -> None:
        isBinary = isinstance(payload, bytes)
        self.wire.deliver(Message(payload if isBinary else payload.encode(), isBinary))

    def _pause(self, payload: Any) -> None:
        self.wire.pauseReading()

    def _resume(self, payload: Any) -> None:
        self.wire.resumeReading()

    def _blink(self, payload: Any) -> None:
        self.wire.pauseReading()
        self.wire.resumeReading()

    def _close(self, payload: Any) -> None:
        self.wire.sendClose(3001, b"bye")

    def _closeempty(self, payload: Any) -> None:
        self.wire.sendClose(None)

    def _leave(self, payload: Any) -> None:
        if self.wire.isServer:
            self.wire.leave()

    def _fail(self, payload: Any) -> None:
        self.wire.fail(1011, "sorry", Provoked("secret"))

    def _abort(self, payload: Any) -> None:
        self.wire.abort()

    def _raise(self, payload: Any) -> None:
        raise Provoked("secret")


class Outcome(NamedTuple):
    """
    What somebody outside can see of a connection.

    @ivar told: what the session was told.
    @ivar said: first byte and payload of each frame that was written.
    @ivar ended: in which ways the wire has ended the transport.
    @ivar steps: after each portion: how much had been told and said, and whether it reads on.
    """

    told: list[tuple[Any, ...]]
    said: list[tuple[int, bytes]]
    ended: list[str]
    steps: list[tuple[Any, ...]]


class Case(NamedTuple):
    """
    All of a connection but its bytes and the way they are taken.

    @ivar isServer: whether the wire is a server's.
    @ivar limits: what it reads.
    @ivar offer: what compression was agreed on, or L{None}.
    @ivar style: of the session.
    @ivar transport: of which kind.
    @ivar peerReads: whether the peer takes all that is written, at once.
    @ivar attached: whether the first bytes come with the handshake.
    @ivar seed: of all that is left to chance.
    """

    isServer: bool
    limits: Limits
    offer: str | None
    style: str
    transport: type[Transport]
    peerReads: bool
    attached: bool
    seed: int

    def wire(self, clock: Clock) -> Any:
        """
        @return: a wire without a transport.
        """
        settings = WireSettings(
            maxFrameSize=self.limits.frame,
            maxMessageSize=self.limits.message,
            maxFragments=self.limits.fragments,
            maxSendBuffer=700,
            pingInterval=0,
            clock=clock,
            wheel=TimerWheel(clock),
        )
        kind = WireFactory if self.isServer else ClientWireFactory
        return kind(settings, clock, Roster()).buildProtocol(None)

    def compressor(self) -> Any:
        """
        @return: a new one, or L{None}.
        """
        if self.offer is None:
            return None
        return agree(self.offer)[0] if self.isServer else accepted(self.offer)  # type: ignore[index]


class Course:
    """
    One connection, from its first byte to its end.
    """

    def __init__(self, case: Case) -> None:
        random = Random(case.seed)
        self._case = case
        self._chance = Random(case.seed + 1)
        self.session = Listener(random, case.style)
        self.clock = Clock()
        self.wire = case.wire(self.clock)
        self.transport = case.transport()
        self.transport.bufferSize = 500
        self.transport.protocol = self.wire
        self.wire.makeConnection(self.transport)
        self.wire.open(self.session, compressor=case.compressor())

    def run(self, portions: list[bytes], way: Callable[[], Way]) -> Outcome:
        """
        @param way: tells for each read in which way its bytes are taken.
        """
        steps: list[tuple[Any, ...]] = []
        with kept():
            for number, portion in enumerate(portions):
                receiving.frames, receiving.WAY = way()
                self._meanwhile()
                if self.transport.lost:
                    break
                if self._case.attached and not number:
                    self._do(self.wire.takeLater, portion)
                else:
                    self._do(self.wire.dataReceived, portion)
                steps.append(self._step(len(portion)))
            receiving.frames, receiving.WAY = way()
            while self.wire.data and self.wire.halted and not self.transport.lost:
                left = len(self.wire.data)
                self._do(self.wire.resumeReading)
                if len(self.wire.data) == left:
                    break
            self._do(self.clock.advance, 6.0)
            self.transport.lose(ConnectionDone())
        if self.clock.getDelayedCalls():
            raise Found(f"left on the clock: {self.clock.getDelayedCalls()}")
        if getattr(self.transport, "corked", False):
            raise Found("what was written is still gathered")
        said = spoken(self.transport.written, masked=not self._case.isServer)
        return Outcome(self.session.told, said, self.transport.calls, steps)

    def _do(self, call: Callable[..., object], *arguments: Any) -> None:
        """
        Whatever is raised ends the connection, as the reactor does it.
        """
        try:
            call(*arguments)
            while any(due.getTime() <= self.clock.seconds() for due in self.clock.getDelayedCalls()):
                self.clock.advance(0)
        except Provoked:
            told = self.session.told
            # In a later turn the wire itself ends it, and on an abrupt transport that is before we hear of it.
            ended = told.pop() if told and told[-1][0] == "ended" else None
            if self.transport.calls[-1:] == ["abort"]:
                self.transport.calls.pop()
            told.append(("raised",))
            self.transport.lose(ConnectionDone())
            if ended is not None:
                told.append(ended)

    def _meanwhile(self) -> None:
        """
        The session may have its queue empty again; the peer does not always read.
        """
        chance = self._chance.random()
        if not self._case.peerReads and chance < 0.5:
            self.transport.peerReads = not self.transport.peerReads
            if self.transport.peerReads and not self.transport.lost:
                self._do(self.transport.drain)
        if chance > 0.6 and not self.transport.lost:
            self._do(self.wire.resumeReading)

    def _step(self, size: int) -> tuple[Any, ...]:
        wire, transport = self.wire, self.transport
        if not (wire.halted or transport.lost) and len(wire.data) > size + 14:
            raise Found(f"{len(wire.data)} bytes wait to be parsed")
        reading = transport.reading and not transport.lost
        return len(self.session.told), len(transport.written), reading, transport.lost, len(transport.calls)


def spoken(data: bytes, masked: bool) -> list[tuple[int, bytes]]:
    """
    @param masked: whether a client has written it: then no two writings are equal.
    @return: first byte and payload of each frame.
    @raise Found: where it is no sequence of frames.
    """
    found = []
    while data:
        length, start = data[1] & 0x7F, 2
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        key = data[start : start + 4] if masked else bytes(4)
        start += 4 * masked
        if (data[1] > 127) != masked or len(data) < start + length:
            raise Found(f"this is no frame: {data[:40]!r}")
        found.append((data[0], mask(data[start : start + length], key)))
        data = data[start + length :]
    return found
