# -*- test-case-name: tests.auth.jwt.test_verified -*-
"""
Which tokens' signatures were verified, and with what, so that nobody pays for it twice.
Nothing else is remembered of a token, and nothing else is left out the next time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from balws.auth.cache import Cache
from balws.auth.jwt.compact import Compact
from balws.auth.jwt.keys import VerifyingKey
from balws.config.cache import CacheConfig

__all__ = ["VerifiedSignatures"]


class VerifiedSignatures:
    """
    A bounded memory of signatures, by the SHA-256 of what was signed and the signature.
    """

    def __init__(self, config: CacheConfig, reactor: Any, now: Callable[[], float]) -> None:
        """
        @param now: seconds since the epoch.
        """
        self._known: Cache[tuple[VerifyingKey, str]] = Cache(config, reactor, now)

    def __len__(self) -> int:
        return len(self._known)

    def knows(self, token: Compact, key: VerifyingKey, algorithm: str) -> bool:
        """
        @return: whether this token's signature was verified, with this very key and algorithm.
        """
        known = self._known.get(_nameOf(token))
        return known is not None and known[0] is key and known[1] == algorithm

    def add(self, token: Compact, key: VerifyingKey, algorithm: str, expires: float | None) -> None:
        """
        @param expires: when the token does, in seconds since the epoch; L{None} never.
        """
        self._known.put(_nameOf(token), (key, algorithm), math.inf if expires is None else expires)

    def clear(self) -> None:
        """
        Forget all.
        """
        self._known.clear()


def _nameOf(token: Compact) -> bytes:
    return sha256(token.signed + b"." + token.signature).digest()
