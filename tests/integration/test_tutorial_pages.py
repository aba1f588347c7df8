"""
Tests of the pages of the tutorial for which more is needed than Python: openssl, a browser, Redis.
"""

from __future__ import annotations

import shutil
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT
from tests.commands import ran
from tests.documents.blocks import blocksOf
from tests.documents.typist import Typist
from tests.documents.walk import Walk
from tests.integration.browser import BrowserCase
from tests.integration.needed import missing
from tests.integration.redisserver import RedisCase
from tests.waiting import PATIENCE

TUTORIAL = ROOT / "docs" / "tutorial"


def needOpenssl() -> None:
    """
    Skip, or fail, where it is not.
    """
    if shutil.which("openssl") is None:
        missing("openssl")


class CheckTests(SynchronousTestCase):
    """
    The page on the echo.
    """

    def test_misspelt(self) -> None:
        """
        C{balws check} says what the page says of the misspelt name.
        """
        page = TUTORIAL / "1-echo.rst"
        walk = Walk(self, page)
        walk.go(3)
        file = walk.folder / "chat.py"
        file.write_text(file.read_text("utf-8").replace("onTextMessage", "onTextMesage"), "utf-8")
        done = ran("balws check", walk.folder)
        (shown,) = (block.text for block in blocksOf(page) if "onTextMesage" in block.text)
        self.assertEqual((done.stderr.split(), done.returncode), (shown.split(), 1))


class UsersTests(BrowserCase):
    """
    The page on users, and its page in a browser.
    """

    def test_users(self) -> None:
        """
        Who has a password gets in, over TLS, and does what their scopes allow.
        """
        needOpenssl()
        walk = Walk(self, TUTORIAL / "5-users.rst")
        walk.go()
        new = self._browser.new_page
        # The person is warned of the certificate, and goes on.
        self.patch(self._browser, "new_page", lambda **options: new(ignore_https_errors=True, **options))
        place = f"localhost:{walk.serve()}"
        alan = self.visit(f"https://{place}/", prompt=(walk.folder / "alan.txt").read_text("utf-8"))
        self.awaitLine(alan, "#log", "alan: has come")
        ada = Typist("balws connect --ca-file public.crt --user ada", f"wss://{place}/chat/garden", walk.folder)
        self.addCleanup(ada.close)
        self.awaitLine(alan, "#log", "ada: has come")
        alan.fill("#text", "Good <b>morning</b>.")
        alan.press("#text", "Enter")
        self.awaitLine(alan, "#log", "alan: Good <b>morning</b>.")
        self.assertEqual(alan.input_value("#text"), "")
        self.assertIn("has come", ada.recv(PATIENCE))
        self.assertEqual(ada.recv(PATIENCE), '{"name":"alan","text":"Good <b>morning</b>."}')
        self.assertEqual(self.errors, [])
        self.assertEqual({urlsplit(address)[:2] for address in self.asked}, {("https", place), ("wss", place)})


class NodesTests(RedisCase):
    """
    The page on two nodes, with Redis.
    """

    @inlineCallbacks
    def test_nodes(self) -> Any:
        """
        Two nodes are one garden, an operator sees both, and one of them goes in order.
        """
        needOpenssl()
        redis = yield self.begin()
        walk = Walk(self, TUTORIAL / "6-nodes.rst", {"redis://127.0.0.1:6379/0": redis.url})
        yield deferToThread(walk.go)
