# -*- test-case-name: tests.cli.test_connect_line -*-
"""
The line that is being typed.
"""

from __future__ import annotations

from collections.abc import Callable

from balws.cli.connect.edits import Edit, Edits
from balws.cli.connect.kills import Kills
from balws.cli.tables import widthOf
from balws.logs.escape import escaped

__all__ = ["Line"]

#: The longest line that can be typed or pasted, in characters.
MAX_LINE = 64 * 1024

#: Characters to a column: more accents than that are not all shown.
ACCENTS = 4

#: So many characters that were typed in a row are undone at once.
RUN = 20


class Line:
    """
    Text with a cursor in it, and the keys that shells have taught.

    @ivar text: what was typed.
    @ivar cursor: in front of which character the cursor is, from 0.
    """

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._kills = Kills()
        self._edits = Edits()
        #: The key before; empty when there was something else.
        self._last = ""
        self._typed = 0
        #: Where what was put in last begins; L{None} after anything else.
        self._yanked: int | None = None

    def set(self, text: str) -> None:
        """
        Begin with this text, the cursor at its end; what was before cannot be brought back.
        """
        self.text = text
        self.cursor = len(text)
        self._edits.clear()
        self._last, self._yanked = "", None

    def insert(self, text: str, isJoined: bool = False) -> None:
        """
        Put text at the cursor; what would make the line too long is left out.

        @param isJoined: whether to undo it together with the step before.
        """
        self._change(self.cursor, self.cursor, text, isJoined)
        self._last, self._yanked = "", None

    def press(self, key: str) -> bool:
        """
        @param key: see L{Keys<balws.cli.connect.keys.Keys>}.
        @return: whether it means something here.
        """
        if key not in ("ctrl-y", "alt-y"):
            self._yanked = None
        if len(key) == 1:
            self._typed = self._typed + 1 if len(self._last) == 1 else 0
            self._change(self.cursor, self.cursor, key, self._typed % RUN > 0)
        elif key in _MOVES:
            self.cursor = _MOVES[key](self)
        elif key in _CUTS:
            to, isKept = _CUTS[key]
            self._cut(_MOVES[to](self), isKept)
        elif key in _CHANGES:
            _CHANGES[key](self)
        else:
            return False
        self._last = key
        return True

    def _change(self, start: int, end: int, text: str, isJoined: bool = False) -> None:
        """
        Put this text in place of what is between these places, and the cursor behind it.
        """
        removed = self.text[start:end]
        text = text[: max(MAX_LINE - len(self.text) + len(removed), 0)]
        if removed != text:
            self._edits.note(Edit(start, removed, text, self.cursor), isJoined)
            self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text)

    def _cut(self, other: int, isKept: bool) -> None:
        start, end = sorted((self.cursor, other))
        if isKept and start < end:
            isJoined = self._last in _CUTS and _CUTS[self._last][1]
            self._kills.add(self.text[start:end], isJoined, isBehind=other < self.cursor)
        self._change(start, end, "")

    def _yank(self) -> None:
        self._yanked = self.cursor
        self._change(self.cursor, self.cursor, self._kills.latest)

    def _yankOther(self) -> None:
        if self._yanked is not None:
            self._change(self._yanked, self.cursor, self._kills.turn())

    def _swap(self) -> None:
        """
        The character in front of the cursor and that at it; at the end the last two.
        """
        middle = self.cursor if self.cursor < len(self.text) else _before(self.text, self.cursor)
        start, end = _before(self.text, middle), _after(self.text, middle)
        if start < middle:
            self._change(start, end, self.text[middle:end] + self.text[start:middle])

    def _undo(self) -> None:
        edit = self._edits.take()
        if edit is not None:
            rest = self.text[edit.place + len(edit.added) :]
            self.text = self.text[: edit.place] + edit.removed + rest
            self.cursor = edit.cursor

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
        # What is far beyond the room cannot be seen: a long line costs no more than a short one.
        reach = room * ACCENTS
        first = max(self.cursor - reach, 0)
        behind = [escaped(each) for each in self.text[first : self.cursor]]
        ahead = [escaped(each) for each in self.text[self.cursor : self.cursor + reach]]
        column = sum(map(widthOf, behind))
        whole = column + sum(map(widthOf, ahead))
        limit = room - 1 if not first and whole < room else room * 3 // 4
        while behind and column > limit:
            column -= widthOf(behind.pop(0))
        while 0 < len(behind) < self.cursor and not widthOf(behind[0]):
            behind.pop(0)  # an accent belongs to what is not shown
        left, shown = room - column - 1, "".join(behind)
        for each in ahead:
            left -= widthOf(each)
            if left < 0:
                break
            shown += each
        return shown, column


def _before(text: str, place: int) -> int:
    """
    @return: one character to the left, with the accents upon it.
    """
    place = max(place - 1, 0)
    while place and not widthOf(text[place]):
        place -= 1
    return place


def _after(text: str, place: int) -> int:
    """
    @return: one character to the right, with the accents upon it.
    """
    place = min(place + 1, len(text))
    while place < len(text) and not widthOf(text[place]):
        place += 1
    return place


def _isOfWord(character: str) -> bool:
    return character.isalnum() or character == "_" or not widthOf(character)


def _isNoBlank(character: str) -> bool:
    return not character.isspace()


_MOVES: dict[str, Callable[[Line], int]] = {
    "left": lambda line: _before(line.text, line.cursor),
    "right": lambda line: _after(line.text, line.cursor),
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

_CHANGES: dict[str, Callable[[Line], None]] = {
    "ctrl-y": Line._yank,
    "alt-y": Line._yankOther,
    "ctrl-t": Line._swap,
    "ctrl-_": Line._undo,
}
