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
        #: Groups that were left before the broker has answered, each with those who came since.
        self._left: dict[str, list[Deferred[None]]] = {}

    def enter(self, group: str) -> Deferred[None]:
        """
        There are members.

        @return: as L{IBroker.enter}.
        """
        if group in self._inside:
            return succeed(None)
        entered: Deferred[None] = Deferred()
        waiting = self._left.get(group, self._entering.get(group))
        if waiting is None:
            self._enter(group, [entered])
        else:
            waiting.append(entered)
        return entered

    def _enter(self, group: str, waiting: list[Deferred[None]]) -> None:
        self._entering[group] = waiting
        self._broker.enter(group).addBoth(self._entered, group)

    def exit(self, group: str) -> None:
        """
        There are none any more.
        """
        if group in self._entering:
            self._entering[group] += self._left.get(group, ())
            self._left[group] = []
        elif group in self._inside:
            self._inside.discard(group)
            self._broker.exit(group)

    def _entered(self, result: Failure | None, group: str) -> None:
        # Also where it failed: the broker asks what there is when it is back.
        waiting = self._entering.pop(group)
        self._inside.add(group)
        later = self._left.pop(group, None)
        if later is not None:
            # Who dissolved the group may have done it behind this answer: for those who came
            # since, it is entered anew.
            self.exit(group)
        if later:
            self._enter(group, later)
        for entered in waiting:
            if isinstance(result, Failure):
                entered.errback(result)
            else:
                entered.callback(None)
