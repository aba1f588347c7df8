"""
Tests of L{balws.config.server}.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config.server import ServerConfiguration
from balws.errors import ConfigurationError


class ServerConfigurationTests(SynchronousTestCase):
    """
    C{[server]}.
    """

    def test_defaults(self) -> None:
        """
        One process, with the limits that can be left alone on the internet.
        """
        self.assertEqual(
            attrs.asdict(ServerConfiguration()),
            {
                "workers": 1,
                "maxConnections": 10_000,
                "maxConnectionsPerAddress": None,
                "maxUpgradesPerSecond": None,
                "drainTimeout": 10,
                "drainSpread": None,
                "trustedProxies": (),
                "logConnections": False,
                "stallWarn": 0.5,
                "logFormat": "text",
            },
        )

    def test_ranges(self) -> None:
        """
        Every number has its range, in which 0 is no limit.
        """
        fine: tuple[tuple[str, Any], ...] = (
            ("workers", 1),
            ("workers", 1024),
            ("maxConnections", 0),
            ("maxConnectionsPerAddress", 0),
            ("maxUpgradesPerSecond", 1),
            ("drainTimeout", 0),
            ("drainSpread", 0.5),
            ("logFormat", "json"),
        )
        for name, value in fine:
            self.assertEqual(getattr(ServerConfiguration(**{name: value}), name), value)
        for name, value in (
            ("workers", 0),
            ("workers", 1025),
            ("workers", True),
            ("maxConnections", -1),
            ("maxConnectionsPerAddress", -1),
            ("maxUpgradesPerSecond", 0.5),
            ("drainTimeout", -1),
            ("drainSpread", float("nan")),
            ("logFormat", "xml"),
        ):
            error = self.assertRaises(ConfigurationError, ServerConfiguration, **{name: value})
            self.assertEqual(error.path, name)

    def test_proxies(self) -> None:
        """
        Proxies are addresses, networks, and sockets of this machine.
        """
        config = ServerConfiguration(trustedProxies=["10.0.0.1", "10.1.2.3/8", "::1", "unix", ip_network("fe80::/64")])
        self.assertEqual(
            config.trustedProxies,
            tuple(
                each if each == "unix" else ip_network(each)
                for each in ("10.0.0.1/32", "10.0.0.0/8", "::1/128", "unix", "fe80::/64")
            ),
        )
        for bad in ("localhost", "10.0.0.0/33", 5, ""):
            error = self.assertRaises(ConfigurationError, ServerConfiguration, trustedProxies=["::1", bad])
            self.assertEqual(error.path, "trustedProxies[1]")
