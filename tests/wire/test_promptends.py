"""
Tests of L{balws.wire.prompt}: the end of a connection, and the comparison with Twisted's own.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import tcp
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from balws.wire.prompt import TURN, TcpTransport, UnixTransport
from balws.wire.transport import unsent
from tests.testing.talking import Producer
from tests.wire.turning import MATERIAL, Line, PromptTestCase


class EndTests(PromptTestCase):
    """
    The end of a connection, whatever is unsent then.
    """

    def begun(self) -> list[Line]:
        """
        @return: connections in every state: nothing unsent, something that waits, something that
            is gathered, and both.
        """
        found = []
        for kind in (TcpTransport, UnixTransport):
            for size in (0, 10, 100000):
                for gathered in (None, 0, 10, 70000):
                    line = self.line(kind)
                    line.transport.registerProducer(Producer(), True)
                    line.write(size)
                    if gathered is not None:
                        line.transport.cork()
                        line.write(gathered)
                    found.append(line)
        return found

    def uncork(self, line: Line) -> None:
        """
        As a wire does at the end of a read, whatever has happened.
        """
        line.transport.uncork()

    def test_loseConnection(self) -> None:
        """
        Everything is delivered, then the end; also what is written right behind.
        """
        for later in (0, 10, 100000):
            for line in self.begun():
                line.transport.unregisterProducer()
                line.transport.loseConnection()
                self.assertFalse(self.loop.wants(line.transport)[0])
                line.write(later)
                self.uncork(line)
                line.settle()
                self.isComplete(line)
                self.isOver(line, ConnectionDone)

    def test_loseConnectionAfterMuch(self) -> None:
        """
        What is written between the two, and waits because others have their turn, is delivered, too.
        """
        line = self.line()
        line.transport.loseConnection()
        for _ in range(TURN // 2000 + 3):
            line.write(2000)
            line.read()
        self.assertEqual(unsent(line.transport), 4000)
        line.settle()
        self.isComplete(line)
        self.assertTrue(line.closed)

    def test_producerHoldsIt(self) -> None:
        """
        While there is a producer it may go on, and ends with it.
        """
        for line in self.begun():
            line.transport.loseConnection()
            self.uncork(line)
            line.transport.unregisterProducer()
            line.settle()
            self.isComplete(line)
            self.isOver(line, ConnectionDone)

    def test_pullProducer(self) -> None:
        """
        One that writes when it is asked to is asked until it has no more.
        """
        for kind in (TcpTransport, UnixTransport):
            for size in (10, 5000, 70000):
                line, producer = self.line(kind), Producer()

                def resume(line: Line = line, producer: Producer = producer, size: int = size) -> None:
                    producer.asked.append("resume")
                    if len(producer.asked) < 4:
                        line.write(size)
                    else:
                        line.transport.unregisterProducer()

                producer.resumeProducing = resume  # type: ignore[method-assign]
                line.transport.registerProducer(producer, False)
                line.write(1)
                line.transport.loseConnection()
                line.settle()
                self.assertEqual((producer.asked, line.written), (["resume"] * 4, 3 * size + 1))
                self.isComplete(line)
                self.isOver(line, ConnectionDone)

    def test_loseWriteConnection(self) -> None:
        """
        Everything is delivered, also what is written right behind, then the peer reads the end;
        we read on, and what is written later is dropped.
        """
        for later, line in [(later, line) for later in (0, 10, 100000) for line in self.begun()]:
            line.transport.unregisterProducer()
            line.transport.loseWriteConnection()
            line.write(later)
            line.writeSequence(later, 1)
            self.uncork(line)
            line.settle()
            self.isComplete(line)
            self.assertEqual((line.owner.lost, line.closed), ([], True))
            line.peer.send(b"more")
            self.loop.turn()
            self.assertEqual(line.owner.data, [b"more"])
            line.transport.write(b"dropped")
            line.transport.writeSequence([b"dropped", b"too"])
            line.transport.cork()
            line.transport.write(b"dropped")
            line.transport.uncork()
            line.settle()
            self.isComplete(line)
            self.assertEqual(self.loop.wants(line.transport), (True, False))
            line.peer.close()
            line.closed = True
            self.loop.turn()
            self.isOver(line, ConnectionDone)

    def test_abortConnection(self) -> None:
        """
        It ends at once, whatever was not sent; nothing more reaches the peer.
        """
        for line in self.begun():
            sent = sum(line.socket.sent)
            line.transport.abortConnection()
            line.transport.write(b"dropped")
            self.uncork(line)
            line.transport.write(b"dropped")
            line.transport.writeSequence([b"dropped", b"too"])
            line.settle()
            self.assertEqual(len(line.heard), sent)
            self.assertTrue(line.heard == MATERIAL[:sent], "other bytes")
            self.isOver(line, ConnectionAborted)

    def test_connectionLost(self) -> None:
        """
        What was not sent is forgotten with the connection; its producer is told; what is
        written later is dropped.
        """
        for line in self.begun():
            producer = line.transport.producer
            line.transport.connectionLost(Failure(ConnectionLost()))
            self.uncork(line)
            self.assertEqual(producer.asked[-1], "stop")
            line.transport.write(b"dropped")
            line.transport.writeSequence([b"dropped", b"too"])
            line.transport.cork()
            line.transport.write(b"dropped")
            line.transport.uncork()
            line.transport.loseConnection()
            line.transport.abortConnection()
            line.settle()
            self.assertTrue(MATERIAL.startswith(line.heard))
            self.isOver(line, ConnectionLost)

    def test_error(self) -> None:
        """
        An error of the system ends the connection, once, in the next turn, whichever way
        something was written: never inside of the write.
        """
        ways: list[Any] = [
            lambda line: line.write(10),
            lambda line: line.writeSequence(10, 10),
            lambda line: [line.transport.cork(), line.write(10), line.transport.uncork()],
            lambda line: [line.transport.cork(), line.write(70000), line.write(3), line.transport.uncork()],
            lambda line: [line.transport.cork(), line.write(10), line.writeSequence(3, 3), line.transport.uncork()],
        ]
        for kind in (TcpTransport, UnixTransport):
            for number in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT):
                for way in ways:
                    line, producer = self.line(kind), Producer()
                    line.transport.registerProducer(producer, True)
                    line.socket.error = OSError(number, os.strerror(number))
                    way(line)
                    self.assertEqual(line.owner.lost, [])
                    line.write(10)
                    line.writeSequence(10)
                    line.settle()
                    self.assertEqual((line.heard, producer.asked[-1]), (b"", "stop"))
                    self.isOver(line, ConnectionLost)

    def test_noRoom(self) -> None:
        """
        That the system has no memory for it is no such error: it is tried again.
        """
        for kind in (TcpTransport, UnixTransport):
            for number in (errno.EAGAIN, errno.ENOBUFS):
                for corked in (False, True):
                    line = self.line(kind)
                    if corked:
                        line.transport.cork()
                    line.socket.error = OSError(number, os.strerror(number))
                    line.write(10)
                    line.writeSequence(5, 5)
                    line.transport.uncork()
                    self.loop.turn()
                    self.assertEqual(line.owner.lost, [])
                    line.socket.error = None
                    line.settle()
                    self.isComplete(line)

    def test_peerIsGone(self) -> None:
        """
        To write to a peer that has closed ends the connection, once.
        """
        for line in self.begun():
            line.peer.close()
            line.closed = True
            for _ in range(3):
                line.write(10)
                line.writeSequence(10, 10)
            self.uncork(line)
            for _ in range(3):
                self.loop.turn()
            self.assertEqual(len(line.owner.lost), 1)
            self.assertIn(line.owner.lost[0], (ConnectionDone, ConnectionLost))
            self.assertEqual(self.loop.wants(line.transport), (False, False))


_sizes = st.sampled_from((0, 1, 10, 1000, 4000, 9000, 65536, 65537, 90000))
_writes = st.one_of(
    st.tuples(st.just("write"), _sizes),
    st.tuples(st.just("writeSequence"), st.lists(_sizes, max_size=3)),
)
_operations = st.one_of(
    _writes,
    st.tuples(st.just("pieces"), st.integers(60, 140)),
    st.tuples(st.sampled_from(("cork", "uncork", "turn", "turn"))),
    st.tuples(st.just("read"), st.sampled_from((1, 100, 5000, 100000))),
    st.tuples(st.just("hear"), st.just(b"peer")),
)
_ends = st.sampled_from(("loseConnection", "loseWriteConnection", "abortConnection", "gone", None))


class SameTests(PromptTestCase):
    """
    Compared with Twisted's.
    """

    def course(self, kind: Any, operations: list[Any], end: str | None, behind: list[Any]) -> Line:
        """
        @param behind: what is done between the end and the next turn.
        @return: a connection to which this has happened.
        """
        line = self.line(kind)
        line.transport.registerProducer(Producer(), True)
        corks = hasattr(line.transport, "cork")
        for name, *arguments in operations:
            self.do(line, corks, name, *arguments)
        if end == "gone":
            line.read()
            line.peer.close()
            line.closed = True
        elif end is not None:
            if end != "abortConnection":
                line.transport.unregisterProducer()
            getattr(line.transport, end)()
        for name, *arguments in behind:
            self.do(line, corks, name, *arguments)
        if corks:
            line.transport.uncork()
        line.settle()
        return line

    def do(self, line: Line, corks: bool, name: str, *arguments: Any) -> None:
        """
        One thing.
        """
        if name == "write":
            line.write(*arguments)
        elif name == "writeSequence":
            line.writeSequence(*arguments[0])
        elif name == "pieces":
            line.writeSequence(*([7] * arguments[0]))
        elif name == "read":
            line.read(*arguments)
        elif name == "hear":
            line.peer.send(*arguments)
        elif name == "turn":
            self.loop.turn()
        elif corks:
            getattr(line.transport, name)()

    @settings(deadline=None, max_examples=120)
    @given(
        st.lists(_operations, max_size=9),
        _ends,
        st.lists(_writes, max_size=2),
        st.sampled_from((TcpTransport, UnixTransport)),
    )
    def test_anything(self, operations: list[Any], end: str | None, behind: list[Any], kind: Any) -> None:
        """
        Whatever is written, in whatever order with what the peer does, before the end and right
        behind it, the peer reads the same bytes, and the connection ends in the same way, once.
        """
        theirs = self.course(tcp.Server, operations, end, behind)
        ours = self.course(kind, operations, end, behind)
        try:
            self.assertEqual(ours.written, theirs.written)
            self.assertEqual(b"".join(ours.owner.data), b"".join(theirs.owner.data))
            if end in ("abortConnection", "gone"):
                # How much of it had been sent already depends.
                self.assertTrue(MATERIAL.startswith(ours.heard))
            else:
                self.isComplete(theirs)
                self.isComplete(ours)
            self.assertEqual((len(ours.owner.lost), ours.closed), (len(theirs.owner.lost), theirs.closed))
            if end != "gone":
                self.assertEqual(ours.owner.lost, theirs.owner.lost)
            self.assertEqual(self.loop.wants(ours.transport), self.loop.wants(theirs.transport))
        finally:
            ours.close()
            theirs.close()
