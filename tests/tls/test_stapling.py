"""
Tests of L{balws.tls.stapling}.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from balws.errors import ConfigurationError, SslError
from balws.tls import ocsp, stapling
from balws.tls.stapling import (
    DEADLINE,
    FIRST_WAIT,
    LONGEST_WAIT,
    MAX_REFRESH,
    MIN_REFRESH,
    Stapler,
    checkStapled,
)
from balws.tls.verdict import CannotTell
from tests.certificates import Authority, Issued
from tests.tls.responder import REVOKED, UNKNOWN, Pages, Responder, answer

OCSP = "http://ocsp.test/"


class CheckStapledTests(SynchronousTestCase):
    """
    What a server has to show.
    """

    def setUp(self) -> None:
        """
        Issue a certificate.
        """
        self.now = float(int(time.time()))
        self.authority = Authority()
        self.certificate = self.authority.issue("localhost", ocspUrls=(OCSP,)).certificate

    def check(self, response: bytes) -> None:
        """
        Show this.
        """
        checkStapled(response, self.certificate, self.authority.certificate, lambda: self.now)

    def assertRefused(self, words: str, response: bytes) -> None:
        """
        It does not prove anything.
        """
        problem = self.assertRaises(SslError, self.check, response)
        self.assertIs(type(problem), SslError)
        self.assertEqual(str(problem), words)

    def test_proof(self) -> None:
        """
        A good response of this time is a proof.
        """
        self.check(answer(self.authority, self.certificate, self.now))

    def test_default(self) -> None:
        """
        The time is that of this machine.
        """
        checkStapled(answer(self.authority, self.certificate), self.certificate, self.authority.certificate)

    def test_revoked(self) -> None:
        """
        A revoked certificate proves so itself, if its server is honest.
        """
        revoked = answer(self.authority, self.certificate, self.now, status=REVOKED)
        self.assertRefused("the certificate was revoked", revoked)

    def test_none(self) -> None:
        """
        No proof is no proof: whoever stole a key would not show any.
        """
        self.assertRefused("the server showed no proof that its certificate was not revoked", b"")

    def test_worthless(self) -> None:
        """
        An old proof, one for another certificate, one that nobody has signed, garbage, and
        one that is too large.
        """
        other = self.authority.issue("localhost").certificate
        why = "nobody could tell whether the certificate was revoked: the OCSP "
        for response, words in (
            (answer(self.authority, self.certificate, self.now, begin=-7200, end=-3600), "is not of this time"),
            (answer(self.authority, other, self.now), "is about another certificate"),
            (
                answer(self.authority, self.certificate, self.now, signer=Authority(), byName=True),
                "is not signed by whoever may do so",
            ),
            (b"garbage", "cannot be read (ValueError)"),
            (bytes(ocsp.MAX_RESPONSE + 1), "is too large"),
        ):
            self.assertRefused(f"{why}response {words}", response)
        unknown = answer(self.authority, self.certificate, self.now, status=UNKNOWN)
        self.assertRefused(f"{why}responder does not know the certificate", unknown)


class StaplerTests(SynchronousTestCase):
    """
    The proof for our own certificate.
    """

    def setUp(self) -> None:
        """
        Our own certificate, its authority, and no jitter.
        """
        self.now = self.begin = float(int(time.time()))
        self.clock = Clock()
        self.authority = Authority()
        self.issued = self.authority.issue("localhost", ocspUrls=(OCSP,))
        self.pages = Pages()
        self.patch(stapling, "_uniform", lambda low, high: high)
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.stapler = self.make()

    def make(self, issued: Issued | None = None, longest: float = 0) -> Stapler:
        """
        One for a certificate.
        """
        certificate = (issued or self.issued).certificate
        return Stapler(certificate, self.authority.certificate, self.clock, lambda: self.now, self.pages, longest)

    def publish(self, page: Any = None, **changes: Any) -> bytes:
        """
        Put an answer where it is looked for.
        """
        found: bytes = page or answer(self.authority, self.issued.certificate, self.now, **changes)
        self.pages.pages = {OCSP: found}
        return found

    def wait(self) -> float:
        """
        @return: the seconds until the next attempt, which there is exactly one of.
        """
        [call] = self.clock.getDelayedCalls()
        return call.getTime() - self.clock.seconds()

    def advance(self, seconds: float) -> None:
        """
        Let time pass, for both clocks.
        """
        self.now += seconds
        self.clock.advance(seconds)

    def logged(self) -> list[tuple[LogLevel, str]]:
        """
        What was logged since this was asked last.
        """
        found = [
            (event["log_level"], event["log_format"].format(**event))
            for event in self.events
            if event["log_namespace"].startswith("balws.")
        ]
        self.events.clear()
        return found

    def test_proof(self) -> None:
        """
        The responder's answer is shown once it is there.
        """
        proof = self.publish(Deferred())
        started = self.stapler.start()
        self.assertNoResult(started)
        self.assertEqual(self.stapler.response(), b"")
        waiting: Any = proof
        good = answer(self.authority, self.issued.certificate, self.now)
        waiting.callback(good)
        self.assertIsNone(self.successResultOf(started))
        self.assertEqual(self.stapler.response(), good)
        self.assertEqual(self.pages.limits, [(ocsp.MAX_RESPONSE, DEADLINE)])
        self.assertEqual(self.logged(), [])

    def test_refresh(self) -> None:
        """
        The answer is renewed when half of its time is over.
        """
        old = self.publish(end=7200)
        self.stapler.start()
        self.assertEqual(self.wait(), 3600)
        self.advance(3599)
        self.assertEqual(self.stapler.response(), old)
        new = self.publish(end=3600)
        self.advance(1)
        self.assertEqual(self.stapler.response(), new)
        self.assertNotEqual(new, old)
        self.assertEqual(self.wait(), (self.begin + 3599 + 3600 - self.now) / 2)

    def test_longest(self) -> None:
        """
        The configuration may want it renewed more often, but not all the time.
        """
        for longest, expected in ((60, 60), (10, 10), (1, 10), (10**6, 3600)):
            self.publish(begin=0, end=7200)
            stapler = self.make(longest=longest)
            stapler.start()
            self.assertEqual(self.wait(), expected)
            stapler.stop()

    def test_refreshBounds(self) -> None:
        """
        It is not renewed more often than every ten seconds, and at least once a day.
        """
        for end, wait in (
            (2 * MIN_REFRESH - 2, MIN_REFRESH),
            (2 * MIN_REFRESH, MIN_REFRESH),
            (2 * MIN_REFRESH + 2, MIN_REFRESH + 1),
            (2 * MAX_REFRESH - 2, MAX_REFRESH - 1),
            (2 * MAX_REFRESH, MAX_REFRESH),
            (2 * MAX_REFRESH + 2, MAX_REFRESH),
            (10 * 365 * 86400, MAX_REFRESH),
        ):
            self.publish(end=end)
            stapler = self.make()
            stapler.start()
            self.assertEqual(self.wait(), wait)
            stapler.stop()

    def test_failures(self) -> None:
        """
        While nobody answers the last proof is shown until its end, and then none; attempts
        come ever more rarely, and one line is logged.
        """
        good = self.publish(end=100)
        self.stapler.start()
        self.publish(CannotTell("down"))
        self.advance(50)
        waits = []
        while len(waits) < 12:
            waits.append(self.wait())
            self.advance(waits[-1])
            if self.now < self.begin + 100:
                self.assertEqual(self.stapler.response(), good)
            else:
                self.assertEqual(self.stapler.response(), b"")
        self.assertEqual(waits[:5], [FIRST_WAIT * 2**n for n in range(5)])
        self.assertEqual(waits[-2:], [LONGEST_WAIT, LONGEST_WAIT])
        self.assertEqual(
            self.logged(),
            [(LogLevel.warn, "No proof that the certificate was not revoked can be shown to clients: down")],
        )
        new = self.publish(end=86400)
        self.advance(self.wait())
        self.assertEqual(self.stapler.response(), new)
        self.assertEqual([level for level, _ in self.logged()], [LogLevel.info])
        # It all begins anew.
        self.publish(CannotTell("down"))
        self.advance(self.wait())
        self.assertEqual([level for level, _ in self.logged()], [LogLevel.warn])
        self.assertEqual(self.wait(), FIRST_WAIT)

    def test_jitter(self) -> None:
        """
        Listeners that lost their responder at the same time do not all come back at the same
        time.
        """
        self.patch(stapling, "_uniform", lambda low, high: low)
        self.publish(CannotTell("down"))
        self.stapler.start()
        self.assertEqual(self.wait(), FIRST_WAIT / 2)

    def test_end(self) -> None:
        """
        A proof is shown until its very end.
        """
        good = self.publish(end=100)
        self.stapler.start()
        self.stapler.stop()
        self.now += 99.9
        self.assertEqual(self.stapler.response(), good)
        self.now = self.begin + 100
        self.assertEqual(self.stapler.response(), b"")

    def test_worthless(self) -> None:
        """
        What no client would believe is not shown: an old answer, one about another
        certificate, one that nobody signed, one without an end, garbage.
        """
        other = self.authority.issue("localhost").certificate
        for page, words in (
            (answer(self.authority, self.issued.certificate, self.now, begin=-7200, end=-3600), "not of this time"),
            (answer(self.authority, self.issued.certificate, self.now, begin=-7200, end=-1), "how long it is good"),
            (answer(self.authority, self.issued.certificate, self.now, begin=0, end=None), "how long it is good"),
            (answer(self.authority, self.issued.certificate, self.now, status=UNKNOWN), "does not know"),
            (answer(self.authority, other, self.now), "another certificate"),
            (b"garbage", "cannot be read"),
            (RuntimeError("a secret"), "clients: RuntimeError"),
        ):
            stapler = self.make()
            self.publish(page)
            self.assertIsNone(self.successResultOf(stapler.start()))
            self.assertEqual(stapler.response(), b"")
            [(level, text)] = self.logged()
            self.assertIs(level, LogLevel.warn)
            self.assertIn(words, text)
            self.assertNotIn("secret", text)
            stapler.stop()

    def test_revoked(self) -> None:
        """
        When our own certificate is revoked the old proof is shown no longer; a line says so,
        also while others had failed before.
        """
        self.publish(end=7200)
        self.stapler.start()
        self.publish(CannotTell("down"))
        self.advance(3600)
        self.logged()
        self.publish(status=REVOKED)
        self.advance(self.wait())
        self.assertEqual(self.stapler.response(), b"")
        self.assertEqual(
            self.logged(),
            [(LogLevel.warn, "No proof that the certificate was not revoked can be shown to clients: it was revoked")],
        )

    def test_secondResponder(self) -> None:
        """
        The second responder is asked when the first cannot tell; a third is not.
        """
        urls = ("http://a.test/", "http://b.test/", "http://c.test/")
        self.issued = self.authority.issue("localhost", ocspUrls=urls)
        good = answer(self.authority, self.issued.certificate, self.now)
        for last, expected in (("http://b.test/", good), ("http://c.test/", b"")):
            self.pages.pages = {last: good}
            stapler = self.make()
            stapler.start()
            self.assertEqual(stapler.response(), expected)
            stapler.stop()

    def test_startAndStop(self) -> None:
        """
        To start twice asks once; to stop leaves nothing behind, also while an answer is
        awaited; a start begins anew.
        """
        cancelled: list[Any] = []
        self.publish(Deferred(cancelled.append))
        started = self.stapler.start()
        self.successResultOf(self.stapler.start())
        self.assertEqual(len(self.pages.asked), 1)
        self.stapler.stop()
        self.assertEqual(len(cancelled), 1)
        self.assertIsNone(self.successResultOf(started))
        self.stapler.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.logged(), [])
        good = self.publish()
        self.stapler.start()
        self.successResultOf(self.stapler.start())
        self.assertEqual(len(self.pages.asked), 2)
        self.assertEqual(self.stapler.response(), good)
        self.stapler.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_noResponder(self) -> None:
        """
        A certificate that names no responder, or none of http, is an error at the start.
        """
        for urls in ((), ("ldap://ocsp.test/",)):
            issued = self.authority.issue("localhost", ocspUrls=urls)
            problem = self.assertRaises(ConfigurationError, self.make, issued)
            self.assertIn("names no OCSP responder", str(problem))

    def test_noIssuer(self) -> None:
        """
        So is a file without the issuer's certificate, or with another behind our own.
        """
        for issuer in (None, Authority().certificate, Authority("Other").certificate, self.issued.certificate):
            problem = self.assertRaises(ConfigurationError, Stapler, self.issued.certificate, issuer, self.clock)
            self.assertIn("put the issuer's certificate behind it", str(problem))


class LoopbackTests(TestCase):
    """
    A real responder, real sockets, the real clock.
    """

    @inlineCallbacks
    def test_staple(self) -> Any:
        """
        What is shown is what a client believes.
        """
        from twisted.internet import reactor

        authority = Authority()
        responder = Responder(authority)
        responder.start(reactor)
        self.addCleanup(responder.stop)
        issued = authority.issue("localhost", ocspUrls=(responder.ocspUrl,))
        stapler = Stapler(issued.certificate, authority.certificate, reactor)
        self.addCleanup(stapler.stop)
        yield stapler.start()
        checkStapled(stapler.response(), issued.certificate, authority.certificate)
