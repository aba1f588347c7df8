"""
The hello world of 2017, when a service named its base path and its upgrade path.

The file gives no path, so the service answers at both joined::

    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/test/websocket

Open it twice: what one writes both read, and who leaves is missed.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from balws import Caller, Service, UpgradeService, serviceConfig


class HelloWorld(Service):
    def onOpen(self, caller: Caller) -> Deferred[None]:
        return caller.pushText("Hello, world!")

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.broadcastText(text)

    def onClose(self, caller: Caller) -> Deferred[None]:
        return caller.broadcastText("Somebody has left.")


@serviceConfig(basePath="/test", webSocketUpgradePath="/websocket")
class HelloWorldUpgrade(UpgradeService):
    def get(self) -> HelloWorld:
        return HelloWorld()
