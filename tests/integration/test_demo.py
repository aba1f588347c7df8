"""
Tests of the demonstration, as a newcomer meets it: C{twistd -n balws} and a browser.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Literal

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand
from tests.documents.conversation import Conversation
from tests.integration.browser import BrowserCase
from tests.servers import STOPPED, Server, portAlone

PORT = 9090
PLACE = f"127.0.0.1:{PORT}"

#: The grounds of the page, as its style gives them.
GROUNDS: dict[Literal["light", "dark"], tuple[int, int, int]] = {
    "light": (0xF3, 0xF6, 0xF6),
    "dark": (0x0D, 0x15, 0x14),
}


def startDemo(test: SynchronousTestCase) -> Server:
    """
    The command of the README.
    """
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
        portAlone(self, PORT)
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


class PageTests(BrowserCase):
    """
    In a real browser.
    """

    def setUp(self) -> None:
        """
        Start the server and a browser.
        """
        portAlone(self, PORT)
        self.server = startDemo(self)
        super().setUp()

    def open(self, scheme: Literal["light", "dark"] = "light") -> Any:
        """
        Open the page.
        """
        return self.visit(f"http://{PLACE}/", scheme)

    def connect(self, page: Any, name: str) -> None:
        """
        Press Connect, and wait until it is.
        """
        page.fill("#chat-name", name)
        page.click("#connect")
        page.locator("#state[data-state=open]").wait_for()  # the words would match "Not connected", too

    def say(self, page: Any, text: str) -> None:
        """
        Write a line into the chat.
        """
        page.fill("#chat-text", text)
        page.click("#chat-send")

    def test_echo(self) -> None:
        """
        A person connects, sends text and bytes, reads them again, and disconnects.
        """
        page = self.open()
        self.assertTrue(page.is_disabled("#echo-send"))
        self.connect(page, "Ada")
        page.fill("#echo-text", "Hëllo <b>")
        page.click("#echo-send")
        self.awaitLine(page, "#log", "received")
        page.check("#echo-binary")
        page.click("#echo-send")
        page.locator("#log .received").nth(1).wait_for()
        page.click("#disconnect")
        page.locator("#state[data-state=closed]").wait_for()
        data = "10 bytes: 48 c3 ab 6c 6c 6f 20 3c 62 3e"
        self.assertEqual(
            self.lines(page, "#log"),
            [
                f"opened ws://{PLACE}/basic/ws",
                "sent Hëllo <b>",
                "received Hëllo <b>",
                f"sent {data}",
                f"received {data}",
                "closed code 1000",
            ],
        )
        self.assertTrue(page.is_disabled("#echo-send"))
        self.assertTrue(page.is_enabled("#connect"))
        self.assertClean(PLACE)

    def test_chat(self) -> None:
        """
        Two pages chat; who takes another name speaks under it.
        """
        ada, grace = self.open(), self.open()
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
        self.assertClean(PLACE)

    def test_serverStops(self) -> None:
        """
        A page tells when the server goes away, and can connect again when it is back.
        """
        page = self.open()
        self.connect(page, "Ada")
        self.assertIn(self.server.stop(), STOPPED)
        self.awaitLine(page, "#log", "code 1001")
        page.locator("#state", has_text="Not connected").wait_for()
        startDemo(self)
        self.connect(page, "Ada")
        self.assertClean(PLACE)

    def test_look(self) -> None:
        """
        The page has its ground and its content in light and in dark; the pictures stay
        beside the tests' log to be looked at.
        """
        for scheme, ground in GROUNDS.items():
            page = self.open(scheme)
            self.connect(page, "Ada")
            page.click("#echo-send")
            self.awaitLine(page, "#log", "received")
            self.say(page, "Good morning.")
            self.awaitLine(page, "#chat-log", "Good morning.")
            pixels = inflated(page.screenshot(path=f"demo-{scheme}.png", full_page=True))
            self.assertEqual(tuple(pixels[1:4]), ground)
            self.assertGreater(len(set(pixels)), 100)
            page.close()
        self.assertClean(PLACE)


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
