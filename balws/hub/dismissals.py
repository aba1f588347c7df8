# -*- test-case-name: tests.hub.test_dismissals -*-
"""
Connections that are closed: some at a time, for a group may have very many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from balws.interfaces import IMember

__all__ = ["A_TURN", "Dismissals"]

#: So many are closed before others have their turn.
A_TURN = 200


class Dismissals:
    """
    Those of one node.

    @ivar clock: gives others their turns; L{None}: all are closed at once.
    """

    _log = Logger(namespace="balws.hub")

    def __init__(self) -> None:
        self.clock: IReactorTime | None = None
        self._members: deque[IMember] = deque()
        self._later: IDelayedCall | None = None
        self._isAtWork = False

    def close(self, member: IMember) -> None:
        """
        Close one, now.
        """
        try:
            member.dismiss()
        except Exception:
            self._log.failure("A connection could not be closed")

    def add(self, members: Iterable[IMember]) -> None:
        """
        Close them all, the first of them now unless others are before them.
        """
        self._members.extend(members)
        if self._later is None and not self._isAtWork:
            self._turn()

    def _turn(self) -> None:
        self._later, self._isAtWork = None, True
        left = A_TURN
        while self._members and (left or self.clock is None):
            left -= 1
            # Whoever is told of its end may have others closed.
            self.close(self._members.popleft())
        self._isAtWork = False
        if self._members and self.clock is not None:
            self._later = self.clock.callLater(0, self._turn)

    def stop(self) -> None:
        """
        Close nobody else: those who are left end with their listener.
        """
        self._members.clear()
        if self._later is not None:
            self._later.cancel()
            self._later = None
