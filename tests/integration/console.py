"""
The live console as an operator has it: C{twistd -n balws} with C{[admin]}, and Chromium.
"""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import threading
import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import ClientConnection, connect

from tests.commands import asCommand
from tests.integration.browser import BrowserCase
from tests.integration.needed import missing
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

TOKEN = "analytical-engine-1843"

#: So many files may be open at a time.
SOCKETS = 2500

#: What Chromium itself writes when an answer is 401, or nobody answers; the page says so in its words.
EXPECTED = re.compile(r"Failed to load resource: .*(401|ERR_CONNECTION|ERR_EMPTY)|WebSocket connection .*failed")

SERVICE = """\
from balws import Service, UpgradeService

class Room(Service):
    def __init__(self, group):
        self.group = group

    async def onOpen(self, caller):
        await caller.addConnectionToGroup(self.group)

    def onTextMessage(self, text: str):
        return text

class RoomUpgrade(UpgradeService):
    def get(self, group: str = "lobby"):
        return Room(group)
"""

CONFIGURATION = """\
[server]
maxConnectionsPerAddress = 0
maxUpgradesPerSecond = 0

[admin]
{admin}

[[listeners]]
port = {port}
host = "127.0.0.1"

[[listeners.services]]
path = "/rooms"
service = "rooms:RoomUpgrade"
"""

Scheme = Literal["light", "dark"]


class ConsoleCase(BrowserCase):
    """
    Has a service with an admin endpoint.
    """

    def setUp(self) -> None:
        """
        Start the service and a browser.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < SOCKETS:  # 1,000 peers are here, and as many sockets in the server, which inherits this
            if hard < SOCKETS:
                missing("the right to so many files")
            resource.setrlimit(resource.RLIMIT_NOFILE, (SOCKETS, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.port, self.adminPort = freePort(), freePort()
        self.place = f"127.0.0.1:{self.adminPort}"
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "rooms.py").write_text(SERVICE)
        self.configure(f'endpoint = "tcp:{self.adminPort}:interface=127.0.0.1"\ntoken = "{TOKEN}"')
        self.server = self.start()
        super().setUp()

    def configure(self, admin: str) -> None:
        """
        @param admin: the lines of C{[admin]}.
        """
        (self.folder / "balws.toml").write_text(CONFIGURATION.format(admin=admin, port=self.port))

    def start(self) -> Server:
        """
        As an operator does.
        """
        return Server(self, asCommand("twistd -n balws --config balws.toml"), self.port, self.folder)

    def peer(self, group: str = "lobby") -> ClientConnection:
        """
        One more peer.
        """
        peer = connect(f"ws://127.0.0.1:{self.port}/rooms?group={quote(group)}", proxy=None, open_timeout=PATIENCE)
        self.addCleanup(peer.close)
        return peer

    def open(self, scheme: Scheme = "light", token: str = TOKEN) -> Any:
        """
        A console that is signed in.
        """
        page = self.visit(f"http://{self.place}/", scheme)
        page.fill("#token", token)
        page.keyboard.press("Enter")
        page.locator("#state[data-state=ready]").wait_for()
        return page

    def awaitText(self, page: Any, selector: str, text: str) -> None:
        """
        Wait until an element has just this text.
        """
        page.locator(selector, has_text=re.compile(f"^{re.escape(text)}$")).first.wait_for()

    def assertClean(self, place: str) -> None:
        """
        Also: what went wrong is what a test made go wrong.
        """
        self.errors[:] = [error for error in self.errors if EXPECTED.match(error) is None]
        super().assertClean(place)


def forward(test: SynchronousTestCase, port: int, path: Path) -> None:
    """
    What C{ssh -L} does: a port that leads to a socket.
    """

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = gate.accept()
                inner = socket.socket(socket.AF_UNIX)
                inner.connect(str(path))
                ends.extend((outer, inner))
                threading.Thread(target=pump, args=(outer, inner), daemon=True).start()
                threading.Thread(target=pump, args=(inner, outer), daemon=True).start()

    deadline = time.monotonic() + PATIENCE
    while True:  # the admin endpoint is opened behind the other ports
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                break
        test.assertLess(time.monotonic(), deadline, "the socket is not there")
        time.sleep(0.05)
    ends: list[socket.socket] = []
    gate = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()

    def stop() -> None:
        gate.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)
        for each in (gate, *ends):
            each.close()

    test.addCleanup(stop)
