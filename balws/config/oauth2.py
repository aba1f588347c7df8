# -*- test-case-name: tests.config.test_oauth2 -*-
"""
The records of OAuth 2.0, with the names and defaults of feature tables 5.5 and 5.6: tokens
that clients show are introspected (RFC 7662); our own are granted (RFC 6749, RFC 7523).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from balws.config.backend import HttpClientConfig, backEndUrl, shownUrl
from balws.config.cache import CacheConfig
from balws.config.positions import extend
from balws.config.records import nested, oneOf
from balws.config.secret import Secret
from balws.config.values import (
    Check,
    Unlike,
    checked,
    confidential,
    convert,
    items,
    matching,
    member,
    optional,
    seconds,
    text,
)
from balws.errors import ConfigurationError

__all__ = [
    "AUTH_HEADER_BEARER",
    "INFER_REFRESH_CONFIG",
    "POST_BODY_BEARER",
    "CredentialBearer",
    "OAuth2ClientCredentialsGrantConfig",
    "OAuth2IntrospectionConfig",
    "OAuth2JwtBearerGrantConfig",
    "OAuth2PasswordGrantConfig",
    "OAuth2RefreshTokenGrantConfig",
    "RefreshConfig",
    "grant",
]

#: The refresh grant is asked as the password grant was.
INFER_REFRESH_CONFIG = "INFER_REFRESH_CONFIG"

#: Seconds that a token is good for when its issuer does not say.
TOKEN_TIME = 3600

#: RFC 6749 appendix A.
_VISIBLE = re.compile(r"[\x20-\x7e]+")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

_EMPTY = "Client-id or client-secret cannot be empty."

#: What the grants and the introspection say themselves (RFC 6749 section 3.2: none may come twice).
_OURS = frozenset(
    (
        "assertion",
        "client_id",
        "client_secret",
        "grant_type",
        "password",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
        "username",
    )
)


class CredentialBearer(enum.Enum):
    """
    Where a client's id and secret stand in a request for a token.

    @cvar AUTH_HEADER_BEARER: in C{Authorization}, as HTTP's Basic scheme (RFC 6749 section
        2.3.1).
    @cvar POST_BODY_BEARER: in the form, as C{client_id} and C{client_secret}.
    """

    AUTH_HEADER_BEARER = "AUTH_HEADER_BEARER"
    POST_BODY_BEARER = "POST_BODY_BEARER"


AUTH_HEADER_BEARER = CredentialBearer.AUTH_HEADER_BEARER
POST_BODY_BEARER = CredentialBearer.POST_BODY_BEARER

_credentialBearer = member(CredentialBearer)


def _unsaid(value: object) -> Secret:
    return Secret(text(value))


_secret = confidential(_unsaid)


def _client(value: object) -> str:
    if value == "":
        raise ConfigurationError(_EMPTY)
    return matching(_VISIBLE, "visible ASCII and spaces")(value)


_clientId = confidential(_client)
_clientSecretText = confidential(_client)


def _clientSecret(value: object) -> Secret:
    return Secret(_clientSecretText(value))


_scope = matching(_SCOPE, 'a scope: visible ASCII without " and \\')


def _scopes(value: object) -> tuple[str, ...]:
    return items("scopes", _scope)(text(value).split() if isinstance(value, str) else value)


def _parameters(isFree: bool) -> Check[Mapping[str, Secret]]:
    """
    A check for tables of parameters.

    @param isFree: whether a client's id and secret may be among them.
    """
    reserved = _OURS - {"client_id", "client_secret"} if isFree else _OURS

    def check(value: object) -> Mapping[str, Secret]:
        if not isinstance(value, Mapping):
            raise Unlike("a table of strings")
        found = {}
        for key, given in value.items():
            place = extend("", str(key))
            if convert(text, place, key) in reserved:
                raise ConfigurationError("this parameter is not free to choose", place)
            found[key] = convert(_secret, place, given)
        return MappingProxyType(found)

    return check


_NONE: Mapping[str, Secret] = MappingProxyType({})
_HINT = matching(_VISIBLE, "a kind of tokens, such as access_token")


def _clientConfig(value: object) -> HttpClientConfig:
    found = nested(HttpClientConfig)(value)
    if found.auth is not None:
        raise ConfigurationError("the endpoint that gives tokens is not asked with one", "auth")
    return found


def _url(name: str) -> Any:
    return attrs.field(converter=lambda value: convert(backEndUrl, name, value), repr=shownUrl)


@attrs.frozen(kw_only=True)
class OAuth2IntrospectionConfig:
    """
    Bearer tokens that their issuer is asked about (RFC 7662; feature table 5.5).

    @ivar url: the introspection endpoint: https, or http to a loopback host.
    @ivar tokenTypeHint: C{token_type_hint}, such as C{access_token}; L{None} leaves it out.
    @ivar optionalParams: further parameters of the form; C{client_id} and C{client_secret}
        among them are who asks, where C{customHeaders} of C{clientConfig} has no
        C{Authorization} and C{auth} is not there.  No repr shows the values.
    @ivar cacheConfig: L{CacheConfig} or a mapping of its fields: a token that is active
        stays so until it expires, and at most for C{defaultMaxAge}, even when it is revoked;
        L{None} asks each time.
    @ivar defaultTokenExpTime: seconds that an answer without C{exp} is kept in the cache.
    @ivar clientConfig: L{HttpClientConfig} or a mapping of its fields.
    @ivar scopeKey: where in the answer the scopes are: a string of words or a list
        (decision 13).
    """

    url: str = _url("url")
    tokenTypeHint: str | None = checked("tokenTypeHint", optional(_HINT), None)
    optionalParams: Mapping[str, Secret] = checked("optionalParams", _parameters(True), _NONE)
    cacheConfig: CacheConfig | None = checked("cacheConfig", optional(nested(CacheConfig)), None)
    defaultTokenExpTime: float = checked("defaultTokenExpTime", seconds, TOKEN_TIME)
    clientConfig: HttpClientConfig = checked("clientConfig", nested(HttpClientConfig), HttpClientConfig())
    scopeKey: str = checked("scopeKey", text, "scope")


@attrs.frozen(kw_only=True)
class _Grant:
    """
    What all grants have.

    @ivar scopes: what is asked for: a list, or one string of words; empty asks for what the
        issuer thinks right.
    @ivar defaultTokenExpTime: seconds that a token is used when its issuer does not say.
    @ivar clockSkew: a token is given up so many seconds before it expires.
    @ivar optionalParams: further parameters of the form.  No repr shows the values.
    @ivar credentialBearer: L{CredentialBearer} or its name.
    @ivar clientConfig: L{HttpClientConfig} or a mapping of its fields, without C{auth}.
    """

    scopes: tuple[str, ...] = checked("scopes", _scopes, ())
    defaultTokenExpTime: float = checked("defaultTokenExpTime", seconds, TOKEN_TIME)
    clockSkew: float = checked("clockSkew", seconds, 0)
    optionalParams: Mapping[str, Secret] = checked("optionalParams", _parameters(False), _NONE)
    credentialBearer: CredentialBearer = checked("credentialBearer", _credentialBearer, AUTH_HEADER_BEARER)
    clientConfig: HttpClientConfig = checked("clientConfig", _clientConfig, HttpClientConfig())


@attrs.frozen(kw_only=True)
class _KnownClient(_Grant):
    """
    Grants for clients that their issuer knows.

    @ivar clientId: who asks, in visible ASCII.
    @ivar clientSecret: no repr and no error shows it.
    """

    clientId: str = checked("clientId", _clientId)
    clientSecret: Secret = checked("clientSecret", _clientSecret)


@attrs.frozen(kw_only=True)
class _PerhapsKnownClient(_Grant):
    """
    Grants that their issuer may give to anybody.

    @ivar clientId: who asks; L{None} where nobody cares.
    @ivar clientSecret: L{None} for a client that is public: its id stands in the form.
    """

    clientId: str | None = checked("clientId", optional(_clientId), None)
    clientSecret: Secret | None = checked("clientSecret", optional(_clientSecret), None)

    def __attrs_post_init__(self) -> None:
        if self.clientSecret is not None and self.clientId is None:
            raise ConfigurationError(_EMPTY, "clientId")


@attrs.frozen(kw_only=True)
class OAuth2ClientCredentialsGrantConfig(_KnownClient):
    """
    A token for the client itself (RFC 6749 section 4.4).  All fields that are not here are
    those of all grants.

    @ivar tokenUrl: the token endpoint: https, or http to a loopback host.
    """

    tokenUrl: str = _url("tokenUrl")


@attrs.frozen(kw_only=True)
class RefreshConfig:
    """
    How a token of the password grant is refreshed where that is another endpoint.

    @ivar refreshUrl: https, or http to a loopback host.
    @ivar scopes: as for the grant; empty asks for those that there were.
    @ivar optionalParams: as for the grant.
    @ivar credentialBearer: as for the grant.
    @ivar clientConfig: as for the grant.
    """

    refreshUrl: str = _url("refreshUrl")
    scopes: tuple[str, ...] = checked("scopes", _scopes, ())
    optionalParams: Mapping[str, Secret] = checked("optionalParams", _parameters(False), _NONE)
    credentialBearer: CredentialBearer = checked("credentialBearer", _credentialBearer, AUTH_HEADER_BEARER)
    clientConfig: HttpClientConfig = checked("clientConfig", _clientConfig, HttpClientConfig())


def _refreshConfig(value: object) -> RefreshConfig | str:
    if value == INFER_REFRESH_CONFIG:
        return INFER_REFRESH_CONFIG
    if isinstance(value, (RefreshConfig, Mapping)):
        return nested(RefreshConfig)(value)
    raise Unlike(f'a table or "{INFER_REFRESH_CONFIG}"')


@attrs.frozen(kw_only=True)
class OAuth2PasswordGrantConfig(_PerhapsKnownClient):
    """
    A token for a user whose password is known (RFC 6749 section 4.3).

    @ivar tokenUrl: the token endpoint: https, or http to a loopback host.
    @ivar username: not empty.
    @ivar password: not empty; no repr and no error shows it.
    @ivar refreshConfig: L{RefreshConfig}, a mapping of its fields, or
        C{"INFER_REFRESH_CONFIG"}: refresh as the token was got.  L{None}, and an issuer that
        gives nothing to refresh with or refuses it: the password is sent again.
    """

    tokenUrl: str = _url("tokenUrl")
    username: str = checked("username", confidential(text))
    password: Secret = checked("password", _secret)
    refreshConfig: RefreshConfig | str | None = checked("refreshConfig", optional(_refreshConfig), None)


@attrs.frozen(kw_only=True)
class OAuth2RefreshTokenGrantConfig(_KnownClient):
    """
    A token for one that was granted before (RFC 6749 section 6).  The newest refresh token
    that the issuer gives is used next; it is kept in memory alone.

    @ivar refreshUrl: the token endpoint: https, or http to a loopback host.
    @ivar refreshToken: the first; no repr and no error shows it.
    """

    refreshUrl: str = _url("refreshUrl")
    refreshToken: Secret = checked("refreshToken", _secret)


@attrs.frozen(kw_only=True)
class OAuth2JwtBearerGrantConfig(_PerhapsKnownClient):
    """
    A token for somebody's statement (RFC 7523 section 2.1).

    @ivar tokenUrl: the token endpoint: https, or http to a loopback host.
    @ivar assertion: the JWT; no repr and no error shows it.
    """

    tokenUrl: str = _url("tokenUrl")
    assertion: Secret = checked("assertion", _secret)


#: A check for one of the grants.
grant: Check[Any] = oneOf(
    OAuth2ClientCredentialsGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
    OAuth2JwtBearerGrantConfig,
    noun="an OAuth2 grant",
)
