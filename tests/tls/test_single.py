"""
Tests of L{balws.tls.single}.
"""

from __future__ import annotations

from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from balws.tls.single import Single


class SingleTests(SynchronousTestCase):
    """
    One connection.
    """

    def test_protocol(self) -> None:
        """
        It is the protocol's as long as somebody waits for it.
        """
        over = [False]
        protocol = Protocol()
        factory = Single(protocol, lambda: over[0])
        self.assertIs(factory.buildProtocol(None), protocol)
        over[0] = True
        self.assertIsNone(factory.buildProtocol(None))
        self.assertFalse(factory.noisy)
