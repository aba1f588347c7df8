# -*- test-case-name: tests.tls.test_revocation -*-
"""
Whether a peer's certificates were revoked, asked of those who issued them (table A2.11).

It takes time, so it comes after the TLS handshake and before the first byte of HTTP, never in
OpenSSL's callback (ruling 13).  Whoever is not known to be good is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, FirstError, fail, gatherResults
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from balws.config.secure import CertValidation
from balws.errors import SslError
from balws.tls import crl, ocsp
from balws.tls.answers import Answers
from balws.tls.download import Download, Fetch
from balws.tls.lineage import lineage
from balws.tls.verdict import CannotTell, Verdict

__all__ = ["Revocation"]

#: How many answers are kept, and for how many seconds, where the record says 0.
CACHE_SIZE = 1024
CACHE_PERIOD = 3600

#: Lists that are kept, whatever the record says: one may take 14 MB.
MAX_LISTS = 4

#: Seconds for everything about one certificate, the wait for a turn included; and for one
#: responder, so that there is time left for the next, and for a list.
DEADLINE = 5
RESPONDER_DEADLINE = 1.5

#: So many responders, and so many lists, are asked about one certificate.
MAX_PLACES = 2

#: So many certificates are asked about at a time; the others wait for their turn.
MAX_AT_A_TIME = 32

#: Lists up to this size are read at once: that is faster than to hand one to a thread.
SMALL_LIST = 65536


class Revocation:
    """
    Finds revoked certificates: by OCSP, and by the list of the revoked where no OCSP
    responder can tell.

    There is nothing to close: what is under way ends by itself within L{DEADLINE}.  Large
    lists are read in the reactor's own threads: rarely, for a known time, and never for the
    network's sake.
    """

    def __init__(
        self,
        config: CertValidation,
        reactor: Any,
        now: Callable[[], float] = time.time,
        fetch: Fetch | None = None,
    ) -> None:
        """
        @param config: how much is kept and for how long; where it says 0, 1024 answers and
            one hour.  No answer is kept longer than its C{nextUpdate}.
        @param now: the time in seconds since the epoch.
        @param fetch: how to read from authorities; L{None}: by HTTP.
        """
        period = config.cacheValidityPeriod or CACHE_PERIOD
        self._reactor = reactor
        self._now = now
        self._period = period
        self._fetch = Download(reactor) if fetch is None else fetch
        self._verdicts: Answers[Verdict] = Answers(config.cacheSize or CACHE_SIZE, period, now)
        self._lists: Answers[crl.RevocationList] = Answers(MAX_LISTS, period, now)
        self._turns = DeferredSemaphore(MAX_AT_A_TIME)

    def checkPeer(self, chain: Sequence[x509.Certificate], trust: Sequence[x509.Certificate]) -> Deferred[None]:
        """
        See that nothing was revoked of what a peer has shown.

        OpenSSL must have accepted the chain before: its certificates say who is asked.

        @param chain: the peer's certificates, its own first.
        @param trust: the authorities that are trusted; for the system's own, the last of
            OpenSSL's verified chain.
        @return: fires with L{None} when every certificate but the root is known not to be
            revoked, and fails with L{SslError} when one was, and also when nobody could
            tell in time.  May be cancelled.
        """
        try:
            pairs = lineage(chain, trust)
        except CannotTell as problem:
            return fail(_unknown("the certificate", problem))
        checks = [self._check(each, issuer, depth) for depth, (each, issuer) in enumerate(pairs)]
        return gatherResults(checks, consumeErrors=True).addCallbacks(lambda _: None, _first)

    def _check(self, certificate: x509.Certificate, issuer: x509.Certificate, depth: int) -> Deferred[None]:
        whose = "the certificate" if depth == 0 else "a certificate of an authority"
        key = certificate.fingerprint(SHA256()), issuer.fingerprint(SHA256())
        wanted = self._verdicts.get(key, lambda: self._ask(certificate, issuer))
        return wanted.addCallbacks(_refuseRevoked, _refuseUnknown, callbackArgs=(whose,), errbackArgs=(whose,))

    def _ask(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Deferred[Verdict]:
        asked: Deferred[Verdict] = self._turns.run(lambda: Deferred.fromCoroutine(self._askAll(certificate, issuer)))
        return asked.addTimeout(DEADLINE, self._reactor, _tooLate)

    async def _askAll(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Verdict:
        problems = []
        for url in ocsp.responders(certificate)[:MAX_PLACES]:
            try:
                answer = await ocsp.ask(self._fetch, url, certificate, issuer, RESPONDER_DEADLINE)
                return ocsp.read(answer, certificate, issuer, self._now())
            except CannotTell as problem:
                problems.append(str(problem))
        for place in crl.places(certificate)[:MAX_PLACES]:
            try:
                return (await self._list(place.url, issuer)).verdict(certificate, place)
            except CannotTell as problem:
                problems.append(str(problem))
        raise CannotTell("; ".join(problems) or "it names nobody who could be asked by HTTP")

    def _list(self, url: str, issuer: x509.Certificate) -> Deferred[crl.RevocationList]:
        key = url, issuer.fingerprint(SHA256())
        return self._lists.get(key, lambda: Deferred.fromCoroutine(self._readList(url, issuer)))

    async def _readList(self, url: str, issuer: x509.Certificate) -> crl.RevocationList:
        data = await self._fetch(url, crl.MAX_LIST, DEADLINE)
        now = self._now()
        if len(data) <= SMALL_LIST:
            found = crl.read(data, issuer, now)
        else:
            found = await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), crl.read, data, issuer, now)
        # What is learned from it is not kept longer than itself.
        return attrs.evolve(found, until=min(found.until, now + self._period))


def _refuseRevoked(verdict: Verdict, whose: str) -> None:
    if verdict.isRevoked:
        raise SslError(f"{whose} was revoked")


def _refuseUnknown(failure: Failure, whose: str) -> None:
    if failure.check(CancelledError):
        raise CancelledError
    raise _unknown(whose, failure.value)


def _unknown(whose: str, problem: BaseException | None) -> SslError:
    why = str(problem) if isinstance(problem, CannotTell) else type(problem).__name__
    return SslError(f"nobody could tell whether {whose} was revoked: {why}")


def _tooLate(_: object, seconds: float) -> NoReturn:
    raise CannotTell(f"no answer within {seconds:g} s")


def _first(failure: Failure) -> Failure:
    # Which of several failed first is of no interest to the caller, but that it did.
    failure.trap(FirstError)
    first: Any = failure.value
    found: Failure = first.subFailure
    return found
