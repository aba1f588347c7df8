"""
Tests of L{balws.server.declare}.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import SynchronousTestCase

from balws import ConfigurationError, UpgradeService, WSServiceConfig, get, serviceConfig
from balws.errors import ServiceDefinitionError
from balws.server.declare import configOf, resourceOf
from tests.auth.checking import ADA, Answering

#: For class bodies in which C{get} is already something else.
declare = get


class Plain(UpgradeService):
    def get(self) -> Any:
        return "plain"


class ConfigTests(SynchronousTestCase):
    """
    L{serviceConfig}.
    """

    def test_fields(self) -> None:
        """
        Fields make a record, which the class and its objects carry.
        """

        @serviceConfig(subProtocols=["xml"], idleTimeout=30)
        class Chat(Plain):
            pass

        for service in (Chat, Chat()):
            self.assertEqual(configOf(service), WSServiceConfig(subProtocols=["xml"], idleTimeout=30))

    def test_record(self) -> None:
        """
        A record is taken as it is, with single fields over it.
        """
        record = WSServiceConfig(idleTimeout=30, maxFrameSize=100)
        self.assertEqual(configOf(serviceConfig(record)(type("A", (Plain,), {}))), record)
        changed = configOf(serviceConfig(record, idleTimeout=5)(type("A", (Plain,), {})))
        self.assertEqual(changed, WSServiceConfig(idleTimeout=5, maxFrameSize=100))

    def test_default(self) -> None:
        """
        Without the decorator the defaults count.
        """
        self.assertEqual(configOf(Plain), WSServiceConfig())

    def test_inherited(self) -> None:
        """
        A subclass has its parent's, until it has its own.
        """
        parent = serviceConfig(idleTimeout=1)(type("Parent", (Plain,), {}))
        child = type("Child", (parent,), {})
        self.assertEqual(configOf(child).idleTimeout, 1)
        serviceConfig(idleTimeout=2)(child)
        self.assertEqual((configOf(parent).idleTimeout, configOf(child).idleTimeout), (1, 2))

    def test_over(self) -> None:
        """
        Its own lies over the parent's field by field: what keeps strangers out is not lost.
        """
        auth = [{"checker": Answering(ADA), "scopes": "read"}]
        parent = serviceConfig(auth=auth, idleTimeout=1, dispatcherKey="e")(type("Parent", (Plain,), {}))
        child = serviceConfig(idleTimeout=2)(type("Child", (parent,), {}))
        grandchild = serviceConfig(dispatcherStreamId="id")(type("Grandchild", (child,), {}))
        expected = WSServiceConfig(auth=auth, idleTimeout=1, dispatcherKey="e")
        self.assertEqual(configOf(parent), expected)
        self.assertEqual(configOf(child), attrs.evolve(expected, idleTimeout=2))
        self.assertEqual(configOf(grandchild), attrs.evolve(expected, idleTimeout=2, dispatcherStreamId="id"))
        opened = serviceConfig(auth=None)(type("Opened", (parent,), {}))
        self.assertEqual(configOf(opened), attrs.evolve(expected, auth=None))

    def test_recordReplaces(self) -> None:
        """
        A record, with fields over it, takes the place of the parent's.
        """
        parent = serviceConfig(idleTimeout=1, maxFrameSize=7)(type("Parent", (Plain,), {}))
        record = WSServiceConfig(pingInterval=9)
        for fields in ({}, {"idleTimeout": 2}):
            child = serviceConfig(record, **fields)(type("Child", (parent,), {}))
            self.assertEqual(configOf(child), attrs.evolve(record, **fields))

    def test_together(self) -> None:
        """
        Fields that do not fit together are refused with the class; one that there is not is, too.
        """
        error = self.assertRaises(ConfigurationError, serviceConfig(dispatcherStreamId="id"), Plain)
        self.assertEqual(error.path, "dispatcherStreamId")
        error = self.assertRaises(ConfigurationError, serviceConfig, idleTimeouts=1)
        self.assertIn('did you mean "idleTimeout"', str(error))
        self.assertEqual(configOf(Plain), WSServiceConfig())

    def test_badValue(self) -> None:
        """
        A value out of range is refused where it is written.
        """
        error = self.assertRaises(ConfigurationError, serviceConfig, idleTimeout=-1)
        self.assertEqual(error.path, "idleTimeout")


class GetTests(SynchronousTestCase):
    """
    L{get} and L{resourceOf}.
    """

    def assertUndefined(self, kind: Any, method: str | None, problem: str, mend: str) -> None:
        error = self.assertRaises(ServiceDefinitionError, resourceOf, kind)
        self.assertEqual(error.method, method)
        self.assertIn(problem, error.problem)
        self.assertIn(mend, error.mend)

    def test_plain(self) -> None:
        """
        A method called C{get} needs no mark; its path is the service's own.
        """
        found = resourceOf(Plain)
        self.assertEqual((found.path, found.function(Plain())), (".", "plain"))

    def test_marked(self) -> None:
        """
        A marked method has its path, and any name; without parentheses its path is the
        service's own.
        """

        class Named(UpgradeService):
            @get("rooms/{room}")
            def enter(self) -> Any:
                return "enter"

        class Bare(UpgradeService):
            @get
            def get(self) -> Any:
                return "get"

        class Empty(UpgradeService):
            @get()
            def get(self) -> Any:
                return "get"

        self.assertEqual(resourceOf(Named).path, "rooms/{room}")
        self.assertEqual(resourceOf(Bare).path, ".")
        self.assertEqual(resourceOf(Empty).path, ".")

    def test_stillAMethod(self) -> None:
        """
        A marked method can be called as if it were not, through its class, too.
        """

        class Named(UpgradeService):
            @get("x")
            def enter(self, word: str) -> Any:
                return self, word

        service = Named()
        self.assertEqual(service.enter("hi"), (service, "hi"))
        self.assertEqual(Named.enter(service, "hi"), (service, "hi"))

    def test_none(self) -> None:
        """
        An upgrade service has a C{get}.
        """

        class Without(UpgradeService):
            def helper(self) -> None: ...

        self.assertUndefined(Without, None, "no get", "write get")

    def test_two(self) -> None:
        """
        It has one C{get}: under one name or two, marked or not (101).
        """

        class OneName(UpgradeService):
            @get("a")
            def get(self) -> Any: ...

            @get("b")
            def get(self) -> Any: ...  # noqa: F811

        class Bare(UpgradeService):
            @get
            def get(self) -> Any: ...

            @get
            def get(self) -> Any: ...  # noqa: F811

        class TwoNames(UpgradeService):
            @get("a")
            def first(self) -> Any: ...

            @get("b")
            def second(self) -> Any: ...

        class Renamed(UpgradeService):
            @declare("a")
            def enter(self) -> Any: ...

            @declare("b")
            def enter(self) -> Any: ...  # noqa: F811

        class PlainToo(UpgradeService):
            @get("a")
            def first(self) -> Any: ...

            def get(self) -> Any: ...

        for kind in (OneName, Bare):
            self.assertUndefined(kind, "get", "a second get", "keep one")
        self.assertUndefined(Renamed, "enter", "a second get", "keep one")
        self.assertUndefined(TwoNames, "second", "a second get", "keep one")
        self.assertUndefined(PlainToo, "get", "a second get", "keep one")

    def test_overridden(self) -> None:
        """
        A subclass may replace its parent's C{get}, marked or not.
        """

        class Marked(Plain):
            @get("x")
            def get(self) -> Any:
                return "marked"

        class Again(Marked):
            @get("y")
            def get(self) -> Any:
                return "again"

        class Unmarked(Again):
            def get(self) -> Any:
                return "unmarked"

        self.assertEqual(resourceOf(Marked).path, "x")
        self.assertEqual(resourceOf(Again).path, "y")
        self.assertEqual(resourceOf(Unmarked).path, ".")
        self.assertEqual(resourceOf(type("Child", (Again,), {})).path, "y")

    def test_noUpgradeService(self) -> None:
        """
        Only upgrade services are attached; what was given instead is named.
        """

        class Other:
            def get(self) -> Any: ...

        for kind, name in (
            (Other, "GetTests.test_noUpgradeService.<locals>.Other"),
            (5, "5"),
            (None, "None"),
        ):
            error = self.assertRaises(ServiceDefinitionError, resourceOf, kind)
            self.assertEqual(error.service, name)
            self.assertIn("UpgradeService", error.mend)

    def test_otherAccessors(self) -> None:
        """
        Other HTTP methods are none of an upgrade (105); attributes with such names are fine.
        """
        for name in ("post", "put", "delete", "patch", "head", "options"):
            self.assertUndefined(
                type("Door", (Plain,), {name: lambda self: None}), name, "always a GET", "underscore"
            )
            self.assertEqual(resourceOf(type("Door", (Plain,), {name: "text"})).path, ".")

    def test_remoteMethods(self) -> None:
        """
        Remote methods belong to the service that C{get} returns (105).
        """
        kind = type("Door", (Plain,), {"onTextMessage": lambda self: None})
        self.assertUndefined(kind, "onTextMessage", "no remote methods", "Service")
        for name in ("once", "on", "on_text", "doIt"):
            self.assertEqual(resourceOf(type("Door", (Plain,), {name: lambda self: None})).path, ".")
        self.assertEqual(resourceOf(type("Door", (Plain,), {"onDuty": True})).path, ".")

    def test_notAMethod(self) -> None:
        """
        A C{get} is a plain method: with a class or static method, or a value, the request
        would go to the wrong parameter.
        """

        class Static(UpgradeService):
            @staticmethod
            def get(request: Any) -> Any: ...

        class MarkedStatic(UpgradeService):
            @get("x")
            @staticmethod
            def get(request: Any) -> Any: ...

        class Class(UpgradeService):
            @classmethod
            def get(cls) -> Any: ...

        class Value(UpgradeService):
            get = "text"

        for kind, what in (
            (Static, "staticmethod"),
            (MarkedStatic, "staticmethod"),
            (Class, "classmethod"),
            (Value, "str"),
        ):
            self.assertUndefined(kind, "get", what, "plain method")

    def test_generator(self) -> None:
        """
        A C{get} that yields has forgotten its decorator.
        """

        class Yields(UpgradeService):
            def get(self) -> Any:
                yield

        class AsyncYields(UpgradeService):
            @get("x")
            async def enter(self) -> Any:
                yield

        class Decorated(UpgradeService):
            @inlineCallbacks
            def get(self) -> Any:
                yield

        self.assertUndefined(Yields, "get", "generator", "inlineCallbacks")
        self.assertUndefined(AsyncYields, "enter", "generator", "await")
        self.assertEqual(resourceOf(Decorated).path, ".")

    def test_hidden(self) -> None:
        """
        An attribute set to L{None} hides what a parent has.
        """
        self.assertUndefined(type("Door", (Plain,), {"get": None}), None, "no get", "write get")
