"""
Messages as values: what a method declares is what it gets.

/orders takes JSON orders, with the constraints that their types state; /sums takes a
list of numbers; /names takes XML.  What does not fit never reaches the method::

    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/orders    {"item": "nail", "count": 12}
    ws://127.0.0.1:9090/sums      [1, 2.5, 3]
    ws://127.0.0.1:9090/names     <person><name>Ada</name></person>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from xml.etree.ElementTree import Element

from msgspec import Meta, Struct
from twisted.internet.defer import Deferred

from balws import Caller, PayloadBindingError, Service, UpgradeService


class Order(Struct):
    item: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1, le=100)] = 1


@dataclass
class Receipt:
    number: int
    order: Order


class Orders(Service):
    taken = 0

    def onMessage(self, order: Order) -> Receipt:
        self.taken += 1
        return Receipt(self.taken, order)

    def onMessageError(self, caller: Caller, error: PayloadBindingError) -> Deferred[None]:
        return caller.writeMessage({"refused": error.place})


class Sums(Service):
    def onMessage(self, numbers: list[float]) -> float:
        return sum(numbers)


class Names(Service):
    def onMessage(self, person: Element) -> Element:
        answer = Element("hello")
        answer.text = person.findtext("name", "stranger")
        return answer


class OrdersUpgrade(UpgradeService):
    def get(self) -> Orders:
        return Orders()


class SumsUpgrade(UpgradeService):
    def get(self) -> Sums:
        return Sums()


class NamesUpgrade(UpgradeService):
    def get(self) -> Names:
        return Names()
