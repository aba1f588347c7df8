# -*- test-case-name: tests.hub.redis.test_presences -*-
"""
Who is in which group and says so.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.hub.broker import Presence, PresenceEvent
from balws.hub.redis.envelope import Kind
from balws.hub.redis.envelope import presence as presenceIn
from balws.hub.redis.keys import decoded, encoded
from balws.hub.redis.scripts import APPEAR, DISAPPEAR, PRESENCE
from balws.hub.redis.station import Station, inOrder

__all__ = ["Presences"]

#: So many are restored at a time.
_BATCH = 256


class Presences:
    """
    Tells Redis who came and who left here, and asks who is there.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        #: Who left while Redis did not hear it: group and id.
        self._owed: set[tuple[str, str]] = set()
        #: Of whom Redis may know.
        self._known: set[tuple[str, str]] = set()
        #: Who is being restored.
        self._held: dict[tuple[str, str], Presence] = {}

    def appear(self, group: str, presence: Presence) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.appear}.
        """
        self._held.pop((group, presence.connectionId), None)
        self._owed.discard((group, presence.connectionId))
        if not self._station.isUp:
            return self._station.away()
        return self._appear(group, presence, True)

    def _appear(self, group: str, presence: Presence, isNew: bool) -> Deferred[None]:
        station = self._station
        try:
            body = json.dumps([presence.connectionId, presence.info]).encode("ascii")
        except (TypeError, ValueError, RecursionError):
            return fail()
        self._known.add((group, presence.connectionId))
        number = station.departures.next(station.keys.group(group))
        data = station.head(Kind.JOIN, number) + body
        same = b"" if isNew else station.head(Kind.NOTHING, number)
        told = station.ask(APPEAR, encoded(group), encoded(presence.connectionId), body, data, same)
        return told.addCallback(self._appeared, group, presence)

    def _appeared(self, isTold: int, group: str, presence: Presence) -> None:
        if isTold:
            self._station.node.presenceChanged(PresenceEvent(group, presence, True, True))

    def disappear(self, group: str, connectionId: str) -> None:
        """
        See L{balws.hub.broker.IBroker.disappear}.
        """
        self._held.pop((group, connectionId), None)
        if (group, connectionId) not in self._known:
            return
        self._known.discard((group, connectionId))
        left = self._disappear(group, connectionId)
        left.addCallbacks(self._disappeared, self._unheard, callbackArgs=(group,), errbackArgs=(group, connectionId))

    def _disappear(self, group: str, connectionId: str) -> Deferred[Any]:
        station = self._station
        number = station.departures.next(station.keys.group(group))
        leave, nothing = station.head(Kind.LEAVE, number), station.head(Kind.NOTHING, number)
        return station.ask(DISAPPEAR, encoded(group), encoded(connectionId), leave, nothing)

    def _disappeared(self, body: bytes, group: str) -> None:
        found = presenceIn(body)
        if found is not None:
            self._station.node.presenceChanged(PresenceEvent(group, Presence(*found), False, True))

    def _unheard(self, _: Failure, group: str, connectionId: str) -> None:
        self._owed.add((group, connectionId))

    def presence(self, group: str) -> Deferred[tuple[Presence, ...]]:
        """
        See L{balws.hub.broker.IBroker.presence}.
        """
        if not self._station.isRestored:
            return self._station.away()
        return self._station.ask(PRESENCE, encoded(group)).addCallback(_sorted)

    def reaped(self, found: list[bytes]) -> None:
        """
        This node has tidied a dead one away.

        @param found: groups and what left them in turn.
        """
        for group, body in zip(found[::2], found[1::2], strict=True):
            try:
                self._disappeared(body, decoded(group))
            except ValueError:
                self._station.strangeReceived()

    def expect(self, presences: dict[str, tuple[Presence, ...]]) -> None:
        """
        What this node has after an absence.
        """
        self._held = {(group, each.connectionId): each for group, found in presences.items() for each in found}

    async def restore(self) -> None:
        """
        Make Redis know these; whom it knew already is not told again.

        @raise HubUnavailableError: when that cannot be done now.
        """
        owed, self._owed = [each for each in self._owed if each not in self._held], set()
        for group, connectionId in owed:
            self._known.add((group, connectionId))
            self.disappear(group, connectionId)
        keys = list(self._held)
        for start in range(0, len(keys), _BATCH):
            batch = [(key[0], self._held[key]) for key in keys[start : start + _BATCH] if key in self._held]
            await inOrder([self._appear(group, presence, False) for group, presence in batch])


def _sorted(found: list[bytes]) -> tuple[Presence, ...]:
    known = sorted(zip(map(int, found[::2]), found[1::2], strict=True))
    return tuple(Presence(*each) for _, body in known if (each := presenceIn(body)) is not None)
