# -*- test-case-name: tests.config.test_positions -*-
"""
Where in a TOML text each key and each value stands, which tomllib does not say.

L{scan} reads only texts that tomllib has accepted; it judges nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right

import attrs

__all__ = ["Position", "Positions", "extend", "scan"]

#: Line and column, each counted from 1.
Position = tuple[int, int]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
# The two kinds with three quotes first; up to two more quotes before the end are content.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)


def extend(path: str, key: str | int) -> str:
    """
    @return: the key path of a member: C{listeners[0].port}.
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _BARE.fullmatch(key):
        key = json.dumps(key, ensure_ascii=False)
    return f"{path}.{key}" if path else key


@attrs.frozen
class Positions:
    """
    @ivar keys: for each key path, where the key stands.  An item of a list stands
        where its value does.
    @ivar values: for each key path, where the value starts.  A table with a header of
        its own starts at its name there, an item of C{[[...]]} at the brackets.
    """

    keys: dict[str, Position] = attrs.field(factory=dict)
    values: dict[str, Position] = attrs.field(factory=dict)


def scan(text: str) -> Positions:
    """
    @param text: a TOML document that tomllib accepts, lines ended by LF.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.positions


class _Scanner:
    """
    Walks once over the text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.positions = Positions(values={"": (1, 1)})
        self.lengths: dict[str, int] = {}
        self.starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def document(self) -> None:
        table = ""
        while self.peek(_BLANK):
            if self.take("[["):
                table = self.header(self.offset - 2, isItem=True)
            elif self.take("["):
                table = self.header(self.offset - 1, isItem=False)
            else:
                self.pair(table)

    def header(self, start: int, isItem: bool) -> str:
        path = ""
        names = self.names()
        for index, (name, offset) in enumerate(names):
            path = extend(path, name)
            isLast = index == len(names) - 1
            self.note(path, offset, offset)
            if isItem and isLast:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path = extend(path, self.lengths[path] - 1)
        if isItem:
            self.note(path, start, start)
        self.skip(_SPACE)
        self.offset += 2 if isItem else 1
        return path

    def pair(self, path: str) -> None:
        for name, offset in self.names():
            path, key = extend(path, name), offset
            # Right for the tables on the way; the last one's value is told below.
            self.note(path, key, key)
        self.skip(_SPACE)
        self.offset += 1  # the equals sign
        self.skip(_SPACE)
        self.positions.values[path] = self.position(self.offset)
        self.value(path)

    def names(self) -> list[tuple[str, int]]:
        found = []
        while True:
            self.skip(_SPACE)
            start = self.offset
            if bare := _BARE.match(self.text, start):
                self.offset = bare.end()
                name = bare[0]
            else:
                self.skip(_STRING)
                name = tomllib.loads(f"name = {self.text[start : self.offset]}")["name"]
            found.append((name, start))
            self.skip(_SPACE)
            if not self.take("."):
                return found

    def value(self, path: str) -> None:
        if self.take("["):
            self.array(path)
        elif self.take("{"):
            self.inlineTable(path)
        elif self.text[self.offset] in "\"'":
            self.skip(_STRING)
        else:
            self.skip(_SCALAR)

    def array(self, path: str) -> None:
        index = 0
        while self.peek(_BLANK) != "]":
            item = extend(path, index)
            self.note(item, self.offset, self.offset)
            self.value(item)
            self.skip(_BLANK)
            self.take(",")
            index += 1
        self.offset += 1

    def inlineTable(self, path: str) -> None:
        # Newlines and a comma at the end are TOML 1.1, which later tomllibs may accept.
        while self.peek(_BLANK) != "}":
            self.pair(path)
            self.skip(_BLANK)
            self.take(",")
        self.offset += 1

    def note(self, path: str, key: int, value: int) -> None:
        self.positions.keys.setdefault(path, self.position(key))
        self.positions.values.setdefault(path, self.position(value))

    def position(self, offset: int) -> Position:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def skip(self, pattern: re.Pattern[str]) -> None:
        if match := pattern.match(self.text, self.offset):
            self.offset = match.end()

    def peek(self, pattern: re.Pattern[str]) -> str:
        self.skip(pattern)
        return self.text[self.offset : self.offset + 1]

    def take(self, mark: str) -> bool:
        taken = self.text.startswith(mark, self.offset)
        if taken:
            self.offset += len(mark)
        return taken
