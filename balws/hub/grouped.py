# -*- test-case-name: tests.hub.test_nodes -*-
"""
The hub's functions on groups (tables A1.12 to A1.15), and who is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from balws.hub.broker import Entry, IBroker, Presence, Verb
from balws.hub.follower import Follower
from balws.hub.limits import Limits, unfit
from balws.hub.message import Message
from balws.hub.node import Node, Watcher
from balws.hub.sent import sent, unlessAway
from balws.interfaces import IMember

__all__ = ["ConnectionGroups"]


class ConnectionGroups:
    """
    Groups of connections.
    """

    node: Node
    _broker: IBroker
    _limits: Limits

    def addConnectionToGroup(
        self, member: IMember, group: str, presence: Presence | None = None, since: str | None = None
    ) -> Deferred[str | None]:
        """
        See C{Caller.addConnectionToGroup}.
        """
        problem = self._limits.joining(member, group, presence)
        if problem is None and since is not None and not isinstance(since, str):
            problem = TypeError(f"a position is a str, not {type(since).__name__}")
        if problem is not None:
            return fail(problem)
        if since is not None:
            return Deferred.fromCoroutine(self._follow(member, group, presence, since))
        self.node.groups.add(group, member).say(member, presence)
        entered: Deferred[Any] = self.node.membership.enter(group)
        entered.addErrback(unlessAway)
        if presence is not None:
            entered.addCallback(lambda _: self._appear(member, group, presence))
        return entered

    async def _follow(self, member: IMember, group: str, presence: Presence | None, since: str) -> str:
        follower = Follower(group, member, since, self._broker.history)
        self.node.groups.add(group, member, follower).say(member, presence)
        try:
            await self.node.membership.enter(group)
            if presence is not None:
                await self._appear(member, group, presence)
            return await follower.catchUp()
        except BaseException:
            found = self.node.groups.get(group)
            if found is not None and found.followers.get(member) is follower:
                self.node.leave(group, member)
            raise

    def _appear(self, member: IMember, group: str, presence: Presence) -> Deferred[None]:
        found = self.node.groups.get(group)
        if found is None or found.presences.get(member) is not presence:
            return succeed(None)  # it left meanwhile, or says something else
        return self._broker.appear(group, presence).addErrback(unlessAway)

    def removeConnectionFromGroup(self, member: IMember, group: str) -> Deferred[None]:
        """
        See C{Caller.removeConnectionFromGroup}.
        """
        problem = unfit(group)
        if problem is not None:
            return fail(problem)
        self.node.leave(group, member)
        return succeed(None)

    def pushTextToGroup(self, group: str, text: str) -> Deferred[str | None]:
        """
        Send a text to every connection in a group.

        @return: fires when it is handed over: with its position in a durable group, which is
            stored then, else with L{None}.  Fails with L{balws.NoSuchGroup}; with
            L{balws.HubUnavailableError} where other nodes cannot be reached: those of this
            node got it all the same unless the group is durable; with L{TypeError} or
            L{ValueError} when the text cannot be sent.
        """
        return sent(text, str, self._toGroup, group)

    def pushBinaryToGroup(self, group: str, data: bytes) -> Deferred[str | None]:
        """
        As L{pushTextToGroup}, a binary message.
        """
        return sent(data, bytes, self._toGroup, group)

    def pushMessageToGroup(self, group: str, value: Any) -> Deferred[str | None]:
        """
        As L{pushTextToGroup}: text for str and XML, binary for bytes, JSON for the rest.
        """
        return sent(value, object, self._toGroup, group)

    def _toGroup(self, group: str, message: Message) -> Deferred[str | None]:
        problem = unfit(group)
        if problem is not None:
            return fail(problem)
        if not self._broker.isDurable(group):
            self.node.groupReceived(group, Verb.DELIVER, Entry(message, ""))
        return self._broker.publish(group, message).addCallback(_position)

    def removeConnectionGroup(self, group: str) -> Deferred[None]:
        """
        Remove a group on all nodes: its connections stay open, and in their other groups (table
        A1.15).  Adding somebody makes it anew.

        @return: fires when it is removed; fails as L{pushTextToGroup}.
        """
        return self._dissolve(group, Verb.REMOVE)

    def closeConnectionGroup(self, group: str) -> Deferred[None]:
        """
        As L{removeConnectionGroup}; its connections are closed with 1000, too (table A1.16).  A hub of
        L{makeHub}, such as that of a file, closes very many of them not at once, so that others are served
        meanwhile.

        @return: as L{removeConnectionGroup}; the last of its connections may be closed a moment later.
        """
        return self._dissolve(group, Verb.CLOSE)

    def _dissolve(self, group: str, verb: Verb) -> Deferred[None]:
        problem = unfit(group)
        if problem is not None:
            return fail(problem)
        dissolved = self._broker.dissolve(group, verb)
        if not self._broker.isDurable(group):
            self.node.groupReceived(group, verb, None)
        return dissolved

    # Presence

    def presenceOf(self, group: str) -> Deferred[tuple[Presence, ...]]:
        """
        Who is in a group, of those that were added with a presence, on all nodes.

        @return: fires with a tuple of L{Presence}, oldest first, empty where nobody is; fails
            with L{balws.HubUnavailableError}.
        """
        problem = unfit(group)
        return self._broker.presence(group) if problem is None else fail(problem)

    def watchGroup(self, group: str, watcher: Watcher) -> Deferred[Callable[[], None]]:
        """
        Be told who comes into a group and who leaves it, of those with a presence.

        Events may be lost while other nodes cannot be reached, and just before: ask L{presenceOf}
        when they can be again.

        @param watcher: called with a L{balws.PresenceEvent}, on every node that watches; may not
            wait.
        @return: fires, when it will be told, with a function that ends it.
        """
        problem = unfit(group)
        if problem is None and not callable(watcher):
            problem = TypeError(f"a watcher is a function, not {type(watcher).__name__}")
        if problem is not None:
            return fail(problem)
        watchers = self.node.watchers
        watchers.setdefault(group, []).append(watcher)
        isOver = False

        def end() -> None:
            nonlocal isOver
            if isOver:
                return
            isOver = True
            remaining = watchers[group]
            remaining.remove(watcher)
            if not remaining:
                del watchers[group]
                self._broker.unwatch(group)

        return self._broker.watch(group).addErrback(unlessAway).addCallback(lambda _: end)


def _position(position: str) -> str | None:
    return position or None
