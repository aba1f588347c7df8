"""
Tests of L{balws.binding.figures}.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from decimal import Decimal
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from balws.binding.figures import MAX_EXPONENT, figures, isOutOfRange
from tests.binding.samples import Area, Money, Pair


@dataclasses.dataclass
class Reading:
    heat: float
    limit: ClassVar[float] = math.inf


class Constant(enum.Enum):
    HALF = 0.5


class FigureTests(SynchronousTestCase):
    """
    The floats and Decimals inside of values.
    """

    def test_figures(self) -> None:
        """
        Numbers are found in containers and in classes of every kind, and keys are told from values.
        """
        half = (0.5, False)
        found: list[tuple[Any, list[Any]]] = [
            (0.5, [half]),
            (Decimal(2), [(Decimal(2), False)]),
            ([1, "0.5", None, True, b"x", 0.5], [half]),
            (((0.5,), {0.5}, frozenset({0.5})), [half] * 3),
            ({"a": {"b": 0.5}}, [half]),
            ({0.5: 1}, [(0.5, True)]),
            (Money(Decimal(1), [0.5]), [half, (Decimal(1), False)]),
            (Reading(0.5), [half]),
            (Area(0.5), [half]),  # type: ignore[arg-type]
            (Pair(0.5), [half]),  # type: ignore[arg-type]
            (Constant.HALF, [half]),
            (object(), []),
        ]
        for value, expected in found:
            self.assertEqual(list(figures(value)), expected, repr(value))

    def test_depth(self) -> None:
        """
        Deep values are no reason to recurse.
        """
        value: Any = 0.5
        for _ in range(100_000):
            value = [value]
        self.assertEqual(list(figures(value)), [(0.5, False)])

    def test_floats(self) -> None:
        """
        NaN and the infinities are out of range, every other float is not.
        """
        for figure in (math.nan, math.inf, -math.inf):
            self.assertTrue(isOutOfRange(figure))
        for figure in (0.0, -1.5, 1.7e308, 5e-324):
            self.assertFalse(isOutOfRange(figure))

    def test_decimals(self) -> None:
        """
        Decimals may have the exponents of a float, n - 1 and n but not n + 1, and be nothing but numbers.
        """
        for text in ("NaN", "sNaN", "Infinity", "-Infinity", "1e999999999", "-1e309", "1e-309"):
            self.assertTrue(isOutOfRange(Decimal(text)), text)
        for exponent in (MAX_EXPONENT - 1, MAX_EXPONENT, -MAX_EXPONENT):
            self.assertFalse(isOutOfRange(Decimal(f"1e{exponent}")))
        self.assertFalse(isOutOfRange(Decimal("0." + "1" * 5000)))
