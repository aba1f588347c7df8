# -*- test-case-name: tests.asyncapi.test_scalar -*-
"""
What YAML's plain texts mean: the core schema of YAML 1.2, where C{on} and C{2026-01-31} are texts.
"""

from __future__ import annotations

import math
import re

__all__ = ["FLOAT", "INTEGER", "LONGEST_NUMBER", "scalarOf"]

#: Whole numbers: decimal, octal, hexadecimal.
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")

#: Other numbers, and what is none.
FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

#: The longest number, in characters.
LONGEST_NUMBER = 400

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

#: What Python writes infinite numbers without.
_POINTED = re.compile(r"\.(?=[iInN])")

_BASES = {"0o": 8, "0x": 16}


def scalarOf(text: str) -> str | int | float | bool | None:
    """
    @param text: as it stands there, without quotes.
    @return: what it means.
    @raise ValueError: for a number that JSON has not, and one that is too long.
    """
    if text in _WORDS:
        return _WORDS[text]
    isWhole = INTEGER.fullmatch(text) is not None
    if not isWhole and FLOAT.fullmatch(text) is None:
        return text
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has at most {LONGEST_NUMBER} characters; put quotes around a text")
    number = int(text, _BASES.get(text[:2], 10)) if isWhole else float(_POINTED.sub("", text))
    try:
        if math.isfinite(number):
            return number
    except OverflowError:  # of whole numbers
        pass
    raise ValueError("JSON has no such number; put quotes around a text")
