# -*- test-case-name: tests.hub.test_nodes -*-
"""
The connections of this node: who they are, and how what comes for them is delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.logger import Logger
from zope.interface import implementer

from balws.hub.broker import Audience, Entry, Holdings, IBroker, INode, PresenceEvent, Verb
from balws.hub.dismissals import Dismissals
from balws.hub.follower import enveloped
from balws.hub.groups import Group, Groups
from balws.hub.membership import Membership
from balws.hub.message import Message
from balws.hub.store import Store
from balws.interfaces import IMember

__all__ = ["Node", "Watcher"]

#: Is told who comes into a group and who leaves it.
Watcher = Callable[[PresenceEvent], object]


@implementer(INode)
class Node:
    """
    @ivar store: connections by name.
    @ivar groups: groups with members here.
    @ivar membership: what the broker knows of them.
    @ivar dismissals: those who are being closed.
    @ivar watchers: of groups.
    @ivar served: the services that are mounted.
    @ivar lostCount: how many publications of other nodes did not get here.
    @ivar gaps: how often it cannot be known how many.
    """

    _log = Logger(namespace="balws.hub")

    def __init__(self, broker: IBroker) -> None:
        self._broker = broker
        self._audiences: dict[Audience, set[IMember]] = {}
        self.served: set[Audience] = set()
        self.store = Store()
        self.groups = Groups()
        self.membership = Membership(broker)
        self.dismissals = Dismissals()
        self.watchers: dict[str, list[Watcher]] = {}
        self.lostCount = 0
        self.gaps = 0

    # Everybody connected to a service

    def join(self, audience: Audience, member: IMember) -> None:
        """
        A connection to the service of this audience is open.
        """
        self._audiences.setdefault(audience, set()).add(member)

    def forget(self, audience: Audience, member: IMember) -> None:
        """
        It is gone; nothing is kept of it (row ST03).
        """
        members = self._audiences.get(audience)
        if members is not None:
            members.discard(member)
            if not members:
                del self._audiences[audience]
        for stored in self.store.forget(member):
            if stored.fence:
                self._broker.release(stored.name, stored.fence)
        for name in self.groups.of(member):
            self.leave(name, member)

    def size(self, audience: Audience) -> int:
        """
        @return: how many are connected to this service.
        """
        return len(self._audiences.get(audience, ()))

    def audiencesAt(self, path: str) -> list[Audience]:
        """
        @return: those of the services mounted at a path, or with connections there.
        """
        return [audience for audience in self.served.union(self._audiences) if audience.path == path]

    def audienceReceived(self, audience: Audience, message: Message) -> None:
        """
        See L{INode}; and for broadcasts of our own.
        """
        self._deliver(self._audiences.get(audience, ()), message)

    def _deliver(self, members: Iterable[IMember], message: Message) -> None:
        """
        Hand a message to every member; the set may change meanwhile, and one that fails
        keeps it from nobody else.
        """
        for member in tuple(members):
            try:
                member.deliver(message)
            except Exception:
                self._log.failure("A connection could not take a broadcast")

    # Names

    def connectionReceived(self, name: str, fence: int, verb: Verb, message: Message | None) -> None:
        """
        See L{INode}.
        """
        stored = self.store.get(name)
        if stored is not None and (stored.takes(fence) if verb is Verb.DELIVER else stored.endsBy(fence)):
            self.act(name, verb, message)

    def act(self, name: str, verb: Verb, message: Message | None) -> bool:
        """
        Do something with the connection that this node stores under a name.

        @return: whether there is one.
        """
        stored = self.store.get(name)
        if stored is None:
            return False
        if message is not None:
            self._deliver((stored.member,), message)
        if verb is not Verb.DELIVER:
            self.store.drop(stored)
        if verb is Verb.CLOSE:
            self.dismissals.close(stored.member)
        return True

    def replaced(self, name: str, fence: int) -> None:
        """
        See L{INode}.
        """
        stored = self.store.get(name)
        if stored is not None:
            stored.rival = max(stored.rival, fence)
            if stored.isVoid:
                self.store.drop(stored)

    def claimed(self, name: str, fence: int) -> None:
        """
        See L{INode}.
        """
        stored = self.store.get(name)
        if stored is None:
            self._broker.release(name, fence)
        else:
            stored.fence = max(stored.fence, fence)
            if stored.isVoid:
                self.store.drop(stored)

    # Groups

    def leave(self, name: str, member: IMember) -> None:
        """
        A connection leaves a group.
        """
        presence = self.groups.discard(name, member)
        if presence is not None:
            self._broker.disappear(name, presence.connectionId)
        if name not in self.groups:
            self.membership.exit(name)

    def groupReceived(self, group: str, verb: Verb, entry: Entry | None) -> None:
        """
        See L{INode}; and for plain groups' own publications.
        """
        found = self.groups.get(group)
        if found is None:
            return
        if entry is not None:
            self._deliver(found.members, entry.message)
            if found.followers:
                self._follow(found, entry)
            return
        self.groups.remove(group)
        self.membership.exit(group)
        if verb is Verb.CLOSE:
            # Whoever comes into a group of this name meanwhile is in another one.
            self.dismissals.add((*found.members, *found.followers))

    def _follow(self, group: Group, entry: Entry) -> None:
        shared = enveloped(group.name, entry)
        for follower in tuple(group.followers.values()):
            try:
                follower.received(entry, shared)
            except Exception:
                self._log.failure("A connection could not take a broadcast")

    def presenceChanged(self, event: PresenceEvent) -> None:
        """
        See L{INode}.
        """
        for watcher in tuple(self.watchers.get(event.group, ())):
            try:
                watcher(event)
            except Exception:
                self._log.failure("A watcher of the group {group} failed", group=event.group)

    def lost(self, group: str, count: int | None) -> None:
        """
        See L{INode}.
        """
        if count is None:
            self.gaps += 1
        else:
            self.lostCount += count
        self._log.warn(
            "{count} of what other nodes sent to {where} did not get here",
            count="An unknown number" if count is None else count,
            where=f"the group {group}" if group else "connections and services",
        )

    def holdings(self) -> Holdings:
        """
        See L{INode}.
        """
        groups = list(self.groups)
        return Holdings(
            names=self.store.fences(),
            groups={group.name for group in groups},
            presences={group.name: tuple(group.presences.values()) for group in groups if group.presences},
            watched=set(self.watchers),
            audiences=set(self.served),
        )
