"""
Tests of L{balws.obtaining}.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from balws import UpgradeService
from balws.auth.principal import Realm
from balws.config.place import Place
from balws.errors import ConfigurationError
from balws.hub.hub import Hub
from balws.obtaining import CHECKER, REALM, RESOURCE, SERVICE, makeImportable, obtain, words

NAME = "balws_test_obtained"


class WithHub(Resource):
    """
    Wants to know the hub.
    """

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub


class ObtainTests(SynchronousTestCase):
    """
    L{obtain}.
    """

    def setUp(self) -> None:
        self.module: Any = ModuleType(NAME)
        self.patch(sys, "modules", {**sys.modules, NAME: self.module})
        self.hub = Hub()

    def obtain(self, kind: Any, value: object) -> Any:
        self.module.it = value
        return obtain(f"{NAME}:it", kind, self.hub, Place(path="here"))

    def test_kinds(self) -> None:
        """
        Each kind may be an object, a class or a factory.
        """
        for kind, make in (
            (SERVICE, UpgradeService),
            (RESOURCE, Resource),
            (CHECKER, InMemoryUsernamePasswordDatabaseDontUse),
            (REALM, Realm),
        ):
            made = make()
            self.assertIs(self.obtain(kind, made), made)
            for value in (make, lambda make=make: make()):
                self.assertIsInstance(self.obtain(kind, value), make)

    def test_hub(self) -> None:
        """
        Who takes the hub gets it.
        """
        for value in (WithHub, lambda *, hub: WithHub(hub)):
            self.assertIs(self.obtain(RESOURCE, value).hub, self.hub)

    def test_wrong(self) -> None:
        """
        What is of another kind is refused at its key.
        """
        for kind, value, problem in (
            (SERVICE, 5, "here.service: expected an UpgradeService, got 5"),
            (RESOURCE, Realm, "here.resource: expected an IResource, got the class Realm"),
            (CHECKER, lambda: Realm, "here.checker: expected an ICredentialsChecker, got the class Realm"),
            (REALM, Resource(), "here.realm: expected an IRealm, got an object of type Resource"),
        ):
            error = self.assertRaises(ConfigurationError, self.obtain, kind, value)
            self.assertEqual(str(error), problem)


class ImportableTests(SynchronousTestCase):
    """
    L{makeImportable}.
    """

    def test_order(self) -> None:
        """
        The first folder comes first, and none twice.
        """
        self.patch(sys, "path", ["/known", "/other"])
        for _ in range(2):
            makeImportable([Path("/first"), Path("/known"), Path("/second")])
        self.assertEqual(sys.path, ["/first", "/second", "/known", "/other"])


class WordsTests(SynchronousTestCase):
    """
    L{words}.
    """

    def test_words(self) -> None:
        """
        An error is one line, ours without its kind.
        """
        self.assertEqual(words(ConfigurationError("it is\nbad", "key")), "key: it is")
        self.assertEqual(words(ValueError("a\nb")), "ValueError: a")
        self.assertEqual(words(KeyError()), "KeyError")
