# -*- test-case-name: tests.tls.test_server -*-
"""
TLS for a listener (tables A2.5 to A2.14).
"""

from __future__ import annotations

import math
from os import urandom
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer

from balws.config.secure import CertValidationType, ListenerSecureSocket, VerifyClient
from balws.errors import ConfigurationError, SslConfigurationError
from balws.tls.ciphers import suitesFor
from balws.tls.context import contextFor, kindOf, show, trust, verify
from balws.tls.material import OwnKey, readKey, readTrust
from balws.tls.revocation import Revocation
from balws.tls.stapling import Stapler

__all__ = ["TlsServer"]

_log = Logger()

#: Seconds for a handshake, unless configured.
HANDSHAKE_TIMEOUT = 10.0

#: What is spoken under TLS: an upgrade is a matter of HTTP/1.1 (RFC 6455 section 4.1).
_ALPN = b"http/1.1"


@implementer(IOpenSSLServerConnectionCreator)
class TlsServer:
    """
    Makes the TLS side of the connections that a listener accepts.  They share one context.

    @ivar handshakeTimeout: seconds from the moment a peer is accepted to the end of its
        TLS handshake, and of whatever its certificate is checked for.
    """

    def __init__(self, config: ListenerSecureSocket, reactor: Any, place: str = "secureSocket") -> None:
        """
        @param place: the key path of C{config}, for errors.
        @raise SslConfigurationError: when a file cannot be used, or the fields ask for what
            cannot be done.
        """
        self.handshakeTimeout = config.handshakeTimeout or HANDSHAKE_TIMEOUT
        self._config = config
        self._reactor = reactor
        self._place = place
        self._started = False
        self._revocation: Revocation | None = None
        if config.certValidation is not None and config.certValidation.type is CertValidationType.OCSP_CRL:
            if config.mutualSsl is None:
                where = f"{place}.certValidation.type"
                raise SslConfigurationError("OCSP_CRL is for certificates of clients: it needs mutualSsl", where)
            self._revocation = Revocation(config.certValidation, reactor)
        self._live = self._coming = _Live(config, reactor, place)

    def serverConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """
        See L{IOpenSSLServerConnectionCreator}.
        """
        return SSL.Connection(self._live.context, None)

    def check(self, connection: SSL.Connection) -> Deferred[None] | None:
        """
        See whether the peer's certificate was revoked.

        @param connection: one whose handshake is complete.
        @return: L{None} where there is nothing to see; else fires when it was not revoked,
            and fails with L{balws.SslError} when it was or when nobody can tell.
        """
        if self._revocation is None:
            return None
        chain = connection.get_verified_chain(as_cryptography=True)
        return self._revocation.checkPeer(chain, self._live.trusted) if chain else None

    def reload(self) -> None:
        """
        Read keys and certificates again, for the handshakes from now on; with
        C{OCSP_STAPLING} from the moment that its responder has answered, or failed to.
        What cannot be used leaves the old in place, with one ERROR in the log.
        """
        try:
            fresh = _Live(self._config, self._reactor, self._place)
        except ConfigurationError as problem:
            _log.error("TLS goes on with the old certificates: {problem}", problem=str(problem))
            return
        self._coming = fresh
        # What is to be stapled comes first: some clients accept nobody without.
        ready = fresh.start() if self._started else succeed(None)
        ready.addCallback(lambda _: self._replace(fresh))

    def _replace(self, fresh: _Live) -> None:
        if fresh is not self._coming:
            fresh.stop()
            return
        old, self._live = self._live, fresh
        old.stop()
        if not self._started:
            fresh.stop()

    def start(self) -> None:
        """
        The listener listens: get what is stapled.
        """
        self._started = True
        self._live.start()

    def stop(self) -> None:
        """
        The listener has stopped.
        """
        self._started = False
        self._live.stop()
        self._coming.stop()


class _Live:
    """
    What was read from the files at one time.

    @ivar trusted: the authorities of clients.
    """

    def __init__(self, config: ListenerSecureSocket, reactor: Any, place: str) -> None:
        suites = suitesFor(config.ciphers, config.protocol, place)
        where = f"{place}.key"
        own = readKey(config.key, where)
        if not suites.fit(kindOf(own)):
            problem = f"has no suite for a key of the kind {kindOf(own)}, which the certificate has"
            raise SslConfigurationError(problem, f"{place}.ciphers")
        self.context = contextFor(suites)
        show(self.context, own, where)
        self.trusted = self._askClients(config, place)
        self._shareSessions(config)
        self.context.set_alpn_select_callback(_selectAlpn)
        self._stapler: Stapler | None = None
        validation = config.certValidation
        if validation is not None and validation.type is CertValidationType.OCSP_STAPLING:
            self._stapler = stapler = _staplerFor(own, validation.cacheValidityPeriod, reactor, place)
            self.context.set_ocsp_server_callback(lambda connection, data: stapler.response())

    def _askClients(self, config: ListenerSecureSocket, place: str) -> list[x509.Certificate]:
        if config.mutualSsl is None:
            return []
        trusted = readTrust(config.mutualSsl.cert, f"{place}.mutualSsl.cert")
        trust(self.context, trusted)
        for authority in trusted:
            self.context.add_client_ca(authority)
        isRequired = config.mutualSsl.verifyClient is VerifyClient.REQUIRE
        mode = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if isRequired else 0
        verify(self.context, SSL.VERIFY_PEER | mode, _tell)
        return trusted

    def _shareSessions(self, config: ListenerSecureSocket) -> None:
        # Tickets alone, which clients keep: nothing is stored for who may never come again.
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self.context.set_session_id(urandom(16))
        if config.sessionTimeout:
            self.context.set_timeout(math.ceil(config.sessionTimeout))
        if not config.shareSession or config.mutualSsl is not None:
            # A short handshake looks at no certificate, and this one may be out of date by now.
            self.context.set_options(SSL.OP_NO_TICKET)

    def start(self) -> Deferred[None]:
        return succeed(None) if self._stapler is None else self._stapler.start()

    def stop(self) -> None:
        if self._stapler is not None:
            self._stapler.stop()


def _staplerFor(own: OwnKey, longest: float, reactor: Any, place: str) -> Stapler:
    issuer = next((each for each in own.chain if each.subject == own.certificate.issuer), None)
    try:
        return Stapler(own.certificate, issuer, reactor, longest=longest)
    except ConfigurationError as error:
        raise SslConfigurationError(error.problem, f"{place}.certValidation.type") from None


def _selectAlpn(connection: SSL.Connection, offered: list[bytes]) -> bytes:
    if _ALPN in offered:
        return _ALPN
    # Such a client would not understand our answers: an alert says so (RFC 7301 section 3.2).
    raise SSL.Error([("balws", "", "it does not speak HTTP/1.1")])


def _tell(connection: SSL.Connection, problem: str) -> None:
    vestibule = connection.get_app_data().wrappedProtocol
    vestibule.problem = vestibule.problem or problem
