# -*- test-case-name: tests.wire.test_prompt -*-
"""
Connections that send at once.

Twisted's own keep what is written until the reactor has found the socket writable: two
changes of what it watches, and one more round, for each answer.  While nothing is unsent
the socket nearly always is writable, and to try costs no more than to ask.  What does not
fit goes Twisted's way, with its producers and its order; so does what a peer that takes
everything at once makes others wait for, and everything while the owner is no wire, for
twisted.web writes an answer in many small pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet import tcp, unix
from twisted.internet.address import IPv6Address
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure

__all__ = ["READ", "READ_LARGE", "TcpTransport", "UnixTransport", "prompt", "promptPort", "readBy"]

#: So much is read at a time, in bytes: a frame of 64 KiB and its header fit.
READ = 65536 + 64

#: So much while a large frame comes.
READ_LARGE = 262144

#: When so many bytes were sent since it was last read or found writable, others have their turn.
TURN = 262144

#: So many pieces go into one call of the system; it takes no more than 1,024.
_PIECES = 64


class Prompt:
    """
    What both kinds of socket have in common.

    @ivar prompt: whether writes are sent at once.
    @ivar readSize: how much is read at a time, in bytes.
    """

    prompt = False
    readSize = READ
    _corked = False
    _spent = 0

    @property
    def isClear(self) -> bool:
        """
        Whether what is written now is sent at once.
        """
        return self.prompt and not (self._tempDataLen or self.dataBuffer or self._corked or self._spent > TURN)

    def write(self, data: bytes) -> None:
        """
        See L{twisted.internet.interfaces.ITransport}.
        """
        if self._corked:
            self._tempDataBuffer.append(data)
            self._tempDataLen += len(data)
            if self._tempDataLen > self.bufferSize:
                self._send()
        elif self._tempDataLen or self.dataBuffer or not self.prompt or self._spent > TURN:
            super().write(data)  # type: ignore[misc]
        elif data:
            try:
                sent = self.socket.send(data)
            except OSError:
                sent = 0  # it is full; or else the reactor will meet the error again, and end the connection
            self._spent += sent
            if sent < len(data):
                self.keep(data, sent)

    def writeSequence(self, pieces: Iterable[bytes]) -> None:
        """
        See L{twisted.internet.interfaces.ITransport}.  For large pieces: they are not copied.
        """
        if self._corked:
            self.uncork()
            self.writeSequence(pieces)
            self.cork()
            return
        if not self.isClear:
            super().writeSequence(pieces)  # type: ignore[misc]
            return
        waiting = [piece for piece in pieces if piece]
        try:
            sent = self.socket.sendmsg(waiting[:_PIECES])
        except OSError:
            sent = 0
        self._spent += sent
        for piece in waiting:
            if sent < len(piece):
                self.keep(piece, sent)
                sent = 0
            else:
                sent -= len(piece)

    def keep(self, data: bytes, sent: int) -> None:
        """
        The system has not taken all of it: the rest is Twisted's affair.

        @param data: what was to be sent, one piece.
        @param sent: how many bytes of it were.
        """
        if self.dataBuffer:
            super().write(data)  # type: ignore[misc]
        else:
            # As a doWrite() that was cut short leaves it: a slice would be a copy.
            self.dataBuffer, self.offset = data, sent
            self._maybePauseProducer()
            self.startWriting()

    def doRead(self) -> Any:
        """
        There is something to read.
        """
        self._spent = 0
        try:
            data = self.socket.recv(self.readSize)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def doWrite(self) -> Any:
        """
        The socket is writable.
        """
        self._spent = 0
        return super().doWrite()  # type: ignore[misc]

    # Together

    def cork(self) -> None:
        """
        Gather what is written until L{uncork}, or until it is more than C{bufferSize}.
        """
        self._corked = self.prompt

    def uncork(self) -> None:
        """
        Send what was gathered, with one call of the system.
        """
        if self._corked:
            self._corked = False
            if self._tempDataLen:
                self._send()

    def _send(self) -> None:
        """
        Send what was gathered.
        """
        if self.dataBuffer or self._spent > TURN:
            # Something did not fit before, and nothing may overtake it; or others have their turn.
            self._maybePauseProducer()
            self.startWriting()
            return
        data = b"".join(self._tempDataBuffer)
        self._tempDataBuffer.clear()
        self._tempDataLen = 0
        corked, self._corked = self._corked, False
        self.write(data)
        self._corked = corked

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See L{twisted.internet.interfaces.IConsumer}.  A pull producer is asked for more when the
        reactor has sent something, and only then.
        """
        if not streaming:
            self.uncork()
            self.prompt = False
        super().registerProducer(producer, streaming)  # type: ignore[misc]

    # Ends

    def loseConnection(self) -> None:
        """
        Close when everything is written: where it is, in the reactor's next turn, and not when that
        finds that it could write.
        """
        if self.disconnecting or self.producer is not None or not self.isClear:
            super().loseConnection()  # type: ignore[misc]
        else:
            self.disconnecting = True
            self.stopReading()
            self.reactor.callLater(0, self._ended)

    def _ended(self) -> None:
        # What was written since, and did not fit, ends it when it does; or it was aborted.
        if self.prompt and not (self.dataBuffer or self._tempDataLen):
            self.connectionLost(Failure(CONNECTION_DONE))

    def loseWriteConnection(self) -> None:
        """
        Close one way when everything is written.
        """
        self.uncork()
        self.prompt = False
        super().loseWriteConnection()  # type: ignore[misc]

    def abortConnection(self) -> None:
        """
        Close now.
        """
        self._corked = self.prompt = False
        super().abortConnection()  # type: ignore[misc]

    def connectionLost(self, reason: Failure) -> None:
        """
        It is closed.
        """
        self._corked = self.prompt = False
        super().connectionLost(reason)  # type: ignore[misc]

    if TYPE_CHECKING:  # what a connection of Twisted's provides

        socket: Any
        protocol: Any
        dataBuffer: bytes
        offset: int
        bufferSize: int
        _tempDataBuffer: list[bytes]
        _tempDataLen: int
        disconnecting: Any
        producer: Any
        reactor: Any

        def stopReading(self) -> None: ...
        def startWriting(self) -> None: ...
        def _maybePauseProducer(self) -> None: ...


class TcpTransport(Prompt, tcp.Server):
    """
    One that a TCP port has accepted.
    """

    _logstr: str | None = None

    def __init__(self, sock: Any, protocol: Any, client: Any, server: Any, sessionno: int, reactor: Any) -> None:
        # Not Twisted's: the texts that it makes for the log are made when they are asked for.
        tcp.Connection.__init__(self, sock, protocol, reactor)
        if len(client) != 2:
            self._addressType = IPv6Address
        self.server, self.client, self.sessionno = server, client, sessionno
        self.startReading()  # type: ignore[no-untyped-call]
        self.connected = 1

    @property
    def hostname(self) -> str:  # type: ignore[override]
        """
        The peer's address.
        """
        return str(self.client[0])

    @property
    def logstr(self) -> str:  # type: ignore[override]
        """
        What the log calls it.
        """
        if self._logstr is None:
            self._logstr = f"{self._getLogPrefix(self._owner)},{self.sessionno},{self.hostname}"
        return self._logstr

    def logPrefix(self) -> str:
        """
        See L{logstr}.  Twisted's own reactors ask for it at every event; ours at the last.
        """
        return self._logstr or self.logstr

    @property
    def repstr(self) -> str:  # type: ignore[override]
        """
        What its repr is.
        """
        port = None if self.server is None else self.server._realPortNumber
        return f"<{type(self._owner).__name__} #{self.sessionno} on {port}>"

    @property
    def _owner(self) -> Any:
        return getattr(self, "protocol", None)  # there is none after the end


class UnixTransport(Prompt, unix.Server):
    """
    One that the port of a UNIX socket has accepted.  Descriptors that a peer passes on are refused
    by the system, as nobody asks for them.
    """


_KINDS: dict[Any, type[Prompt]] = {tcp.Server: TcpTransport, unix.Server: UnixTransport}


def promptPort(port: Any) -> None:
    """
    Let the connections of a port be such.

    @param port: one that makes connections of its own, or is none of Twisted's, is left alone.
    """
    kind = _KINDS.get(getattr(port, "transport", None))
    if kind is not None:
        port.transport = kind


def prompt(transport: Any) -> bool:
    """
    Let a transport send at once, and those below it, where they can.

    @param transport: a wire's, of whatever kind.
    @return: whether it can gather writes, too.
    """
    layer = transport
    while layer is not None:
        # After Twisted's own startTLS this writes by way of TLS: to send at once would be in the clear.
        if hasattr(type(layer), "prompt") and not (getattr(layer, "TLS", False) or getattr(layer, "_aborting", False)):
            layer.prompt = True
        layer = getattr(layer, "transport", None)
    return hasattr(transport, "cork")


def readBy(transport: Any, size: int) -> None:
    """
    Read so many bytes at a time from now on, where the transport at the bottom can.

    @param transport: a wire's, of whatever kind.
    @param size: 1 or more.
    """
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    if isinstance(transport, Prompt):
        transport.readSize = size
