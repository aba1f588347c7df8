"""
Tests of L{tests.native.rounds}: a few hundred rounds, and that they find what is wrong.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.native.built import Built, native
from tests.native.rounds import Rounds

ROUNDS = 300


class RoundsTests(Built):
    """
    C{python -m tests.native} in small.
    """

    def differences(self, **wrong: Any) -> list[str]:
        """
        @param wrong: what stands in for functions of the extension.
        @return: what is found.
        """
        names = ("mask", "framed", "frames")
        rounds = Rounds(SimpleNamespace(**{name: getattr(native, name) for name in names} | wrong))
        rounds.run(range(ROUNDS))
        return rounds.differences

    def test_same(self) -> None:
        """
        C and Python do the same.
        """
        self.assertEqual(self.differences(), [])

    def test_found(self) -> None:
        """
        Small faults of any function are found.
        """
        for wrong in (
            {"mask": lambda data, key: native.mask(data, key) if len(data) != 9 else bytes(9)},
            {"framed": lambda first, payload: native.framed(first, payload or b"")},
            {"frames": lambda data, limit, masked: native.frames(data, limit + 1, masked)},
        ):
            self.assertNotEqual(self.differences(**wrong), [], wrong)
