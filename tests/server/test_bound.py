"""
Tests of L{balws.server.bound}; the warning is in L{tests.server.test_listener}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from balws.server.bound import urlOf


class Bound:
    """
    A port that is open somewhere.
    """

    def __init__(self, address: Any) -> None:
        self.address = address

    def getHost(self) -> Any:
        """
        Where.
        """
        return self.address


class UrlTests(SynchronousTestCase):
    """
    Where it is.
    """

    def test_url(self) -> None:
        """
        A URL that a client takes, by address and family; a socket by its path.
        """
        for address, isSecure, url in (
            (IPv4Address("TCP", "127.0.0.1", 9090), False, "ws://127.0.0.1:9090"),
            (IPv6Address("TCP", "::1", 443), True, "wss://[::1]:443"),
            (UNIXAddress(b"/run/chat.sock"), False, "unix:/run/chat.sock"),
        ):
            port: Any = Bound(address)
            self.assertEqual(urlOf(port, isSecure), url)
