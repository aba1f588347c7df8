"""
Tests of L{balws.config.listener}.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config import (
    KEEPALIVE_ALWAYS,
    KEEPALIVE_AUTO,
    KEEPALIVE_NEVER,
    MAX_PIPELINED_REQUESTS,
    KeepAlive,
    ListenerConfiguration,
    ListenerHttp1Settings,
    RequestLimitConfigs,
)
from balws.config.secure import ListenerSecureSocket
from balws.errors import ConfigurationError

LARGEST = 2**31 - 1


class DefaultTests(SynchronousTestCase):
    """
    The defaults are the seeds' (seed 4, 2.1).
    """

    def test_listener(self) -> None:
        """
        A listener listens everywhere, gives an upgrade 120 s, and compresses.
        """
        self.assertEqual(
            attrs.asdict(ListenerConfiguration(), recurse=False),
            {
                "host": "0.0.0.0",
                "http1Settings": ListenerHttp1Settings(),
                "secureSocket": None,
                "timeout": 120,
                "server": None,
                "webSocketCompressionEnabled": True,
                "requestLimits": RequestLimitConfigs(),
                "maxAuthFailures": 10,
                "proxyProtocol": False,
            },
        )

    def test_http1Settings(self) -> None:
        """
        The Connection header decides, and ten requests may be pipelined.
        """
        self.assertEqual(
            attrs.asdict(ListenerHttp1Settings()),
            {"keepAlive": KeepAlive.AUTO, "maxPipelinedRequests": 10},
        )
        self.assertEqual(MAX_PIPELINED_REQUESTS, 10)

    def test_requestLimits(self) -> None:
        """
        4096 for the URI, 8192 for the headers, none for the body.
        """
        self.assertEqual(
            attrs.asdict(RequestLimitConfigs()),
            {"maxUriLength": 4096, "maxHeaderSize": 8192, "maxEntityBodySize": -1},
        )

    def test_frozen(self) -> None:
        """
        A record does not change, and a field that it does not have is not taken.
        """
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            ListenerConfiguration().host = "::1"  # type: ignore[misc]
        with self.assertRaises(TypeError):
            ListenerConfiguration(hots="::1")  # type: ignore[call-arg]


class ValueTests(SynchronousTestCase):
    """
    Special values and refusals.
    """

    def refusal(self, recordType: type[attrs.AttrsInstance], **fields: object) -> str:
        """
        @return: the text of the error for these fields.
        """
        return str(self.assertRaises(ConfigurationError, recordType, **fields))

    def test_keepAlive(self) -> None:
        """
        keepAlive is a member, its name, or the seeds' constant's name.
        """
        for member, name in (
            (KEEPALIVE_AUTO, "AUTO"),
            (KEEPALIVE_ALWAYS, "ALWAYS"),
            (KEEPALIVE_NEVER, "NEVER"),
        ):
            for value in (member, name, f"KEEPALIVE_{name}"):
                self.assertIs(ListenerHttp1Settings(keepAlive=value).keepAlive, member)
        for value, shown in (("auto", '"auto"'), (True, "true"), ("", '""'), ("KEEPALIVE_", '"KEEPALIVE_"')):
            self.assertEqual(
                self.refusal(ListenerHttp1Settings, keepAlive=value),
                f"keepAlive: expected AUTO, ALWAYS or NEVER, got {shown}",
            )

    def test_maxPipelinedRequests(self) -> None:
        """
        At least one request must be possible.
        """
        for value in (1, 2, LARGEST):
            self.assertEqual(ListenerHttp1Settings(maxPipelinedRequests=value).maxPipelinedRequests, value)
        for value in (0, -1, LARGEST + 1):
            self.assertEqual(
                self.refusal(ListenerHttp1Settings, maxPipelinedRequests=value),
                f"maxPipelinedRequests: expected an integer from 1 to 2147483647, got {value}",
            )

    def test_requestLimits(self) -> None:
        """
        The URI and the headers have at least one byte; a body may have none, or no limit.
        """
        for name in ("maxUriLength", "maxHeaderSize"):
            for value in (1, LARGEST):
                self.assertEqual(getattr(RequestLimitConfigs(**{name: value}), name), value)
            for value in (0, -1, LARGEST + 1):
                self.assertEqual(
                    self.refusal(RequestLimitConfigs, **{name: value}),
                    f"{name}: expected an integer from 1 to 2147483647, got {value}",
                )
        for value in (-1, 0, 1, 2**63 - 1):
            self.assertEqual(RequestLimitConfigs(maxEntityBodySize=value).maxEntityBodySize, value)
        for value in (-2, 2**63):
            self.assertEqual(
                self.refusal(RequestLimitConfigs, maxEntityBodySize=value),
                f"maxEntityBodySize: expected an integer from -1 to {2**63 - 1}, got {value}",
            )

    def test_timeout(self) -> None:
        """
        0 and fractions of a second are fine; a negative timeout gets the reference's words.
        """
        for value in (0, 0.5, 120, LARGEST):
            self.assertEqual(ListenerConfiguration(timeout=value).timeout, value)
        for value in (-1, -0.1, float("-inf")):
            self.assertEqual(
                self.refusal(ListenerConfiguration, timeout=value),
                "timeout: Idle timeout cannot be negative. "
                "If you want to disable the timeout please use value 0",
            )
        for value in (float("nan"), float("inf"), True, "10", LARGEST + 1, None):
            self.assertIn(
                "timeout: expected a number of seconds", self.refusal(ListenerConfiguration, timeout=value)
            )

    def test_secureSocket(self) -> None:
        """
        TLS settings are a record or a table of its fields; one without a key is refused.
        """
        key = {"certFile": "a", "keyFile": "b"}
        record = ListenerConfiguration(secureSocket={"key": key}).secureSocket
        assert record is not None
        self.assertEqual(record, ListenerSecureSocket(key=key))
        self.assertIs(ListenerConfiguration(secureSocket=record).secureSocket, record)
        self.assertEqual(self.refusal(ListenerConfiguration, secureSocket={}), "secureSocket.key: is missing")
        for value in (False, "a", {"key": {"certFile": "a"}}, {"key": key, "keys": 1}):
            self.assertTrue(self.refusal(ListenerConfiguration, secureSocket=value).startswith("secureSocket"))

    def test_maxAuthFailures(self) -> None:
        """
        0 sets no limit, and there is none below.
        """
        for value in (0, 1, LARGEST):
            self.assertEqual(ListenerConfiguration(maxAuthFailures=value).maxAuthFailures, value)
        for value in (-1, LARGEST + 1):
            self.assertEqual(
                self.refusal(ListenerConfiguration, maxAuthFailures=value),
                f"maxAuthFailures: expected an integer from 0 to 2147483647, got {value}",
            )

    def test_server(self) -> None:
        """
        The Server header is none or visible text that cannot smuggle a header.
        """
        self.assertEqual(ListenerConfiguration(server="balws (test)").server, "balws (test)")
        for value in ("", "a\r\nSet-Cookie: b", 5):
            self.assertTrue(self.refusal(ListenerConfiguration, server=value).startswith("server: expected "))

    def test_hostAndCompression(self) -> None:
        """
        host is a word and webSocketCompressionEnabled a boolean.
        """
        configuration = ListenerConfiguration(host="::1", webSocketCompressionEnabled=False)
        self.assertEqual((configuration.host, configuration.webSocketCompressionEnabled), ("::1", False))
        self.assertEqual(
            self.refusal(ListenerConfiguration, host=""), 'host: expected a string that is not empty, got ""'
        )
        self.assertEqual(
            self.refusal(ListenerConfiguration, webSocketCompressionEnabled=1),
            "webSocketCompressionEnabled: expected true or false, got 1",
        )
