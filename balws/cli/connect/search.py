# -*- test-case-name: tests.cli.test_connect_search -*-
"""
Backwards through the lines that were typed, while somebody types what for.
"""

from __future__ import annotations

import attrs

from balws.cli.connect.history import History
from balws.cli.connect.line import Line
from balws.cli.tables import widthOf
from balws.logs.escape import escaped

__all__ = ["Search"]

#: The longest text that is searched for (characters).
MAX_TEXT = 256

_STEPS = {"ctrl-r": -1, "ctrl-s": 1}


@attrs.frozen
class _Found:
    """
    @ivar text: what for.
    @ivar place: of the line in the history; its end: none yet.
    @ivar isFailed: whether there is none with this text, and the line is the one of before.
    """

    text: str
    place: int
    isFailed: bool = False


class Search:
    """
    What readline calls an incremental search.

    @ivar line: what was found, the cursor at the text; what stood there before while nothing is searched for.
    """

    def __init__(self, history: History, line: Line, latest: str) -> None:
        """
        @param line: what stands there.
        @param latest: what was searched for the last time, for Ctrl-R twice.
        """
        self.line = Line()
        self._history = history
        self._before = line
        self._latest = latest
        self._found = _Found("", history.end)
        #: What was found before each character.
        self._past: list[_Found] = []
        self._show()

    @property
    def text(self) -> str:
        """
        What is searched for.
        """
        return self._found.text

    @property
    def place(self) -> int | None:
        """
        Of what was found, in the history; L{None} for nothing.
        """
        return None if self._found.place == self._history.end else self._found.place

    def press(self, key: str) -> bool:
        """
        @param key: see L{Keys<balws.cli.connect.keys.Keys>}.
        @return: whether it means something here.
        """
        if len(key) == 1:
            self.add(key)
        elif key == "backspace":
            if self._past:
                self._found = self._past.pop()
        elif key in _STEPS:
            self._walk(_STEPS[key])
        else:
            return False
        self._show()
        return True

    def add(self, text: str) -> None:
        """
        Search for more; what would make it too long is left out.
        """
        text = text[: MAX_TEXT - len(self._found.text)]
        if not text:
            return
        self._past.append(self._found)
        wanted = self._found.text + text
        here = min(self._found.place, self._history.end - 1)
        self._take(wanted, self._history.find(wanted, here, -1))
        self._show()

    def _walk(self, step: int) -> None:
        if not self._found.text:
            self.add(self._latest)
            return
        present = None if self.place is None else self._history.at(self.place)
        self._take(self._found.text, self._history.find(self._found.text, self._found.place + step, step, present))

    def _take(self, text: str, place: int | None) -> None:
        self._found = _Found(text, self._found.place if place is None else place, place is None)

    def _show(self) -> None:
        if self.place is None:
            self.line.set(self._before.text)
            self.line.cursor = self._before.cursor
            return
        self.line.set(self._history.at(self.place))
        at = self.line.text.rfind(self._found.text)
        self.line.cursor = max(at, 0)

    def lead(self, columns: int) -> str:
        """
        @param columns: of the terminal.
        @return: what stands in front of the line; it leaves half of the room to that.
        """
        words = "failed reverse-i-search" if self._found.isFailed else "reverse-i-search"
        shown = f"({words})`{escaped(self.text)}': "
        if widthOf(shown) <= columns // 2:
            return shown
        room, end = max(columns // 2 - 4, 0), ""
        for each in reversed(self.text):
            part = escaped(each)
            if widthOf(part + end) > room:
                break
            end = part + end
        return f"{'!' if self._found.isFailed else '?'}{end}: "
