"""
Connections over real sockets, on a reactor that goes on when it is told to.
"""

from __future__ import annotations

import socket
from random import Random
from typing import Any

from twisted.internet import unix
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.prompt import TcpTransport, UnixTransport, prompt
from balws.wire.transport import unsent

#: What is written in these tests is taken from its front.
MATERIAL = Random(6455).randbytes(1 << 20)


class Loop(EPollReactor):
    """
    The real one, one turn at a time.
    """

    def turn(self) -> None:
        """
        What is due, and what can be read or written now.
        """
        self.runUntilCurrent()
        self.doIteration(0)

    def wants(self, transport: Any) -> tuple[bool, bool]:
        """
        @return: whether it waits to read, and to write.
        """
        return transport in self.getReaders(), transport in self.getWriters()

    def close(self) -> None:
        """
        Give the system back what it has.
        """
        self.waker.connectionLost(None)
        self._poller.close()


class Socket:
    """
    A real socket that tells how often something was sent.

    @ivar sent: how many bytes the system took at each call, in order.
    @ivar error: of the next calls, in place of sending.
    """

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.sent: list[int] = []
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def send(self, data: Any, *flags: int) -> int:
        return self._call(self._real.send, data, *flags)

    def sendmsg(self, pieces: Any, *more: Any) -> int:
        return self._call(self._real.sendmsg, pieces, *more)

    def _call(self, function: Any, *arguments: Any) -> int:
        if self.error is not None:
            raise self.error
        count: int = function(*arguments)
        self.sent.append(count)
        return count


class Owner(Protocol):
    """
    Records what it is told.
    """

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.lost: list[type[BaseException]] = []

    def dataReceived(self, data: bytes) -> None:
        """
        Something was read.
        """
        self.data.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is over.
        """
        self.lost.append(reason.type)


class Line:
    """
    A transport and its peer.

    @ivar heard: what the peer has read.
    @ivar written: how many bytes the owner has.
    @ivar clock: of the owner; it goes on when the reactor turns.
    @ivar closed: whether the peer has read the end.
    """

    def __init__(self, loop: Loop, kind: Any = TcpTransport, isPrompt: bool = True) -> None:
        ours, self.peer = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.peer.setblocking(False)
        self.loop = loop
        self.socket = Socket(ours)
        self.owner = Owner()
        client = "" if issubclass(kind, unix.Server) else ("192.0.2.7", 40000)
        self.transport = kind(self.socket, self.owner, client, None, 1, loop)
        self.owner.makeConnection(self.transport)
        if isPrompt:
            prompt(self.transport)
        self.heard = b""
        self.closed = False
        self.written = 0
        self.clock = Clock()

    def write(self, size: int) -> None:
        """
        The owner writes so many bytes.
        """
        self.transport.write(self.piece(size))

    def writeSequence(self, *sizes: int) -> None:
        """
        The owner writes pieces of these sizes.
        """
        self.transport.writeSequence([self.piece(size) for size in sizes])

    def piece(self, size: int) -> bytes:
        """
        @return: what comes next.
        """
        data = MATERIAL[self.written : self.written + size]
        assert len(data) == size
        self.written += size
        return data

    def read(self, most: int = 1 << 20) -> None:
        """
        The peer reads what there is, but not more than this.
        """
        while most > 0 and not self.closed:
            try:
                data = self.peer.recv(min(most, 65536))
            except BlockingIOError:
                break
            except ConnectionResetError:
                data = b""
            self.heard += data
            most -= len(data)
            self.closed = not data

    def settle(self) -> None:
        """
        The peer reads, and the reactor turns, until nothing happens any more.
        """
        quiet = 0
        while quiet < 3:
            before = len(self.heard), self.closed, self.loop.wants(self.transport)
            self.read()
            self.clock.advance(0)
            self.loop.turn()
            quiet = quiet + 1 if before == (len(self.heard), self.closed, self.loop.wants(self.transport)) else 0

    def send(self, data: bytes) -> int:
        """
        The peer sends this.

        @return: how much of it the system has taken.
        """
        try:
            return self.peer.send(data)
        except BlockingIOError:
            return 0

    def fill(self) -> int:
        """
        Write until the system takes no more.

        @return: how many bytes it has taken.
        """
        count = 0
        while True:
            try:
                count += self.socket._real.send(self.piece(1000))
            except BlockingIOError:
                self.written -= 1000
                return count
            self.written = count

    def close(self) -> None:
        """
        Close both ends.
        """
        self.loop.removeReader(self.transport)
        self.loop.removeWriter(self.transport)
        self.peer.close()
        self.socket.close()


class PromptTestCase(SynchronousTestCase):
    """
    Makes connections, and closes them.
    """

    def setUp(self) -> None:
        """
        A reactor of its own.
        """
        self.loop = Loop()
        self.addCleanup(self.loop.close)

    def line(self, kind: Any = TcpTransport, isPrompt: bool = True) -> Line:
        """
        @return: a connection of this kind.
        """
        line = Line(self.loop, kind, isPrompt)
        self.addCleanup(line.close)
        return line

    def lines(self) -> list[Line]:
        """
        @return: a connection over TCP and one over a UNIX socket.
        """
        return [self.line(TcpTransport), self.line(UnixTransport)]

    def isComplete(self, line: Line) -> None:
        """
        Everything that was written came, in its order, and nobody waits to write more.
        """
        self.assertEqual(len(line.heard), line.written)
        self.assertTrue(line.heard == MATERIAL[: line.written], "other bytes")
        self.assertEqual((unsent(line.transport), self.loop.wants(line.transport)[1]), (0, False))

    def isOver(self, line: Line, reason: type[BaseException]) -> None:
        """
        Both ends know that it is over, once, and nobody waits for anything.
        """
        self.assertEqual((line.owner.lost, line.closed), ([reason], True))
        self.assertEqual(self.loop.wants(line.transport), (False, False))
