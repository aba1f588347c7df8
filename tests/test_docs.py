"""
Tests of the documentation: what each page shows is what happens.
"""

from __future__ import annotations

import configparser
import importlib
import json
import re
from collections.abc import Mapping

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws import AsyncClient, Caller, Client, Hub, KeepAlive, Listener, closing, errors
from balws.config import (
    ClientConfiguration,
    ListenerConfiguration,
    ListenerHttp1Settings,
    RequestLimitConfigs,
    WebSocketRetryConfig,
    WSServiceConfig,
)
from balws.session.methods import FIXED
from tests.documents import ROOT, Walk, blocksOf

DOCS = ROOT / "docs"

#: How-to pages that need more than Python, and so have tests of their own.
ELSEWHERE = frozenset(("jwt", "ldap", "mutual-tls", "oauth2", "tls"))

RECORDS = (
    ListenerConfiguration,
    ListenerHttp1Settings,
    RequestLimitConfigs,
    WSServiceConfig,
    ClientConfiguration,
    WebSocketRetryConfig,
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
        for page in pages:
            Walk(self, page).go()

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
        tests = (ROOT / "tests" / "integration" / "test_trust_pages.py").read_text("utf-8")
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

    def test_settings(self) -> None:
        """
        Every setting stands in the table of its record, in order, with its default as a
        file would have it.
        """
        tables = {
            title: re.findall(r"^   \* - ``(\w+)``\n     - ``(.*)``$", table, re.MULTILINE)
            for title, table in re.findall(
                r"^\.\. list-table:: ``(\w+)``\n(.*?)(?=^\S|\Z)",
                self.text("configuration") + "\n" + self.text("client"),
                re.MULTILINE | re.DOTALL,
            )
        }
        for record in RECORDS:
            defaults = record()
            self.assertEqual(
                tables[record.__name__],
                [(field.name, spelled(getattr(defaults, field.name))) for field in attrs.fields(record)],
            )

    def test_errors(self) -> None:
        """
        Every error that can be imported is in the table of errors.
        """
        names = [name for name in errors.__all__ if name != "Error"]
        page = self.text("statuses")
        self.assertEqual([name for name in names if f"``{name}``" not in page], [])

    def test_closeCodes(self) -> None:
        """
        Every close frame stands beside its code.
        """
        page = self.text("statuses")
        for name in closing.__all__:
            frame = getattr(closing, name)
            if isinstance(frame, closing.CloseFrame):
                row = re.search(rf"^   \* - {frame.status}\n     - .*``{name}``$", page, re.MULTILINE)
                self.assertIsNotNone(row, name)

    def test_methods(self) -> None:
        """
        Every fixed remote method, and everything that a caller, a hub, a listener and the
        clients offer, is in the reference.
        """
        methods, caller, client = self.text("methods"), self.text("caller"), self.text("client")
        self.assertEqual([name for name in FIXED if f"``{name}(" not in methods], [])
        for kind in (Caller, Listener):
            offered = [name for name in vars(kind) if not name.startswith("_")]
            self.assertEqual([name for name in offered if not re.search(rf"``{name}\b", caller)], [])
        for kind in (Client, AsyncClient):
            offered = [name for name in dir(kind) if not name.startswith("_")]
            self.assertEqual([name for name in offered if not re.search(rf"``({kind.__name__}.)?{name}\b", client)], [])
        broadcasts = [name for name in vars(Hub) if name.startswith("broadcast")]
        self.assertEqual([name for name in broadcasts if f"``{name}(path" not in caller], [])


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
        named = re.findall(r"``((?:auth|binding|hub|wire|session|server|tls)(?:\.\w+)+)``", self.page)
        self.assertGreater(len(named), 8)
        for name in named:
            importlib.import_module(f"balws.{name}")


def spelled(value: object) -> str:
    """
    A default as the reference writes it.
    """
    if value is None:
        return "none"
    if attrs.has(type(value)):
        return "{}"
    if isinstance(value, KeepAlive):
        value = value.value
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)
