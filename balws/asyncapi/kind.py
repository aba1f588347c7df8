# -*- test-case-name: tests.asyncapi.test_kind -*-
"""
Types of Python for messages, as code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import attrs

__all__ = ["ANY", "MAX_MEMBERS", "NONE", "Kind", "Member", "either", "literals", "single"]

#: So many types may be in a union, and so many values in a C{Literal}; of more nothing is said.
MAX_MEMBERS = 1000


@attrs.frozen
class Member:
    """
    One of the types of a union.

    @ivar group: which others can stand beside it in a union of msgspec: only such of another
        group.
    @ivar code: the type, in Python.
    @ivar tag: field and value that tell records apart, where they do.
    @ivar literals: the values, where it is a C{Literal}.
    """

    group: str
    code: str
    tag: tuple[str, str] | None = None
    literals: tuple[str, ...] = attrs.field(default=(), eq=False)  # the code has them


@attrs.frozen(slots=False)  # for what is found once
class Kind:
    """
    @ivar members: the types that a value may be of.
    @ivar alias: the name that stands for them where they are too long to be written each time;
        L{None} without.
    """

    members: tuple[Member, ...]
    alias: str | None = None

    @cached_property
    def codes(self) -> Sequence[str]:
        """
        Each of the types, in Python, or the name for all.
        """
        return [member.code for member in self.members] if self.alias is None else [self.alias]

    @cached_property
    def code(self) -> str:
        """
        All of them.
        """
        return " | ".join(self.codes)

    @cached_property
    def values(self) -> frozenset[str]:
        """
        All that stands in it, in Python: types, and the values of each C{Literal}.
        """
        return frozenset(code for member in self.members for code in (member.code, *member.literals))

    @cached_property
    def optional(self) -> Kind:
        """
        This, or L{None}.
        """
        if self.values & {"Any", "None"}:
            return self
        return Kind((*self.members, *NONE.members), None if self.alias is None else f"{self.alias} | None")

    @cached_property
    def cost(self) -> int:
        """
        What it takes to make another of it, in steps: one for each type and value, and for each
        hundred characters.
        """
        return sum(1 + len(member.literals) + len(member.code) // 100 for member in self.members)


def single(group: str, code: str) -> Kind:
    """
    @return: the kind of one type.
    """
    return Kind((Member(group, code),))


ANY = single("any", "Any")
NONE = single("none", "None")

_MAP, _LIST, _TEXT = Member("object", "dict[str, Any]"), Member("array", "list[Any]"), Member("text", "str")


def either(kinds: Iterable[Kind]) -> Kind:
    """
    @return: what is of any of these kinds, as msgspec can tell them apart: what it cannot is the
        nearest type that takes all of them.
    """
    given = list(kinds)
    others = [kind for kind in given if kind != NONE]
    if len(others) == 1:
        return others[0] if len(given) == 1 else others[0].optional
    members = list(dict.fromkeys(member for kind in given for member in kind.members))
    if not 0 < len(members) <= MAX_MEMBERS or any(member.group == "any" for member in members):
        return ANY
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(member.group, []).append(member)
    found: list[Member] = []
    for group, inside in groups.items():
        found += inside if len(inside) == 1 else _together(group, inside)
    return Kind(tuple(sorted(found, key=lambda member: member.group == "none")))


def _together(group: str, members: list[Member]) -> list[Member]:
    if group == "object":
        tags = [member.tag for member in members]
        fields = {tag[0] if tag else None for tag in tags}
        return members if len(fields) == 1 and None not in fields and len(set(tags)) == len(tags) else [_MAP]
    if group == "array":
        return [_LIST]
    values = {value for member in members for value in member.literals}
    if len(values) <= MAX_MEMBERS and all(member.literals for member in members):
        return [literals(group, [value for member in members for value in member.literals])]
    if group == "text":
        return [_TEXT]
    plain = [member for member in members if not member.literals]
    return [Member("number", "float" if any(member.code == "float" for member in plain) else "int")]


def literals(group: str, values: Iterable[str]) -> Member:
    """
    @param values: in Python.
    @return: the type of what is one of them.
    """
    given = tuple(dict.fromkeys(values))
    return Member(group, f"Literal[{', '.join(given)}]", None, given)
