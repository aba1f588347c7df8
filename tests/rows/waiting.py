"""
Measurements and tests that a machine which stands still may spoil.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

_Case = TypeVar("_Case", bound="Repeatable")


def best(measure: Callable[[], float], enough: float, attempts: int = 6) -> float:
    """
    @param enough: what needs no further attempt.
    @return: the least of several measurements: a machine that is busy otherwise may spoil some, but makes none
        better.
    """
    found = []
    while len(found) < attempts:
        found.append(measure())
        if found[-1] < enough:
            break
    return min(found)


class Repeatable:
    """
    A test case whose tests can be begun again.
    """

    def anew(self) -> None:
        """
        Leave what the attempt that failed has begun.
        """


def patiently(test: Callable[[_Case], None]) -> Callable[[_Case], None]:
    """
    For tests of times that are short on purpose, which a machine that stands still for as long spoils: what has to
    be shown must be shown once in four attempts.
    """

    @wraps(test)
    def run(case: _Case) -> None:
        for _ in range(3):
            try:
                return test(case)
            except (AssertionError, OSError):
                case.anew()
        return test(case)

    return run
