# -*- test-case-name: tests.auth.test_presenting -*-
"""
What a client shows of itself in its C{Authorization} field.
"""

from __future__ import annotations

from base64 import b64encode
from importlib import import_module
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed

from balws.config.clientauth import BearerTokenConfig, CredentialsConfig
from balws.config.jwt import JwtIssuerConfig

__all__ = ["Fixed", "Source", "sourceOf"]


class Source(Protocol):
    """
    Where the value of the field comes from.
    """

    def authorization(self) -> Deferred[bytes]:
        """
        @return: the value for the next request; fails with L{balws.errors.AuthError}.
        """

    def rejected(self, value: bytes) -> bool:
        """
        The server said 401 to a value.

        @return: whether asking again may bring a better one.
        """

    def close(self) -> Deferred[None]:
        """
        Let go of connections and timers.
        """


class Fixed:
    """
    A value that stays the same.
    """

    def __init__(self, scheme: bytes, credentials: bytes) -> None:
        self._value = scheme + b" " + credentials

    def __repr__(self) -> str:
        return "<Fixed>"

    def authorization(self) -> Deferred[bytes]:
        """
        See L{Source}.
        """
        return succeed(self._value)

    def rejected(self, value: bytes) -> bool:
        """
        See L{Source}.
        """
        return False

    def close(self) -> Deferred[None]:
        """
        See L{Source}.
        """
        return succeed(None)


def sourceOf(config: Any, reactor: Any) -> Source:
    """
    @param config: a record of L{balws.config.clientauth}.
    @raise balws.ConfigurationError: when it cannot work, such as for a key that cannot be
        read.
    """
    if isinstance(config, CredentialsConfig):
        pair = f"{config.username}:{config.password.reveal()}".encode()
        return Fixed(b"Basic", b64encode(pair))
    if isinstance(config, BearerTokenConfig):
        return Fixed(b"Bearer", config.token.reveal().encode())
    if isinstance(config, JwtIssuerConfig):
        issued: Source = import_module("balws.auth.jwt.issuing").IssuedToken(config)
        return issued
    granted: Source = import_module("balws.auth.oauth2.granting").grantFor(config, reactor)
    return granted
