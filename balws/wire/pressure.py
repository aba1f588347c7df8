# -*- test-case-name: tests.wire.test_sending -*-
"""
A peer that does not keep up (decision 23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.errors import ConnectionClosureError
from balws.wire.settings import WireSettings
from balws.wire.transport import unsent
from balws.wire.written import quiet

#: What a write that waits costs beside its bytes, at least.
WAITER = 256


class Pressure:
    """
    The producer of a wire's transport: writes wait while it is congested, and a peer
    that is slow for too long is cut.

    @ivar congested: the transport holds more than it wants to.
    """

    _log = Logger(namespace="balws.wire")

    factory: Any
    transport: Any
    settings: WireSettings

    congested = False
    _waiting: list[Deferred[None]] | None = None
    _latestPing: bytes | None = None
    _slow: IDelayedCall | None = None
    _largest = 0

    def pauseProducing(self) -> None:
        """
        The transport holds more than 64 KiB that the peer has not taken.
        """
        self.congested = True

    def resumeProducing(self) -> None:
        """
        The peer has taken everything.
        """
        self.congested = False
        self._largest = 0
        self._forgetSlow()
        ping, self._latestPing = self._latestPing, None
        if ping is not None:
            self.answerPing(ping)
        waiting, self._waiting = self._waiting, None
        for waiter in waiting or ():
            if not waiter.called:  # one may cancel another
                waiter.callback(None)

    def stopProducing(self) -> None:
        """
        The transport is gone; C{connectionLost} follows.
        """

    def _whenDrained(self, length: int) -> Deferred[None]:
        waiter: Deferred[None] = Deferred(self._forgetWaiter)
        if self._waiting is None:
            self._waiting = [waiter]
        else:
            self._waiting.append(waiter)
        self._watchBuffer(length)
        return waiter

    def _forgetWaiter(self, waiter: Deferred[None]) -> None:
        if self._waiting is not None and waiter in self._waiting:
            self._waiting.remove(waiter)

    def _watchBuffer(self, length: int) -> None:
        """
        Cut a peer that has not taken C{maxSendBuffer} for too long, and at once one
        that has twice as much to take: or twice the largest message that it has to take,
        for one alone may be as large as the service likes.

        @param length: of the message that was just written, in bytes.
        """
        self._largest = max(self._largest, length)
        size, limit = self.held(), self.settings.maxSendBuffer
        if size > 2 * max(limit, self._largest):
            self._cutSlow()
        elif size <= limit:
            self._forgetSlow()
        elif self._slow is None:
            self._slow = self.settings.clock.callLater(self.settings.slowConsumerTimeout, self._slowTooLong)

    def _slowTooLong(self) -> None:
        self._slow = None
        if self.held() > self.settings.maxSendBuffer:
            self._cutSlow()

    def held(self) -> int:
        """
        @return: what the peer makes us hold: unsent bytes, and something for each write that
            waits, or many small ones would take many times what is allowed.
        """
        return unsent(self.transport) + WAITER * len(self._waiting or ())

    def _cutSlow(self) -> None:
        self._log.warn(
            "Aborting a connection whose peer does not read: {unsent} bytes wait", unsent=unsent(self.transport)
        )
        self.factory.watch.slow()
        self.abort()

    def _forgetSlow(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _failWaiting(self) -> None:
        self._forgetSlow()
        waiting, self._waiting = self._waiting, None
        if not waiting:
            return
        # One for all: there may be thousands.
        failure = Failure(ConnectionClosureError("Connection closed before the message was sent"))
        for waiter in waiting:
            if not waiter.called:
                waiter.errback(failure)
                quiet(waiter)

    if TYPE_CHECKING:  # what the rest of the wire provides

        def abort(self) -> None: ...
        def answerPing(self, payload: bytes) -> None: ...
