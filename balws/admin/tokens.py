# -*- test-case-name: tests.admin.test_tokens -*-
"""
The operator's token.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from balws.config.secret import Secret

__all__ = ["OPERATOR", "Token"]

#: Who shows the token.
OPERATOR = "operator"


class Token:
    """
    Knows the token when it is shown; it does not keep it.
    """

    def __init__(self, secret: Secret) -> None:
        self._hash = _hash(secret.reveal())

    def fits(self, shown: str) -> bool:
        """
        @return: whether this is it.  How long that takes says nothing about how much of it fits, nor
            about its length.
        """
        return hmac.compare_digest(_hash(shown), self._hash)


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
