# -*- test-case-name: tests.cli.test_numbers -*-
"""
Numbers that are given as options.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from twisted.python.usage import UsageError

from balws.config.values import MAX_NUMBER

__all__ = ["amount", "whole"]


def amount(options: Mapping[str, Any], name: str, least: float = 0, most: float = MAX_NUMBER) -> float:
    """
    @param least: the smallest number that is taken.
    @param most: the largest.
    @return: the number of an option.
    @raise UsageError: when it is none.
    """
    try:
        number = float(options[name])
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise UsageError(f"--{name} takes a number from {least:g} to {_shown(most)}")
    return number


def whole(options: Mapping[str, Any], name: str, least: int = 0, most: int = MAX_NUMBER) -> int:
    """
    @return: as L{amount}, a whole number.
    """
    text = str(options[name])
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise UsageError(f"--{name} takes a whole number from {least} to {most}")
    return int(text)


def _shown(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
