"""
Tests of L{balws.binding.kinds}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

import msgspec
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase

from balws.binding.kinds import isExact, words
from tests.binding.samples import Colour, Level, Mixed, Money, Node, Order, Plain, Size


class Wrapped(msgspec.Struct):
    inner: list[Plain | None]


class KindTests(SynchronousTestCase):
    """
    What types are made of.
    """

    def test_inexact(self) -> None:
        """
        Types without Decimals whose keys are strings lose nothing in JSON decoded without the type.
        """
        for kind in (int, Any, object, None, dict, dict[str, object], Order, Node, Colour, dict[str, list[float]]):
            self.assertFalse(isExact(kind), str(kind))

    def test_exact(self) -> None:
        """
        A Decimal at any depth, or a key that is no string, needs the text itself.
        """
        for kind in (
            Decimal,
            Money,
            list[Money | None],
            dict[int, int],
            dict[float, int],
            Annotated[dict[int, int], Meta(max_length=1, title="x")],
        ):
            self.assertTrue(isExact(kind), str(kind))

    def test_refused(self) -> None:
        """
        A part that no JSON becomes is refused by name, however deep it is.
        """
        for kind, name in (
            (Plain, "Plain"),
            (list[Plain], "Plain"),
            (Wrapped, "Plain"),
            (dict[str, Wrapped], "Plain"),
            (Callable[[int], int], "Callable"),
            (Iterator[int], "Iterator"),
            (deque[int], "deque"),
            (list[Element], "Element"),
            (complex, "complex"),
        ):
            self.assertIn(name, str(self.assertRaises(TypeError, isExact, kind)))
        self.assertRaises(TypeError, isExact, msgspec.Raw)
        self.assertRaises(TypeError, isExact, list[msgspec.msgpack.Ext])

    def test_words(self) -> None:
        """
        The strings of Literals and Enums are words, numbers and None are not.
        """
        self.assertEqual(words([Literal["a", 1, None, True], Level, int, None]), {"a": "a"})
        self.assertEqual(words([Colour]), {"red": Colour.RED, "green": Colour.GREEN})
        self.assertEqual(words([Size]), {"small": Size.SMALL})
        self.assertEqual(words([Mixed]), {"named": Mixed.NAMED, "other": Mixed.OTHER})
        self.assertEqual(words([Order, dict[str, int]]), {})
