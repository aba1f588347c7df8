# -*- test-case-name: tests.cli.test_connect_prompt -*-
"""
What keys do to the line, its history and its completion.
"""

from __future__ import annotations

from enum import Enum, auto

import attrs

from balws.cli.connect.history import History
from balws.cli.connect.line import Line
from balws.cli.connect.words import Words

__all__ = ["Act", "Pressed", "Prompt"]

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
    when there is none.

    @ivar line: it.
    """

    def __init__(self, history: History, words: Words) -> None:
        self.line = Line()
        self._history = history
        self._words = words
        self._isAsked = False

    def press(self, key: str) -> Pressed:
        """
        @param key: see L{Keys<balws.cli.connect.keys.Keys>}.
        @return: what is to be done.
        """
        wasAsked, self._isAsked = self._isAsked, False
        line = self.line
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
        if key in _OLDER or key in _NEWER:
            found = self._history.older(line.text) if key in _OLDER else self._history.newer()
            if found is not None:
                line.set(found)
            return _NOTHING
        line.press(key)
        return _KEYS.get(key, _NOTHING)

    def _take(self, act: Act) -> Pressed:
        text = self.line.text
        self.line.set("")
        if act is Act.ENTER:
            self._history.add(text)
            self._words.see(text)
        else:
            self._history.add("")
        return Pressed(act, text)
