# -*- test-case-name: tests.binding.test_figures -*-
"""
The floats and Decimals inside a value: JSON has no NaN and no infinity (decision 8),
but keys and strings can smuggle them in.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import msgspec

#: The largest exponent of ten, either way, that a Decimal from a peer may have: that of
#: a float.  C{int(Decimal("1e999999999"))} would take all memory.
MAX_EXPONENT = 308


# Most of what there is, passed over at once.
_PLAIN = frozenset((str, int, bool, type(None), bytes))


def figures(value: Any) -> Iterator[tuple[float | Decimal, bool]]:
    """
    @param value: what JSON was decoded to, or what encodes to JSON: it has no cycles.
    @return: each float and Decimal in it, with whether it is a key of a dict.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) in _PLAIN:
            continue
        if isinstance(item, (float, Decimal)):
            yield item, False
        elif isinstance(item, dict):
            for key in item:
                if isinstance(key, (float, Decimal)):
                    yield key, True
            stack.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            stack.extend(item)
        elif isinstance(item, Enum):
            stack.append(item.value)
        else:
            stack.extend(getattr(item, name, None) for name in _fieldNames(type(item)))


def _fieldNames(kind: type) -> tuple[str, ...]:
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if attrs.has(kind):
        return tuple(field.name for field in attrs.fields(kind))
    return ()


def isOutOfRange(figure: float | Decimal) -> bool:
    """
    @return: whether this number is NaN, infinite, or a Decimal beyond the exponents of a
        float: no peer may send it, in whatever guise.
    """
    if isinstance(figure, Decimal):
        return not figure.is_finite() or abs(figure.adjusted()) > MAX_EXPONENT
    return not math.isfinite(figure)
