"""
Tests of L{balws.auth.verified}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.compact import Compact
from balws.auth.jwtkeys import VerifyingKey
from balws.auth.verified import VerifiedSignatures
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

    def cache(self, **fields: Any) -> VerifiedSignatures:
        """
        @return: an empty one.
        """
        return VerifiedSignatures(CacheConfig(**fields))

    def add(self, cache: VerifiedSignatures, number: int, expires: float | None = None, now: float = NOW) -> None:
        """
        Remember one token.
        """
        cache.add(made(number), KEY, "HS256", expires, now)

    def knows(self, cache: VerifiedSignatures, number: int, now: float = NOW) -> bool:
        """
        @return: whether it is remembered.
        """
        return cache.knows(made(number), KEY, "HS256", now)

    def test_same(self) -> None:
        """
        A signature is known with the same text, the same key and the same algorithm alone.
        """
        cache = self.cache()
        self.assertFalse(self.knows(cache, 1))
        self.add(cache, 1)
        self.assertTrue(self.knows(cache, 1))
        self.assertFalse(self.knows(cache, 2))
        self.assertFalse(cache.knows(made(1, b"t"), KEY, "HS256", NOW))
        self.assertFalse(cache.knows(made(1), KEY, "HS384", NOW))
        self.assertFalse(cache.knows(made(1), VerifyingKey(("HS256",), b""), "HS256", NOW))
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
            self.assertTrue(self.knows(cache, number, end))
            self.assertFalse(self.knows(cache, number, end + 0.1))
            self.assertFalse(self.knows(cache, number))
        self.assertEqual(len(cache), 0)
        for limit in (0, -1):
            endless = self.cache(defaultMaxAge=limit)
            self.add(endless, 1)
            self.assertTrue(self.knows(endless, 1, NOW * 2))

    def test_bounded(self) -> None:
        """
        A full cache forgets those that were not used for longest.
        """
        cache = self.cache(capacity=4, evictionFactor=0.5)
        for number in range(4):
            self.add(cache, number)
        self.assertEqual(len(cache), 4)
        self.assertTrue(self.knows(cache, 0))
        self.add(cache, 4)
        self.assertEqual([self.knows(cache, number) for number in range(5)], [True, False, False, True, True])
        for number in range(100):
            self.add(cache, number)
            self.assertLessEqual(len(cache), 4)

    def test_smallest(self) -> None:
        """
        A cache for one token has the latest, whatever part gives way; one that is added again takes no second
        place.
        """
        for factor in (0.01, 1):
            cache = self.cache(capacity=1, evictionFactor=factor)
            for number in (1, 2, 2):
                self.add(cache, number)
            self.assertEqual([self.knows(cache, 1), self.knows(cache, 2), len(cache)], [False, True, 1])
        pair = self.cache(capacity=2, evictionFactor=0.01)
        for number in (1, 2, 2):
            self.add(pair, number)
        self.assertEqual([self.knows(pair, 1), self.knows(pair, 2)], [True, True])

    def test_cleanup(self) -> None:
        """
        Where there is an interval, what is too old is dropped with the first look after it; else when it is met.
        """
        for interval, left in ((10, 0), (None, 3)):
            cache = self.cache(cleanupInterval=interval)
            self.knows(cache, 0)
            for number in range(3):
                self.add(cache, number, NOW + 5)
            self.knows(cache, 9, NOW + 9)
            self.assertEqual(len(cache), 3)
            self.knows(cache, 9, NOW + 10)
            self.assertEqual(len(cache), left)
