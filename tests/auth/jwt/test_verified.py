"""
Tests of L{balws.auth.jwt.verified}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.jwt.compact import Compact
from balws.auth.jwt.keys import VerifyingKey
from balws.auth.jwt.verified import VerifiedSignatures
from balws.config.cache import CacheConfig
from tests.auth.tokens import NOW

KEY = VerifyingKey(("HS256",), b"")


def made(number: int, signature: bytes = b"s") -> Compact:
    """
    @return: one token of many.
    """
    return Compact({}, {}, b"%d" % number, signature)


class VerifiedSignaturesTests(SynchronousTestCase):
    """
    What is remembered of tokens.
    """

    def setUp(self) -> None:
        self.time = NOW

    def cache(self, **fields: Any) -> VerifiedSignatures:
        """
        @return: an empty one.
        """
        return VerifiedSignatures(CacheConfig(**fields), Clock(), lambda: self.time)

    def add(self, cache: VerifiedSignatures, number: int, expires: float | None = None) -> None:
        """
        Remember one token.
        """
        cache.add(made(number), KEY, "HS256", expires)

    def knows(self, cache: VerifiedSignatures, number: int, now: float = NOW) -> bool:
        """
        @return: whether it is remembered.
        """
        self.time = now
        return cache.knows(made(number), KEY, "HS256")

    def test_same(self) -> None:
        """
        A signature is known with the same text, the same key and the same algorithm alone.
        """
        cache = self.cache()
        self.assertFalse(self.knows(cache, 1))
        self.add(cache, 1)
        self.assertTrue(self.knows(cache, 1))
        self.assertFalse(self.knows(cache, 2))
        self.assertFalse(cache.knows(made(1, b"t"), KEY, "HS256"))
        self.assertFalse(cache.knows(made(1), KEY, "HS384"))
        self.assertFalse(cache.knows(made(1), VerifyingKey(("HS256",), b""), "HS256"))
        cache.clear()
        self.assertFalse(self.knows(cache, 1))

    def test_expiry(self) -> None:
        """
        Nothing is known beyond the token's expiry, nor beyond the cache's own limit.
        """
        cache = self.cache(defaultMaxAge=10)
        self.add(cache, 1, NOW + 5)
        self.add(cache, 2, NOW + 50)
        self.add(cache, 3)
        for number, end in ((1, NOW + 5), (2, NOW + 10), (3, NOW + 10)):
            self.assertTrue(self.knows(cache, number, end - 0.1))
            self.assertFalse(self.knows(cache, number, end))
            self.assertFalse(self.knows(cache, number))
        self.assertEqual(len(cache), 0)
        for limit in (0, -1):
            self.time = NOW
            endless = self.cache(defaultMaxAge=limit)
            self.add(endless, 1)
            self.assertTrue(self.knows(endless, 1, NOW * 2))
