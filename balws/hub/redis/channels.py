# -*- test-case-name: tests.hub.redis.test_channels -*-
"""
The channels that this node listens to, and who gets what comes there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.internet.defer import Deferred

from balws.hub.redis.envelope import Envelope, read
from balws.hub.redis.numbers import Arrivals

__all__ = ["Channels", "Ear", "Receiver"]

#: So many channels are subscribed to by one command.
_BATCH = 256

Receiver = Callable[[Envelope], None]


class Ear(Protocol):
    """
    What listens: L{balws.hub.redis.listening.RedisEar}.
    """

    def subscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        @return: fires when what is published on them arrives; fails with L{HubUnavailableError}.
        """

    def unsubscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        As L{subscribe}.
        """


class Channels:
    """
    @ivar arrivals: what came on them.
    """

    def __init__(self, ear: Ear, strange: Callable[[], None]) -> None:
        """
        @param strange: called for what no node of ours has sent.
        """
        self._ear = ear
        self._strange = strange
        self._receivers: dict[bytes, Receiver] = {}
        self.arrivals = Arrivals()

    def __contains__(self, channel: bytes) -> bool:
        return channel in self._receivers

    def open(self, channel: bytes, receiver: Receiver) -> Deferred[None]:
        """
        Listen.

        @return: as L{Ear.subscribe}.  When that fails, L{restore} does it later.
        """
        self._receivers[channel] = receiver
        return self._ear.subscribe([channel])

    def expect(self, channel: bytes, receiver: Receiver) -> None:
        """
        Listen from the next L{restore} on.
        """
        self._receivers[channel] = receiver

    def close(self, channel: bytes) -> None:
        """
        Listen no longer; what comes later is dropped.
        """
        if self._receivers.pop(channel, None) is not None:
            self.arrivals.forget(channel)
            self._ear.unsubscribe([channel]).addErrback(lambda _: None)

    def retain(self, channels: set[bytes]) -> None:
        """
        Listen to these at the most.
        """
        for channel in self._receivers.keys() - channels:
            self.close(channel)

    async def restore(self) -> None:
        """
        Listen to all again after a connection was lost.

        @raise HubUnavailableError: when it is lost again.
        """
        channels = list(self._receivers)
        for start in range(0, len(channels), _BATCH):
            await self._ear.subscribe([each for each in channels[start : start + _BATCH] if each in self._receivers])

    def received(self, channel: bytes, data: bytes) -> None:
        """
        Something came.
        """
        receiver = self._receivers.get(channel)
        if receiver is None:
            return
        envelope = read(data)
        if envelope is None:
            self._strange()
        else:
            receiver(envelope)
