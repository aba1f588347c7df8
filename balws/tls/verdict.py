# -*- test-case-name: tests.tls.test_ocsp -*-
"""
What an authority says about one certificate, and whether it is the one who says it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, Hash, HashAlgorithm

from balws.errors import SslError

__all__ = ["SKEW", "CannotTell", "Verdict", "isCurrent", "isSigned"]

#: Seconds that the clocks of an authority and of this machine may differ.
SKEW = 300

#: What a signature may be made of; SHA-1 can be forged.
_STRONG = (SHA256, SHA384, SHA512)


class CannotTell(SslError):
    """
    This authority did not say whether a certificate was revoked, or cannot be believed.
    The text says why.
    """


@attrs.frozen(kw_only=True)
class Verdict:
    """
    What an authority says about one certificate.

    @ivar isRevoked: whether it was revoked, be it for a while only.
    @ivar until: when the authority will say more, in seconds since the epoch: what it
        says is not kept longer.
    """

    isRevoked: bool
    until: float


def isCurrent(begin: datetime, end: datetime | None, now: float) -> bool:
    """
    @param end: L{None} says that there is always something newer: good for L{SKEW} alone.
    @param now: in seconds since the epoch.
    """
    last = begin if end is None else end
    return begin.timestamp() - SKEW <= now <= last.timestamp() + SKEW


def isSigned(key: Any, signature: bytes, data: bytes, algorithm: HashAlgorithm | None) -> bool:
    """
    @param key: the public key that must have signed.
    @param data: hashed before the signature is looked at, where the kind of signature has
        a hash: other threads go on while a large one is.
    @param algorithm: that hash; L{None} where the kind has none.
    @return: whether the signature is right, and of a kind that can be trusted (RSA with
        PKCS1 padding, ECDSA, Ed25519, Ed448).
    """
    try:
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, data)
            return True
        if not isinstance(algorithm, _STRONG):
            return False
        digest = Hash(algorithm)
        digest.update(data)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest.finalize(), padding.PKCS1v15(), Prehashed(algorithm))
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest.finalize(), ec.ECDSA(Prehashed(algorithm)))
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False
