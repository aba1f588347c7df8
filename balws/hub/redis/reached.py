# -*- test-case-name: tests.hub.redis.test_link -*-
"""
What the two connections to Redis have in common.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

from balws.hub.redis.line import Line
from balws.hub.redis.protocol import Conversation

__all__ = ["Reached"]

C = TypeVar("C", bound=Conversation)


class Reached(Generic[C]):
    """
    Has a line, which comes back by itself.
    """

    _line: Line[C]

    @property
    def name(self) -> str:
        """
        Where Redis is, for people.
        """
        return self._line.name

    @property
    def isUp(self) -> bool:
        """
        Whether it can be used now.
        """
        current = self._line.current
        return current is not None and not current.problem

    @property
    def problem(self) -> str:
        """
        Why not, in words for the operator, without secrets; empty while it can.
        """
        current = self._line.current
        return self._line.problem if current is None else current.problem

    def start(self) -> None:
        """
        Connect, and go on trying.
        """
        self._line.start()

    def stop(self) -> Deferred[None]:
        """
        Send what was asked, whose answers are not waited for, and end.

        @return: fires when the connection is gone.
        """
        return self._line.stop()

    def drop(self, problem: str) -> None:
        """
        Abort the connection, which seems to be dead, and make another.

        @param problem: why, in words for the operator, without secrets.
        """
        self._line.drop(problem)
