"""
Twisted's own WebSocket, L{twisted.web.websocket}, as resources of a L{Site}, with the defaults of both.  It gives
whole messages.  It sends pings when it is told to, which is done here where a case wants them; and it has no function
for a broadcast, so that each member is sent the message.
"""

from __future__ import annotations

from pathlib import Path

from arguments import parsed
from twisted.internet import reactor
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import LoopingCall
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.websocket import WebSocketResource

options = parsed()
members = set()


class Echo:
    pinging = None

    def negotiationStarted(self, transport):
        self.transport = transport

    def negotiationFinished(self):
        if options.ping:
            self.pinging = LoopingCall(self.transport.ping)
            self.pinging.start(options.ping, now=False)

    def textMessageReceived(self, text):
        self.transport.sendTextMessage(text)

    def bytesMessageReceived(self, data):
        self.transport.sendBytesMessage(data)

    def pongReceived(self, data):
        pass

    def connectionLost(self, reason):
        if self.pinging is not None:
            self.pinging.stop()


class Broadcast(Echo):
    def negotiationFinished(self):
        super().negotiationFinished()
        members.add(self)

    def textMessageReceived(self, text):
        for member in members:
            member.transport.sendTextMessage(text)

    def connectionLost(self, reason):
        super().connectionLost(reason)
        members.discard(self)


class Building:
    def __init__(self, kind):
        self.kind = kind

    def buildProtocol(self, request):
        return self.kind()


root = Resource()
root.putChild(b"echo", WebSocketResource(Building(Echo)))
root.putChild(b"broadcast", WebSocketResource(Building(Broadcast)))
site = Site(root)
if options.certificate is None:
    reactor.listenTCP(options.port, site, backlog=1024, interface="127.0.0.1")
else:
    pem = b"".join(Path(name).read_bytes() for name in options.certificate)
    context = PrivateCertificate.loadPEM(pem).options()
    reactor.listenSSL(options.port, site, context, backlog=1024, interface="127.0.0.1")
reactor.run()
