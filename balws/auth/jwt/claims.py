# -*- test-case-name: tests.auth.jwt.test_claims -*-
"""
What a token says, against what the configuration expects (table 5.4; RFC 7519 section 4.1).
The texts are the reference library's, for the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from twisted.cred.error import UnauthorizedLogin

from balws.auth.jwt.compact import MAX_KEY_ID, Compact, shown
from balws.auth.principal import MAX_TIME
from balws.config.jwt import JwtValidatorConfig

__all__ = ["Expectations", "expiry"]

_TEXTS = ("iss", "sub", "jti")
_TIMES = ("exp", "nbf", "iat")

#: Parts of the header that change what is signed or how it is read: whoever does not know one must refuse the token
#: (RFC 7515 section 4.1.11, RFC 7797 section 6).
_CRITICAL = ("crit", "b64")


class Expectations:
    """
    What one configuration expects of a token, but for its signature.
    """

    def __init__(self, config: JwtValidatorConfig) -> None:
        self._config = config
        self._customClaims = {name: _spelt(value) for name, value in config.customClaims.items()}

    def check(self, token: Compact, now: float) -> None:
        """
        In the reference library's order.

        @param now: seconds since the epoch.
        @raise UnauthorizedLogin: for the first thing that is not as expected.
        """
        config, claims = self._config, token.claims
        _checkForm(token.header, claims)
        _checkText("username", config.username, claims.get("sub"))
        _checkText("issuer name", config.issuer, claims.get("iss"))
        self._checkAudience(claims.get("aud"))
        _checkText("JWT ID", config.jwtId, claims.get("jti"))
        _checkText("key ID", config.keyId, token.header.get("kid"))
        for name, expected in self._customClaims.items():
            if name not in claims:
                raise UnauthorizedLogin(f"JWT must contain the custom claim '{shown(name)}'.")
            if _spelt(claims[name]) != expected:
                raise UnauthorizedLogin(f"JWT contained invalid custom claim '{shown(name)}'.")
        self._checkTimes(claims, now)

    def _checkAudience(self, given: str | list[str] | None) -> None:
        expected = self._config.audience
        if expected is None:
            return
        if given is None:
            raise UnauthorizedLogin("JWT must contain a valid audience.")
        if set(expected).isdisjoint({given} if isinstance(given, str) else given):
            raise UnauthorizedLogin("JWT contained invalid audience.")

    def _checkTimes(self, claims: Mapping[str, Any], now: float) -> None:
        skew = self._config.clockSkew
        end, start = claims.get("exp"), claims.get("nbf")
        if end is None and not self._config.allowNoExpiry:
            raise UnauthorizedLogin("JWT must contain an expiration time (exp).")
        if end is not None and end + skew < now:
            raise UnauthorizedLogin("JWT is expired.")
        if start is not None and start - skew > now:
            raise UnauthorizedLogin("JWT is used before not-before-time (nbf).")


def expiry(claims: Mapping[str, Any], skew: float) -> float | None:
    """
    @param claims: those that were checked.
    @return: when they end, in seconds since the epoch; L{None} never.
    """
    end = claims.get("exp")
    return None if end is None else end + skew


def _checkForm(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """
    Whatever has a meaning of its own must have the type for it, looked at or not.
    """
    for name in _CRITICAL:
        if name in header:
            raise UnauthorizedLogin(f"The header of the JWT has '{name}', which is not supported.")
    keyId = header.get("kid", "")
    if not isinstance(keyId, str) or len(keyId) > MAX_KEY_ID:
        raise UnauthorizedLogin("The key ID (kid) of the JWT is no string, or too long.")
    for name in _TEXTS:
        if not isinstance(claims.get(name, ""), str):
            raise UnauthorizedLogin(f"The claim '{name}' of the JWT is no string.")
    audience = claims.get("aud", "")
    if not isinstance(audience, str) and not (
        isinstance(audience, list) and all(isinstance(each, str) for each in audience)
    ):
        raise UnauthorizedLogin("The claim 'aud' of the JWT is neither a string nor a list of strings.")
    for name in _TIMES:
        if name in claims and not _isTime(claims[name]):
            raise UnauthorizedLogin(f"The claim '{name}' of the JWT is no time.")


def _isTime(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_TIME


def _checkText(noun: str, expected: str | None, given: str | None) -> None:
    if expected is None:
        return
    if given is None:
        raise UnauthorizedLogin(f"JWT must contain a valid {noun}.")
    if given != expected:
        raise UnauthorizedLogin(f"JWT contained invalid {noun} '{shown(given)}'.")


def _spelt(value: object) -> str:
    """
    @return: a value of JSON in one spelling: 1 is neither true nor 1.0.
    """
    return json.dumps(value, sort_keys=True)
