"""
Dispatch by the type of a message; three services that differ in what takes the rest.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from recording import Recorded

from balws import Caller, CustomCloseFrame, Service, UpgradeError, UpgradeService, dispatcherConfig, get, serviceConfig


class Order(msgspec.Struct):
    item: str
    count: Annotated[int, msgspec.Meta(ge=1)]


class Events(Recorded):
    """
    C{onTextMessage} takes the rest.
    """

    def onHeartbeat(self, data: dict[str, Any]) -> str:
        return "heartbeat"

    @dispatcherConfig("un subscribe")
    def onLeave(self, data: dict[str, Any]) -> str:
        return "leave"

    def onOrder(self, data: Order) -> int:
        return data.count

    def onOrderError(self, caller: Caller, error: Exception) -> Any:
        return caller.writeTextMessage("no order")

    def onStrict(self, data: Order) -> str:
        return "strict"

    def onBroken(self, data: Order) -> str:
        return "not broken"

    def onBrokenError(self, error: Exception) -> None:
        raise ValueError("secret-xyz")

    def onEnding(self, data: Order) -> str:
        return "not ending"

    def onEndingError(self, error: Exception) -> CustomCloseFrame:
        return CustomCloseFrame(4002, "ending")

    def onThisPingMessage(self, data: Any) -> str:
        return "this ping message"

    def onSubscribenow(self, caller: Caller, data: Any) -> str:
        return f"subscribenow {data['value']}"

    def onRaise(self, data: Any) -> None:
        raise ValueError("secret-xyz")

    def onTextMessage(self, text: str) -> str:
        return "otherwise"


class Others(Recorded):
    """
    C{onMessage} takes the rest.
    """

    def onHeartbeat(self, data: dict[str, Any]) -> str:
        return "heartbeat"

    def onMessage(self, data: Any) -> str:
        return f"message {type(data).__name__}"


class Alone(Recorded):
    """
    Nothing takes the rest.
    """

    def onHeartbeat(self, data: Any) -> str:
        return "heartbeat"

    def onPing(self, data: bytes) -> None:
        self.note("onPing")


@serviceConfig(dispatcherKey="event")
class EventsUpgrade(UpgradeService):
    @get("{rest}")
    def get(self, rest: str, tag: str = "") -> Service | UpgradeError:
        found = {"text": Events, "message": Others, "ignored": Alone}.get(rest)
        return found(tag) if found else UpgradeError("no such service", status=404)
