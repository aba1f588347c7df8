"""
Tests of interoperation: one echo service, and the peers that people use.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from websockets.sync.client import connect

from tests.documents import PATIENCE, ROOT, Server, asCommand, freePort

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

CHROMIUM = Path("/usr/bin/chromium")

#: What every peer says, in this order, and must hear.
MESSAGES: tuple[str | bytes, ...] = ("hello", bytes((0, 1, 2, 255)), "x" * 20000, "grüße ☃ 𝄞")

_CONFIGURATION = """
[[listeners]]
port = {port}
host = "127.0.0.1"
[[listeners.services]]
path = "/"
service = "echoing:EchoUpgrade"
"""

_BROWSER = """
(url) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  const sent = ['hello', new Uint8Array([0, 1, 2, 255]), 'x'.repeat(20000), 'grüße ☃ 𝄞'];
  const got = [];
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => sent.forEach((message) => socket.send(message));
  socket.onmessage = (event) => {
    got.push(typeof event.data === 'string' ? event.data : [...new Uint8Array(event.data)]);
    if (got.length === sent.length) socket.close(4001, 'enough');
  };
  socket.onclose = (event) => resolve({
    got, code: event.code, clean: event.wasClean, extensions: socket.extensions });
})
"""


def missing(what: str) -> None:
    """
    Skip the test, or fail where everything has to be there.
    """
    if os.environ.get("BALWS_REQUIRE_ALL"):
        raise AssertionError(f"{what} is not installed")
    raise SkipTest(f"{what} is not installed")


class InteropTests(SynchronousTestCase):
    """
    One test for each peer, with and without compression.
    """

    def setUp(self) -> None:
        """
        Serve the echo.
        """
        self.port = freePort()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        shutil.copy(ROOT / "tests" / "conformance" / "echoing.py", folder)
        (folder / "balws.toml").write_text(_CONFIGURATION.format(port=self.port), "utf-8")
        self.server = Server(self, asCommand("twistd -n balws --config balws.toml"), self.port, folder)
        self.url = f"ws://127.0.0.1:{self.port}/"

    def heard(self, got: list[Any]) -> None:
        """
        Check what a peer heard; JSON has bytes as lists.
        """
        self.assertEqual([bytes(item) if isinstance(item, list) else item for item in got], list(MESSAGES))

    def test_websockets(self) -> None:
        """
        PyPI websockets hears what it said, and agrees on compression where it offers it.
        """
        for compression in ("deflate", None):
            with connect(self.url, proxy=None, compression=compression) as client:
                for message in MESSAGES:
                    client.send(message)
                self.heard([client.recv(PATIENCE) for _ in MESSAGES])
                agreed = client.response.headers.get("Sec-WebSocket-Extensions", "")  # type: ignore[union-attr]
                self.assertEqual("permessage-deflate" in agreed, compression is not None)

    def test_aiohttp(self) -> None:
        """
        PyPI aiohttp hears what it said, and closes in agreement.
        """

        async def speak(compress: int) -> list[Any]:
            got: list[Any] = []
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(self.url, compress=compress) as client,
            ):
                self.assertEqual(bool(client.compress), bool(compress))
                for message in MESSAGES:
                    if isinstance(message, str):
                        await client.send_str(message)
                    else:
                        await client.send_bytes(message)
                for _ in MESSAGES:
                    got.append((await client.receive(PATIENCE)).data)
                await client.close(code=4001, message=b"enough")
                self.assertEqual(client.close_code, 4001)
            return got

        for compress in (15, 0):
            self.heard(asyncio.run(speak(compress)))

    def test_npmWs(self) -> None:
        """
        npm's ws hears what it said; our close frame has its code.
        """
        script = str(ROOT / "tests" / "integration" / "wsclient.cjs")
        node = shutil.which("node")
        if node is None or subprocess.run([node, "-e", "require('ws')"], capture_output=True).returncode:
            missing("npm's ws")
        for compression in ("deflate", "plain"):
            done = subprocess.run(["node", script, self.url, compression], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            answer = json.loads(done.stdout)
            self.heard(answer["got"])
            self.assertEqual(answer["code"], 4001)
            self.assertEqual("permessage-deflate" in answer["extensions"], compression == "deflate")

    def test_chromium(self) -> None:
        """
        A page in Chromium hears what it said, compressed, and closes cleanly.
        """
        if sync_playwright is None or not CHROMIUM.exists():
            missing("Chromium with playwright")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            page = browser.new_page()
            # Any page with an origin; that of about:blank is "null", which is refused.
            page.goto(self.url.replace("ws://", "http://"))
            answer = page.evaluate(_BROWSER, self.url)
            browser.close()
        self.heard(answer["got"])
        self.assertEqual((answer["code"], answer["clean"]), (4001, True))
        self.assertIn("permessage-deflate", answer["extensions"])
