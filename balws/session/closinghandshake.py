# -*- test-case-name: tests.session.test_closinghandshake -*-
"""
We close: our close frame, the peer's, and the time between (seed 4, 4.3 close).
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from balws.closing import fitReason, isSendable
from balws.config.values import MAX_NUMBER
from balws.errors import ConnectionClosureError, Error
from balws.wire.protocol import Wire
from balws.wire.written import quiet

#: A wait of more than this many seconds is a mistake (table B9).
LONGEST = MAX_NUMBER


def refusal(statusCode: Any, reason: Any, timeout: Any) -> Exception | None:
    """
    @return: why this cannot be sent, or L{None}.
    """
    if not isinstance(statusCode, int) or isinstance(statusCode, bool) or not isSendable(statusCode):
        return Error(f"Failed to execute close. Invalid status code: {statusCode}")
    if not isinstance(reason, str):
        return TypeError(f"a close reason is a str, not {type(reason).__name__}")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        return TypeError(f"a close timeout is a number, not {type(timeout).__name__}")
    if timeout > LONGEST or timeout != timeout:  # too long, or NaN
        return Error(f"Invalid timeout value: {timeout}")
    return None


class ClosingHandshake:
    """
    Waits for the peer's close frame on behalf of one C{close()}.
    """

    def __init__(self, wire: Wire, clock: IReactorTime, code: int, timeout: float) -> None:
        self._wire = wire
        self._code = code
        self._timeout = timeout
        self._call: IDelayedCall | None = clock.callLater(timeout, self._tooLate) if timeout > 0 else None
        self.done: Deferred[None] = Deferred()

    def begin(self, reason: str) -> Deferred[None]:
        """
        Send our close frame.

        @return: what C{close()} returns.
        """
        if self._timeout == 0:
            self._finish(None)
        self._wire.sendClose(self._code, fitReason(reason))
        if self._timeout == 0:
            self._wire.drop()
        return self.done

    def answered(self, code: int) -> None:
        """
        The peer's close frame is here.
        """
        if code == self._code:
            self._finish(None)
        else:
            self._finish(
                ConnectionClosureError(
                    f"Expected status code {self._code} but found {code} in echoed close frame from remote endpoint",
                    code,
                )
            )

    def lost(self) -> None:
        """
        TCP is gone and no close frame came.
        """
        self._finish(
            ConnectionClosureError("Connection is closed by remote endpoint without echoing a close frame")
        )

    def _tooLate(self) -> None:
        self._call = None
        self._finish(
            ConnectionClosureError(
                f"Could not receive a WebSocket close frame from remote endpoint within {self._timeout:g} seconds"
            )
        )
        self._wire.abort()

    def _finish(self, error: Exception | None) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self.done.called:
            return
        if error is None:
            self.done.callback(None)
        else:
            self.done.errback(error)
            quiet(self.done)
