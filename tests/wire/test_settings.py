"""
Tests of L{balws.wire.settings}.
"""

from __future__ import annotations

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.config.service import WSServiceConfig
from balws.wire.settings import WireSettings
from balws.wire.wheel import TimerWheel


class WireSettingsTests(SynchronousTestCase):
    """
    From a service's configuration to plain numbers.
    """

    def setUp(self) -> None:
        """
        A clock and its wheel.
        """
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)

    def test_defaults(self) -> None:
        """
        A wire's defaults are the service's.
        """
        settings = WireSettings.fromConfig(WSServiceConfig(), self.clock, self.wheel)
        self.assertEqual(settings, WireSettings(clock=self.clock, wheel=self.wheel))

    def test_everyField(self) -> None:
        """
        Every number that a service sets reaches its wires.
        """
        numbers = {
            field.name: 3 + place
            for place, field in enumerate(attrs.fields(WireSettings))
            if field.name not in ("clock", "wheel")
        }
        settings = WireSettings.fromConfig(WSServiceConfig(**numbers), self.clock, self.wheel)
        self.assertEqual(
            attrs.asdict(settings, recurse=False), {**numbers, "clock": self.clock, "wheel": self.wheel}
        )

    def test_frozen(self) -> None:
        """
        Nobody changes them later.
        """
        settings = WireSettings(clock=self.clock, wheel=self.wheel)
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            settings.maxFrameSize = 1  # type: ignore[misc]
