# -*- test-case-name: tests.hub.test_membership -*-
"""
Tells the broker of which groups this node has members: one step at a time for each group,
however quickly they come and go.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from balws.hub.broker import IBroker

__all__ = ["Membership"]


class Membership:
    """
    What the broker was told, and what waits for its answer.
    """

    def __init__(self, broker: IBroker) -> None:
        self._broker = broker
        self._inside: set[str] = set()
        self._entering: dict[str, list[Deferred[None]]] = {}
        self._leaving: set[str] = set()

    def enter(self, group: str) -> Deferred[None]:
        """
        There are members.

        @return: as L{IBroker.enter}.
        """
        self._leaving.discard(group)
        if group in self._inside:
            return succeed(None)
        entered: Deferred[None] = Deferred()
        waiting = self._entering.get(group)
        if waiting is not None:
            waiting.append(entered)
        else:
            self._entering[group] = [entered]
            self._broker.enter(group).addBoth(self._entered, group)
        return entered

    def exit(self, group: str) -> None:
        """
        There are none any more.
        """
        if group in self._entering:
            self._leaving.add(group)
        elif group in self._inside:
            self._inside.discard(group)
            self._broker.exit(group)

    def _entered(self, result: Failure | None, group: str) -> None:
        # Also where it failed: the broker asks what there is when it is back.
        waiting = self._entering.pop(group)
        self._inside.add(group)
        if group in self._leaving:
            self._leaving.discard(group)
            self.exit(group)
        for entered in waiting:
            if isinstance(result, Failure):
                entered.errback(result)
            else:
                entered.callback(None)
