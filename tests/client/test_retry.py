"""
Tests of L{balws.client.retry}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.client import retry
from balws.client.response import HttpResponse
from balws.client.retry import RETRIED_CODES, Backoff, isTemporary
from balws.config import WebSocketRetryConfig
from balws.errors import (
    AuthError,
    AuthUnavailableError,
    ConfigurationError,
    ConnectionClosureError,
    ConnectionError,
    Error,
    HandshakeTimedOut,
    InvalidHandshakeError,
    SslError,
)


def answered(status: int) -> InvalidHandshakeError:
    """
    @return: the error of an answer with this status.
    """
    return InvalidHandshakeError("refused", HttpResponse(status, "", {}))


class TemporaryTests(SynchronousTestCase):
    """
    Which errors may go better another time.
    """

    def test_nobodyThere(self) -> None:
        """
        Nobody there, no answer in time, and a connection that broke are tried again, first or not.
        """
        for problem in (ConnectionError("x"), HandshakeTimedOut("x"), ConnectionClosureError("x")):
            self.assertTrue(isTemporary(problem, True))
            self.assertTrue(isTemporary(problem, False))

    def test_credentials(self) -> None:
        """
        Credentials that nobody can give just now are asked for again; those that are
        refused are not.
        """
        for isFirst in (True, False):
            self.assertTrue(isTemporary(AuthUnavailableError("the token endpoint is down"), isFirst))
            self.assertFalse(isTemporary(AuthError("the secret is wrong"), isFirst))

    def test_statuses(self) -> None:
        """
        What a proxy says while a server restarts is tried again, but not where there was no connection yet.
        """
        for status in (429, 500, 502, 503, 504):
            self.assertTrue(isTemporary(answered(status), False), status)
            self.assertFalse(isTemporary(answered(status), True), status)

    def test_final(self) -> None:
        """
        All other answers are final: above all 401, 403 and 404.
        """
        for status in (101, 200, 301, 307, 400, 401, 403, 404, 405, 408, 426, 428, 430, 431, 499, 501, 505, 511):
            self.assertFalse(isTemporary(answered(status), False), status)
            self.assertFalse(isTemporary(answered(status), True), status)

    def test_others(self) -> None:
        """
        No HTTP, no TLS, and whatever else is wrong would be wrong again.
        """
        for problem in (
            InvalidHandshakeError("no HTTP"),
            SslError("x"),
            Error("x"),
            ConfigurationError("x"),
            ValueError("x"),
        ):
            self.assertFalse(isTemporary(problem, False))
            self.assertFalse(isTemporary(problem, True))

    def test_codes(self) -> None:
        """
        A connection is made again after 1001, 1006, 1012, 1013 and 1014, and after no other code.
        """
        self.assertEqual([code for code in range(5000) if code in RETRIED_CODES], [1001, 1006, 1012, 1013, 1014])


class BackoffTests(SynchronousTestCase):
    """
    How long to wait between attempts.
    """

    def longest(self, count: int, **fields: float) -> list[float]:
        """
        @return: the longest that each wait can be.
        """
        asked = []

        def uniform(low: float, high: float) -> float:
            self.assertEqual(low, 0)
            asked.append(high)
            return high / 2

        self.patch(retry, "_uniform", uniform)
        backoff = Backoff(WebSocketRetryConfig(**fields))
        waits = [backoff.next() for _ in range(count)]
        self.assertEqual(waits, [high / 2 for high in asked])
        return asked

    def test_formula(self) -> None:
        """
        The n-th wait is up to min(interval * factor ** n, maxWaitInterval), n from 0.
        """
        self.assertEqual(
            self.longest(7, interval=2, backOffFactor=2, maxWaitInterval=30), [2, 4, 8, 16, 30, 30, 30]
        )
        self.assertEqual(self.longest(4, interval=0.5, backOffFactor=1.5, maxWaitInterval=1.5), [0.5, 0.75, 1.125, 1.5])

    def test_defaults(self) -> None:
        """
        Without further words every wait is up to one second.
        """
        self.assertEqual(self.longest(4), [1, 1, 1, 1])

    def test_longInterval(self) -> None:
        """
        The first wait too is no longer than maxWaitInterval.
        """
        self.assertEqual(self.longest(2, interval=60, maxWaitInterval=3), [3, 3])

    def test_noInterval(self) -> None:
        """
        An interval or a maxWaitInterval of 0 does not wait.
        """
        self.assertEqual(self.longest(3, interval=0, backOffFactor=10), [0, 0, 0])
        self.assertEqual(self.longest(3, maxWaitInterval=0, backOffFactor=10), [0, 0, 0])

    def test_forDays(self) -> None:
        """
        However long it goes on, the waits stay what they are.
        """
        self.assertEqual(set(self.longest(3000, interval=1, backOffFactor=1e9, maxWaitInterval=30)), {1, 30})

    def test_scattered(self) -> None:
        """
        The waits lie anywhere from 0 to the longest: those that lost a server together do not come back together.
        """
        waits = []
        for _ in range(2000):
            wait = Backoff(WebSocketRetryConfig(interval=10)).next()
            assert wait is not None
            waits.append(wait)
        self.assertTrue(all(0 <= wait <= 10 for wait in waits))
        for start in range(10):
            within = sum(start <= wait < start + 1 for wait in waits)
            self.assertTrue(100 < within < 320, within)

    def test_success(self) -> None:
        """
        After a connection the attempts are counted anew; the waits begin anew where it lasted as long as the next one
        would be: at n - 1, n, n + 1.
        """
        self.patch(retry, "_uniform", lambda low, high: high)
        for lasted, expected in ((7.9, 8), (8, 2), (8.1, 2), (0, 8)):
            backoff = Backoff(WebSocketRetryConfig(interval=2, backOffFactor=2, maxWaitInterval=30, maxCount=2))
            self.assertEqual([backoff.next(), backoff.next(), backoff.next()], [2, 4, None])
            backoff.succeeded(lasted)
            self.assertEqual(backoff.attempt, 0)
            self.assertEqual(backoff.next(), expected, lasted)

    def test_count(self) -> None:
        """
        After maxCount attempts there is no further one, at n as at n + 1.
        """
        for count in (1, 2, 20):
            backoff = Backoff(WebSocketRetryConfig(maxCount=count, interval=0))
            self.assertEqual([backoff.next() for _ in range(count)], [0] * count)
            self.assertEqual(backoff.attempt, count)
            self.assertEqual([backoff.next(), backoff.next()], [None, None])
            self.assertEqual(backoff.attempt, count)

    def test_endless(self) -> None:
        """
        A maxCount of 0 or below has no end.
        """
        for count in (0, -1, -7):
            backoff = Backoff(WebSocketRetryConfig(maxCount=count, interval=0))
            self.assertNotIn(None, [backoff.next() for _ in range(1000)])
