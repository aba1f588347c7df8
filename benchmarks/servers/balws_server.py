"""
This project through its whole stack: a Listener, an upgrade service, a service's methods; with its
defaults, but for the size of a frame where a case needs it.
"""

from __future__ import annotations

from arguments import parsed

options = parsed()
if options.reactor:
    import balws.reactor

    balws.reactor.install()

from msgspec import Struct  # noqa: E402
from twisted.internet import reactor  # noqa: E402

from balws import Listener, Service, UpgradeService  # noqa: E402


class Echo(Service):
    def onTextMessage(self, caller, text):
        return caller.writeTextMessage(text)

    def onBinaryMessage(self, caller, data):
        return caller.writeBinaryMessage(data)


class Returned(Service):
    def onTextMessage(self, text):
        return text


class Async(Service):
    async def onTextMessage(self, caller, text):
        await caller.writeTextMessage(text)


class Broadcast(Service):
    def onTextMessage(self, caller, text):
        return caller.broadcastText(text)


class Groups(Service):
    def onOpen(self, caller):
        return caller.addConnectionToGroup("everybody")

    def onTextMessage(self, caller, text):
        return caller.hub.pushTextToGroup("everybody", text)


class Dict(Service):
    def onMessage(self, order: dict):
        return {"item": order["item"], "count": order["count"]}


class Order(Struct):
    event: str
    item: str
    count: int
    tags: list[str]


class Receipt(Struct):
    item: str
    count: int


class Bound(Service):
    def onMessage(self, order: Order) -> Receipt:
        return Receipt(order.item, order.count)


class Dispatch(Service):
    def onHeartbeat(self, data: dict):
        return {"event": "pong"}

    def onSubscribe(self, data: dict):
        return {"event": "subscribed"}

    def onCancel(self, data: dict):
        return {"event": "cancelled"}

    def onOrder(self, data: dict):
        return {"item": data["item"], "count": data["count"]}


SERVICES = {
    "echo": Echo,
    "returned": Returned,
    "async": Async,
    "broadcast": Broadcast,
    "groups": Groups,
    "dict": Dict,
    "struct": Bound,
    "dispatch": Dispatch,
}


class Upgrade(UpgradeService):
    def __init__(self, service):
        self.service = service

    def get(self):
        return self.service()


secure = options.certificate and {"key": {"certFile": options.certificate[0], "keyFile": options.certificate[1]}}
listener = Listener(options.port, host="127.0.0.1", secureSocket=secure, serverConfig={"maxConnections": 0})
for name, service in SERVICES.items():
    config = {"maxFrameSize": options.maxSize}
    if service is Dispatch:
        config["dispatcherKey"] = "event"
    if options.ping:
        config["pingInterval"] = options.ping
    listener.attach(Upgrade(service), f"/{name}", config=config)
listener.start()
reactor.run()
