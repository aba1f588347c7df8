# -*- test-case-name: tests.admin.test_tokens -*-
"""
The operator's token.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import fail, succeed
from zope.interface import implementer

from balws.auth.principal import Identity
from balws.config.secret import Secret
from balws.interfaces import IBearerToken

__all__ = ["OPERATOR", "Token"]

#: Who shows the token.
OPERATOR = "operator"


@implementer(ICredentialsChecker)
class Token:
    """
    Knows the token when it is shown; it does not keep it.  For the live console it is a checker of Cred.
    """

    credentialInterfaces = (IBearerToken,)

    def __init__(self, secret: Secret) -> None:
        self._hash = _hash(secret.reveal())

    def fits(self, shown: str) -> bool:
        """
        @return: whether this is it.  How long that takes says nothing about how much of it fits, nor
            about its length.
        """
        return hmac.compare_digest(_hash(shown), self._hash)

    def requestAvatarId(self, credentials: Any) -> Any:
        """
        See L{ICredentialsChecker}.

        @return: a Deferred of an L{Identity}.
        """
        if self.fits(credentials.token):
            return succeed(Identity(OPERATOR))
        return fail(UnauthorizedLogin("it is not the token of [admin]"))


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
