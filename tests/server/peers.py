"""
Peers in memory: a client's end of a connection, raw bytes in and raw bytes out.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

#: The key of RFC 6455 section 1.3, and the proof that answers it.
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#: What every client of these tests sends beside the request line.
UPGRADE = {
    "Host": "example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY.decode(),
}


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Transport:
    """
    Behaves as Twisted's TCP transport does, with the network beside it.

    @ivar protocol: who owns it.
    @ivar unread: what the peer has sent and the server has not read yet.
    @ivar unsent: what the server has written and the peer has not taken yet.
    @ivar written: what the peer has taken.
    @ivar reading: whether the server reads.
    @ivar disconnecting: whether it closes as soon as everything is sent.
    @ivar halfClosing: whether it will not write any more once everything is sent.
    @ivar writable: whether it can still write.
    @ivar lost: why the connection ended; L{None} while it has not.
    """

    #: As many unsent bytes make Twisted pause the producer.
    bufferSize = 65536

    def __init__(self) -> None:
        self.protocol: Any = None
        self.unread: list[bytes] = []
        self.unsent = b""
        self.written = b""
        self.reading = True
        self.disconnecting = False
        self.halfClosing = False
        self.writable = True
        self.lost: Failure | None = None
        self.producer: Any = None
        self._producerPaused = False

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes), data
        if self.lost is None and self.writable:
            self.unsent += data
            if self.producer is not None and len(self.unsent) > self.bufferSize:
                self._producerPaused = True
                self.producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def flush(self) -> None:
        """
        The peer takes everything.
        """
        self.written += self.unsent
        self.unsent = b""
        self.writable = not self.halfClosing
        if self._producerPaused and self.producer is not None:
            self._producerPaused = False
            self.producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("a producer is registered already")
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        if self.lost is None and not self.disconnecting:
            self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def loseConnection(self) -> None:
        if self.lost is None:
            self.reading = False
            self.disconnecting = True

    def loseWriteConnection(self) -> None:
        self.halfClosing = True

    def abortConnection(self) -> None:
        if self.lost is None:
            self.end(ConnectionAborted())

    def end(self, reason: Exception) -> None:
        """
        The connection is gone.
        """
        self.lost = Failure(reason)
        self.unread.clear()
        self.unsent = b""
        self.protocol.connectionLost(self.lost)

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 40000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 80)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Nothing to delay here.
        """

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        Nobody to ask whether he is alive.
        """

    def getTcpKeepAlive(self) -> bool:
        return False


class Peer:
    """
    A client connected to a factory.

    @ivar reads: whether it takes what the server writes.
    """

    reads = True

    def __init__(self, factory: Any) -> None:
        self.transport = Transport()
        protocol = factory.buildProtocol(self.transport.getPeer())
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        self.settle()

    def send(self, *portions: bytes) -> Peer:
        """
        Send each portion as a segment of its own.
        """
        for portion in portions:
            self.transport.unread.append(portion)
            self.settle()
        return self

    def settle(self) -> Peer:
        """
        Let the bytes move both ways until nobody moves any more.
        """
        transport = self.transport
        while transport.lost is None:
            if transport.unread and transport.reading:
                transport.protocol.dataReceived(transport.unread.pop(0))
            elif transport.unsent and self.reads:
                transport.flush()
            elif transport.disconnecting and not transport.unsent:
                transport.end(ConnectionDone())
            else:
                break
        return self

    def leave(self) -> None:
        """
        Close the connection from this end.
        """
        if self.transport.lost is None:
            self.transport.end(ConnectionDone())

    @property
    def answer(self) -> bytes:
        """
        All that came back.
        """
        return self.transport.written

    def take(self) -> bytes:
        """
        What came back since the last time.
        """
        taken, self.transport.written = self.transport.written, b""
        return taken

    @property
    def isOpen(self) -> bool:
        """
        Whether the server has left the connection open, both ways.
        """
        transport = self.transport
        return transport.lost is None and not transport.halfClosing and not transport.disconnecting

    @property
    def isClosed(self) -> bool:
        """
        Whether the connection is gone.
        """
        return self.transport.lost is not None


def head(line: str, headers: Any = None, **more: str | None) -> bytes:
    """
    @param line: the request line.
    @param headers: a mapping or pairs.
    @param more: further fields, an underscore for each hyphen; L{None} takes one out.
    @return: the head of a request.
    """
    fields = dict(headers) if headers is not None else {"Host": "example.com"}
    for name, value in more.items():
        for known in list(fields):
            if known.lower() == name.replace("_", "-").lower():
                del fields[known]
        if value is not None:
            fields[name.replace("_", "-")] = value
    lines = [line, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def upgrade(path: str = "/", **more: str | None) -> bytes:
    """
    @return: an upgrade request.
    """
    return head(f"GET {path} HTTP/1.1", UPGRADE, **more)


def status(answer: bytes) -> int:
    """
    @return: the status of the first answer in these bytes; 0 when there is none.
    """
    line = answer.partition(b"\r\n")[0].split(b" ")
    return int(line[1]) if len(line) > 1 else 0


def statuses(answer: bytes) -> list[int]:
    """
    @return: the statuses of all answers, which declare their lengths.
    """
    found = []
    while answer:
        found.append(status(answer))
        top, _, rest = answer.partition(b"\r\n\r\n")
        answer = rest[int(fields(top + b"\r\n\r\n").get("content-length", ["0"])[0]) :]
    return found


def fields(answer: bytes) -> dict[str, list[str]]:
    """
    @return: the header fields of the first answer, by lower-case name.
    """
    found: dict[str, list[str]] = {}
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.decode("latin-1").partition(": ")
        found.setdefault(name.lower(), []).append(value)
    return found


def body(answer: bytes) -> bytes:
    """
    @return: what follows the first answer's head.
    """
    return answer.partition(b"\r\n\r\n")[2]


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """
    @return: a short masked frame, a text unless C{first} says otherwise; the mask is
        zero, so that the payload can be read.
    """
    assert len(payload) < 126
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload
