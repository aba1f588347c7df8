"""
The line between balws and its peer: a TCP transport in memory, and the peer's end of it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

_HERE = IPv4Address("TCP", "192.0.2.1", 80)
_THERE = IPv4Address("TCP", "192.0.2.7", 40000)


@implementer(ITCPTransport, IPushProducer, IConsumer)
class Line:
    """
    Behaves as Twisted's TCP transport does, but that C{faults} tells what Twisted forgives.

    @ivar handed: all that the owner was given to read, in portions.
    @ivar written: all that the peer has taken.
    @ivar peerReads: whether the peer takes what is written.
    @ivar abrupt: whether the connection is gone inside of C{abortConnection}, or after it.
    @ivar ended: how the owner ended it: C{"half"}, C{"lose"}, C{"abort"}.
    @ivar largest: the most bytes that ever waited for the peer.
    @ivar finished: whether the peer has seen the end of what we write.
    """

    offset = 0
    _tempDataLen = 0
    disconnecting = False

    def __init__(self, bufferSize: int = 65536, abrupt: bool = False) -> None:
        self.bufferSize = bufferSize
        self.abrupt = abrupt
        self.protocol: Any = None
        self.producer: Any = None
        self.dataBuffer = b""
        self.written = b""
        self.handed: list[bytes] = []
        self.unread: list[bytes] = []
        self.ended: list[str] = []
        self.faults: list[str] = []
        self.reading = True
        self.peerReads = True
        self.finished = False
        self.lost = False
        self.largest = 0
        self._aborted = False
        self._producerPaused = False

    def connect(self, protocol: Any) -> None:
        """
        Give it to its first owner.
        """
        self.protocol = protocol
        protocol.makeConnection(self)

    # The owner's side

    def write(self, data: bytes) -> None:
        if type(data) is not bytes:
            self.faults.append(f"{type(data).__name__} is written")
        if self.ended or self.lost:
            self.faults.append(f"{data!r} is written after {self.ended or 'the end'}")
            return
        self.dataBuffer += data
        self.largest = max(self.largest, len(self.dataBuffer))
        if self.producer is not None and len(self.dataBuffer) > self.bufferSize:
            self._producerPaused = True
            self.producer.pauseProducing()

    def writeSequence(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("a producer is registered already")
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        if not (self.lost or self.disconnecting):
            self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def loseConnection(self) -> None:
        if not (self.lost or self.disconnecting):
            self.reading = False
            self.disconnecting = True
            self.ended.append("lose")

    def loseWriteConnection(self) -> None:
        self.ended.append("half")

    def abortConnection(self) -> None:
        if self.lost or self._aborted:
            return
        self.ended.append("abort")
        self._aborted = self.disconnecting = True
        self.reading = False
        if self.abrupt:
            self.lose(ConnectionAborted())

    def getPeer(self) -> IPv4Address:
        return _THERE

    def getHost(self) -> IPv4Address:
        return _HERE

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Nothing is delayed.
        """

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        There is nobody to keep alive.
        """

    def getTcpKeepAlive(self) -> bool:
        return False

    # The peer's side

    def send(self, data: bytes) -> None:
        """
        The peer sends one segment.
        """
        if not self.lost:
            self.unread.append(data)
            self.settle()

    def settle(self) -> None:
        """
        Let bytes move until none moves any more.
        """
        while not self.lost:
            if self._aborted:
                self.lose(ConnectionAborted())
            elif self.unread and self.reading:
                data = self.unread.pop(0)
                self.handed.append(data)
                self.protocol.dataReceived(data)
            elif self.dataBuffer and self.peerReads:
                self._flush()
            elif self.disconnecting and not self.dataBuffer and self.producer is None:
                self.lose(ConnectionDone())
            else:
                self.finished = "half" in self.ended and not self.dataBuffer
                break

    def _flush(self) -> None:
        self.written += self.dataBuffer
        self.dataBuffer = b""
        if self._producerPaused:
            self._producerPaused = False
            if self.producer is not None:
                self.producer.resumeProducing()

    def lose(self, error: Exception) -> None:
        """
        The connection is gone; its owner is told once.
        """
        if self.lost:
            return
        self.lost = True
        self.unread.clear()
        self.dataBuffer = b""
        protocol, self.protocol = self.protocol, None
        protocol.connectionLost(Failure(error))
