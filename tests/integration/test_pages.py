"""
Tests of the pages that the tutorial and the examples have their reader open.
"""

from __future__ import annotations

from urllib.request import urlopen

from tests.documents import PATIENCE, ROOT, Walk
from tests.integration.browser import BrowserCase
from tests.integration.test_examples import startExample


class PageTests(BrowserCase):
    """
    In a real browser.
    """

    def test_tutorial(self) -> None:
        """
        The page at the end of the tutorial is a chat.
        """
        walk = Walk(self, ROOT / "docs" / "tutorial" / "chat.rst")
        walk.go()
        place = f"127.0.0.1:{walk.serve()}"
        ada = self.visit(f"http://{place}/", prompt="Ada")
        self.awaitLine(ada, "#log", "Ada: has joined")
        grace = self.visit(f"http://{place}/", prompt="Grace Hopper")
        self.awaitLine(ada, "#log", "Grace Hopper: has joined")
        grace.fill("#text", "Good <b>morning</b>.")
        grace.press("#text", "Enter")
        self.awaitLine(ada, "#log", "Grace Hopper: Good <b>morning</b>.")
        self.assertEqual(grace.input_value("#text"), "")
        grace.close()
        self.awaitLine(ada, "#log", "Grace Hopper: has left")
        self.assertClean(place)

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
