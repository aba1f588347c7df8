"""
What hubs that act as one must do, said once more and in the simplest way: everything at once, in
dictionaries.
"""

from __future__ import annotations

import json
from itertools import count

import attrs

from balws.errors import HistoryLostError, HubError, HubUnavailableError, NoSuchConnection, NoSuchGroup
from tests.hub.members import Member

__all__ = ["DURABLE", "Model", "ModelNode", "ModelWatcher"]

#: The groups that are durable.
DURABLE = frozenset({"kept"})

#: What becomes of a request: L{None} where it succeeds.
Problem = type[HubError] | None


@attrs.define(eq=False)
class ModelWatcher:
    """
    Somebody who watches a group.

    @ivar told: whose presence, whether it came, and whether it was here; L{None} where any
        node may have noticed it.
    """

    group: str
    told: list[tuple[str, bool, bool | None]] = attrs.field(factory=list)


@attrs.define(eq=False)
class ModelNode:
    """
    One node.

    @ivar isUp: whether the others can be reached.
    @ivar names: each with its connection and when it was claimed; 0 while that is not known.
    @ivar groups: the members of each, and whether they follow.
    @ivar presences: whose are in which group, in the order of their coming.
    """

    isUp: bool = True
    members: list[Member] = attrs.field(factory=list)
    names: dict[str, tuple[Member, int]] = attrs.field(factory=dict)
    groups: dict[str, dict[Member, bool]] = attrs.field(factory=dict)
    presences: dict[str, list[str]] = attrs.field(factory=dict)
    watchers: list[ModelWatcher] = attrs.field(factory=list)


class Model:
    """
    All nodes, and what lies between them.

    @ivar expected: what each connection must have got, in order.
    @ivar dismissed: how often each was closed.
    @ivar owners: the node of each name, and when it claimed it.
    @ivar present: in each group who is there, oldest first, and on which node.
    @ivar kept: what was pushed to each durable group in its present life.
    @ivar places: which positions mean how many of them.
    """

    def __init__(self, size: int) -> None:
        self.nodes = [ModelNode() for _ in range(size)]
        self.expected: dict[Member, list[str]] = {}
        self.dismissed: dict[Member, int] = {}
        self.owners: dict[str, tuple[ModelNode, int]] = {}
        self.present: dict[str, dict[str, ModelNode]] = {}
        self.kept: dict[str, list[tuple[str, str]]] = {group: [] for group in DURABLE}
        self.places: dict[str, dict[str, int]] = {group: {} for group in DURABLE}
        self._stamps = count(1)

    def join(self, node: ModelNode, member: Member) -> None:
        """
        A connection is open.
        """
        node.members.append(member)
        self.expected[member] = []
        self.dismissed[member] = 0

    def end(self, node: ModelNode, member: Member) -> None:
        """
        It is gone.
        """
        node.members.remove(member)
        for name, (owner, stamp) in tuple(node.names.items()):
            if owner is member:
                del node.names[name]
                if self.owners.get(name) == (node, stamp):
                    del self.owners[name]
        for group in tuple(node.groups):
            self.leave(node, group, member)

    # Names

    def store(self, node: ModelNode, member: Member, name: str) -> None:
        """
        It is stored under a name.
        """
        node.names[name] = member, 0
        if node.isUp:
            self._claim(node, name)

    def _claim(self, node: ModelNode, name: str) -> None:
        former = self.owners.get(name)
        if former is not None and former[0] is not node:
            del former[0].names[name]
        stamp = next(self._stamps)
        node.names[name] = node.names[name][0], stamp
        self.owners[name] = node, stamp

    def toName(self, node: ModelNode, name: str, text: str | None, closes: bool = False) -> Problem:
        """
        @param text: L{None} takes the name away.
        """
        owner = self.owners[name][0] if node.isUp and name in self.owners else node
        found = owner.names.get(name)
        if found is None:
            return NoSuchConnection if node.isUp else HubUnavailableError
        if text is not None:
            self.expected[found[0]].append(text)
            return None
        del owner.names[name]
        self.owners.pop(name, None) if node.isUp else None
        self.dismissed[found[0]] += closes
        return None

    # Groups

    def _inside(self, group: str) -> list[ModelNode]:
        return [node for node in self.nodes if node.isUp and group in node.groups]

    def add(self, node: ModelNode, member: Member, group: str, isPresent: bool, isFollower: bool = False) -> None:
        """
        It comes into a group.
        """
        node.groups.setdefault(group, {})[member] = isFollower
        if isPresent:
            here = node.presences.setdefault(group, [])
            if member.presence.connectionId not in here:
                here.append(member.presence.connectionId)
            if node.isUp:
                self._appear(node, group, member.presence.connectionId)

    def follow(self, node: ModelNode, member: Member, group: str, isPresent: bool, since: str, reached: str) -> Problem:
        """
        @param reached: the position that was said.
        """
        self.add(node, member, group, isPresent, True)
        problem: Problem = None
        if not node.isUp:
            problem = HubUnavailableError
        elif group not in DURABLE or (since and since not in self.places[group]):
            problem = HistoryLostError
        if problem is not None:
            self.leave(node, group, member)
            return problem
        kept = self.kept[group]
        first = self.places[group][since] if since else len(kept)
        self.expected[member] += [enveloped(group, *each) for each in kept[first:]]
        self.places[group][reached] = len(kept)
        return None

    def leave(self, node: ModelNode, group: str, member: Member) -> None:
        """
        It leaves one.
        """
        members = node.groups.get(group, {})
        if member not in members:
            return
        del members[member]
        if not members:
            del node.groups[group]
        here, name = node.presences.get(group, []), member.presence.connectionId
        if name in here:
            here.remove(name)
            self._disappear(node, group, name)

    def push(self, node: ModelNode, group: str, text: str, position: str) -> Problem:
        """
        @param position: that was said.
        """
        if group not in DURABLE:
            inside = [*([node] if group in node.groups and not node.isUp else []), *self._inside(group)]
            for each in inside if node.isUp else inside[: group in node.groups]:
                for member in each.groups[group]:
                    self.expected[member].append(text)
            return None if node.isUp and inside else NoSuchGroup if node.isUp else HubUnavailableError
        if not node.isUp:
            return HubUnavailableError
        if not self._inside(group) and not self.kept[group]:
            return NoSuchGroup
        self.kept[group].append((position, text))
        self.places[group][position] = len(self.kept[group])
        for each in self._inside(group):
            for member, isFollower in each.groups[group].items():
                self.expected[member].append(enveloped(group, position, text) if isFollower else text)
        return None

    def dissolve(self, node: ModelNode, group: str, closes: bool) -> Problem:
        """
        A group is removed on all nodes.
        """
        inside = self._inside(group)
        if not node.isUp:
            if group not in DURABLE:
                self._drop(node, group, closes)
            return HubUnavailableError
        if not inside and not self.kept.get(group):
            return NoSuchGroup
        self.present.pop(group, None)
        for each in inside:
            self._drop(each, group, closes)
        if group in DURABLE:
            self.kept[group], self.places[group] = [], {}
        return None

    def _drop(self, node: ModelNode, group: str, closes: bool) -> None:
        for member in node.groups.pop(group, {}):
            self.dismissed[member] += closes
        node.presences.pop(group, None)

    def broadcast(self, node: ModelNode, text: str) -> None:
        """
        A text for everybody.
        """
        for each in self.nodes:
            if each is node or (each.isUp and node.isUp):
                for member in each.members:
                    self.expected[member].append(text)

    # Presence

    def _appear(self, node: ModelNode, group: str, name: str) -> None:
        self.present.setdefault(group, {})[name] = node
        self._tell(group, name, True, node)

    def _disappear(self, node: ModelNode, group: str, name: str) -> None:
        if node.isUp and self.present.get(group, {}).get(name) is node:
            self._gone(group, name, node)

    def _gone(self, group: str, name: str, node: ModelNode | None) -> None:
        del self.present[group][name]
        if not self.present[group]:
            del self.present[group]
        self._tell(group, name, False, node)

    def _tell(self, group: str, name: str, isJoin: bool, at: ModelNode | None) -> None:
        for node in self.nodes:
            for watcher in node.watchers if node.isUp else ():
                if watcher.group == group:
                    watcher.told.append((name, isJoin, None if at is None else node is at))

    # Absence

    def cut(self, node: ModelNode) -> None:
        """
        A node is cut off.
        """
        node.isUp = False
        self.owners = {name: owner for name, owner in self.owners.items() if owner[0] is not node}
        for group, present in tuple(self.present.items()):
            for name in [name for name, owner in present.items() if owner is node]:
                self._gone(group, name, None)

    def mend(self, node: ModelNode) -> None:
        """
        It is back.
        """
        node.isUp = True
        for name, (_, stamp) in tuple(node.names.items()):
            if stamp and name in self.owners:
                del node.names[name]
            else:
                self._claim(node, name)
        for group, names in node.presences.items():
            for name in names:
                self._appear(node, group, name)


def enveloped(group: str, position: str, text: str) -> str:
    """
    @return: a message as a follower gets it.
    """
    return json.dumps({"group": group, "position": position, "text": text}, separators=(",", ":"))
