"""
What Twisted's TCP itself costs: whatever comes goes back, still masked, after an answer to the
upgrade that is always the same.  No frame is looked at: nothing that speaks WebSocket can do less.
A close is told by its eight bytes, so that connections end as they do with the others.
"""

from __future__ import annotations

from pathlib import Path

from arguments import parsed
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import PrivateCertificate

options = parsed()

UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Echo(Protocol):
    isUpgraded = False

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data):
        if self.isUpgraded:
            self.transport.write(data)
            if len(data) == 8 and data[0] == 0x88:
                self.transport.loseConnection()
        elif data.endswith(b"\r\n\r\n"):
            self.isUpgraded = True
            self.transport.write(UPGRADED)


factory = Factory.forProtocol(Echo)
if options.certificate is None:
    reactor.listenTCP(options.port, factory, backlog=1024, interface="127.0.0.1")
else:
    pem = b"".join(Path(name).read_bytes() for name in options.certificate)
    context = PrivateCertificate.loadPEM(pem).options()
    reactor.listenSSL(options.port, factory, context, backlog=1024, interface="127.0.0.1")
reactor.run()
