# -*- test-case-name: tests.config.test_secure -*-
"""
The records of TLS, with the names of seed 4, sections 2.1 and 4 (tables A2.5 to A2.14,
A5.4).  Files are named here, and read when a listener or a client is made.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping
from typing import Any

import attrs

from balws.config.paths import filePath
from balws.config.records import nested, oneOf
from balws.config.secret import Secret
from balws.config.values import (
    Check,
    Unfit,
    checked,
    confidential,
    convert,
    flag,
    integer,
    items,
    matching,
    member,
    optional,
    seconds,
    text,
)
from balws.errors import SslConfigurationError

__all__ = [
    "OCSP_CRL",
    "OCSP_STAPLING",
    "OPTIONAL",
    "REQUIRE",
    "CertKey",
    "CertValidation",
    "CertValidationType",
    "ClientSecureSocket",
    "KeyStore",
    "ListenerSecureSocket",
    "MutualSsl",
    "Protocol",
    "TrustStore",
    "VerifyClient",
]

#: The versions that are offered, by their names.
VERSIONS = ("TLSv1.2", "TLSv1.3")

_OLD_VERSIONS = frozenset(("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"))

#: A name in ASCII, or an IP address.
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def _provided(noun: str, check: Check[str]) -> Check[str]:
    """
    A check that says of an empty string what the reference library says.

    @param noun: what is missing.
    """

    def checkText(value: object) -> str:
        if isinstance(value, (str, os.PathLike)) and not os.fspath(value):
            raise SslConfigurationError(f"{noun} must be provided for secure connection")
        return check(value)

    return checkText


_certificates = _provided("Certificate file location", filePath)
_hiddenText = confidential(text)
_keyStoreText = _provided("KeyStore password", _hiddenText)
_trustStoreText = _provided("TrustStore password", _hiddenText)


def _keyStorePassword(value: str | Secret) -> Secret:
    return Secret(convert(_keyStoreText, "password", value))


def _trustStorePassword(value: str | Secret) -> Secret:
    return Secret(convert(_trustStoreText, "password", value))


def _keyPassword(value: str | Secret | None) -> Secret | None:
    return None if value is None else Secret(convert(_hiddenText, "keyPassword", value))


@attrs.frozen(kw_only=True)
class KeyStore:
    """
    A PKCS12 file with a private key, its certificate, and the certificates of the
    authorities in between (table A2.6).

    @ivar path: the file.
    @ivar password: what it is encrypted with; no repr and no error shows it.
    """

    path: str = checked("path", _provided("KeyStore file location", filePath))
    password: Secret = attrs.field(converter=_keyStorePassword)


@attrs.frozen(kw_only=True)
class TrustStore:
    """
    A PKCS12 file with the certificates of authorities (table A2.9).

    @ivar path: the file.
    @ivar password: what it is encrypted with; no repr and no error shows it.
    """

    path: str = checked("path", _provided("TrustStore file location", filePath))
    password: Secret = attrs.field(converter=_trustStorePassword)


@attrs.frozen(kw_only=True)
class CertKey:
    """
    A certificate and its private key in PEM files (table A2.7).

    @ivar certFile: the certificate, then those of the authorities in between.
    @ivar keyFile: the key, as PKCS8 or in the older forms of OpenSSL.
    @ivar keyPassword: what the key is encrypted with; L{None} where it is not.
    """

    certFile: str = checked("certFile", _certificates)
    keyFile: str = checked("keyFile", _provided("Private key file location", filePath))
    keyPassword: Secret | None = attrs.field(default=None, converter=_keyPassword)


_trustStore = oneOf(TrustStore, noun="a file of certificates or a trust store")
_keys = oneOf(KeyStore, CertKey, noun="a key store or a certificate and its key")


def _checkTrust(value: object) -> TrustStore | str:
    found: TrustStore | str = (_certificates if isinstance(value, (str, os.PathLike)) else _trustStore)(value)
    return found


def _trust(value: TrustStore | str | Mapping[str, Any]) -> TrustStore | str:
    return convert(_checkTrust, "cert", value)


def _optionalTrust(value: TrustStore | str | Mapping[str, Any] | None) -> TrustStore | str | None:
    return None if value is None else _trust(value)


def _key(value: KeyStore | CertKey | Mapping[str, Any]) -> KeyStore | CertKey:
    found: KeyStore | CertKey = convert(_keys, "key", value)
    return found


def _optionalKey(value: KeyStore | CertKey | Mapping[str, Any] | None) -> KeyStore | CertKey | None:
    return None if value is None else _key(value)


class VerifyClient(enum.Enum):
    """
    Whether a client needs a certificate.

    @cvar REQUIRE: no connection without one that is trusted.
    @cvar OPTIONAL: it is asked for one; one that is not trusted is refused, none is not.
    """

    REQUIRE = "REQUIRE"
    OPTIONAL = "OPTIONAL"


REQUIRE = VerifyClient.REQUIRE
OPTIONAL = VerifyClient.OPTIONAL

_checkVerifyClient = member(VerifyClient)


def _verifyClient(value: VerifyClient | str) -> VerifyClient:
    return convert(_checkVerifyClient, "verifyClient", value)


@attrs.frozen(kw_only=True)
class MutualSsl:
    """
    Certificates of clients (tables A2.8 and A2.9).

    @ivar verifyClient: L{VerifyClient} or its name.
    @ivar cert: whom to trust, and nobody else: the path of a PEM file of certificates, or
        a L{TrustStore}.
    """

    verifyClient: VerifyClient = attrs.field(default=REQUIRE, converter=_verifyClient)
    cert: TrustStore | str = attrs.field(converter=_trust)


def _protocolName(value: object) -> str:
    if value in ("SSL", "DTLS"):
        raise SslConfigurationError(f'{value} is not offered: say "TLS"')
    if value != "TLS":
        raise Unfit('"TLS"')
    return "TLS"


def _version(value: object) -> str:
    if isinstance(value, str):
        if value in VERSIONS:
            return value
        if value in _OLD_VERSIONS:
            raise SslConfigurationError(f"{value} can be broken (RFC 8996) and is not offered: say TLSv1.2 or TLSv1.3")
    raise Unfit("TLSv1.2 or TLSv1.3")


@attrs.frozen(kw_only=True)
class Protocol:
    """
    Which versions of TLS are spoken (table A2.10).

    @ivar name: C{"TLS"}.
    @ivar versions: C{"TLSv1.2"}, C{"TLSv1.3"}; empty means both.  Older ones are refused
        (RFC 8996).
    """

    name: str = checked("name", _protocolName, "TLS")
    versions: tuple[str, ...] = checked("versions", items("versions", _version), ())


class CertValidationType(enum.Enum):
    """
    How a revoked certificate is found out.

    @cvar OCSP_STAPLING: a server shows a fresh statement of its authority with its
        certificate.
    @cvar OCSP_CRL: the authority of the peer is asked by OCSP, else its list of revoked
        certificates is read.
    """

    OCSP_STAPLING = "OCSP_STAPLING"
    OCSP_CRL = "OCSP_CRL"


OCSP_STAPLING = CertValidationType.OCSP_STAPLING
OCSP_CRL = CertValidationType.OCSP_CRL

_checkType = member(CertValidationType)


def _type(value: CertValidationType | str) -> CertValidationType:
    return convert(_checkType, "type", value)


@attrs.frozen(kw_only=True)
class CertValidation:
    """
    Revoked certificates (table A2.11).

    @ivar type: L{CertValidationType} or its name.
    @ivar cacheSize: how many answers of authorities are kept for C{OCSP_CRL}; 0 means 1024.
        For C{OCSP_STAPLING} there is one, about the server's own certificate.
    @ivar cacheValidityPeriod: seconds that such an answer is kept at most, and never longer
        than it says of itself; 0 means 3600, and for C{OCSP_STAPLING} half of its time.
    """

    type: CertValidationType = attrs.field(default=OCSP_STAPLING, converter=_type)
    cacheSize: int = checked("cacheSize", integer(0), 0)
    cacheValidityPeriod: int = checked("cacheValidityPeriod", integer(0), 0)


def _mutualSsl(value: MutualSsl | Mapping[str, Any] | None) -> MutualSsl | None:
    return convert(optional(nested(MutualSsl)), "mutualSsl", value)


def _protocol(value: Protocol | Mapping[str, Any] | None) -> Protocol | None:
    return convert(optional(nested(Protocol)), "protocol", value)


def _certValidation(value: CertValidation | Mapping[str, Any] | None) -> CertValidation | None:
    return convert(optional(nested(CertValidation)), "certValidation", value)


_ciphers = items("cipher suites", text)


@attrs.frozen(kw_only=True)
class ListenerSecureSocket:
    """
    TLS of a listener (seed 4, section 2.1).

    @ivar key: a L{KeyStore}, a L{CertKey}, or a mapping of the fields of one.
    @ivar mutualSsl: L{MutualSsl} or a mapping of its fields; L{None} asks no client for a
        certificate.
    @ivar protocol: L{Protocol} or a mapping of its fields; L{None} is TLS 1.2 and 1.3.
    @ivar certValidation: L{CertValidation} or a mapping of its fields: C{OCSP_STAPLING}
        shows the proof that our own certificate was not revoked, C{OCSP_CRL} checks those of
        clients, and needs C{mutualSsl}; L{None} does nothing about revoked certificates.
    @ivar ciphers: names of cipher suites as IANA or OpenSSL spell them, the best first;
        empty is ECDHE with AEAD (decision 24).  None that is broken, none twice.  A version
        of which none is listed is not spoken.
    @ivar shareSession: let a client that comes again make a short handshake.  With
        C{mutualSsl} all are whole: a short one looks at no certificate.
    @ivar handshakeTimeout: seconds that a peer has for the TLS handshake, from the moment
        it is accepted; L{None} and 0 mean 10.
    @ivar sessionTimeout: seconds after which there is no short handshake any more; L{None}
        and 0 mean OpenSSL's own.
    """

    key: KeyStore | CertKey = attrs.field(converter=_key)
    mutualSsl: MutualSsl | None = attrs.field(default=None, converter=_mutualSsl)
    protocol: Protocol | None = attrs.field(default=None, converter=_protocol)
    certValidation: CertValidation | None = attrs.field(default=None, converter=_certValidation)
    ciphers: tuple[str, ...] = checked("ciphers", _ciphers, ())
    shareSession: bool = checked("shareSession", flag, True)
    handshakeTimeout: float | None = checked("handshakeTimeout", optional(seconds), None)
    sessionTimeout: float | None = checked("sessionTimeout", optional(seconds), None)


@attrs.frozen(kw_only=True)
class ClientSecureSocket:
    """
    TLS of a client (seed 4, section 4; table A5.4).

    @ivar enable: verify who is there.  C{False} accepts everybody: nobody in between is
        kept out, and a warning says so.
    @ivar cert: whom to trust, and nobody else: the path of a PEM file of certificates, or
        a L{TrustStore}.  L{None} trusts whom the system trusts.
    @ivar key: who we are, for servers that ask: a L{KeyStore}, a L{CertKey}, or a mapping
        of the fields of one.
    @ivar protocol: L{Protocol} or a mapping of its fields; L{None} is TLS 1.2 and 1.3.
    @ivar certValidation: L{CertValidation} or a mapping of its fields: C{OCSP_STAPLING} wants
        the server to show that its certificate was not revoked, C{OCSP_CRL} asks its
        authorities; L{None} does nothing about revoked certificates.
    @ivar ciphers: names of cipher suites as IANA or OpenSSL spell them; empty is ECDHE with
        AEAD (decision 24).  None that is broken, none twice.  A version of which none is
        listed is not spoken.
    @ivar verifyHostName: see that the certificate is for the host that was meant.
        C{False} accepts a trusted certificate of anybody.
    @ivar shareSession: make a short handshake with a server that was met before.  With
        C{certValidation} all are whole: a short one shows no chain that could be checked.
    @ivar handshakeTimeout: seconds for the TLS handshake; L{None} and 0 leave it to
        C{handShakeTimeout} of the configuration.
    @ivar sessionTimeout: seconds after which there is no short handshake any more; L{None}
        and 0 leave it to the server.
    @ivar serverName: the host that is meant, where the URL says another: it is told to the
        server (SNI) and looked for in its certificate.  In ASCII.
    """

    enable: bool = checked("enable", flag, True)
    cert: TrustStore | str | None = attrs.field(default=None, converter=_optionalTrust)
    key: KeyStore | CertKey | None = attrs.field(default=None, converter=_optionalKey)
    protocol: Protocol | None = attrs.field(default=None, converter=_protocol)
    certValidation: CertValidation | None = attrs.field(default=None, converter=_certValidation)
    ciphers: tuple[str, ...] = checked("ciphers", _ciphers, ())
    verifyHostName: bool = checked("verifyHostName", flag, True)
    shareSession: bool = checked("shareSession", flag, True)
    handshakeTimeout: float | None = checked("handshakeTimeout", optional(seconds), None)
    sessionTimeout: float | None = checked("sessionTimeout", optional(seconds), None)
    serverName: str | None = checked(
        "serverName", optional(matching(_HOST, "a host name in ASCII or an IP address")), None
    )
