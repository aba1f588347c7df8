"""
Tests of what the pages for those who come from elsewhere have in a browser.
"""

from __future__ import annotations

from tests import ROOT
from tests.documents.blocks import blocksOf
from tests.documents.walk import Walk
from tests.integration.browser import BrowserCase

PAGE = ROOT / "docs" / "migration" / "socketio.rst"


class SocketIoTests(BrowserCase):
    """
    What takes the place of Socket.IO's library.
    """

    def serve(self) -> str:
        """
        Do what the guide says as far as its page, and serve that.

        @return: host and port.
        """
        files = [block.file for block in blocksOf(PAGE)]
        walk = Walk(self, PAGE)
        walk.skip(files.index("public/index.html") + 1)
        return f"127.0.0.1:{walk.serve()}"

    def test_events(self) -> None:
        """
        Events reach their listeners, questions have answers, and a lost connection comes back by itself.
        """
        place = self.serve()
        ada = self.visit(f"http://{place}/", prompt="Ada")
        self.awaitLine(ada, "#log", "Here: Ada")
        grace = self.visit(f"http://{place}/", prompt="Grace Hopper")
        self.awaitLine(grace, "#log", "Here: Ada, Grace Hopper")
        grace.fill("#text", "Good <b>morning</b>.")
        grace.press("#text", "Enter")
        self.awaitLine(ada, "#log", "Grace Hopper: Good <b>morning</b>.")
        ada.evaluate("events.socket.close(4000)")
        self.awaitLine(ada, "#log", "Closed with 4000")
        self.awaitLine(ada, "#log", "Here: Ada, Grace Hopper")
        ada.fill("#text", "Back again.")
        ada.press("#text", "Enter")
        self.awaitLine(grace, "#log", "Ada: Back again.")
        self.assertClean(place)

    def test_lost(self) -> None:
        """
        A question fails whose connection is lost before the answer, or that has none; who closes
        is not connected again.
        """
        place = self.serve()
        page = self.visit(f"http://{place}/", prompt="Ada")
        self.awaitLine(page, "#log", "Here: Ada")
        lost = "const asked = events.ask('nothing'); events.close(); return asked.catch((error) => error.message)"
        self.assertEqual(page.evaluate(f"() => {{ {lost} }}"), "The connection is lost.")
        self.awaitLine(page, "#log", "Closed with 1000")
        without = "events.ask('who').catch((error) => error.message)"
        self.assertEqual(page.evaluate(without), "There is no connection.")
        self.assertFalse(page.evaluate("events.emit('say', {})"))
        self.assertClean(place)
