# -*- test-case-name: tests.cli.test_connect_words -*-
"""
What the Tab key completes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

__all__ = ["Words"]

#: So many words of a conversation are remembered, the latest ones.
MAX_WORDS = 2000

#: So much of one message is looked at (characters).
MAX_LOOK = 65536

#: So much in front of the cursor is looked at: no word is longer (characters).
MAX_BEGUN = 64

#: Words and keys that are worth it.
_found = re.compile(r"\w[\w.-]{2,63}").findall

_begun = re.compile(r"[\w.-]+\Z").search


class Words:
    """
    Commands at the beginning of a line, then their arguments, elsewhere what was seen in the conversation.
    """

    def __init__(
        self, commands: Iterable[str], arguments: Mapping[str, Callable[[str], list[str]]] | None = None
    ) -> None:
        """
        @param commands: with their slash.
        @param arguments: of a command: what it can be that was begun so; of others nobody knows.
        """
        self._commands = sorted(commands)
        self._arguments = arguments or {}
        self._seen: dict[str, None] = {}

    def see(self, message: str) -> None:
        """
        Remember the words of a message.
        """
        for word in _found(message[:MAX_LOOK]):
            if word.isprintable():
                self._seen.pop(word, None)
                self._seen[word] = None
        for word in list(self._seen)[: max(len(self._seen) - MAX_WORDS, 0)]:
            del self._seen[word]

    def complete(self, text: str) -> tuple[str, list[str]]:
        """
        @param text: what stands in front of the cursor.
        @return: what to put there, and, where there is nothing to put, between what to choose.
        """
        command, blank, argument = text.partition(" ")
        if text.startswith("/") and not text.startswith("//") and not blank:
            begun, known, end = text, self._commands, " "
        elif command in self._arguments:
            begun, known, end = argument, self._arguments[command](argument), ""
        else:
            match = _begun(text[-MAX_BEGUN:])
            if match is None:
                return "", []
            begun, known, end = match[0], sorted(self._seen), ""
        fitting = [each for each in known if each.startswith(begun)]
        if len(fitting) == 1:
            return fitting[0][len(begun) :] + end, []
        more = _common(fitting)[len(begun) :]
        return more, [] if more else fitting


def _common(words: list[str]) -> str:
    """
    @return: what they all begin with.
    """
    if not words:
        return ""
    first, last = min(words), max(words)
    length = next((place for place, each in enumerate(first) if last[place] != each), len(first))
    return first[:length]
