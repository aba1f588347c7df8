# -*- test-case-name: tests.auth.jwt.test_keys -*-
"""
Keys that verify tokens and keys that sign them.  The algorithms are fixed by the key, never
by the token (RFC 8725 section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key, pkcs12
from jwt.algorithms import get_default_algorithms
from jwt.exceptions import InvalidKeyError

from balws.config.claims import HMAC_ALGORITHMS
from balws.config.jwt import (
    IssuerSignatureConfig,
    PrivateKeyFile,
    PrivateKeyInStore,
    TrustStoreConfig,
    ValidatorSignatureConfig,
)
from balws.config.secret import Secret
from balws.config.secure import KeyStore, TrustStore
from balws.errors import ConfigurationError
from balws.tls.material import readFile

__all__ = ["SigningKey", "UnfitKey", "VerifyingKey", "algorithmsOf", "readSigningKey", "readVerifyingKey"]

#: Bits of an RSA key: fewer can be broken (RFC 7518 section 3.3), more only take time.
MIN_RSA = 2048
MAX_RSA = 16384

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}

_known = get_default_algorithms()

_LOOKS_PUBLIC = (
    "looks like a key of two halves, a certificate or a JWK, of which the public half is no secret: "
    "give certFile, trustStoreConfig or jwksConfig, or a secret of random text"
)


class UnfitKey(ValueError):
    """
    A key that no algorithm here goes with.  The text says why.
    """


def algorithmsOf(publicKey: object) -> tuple[str, ...]:
    """
    @return: the algorithms that go with a key (RFC 7518 section 3.1, RFC 8037 section 3.1).
    @raise UnfitKey: when there are none.
    """
    match publicKey:
        case rsa.RSAPublicKey():
            if not MIN_RSA <= publicKey.key_size <= MAX_RSA:
                raise UnfitKey(f"an RSA key of {publicKey.key_size} bits; it takes {MIN_RSA} to {MAX_RSA}")
            return _RSA
        case ec.EllipticCurvePublicKey():
            if publicKey.curve.name not in _CURVES:
                raise UnfitKey(f"a key on the curve {publicKey.curve.name}; it takes P-256, P-384 or P-521")
            return _CURVES[publicKey.curve.name]
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return ("EdDSA",)
    raise UnfitKey("a key of another kind than RSA, EC, Ed25519 and Ed448")


@attrs.frozen(eq=False)
class VerifyingKey:
    """
    What a signature is verified with.

    @ivar algorithms: those that the key is for.
    @ivar certificate: where it came from, or L{None}.
    """

    algorithms: tuple[str, ...]
    _key: Any = attrs.field(repr=False)
    certificate: x509.Certificate | None = attrs.field(default=None, repr=False)

    def isInForce(self, now: float) -> bool:
        """
        @param now: seconds since the epoch.
        @return: whether its certificate, if there is one, is good at this time.
        """
        if self.certificate is None:
            return True
        moment = datetime.fromtimestamp(now, UTC)
        return self.certificate.not_valid_before_utc <= moment <= self.certificate.not_valid_after_utc

    def narrowed(self, algorithms: Iterable[str]) -> VerifyingKey:
        """
        @param algorithms: those that are wanted.
        @return: the same key for those of them that it is for; maybe none.
        """
        wanted = frozenset(algorithms)
        return attrs.evolve(self, algorithms=tuple(each for each in self.algorithms if each in wanted))

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """
        It takes a fraction of a millisecond.

        @return: whether the key is for this algorithm, and the signature is right.
        """
        return algorithm in self.algorithms and _known[algorithm].verify(signed, self._key, signature)


@attrs.frozen(eq=False)
class SigningKey:
    """
    What tokens are signed with.

    @ivar algorithm: the one that was chosen; the key is for it.
    """

    algorithm: str
    _key: Any = attrs.field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """
        It takes a millisecond with an RSA key of 2048 bits, and less with others.

        @return: the signature.
        """
        return _known[self.algorithm].sign(data, self._key)


# Verifying


def readVerifyingKey(config: ValidatorSignatureConfig) -> VerifyingKey:
    """
    Read the key of a configuration without C{jwksConfig}.

    @raise ConfigurationError: when a file cannot be read or has not what it should, or
        the key is too weak or of an unknown kind.
    """
    if config.certFile is not None:
        return _fromFile(config.certFile, "certFile")
    if config.trustStoreConfig is not None:
        return _fromStore(config.trustStoreConfig, "trustStoreConfig")
    assert config.secret is not None  # the record has one of them
    return VerifyingKey(HMAC_ALGORITHMS, _shared(config.secret, "secret"))


def _fromFile(path: str, place: str) -> VerifyingKey:
    data = readFile(path, place)
    if b"PRIVATE KEY-----" in data:
        raise _problem(path, place, "has a private key; give the certificate or the public key, and keep this one away")
    try:
        if b"-----BEGIN CERTIFICATE" in data:
            return _ofCertificate(x509.load_pem_x509_certificates(data)[0], path, place)
        return _ofKey(load_pem_public_key(data), None, path, place)
    except (ValueError, UnsupportedAlgorithm):
        raise _problem(path, place, "has no certificate or public key in PEM, or one that is broken") from None


def _ofCertificate(certificate: x509.Certificate, path: str, place: str) -> VerifyingKey:
    return _ofKey(certificate.public_key(), certificate, path, place)


def _ofKey(key: object, certificate: x509.Certificate | None, path: str, place: str) -> VerifyingKey:
    try:
        return VerifyingKey(algorithmsOf(key), key, certificate)
    except UnfitKey as unfit:
        raise _problem(path, place, f"has {unfit}") from None


def _fromStore(config: TrustStoreConfig, place: str) -> VerifyingKey:
    path = config.trustStore.path
    store = _open(config.trustStore, f"{place}.trustStore")
    entries = [*store.additional_certs, *([store.cert] if store.cert is not None else ())]
    found = [each for each in entries if _isCalled(each, config.certAlias)]
    if len(found) != 1:
        how = "no certificate" if not found else "several certificates"
        raise _problem(path, f"{place}.certAlias", f"has {how} of this alias; it has {_aliases(entries)}")
    try:
        return _ofCertificate(found[0].certificate, path, f"{place}.certAlias")
    except (ValueError, UnsupportedAlgorithm):
        raise _problem(path, f"{place}.certAlias", "has a key of an unknown kind") from None


# Signing


def readSigningKey(config: IssuerSignatureConfig) -> SigningKey:
    """
    Read the key that a client signs with.

    @raise ConfigurationError: when a file cannot be read or has not what it should, or
        the key does not go with the algorithm.
    """
    source = config.config
    if isinstance(source, Secret):
        return SigningKey(config.algorithm, _shared(source, "config"))
    if isinstance(source, PrivateKeyInStore):
        path, place, key = source.keyStore.path, "config.keyStore.path", _storedKey(source)
    else:
        path, place, key = source.keyFile, "config.keyFile", _keyOfFile(source)
    try:
        fitting = algorithmsOf(key.public_key())
    except (AttributeError, UnfitKey) as unfit:
        words = str(unfit) if isinstance(unfit, UnfitKey) else "a key that cannot sign"
        raise _problem(path, place, f"has {words}") from None
    if config.algorithm not in fitting:
        raise ConfigurationError(f"the key is for {', '.join(fitting)}, not for {config.algorithm}", "algorithm")
    return SigningKey(config.algorithm, key)


def _storedKey(config: PrivateKeyInStore) -> Any:
    path = config.keyStore.path
    if config.keyPassword != config.keyStore.password:
        raise ConfigurationError("a PKCS12 store has one password, and this is another", "config.keyPassword")
    store = _open(config.keyStore, "config.keyStore")
    if store.key is None:
        raise _problem(path, "config.keyStore.path", "has no private key")
    if store.cert is None or not _isCalled(store.cert, config.keyAlias):
        own = [] if store.cert is None else [store.cert]
        raise _problem(path, "config.keyAlias", f"has no private key of this alias; it has {_aliases(own)}")
    return store.key


def _keyOfFile(config: PrivateKeyFile) -> Any:
    path = config.keyFile
    data = readFile(path, "config.keyFile")
    password = config.keyPassword
    try:
        return load_pem_private_key(data, None if password is None else _bytes(password))
    except TypeError:  # so it is when one of the two is there without the other
        words = "is encrypted, and there is no password" if password is None else "is not encrypted: leave it out"
        raise _problem(path, "config.keyPassword", words) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _problem(
            path, "config.keyFile", "has no private key in PEM that can be read, or the password is another"
        ) from None


# Both


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogateescape")


def _shared(secret: Secret, place: str) -> bytes:
    try:
        key: bytes = _known["HS256"].prepare_key(_bytes(secret))
    except InvalidKeyError:
        raise ConfigurationError(_LOOKS_PUBLIC, place) from None
    return key


def _open(config: KeyStore | TrustStore, place: str) -> pkcs12.PKCS12KeyAndCertificates:
    data = readFile(config.path, f"{place}.path")
    try:
        return pkcs12.load_pkcs12(data, _bytes(config.password))
    except (ValueError, UnsupportedAlgorithm):
        raise _problem(
            config.path, f"{place}.path", "cannot be opened: the password is another, or it is no PKCS12 store"
        ) from None


def _isCalled(entry: pkcs12.PKCS12Certificate, alias: str) -> bool:
    return (entry.friendly_name or b"").decode(errors="replace").lower() == alias.lower()


def _aliases(entries: Iterable[pkcs12.PKCS12Certificate]) -> str:
    names = [(each.friendly_name or b"").decode(errors="replace") for each in entries]
    return ", ".join(repr(name) for name in names if name)[:200] or "none"


def _problem(path: str, place: str, words: str) -> ConfigurationError:
    return ConfigurationError(f"the file {path!r} {words}", place)
