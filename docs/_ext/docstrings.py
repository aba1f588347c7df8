# -*- test-case-name: tests.test_docstrings -*-
"""
From epytext docstrings to what Sphinx reads: only what this project's docstrings use.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

import attrs

import balws.config

__all__ = ["RECORDS", "Docstring", "escaped", "listTable", "notesOf", "paragraph", "plain"]


def _records() -> Iterator[tuple[str, type]]:
    for module in pkgutil.iter_modules(balws.config.__path__, "balws.config."):
        for name, kind in vars(import_module(module.name)).items():
            isRecord = name[0] != "_" and isinstance(kind, type) and attrs.has(kind)
            # Others are what a file was made into: nobody fills them in.
            if isRecord and all(field.converter is not None for field in attrs.fields(kind)):
                yield name, kind


#: The records that somebody fills in, by their names: where a docstring names one it links to its table.
RECORDS: Mapping[str, type] = dict(_records())

_FIELD = re.compile(r"^@(?P<tag>\w+)(?: (?P<name>\w+))?:", re.MULTILINE)

_NOTE = re.compile(r":(?P<name>[\w-]+): (?P<words>.*)")

#: What a docstring says to those who have the papers, or know the reference library.
_SOURCE = re.compile(
    r"\s*\((?:seeds?|DESIGN|decisions?|(?:feature )?tables?)\b[^()]*\)"
    r"|; (?:DESIGN|seeds?|decisions?|(?:feature )?tables?) [^();]*(?=[;)])"
    r"|\s*\(new here\)|\s*\bNew here[.:][^.]*\.?"
)

_MARKUP = re.compile(r"(?P<tag>[A-Z])\{(?P<text>(?:[^{}]|\{[^{}]*\})*)\}")

#: What programs and their users say literally.
_TYPED = re.compile(
    "("
    + "|".join(
        (
            r'"[^"\s][^"]*"',
            r"'[^'\s][^']*'(?!\w)",
            r"(?<![\w-])--?[a-z0][\w-]*",
            r"\$?\b[A-Z]{2,}(?:_[A-Z]+)+\b",
            r"\b\w+(?:\+\w+)?://[^\s,;]*[\w/]",
            r"\[{1,2}[a-z.]+\]{1,2}",
        )
    )
    + ")"
)


def escaped(text: str) -> str:
    """
    @return: plain text, so that nothing of it is markup.
    """
    # With the colon what begins as a URL would is none.
    return re.sub(r"([\\*`|_]|(?<=\w):(?=\w))", r"\\\1", text)


def plain(text: str) -> str:
    """
    @param text: words without markup, as programs print them.
    @return: the same, where what is typed as it stands is a literal: strings in double quotes, options,
        variables of the environment, and URLs.
    """
    parts = _TYPED.split(text)
    return "".join(f"``{part}``" if index % 2 else escaped(part) for index, part in enumerate(parts))


def _inline(match: re.Match[str]) -> str:
    tag, text = match["tag"], " ".join(match["text"].split())
    if tag == "I":
        return f"*{text}*"
    if tag == "L":
        name = text.rpartition(".")[2]
        if name in RECORDS:
            return f":ref:`{name} <record-{name}>`"
        text = name
    return f"``{text}``"


def paragraph(text: str) -> str:
    """
    @param text: some epytext.
    @return: the same as one line of reStructuredText, without the places in papers that only we have.
    """
    found = _SOURCE.sub("", " ".join(text.split()))
    parts, end = [], 0
    for match in _MARKUP.finditer(found):
        parts += [escaped(found[end : match.start()]), _inline(match)]
        # A letter that follows a literal would belong to it.
        if found[match.end() : match.end() + 1].isalnum():
            parts.append("\\ ")
        end = match.end()
    return "".join([*parts, escaped(found[end:])])


@attrs.frozen
class Docstring:
    """
    @ivar words: what stands before the fields, in paragraphs.
    @ivar fields: by the name that they describe.
    """

    words: tuple[str, ...]
    fields: Mapping[str, str]

    @classmethod
    def of(cls, kind: type) -> Docstring:
        """
        @param kind: a class: what its bases say of fields counts, too.
        """
        fields: dict[str, str] = {}
        for each in reversed(inspect.getmro(kind)):
            text = inspect.cleandoc(vars(each).get("__doc__") or "")
            starts = list(_FIELD.finditer(text))
            ends = [match.start() for match in starts[1:]] + [len(text)]
            fields.update(
                (match["name"], paragraph(text[match.end() : end]))
                for match, end in zip(starts, ends, strict=False)
                if match["tag"] == "ivar"
            )
        first = _FIELD.search(text)
        words = text[: first.start()] if first else text
        return cls(tuple(paragraph(each) for each in re.split(r"\n\s*\n", words) if each.strip()), fields)

    @property
    def lead(self) -> str:
        """
        The first sentence, or nothing.
        """
        return re.split(r"(?<=[.:])(?:  | (?=[A-Z]))", self.words[0])[0] if self.words else ""


def notesOf(content: Iterable[str]) -> dict[str, str]:
    """
    @param content: lines of a page: C{:name: words}, which may go on in the next.
    @return: the words, by name.
    @raise ValueError: for a line without a name, and a name that comes twice.
    """
    found: dict[str, str] = {}
    name = ""
    for line in content:
        match = _NOTE.match(line)
        if match is not None:
            name = match["name"]
            if name in found:
                raise ValueError(f"there is a second {name!r}")
            found[name] = match["words"]
        elif line.strip() and not name:
            raise ValueError(f"whose words are {line!r}?")
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def listTable(heads: Iterable[str], widths: Iterable[int], rows: Iterable[Iterable[str]]) -> list[str]:
    """
    @param rows: the cells; one with several lines has several paragraphs.
    @return: a table, line by line.
    """
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        f"   :widths: {' '.join(map(str, widths))}",
        "   :class: generated",
        "",
    ]
    for row in (heads, *rows):
        for index, cell in enumerate(row):
            mark = "   * - " if index == 0 else "     - "
            first, *others = cell.split("\n")
            lines.append((mark + first).rstrip())
            for each in others:
                lines.append(f"       {each}".rstrip())
    return [*lines, ""]
