# -*- test-case-name: tests.binding.test_kinds -*-
"""
What a declared type is made of, as msgspec sees it.
"""

from __future__ import annotations

import collections.abc
import dataclasses
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs
import msgspec
from msgspec import inspect

#: Types that say no more than their arguments.
_COMPOSED = {
    Union,
    UnionType,
    list,
    tuple,
    set,
    frozenset,
    collections.abc.Collection,
    collections.abc.MutableSequence,
    collections.abc.Sequence,
    collections.abc.MutableSet,
    collections.abc.Set,
}

_MAPPINGS = {dict, collections.abc.MutableMapping, collections.abc.Mapping}

_WRAPPINGS = {Annotated, Required, NotRequired}


def isExact(annotation: Any) -> bool:
    """
    @return: whether the type has Decimals, or keys that are not strings.  These lose
        something when JSON is decoded without the type, and can hold what JSON cannot:
        C{{"NaN": 1}} is a C{dict[float, int]}.
    @raise TypeError: when a part of it cannot be made from JSON; the part is named.
    """
    # Says what is no type, and what no union can be made of.
    msgspec.msgpack.Decoder(annotation)
    exact = False
    for each in _leaves(annotation):
        for part in _parts(inspect.type_info(each)):
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


def _leaves(annotation: Any) -> Iterator[Any]:
    """
    Take a type apart, each part of it once: where records refer to each other msgspec describes all of their
    unions for each of them, and goes as deep as there are records.

    @return: parts in which there are no such records any more.
    """
    seen: set[Any] = set()
    # What cannot be compared is told apart by its place: nothing else may be there meanwhile.
    kept: list[Any] = []
    stack = [annotation]
    while stack:
        part = stack.pop()
        try:
            isNew = part not in seen
            seen.add(part)
        except TypeError:
            isNew = id(part) not in seen
            seen.add(id(part))
            kept.append(part)
        if isNew:
            leaf, inner = _opened(part)
            if leaf is not None:
                yield leaf
            stack += inner


def _opened(part: Any) -> tuple[Any, list[Any]]:
    """
    @return: what msgspec has to say something about, L{None} for nothing; and what is to be opened next.
    """
    origin, arguments = get_origin(part), list(get_args(part))
    if origin in _WRAPPINGS:
        return None, arguments[:1]
    if origin in _COMPOSED:
        return None, [each for each in arguments if each is not ... and each is not msgspec.UnsetType]
    if origin in _MAPPINGS and arguments:
        return dict[arguments[0], Any], arguments[1:]  # type: ignore[valid-type]
    fields = _fields(part, part if origin is None else origin)
    return (part, []) if fields is None else (None, fields)


def _fields(part: Any, kind: Any) -> list[Any] | None:
    """
    @param kind: the class itself, where C{part} has arguments.
    @return: the types of the fields of a record; L{None} for what is none, and for other classes than Structs
        with parameters: msgspec knows what these mean.
    """
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [each.type for each in msgspec.structs.fields(part)]
    if not isinstance(part, type) or hasattr(part, "__parameters__"):
        return None
    record: Any = part
    names: Any = getattr(record, "_fields", None) if issubclass(part, tuple) else None
    if dataclasses.is_dataclass(part):
        names = [each.name for each in dataclasses.fields(part)]
    elif attrs.has(part):
        names = [each.name for each in attrs.fields(part)]
    elif is_typeddict(part):
        names = record.__required_keys__ | record.__optional_keys__
    if names is None:
        return None
    hints = get_type_hints(part, include_extras=True)
    return [hints.get(each, Any) for each in names]


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
