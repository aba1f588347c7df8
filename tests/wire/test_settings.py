"""
Tests of L{balws.wire.settings}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.config import WSServiceConfig
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel


class WireSettingsTests(SynchronousTestCase):
    """
    From the record to the wire.
    """

    def test_fromService(self) -> None:
        """
        Every field has the value of the service's configuration.
        """
        clock = Clock()
        numbers = {
            "maxFrameSize": 1,
            "maxMessageSize": 2,
            "maxFragments": 3,
            "maxSendBuffer": 4,
            "slowConsumerTimeout": 5,
            "pingInterval": 6,
            "pingTimeout": 7,
        }
        settings = WireSettings.fromService(WSServiceConfig(**numbers), clock, TimerWheel(clock))
        self.assertEqual({name: getattr(settings, name) for name in numbers}, numbers)
