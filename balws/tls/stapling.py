# -*- test-case-name: tests.tls.test_stapling -*-
"""
The proof that a certificate was not revoked, shown by whoever it belongs to (RFC 6066
section 8; table A2.11).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import SystemRandom
from typing import Any

from cryptography import x509
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.errors import SslConfigurationError, SslError
from balws.tls import ocsp
from balws.tls.download import Download, Fetch
from balws.tls.lineage import hasIssued
from balws.tls.verdict import CannotTell, Verdict

__all__ = ["Stapler", "checkStapled"]

#: Seconds for one responder: nobody waits for it.
DEADLINE = 15

#: So many responders are asked.
MAX_PLACES = 2

#: Seconds before the first new attempt after one that failed, and before any.
FIRST_WAIT = 10
LONGEST_WAIT = 3600

#: Seconds between two answers, whatever these say of themselves.
MIN_REFRESH = 10
MAX_REFRESH = 86400

_uniform = SystemRandom().uniform


def checkStapled(
    response: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: Callable[[], float] = time.time,
) -> None:
    """
    See that a server has proved that its certificate was not revoked.

    A proof that is missing is no proof: who steals a key would leave it out.  So servers
    that do not staple cannot be used with C{OCSP_STAPLING}.  Only the server's own
    certificate is proved; those of authorities in between are not asked about, which TLS
    leaves no room for.

    @param response: the OCSP response from the TLS handshake; empty when there was none.
    @param issuer: who has issued the certificate.
    @param now: the time in seconds since the epoch.
    @raise SslError: when the proof is missing, cannot be believed, or proves the contrary.
    """
    if not response:
        raise SslError("the server showed no proof that its certificate was not revoked")
    try:
        verdict = ocsp.read(response, certificate, issuer, now())
    except CannotTell as problem:
        raise SslError(f"nobody could tell whether the certificate was revoked: {problem}") from None
    if verdict.isRevoked:
        raise SslError("the certificate was revoked")


class Stapler:
    """
    Keeps the proof for our own certificate at hand, and renews it when half of its time is
    over.  While no responder answers the last one is shown until its end, and then none:
    clients decide what they make of that.
    """

    _log = Logger()

    def __init__(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate | None,
        reactor: Any,
        now: Callable[[], float] = time.time,
        fetch: Fetch | None = None,
        longest: float = 0,
    ) -> None:
        """
        @param certificate: our own.
        @param issuer: who has issued it; L{None} when that is not known.
        @param now: the time in seconds since the epoch.
        @param fetch: how to read from authorities; L{None}: by HTTP.
        @param longest: seconds after which it is renewed, though half of its time is not over; 0
            sets no such limit.
        @raise SslConfigurationError: when there is nobody to ask.
        """
        self._longest = max(longest, MIN_REFRESH) if longest else MAX_REFRESH
        self._urls = ocsp.responders(certificate)[:MAX_PLACES]
        if not self._urls:
            raise SslConfigurationError("the certificate names no OCSP responder: OCSP stapling cannot work with it")
        if issuer is None or not hasIssued(issuer, certificate):
            raise SslConfigurationError(
                "OCSP stapling needs to know who has issued the certificate: put the issuer's certificate behind it"
            )
        self._certificate = certificate
        self._issuer = issuer
        self._reactor = reactor
        self._now = now
        self._fetch = Download(reactor) if fetch is None else fetch
        self._proof = b""
        self._until = 0.0
        self._wait: float = FIRST_WAIT
        self._told: type[BaseException] | None = None
        self._next: IDelayedCall | None = None
        self._asking: Deferred[None] | None = None

    def response(self) -> bytes:
        """
        @return: the OCSP response to show, or nothing when there is none that is good now.
        """
        return self._proof if self._now() < self._until else b""

    def start(self) -> Deferred[None]:
        """
        Begin to keep the proof at hand.  No effect when this was begun already.

        @return: fires with L{None} when the first attempt is over, however it went; never
            fails.
        """
        if self._asking is not None or self._next is not None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._ask().addBoth(lambda _: done.callback(None))
        return done

    def stop(self) -> None:
        """
        Ask no more.  What is at hand may be shown until its end; L{start} begins anew.
        """
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self) -> Deferred[None]:
        self._next = None
        self._asking = asking = Deferred.fromCoroutine(self._renew())
        return asking.addErrback(self._failed).addBoth(self._asked)

    async def _renew(self) -> None:
        problems = []
        for url in self._urls:
            try:
                proof = await ocsp.ask(self._fetch, url, self._certificate, self._issuer, DEADLINE)
                now = self._now()
                verdict = ocsp.read(proof, self._certificate, self._issuer, now)
                if verdict.until <= now:
                    raise CannotTell("the OCSP response does not say how long it is good")
            except CannotTell as problem:
                problems.append(str(problem))
            else:
                return self._keep(proof, verdict, now)
        raise CannotTell("; ".join(problems))

    def _keep(self, proof: bytes, verdict: Verdict, now: float) -> None:
        if verdict.isRevoked:
            # Not shown: who asks for a proof and sees none goes away as well.
            self._proof = b""
            raise SslError("it was revoked")
        self._proof, self._until = proof, verdict.until
        self._wait = FIRST_WAIT
        if self._told is not None:
            self._told = None
            self._log.info("There is proof again that the certificate was not revoked.")
        self._later(min(max((verdict.until - now) / 2, MIN_REFRESH), self._longest, MAX_REFRESH))

    def _failed(self, failure: Failure) -> None:
        problem: Any = failure.value
        if isinstance(problem, CancelledError):
            return
        if type(problem) is not self._told:
            self._told = type(problem)
            why = str(problem) if isinstance(problem, SslError) else type(problem).__name__
            self._log.warn("No proof that the certificate was not revoked can be shown to clients: {why}", why=why)
        self._later(_uniform(self._wait / 2, self._wait))
        self._wait = min(self._wait * 2, LONGEST_WAIT)

    def _later(self, seconds: float) -> None:
        self._next = self._reactor.callLater(seconds, self._ask)

    def _asked(self, _: object) -> None:
        self._asking = None
