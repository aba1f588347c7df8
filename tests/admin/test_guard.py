"""
Tests of L{balws.admin.guard}: see L{tests.admin.test_api} for whole requests.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from balws.admin.guard import Denied, Guard, isHere
from balws.admin.refusals import LINES
from balws.admin.tokens import Token
from balws.auth.throttle import FIRST_WAIT, MAX_WAITING
from balws.config.listener import MAX_AUTH_FAILURES
from balws.config.secret import Secret
from tests.admin.observed import TOKEN


class IsHereTests(SynchronousTestCase):
    """
    By which names this machine may be called.
    """

    def test_names(self) -> None:
        """
        Its own names, with any port, and no other.
        """
        for host in ("localhost", "LOCALHOST:80", "127.0.0.1:9099", "127.1.2.3", "[::1]", "[::1]:65535"):
            self.assertTrue(isHere(host), host)
        for host in (
            "", "evil.example", "localhost.evil.example", "evil.example:9099", "127.0.0.1.evil.example",
            "192.0.2.1", "localhost:", "localhost:123456", "localhost\n", "xlocalhost", "::1", "localhost@evil",
            "[localhost]", "[evil.example]", "[::2]", "127.1", "0x7f.0.0.1", "2130706433",
        ):  # fmt: skip
            self.assertFalse(isHere(host), host)


class GuardTests(SynchronousTestCase):
    """
    Who may ask.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.guard = Guard(Token(Secret(TOKEN)), self.clock)
        self.lines: list[Any] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: Any) -> None:
        if event.get("log_namespace") == "balws.audit":
            self.lines.append(event)

    def admit(self, *shown: str) -> Deferred[None]:
        request: Any = DummyRequest([b"summary"])
        request.prepath = [b"api"]
        if shown:
            request.requestHeaders.setRawHeaders("authorization", shown)
        return Deferred.fromCoroutine(self.guard.admit(request))

    def denied(self, status: int, *shown: str) -> Denied:
        problem = self.failureResultOf(self.admit(*shown), Denied).value
        self.assertEqual(problem.status, status)
        return problem

    def test_right(self) -> None:
        """
        Who shows the token is let in, without a line in the log for each page.
        """
        self.assertIsNone(self.successResultOf(self.admit(f"Bearer {TOKEN}")))
        self.assertEqual(self.lines, [])

    def test_wrong(self) -> None:
        """
        A wrong token is answered with 401, and is in the log without itself.
        """
        denied = self.denied(401, "Bearer wrong")
        self.assertEqual(denied.headers["WWW-Authenticate"], 'Bearer realm="balws admin", error="invalid_token"')
        (line,) = self.lines
        self.assertEqual((line["result"], line["path"]), ("unauthenticated", "/api"))
        self.assertNotIn("wrong", str(line["why"]))

    def test_none(self) -> None:
        """
        Without one, with another scheme or with two, too; nobody tried then.
        """
        for shown in ((), ("Basic YTpi",), (TOKEN,), ("Bearer",), (f"Bearer {TOKEN}", f"Bearer {TOKEN}")):
            denied = self.denied(401, *shown)
            self.assertEqual(denied.headers["WWW-Authenticate"], 'Bearer realm="balws admin"')
        self.assertEqual(self.lines, [])

    def test_noToken(self) -> None:
        """
        Where the system decides nothing is asked.
        """
        self.guard = Guard(None, self.clock)
        self.assertIsNone(self.successResultOf(self.admit()))

    def test_slow(self) -> None:
        """
        Who guesses has to wait, longer and longer; the right token is let in at once.
        """
        for _ in range(MAX_AUTH_FAILURES):
            self.denied(401, "Bearer wrong")
        waiting = self.admit("Bearer wrong")
        self.assertNoResult(waiting)
        self.clock.advance(FIRST_WAIT)
        self.failureResultOf(waiting, Denied)
        self.assertIsNone(self.successResultOf(self.admit(f"Bearer {TOKEN}")))
        waiting = self.admit("Bearer wrong")
        self.clock.advance(FIRST_WAIT)
        self.assertNoResult(waiting)
        self.clock.advance(FIRST_WAIT)
        self.failureResultOf(waiting, Denied)

    def test_leaving(self) -> None:
        """
        Who goes away while he waits has guessed all the same.
        """
        for _ in range(MAX_AUTH_FAILURES):
            self.denied(401, "Bearer wrong")
        waiting = self.admit("Bearer wrong")
        waiting.addErrback(lambda failure: failure.trap(CancelledError))
        waiting.cancel()
        waiting = self.admit("Bearer wrong")
        self.clock.advance(FIRST_WAIT)
        self.assertNoResult(waiting)
        self.clock.advance(FIRST_WAIT)
        self.failureResultOf(waiting, Denied)

    def test_many(self) -> None:
        """
        When many who guess wait the next of them is turned away at once.
        """
        for _ in range(MAX_AUTH_FAILURES):
            self.denied(401, "Bearer wrong")
        waiting = [self.admit("Bearer wrong") for _ in range(MAX_WAITING)]
        denied = self.denied(429, "Bearer wrong")
        self.assertIsNone(self.successResultOf(self.admit(f"Bearer {TOKEN}")))
        self.assertIn("Retry-After", denied.headers)
        self.assertEqual(self.lines[-1]["result"], "throttled")
        self.clock.advance(60)
        for each in waiting:
            self.failureResultOf(each, Denied)

    def test_console(self) -> None:
        """
        A page shows the token among its sub-protocols; who is let in has a line in the log, without the token.
        """

        def admit(**fields: str) -> Deferred[None]:
            request: Any = DummyRequest([])
            request.prepath = [b"live"]
            for name, value in fields.items():
                request.requestHeaders.setRawHeaders(name.replace("_", "-"), [value])
            return Deferred.fromCoroutine(self.guard.admitConsole(request))

        self.successResultOf(admit(sec_websocket_protocol=f"chat, balws.bearer, {TOKEN}"))
        self.successResultOf(admit(authorization=f"Bearer {TOKEN}"))
        self.assertEqual([(each["result"], each["path"]) for each in self.lines], [("accepted", "/live")] * 2)
        self.assertNotIn(TOKEN, str(self.lines))
        for fields in (
            {},
            {"sec_websocket_protocol": f"chat, {TOKEN}"},
            {"sec_websocket_protocol": "balws.bearer, wrong"},
            {"authorization": "Bearer wrong", "sec_websocket_protocol": f"balws.bearer, {TOKEN}"},
        ):
            self.assertEqual(self.failureResultOf(admit(**fields), Denied).value.status, 401)
        self.assertEqual(len(self.lines), 4)

    def test_lines(self) -> None:
        """
        However often somebody guesses, there are few lines in the log; at the end nothing is left to tell.
        """
        waiting = [self.admit("Bearer wrong") for _ in range(1000)]
        self.assertLess(len(self.lines), 2 * LINES + 1)
        self.guard.end()
        self.assertEqual(len(self.lines), 2 * LINES + 2)
        self.clock.advance(60)
        for each in waiting:
            self.failureResultOf(each, Denied)
