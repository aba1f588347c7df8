# -*- test-case-name: tests.hub.redis.test_lease -*-
"""
That this node lives, and which others do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from balws.errors import HubUnavailableError
from balws.hub.redis.envelope import Kind
from balws.hub.redis.scripts import BEAT, REAP
from balws.hub.redis.station import Station

__all__ = ["LEASE", "PERIOD", "Lease"]

#: Heartbeats between two beats, and that a lease lives after one: so a dead node is noticed, and
#: tidied away, within two.
PERIOD = 0.5
LEASE = 1.5

#: A node that hears none of so many beats of its own is deaf.  Beats, since in a time in which
#: this process itself was held up nothing could be heard.
_DEAF = 4

#: So many names and groups of a dead node are tidied away at a time.
_CHUNK = 256


class Lease:
    """
    Beats twice a heartbeat, and looks after the others by the way.
    """

    def __init__(
        self,
        station: Station,
        lapsed: Callable[[], None],
        deaf: Callable[[], None],
        refused: Callable[[Failure], None],
        reaped: Callable[[list[bytes]], None],
    ) -> None:
        """
        @param lapsed: called when Redis took this node for dead.
        @param deaf: called when what this node publishes does not come back.
        @param refused: called when Redis can be asked and takes no beat.
        @param reaped: called with what left groups when another died: groups and bodies in turn.
        """
        self._station = station
        self._lapsed = lapsed
        self._deaf = deaf
        self._refused = refused
        self._reaped = reaped
        self._timer: IDelayedCall | None = None
        self._unheard = 0
        self._reaping: set[bytes] = set()

    async def begin(self) -> int:
        """
        Beat, and go on.

        @return: the number of the beat before that Redis knows of; 0 where it knows of none.
        @raise HubUnavailableError: when it cannot be asked.
        """
        self._unheard = 0
        before, _, _ = await self._send()
        self._schedule()
        return int(before or 0)

    def pause(self) -> None:
        """
        Beat no more.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def heard(self) -> None:
        """
        A beat came back.
        """
        self._unheard = 0

    def _schedule(self) -> None:
        self.pause()
        self._timer = self._station.clock.callLater(self._station.config.heartbeat * PERIOD, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._unheard >= _DEAF:
            self._deaf()
            return
        self._send().addCallbacks(self._beaten, self._unbeaten)
        self._schedule()

    def _send(self) -> Deferred[Any]:
        station = self._station
        station.beat += 1
        self._unheard += 1
        milliseconds = max(1, round(station.config.heartbeat * LEASE * 1000))
        return station.ask(BEAT, milliseconds, station.beat, station.head(Kind.BEAT))

    def _unbeaten(self, failure: Failure) -> None:
        if self._station.isUp:
            self._refused(failure)

    def _beaten(self, found: list[Any]) -> None:
        before, living, dead = found
        if not before:
            # Then Redis itself may have slept, and the others are no more dead than this one.
            self._lapsed()
            return
        self._station.channels.arrivals.keep({bytes.fromhex(each.decode("ascii")) for each in living})
        for each in dead:
            if each not in self._reaping:
                self._reaping.add(each)
                Deferred.fromCoroutine(self._reap(each)).addErrback(self._unreaped)

    async def _reap(self, nodeId: bytes) -> None:
        try:
            await self.reap(nodeId)
        finally:
            self._reaping.discard(nodeId)

    def _unreaped(self, failure: Failure) -> None:
        # The next beat, or another node, goes on.
        failure.trap(HubUnavailableError)

    async def reap(self, nodeId: bytes) -> None:
        """
        Tidy a node away.

        @param nodeId: in hexadecimal; this one's own, when it goes.
        @raise HubUnavailableError: when that cannot be done now.
        """
        isDone = 0
        while not isDone:
            found = await self._station.reach(REAP, nodeId, self._station.head(Kind.LEAVE, 0), _CHUNK)
            isDone = found[0]
            self._reaped(found[1:])
