# -*- test-case-name: tests.binding.test_kinds -*-
"""
What a declared type is made of, as msgspec sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect


def isExact(annotation: Any) -> bool:
    """
    @return: whether the type has Decimals, or keys that are not strings.  These lose
        something when JSON is decoded without the type, and can hold what JSON cannot:
        C{{"NaN": 1}} is a C{dict[float, int]}.
    @raise TypeError: when a part of it cannot be made from JSON; the part is named.
    """
    exact = False
    for part in _parts(inspect.type_info(annotation)):
        if isinstance(part, inspect.CustomType):
            if part.cls is not object:
                raise TypeError(f"{part.cls.__qualname__} cannot be made from JSON")
        elif isinstance(part, (inspect.RawType, inspect.ExtType)):
            raise TypeError("JSON is always decoded")
        elif isinstance(part, inspect.DecimalType):
            exact = True
        elif isinstance(part, inspect.DictType):
            exact = exact or not isinstance(part.key_type, (inspect.StrType, inspect.AnyType))
    return exact


def _parts(root: inspect.Type) -> Iterator[msgspec.Struct]:
    seen: set[int] = set()
    stack: list[Any] = [root]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, (inspect.Type, inspect.Field)) and id(part) not in seen:
            seen.add(id(part))
            yield part
            stack.extend(getattr(part, name) for name in part.__struct_fields__)


def words(members: list[Any]) -> dict[str, Any]:
    """
    @param members: the members of a union, or one type alone.
    @return: the strings among the values of Literals and Enums, with what they mean.
    """
    found: dict[str, Any] = {}
    for member in members:
        if get_origin(member) is Literal:
            found.update((value, value) for value in get_args(member) if type(value) is str)
        elif isinstance(member, type) and issubclass(member, Enum):
            found.update((item.value, item) for item in member if type(item.value) is str)
    return found
