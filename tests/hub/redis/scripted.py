"""
A Redis in memory that says what a test wants.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer


def bulk(data: bytes) -> bytes:
    """
    @return: a text as Redis sends it.
    """
    return b"$%d\r\n%b\r\n" % (len(data), data)


def array(*items: bytes) -> bytes:
    """
    @return: a list of replies as Redis sends it.
    """
    return b"*%d\r\n" % len(items) + b"".join(items)


#: What is said at login.
ANSWERS = {
    "AUTH": b"+OK\r\n",
    "SELECT": b"+OK\r\n",
    "CLIENT SETNAME": b"+OK\r\n",
    "INFO server": bulk(b"# Server\r\nredis_version:7.0.15\r\n"),
    "INFO persistence": bulk(b"aof_enabled:1\r\n"),
    "ROLE": array(bulk(b"master"), b":0\r\n", b"*0\r\n"),
}


class Wire(StringTransport):
    """
    One connection, at Redis' end.

    @ivar asked: the commands that came, their arguments in lists.
    @ivar isAborted: whether the client did not close it properly.
    """

    def __init__(self, redis: ScriptedRedis, protocol: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.asked: list[list[bytes]] = []
        self.isAborted = False
        self._redis = redis
        self.protocol = protocol
        self._isOver = False

    def write(self, data: bytes) -> None:
        """
        Commands come whole.
        """
        rest = data
        while rest:
            head, rest = rest.split(b"\r\n", 1)
            args = []
            for _ in range(int(head[1:])):
                size, rest = rest.split(b"\r\n", 1)
                count = int(size[1:])
                args.append(rest[:count])
                rest = rest[count + 2 :]
            self.asked.append(args)
            words = [each.decode(errors="replace") for each in args[:2]]
            answer = self._redis.answers.get(" ".join(words), self._redis.answers.get(words[0]))
            if answer is not None:
                self.protocol.dataReceived(answer)

    def say(self, *data: bytes) -> None:
        """
        Bytes to the client.
        """
        self.protocol.dataReceived(b"".join(data))

    def loseConnection(self) -> None:
        """
        The client closes.
        """
        self._redis.clock.callLater(0, self.lose)

    def abortConnection(self) -> None:
        """
        The client has enough.
        """
        self.isAborted = True
        self._redis.clock.callLater(0, self.lose)

    def lose(self) -> None:
        """
        The connection is gone.
        """
        if not self._isOver:
            self._isOver = True
            self.protocol.connectionLost(Failure(ConnectionAborted() if self.isAborted else ConnectionDone()))


@implementer(IStreamClientEndpoint)
class ScriptedRedis:
    """
    @ivar answers: what is said to a command, by its first two words or its first.
    @ivar problem: what a connection fails with; L{None} lets it be made.
    @ivar hangs: whether none is ever made.
    @ivar hanging: the last one that was not.
    @ivar wires: all connections there were.
    @ivar attempts: when one was wanted.
    """

    host = "127.0.0.1"
    port = 26379

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.answers = dict(ANSWERS)
        self.problem: Exception | None = None
        self.hangs = False
        self.wires: list[Wire] = []
        self.attempts: list[float] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.
        """
        self.attempts.append(self.clock.seconds())
        if self.hangs:
            self.hanging: Deferred[Any] = Deferred()
            return self.hanging
        if self.problem is not None:
            return fail(self.problem)
        protocol: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        wire = Wire(self, protocol)
        self.wires.append(wire)
        protocol.makeConnection(wire)
        return succeed(protocol)
