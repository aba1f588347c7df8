"""
Tests of L{balws.config.loopback}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.config.loopback import isLoopback


class LoopbackTests(SynchronousTestCase):
    """
    Addresses of our own.
    """

    def test_addresses(self) -> None:
        """
        Those that only this machine can reach; what is unknown may be anybody's.
        """
        for address, isOurs in (
            ("127.0.0.1", True),
            ("127.255.255.254", True),
            ("::1", True),
            ("localhost", True),
            ("0.0.0.0", False),  # noqa: S104
            ("::", False),
            ("192.0.2.1", False),
            ("128.0.0.1", False),
            ("::2", False),
            ("localhost.example", False),
            ("", False),
        ):
            self.assertEqual(isLoopback(address), isOurs, address)
