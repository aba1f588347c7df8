# -*- test-case-name: tests.hub.redis.test_audiences -*-
"""
Broadcasts to everybody connected to a service.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail

from balws.errors import HubLimitError
from balws.hub.broker import Audience
from balws.hub.message import Message
from balws.hub.redis.envelope import MAX_SIZE, TOO_LONG, Envelope
from balws.hub.redis.scripts import BROADCAST
from balws.hub.redis.station import Station, kindOf

__all__ = ["Audiences"]


class Audiences:
    """
    Each service has a channel, to which those nodes listen that serve it.
    """

    def __init__(self, station: Station) -> None:
        self._station = station

    def serve(self, audience: Audience) -> None:
        """
        See L{balws.hub.broker.IBroker.serve}.
        """
        if self._station.isUp:
            channel = self._station.keys.audience(audience)
            self._station.channels.open(channel, partial(self._received, audience)).addErrback(lambda _: None)

    def unserve(self, audience: Audience) -> None:
        """
        See L{balws.hub.broker.IBroker.unserve}.
        """
        self._station.channels.close(self._station.keys.audience(audience))

    def broadcast(self, audience: Audience, message: Message) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.broadcast}.
        """
        station = self._station
        channel = station.keys.audience(audience)
        # Also what fails uses a number: who does not get it shall know that.
        number = station.departures.next(channel)
        if not station.isRestored:
            return station.away().addErrback(station.failed)
        data = station.head(kindOf(message), number) + message.payload
        if len(data) > MAX_SIZE:
            return fail(HubLimitError(TOO_LONG))
        return station.ask(BROADCAST, channel, data).addCallbacks(_done, station.failed)

    def _received(self, audience: Audience, envelope: Envelope) -> None:
        station = self._station
        if envelope.sender == station.keys.id:
            return
        missed = station.channels.arrivals.missed(station.keys.audience(audience), envelope.sender, envelope.number)
        if missed:
            station.node.lost("", missed)
        message = envelope.message()
        if message is None:
            station.strangeReceived()
        else:
            station.node.audienceReceived(audience, message)

    def expect(self, audiences: set[Audience]) -> set[bytes]:
        """
        What this node has after an absence.

        @return: the channels that it has to listen to.
        """
        for audience in audiences:
            self._station.channels.expect(self._station.keys.audience(audience), partial(self._received, audience))
        return {self._station.keys.audience(audience) for audience in audiences}


def _done(_: Any) -> None:
    return None
