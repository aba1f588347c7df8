"""
Tests of L{balws.wire.transport}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.transport import Lingering, give, shutdownWriting, unsent
from tests.wire.transports import Transport


class UnsentTests(SynchronousTestCase):
    """
    What a transport holds.
    """

    def test_buffers(self) -> None:
        """
        Both buffers of a TCP transport count, less what is gone; of TLS it is what lies below.
        """
        below = Transport()
        below.dataBuffer = b"a" * 100
        below.offset = 30  # type: ignore[attr-defined]
        below._tempDataLen = 5  # type: ignore[attr-defined]
        self.assertEqual(unsent(below), 75)
        above = Transport()
        above.transport = below  # type: ignore[attr-defined]
        self.assertEqual(unsent(above), 75)
        self.assertEqual(unsent(object()), 0)


class EndTests(SynchronousTestCase):
    """
    Last words.
    """

    def test_whole(self) -> None:
        """
        A transport that has no halves is closed as a whole.
        """

        class Whole(Transport):
            loseWriteConnection: Any = None

        transport = Whole()
        shutdownWriting(transport)
        self.assertEqual(transport.calls, ["lose"])

    def test_lingering(self) -> None:
        """
        The new owner throws away what comes and drops the connection in time.
        """
        clock, transport = Clock(), Transport()
        owner = Lingering(clock, 5)
        give(transport, owner)
        self.assertIs(transport.protocol, owner)  # type: ignore[attr-defined]
        owner.dataReceived(b"more")
        self.assertEqual(transport.calls, ["half"])
        clock.advance(5)
        self.assertEqual(transport.calls, ["half", "abort"])
        owner.connectionLost()
        other = Lingering(clock, 5)
        give(Transport(), other)
        other.connectionLost()
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_wrapped(self) -> None:
        """
        A transport that wraps a protocol, as TLS does, gets the new one there.
        """
        transport, owner = Transport(), Protocol()
        transport.wrappedProtocol = None  # type: ignore[attr-defined]
        give(transport, owner)
        self.assertIs(transport.wrappedProtocol, owner)  # type: ignore[attr-defined]
