# -*- test-case-name: tests.binding.test_constraints -*-
"""
Declared types without the constraints that C{msgspec.Meta} puts on them.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin


def isUnion(annotation: Any) -> bool:
    """
    @return: whether this is C{A | B}, C{Union[A, B]} or C{Optional[A]}.
    """
    origin = get_origin(annotation)
    return origin is Union or origin is types.UnionType


def unalias(annotation: Any) -> Any:
    """
    @return: what a L{NewType} or a C{type X = ...} stands for; anything else as it is.
    """
    while True:
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def relax(annotation: Any) -> Any:
    """
    Take the constraints off, through C{Annotated}, containers, C{Optional} and unions,
    as deep as the type is written out.  What is declared on the fields of a class
    (Struct, dataclass, attrs, TypedDict, NamedTuple) stays: the value could not be of
    that class without it.

    @return: the type without; the same object when it has none.
    """
    plain = unalias(annotation)
    origin = get_origin(plain)
    if origin is Annotated:
        return relax(get_args(plain)[0])
    arguments = get_args(plain)
    if origin is None or origin is Literal:
        return plain
    relaxed = tuple(relax(argument) for argument in arguments)
    if all(new is old for new, old in zip(relaxed, arguments, strict=True)):
        return plain
    if isUnion(plain):
        return Union[relaxed]  # noqa: UP007 - made, not written
    return origin[relaxed]
