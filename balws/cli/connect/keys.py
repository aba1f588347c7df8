# -*- test-case-name: tests.cli.test_connect_keys -*-
"""
From the bytes of a terminal to keys.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

__all__ = ["Keys"]

#: What ends a sequence that began with ESC [, or came behind ESC O (ECMA-48 section 5.4; xterm).
_FINAL = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_NUMBERED = {"1": "home", "3": "delete", "4": "end", "7": "home", "8": "end"}

#: Modifiers of an arrow: Alt, Ctrl, or both.
_BY_WORD = frozenset(("3", "5", "7"))

_PASTE, _PASTED = "200", "201"

#: No key has a longer sequence.
_LONGEST = 32


class Keys:
    """
    Text is one character of itself; any other key has a name of several letters, such as
    C{left}, C{ctrl-a} and C{alt-b}.  What is pasted, in terminals that say so, is text, its
    ends of lines too.
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._sequence = ""
        self._isPasted = False

    def feed(self, data: bytes) -> Iterator[str]:
        """
        @param data: as it was read; may end within a character or a sequence.
        @return: the keys that are complete.
        """
        for character in self._decoder.decode(data):
            key = self._continued(character) if self._sequence else self._begun(character)
            if key:
                yield key

    def _begun(self, character: str) -> str:
        if character == "\x1b":
            self._sequence = character
            return ""
        if self._isPasted:
            return "\n" if character == "\r" else character
        if character in "\r\n":
            return "enter"
        if character == "\t":
            return "tab"
        if character in "\x7f\x08":
            return "backspace"
        if character < " ":
            return f"ctrl-{chr(ord(character) + 96)}"
        return character

    def _continued(self, character: str) -> str:
        sequence = self._sequence + character
        if sequence in ("\x1b[", "\x1bO"):
            self._sequence = sequence
            return ""
        if sequence.startswith("\x1b[") and not "@" <= character <= "~":
            self._sequence = sequence if len(sequence) < _LONGEST else ""
            return ""
        self._sequence = ""
        if len(sequence) == 2:
            if character == "\x1b":
                self._sequence = character
                return ""
            return "alt-backspace" if character == "\x7f" else f"alt-{character}"
        return self._named(sequence[2:-1].split(";"), character)

    def _named(self, numbers: list[str], final: str) -> str:
        if final == "~":
            if numbers[0] in (_PASTE, _PASTED):
                self._isPasted = numbers[0] == _PASTE
                return ""
            return _NUMBERED.get(numbers[0], "")
        name = _FINAL.get(final, "")
        if name in ("left", "right") and numbers[-1] in _BY_WORD and len(numbers) > 1:
            return f"word-{name}"
        return name
