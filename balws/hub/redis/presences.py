# -*- test-case-name: tests.hub.redis.test_presences -*-
"""
Who is in which group and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.hub.broker import Presence, PresenceEvent
from balws.hub.redis.envelope import Kind
from balws.hub.redis.envelope import presence as presenceIn
from balws.hub.redis.keys import decoded, encoded
from balws.hub.redis.scripts import APPEAR, DISAPPEAR, PRESENCE, VACATE
from balws.hub.redis.station import Station, inOrder

__all__ = ["Presences"]

#: So many are restored at a time.
_BATCH = 256

_Asked = Deferred[tuple[Presence, ...]]


class Presences:
    """
    Tells Redis who came and who left here, and asks who is there.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        #: Who left while Redis did not hear it: group and id.
        self._owed: set[tuple[str, str]] = set()
        #: Of whom Redis may know: by group, each with how many were told before.
        self._known: dict[str, dict[str, int]] = {}
        self._told = 0
        #: Groups that Redis is being asked for, each with who waits for the next answer.
        self._asking: dict[str, list[_Asked]] = {}
        #: Who is being restored.
        self._held: dict[str, dict[str, Presence]] = {}

    def appear(self, group: str, presence: Presence) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.appear}.
        """
        self._held.get(group, {}).pop(presence.connectionId, None)
        if not self._station.isUp:
            return self._station.away()
        return self._appear(group, presence, True)

    def _appear(self, group: str, presence: Presence, isNew: bool) -> Deferred[None]:
        station = self._station
        try:
            body = json.dumps([presence.connectionId, presence.info]).encode("ascii")
        except (TypeError, ValueError, RecursionError):
            return fail()
        self._remember(group, presence.connectionId)
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
        self._held.get(group, {}).pop(connectionId, None)
        if not self._forget(group, connectionId):
            return
        left = self._disappear(group, connectionId)
        left.addCallbacks(self._disappeared, self._unheard, callbackArgs=(group,), errbackArgs=(group, connectionId))

    def _disappear(self, group: str, connectionId: str) -> Deferred[Any]:
        station = self._station
        number = station.departures.next(station.keys.group(group))
        isLast = 0 if group in self._known else 1
        leave, nothing = station.head(Kind.LEAVE, number), station.head(Kind.NOTHING, number)
        return station.ask(DISAPPEAR, encoded(group), encoded(connectionId), leave, nothing, isLast)

    def _disappeared(self, body: bytes, group: str) -> None:
        found = presenceIn(body)
        if found is not None:
            self._station.node.presenceChanged(PresenceEvent(group, Presence(*found), False, True))

    def _unheard(self, _: Failure, group: str, connectionId: str) -> None:
        self._owed.add((group, connectionId))

    def _remember(self, group: str, connectionId: str) -> None:
        self._owed.discard((group, connectionId))
        self._told += 1
        self._known.setdefault(group, {})[connectionId] = self._told

    def _forget(self, group: str, connectionId: str) -> bool:
        known = self._known.get(group, {})
        isKnown = known.pop(connectionId, None) is not None
        if not known:
            self._known.pop(group, None)
        return isKnown

    def dissolved(self, group: str) -> None:
        """
        A group was removed by another node: who was told before is in it no longer, and who was
        just being told must not stay.
        """
        self._held.pop(group, None)
        known = self._known.pop(group, None)
        if known:
            station = self._station
            left = station.ask(VACATE, encoded(group), station.head(Kind.LEAVE, 0))
            left.addCallbacks(self.reaped, self._unvacated, errbackArgs=(group, known))

    def _unvacated(self, _: Failure, group: str, known: Iterable[str]) -> None:
        self._owed.update((group, connectionId) for connectionId in known)

    def dissolving(self, group: str, removed: Deferred[None]) -> Deferred[None]:
        """
        This node removes a group; where Redis does not hear it, the members here are gone all the
        same.

        @param removed: fires when it is.
        @return: it.
        """
        until = self._told
        if not self._station.config.isDurable(group):
            self._held.pop(group, None)

        def before() -> list[str]:
            return [connectionId for connectionId, told in self._known.get(group, {}).items() if told <= until]

        def done(_: None) -> None:
            for connectionId in before():
                self._forget(group, connectionId)

        def failed(failure: Failure) -> Failure:
            # Of these, who is still here is restored, and not taken out.
            self._unvacated(failure, group, before())
            return failure

        return removed.addCallbacks(done, failed)

    def presence(self, group: str) -> Deferred[tuple[Presence, ...]]:
        """
        See L{balws.hub.broker.IBroker.presence}.
        """
        if not self._station.isRestored:
            return self._station.away()
        asked: _Asked = Deferred()
        behind = self._asking.get(group)
        if behind is None:
            self._ask(group, [asked])
        else:
            # The answer under way may be older than what this one has to see.
            behind.append(asked)
        return asked

    def _ask(self, group: str, askers: list[_Asked]) -> None:
        self._asking[group] = []
        found = self._station.ask(PRESENCE, encoded(group)).addCallback(_sorted)
        found.addBoth(self._answered, group, askers)

    def _answered(self, found: tuple[Presence, ...] | Failure, group: str, askers: list[_Asked]) -> None:
        behind = self._asking.pop(group)
        if behind:
            self._ask(group, behind)
        for asked in askers:
            asked.callback(found)

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
        self._held = {group: {each.connectionId: each for each in found} for group, found in presences.items()}

    async def restore(self) -> None:
        """
        Make Redis know these; whom it knew already is not told again.

        @raise HubUnavailableError: when that cannot be done now.
        """
        for group, connectionId in [each for each in self._owed if each[1] not in self._held.get(each[0], ())]:
            self._remember(group, connectionId)
            self.disappear(group, connectionId)
        keys = [(group, connectionId) for group, found in self._held.items() for connectionId in found]
        for start in range(0, len(keys), _BATCH):
            few = [(group, self._held.get(group, {}).get(each)) for group, each in keys[start : start + _BATCH]]
            await inOrder([self._appear(group, held, False) for group, held in few if held is not None])


def _sorted(found: list[bytes]) -> tuple[Presence, ...]:
    known = sorted(zip(map(int, found[::2]), found[1::2], strict=True))
    return tuple(Presence(*each) for _, body in known if (each := presenceIn(body)) is not None)
