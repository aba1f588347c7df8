"""
Tests of L{balws.auth.cache}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.cache import Cache
from balws.config.cache import CacheConfig


class CacheTests(SynchronousTestCase):
    """
    What is remembered.
    """

    def setUp(self) -> None:
        self.clock = Clock()

    def cache(self, **fields: Any) -> Cache[str]:
        """
        @return: one with these fields.
        """
        return Cache(CacheConfig(**fields), self.clock, self.clock.seconds)

    def test_end(self) -> None:
        """
        A value is there until its end.
        """
        cache = self.cache()
        cache.put(b"a", "1", 10)
        self.clock.advance(9.9)
        self.assertEqual(cache.get(b"a"), "1")
        self.clock.advance(0.1)
        self.assertIsNone(cache.get(b"a"))
        self.assertEqual(len(cache), 0)
        cache.put(b"a", "2", 10)
        self.assertEqual(len(cache), 0)

    def test_maxAge(self) -> None:
        """
        No value is there for longer than C{defaultMaxAge}; 0 is no limit.
        """
        cache = self.cache(defaultMaxAge=5)
        cache.put(b"a", "1", 10)
        self.clock.advance(5)
        self.assertIsNone(cache.get(b"a"))
        cache = self.cache(defaultMaxAge=0)
        cache.put(b"a", "1", 100)
        self.clock.advance(50)
        self.assertEqual(cache.get(b"a"), "1")

    def test_eviction(self) -> None:
        """
        A full cache gives up what was not used for longest, at least one.
        """
        for factor, left in ((0.25, "bcdx"), (0.01, "bcdx"), (0.5, "cdx"), (1, "x")):
            cache = self.cache(capacity=4, evictionFactor=factor)
            for key in (b"b", b"a", b"c", b"d"):
                cache.put(key, "1", 10)
            cache.get(b"b")  # used: "a" is the oldest now
            for key in (b"c", b"d"):
                cache.get(key)
            cache.put(b"x", "1", 10)
            found = "".join(each.decode() for each in (b"a", b"b", b"c", b"d", b"x") if cache.get(each))
            self.assertEqual(found, left)

    def test_again(self) -> None:
        """
        A value in place of another one takes no other's place.
        """
        cache = self.cache(capacity=2)
        for value in "12":
            for key in (b"a", b"b"):
                cache.put(key, value, 10)
        self.assertEqual([cache.get(b"a"), cache.get(b"b")], ["2", "2"])

    def test_cleanup(self) -> None:
        """
        With C{cleanupInterval} what is too old goes without being asked for; there is no timer when
        nothing is left.
        """
        cache = self.cache(cleanupInterval=4)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        cache.put(b"a", "1", 3)
        cache.put(b"b", "1", 7)
        self.clock.advance(4)
        self.assertEqual(len(cache), 1)
        self.clock.advance(4)
        self.assertEqual(len(cache), 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        cache.put(b"a", "1", 100)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_forgetting(self) -> None:
        """
        What is dropped or cleared is gone, and with the last one the timer.
        """
        for forget in (lambda cache: cache.drop(b"a"), lambda cache: cache.clear()):
            cache = self.cache(cleanupInterval=4)
            cache.drop(b"a")
            cache.put(b"a", "1", 10)
            forget(cache)
            self.assertIsNone(cache.get(b"a"))
            self.assertEqual(self.clock.getDelayedCalls(), [])
