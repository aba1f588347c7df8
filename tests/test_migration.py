"""
Tests of the pages for those who come from elsewhere: what stands under "here" runs.
"""

from __future__ import annotations

import re

import attrs
from twisted.trial.unittest import SynchronousTestCase

import balws
from balws import Caller, Client, Hub, Listener, config
from balws.session.methods import FIXED
from tests import ROOT
from tests.documents.walk import Walk

PAGES = ROOT / "docs" / "migration"

#: Records whose fields a page may name.
RECORDS = (
    config.ClientConfiguration,
    config.HubConfiguration,
    config.ListenerConfiguration,
    config.ListenerHttp1Settings,
    config.RequestLimitConfigs,
    config.ServerConfiguration,
    config.WSServiceConfig,
)

#: The remote methods that the tables show as examples of dispatch.
EXAMPLES = frozenset(("onChatMessage", "onSay", "onWho"))


class WalkTests(SynchronousTestCase):
    """
    The pages.
    """

    def test_ballerina(self) -> None:
        """
        Who comes from Ballerina gets services that answer as is shown.
        """
        Walk(self, PAGES / "ballerina.rst").go()

    def test_autobahn(self) -> None:
        """
        Who comes from Autobahn gets services that answer as is shown, beside those that he has.
        """
        Walk(self, PAGES / "autobahn.rst").go()

    def test_channels(self) -> None:
        """
        Who comes from Django Channels gets services that answer as is shown.
        """
        Walk(self, PAGES / "channels.rst").go()

    def test_socketio(self) -> None:
        """
        Who comes from Socket.IO gets services that answer as is shown.
        """
        Walk(self, PAGES / "socketio.rst").go()

    def test_all(self) -> None:
        """
        No page is left out.
        """
        tests = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertEqual({page.stem for page in PAGES.glob("*.rst")} - tests, set())


class NameTests(SynchronousTestCase):
    """
    The names of balws in the tables.
    """

    def here(self) -> dict[str, str]:
        """
        @return: by page, the cells that say what it is called here.
        """
        pages = {page.stem: page.read_text("utf-8") for page in PAGES.glob("*.rst")}
        cells = {
            name: "\n".join(re.findall(r"^   \* - (?:.*\n)+?     - ((?:.*\n)+?)(?=   \* -|\n)", text, re.MULTILINE))
            for name, text in pages.items()
        }
        for name, text in cells.items():
            self.assertGreater(text.count("``"), 40, name)
        return cells

    def test_functions(self) -> None:
        """
        What is said of caller, hub, listener and client can be called.
        """
        kinds = {"caller": Caller, "hub": Hub, "listener": Listener, "client": Client, "AsyncClient": balws.AsyncClient}
        for page, text in self.here().items():
            for kind, name in re.findall(r"\b(caller|hub|listener|client|AsyncClient)\.([A-Za-z]\w+)\(", text):
                self.assertTrue(hasattr(kinds[kind], name), f"{page}: {kind}.{name}")

    def test_settings(self) -> None:
        """
        Each setting that is named or set is one.
        """
        fields = {field.name for record in RECORDS for field in attrs.fields(record)}
        others = {"customHeaders", "deferToThread"}
        for page, text in self.here().items():
            for name in re.findall(r"``([a-z]+[A-Z]\w+)(?:=.*?)?``", text):
                isFunction = any(hasattr(kind, name) for kind in (balws, Hub, Caller))
                self.assertTrue(isFunction or name in fields | others | set(FIXED) | EXAMPLES, f"{page}: {name}")

    def test_methods(self) -> None:
        """
        Each remote method that is named is a fixed one, or one of the examples.
        """
        for page, text in self.here().items():
            named = set(re.findall(r"``(?:def )?(on[A-Z]\w+)", text))
            self.assertEqual(named - set(FIXED) - EXAMPLES - {"onMessage"}, set(), page)
