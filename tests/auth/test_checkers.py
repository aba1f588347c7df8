"""
Tests of L{balws.auth.checkers}.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, ClassVar

from twisted.cred.credentials import IAnonymous
from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth import checkers
from balws.auth.checkers import CLOSING_TIME, Checkers
from balws.config.auth import AuthEntry, authEntries
from balws.config.userstore import FileUserStoreConfig
from balws.errors import ConfigurationError
from tests.auth.checking import ADA, Answering, CountingRealm


class Store(Answering):
    """
    What a configuration is made into here.
    """

    made: ClassVar[list[Store]] = []
    closed: Deferred[None]

    def __init__(self, config: Any, reactor: Any) -> None:
        super().__init__(ADA)
        self.config, self.reactor = config, reactor
        self.calls: list[str] = []
        self.closed = succeed(None)
        if config.path == "broken":
            raise ConfigurationError("cannot be read", "path")
        if config.path == "elsewhere":
            raise ConfigurationError("is missing", "users[2].password", "users.toml", 7, 3)
        self.made.append(self)

    def reload(self) -> None:
        """
        As of any checker.
        """
        self.calls.append("reload")

    def close(self) -> Deferred[None]:
        """
        As of any checker.
        """
        self.calls.append("close")
        return self.closed


class Unloaded(Store):
    """
    Has nothing to read again.
    """

    reload = None  # type: ignore[assignment]


class Claiming(Answering):
    """
    Is made of a configuration with claims.
    """

    made: ClassVar[list[Claiming]] = []

    def __init__(self, config: Any, reactor: Any) -> None:
        super().__init__(ADA)
        self.made.append(self)


class CheckersTests(SynchronousTestCase):
    """
    From entries to checkers.
    """

    def setUp(self) -> None:
        self.reactor = Clock()
        self.made: list[Any] = []
        module = ModuleType("balws_test_stores")
        vars(module)["Store"] = type("Store", (Store,), {"made": self.made})
        vars(module)["Claiming"] = type("Claiming", (Claiming,), {"made": self.made})
        vars(module)["Unloaded"] = type("Unloaded", (Unloaded,), {"made": self.made})
        self.patch(sys, "modules", {**sys.modules, "balws_test_stores": module})
        kinds = {
            "fileUserStoreConfig": ("file", "balws_test_stores", "Store"),
            "ldapUserStoreConfig": ("ldap", "balws_test_stores", "Unloaded"),
        }
        self.patch(checkers, "_KINDS", kinds)
        self.checkers = Checkers(self.reactor)

    def entries(self, *configured: Any) -> Any:
        """
        @return: what these tables are made into.
        """
        return self.checkers.entries(authEntries(configured) or ())

    def test_entry(self) -> None:
        """
        An entry has the scopes and the realm of its table, and the checker gets its record.
        """
        realm = CountingRealm()
        (entry,) = self.entries(
            {"scopes": ["read", "write"], "realm": realm, "fileUserStoreConfig": {"path": "users.toml"}}
        )
        self.assertEqual((entry.kind, entry.scopes), ("file", frozenset(["read", "write"])))
        self.assertIs(entry.realm, realm)
        self.assertIs(entry.checker, self.made[0])
        self.assertEqual((entry.checker.config.path, entry.checker.reactor), ("users.toml", self.reactor))

    def test_one(self) -> None:
        """
        Equal configurations have one checker, whatever service they are for, and others
        have their own (table 5.1).
        """
        first = {"fileUserStoreConfig": {"path": "users.toml"}}
        other = {"fileUserStoreConfig": {"path": "others.toml"}}
        found = self.entries({**first, "scopes": "read"}, first, other) + self.entries(first)
        self.assertEqual(len(self.made), 2)
        self.assertEqual([self.made.index(each.checker) for each in found], [0, 0, 1, 0])
        self.assertEqual([set(each.scopes) for each in found], [{"read"}, set(), set(), set()])

    def test_alike(self) -> None:
        """
        What Python calls equal is not the same to whoever compares claims: 1, true and 1.0 have
        checkers of their own; what is equal in all shares one.
        """
        self.patch(checkers, "_KINDS", {"jwtValidatorConfig": ("jwt", "balws_test_stores", "Claiming")})
        claims = [{"a": 1}, {"a": True}, {"a": 1.0}, {"a": [1]}, {"a": [True]}, {"a": {"b": 0}}, {"a": {"b": False}}]
        tables = [
            {"jwtValidatorConfig": {"signatureConfig": {"secret": "x" * 32}, "customClaims": each}} for each in claims
        ]
        found = [self.made.index(each.checker) for each in self.entries(*tables, *tables)]
        self.assertEqual(found, [*range(7), *range(7)])

    def test_own(self) -> None:
        """
        The application's own checker is taken as it is, and the log calls it by its class.
        """
        checker = Answering(ADA)
        (entry,) = self.entries({"checker": checker, "scopes": "read"})
        self.assertIs(entry.checker, checker)
        self.assertEqual((entry.kind, entry.scopes), ("Answering", frozenset(["read"])))

    def test_names(self) -> None:
        """
        A name means something in a configuration file alone.
        """
        for table, path in (
            ({"checker": "m:Checker"}, "[1].checker"),
            ({"checker": Answering(ADA), "realm": "m:Realm"}, "[1].realm"),
        ):
            error = self.assertRaises(ConfigurationError, self.entries, {"checker": Answering(ADA)}, table)
            self.assertEqual(error.path, path)
            self.assertIn("configuration file", error.problem)

    def test_broken(self) -> None:
        """
        What a checker does not like is named by its whole path; of a file of its own, as it
        is.
        """
        error = self.assertRaises(
            ConfigurationError, self.entries, {"checker": Answering(ADA)}, {"fileUserStoreConfig": {"path": "broken"}}
        )
        self.assertEqual(str(error), "[1].fileUserStoreConfig.path: cannot be read")
        error = self.assertRaises(ConfigurationError, self.entries, {"fileUserStoreConfig": {"path": "elsewhere"}})
        self.assertEqual(str(error), "users.toml:7:3: users[2].password: is missing")

    def test_noEntry(self) -> None:
        """
        An entry of a kind that nobody knows is refused, never passed over.
        """
        error = self.assertRaises(ConfigurationError, self.checkers.entries, [AuthEntry()])
        self.assertEqual(str(error), "[0]: AuthEntry is no entry of auth")

    def test_otherCredentials(self) -> None:
        """
        A checker that takes neither passwords nor tokens would never be asked, and is
        refused.
        """

        class Anonymous(Answering):
            credentialInterfaces = (IAnonymous,)

        error = self.assertRaises(ConfigurationError, self.entries, {"checker": Anonymous(ADA)})
        self.assertEqual(error.path, "[0].checker")

    def test_reload(self) -> None:
        """
        Everybody who has something to read again is told once.
        """
        ldap = checkers._KINDS["ldapUserStoreConfig"]
        self.patch(checkers, "_KINDS", {"fileUserStoreConfig": ldap})
        self.entries({"fileUserStoreConfig": {"path": "a"}})
        self.patch(checkers, "_KINDS", {"fileUserStoreConfig": ("file", "balws_test_stores", "Store")})
        self.entries({"fileUserStoreConfig": {"path": "b"}}, {"fileUserStoreConfig": {"path": "b"}})
        self.checkers.reload()
        self.assertEqual([each.calls for each in self.made], [[], ["reload"]])

    def test_close(self) -> None:
        """
        It is over when all are closed.
        """
        self.entries(
            {"fileUserStoreConfig": {"path": "a"}}, {"fileUserStoreConfig": {"path": "b"}}, {"checker": Answering(ADA)}
        )
        self.made[1].closed = Deferred()
        closing = self.checkers.close()
        self.assertEqual([each.calls for each in self.made], [["close"], ["close"]])
        self.assertNoResult(closing)
        self.made[1].closed.callback(None)
        self.assertIsNone(self.successResultOf(closing))
        self.assertIsNone(self.successResultOf(Checkers(self.reactor).close()))

    def test_keepOnly(self) -> None:
        """
        What nobody uses any more is closed and forgotten; what is used stays the same.
        """
        first, second = self.entries({"fileUserStoreConfig": {"path": "a"}}, {"fileUserStoreConfig": {"path": "b"}})
        self.checkers.keepOnly([second.checker])
        self.assertEqual([each.calls for each in self.made], [["close"], []])
        again, other = self.entries({"fileUserStoreConfig": {"path": "b"}}, {"fileUserStoreConfig": {"path": "a"}})
        self.assertIs(again.checker, second.checker)
        self.assertIsNot(other.checker, first.checker)
        self.checkers.reload()
        self.assertEqual([each.calls for each in self.made], [["close"], ["reload"], ["reload"]])

    def test_closingForever(self) -> None:
        """
        One that never says that it is closed is waited for no longer than its time, and logged once.
        """
        self.entries({"fileUserStoreConfig": {"path": "a"}}, {"fileUserStoreConfig": {"path": "b"}})
        self.made[0].closed = Deferred()
        closing = self.checkers.close()
        self.reactor.advance(CLOSING_TIME - 0.1)
        self.assertNoResult(closing)
        self.reactor.advance(0.1)
        self.assertIsNone(self.successResultOf(closing))
        self.assertEqual(len(self.flushLoggedErrors(TimeoutError)), 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_ownToo(self) -> None:
        """
        The application's own checker is told as well, once, where it has something to do.
        """
        own = Store(FileUserStoreConfig(), self.reactor)
        self.entries({"checker": own}, {"checker": own}, {"checker": Answering(ADA)})
        self.checkers.reload()
        self.successResultOf(self.checkers.close())
        self.assertEqual(own.calls, ["reload", "close"])

    def test_failing(self) -> None:
        """
        One that cannot read again, or be closed, is logged, and the others do.
        """
        self.entries({"fileUserStoreConfig": {"path": "a"}}, {"fileUserStoreConfig": {"path": "b"}})
        first, second = self.made
        first.closed = fail(ZeroDivisionError())
        self.patch(first, "reload", lambda: 1 // 0)
        self.checkers.reload()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.successResultOf(self.checkers.close())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(second.calls, ["reload", "close"])


class KindTests(SynchronousTestCase):
    """
    The kinds that there are.
    """

    def test_allThere(self) -> None:
        """
        Each field of an entry has a checker that can be imported.
        """
        from importlib import import_module

        for field, (kind, module, name) in checkers._KINDS.items():
            found = getattr(import_module(module), name)
            self.assertTrue(found.credentialInterfaces, (field, kind))
