"""
A service that streams: each number that the generator gives is a message.
"""

from __future__ import annotations

from collections.abc import Iterator

from balws import Service, UpgradeService


class Countdown(Service):
    def onMessage(self, start: int) -> Iterator[int]:
        yield from range(min(start, 1000), -1, -1)


class CountdownUpgrade(UpgradeService):
    def get(self) -> Countdown:
        return Countdown()
