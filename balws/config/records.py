# -*- test-case-name: tests.config.test_records -*-
"""
From mappings to records: the third way in beside keyword arguments and records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast

import attrs

from balws.config.positions import extend
from balws.config.values import Check, Unlike
from balws.errors import ConfigurationError

__all__ = ["UnknownKey", "build", "fieldConverters", "nested", "oneOf", "override"]

R = TypeVar("R", bound=attrs.AttrsInstance)


class UnknownKey(ConfigurationError):
    """
    A key that means nothing.  The key is at fault here, not its value.
    """

    @classmethod
    def among(cls, key: str, known: Iterable[str]) -> UnknownKey:
        """
        @param known: the keys that would mean something; the nearest is suggested.
        """
        lowered = {name.lower(): name for name in known}
        near = get_close_matches(key.lower(), lowered, n=1)
        hint = f'; did you mean "{lowered[near[0]]}"?' if near else ""
        return cls(f"unknown key{hint}", extend("", key))


def fieldConverters(recordType: type[attrs.AttrsInstance]) -> dict[str, Callable[[Any], Any]]:
    """
    @return: for each field of a record, the function that checks one value for it.
    """
    return {field.name: cast(Callable[[Any], Any], field.converter) for field in attrs.fields(recordType)}


def _convertAll(recordType: type[attrs.AttrsInstance], values: Mapping[str, object]) -> dict[str, object]:
    # In the mapping's order, so that the first error is the first in a file.
    converters = fieldConverters(recordType)
    found = {}
    for key, value in values.items():
        if key not in converters:
            raise UnknownKey.among(str(key), converters)
        found[key] = converters[key](value)
    return found


def build(recordType: type[R], values: Mapping[str, object]) -> R:
    """
    Make a record from a mapping, such as a table of a file.

    @raise ConfigurationError: for an unknown key, a value that does not fit, or a key
        that is missing.
    """
    found = _convertAll(recordType, values)
    for name in _required(recordType):
        if name not in found:
            raise ConfigurationError("is missing", name)
    return recordType(**found)


def _required(recordType: type[attrs.AttrsInstance]) -> list[str]:
    return [field.name for field in attrs.fields(recordType) if field.default is attrs.NOTHING]


def override(config: R, changes: Mapping[str, object]) -> R:
    """
    Lay values over a record: what the file says over what the decorator says.

    @param changes: field names and their new values.
    @return: a new record; C{config} stays as it is.
    @raise ConfigurationError: for an unknown key, a value that does not fit, or
        values that do not fit together.
    """
    # mypy takes evolve's first argument from no type variable.
    changed: R = attrs.evolve(cast(Any, config), **_convertAll(type(config), changes))
    return changed


def nested(recordType: type[R]) -> Check[R]:
    """
    A check for fields that hold a record, which may be given as a mapping.
    """

    def check(value: object) -> R:
        if isinstance(value, recordType):
            return value
        if isinstance(value, Mapping):
            return build(recordType, value)
        raise Unlike(f"a table or a {recordType.__name__}")

    return check


def oneOf(*recordTypes: type[Any], noun: str) -> Check[Any]:
    """
    A check for fields that hold one of several records.  A mapping is told by its keys
    (DESIGN 6.10): of those records whose required keys are all there it is the one that
    knows most of its keys and, among such, requires most.

    @param noun: what they are, for errors.
    """

    def check(value: object) -> Any:
        if isinstance(value, recordTypes):
            return value
        if not isinstance(value, Mapping):
            raise Unlike(noun)
        fitting = [each for each in recordTypes if value.keys() >= set(_required(each))]
        if not fitting:
            kinds = "; ".join(" and ".join(_required(each)) for each in recordTypes)
            raise ConfigurationError(f"expected {noun}: a table with one of these sets of keys: {kinds}")
        return build(max(fitting, key=lambda each: _likeness(each, value)), value)

    return check


def _likeness(recordType: type[Any], value: Mapping[str, object]) -> tuple[int, int]:
    return len(value.keys() & set(fieldConverters(recordType))), len(_required(recordType))
