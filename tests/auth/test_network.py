"""
Tests of L{balws.auth.network}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.network import LOCAL, isNear, networkOf


class NetworkTests(SynchronousTestCase):
    """
    L{networkOf}.
    """

    def test_addresses(self) -> None:
        """
        IPv4 counts by address, IPv6 by its /64 network, and IPv4 in the clothes of IPv6 as IPv4.
        """
        for address, network in (
            ("198.51.100.1", "198.51.100.1"),
            ("2001:db8::1", "2001:db8::"),
            ("2001:db8::ffff:2", "2001:db8::"),
            ("2001:db8:0:1::1", "2001:db8:0:1::"),
            ("fe80::1%eth0", "fe80::"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ):
            self.assertEqual(networkOf(address), network)

    def test_others(self) -> None:
        """
        What is no address stands for itself.
        """
        for text in (LOCAL, "", "example.com", "198.51.100.1:80"):
            self.assertEqual(networkOf(text), text)

    def test_near(self) -> None:
        """
        This machine's own addresses are known in all their forms, and a socket that is a file is
        one of them.
        """
        for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", LOCAL):
            self.assertTrue(isNear(address), address)
        for address in ("192.0.2.1", "::2", "::ffff:192.0.2.1", "fe80::1%lo", "localhost", ""):
            self.assertFalse(isNear(address), address)
