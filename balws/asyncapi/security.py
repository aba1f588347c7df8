# -*- test-case-name: tests.asyncapi.test_security -*-
"""
Who may connect, as AsyncAPI's security schemes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.cred.credentials import IUsernamePassword

from balws.config.auth import (
    AuthEntry,
    CheckerWithScopes,
    FileUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    LdapUserStoreConfigWithScopes,
    OAuth2IntrospectionConfigWithScopes,
)
from balws.config.service import WSServiceConfig
from balws.interfaces import IBearerToken

__all__ = ["schemesOf"]

_BASIC = {"type": "http", "scheme": "basic"}
_BEARER = {"type": "http", "scheme": "bearer"}


def schemesOf(config: WSServiceConfig) -> dict[str, Any]:
    """
    @return: the ways to show who one is, by a name that tells them apart: each with the scopes, of
        which one must be there, under C{x-scopes}.  Nothing secret, and no address, is in it.
    """
    found: dict[str, Any] = {}
    for entry in config.auth or ():
        for name, scheme in _schemes(entry, config):
            if entry.scopes:
                scheme = {**scheme, "x-scopes": list(entry.scopes)}
            key, number = name, 1
            while found.get(key, scheme) != scheme:
                number += 1
                key = f"{name}{number}"
            found[key] = scheme
    return found


def _schemes(entry: AuthEntry, config: WSServiceConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(entry, FileUserStoreConfigWithScopes | LdapUserStoreConfigWithScopes):
        store = "the service" if isinstance(entry, FileUserStoreConfigWithScopes) else "a directory"
        yield "basic", {**_BASIC, "description": f"A user and a password that {store} knows."}
    elif isinstance(entry, JwtValidatorConfigWithScopes):
        yield "token", {**_BEARER, "bearerFormat": "JWT", "description": "A JSON Web Token."}
        yield from _elsewhere(config)
    elif isinstance(entry, OAuth2IntrospectionConfigWithScopes):
        yield "oauth2", {**_BEARER, "description": "An access token of the OAuth2 server."}
        yield from _elsewhere(config)
    else:
        interfaces = entry.checker.credentialInterfaces if isinstance(entry, CheckerWithScopes) else ()
        if any(each.isOrExtends(IUsernamePassword) for each in interfaces):
            yield "basic", {**_BASIC, "description": "A user and a password."}
        if any(each.isOrExtends(IBearerToken) for each in interfaces):
            yield "bearer", {**_BEARER, "description": "A token."}
            yield from _elsewhere(config)


def _elsewhere(config: WSServiceConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Where the same token may stand, too.
    """
    for key, name, place in (
        ("tokenInQuery", config.bearerQueryParameter, "query"),
        ("tokenInCookie", config.bearerCookie, "cookie"),
    ):
        if name is not None:
            scheme = {"type": "httpApiKey", "name": name, "in": place}
            yield key, {**scheme, "description": "The same token, where no header can be set."}
