"""
Tests of L{balws.assembling}; what a file says of services and resources is in L{tests.test_application}.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from balws import UpgradeService
from balws.assembling import Stock, furnish
from balws.auth.principal import Realm
from balws.config import CheckerWithScopes, ListenerEntry, ResourceEntry, ServiceEntry
from balws.hub.hub import Hub

NAME = "balws_test_assembled"


class A(UpgradeService):
    """
    A service.
    """


class B(UpgradeService):
    """
    Another one.
    """


class Attached:
    """
    Notes what is attached.
    """

    def __init__(self) -> None:
        self.at: dict[Any, Any] = {}
        self.auth: dict[Any, Any] = {}

    def attach(self, service: Any, path: Any, *, config: Any) -> None:
        self.at[path or config.basePath] = service
        self.auth[path or config.basePath] = config.auth

    def attachResource(self, resource: Any, path: str) -> None:
        self.at[path] = resource


def service(name: str, path: str | None, **overrides: Any) -> ServiceEntry:
    """
    @return: an entry of a service of our module.
    """
    return ServiceEntry(service=f"{NAME}:{name}", path=path, overrides=overrides)


def resource(name: str, path: str) -> ResourceEntry:
    """
    @return: an entry of a resource of our module.
    """
    return ResourceEntry(resource=f"{NAME}:{name}", path=path)


class StockTests(SynchronousTestCase):
    """
    What a configuration names as the one before did is the same object.
    """

    def setUp(self) -> None:
        module: Any = ModuleType(NAME)
        module.A, module.B, module.Page = A, B, Resource
        module.Checker, module.Realm = InMemoryUsernamePasswordDatabaseDontUse, Realm
        self.patch(sys, "modules", {**sys.modules, NAME: module})
        self.stock: Stock | None = None
        self.hub = Hub()
        self.auth: dict[Any, Any] = {}

    def take(self, *entries: ServiceEntry | ResourceEntry) -> dict[Any, Any]:
        """
        @return: what is attached where, by a configuration with these entries.
        """
        entry = ListenerEntry(
            port=1,
            services=tuple(each for each in entries if isinstance(each, ServiceEntry)),
            resources=tuple(each for each in entries if isinstance(each, ResourceEntry)),
        )
        attached: Any = Attached()
        stock = Stock(self.hub, entry, self.stock)
        furnish(attached, entry, stock, None)
        self.stock, self.auth = stock, attached.auth
        return dict(attached.at)

    def test_same(self) -> None:
        """
        Who stays where he is stays who he is, whatever else comes and goes.
        """
        first = self.take(service("A", "/a"), resource("Page", "/page"))
        second = self.take(service("A", "/new"), service("A", "/a"), resource("Page", "/"), resource("Page", "/page"))
        self.assertIs(second["/a"], first["/a"])
        self.assertIs(second["/page"], first["/page"])
        self.assertIsNot(second["/new"], first["/a"])
        self.assertIsNot(second["/"], first["/page"])
        third = self.take(service("A", "/a", idleTimeout=5))
        self.assertIs(third["/a"], first["/a"])

    def test_moved(self) -> None:
        """
        Who is at another path is who he was.
        """
        first = self.take(service("A", "/a"), service("A", "/b"), resource("Page", "/page"))
        second = self.take(service("A", "/c"), service("A", "/b"), resource("Page", "/other"))
        self.assertEqual([second["/b"], second["/c"], second["/other"]], [first["/b"], first["/a"], first["/page"]])

    def test_others(self) -> None:
        """
        Another target is another object, and who was away comes back as somebody else.
        """
        first = self.take(service("A", "/a"))
        second = self.take(service("B", "/a"))
        self.assertIsInstance(second["/a"], B)
        third = self.take(service("A", "/a"))
        self.assertIsNot(third["/a"], first["/a"])

    def test_ofDecorator(self) -> None:
        """
        Without a path it is known by the pair of 2017 that the file gives it.
        """
        first = self.take(service("A", None, basePath="/a"), service("A", None, basePath="/b"))
        second = self.take(service("A", None, basePath="/b"), service("A", None, basePath="/a"))
        self.assertEqual(second, first)

    def test_auth(self) -> None:
        """
        Checkers and realms stay with their service, wherever it goes, and are nobody else's.
        """

        def guarded(name: str, path: str) -> ServiceEntry:
            entry = CheckerWithScopes(checker=f"{NAME}:Checker", realm=f"{NAME}:Realm")
            return service(name, path, auth=(entry,))

        self.take(guarded("A", "/a"))
        (first,) = self.auth["/a"]
        self.assertIsInstance(first.checker, InMemoryUsernamePasswordDatabaseDontUse)
        self.take(guarded("B", "/b"), guarded("A", "/moved"))
        (same,), (other,) = self.auth["/moved"], self.auth["/b"]
        self.assertEqual((same.checker, same.realm), (first.checker, first.realm))
        self.assertIsNot(other.checker, first.checker)
        self.assertIsNot(other.realm, first.realm)
