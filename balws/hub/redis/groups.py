# -*- test-case-name: tests.hub.redis.test_groups -*-
"""
Which groups this node has members of, and what comes from there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from balws.errors import HubLimitError, NoSuchGroup
from balws.hub.broker import Entry, Presence, PresenceEvent, Verb
from balws.hub.message import Message
from balws.hub.redis.envelope import MAX_SIZE, TOO_LONG, Envelope, Kind
from balws.hub.redis.keys import encoded
from balws.hub.redis.reader import Reader
from balws.hub.redis.scripts import DISSOLVE, ENTER, EXIT, PUBLISH, RESTORE_GROUPS
from balws.hub.redis.station import Argument, Station, inOrder, kindOf, unavailable
from balws.hub.redis.streams import DISSOLVE_STORED, HEAD, MEMORY, newEpoch

__all__ = ["Groups"]

#: So many groups go with one script.
_BATCH = 256

#: So many durable groups read from history at a time: each may get a megabyte.
_FEW = 16


class Groups:
    """
    Enters and leaves groups for this node, and publishes to plain ones.
    """

    def __init__(self, station: Station, dissolved: Callable[[str], None]) -> None:
        """
        @param dissolved: called with a group that was removed, before the hub hears it.
        """
        self._station = station
        self._dissolved = dissolved
        #: Each group with the beat at which Redis knew it; L{None} where it may not.
        self._inside: dict[str, int | None] = {}
        self._watched: set[str] = set()
        self._readers: dict[str, Reader] = {}
        #: Groups that this node has left and Redis may not know it.
        self._owed: set[str] = set()

    def enter(self, group: str) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.enter}.
        """
        station = self._station
        if not station.isUp:
            return station.away()
        self._inside[group] = None
        entered = self._open(group)
        entered.addCallback(self._register, group)
        return entered

    def _register(self, _: object, group: str) -> Deferred[None]:
        if group not in self._inside:
            return succeed(None)
        registered = self._station.ask(ENTER, encoded(group)).addCallback(self._registered, group, self._station.beat)
        if self._station.config.isDurable(group):
            reader = self._reader(group)
            registered.addCallback(lambda _: self._head(group)).addCallback(self._begin, reader)
        return registered

    def _registered(self, _: object, group: str, beat: int) -> None:
        if group in self._inside:
            self._inside[group] = beat

    def _head(self, group: str) -> Deferred[Any]:
        return self._station.ask(HEAD, encoded(group), self.memory, newEpoch())

    @property
    def memory(self) -> int:
        """
        Milliseconds that Redis knows a durable group after its last message.
        """
        return round(self._station.config.history.age * 1000) + MEMORY

    def _begin(self, found: list[Any], reader: Reader) -> None:
        reader.begin(found[0], found[1].decode("ascii"))

    def _reader(self, group: str) -> Reader:
        reader = self._readers.get(group)
        if reader is None:
            reader = self._readers[group] = Reader(group, self._station)
        return reader

    def exit(self, group: str) -> None:
        """
        See L{balws.hub.broker.IBroker.exit}.
        """
        reader = self._readers.pop(group, None)
        if reader is not None:
            reader.close()
        if group in self._inside:
            del self._inside[group]
            # In this order: who publishes shall find no member that does not listen.
            self._leave([group]).addCallback(lambda _: self._close(group))

    def _close(self, group: str) -> None:
        if group not in self._inside and group not in self._watched:
            self._station.channels.close(self._station.keys.group(group))

    def _leave(self, groups: list[str]) -> Deferred[Any]:
        return self._station.ask(EXIT, *map(encoded, groups)).addErrback(self._unleft, groups)

    def _unleft(self, _: Failure, groups: list[str]) -> None:
        self._owed.update(groups)

    def watch(self, group: str) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.watch}.
        """
        if not self._station.isUp:
            return self._station.away()
        self._watched.add(group)
        return self._open(group)

    def unwatch(self, group: str) -> None:
        """
        See L{balws.hub.broker.IBroker.unwatch}.
        """
        self._watched.discard(group)
        self._close(group)

    def _open(self, group: str) -> Deferred[Any]:
        channel = self._station.keys.group(group)
        return self._station.channels.open(channel, partial(self._received, group)).addErrback(unavailable)

    # What this node publishes

    def publish(self, group: str, message: Message) -> Deferred[str]:
        """
        See L{balws.hub.broker.IBroker.publish}; of plain groups.
        """
        return self._send(PUBLISH, group, kindOf(message), message.payload).addCallback(lambda _: "")

    def dissolve(self, group: str, verb: Verb) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker.dissolve}.
        """
        station = self._station
        kind = Kind.CLOSE if verb is Verb.CLOSE else Kind.REMOVE
        if not station.config.isDurable(group):
            return self._send(DISSOLVE, group, kind, b"")
        if not station.isRestored:
            return station.away()
        removed = station.ask(DISSOLVE_STORED, encoded(group), station.head(kind))
        return removed.addCallback(self._sent, group)

    def _send(self, script: str, group: str, kind: Kind, payload: bytes) -> Deferred[Any]:
        station = self._station
        channel = station.keys.group(group)
        # Also what fails uses a number: who does not get it shall know that.
        number = station.departures.next(channel)
        if not station.isRestored:
            return station.away().addErrback(station.failed)
        data = station.head(kind, number) + payload
        if len(data) > MAX_SIZE:
            return fail(HubLimitError(TOO_LONG))
        nothing = station.head(Kind.NOTHING, number)
        heard: Argument = 1 if channel in station.channels else 0
        asked = station.ask(script, encoded(group), data, nothing, heard)
        return asked.addCallbacks(self._sent, station.failed, callbackArgs=(group,))

    def _sent(self, missed: int, group: str) -> None:
        if missed < 0:
            raise NoSuchGroup(group)
        self._station.published(missed, "a group")

    # What comes

    def _received(self, group: str, envelope: Envelope) -> None:
        kind = envelope.kind
        if kind in (Kind.STORED_TEXT, Kind.STORED_BINARY):
            reader = self._readers.get(group)
            if reader is not None:
                reader.received(envelope)
            return
        station = self._station
        isStored = station.config.isDurable(group) and kind.verb is not None
        if envelope.sender == station.keys.id and not isStored:
            return
        if not isStored:
            missed = station.channels.arrivals.missed(station.keys.group(group), envelope.sender, envelope.number)
            if missed and group in self._inside:
                station.node.lost(group, missed)
        if kind in (Kind.JOIN, Kind.LEAVE):
            self._presenceReceived(group, envelope)
        elif kind.verb is not None and group in self._inside:
            self._publicationReceived(group, kind.verb, envelope)

    def _publicationReceived(self, group: str, verb: Verb, envelope: Envelope) -> None:
        node = self._station.node
        if verb is not Verb.DELIVER:
            reader = self._readers.get(group)
            if reader is not None:
                reader.dissolved(envelope.number, envelope.body.decode("ascii", "replace"))
            self._dissolved(group)
            node.groupReceived(group, verb, None)
            return
        message = envelope.message()
        if message is None:
            self._station.strangeReceived()
        else:
            node.groupReceived(group, Verb.DELIVER, Entry(message, ""))

    def _presenceReceived(self, group: str, envelope: Envelope) -> None:
        found = envelope.presence()
        if found is None:
            self._station.strangeReceived()
        else:
            event = PresenceEvent(group, Presence(*found), envelope.kind is Kind.JOIN, False)
            self._station.node.presenceChanged(event)

    # After an absence

    def expect(self, groups: set[str], watched: set[str]) -> set[bytes]:
        """
        What this node has after an absence.

        @return: the channels that it has to listen to.
        """
        self._inside = {group: self._inside.get(group) for group in groups}
        self._watched = set(watched)
        for group in self._readers.keys() - groups:
            self._readers.pop(group).close()
        channels = self._station.channels
        for group in groups | watched:
            channels.expect(self._station.keys.group(group), partial(self._received, group))
        return {self._station.keys.group(group) for group in groups | watched}

    def remembered(self, beat: int) -> None:
        """
        Redis may have lost what it learned since a beat.

        @param beat: the last one that it knows of; 0: it has forgotten this node.
        """
        for group, since in self._inside.items():
            if since is not None and since >= beat:
                self._inside[group] = None

    async def restore(self) -> None:
        """
        Make Redis know of these groups, and of no others.

        @raise HubUnavailableError: when that cannot be done now.
        """
        station = self._station
        owed, self._owed = [group for group in self._owed if group not in self._inside], set()
        for start in range(0, len(owed), _BATCH):
            await self._leave(owed[start : start + _BATCH])
        groups = list(self._inside)
        for start in range(0, len(groups), _BATCH):
            await self._restore([group for group in groups[start : start + _BATCH] if group in self._inside])
        durable = [group for group in groups if station.config.isDurable(group)]
        for start in range(0, len(durable), _FEW):
            few = durable[start : start + _FEW]
            await inOrder([self._resume(group) for group in few if group in self._inside])

    async def _restore(self, groups: list[str]) -> None:
        arguments: list[Argument] = []
        for group in groups:
            # What Redis knew before a beat that it remembers, it has not lost: it was removed.
            arguments += (encoded(group), 0 if self._inside[group] is None else 1)
        if not groups:
            return
        beat = self._station.beat
        for group, isIn in zip(groups, await self._station.ask(RESTORE_GROUPS, *arguments), strict=True):
            if group not in self._inside:
                continue
            if isIn:
                self._inside[group] = beat
            else:
                self._dissolved(group)
                self._station.node.groupReceived(group, Verb.REMOVE, None)

    def _resume(self, group: str) -> Deferred[None]:
        reader = self._reader(group)
        if reader.isBegun:
            return reader.catchUp()
        return self._head(group).addCallback(self._begin, reader)

    def look(self) -> None:
        """
        Once in a while: what could not be fetched is tried again.
        """
        for reader in tuple(self._readers.values()):
            if reader.isBehind:
                reader.catchUp()
