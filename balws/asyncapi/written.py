# -*- test-case-name: tests.asyncapi.test_written -*-
"""
What the code of a class sends by itself, beside what its methods return.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any

from balws.asyncapi.content import BINARY, JSON, TEXT, Content, contentsOf
from balws.errors import ServiceDefinitionError

__all__ = ["writtenBy"]

_VERBS = ("write", "push", "pus", "broadcast")


def writtenBy(kind: type) -> tuple[Content, ...]:
    """
    @param kind: a service or an upgrade service.
    @raise ServiceDefinitionError: when C{sends} holds something else.
    @return: the kinds of messages that it sends beside what its methods return: the types in its
        C{sends}, or without that those whose methods of writing, pushing and broadcasting its
        code names.
    """
    declared = getattr(kind, "sends", None)
    if isinstance(declared, tuple):
        try:
            return tuple(content for annotation in declared for content in contentsOf(annotation))
        except Exception as error:  # whatever resolving somebody's class runs into
            raise ServiceDefinitionError(
                kind.__qualname__, "sends", f"it holds what is no type of messages: {error}", "write a tuple of types"
            ) from error
    names = {name for function in _functions(kind) for name in _namesOf(function.__code__)}
    found = []
    for noun, content in (
        ("Text", Content(TEXT, str)),
        ("Binary", Content(BINARY, bytes)),
        ("Message", Content(JSON, Any)),
    ):
        if any(name.startswith(f"{verb}{noun}") for name in names for verb in _VERBS):
            found.append(content)
    return tuple(found)


def _functions(kind: type) -> Iterator[Any]:
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] in ("balws", "builtins"):
            continue
        for member in vars(base).values():
            function = inspect.unwrap(getattr(member, "function", member))
            if inspect.isfunction(function):
                yield function


def _namesOf(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _namesOf(constant)
