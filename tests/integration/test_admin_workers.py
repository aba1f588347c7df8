"""
Tests of the admin endpoint of several real processes.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import ClientConnection, connect

from tests.commands import asCommand
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

TOKEN = "0123456789abcdef"

SERVICE = """\
from balws import Service, UpgradeService

class Echo(Service):
    def onTextMessage(self, text: str):
        return text

class EchoUpgrade(UpgradeService):
    def get(self):
        return Echo()
"""

FILE = """\
[server]
workers = 2
[hub]
scope = "worker"
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
token = "{token}"
[[listeners]]
port = {port}
host = "127.0.0.1"
[[listeners.services]]
path = "/echo"
service = "echo:EchoUpgrade"
"""


class WorkersTests(SynchronousTestCase):
    """
    One endpoint for two workers.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.port, self.admin = freePort(), freePort()
        (self.folder / "echo.py").write_text(SERVICE)
        text = FILE.format(admin=self.admin, token=TOKEN, port=self.port)
        (self.folder / "balws.toml").write_text(text)
        # The sockets' folder is in it; the path of a socket must be short.
        self.own = tempfile.mkdtemp(prefix="b")
        self.addCleanup(os.rmdir, self.own)
        self.patch(os, "environ", {**os.environ, "TMPDIR": self.own})
        self.server = Server(self, asCommand("twistd -n balws --config balws.toml"), self.port, self.folder)
        self.wait(lambda: len(self.ask("/api/summary")["pids"]) == 2)

    def ask(self, path: str, order: Any = None) -> Any:
        """
        @return: what the endpoint says; an empty summary while it says nothing.
        """
        headers = {"Authorization": f"Bearer {TOKEN}"}
        data = None
        if order is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(order).encode()
        try:
            with urlopen(Request(f"http://127.0.0.1:{self.admin}{path}", data, headers), timeout=PATIENCE) as answer:
                said = answer.read().decode()
        except HTTPError as refused:
            said = refused.read().decode()
        except URLError:
            said = "{}"
        return json.loads(said) if said.startswith("{") else said

    def wait(self, isSo: Callable[[], bool]) -> None:
        """
        Wait until something is so.
        """
        deadline = time.monotonic() + PATIENCE
        while not self._isSo(isSo):
            if time.monotonic() > deadline:
                self.fail(self.server.output())
            time.sleep(0.05)

    def _isSo(self, isSo: Callable[[], bool]) -> bool:
        try:
            return isSo()
        except KeyError:  # no answer yet
            return False

    def connected(self) -> list[ClientConnection]:
        """
        @return: clients that are with both workers.
        """
        peers: list[ClientConnection] = []
        deadline = time.monotonic() + PATIENCE
        while len({each["worker"] for each in self.ask("/api/connections")["connections"]}) < 2:
            self.assertLess(time.monotonic(), deadline, self.server.output())
            for _ in range(4):
                peer = connect(f"ws://127.0.0.1:{self.port}/echo", proxy=None, open_timeout=PATIENCE)
                self.addCleanup(peer.close)
                peers.append(peer)
        return peers

    def test_together(self) -> None:
        """
        Connections of both are seen, sent to and counted as one; one that is killed is left out until its
        successor is there; and when all end nothing is left in the file system (RL18).
        """
        peers = self.connected()
        page = self.ask("/api/connections")
        self.assertEqual((page["total"], len(page["connections"])), (len(peers), len(peers)))
        self.assertEqual(self.ask("/api/send", {"target": {"path": "/echo"}, "text": "all"}), {"count": len(peers)})
        self.assertEqual([each.recv(PATIENCE) for each in peers], ["all"] * len(peers))
        one = {"target": {"connection": page["connections"][-1]["id"]}, "code": 4000}
        self.assertEqual(self.ask("/api/kick", one), {"count": 1})
        families = {each.name: each for each in text_string_to_metric_families(self.ask("/metrics"))}
        samples = families["balws_connections_opened"].samples
        self.assertEqual({each.labels["worker"] for each in samples}, {"1", "2"})
        self.assertEqual(sum(each.value for each in samples), len(peers))
        self.assertEqual(len(os.listdir(self.own)), 1)
        first, second = self.ask("/api/summary")["pids"]
        os.kill(second, signal.SIGKILL)
        self.wait(lambda: second not in self.ask("/api/summary")["pids"])
        self.assertEqual(self.ask("/readyz"), "ready\n")
        self.wait(lambda: len(self.ask("/api/summary")["pids"]) == 2)
        self.assertEqual(self.ask("/api/summary")["pids"][0], first)
        self.server.stop()
        self.assertEqual(os.listdir(self.own), [])
        self.assertNotIn("Traceback", self.server.output())
