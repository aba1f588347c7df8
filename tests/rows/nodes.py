"""
Several nodes that share one Redis: processes of C{twistd balws}, and peers that command them.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol
from urllib.request import urlopen

from tests.commands import asCommand
from tests.integration.redisserver import RedisCase
from tests.rows.raw import TEXT, Peer, frame, request
from tests.servers import Server, freePort
from tests.waiting import PATIENCE, until

SERVICES = Path(__file__).resolve().parent / "services"

#: Nobody answers pings here.
CONFIGURATION = """
{more}
[hub]
url = "{url}"
{hub}
[python]
path = ["{folder}"]
[[listeners]]
port = {port}
host = "127.0.0.1"
[[listeners.services]]
path = "/hub"
service = "hubbed:CommandedUpgrade"
pingInterval = 0
{service}
[[listeners.services]]
path = "/other"
service = "hubbed:CommandedUpgrade"
pingInterval = 0
[[listeners.resources]]
path = "/ready"
resource = "balws.server.health:ReadyResource"
"""


class Refused(Exception):
    """
    The hub did not do it; the text is the name of the error.
    """


class Commander(Peer):
    """
    A connection to C{hubbed.CommandedUpgrade}.

    @ivar heard: what was pushed to it and not yet asked for.
    """

    def __init__(self, port: int, path: str = "/hub", room: int | None = None) -> None:
        super().__init__(port, PATIENCE, room)
        self._number = 0
        self.heard: list[str] = []
        if self.send(request(path)).status() != 101:
            raise AssertionError("no upgrade")

    def command(self, verb: str, *arguments: Any, **keywords: Any) -> int:
        """
        Send a command.

        @return: its number.
        """
        self._number += 1
        self.send(frame(TEXT, json.dumps([self._number, verb, arguments, keywords]).encode()))
        return self._number

    def ask(self, verb: str, *arguments: Any, **keywords: Any) -> Any:
        """
        @return: what the answer to a command says.
        @raise Refused: where that is an error.
        """
        number = self.command(verb, *arguments, **keywords)
        while True:
            text = self._text()
            if not text.startswith("["):
                self.heard.append(text)
                continue
            answered, result, *problem = json.loads(text)
            if answered == number:
                if problem:
                    raise Refused(problem[0])
                return result

    def problem(self, verb: str, *arguments: Any, **keywords: Any) -> str:
        """
        @return: the name of the error that answers a command; empty where it is done.
        """
        try:
            self.ask(verb, *arguments, **keywords)
        except Refused as problem:
            return str(problem)
        return ""

    def hear(self) -> str:
        """
        @return: what was pushed next.
        """
        return self.heard.pop(0) if self.heard else self._text()

    def _text(self) -> str:
        opcode, payload = self.message()
        if opcode != TEXT:
            raise AssertionError(f"{opcode} {payload!r} came")
        return payload.decode()


class Case(Protocol):
    """
    Who starts nodes: a test case of trial, or what does as much.
    """

    def folder(self) -> Path:
        """
        @return: an empty one.
        """

    def addCleanup(self, stop: Callable[[], Any], /) -> None:
        """
        @param stop: called in the end, the last one first.
        """

    def fail(self, problem: str, /) -> NoReturn:
        """
        @raise AssertionError: always.
        """


class Node:
    """
    One process.

    @ivar server: it.
    """

    def __init__(self, case: Case, url: str, hub: str = "", service: str = "", more: str = "") -> None:
        """
        Start it, and wait until its port answers.

        @param hub: further lines of C{[hub]}.
        @param service: further lines of the service.
        @param more: further tables of the file.
        """
        self.port = freePort()
        self._case = case
        text = CONFIGURATION.format(url=url, hub=hub, service=service, more=more, folder=SERVICES, port=self.port)
        folder = case.folder()
        (folder / "balws.toml").write_text(text, "utf-8")
        command = asCommand("twistd -n balws --config balws.toml")
        self.server = Server(case, command, self.port, folder)  # type: ignore[arg-type]
        case.addCleanup(self.thaw)

    def open(self, path: str = "/hub", room: int | None = None) -> Commander:
        """
        @return: a new connection.
        """
        peer = Commander(self.port, path, room)
        self._case.addCleanup(peer.close)
        return peer

    def state(self) -> str:
        """
        @return: what it says to a load balancer.
        """
        with urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=PATIENCE) as answer:
            found: str = answer.read().decode().strip()
        return found

    def wait(self, state: str = "ready") -> None:
        """
        Wait until it says so.
        """
        until(lambda: self.state() == state, f"{state}:\n{self.server.output()}")

    def kill(self) -> None:
        """
        End it with C{kill -9}.
        """
        self.server.process.kill()
        self.server.process.wait(PATIENCE)

    def freeze(self) -> None:
        """
        Let it do nothing: SIGSTOP.
        """
        self.server.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """
        Let it go on.
        """
        self.server.process.send_signal(signal.SIGCONT)


class NodesCase(RedisCase):
    """
    Starts them, and checks that none has logged a fault.
    """

    timeout = 120

    def setUp(self) -> None:
        self.nodes: list[Node] = []

    def node(self, url: str, hub: str = "", service: str = "", more: str = "", isReady: bool = True) -> Node:
        """
        @param isReady: whether it shall reach the other nodes before the test goes on.
        @return: a node that serves; for the rest see L{Node}.
        """
        node = Node(self, url, hub, service, more)
        self.nodes.append(node)
        if isReady:
            node.wait()
        return node

    def tearDown(self) -> None:
        for node in self.nodes:
            self.assertNotIn("Traceback", node.server.output())
            self.assertNotIn("Unhandled", node.server.output())
