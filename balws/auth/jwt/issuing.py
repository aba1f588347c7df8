# -*- test-case-name: tests.auth.jwt.test_issuing -*-
"""
Tokens that a client makes of itself (table 5.6; RFC 7519).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from balws.auth.jwt.compact import encode
from balws.auth.jwt.keys import SigningKey, readSigningKey
from balws.config.jwt import JwtIssuerConfig
from balws.config.values import convert
from balws.errors import AuthError

__all__ = ["IssuedToken"]


class IssuedToken:
    """
    Makes a token for each request: it is as good as it can be whenever a connection is made.
    It is signed on the reactor's thread, in about a millisecond.
    """

    def __init__(
        self, config: JwtIssuerConfig, now: Callable[[], float] = time.time, key: SigningKey | None = None
    ) -> None:
        """
        Key files are read here.

        @param now: seconds since the epoch.
        @param key: what to sign with, where that is no file or secret of C{config}.
        @raise ConfigurationError: when the key cannot be read or does not go with the algorithm.
        """
        self._now = now
        self._expTime = config.expTime
        self._key = key
        if key is None and config.signatureConfig is not None:
            self._key = convert(readSigningKey, "signatureConfig", config.signatureConfig)
        algorithm = "none" if self._key is None else self._key.algorithm
        self._header = _json(_given({"alg": algorithm, "typ": "JWT", "kid": config.keyId}))
        own = {"iss": config.issuer, "sub": config.username, "aud": config.audience, "jti": config.jwtId}
        self._claims = {**_given(own), **config.customClaims}

    def authorization(self) -> Deferred[bytes]:
        """
        @return: fires with the value of C{Authorization}; fails with L{AuthError} when the token
            cannot be signed.
        """
        try:
            return succeed(b"Bearer " + self._token())
        except Exception as problem:
            # Without its text and its frames: the key is near.
            return fail(AuthError(f"Failed to enrich request with JWT. {type(problem).__name__}"))

    def _token(self) -> bytes:
        """
        @return: a token; one without signature has two parts, as the reference library makes it.
        """
        now = int(self._now())
        times = {"exp": int(now + self._expTime), "iat": now, "nbf": now}
        signed = encode(self._header) + b"." + encode(_json({**self._claims, **times}))
        return signed if self._key is None else signed + b"." + encode(self._key.sign(signed))

    def rejected(self, value: bytes) -> bool:
        """
        The last one was not accepted.

        @return: C{False}: another one would say the same.
        """
        return False

    def close(self) -> Deferred[None]:
        """
        There is nothing to release.
        """
        return succeed(None)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
