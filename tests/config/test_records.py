"""
Tests of L{balws.config.records}.
"""

from __future__ import annotations

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
from balws.config.records import UnknownKey, fieldConverters
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
            value: object = "/x"
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
