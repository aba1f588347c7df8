# -*- test-case-name: tests.hub.test_groups -*-
"""
Groups of connections, as this node knows them (tables A1.12 to A1.15).
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from balws.hub.broker import Presence
from balws.hub.follower import Follower
from balws.interfaces import IMember

__all__ = ["Group", "Groups"]


@attrs.define(eq=False)
class Group:
    """
    @ivar name: of the group.
    @ivar members: those that get each message as it is.
    @ivar followers: those that get positions, too.
    @ivar presences: those that say who they are.
    """

    name: str
    members: set[IMember] = attrs.field(factory=set)
    followers: dict[IMember, Follower] = attrs.field(factory=dict)
    presences: dict[IMember, Presence] = attrs.field(factory=dict)

    def __contains__(self, member: IMember) -> bool:
        return member in self.members or member in self.followers

    def unfollow(self, member: IMember) -> None:
        """
        A connection follows no longer, if it did.
        """
        follower = self.followers.pop(member, None)
        if follower is not None:
            follower.end()

    def say(self, member: IMember, presence: Presence | None) -> None:
        """
        A member says who it is; with L{None} it says what it said before, if anything.
        """
        if presence is not None:
            self.presences[member] = presence

    @property
    def size(self) -> int:
        """
        How many are in it.
        """
        return len(self.members) + len(self.followers)

    @property
    def isEmpty(self) -> bool:
        """
        Whether nobody is left.
        """
        return not (self.members or self.followers)


class Groups:
    """
    A group is there while it has members; a connection may be in many.
    """

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._of: dict[IMember, set[str]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, name: str) -> bool:
        return name in self._groups

    def __iter__(self) -> Iterator[Group]:
        return iter(tuple(self._groups.values()))

    def get(self, name: str) -> Group | None:
        """
        @return: a group that has members.
        """
        return self._groups.get(name)

    def count(self, member: IMember) -> int:
        """
        @return: how many groups a connection is in.
        """
        return len(self._of.get(member, ()))

    def add(self, name: str, member: IMember, follower: Follower | None = None) -> Group:
        """
        A connection comes into a group, which is made where it is not there.

        @param follower: for one that gets positions, too.
        """
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(name)
        group.unfollow(member)
        if follower is None:
            group.members.add(member)
        else:
            group.members.discard(member)
            group.followers[member] = follower
        self._of.setdefault(member, set()).add(name)
        return group

    def discard(self, name: str, member: IMember) -> Presence | None:
        """
        A connection leaves a group, if it is in it.

        @return: its presence, where it had one.
        """
        group = self._groups.get(name)
        if group is None or member not in group:
            return None
        group.members.discard(member)
        group.unfollow(member)
        names = self._of[member]
        names.discard(name)
        if not names:
            del self._of[member]
        if group.isEmpty:
            del self._groups[name]
        return group.presences.pop(member, None)

    def of(self, member: IMember) -> tuple[str, ...]:
        """
        @return: the groups of a connection.
        """
        return tuple(self._of.get(member, ()))

    def remove(self, name: str) -> Group | None:
        """
        A group is removed; its members stay in their other groups.

        @return: as it was.
        """
        group = self._groups.pop(name, None)
        if group is not None:
            for follower in group.followers.values():
                follower.end()
            for member in (*group.members, *group.followers):
                names = self._of[member]
                names.discard(name)
                if not names:
                    del self._of[member]
        return group
