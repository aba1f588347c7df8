"""
Tests of the pages that the tutorial and the examples have their reader open.
"""

from __future__ import annotations

from urllib.request import urlopen

from tests.integration.browser import BrowserCase
from tests.integration.test_examples import startExample
from tests.waiting import PATIENCE


class PageTests(BrowserCase):
    """
    In a real browser.
    """

    def test_beside(self) -> None:
        """
        What is posted appears on the page of the example with HTTP beside WebSocket.
        """
        _, port = startExample(self, "beside")
        page = self.visit(f"http://127.0.0.1:{port}/")
        self.awaitLine(page, "#log", "Here is the news.")
        urlopen(f"http://127.0.0.1:{port}/publish", b"Rain is coming.", PATIENCE).close()
        self.awaitLine(page, "#log", "Rain is coming.")
        self.assertClean(f"127.0.0.1:{port}")
