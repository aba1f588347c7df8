"""
Tests of L{balws.config.headers}.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.headers import headers
from balws.config.values import convert, text, token
from balws.errors import ConfigurationError


class HeadersTests(SynchronousTestCase):
    """
    Tables of headers.
    """

    check = staticmethod(headers(token, text))

    def test_table(self) -> None:
        """
        Names and values are checked, and the table cannot be changed.
        """
        found = self.check({"X-A": "1", "X-B": "2"})
        self.assertEqual(found, {"X-A": "1", "X-B": "2"})
        self.assertIsInstance(found, MappingProxyType)
        self.assertEqual(self.check({}), {})

    def test_refusals(self) -> None:
        """
        What is wrong is said with the key at which it stands.
        """
        cases: tuple[tuple[Any, str], ...] = (
            ([("a", "b")], "key: expected a table of headers, got a list"),
            ({"X A": "1"}, 'key."X A": expected a token of HTTP'),
            ({"X-A": 1}, "key.X-A: expected a string, got 1"),
            ({"X-A": "1", "x-a": "2"}, "key.x-a: is given twice, in other letters"),
        )
        for given, expected in cases:
            with self.assertRaises(ConfigurationError) as caught:
                convert(self.check, "key", given)
            self.assertTrue(str(caught.exception).startswith(expected), str(caught.exception))
