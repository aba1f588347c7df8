# -*- test-case-name: tests.asyncapi.test_docstring -*-
"""
What a docstring says to those who read a service's description.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

__all__ = ["Docstring"]

_FIELD = re.compile(r"^@(\w+)(?: +(\w+))? *: *", re.MULTILINE)
_MARKUP = re.compile(r"\b([A-Z])\{([^{}]*)\}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")


@attrs.frozen
class Docstring:
    """
    @ivar summary: the first sentence, on one line; empty where there is none.
    @ivar description: what follows it, as CommonMark.
    @ivar parameters: what is said of each parameter.
    """

    summary: str = ""
    description: str = ""
    parameters: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, thing: Any) -> Docstring:
        """
        @param thing: a class or a function; what a base class says does not count.
        """
        return cls.parse(getattr(thing, "__doc__", None) or "")

    @classmethod
    def parse(cls, text: str) -> Docstring:
        """
        @param text: epytext, or plain.
        """
        body, *fields = _split(inspect.cleandoc(text))
        first, _, rest = _plain(body[1]).strip().partition("\n\n")
        sentence, *further = _SENTENCE.split(_line(first), maxsplit=1)
        description = "\n\n".join(part for part in (*further, rest.strip()) if part)
        parameters = {name: _line(_plain(words)) for name, words in fields if name}
        return cls(sentence, description, MappingProxyType(parameters))


def _split(text: str) -> list[tuple[str, str]]:
    """
    @return: the text in front of the fields, and then each C{@param}'s name and text; other
        fields have no name.
    """
    found = [("", text)]
    for match in reversed(list(_FIELD.finditer(text))):
        name = match[2] or "" if match[1] == "param" else ""
        found.insert(1, (name, found[0][1][match.end() :]))
        found[0] = ("", found[0][1][: match.start()])
    return found


def _plain(text: str) -> str:
    before = None
    while before != text:  # L{C{name}} has one inside of another
        before, text = text, _MARKUP.sub(_unmarked, text)
    return text


def _unmarked(match: re.Match[str]) -> str:
    kind, words = match[1], match[2]
    if kind == "E":
        return {"lb": "{", "rb": "}"}.get(words, words)
    if kind in "CL" and "`" not in words:
        return f"`{words}`"
    return words


def _line(text: str) -> str:
    return " ".join(text.split())
