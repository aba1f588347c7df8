"""
A conversation in memory: a service on a real wire, a peer that speaks in frames, and
time that passes when it is told to.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.config.service import WSServiceConfig
from balws.errors import ServiceDefinitionError
from balws.hub.broker import Audience
from balws.hub.hub import Hub
from balws.interfaces import Service
from balws.session.connection import Connection
from balws.session.methods import MethodTable
from balws.session.terms import Terms
from balws.wire.factory import WireFactory
from balws.wire.frames import BINARY, CLOSE, FIN, PING, PONG, TEXT, header
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings
from balws.wire.speed import mask
from balws.wire.wheel import TimerWheel
from tests.wire.transports import Transport

#: No conversation here is about the keep-alive unless it says so.
QUIET = {"pingInterval": 0}

_KEY = b"\x0f\xf0\x3c\xc3"


def frame(opcode: int, payload: bytes, first: int = FIN) -> bytes:
    """
    @return: a masked frame, as a client sends it.
    """
    plain = header(first | opcode, len(payload))
    return bytes((plain[0], plain[1] | 0x80)) + plain[2:] + _KEY + mask(payload, _KEY)


class Mounted:
    """
    What the connections of one mounted service have in common.
    """

    def __init__(self, clock: Clock | None = None, hub: Hub | None = None, path: str = "/", **fields: Any) -> None:
        """
        @param fields: of L{WSServiceConfig}.
        """
        self.clock = Clock() if clock is None else clock
        self.config = WSServiceConfig(**{**QUIET, **fields})
        self.wheel = TimerWheel(self.clock)
        self.terms = Terms(
            config=self.config,
            hub=Hub() if hub is None else hub,
            audience=Audience(1, path),
            clock=self.clock,
            wheel=self.wheel,
        )
        self.roster = Roster()
        self.factory = WireFactory(
            WireSettings.fromConfig(self.config, self.clock, self.wheel), self.clock, self.roster
        )

    def connect(self, service: Service) -> Peer:
        """
        @return: the other end of a new connection to this service.
        """
        return Peer(self, service)


class Peer:
    """
    The client's end of a connection: what it sends, and what it has been sent.
    """

    def __init__(self, mounted: Mounted, service: Service) -> None:
        self.mounted = mounted
        self.clock = mounted.clock
        self.service = service
        self.connection = Connection(service, mounted.terms.table(type(service)), mounted.terms)
        self.caller = self.connection.caller
        self.transport = Transport()
        self.wire: Any = mounted.factory.buildProtocol(None)
        mounted.roster.add(self.wire)
        self.wire.makeConnection(self.transport)
        self.wire.open(self.connection, b"")

    # What it sends

    def send(self, *frames: bytes) -> None:
        """
        Send frames that arrive in one read; the wire has all the turns that it needs for it.
        """
        self.wire.dataReceived(b"".join(frames))
        self.turns()

    def turns(self) -> None:
        """
        Let the wire take what it has kept for its next turns.
        """
        while self.wire._turn is not None:
            self.clock.advance(0)

    def say(self, *messages: str | bytes) -> None:
        """
        Send messages that arrive in one read.
        """
        self.send(
            *(frame(TEXT, said.encode()) if isinstance(said, str) else frame(BINARY, said) for said in messages)
        )

    def ping(self, data: bytes = b"") -> None:
        """
        Send a ping.
        """
        self.send(frame(PING, data))

    def pong(self, data: bytes = b"") -> None:
        """
        Send a pong.
        """
        self.send(frame(PONG, data))

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """
        Send a close frame.
        """
        self.send(closeFrame(code, reason))

    def leave(self) -> None:
        """
        TCP is gone, by whoever's doing.
        """
        self.wire.connectionLost(Failure(ConnectionDone()))

    # What it reads

    def congest(self) -> None:
        """
        Stop reading: the transport fills.
        """
        self.wire.pauseProducing()

    def relieve(self) -> None:
        """
        Read on.
        """
        self.wire.resumeProducing()

    def heard(self) -> list[Any]:
        """
        @return: what came since the last time: a str for a text, bytes for a binary
            message, C{(kind, ...)} for control frames.
        """
        raw = self.transport.take()
        found: list[Any] = []
        while raw:
            opcode, length, start = raw[0], raw[1], 2
            if length == 126:
                length, start = int.from_bytes(raw[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(raw[2:10], "big"), 10
            payload, raw = raw[start : start + length], raw[start + length :]
            found.append(_READ[opcode](payload))
        return found

    @property
    def isPaused(self) -> bool:
        """
        Whether the server has stopped reading.
        """
        return not self.transport.reading

    @property
    def isDropped(self) -> bool:
        """
        Whether the server closes TCP when all is written.
        """
        return "lose" in self.transport.calls

    @property
    def isAborted(self) -> bool:
        """
        Whether the server has dropped TCP with whatever was unsent.
        """
        return "abort" in self.transport.calls


def closeFrame(code: int | None = 1000, reason: str = "") -> bytes:
    """
    @return: a client's close frame; L{None} has no code.
    """
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())


def _readClose(payload: bytes) -> tuple[str, int | None, str]:
    if not payload:
        return "close", None, ""
    return "close", int.from_bytes(payload[:2], "big"), payload[2:].decode()


_READ: dict[int, Any] = {
    FIN | TEXT: bytes.decode,
    FIN | BINARY: bytes,
    FIN | CLOSE: _readClose,
    FIN | PING: lambda payload: ("ping", payload),
    FIN | PONG: lambda payload: ("pong", payload),
}


def turn(clock: Clock) -> None:
    """
    One turn of a reactor: what is due now, and not what that asks for in its turn.
    """
    for call in clock.getDelayedCalls():
        if call.getTime() <= clock.seconds():
            function, arguments, keywords = call.func, call.args, call.kw
            call.cancel()
            function(*arguments, **keywords)


def talk(service: Service, **fields: Any) -> Peer:
    """
    @return: a peer of this service, mounted with these fields of L{WSServiceConfig}.
    """
    return Mounted(**fields).connect(service)


class Recorder(Service):
    """
    Remembers what it is called with; subclasses give the answers.

    @ivar calls: a tuple for each call, its name first.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def onClose(self, caller: Any, statusCode: int, reason: str) -> Any:
        """
        The terminal callback of an ordinary end.
        """
        self.calls.append(("close", statusCode, reason))

    def onError(self, caller: Any, error: Any) -> Any:
        """
        The terminal callback of a failure.
        """
        self.calls.append(("error", error))

    @property
    def ends(self) -> list[str]:
        """
        The terminal callbacks that were called.
        """
        return [call[0] for call in self.calls if call[0] in ("close", "error")]


class ConversationTestCase(SynchronousTestCase):
    """
    Sees what is logged.
    """

    def setUp(self) -> None:
        """
        Listen to the log.
        """
        self._events: list[LogEvent] = []
        globalLogPublisher.addObserver(self._events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self._events.append)

    def logged(self) -> list[str]:
        """
        @return: the lines that were logged as errors since the last time, without those
            that have a traceback.
        """
        events, self._events[:] = self._events[:], []
        return [
            formatEvent(event)
            for event in events
            if event.get("log_level") == LogLevel.error and "log_failure" not in event
        ]

    def raised(self, *kinds: type[BaseException]) -> None:
        """
        Tracebacks of these exceptions and of no others were logged, in this order.
        """
        gc.collect()
        found = [failure.value for failure in self.flushLoggedErrors()]
        self.assertEqual(len(found), len(kinds), found)
        for value, kind in zip(found, kinds, strict=True):
            self.assertIsInstance(value, kind)

    def quiet(self) -> None:
        """
        Nothing was logged, nor does a Deferred that nobody looks at have an error.
        """
        self.raised()
        self.assertEqual(self.logged(), [])


class DefinitionTestCase(SynchronousTestCase):
    """
    Looks at service classes that are refused.
    """

    def table(self, kind: Any, dispatcherKey: str | None = None, validation: bool = True) -> MethodTable:
        """
        @return: the table of a class that is not refused.
        """
        return MethodTable(kind, dispatcherKey, validation)

    def refusal(self, make: Callable[[], object], service: str, method: str | None) -> ServiceDefinitionError:
        """
        @return: the error, which names the class, the method and a mend.
        """
        error = self.assertRaises(ServiceDefinitionError, make)
        self.assertEqual(error.service.rpartition(".")[2], service)
        self.assertEqual(error.method, method)
        self.assertTrue(error.problem)
        self.assertTrue(error.mend)
        place = f"{error.service}.{method}" if method else error.service
        self.assertEqual(str(error), f"{place}: {error.problem}; {error.mend}")
        return error
