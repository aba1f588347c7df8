"""
Broadcast by Autobahn's protocol: a message prepared once for all members, its fastest way.
"""

import sys

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor

members = set()


class Chat(WebSocketServerProtocol):
    def onOpen(self):
        members.add(self)

    def onMessage(self, payload, isBinary):
        prepared = self.factory.prepareMessage(payload, isBinary)
        for member in members:
            member.sendPreparedMessage(prepared)

    def onClose(self, wasClean, code, reason):
        members.discard(self)


factory = WebSocketServerFactory(f"ws://127.0.0.1:{sys.argv[1]}")
factory.protocol = Chat
reactor.listenTCP(int(sys.argv[1]), factory, backlog=1024, interface="127.0.0.1")
reactor.run()
