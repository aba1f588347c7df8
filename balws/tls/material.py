# -*- test-case-name: tests.tls.test_material -*-
"""
Keys and certificates out of files.

What is wrong is a L{ConfigurationError} that names the key in the configuration and the
file, and nothing of what is in the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from twisted.logger import Logger

from balws.config.positions import extend
from balws.config.secret import Secret
from balws.config.secure import CertKey, KeyStore, TrustStore
from balws.errors import ConfigurationError, SslConfigurationError

__all__ = ["OwnKey", "PrivateKey", "readFile", "readKey", "readTrust"]

_log = Logger()

#: The kinds of keys that TLS can use.
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

#: Files are read up to this many bytes: twice what all authorities of a system take.
MAX_FILE = 1 << 20

#: Bits of an RSA key below which OpenSSL and every peer refuse it (RFC 9325 section 4.4).
MIN_RSA = 2048

#: How the stores of Java begin that are not PKCS12: JKS and JCEKS.
_JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_PEM = b"-----BEGIN"


class OwnKey(NamedTuple):
    """
    Who we are.

    @ivar key: the private key.
    @ivar certificate: the certificate of this key.
    @ivar chain: those of the authorities in between, the nearest first.
    """

    key: PrivateKey
    certificate: x509.Certificate
    chain: list[x509.Certificate]


def readKey(config: KeyStore | CertKey, place: str = "key", now: Callable[[], float] = time.time) -> OwnKey:
    """
    Read a private key and its certificate.  One that is out of date is good for a WARNING
    only: its peers will say no, and a clock may be wrong.

    @param place: the key path of C{config}, for errors.
    @param now: the seconds since 1970.
    @raise SslConfigurationError: when a file cannot be read, or has not what it should, or
        the key is that of another certificate.
    """
    found = _fromStore(config, place) if isinstance(config, KeyStore) else _fromPair(config, place)
    moment = datetime.fromtimestamp(now(), UTC)
    if moment > found.certificate.not_valid_after_utc:
        _log.warn("The certificate in {file} has expired.", file=_certificateFile(config))
    elif moment < found.certificate.not_valid_before_utc:
        _log.warn("The certificate in {file} is not valid yet.", file=_certificateFile(config))
    return found


def readTrust(config: TrustStore | str, place: str = "cert") -> list[x509.Certificate]:
    """
    Read the certificates of those who are trusted.

    @param config: a store, or the path of a PEM file.
    @param place: the key path of C{config}, for errors.
    @return: at least one.
    @raise SslConfigurationError: when the file cannot be read, or has none.
    """
    if isinstance(config, str):
        return _certificates(config, place)
    store = _openStore(config.path, config.password, place)
    certificates = [each.certificate for each in store.additional_certs]
    if store.cert is not None:
        certificates.insert(0, store.cert.certificate)
    if not certificates:
        raise _problem(config.path, extend(place, "path"), "has no certificate")
    return certificates


def readFile(path: str, place: str) -> bytes:
    """
    @return: what is in a file of at most 1 MiB.
    @raise SslConfigurationError: when it cannot be read, or is larger.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise _problem(path, place, f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL in the path
        raise _problem(path, place, "cannot be read: this is no path") from None
    if len(data) > MAX_FILE:
        raise _problem(path, place, f"is over {MAX_FILE} bytes")
    return data


def _problem(path: str, place: str, words: str) -> ConfigurationError:
    return SslConfigurationError(f"the file {path!r} {words}", place)


def _certificateFile(config: KeyStore | CertKey) -> str:
    return config.path if isinstance(config, KeyStore) else config.certFile


# PEM


def _fromPair(config: CertKey, place: str) -> OwnKey:
    certificate, *chain = _certificates(config.certFile, extend(place, "certFile"))
    key = _pemKey(config, place)
    if not _isOf(key, certificate):
        wrong = f"is not the key of the first certificate in {config.certFile!r}"
        raise _problem(config.keyFile, extend(place, "keyFile"), wrong)
    return OwnKey(key, certificate, chain)


def _certificates(path: str, place: str) -> list[x509.Certificate]:
    data = readFile(path, place)
    if _PEM not in data:
        raise _problem(path, place, _notPem(data, path))
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise _problem(path, place, "has no certificate, or one that is broken") from None


def _pemKey(config: CertKey, place: str) -> PrivateKey:
    path, where = config.keyFile, extend(place, "keyFile")
    data = readFile(path, where)
    if _PEM not in data:
        raise _problem(path, where, _notPem(data, path))
    hasPassword = config.keyPassword is not None
    try:
        key = load_pem_private_key(data, _bytes(config.keyPassword))
    except TypeError:
        # So it is when one of the two is there without the other.
        if hasPassword:
            raise _problem(path, extend(place, "keyPassword"), "is not encrypted: leave the password out") from None
        raise _problem(path, extend(place, "keyPassword"), "is encrypted, and there is no password") from None
    except (ValueError, UnsupportedAlgorithm):
        either = "the password is wrong, or " if hasPassword else ""
        wrong = f"has no private key that can be read: {either}it is broken or of another kind"
        raise _problem(path, where, wrong) from None
    return _usable(key, path, where)


def _notPem(data: bytes, path: str) -> str:
    if data.startswith(_JAVA):
        return _java(path)
    return "is not PEM, which has a line with BEGIN"


# PKCS12


def _fromStore(config: KeyStore, place: str) -> OwnKey:
    where = extend(place, "path")
    store = _openStore(config.path, config.password, place)
    if store.key is None:
        raise _problem(config.path, where, "has no private key")
    key = _usable(store.key, config.path, where)
    others = [each.certificate for each in store.additional_certs]
    if store.cert is not None:
        others.insert(0, store.cert.certificate)
    for certificate in others:
        if _isOf(key, certificate):
            others.remove(certificate)
            return OwnKey(key, certificate, others)
    raise _problem(config.path, where, "has no certificate of its private key")


def _openStore(path: str, password: Secret, place: str) -> pkcs12.PKCS12KeyAndCertificates:
    where = extend(place, "path")
    data = readFile(path, where)
    if data.startswith(_JAVA):
        raise _problem(path, where, _java(path))
    if data.startswith(_PEM):
        raise _problem(path, where, "is PEM, not PKCS12: it needs no store around it")
    try:
        return pkcs12.load_pkcs12(data, _bytes(password))
    except (ValueError, UnsupportedAlgorithm):
        wrong = "cannot be opened: the password is wrong, or it is no PKCS12 store"
        raise _problem(path, where, wrong) from None


def _java(path: str) -> str:
    return (
        "is a Java key store; make it PKCS12 with: "
        f"keytool -importkeystore -srckeystore {path} -destkeystore {path}.p12 -deststoretype pkcs12"
    )


# Both


def _bytes(secret: Secret | None) -> bytes | None:
    return None if secret is None else secret.reveal().encode("utf-8", "surrogatepass")


def _usable(key: Any, path: str, place: str) -> PrivateKey:
    if not isinstance(key, PrivateKey):
        raise _problem(path, place, "has a private key that TLS cannot use: RSA, EC or Ed25519 can be")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < MIN_RSA:
        raise _problem(path, place, f"has an RSA key of {key.key_size} bits; less than {MIN_RSA} can be broken")
    return key


def _isOf(key: PrivateKey, certificate: x509.Certificate) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except (ValueError, UnsupportedAlgorithm):  # a certificate with a key of an unknown kind
        return False
