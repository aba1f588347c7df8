"""
Tests of L{balws.wire.factory}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.wire.transports import Rig


class WireFactoryTests(SynchronousTestCase):
    """
    Options on purpose.
    """

    def test_options(self) -> None:
        """
        Autobahn's defaults that are not safe are not ours, and stand on the class.
        """
        rig = Rig(maxFrameSize=100, maxMessageSize=200)
        wire = rig.wire
        self.assertEqual(wire.versions, [13])
        self.assertEqual((wire.maxFramePayloadSize, wire.maxMessagePayloadSize, wire.autoFragmentSize), (100, 200, 100))
        self.assertEqual((wire.webStatus, wire.failByDrop, wire.serveFlashSocketPolicy), (False, False, False))
        self.assertEqual(wire.shortLimit, 100)
        self.assertNotIn("maxFrameSize", vars(wire))
        self.assertLess(len(vars(wire)), 12)
