"""
Tests of L{balws.wire.prompt}.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from balws.wire.prompt import READ, TURN, TcpTransport, UnixTransport, prompt, promptPort
from balws.wire.transport import unsent
from tests.testing.talking import Producer
from tests.wire.secured import certificate
from tests.wire.turning import MATERIAL, Line, Owner, PromptTestCase


class WritingTests(PromptTestCase):
    """
    What is written is sent at once.
    """

    def test_atOnce(self) -> None:
        """
        A write has reached the peer when it returns, by one call of the system; nobody waits
        for the socket.
        """
        for line in self.lines():
            line.write(5)
            line.read()
            self.assertEqual((line.heard, line.socket.sent), (MATERIAL[:5], [5]))
            line.writeSequence(2, 3, 4)
            line.read()
            self.assertEqual(line.socket.sent, [5, 9])
            self.isComplete(line)
            self.assertEqual(self.loop.wants(line.transport), (True, False))

    def test_notPrompt(self) -> None:
        """
        While its owner is no wire it writes as Twisted's does: in the next turn, all together;
        and gathers nothing more than that.
        """
        for kind in (TcpTransport, UnixTransport):
            line = self.line(kind, isPrompt=False)
            line.transport.cork()
            line.write(5)
            line.writeSequence(1, 2)
            line.read()
            self.assertEqual((line.heard, self.loop.wants(line.transport)), (b"", (True, True)))
            self.loop.turn()
            line.read()
            self.assertEqual(line.socket.sent, [8])
            self.isComplete(line)
            line.transport.uncork()

    def test_becomesPrompt(self) -> None:
        """
        What was written before its owner was a wire goes first.
        """
        line = self.line(isPrompt=False)
        line.write(5)
        prompt(line.transport)
        line.write(3)
        line.writeSequence(2, 2)
        self.loop.turn()
        line.read()
        self.assertEqual(line.socket.sent, [12])
        self.isComplete(line)
        line.write(1)
        self.assertEqual(line.socket.sent, [12, 1])

    def test_nothing(self) -> None:
        """
        To write nothing does nothing.
        """
        for line in self.lines():
            line.write(0)
            line.writeSequence()
            line.writeSequence(0, 0)
            line.transport.cork()
            line.write(0)
            line.writeSequence(0)
            line.transport.uncork()
            self.loop.turn()
            line.read()
            self.assertEqual((line.heard, line.closed, self.loop.wants(line.transport)), (b"", False, (True, False)))

    def test_whatFits(self) -> None:
        """
        What the system does not take waits for the reactor: of one write, and of pieces, around
        what it takes.
        """
        fits = self.line().fill()
        for kind in (TcpTransport, UnixTransport):
            for size in (fits // 2, fits - 1, fits, fits + 1, 2 * fits, 5 * fits, 65536, 200000):
                for pieces in ((size,), (1, size - 1), (size - 1, 1), (0, size // 2, 0, size - size // 2)):
                    line = self.line(kind)
                    if len(pieces) > 1:
                        line.writeSequence(*pieces)
                    else:
                        line.write(size)
                    waiting = size - sum(line.socket.sent)
                    self.assertEqual((len(line.socket.sent), unsent(line.transport)), (1, waiting))
                    self.assertEqual(self.loop.wants(line.transport), (True, waiting > 0))
                    if size < fits - 1 or size >= 5 * fits:
                        self.assertEqual(waiting > 0, size > fits)
                    line.settle()
                    self.isComplete(line)

    def test_turn(self) -> None:
        """
        A peer that takes everything at once does not keep others waiting: when enough was sent
        since it was last read or found writable, the rest waits for the reactor's next turn.
        """
        for kind in (TcpTransport, UnixTransport):
            for step in (500, 2000):
                line = self.line(kind)
                for _ in range(TURN // step):  # less than it, by less than a step
                    line.write(step)
                    line.read()
                self.assertEqual((unsent(line.transport), line.transport.isClear), (0, True))
                line.write(step)
                line.read()
                self.assertEqual((unsent(line.transport), line.transport.isClear), (0, False))
                line.write(step)
                line.writeSequence(step)
                self.assertEqual(unsent(line.transport), 2 * step)
                self.loop.turn()
                line.read()
                self.assertEqual((unsent(line.transport), line.transport.isClear), (0, True))
                self.isComplete(line)

    def test_turnTogether(self) -> None:
        """
        What is gathered when others have their turn is not joined again for each piece that follows.
        """
        line = self.line()
        for _ in range(TURN // 2000 + 1):
            line.write(2000)
            line.read()
        calls = len(line.socket.sent)
        line.transport.cork()
        for _ in range(100):
            line.write(2000)
        self.assertEqual([len(piece) for piece in line.transport._tempDataBuffer], [2000] * 100)
        line.transport.uncork()
        self.assertEqual((len(line.socket.sent), self.loop.wants(line.transport)), (calls, (True, True)))
        line.settle()
        self.isComplete(line)

    def test_manyPieces(self) -> None:
        """
        Any number of pieces goes out whole, empty ones among them.
        """
        for count in (63, 64, 65, 128, 129, 1100):
            for size in (1, 40, 400):
                line = self.line()
                line.writeSequence(*(size * (number % 3) for number in range(count)))
                line.settle()
                self.isComplete(line)

    def test_full(self) -> None:
        """
        Where the system takes nothing, nothing is lost.
        """
        for line in self.lines():
            line.fill()
            line.write(10)
            line.writeSequence(1, 2, 3)
            line.write(4)
            self.assertEqual((unsent(line.transport), self.loop.wants(line.transport)), (20, (True, True)))
            line.settle()
            self.isComplete(line)

    def test_behind(self) -> None:
        """
        What is written while something waits comes behind it, even where there is room again.
        """
        for line in self.lines():
            line.write(100000)
            line.read()
            calls = len(line.socket.sent)
            line.write(3)
            line.writeSequence(4, 5)
            line.transport.cork()
            line.write(6)
            line.transport.uncork()
            self.assertEqual(len(line.socket.sent), calls)
            line.settle()
            self.isComplete(line)
            line.write(7)
            line.read()
            self.isComplete(line)

    def test_producer(self) -> None:
        """
        The producer is paused when more waits than C{bufferSize}, and resumed when all is sent.
        """
        for kind in (TcpTransport, UnixTransport):
            for way in (Line.write, Line.writeSequence):
                for size, asked in ((65535, []), (65536, []), (65537, ["pause"])):
                    line, producer = self.line(kind), Producer()
                    line.transport.registerProducer(producer, True)
                    line.fill()
                    way(line, size)
                    self.assertEqual(producer.asked, asked, size)
                    line.settle()
                    self.assertEqual(producer.asked, asked and ["pause", "resume"])
                    self.isComplete(line)

    def test_producerAndSmallWrites(self) -> None:
        """
        So it is with what many small writes have left.
        """
        for corked in (False, True):
            line, producer = self.line(), Producer()
            line.transport.registerProducer(producer, True)
            line.fill()
            if corked:
                line.transport.cork()
            for _ in range(65):
                line.write(1000)
            self.assertEqual(producer.asked, [])
            line.write(1000)
            if corked:
                line.transport.uncork()
            self.assertEqual(producer.asked[:1], ["pause"])
            line.settle()
            self.assertEqual(producer.asked[-1], "resume")
            self.isComplete(line)

    def test_producerWrites(self) -> None:
        """
        What the producer writes when it is resumed comes last.
        """
        for corked in (False, True):
            line, producer = self.line(), Producer()

            def resume(line: Line = line, producer: Producer = producer) -> None:
                producer.asked.append("resume")
                line.write(10)

            producer.resumeProducing = resume  # type: ignore[method-assign]
            line.transport.registerProducer(producer, True)
            line.write(100000)
            line.read(1 << 20)
            if corked:
                line.transport.cork()
                line.write(3)
                line.transport.uncork()
            line.settle()
            self.assertEqual((producer.asked[0], producer.asked[-1]), ("pause", "resume"))
            self.isComplete(line)


class CorkTests(PromptTestCase):
    """
    What is written together is sent together.
    """

    def test_together(self) -> None:
        """
        Nothing is sent before the end, and then all by one call.
        """
        for line in self.lines():
            line.transport.cork()
            for size in (1, 2, 0, 30, 400):
                line.write(size)
            line.read()
            self.assertEqual((line.heard, line.socket.sent), (b"", []))
            line.transport.uncork()
            line.read()
            self.assertEqual(line.socket.sent, [433])
            self.isComplete(line)
            line.write(1)
            self.assertEqual(line.socket.sent, [433, 1])

    def test_nothing(self) -> None:
        """
        Where nothing was written nothing is sent.
        """
        line = self.line()
        line.transport.cork()
        line.transport.uncork()
        line.transport.uncork()
        self.assertEqual((line.socket.sent, self.loop.wants(line.transport)), ([], (True, False)))

    def test_bounded(self) -> None:
        """
        No more is gathered than C{bufferSize}.
        """
        for last, early in ((64535, False), (64536, False), (64537, True)):
            line = self.line()
            line.transport.cork()
            line.write(1000)
            line.write(last)
            self.assertEqual(line.socket.sent != [], early, last)
            line.write(10)
            line.transport.uncork()
            line.settle()
            self.isComplete(line)

    def test_sequence(self) -> None:
        """
        Pieces that are written in between keep their place.
        """
        for line in self.lines():
            line.transport.cork()
            line.write(3)
            line.writeSequence(4, 5)
            line.write(6)
            line.writeSequence(70000)
            line.write(7)
            line.transport.uncork()
            line.settle()
            self.isComplete(line)

    def test_notAll(self) -> None:
        """
        What the system does not take of it waits for the reactor, and the producer is paused
        where it is much.
        """
        for size, asked in ((20000, []), (60000, []), (200000, ["pause"])):
            line, producer = self.line(), Producer()
            line.transport.registerProducer(producer, True)
            line.transport.cork()
            for _ in range(10):
                line.write(size // 10)
            line.transport.uncork()
            self.assertEqual((producer.asked[:1], self.loop.wants(line.transport)), (asked, (True, True)))
            line.settle()
            self.assertEqual(producer.asked[-1:], asked and ["resume"])
            self.isComplete(line)


class ReadingTests(PromptTestCase):
    """
    What the peer has sent.
    """

    def test_large(self) -> None:
        """
        A frame of 64 KiB and its header come in one read.
        """
        for line in self.lines():
            line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            self.assertGreaterEqual(READ, 65536 + 14)
            self.assertEqual(line.peer.send(MATERIAL[: READ + 5]), READ + 5)
            self.loop.turn()
            self.assertEqual(line.owner.data, [MATERIAL[:READ]])
            self.loop.turn()
            self.assertEqual(line.owner.data, [MATERIAL[:READ], MATERIAL[READ : READ + 5]])

    def test_nothing(self) -> None:
        """
        Where there is nothing to read nothing happens.
        """
        for line in self.lines():
            self.assertIsNone(line.transport.doRead())
            self.assertEqual((line.owner.data, line.owner.lost), ([], []))

    def test_end(self) -> None:
        """
        The peer's end is ours, and comes behind all that it has sent.
        """
        for line in self.lines():
            line.peer.send(b"last")
            line.peer.close()
            line.closed = True
            for _ in range(3):
                self.loop.turn()
            self.assertEqual(line.owner.data, [b"last"])
            self.isOver(line, ConnectionDone)

    def test_reset(self) -> None:
        """
        So is an error.
        """

        def refused(size: int) -> bytes:
            raise ConnectionResetError

        for kind in (TcpTransport, UnixTransport):
            line = self.line(kind)
            line.write(10)
            line.peer.send(b"x")
            line.socket.recv = refused
            self.loop.turn()
            line.read()
            self.isOver(line, ConnectionLost)

    def test_descriptors(self) -> None:
        """
        A descriptor that a peer passes on does not stay open; the bytes that it came with are read.
        """
        line = self.line(UnixTransport)
        reading, writing = os.pipe()
        socket.send_fds(line.peer, [b"x"], [writing])
        os.close(writing)
        self.loop.turn()
        self.assertEqual(line.owner.data, [b"x"])
        # The last one that could write is gone: there is an end to read.
        os.set_blocking(reading, False)
        self.addCleanup(os.close, reading)
        self.assertEqual(os.read(reading, 1), b"")


class Layer:
    """
    A transport above another.
    """

    def __init__(self, below: Any) -> None:
        self.transport = below


class PromptLayer(Layer):
    """
    One that knows what it is to be prompt.
    """

    prompt = False


class CorkedLayer(PromptLayer):
    """
    One that gathers, too.
    """

    def cork(self) -> None:
        """
        Gather.
        """


class ChoiceTests(PromptTestCase):
    """
    Which transports are prompt.
    """

    def test_ours(self) -> None:
        """
        Our own are, when they are asked to be, and can gather.
        """
        for kind in (TcpTransport, UnixTransport):
            line = self.line(kind, isPrompt=False)
            self.assertFalse(line.transport.prompt)
            self.assertIs(prompt(line.transport), True)
            self.assertTrue(line.transport.prompt)

    def test_others(self) -> None:
        """
        Others are left as they are.
        """
        for kind in (tcp.Server, unix.Server):
            line = self.line(kind, isPrompt=False)
            self.assertIs(prompt(line.transport), False)
            self.assertNotIn("prompt", vars(line.transport))
        for other in (object(), None, Layer(None), Layer(object())):
            self.assertIs(prompt(other), False)

    def test_layers(self) -> None:
        """
        Those below are asked, too; only the upmost says whether it can gather.
        """
        line = self.line(isPrompt=False)
        upper = CorkedLayer(PromptLayer(Layer(line.transport)))
        self.assertIs(prompt(upper), True)
        self.assertTrue(upper.prompt and upper.transport.prompt and line.transport.prompt)
        self.assertNotIn("prompt", vars(upper.transport.transport))
        self.assertIs(prompt(Layer(self.line(isPrompt=False).transport)), False)

    def test_startTLS(self) -> None:
        """
        A transport that became TLS's sends nothing in the clear.
        """
        for kind in (TcpTransport, UnixTransport):
            line = self.line(kind, isPrompt=False)
            line.transport.startTLS(certificate().options(), False)
            prompt(line.transport)
            self.assertFalse(line.transport.prompt)
            line.transport.cork()
            line.transport.write(b"secret")
            line.transport.writeSequence([b"secret", b"secret"])
            line.transport.uncork()
            line.settle()
            self.assertNotIn(b"secret", line.heard)

    def test_belowTls(self) -> None:
        """
        TLS in memory above one of ours lets it be prompt.
        """
        line = self.line(isPrompt=False)
        factory = TLSMemoryBIOFactory(certificate().options(), False, Factory.forProtocol(Owner), line.loop)
        above = TLSMemoryBIOProtocol(factory, Owner())
        above.transport = line.transport
        prompt(above)
        self.assertTrue(line.transport.prompt)

    def test_ports(self) -> None:
        """
        A port of Twisted's makes ours; one that makes its own goes on to.
        """
        factory = Factory.forProtocol(Owner)

        class Own(tcp.Server):
            pass

        class OwnPort(tcp.Port):
            transport = Own

        class ElsePort(tcp.Port):
            pass

        for port, expected in (
            (tcp.Port(0, factory, reactor=self.loop), TcpTransport),
            (unix.Port("name", factory, reactor=self.loop), UnixTransport),
            (ElsePort(0, factory, reactor=self.loop), TcpTransport),
            (OwnPort(0, factory, reactor=self.loop), Own),
        ):
            promptPort(port)
            promptPort(port)
            self.assertIs(port.transport, expected)
        self.assertEqual((tcp.Port.transport, unix.Port.transport), (tcp.Server, unix.Server))
        other = object()
        promptPort(other)
        self.assertFalse(hasattr(other, "transport"))

    def test_accepted(self) -> None:
        """
        What such a port accepts is one of ours, over IPv4 and over a UNIX socket.
        """
        factory = Factory.forProtocol(Owner)
        made: list[Any] = []
        factory.buildProtocol = lambda address: made.append(Owner()) or made[-1]  # type: ignore[assignment, func-returns-value]
        path = self.mktemp()[-60:]
        for port, kind, peer in (
            (tcp.Port(0, factory, interface="127.0.0.1", reactor=self.loop), TcpTransport, socket.socket()),
            (unix.Port(path, factory, reactor=self.loop), UnixTransport, socket.socket(socket.AF_UNIX)),
        ):
            self.addCleanup(peer.close)
            promptPort(port)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            port.startListening()
            address = port.getHost()
            peer.connect(path if kind is UnixTransport else (address.host, address.port))
            self.loop.turn()
            transport = made[-1].transport
            self.assertIs(type(transport), kind)
            prompt(transport)
            transport.write(b"at once")
            self.assertEqual(peer.recv(100), b"at once")
            transport.abortConnection()
            port.connectionLost(Failure(ConnectionDone()))
            self.loop.turn()

    def test_names(self) -> None:
        """
        The log and the repr call a connection what Twisted's would; the log goes on to do so when
        the connection has another owner.
        """
        port = tcp.Port(0, Factory(), interface="127.0.0.1", reactor=self.loop)
        port.startListening()
        self.addCleanup(port.connectionLost, Failure(ConnectionDone()))

        class Wire(Owner):
            pass

        for client in (("192.0.2.1", 4711), ("2001:db8::1", 4711, 0, 0)):
            named = []
            for kind in (tcp.Server, TcpTransport):
                transport = kind(socket.socket(), Owner(), client, port, 7, self.loop)
                self.addCleanup(transport.connectionLost, Failure(ConnectionDone()))
                named.append((transport.logPrefix(), repr(transport), transport.hostname, transport.getPeer()))
            self.assertEqual(named[0], named[1])
            self.assertEqual(named[0][0], f"Owner,7,{client[0]}")
            transport.protocol = Wire()
            self.assertEqual(transport.logPrefix(), named[0][0])
            self.assertTrue(repr(transport).startswith("<Wire #7 on "))
            ended = TcpTransport(socket.socket(), Owner(), client, port, 7, self.loop)
            ended.connectionLost(Failure(ConnectionDone()))
            self.assertTrue(repr(ended).startswith("<NoneType #7 on "))
            self.assertEqual(ended.logPrefix(), f"NoneType,7,{client[0]}")

    def test_web(self) -> None:
        """
        An answer of twisted.web, which writes many small pieces, goes out as it always did.
        """
        answers = []
        for kind in (unix.Server, UnixTransport):
            line = self.line(kind, isPrompt=False)
            root = Resource()
            root.putChild(b"", Data(b"page", "text/plain"))
            site = Site(root, timeout=None, reactor=self.loop)
            channel: Any = site.buildProtocol(None)
            line.transport.protocol = channel
            channel.makeConnection(line.transport)
            line.peer.send(b"GET / HTTP/1.0\r\n\r\n")
            line.settle()
            answers.append((line.socket.sent, line.heard.partition(b"\r\n\r\n")[2], line.closed))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][1:], (b"page", True))
