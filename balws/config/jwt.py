# -*- test-case-name: tests.config.test_jwt -*-
"""
The records of JSON Web Tokens: those that a listener accepts, and those that a client makes
(seed 4, section 5; tables 5.4 and 5.6).  Key files are named here, and read when a listener
or a client is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from balws.config.backend import HttpClientConfig, backEndUrl, shownUrl
from balws.config.cache import CacheConfig
from balws.config.claims import HMAC_ALGORITHMS, algorithm, audiences, claims
from balws.config.paths import filePath
from balws.config.records import nested, oneOf
from balws.config.secret import Secret
from balws.config.secure import KeyStore, TrustStore
from balws.config.values import (
    MAX_NUMBER,
    Unfit,
    checked,
    confidential,
    convert,
    finite,
    flag,
    hidden,
    items,
    optional,
    seconds,
    text,
)
from balws.errors import ConfigurationError

__all__ = [
    "IssuerSignatureConfig",
    "JwksConfig",
    "JwtIssuerConfig",
    "JwtValidatorConfig",
    "PrivateKeyFile",
    "PrivateKeyInStore",
    "TrustStoreConfig",
    "ValidatorSignatureConfig",
]

#: RFC 7518 section 3.2, for HS256: a shorter secret can be guessed from any one token.
MIN_SECRET = 32

#: Claims that have a field of their own.
_OWN_CLAIMS = frozenset(("iss", "sub", "aud", "jti", "exp", "iat", "nbf"))

_SHORT = (
    f"is under {MIN_SECRET} bytes, and can be guessed from one token: "
    "make a new one, such as with `openssl rand -base64 32`"
)
_ONE_KEY = "needs a key: one of jwksConfig, certFile, trustStoreConfig, secret"


_secretText = confidential(text)


def _sharedSecret(value: object) -> Secret:
    found = _secretText(value)
    try:
        data = found.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ConfigurationError("is no Unicode text") from None
    if len(data) < MIN_SECRET:
        raise ConfigurationError(_SHORT)
    return Secret(found)


def _url(value: str | Secret) -> str:
    return convert(backEndUrl, "url", value)


def _clientConfig(value: object) -> HttpClientConfig:
    config = nested(HttpClientConfig)(value)
    for name in ("auth", "customPayload"):
        if getattr(config, name) is not None:
            raise ConfigurationError("means nothing for a set of keys: everybody may read it", name)
    return config


@attrs.frozen(kw_only=True)
class JwksConfig:
    """
    Where the issuer publishes its keys (RFC 7517 section 5).

    @ivar url: an C{https} URL.  C{http} is accepted for a host on this machine, with
        C{secureSocket.disable} true: whoever can change the answer can sign any token.
    @ivar cacheConfig: L{CacheConfig} or a mapping of its fields: the keys are fetched when
        the listener is made, not with the first token.  They are kept for
        C{defaultMaxAge} seconds, 5 to 3600, where that is above 0, else for 300; they are
        kept as a whole, so the other fields mean nothing here.
    @ivar clientConfig: L{HttpClientConfig} or a mapping of its fields, but for C{auth} and
        C{customPayload}.
    """

    url: str = attrs.field(converter=_url, repr=shownUrl)
    cacheConfig: CacheConfig | None = checked("cacheConfig", optional(nested(CacheConfig)), None)
    clientConfig: HttpClientConfig = checked("clientConfig", _clientConfig, HttpClientConfig())

    def __attrs_post_init__(self) -> None:
        secureSocket = self.clientConfig.secureSocket
        if self.url.startswith("http:") and (secureSocket is None or not secureSocket.disable):
            raise ConfigurationError("http needs clientConfig.secureSocket.disable = true; say https", "url")


@attrs.frozen(kw_only=True)
class TrustStoreConfig:
    """
    A certificate in a store.

    @ivar trustStore: L{TrustStore} or a mapping of its fields.
    @ivar certAlias: the name of the issuer's certificate in it; case means nothing.
    """

    trustStore: TrustStore = checked("trustStore", nested(TrustStore))
    certAlias: str = checked("certAlias", text)


@attrs.frozen(kw_only=True)
class ValidatorSignatureConfig:
    """
    Whose signatures are accepted.  Of several fields the first in this order is used, as in
    the reference library.

    @ivar jwksConfig: L{JwksConfig} or a mapping of its fields.
    @ivar certFile: a PEM file with the issuer's certificate, of several the first, or its public
        key.
    @ivar trustStoreConfig: L{TrustStoreConfig} or a mapping of its fields.
    @ivar secret: for HS256, HS384 and HS512, at least 32 bytes in UTF-8; no repr and no
        error shows it.
    """

    jwksConfig: JwksConfig | None = checked("jwksConfig", optional(nested(JwksConfig)), None)
    certFile: str | None = checked("certFile", optional(filePath), None)
    trustStoreConfig: TrustStoreConfig | None = checked(
        "trustStoreConfig", optional(nested(TrustStoreConfig)), None
    )
    secret: Secret | None = checked("secret", optional(_sharedSecret), None)

    def __attrs_post_init__(self) -> None:
        if all(each is None for each in (self.jwksConfig, self.certFile, self.trustStoreConfig, self.secret)):
            raise ConfigurationError(_ONE_KEY)


@attrs.frozen(kw_only=True)
class JwtValidatorConfig:
    """
    Which tokens a listener accepts (table 5.4; decision 14).  What is L{None} is not looked at.

    @ivar issuer: what the claim C{iss} must be.
    @ivar username: what the claim C{sub} must be.
    @ivar audience: one or several, of which one must be in the claim C{aud}.
    @ivar jwtId: what the claim C{jti} must be.
    @ivar keyId: what C{kid} in the header must be.
    @ivar customClaims: names and values of JSON that the token must have, equal in type too.
    @ivar clockSkew: seconds by which the clocks may differ, for C{exp} and C{nbf}.
    @ivar signatureConfig: L{ValidatorSignatureConfig} or a mapping of its fields; needed,
        unless C{allowUnsigned}.
    @ivar cacheConfig: L{CacheConfig} or a mapping of its fields: remember which signatures
        were verified, never beyond the token's C{exp}; all else is checked each time.
        L{None} verifies each time.
    @ivar scopeKey: the claim with the scopes: words in a string, or a list.
    @ivar allowNoExpiry: accept tokens without C{exp}, for ever (new here).
    @ivar allowUnsigned: without C{signatureConfig}, accept whatever claims anybody writes,
        as the reference library does (new here).
    @ivar algorithms: the algorithms that are accepted, of those that the key allows; empty:
        all of them (new here).
    """

    issuer: str | None = checked("issuer", optional(text), None)
    username: str | None = checked("username", optional(text), None)
    audience: tuple[str, ...] | None = checked("audience", optional(audiences), None)
    jwtId: str | None = checked("jwtId", optional(text), None)
    keyId: str | None = checked("keyId", optional(text), None)
    customClaims: Mapping[str, Any] = checked("customClaims", claims, MappingProxyType({}))
    clockSkew: float = checked("clockSkew", seconds, 0)
    signatureConfig: ValidatorSignatureConfig | None = checked(
        "signatureConfig", optional(nested(ValidatorSignatureConfig)), None
    )
    cacheConfig: CacheConfig | None = checked("cacheConfig", optional(nested(CacheConfig)), None)
    scopeKey: str = checked("scopeKey", text, "scope")
    allowNoExpiry: bool = checked("allowNoExpiry", flag, False)
    allowUnsigned: bool = checked("allowUnsigned", flag, False)
    algorithms: tuple[str, ...] = checked("algorithms", items("algorithms", algorithm), ())


@attrs.frozen(kw_only=True)
class PrivateKeyInStore:
    """
    A private key in a PKCS12 file.

    @ivar keyStore: L{KeyStore} or a mapping of its fields.
    @ivar keyAlias: the key's name in it; case means nothing.
    @ivar keyPassword: the key's password, which in PKCS12 is the store's; no repr and no
        error shows it.
    """

    keyStore: KeyStore = checked("keyStore", nested(KeyStore))
    keyAlias: str = checked("keyAlias", text)
    keyPassword: Secret = hidden("keyPassword")


@attrs.frozen(kw_only=True)
class PrivateKeyFile:
    """
    A private key in a PEM file.

    @ivar keyFile: the file.
    @ivar keyPassword: what the key is encrypted with; L{None} where it is not.
    """

    keyFile: str = checked("keyFile", filePath)
    keyPassword: Secret | None = hidden("keyPassword", None)


_privateKey = oneOf(PrivateKeyInStore, PrivateKeyFile, noun="a key in a store, a key's file, or a secret")


def _signingKey(value: object) -> PrivateKeyInStore | PrivateKeyFile | Secret:
    return _sharedSecret(value) if isinstance(value, str) else _privateKey(value)


@attrs.frozen(kw_only=True)
class IssuerSignatureConfig:
    """
    How a client signs its tokens.

    @ivar algorithm: the key must be one for it.
    @ivar config: L{PrivateKeyInStore}, L{PrivateKeyFile}, a mapping of the fields of one,
        or a secret of at least 32 bytes in UTF-8, for HS256, HS384 and HS512.
    """

    algorithm: str = checked("algorithm", algorithm, "RS256")
    config: PrivateKeyInStore | PrivateKeyFile | Secret = checked("config", _signingKey)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.config, Secret) != (self.algorithm in HMAC_ALGORITHMS):
            raise ConfigurationError(
                "a secret is for HS256, HS384 and HS512, and a private key for the others", "algorithm"
            )


_expTime = finite("a number of seconds")


def _lifetime(value: object) -> float:
    found = _expTime(value)
    if not 1 <= found <= MAX_NUMBER:
        raise Unfit(f"a number of seconds from 1 to {MAX_NUMBER}")
    return found


def _furtherClaims(value: object) -> Mapping[str, Any]:
    found = claims(value)
    for name in found:
        if name in _OWN_CLAIMS:
            raise ConfigurationError("has a field of its own", name)
    return found


def _audience(value: object) -> str | tuple[str, ...]:
    found = audiences(value)
    return value if isinstance(value, str) else found


@attrs.frozen(kw_only=True)
class JwtIssuerConfig:
    """
    The tokens that a client makes, a new one for each request (table 5.6).  What is L{None}
    is left out.

    @ivar issuer: the claim C{iss}.
    @ivar username: the claim C{sub}.
    @ivar audience: the claim C{aud}: a string or a list of strings.
    @ivar jwtId: the claim C{jti}, the same in each.
    @ivar keyId: C{kid} in the header.
    @ivar customClaims: further claims, names and values of JSON.
    @ivar expTime: for how many seconds a token is good, at least 1.
    @ivar signatureConfig: L{IssuerSignatureConfig} or a mapping of its fields; L{None} makes
        tokens without signature.
    """

    issuer: str | None = checked("issuer", optional(text), None)
    username: str | None = checked("username", optional(text), None)
    audience: str | tuple[str, ...] | None = checked("audience", optional(_audience), None)
    jwtId: str | None = checked("jwtId", optional(text), None)
    keyId: str | None = checked("keyId", optional(text), None)
    customClaims: Mapping[str, Any] = checked("customClaims", _furtherClaims, MappingProxyType({}))
    expTime: float = checked("expTime", _lifetime, 300)
    signatureConfig: IssuerSignatureConfig | None = checked(
        "signatureConfig", optional(nested(IssuerSignatureConfig)), None
    )
