# -*- test-case-name: tests.testing.test_listener -*-
"""
A listener in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from balws.client.asyncclient import AsyncClient
from balws.client.client import Client
from balws.config.listener import ListenerConfiguration
from balws.config.server import ServerConfiguration
from balws.hub.hub import Hub
from balws.interfaces import Service
from balws.server.admission import Admission
from balws.server.listener import Listener
from balws.session.caller import Caller
from balws.session.connection import Connection
from balws.testing.client import MemoryAsyncClient, MemoryClient
from balws.testing.network import MemoryNetwork

UNLIMITED = ServerConfiguration(maxConnections=0, maxConnectionsPerAddress=0, maxUpgradesPerSecond=0)


class MemoryListener(Listener):
    """
    A real listener on a network in memory, with time that passes when a test says so, and
    with clients of it::

        listener = MemoryListener()
        listener.attach(EchoUpgrade(), "/echo")
        client = self.successResultOf(listener.connect("/echo"))
        client.writeTextMessage("hi")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")
        listener.clock.advance(31)

    It listens as soon as it is made.  What its clients, its clock and L{stop} do is
    delivered before they return; see L{MemoryNetwork} for how.

    @ivar network: where it listens.
    @ivar endpoint: where it listens there; clients connect to it.
    @ivar clock: the time of the listener and its clients.
    """

    def __init__(
        self,
        config: ListenerConfiguration | None = None,
        *,
        network: MemoryNetwork | None = None,
        hub: Hub | None = None,
        **fields: Any,
    ) -> None:
        """
        @param config: as L{Listener} takes it.
        @param network: L{None} makes one; several listeners may share one.
        @param hub: L{None} makes one: what another test broadcasts is not heard here.
        @param fields: fields of L{balws.config.ListenerConfiguration}, C{serverConfig} and
            C{admission} of L{Listener}; without these there are no limits on connections: all
            come from one address, and in no time.
        """
        self.network = MemoryNetwork() if network is None else network
        self.clock = self.network.clock
        self.endpoint = self.network.endpoint()
        if not {"serverConfig", "admission"} & fields.keys():
            fields["admission"] = Admission(self.clock, UNLIMITED)
        super().__init__(self.endpoint, config, reactor=self.clock, hub=Hub() if hub is None else hub, **fields)
        self.start()

    def connect(self, path: str = "/", **fields: Any) -> Deferred[Client]:
        """
        Connect a client.

        @param path: where, with parameters as in C{"/rooms/7?limit=5"}.
        @param fields: fields of L{balws.config.ClientConfiguration}, or C{config=}.
        @return: as L{Client.connect}; has fired unless something makes it wait.
        """
        with self.network.turn():
            return MemoryClient.connect(self._url(path), endpoint=self.endpoint, reactor=self.clock, **fields)

    def connectAsync(
        self, path: str = "/", callbackService: Service | None = None, **fields: Any
    ) -> Deferred[AsyncClient]:
        """
        Connect a client that calls back.

        @param callbackService: whose remote methods are called; as L{AsyncClient.connect}.
        @param fields: as L{connect}.
        """
        with self.network.turn():
            return MemoryAsyncClient.connect(
                self._url(path), callbackService, endpoint=self.endpoint, reactor=self.clock, **fields
            )

    def _url(self, path: str) -> str:
        scheme = "ws" if self.configuration.secureSocket is None else "wss"
        return f"{scheme}://localhost{path}"

    @property
    def callers(self) -> list[Caller]:
        """
        The callers of the open connections, as services see them, the oldest first.
        """
        port = self.endpoint.address.port
        wires = (each.server.protocol for each in self.network.connections if each.server.getHost().port == port)
        sessions = (getattr(wire, "session", None) for wire in wires)
        return [session.caller for session in sessions if isinstance(session, Connection)]

    def gracefulStop(self, timeout: float | None = None, spread: float | None = None) -> Deferred[None]:
        """
        As L{Listener.gracefulStop}; time passes by the clock.
        """
        with self.network.turn():
            return super().gracefulStop(timeout, spread)

    def immediateStop(self) -> Deferred[None]:
        """
        As L{Listener.immediateStop}; clients see a lost connection, and nobody is accepted
        until C{start} is called again.
        """
        with self.network.turn():
            return super().immediateStop()

    stop = immediateStop
