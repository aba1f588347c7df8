"""
Tests of the documentation: what each page shows is what happens.
"""

from __future__ import annotations

import configparser
import importlib
import re
from concurrent.futures import ThreadPoolExecutor

from twisted.trial.unittest import SynchronousTestCase

from balws import AsyncClient, Caller, Client, Hub, Listener, errors
from balws.config import HubConfiguration, ServerConfiguration
from balws.hub import limits
from balws.logs import record as logRecord
from balws.logs import repeats
from balws.server import admission, farewell, proxied, proxyheader
from balws.session.methods import FIXED
from balws.workers import backoff
from tests import ROOT
from tests.documents.blocks import blocksOf
from tests.documents.walk import Walk

DOCS = ROOT / "docs"

#: Pages that need more than Python, and so have tests of their own.
ELSEWHERE = frozenset(
    ("5-users", "6-nodes", "jwt", "ldap", "mutual-tls", "nodes", "oauth2", "tls")
)

#: So many pages are walked through at a time: each mostly waits for what it starts.
ATONCE = 2

#: What the hub offers to the other floors, not to users; some take a connection where users have
#: a caller, whose functions of the same names are in the reference.
INSIDE = frozenset(("broadcast", "join", "leave", "node", "number", "serve", "size", "unserve")) | frozenset(
    ("addConnectionToGroup", "removeConnectionFromGroup", "storeConnection")
)


class PageTests(SynchronousTestCase):
    """
    The pages that show code.
    """

    def walk(self, folder: str) -> None:
        """
        Go through every page of a folder.
        """
        pages = [
            page
            for page in sorted((DOCS / folder).glob("*.rst"))
            if any(blocksOf(page)) and page.stem not in ELSEWHERE
        ]
        self.assertNotEqual(pages, [])
        walks = [Walk(self, page) for page in pages]
        with ThreadPoolExecutor(ATONCE) as readers:
            for _ in readers.map(Walk.go, walks):
                pass  # or the failure of this page

    def test_front(self) -> None:
        """
        What the front page shows is what happens.
        """
        Walk(self, DOCS / "index.rst").go()

    def test_tutorial(self) -> None:
        """
        Whoever follows the tutorial to the letter ends with a chat that works.
        """
        self.walk("tutorial")

    def test_howto(self) -> None:
        """
        Every guide leads where it says.
        """
        self.walk("howto")

    def test_elsewhere(self) -> None:
        """
        The guides that need more than Python are walked through, too.
        """
        files = (ROOT / "tests" / "integration").glob("test_*_pages.py")
        tests = "".join(file.read_text("utf-8") for file in files)
        self.assertEqual(
            [name for name in ELSEWHERE if f'walk("{name}")' not in tests and f'"{name}.rst"' not in tests], []
        )

    def test_reference(self) -> None:
        """
        Every example of the reference runs.
        """
        self.walk("reference")


class ReferenceTests(SynchronousTestCase):
    """
    The reference is complete.
    """

    def text(self, name: str) -> str:
        """
        A page of the reference.
        """
        return (DOCS / "reference" / f"{name}.rst").read_text("utf-8")

    def test_methods(self) -> None:
        """
        Every fixed remote method, and everything that a caller, a listener and the clients
        offer, is in the reference.
        """
        methods, caller, client = self.text("methods"), self.text("caller"), self.text("client")
        self.assertEqual([name for name in FIXED if f"``{name}(" not in methods], [])
        for kind in (Caller, Listener):
            offered = [name for name in dir(kind) if not name.startswith("_")]
            self.assertEqual([name for name in offered if not re.search(rf"``{name}\b", caller)], [])
        for kind in (Client, AsyncClient):
            offered = [name for name in dir(kind) if not name.startswith("_")]
            self.assertEqual([name for name in offered if not re.search(rf"``({kind.__name__}.)?{name}\b", client)], [])

    def test_hub(self) -> None:
        """
        Every function of the hub, and every error that it fails with, is on its page.
        """
        page = self.text("hub")
        offered = {name for name in dir(Hub) if not name.startswith("_")} - INSIDE
        self.assertEqual([name for name in offered if not re.search(rf"``{name}\b", page)], [])
        for name in INSIDE & set(dir(Caller)):
            self.assertIn(f"``{name}(", page)
        failing = [name for name in errors.__all__ if name.startswith(("NoSuch", "HubU", "HubL", "History"))]
        self.assertEqual([name for name in failing if f"``{name}``" not in page], [])


class HouseTests(SynchronousTestCase):
    """
    The picture of the inside is true.
    """

    def setUp(self) -> None:
        """
        Read the page.
        """
        self.page = (DOCS / "explanation" / "house.rst").read_text("utf-8")

    def test_floors(self) -> None:
        """
        The floors are those that the check on imports knows, in its order.
        """
        settings = configparser.ConfigParser()
        settings.read(ROOT / ".importlinter", "utf-8")
        layers = settings["importlinter:contract:floors"]["layers"].split("\n")
        checked = [{name.strip() for name in layer.split("|")} for layer in reversed(layers) if layer]
        rows = re.findall(r"^   \* - (``.*)$", self.page, re.MULTILINE)
        told = [{f"balws.{name}" for name in re.findall(r"``(\w+)``", row)} for row in rows]
        self.assertEqual(told, checked)

    def test_modules(self) -> None:
        """
        Every module that is named exists.
        """
        floors = "admin|auth|binding|client|hub|wire|session|server|tls|workers"
        named = re.findall(rf"``((?:{floors})(?:\.\w+)+)``", self.page)
        self.assertGreater(len(named), 40)
        for name in named:
            importlib.import_module(f"balws.{name}")


class FigureTests(SynchronousTestCase):
    """
    The figures of the pages on the hub, the crowd and the end are those of the code.
    """

    def test_figures(self) -> None:
        """
        Each stands there as the code has it.
        """
        # With its library comes the reactor.
        from balws.hub.redis import envelope, lease, line, pushes, reader

        server, hub = ServerConfiguration(), HubConfiguration()
        for name, words in (
            ("explanation/guarantees", f"{hub.heartbeat * lease.PERIOD:g} s; {hub.heartbeat * lease.LEASE:g} s"),
            ("explanation/guarantees", f"within {hub.heartbeat * 2:g} s"),
            ("explanation/guarantees", f"up to {line.FIRST_WAIT:g} seconds at first and up to {line.LONGEST_WAIT:g}"),
            ("explanation/guarantees", f"{hub.maxQueue >> 20} MiB with {pushes.OVERHEAD} bytes more"),
            ("explanation/guarantees", f"none longer than {pushes.PATIENCE:g} seconds"),
            ("explanation/guarantees", f"{reader.PAGE} messages, or {reader.MAX_BYTES >> 20} MiB"),
            ("explanation/guarantees", f"{envelope.MAX_SIZE >> 20} MiB"),
            ("explanation/guarantees", f"{limits.MAX_NAME} bytes; {limits.MAX_INFO} bytes"),
            ("explanation/guarantees", f"{hub.history.size:,} messages; ``history.age``, {hub.history.age:g} s"),
            ("explanation/limits", f"{limits.MAX_NAME} bytes, {limits.MAX_INFO} bytes"),
            ("explanation/limits", f"{admission.MAX_PER_ADDRESS}, and {admission.MAX_PER_SECOND} upgrades"),
            ("explanation/limits", f"{admission.MAX_ADDRESSES} addresses are remembered"),
            ("explanation/limits", f"{server.maxConnections:,} - of all listeners"),
            ("explanation/limits", f"{proxied.PATIENCE:g} s, {proxyheader.MAX_REST >> 10} KiB"),
            ("explanation/limits", f"has {proxyheader.MAX_LINE} bytes"),
            ("explanation/limits", f"{logRecord.MESSAGE >> 10} KiB, {logRecord.FIELDS} fields"),
            ("explanation/limits", f"{repeats.BURST} at a time"),
            ("howto/logs", f"up to {repeats.BURST} at a time"),
            ("howto/limits", f"Retry-After: {admission.RETRY_AFTER}"),
            ("howto/graceful-stop", f"each {farewell.PEERS_A_SECOND} peers"),
            ("howto/workers", f"after {backoff.FIRST:g} seconds"),
            ("howto/workers", f"up to {backoff.LONGEST:g} seconds"),
            ("reference/hub", f"1 to {limits.MAX_NAME} bytes"),
            ("reference/hub", f"at most {limits.MAX_INFO} bytes"),
        ):
            self.assertIn(words, " ".join((DOCS / f"{name}.rst").read_text("utf-8").split()), name)
