"""
HTTP beside WebSocket, on one port.

A page at / shows the news as they come over the WebSocket at /news; whoever posts to
/publish makes them.  The factory of the HTTP resource asks for the hub by the name of
its parameter, and reaches with it everybody connected to a service::

    twistd -n balws --config balws.toml

    curl --data 'Rain is coming.' http://127.0.0.1:9090/publish
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from balws import Caller, Hub, Service, UpgradeService


class News(Service):
    def onOpen(self, caller: Caller) -> Deferred[None]:
        return caller.writeTextMessage("Here is the news.")


class NewsUpgrade(UpgradeService):
    def get(self) -> News:
        return News()


class Publish(Resource):
    isLeaf = True

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub

    def render_POST(self, request: Request) -> bytes:
        try:
            text = request.content.read().decode()
        except UnicodeDecodeError:
            request.setResponseCode(400)
            return b"The news must be UTF-8.\n"
        self.hub.broadcastText("/news", text)
        request.setResponseCode(202)
        return b""


def makePublish(hub: Hub) -> IResource:
    return Publish(hub)
