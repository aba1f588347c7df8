# -*- test-case-name: tests.testing.test_network -*-
"""
A network in memory: real protocols on both ends, no sockets, no reactor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError, NoProtocol
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.protocol import Protocol
from twisted.logger import Logger

from balws.testing.clock import Clock
from balws.testing.connection import MemoryConnection
from balws.testing.endpoint import MemoryEndpoint, MemoryPort
from balws.testing.transport import MemoryTransport

#: Addresses for documentation (RFC 5737).
SERVER, CLIENT = "192.0.2.1", "192.0.2.2"

#: Calls without delay in a row, with no time passing, that no test can have meant.
_ENDLESS = 10000


class MemoryNetwork:
    """
    Connects real protocols in memory::

        network = MemoryNetwork()
        listener = balws.Listener(network.endpoint(80), reactor=network.clock)
        ...
        client = balws.Client.connect("ws://localhost/", endpoint=network.endpoint(80), reactor=network.clock)

    Whatever is written arrives at once: the write that a test makes returns when it was
    read, and whatever was written because of it was read too, and so on until nothing
    moves any more.  Only bytes for a side that has stopped reading stay where they
    were written, so that back-pressure is real.  No read begins inside of another one; what
    must not be answered before it is done is done in a L{turn}.

    @ivar clock: its time, the reactor for listeners and clients.
    @ivar refusing: whether every attempt to connect fails: the server is down.
    @ivar portion: the most bytes that one read gets; 1 or more.
    @ivar listening: who listens, by port.
    """

    _log = Logger()

    def __init__(self) -> None:
        self.clock = Clock(self.turn)
        self.refusing = False
        self.portion = 65536
        self.listening: dict[int, MemoryPort] = {}
        self._connections: list[MemoryConnection] = []
        self._isHeld = False
        self._inTurn = False
        self._awake: deque[MemoryTransport] = deque()
        self._attempts: deque[tuple[int, IProtocolFactory, Deferred[IProtocol]]] = deque()
        self._lastPort = 79
        self._lastClientPort = 49151

    def endpoint(self, port: int | None = None) -> MemoryEndpoint:
        """
        @param port: any number; L{None} takes the next that was not asked for: 80, 81, ...
        @return: a place to listen and to connect to.
        """
        if port is None:
            port = self._lastPort + 1
        self._lastPort = max(self._lastPort, port)
        return MemoryEndpoint(self, IPv4Address("TCP", SERVER, port))

    @property
    def connections(self) -> list[MemoryConnection]:
        """
        Those that are open, the oldest first.
        """
        self._connections = [each for each in self._connections if each.isOpen]
        return list(self._connections)

    # Delivery

    @contextmanager
    def turn(self) -> Iterator[None]:
        """
        What is written inside C{with network.turn():} arrives at its end and not before, as
        everything does that a reactor calls.
        """
        if self._inTurn:
            yield
            return
        self._inTurn = True
        try:
            yield
        finally:
            try:
                self._settle()
            finally:
                self._inTurn = False

    def hold(self) -> None:
        """
        From now on nothing arrives: no byte, no connection, no end of one.
        """
        self._isHeld = True

    def release(self, count: int | None = None) -> None:
        """
        Let things arrive again.

        @param count: L{None} ends the holding.  A number, 1 or more, lets so many bytes
            arrive at each end in one read, and holds the rest, answers too.
        """
        with self.turn():
            if count is None:
                self._isHeld = False
                self._awake.extend(self._ends())
                return
            while self._attempts:
                self._establish()
            # What is written because of it is held.
            for end, size in [(each, min(count, len(each.dataBuffer))) for each in self._ends() if each.waits]:
                end.move(size or 1)

    def cut(self) -> None:
        """
        Break every connection: see L{MemoryConnection.cut}.
        """
        with self.turn():
            for connection in self.connections:
                connection.cut()

    def _ends(self) -> list[MemoryTransport]:
        return [end for each in self.connections for end in (each.client, each.server)]

    def _wake(self, end: MemoryTransport) -> None:
        with self.turn():
            self._awake.append(end)

    def _settle(self) -> None:
        calls = 0
        while True:
            if self._awake:
                self._awake.popleft().move(0 if self._isHeld else self.portion)
            elif self._attempts and not self._isHeld:
                self._establish()
            elif self.clock.callDue():
                calls += 1
                if calls > _ENDLESS:
                    raise AssertionError("something calls itself later, without delay and without end")
            else:
                return

    # Connections

    def connect(self, address: IPv4Address, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{MemoryEndpoint.connect}.
        """
        attempt: Deferred[IProtocol] = Deferred()
        with self.turn():
            self._attempts.append((address.port, factory, attempt))
        return attempt

    def _establish(self) -> None:
        number, factory, attempt = self._attempts.popleft()
        if attempt.called:  # cancelled
            return
        port = self.listening.get(number)
        if port is None or self.refusing:
            attempt.errback(ConnectionRefusedError())
            return
        self._lastClientPort += 1
        server, client = IPv4Address("TCP", SERVER, number), IPv4Address("TCP", CLIENT, self._lastClientPort)
        factory.doStart()
        try:
            near = factory.buildProtocol(server)
            if near is None:
                raise NoProtocol
        except Exception:
            factory.doStop()
            attempt.errback()
            return
        connection = self._join(client, server, factory)
        connection.client.begin(near)
        connection.server.begin(self._accept(port, client))
        attempt.callback(near)

    def _join(self, client: IPv4Address, server: IPv4Address, factory: IProtocolFactory) -> MemoryConnection:
        near = MemoryTransport(client, server, self._wake, factory.doStop)
        far = MemoryTransport(server, client, self._wake, lambda: None)
        near.other, far.other = far, near
        connection = MemoryConnection(near, far, self.turn)
        self._connections.append(connection)
        return connection

    def _accept(self, port: MemoryPort, client: IPv4Address) -> IProtocol:
        """
        @return: who talks to a client; where the factory has nobody, or fails, it is one that
            closes at once.
        """
        try:
            protocol = port.factory.buildProtocol(client)
        except Exception:
            self._log.failure("A factory in memory failed")
            protocol = None
        return _Closing() if protocol is None else protocol


class _Closing(Protocol):
    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.loseConnection()
