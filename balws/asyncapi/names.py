# -*- test-case-name: tests.asyncapi.test_names -*-
"""
From what a document calls things to names of Python.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

__all__ = ["BUILTIN", "IMPORTED", "Names", "className", "memberName"]

#: The longest name that is made, in characters.
_LONGEST = 60

#: So much of a text is looked at for that, in characters.
_READ = 1000

#: What the code that is made has names for.
IMPORTED = (
    *("Any", "TypedClient", "Decimal", "Element", "Literal", "Self", "Struct", "TypeAlias", "UUID", "Unknown"),
    *("annotations", "datetime", "field"),
)

#: What no class may be called.
BUILTIN = tuple(dir(builtins))


class Names:
    """
    Gives each name once.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """
        @param taken: what no name may be, beside the keywords.
        """
        self._taken = {*taken, *keyword.kwlist}
        self._numbers: dict[str, int] = {}

    def take(self, name: str) -> str:
        """
        @return: this name, or where it is taken one like it.
        """
        free = name
        while free in self._taken:
            number = self._numbers[name] = self._numbers.get(name, 1) + 1
            free = f"{name}_" if number == 2 and name[0].islower() else f"{name}{number}"
        self._taken.add(free)
        return free


def className(text: str) -> str:
    """
    @return: words of ASCII letters and digits, capitalised and joined: C{"chat.message-v2"} is
        C{ChatMessageV2}.
    """
    words = re.findall(r"[A-Za-z0-9]+", text[:_READ])
    name = "".join(word[0].upper() + word[1:] for word in words)[:_LONGEST]
    return name if name[:1].isalpha() else f"Message{name}"


def memberName(text: str) -> str:
    """
    @return: the text where Python can have it as the name of a field; else like
        L{className}, with a small letter.
    """
    if len(text) <= _LONGEST and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text):
        return text
    words = re.findall(r"[A-Za-z0-9]+", text[:_READ])
    name = "".join(word[0].upper() + word[1:] for word in words)[:_LONGEST]
    name = name[:1].lower() + name[1:]
    return name if name[:1].isalpha() else f"field{name}"
