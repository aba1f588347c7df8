"""
Tests of L{balws.config.records}.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config import (
    ListenerConfiguration,
    ListenerHttp1Settings,
    RequestLimitConfigs,
    WSServiceConfig,
    build,
    override,
)
from balws.config.records import UnknownKey, fieldConverters, oneOf
from balws.config.values import Unfit, checked, hidden, integer, text
from balws.errors import ConfigurationError


class BuildTests(SynchronousTestCase):
    """
    A mapping makes the same record as keyword arguments do.
    """

    def test_threeWays(self) -> None:
        """
        Keyword arguments, records and mappings lead to equal records.
        """
        byKeywords = ListenerConfiguration(timeout=5, requestLimits={"maxUriLength": 10})
        byRecords = ListenerConfiguration(timeout=5, requestLimits=RequestLimitConfigs(maxUriLength=10))
        byMapping = build(ListenerConfiguration, {"timeout": 5, "requestLimits": {"maxUriLength": 10}})
        self.assertEqual(byKeywords, byRecords)
        self.assertEqual(byKeywords, byMapping)
        self.assertEqual(byKeywords.requestLimits.maxUriLength, 10)

    def test_unknownKey(self) -> None:
        """
        An unknown key is refused, and the nearest one is suggested, whatever its case.
        """
        for key, problem in (
            ("maxUriLenght", 'unknown key; did you mean "maxUriLength"?'),
            ("MAXURILENGTH", 'unknown key; did you mean "maxUriLength"?'),
            ("colour", "unknown key"),
        ):
            error = self.assertRaises(UnknownKey, build, RequestLimitConfigs, {key: 1})
            self.assertEqual((error.path, error.problem), (key, problem))

    def test_unknownNestedKey(self) -> None:
        """
        The key path of a nested record's error starts at the outer record.
        """
        error = self.assertRaises(UnknownKey, ListenerConfiguration, http1Settings={"keepalive": "AUTO"})
        self.assertEqual(str(error), 'http1Settings.keepalive: unknown key; did you mean "keepAlive"?')

    def test_nestedValue(self) -> None:
        """
        A bad value in a nested record is named by its whole path.
        """
        error = self.assertRaises(
            ConfigurationError, ListenerConfiguration, requestLimits={"maxHeaderSize": 0}
        )
        self.assertEqual(
            str(error), "requestLimits.maxHeaderSize: expected an integer from 1 to 2147483647, got 0"
        )

    def test_nestedOfWrongKind(self) -> None:
        """
        Neither a number nor another record stands for a nested record.
        """
        for value in (5, None, RequestLimitConfigs()):
            error = self.assertRaises(ConfigurationError, ListenerConfiguration, http1Settings=value)
            self.assertIn("http1Settings: expected a table or a ListenerHttp1Settings, got ", str(error))

    def test_firstInOrder(self) -> None:
        """
        Of several problems the mapping's first is reported.
        """
        error = self.assertRaises(
            ConfigurationError, build, WSServiceConfig, {"validation": 1, "idleTimeout": -1}
        )
        self.assertEqual(error.path, "validation")

    def test_oddKeys(self) -> None:
        """
        A key that is no name is shown in quotes, and one that is no string is refused, too.
        """
        error = self.assertRaises(UnknownKey, build, WSServiceConfig, {"a b\n": 1})
        self.assertEqual(str(error), '"a b\\n": unknown key')
        self.assertRaises(UnknownKey, build, WSServiceConfig, {1: 1})

    def test_fieldsNameThemselves(self) -> None:
        """
        The error of each field of each record carries that field's own name.
        """
        for recordType in (
            ListenerConfiguration,
            ListenerHttp1Settings,
            RequestLimitConfigs,
            WSServiceConfig,
        ):
            for name, converter in fieldConverters(recordType).items():
                error = self.assertRaises(ConfigurationError, converter, object())
                self.assertEqual((error.path, error.file, error.line), (name, None, None))


@attrs.frozen(kw_only=True)
class Store:
    """
    A key in a store.
    """

    path: str = checked("path", text)
    password: Any = hidden("password")


@attrs.frozen(kw_only=True)
class Pair:
    """
    A certificate and its key.
    """

    certFile: str = checked("certFile", text)
    keyFile: str = checked("keyFile", text)
    password: Any = hidden("password", None)


@attrs.frozen(kw_only=True)
class Longer:
    """
    As a store, with more.
    """

    path: str = checked("path", text)
    password: Any = hidden("password")
    alias: str = checked("alias", text)
    number: int = checked("number", integer(0), 5)


class RequiredTests(SynchronousTestCase):
    """
    Fields without a default.
    """

    def test_missing(self) -> None:
        """
        A field that is required and not there is named; what is wrong is named first.
        """
        error = self.assertRaises(ConfigurationError, build, Store, {"path": "a"})
        self.assertEqual(str(error), "password: is missing")
        error = self.assertRaises(ConfigurationError, build, Store, {"password": 5})
        self.assertEqual(error.path, "password")
        self.assertNotIn("5", str(error))
        error = self.assertRaises(ConfigurationError, build, Store, {"pasword": "x"})
        self.assertEqual(str(error), 'pasword: unknown key; did you mean "password"?')
        self.assertEqual(build(Pair, {"certFile": "a", "keyFile": "b"}), Pair(certFile="a", keyFile="b"))


class OneOfTests(SynchronousTestCase):
    """
    Fields that hold one of several records (DESIGN 6.10).
    """

    check = staticmethod(oneOf(Store, Pair, Longer, noun="a key"))

    def test_told(self) -> None:
        """
        A mapping is told by the keys that are required, and by most of its keys.
        """
        for value, kind in (
            ({"path": "a", "password": "b"}, Store),
            ({"certFile": "a", "keyFile": "b"}, Pair),
            ({"certFile": "a", "keyFile": "b", "password": "c"}, Pair),
            ({"path": "a", "password": "b", "alias": "c"}, Longer),
            ({"alias": "c", "number": 1, "password": "b", "path": "a"}, Longer),
        ):
            for check in (self.check, oneOf(Longer, Pair, Store, noun="a key")):
                self.assertEqual(check(value), kind(**value))

    def test_records(self) -> None:
        """
        A record is taken as it is.
        """
        record = Store(path="a", password="b")
        self.assertIs(self.check(record), record)

    def test_none(self) -> None:
        """
        A mapping that is none of them is told what each would need.
        """
        for value in ({}, {"path": "a"}, {"certFile": "a", "password": "b"}):
            error = self.assertRaises(ConfigurationError, self.check, value)
            self.assertEqual(
                str(error),
                "expected a key: a table with one of these sets of keys: "
                "path and password; certFile and keyFile; path and password and alias",
            )

    def test_wrong(self) -> None:
        """
        A key or value that does not fit is refused as of the one that is meant.
        """
        for value, path in (
            ({"path": "a", "password": "b", "number": 1}, "number"),
            ({"path": "a", "password": "b", "alias": "c", "number": -1}, "number"),
            ({"certFile": "a", "keyFile": 5}, "keyFile"),
            ({"certFile": "a", "keyFile": "b", "path": "c"}, "path"),
        ):
            error = self.assertRaises(ConfigurationError, self.check, value)
            self.assertEqual(error.path, path)
        for value in (5, None, "a", [], RequestLimitConfigs()):
            self.assertEqual(str(self.assertRaises(Unfit, self.check, value)), "a key")


class OverrideTests(SynchronousTestCase):
    """
    The file's values stand over the decorator's.
    """

    def test_override(self) -> None:
        """
        A new record takes what is given and keeps the rest; the old one stays.
        """
        decorator = WSServiceConfig(subProtocols=["xml"], idleTimeout=5)
        changed = override(decorator, {"idleTimeout": 30})
        self.assertEqual(changed, WSServiceConfig(subProtocols=["xml"], idleTimeout=30))
        self.assertEqual(decorator.idleTimeout, 5)

    def test_nothing(self) -> None:
        """
        No change gives an equal record.
        """
        decorator = WSServiceConfig(dispatcherKey="event", dispatcherStreamId="id", allowedOrigins=["null"])
        self.assertEqual(override(decorator, {}), decorator)

    def test_everyField(self) -> None:
        """
        Every field can be overridden.
        """
        for field in attrs.fields(WSServiceConfig):
            if field.name in ("auth", "dispatcherStreamId"):
                continue
            value: object = "x" if field.name == "bearerCookie" else "/x"
            if isinstance(field.default, bool):
                value = not field.default
            elif isinstance(field.default, (int, float)):
                value = 7
            elif field.name in ("subProtocols", "allowedOrigins"):
                value = ("null",)
            changed = override(WSServiceConfig(), {field.name: value})
            self.assertEqual(getattr(changed, field.name), value)

    def test_refusals(self) -> None:
        """
        Overriding checks keys, values, and what must fit together.
        """
        for changes, problem in (
            ({"idletimeout": 3}, 'idletimeout: unknown key; did you mean "idleTimeout"?'),
            ({"idleTimeout": -3}, "idleTimeout: expected a number of seconds from 0 to 2147483647, got -3"),
            ({"dispatcherStreamId": "id"}, "dispatcherStreamId: a dispatcherStreamId needs a dispatcherKey"),
        ):
            error = self.assertRaises(ConfigurationError, override, WSServiceConfig(), changes)
            self.assertEqual(str(error), problem)

    def test_togetherWithDecorator(self) -> None:
        """
        What must fit together may come from both sides.
        """
        changed = override(WSServiceConfig(dispatcherKey="event"), {"dispatcherStreamId": "id"})
        self.assertEqual((changed.dispatcherKey, changed.dispatcherStreamId), ("event", "id"))
