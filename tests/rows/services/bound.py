"""
A service for each kind of declared data: it answers what it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

import msgspec
from recording import Recorded

from balws import Caller, GoingAway, UpgradeError, UpgradeService, get


@dataclass
class Item:
    name: str
    price: Decimal


@dataclass
class Order:
    item: Item
    count: Annotated[int, msgspec.Meta(ge=1)]
    notes: list[str] = field(default_factory=list)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def _service(name: str, annotation: Any) -> type[Recorded]:
    def onMessage(self: Recorded, data: Any) -> str:
        return f"{type(data).__name__} {data.tag if isinstance(data, Element) else data}"

    onMessage.__annotations__["data"] = annotation
    return type(name, (Recorded,), {"onMessage": onMessage})


SERVICES = {
    "any": _service("Json", Any),
    "integer": _service("Integer", int),
    "float": _service("Float", float),
    "decimal": _service("Money", Decimal),
    "flag": _service("Flag", bool),
    "none": _service("Nothing", None),
    "text": _service("Text", str),
    "bytes": _service("Bytes", bytes),
    "list": _service("List", list[int]),
    "dictionary": _service("Dictionary", dict[str, int]),
    "order": _service("Orders", Order),
    "colour": _service("Paint", Colour),
    "literal": _service("Words", Literal["a", "b"]),
    "union": _service("Either", int | list[int]),
    "loose": _service("Loose", int | str),
    "element": _service("Xml", Element),
    "short": _service("Short", Annotated[str, msgspec.Meta(max_length=3)]),
}


class Told(Recorded):
    """
    Takes its binding failures itself; what they say decides.
    """

    def onMessage(self, data: Order) -> int:
        return data.count

    def onMessageError(self, caller: Caller, error: Exception) -> Any:
        self.note("onMessageError", type(error).__name__, getattr(error, "place", ""))
        if "count" in str(error):
            return GoingAway("no count")
        if "notes" in str(error):
            raise ValueError("secret-xyz")
        return caller.writeTextMessage("told")


class BoundUpgrade(UpgradeService):
    @get("{kind}")
    def get(self, kind: str, tag: str = "") -> Recorded | UpgradeError:
        if kind == "told":
            return Told(tag)
        return SERVICES[kind](tag) if kind in SERVICES else UpgradeError("no such kind", status=404)
