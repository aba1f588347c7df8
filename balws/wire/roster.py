# -*- test-case-name: tests.wire.test_roster -*-
"""
Who is connected to a listener.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed


class Roster:
    """
    Connections add themselves when they begin and discard themselves when they end.

    @ivar members: those that have not ended.
    """

    def __init__(self) -> None:
        self.members: set[Any] = set()
        self._waiting: list[Deferred[None]] = []

    def add(self, member: Any) -> None:
        """
        It has begun.
        """
        self.members.add(member)

    def discard(self, member: Any) -> None:
        """
        It has ended; to say so twice has no effect.
        """
        self.members.discard(member)
        if self._waiting and not self.members:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                waiter.callback(None)

    def whenEmpty(self) -> Deferred[None]:
        """
        @return: fires when nobody is left, at once where nobody is.
        """
        if not self.members:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        return waiter
