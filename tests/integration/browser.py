"""
A real browser for tests.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests.waiting import PATIENCE

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

CHROMIUM = Path("/usr/bin/chromium")


def missing() -> str | None:
    """
    @return: why no browser can be had, or L{None}.
    """
    if sync_playwright is None:
        return "Python's playwright is not installed"
    return None if CHROMIUM.exists() else f"there is no Chromium at {CHROMIUM}"


class BrowserCase(SynchronousTestCase):
    """
    Has a browser, and notes what goes wrong in it and whom it asks.

    @ivar errors: what pages threw or wrote to their console.
    @ivar asked: the addresses of all requests and WebSocket connections.
    """

    skip = None if os.environ.get("BALWS_REQUIRE_ALL") else missing()

    def setUp(self) -> None:
        """
        Start the browser.
        """
        self.assertIsNone(missing())
        self.errors: list[str] = []
        self.asked: list[str] = []
        playwright = sync_playwright().start()
        self.addCleanup(playwright.stop)
        self._browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        self.addCleanup(self._browser.close)

    def visit(self, address: str, scheme: Literal["light", "dark"] = "light", prompt: str = "") -> Any:
        """
        Open a page in a profile of its own.

        @param scheme: C{"light"} or C{"dark"}, as the person prefers.
        @param prompt: what the person answers when the page asks.
        """
        page = self._browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda opened: self.asked.append(opened.url))
        page.on("dialog", lambda dialog: dialog.accept(prompt))
        try:
            page.goto(address)
        except Exception as error:
            # A connection that Chromium had opened ahead was closed before it was used; a person presses F5.
            if "ERR_SOCKET_NOT_CONNECTED" not in str(error):
                raise
            page.goto(address)
        return page

    def _note(self, message: Any) -> None:
        # Every browser asks every site for this; who has none has done nothing wrong.
        if not message.location.get("url", "").endswith("/favicon.ico"):
            self.errors.append(message.text)

    def awaitLine(self, page: Any, log: str, text: str) -> None:
        """
        Wait until a line with this text is in a list.
        """
        page.locator(f"{log} li", has_text=text).last.wait_for()

    def lines(self, page: Any, log: str) -> list[str]:
        """
        What stands in a list.
        """
        return [" ".join(line.split()) for line in page.locator(f"{log} li").all_text_contents()]

    def assertClean(self, place: str) -> None:
        """
        Nothing went wrong in any page, and nobody else was asked for anything.

        @param place: the host and port of the only server.
        """
        self.assertEqual(self.errors, [])
        self.assertEqual({urlsplit(address).netloc for address in self.asked}, {place})
        self.assertIn("ws", {urlsplit(address).scheme for address in self.asked})
