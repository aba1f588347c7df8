# -*- test-case-name: tests.tls.test_crl -*-
"""
Lists of revoked certificates (RFC 5280 sections 5 and 6.3).

A list counts when the issuer of the certificate has signed it, when it is of this time, when
it is whole, and when this certificate is among those that it is about.
"""

from __future__ import annotations

import attrs
from cryptography import x509

from balws.tls.download import isUsable
from balws.tls.verdict import CannotTell, Verdict, isCurrent, isSigned

__all__ = ["MAX_LIST", "Place", "RevocationList", "places", "read"]

#: Bytes of the longest list: about a hundred thousand certificates.
MAX_LIST = 4 << 20


@attrs.frozen(kw_only=True)
class Place:
    """
    Where a list is found.

    @ivar url: a URL of C{http} or C{https}.
    @ivar names: all names that the certificate has for the same list.
    """

    url: str
    names: frozenset[x509.GeneralName]


def places(certificate: x509.Certificate) -> tuple[Place, ...]:
    """
    @return: where the lists are that can tell about a certificate.  Those that others than
        its issuer have signed, that are for some reasons of revocation only, and that are
        found by other means than HTTP are left out.
    """
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except Exception:  # there is none, or none that can be read
        return ()
    found: dict[str, Place] = {}
    for point in points:
        if point.crl_issuer is not None or point.reasons is not None:
            continue
        names = frozenset(point.full_name or ())
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier) and isUsable(name.value):
                found.setdefault(name.value, Place(url=name.value, names=names))
    return tuple(found.values())


@attrs.frozen(kw_only=True)
class RevocationList:
    """
    What is left of a list when it was read and believed.

    @ivar serials: the serial numbers of the revoked certificates, of those that are revoked
        for a while as well.
    @ivar names: what the list calls itself; empty: it is about all that its issuer issued.
    @ivar aboutUsers: whether it is about certificates of users.
    @ivar aboutAuthorities: whether it is about certificates of authorities.
    @ivar until: when there will be a newer one, in seconds since the epoch.
    """

    serials: frozenset[int] = attrs.field(repr=False)
    names: frozenset[x509.GeneralName] = frozenset()
    aboutUsers: bool = True
    aboutAuthorities: bool = True
    until: float

    def verdict(self, certificate: x509.Certificate, place: Place) -> Verdict:
        """
        @param certificate: one of the list's issuer.
        @param place: where that certificate says that the list is.
        @raise CannotTell: when the list is about others.
        """
        isAbout = self.aboutAuthorities if _isAuthority(certificate) else self.aboutUsers
        if not isAbout or (self.names and not self.names & place.names):
            raise CannotTell("the list of revoked certificates is about others")
        return Verdict(isRevoked=certificate.serial_number in self.serials, until=self.until)


def _isAuthority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def read(data: bytes, issuer: x509.Certificate, now: float) -> RevocationList:
    """
    Read a list.  May run in any thread.

    @param data: the list in DER, as it came.
    @param issuer: who must have signed it.
    @param now: in seconds since the epoch.
    @raise CannotTell: when it cannot be believed.
    """
    if len(data) > MAX_LIST:
        raise CannotTell("the list of revoked certificates is too large")
    try:
        found = x509.load_der_x509_crl(data)
        _check(found, data, issuer, now)
        return _reduced(found)
    except CannotTell:
        raise
    except Exception as problem:  # cryptography has many for what is strange
        raise CannotTell(f"the list of revoked certificates cannot be read ({type(problem).__name__})") from None


def _check(found: x509.CertificateRevocationList, data: bytes, issuer: x509.Certificate, now: float) -> None:
    if found.issuer != issuer.subject or not _maySign(issuer):
        raise CannotTell("the list of revoked certificates is somebody else's")
    begin, end = found.last_update_utc, found.next_update_utc
    # Every list must say when the next one comes (RFC 5280 section 5.1.2.5).
    if end is None or not isCurrent(begin, end, now):
        raise CannotTell("the list of revoked certificates is not of this time")
    if not isSigned(issuer.public_key(), found.signature, _signedPart(data), found.signature_hash_algorithm):
        raise CannotTell("the list of revoked certificates is not signed by whoever may do so")


def _maySign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _reduced(found: x509.CertificateRevocationList) -> RevocationList:
    scope = _scope(found)
    assert found.next_update_utc is not None
    return RevocationList(
        # One by one: other threads go on meanwhile, which they do not while cryptography searches.
        serials=frozenset(each.serial_number for each in found),
        names=frozenset(scope.full_name or ()) if scope else frozenset(),
        aboutUsers=not (scope and scope.only_contains_ca_certs),
        aboutAuthorities=not (scope and scope.only_contains_user_certs),
        until=found.next_update_utc.timestamp(),
    )


def _scope(found: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    scope = None
    for extension in found.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            scope = extension.value
        elif extension.critical or isinstance(extension.value, x509.DeltaCRLIndicator):
            raise CannotTell("the list of revoked certificates has conditions that nobody here understands")
    if scope and (
        scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name
    ):
        raise CannotTell("the list of revoked certificates is about a part of them only")
    return scope


def _signedPart(data: bytes) -> bytes:
    # As it came: cryptography would write it anew, and hold all threads for longer than all the rest takes.
    begin, _ = _contents(data, 0)
    _, end = _contents(data, begin)
    return data[begin:end]


def _contents(data: bytes, at: int) -> tuple[int, int]:
    """
    @param data: DER that was read before.
    @return: begin and end of what is inside of the element that begins at C{at} (X.690
        section 8.1.3).
    """
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        more = begin + (length & 0x7F)
        length, begin = int.from_bytes(data[begin:more]), more
    return begin, begin + length
