"""
The services of L{tests.rows.recording}, served by twistd from one file.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import ROOT, Server, asCommand, freePort
from tests.rows.raw import TEXT, Peer, frame, request

CONFIGURATION = """
[[listeners]]
port = {port}
host = "127.0.0.1"
timeout = 2
{listener}
[listeners.requestLimits]
maxEntityBodySize = 10
"""

SERVICES = {
    "/ws": "Echo",
    "/never": "Never",
    "/failing": "Failing",
    "/headers": "Headers",
    "/origin": "Origin",
    "/slow": "Slow",
    "/idle": "Idle",
    "/orders": "Orders",
    "/json": "Json",
    "/xml": "Xml",
    "/events": "Events",
}


class ServedTestCase(SynchronousTestCase):
    """
    @cvar listener: further lines for the listener.
    @cvar tracebacks: whether a test's faults of services show in the log.
    """

    listener = ""
    tracebacks = False

    def setUp(self) -> None:
        """
        Serve.
        """
        self.port = freePort()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        shutil.copy(ROOT / "tests" / "rows" / "recording.py", folder)
        text = CONFIGURATION.format(port=self.port, listener=self.listener)
        for path, name in SERVICES.items():
            text += f'[[listeners.services]]\npath = "{path}"\nservice = "recording:{name}Upgrade"\n'
        text += '[[listeners.resources]]\npath = "/calls"\nresource = "recording:Calls"\n'
        (folder / "balws.toml").write_text(text, "utf-8")
        command = asCommand("twistd -n balws --config balws.toml")
        self.server = Server(self, command, self.port, folder)

    def tearDown(self) -> None:
        """
        The server has logged no fault but those that the test is about.
        """
        self.server.stop()
        output = self.server.output()
        self.assertEqual("Traceback" in output, self.tracebacks, output)
        self.assertNotIn("Unhandled", output)

    def peer(self) -> Peer:
        """
        @return: a new connection.
        """
        peer = Peer(self.port)
        self.addCleanup(peer.close)
        return peer

    def ask(self, data: bytes) -> Peer:
        """
        @return: a connection on which this was sent.
        """
        return self.peer().send(data)

    def open(self, path: str = "/ws", more: bytes = b"") -> Peer:
        """
        @return: a connection after its upgrade.
        """
        peer = self.ask(request(path, more=more))
        self.assertEqual(peer.status(), 101)
        return peer

    def calls(self) -> list[Any]:
        """
        @return: what the services recorded since the last look.
        """
        with urlopen(f"http://127.0.0.1:{self.port}/calls", timeout=5) as answer:
            found: list[Any] = json.load(answer)
        return found

    def assertAlive(self) -> None:
        """
        A new peer is served.
        """
        self.assertEqual(self.open().send(frame(TEXT, b"alive")).receive(), (TEXT, b"alive"))

    def assertLogged(self, words: str) -> None:
        """
        The log has these words, soon.
        """
        deadline = time.monotonic() + 5
        while words not in self.server.output() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn(words, self.server.output())
