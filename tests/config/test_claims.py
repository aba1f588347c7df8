"""
Tests of L{balws.config.claims}.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.claims import ALGORITHMS, MAX_DEPTH, algorithm, audiences, claims
from balws.config.values import convert
from balws.errors import ConfigurationError


def nestedIn(depth: int) -> Any:
    """
    @return: a value that goes so deep.
    """
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class ClaimsTests(SynchronousTestCase):
    """
    Checks of claims.
    """

    def refusal(self, check: Callable[[Any], object], value: object) -> str:
        """
        @return: the text of the error for this value.
        """
        return str(self.assertRaises(ConfigurationError, convert, check, "field", value))

    def test_algorithm(self) -> None:
        """
        Thirteen algorithms are known, by their exact names, and "none" is not among them (JW02).
        """
        self.assertEqual(len(ALGORITHMS), 13)
        for name in ALGORITHMS:
            self.assertEqual(algorithm(name), name)
        for name in ("none", "None", "", "hs256", "ES256K", "RS1", None, 5):
            self.assertIn("expected one of RS256, ", self.refusal(algorithm, name))

    def test_audiences(self) -> None:
        """
        An audience is a string or a list of different ones.
        """
        self.assertEqual(audiences("a"), ("a",))
        self.assertEqual(audiences(["a", "b"]), ("a", "b"))
        self.assertEqual(self.refusal(audiences, []), "field: expected at least one audience, got a list")
        self.assertEqual(self.refusal(audiences, ["a", "a"]), 'field[1]: "a" is given twice')
        for value in ("", 5, None, [""], [5], {"a": 1}):
            self.assertIn("expected", self.refusal(audiences, value))

    def test_claims(self) -> None:
        """
        Claims are values of JSON, copied, so that nobody changes them later.
        """
        inner = {"c": [1, 1.5, None, True, "é"]}
        found = claims({"a": inner, "b": (1, 2)})
        inner["c"].clear()
        self.assertEqual(found, {"a": {"c": [1, 1.5, None, True, "é"]}, "b": [1, 2]})
        with self.assertRaises(TypeError):
            found["a"] = 1  # type: ignore[index]

    def test_refusedClaims(self) -> None:
        """
        What JSON cannot write is refused, and the error says where it is.
        """
        self.assertEqual(self.refusal(claims, 5), "field: expected a table of claims, got 5")
        self.assertEqual(
            self.refusal(claims, {"a": {"b": [1, float("nan")]}}),
            f"field.a.b[1]: expected a value of JSON, nested no deeper than {MAX_DEPTH}, got nan",
        )
        for value in (b"bytes", datetime.now(UTC), float("inf"), object(), {1}):
            self.assertIn("field.a: expected a value of JSON", self.refusal(claims, {"a": value}))
        for name in ("", 5, None):
            self.assertIn("expected a string", self.refusal(claims, {name: 1}))

    def test_depth(self) -> None:
        """
        A claim goes sixteen deep and no deeper.
        """
        for depth in (MAX_DEPTH - 1, MAX_DEPTH):
            self.assertEqual(claims({"a": nestedIn(depth)}), {"a": nestedIn(depth)})
        self.assertIn("nested no deeper", self.refusal(claims, {"a": nestedIn(MAX_DEPTH + 1)}))
