"""
Types of every kind that a method may declare, and how generated tests run.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from xml.etree.ElementTree import Element

import attrs
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import Meta

#: The same examples on every run, without files and without a clock.
steady = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=150,
    suppress_health_check=list(HealthCheck),
)


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Size(str, enum.Enum):
    SMALL = "small"


class Level(enum.IntEnum):
    LOW = 1


class Mixed(enum.Enum):
    NAMED = "named"
    OTHER = "other"
    ALIAS = "named"


class Item(msgspec.Struct):
    name: str
    price: float


class Order(msgspec.Struct):
    items: list[Item]
    note: str | None = None
    count: Annotated[int, Meta(ge=0)] = 0


class Frozen(msgspec.Struct, frozen=True):
    x: int


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    x: int


class Open(msgspec.Struct, tag_field="event", tag="open"):
    x: int = 0


class Shut(msgspec.Struct, tag_field="event", tag="shut"):
    x: int = 0


class Node(msgspec.Struct):
    value: int
    next: Node | None = None


class Money(msgspec.Struct):
    price: Decimal
    more: Any = None


class Guarded(msgspec.Struct):
    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("secret-of-the-application")


class Broken(msgspec.Struct):
    x: int

    def __post_init__(self) -> None:
        raise KeyError("a fault of the application")


class Plain:
    x: int


class Lost(msgspec.Struct):
    x: Nowhere  # type: ignore[name-defined]  # noqa: F821 - the fault under test


@dataclasses.dataclass
class Point:
    x: int
    y: Annotated[int, Meta(le=10)] = 0


@attrs.define
class Area:
    side: int = attrs.field(validator=attrs.validators.ge(0))


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Entry(TypedDict):
    key: str
    value: Annotated[int, Meta(lt=100)]


#: Annotations that can be bound, of every kind.
BINDABLE: list[Any] = [
    str,
    bytes,
    bytearray,
    memoryview,
    Element,
    Any,
    object,
    None,
    bool,
    int,
    float,
    Decimal,
    dict,
    list,
    tuple,
    set,
    frozenset,
    set[Any],
    set[Decimal],
    dict[str, Any],
    dict[int, str],
    dict[float, int],
    dict[Decimal, int],
    dict[str, bytes],
    list[dict[str, float]],
    tuple[int, str],
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    uuid.UUID,
    Colour,
    Size,
    Level,
    Literal["a", "b"],
    Literal["a", 1, None],
    Item,
    Order,
    Strict,
    Node,
    Money,
    Guarded,
    Open | Shut,
    Point,
    Area,
    Pair,
    Entry,
    int | str,
    str | None,
    int | bytes | str,
    bytes | None,
    Order | None,
    Element | dict,
    Element | str,
    Element | bytes,
    Colour | int,
    Annotated[str, Meta(max_length=3)],
    Annotated[bytes, Meta(max_length=3)],
    Annotated[list[int], Meta(max_length=2)],
    list[Annotated[int, Meta(ge=0)]],
]

#: What json knows, nested.
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

#: Text that is nearly JSON or XML, more often than chance would make it.
scraps = st.lists(
    st.sampled_from(
        [
            *'[]{}",:\\<>&;/ \n\t0159.-+eEaxy\x00\ufeff\ud800',
            *("null", "true", "NaN", "Infinity", "-Infinity", "1e999", '"a"', "red", '"red"', "\\ud800", "\\u0000"),
            *('{"x":', '"value":', '"price":', '"next":', '"event":"open"', '"1e999"', '"NaN"', '"sNaN"'),
            *('"2020-01-01T00:00:00Z"', '"P1D"', '"0000-00-00"', '"9999-12-31T23:59:60+24:00"', "9" * 400),
            *("<a>", "</a>", "<a/>", "<!DOCTYPE a>", "<?xml version='1.0' encoding='UTF-16'?>", "<?p?>", "&x;"),
        ]
    ),
    max_size=12,
).map("".join)
