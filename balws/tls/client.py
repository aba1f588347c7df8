# -*- test-case-name: tests.tls.test_client -*-
"""
TLS for a client: the authorities that are trusted, and a certificate for the host that
was meant (table A5.4).

The host is checked by ourselves when the TLS handshake is complete, not in Twisted's
callback: that one accepts a certificate whose names cannot be read, with a line in the log.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from service_identity import VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer

from balws.config.secure import CertValidationType, ClientSecureSocket
from balws.errors import SslError
from balws.tls.basis import basisFor
from balws.tls.stapling import checkStapled

__all__ = ["TlsClient"]

_log = Logger()


@implementer(IOpenSSLClientConnectionCreator)
class TlsClient:
    """
    Makes the TLS side of a connection to a host.

    @ivar target: which server it is for.
    @ivar problem: why the certificate could not be trusted; L{None} where nothing was said
        against it.
    @ivar proof: what the server has stapled to its certificate.
    @ivar handshakeTimeout: seconds for the TLS handshake; L{None} sets no limit of its own.
    """

    problem: str | None = None
    proof = b""

    def __init__(self, host: str, config: ClientSecureSocket | None = None, reactor: Any = None, port: int = 0) -> None:
        """
        @param host: a name in ASCII, or an IP address.
        @param config: L{None} trusts whom the system trusts.
        @param port: where the host is connected to; sessions are not shared with another.
        @param reactor: what to ask authorities by; L{None} is Twisted's.
        @raise ConfigurationError: when a file of C{config} cannot be used.
        """
        config = config or ClientSecureSocket()
        self._host = config.serverName or host
        self._isAddress = isIPAddress(self._host) or isIPv6Address(self._host)
        self._verifiesHost = config.enable and config.verifyHostName
        self._validation = config.certValidation if config.enable else None
        self._reactor = reactor
        self._basis = basisFor(config)
        self.target = f"{host}:{port} {self._host}"
        self.handshakeTimeout = config.handshakeTimeout or None
        if not config.enable:
            _warn()

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """
        See L{IOpenSSLClientConnectionCreator}.
        """
        connection = self._basis.connection(self)
        if not self._isAddress:
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        return connection

    def verify(self, connection: SSL.Connection) -> None:
        """
        See that the certificate, which a trusted authority has signed, is for this host
        (RFC 9525).  Its common name does not count.

        @raise SslError: when it is not, or cannot be read.
        """
        if not self._verifiesHost:
            return
        try:
            (verify_ip_address if self._isAddress else verify_hostname)(connection, self._host)
        except VerificationError:
            raise SslError(f"the certificate is for another host than {self._host}") from None
        except Exception as problem:  # whatever it is, nobody has shown who is there
            raise SslError(f"the certificate names nobody ({type(problem).__name__})") from None

    def check(self, connection: SSL.Connection) -> Deferred[None] | None:
        """
        See that the certificate was not revoked.

        @param connection: one whose handshake is complete.
        @return: L{None} where there is nothing to see; else fires when it was not revoked,
            and fails with L{SslError} when it was or when nobody can tell.
        """
        if self._validation is None:
            return None
        chain = connection.get_verified_chain(as_cryptography=True) or []
        if self._validation.type is CertValidationType.OCSP_STAPLING:
            return self._checkProof(chain)
        reactor = self._reactor
        if reactor is None:
            from twisted.internet import reactor
        trusted = chain[-1:] if self._basis.trusted is None else self._basis.trusted
        return self._basis.revocation(self._validation, reactor).checkPeer(chain, trusted)

    def _checkProof(self, chain: list[x509.Certificate]) -> Deferred[None] | None:
        if chain and chain[0] in (self._basis.trusted or ()):  # nobody else vouches for it
            return None
        try:
            certificate, issuer, *_ = chain
            checkStapled(self.proof, certificate, issuer)
        except SslError as problem:
            return fail(problem)
        except ValueError:
            return fail(SslError("there is no certificate to be checked"))
        return None


@cache
def _warn() -> None:
    """
    Once a process: whoever wants it so need not be told with each connection.
    """
    _log.warn("TLS without verification (enable = false): anybody can pose as the server, and read everything.")
