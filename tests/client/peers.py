"""
A server that says exactly what a test tells it to, and the stage on which clients meet it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.client.asyncclient import AsyncClient
from balws.client.client import Client
from balws.interfaces import Service
from balws.testing import MemoryNetwork
from balws.testing.client import MemoryAsyncClient, MemoryClient
from balws.wire.headers import acceptKey
from balws.wire.sharedwheel import SharedWheel
from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, frame

#: What a Deferred looks like that has not fired.
PENDING = "pending"


def text(words: str) -> bytes:
    """
    @return: a server's frame with a whole text message.
    """
    return frame(TEXT, words.encode(), masked=False)


def binary(data: bytes) -> bytes:
    """
    @return: a server's frame with a whole binary message.
    """
    return frame(BINARY, data, masked=False)


def ping(data: bytes = b"") -> bytes:
    """
    @return: a server's ping.
    """
    return frame(PING, data, masked=False)


def pong(data: bytes = b"") -> bytes:
    """
    @return: a server's pong.
    """
    return frame(PONG, data, masked=False)


def closing(code: int | None = 1000, reason: bytes = b"") -> bytes:
    """
    @return: a server's close frame; without a code where that is L{None}.
    """
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason, masked=False)


def head(status: str = "101 Switching Protocols", *fields: tuple[str, str]) -> bytes:
    """
    @return: the head of an answer with these fields and no others.
    """
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode()


class RawServer(Protocol):
    """
    One connection of a client, from the server's side.

    @ivar received: all that came and was not yet taken, the request without its head.
    @ivar line: the request line, without its end; empty before the request is complete.
    @ivar fields: the names, in lower case, and values of the request's header.
    @ivar lost: why the connection has ended; L{None} before.
    """

    def __init__(self, script: Callable[[RawServer], object] | None) -> None:
        """
        @param script: called once, when the request is complete.
        """
        self._script = script
        self.received = b""
        self.line = ""
        self.fields: list[tuple[str, str]] = []
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if not self.line and b"\r\n\r\n" in self.received:
            request, _, self.received = self.received.partition(b"\r\n\r\n")
            self.line, *lines = request.decode().split("\r\n")
            for each in lines:
                name, _, value = each.partition(": ")
                self.fields.append((name.lower(), value))
            if self._script is not None:
                self._script(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason

    # The handshake

    def field(self, name: str) -> str | None:
        """
        @return: the value of a header field that was sent once, or L{None}.
        """
        values = [value for key, value in self.fields if key == name]
        assert len(values) < 2, values
        return values[0] if values else None

    def accepting(self) -> list[tuple[str, str]]:
        """
        @return: the fields of a minimal acceptance.
        """
        accept = acceptKey((self.field("sec-websocket-key") or "").encode()).decode()
        return [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]

    def accept(self, *more: tuple[str, str], rest: bytes = b"") -> RawServer:
        """
        Say yes.

        @param more: further fields.
        @param rest: what comes in the same read.
        """
        return self.say(head("101 Switching Protocols", *self.accepting(), *more) + rest)

    # Bytes

    def say(self, data: bytes) -> RawServer:
        """
        Send these bytes as they are.
        """
        transport: Any = self.transport
        transport.write(data)
        return self

    def hangUp(self) -> None:
        """
        Send no more, in order.
        """
        transport: Any = self.transport
        transport.loseConnection()

    def reset(self) -> None:
        """
        Break the connection.
        """
        transport: Any = self.transport
        transport.abortConnection()

    def stopReading(self) -> None:
        """
        Leave what the client writes where it is.
        """
        transport: Any = self.transport
        transport.pauseProducing()

    def readOn(self) -> None:
        """
        Take it.
        """
        transport: Any = self.transport
        transport.resumeProducing()

    def frames(self) -> list[tuple[int, bytes]]:
        """
        @return: first byte and payload of the frames that came since the last time, which
            are whole and masked.
        """
        found = []
        data, self.received = self.received, b""
        while data:
            assert data[1] & 0x80, "not masked"
            length, start = data[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10], "big"), 10
            key, start = data[start : start + 4], start + 4
            payload = data[start : start + length]
            assert len(payload) == length, "cut off"
            whole = (key * (length // 4 + 1))[:length]
            plain = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
            found.append((data[0], plain.to_bytes(length, "big")))
            data = data[start + length :]
        return found

    def texts(self) -> list[str]:
        """
        @return: the text messages among L{frames}, each of one frame.
        """
        return [payload.decode() for first, payload in self.frames() if first == 0x80 | TEXT]


def accepts(*more: tuple[str, str], rest: bytes = b"") -> Callable[[RawServer], object]:
    """
    @return: a script that says yes.
    """
    return lambda server: server.accept(*more, rest=rest)


def answers(data: bytes, thenHangsUp: bool = False) -> Callable[[RawServer], object]:
    """
    @return: a script that sends these bytes.
    """

    def script(server: RawServer) -> None:
        server.say(data)
        if thenHangsUp:
            server.hangUp()

    return script


def silent(server: RawServer) -> None:
    """
    A script that sends nothing.
    """


class Place(Factory):
    """
    Where clients connect to.

    @ivar servers: one for each connection there was, the oldest first.
    @ivar scripts: what each next connection does with its request; when there is none left,
        it says yes.
    """

    noisy = False

    def __init__(self) -> None:
        self.servers: list[RawServer] = []
        self.scripts: list[Callable[[RawServer], object]] = []

    def buildProtocol(self, address: Any) -> RawServer:
        server = RawServer(self.scripts.pop(0) if self.scripts else accepts())
        self.servers.append(server)
        return server


class ClientTestCase(SynchronousTestCase):
    """
    Connects clients to a L{Place}, and looks at what they leave behind: when all is over no
    delayed call, no connection and nothing in the log.

    @ivar network: between them.
    @ivar clock: its time.
    @ivar place: where the clients connect to.
    """

    def setUp(self) -> None:
        # What a test has made is so the youngest, and quickly looked through at its end.
        gc.disable()
        self.addCleanup(gc.enable)
        self.network = MemoryNetwork()
        self.clock = self.network.clock
        self.endpoint = self.network.endpoint(80)
        self.place = Place()
        self.successResultOf(self.endpoint.listen(self.place))
        self.clients: list[Client | AsyncClient] = []
        self.addCleanup(self.nothingIsLeft)

    @property
    def server(self) -> RawServer:
        """
        The server's side of the latest connection.
        """
        return self.place.servers[-1]

    # Clients

    def begin(self, url: str = "ws://localhost/", **fields: Any) -> Deferred[Client]:
        """
        @return: what a connect of these returns.
        """
        fields.setdefault("endpoint", self.endpoint)
        with self.network.turn():
            return self._kept(MemoryClient.connect(url, reactor=self.clock, **fields))

    def beginAsync(
        self, service: Service | None = None, url: str = "ws://localhost/", **fields: Any
    ) -> Deferred[AsyncClient]:
        """
        @return: as L{begin}, for a service.
        """
        fields.setdefault("endpoint", self.endpoint)
        with self.network.turn():
            return self._kept(MemoryAsyncClient.connect(url, service, reactor=self.clock, **fields))

    def _kept(self, connecting: Deferred[Any]) -> Deferred[Any]:
        def keep(client: Any) -> Any:
            self.clients.append(client)
            return client

        return connecting.addCallback(keep)

    def connect(self, url: str = "ws://localhost/", **fields: Any) -> Client:
        """
        @return: a client that is connected.
        """
        return self.successResultOf(self.begin(url, **fields))

    def connectAsync(self, service: Service | None = None, url: str = "ws://localhost/", **fields: Any) -> AsyncClient:
        """
        @return: a client of a service that is connected.
        """
        return self.successResultOf(self.beginAsync(service, url, **fields))

    def refusal(self, *kinds: type[Exception], **fields: Any) -> Any:
        """
        @return: the error with which a connect fails, which is exactly of this class.
        """
        problem = self.failureResultOf(self.begin(**fields)).value
        self.assertIn(type(problem), kinds)
        return problem

    # Outcomes

    def outcomeOf(self, deferred: Deferred[Any]) -> list[Any]:
        """
        @return: a list that gets the result, or the error's text, when there is one.
        """
        found: list[Any] = []

        def done(result: Any) -> None:
            found.append(result.value if isinstance(result, Failure) else result)

        deferred.addBoth(done)
        return found

    def failed(self, deferred: Deferred[Any], kind: type[Exception], words: str | None = None) -> Any:
        """
        @param words: its text; L{None} does not look.
        @return: the error with which it has failed, which is exactly of this class.
        """
        problem = self.failureResultOf(deferred).value
        self.assertIs(type(problem), kind, problem)
        if words is not None:
            self.assertEqual(str(problem), words)
        return problem

    # What is left

    def assertIdle(self) -> None:
        """
        There is no timer and no connection.
        """
        self.assertEqual([str(call) for call in self.clock.getDelayedCalls()], [])
        self.assertEqual(self.network.connections, [])

    def nothingIsLeft(self) -> None:
        """
        Ends what is still open, and looks.
        """
        self.network.refusing = True
        self.network.release()
        for client in self.clients:
            if client.isOpen() or client.isReconnecting():
                client.close(timeout=0).addErrback(lambda _: None)
        self.network.cut()
        self.assertIdle()
        self.assertEqual(SharedWheel.of(self.clock)._users, 0)
        self.clients.clear()
        gc.collect(0)
        self.assertEqual(self.flushLoggedErrors(), [])


def split(data: bytes, size: int) -> Iterable[bytes]:
    """
    @return: the portions, in order.
    """
    return (data[start : start + size] for start in range(0, len(data), size))
