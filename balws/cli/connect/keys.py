# -*- test-case-name: tests.cli.test_connect_keys -*-
"""
From the bytes of a terminal to keys.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

import attrs

__all__ = ["ESCAPE", "Keys", "Pasted"]

#: The key that is also how the sequences of others begin.
ESCAPE = "escape"

#: What ends a sequence that began with ESC [, or came behind ESC O (ECMA-48 section 5.4; xterm).
_FINAL = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_NUMBERED = {"1": "home", "3": "delete", "4": "end", "7": "home", "8": "end"}

#: Keys that mean words with Alt, Ctrl, or both.
_OF_WORDS = {"left": "word-left", "right": "word-right", "delete": "alt-d"}
_BY_WORD = frozenset(("3", "5", "7"))

#: In front of what is pasted comes this number, and behind it that sequence (xterm, bracketed paste).
_PASTE = "200"
_PASTED = "\x1b[201~"

#: No key has a longer sequence.
_LONGEST = 32


@attrs.frozen
class Pasted:
    """
    What was pasted, in terminals that say so.

    @ivar text: of any characters; a line ends with C{\\n}.
    @ivar isFirst: whether it begins here: a long one comes in several portions.
    """

    text: str
    isFirst: bool


class Keys:
    """
    Text is one character of itself; any other key has a name of several letters, such as
    C{left}, C{ctrl-a} and C{alt-b}.  What comes behind Ctrl-V is text, unless it begins with Escape.
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._sequence = ""
        self._isPasting = self._isFirst = self._isReturned = self._isQuoted = False

    def feed(self, data: bytes) -> Iterator[str | Pasted]:
        """
        @param data: as it was read; may end within a character or a sequence.
        @return: the keys that are complete.
        """
        text, place = self._decoder.decode(data), 0
        while place < len(text):
            if self._isPasting:
                pasted, left = self._pasted(text[place:])
                place = len(text) - left
                if pasted.text:
                    yield pasted
                continue
            key = self._continued(text[place]) if self._sequence else self._begun(text[place])
            place += 1
            if key:
                yield key

    @property
    def isUndecided(self) -> bool:
        """
        Whether this may have been L{ESCAPE}, or the beginning of another key.
        """
        return self._sequence == "\x1b" and not self._isPasting

    def decide(self) -> str:
        """
        Nothing came behind it.

        @return: L{ESCAPE}.
        """
        self._sequence = ""
        return ESCAPE

    # What is pasted

    def _pasted(self, text: str) -> tuple[Pasted, int]:
        """
        @return: a portion of it, and how many characters stand behind all of it.
        """
        # Within it nothing is a key: it may come from anywhere.
        text, self._sequence = self._sequence + text, ""
        whole, end, behind = text.partition(_PASTED)
        if end:
            self._isPasting = False
        else:
            kept = next(size for size in range(len(_PASTED) - 1, -1, -1) if whole.endswith(_PASTED[:size]))
            self._sequence = whole[len(whole) - kept :]
            whole = whole[: len(whole) - kept]
        if self._isReturned and whole.startswith("\n"):
            whole, self._isReturned = whole[1:], False
        if whole:
            self._isReturned = whole.endswith("\r")
        pasted = Pasted(whole.replace("\r\n", "\n").replace("\r", "\n"), self._isFirst)
        if pasted.text:
            self._isFirst = False
        return pasted, len(behind)

    # What is typed

    def _begun(self, character: str) -> str:
        isQuoted, self._isQuoted = self._isQuoted, False
        if isQuoted and character != "\x1b":  # what is pasted begins with one, and must not be taken for typed
            return "\n" if character == "\r" else character
        if character == "\x1b":
            self._sequence = character
            return ""
        if character == "\x16":
            self._isQuoted = True
            return ""
        if character in "\r\n":
            return "enter"
        if character == "\t":
            return "tab"
        if character in "\x7f\x08":
            return "backspace"
        if character < " ":
            return f"ctrl-{chr(ord(character) + 64).lower()}"
        return character

    def _continued(self, character: str) -> str:
        sequence = self._sequence + character
        if character == "\x1b":  # what was begun is nothing; the next may be a paste
            self._sequence = character
            return ""
        if sequence in ("\x1b[", "\x1bO"):
            self._sequence = sequence
            return ""
        if sequence.startswith("\x1b[") and not "@" <= character <= "~":
            self._sequence = sequence if len(sequence) < _LONGEST else ""
            return ""
        self._sequence = ""
        if len(sequence) == 2:
            return "alt-backspace" if character in "\x7f\x08" else f"alt-{character.lower()}"
        return self._named(sequence[2:-1].split(";"), character)

    def _named(self, numbers: list[str], final: str) -> str:
        if final == "~" and numbers[0] == _PASTE:
            self._isPasting = self._isFirst = True
            self._isReturned = False
            return ""
        name = _NUMBERED.get(numbers[0], "") if final == "~" else _FINAL.get(final, "")
        if len(numbers) > 1 and numbers[-1] in _BY_WORD:
            return _OF_WORDS.get(name, name)
        return name
