# -*- test-case-name: tests.test_reference -*-
"""
The table of a record of L{balws.config}: each key, what fits, the default as a file has it, and what it means.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
from docstrings import Docstring, listTable, plain

from balws.errors import ConfigurationError

__all__ = ["Setting", "fits", "recordTable", "settings", "spelled"]

_FACTORY: type = type(attrs.Factory(list))

#: What else is tried where the first refusal says no more than that: values that hardly anything takes.
_FURTHER: Mapping[str, tuple[object, ...]] = {
    "a string": ("", '\x00 "?#'),
    "an integer": (-(10**30),),
    "a number": (-(10**30),),
}

_EXPECTED = re.compile(r"expected (?P<what>.*?)(?:, got .*)?", re.DOTALL)

#: What a file spells otherwise.
_PYTHON = re.compile(r"``(None|True|False)``")

#: The largest number of all: said once, on the page.
_LARGEST = re.compile(r" (?:and )?(?:up )?to (?:2147483647|9223372036854775807)$")


@attrs.frozen
class Setting:
    """
    One key.

    @ivar name: it.
    @ivar fits: what it takes, in plain text; may be empty.
    @ivar default: as a file has it; C{required} where there is none, C{none} where nothing is said.
    @ivar meaning: in reStructuredText.
    """

    name: str
    fits: str
    default: str
    meaning: str

    def row(self) -> tuple[str, str, str]:
        """
        @return: the cells of its row.
        """
        default = self.default if self.default in ("none", "required") else f"``{self.default}``"
        if not self.fits:
            return f"``{self.name}``", default, self.meaning
        return f"``{self.name}``", default, f"{self.meaning}\n\n.. rst-class:: fits\n\n{plain(self.fits)}"


def spelled(value: object) -> str:
    """
    @return: a default as a file would have it.
    """
    if value is attrs.NOTHING:
        return "required"
    if value is None:
        return "none"
    if attrs.has(type(value)):
        return "{}"
    if isinstance(value, enum.Enum):
        value = value.name
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)


def _sentence(words: str) -> str:
    """
    @return: words as a file has them, beginning as sentences do where they begin with a word.
    """
    words = _PYTHON.sub(lambda match: f"``{match[1].lower()}``", words)
    return words[:1].upper() + words[1:] if re.match(r"[a-z]+[ ,:;.']", words) else words


def _default(field: Any) -> str:
    made = isinstance(field.default, _FACTORY)
    return spelled(field.default.factory() if made else field.default)


def _refusal(converter: Any, value: object) -> str:
    try:
        converter(value)
    except ConfigurationError as error:
        if match := _EXPECTED.fullmatch(error.problem):
            return match["what"]
    return ""


def fits(field: Any) -> str:
    """
    @return: what a field takes, as its own refusals say it.
    """
    found = _refusal(field.converter, object())
    for noun, values in _FURTHER.items():
        for value in values if found.startswith(noun) else ():
            found = _refusal(field.converter, value) or found
    found = _LARGEST.sub("", found.removesuffix(" that is not empty"))
    return re.sub(r" from (-?\d+)$", lambda low: "" if len(low[1]) > 9 else f", {low[1]} or more", found)


def settings(
    record: type, notes: Mapping[str, str] = MappingProxyType({}), beyond: type | None = None
) -> list[Setting]:
    """
    @param notes: what a page adds to the meaning, by key.
    @param beyond: a base whose fields are left out.
    @raise ValueError: for a field without words, and words without a field.
    """
    told = Docstring.of(record).fields
    others = attrs.fields_dict(beyond) if beyond is not None else {}
    fields = [field for field in attrs.fields(record) if field.name not in others]
    if stray := sorted(set(notes) - {field.name for field in fields}):
        raise ValueError(f"{record.__name__} has no {', '.join(stray)}")
    if silent := [field.name for field in fields if not told.get(field.name)]:
        raise ValueError(f"the docstring of {record.__name__} does not say what {', '.join(silent)} means")
    return [
        Setting(
            field.name,
            fits(field),
            _default(field),
            f"{_sentence(told[field.name])} {notes.get(field.name, '')}".strip(),
        )
        for field in fields
    ]


def recordTable(record: type, notes: Mapping[str, str], beyond: type | None = None) -> list[str]:
    """
    @param notes: see L{settings}; likewise C{beyond}.
    @return: the record's first sentence and its table, in reStructuredText.
    """
    lead = Docstring.of(record).lead
    rows = [each.row() for each in settings(record, notes, beyond)]
    table = listTable(("Key", "Default", "Meaning, and what fits"), (28, 15, 57), rows)
    return [*([lead, ""] if lead else []), f".. _record-{record.__name__.lstrip('_')}:", "", *table]
