"""
Services for tests of the wire: an echo whose calls can be read over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from xml.etree.ElementTree import Element

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import Request

from balws import (
    Caller,
    CustomCloseFrame,
    Header,
    Service,
    UpgradeError,
    UpgradeService,
    dispatcherConfig,
    get,
    serviceConfig,
)

calls: list[Any] = []


class Calls(Resource):
    """
    What was called since the last look.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        answer = json.dumps(calls).encode()
        calls.clear()
        return answer


class Ends(Service):
    """
    Records how connections end.
    """

    def onClose(self, statusCode: int, reason: str) -> None:
        calls.append(["onClose", statusCode, reason])

    def onError(self, error: Exception) -> None:
        calls.append(["onError", type(error).__name__])


class Echo(Ends):
    """
    Text with a meaning of its own does what it says.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        if text == "raise":
            raise ValueError("secret-xyz")
        if text == "raise later":
            return deferLater(reactor, 0.01, lambda: 1 / 0)
        if text == "close":
            return caller.close(4000, "enough", timeout=0.5)
        if text == "frame":
            return CustomCloseFrame(4001, "by frame")
        if text == "illegal":
            return CustomCloseFrame(1005)
        if text == "object":
            return object()
        if text == "number":
            return Decimal("1.50")
        if text == "stream":
            return self.numbers()
        return text

    async def numbers(self) -> AsyncIterator[int]:
        for number in range(3):
            await deferLater(reactor, 0.1, lambda: None)
            yield number

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


class EchoUpgrade(UpgradeService):
    """
    Records which fields it sees.
    """

    def get(self, request: Request) -> Echo:
        injected = request.requestHeaders.getRawHeaders(b"X-Injected")
        if injected or request.requestHeaders.hasHeader(b"X-Count"):
            calls.append(["injected", len(injected or [])])
        return Echo()


class NeverUpgrade(UpgradeService):
    """
    Does not answer.
    """

    def get(self) -> Deferred[Service]:
        return Deferred(lambda _: calls.append("cancelled"))


class FailingUpgrade(UpgradeService):
    """
    Fails, or refuses with words of its own.
    """

    @get("{how}")
    async def refuse(self, how: str, limit: int = 5, token: Annotated[str | None, Header("X-Token")] = None) -> Echo:
        if how == "refused":
            raise UpgradeError(f"not with {limit} and {token}", status=429, headers={"Retry-After": "7"})
        if how == "split":
            raise UpgradeError("", headers={"X-A": "b\r\nX-B: c"})
        raise ValueError("secret-xyz")


@serviceConfig(subProtocols=["b", "c"])
class HeadersUpgrade(UpgradeService):
    """
    Adds to the 101.
    """

    @get("{value}")
    def get(self, value: str) -> Echo:
        service = Echo()
        service.customHeaders = {"X-Value": value}
        return service


@serviceConfig(allowedOrigins=["https://good.example", "http://good.example:8080"])
class OriginUpgrade(EchoUpgrade):
    """
    Knows its pages.
    """


class Slow(Ends):
    """
    Takes its time for each message.
    """

    def onTextMessage(self, text: str) -> Deferred[str]:
        return deferLater(reactor, 0.1, lambda: text)


class SlowUpgrade(UpgradeService):
    def get(self) -> Slow:
        return Slow()


class Idle(Ends):
    """
    Counts idle times.
    """

    def onTextMessage(self, text: str) -> None:
        pass

    def onIdleTimeout(self) -> None:
        calls.append("idle")


@serviceConfig(idleTimeout=1)
class IdleUpgrade(UpgradeService):
    def get(self) -> Idle:
        return Idle()


@dataclass
class Order:
    """
    What a message must be.
    """

    item: str
    count: Annotated[int, msgspec.Meta(ge=1)]


class Orders(Ends):
    def onMessage(self, data: Order) -> int:
        return data.count


class OrdersUpgrade(UpgradeService):
    def get(self) -> Orders:
        return Orders()


class Json(Ends):
    def onMessage(self, data: Any) -> str:
        return "taken"


class JsonUpgrade(UpgradeService):
    def get(self) -> Json:
        return Json()


class Xml(Ends):
    def onMessage(self, data: Element) -> str:
        return data.tag


class XmlUpgrade(UpgradeService):
    def get(self) -> Xml:
        return Xml()


class Events(Ends):
    def onHeartbeat(self, data: dict[str, Any]) -> str:
        return "heartbeat"

    @dispatcherConfig("un subscribe")
    def onLeave(self, data: dict[str, Any]) -> str:
        return "leave"

    def onOrder(self, data: Order) -> int:
        return data.count

    def onOrderError(self, caller: Caller, error: Exception) -> Any:
        return caller.writeTextMessage("no order")

    def onTextMessage(self, text: str) -> str:
        return "otherwise"


@serviceConfig(dispatcherKey="event")
class EventsUpgrade(UpgradeService):
    def get(self) -> Events:
        return Events()
