# -*- test-case-name: tests.logs.test_escape -*-
"""
What may have come from a peer, made safe for a line of the log (row RL16, CWE-117).
"""

from __future__ import annotations

__all__ = ["FIELD", "cut", "escaped"]

#: A value in a line is cut to so many bytes of UTF-8.
FIELD = 1024


def escaped(text: str, longest: int = FIELD) -> str:
    """
    @param longest: the most bytes of UTF-8 that it may have, of which the words on the cut are a part.
    @return: the text on one line of any terminal: whatever is not printable, such as the ends of
        lines, ESC, what turns the direction of writing and lone surrogates, is written as Python
        does, such as C{\\n} and C{\\x1b}.  Blanks other than the usual one are so, too.  A
        backslash stays as it is: escaping twice changes nothing.
    """
    # Nothing is written with fewer characters than it has.
    shown = text[: longest + 1]
    if not shown.isprintable():
        shown = "".join(each if each.isprintable() else _written(each) for each in shown)
    if len(text) <= longest and len(shown) * 4 <= longest:
        return shown
    return cut(shown, len(text), longest)


def cut(shown: str, size: int, longest: int) -> str:
    """
    @param shown: printable text.
    @param size: how many characters there were in all.
    @param longest: the most bytes of UTF-8.
    @return: as much of it as fits; when that is not all, it says how long it was.
    """
    data = shown.encode()
    if len(data) <= longest and size <= longest:
        return shown
    ending = f"... {size} in all"
    return data[: max(longest - len(ending), 0)].decode("utf-8", "ignore") + ending


def _written(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
