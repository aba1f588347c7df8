"""
Tests of L{balws.asyncapi.scalar}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.scalar import LONGEST_NUMBER, scalarOf


class ScalarTests(SynchronousTestCase):
    """
    Texts without quotes.
    """

    def test_meanings(self) -> None:
        """
        Null, booleans and numbers are what YAML 1.2 says.
        """
        for value, texts in (
            (None, ("", "~", "null", "Null", "NULL")),
            (True, ("true", "True", "TRUE")),
            (False, ("false", "False", "FALSE")),
            (7, ("7", "+7", "007", "0o7", "0x7")),
            (-12, ("-12",)),
            (255, ("0xff", "0xFF", "0o377")),
            (0.5, (".5", "0.5", "5e-1", "+.5E0", "50.e-2")),
            (100000.0, ("1e5",)),
        ):
            for text in texts:
                got = scalarOf(text)
                self.assertEqual((got, type(got)), (value, type(value)), text)

    def test_texts(self) -> None:
        """
        What YAML 1.1 took for something else is a text, and so is what only begins like a number.
        """
        for text in (
            *("yes", "No", "on", "OFF", "y", "n", "nULL", "tRue"),
            *("2026-01-31", "2026-01-31T12:00:00Z", "12:30:45", "1_000", "0b1", "=", "<<"),
            *("3.0.0", "1.2.3.4", "-", "+", ".", "e5", "1e", "0x", "0o8", "0xg", "- 1", "1 ", "nan", "inf", ".Nan"),
        ):
            self.assertEqual(scalarOf(text), text)

    def test_limits(self) -> None:
        """
        A number may be as long as the limit, and no longer; a text may be of any length.
        """
        for sign in ("0", "0."):
            scalarOf(sign.ljust(LONGEST_NUMBER, "0"))
            self.assertRaises(ValueError, scalarOf, sign.ljust(LONGEST_NUMBER + 1, "0"))
        self.assertRaises(ValueError, scalarOf, "1" * 5000)
        self.assertEqual(scalarOf("x" * 5000), "x" * 5000)

    def test_infinite(self) -> None:
        """
        What JSON cannot hold is no number.
        """
        scalarOf("1" + "0" * 308)
        scalarOf("1e308")
        for text in ("1" + "0" * 309, "1e309", "-1e309", "0x1" + "0" * 300, ".inf", "-.INF", "+.Inf", ".nan", ".NaN"):
            self.assertRaises(ValueError, scalarOf, text)
