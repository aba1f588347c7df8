# -*- test-case-name: tests.admin.test_recent -*-
"""
Answers that several consoles have together: each would ask the same every second.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from balws.admin.facts import ConnectionPage, GroupPage, Summary
from balws.admin.operations import IOperations, Query

__all__ = ["FRESH", "Recent"]

#: For so many seconds an answer is as good as a new one.
FRESH = 0.5


@attrs.define(eq=False)
class _Answer:
    """
    @ivar since: when it was asked for.
    @ivar asked: the question; L{None} when it is answered.
    @ivar result: the answer, or why there is none.
    @ivar waiting: who waits for it.
    """

    since: float
    asked: Deferred[Any] | None = None
    result: Any = None
    isThere: bool = False
    waiting: list[Deferred[Any]] = attrs.field(factory=list)

    def come(self, result: Any) -> None:
        """
        It is there.
        """
        self.result, self.isThere, self.asked = result, True, None
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            self.give(each)

    def give(self, asking: Deferred[Any]) -> None:
        """
        Tell one who asks.
        """
        if isinstance(self.result, Failure):
            asking.errback(self.result)
        else:
            asking.callback(self.result)


class Recent:
    """
    Asks operations what nobody has asked within L{FRESH}.
    """

    def __init__(self, operations: IOperations, clock: IReactorTime) -> None:
        self._operations = operations
        self._clock = clock
        self._answers: dict[Hashable, _Answer] = {}

    def summary(self) -> Deferred[Summary]:
        """
        See L{IOperations}.
        """
        return self._recent("summary", self._operations.summary)

    def connections(self, query: Query) -> Deferred[ConnectionPage]:
        """
        See L{IOperations}.
        """
        return self._recent(("connections", query), self._operations.connections, query)

    def groups(self, query: Query) -> Deferred[GroupPage]:
        """
        See L{IOperations}.
        """
        return self._recent(("groups", query), self._operations.groups, query)

    def _recent(self, key: Hashable, ask: Callable[..., Deferred[Any]], *arguments: Any) -> Deferred[Any]:
        def leave(asking: Deferred[Any]) -> None:
            # Who does not wait any longer takes the answer from nobody else; the last one ends the question.
            answer.waiting.remove(asking)
            if not answer.waiting and answer.asked is not None:
                del self._answers[key]
                answer.asked.cancel()

        now = self._clock.seconds()
        for old in [each for each, answer in self._answers.items() if answer.isThere and now - answer.since >= FRESH]:
            del self._answers[old]
        asking: Deferred[Any] = Deferred(leave)
        known = self._answers.get(key)
        answer = _Answer(now) if known is None else known
        if known is None:
            self._answers[key] = answer
            answer.asked = ask(*arguments)
            answer.asked.addBoth(answer.come)
        if answer.isThere:
            answer.give(asking)
        else:
            answer.waiting.append(asking)
        return asking
