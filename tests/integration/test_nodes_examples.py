"""
Tests of the examples of several nodes, presence and pushing: each with the Redis that its reader
has.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import ClientConnection, connect

from tests.commands import asCommand, environment
from tests.documents.conversation import Conversation
from tests.integration.redisserver import RedisCase
from tests.integration.test_examples import EXAMPLES, startExample
from tests.servers import Server, freePort
from tests.waiting import PATIENCE


def answered(peer: ClientConnection, words: str) -> str:
    """
    @return: the first message of a peer that has these words.
    """
    while words not in (message := str(peer.recv(PATIENCE))):
        pass
    return message


class NodesTests(RedisCase):
    """
    A chat on two nodes.
    """

    def node(self, folder: Path, file: str, port: int) -> Server:
        """
        Start one, as its reader does.
        """
        return Server(self, asCommand(f"twistd -n balws --config {file}"), port, folder)

    def client(self, folder: Path) -> subprocess.Popen[str]:
        """
        Start the example's client in the blue room.
        """
        process = subprocess.Popen(
            asCommand("python client.py blue"),
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def stop() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(stop)
        return process

    def copy(self, url: str) -> tuple[Path, int, int]:
        """
        @return: a folder with the example for this Redis, and the ports of its nodes.
        """
        folder = self.folder() / "nodes"
        shutil.copytree(EXAMPLES / "nodes", folder, ignore=shutil.ignore_patterns("__pycache__"))
        ports = freePort(), freePort()
        for name in ("balws.toml", "second.toml", "client.py"):
            text = (folder / name).read_text("utf-8").replace("redis://127.0.0.1:6379/0", url)
            (folder / name).write_text(text.replace("9090", str(ports[0])).replace("9091", str(ports[1])), "utf-8")
        return folder, *ports

    @inlineCallbacks
    def test_chat(self) -> Any:
        """
        What is said at one node is heard at the other; who was away is told what was said since,
        once and in order, at whichever node it comes back.
        """
        redis = yield self.begin(durable=True)
        yield deferToThread(self.chat, *self.copy(redis.url))

    def chat(self, folder: Path, one: int, two: int) -> None:
        """
        Two who talk, one who follows, and a node that ends.
        """
        first = self.node(folder, "balws.toml", one)
        self.node(folder, "second.toml", two)
        here, there = (f"ws://127.0.0.1:{port}/rooms/blue" for port in (one, two))
        client = self.client(folder)
        assert client.stdin is not None
        assert client.stdout is not None
        self.assertEqual(client.stdout.readline(), f"(at ws://127.0.0.1:{one}/rooms)\n")
        with connect(there, proxy=None) as ada:
            answered(ada, "isWhole")
            with connect(here, proxy=None) as grace:
                answered(grace, "isWhole")
                grace.send("Good morning.")
                said = answered(ada, "Good morning.")
            self.assertEqual(client.stdout.readline(), "Good morning.\n")
            client.stdin.write("Good morning, Grace.\n")
            client.stdin.flush()
            answered(ada, "Good morning, Grace.")
            self.assertEqual(client.stdout.readline(), "Good morning, Grace.\n")
            first.stop()
            ada.send("Is anybody there?")
            answered(ada, "anybody")
        self.assertEqual(client.stdout.readline(), f"(at ws://127.0.0.1:{two}/rooms)\n")
        self.assertEqual(client.stdout.readline(), "Is anybody there?\n")
        found = re.search(r'"position":"([^"]+)"', said)
        assert found is not None
        with connect(f"{there}?since={found[1]}", proxy=None) as late:
            heard = [str(late.recv(PATIENCE)) for _ in range(3)]
        for message, words in zip(heard, ("Good morning, Grace.", "Is anybody there?", '"isWhole":true'), strict=True):
            self.assertIn(words, message)
        with connect(f"{there}?since=0a1b2c3d.7", proxy=None) as lost:
            self.assertIn('"isWhole":false', str(lost.recv(PATIENCE)))

    @inlineCallbacks
    def test_away(self) -> Any:
        """
        Without Redis nobody is told that he was heard: who comes is asked to try again.
        """
        redis = yield self.begin(durable=True)
        folder, one, _ = self.copy(redis.url)
        yield redis.kill()
        yield deferToThread(self.away, folder, one)

    def away(self, folder: Path, one: int) -> None:
        """
        Come, and be sent away.
        """
        self.node(folder, "balws.toml", one)
        Conversation().hold(f"ws://127.0.0.1:{one}/rooms/blue\n< closed 4013 Try again in a moment.\n")


class PresenceTests(SynchronousTestCase):
    """
    Who is in a room.
    """

    def test_presence(self) -> None:
        """
        Who comes in is told who is there, and everybody who comes and who goes.
        """
        _, port = startExample(self, "presence")
        with connect(f"ws://127.0.0.1:{port}/rooms/blue?name=Ada", proxy=None) as ada:
            self.assertEqual(answered(ada, "here"), '{"here":["Ada"]}')
            with connect(f"ws://127.0.0.1:{port}/rooms/blue?name=Grace", proxy=None) as grace:
                self.assertEqual(answered(grace, "here"), '{"here":["Ada","Grace"]}')
                self.assertEqual(answered(ada, "Grace"), '{"came":"Grace"}')
                with connect(f"ws://127.0.0.1:{port}/rooms/green?name=Alan", proxy=None) as alan:
                    self.assertEqual(answered(alan, "here"), '{"here":["Alan"]}')
            self.assertEqual(answered(ada, "left"), '{"left":"Grace"}')
        Conversation().hold(f"ws://127.0.0.1:{port}/rooms/red?name=Ada\n< refused 404 There is no such room.\n")


class PresenceOnNodesTests(RedisCase):
    """
    The same on two nodes.
    """

    @inlineCallbacks
    def test_nodes(self) -> Any:
        """
        People at two nodes see each other, and each coming and going once (BR01).
        """
        redis = yield self.begin()
        yield deferToThread(self.visit, redis.url)

    def visit(self, url: str) -> None:
        """
        One at each node.
        """
        ports = []
        for _ in range(2):
            port, folder = freePort(), self.folder() / "presence"
            shutil.copytree(EXAMPLES / "presence", folder, ignore=shutil.ignore_patterns("__pycache__"))
            text = (folder / "balws.toml").read_text("utf-8").replace("9090", str(port))
            (folder / "balws.toml").write_text(f'{text}\n[hub]\nurl = "{url}"\n', "utf-8")
            Server(self, asCommand("twistd -n balws --config balws.toml"), port, folder)
            ports.append(port)
        with connect(f"ws://127.0.0.1:{ports[0]}/rooms/blue?name=Ada", proxy=None) as ada:
            answered(ada, "here")
            with connect(f"ws://127.0.0.1:{ports[1]}/rooms/blue?name=Grace", proxy=None) as grace:
                self.assertEqual(answered(grace, "here"), '{"here":["Ada","Grace"]}')
                self.assertEqual(answered(ada, "Grace"), '{"came":"Grace"}')
            self.assertEqual(str(ada.recv(PATIENCE)), '{"left":"Grace"}')


class PushingTests(SynchronousTestCase):
    """
    A resource that pushes to a group.
    """

    token = "0123456789abcdef0123456789abcdef"

    def serve(self) -> int:
        """
        Serve the example, with a token.

        @return: the port.
        """
        folder, port = Path(self.mktemp()).absolute(), freePort()
        shutil.copytree(EXAMPLES / "pushing", folder, ignore=shutil.ignore_patterns("__pycache__", "token.txt"))
        text = (folder / "balws.toml").read_text("utf-8")
        (folder / "balws.toml").write_text(text.replace("9090", str(port)), "utf-8")
        (folder / "token.txt").write_text(f"{self.token}\n", "utf-8")
        self.server = Server(self, asCommand("twistd -n balws --config balws.toml"), port, folder)
        return port

    def post(self, port: int, path: str, body: bytes, authorization: str | None) -> int:
        """
        @return: the status.
        """
        headers = {} if authorization is None else {"Authorization": authorization}
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=PATIENCE) as answer:
                return int(answer.status)
        except HTTPError as refusal:
            refusal.close()
            return refusal.code

    def test_push(self) -> None:
        """
        What is posted with the token reaches those who watch that game; without it, over the limit,
        not in UTF-8, elsewhere and for nobody it is refused.
        """
        port = self.serve()
        right = f"Bearer {self.token}"
        with connect(f"ws://127.0.0.1:{port}/scores/42", proxy=None) as peer:
            peer.ping().wait(PATIENCE)
            for body, authorization, path, status in (
                (b"9:9", None, "/push/42", 401),
                (b"9:9", "Bearer 1", "/push/42", 401),
                (b"9:9", f"{right} ", "/push/43", 404),
                (b"9:9", f"{right}0", "/push/42", 401),
                (b"x" * 4097, right, "/push/42", 413),
                (b"\xff", right, "/push/42", 400),
                (b"9:9", right, "/push", 400),
                (b"9:9", right, "/push/42/43", 400),
                (b"9:9", right, "/push/43", 404),
                (b"x" * 4096, right, "/push/42", 202),
                (b"1:0", right, "/push/42", 202),
            ):
                self.assertEqual(self.post(port, path, body, authorization), status, (body[:9], authorization, path))
            self.assertEqual([peer.recv(PATIENCE), peer.recv(PATIENCE)], ["x" * 4096, "1:0"])
        self.server.stop()
        self.assertNotIn(self.token, self.server.output())

    def test_noToken(self) -> None:
        """
        Without a token of some length it does not start.
        """
        folder = Path(self.mktemp()).absolute()
        shutil.copytree(EXAMPLES / "pushing", folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "token.txt").write_text("short\n", "utf-8")
        done = subprocess.run(
            asCommand("twistd -n balws --config balws.toml --check"),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("token.txt holds no token", done.stderr)
