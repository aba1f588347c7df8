# -*- test-case-name: tests.config.test_headers -*-
"""
Tables of headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from balws.config.positions import extend
from balws.config.values import Check, Unlike, convert
from balws.errors import ConfigurationError

__all__ = ["headers"]

T = TypeVar("T")


def headers(name: Check[str], value: Check[T]) -> Check[Mapping[str, T]]:
    """
    A check for mappings of names of headers, none twice, to their values.

    @param name: for each name.
    @param value: for each value.
    """

    def check(given: object) -> Mapping[str, T]:
        if not isinstance(given, Mapping):
            raise Unlike("a table of headers")
        found: dict[str, T] = {}
        names: set[str] = set()
        for key, each in given.items():
            place = extend("", str(key))
            checkedName = convert(name, place, key)
            if checkedName.lower() in names:
                raise ConfigurationError("is given twice, in other letters", place)
            names.add(checkedName.lower())
            found[checkedName] = convert(value, place, each)
        return MappingProxyType(found)

    return check
