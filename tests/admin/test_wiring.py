"""
Tests of C{[admin]} in L{balws.application}: from the file to the endpoint.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from balws import ConfigurationError, Service, Tally, UpgradeService
from balws.application import Application, makeApplicationService
from balws.config import loadText
from balws.hub import hub
from tests.server.peers import Peer, body, frame, head, status, upgrade

TOKEN = "abcdefghijklmnop"

SERVED = """
[[listeners]]
port = 9090
[[listeners.services]]
path = "/echo"
service = "tests.admin.test_wiring:EchoUpgrade"
pingInterval = 0
"""

TEXT = f"""
[admin]
endpoint = "tcp:9091:interface=127.0.0.1"
token = "{TOKEN}"
{SERVED}"""


class Echo(Service):
    """
    Says what it hears.
    """

    def onTextMessage(self, text: str) -> str:
        return text


class EchoUpgrade(UpgradeService):
    """
    Its door.
    """

    def get(self) -> Echo:
        return Echo()


watching = Tally()


class Reactor(MemoryReactorClock):
    """
    Never runs: nothing watches it.
    """

    def callWhenRunning(self, *arguments: Any) -> None:  # type: ignore[override]
        """
        That is never.
        """


class WiringTests(SynchronousTestCase):
    """
    What the file says is what there is.
    """

    def setUp(self) -> None:
        """
        Serve.
        """
        self.reactor = Reactor()
        self.patch(hub, "_shared", None)
        self.service = self.start(TEXT)

    def start(self, text: str) -> Application:
        """
        @return: a configuration's application, which runs.
        """
        service = makeApplicationService(loadText(text, "balws.toml", self.mktemp()), self.reactor)
        service.privilegedStartService()
        service.startService()
        return service

    def peer(self, port: int) -> Peer:
        """
        @return: somebody who has connected to a port.
        """
        (factory,) = [server[1] for server in self.reactor.tcpServers if server[0] == port]
        return Peer(factory)

    def ask(self, path: str, **more: str) -> Any:
        """
        @return: what the endpoint says.
        """
        fields = {"Host": "localhost:9091", "Authorization": f"Bearer {TOKEN}", **more}
        answer = self.peer(9091).send(head(f"GET {path} HTTP/1.1", fields)).answer
        self.assertEqual(status(answer), 200, answer)
        return body(answer)

    def test_opened(self) -> None:
        """
        The endpoint is opened with the other ports, on this machine's own address.
        """
        self.assertEqual(
            [(port, interface) for port, _, _, interface in self.reactor.tcpServers],
            [(9090, "0.0.0.0"), (9091, "127.0.0.1")],
        )
        self.successResultOf(self.service.whenReady())

    def test_shown(self) -> None:
        """
        It shows the connections of the others, with what they have said, and not its own.
        """
        peer = self.peer(9090).send(upgrade("/echo"), frame(b"hello"))
        summary = json.loads(self.ask("/api/summary"))
        self.assertEqual(summary["connections"], 1)
        (path,) = summary["paths"]
        self.assertEqual((path["path"], path["opened"], path["received"], path["sentBytes"]), ("/echo", 1, 1, 5))
        peer.leave()
        (path,) = json.loads(self.ask("/api/summary"))["paths"]
        self.assertEqual((path["connections"], path["closed"], path["received"]), (0, {"1006": 1}, 1))

    def test_uptime(self) -> None:
        """
        It tells since when the process serves, whatever the clock said before.
        """
        self.reactor.advance(5)
        self.assertEqual(json.loads(self.ask("/api/summary"))["uptime"], 5)

    def test_end(self) -> None:
        """
        While the others drain it still answers; it ends when they have.
        """
        peer = self.peer(9090).send(upgrade("/echo"))
        stopped: Deferred[Any] = self.service.stopService()
        self.reactor.advance(3)
        self.assertNoResult(stopped)
        self.assertEqual(self.ask("/healthz"), b"ok\n")
        peer.leave()
        self.reactor.advance(1)
        self.successResultOf(stopped)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_endAtOnce(self) -> None:
        """
        A second signal drops those who ask, too.
        """
        self.peer(9090).send(upgrade("/echo"))
        asking = self.peer(9091)
        stopped: Deferred[Any] = self.service.stopService()
        self.service.stopNow()
        self.reactor.advance(0.1)
        self.successResultOf(stopped)
        self.assertTrue(asking.isClosed)

    def test_absent(self) -> None:
        """
        Without C{[admin]} there is no endpoint, and nobody counts.
        """
        self.reactor = Reactor()
        service = self.start(SERVED)
        self.assertEqual([port for port, *_ in self.reactor.tcpServers], [9090])
        self.peer(9090).send(upgrade("/echo"))
        (connection,) = service._served[0].listener.conversations()
        self.assertFalse(hasattr(connection, "received"))

    def test_observer(self) -> None:
        """
        An observer that the file names is told of connections, beside the endpoint's own or alone.
        """
        table = '[python]\nobserver = "tests.admin.test_wiring:watching"\n'
        for text in (table + TEXT, table + SERVED):
            self.reactor = Reactor()
            self.start(text)
            before = watching.opened["/echo"]
            self.peer(9090).send(upgrade("/echo"))
            self.assertEqual(watching.opened["/echo"], before + 1)

    def test_noObserver(self) -> None:
        """
        What is none is refused where it stands.
        """
        text = '[python]\nobserver = "tests.admin.test_wiring:Echo"\n' + TEXT
        problem = self.assertRaises(ConfigurationError, self.start, text)
        self.assertEqual(
            str(problem),
            "balws.toml:2:12: python.observer: expected an IConnectionObserver, got the class Echo",
        )
