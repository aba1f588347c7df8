"""
Tests of L{balws.tls.revocation}.
"""

from __future__ import annotations

import time
from functools import partial
from threading import current_thread
from typing import Any

from cryptography import x509
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from balws.config.secure import CertValidation
from balws.errors import SslError
from balws.tls import crl, ocsp
from balws.tls.revocation import (
    CACHE_PERIOD,
    CACHE_SIZE,
    DEADLINE,
    MAX_AT_A_TIME,
    MAX_LISTS,
    RESPONDER_DEADLINE,
    SMALL_LIST,
    Revocation,
)
from balws.tls.verdict import CannotTell
from tests.certificates import Authority, Issued
from tests.tls.responder import REVOKED, UNKNOWN, Pages, Responder, answer, hang, request, revocationList

OCSP, LIST = "http://ocsp.test/", "http://list.test/a"


class RevocationTests(SynchronousTestCase):
    """
    Whether a peer is let in.
    """

    def setUp(self) -> None:
        """
        An authority, and a certificate that names a responder and a list.
        """
        self.now = float(int(time.time()))
        self.clock = Clock()
        self.authority = Authority()
        self.issued = self.authority.issue("localhost", ocspUrls=(OCSP,), crlUrls=(LIST,))
        self.pages = Pages()
        self.revocation = self.make()

    def make(self, **config: Any) -> Revocation:
        """
        One that asks L{Pages}.
        """
        record = CertValidation(type="OCSP_CRL", **config)  # type: ignore[arg-type]
        return Revocation(record, self.clock, lambda: self.now, self.pages)

    def about(self, issued: Issued | None = None, **changes: Any) -> bytes:
        """
        The responder's answer.
        """
        return answer(self.authority, (issued or self.issued).certificate, self.now, **changes)

    def listed(self, *issued: Issued, **changes: Any) -> bytes:
        """
        The list with these certificates on it.
        """
        serials = [each.certificate.serial_number for each in issued]
        return revocationList(self.authority, serials, self.now, **changes)

    def publish(self, *, ocsp: Any = None, list: Any = None) -> None:
        """
        Put an answer and a list where they are looked for.
        """
        self.pages.pages = {url: page for url, page in ((OCSP, ocsp), (LIST, list)) if page is not None}

    def check(self, issued: Issued | None = None) -> Deferred[None]:
        """
        Check a peer.
        """
        chain = (issued or self.issued).certificate, *(issued or self.issued).chain
        return self.revocation.checkPeer(chain, [self.authority.certificate])

    def assertGood(self, issued: Issued | None = None) -> None:
        """
        It is let in.
        """
        self.assertIsNone(self.successResultOf(self.check(issued)))

    def assertRefused(self, words: str, issued: Issued | None = None) -> None:
        """
        It is not, for the reason in these words.
        """
        problem = self.failureResultOf(self.check(issued), SslError).value
        self.assertIs(type(problem), SslError)
        self.assertIn(words, str(problem))

    def test_ocsp(self) -> None:
        """
        The responder's word is enough, whatever it is: no list is read.
        """
        self.publish(ocsp=self.about())
        self.assertGood()
        self.assertEqual([url.startswith(OCSP) for url, _ in self.pages.asked], [True])
        self.revocation = self.make()
        self.publish(ocsp=self.about(status=REVOKED), list=self.listed())
        problem = self.failureResultOf(self.check(), SslError).value
        self.assertEqual(str(problem), "the certificate was revoked")

    def test_list(self) -> None:
        """
        The list tells when the responder cannot, whatever the reason.
        """
        other = self.authority.issue("localhost")
        for silent in (
            None,
            CannotTell("down"),
            b"",
            b"garbage",
            self.about(status=UNKNOWN),
            self.about(begin=-7200, end=-3600),
            self.about(other),
            self.about(signer=Authority(), byName=True),
        ):
            for page, refusal in ((self.listed(), None), (self.listed(self.issued), "the certificate was revoked")):
                self.revocation = self.make()
                self.publish(ocsp=silent, list=page)
                if refusal is None:
                    self.assertGood()
                else:
                    self.assertRefused(refusal)

    def test_onlyOne(self) -> None:
        """
        A certificate with a list alone, and one with a responder alone.
        """
        listed = self.authority.issue("localhost", crlUrls=(LIST,))
        self.publish(list=self.listed())
        self.assertGood(listed)
        asked = self.authority.issue("localhost", ocspUrls=(OCSP,))
        self.publish(ocsp=self.about(asked))
        self.assertGood(asked)

    def test_nobody(self) -> None:
        """
        A certificate that names nobody cannot be checked and is refused; so is one that names
        files and directories alone, which are not read.
        """
        bare = self.authority.issue("localhost")
        strange = self.authority.issue("localhost", ocspUrls=("file:///etc/passwd",), crlUrls=("ldap://a.test/b",))
        for issued in (bare, strange):
            self.assertRefused("nobody could tell whether the certificate was revoked: it names nobody", issued)
        self.assertEqual(self.pages.asked, [])

    def test_nobodyCanTell(self) -> None:
        """
        Without an answer nobody is let in, and the error says what each said.
        """
        self.publish(ocsp=CannotTell("http://ocsp.test/: answered 500"), list=self.listed(begin=-7200, end=-3600))
        self.assertRefused(
            "nobody could tell whether the certificate was revoked: http://ocsp.test/: answered 500; "
            "the list of revoked certificates is not of this time"
        )

    def test_defect(self) -> None:
        """
        Nor when something goes wrong here.
        """
        self.publish(ocsp=RuntimeError("the text is nobody's business"))
        problem = self.failureResultOf(self.check(), SslError).value
        self.assertEqual(str(problem), "nobody could tell whether the certificate was revoked: RuntimeError")

    def test_several(self) -> None:
        """
        Two responders and two lists are asked, no more: a certificate with hundreds makes no
        work.
        """
        urls = [f"http://{letter}.test/" for letter in "abcdefgh"]
        issued = self.authority.issue("localhost", ocspUrls=tuple(urls[:4]), crlUrls=tuple(urls[4:]))
        self.assertRefused("nobody could tell", issued)
        self.assertEqual([url[7] for url, _ in self.pages.asked], [*"abef"])
        self.pages.pages = {urls[5]: self.listed()}
        self.assertGood(issued)
        self.revocation = self.make()
        self.pages.pages = {urls[1]: self.about(issued, status=REVOKED), urls[5]: self.listed()}
        self.assertRefused("was revoked", issued)

    def test_authorities(self) -> None:
        """
        Authorities between the peer and the root are asked about, too.
        """
        middle = Authority("Middle", issuer=self.authority)
        builder = self.authority.builder(middle.certificate.subject, middle.key, 1, isAuthority=True)
        where = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST)], None, None, None)
        signed = builder.add_extension(x509.CRLDistributionPoints([where]), critical=False)
        from cryptography.hazmat.primitives.hashes import SHA256

        middle.certificate = signed.sign(self.authority.key, SHA256())
        issued = middle.issue("localhost", ocspUrls=(OCSP,))
        good = answer(middle, issued.certificate, self.now)
        self.publish(ocsp=good, list=self.listed())
        self.assertGood(issued)
        self.revocation = self.make()
        self.publish(ocsp=good, list=self.listed(Issued(middle.certificate, middle.key)))
        self.assertRefused("a certificate of an authority was revoked", issued)
        self.revocation = self.make()
        self.publish(ocsp=good)
        self.assertRefused("nobody could tell whether a certificate of an authority was revoked", issued)

    def test_unknownIssuer(self) -> None:
        """
        A peer whose issuer nobody knows, or who shows nothing, is refused.
        """
        for chain in ([], [Authority().issue("localhost").certificate]):
            failed = self.revocation.checkPeer(chain, [self.authority.certificate])
            self.assertIn("nobody could tell", str(self.failureResultOf(failed, SslError).value))

    def test_root(self) -> None:
        """
        There is nothing to ask about a certificate that is trusted by itself.
        """
        root = self.authority.certificate
        self.assertIsNone(self.successResultOf(self.revocation.checkPeer([root], [root])))
        self.assertEqual(self.pages.asked, [])

    def test_limits(self) -> None:
        """
        What is read is limited, and so is the time for it.
        """
        self.assertRefused("nobody could tell")
        self.assertEqual(self.pages.limits, [(ocsp.MAX_RESPONSE, RESPONDER_DEADLINE), (crl.MAX_LIST, DEADLINE)])

    def test_cache(self) -> None:
        """
        An answer is kept for an hour, for as long as it is configured, or until the authority
        knows more; that there was none is not kept.
        """
        for config, end, kept in (
            ({}, 2 * CACHE_PERIOD, CACHE_PERIOD),
            ({"cacheValidityPeriod": 7}, 3600, 7),
            ({"cacheValidityPeriod": 100}, 60, 60),
            ({}, 60, 60),
        ):
            for page in ({"ocsp": self.about(end=end)}, {"list": self.listed(end=end)}):
                self.revocation = self.make(**config)
                self.assertRefused("nobody could tell")
                self.publish(**page)
                self.assertGood()
                self.publish()
                self.now += kept - 1
                self.assertGood()
                self.now += 1
                self.assertRefused("nobody could tell")
                self.now -= kept

    def test_revokedIsKept(self) -> None:
        """
        That a certificate was revoked is kept as well.
        """
        self.publish(ocsp=self.about(status=REVOKED))
        self.assertRefused("was revoked")
        self.publish(ocsp=self.about())
        self.assertRefused("was revoked")

    def test_cacheSize(self) -> None:
        """
        So many answers are kept as configured, 1024 else; many certificates cost no more.
        """
        self.assertEqual(self.make()._verdicts._size, CACHE_SIZE)
        self.revocation = self.make(cacheSize=2)
        issued = [self.authority.issue("localhost", ocspUrls=(OCSP,)) for _ in range(3)]
        for each in issued:
            self.publish(ocsp=self.about(each))
            self.assertGood(each)
        self.publish()
        self.assertRefused("nobody could tell", issued[0])
        self.assertGood(issued[1])
        self.assertGood(issued[2])

    def test_listForAll(self) -> None:
        """
        A list is read once for all certificates that are on it or could be, for as long as
        it is kept; four lists are.
        """
        issued = [self.authority.issue("localhost", crlUrls=(LIST,)) for _ in range(3)]
        self.publish(list=self.listed(issued[1], end=3 * CACHE_PERIOD))
        self.assertGood(issued[0])
        self.assertRefused("was revoked", issued[1])
        self.assertEqual(len(self.pages.asked), 1)
        self.now += CACHE_PERIOD - 1
        self.assertGood(issued[2])
        self.assertEqual(len(self.pages.asked), 1)
        self.now += 1
        # What was learned from the list is not kept longer than the list.
        self.publish()
        self.assertRefused("nobody could tell", issued[2])
        self.assertEqual(self.revocation._lists._size, MAX_LISTS)

    def test_oneForAll(self) -> None:
        """
        Many connections of one peer at a time ask once.
        """
        waiting: Deferred[bytes] = Deferred()
        self.publish(ocsp=waiting)
        checks = [self.check() for _ in range(5)]
        self.assertEqual(len(self.pages.asked), 1)
        waiting.callback(self.about())
        for each in checks:
            self.assertIsNone(self.successResultOf(each))

    def test_deadline(self) -> None:
        """
        Who does not answer within five seconds, all together, does not delay a connection
        longer.
        """
        self.publish(ocsp=Deferred())
        wanted = self.check()
        self.clock.advance(DEADLINE - 0.01)
        self.assertNoResult(wanted)
        self.clock.advance(0.01)
        self.assertIn("no answer within 5 s", str(self.failureResultOf(wanted, SslError).value))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        # A second one begins anew.
        self.publish(ocsp=self.about())
        self.assertGood()

    def test_turns(self) -> None:
        """
        No more than 32 certificates are asked about at a time; the next waits for its turn,
        and its time runs.
        """
        answers: list[Deferred[bytes]] = []

        def page() -> Deferred[bytes]:
            answers.append(Deferred())
            return answers[-1]

        issued = [self.authority.issue("localhost", ocspUrls=(OCSP,)) for _ in range(MAX_AT_A_TIME + 2)]
        self.publish(ocsp=page)
        checks = [self.check(each) for each in issued]
        self.assertEqual(len(answers), MAX_AT_A_TIME)
        self.clock.advance(DEADLINE - 1)
        answers[0].callback(self.about(issued[0]))
        self.assertIsNone(self.successResultOf(checks[0]))
        self.assertEqual(len(answers), MAX_AT_A_TIME + 1)
        self.clock.advance(1)
        for each in checks[1:]:
            self.assertIn("no answer within 5 s", str(self.failureResultOf(each, SslError).value))
        # All have given back their turn.
        self.assertEqual(self.revocation._turns.tokens, MAX_AT_A_TIME)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        A peer that goes away meanwhile takes nothing from the others.
        """
        waiting: Deferred[bytes] = Deferred()
        self.publish(ocsp=waiting)
        one, two = self.check(), self.check()
        one.cancel()
        self.failureResultOf(one, CancelledError)
        waiting.callback(self.about())
        self.assertIsNone(self.successResultOf(two))


class LoopbackTests(TestCase):
    """
    A real responder, real sockets, the real clock.
    """

    def setUp(self) -> None:
        """
        Start it.
        """
        from twisted.internet import reactor

        self.reactor = reactor
        self.authority = Authority()
        self.responder = Responder(self.authority)
        self.responder.start(reactor)
        self.addCleanup(self.responder.stop)
        self.revocation = Revocation(CertValidation(type="OCSP_CRL"), reactor)  # type: ignore[arg-type]

    def issue(self, **urls: bool) -> Issued:
        """
        A certificate that names the responder, or the list, or both.
        """
        return self.authority.issue(
            "localhost",
            ocspUrls=(self.responder.ocspUrl,) if urls.get("ocsp") else (),
            crlUrls=(self.responder.listUrl,) if urls.get("list") else (),
        )

    def check(self, issued: Issued) -> Deferred[None]:
        """
        Check a peer.
        """
        return self.revocation.checkPeer([issued.certificate], [self.authority.certificate])

    @inlineCallbacks
    def assertRefused(self, words: str, issued: Issued) -> Any:
        """
        It is not let in.
        """
        problem = yield self.assertFailure(self.check(issued), SslError)
        self.assertIn(words, str(problem))

    @inlineCallbacks
    def test_verdicts(self) -> Any:
        """
        Good and revoked, by OCSP and by the list.
        """
        for way in ({"ocsp": True}, {"list": True}, {"ocsp": True, "list": True}):
            good, bad = self.issue(**way), self.issue(**way)
            # The list that is kept does not know of it yet.
            self.revocation = Revocation(CertValidation(type="OCSP_CRL"), self.reactor)  # type: ignore[arg-type]
            self.responder.revoked.add(bad.certificate.serial_number)
            yield self.check(good)
            yield self.assertRefused("the certificate was revoked", bad)

    @inlineCallbacks
    def test_post(self) -> Any:
        """
        A long question is posted.
        """
        issued = self.authority.issue("localhost", ocspUrls=(f"{self.responder.ocspUrl}/{'a' * 200}",))
        yield self.check(issued)
        self.assertEqual([method for method, _ in self.responder.asked], [b"POST"])

    @inlineCallbacks
    def test_unknown(self) -> Any:
        """
        When the responder does not know, the list tells.
        """
        from attrs import evolve

        self.responder.statement = evolve(self.responder.statement, status=UNKNOWN)
        yield self.check(self.issue(ocsp=True, list=True))
        yield self.assertRefused("does not know the certificate", self.issue(ocsp=True))

    @inlineCallbacks
    def test_hang(self) -> Any:
        """
        A responder that hangs leaves time for the list.
        """
        self.responder.instead = lambda asked: hang(asked) if asked.path.startswith(b"/ocsp") else self.lists()
        yield self.check(self.issue(ocsp=True, list=True))

    def lists(self) -> bytes:
        """
        An empty list.
        """
        return revocationList(self.authority)

    @inlineCallbacks
    def test_giant(self) -> Any:
        """
        Answers beyond the limits are not read.
        """
        self.responder.instead = lambda asked: bytes(crl.MAX_LIST + 1)
        problem = yield self.assertFailure(self.check(self.issue(ocsp=True, list=True)), SslError)
        self.assertEqual(str(problem).count("too large"), 2)

    @inlineCallbacks
    def test_redirect(self) -> Any:
        """
        A redirect leads nowhere.
        """

        def redirect(asked: Any) -> bytes:
            asked.setResponseCode(302)
            asked.setHeader("Location", self.responder.listUrl)
            return b""

        self.responder.instead = redirect
        yield self.assertRefused("answered 302", self.issue(ocsp=True))
        self.assertEqual(len(self.responder.asked), 1)

    @inlineCallbacks
    def test_down(self) -> Any:
        """
        Nobody is there.
        """
        issued = self.issue(ocsp=True, list=True)
        yield self.responder.stop()
        yield self.assertRefused("ConnectionRefusedError", issued)

    @inlineCallbacks
    def test_largeList(self) -> Any:
        """
        A small list is read at once; a large one in another thread, and the reactor goes on
        meanwhile.
        """
        threads = []
        read = crl.read

        def noticing(*arguments: Any) -> Any:
            threads.append(current_thread())
            return read(*arguments)

        self.patch(crl, "read", noticing)
        filler = x509.ObjectIdentifier("1.2.3.4")
        for size, isApart in ((SMALL_LIST, False), (SMALL_LIST + 1, True)):
            guess = SMALL_LIST - 400
            data = b""
            while len(data) != size:
                guess += (size - len(data)) if data else 0
                padding = x509.UnrecognizedExtension(filler, bytes(guess)), False
                data = revocationList(self.authority, extensions=[padding])
            self.responder.instead = partial(lambda data, asked: data, data)
            self.revocation = Revocation(CertValidation(type="OCSP_CRL"), self.reactor)  # type: ignore[arg-type]
            yield self.check(self.issue(list=True))
            self.assertEqual(threads.pop() is not current_thread(), isApart)
        forged = revocationList(self.authority, range(1, 5000), signer=Authority())
        self.assertGreater(len(forged), SMALL_LIST)
        self.responder.instead = lambda asked: forged
        self.revocation = Revocation(CertValidation(type="OCSP_CRL"), self.reactor)  # type: ignore[arg-type]
        yield self.assertRefused("not signed by whoever may do so", self.issue(list=True))

    @inlineCallbacks
    def test_replay(self) -> Any:
        """
        The answer about one certificate does not save another, whoever repeats it.
        """
        good, bad = self.issue(ocsp=True), self.issue(ocsp=True)
        question = request(good.certificate, self.authority.certificate)
        recorded = self.responder.statement.about(question, self.authority, time.time())
        self.responder.instead = lambda asked: recorded
        yield self.check(good)
        yield self.assertRefused("about another certificate", bad)
