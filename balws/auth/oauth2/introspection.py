# -*- test-case-name: tests.auth.oauth2.test_introspection -*-
"""
Bearer tokens that their issuer is asked about (RFC 7662; feature table 5.5).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from zope.interface import implementer

from balws.auth.authorization import MAX_TOKEN
from balws.auth.backend import BackEnd
from balws.auth.cache import Cache
from balws.auth.errands import Errands
from balws.auth.oauth2.granting import GrantedToken, grantFor
from balws.auth.principal import MAX_TIME, Identity, scopesOf
from balws.config.oauth2 import OAuth2IntrospectionConfig
from balws.errors import AuthError, AuthUnavailableError
from balws.http.answer import Answer
from balws.interfaces import IBearerToken

__all__ = ["OAuth2Introspection"]

_isToken = re.compile(r"[\x21-\x7e]+").fullmatch

#: Kinds of tokens that may be shown as they are; others need a proof of their own (RFC 9449 section 7).
_KINDS = frozenset(("bearer", "access_token"))

#: Where an answer names somebody, the best first (RFC 7662 section 2.2).
_NAMES = ("username", "sub", "client_id")


@implementer(ICredentialsChecker)
class OAuth2Introspection:
    """
    Asks the issuer about each token: C{true} under C{active}, and nothing else, is a yes.

    What several ask at a time about one token is asked once.  With a cache, a yes is
    remembered and a no is not; the tokens themselves are not kept, only their hashes.
    """

    credentialInterfaces = (IBearerToken,)

    def __init__(self, config: OAuth2IntrospectionConfig, reactor: Any, now: Callable[[], float] = time.time) -> None:
        """
        @param now: seconds since the epoch.
        @raise balws.ConfigurationError: for what cannot work.
        """
        client = config.clientConfig
        self._config = config
        self._now = now
        self._source: GrantedToken | None = None if client.auth is None else grantFor(client.auth, reactor)
        self._backEnd = BackEnd(config.url, client.withoutAuth(), reactor)
        self._cache = None if config.cacheConfig is None else Cache[Identity](config.cacheConfig, reactor, now)
        self._questions: Errands[Identity] = Errands()

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        """
        See L{ICredentialsChecker}.

        @return: fires with an L{Identity}: its name is C{username}, else C{sub}, else
            C{client_id} of the answer, which is its claims; its end is C{exp}.
        """
        token = credentials.token
        if len(token) > MAX_TOKEN or not _isToken(token):
            return fail(UnauthorizedLogin("That is no OAuth2 token."))
        key = sha256(token.encode()).digest()
        known = None if self._cache is None else self._cache.get(key)
        if known is not None:
            return succeed(known)
        return self._questions.share(key, lambda: Deferred.fromCoroutine(self._ask(key, token)))

    async def _ask(self, key: bytes, token: str) -> Identity:
        value = await self._authorization()
        answer = await self._introspect(token, value)
        if answer.status == 401 and value is not None and self._source is not None and self._source.rejected(value):
            answer = await self._introspect(token, await self._authorization())
        identity = self._judge(answer)
        if self._cache is not None:
            end = identity.expires
            self._cache.put(key, identity, self._now() + self._config.defaultTokenExpTime if end is None else end)
        return identity

    async def _authorization(self) -> bytes | None:
        """
        @return: what we show of ourselves; L{None} for nothing.
        """
        if self._source is None:
            return None
        try:
            return await self._source.authorization()
        except AuthError as problem:
            raise AuthUnavailableError(f"{self._backEnd.name} cannot be asked: {problem}") from None

    async def _introspect(self, token: str, authorization: bytes | None) -> Answer:
        form = [("token", token)]
        if self._config.tokenTypeHint is not None:
            form.append(("token_type_hint", self._config.tokenTypeHint))
        form += [(name, secret.reveal()) for name, secret in self._config.optionalParams.items()]
        headers = [] if authorization is None else [("Authorization", authorization.decode("ascii"))]
        return await self._backEnd.fetch("POST", form, headers)

    def _judge(self, answer: Answer) -> Identity:
        """
        @raise UnauthorizedLogin: for a no.
        @raise AuthUnavailableError: for what is neither yes nor no.
        """
        if not answer.isSuccess:
            raise AuthUnavailableError(f"{self._backEnd.name} answered {answer.status}")
        try:
            found = answer.jsonObject()
        except ValueError as problem:
            raise AuthUnavailableError(f"{self._backEnd.name}: {problem}") from None
        active = found.get("active")
        if active is False:
            raise UnauthorizedLogin("The OAuth2 token is not active.")
        if active is not True:
            raise AuthUnavailableError(f"{self._backEnd.name} does not say whether the token is active")
        kind = found.get("token_type") or "bearer"
        if not isinstance(kind, str) or kind.lower() not in _KINDS or found.get("cnf") is not None:
            raise UnauthorizedLogin("The OAuth2 token is no bearer token.")
        return Identity(
            _nameIn(found), scopesOf(found.get(self._config.scopeKey)), found, self._endOf(found.get("exp"))
        )

    def _endOf(self, exp: object) -> float | None:
        """
        @param exp: a number or, from some issuers, a string that is one.
        """
        if exp is None:
            return None
        if isinstance(exp, str):
            exp = _number(exp)
        if isinstance(exp, bool) or not isinstance(exp, (int, float)):
            raise AuthUnavailableError(f"{self._backEnd.name} does not say when the token expires: exp is no number")
        if exp <= self._now():
            raise UnauthorizedLogin("The OAuth2 token is expired.")
        return float(min(exp, MAX_TIME))

    def reload(self) -> None:
        """
        Read certificates and keys again.  What is broken leaves the old in place.
        """
        self._backEnd.reload()
        if self._source is not None:
            self._source.reload()

    def close(self) -> Deferred[None]:
        """
        End what is asked, and forget what was answered.
        """
        if self._cache is not None:
            self._cache.clear()
        closing = [self._backEnd.close()]
        if self._source is not None:
            closing.append(self._source.close())
        return gatherResults(closing).addCallback(lambda _: None)


def _number(text: str) -> float | None:
    """
    @return: the number that a text is; L{None} for one that is none.
    """
    try:
        found = float(text)
    except ValueError:
        return None
    return None if math.isnan(found) else found


def _nameIn(found: Mapping[str, Any]) -> str:
    for each in _NAMES:
        name = found.get(each)
        if isinstance(name, str) and name:
            return name
    return ""
