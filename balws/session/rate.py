# -*- test-case-name: tests.session.test_rate -*-
"""
A peer that says more in a second than it may is not refused: it is read more slowly (row SZ15).
"""

from __future__ import annotations

from collections.abc import Callable

from balws.session.connection import Connection


class Paced(Connection):
    """
    Has a bucket of tokens: each message takes one, and as many are put in within a second as
    the bucket holds.  When it is empty, the wire reads no more until there is a token: what the
    peer goes on to send waits in its own socket.  Control frames take none.

    @ivar rate: how many messages in a second, and at a time.
    """

    rate = 1
    _tokens = 0.0
    _counted = 0.0
    _dry = False

    def textReceived(self, text: str) -> None:
        self._takeToken()
        super().textReceived(text)

    def binaryReceived(self, data: bytes) -> None:
        self._takeToken()
        super().binaryReceived(data)

    def ended(self, code: int, reason: str) -> None:
        self._dry = False  # nothing more comes; what has come is not held up
        super().ended(code, reason)

    def drain(self, done: Callable[[], object]) -> None:
        self._dry = False  # what comes is thrown away
        super().drain(done)

    def setRate(self, rate: int) -> None:
        """
        Before it is opened.

        @param rate: at least 1.
        """
        self.rate = rate
        self._tokens = float(rate)
        self._counted = self.terms.clock.seconds()

    def _takeToken(self) -> None:
        if self.dropping or not self.isOpen:
            return  # what comes now is thrown away, and the peer's close frame is behind it
        now = self.terms.clock.seconds()
        self._tokens = min(self._tokens + (now - self._counted) * self.rate, float(self.rate)) - 1.0
        self._counted = now
        if self._tokens < 1.0:
            self._dry = True
            self.wire.pauseReading()
            self.terms.wheel.add((1.0 - self._tokens) / self.rate, self._refilled)

    def _refilled(self) -> None:
        if not self._dry:
            return
        self._dry = False
        if not self.running:
            self._pump()
        elif self._pending is None or not self._pending.full:
            self.wire.resumeReading()

    def _pump(self) -> None:
        # It would read on.
        if not self._dry:
            super()._pump()

    def _terminate(self) -> None:
        # Elsewhere nothing waits when no method runs; here it may have waited for a token.
        if self._pending and not (self.running or self._pumping or self._terminated):
            self._pump()
        else:
            super()._terminate()
