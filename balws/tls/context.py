# -*- test-case-name: tests.tls.test_server -*-
"""
What the contexts of servers and of clients have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL, crypto

from balws.errors import SslConfigurationError
from balws.tls.ciphers import Suites
from balws.tls.material import OwnKey

__all__ = ["contextFor", "reasonOf", "show", "trust", "verify"]

#: OpenSSL's numbers for what is wrong most often, in words.
_PROBLEMS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself, and not trusted",
    19: "is signed by itself, and not trusted",
    20: "is signed by an authority that is not trusted",
    21: "is signed by an authority that is not trusted",
    23: "was revoked",
    26: "is not for this purpose",
    66: "has a key that is too weak",
    68: "is signed with a digest that is too weak",
}


def contextFor(suites: Suites) -> SSL.Context:
    """
    @return: a context for TLS alone: no compression (RFC 7457), no second handshake on a
        connection (CVE-2011-1473), and no buffers for connections with nothing to say.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_SINGLE_DH_USE)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    suites.applyTo(context)
    return context


def show(context: SSL.Context, own: OwnKey, place: str) -> None:
    """
    Show the peer who we are.

    @param place: the key path of what C{own} was read from, for errors.
    @raise SslConfigurationError: when OpenSSL does not want it.
    """
    try:
        context.use_certificate(own.certificate)
        for certificate in own.chain:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(own.key)
    except SSL.Error as error:
        problem = f"OpenSSL does not take this key or certificate: {reasonOf(error)}"
        raise SslConfigurationError(problem, place) from None


def kindOf(own: OwnKey) -> str:
    """
    @return: what the names of cipher suites call this kind of key.
    """
    return "RSA" if isinstance(own.key, rsa.RSAPrivateKey) else "ECDSA"


def trust(context: SSL.Context, certificates: Iterable[x509.Certificate]) -> None:
    """
    Trust these, and nobody else: each is the end of a chain, be it an authority or not.
    """
    store: Any = context.get_cert_store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for certificate in certificates:
        store.add_cert(crypto.X509.from_cryptography(certificate))


def verify(context: SSL.Context, mode: int, tell: Callable[[SSL.Connection, str], None]) -> None:
    """
    Verify the certificates of peers.

    @param mode: C{SSL.VERIFY_PEER}, and what may be added to it.
    @param tell: called with a connection and the first thing that is wrong with its
        peer's certificates, in words.
    """

    def judge(connection: SSL.Connection, certificate: Any, number: int, depth: int, isFine: int) -> bool:
        if not isFine:
            whose = "the certificate" if depth == 0 else "a certificate of an authority"
            tell(connection, f"{whose} {_PROBLEMS.get(number, f'was not accepted (OpenSSL says {number})')}")
        return bool(isFine)

    context.set_verify(mode, judge)


#: What OpenSSL says most often, in words that help at either end.
_REASONS = {
    "wrong version number": "what came is no TLS",
    "packet length too long": "what came is no TLS",
    "http request": "what came is HTTP without TLS",
    "tlsv13 alert certificate required": "a certificate of ours is wanted, and there is none",
    "peer did not return a certificate": "the peer showed no certificate",
    "tlsv1 alert unknown ca": "our certificate is signed by an authority that is not trusted there",
}


def reasonOf(error: BaseException) -> str:
    """
    @return: why TLS failed: OpenSSL's own words, which are in a list in a list, where there
        are no better ones.
    """
    errors = error.args[0] if error.args and isinstance(error.args[0], list) else []
    found = (str(each[-1]) for each in errors)
    return "; ".join(_REASONS.get(each, each) for each in found) or "the peer closed the connection"
