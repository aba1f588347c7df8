# -*- test-case-name: tests.cli.test_tables -*-
"""
Tables of text, and figures as people read them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from itertools import zip_longest
from unicodedata import category, east_asian_width

__all__ = ["aged", "clipped", "counted", "plural", "sized", "table", "terminalWidth", "widthOf"]

#: A column of words is not made narrower than this.
NARROWEST = 6

#: Between two columns.
GAP = "  "


def widthOf(text: str) -> int:
    """
    @param text: printable.
    @return: how many columns of a terminal it takes: the characters of East Asia take two, accents none.
    """
    if text.isascii():
        return len(text)
    return sum(map(_widthOf, text))


def _widthOf(character: str) -> int:
    # Vowels and finals of Hangul stand within the block that their first letter has begun.
    if category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def clipped(text: str, width: int) -> str:
    """
    @return: as much of it as fits into so many columns; where that is not all, it ends with an ellipsis.
    """
    if widthOf(text) <= width:
        return text
    kept = ""
    for each in text:
        if widthOf(kept + each) >= width:
            break
        kept += each
    return kept + "…" if width > 0 else ""


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    figures: Collection[int] = (),
    names: Collection[int] = (),
    width: int | None = None,
) -> list[str]:
    """
    @param head: the names of the columns.
    @param rows: printable texts.
    @param figures: the numbers of the columns that stand at the right, and are never cut.
    @param names: those that are cut only when there is no more to take from the other words: of a name that
        is not whole nothing can be done with the rest.
    @param width: of the terminal; L{None} cuts nothing.
    @return: the lines, without blanks at their ends.
    """
    widths = [max(map(widthOf, column)) for column in zip_longest(head, *rows, fillvalue="")]
    if width is not None:
        room = width - len(GAP) * (len(widths) - 1)
        _narrow(widths, set(range(len(widths))).difference(figures, names), room)
        _narrow(widths, set(names), room)
    lines = []
    for row in (head, *rows):
        cells = (_cell(text, widths[index], index in figures) for index, text in enumerate(row))
        line = GAP.join(cells).rstrip()
        lines.append(line if width is None else clipped(line, width))
    return lines


def _narrow(widths: list[int], columns: Collection[int], room: int) -> None:
    """
    Take from the widest of these columns what is too much.
    """
    while sum(widths) > room and columns:
        widest = max(columns, key=lambda index: widths[index])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1


def _cell(text: str, width: int, isFigure: bool) -> str:
    text = clipped(text, width)
    blanks = " " * (width - widthOf(text))
    return blanks + text if isFigure else text + blanks


def terminalWidth() -> int | None:
    """
    @return: of the terminal that the standard output is; L{None} where it is none.
    """
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


# Figures


def sized(size: float) -> str:
    """
    @param size: bytes.
    @return: such as C{"17 B"}, C{"1.5 KiB"}, C{"20 MiB"}.
    """
    return _scaled(size, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def counted(number: float) -> str:
    """
    @return: such as C{"17"}, C{"1.5k"}, C{"20M"}.
    """
    return _scaled(number, 1000, ("", "k", "M", "G", "T", "P"))


def _scaled(number: float, step: int, units: Sequence[str]) -> str:
    unit = 0
    # 999.95 would be shown as 1000.0.
    while unit + 1 < len(units) and round(number, 1) >= step:
        number /= step
        unit += 1
    shown = f"{number:.0f}" if number >= 100 else f"{number:.1f}".removesuffix(".0")
    return shown + units[unit]


def aged(seconds: float) -> str:
    """
    @return: such as C{"17s"}, C{"3m05s"}, C{"2h03m"}, C{"5d04h"}.
    """
    whole = max(int(seconds), 0)
    for size, name, part, partName in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{name}{whole % size // part:02}{partName}"
    return f"{whole}s"


def plural(count: int, noun: str) -> str:
    """
    @return: such as C{"1 connection"} and C{"2 connections"}.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
