"""
Tests of L{balws.wire.transport}.
"""

from __future__ import annotations

import gc
import socket
from typing import Any
from weakref import ref

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.transport import Lingering, close, give, shutdownWriting, unsent
from tests.rows.raw import TEXT, closing, frame
from tests.wire.secured import Secured
from tests.wire.transports import Rig, Transport, WireTestCase


class Reactor(MemoryReactor):
    """
    Knows who wants to write.
    """

    def callLater(self, delay: float, function: Any, *arguments: Any) -> None:
        """
        Nothing is ever due here.
        """


class RealTests(SynchronousTestCase):
    """
    On Twisted's own TCP transport and a pair of sockets.
    """

    def setUp(self) -> None:
        """
        A connection that nobody reads from.
        """
        ours, self.peer = socket.socketpair()
        self.addCleanup(self.peer.close)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.reactor = Reactor()
        self.protocol = Protocol()
        self.transport = Connection(ours, self.protocol, self.reactor)  # type: ignore[arg-type]
        self.transport.connected = 1
        self.addCleanup(ours.close)

    def test_unsent(self) -> None:
        """
        What was written and what the kernel has not taken is unsent, wherever the transport
        keeps it.
        """
        self.assertEqual(unsent(self.transport), 0)
        self.transport.write(b"a" * 100)
        self.transport.writeSequence([b"b" * 50, b"c" * 50])
        self.assertEqual(unsent(self.transport), 200)
        self.transport.doWrite()
        self.assertEqual(unsent(self.transport), 0)
        self.transport.write(bytes(1_000_000))
        self.transport.doWrite()
        taken = 1_000_000 - unsent(self.transport)
        self.assertTrue(0 < taken < 500_000, taken)
        self.transport.write(bytes(10))
        self.assertEqual(unsent(self.transport), 1_000_010 - taken)
        self.peer.setblocking(True)
        self.assertEqual(unsent(self.transport), 1_000_010 - taken)
        read = 0
        while unsent(self.transport):
            read += len(self.peer.recv(2**20))
            self.transport.doWrite()
        self.assertLessEqual(read, 1_000_210)

    def test_half(self) -> None:
        """
        Last words arrive, then the end, and what the peer still sends is read.
        """
        self.transport.stopReading()
        self.transport.write(b"last words")
        shutdownWriting(self.transport)
        self.assertIn(self.transport, self.reactor.getReaders())
        self.transport.doWrite()
        self.assertEqual((self.peer.recv(100), self.peer.recv(100)), (b"last words", b""))
        received: list[bytes] = []
        self.protocol.dataReceived = received.append  # type: ignore[method-assign, assignment]
        self.peer.send(b"more")
        self.transport.doRead()
        self.assertEqual(received, [b"more"])

    def test_owner(self) -> None:
        """
        A transport's bytes and its end go to whom it was given.
        """
        owner = Lingering(Clock(), 5)
        give(self.transport, owner)
        self.assertIs(self.transport.protocol, owner)
        self.peer.send(b"more")
        self.transport.doRead()
        self.transport.connectionLost(Failure(ConnectionDone()))
        self.assertIsNone(owner._deadline)


class UnsentTests(SynchronousTestCase):
    """
    What other transports hold.
    """

    def test_buffers(self) -> None:
        """
        Both buffers of a TCP transport count, less what is gone.
        """
        transport = Transport()
        transport.dataBuffer = b"a" * 100
        transport.offset = 30
        transport._tempDataLen = 5
        self.assertEqual(unsent(transport), 75)

    def test_wrapped(self) -> None:
        """
        What wraps a transport and passes its attributes on is not counted twice.
        """
        below = Transport()
        wrappers = [WrappingFactory(Factory.forProtocol(Protocol)) for _ in range(2)]
        inner = ProtocolWrapper(wrappers[0], Protocol())
        outer = ProtocolWrapper(wrappers[1], inner)
        outer.makeConnection(below)
        below.dataBuffer = b"a" * 100
        below._tempDataLen = 5
        self.assertEqual((unsent(inner), unsent(outer)), (105, 105))

    def test_unknown(self) -> None:
        """
        A transport that does not tell holds nothing.
        """
        self.assertEqual(unsent(object()), 0)


class EndTests(SynchronousTestCase):
    """
    Last words.
    """

    def test_halves(self) -> None:
        """
        A transport with halves is read on, also where it was paused; its producer is not
        waited for.
        """
        transport = Transport()
        transport.registerProducer(object(), True)
        transport.pauseProducing()
        shutdownWriting(transport)
        self.assertEqual((transport.calls, transport.reading, transport.producer), (["half"], True, None))

    def test_whole(self) -> None:
        """
        A transport that has no halves is closed as a whole.
        """

        class Whole(Transport):
            loseWriteConnection: Any = None

        transport = Whole()
        shutdownWriting(transport)
        self.assertEqual(transport.calls, ["lose"])

    def test_close(self) -> None:
        """
        A close flushes, waits for no producer, and closes what is below as well.
        """
        transport = Transport()
        transport.registerProducer(object(), True)
        close(transport)
        self.assertEqual((transport.calls, transport.producer), (["lose"], None))
        above: Any = Transport()
        above.transport = transport = Transport()
        close(above)
        self.assertEqual((above.calls, transport.calls), (["lose"], ["lose"]))

    def test_lingering(self) -> None:
        """
        The new owner throws away what comes and drops the connection in time.
        """
        clock, transport = Clock(), Transport()
        owner = Lingering(clock, 5)
        give(transport, owner)
        self.assertIs(transport.protocol, owner)
        clock.advance(4.9)
        owner.dataReceived(b"more")
        self.assertEqual(transport.calls, ["half"])
        clock.advance(0.1)
        self.assertEqual(transport.calls, ["half", "abort"])
        transport.lose(ConnectionDone())
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_lingeringEnds(self) -> None:
        """
        A peer that goes in time leaves no timer.
        """
        clock, transport = Clock(), Transport()
        give(transport, Lingering(clock, 5))
        clock.advance(1)
        transport.lose(ConnectionDone())
        self.assertEqual((transport.calls, clock.getDelayedCalls()), (["half"], []))

    def test_producer(self) -> None:
        """
        The old owner's producer is gone before the new owner registers one.
        """
        transport = Transport()
        transport.registerProducer(object(), True)

        class Owner(Protocol):
            def connectionMade(self) -> None:
                transport.registerProducer(self, True)

        owner = Owner()
        give(transport, owner)
        self.assertIs(transport.producer, owner)


class SecuredTests(WireTestCase):
    """
    A wire on TLS.
    """

    def setUp(self) -> None:
        """
        TLS has shaken hands, and a wire has its transport.
        """
        self.rig = Rig()
        self.secured = Secured(Factory.forProtocol(Protocol), self.rig.clock)
        self.wire: Any = self.rig.factory.buildProtocol(None)
        give(self.secured.tls, self.wire)
        self.wire.open(self.rig.session, b"101")
        self.rig.session.seen.clear()
        self.secured.pump()

    def heard(self) -> bytes:
        """
        @return: what the client has got since the last time.
        """
        heard, self.secured.heard = self.secured.heard, b""
        return heard

    def test_messages(self) -> None:
        """
        Messages pass both ways.
        """
        self.assertTrue(self.wire.isSecure)
        self.secured.send(frame(TEXT, b"in"))
        self.wire.sendText("out")
        self.secured.pump()
        self.assertEqual((self.rig.session.seen, self.heard()), (["in"], b"101\x81\x03out"))

    def test_unsent(self) -> None:
        """
        What the TCP below holds is counted, once; above 64 KiB a write waits.
        """
        self.secured.below.peerReads = False
        waiting = self.wire.sendBinary(bytes(100_000))
        self.rig.clock.advance(0)
        held = unsent(self.secured.tls)
        self.assertEqual(held, unsent(self.secured.below))
        self.assertTrue(100_000 < held < 102_000, held)
        waiting = self.wire.sendText("a")
        self.assertNoResult(waiting)
        self.secured.below.drain()
        self.assertIsNone(self.successResultOf(waiting))

    def test_fail(self) -> None:
        """
        A failure's close frame arrives with all that was written before it, then TLS itself
        says that no more comes; when the peer has said so too, TCP ends.
        """
        self.heard()
        self.wire.sendText("before")
        self.secured.send(frame(TEXT, b"\xff"))
        heard = self.heard()
        self.assertEqual(heard[:12], b"\x81\x06before\x88\x38\x03\xef")
        self.assertTrue(self.secured.ended)
        self.assertEqual(self.secured.below.calls, [])
        self.secured.send(frame(TEXT, b"more"))
        self.assertEqual(len(self.rig.session.seen), 2)
        self.secured.end()
        self.assertEqual(self.secured.below.calls, ["lose"])
        self.secured.below.lose(ConnectionDone())
        self.assertEqual(self.rig.session.seen[-1][:2], ("ended", 1007))
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])

    def test_failStuck(self) -> None:
        """
        A peer that does not say so is dropped after a while.
        """
        self.wire.pauseReading()
        self.wire.fail(1011, "words", ValueError())
        self.secured.pump()
        self.assertTrue(self.secured.below.reading)
        self.rig.clock.advance(5)
        self.assertEqual(self.secured.below.calls, ["abort"])

    def test_close(self) -> None:
        """
        A closing handshake ends with TLS's own good-bye; TCP ends then, whether or not the peer
        says it, too (RFC 8446 section 6.1).
        """
        self.heard()
        self.secured.send(closing(1000))
        self.assertEqual((self.heard(), self.secured.ended), (b"\x88\x02\x03\xe8", True))
        self.assertEqual(self.secured.below.calls, ["lose"])
        self.secured.below.lose(ConnectionDone())
        self.assertEqual(self.rig.session.seen[-1], ("ended", 1000, ""))
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])

    def test_freed(self) -> None:
        """
        Nothing of the wire stays when it has ended.
        """
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.secured.below.lose(ConnectionDone())
        watched = ref(self.wire)
        del self.wire
        self.secured.tls = None
        self.assertIsNone(watched())
