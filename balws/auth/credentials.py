# -*- test-case-name: tests.auth.test_credentials -*-
"""
What a client shows of itself, as L{twisted.cred} takes it.  No repr shows any of it.
"""

from __future__ import annotations

from hmac import compare_digest

from twisted.cred.credentials import IUsernamePassword
from zope.interface import implementer

from balws.interfaces import IBearerToken

__all__ = ["BasicCredentials", "BearerToken"]


@implementer(IUsernamePassword)
class BasicCredentials:
    """
    A user's name and password (RFC 7617).

    @ivar username: in UTF-8; not empty.
    @ivar password: in UTF-8; not empty.
    """

    __slots__ = ("password", "username")

    def __init__(self, username: bytes, password: bytes) -> None:
        self.username = username
        self.password = password

    def __repr__(self) -> str:
        return "<BasicCredentials>"

    def checkPassword(self, password: bytes) -> bool:
        """
        For checkers that know passwords in plain text.

        @return: whether it is this one; the time that it takes does not tell how near.
        """
        return compare_digest(self.password, password)


@implementer(IBearerToken)
class BearerToken:
    """
    See L{IBearerToken}.
    """

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    def __repr__(self) -> str:
        return "<BearerToken>"
