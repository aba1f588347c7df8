# -*- test-case-name: tests.session.test_age -*-
"""
A connection has lived long enough: its peer connects again, perhaps to another process.
"""

from __future__ import annotations

from random import uniform
from typing import TYPE_CHECKING

from balws.errors import ConnectionClosureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from balws.session.terms import Terms
    from balws.wire.protocol import Wire

#: Seconds after which it is looked at, however old it may get: see the idle timeout's.
_LOOK = 30.0

#: How much more or less each connection gets: those that came together do not come again together.
_SHARE = 0.1

#: What the peer is told; and how many seconds a method has to end before, and the peer to answer.
TOO_OLD = 1001, "the connection is too old"
_PATIENCE = 5.0


class Age:
    """
    Closes a conversation at the end of its time: a method that runs may end, and its answer is
    written; messages that wait behind it are dropped.
    """

    terms: Terms
    wire: Wire
    isOpen: bool
    _until = 0.0

    def _watchAge(self, seconds: float) -> None:
        """
        @param seconds: how old it may get, more than 0; a tenth more or less is taken.
        """
        self._until = self.terms.clock.seconds() + seconds * uniform(1 - _SHARE, 1 + _SHARE)  # noqa: S311
        self._waitForAge()

    def _waitForAge(self) -> None:
        self.terms.wheel.add(min(self._until - self.terms.clock.seconds(), _LOOK), self._checkAge)

    def _checkAge(self) -> None:
        if not self.isOpen:
            return
        if self.terms.clock.seconds() < self._until:
            self._waitForAge()
        else:
            self.terms.wheel.add(_PATIENCE, self._sayTooOld)
            self.drain(self._sayTooOld)
            # Whatever the queue waited for, the peer's close frame must be seen.
            self.wire.resumeReading()

    def _sayTooOld(self) -> None:
        if self.isOpen:
            # Who does not answer in time is dropped, and that is all there is to it.
            self.close(*TOO_OLD, _PATIENCE).addErrback(lambda failure: failure.trap(ConnectionClosureError) and None)

    if TYPE_CHECKING:  # the rest of the conversation

        def drain(self, done: Callable[[], object]) -> None: ...

        def close(self, statusCode: int | None, reason: str | None, timeout: float | None) -> Deferred[None]: ...
