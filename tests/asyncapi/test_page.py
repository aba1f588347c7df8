"""
Tests of L{balws.asyncapi.page}.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from balws import Hub, Service, UpgradeService, get, serviceConfig
from balws.asyncapi.catalogue import Catalogue
from balws.asyncapi.document import makeDocument
from balws.asyncapi.page import pageOf
from tests.asyncapi.documents import describe

NASTY = '<script>alert(1)</script>"\'&'


class Order(Struct):
    """
    What is wanted. <script>alert(2)</script>
    """

    item: str


class Chat(Service):
    """
    Talk. <img src=x onerror=alert(3)>
    """

    def onOpen(self) -> Order:
        return Order("nail")

    def onOrder(self, order: Order) -> str:
        return ""

    def onMany(self, order: Order) -> Iterator[str]:
        yield ""


@serviceConfig(
    auth=[{"oauth2IntrospectionConfig": {"url": "https://login.example"}, "scopes": "<b>"}],
    dispatcherKey=NASTY,
    subProtocols=["v1"],
)
class ChatUpgrade(UpgradeService):
    @get("{room}")
    def get(self, room: str, since: str = "<i>") -> Chat:
        return Chat()


class Anchors(HTMLParser):
    """
    What a page has, and what it refers to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.add(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [value for key, value in given.items() if key in ("href", "src", "aria-labelledby") and value]


class PageTests(SynchronousTestCase):
    """
    A document for people.
    """

    def setUp(self) -> None:
        self.page = pageOf(describe(ChatUpgrade, path="/chat", title=NASTY, servers=["wss://chat.example/v1"]))
        self.anchors = Anchors()
        self.anchors.feed(self.page)

    def test_policy(self) -> None:
        """
        A strict policy allows the page's own style and nothing else.
        """
        style = re.search(r"<style>(.*)</style>", self.page, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        self.assertIn(
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            self.page.replace("&#39;", "'"),
        )
        self.assertNotIn("&", style[1])
        self.assertFalse({"script", "img", "link", "iframe", "form", "i", "b"} & self.anchors.names)
        self.assertNotIn("http:", self.page)

    def test_links(self) -> None:
        """
        Every link leads to a place of the page, and no place has the name of another.
        """
        self.assertEqual(len(self.anchors.ids), len(set(self.anchors.ids)))
        for link in self.anchors.links:
            self.assertIn(link.removeprefix("#"), self.anchors.ids)
        self.assertIn("#operation-chat.order", self.anchors.links)

    def test_whole(self) -> None:
        """
        Servers, parameters, messages, answers, close codes, security and records are all there.
        """
        words = re.sub(r"<[^>]*>", " ", self.page)
        codes = ("1008", "3000-4999")
        for each in ("wss://chat.example/v1", "/chat/{room}", "since", "You send", "and get", "v1", *codes, "oauth2"):
            self.assertIn(each, words)
        self.assertIn("What is wanted.", words)

    def test_several(self) -> None:
        """
        Each channel has its own operations, also where a scheme asks for no scope.
        """

        @serviceConfig(auth=[{"oauth2IntrospectionConfig": {"url": "https://login.example"}}], dispatcherKey="a")
        class OpenUpgrade(ChatUpgrade):
            pass

        catalogue = Catalogue(Hub())
        catalogue.attach(ChatUpgrade, "/chat")
        catalogue.attach(OpenUpgrade, "/open")
        page = pageOf(makeDocument(catalogue.found))
        self.assertEqual(page.count('id="operation-chat.order"'), 1)
        self.assertEqual(page.count('id="operation-open.order"'), 1)
        self.assertEqual(page.count("One of these scopes"), 1)
        self.assertIn("any number of times", page)

    def test_empty(self) -> None:
        """
        Without servers, security and records there are no headings for them.
        """

        class Quiet(Service):
            pass

        class QuietUpgrade(UpgradeService):
            def get(self) -> Quiet:
                return Quiet()

        anchors = Anchors()
        anchors.feed(pageOf(describe(QuietUpgrade, path="/quiet")))
        self.assertFalse({"servers", "security", "schemas"} & set(anchors.ids))
