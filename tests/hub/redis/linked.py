"""
Links and ears to a Redis in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config import HubConfiguration
from balws.hub.redis import line
from tests.hub.redis.scripted import ScriptedRedis, Wire


class LineCase(SynchronousTestCase):
    """
    Everything waits as long as it may.

    @ivar events: "up" and "down", as they were told.
    @ivar lines: what was logged.
    """

    def setUp(self) -> None:
        """
        There is a Redis.
        """
        self.clock = Clock()
        self.redis = ScriptedRedis(self.clock)
        self.events: list[str] = []
        self.lines: list[tuple[LogLevel, str]] = []
        self.patch(line, "endpointFor", lambda address, config, reactor: self.redis)
        self.patch(line, "_uniform", lambda low, high: high)
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)

    def _observe(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("balws.hub.redis"):
            self.lines.append((event["log_level"], formatEvent(event)))

    def levels(self, level: LogLevel) -> list[str]:
        """
        @return: the lines of a level.
        """
        return [text for each, text in self.lines if each is level]

    def config(self, **fields: Any) -> HubConfiguration:
        """
        @return: a configuration, with a timeout of 5 s.
        """
        return HubConfiguration(**{"url": "redis://h:1", **fields})

    def up(self) -> None:
        self.events.append("up")

    def down(self) -> None:
        self.events.append("down")

    @property
    def wire(self) -> Wire:
        """
        The newest connection.
        """
        return self.redis.wires[-1]

    def back(self) -> None:
        """
        The connection is gone, and another is there.
        """
        self.wire.lose()
        self.clock.advance(line.FIRST_WAIT)
