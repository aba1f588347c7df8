"""
Tests of the examples: each is started as its reader starts it, and spoken to.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect

from tests import ROOT
from tests.commands import asCommand, environment
from tests.documents.conversation import Conversation
from tests.servers import STOPPED, Server, freePort
from tests.waiting import PATIENCE

EXAMPLES = ROOT / "examples"


def startExample(
    test: SynchronousTestCase, name: str, command: str = "twistd -n balws --config balws.toml"
) -> tuple[Server, int]:
    """
    Serve an example on a free port.

    @return: the server and the port.
    """
    port = freePort()
    folder = Path(test.mktemp()).absolute()
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "balws.toml"
    text = file.read_text("utf-8")
    test.assertIn("port = 9090\n", text)
    file.write_text(text.replace("port = 9090\n", f"port = {port}\n"), "utf-8")
    return Server(test, asCommand(command.replace("9090", str(port))), port, folder), port


class ExampleTests(SynchronousTestCase):
    """
    One test for each folder.
    """

    def start(self, name: str, command: str = "twistd -n balws --config balws.toml") -> int:
        """
        Serve an example.

        @return: the port.
        """
        self.server, port = startExample(self, name, command)
        return port

    def example(self, name: str, script: str, port: int) -> subprocess.Popen[str]:
        """
        @return: a client's script of an example, running against this port.
        """
        text = (EXAMPLES / name / script).read_text("utf-8").replace("9090", str(port))
        file = Path(self.mktemp()).absolute()
        file.write_text(text, "utf-8")
        process = subprocess.Popen(
            [sys.executable, str(file)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def stop() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(stop)
        return process

    def hold(self, port: int, conversation: str) -> None:
        """
        Speak, and hear what is shown.
        """
        Conversation().hold(conversation.replace("ws://127.0.0.1:9090", f"ws://127.0.0.1:{port}"))

    def test_everyFolder(self) -> None:
        """
        No example is without a test, and each has its file and says what it shows.
        """
        folders = {folder.name for folder in EXAMPLES.glob("[a-z]*") if folder.is_dir()}
        here = {"echo", "helloworld2017", "upgrade", "dispatch", "binding", "beside", "embedding", "contract"}
        trust, nodes = {"members", "meters", "tokens", "directory", "taxi"}, {"nodes", "presence", "pushing"}
        self.assertEqual(folders, here | trust | nodes)
        words = (EXAMPLES / "README.rst").read_text("utf-8")
        for folder in folders:
            self.assertTrue((EXAMPLES / folder / "balws.toml").is_file(), folder)
            self.assertIn(f"\n{folder} ", words)

    def test_echo(self) -> None:
        """
        The specification's listener answers the specification's client.
        """
        port = self.start("echo")
        client = self.example("echo", "client.py", port)
        self.assertEqual(client.communicate(timeout=PATIENCE)[0], "Text message\nBinary message\n")
        self.assertEqual(client.returncode, 0)
        with connect(f"ws://127.0.0.1:{port}/basic/ws", proxy=None) as peer:
            peer.send("Text message")
            self.assertEqual(peer.recv(PATIENCE), "Text message")
            peer.send(b"Binary message")
            self.assertEqual(peer.recv(PATIENCE), b"Binary message")
        self.assertIn(self.server.stop(), STOPPED)
        self.assertIn("Text message: 'Text message'", self.server.output())

    def test_helloworld2017(self) -> None:
        """
        The service answers at base path and upgrade path; what one says all hear, and
        who leaves is missed by the others.
        """
        port = self.start("helloworld2017")
        with connect(f"ws://127.0.0.1:{port}/test/websocket", proxy=None) as one:
            self.assertEqual(one.recv(PATIENCE), "Hello, world!")
            with connect(f"ws://127.0.0.1:{port}/test/websocket", proxy=None) as two:
                self.assertEqual(two.recv(PATIENCE), "Hello, world!")
                two.send("Good morning.")
                self.assertEqual([one.recv(PATIENCE), two.recv(PATIENCE)], ["Good morning."] * 2)
            self.assertEqual(one.recv(PATIENCE), "Somebody has left.")

    def test_upgrade(self) -> None:
        """
        The token, the room, the limit and the origin of an upgrade request count.
        """
        port = self.start("upgrade")
        self.hold(
            port,
            """\
blue: ws://127.0.0.1:9090/rooms/blue?limit=4
X-Token: open sesame
blue > Hello
blue < Hell
page: ws://127.0.0.1:9090/rooms/green
X-Token: open sesame
Origin: http://127.0.0.1:9090
page > Hello
page < Hello
other: ws://127.0.0.1:9090/rooms/green
X-Token: open sesame
Origin: http://elsewhere.example
other < refused 403 Pages from elsewhere are not let in.
silent: ws://127.0.0.1:9090/rooms/green
silent < refused 404 No header value found for: X-Token
wrong: ws://127.0.0.1:9090/rooms/green
X-Token: open barley
wrong < refused 403 That is not the word.
red: ws://127.0.0.1:9090/rooms/red
X-Token: open sesame
red < refused 404 There is no such room; try blue or green.
odd: ws://127.0.0.1:9090/rooms/green?limit=few
X-Token: open sesame
odd < refused 400 Invalid query param value for: limit
above: ws://127.0.0.1:9090/rooms
above < refused 404""",
        )
        with connect(
            f"ws://127.0.0.1:{port}/rooms/blue", additional_headers={"X-Token": "open sesame"}, proxy=None
        ) as client:
            self.assertEqual(client.response.headers["X-Room"], "blue")  # type: ignore[union-attr]

    def test_dispatch(self) -> None:
        """
        Each type of message reaches its method, what does not fit its error method, and
        what is unknown onMessage.
        """
        self.hold(
            self.start("dispatch"),
            """\
ws://127.0.0.1:9090/ticker
> {"event": "heartbeat"}
< {"event":"pong"}
> {"event": "subscribe", "symbols": ["DEF", "ABC"]}
< {"event":"subscribed","symbols":["ABC","DEF"]}
> {"event": "subscribe", "symbols": ["GHI", 7]}
< {"event":"error","place":"$.symbols[1]"}
> {"event": "un subscribe", "symbols": ["ABC"]}
< {"event":"unsubscribed","symbols":["DEF"]}
> {"event": "leave", "symbols": ["ABC"]}
< {"event":"unknown","was":"leave"}
> {"event": "close"}
< {"event":"unknown","was":"close"}""",
        )

    def test_binding(self) -> None:
        """
        Messages become records, lists and XML; a wrong type and a broken constraint
        reach the error method, and without one the connection ends.
        """
        self.hold(
            self.start("binding"),
            """\
orders: ws://127.0.0.1:9090/orders
orders > {"item": "nail", "count": 12}
orders < {"number":1,"order":{"item":"nail","count":12}}
orders > {"item": "nail", "count": "many"}
orders < {"refused":"$.count"}
orders > {"item": "nail", "count": 101}
orders < {"refused":"$.count"}
orders > {"item": "nail"}
orders < {"number":2,"order":{"item":"nail","count":1}}
sums: ws://127.0.0.1:9090/sums
sums > [1, 2.5, 3]
sums < 6.5
sums > ["one"]
sums < closed 1003
names: ws://127.0.0.1:9090/names
names > <person><name>Ada</name></person>
names < <hello>Ada</hello>
names > <!DOCTYPE person><person/>
names < closed 1003""",
        )

    def test_beside(self) -> None:
        """
        What is posted by HTTP reaches everybody on the WebSocket; the page and its
        script are served beside them, and a body over the limit is refused.  The client
        that follows is there again when the server was away.
        """
        port = self.start("beside")
        site = f"http://127.0.0.1:{port}"
        with urlopen(f"{site}/", timeout=PATIENCE) as page, urlopen(f"{site}/news.js", timeout=PATIENCE) as code:
            self.assertIn(b"news.js", page.read())
            self.assertIn(b"WebSocket", code.read())
        follower = self.example("beside", "follow.py", port)
        assert follower.stdout is not None
        self.assertEqual(follower.stdout.readline(), "Here is the news.\n")
        address = f"ws://127.0.0.1:{port}/news"
        with connect(address, proxy=None) as one, connect(address, proxy=None) as two:
            self.assertEqual([one.recv(PATIENCE), two.recv(PATIENCE)], ["Here is the news."] * 2)
            with urlopen(Request(f"{site}/publish", "Es regnet, heißt es.".encode()), timeout=PATIENCE) as done:
                self.assertEqual(done.status, 202)
            self.assertEqual([one.recv(PATIENCE), two.recv(PATIENCE)], ["Es regnet, heißt es."] * 2)
            for body, status in ((b"\xff", 400), (b"x" * 1001, 413)):
                refused = self.assertRaises(
                    HTTPError, urlopen, Request(f"{site}/publish", body), timeout=PATIENCE
                )
                self.assertEqual(refused.code, status)
                refused.close()
        self.assertEqual(follower.stdout.readline(), "Es regnet, heißt es.\n")
        self.server.stop()
        self.assertEqual(
            follower.stdout.readline(), "(Connection closed Status code: 1001; connecting again)\n"
        )
        self.server = Server(self, self.server.command, port, self.server.folder)
        self.assertEqual(follower.stdout.readline(), "Here is the news.\n")

    COUNTDOWN = """\
> 3
< 3
< 2
< 1
< 0
> "three"
< closed 1003"""

    def test_embedding(self) -> None:
        """
        In a site that is there the service answers beside and inside its resources, which
        answer as before.
        """
        port = self.start("embedding", "python embed.py 9090")
        for path in ("/countdown", "/deep/countdown"):
            self.hold(port, f"ws://127.0.0.1:9090{path}\n{self.COUNTDOWN}")
        with urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as page:
            self.assertEqual(page.read(), b"The site as it was.\n")

    def test_embeddingAlone(self) -> None:
        """
        The same service runs without a site, from the file.
        """
        self.hold(self.start("embedding"), f"ws://127.0.0.1:9090/countdown\n{self.COUNTDOWN}")
