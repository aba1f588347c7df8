# -*- test-case-name: tests.hub.test_store -*-
"""
Connections by name, as this node knows them (table A1.9).
"""

from __future__ import annotations

import attrs

from balws.interfaces import IMember

__all__ = ["Store", "Stored"]


@attrs.define(eq=False)
class Stored:
    """
    @ivar name: under which it is stored.
    @ivar member: the connection.
    @ivar fence: of the claim; 0 until it is known.
    @ivar rival: the fence of another node's claim that came while ours was not known.
    @ivar oldest: the fence since which connections of this node have the name, without a break:
        what was sent to the former one is for this; L{None}: its own.
    """

    name: str
    member: IMember
    fence: int = 0
    rival: int = 0
    oldest: int | None = None

    @property
    def isVoid(self) -> bool:
        """
        Whether another node has claimed the name later.
        """
        return 0 < self.fence < self.rival

    def takes(self, fence: int) -> bool:
        """
        @return: whether what was sent to a claim with this fence is for this connection.
        """
        return fence >= (self.fence if self.oldest is None else self.oldest)

    def endsBy(self, fence: int) -> bool:
        """
        @return: whether the name was taken from this connection when it was taken from a claim with this fence:
            who has claimed it since still has it, for the broker, too.
        """
        return self.takes(fence) and fence >= self.fence


class Store:
    """
    A name means one connection; a connection may have many names.
    """

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}
        self._names: dict[IMember, set[str]] = {}

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, name: str) -> bool:
        return name in self._stored

    def get(self, name: str) -> Stored | None:
        """
        @return: what is stored under a name.
        """
        return self._stored.get(name)

    def of(self, member: IMember) -> tuple[str, ...]:
        """
        @return: the names of a connection.
        """
        return tuple(self._names.get(member, ()))

    def put(self, name: str, member: IMember) -> Stored:
        """
        Store a connection in place of the one that had the name (decision 9).
        """
        former = self.remove(name)
        stored = self._stored[name] = Stored(name, member)
        if former is not None:
            stored.oldest = former.fence if former.oldest is None else former.oldest
        self._names.setdefault(member, set()).add(name)
        return stored

    def remove(self, name: str) -> Stored | None:
        """
        Forget a name.

        @return: what was stored under it.
        """
        stored = self._stored.pop(name, None)
        if stored is not None:
            names = self._names[stored.member]
            names.discard(name)
            if not names:
                del self._names[stored.member]
        return stored

    def drop(self, stored: Stored) -> bool:
        """
        Forget a name if it still means the same.

        @return: whether it did.
        """
        if self._stored.get(stored.name) is not stored:
            return False
        self.remove(stored.name)
        return True

    def forget(self, member: IMember) -> list[Stored]:
        """
        A connection is gone.

        @return: what was stored of it.
        """
        names = self._names.get(member)
        if not names:
            return []
        return [stored for name in tuple(names) if (stored := self.remove(name)) is not None]

    def fences(self) -> dict[str, int]:
        """
        @return: all names, each with its fence.
        """
        return {name: stored.fence for name, stored in self._stored.items()}
