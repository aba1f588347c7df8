"""
Tests of L{balws.config.cache}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.cache import MAX_CAPACITY, CacheConfig
from balws.config.values import MAX_NUMBER
from balws.errors import ConfigurationError


class CacheConfigTests(SynchronousTestCase):
    """
    The record.
    """

    def refused(self, **fields: Any) -> str:
        """
        @return: what is wrong with one field.
        """
        error = self.assertRaises(ConfigurationError, CacheConfig, **fields)
        self.assertEqual([error.path], list(fields))
        return error.problem

    def test_defaults(self) -> None:
        """
        The reference library's defaults.
        """
        config = CacheConfig()
        self.assertEqual(
            (
                config.capacity,
                config.evictionFactor,
                config.evictionPolicy,
                config.defaultMaxAge,
                config.cleanupInterval,
            ),
            (100, 0.25, "LRU", -1, None),
        )
        self.assertEqual(config, CacheConfig(capacity=100))
        self.assertEqual(hash(config), hash(CacheConfig()))

    def test_bounds(self) -> None:
        """
        Each number has its bounds.
        """
        for name, good, bad in (
            ("capacity", (1, MAX_CAPACITY), (0, -1, MAX_CAPACITY + 1, 1.5, True, "1")),
            ("evictionFactor", (0.01, 1), (0, -0.5, 1.01, float("nan"), "0.5", True)),
            ("evictionPolicy", ("LRU",), ("FIFO", "lru", 1, None)),
            ("cleanupInterval", (0.5, MAX_NUMBER, None), (0, -1, MAX_NUMBER + 1, float("inf"), True)),
            ("defaultMaxAge", (0, 0.5, MAX_NUMBER), (MAX_NUMBER + 1, float("inf"), "1", True)),
        ):
            for value in good:
                self.assertEqual(getattr(CacheConfig(**{name: value}), name), value)
            for value in bad:
                self.assertTrue(self.refused(**{name: value}))

    def test_negativeAge(self) -> None:
        """
        A negative age is no limit.
        """
        self.assertEqual(CacheConfig(defaultMaxAge=-5), CacheConfig())
