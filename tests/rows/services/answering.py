"""
What methods return, and what is said to a whole room.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any
from xml.etree.ElementTree import Element

from recording import Recorded, gate
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import deferLater

from balws import (
    NORMAL_CLOSURE,
    Caller,
    CustomCloseFrame,
    Error,
    GoingAway,
    PolicyViolation,
    UpgradeService,
)

SECRET = "secret-xyz"


@dataclass
class Order:
    item: str
    price: Decimal


class Colour(Enum):
    RED = "red"


def _pause(seconds: float = 0.05) -> Deferred[None]:
    return deferLater(reactor, seconds, lambda: None)


VALUES: dict[str, Any] = {
    "text": "é☃𝄞",
    "empty text": "",
    "bytes": b"\x00\xff",
    "empty bytes": b"",
    "integer": 7,
    "large": 2**63,
    "float": 0.5,
    "decimal": Decimal("1.50"),
    "true": True,
    "list": [1, "a", None],
    "dictionary": {"a": {"b": "é"}},
    "order": Order("tea", Decimal("2.10")),
    "colour": Colour.RED,
    "nothing": None,
    "error": Error(SECRET),
    "close": NORMAL_CLOSURE,
    "away": GoingAway("back soon"),
    "policy": PolicyViolation(),
    "custom": CustomCloseFrame(4999, "x" * 124),
    "illegal": CustomCloseFrame(1005),
}


class Answers(Recorded):
    """
    Returns what the text asks for.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        if text.startswith("later "):
            return deferLater(reactor, 0.01, lambda: VALUES[text.removeprefix("later ")])
        if text == "element":
            return Element("order", {"item": "é"})
        if text in VALUES:
            return VALUES[text]
        return getattr(self, text)()

    def onBinaryMessage(self, caller: Caller, data: bytes) -> Deferred[None]:
        """
        Writes in place of returning.
        """
        caller.writeTextMessage("1")
        caller.writeBinaryMessage(b"2")
        return caller.writeMessage({"3": data.decode()})

    def numbers(self) -> Iterator[int]:
        yield from range(3)

    async def slowly(self) -> AsyncIterator[Any]:
        yield "a"
        await gate(self.tag)
        for value in (b"b", {"c": 1}, None, "d"):
            await _pause()
            yield value

    async def endless(self) -> AsyncIterator[str]:
        try:
            while True:
                await _pause(0.02)
                yield "tick"
        finally:
            self.note("stream over")

    def flood(self) -> Iterator[bytes]:
        """
        More than a peer that does not read can be sent.
        """
        try:
            for number in range(100000):
                self.written = number
                yield b"a" * 10000
        finally:
            self.note("stream over", self.written)

    async def broken(self) -> AsyncIterator[int]:
        yield 1
        await _pause()
        raise ValueError(SECRET)

    def wrong(self) -> Iterator[Any]:
        yield 1
        yield object()

    def closes(self) -> Iterator[Any]:
        yield "last"
        yield CustomCloseFrame(4001, "streamed")
        yield "never"

    def errs(self) -> Iterator[Any]:
        yield "last"
        yield Error(SECRET)

    def forgotten(self) -> Any:
        yield _pause()

    @inlineCallbacks
    def remembered(self) -> Any:
        yield _pause()
        return "done"


class AnswersUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Answers:
        return Answers(tag)


class Room(Recorded):
    """
    Says everything to everybody.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.broadcastText(text)

    def onBinaryMessage(self, caller: Caller, data: bytes) -> Deferred[None]:
        return caller.broadcastMessage({"size": len(data), "id": caller.getConnectionId()})


class RoomUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Room:
        return Room(tag)
