# -*- test-case-name: tests.session.test_expiry -*-
"""
Credentials expire while their connection lives (decision 15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from balws.errors import ConnectionClosureError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from balws.auth.login import Login
    from balws.session.terms import Terms

#: Seconds after which it is looked at, however long it may take: see the idle timeout's.
_LOOK = 30.0

#: What the peer is told, and how many seconds it has to answer.
EXPIRED = 1008, "token expired"
_PATIENCE = 5.0


class Expiry:
    """
    Closes a conversation when its login has no time left.
    """

    terms: Terms
    login: Login | None
    isOpen: bool

    def _watchExpiry(self) -> None:
        left = None if self.login is None else self.login.left
        if left is not None:
            self.terms.wheel.add(min(left, _LOOK), self._checkExpiry)

    def _checkExpiry(self) -> None:
        if not self.isOpen or self.login is None:
            return
        if self.login.left:
            self._watchExpiry()
        else:
            # Who does not answer in time is dropped, and that is all there is to it.
            self.close(*EXPIRED, _PATIENCE).addErrback(lambda failure: failure.trap(ConnectionClosureError) and None)

    if TYPE_CHECKING:  # the rest of the conversation

        def close(self, statusCode: int | None, reason: str | None, timeout: float | None) -> Deferred[None]: ...
