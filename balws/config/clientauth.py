# -*- test-case-name: tests.config.test_clientauth -*-
"""
A client's C{auth}: what it shows of itself (seed 4, section 5.2; table 5.6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from balws.config.jwt import JwtIssuerConfig
from balws.config.oauth2 import (
    OAuth2ClientCredentialsGrantConfig,
    OAuth2JwtBearerGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
)
from balws.config.records import nested, oneOf
from balws.config.secret import Secret
from balws.config.values import Check, checked, confidential, convert, hidden, matching, optional

__all__ = ["BearerTokenConfig", "CredentialsConfig", "clientAuth"]

#: RFC 7617 section 2: no colon, no control character.
_userName = confidential(
    matching(re.compile(r"[^:\x00-\x1f\x7f]+"), "a user's name, without colon and control characters")
)

#: Anything that a header can carry: not every server's tokens are those of RFC 6750.
_tokenText = confidential(matching(re.compile(r"[\x21-\x7e]+"), "a token: visible ASCII"))


def _token(value: str | Secret) -> Secret:
    return Secret(convert(_tokenText, "token", value))


@attrs.frozen(kw_only=True)
class CredentialsConfig:
    """
    A user's name and password, as HTTP's Basic scheme sends them (RFC 7617).

    @ivar username: not empty, without colon.
    @ivar password: not empty; no repr and no error shows it.
    """

    username: str = checked("username", _userName)
    password: Secret = hidden("password")


@attrs.frozen(kw_only=True)
class BearerTokenConfig:
    """
    A token that is there already (RFC 6750).

    @ivar token: visible ASCII; no repr and no error shows it.
    """

    token: Secret = attrs.field(converter=_token)


_issuer = nested(JwtIssuerConfig)

_others = oneOf(
    CredentialsConfig,
    BearerTokenConfig,
    OAuth2ClientCredentialsGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
    OAuth2JwtBearerGrantConfig,
    noun="credentials (a JWT of our own needs signatureConfig)",
)


def _credentials(value: object) -> object:
    # An issuer has no key that it requires: without this whoever forgets a password would send a token of no worth.
    isIssuer = isinstance(value, JwtIssuerConfig) or (isinstance(value, Mapping) and "signatureConfig" in value)
    return _issuer(value) if isIssuer else _others(value)


#: A check for one of the kinds of credentials, or L{None}.  A mapping is a L{JwtIssuerConfig} when it has a
#: C{signatureConfig}; one without is given as a record.
clientAuth: Check[Any] = optional(_credentials)
