"""
Tests of L{balws.cli.numbers}.
"""

from __future__ import annotations

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.numbers import amount, whole


class NumbersTests(SynchronousTestCase):
    """
    Numbers of options.
    """

    def test_bounds(self) -> None:
        """
        The bounds are allowed, what is beyond is not.
        """
        for text in ("5", "007", "10"):
            self.assertEqual(whole({"n": text}, "n", 5, 10), int(text))
        for text in ("4", "11", "", "5.0", "-7", "+7", "٧", "1" * 20, "x"):
            problem = self.assertRaises(UsageError, whole, {"n": text}, "n", 5, 10)
            self.assertEqual(str(problem), "--n takes a whole number from 5 to 10")
        for text in ("0.5", "2147483647", "1e3"):
            self.assertEqual(amount({"n": text}, "n", 0.5), float(text))
        for text in ("0.4", "2147483648", "nan", "inf", "", "x"):
            problem = self.assertRaises(UsageError, amount, {"n": text}, "n", 0.5)
            self.assertEqual(str(problem), "--n takes a number from 0.5 to 2147483647")
        for text in ("0.1", "3600"):
            self.assertEqual(amount({"n": text}, "n", 0.1, 3600), float(text))
        problem = self.assertRaises(UsageError, amount, {"n": "3600.5"}, "n", 0.1, 3600.25)
        self.assertEqual(str(problem), "--n takes a number from 0.1 to 3600.25")
