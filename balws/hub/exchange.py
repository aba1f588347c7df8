# -*- test-case-name: tests.hub.test_exchange -*-
"""
Nodes of one process: the broker where there is no other, and the one for tests of several.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from balws.errors import HistoryLostError, HubUnavailableError, NoSuchConnection, NoSuchGroup
from balws.hub.broker import Audience, Entry, IBroker, INode, Presence, PresenceEvent, Verb
from balws.hub.history import GroupHistory
from balws.hub.message import Message

__all__ = ["Exchange", "ExchangeBroker"]


class Exchange:
    """
    Where the brokers of several nodes in one process meet.  Everything happens at once.

    @ivar durable: the groups that are durable; L{None}: all.
    @ivar size: how many messages of each durable group are kept.
    """

    def __init__(self, durable: frozenset[str] | None = frozenset(), size: int = 10_000) -> None:
        self.durable = durable
        self.size = size
        self.brokers: list[ExchangeBroker] = []
        self.owners: dict[str, tuple[ExchangeBroker, int]] = {}
        self.groups: dict[str, list[ExchangeBroker]] = {}
        self.histories: dict[str, GroupHistory] = {}
        self.present: dict[str, dict[str, tuple[ExchangeBroker, Presence]]] = {}
        self.fences = count(1)
        self._events: deque[tuple[str, Presence, bool, ExchangeBroker | None]] = deque()

    def broker(self) -> ExchangeBroker:
        """
        @return: a broker for one more node.
        """
        return ExchangeBroker(self)

    def listeners(self, group: str) -> list[ExchangeBroker]:
        """
        @return: who wants to know what happens in a group.
        """
        inside = self.groups.get(group, [])
        return [broker for broker in self.brokers if broker in inside or group in broker.watched]

    def isKept(self, group: str) -> bool:
        """
        @return: whether there is anything in the history of a group.
        """
        history = self.histories.get(group)
        return history is not None and history.number > 0

    def tell(self, group: str, presence: Presence, isJoin: bool, witness: ExchangeBroker | None) -> None:
        """
        Tell who came or left.  Whoever is told may cause the next, which everybody hears after
        this one.

        @param witness: where it happened.
        """
        self._events.append((group, presence, isJoin, witness))
        if len(self._events) > 1:
            return
        while self._events:
            group, presence, isJoin, witness = self._events[0]
            listeners = self.listeners(group)
            for broker in tuple(self.brokers):
                if broker in listeners or broker is witness:
                    broker._node.presenceChanged(PresenceEvent(group, presence, isJoin, broker is witness))
            self._events.popleft()


def _away() -> Deferred[Any]:
    return fail(HubUnavailableError("this node is cut off"))


@implementer(IBroker)
class ExchangeBroker:
    """
    @ivar isAvailable: see L{IBroker}; L{cut} and L{mend} change it.
    @ivar undelivered: see L{IBroker}.
    @ivar watched: groups that are watched without members.
    @ivar served: services that are mounted.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._node: INode
        self.isAvailable = True
        self.undelivered = 0
        self.watched: set[str] = set()
        self.served: set[Audience] = set()

    @property
    def problem(self) -> str:
        """
        See L{IBroker}.
        """
        return "" if self.isAvailable else "this node is cut off"

    def start(self, node: INode) -> None:
        """
        See L{IBroker}.
        """
        self._node = node
        self.isAvailable = True
        self._exchange.brokers.append(self)

    def whenTried(self) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return succeed(None)

    def stop(self) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        self.cut()
        return succeed(None)

    def cut(self) -> None:
        """
        This node is cut off, and dead for the others.
        """
        self.isAvailable = False
        self._vanish()

    def mend(self) -> None:
        """
        It is back.
        """
        self.isAvailable = True
        self._exchange.brokers.append(self)
        held = self._node.holdings()
        self.served |= held.audiences
        self.watched |= held.watched
        for name, fence in held.names.items():
            owner = self._exchange.owners.get(name)
            if owner is None or not fence:
                fence = self._claim(name)
                self._node.claimed(name, fence)
            else:
                self._node.replaced(name, owner[1])
        for group in held.groups:
            self.enter(group)
        for group, presences in held.presences.items():
            for presence in presences:
                self.appear(group, presence)

    def _vanish(self) -> None:
        exchange = self._exchange
        if self not in exchange.brokers:
            return
        exchange.brokers.remove(self)
        for name, (owner, _) in tuple(exchange.owners.items()):
            if owner is self:
                del exchange.owners[name]
        for group, present in tuple(exchange.present.items()):
            for connectionId, (owner, _) in tuple(present.items()):
                if owner is self:
                    self._gone(group, connectionId, next(iter(exchange.brokers), None))
        for group in tuple(exchange.groups):
            self.exit(group)

    def _unpublished(self) -> Deferred[Any]:
        self.undelivered += 1
        return _away()

    def isDurable(self, group: str) -> bool:
        """
        See L{IBroker}.
        """
        return self._exchange.durable is None or group in self._exchange.durable

    # Names

    def claim(self, name: str) -> Deferred[int]:
        """
        See L{IBroker}.
        """
        return succeed(self._claim(name)) if self.isAvailable else _away()

    def _claim(self, name: str) -> int:
        fence = next(self._exchange.fences)
        former = self._exchange.owners.get(name)
        self._exchange.owners[name] = self, fence
        if former is not None and former[0] is not self:
            former[0]._node.replaced(name, fence)
        return fence

    def release(self, name: str, fence: int) -> None:
        """
        See L{IBroker}.
        """
        if self._exchange.owners.get(name) == (self, fence):
            del self._exchange.owners[name]

    def toConnection(self, name: str, verb: Verb, message: Message | None) -> Deferred[int | None]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        found = self._exchange.owners.get(name)
        if found is None:
            return fail(NoSuchConnection(name))
        owner, fence = found
        if verb is not Verb.DELIVER:
            del self._exchange.owners[name]
        if owner is self:
            return succeed(fence)
        owner._node.connectionReceived(name, fence, verb, message)
        return succeed(None)

    # Groups

    def enter(self, group: str) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        inside = self._exchange.groups.setdefault(group, [])
        if self not in inside:
            inside.append(self)
        return succeed(None)

    def exit(self, group: str) -> None:
        """
        See L{IBroker}.
        """
        inside = self._exchange.groups.get(group, [])
        if self in inside:
            inside.remove(self)
            if not inside:
                del self._exchange.groups[group]

    def publish(self, group: str, message: Message) -> Deferred[str]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return self._unpublished()
        exchange = self._exchange
        inside = exchange.groups.get(group, ())
        if not inside and not exchange.isKept(group):
            return fail(NoSuchGroup(group))
        if not self.isDurable(group):
            for broker in tuple(inside):
                if broker is not self:
                    broker._node.groupReceived(group, Verb.DELIVER, Entry(message, ""))
            return succeed("")
        entry = exchange.histories.setdefault(group, GroupHistory(exchange.size)).add(message)
        for broker in tuple(inside):
            broker._node.groupReceived(group, Verb.DELIVER, entry)
        return succeed(entry.position)

    def dissolve(self, group: str, verb: Verb) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        exchange = self._exchange
        inside = exchange.groups.get(group, ())
        if not inside and not exchange.isKept(group):
            return fail(NoSuchGroup(group))
        exchange.groups.pop(group, None)
        exchange.histories.pop(group, None)
        exchange.present.pop(group, None)
        for broker in tuple(inside):
            if broker is not self or self.isDurable(group):
                broker._node.groupReceived(group, verb, None)
        return succeed(None)

    def history(self, group: str, position: str) -> Deferred[tuple[tuple[Entry, ...], str]]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        lost = HistoryLostError(f"the group {group!r} has no history that goes back to there")
        if not self.isDurable(group):
            return fail(HistoryLostError(f"the group {group!r} is not durable"))
        known = self._exchange.histories.get(group)
        if not position:
            if known is None:
                known = self._exchange.histories[group] = GroupHistory(self._exchange.size)
            return succeed(((), known.position))
        page = None if known is None else known.after(position)
        if page is None:
            return fail(lost)
        return succeed((page, page[-1].position if page else position))

    # Everybody

    def serve(self, audience: Audience) -> None:
        """
        See L{IBroker}.
        """
        self.served.add(audience)

    def unserve(self, audience: Audience) -> None:
        """
        See L{IBroker}.
        """
        self.served.discard(audience)

    def broadcast(self, audience: Audience, message: Message) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return self._unpublished()
        for broker in tuple(self._exchange.brokers):
            if broker is not self and audience in broker.served:
                broker._node.audienceReceived(audience, message)
        return succeed(None)

    # Presence

    def appear(self, group: str, presence: Presence) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        self._exchange.present.setdefault(group, {})[presence.connectionId] = self, presence
        self._exchange.tell(group, presence, True, self)
        return succeed(None)

    def disappear(self, group: str, connectionId: str) -> None:
        """
        See L{IBroker}.
        """
        if self.isAvailable:
            self._gone(group, connectionId, self)

    def _gone(self, group: str, connectionId: str, witness: ExchangeBroker | None) -> None:
        present = self._exchange.present.get(group, {})
        found = present.pop(connectionId, None)
        if not present:
            self._exchange.present.pop(group, None)
        if found is not None:
            self._exchange.tell(group, found[1], False, witness)

    def presence(self, group: str) -> Deferred[tuple[Presence, ...]]:
        """
        See L{IBroker}.
        """
        if not self.isAvailable:
            return _away()
        return succeed(tuple(presence for _, presence in self._exchange.present.get(group, {}).values()))

    def watch(self, group: str) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        self.watched.add(group)
        return succeed(None) if self.isAvailable else _away()

    def unwatch(self, group: str) -> None:
        """
        See L{IBroker}.
        """
        self.watched.discard(group)
