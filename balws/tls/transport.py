# -*- test-case-name: tests.tls.test_transport -*-
"""
The encrypted transport of accepted connections: what one read has caused leaves in one
flush at its end, and what a wire writes at any other time leaves at once.

Twisted's keeps every write until the reactor's next round, takes 32 KiB for each piece that
OpenSSL has for it, and asks OpenSSL once more after each for what is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from OpenSSL.SSL import Error, WantReadError, ZeroReturnError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

__all__ = ["Transport"]

#: So many bytes of TLS are given to OpenSSL at a time: its buffer stays as large as it ever was,
#: for as long as the connection lasts.
PIECE = 4096

#: So many of a read that has more than this: a whole record.
LARGE_PIECE = 16384 + 256

#: No more bytes than this are gathered before they are sent.
GATHERED = 65536

#: As many bytes as a record can hold (RFC 8446 section 5.1), and those in front of it.
_RECORD = 16384
_HEAD = 5

#: What sealing adds to a record, at most: its header, and with the oldest suites a nonce, a
#: digest and padding.
_SEAL = 128

#: So many records go into one write to the transport below.
_TOGETHER = 8

_CHANGE_CIPHER_SPEC, _APPLICATION_DATA = 20, 23


class Transport(TLSMemoryBIOProtocol):
    """
    TLS of one connection.

    @ivar prompt: whether a write is sealed and sent at once when no read is being handled.
        Otherwise it waits for the reactor's next round: twisted.web writes an answer in many
        small pieces.
    """

    prompt = False

    _reading = False
    _corked = False

    # What waits to be sealed: pieces, their bytes in all, and the call that sends them.
    _gathered: list[bytes] | None = None
    _size = 0
    _later: IDelayedCall | None = None

    # Where the records end: how many bytes are missing of the last, and what is there of a
    # header that is not whole.  Below zero: what comes is not as it should be.
    _left = 0
    _head = b""

    def makeConnection(self, transport: Any) -> None:
        """
        There is a connection: begin the handshake.
        """
        # As Twisted's does it, which declares every single interface of what is below first.
        self._tlsConnection = self.factory._creatorCallable(self)
        self._appSendBuffer: list[bytes] = []
        ProtocolWrapper.makeConnection(self, transport)
        self._checkHandshakeStatus()

    # Reading

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes of TLS.
        """
        self._reading = True
        try:
            if len(data) <= PIECE:
                self._take(data)
            else:
                view = memoryview(data)
                step = PIECE if len(data) < LARGE_PIECE else LARGE_PIECE
                for start in range(0, len(data), step):
                    self._take(view[start : start + step])
        finally:
            self._reading = False
            if self._gathered is not None and not self._corked:
                self._flush()

    def _take(self, data: bytes | memoryview) -> None:
        """
        Give OpenSSL one piece.
        """
        if self._aborted or self._lostTLSConnection:
            return
        size = len(data)
        # Nearly always it is one record.
        if (
            size > _HEAD
            and data[0] == _APPLICATION_DATA
            and size - _HEAD == data[3] << 8 | data[4]
            and not (self._left or self._head)
        ):
            whole = 1
        else:
            whole = self._follow(data)
        if self._handshakeDone and not self._appSendBuffer:
            self._tlsConnection.bio_write(data)
            self._flushReceiveBIO(whole)
        else:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

    def _follow(self, data: bytes | memoryview) -> int:
        """
        See where the records end.

        @return: how many do in these bytes; below 0 where nobody knows.
        """
        if self._left < 0:
            return -1
        if self._head:
            data = self._head + data
            self._head = b""
        at, end = self._left, len(data)
        whole = 1 if 0 < at <= end else 0
        while at + _HEAD <= end:
            if not _CHANGE_CIPHER_SPEC <= data[at] <= _APPLICATION_DATA:
                self._left = -1
                return -1
            at += _HEAD + (data[at + 3] << 8 | data[at + 4])
            whole += at <= end
        self._left = max(at - end, 0)
        if at < end:
            self._head = bytes(data[at:])
        return whole

    def _flushReceiveBIO(self, whole: int = -1) -> None:
        """
        Hand over what OpenSSL reads, as one piece.  Twisted's calls this, too, and knows nothing.

        @param whole: how many records can be read; below 0 where nobody knows.  When there is
            content in each of them, nothing else was said, and nothing is to be answered.
        """
        if self._lostTLSConnection:
            return
        found: list[bytes] = []
        isOver = False
        problem: Failure | None = None
        # What there is of another record goes over into OpenSSL, too.
        further = whole < 0 or self._left or self._head
        while further or len(found) < whole:
            try:
                found.append(self._tlsConnection.recv(_RECORD))
            except WantReadError:
                break
            except ZeroReturnError:
                isOver = True
                break
            except Error:
                isOver, problem = True, Failure()
                break
        if len(found) != whole and not isOver:
            self._flushSendBIO()
        if found and not self._aborted:
            self.wrappedProtocol.dataReceived(found[0] if len(found) == 1 else b"".join(found))
        if isOver:
            self._finish(problem)

    def _finish(self, problem: Failure | None) -> None:
        """
        @param problem: L{None}: the peer has said that no more comes.
        """
        # Answers first: there is nothing behind the end.
        self._flush()
        if self._lostTLSConnection:
            return
        if problem is None:
            self._shutdownTLS()
        self._tlsShutdownFinished(problem)

    # Writing

    def write(self, data: bytes) -> None:
        """
        See L{twisted.internet.interfaces.ITransport}.
        """
        if self._aborted or self._lostTLSConnection or (self.disconnecting and self._producer is None):
            return
        # To add nothing refuses what is not bytes, and copies what can change; bytes stay the same object.
        if self.prompt and not (self._reading or self._corked) and self._gathered is None:
            self._write(data + b"")
            return
        if self._gathered is None:
            self._gathered = []
        self._gathered.append(data + b"")
        self._size += len(data)
        if self._size > GATHERED:
            self._flush()
        elif not (self._reading or self._corked):
            if self.prompt:
                self._flush()
            elif self._later is None:
                self._later = self.factory.clock.callLater(0, self._due)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """
        See L{twisted.internet.interfaces.ITransport}.
        """
        self.write(b"".join(iovec))

    def cork(self) -> None:
        """
        Gather what is written until L{uncork}, or until it is more than 64 KiB.
        """
        self._corked = True

    def uncork(self) -> None:
        """
        Send what was gathered; while a read is handled, at its end.
        """
        self._corked = False
        if self._gathered is not None and not self._reading:
            self._flush()

    def _due(self) -> None:
        self._later = None
        if not self._corked:
            self._flush()

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, None
        self._size = 0
        if gathered:
            self._write(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def _write(self, data: bytes) -> None:
        """
        Seal and send, record by record.
        """
        if self._lostTLSConnection:
            return
        if self._appSendBuffer:
            self._bufferedWrite(data)  # behind what waits for the peer
            return
        send, read = self._tlsConnection.send, self._tlsConnection.bio_read
        size, at = len(data), 0
        records: list[bytes] = []
        while at < size:
            try:
                taken = send(data if size <= _RECORD and not at else memoryview(data)[at : at + _RECORD])
            except Error as problem:
                self._pass(records)
                if isinstance(problem, WantReadError):
                    self._bufferedWrite(data[at:])
                else:
                    self._tlsShutdownFinished(Failure(problem))
                return
            at += taken
            wanted = taken + _SEAL
            records.append(read(wanted))
            try:
                while len(records[-1]) == wanted:  # something of TLS itself was there before
                    records.append(read(wanted))
            except WantReadError:
                pass
            if len(records) >= _TOGETHER:
                self._pass(records)
                if self._lostTLSConnection:
                    return
                records = []
        self._pass(records)

    def _pass(self, records: list[bytes]) -> None:
        """
        Give them to the transport below.
        """
        if len(records) == 1:
            self.transport.write(records[0])
        elif records:
            self.transport.writeSequence(records)

    # Ends

    def unregisterProducer(self) -> None:
        """
        See L{twisted.internet.interfaces.IConsumer}.
        """
        self._flush()  # when the owner has asked for the end, this is it
        super().unregisterProducer()  # type: ignore[no-untyped-call]

    def loseConnection(self) -> None:
        """
        See L{twisted.internet.interfaces.ITransport}.
        """
        self._flush()
        super().loseConnection()  # type: ignore[no-untyped-call]

    def abortConnection(self) -> None:
        """
        See L{twisted.internet.interfaces.ITCPTransport}.
        """
        self._gathered = None
        # Twisted's says good-bye first. That must not be sent: the peer would believe that it has got
        # everything (RFC 8446 section 6.1).
        if hasattr(type(self.transport), "prompt"):
            self.transport.prompt = False
        super().abortConnection()  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        What is below has ended.
        """
        self._gathered = None
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        if self._later is not None:
            self._later.cancel()
            self._later = None

    if TYPE_CHECKING:  # what Twisted's provides, without annotations
        factory: Any
        transport: Any

        def _checkHandshakeStatus(self) -> None: ...
        def _flushSendBIO(self) -> None: ...
        def _bufferedWrite(self, octets: bytes) -> None: ...
        def _shutdownTLS(self) -> None: ...
        def _tlsShutdownFinished(self, reason: Failure | None) -> None: ...
