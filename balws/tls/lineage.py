# -*- test-case-name: tests.tls.test_lineage -*-
"""
Who has issued whom.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from balws.tls.verdict import CannotTell

__all__ = ["MAX_CHAIN", "hasIssued", "lineage"]

#: So many certificates from a peer are looked at, and so many authorities may stand one above another.
MAX_CHAIN = 10


def hasIssued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """
    @return: whether the one has signed the other, and is named as its issuer.
    """
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def lineage(
    chain: Sequence[x509.Certificate], trust: Sequence[x509.Certificate]
) -> list[tuple[x509.Certificate, x509.Certificate]]:
    """
    Find the way from a peer's certificate up to one that is trusted.

    The authorities that are trusted come first; a certificate in C{chain} that has signed
    itself is no authority unless it is trusted: else a revoked authority could show a
    second certificate for its key, and nobody would ask about the first.

    @param chain: what the peer has shown, its own certificate first; the rest in any order.
    @param trust: the certificates that need nobody to vouch for them.
    @return: each certificate on the way and its issuer, the peer's first; without the root,
        which nobody could revoke.
    @raise CannotTell: when there is no such way.
    """
    if not 0 < len(chain) <= MAX_CHAIN:
        raise CannotTell(f"the peer has shown {'too many certificates' if chain else 'no certificate'}")
    between = [each for each in chain if each.subject != each.issuer]
    found: list[tuple[x509.Certificate, x509.Certificate]] = []
    current = chain[0]
    while len(found) <= MAX_CHAIN:
        isTrusted = current in trust
        if isTrusted and current.subject == current.issuer:
            return found
        candidates = trust if isTrusted else (*trust, *between)
        issuer = next((each for each in candidates if hasIssued(each, current)), None)
        if issuer is None:
            if isTrusted:
                return found
            break
        found.append((current, issuer))
        current = issuer
    raise CannotTell("whoever has issued it is not known")
