"""
The sample of the WebSocket specification: what comes in goes out again.

Run it in this folder and connect to ws://127.0.0.1:9090/basic/ws::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from balws import Caller, Service, UpgradeService


class EchoService(Service):
    log = Logger()

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        self.log.info("Text message: {text!r}", text=text)
        return caller.writeTextMessage(text)

    def onBinaryMessage(self, caller: Caller, data: bytes) -> Deferred[None]:
        self.log.info("Binary message: {data!r}", data=data)
        return caller.writeBinaryMessage(data)


class EchoUpgrade(UpgradeService):
    def get(self) -> EchoService:
        return EchoService()
