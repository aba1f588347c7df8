# -*- test-case-name: tests.cli.test_connect_prompt -*-
"""
What keys do to the line, its history and its completion.
"""

from __future__ import annotations

from enum import Enum, auto

import attrs

from balws.cli.connect.history import History
from balws.cli.connect.keys import ESCAPE, Pasted
from balws.cli.connect.line import Line
from balws.cli.connect.search import Search
from balws.cli.connect.words import Words

__all__ = ["Act", "Pressed", "Prompt"]

#: In front of the line.
LEAD = "> "

#: So many words are listed to choose from.
MAX_LISTED = 60

_OLDER = frozenset(("up", "ctrl-p"))
_NEWER = frozenset(("down", "ctrl-n"))


class Act(Enum):
    """
    What is to be done after a key.

    @cvar NOTHING: no more than to draw the line.
    @cvar ENTER: the line is complete.
    @cvar CANCEL: the line was given up.
    @cvar ASK: to leave, the same once more.
    @cvar LEAVE: the user wants to leave.
    @cvar SUSPEND: the user wants back to the shell for a while.
    @cvar CLEAR: the screen is to be cleared.
    @cvar LIST: words are to be listed.
    """

    NOTHING = auto()
    ENTER = auto()
    CANCEL = auto()
    ASK = auto()
    LEAVE = auto()
    SUSPEND = auto()
    CLEAR = auto()
    LIST = auto()


@attrs.frozen
class Pressed:
    """
    @ivar act: what is to be done.
    @ivar text: the line that was entered or given up, or the words to list.
    """

    act: Act
    text: str = ""


_NOTHING = Pressed(Act.NOTHING)
_KEYS = {"ctrl-l": Pressed(Act.CLEAR), "ctrl-z": Pressed(Act.SUSPEND)}


class Prompt:
    """
    Ctrl-C gives up the line, and leaves when there is none, the second time; Ctrl-D leaves
    when there is none.  Ctrl-R searches: Ctrl-G gives back what was there before, Escape and
    any key that edits take what was found, and Enter enters it.
    """

    def __init__(self, history: History, words: Words) -> None:
        self._line = Line()
        self._history = history
        self._words = words
        self._search: Search | None = None
        self._latest = ""
        self._isAsked = False

    @property
    def line(self) -> Line:
        """
        What is to be shown.
        """
        return self._line if self._search is None else self._search.line

    def lead(self, columns: int) -> str:
        """
        @param columns: of the terminal.
        @return: what stands in front of the line.
        """
        return LEAD if self._search is None else self._search.lead(columns)

    @property
    def isSearching(self) -> bool:
        """
        Whether Escape means something of itself.
        """
        return self._search is not None

    def press(self, key: str | Pasted) -> Pressed:
        """
        @param key: see L{Keys<balws.cli.connect.keys.Keys>}.
        @return: what is to be done.
        """
        wasAsked, self._isAsked = self._isAsked, False
        if isinstance(key, Pasted):
            if self._search is None:
                self._line.insert(key.text, not key.isFirst)
            else:
                self._search.add(key.text)
            return _NOTHING
        if self._search is not None and self._searched(self._search, key):
            return _NOTHING
        line = self._line
        if key == "enter":
            return self._take(Act.ENTER)
        if key == "ctrl-c":
            if line.text:
                return self._take(Act.CANCEL)
            self._isAsked = True
            return Pressed(Act.LEAVE if wasAsked else Act.ASK)
        if key == "ctrl-d" and not line.text:
            return Pressed(Act.LEAVE)
        if key == "tab":
            more, choice = self._words.complete(line.text[: line.cursor])
            line.insert(more)
            return Pressed(Act.LIST, "  ".join(choice[:MAX_LISTED])) if choice else _NOTHING
        if key == "ctrl-r":
            self._search = Search(self._history, line, self._latest)
        elif key in _OLDER or key in _NEWER:
            found = self._history.older(line.text) if key in _OLDER else self._history.newer()
            if found is not None:
                line.set(found)
        else:
            line.press(key)
        return _KEYS.get(key, _NOTHING)

    def _searched(self, search: Search, key: str) -> bool:
        """
        @return: whether there is nothing more to do with the key.
        """
        if search.press(key):
            return True
        self._search = None
        self._latest = search.text or self._latest
        if key != "ctrl-g" and search.place is not None:
            self._history.visit(search.place, self._line.text)
            self._line.set(search.line.text)
            self._line.cursor = search.line.cursor
        return key in ("ctrl-g", ESCAPE)

    def _take(self, act: Act) -> Pressed:
        text = self._line.text
        self._line.set("")
        if act is Act.ENTER:
            self._history.add(text)
            self._words.see(text)
        else:
            self._history.add("")
        return Pressed(act, text)
