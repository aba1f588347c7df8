# -*- test-case-name: tests.wire.test_roster -*-
"""
Who is connected to a listener, and what still runs for those that were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from twisted.internet.defer import Deferred, succeed


class Roster:
    """
    Connections add themselves when they begin and discard themselves when they end.

    @ivar members: those that have not ended.
    @ivar newcomer: is called with each member that is added; L{None}: nobody asks.
    """

    newcomer: Callable[[Any], object] | None = None
    _released = False

    def __init__(self) -> None:
        self.members: set[Any] = set()
        # Of those that nobody can ever fire nothing remains.
        self._unfinished: WeakSet[Deferred[None]] = WeakSet()
        self._leaving: list[Deferred[None]] = []
        self._quieting: list[Deferred[None]] = []

    def add(self, member: Any) -> None:
        """
        It has begun.
        """
        self.members.add(member)
        if self.newcomer is not None:
            self.newcomer(member)

    def discard(self, member: Any) -> None:
        """
        It has ended; to say so twice has no effect.
        """
        self.members.discard(member)
        if (self._leaving or self._quieting) and not self.members:
            self._empty()

    def whenEmpty(self) -> Deferred[None]:
        """
        @return: fires when nobody is left, at once where nobody is.
        """
        if not self.members:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._leaving.append(waiter)
        return waiter

    def _empty(self) -> None:
        leaving, self._leaving = self._leaving, []
        for waiter in leaving:
            waiter.callback(None)
        self._look()

    # What they leave behind

    def hold(self, unfinished: Deferred[None]) -> None:
        """
        A connection ends, and a method still runs for it.

        @param unfinished: fires when that has ended.  Must be kept by who will fire it.
        """
        if not self._released:
            self._unfinished.add(unfinished)
            unfinished.addCallback(self._finished)

    def _finished(self, _: None) -> None:
        # Which one does not matter: those that have fired do not count.
        if self._quieting:
            self._look()

    def whenQuiet(self) -> Deferred[None]:
        """
        @return: fires when nobody is left and no method runs for those that were here; at
            once where this is so.
        """
        waiter: Deferred[None] = Deferred()
        self._quieting.append(waiter)
        self._look()
        return waiter

    def release(self) -> None:
        """
        Who waits until it is quiet waits for connections only, not for methods.
        """
        self._released = True
        self._unfinished.clear()
        self._look()

    def _look(self) -> None:
        if self.members or any(not each.called for each in self._unfinished):
            return
        self._released = False
        self._unfinished.clear()
        quieting, self._quieting = self._quieting, []
        for waiter in quieting:
            waiter.callback(None)
