# -*- test-case-name: tests.asyncapi.test_source -*-
"""
Text of Python code.  Whatever a document says comes into it as a literal or as a comment for
readers, and through this module.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

__all__ = ["LONGEST", "WIDTH", "call", "docstring", "literal"]

#: The longest line, in characters.
WIDTH = 120

#: So much of a description is shown, in characters.
LONGEST = 2000


def literal(value: Any) -> str:
    """
    @return: a str, int, float, bool or L{None} as Python writes it, in ASCII.
    @raise TypeError: for anything else.
    """
    if type(value) is str:
        quoted = ascii(value)
        # ascii() prefers the other quotes.
        return quoted if quoted[0] == '"' or '"' in quoted else f'"{quoted[1:-1]}"'
    if value is None or type(value) in (bool, int, float):
        return repr(value)
    raise TypeError(f"no literal: {type(value).__name__}")


def docstring(words: Sequence[str], indent: str, fields: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """
    @param words: paragraphs.
    @param fields: what is said of each parameter.
    @return: its lines; none where nothing is said.
    """
    lines: list[str] = []
    for paragraph in (found for text in words for found in _paragraphs(text)):
        lines += [*([""] if lines else []), *_wrapped(paragraph, indent, "")]
    named = [(name, " ".join(_paragraphs(text))) for name, text in fields.items()]
    for number, (name, text) in enumerate(each for each in named if each[1]):
        lines += [*([""] if lines and not number else []), *_wrapped(f"@param {name}: {text}", indent, "    ")]
    quotes = f'{indent}"""'
    return [quotes, *lines, quotes] if lines else []


def _wrapped(text: str, indent: str, further: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH - 20,
        initial_indent=indent,
        subsequent_indent=indent + further,
        break_on_hyphens=False,
    )


def _paragraphs(text: str) -> list[str]:
    plain = "".join(char if char.isprintable() or char == "\n" else " " for char in text[:LONGEST])
    paragraphs = [" ".join(part.split()) for part in plain.split("\n\n")]
    return [part.replace("\\", "/").replace('"""', "'''") for part in paragraphs if part]


def call(name: str, arguments: Sequence[str], indent: str, end: str = "") -> list[str]:
    """
    @param name: what stands in front of the bracket.
    @param end: what stands behind it.
    @return: the lines of C{name(arguments)}.
    """
    line = f"{indent}{name}({', '.join(arguments)}){end}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{name}(", *(f"{indent}    {argument}," for argument in arguments), f"{indent}){end}"]
