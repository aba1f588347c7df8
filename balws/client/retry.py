# -*- test-case-name: tests.client.test_retry -*-
"""
Whether to connect again, and when (table B11, decision 25).
"""

from __future__ import annotations

from random import SystemRandom

from balws.closing import ABNORMAL
from balws.config.client import WebSocketRetryConfig
from balws.errors import AuthUnavailableError, ConnectionError, HandshakeTimedOut, InvalidHandshakeError

#: How a connection may have ended for another to be tried: TCP was lost, or the server
#: said that it goes away (1001, which is what every listener says that is stopped),
#: restarts (1012), has too much to do (1013), or lost what is behind it (1014).
RETRIED_CODES = frozenset((1001, ABNORMAL, 1012, 1013, 1014))

#: What a proxy says while the server behind it restarts.  Only for a connection that was
#: accepted before: a first one with such an answer fails (table B11).
RETRIED_STATUSES = frozenset((429, 500, 502, 503, 504))

_uniform = SystemRandom().uniform


def isTemporary(problem: Exception, isFirst: bool) -> bool:
    """
    @param problem: why an attempt failed.
    @param isFirst: whether there was no connection yet.
    @return: whether another attempt may go better.
    """
    if isinstance(problem, InvalidHandshakeError):
        return not isFirst and problem.response is not None and problem.response.status in RETRIED_STATUSES
    return isinstance(problem, (AuthUnavailableError, ConnectionError, HandshakeTimedOut))


class Backoff:
    """
    The waits between the attempts of one client.
    """

    def __init__(self, config: WebSocketRetryConfig) -> None:
        self._config = config
        self._longest = self._first = min(config.interval, config.maxWaitInterval)
        self.attempt = 0

    def succeeded(self, lasted: float) -> None:
        """
        There was a connection: the attempts are counted anew.  The waits begin anew when it
        was of use: a server that accepts and drops at once is still backed off from.

        @param lasted: for how many seconds.
        """
        self.attempt = 0
        if lasted >= self._longest:
            self._longest = self._first

    def next(self) -> float | None:
        """
        @return: the seconds to wait, any number from 0 to C{min(interval *
            backOffFactor ** n, maxWaitInterval)}: those that lost a server together must
            not come back together.  L{None} when C{maxCount} attempts were made.
        """
        config = self._config
        if 0 < config.maxCount <= self.attempt:
            return None
        self.attempt += 1
        wait = _uniform(0, self._longest)
        # Not interval * factor ** n: a client that waits for days would overflow it.
        self._longest = min(self._longest * config.backOffFactor, config.maxWaitInterval)
        return wait
