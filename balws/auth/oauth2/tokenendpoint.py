# -*- test-case-name: tests.auth.oauth2.test_granting -*-
"""
A token endpoint, asked for tokens (RFC 6749 section 3.2).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote_plus

import attrs
from twisted.internet.defer import Deferred

from balws.auth.backend import BackEnd
from balws.config.backend import HttpClientConfig
from balws.config.oauth2 import POST_BODY_BEARER, CredentialBearer
from balws.config.secret import Secret
from balws.config.values import MAX_NUMBER
from balws.errors import AuthError, AuthUnavailableError
from balws.http.answer import Answer

__all__ = ["FAILED", "GrantRefused", "Granted", "TokenEndpoint"]

#: How the reference library begins each error.
FAILED = "Failed to enrich request with OAuth2 token."

#: RFC 6749 section 5.2 and its extensions use no other letters.
_isCode = re.compile(r"[a-z_]{1,40}").fullmatch

#: Not every issuer keeps to RFC 6750: whatever one word of a header can be.
_isToken = re.compile(r"[\x21-\x7e]+").fullmatch

#: Statuses that say nothing of what was asked.
_BUSY = frozenset((408, 425, 429))


class GrantRefused(AuthError):
    """
    The issuer says no.

    @ivar code: why, as RFC 6749 section 5.2 names it; empty when it does not say.
    """

    def __init__(self, problem: str, code: str) -> None:
        super().__init__(problem)
        self.code = code


@attrs.frozen(kw_only=True)
class Granted:
    """
    What was given.

    @ivar token: the access token; visible ASCII.
    @ivar lifetime: seconds that it is good for; L{None} when the issuer does not say.
    @ivar refreshToken: L{None} when there is no new one.
    """

    token: Secret
    lifetime: float | None
    refreshToken: Secret | None


class TokenEndpoint:
    """
    One endpoint, and who asks it.
    """

    def __init__(
        self,
        url: str,
        client: tuple[str | None, Secret | None],
        bearer: CredentialBearer,
        scopes: Iterable[str],
        parameters: Mapping[str, Secret],
        clientConfig: HttpClientConfig,
        reactor: Any,
    ) -> None:
        """
        @param client: id and secret; without a secret the id stands in the form.
        @param parameters: for each request.
        """
        self._backEnd = BackEnd(url, clientConfig, reactor)
        self._client = client
        self._bearer = bearer
        self._scope = " ".join(scopes)
        self._parameters = parameters

    def ask(self, grant: Mapping[str, str | Secret]) -> Deferred[Granted]:
        """
        @param grant: C{grant_type}, and what proves that it is due.
        @return: fires with what was L{Granted}; fails with L{GrantRefused} for a no, and with
            L{AuthUnavailableError} when there is neither.
        """
        return Deferred.fromCoroutine(self._ask(grant))

    async def _ask(self, grant: Mapping[str, str | Secret]) -> Granted:
        try:
            return self._read(await self._backEnd.fetch("POST", self._form(grant), self._headers()))
        except AuthUnavailableError as problem:
            raise AuthUnavailableError(f"{FAILED} {problem}") from None

    def _form(self, grant: Mapping[str, str | Secret]) -> list[tuple[str, str]]:
        clientId, secret = self._client
        form: dict[str, str | Secret] = dict(grant)
        if self._scope:
            form["scope"] = self._scope
        if clientId is not None and (secret is None or self._bearer is POST_BODY_BEARER):
            form["client_id"] = clientId
            if secret is not None:
                form["client_secret"] = secret
        form.update(self._parameters)
        return [(name, each.reveal() if isinstance(each, Secret) else each) for name, each in form.items()]

    def _headers(self) -> list[tuple[str, str]]:
        clientId, secret = self._client
        if clientId is None or secret is None or self._bearer is POST_BODY_BEARER:
            return []
        pair = f"{quote_plus(clientId)}:{quote_plus(secret.reveal())}"
        return [("Authorization", "Basic " + b64encode(pair.encode("ascii")).decode("ascii"))]

    def _read(self, answer: Answer) -> Granted:
        try:
            found = answer.jsonObject()
        except ValueError as problem:
            if answer.isSuccess:
                raise AuthUnavailableError(f"{self._backEnd.name}: {problem}") from None
            found = {}
        if not answer.isSuccess:
            raise self._refusal(answer.status, found.get("error"))
        token, kind, fresh = found.get("access_token"), found.get("token_type") or "bearer", found.get("refresh_token")
        if not isinstance(token, str) or not _isToken(token):
            raise AuthUnavailableError(f"{self._backEnd.name} gave no access_token that can be sent")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise AuthUnavailableError(f"{self._backEnd.name} gave a token that is no bearer token")
        return Granted(
            token=Secret(token),
            lifetime=_seconds(found.get("expires_in")),
            refreshToken=Secret(fresh) if isinstance(fresh, str) and fresh else None,
        )

    def _refusal(self, status: int, error: object) -> AuthError:
        code = error if isinstance(error, str) and _isCode(error) else ""
        problem = f"{self._backEnd.name} answered {status}" + (f" ({code})" if code else "")
        if 400 <= status < 500 and status not in _BUSY:
            return GrantRefused(f"{FAILED} {problem}", code)
        return AuthUnavailableError(problem)

    def reload(self) -> None:
        """
        See L{BackEnd.reload}.
        """
        self._backEnd.reload()

    def close(self) -> Deferred[None]:
        """
        See L{BackEnd.close}.
        """
        return self._backEnd.close()


def _seconds(value: object) -> float | None:
    """
    @param value: C{expires_in}: a number or, from some issuers, a string that is one.
    """
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(max(0, min(value, MAX_NUMBER)))
