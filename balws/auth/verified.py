# -*- test-case-name: tests.auth.test_verified -*-
"""
Which tokens' signatures were verified, and with what, so that nobody pays for it twice.
Nothing else is remembered of a token, and nothing else is left out the next time.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from math import ceil

from balws.auth.compact import Compact
from balws.auth.jwtkeys import VerifyingKey
from balws.config.cache import CacheConfig

__all__ = ["VerifiedSignatures"]


class VerifiedSignatures:
    """
    A bounded memory of signatures, by the SHA-256 of what was signed and the signature.
    """

    def __init__(self, config: CacheConfig) -> None:
        self._capacity = config.capacity
        self._evicted = max(1, ceil(config.capacity * config.evictionFactor))
        self._maxAge = config.defaultMaxAge if config.defaultMaxAge > 0 else float("inf")
        self._interval = config.cleanupInterval
        self._cleanedAt = float("-inf")
        self._found: OrderedDict[bytes, tuple[VerifyingKey, str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def knows(self, token: Compact, key: VerifyingKey, algorithm: str, now: float) -> bool:
        """
        @param now: seconds since the epoch.
        @return: whether this token's signature was verified, with this very key and algorithm.
        """
        self._clean(now)
        name = _nameOf(token)
        known = self._found.get(name)
        if known is None or known[0] is not key or known[1] != algorithm:
            return False
        if known[2] < now:
            del self._found[name]
            return False
        self._found.move_to_end(name)
        return True

    def add(self, token: Compact, key: VerifyingKey, algorithm: str, expires: float | None, now: float) -> None:
        """
        @param expires: when the token does, in seconds since the epoch; L{None} never.
        """
        name = _nameOf(token)
        self._found.pop(name, None)
        if len(self._found) >= self._capacity:
            for _ in range(min(self._evicted, len(self._found))):
                self._found.popitem(last=False)
        end = min(float("inf") if expires is None else expires, now + self._maxAge)
        self._found[name] = key, algorithm, end

    def clear(self) -> None:
        """
        Forget all.
        """
        self._found.clear()

    def _clean(self, now: float) -> None:
        if self._interval is None or 0 <= now - self._cleanedAt < self._interval:
            return
        self._cleanedAt = now
        for name in [name for name, (_, _, end) in self._found.items() if end < now]:
            del self._found[name]


def _nameOf(token: Compact) -> bytes:
    return sha256(token.signed + b"." + token.signature).digest()
