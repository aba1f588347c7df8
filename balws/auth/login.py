# -*- test-case-name: tests.auth.test_login -*-
"""
Somebody was let in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

__all__ = ["Login", "letGo"]

#: Years away is never: what a clock can still add up.
_FAR = 10.0 * 365 * 86400


_log = Logger(namespace="balws.auth")


def letGo(logout: Callable[[], object]) -> None:
    """
    Tell a realm that an avatar is of no use any more.

    @param logout: what the realm gave with it; an error of it is logged.
    """
    try:
        logout()
    except Exception:
        _log.failure("A realm's logout failed")


class Login:
    """
    @ivar principal: the realm's avatar.
    @ivar kind: what told who it is, such as C{file} or C{jwt}.
    """

    __slots__ = ("_clock", "_due", "_logout", "kind", "principal")

    def __init__(
        self,
        principal: Any,
        kind: str,
        logout: Callable[[], object] | None,
        clock: IReactorTime,
        left: float | None,
    ) -> None:
        """
        @param logout: the realm's, to be called when the avatar is of no use any more.
        @param left: seconds from now until the credentials expire; L{None} never.
        """
        self.principal = principal
        self.kind = kind
        self._logout = logout
        self._clock = clock
        self._due = None if left is None or left > _FAR else clock.seconds() + left

    @property
    def left(self) -> float | None:
        """
        Seconds until the credentials expire, not below 0; L{None} for ever.
        """
        return None if self._due is None else max(0.0, self._due - self._clock.seconds())

    def end(self) -> None:
        """
        Let the avatar go.  A second call does nothing.
        """
        logout, self._logout = self._logout, None
        if logout is not None:
            letGo(logout)
