# -*- test-case-name: tests.session.test_asides -*-
"""
What does not wait for its turn: pings, pongs, and calls because nothing happens
(ruling 4).
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.closing import CloseFrame
from balws.errors import Error
from balws.wire.frames import PONG
from balws.wire.written import WRITTEN

if TYPE_CHECKING:
    from balws.session.caller import Caller
    from balws.session.methods import MethodTable
    from balws.session.terms import Terms

#: Seconds after which an idle connection is looked at, however long it may be idle: no
#: timer of the wheel can be cancelled, and those of ended connections must not pile up.
_LOOK = 30.0


class Asides:
    """
    The calls of a conversation that keep no message waiting.

    @ivar idleTimeout: seconds without a message after which C{onIdleTimeout} is called;
        0 where it never is.
    """

    _log: Logger
    caller: Caller
    service: Any
    table: MethodTable
    terms: Terms
    isOpen: bool
    idleTimeout: float
    _lastTraffic = 0.0

    # Control frames

    def pingReceived(self, data: bytes) -> None:
        """
        See L{balws.interfaces.ISession}; after closure nobody is asked.
        """
        if self.isOpen:
            self._aside("onPing", {"data": data}, self._answerPing)

    def pongReceived(self, data: bytes) -> None:
        """
        See L{balws.interfaces.ISession}; after closure nobody is asked.
        """
        if self.isOpen:
            self._aside("onPong", {"data": data}, self._answerPong)

    # Idleness: control frames are no traffic, whoever sends them (ruling 4)

    def _touch(self) -> None:
        self._lastTraffic = self.terms.clock.seconds()

    def _watchIdleness(self, after: float) -> None:
        self.terms.wheel.add(min(after, _LOOK), self._checkIdle)

    def _checkIdle(self) -> None:
        if not self.isOpen:
            return
        left = self._lastTraffic + self.idleTimeout - self.terms.clock.seconds()
        if left > 0:
            self._watchIdleness(left)
            return
        self._touch()
        self._watchIdleness(self.idleTimeout)
        self._aside("onIdleTimeout", {}, self._answerClosing)

    # Calls and their results

    def _aside(self, name: str, given: dict[str, Any], then: Any) -> None:
        """
        Call a method that does not wait for its turn, nor keep others waiting.
        """
        method = self.table.fixed[name]
        try:
            result = method.call(self.service, {"caller": self.caller, **given})
        except Exception:
            self._raised(Failure())
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            result.addCallback(then).addErrback(self._raised)
        else:
            then(result)

    def _answerPing(self, result: Any) -> None:
        if isinstance(result, (bytes, bytearray, memoryview)):
            self.sendControl(PONG, bytes(result)).addErrback(self._raised)
        else:
            self._answerClosing(result)

    def _answerPong(self, result: Any) -> None:
        if isinstance(result, (str, bytes, bytearray, memoryview)):
            self.send(result).addErrback(self._raised)
        else:
            self._answerClosing(result)

    def _answerClosing(self, result: Any) -> None:
        """
        What a method beside the messages returned: only a close frame acts.
        """
        if isinstance(result, CloseFrame):
            self.closeWith(result)
        elif isinstance(result, Error):
            self._log.error("A method of {service} returned an error: {error}", service=self.table.owner, error=result)
        elif result is not None and result is not WRITTEN:
            self._log.error(
                "A method of {service} returned {type}, which is not sent from there",
                service=self.table.owner,
                type=type(result).__name__,
            )

    if TYPE_CHECKING:  # the rest of the conversation

        def send(self, value: Any) -> Deferred[None]: ...
        def sendControl(self, opcode: int, data: bytes) -> Deferred[None]: ...
        def closeWith(self, frame: CloseFrame) -> None: ...
        def _raised(self, failure: Failure) -> None: ...
