"""
Tests of the demonstration, as a newcomer meets it: C{twistd -n balws} and a browser.
"""

from __future__ import annotations

import socket
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import PATIENCE, STOPPED, Conversation, Server, asCommand

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

CHROMIUM = Path("/usr/bin/chromium")
PORT = 9090

#: The grounds of the page, as its style gives them.
GROUNDS = {"light": (0xF3, 0xF6, 0xF6), "dark": (0x0D, 0x15, 0x14)}


def startDemo(test: SynchronousTestCase) -> Server:
    """
    The command of the README.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as error:
            test.fail(f"Port {PORT}, which the demonstration needs, is taken: {error}")
    folder = Path(test.mktemp()).absolute()
    folder.mkdir()
    return Server(test, asCommand("twistd -n balws"), PORT, folder)


class CommandTests(SynchronousTestCase):
    """
    Without a browser.
    """

    def test_services(self) -> None:
        """
        C{ws://127.0.0.1:9090/basic/ws} is the specification's sample, and C{/chat} tells
        everybody, with a name.
        """
        server = startDemo(self)
        Conversation().hold(
            """\
echo: ws://127.0.0.1:9090/basic/ws
echo > Text message
echo < Text message
Ada: ws://127.0.0.1:9090/chat?name=Ada
Ada < Ada has joined.
somebody: ws://127.0.0.1:9090/chat
Ada < somebody has joined.
Ada > Good morning.
Ada < Ada: Good morning.
somebody < somebody has joined.
somebody < Ada: Good morning.
nobody: ws://127.0.0.1:9090/chat?name=
nobody < refused 400 A name has 1 to 40 characters."""
        )
        self.assertIn(server.stop(), STOPPED)
        self.assertNotIn("Traceback", server.output())


class PageTests(SynchronousTestCase):
    """
    In a real browser.
    """

    if sync_playwright is None:
        skip = "Python's playwright is not installed"
    elif not CHROMIUM.exists():
        skip = f"there is no Chromium at {CHROMIUM}"

    def setUp(self) -> None:
        """
        Start the server and a browser, and note all that the browser asks for.
        """
        self.server = startDemo(self)
        self.errors: list[str] = []
        self.asked: list[str] = []
        playwright = sync_playwright().start()
        self.addCleanup(playwright.stop)
        self.browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        self.addCleanup(self.browser.close)

    def visit(self, scheme: str = "light") -> Any:
        """
        Open the page in a browser of its own.
        """
        page = self.browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda opened: self.asked.append(opened.url))
        page.goto(f"http://127.0.0.1:{PORT}/")
        return page

    def connect(self, page: Any, name: str) -> None:
        """
        Press Connect, and wait until it is.
        """
        page.fill("#chat-name", name)
        page.click("#connect")
        page.locator("#state", has_text="Connected").wait_for()

    def say(self, page: Any, text: str) -> None:
        """
        Write a line into the chat.
        """
        page.fill("#chat-text", text)
        page.click("#chat-send")

    def lines(self, page: Any, log: str) -> list[str]:
        """
        What stands in a log.
        """
        return [" ".join(line.split()) for line in page.locator(f"{log} li").all_text_contents()]

    def awaitLine(self, page: Any, log: str, text: str) -> None:
        """
        Wait until a line with this text is in a log.
        """
        page.locator(f"{log} li", has_text=text).last.wait_for()

    def clean(self) -> None:
        """
        Nothing went wrong in any page, and nobody else was asked for anything.
        """
        self.assertEqual(self.errors, [])
        self.assertEqual({urlsplit(url).netloc for url in self.asked}, {f"127.0.0.1:{PORT}"})
        self.assertIn(f"ws://127.0.0.1:{PORT}/basic/ws", self.asked)

    def test_echo(self) -> None:
        """
        A person connects, sends text and bytes, reads them again, and disconnects.
        """
        page = self.visit()
        self.assertTrue(page.is_disabled("#echo-send"))
        self.connect(page, "Ada")
        page.fill("#echo-text", "Hëllo <b>")
        page.click("#echo-send")
        self.awaitLine(page, "#log", "received")
        page.check("#echo-binary")
        page.click("#echo-send")
        page.locator("#log .received").nth(1).wait_for()
        page.click("#disconnect")
        page.locator("#state", has_text="Not connected").wait_for()
        data = "10 bytes: 48 c3 ab 6c 6c 6f 20 3c 62 3e"
        self.assertEqual(
            self.lines(page, "#log"),
            [
                f"opened ws://127.0.0.1:{PORT}/basic/ws",
                "sent Hëllo <b>",
                "received Hëllo <b>",
                f"sent {data}",
                f"received {data}",
                "closed code 1000",
            ],
        )
        self.assertTrue(page.is_disabled("#echo-send"))
        self.assertTrue(page.is_enabled("#connect"))
        self.clean()

    def test_chat(self) -> None:
        """
        Two pages chat; who takes another name speaks under it.
        """
        ada, grace = self.visit(), self.visit()
        self.connect(ada, "Ada")
        self.awaitLine(ada, "#chat-log", "Ada has joined.")
        self.connect(grace, "Grace")
        self.awaitLine(ada, "#chat-log", "Grace has joined.")
        self.say(ada, "Good morning: how are you?")
        self.awaitLine(grace, "#chat-log", "Good morning: how are you?")
        self.say(grace, "Well.")
        self.awaitLine(ada, "#chat-log", "Well.")
        self.assertEqual(
            self.lines(ada, "#chat-log"),
            ["Ada has joined.", "Grace has joined.", "Ada Good morning: how are you?", "Grace Well."],
        )
        ada.fill("#chat-name", "Countess")
        self.say(ada, "Goodbye.")
        self.awaitLine(grace, "#chat-log", "Goodbye.")
        self.assertIn("Countess Goodbye.", self.lines(grace, "#chat-log"))
        grace.click("#disconnect")
        self.awaitLine(ada, "#chat-log", "Grace has left.")
        self.clean()

    def test_serverStops(self) -> None:
        """
        A page tells when the server goes away, and can connect again when it is back.
        """
        page = self.visit()
        self.connect(page, "Ada")
        self.assertIn(self.server.stop(), STOPPED)
        self.awaitLine(page, "#log", "code 1001")
        page.locator("#state", has_text="Not connected").wait_for()
        startDemo(self)
        self.connect(page, "Ada")
        self.clean()

    def test_look(self) -> None:
        """
        The page has its ground and its content in light and in dark; the pictures stay
        beside the tests' log to be looked at.
        """
        for scheme, ground in GROUNDS.items():
            page = self.visit(scheme)
            self.connect(page, "Ada")
            page.click("#echo-send")
            self.awaitLine(page, "#log", "received")
            self.say(page, "Good morning.")
            self.awaitLine(page, "#chat-log", "Good morning.")
            picture = page.screenshot(path=f"demo-{scheme}.png", full_page=True)
            pixels = inflated(picture)
            self.assertEqual(tuple(pixels[1:4]), ground)
            self.assertGreater(len(set(pixels)), 100)
            page.close()
        self.clean()


def inflated(picture: bytes) -> bytes:
    """
    @param picture: a PNG.
    @return: its filtered lines: of the first, the kind of its filter and then the
        first pixel, which no filter changes.
    """
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    data, offset = b"", 8
    while offset < len(picture):
        size = int.from_bytes(picture[offset : offset + 4], "big")
        if picture[offset + 4 : offset + 8] == b"IDAT":
            data += picture[offset + 8 : offset + 8 + size]
        offset += size + 12
    return zlib.decompress(data)
