"""
One method for each type of message.

The field C{event} of a JSON message names its method: "heartbeat" is onHeartbeat.
Where the name is not to be derived, C{dispatcherConfig} gives the value itself.  A
message that does not fit its method goes to that method's on...Error, and what no
method takes goes to onMessage::

    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/ticker    {"event": "subscribe", "symbols": ["ABC"]}
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.defer import Deferred

from balws import Caller, PayloadBindingError, Service, UpgradeService, dispatcherConfig, serviceConfig


@dataclass
class Subscribe:
    symbols: list[str]


class Ticker(Service):
    def __init__(self) -> None:
        self.symbols: set[str] = set()

    def onHeartbeat(self, data: dict[str, object]) -> dict[str, str]:
        return {"event": "pong"}

    def onSubscribe(self, order: Subscribe) -> dict[str, object]:
        self.symbols.update(order.symbols)
        return {"event": "subscribed", "symbols": sorted(self.symbols)}

    def onSubscribeError(self, caller: Caller, error: PayloadBindingError) -> Deferred[None]:
        return caller.writeMessage({"event": "error", "place": error.place})

    @dispatcherConfig("un subscribe")
    def onLeave(self, order: Subscribe) -> dict[str, object]:
        self.symbols.difference_update(order.symbols)
        return {"event": "unsubscribed", "symbols": sorted(self.symbols)}

    def onMessage(self, data: dict[str, object]) -> dict[str, object]:
        return {"event": "unknown", "was": data.get("event")}


@serviceConfig(dispatcherKey="event")
class TickerUpgrade(UpgradeService):
    def get(self) -> Ticker:
        return Ticker()
