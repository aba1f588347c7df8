"""
The services of C{tests/integration/services}, served by twistd from one file.

A server lives as long as the tests do and serves every test that wants the same
configuration; each test has a tag, under which the services record what is called.
After each test there is nothing left of its connections, every connection was told its
end once, and the log has no fault but one that the test announced.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import Server, asCommand, freePort
from tests.integration.raw import TEXT, Peer, frame, request

HERE = Path(__file__).resolve().parent

CONFIGURATION = """
[python]
path = ["{folder}"]
[[listeners]]
port = {port}
host = "127.0.0.1"
{listener}
[listeners.requestLimits]
{limits}
[[listeners.resources]]
path = "/calls"
resource = "recording:Records"
"""

#: Where each service is; a comma, and further fields of its entry.
SERVICES = {
    "/ws": "echoing:EchoUpgrade",
    "/seen": "echoing:SeenUpgrade",
    "/never": "upgrading:NeverUpgrade",
    "/stubborn": "upgrading:StubbornUpgrade",
    "/late": "upgrading:LateUpgrade",
    "/failing": "upgrading:FailingUpgrade",
    "/parameters": "upgrading:ParametersUpgrade",
    "/headers": "upgrading:HeadersUpgrade",
    "/fixed": "upgrading:FixedUpgrade",
    "/origin": "upgrading:OriginUpgrade",
    "/origin/any": 'echoing:EchoUpgrade, allowedOrigins = ["*"]',
    "/origin/none": "echoing:EchoUpgrade, allowedOrigins = []",
    "/origin/null": 'echoing:EchoUpgrade, allowedOrigins = ["null"]',
    "/limited": "echoing:EchoUpgrade, maxFrameSize = 10, maxMessageSize = 100, maxFragments = 5",
    "/limited/not": "echoing:EchoUpgrade, maxFrameSize = -5",
    "/limited/zero": "echoing:EchoUpgrade, maxFrameSize = 0",
    "/leaving": "leaving:LeavingUpgrade, connectionClosureTimeout = 0.3",
    "/slow": "ordered:SlowUpgrade",
    "/slow/three": "ordered:SlowUpgrade, maxPendingMessages = 3",
    "/opening": "ordered:OpeningUpgrade",
    "/controls": "ordered:ControlsUpgrade",
    "/idle": "ordered:IdleUpgrade",
    "/idle/off": "ordered:IdleUpgrade, idleTimeout = 0",
    "/faulty": "ordered:FaultyUpgrade",
    "/answers": "answering:AnswersUpgrade",
    "/room": "answering:RoomUpgrade",
    "/bound": "bound:BoundUpgrade",
    "/unchecked": "bound:BoundUpgrade, validation = false",
    "/events": "dispatching:EventsUpgrade",
}

_tags = (f"t{number}" for number in itertools.count())
_servers: dict[Any, tuple[Server, int]] = {}


class _Run:
    """
    Whom the servers belong to: no single test.
    """

    def addCleanup(self, stop: Callable[[], Any]) -> None:
        atexit.register(stop)

    def fail(self, problem: str) -> None:
        raise AssertionError(problem)


class ServedTestCase(SynchronousTestCase):
    """
    @cvar services: what is served beside C{/calls}, as L{SERVICES}.
    @cvar listener: further lines for the listener.
    @cvar limits: its requestLimits.
    @cvar more: further tables of the file.
    @cvar alone: whether the class has a server of its own, as those that measure it do.
    """

    services = SERVICES
    listener = "timeout = 2"
    limits = "maxEntityBodySize = 10"
    more = ""
    alone = False

    def setUp(self) -> None:
        """
        Serve.
        """
        self.tag = next(_tags)
        self.faults = False
        self._peers: list[Peer] = []
        key = (tuple(self.services.items()), self.listener, self.limits, self.more, self.alone and type(self))
        if key not in _servers or _servers[key][0].process.poll() is not None:
            _servers[key] = self._serve()
        self.server, self.port = _servers[key]
        self._seen = 0
        self._seen = len(self.logged())

    def _serve(self) -> tuple[Server, int]:
        port = freePort()
        folder = Path(self.mktemp()).absolute()
        (folder / "public").mkdir(parents=True)
        (folder / "public" / "page.txt").write_text("a page\n", "utf-8")
        text = CONFIGURATION.format(
            folder=HERE / "services", port=port, listener=self.listener, limits=self.limits
        )
        text += self.more
        for path, entry in self.services.items():
            service, _, fields = entry.partition(", ")
            text += f'[[listeners.services]]\npath = "{path}"\nservice = "{service}"\n'
            text += _lines(fields)
        (folder / "balws.toml").write_text(text, "utf-8")
        run = cast(SynchronousTestCase, _Run())
        return Server(run, asCommand("twistd -n balws --config balws.toml"), port, folder), port

    def tearDown(self) -> None:
        """
        Nothing is left.
        """
        for peer in self._peers:
            peer.close()
        self.assertIsNone(self.server.process.poll(), "the server has ended")
        calls: list[Any] = []
        deadline = time.monotonic() + 5
        while True:
            found = self.ask_records()
            calls += found["calls"]
            if not found["living"] or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        self.assertEqual(found["living"], 0, "connections that were not told their end")
        self.assertEqual([call for call in calls if call[0] == "TWICE"], [])
        text = self.logged()
        self.assertEqual("Traceback" in text, self.faults, text)
        self.assertNotIn("Unhandled", text)

    # Peers

    def peer(self) -> Peer:
        """
        @return: a new connection.
        """
        peer = Peer(self.port)
        self._peers.append(peer)
        return peer

    def ask(self, data: bytes) -> Peer:
        """
        @return: a connection on which this was sent.
        """
        return self.peer().send(data)

    def tagged(self, path: str) -> str:
        """
        @return: a path that carries this test's tag.
        """
        return f"{path}{'&' if '?' in path else '?'}tag={self.tag}"

    def open(self, path: str = "/ws", more: bytes = b"", body: bytes = b"") -> Peer:
        """
        @return: a connection after its upgrade.
        """
        peer = self.ask(request(self.tagged(path), more=more, body=body))
        self.assertEqual(peer.status(), 101)
        return peer

    def assertRefused(self, data: bytes, *statuses: int) -> bytes:
        """
        Check that this gets one answer with one of these statuses, and that the connection
        is closed.

        @return: all of the answer.
        """
        peer = self.ask(data)
        answer = peer.rest()
        peer.close()
        self.assertRegex(answer[:12], rb"\AHTTP/1\.[01] \d{3}\Z", data[:200])
        self.assertIn(int(answer[9:12]), statuses, data[:200])
        self.assertEqual(answer.count(b"HTTP/1."), 1, data[:200])
        return answer

    def assertAlive(self) -> None:
        """
        A new peer is served, soon.
        """
        began = time.monotonic()
        self.assertEqual(self.open().send(frame(TEXT, b"alive")).receive(), (TEXT, b"alive"))
        self.assertLess(time.monotonic() - began, 1)

    # The server

    def ask_records(self, more: str = "") -> Any:
        """
        @return: what L{recording.Records} says of this test's tag.
        """
        with urlopen(f"http://127.0.0.1:{self.port}/calls?tag={self.tag}{more}", timeout=10) as answer:
            return json.load(answer)

    def calls(self) -> list[Any]:
        """
        @return: what the services recorded since the last look.
        """
        found: list[Any] = self.ask_records()["calls"]
        return found

    def called(self, count: int = 1) -> list[Any]:
        """
        @return: what the services recorded, as soon as it is so much.
        """
        found: list[Any] = []
        deadline = time.monotonic() + 5
        while len(found) < count and time.monotonic() < deadline:
            found += self.calls()
            if len(found) < count:
                time.sleep(0.02)
        return found

    def logged(self) -> str:
        """
        @return: what the server has logged since the test began.
        """
        mark = next(_tags)
        self.ask_records(f"&mark={mark}")
        deadline = time.monotonic() + 5
        while f"mark {mark}." not in self.server.output():
            if time.monotonic() > deadline:
                self.fail("the server does not log")
            time.sleep(0.005)
        return self.server.output()[self._seen :]

    def memory(self) -> int:
        """
        @return: resident bytes of the server, its garbage collected.
        """
        self.ask_records()
        return int(self._proc("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self) -> float:
        """
        @return: seconds of CPU that the server has used.
        """
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def objects(self) -> int:
        """
        @return: how many objects of balws the server has.
        """
        return int(self.ask_records("&count=1")["count"])

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.server.process.pid}/{name}").read_text("ascii")


def _lines(fields: str) -> str:
    """
    @return: the fields of an entry, which a comma and a blank part, a line each.
    """
    return "".join(f"{field}\n" for field in fields.split(", ") if field)
