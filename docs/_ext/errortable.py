# -*- test-case-name: tests.test_reference -*-
"""
What can go wrong: the tree of L{balws.errors}, and the close codes of L{balws.closing}.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from docstrings import Docstring, escaped, listTable

from balws import closing, errors

__all__ = ["closeCodeTable", "errorTable"]


def _tree(kind: type, depth: int = 0) -> list[tuple[int, type]]:
    # Who has two bases stands below the first.
    found = [(depth, kind)]
    below: list[type] = kind.__subclasses__()
    for each in below:
        if each.__name__ in errors.__all__ and each.__bases__[0] is kind:
            found += _tree(each, depth + 1)
    return found


def errorTable(faults: Mapping[str, str]) -> list[str]:
    """
    @param faults: whose fault each is, by its name.
    @return: every error, each below the one that it derives from.
    @raise ValueError: when one has no fault, or one that is not there has.
    """
    tree = _tree(errors.Error)[1:]
    names = {kind.__name__ for _, kind in tree}
    if odd := sorted(names ^ set(faults)):
        raise ValueError(f"whose fault, and which errors: {', '.join(odd)}")
    rows = []
    for depth, kind in tree:
        told = Docstring.of(kind)
        inherited = set().union(*(Docstring.of(base).fields for base in kind.__bases__))
        own = [f"``{name}``: {words}" for name, words in told.fields.items() if name not in inherited]
        words = "\n\n".join((*told.words, *(f".. rst-class:: fits\n\n{each}" for each in own)))
        mark = "\u2007\u2007" * (depth - 2) + "\u2514 " if depth > 1 else ""
        rows.append((f"{mark}``{kind.__name__}``", faults[kind.__name__], words))
    return listTable(("Class", "Whose fault", "What it says"), (36, 16, 48), rows)


def closeCodeTable(notes: Mapping[str, str]) -> list[str]:
    """
    @param notes: when we send each, by its code.
    @return: every close frame.
    @raise ValueError: when one has no note, or one that is not there has.
    """
    constants = {
        getattr(closing, name).status: name
        for name in closing.__all__
        if isinstance(getattr(closing, name), closing.CloseFrame)
    }
    rows, codes = [], []
    for kind in closing.CloseFrame.__subclasses__():
        fields = attrs.fields_dict(kind)
        if fields["status"].default is attrs.NOTHING:
            continue
        code = fields["status"].default
        codes.append(str(code))
        names = [f"``{kind.__name__}``", *([f"``{constants[code]}``"] if code in constants else [])]
        reason = fields["reason"].default
        meaning = Docstring.of(kind).lead
        if reason:
            meaning += f"\n\n.. rst-class:: fits\n\n{escaped(reason)}"
        rows.append((str(code), "\n\n".join(names), meaning, notes.get(str(code), "")))
    if odd := sorted(set(codes) ^ set(notes)):
        raise ValueError(f"when we send, and which codes: {', '.join(odd)}")
    return listTable(("Code", "Close frame", "Meaning, and reason", "When balws sends it"), (8, 30, 32, 30), rows)
