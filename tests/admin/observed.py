"""
A service in memory, and its admin endpoint beside it.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws import Caller, Service, Tally, UpgradeService
from balws.admin.process import Process
from balws.admin.service import AdminListener, makeAdmin
from balws.client.client import Client
from balws.config.admin import AdminConfiguration
from balws.config.secret import Secret
from balws.server.health import Readiness
from balws.testing import MemoryListener
from tests.server.peers import Peer, body, fields, head, status
from tests.server.test_listener import Network

TOKEN = "a-token-for-these-tests"

BEARER = {"Host": "localhost:9099", "Authorization": f"Bearer {TOKEN}"}


class Echo(Service):
    """
    Stores each connection as its first message says, and puts it into the group of its second.
    """

    def __init__(self) -> None:
        self.said: list[str] = []

    def onTextMessage(self, caller: Caller, text: str) -> str:
        self.said.append(text)
        if text.startswith("name "):
            caller.storeConnection(text[5:])
        if text.startswith("group "):
            caller.addConnectionToGroup(text[6:])
        return text


class EchoUpgrade(UpgradeService):
    """
    Lets everybody in.
    """

    def get(self) -> Echo:
        return Echo()


class Dog:
    """
    A watchdog that has seen this.
    """

    stalls = 2
    longest = 1.5


class ObservedTestCase(SynchronousTestCase):
    """
    A listener with two paths, and what an operator sees of it.

    @ivar listener: with C{/echo} and C{/other}.
    @ivar process: what is shown.
    """

    def setUp(self) -> None:
        self.tally = Tally()
        self.listener = MemoryListener(observer=self.tally, countsTraffic=True)
        self.listener.attach(EchoUpgrade(), "/echo")
        self.listener.attach(EchoUpgrade(), "/other")
        self.readiness = Readiness()
        dog: Any = Dog()
        self.process = Process(
            [self.listener], self.listener.hub, self.tally, dog, self.listener.clock, ready=self.readiness
        )
        self.addCleanup(self.process.stop)

    def client(self, path: str = "/echo", *texts: str) -> Client:
        """
        @return: a client that has sent these texts and heard them.
        """
        client = self.successResultOf(self.listener.connect(path))
        for text in texts:
            client.writeTextMessage(text)
            self.assertEqual(self.read(client), text)
        return client

    def read(self, client: Client) -> Any:
        """
        @return: the next message.
        """
        return self.successResultOf(client.readMessage())

    def idOf(self, client: Client) -> str:
        """
        @return: the server's id of the newest connection.
        """
        return self.listener.callers[-1].getConnectionId()


class Ask:
    """
    Asks an admin endpoint in memory.

    @ivar network: where it listens, at port 9099 unless another was configured.
    """

    def __init__(self, operations: Any, endpoint: str = "tcp:9099:interface=127.0.0.1") -> None:
        self.network = Network()
        configuration = AdminConfiguration(endpoint=endpoint, token=Secret(TOKEN))
        self.admin: AdminListener = makeAdmin(configuration, operations, self.network)
        self.admin.start()

    def peer(self) -> Peer:
        """
        @return: a new connection.
        """
        return self.network.connect(9099)

    def __call__(
        self, line: str, content: bytes | None = None, headers: Any = None, **more: str | None
    ) -> tuple[int, dict[str, list[str]], bytes]:
        """
        @param line: method and target.
        @param headers: C{None}: with the token.
        @return: status, header fields and body of the answer.
        """
        given = dict(BEARER if headers is None else headers)
        if content is not None:
            given.setdefault("Content-Type", "application/json")
            given["Content-Length"] = str(len(content))
        peer = self.peer().send(head(f"{line} HTTP/1.1", given, **more) + (content or b""))
        answer = peer.answer
        return status(answer), fields(answer), body(answer)

    def json(self, line: str, order: Any = None, **more: str | None) -> tuple[int, Any]:
        """
        @return: status, and what the JSON of the answer says.
        """
        content = None if order is None else json.dumps(order).encode()
        found, _, said = self(line, content, **more)
        return found, json.loads(said)
