"""
JSON Web Tokens made by hand, with the library of ciphers alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The time of all these tests, in seconds since the epoch.
NOW = 1_700_000_000

SECRET = "canary-9d2: a secret of more than 32 bytes"

_HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}

Sign = Callable[[bytes], bytes]


def encode(data: bytes) -> str:
    """
    @return: base64url without padding.
    """
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """
    @return: what base64url without padding says.
    """
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signer(algorithm: str, key: Any) -> Sign:
    """
    @param key: a secret or a private key.
    @return: makes signatures.
    """
    if algorithm == "EdDSA":
        return key.sign  # type: ignore[no-any-return]
    kind, size = algorithm[:2], algorithm[2:]
    digest = _HASHES[size]
    if kind == "HS":
        secret = key.encode() if isinstance(key, str) else key
        return lambda data: hmac.new(secret, data, getattr(hashlib, f"sha{size}")).digest()
    if kind == "ES":
        width = (key.curve.key_size + 7) // 8

        def signPair(data: bytes) -> bytes:
            pair = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
            return b"".join(each.to_bytes(width, "big") for each in pair)

        return signPair
    filling: Any = padding.PKCS1v15()
    if kind == "PS":
        filling = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return lambda data: key.sign(data, filling, digest)  # type: ignore[no-any-return]


def part(value: object) -> str:
    """
    @param value: what is written as JSON; bytes as they are.
    """
    return encode(value if isinstance(value, bytes) else json.dumps(value).encode())


def token(
    key: Any = SECRET,
    algorithm: str = "HS256",
    claims: object = None,
    header: object = None,
    **more: Any,
) -> str:
    """
    @param claims: all claims, or bytes; L{None} is a token that is good for five minutes.
    @param header: the whole header, or bytes; L{None} is algorithm and type.
    @param more: further claims, which take the place of others.
    """
    own = {"sub": "alice", "exp": NOW + 300, **more} if claims is None else claims
    head = {"alg": algorithm, "typ": "JWT"} if header is None else header
    signed = f"{part(head)}.{part(own)}"
    return f"{signed}.{encode(signer(algorithm, key)(signed.encode()))}"


def _number(value: int, width: int = 0) -> str:
    return encode(value.to_bytes(width or (value.bit_length() + 7) // 8, "big"))


def jwk(key: Any, name: str = "one", **more: Any) -> dict[str, Any]:
    """
    @param key: a public key.
    @return: it as a set of keys has it.
    """
    own: dict[str, Any]
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        own = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        point, width = key.public_numbers(), (key.curve.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[key.curve.key_size]
        own = {"kty": "EC", "crv": curve, "x": _number(point.x, width), "y": _number(point.y, width)}
    else:
        curve = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
        assert isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey))
        own = {"kty": "OKP", "crv": curve, "x": encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    return {**own, "kid": name, **more}
