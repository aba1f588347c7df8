"""
Tests of interoperation: one conversation, held with the peers that people use.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand, environment
from tests.integration.browser import BrowserCase
from tests.integration.needed import missing
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

HERE = Path(__file__).resolve().parent / "interop"

_random = random.Random(6455)


def _text(size: int) -> str:
    """
    @return: about so many bytes of text of which compression leaves most.
    """
    letters = "".join(map(chr, range(0x20, 0x7F))) + "üß☃𝄞"
    return "".join(_random.choices(letters, k=round(size / 1.08)))


#: What is said; see C{conversation.py}.  JSON has bytes as lists.
SCRIPT = {
    "protocols": ["other.v0", "echo.v1"],
    "protocol": "echo.v1",
    "token": "one=1; two, three",
    "payload": "grüße",
    "messages": ["hello", "grüße ☃ 𝄞", "", [], [0, 1, 2, 255], _text(70_000), [*_random.randbytes(70_000)]],
    "toServer": _text(300_000),
    "fromServer": _text(300_000),
    "code": 3001,
    "here": "begun here ☃",
    "there": "begun there 𝄞",
}

COMPRESSION = ("deflate", "plain")

_CONFIGURATION = """
[python]
path = ["{folder}"]
[[listeners]]
port = {deflate}
host = "127.0.0.1"
[[listeners.services]]
path = "/"
service = "answering:AnsweringUpgrade"
[[listeners]]
port = {plain}
host = "127.0.0.1"
webSocketCompressionEnabled = false
[[listeners.services]]
path = "/"
service = "answering:AnsweringUpgrade"
"""


def brief(value: Any) -> Any:
    """
    @return: the same with a short name for each thing that is long, for readable failures.
    """
    if isinstance(value, dict):
        return {key: brief(each) for key, each in value.items()}
    shown = json.dumps(value)
    if len(shown) < 100:
        return value
    if isinstance(value, list) and not all(isinstance(each, int) for each in value):
        return [brief(each) for each in value]
    return f"{type(value).__name__} of {len(value)}, {sha256(shown.encode()).hexdigest()[:12]}"


def peer(name: str) -> list[str]:
    """
    @return: the command that runs a peer.
    """
    if not name.endswith(".cjs"):
        return [sys.executable, str(HERE / name)]
    if shutil.which("node") is None or subprocess.run(["node", "-e", "require('ws')"], capture_output=True).returncode:
        missing("npm's ws")
    return ["node", str(HERE / name)]


class ConversationTestCase(SynchronousTestCase):
    """
    Holds the conversation.
    """

    def setUp(self) -> None:
        """
        Write the script down.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.write(SCRIPT)

    def write(self, said: dict[str, Any]) -> None:
        """
        @param said: what is said from now on.
        """
        self.said = said
        self.script = self.folder / "conversation.json"
        self.script.write_text(json.dumps(said), "utf-8")

    def hold(self, command: list[str], compression: str, url: str) -> dict[str, Any]:
        """
        Play the client's part with a program.

        @return: what it heard.
        """
        done = subprocess.run(
            [*command, "client", compression, str(self.script), url],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def assertHeard(self, found: dict[str, Any], deflate: bool, without: tuple[str, ...] = (), **others: Any) -> None:
        """
        Check what a client heard.

        @param deflate: whether compression is to be agreed on.
        @param without: what its library has no means for.
        @param others: what is otherwise with the server's library.
        """
        said = self.said
        expected = {
            "protocol": said["protocol"],
            "deflate": deflate,
            "seen": said["token"],
            "heard": said["messages"],
            "digest": sha256(said["toServer"].encode()).hexdigest(),
            "large": said["fromServer"],
            "pong": said["payload"],
            "pinged": f"pong {said['payload']}",
            "answered": said["code"],
            "noted": f"{said['code']} {said['here']}",
            "last": None,
            "closed": [said["code"], said["there"]],
            **others,
        }
        self.assertEqual(brief(found), brief({name: expected[name] for name in expected if name not in without}))


class ServedTestCase(ConversationTestCase):
    """
    Serves the conversation, as a service of ours.
    """

    def setUp(self) -> None:
        """
        Serve it at two ports, one of which has no compression.
        """
        super().setUp()
        self.ports = {name: freePort() for name in COMPRESSION}
        text = _CONFIGURATION.format(folder=HERE, **self.ports)
        (self.folder / "balws.toml").write_text(text, "utf-8")
        command = asCommand("twistd -n balws --config balws.toml")
        self.server = Server(self, command, self.ports["plain"], self.folder)

    def tearDown(self) -> None:
        """
        The server has had no fault.
        """
        for fault in ("Traceback", "Unhandled"):
            self.assertNotIn(fault, self.server.output())


class InteropTests(ServedTestCase):
    """
    Others' clients at a server of ours, with and without compression: texts, bytes,
    fragments, pings, a sub-protocol, headers, and a close begun on either side.
    """

    def check(self, name: str, *without: str) -> None:
        """
        Hold the conversation with one kind of client.
        """
        command = peer(name)
        for compression in COMPRESSION:
            found = self.hold(command, compression, f"ws://127.0.0.1:{self.ports['deflate']}/")
            self.assertHeard(found, compression == "deflate", without)

    def test_websockets(self) -> None:
        """
        A client of PyPI's websockets and our server understand each other.
        """
        self.check("websocketspeer.py")

    def test_aiohttp(self) -> None:
        """
        A client of PyPI's aiohttp, which cannot cut messages, and our server understand each other.
        """
        self.check("aiohttppeer.py", "digest")

    def test_wsproto(self) -> None:
        """
        A client that feeds PyPI's wsproto from a blocking socket and our server understand each other.
        """
        self.check("wsprotopeer.py")

    def test_npmWs(self) -> None:
        """
        A client of npm's ws and our server understand each other.
        """
        self.check("npmwspeer.cjs")


class BrowserInteropTests(BrowserCase, ServedTestCase):
    """
    Chromium at a server of ours.
    """

    def setUp(self) -> None:
        """
        Serve, and start the browser.
        """
        ServedTestCase.setUp(self)
        BrowserCase.setUp(self)

    def test_chromium(self) -> None:
        """
        A page in Chromium and our server understand each other; it can neither cut, ping nor see headers.
        """
        for compression, port in self.ports.items():
            # Any page with an origin; that of about:blank is "null", which is refused.
            page = self.visit(f"http://127.0.0.1:{port}/")
            for name in ("conversation.js", "chromiumpeer.js"):
                page.add_script_tag(content=(HERE / name).read_text("utf-8"))
            found = page.evaluate("holdInPage", [f"ws://127.0.0.1:{port}/", SCRIPT])
            self.assertEqual(found.pop("seen"), None)
            self.assertHeard(found, compression == "deflate", ("digest", "pong", "seen"))


class CallingTestCase(ConversationTestCase):
    """
    Holds the conversation with a client of ours.
    """

    def check(self, name: str, **others: Any) -> None:
        """
        Hold the conversation with one kind of server.
        """
        command = peer(name)
        for offer, compression in (("deflate", "deflate"), ("deflate", "plain"), ("plain", "deflate")):
            server = subprocess.Popen(
                [*command, "server", compression, str(self.script)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            with server:
                try:
                    assert server.stdout is not None
                    found = self.hold(peer("balwspeer.py"), offer, server.stdout.readline().strip())
                finally:
                    server.terminate()
                    faults = server.communicate(timeout=PATIENCE)[1]
            self.assertEqual(faults, "")
            self.assertHeard(found, offer == compression == "deflate", **others)


class ClientInteropTests(CallingTestCase):
    """
    A client of ours at others' servers, compression on, refused by the server, and off.
    """

    def test_websockets(self) -> None:
        """
        Our client and a server of PyPI's websockets understand each other.
        """
        self.check("websocketspeer.py")

    def test_aiohttp(self) -> None:
        """
        Our client and a server of PyPI's aiohttp, whose messages are one frame each and which
        answers every close frame with 1000, understand each other.
        """
        self.write({**SCRIPT, "fromServer": _text(100_000)})
        self.check("aiohttppeer.py", answered=1000)

    def test_wsproto(self) -> None:
        """
        Our client and a server that feeds PyPI's wsproto from a blocking socket understand each other.
        """
        self.check("wsprotopeer.py")

    def test_npmWs(self) -> None:
        """
        Our client and a server of npm's ws understand each other.
        """
        self.check("npmwspeer.cjs")
