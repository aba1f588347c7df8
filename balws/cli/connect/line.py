# -*- test-case-name: tests.cli.test_connect_line -*-
"""
The line that is being typed.
"""

from __future__ import annotations

from collections.abc import Callable

from balws.cli.tables import widthOf
from balws.logs.escape import escaped

__all__ = ["Line"]

#: The longest line that can be typed or pasted, in characters.
MAX_LINE = 64 * 1024


class Line:
    """
    Text with a cursor in it, and the keys that shells have taught.

    @ivar text: what was typed.
    @ivar cursor: in front of which character the cursor is, from 0.
    """

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._killed = ""

    def set(self, text: str) -> None:
        """
        Begin with this text, the cursor at its end.
        """
        self.text = text
        self.cursor = len(text)

    def insert(self, text: str) -> None:
        """
        Put text at the cursor; what would make the line too long is left out.
        """
        text = text[: max(MAX_LINE - len(self.text), 0)]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def press(self, key: str) -> bool:
        """
        @param key: see L{Keys<balws.cli.connect.keys.Keys>}.
        @return: whether it means something here.
        """
        if len(key) == 1:
            self.insert(key)
        elif key in _MOVES:
            self.cursor = _MOVES[key](self)
        elif key in _CUTS:
            to, isKept = _CUTS[key]
            self._cut(_MOVES[to](self), isKept)
        elif key == "ctrl-y":
            self.insert(self._killed)
        else:
            return False
        return True

    def _cut(self, other: int, isKept: bool) -> None:
        start, end = sorted((self.cursor, other))
        if isKept and start < end:
            self._killed = self.text[start:end]
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _behind(self, isPart: Callable[[str], bool]) -> int:
        place = self.cursor
        for wanted in (False, True):
            while place and isPart(self.text[place - 1]) is wanted:
                place -= 1
        return place

    def _ahead(self, isPart: Callable[[str], bool]) -> int:
        place = self.cursor
        for wanted in (False, True):
            while place < len(self.text) and isPart(self.text[place]) is wanted:
                place += 1
        return place

    def window(self, room: int) -> tuple[str, int]:
        """
        The part around the cursor that fits.

        @param room: columns, the one of a cursor at the end included.
        @return: what to show, and in which of its columns the cursor is.
        """
        # Nothing beyond the room can be seen: a long line costs no more than a short one.
        first = max(self.cursor - room, 0)
        behind = [escaped(each) for each in self.text[first : self.cursor]]
        ahead = [escaped(each) for each in self.text[self.cursor : self.cursor + room]]
        column = sum(map(widthOf, behind))
        whole = column + sum(map(widthOf, ahead))
        limit = room - 1 if not first and whole < room else room * 3 // 4
        while behind and column > limit:
            column -= widthOf(behind.pop(0))
        left, shown = room - column - 1, "".join(behind)
        for each in ahead:
            left -= widthOf(each)
            if left < 0:
                break
            shown += each
        return shown, column


def _isOfWord(character: str) -> bool:
    return character.isalnum() or character == "_"


def _isNoBlank(character: str) -> bool:
    return not character.isspace()


_MOVES: dict[str, Callable[[Line], int]] = {
    "left": lambda line: max(line.cursor - 1, 0),
    "right": lambda line: min(line.cursor + 1, len(line.text)),
    "home": lambda line: 0,
    "end": lambda line: len(line.text),
    "word-left": lambda line: line._behind(_isOfWord),
    "word-right": lambda line: line._ahead(_isOfWord),
    "blank-left": lambda line: line._behind(_isNoBlank),
}
for _name, _same in (
    ("ctrl-b", "left"),
    ("ctrl-f", "right"),
    ("ctrl-a", "home"),
    ("ctrl-e", "end"),
    ("alt-b", "word-left"),
    ("alt-f", "word-right"),
):
    _MOVES[_name] = _MOVES[_same]

#: Keys that delete from the cursor to where a move would go, and whether C{ctrl-y} brings it back.
_CUTS = {
    "backspace": ("left", False),
    "delete": ("right", False),
    "ctrl-d": ("right", False),
    "ctrl-k": ("end", True),
    "ctrl-u": ("home", True),
    "ctrl-w": ("blank-left", True),
    "alt-backspace": ("word-left", True),
    "alt-d": ("word-right", True),
}
