# -*- test-case-name: tests.tls.test_ocsp -*-
"""
Questions to an OCSP responder, and what its answers are worth (RFC 6960, RFC 5019).

An answer may come from anybody: from a peer, from a cache, from whoever sits between.  It
counts when the authority that issued the certificate has signed it, or somebody whom it let
do so; when it is about this certificate; and when it is neither old nor from the future.
There is no nonce: hardly any responder repeats one, and no answer that was made before
could be shown.  What keeps an old answer from being shown again is its own end.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequest,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, OCSPExtensionOID
from twisted.internet.defer import Deferred

from balws.tls.download import Fetch, isUsable
from balws.tls.verdict import CannotTell, Verdict, isCurrent, isSigned

__all__ = ["MAX_RESPONSE", "ask", "read", "responders"]

#: Bytes of the longest answer; most have one or two thousand.
MAX_RESPONSE = 65536

#: So many certificates of an answer are looked at for the one that has signed it.
MAX_DELEGATES = 4

#: Bytes of the longest request that is put into a URL (RFC 5019 section 5).
MAX_GET = 255


def responders(certificate: x509.Certificate) -> tuple[str, ...]:
    """
    @return: the URLs of C{http} and C{https} where the certificate's authority can be asked
        about it; others are left out.
    """
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        asked = [each.access_location for each in access if each.access_method == AuthorityInformationAccessOID.OCSP]
    except Exception:  # there is none, or none that can be read
        return ()
    found = (each.value for each in asked if isinstance(each, x509.UniformResourceIdentifier))
    return tuple(url for url in dict.fromkeys(found) if isUsable(url))


def _request(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm) -> OCSPRequest:
    return OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()


def ask(
    fetch: Fetch, url: str, certificate: x509.Certificate, issuer: x509.Certificate, seconds: float
) -> Deferred[bytes]:
    """
    Ask one responder about one certificate: within the URL where that is short, so that
    what stands in between may keep the answer, else by POST (RFC 6960 appendix A.1).

    @param seconds: for all of it.
    @return: fires with what L{read} is for; fails with L{CannotTell}.
    """
    # SHA-1 only names the issuer here, and is what every responder knows (RFC 5019 section 2.1.1).
    question = _request(certificate, issuer, SHA1()).public_bytes(Encoding.DER)  # noqa: S303
    asked = f"{url.rstrip('/')}/{quote(b64encode(question), safe='')}"
    if len(asked) <= MAX_GET and "?" not in url and "#" not in url:
        return fetch(asked, MAX_RESPONSE, seconds)
    return fetch(url, MAX_RESPONSE, seconds, question)


def read(response: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: float) -> Verdict:
    """
    @param response: the answer in DER, as it came.
    @param issuer: who has issued the certificate.
    @param now: in seconds since the epoch.
    @return: what it says.  C{until} is its C{nextUpdate}, or its C{thisUpdate} where it says
        that there is always something newer.
    @raise CannotTell: when it says nothing about this certificate, or cannot be believed.
    """
    if len(response) > MAX_RESPONSE:
        raise CannotTell("the OCSP response is too large")
    try:
        return _verdict(load_der_ocsp_response(response), certificate, issuer, now)
    except CannotTell:
        raise
    except Exception as problem:  # cryptography has many for what is strange
        raise CannotTell(f"the OCSP response cannot be read ({type(problem).__name__})") from None


def _verdict(response: OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, now: float) -> Verdict:
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        raise CannotTell(f"the OCSP responder says {response.response_status.name}")
    # One question has one answer; of several, cryptography does not show the extensions.
    if len(list(response.responses)) != 1:
        raise CannotTell("the OCSP response is about several certificates")
    asked = _request(certificate, issuer, response.hash_algorithm)
    meant = asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash
    if (response.serial_number, response.issuer_name_hash, response.issuer_key_hash) != meant:
        raise CannotTell("the OCSP response is about another certificate")
    if any(each.critical and each.oid != OCSPExtensionOID.NONCE for each in response.extensions) or any(
        each.critical for each in response.single_extensions
    ):
        raise CannotTell("the OCSP response has conditions that nobody here understands")
    begin, end = response.this_update_utc, response.next_update_utc
    if not isCurrent(begin, end, now):
        raise CannotTell("the OCSP response is not of this time")
    if not any(_hasSigned(signer, response) for signer in _signers(response, issuer, now)):
        raise CannotTell("the OCSP response is not signed by whoever may do so")
    if response.certificate_status is OCSPCertStatus.UNKNOWN:
        raise CannotTell("the OCSP responder does not know the certificate")
    isRevoked = response.certificate_status is OCSPCertStatus.REVOKED
    return Verdict(isRevoked=isRevoked, until=(begin if end is None else end).timestamp())


def _hasSigned(signer: x509.Certificate, response: OCSPResponse) -> bool:
    algorithm = response.signature_hash_algorithm
    return isSigned(signer.public_key(), response.signature, response.tbs_response_bytes, algorithm)


def _signers(response: OCSPResponse, issuer: x509.Certificate, now: float) -> Iterator[x509.Certificate]:
    """
    Who may have signed, of those whom the answer names: the issuer, or who has a certificate
    from the issuer for just that (RFC 6960 section 4.2.2.2).  Whether that certificate was
    revoked is not asked: authorities make them for short times instead.
    """
    if _isNamed(issuer, response):
        yield issuer
    for delegate in response.certificates[:MAX_DELEGATES]:
        if _isNamed(delegate, response) and _isDelegate(delegate, issuer, now):
            yield delegate


def _isNamed(signer: x509.Certificate, response: OCSPResponse) -> bool:
    if response.responder_name is not None:
        return bool(response.responder_name == signer.subject)
    return response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest


def _isDelegate(delegate: x509.Certificate, issuer: x509.Certificate, now: float) -> bool:
    if not isCurrent(delegate.not_valid_before_utc, delegate.not_valid_after_utc, now):
        return False
    try:
        uses = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if ExtendedKeyUsageOID.OCSP_SIGNING not in uses or delegate.issuer != issuer.subject:
        return False
    algorithm = delegate.signature_hash_algorithm
    return isSigned(issuer.public_key(), delegate.signature, delegate.tbs_certificate_bytes, algorithm)
