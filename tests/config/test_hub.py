"""
Tests of L{balws.config.hub}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.hub import HistoryConfig, HubConfiguration
from balws.errors import ConfigurationError

CANARY = "r3dis-canary"


class HubConfigurationTests(SynchronousTestCase):
    """
    C{[hub]}.
    """

    def assertRefused(self, path: str, problem: str, **fields: Any) -> None:
        """
        Assert that these fields are refused, with words that begin so.
        """
        error = self.assertRaises(ConfigurationError, HubConfiguration, **fields)
        self.assertEqual(error.path, path)
        self.assertIn(problem, str(error))
        self.assertNotIn(CANARY, str(error))

    def test_defaults(self) -> None:
        """
        Without a url there is one node, and nothing is durable.
        """
        config = HubConfiguration()
        self.assertEqual((config.url, config.durable, config.scope, config.prefix), (None, False, "hub", "balws"))
        self.assertEqual((config.history.size, config.history.age), (10_000, 3600))
        self.assertEqual((config.heartbeat, config.timeout, config.maxQueue), (5, 5, 4 * 1024 * 1024))

    def test_url(self) -> None:
        """
        It is a Redis, and holds no password: that has a key of its own.
        """
        for url in ("redis://h:1/0", "rediss://h", "unix:///run/redis", "redis+sentinel://a:1,b:2/main/0"):
            self.assertEqual(HubConfiguration(url=url).url, url)
        self.assertRefused("url", "a URL that begins with one of redis://", url="nats://h")
        self.assertRefused("url", "", url=5)
        self.assertRefused("url", "without user and password", url=f"redis://:{CANARY}@h")

    def test_password(self) -> None:
        """
        No repr shows it.
        """
        config = HubConfiguration(url="redis://h", username="me", password=CANARY)
        self.assertNotIn(CANARY, repr(config))
        self.assertTrue(config.password is not None and config.password.reveal() == CANARY)
        self.assertRefused("username", "needs a password", url="redis://h", username="me")

    def test_durable(self) -> None:
        """
        All groups are durable, none, or those that a list names, exactly.
        """
        for durable, expected in ((True, (True, True)), (False, (False, False)), (["a*", "b"], (True, False))):
            config = HubConfiguration(url="redis://h", durable=durable)
            self.assertEqual((config.isDurable("a*"), config.isDurable("ab")), expected)
        self.assertRefused("durable", "true, false, or a list of groups", url="redis://h", durable="yes")
        self.assertRefused("durable[1]", "", url="redis://h", durable=["a", 1])
        self.assertRefused("durable", "needs the url", durable=["a"])

    def test_scope(self) -> None:
        """
        Processes that do not reach each other share no Redis.
        """
        self.assertRefused("scope", '"hub" or "worker"', scope="node")
        self.assertRefused("scope", "goes without url", url="redis://h", scope="worker")

    def test_secureSocket(self) -> None:
        """
        TLS goes with C{rediss}.
        """
        for url in ("rediss://h", "rediss+sentinel://h/main"):
            self.assertIsNotNone(HubConfiguration(url=url, secureSocket={}).secureSocket)
        self.assertRefused("secureSocket", "goes with rediss://", url="redis://h", secureSocket={})

    def test_numbers(self) -> None:
        """
        Every number has its range.
        """
        for name in ("timeout", "heartbeat"):
            self.assertEqual(getattr(HubConfiguration(**{name: 0.01}), name), 0.01)
            for bad in (0, -1, float("inf"), "1", 2**31):
                self.assertRefused(name, "expected a number of seconds", **{name: bad})
        for name in ("maxQueue", "maxNames", "maxGroups", "maxGroupsPerConnection"):
            self.assertEqual(getattr(HubConfiguration(**{name: 1}), name), 1)
            self.assertRefused(name, "expected an integer from 1", **{name: 0})
        for bad in (0, 1_000_001):
            self.assertRefused("history.size", "1 to 1000000", history={"size": bad})
        self.assertEqual(HubConfiguration(history=HistoryConfig(size=1)).history.size, 1)

    def test_prefix(self) -> None:
        """
        What keys begin with is short and plain.
        """
        self.assertEqual(HubConfiguration(prefix="a" * 64).prefix, "a" * 64)
        for bad in ("a" * 65, "a b", "a:b", "*"):
            self.assertRefused("prefix", "1 to 64 of letters", prefix=bad)
