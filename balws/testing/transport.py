# -*- test-case-name: tests.testing.test_transport -*-
"""
One end of a connection in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IProtocol, IPushProducer, ITCPTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(ITCPTransport, IPushProducer, IConsumer)
class MemoryTransport:
    """
    Behaves as Twisted's TCP transport does, over a network without buffers of its own:
    what the other side has not read is unsent on this one.

    @ivar protocol: who reads; may be replaced.
    @ivar other: the other end.
    @ivar dataBuffer: what was written and has not reached the other end.
    @ivar isReading: whether bytes may come; see L{pauseProducing}.
    @ivar disconnecting: whether the connection ends as soon as everything is sent.
    @ivar disconnected: whether it has ended.
    @ivar producer: who is told to pause and to go on.
    """

    _log = Logger()

    #: As many bytes may be unsent before the producer is paused.
    bufferSize = 65536

    other: MemoryTransport
    protocol: Any = None
    producer: Any = None
    isReading = True
    disconnecting = False
    disconnected = False
    _isStreaming = False
    _isPaused = False
    _aborting = False
    _halfClosing = False
    _writeClosed = False
    _readClosed = False
    _goodbye: str | None = None
    _noDelay = False
    _keepAlive = False

    def __init__(
        self,
        host: IPv4Address,
        peer: IPv4Address,
        wake: Callable[[MemoryTransport], None],
        ended: Callable[[], object],
    ) -> None:
        """
        @param host: the address of this end.
        @param peer: that of the other one.
        @param wake: called with an end that has something to do.
        @param ended: called when this one has ended.
        """
        self._host = host
        self._peer = peer
        self._wake = wake
        self._ended = ended
        self.dataBuffer = bytearray()

    # Writing

    def write(self, data: bytes) -> None:
        """
        Send these bytes; nothing happens where nothing can be sent any more.

        @raise TypeError: when they are no bytes.
        """
        self.writeSequence((data,))

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        Send several pieces one after the other.
        """
        pieces = tuple(data)
        for piece in pieces:
            if not isinstance(piece, bytes):
                raise TypeError(f"Data must be bytes, not {type(piece).__name__}")
        if self.disconnected or self._writeClosed or not any(pieces):
            return
        self.dataBuffer += b"".join(pieces)
        if self.producer is not None and self._isStreaming and len(self.dataBuffer) > self.bufferSize:
            self._isPaused = True
            self.producer.pauseProducing()
        self._wake(self)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Tell C{producer} to pause while more than L{bufferSize} bytes are unsent.

        @param streaming: whether it writes until it is paused; else it is told each time
            that it may write.
        @raise RuntimeError: when there is one already.
        """
        if self.producer is not None:
            raise RuntimeError(f"{producer!r} cannot be registered: {self.producer!r} was never unregistered")
        if self.disconnected:
            producer.stopProducing()
            return
        self.producer, self._isStreaming, self._isPaused = producer, streaming, False
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """
        Nobody is told any more.
        """
        self.producer = None
        self._wake(self)

    # Reading

    def pauseProducing(self) -> None:
        """
        Read nothing for now; it stays unsent on the other side.
        """
        self.isReading = False

    def resumeProducing(self) -> None:
        """
        Read on.
        """
        if not (self.disconnected or self.disconnecting):
            self.isReading = True
            self._wake(self.other)

    def stopProducing(self) -> None:
        """
        As L{loseConnection}.
        """
        self.loseConnection()

    # Ending

    def loseConnection(self) -> None:
        """
        Read no more, and end the connection when everything is sent.
        """
        if not self.disconnected:
            self.isReading = False
            self.disconnecting = True
            self._wake(self)

    def loseWriteConnection(self) -> None:
        """
        Tell the other side, when everything is sent, that no more comes, and read on.
        """
        self._halfClosing = True
        self._wake(self)

    def abortConnection(self) -> None:
        """
        End the connection now; the other side sees
        L{ConnectionLost<twisted.internet.error.ConnectionLost>}.
        """
        if not self.disconnected:
            self.isReading = False
            self.disconnecting = self._aborting = True
            self._wake(self)

    def lose(self, reason: Exception) -> None:
        """
        The connection has ended; the other side is not told.
        """
        if self.disconnected:
            return
        self.disconnected = True
        self.isReading = False
        self.dataBuffer.clear()
        producer, self.producer = self.producer, None
        if producer is not None:
            self._tell(producer.stopProducing)
        self._tell(self.protocol.connectionLost, Failure(reason))
        self._ended()

    # What the network does

    @property
    def waits(self) -> bool:
        """
        Whether bytes, or the end, have not reached the other side.
        """
        return bool(self.dataBuffer) or self._goodbye is not None

    def begin(self, protocol: IProtocol) -> None:
        """
        Both ends are there.

        @param protocol: who reads.
        """
        self.protocol = protocol
        if not self._tell(protocol.makeConnection, self):
            self._break()

    def move(self, size: int) -> None:
        """
        Do the next thing that there is to do; where more is left, say so.

        @param size: the most bytes that may reach the other end, in one read; where it is
            0, the end of the connection does not reach it either.
        """
        if self._aborting and not self.disconnected:
            self._goodbye = "reset"
            self.lose(ConnectionAborted())
        if size and self.dataBuffer:
            self._send(size)
        if not self.dataBuffer and not self.disconnected:
            self._drained()
        if size and not self.dataBuffer and self._goodbye is not None:
            self._sayGoodbye()

    def _send(self, size: int) -> None:
        other = self.other
        if other.disconnected:
            # Nobody is there to take it.
            self.lose(ConnectionLost())
        elif other.isReading:
            portion = bytes(self.dataBuffer[:size])
            del self.dataBuffer[:size]
            other._receive(portion)
            if self.dataBuffer:
                self._wake(self)

    def _receive(self, data: bytes) -> None:
        if not self._tell(self.protocol.dataReceived, data):
            self._break()

    def _break(self) -> None:
        """
        The protocol has failed, and a reactor lets nobody read with whom that happens.
        """
        self._goodbye = "reset"
        self.lose(ConnectionLost())
        self._wake(self)

    def _drained(self) -> None:
        """
        Everything is sent: the producer's turn, or the end.
        """
        if self.producer is not None and (self._isPaused or not self._isStreaming):
            self._isPaused = False
            self._tell(self.producer.resumeProducing)
        elif self.disconnecting:
            self._closeWriting()
            self.lose(ConnectionDone())
        elif self._halfClosing and not self._writeClosed:
            self._closeWriting()
            protocol = IHalfCloseableProtocol(self.protocol, None)
            if protocol is not None:
                self._tell(protocol.writeConnectionLost)

    def _closeWriting(self) -> None:
        if not self._writeClosed:
            self._writeClosed = True
            self._goodbye = "end"

    def _sayGoodbye(self) -> None:
        other = self.other
        if other.disconnected:
            return
        if self._goodbye == "reset":
            self._goodbye = None
            other.lose(ConnectionLost())
        elif other.isReading and not other._readClosed:
            self._goodbye = None
            other._readConnectionLost()

    def _readConnectionLost(self) -> None:
        """
        The other side sends no more.
        """
        self._readClosed = True
        protocol = IHalfCloseableProtocol(self.protocol, None)
        if protocol is not None:
            self._tell(protocol.readConnectionLost)
        else:
            self._closeWriting()
            self.lose(ConnectionDone())
            self._wake(self)

    def _tell(self, method: Callable[..., object], *arguments: object) -> bool:
        """
        @return: whether it did not raise; what it raised is in the log, as a reactor does it.
        """
        try:
            method(*arguments)
        except Exception:
            self._log.failure("A protocol in memory failed")
            return False
        return True

    # The rest of a TCP transport

    def getHost(self) -> IPv4Address:
        """
        @return: the address of this end.
        """
        return self._host

    def getPeer(self) -> IPv4Address:
        """
        @return: the address of the other end.
        """
        return self._peer

    def getTcpNoDelay(self) -> bool:
        """
        @return: what L{setTcpNoDelay} was given last; nothing is delayed here.
        """
        return self._noDelay

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        See L{getTcpNoDelay}.
        """
        self._noDelay = bool(enabled)

    def getTcpKeepAlive(self) -> bool:
        """
        @return: what L{setTcpKeepAlive} was given last; nobody is probed here.
        """
        return self._keepAlive

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        See L{getTcpKeepAlive}.
        """
        self._keepAlive = bool(enabled)
