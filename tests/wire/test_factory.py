"""
Tests of L{balws.wire.factory}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.factory import WireFactory
from balws.wire.roster import Roster
from balws.wire.sending import LARGE
from balws.wire.server import ServerWire
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel


class WireFactoryTests(SynchronousTestCase):
    """
    The wires of one service.
    """

    def build(self, **numbers: int) -> WireFactory:
        """
        @return: a factory with these settings.
        """
        clock = Clock()
        return WireFactory(WireSettings(clock=clock, wheel=TimerWheel(clock), **numbers), clock, Roster())

    def test_shared(self) -> None:
        """
        What all wires of a service have in common stands on their class, not on each.
        """
        factory = self.build(maxFrameSize=1000, maxMessageSize=2000, maxFragments=7)
        wire = factory.buildProtocol(None)
        self.assertIsInstance(wire, ServerWire)
        self.assertEqual(wire.__dict__, {})
        self.assertIs(wire.factory, factory)
        self.assertIs(wire.settings, factory.settings)
        self.assertEqual((wire.maxFrameSize, wire.maxMessageSize, wire.maxFragments), (1000, 2000, 7))

    def test_apart(self) -> None:
        """
        Two services do not share their numbers.
        """
        one, other = (
            self.build(maxFrameSize=1).buildProtocol(None),
            self.build(maxFrameSize=2).buildProtocol(None),
        )
        self.assertEqual((one.maxFrameSize, other.maxFrameSize), (1, 2))
        self.assertNotIn("maxFrameSize", vars(ServerWire))

    def test_limits(self) -> None:
        """
        What is read may be as large as a frame and as a message; what is copied behind its header
        as a frame, and not more than is copied quickly.
        """
        for frameSize, messageSize, readLimit, plainLimit in (
            (65536, 1048576, 65536, LARGE),
            (65536, 1000, 1000, LARGE),
            (LARGE - 1, 1000, 1000, LARGE - 1),
            (LARGE, LARGE, LARGE, LARGE),
            (LARGE + 1, LARGE + 1, LARGE + 1, LARGE),
        ):
            wire = self.build(maxFrameSize=frameSize, maxMessageSize=messageSize).buildProtocol(None)
            self.assertEqual((wire.readLimit, wire.plainLimit), (readLimit, plainLimit))

    def test_options(self) -> None:
        """
        Nothing of Autobahn is left to its defaults where they let a peer do what it wants.
        """
        wire = self.build(maxFrameSize=10, maxMessageSize=20).buildProtocol(None)
        self.assertTrue(wire.requireMaskedClientFrames)
        self.assertTrue(wire.utf8validateIncoming)
        self.assertTrue(wire.applyMask)
        self.assertFalse(wire.failByDrop)
        self.assertFalse(wire.webStatus)
        self.assertFalse(wire.logFrames)
        self.assertEqual((wire.maxFramePayloadSize, wire.maxMessagePayloadSize), (10, 20))
        self.assertEqual(
            (wire.autoPingInterval, wire.closeHandshakeTimeout, wire.openHandshakeTimeout), (0, 0, 0)
        )
