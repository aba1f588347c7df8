"""
Tests of L{balws.config.service}.
"""

from __future__ import annotations

import attrs
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config import WSServiceConfig
from balws.errors import ConfigurationError

LARGEST = 2**31 - 1


class WSServiceConfigTests(SynchronousTestCase):
    """
    The upgrade service's record.
    """

    def refusal(self, **fields: object) -> str:
        """
        @return: the text of the error for these fields.
        """
        return str(self.assertRaises(ConfigurationError, WSServiceConfig, **fields))

    def test_defaults(self) -> None:
        """
        The defaults are the seeds' and those of DESIGN 6.10.
        """
        self.assertEqual(
            attrs.asdict(WSServiceConfig()),
            {
                "subProtocols": (),
                "idleTimeout": 0,
                "maxFrameSize": 65536,
                "maxConnectionAge": 0,
                "maxMessagesPerSecond": 0,
                "auth": None,
                "dispatcherKey": None,
                "dispatcherStreamId": None,
                "connectionClosureTimeout": 60,
                "validation": True,
                "maxMessageSize": 1048576,
                "maxFragments": 1024,
                "maxPendingMessages": 32,
                "maxSendBuffer": 1048576,
                "slowConsumerTimeout": 10,
                "pingInterval": 30,
                "pingTimeout": 20,
                "allowedOrigins": None,
                "closeOnExpiry": True,
                "bearerQueryParameter": None,
                "bearerCookie": None,
                "basePath": None,
                "webSocketUpgradePath": None,
            },
        )

    def test_subProtocols(self) -> None:
        """
        Sub-protocols are tokens, none twice, kept in their order and case.
        """
        self.assertEqual(
            WSServiceConfig(subProtocols=["xml", "XML", "v1.json"]).subProtocols, ("xml", "XML", "v1.json")
        )
        self.assertEqual(
            self.refusal(subProtocols="xml"), 'subProtocols: expected a list of sub-protocols, got a string'
        )
        self.assertEqual(
            self.refusal(subProtocols=["xml", "a b"]),
            'subProtocols[1]: expected a token of HTTP (letters, digits and !#$%&\'*+-.^_`|~), got "a b"',
        )
        self.assertEqual(self.refusal(subProtocols=["xml", "xml"]), 'subProtocols[1]: "xml" is given twice')

    def test_maxFrameSize(self) -> None:
        """
        0 and below mean 65536; above 2147483647 it is that.
        """
        for value, kept in (
            (-1, 65536),
            (0, 65536),
            (1, 1),
            (65536, 65536),
            (LARGEST - 1, LARGEST - 1),
            (LARGEST, LARGEST),
        ):
            self.assertEqual(WSServiceConfig(maxFrameSize=value).maxFrameSize, kept)
        self.assertEqual(self.refusal(maxFrameSize=1.5), "maxFrameSize: expected an integer, got 1.5")
        self.assertEqual(self.refusal(maxFrameSize=True), "maxFrameSize: expected an integer, got true")

    def test_maxFrameSizeClamped(self) -> None:
        """
        A frame size over the largest is cut to it, with one warning.
        """
        events: list[dict[str, object]] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        config = WSServiceConfig(maxFrameSize=LARGEST + 1)
        self.assertEqual(config.maxFrameSize, LARGEST)
        attrs.evolve(config, idleTimeout=1)
        self.assertEqual([event["log_level"] for event in events], [LogLevel.warn])

    def test_auth(self) -> None:
        """
        Who may connect is a list of entries, made of tables; it is never taken for nobody's
        or everybody's by mistake.
        """
        (entry,) = WSServiceConfig(auth=[{"fileUserStoreConfig": {}, "scopes": "write"}]).auth or ()
        self.assertEqual((type(entry).__name__, entry.scopes), ("FileUserStoreConfigWithScopes", ("write",)))
        for value in ([], {}, False, "", {"fileUserStoreConfig": {}}):
            self.assertTrue(self.refusal(auth=value).startswith("auth: "), value)

    def test_bearer(self) -> None:
        """
        The query parameter is any text that is not empty, and the cookie a token of HTTP.
        """
        config = WSServiceConfig(bearerQueryParameter="access token", bearerCookie="__Host-token")
        self.assertEqual((config.bearerQueryParameter, config.bearerCookie), ("access token", "__Host-token"))
        for name in ("bearerQueryParameter", "bearerCookie"):
            for value in ("", 5, True, ["a"]):
                self.assertTrue(self.refusal(**{name: value}).startswith(f"{name}: expected "))
        for value in ("a b", "a=b", "a;b"):
            self.assertTrue(self.refusal(bearerCookie=value).startswith("bearerCookie: expected a token of HTTP"))

    def test_dispatcher(self) -> None:
        """
        dispatcherStreamId needs a dispatcherKey; both are strings with something in them.
        """
        config = WSServiceConfig(dispatcherKey="event", dispatcherStreamId="id")
        self.assertEqual((config.dispatcherKey, config.dispatcherStreamId), ("event", "id"))
        self.assertEqual(
            self.refusal(dispatcherStreamId="id"),
            "dispatcherStreamId: a dispatcherStreamId needs a dispatcherKey",
        )
        self.assertEqual(
            self.refusal(dispatcherKey=""), 'dispatcherKey: expected a string that is not empty, got ""'
        )

    def test_connectionClosureTimeout(self) -> None:
        """
        Any negative number is accepted, as "for ever"; infinity is not.
        """
        for value in (-1, -5, -0.5, 0, 0.5, 60):
            self.assertEqual(WSServiceConfig(connectionClosureTimeout=value).connectionClosureTimeout, value)
        self.assertEqual(
            self.refusal(connectionClosureTimeout=float("inf")),
            "connectionClosureTimeout: expected a number of seconds, got inf",
        )

    def test_durations(self) -> None:
        """
        All other durations are from 0, which each gives a meaning, to 2147483647.
        """
        for name in ("idleTimeout", "slowConsumerTimeout", "pingInterval", "pingTimeout"):
            for value in (0, 0.25, LARGEST):
                self.assertEqual(getattr(WSServiceConfig(**{name: value}), name), value)
            for value in (-1, LARGEST + 1):
                self.assertEqual(
                    self.refusal(**{name: value}),
                    f"{name}: expected a number of seconds from 0 to 2147483647, got {value}",
                )
            for value in (True, float("nan"), float("inf"), "1"):
                self.assertTrue(
                    self.refusal(**{name: value}).startswith(f"{name}: expected a number of seconds, ")
                )

    def test_counts(self) -> None:
        """
        Sizes and counts are from 1 to 2147483647.
        """
        for name in ("maxMessageSize", "maxFragments", "maxPendingMessages", "maxSendBuffer"):
            for value in (1, 2, LARGEST):
                self.assertEqual(getattr(WSServiceConfig(**{name: value}), name), value)
            for value in (0, -1, LARGEST + 1):
                self.assertEqual(
                    self.refusal(**{name: value}),
                    f"{name}: expected an integer from 1 to 2147483647, got {value}",
                )

    def test_flags(self) -> None:
        """
        Switches are booleans.
        """
        for name in ("validation", "closeOnExpiry"):
            self.assertIs(getattr(WSServiceConfig(**{name: False}), name), False)
            self.assertEqual(self.refusal(**{name: 0}), f"{name}: expected true or false, got 0")

    def test_allowedOrigins(self) -> None:
        """
        An empty list is not the default; entries are made as browsers write them.
        """
        self.assertEqual(WSServiceConfig(allowedOrigins=[]).allowedOrigins, ())
        self.assertEqual(
            WSServiceConfig(allowedOrigins=["https://A.example:443", "null", "*"]).allowedOrigins,
            ("https://a.example", "null", "*"),
        )
        self.assertEqual(
            self.refusal(allowedOrigins=["https://a.example/"]),
            'allowedOrigins[0]: expected an origin such as "https://example.com" '
            '(no path, no "/" at the end), "*" or "null", got "https://a.example/"',
        )
        self.assertEqual(
            self.refusal(allowedOrigins=["http://a", "HTTP://A"]),
            'allowedOrigins[1]: "HTTP://A" is given twice',
        )

    def test_paths(self) -> None:
        """
        The pair of 2017 are paths of URLs.
        """
        config = WSServiceConfig(basePath="/test", webSocketUpgradePath="/websocket")
        self.assertEqual((config.basePath, config.webSocketUpgradePath), ("/test", "/websocket"))
        for name in ("basePath", "webSocketUpgradePath"):
            self.assertTrue(self.refusal(**{name: "test"}).startswith(f"{name}: expected a path such as "))
