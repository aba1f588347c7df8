# -*- test-case-name: tests.tls.test_client -*-
"""
TLS for a client: the authorities that the system trusts, and a certificate for the host
that was meant.

The host is checked by ourselves when the TLS handshake is complete, not in Twisted's
callback: that one accepts a certificate whose names cannot be read, with a line in the log.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from service_identity import VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion, platformTrust
from zope.interface import implementer

from balws.errors import SslError

#: OpenSSL's numbers for what is wrong most often, in words for the log.
_PROBLEMS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself, and not trusted",
    19: "is signed by itself, and not trusted",
    20: "is signed by an authority that is not trusted",
    21: "is signed by an authority that is not trusted",
    23: "was revoked",
    66: "has a key that is too weak",
}


#: Whose connections they are; what pyOpenSSL keeps with one for its owner is Twisted's.
_clients: WeakKeyDictionary[SSL.Connection, TlsClient] = WeakKeyDictionary()


def _judge(connection: SSL.Connection, certificate: Any, number: int, depth: int, isFine: int) -> bool:
    client = _clients.get(connection)
    if not isFine and client is not None and client.problem is None:
        whose = "the certificate" if depth == 0 else "a certificate of an authority"
        client.problem = f"{whose} {_PROBLEMS.get(number, f'was not accepted (OpenSSL says {number})')}"
    return bool(isFine)


@lru_cache(maxsize=4)
def _trusting(*places: str | None) -> SSL.Context:
    """
    One for all connections: the system's authorities take nearly a megabyte.

    @param places: where OpenSSL looks for them; for the cache.
    """
    options = CertificateOptions(trustRoot=platformTrust(), raiseMinimumTo=TLSVersion.TLSv1_2)
    context: SSL.Context = options.getContext()
    context.set_verify(SSL.VERIFY_PEER, _judge)
    return context


@implementer(IOpenSSLClientConnectionCreator)
class TlsClient:
    """
    Makes the TLS side of a connection to a host.

    @ivar problem: why the certificate could not be trusted; L{None} where nothing was said
        against it.
    """

    problem: str | None = None

    def __init__(self, host: str) -> None:
        """
        @param host: a name in ASCII, or an IP address.
        """
        self._host = host
        self._isAddress = isIPAddress(host) or isIPv6Address(host)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """
        See L{IOpenSSLClientConnectionCreator}.
        """
        places = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        connection = SSL.Connection(_trusting(*places), None)
        _clients[connection] = self
        if not self._isAddress:
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        return connection

    def verify(self, connection: SSL.Connection) -> None:
        """
        See that the certificate, which a trusted authority has signed, is for this host
        (RFC 9525).

        @raise SslError: when it is not, or cannot be read.
        """
        try:
            (verify_ip_address if self._isAddress else verify_hostname)(connection, self._host)
        except VerificationError:
            raise SslError(f"the certificate is for another host than {self._host}") from None
        except Exception as problem:  # whatever it is, nobody has shown who is there
            raise SslError(f"the certificate names nobody ({type(problem).__name__})") from None
