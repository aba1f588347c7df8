# -*- test-case-name: tests.auth.oauth2.test_granting -*-
"""
Our own access tokens: got, kept, refreshed (RFC 6749; feature table 5.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, succeed

from balws.auth.errands import Errands
from balws.auth.oauth2.tokenendpoint import Granted, GrantRefused, TokenEndpoint
from balws.config.oauth2 import (
    OAuth2ClientCredentialsGrantConfig,
    OAuth2JwtBearerGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
    RefreshConfig,
)
from balws.config.secret import Secret

__all__ = ["GrantedToken", "grantFor"]

#: RFC 7523 section 2.1.
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


#: Seconds in which one token that is refused is replaced: whoever refuses them all must not cost one grant each.
PATIENCE = 5.0


class GrantedToken:
    """
    An access token that is got when there is need for one, and again when it is too old.

    Where there is something to refresh with, it is used; where that is refused, and there is
    another way, that one is gone.  What several ask for at a time is asked for once.
    """

    def __init__(
        self,
        config: Any,
        reactor: Any,
        first: tuple[TokenEndpoint, Mapping[str, str | Secret]] | None,
        refreshing: TokenEndpoint | None = None,
        refreshToken: Secret | None = None,
    ) -> None:
        """
        @param config: one of the grants, for its times.
        @param reactor: its C{seconds} are used.
        @param first: who is asked for a token, and with what; L{None} when there is only what
            can be refreshed.
        @param refreshing: who is asked for another; L{None} asks as for the first.
        @param refreshToken: what is shown there at first.
        """
        self._config = config
        self._reactor = reactor
        self._first = first
        self._refreshing = refreshing
        self._refreshToken = refreshToken
        self._token: Secret | None = None
        self._end = 0.0
        self._refused = b""
        self._patient = float("-inf")
        # Nobody who stops waiting stops the asking: an issuer that changes refresh tokens may have used up the old
        # one, and the new one would be lost.
        self._renewals: Errands[bytes] = Errands(abandon=False)

    def __repr__(self) -> str:
        return "<GrantedToken>"

    def authorization(self) -> Deferred[bytes]:
        """
        @return: fires with C{Bearer} and a token; fails with L{balws.errors.AuthError}, or
            L{balws.errors.AuthUnavailableError} when asking again may help.
        """
        if self._token is not None and self._reactor.seconds() < self._end:
            return succeed(_field(self._token))
        return self._renewals.share(None, lambda: Deferred.fromCoroutine(self._obtain()))

    def rejected(self, value: bytes) -> bool:
        """
        A token was not accepted: forget it, unless there is a newer one already, or the one
        before was refused just now, too.

        @return: whether there is another one, or will be.
        """
        if value == self._refused or self._token is None or _field(self._token) != value:
            return True
        now = self._reactor.seconds()
        if now < self._patient:
            return False
        self._refused, self._token, self._patient = value, None, now + PATIENCE
        return True

    async def _obtain(self) -> bytes:
        self._token = None
        asked = self._reactor.seconds()
        granted = await self._ask()
        if granted.refreshToken is not None:
            self._refreshToken = granted.refreshToken
        lifetime = self._config.defaultTokenExpTime if granted.lifetime is None else granted.lifetime
        self._token, self._end = granted.token, asked + lifetime - self._config.clockSkew
        self._refused = b""
        return _field(granted.token)

    async def _ask(self) -> Granted:
        if self._refreshing is not None and self._refreshToken is not None:
            try:
                return await self._refreshing.ask({"grant_type": "refresh_token", "refresh_token": self._refreshToken})
            except GrantRefused as refusal:
                if self._first is None or refusal.code != "invalid_grant":
                    raise
                self._refreshToken = None
        assert self._first is not None  # else there is a refresh token, which is never given up
        endpoint, grant = self._first
        return await endpoint.ask(grant)

    def _endpoints(self) -> list[TokenEndpoint]:
        first = None if self._first is None else self._first[0]
        return [each for each in (first, self._refreshing) if each is not None]

    def reload(self) -> None:
        """
        See L{balws.auth.backend.BackEnd.reload}.
        """
        for each in self._endpoints():
            each.reload()

    def close(self) -> Deferred[None]:
        """
        End what is asked, and forget the access token; what was given to refresh with is
        kept.
        """
        self._token = None
        return gatherResults([each.close() for each in self._endpoints()]).addCallback(lambda _: None)


def _field(token: Secret) -> bytes:
    return b"Bearer " + token.reveal().encode("ascii")


def grantFor(config: Any, reactor: Any) -> GrantedToken:
    """
    @param config: one of the grants of L{balws.config.oauth2}.
    @raise balws.ConfigurationError: when its files cannot be used.
    """

    def endpoint(url: str, how: Any, scopes: tuple[str, ...]) -> TokenEndpoint:
        client = config.clientId, config.clientSecret
        return TokenEndpoint(url, client, how.credentialBearer, scopes, how.optionalParams, how.clientConfig, reactor)

    grant: Mapping[str, str | Secret]

    match config:
        case OAuth2ClientCredentialsGrantConfig():
            first = endpoint(config.tokenUrl, config, config.scopes)
            return GrantedToken(config, reactor, (first, {"grant_type": "client_credentials"}))
        case OAuth2PasswordGrantConfig():
            first = endpoint(config.tokenUrl, config, config.scopes)
            refresh, refreshing = config.refreshConfig, None
            if isinstance(refresh, RefreshConfig):
                refreshing = endpoint(refresh.refreshUrl, refresh, refresh.scopes)
            elif refresh is not None:
                # Without scopes: perhaps not all of those that were asked for were given, and asking for more than
                # there were is an error (RFC 6749 section 6).
                refreshing = endpoint(config.tokenUrl, config, ())
            grant = {"grant_type": "password", "username": config.username, "password": config.password}
            return GrantedToken(config, reactor, (first, grant), refreshing)
        case OAuth2RefreshTokenGrantConfig():
            return GrantedToken(
                config, reactor, None, endpoint(config.refreshUrl, config, config.scopes), config.refreshToken
            )
        case OAuth2JwtBearerGrantConfig():
            first = endpoint(config.tokenUrl, config, config.scopes)
            grant = {"grant_type": _JWT_BEARER, "assertion": config.assertion}
            return GrantedToken(config, reactor, (first, grant))
        case _:
            raise TypeError(f"{type(config).__name__} is no grant")
