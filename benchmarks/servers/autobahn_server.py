"""
Autobahn's protocol, with its defaults; compression is agreed to when it is offered, which one has to
write oneself; a broadcast is prepared once for all members, its fastest way.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.modules["click"] = None  # where it is installed, Autobahn colours log lines that nobody sees, for each message

from arguments import parsed  # noqa: E402
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol  # noqa: E402
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.ssl import PrivateCertificate  # noqa: E402

options = parsed()
members = set()


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        if isBinary:
            self.sendMessage(payload, True)
        else:  # an application wants a str
            self.sendMessage(payload.decode().encode(), False)

    def onOpen(self):
        if self.http_request_path == "/broadcast":
            members.add(self)
            self.onMessage = self.toAll

    def toAll(self, payload, isBinary):
        prepared = self.factory.prepareMessage(payload.decode().encode(), isBinary)
        for member in members:
            member.sendPreparedMessage(prepared)

    def onClose(self, wasClean, code, reason):
        members.discard(self)


def accept(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


factory = WebSocketServerFactory(f"ws://127.0.0.1:{options.port}")
factory.protocol = Echo
factory.setProtocolOptions(perMessageCompressionAccept=accept)
if options.ping:
    factory.setProtocolOptions(autoPingInterval=options.ping, autoPingTimeout=20)
if options.certificate is None:
    reactor.listenTCP(options.port, factory, backlog=1024, interface="127.0.0.1")
else:
    pem = b"".join(Path(name).read_bytes() for name in options.certificate)
    context = PrivateCertificate.loadPEM(pem).options()
    reactor.listenSSL(options.port, factory, context, backlog=1024, interface="127.0.0.1")
reactor.run()
