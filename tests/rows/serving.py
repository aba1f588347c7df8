"""
The services of C{tests/rows/services}, served by twistd from one file.

A server lives as long as the tests do and serves every test that wants the same
configuration; each test has a tag, under which the services record what is called.
After each test there is nothing left of its connections, every connection was told its
end once, and the log has no fault but one that the test announced.
"""

from __future__ import annotations

import atexit
import json
import os
import ssl
import time
from collections.abc import Callable
from itertools import count
from math import inf
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import urlopen

from OpenSSL.crypto import FILETYPE_PEM
from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand
from tests.rows.raw import TEXT, UNVERIFIED, Peer, frame, request
from tests.rows.waiting import Repeatable, best
from tests.servers import Server, freePort
from tests.waiting import PATIENCE
from tests.wire.secured import certificate

HERE = Path(__file__).resolve().parent

CONFIGURATION = """
[python]
path = ["{folder}"]
[[listeners]]
{listening}
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
    "/held": "upgrading:HeldUpgrade",
    "/failing": "upgrading:FailingUpgrade",
    "/parameters": "upgrading:ParametersUpgrade",
    "/headers": "upgrading:HeadersUpgrade",
    "/fixed": "upgrading:FixedUpgrade",
    "/origin": "upgrading:OriginUpgrade",
    "/origin/any": 'echoing:EchoUpgrade, allowedOrigins = ["*"]',
    "/origin/none": "echoing:EchoUpgrade, allowedOrigins = []",
    "/origin/null": 'echoing:EchoUpgrade, allowedOrigins = ["null"]',
    "/limited": "echoing:EchoUpgrade, maxFrameSize = 10, maxFragments = 5",
    "/limited/message": "echoing:EchoUpgrade, maxMessageSize = 100",
    "/limited/not": "echoing:EchoUpgrade, maxFrameSize = -5",
    "/limited/zero": "echoing:EchoUpgrade, maxFrameSize = 0",
    "/leaving": "leaving:LeavingUpgrade, connectionClosureTimeout = 20",
    "/leaving/soon": "leaving:LeavingUpgrade, connectionClosureTimeout = 0.3",
    "/slow": "ordered:SlowUpgrade",
    "/kept": "echoing:EchoUpgrade, pingInterval = 0.2, pingTimeout = 0.8",
    "/kept/soon": "echoing:EchoUpgrade, pingInterval = 0.4, pingTimeout = 0.4",
    "/slow/three": "ordered:SlowUpgrade, maxPendingMessages = 3",
    "/pushing": "pushing:PushingUpgrade, slowConsumerTimeout = 20",
    "/pushing/soon": "pushing:PushingUpgrade, slowConsumerTimeout = 1",
    "/opening": "ordered:OpeningUpgrade",
    "/controls": "ordered:ControlsUpgrade",
    "/idle": "ordered:IdleUpgrade",
    "/idle/off": "ordered:IdleUpgrade, idleTimeout = 0",
    "/faulty": "ordered:FaultyUpgrade",
    "/answers": "answering:AnswersUpgrade",
    "/room": "answering:RoomUpgrade",
    "/room/small": "answering:RoomUpgrade, slowConsumerTimeout = 20",
    "/bound": "bound:BoundUpgrade",
    "/unchecked": "bound:BoundUpgrade, validation = false",
    "/events": "dispatching:EventsUpgrade",
}

_tags = (f"t{number}" for number in count())
_servers: dict[Any, tuple[Server, int]] = {}


class _Run:
    """
    Whom the servers belong to: no single test.
    """

    def addCleanup(self, stop: Callable[[], Any]) -> None:
        atexit.register(stop)

    def fail(self, problem: str) -> None:
        raise AssertionError(problem)


class ServedTestCase(SynchronousTestCase, Repeatable):
    """
    @cvar services: what is served beside C{/calls}, as L{SERVICES}.
    @cvar secure: whether over TLS.
    @cvar listener: further lines for the listener.
    @cvar limits: its requestLimits.
    @cvar more: further tables of the file.
    @cvar alone: whether the class has a server of its own, as those that measure it do.
    @cvar cuts: whether its listener has a time-out of a second, which cuts peers of a machine that stands still.
    """

    services = SERVICES
    secure = False
    listener = "timeout = 20"
    limits = "maxEntityBodySize = 10"
    more = ""
    alone = False
    cuts = False

    def processes(self) -> tuple[int, ...]:
        """
        Those of the test and of the server.
        """
        return os.getpid(), self.server.process.pid

    def setUp(self) -> None:
        """
        Serve.
        """
        self.tag = next(_tags)
        self.faults = False
        self._peers: list[Peer] = []
        key: tuple[Any, ...] = (tuple(self.services.items()), self.listener, self.limits, self.more, self.secure)
        key += (self.alone and type(self),)
        isNew = key not in _servers or _servers[key][0].process.poll() is not None
        if isNew:
            _servers[key] = self._serve()
        self.server, self.port = _servers[key]
        if isNew:
            self._seen = 0
            self.logged()  # what it says of its start is none of this test's
        self._seen = len(self.server.output())

    def _serve(self) -> tuple[Server, int]:
        port = freePort()
        folder = Path(self.mktemp()).absolute()
        (folder / "public").mkdir(parents=True)
        (folder / "public" / "page.txt").write_text("a page\n", "utf-8")
        listening = f'port = {port}\nhost = "127.0.0.1"'
        if self.secure:
            (folder / "server.pem").write_bytes(
                certificate().dump(FILETYPE_PEM) + certificate().privateKey.dump(FILETYPE_PEM)
            )
            listening = f'endpoint = "ssl:{port}:interface=127.0.0.1:privateKey=server.pem"'
        text = CONFIGURATION.format(
            folder=HERE / "services", listening=listening, listener=self.listener, limits=self.limits
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
        self._assertEnded()
        self.assertEqual("Traceback" in self._assertFaultless(), self.faults)

    def _assertFaultless(self) -> str:
        text = self.logged()
        self.assertTrue(self.faults or "Traceback" not in text, text)
        self.assertNotIn("Unhandled", text)
        return text

    def _assertEnded(self) -> None:
        for peer in self._peers:
            peer.close()
        self.assertIsNone(self.server.process.poll(), "the server has ended")
        calls: list[Any] = []
        deadline = time.monotonic() + 8
        for rounds in count(1):  # each is an answer of the server, which a machine that stands still does not make
            found = self.records(f"tag={self.tag}")
            calls += found["calls"]
            if not found["living"] or (rounds >= 100 and time.monotonic() > deadline):
                break
            time.sleep(0.02)
        self.assertEqual(found["living"], 0, "connections that were not told their end")
        self.assertEqual([call for call in calls if call[0] == "TWICE"], [])

    def anew(self) -> None:
        """
        As if the test had just begun.
        """
        self._assertEnded()
        self._assertFaultless()
        self._peers.clear()
        self.tag = next(_tags)
        self._seen = len(self.server.output())

    # Peers

    def peer(self, room: int | None = None) -> Peer:
        """
        @return: a new connection; for C{room} see L{Peer}.
        """
        peer = Peer(self.port, room=room, secure=self.secure)
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

    def open(self, path: str = "/ws", more: bytes = b"", body: bytes = b"", room: int | None = None) -> Peer:
        """
        @return: a connection after its upgrade.
        """
        peer = self.peer(room).send(request(self.tagged(path), more=more, body=body))
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
        A new peer is served within a second; in one of several tries, for the machine may have
        other things to do.
        """
        self.assertLess(best(self._served, 1), 1)

    def _served(self) -> float:
        began = time.monotonic()
        try:
            peer = self.ask(request(self.tagged("/ws"))).send(frame(TEXT, b"alive"))
            self.assertEqual((peer.status(), peer.receive()), (101, (TEXT, b"alive")))
        except (AssertionError, OSError):
            if not self.cuts:
                raise
            return inf
        return time.monotonic() - began

    # The server

    def records(self, query: str) -> Any:
        """
        @return: what L{recording.Records} says.
        """
        scheme, context = ("https", UNVERIFIED) if self.secure else ("http", None)
        url = f"{scheme}://127.0.0.1:{self.port}/calls?{query}"
        try:
            return _read(url, context)
        except OSError as error:
            if not self.cuts or isinstance(error, HTTPError):
                raise
            return _read(url, context)

    def calls(self) -> list[Any]:
        """
        @return: what the services recorded since the last look.
        """
        found: list[Any] = self.records(f"tag={self.tag}")["calls"]
        return found

    def called(self, count: int = 1) -> list[Any]:
        """
        @return: what the services recorded, as soon as it is so much.
        """
        found: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count and time.monotonic() < deadline:
            found += self.calls()
            if len(found) < count:
                time.sleep(0.02)
        return found

    def release(self) -> None:
        """
        Let go on what waits at this test's gate.
        """
        self.records(f"open={self.tag}")

    def logged(self) -> str:
        """
        @return: what the server has logged since the test began.
        """
        mark = next(_tags)
        self.records(f"collect=1&mark={mark}")
        deadline = time.monotonic() + PATIENCE
        while f"mark {mark}." not in self.server.output():
            if time.monotonic() > deadline:
                self.fail("the server does not log")
            time.sleep(0.005)
        return self.server.output()[self._seen :]

    def memory(self) -> int:
        """
        @return: resident bytes of the server, its garbage collected.
        """
        self.records("collect=1")
        return int(self._proc("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def markMemory(self) -> int:
        """
        From here L{grown} counts.

        @return: L{memory}.
        """
        self._mark = self.memory()
        Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5", "ascii")
        return self._mark

    def grown(self) -> float:
        """
        @return: MiB by which the server's resident memory has exceeded the mark at its
            highest.
        """
        (highest,) = (line.split()[1] for line in self._proc("status").splitlines() if line.startswith("VmHWM:"))
        return (int(highest) * 1024 - self._mark) / 1048576

    def cpu(self) -> float:
        """
        @return: seconds of CPU that the server has used.
        """
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def assertIdle(self) -> None:
        """
        The server waits without work, as soon as it has done what it had to.
        """
        self.assertLess(best(lambda: max(self._work() for _ in range(3)), 0.1, attempts=10), 0.1)

    def _work(self) -> float:
        before = self.cpu()
        time.sleep(0.3)
        return self.cpu() - before

    def objects(self) -> tuple[int, int]:
        """
        @return: how many objects of balws the server has, and how many of anything.
        """
        found = self.records("collect=1&count=1")
        return found["count"], found["all"]

    def descriptors(self) -> int:
        """
        @return: how many files the server has open.
        """
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.server.process.pid}/{name}").read_text("ascii")


def _read(url: str, context: ssl.SSLContext | None) -> Any:
    with urlopen(url, timeout=PATIENCE, context=context) as answer:
        return json.load(answer)


def _lines(fields: str) -> str:
    """
    @return: the fields of an entry, which a comma and a blank part, a line each.
    """
    return "".join(f"{field}\n" for field in fields.split(", ") if field)
