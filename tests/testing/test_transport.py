"""
Tests of L{balws.testing.transport}: as TCP behaves, so does it.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from zope.interface.verify import verifyObject

from balws.wire.transport import unsent
from tests.testing.talking import ConnectedTestCase, HalfTalker, Producer, Talker


class InterfaceTests(ConnectedTestCase):
    """
    What a protocol may ask of its transport.
    """

    def test_interfaces(self) -> None:
        """
        Both ends are TCP transports, which consume and produce.
        """
        connection = self.join()
        for end in (connection.client, connection.server):
            for interface in (ITCPTransport, IPushProducer, IConsumer):
                self.assertTrue(verifyObject(interface, end))

    def test_addresses(self) -> None:
        """
        Each end's host is the other one's peer, and no two clients have the same address.
        """
        connection = self.join()
        self.assertEqual(connection.client.getHost(), connection.server.getPeer())
        self.assertEqual(connection.server.getHost(), connection.client.getPeer())
        self.assertEqual(connection.server.getHost().port, 80)

    def test_options(self) -> None:
        """
        Options of TCP are remembered, and have no effect.
        """
        end = self.join().client
        self.assertEqual((end.getTcpNoDelay(), end.getTcpKeepAlive()), (False, False))
        end.setTcpNoDelay(True)
        end.setTcpKeepAlive(1)  # type: ignore[arg-type]
        self.assertEqual((end.getTcpNoDelay(), end.getTcpKeepAlive()), (True, True))


class WritingTests(ConnectedTestCase):
    """
    Bytes arrive.
    """

    def test_write(self) -> None:
        """
        What is written is there when the write returns, in both directions.
        """
        connection = self.join()
        connection.client.write(b"hello")
        connection.server.writeSequence([b"hel", b"", b"lo"])
        connection.server.write(b"")
        self.assertSeen([b"hello"], [b"hello"])

    def test_notBytes(self) -> None:
        """
        Only bytes can be written, and of a sequence with anything else nothing is.
        """
        connection = self.join()
        self.assertRaises(TypeError, connection.client.write, "text")
        self.assertRaises(TypeError, connection.client.writeSequence, [b"a", bytearray(b"b")])
        self.assertSeen([], [])

    def test_answers(self) -> None:
        """
        An answer to an answer is not read inside of the call that wrote it, but arrives too.
        """
        connection = self.join()
        inside: list[bytes] = []

        def countDown(end: Talker) -> None:
            def then(what: bytes) -> None:
                self.assertEqual(inside, [])
                inside.append(what)
                if what != b"0":
                    end.transport.write(b"%d" % (int(what) - 1))
                inside.clear()

            end.then = then

        countDown(self.near)
        countDown(self.far)
        connection.client.write(b"2000")
        self.assertEqual((len(self.near.seen), self.near.seen[-1]), (1000, b"1"))
        self.assertEqual((len(self.far.seen), self.far.seen[-1]), (1001, b"0"))

    def test_portions(self) -> None:
        """
        A read gets no more than the network's portion.
        """
        connection = self.join()
        connection.client.write(bytes(65537))
        self.assertSeen([], [bytes(65536), bytes(1)])
        self.network.portion = 2
        connection.client.write(b"abc")
        connection.client.write(b"de")
        self.assertSeen([], [b"ab", b"c", b"de"])

    def test_failingProtocol(self) -> None:
        """
        A protocol that fails has its failure in the log and loses its connection.
        """
        connection = self.join()

        def fail(what: object) -> None:
            if isinstance(what, bytes):
                raise ValueError("broken")

        self.far.then = fail
        connection.client.write(b"hello")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertSeen([ConnectionLost], [b"hello", ConnectionLost])
        self.assertEqual(self.network.connections, [])


class ReadingTests(ConnectedTestCase):
    """
    Whoever does not read holds the other one up.
    """

    def test_pause(self) -> None:
        """
        Nothing is read while reading is paused; it waits on the other side, and comes
        when reading goes on.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.write(b"abc")
        self.assertSeen([], [])
        self.assertEqual(unsent(connection.client), 3)
        connection.client.write(b"def")
        connection.server.resumeProducing()
        self.assertSeen([], [b"abcdef"])
        self.assertEqual(unsent(connection.client), 0)

    def test_pausedBetween(self) -> None:
        """
        A protocol that pauses in a read gets no further one.
        """
        connection = self.join()
        self.network.portion = 1
        self.far.then = lambda _: connection.server.pauseProducing()
        connection.client.write(b"ab")
        self.assertSeen([], [b"a"])
        connection.server.resumeProducing()
        self.assertSeen([], [b"b"])

    def test_endWaits(self) -> None:
        """
        Who does not read does not see the end of the connection either.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.loseConnection()
        self.assertSeen([ConnectionDone], [])
        connection.server.resumeProducing()
        self.assertSeen([], [ConnectionDone])

    def test_flushWaits(self) -> None:
        """
        Who closes waits until the other side has read everything.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.write(b"last words")
        connection.client.loseConnection()
        self.assertSeen([], [])
        connection.server.resumeProducing()
        self.assertSeen([ConnectionDone], [b"last words", ConnectionDone])


class ProducerTests(ConnectedTestCase):
    """
    Back-pressure.
    """

    def test_limit(self) -> None:
        """
        A producer is paused above 64 KiB unsent, and resumed when everything is sent.
        """
        connection = self.join()
        producer = Producer()
        connection.client.registerProducer(producer, True)
        connection.server.pauseProducing()
        connection.client.write(bytes(65535))
        connection.client.write(b"1")
        self.assertEqual(producer.asked, [])
        connection.client.write(b"2")
        self.assertEqual(producer.asked, ["pause"])
        connection.server.resumeProducing()
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.assertEqual(sum(map(len, self.far.seen)), 65537)

    def test_pull(self) -> None:
        """
        A producer that does not stream is asked for more each time that all is sent.
        """
        connection = self.join()
        producer = Producer()
        connection.client.registerProducer(producer, False)
        self.assertEqual(producer.asked, ["resume"])
        connection.client.write(b"a")
        connection.client.write(bytes(70000))
        self.assertEqual(producer.asked, ["resume"] * 3)
        connection.client.unregisterProducer()
        connection.client.write(b"b")
        self.assertEqual(producer.asked, ["resume"] * 3)

    def test_two(self) -> None:
        """
        There is one producer at a time.
        """
        end = self.join().client
        first = Producer()
        end.registerProducer(first, True)
        self.assertRaises(RuntimeError, end.registerProducer, Producer(), True)
        end.unregisterProducer()
        end.registerProducer(Producer(), True)
        self.assertEqual(first.asked, [])

    def test_end(self) -> None:
        """
        The end of the connection stops its producer, and one that comes too late at once.
        """
        connection = self.join()
        first, second = Producer(), Producer()
        connection.client.registerProducer(first, True)
        connection.server.loseConnection()
        connection.client.registerProducer(second, True)
        self.assertEqual((first.asked, second.asked), (["stop"], ["stop"]))
        self.assertIsNone(connection.client.producer)

    def test_pausedClose(self) -> None:
        """
        A close waits for a producer that was paused and has more to write.
        """
        connection = self.join()
        producer = Producer()
        connection.client.registerProducer(producer, True)
        connection.server.pauseProducing()
        connection.client.write(bytes(65537))
        connection.client.loseConnection()
        connection.server.resumeProducing()
        self.assertEqual((producer.asked, self.near.seen), (["pause", "resume"], []))
        connection.client.unregisterProducer()
        self.assertEqual(self.near.seen, [ConnectionDone])


class EndTests(ConnectedTestCase):
    """
    The ways in which a connection ends.
    """

    def test_lose(self) -> None:
        """
        A close is a clean one on both sides, and nothing is written or read any more.
        """
        connection = self.join()
        connection.client.stopProducing()
        self.assertSeen([ConnectionDone], [ConnectionDone])
        for end in (connection.client, connection.server):
            end.write(b"too late")
            end.loseConnection()
            end.loseWriteConnection()
            end.abortConnection()
            end.resumeProducing()
            self.assertFalse(end.isReading)
        self.assertSeen([], [])
        self.assertFalse(connection.isOpen)

    def test_loseStopsReading(self) -> None:
        """
        Who closes reads nothing more; what the other side has sent meanwhile is lost.
        """
        connection = self.join()
        self.far.then = lambda what: what == b"bye" and connection.server.write(b"wait!")
        with self.network.turn():
            connection.client.write(b"bye")
            connection.client.loseConnection()
            connection.client.resumeProducing()
        self.assertSeen([ConnectionDone], [b"bye", ConnectionDone])

    def test_abort(self) -> None:
        """
        Who aborts sees that it did, and the other side sees a lost connection, even where it
        does not read; what was not sent is lost.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.write(b"lost")
        connection.client.abortConnection()
        self.assertSeen([ConnectionAborted], [ConnectionLost])

    def test_nobodyThere(self) -> None:
        """
        To write to an end that is gone, when that could not be seen yet, loses the connection.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.loseConnection()
        connection.server.write(b"hello?")
        self.assertSeen([ConnectionDone], [ConnectionLost])

    def test_half(self) -> None:
        """
        A half close leaves the other direction open, for protocols that know of it.
        """
        connection = self.join(HalfTalker(), HalfTalker())
        connection.client.write(b"all")
        connection.client.loseWriteConnection()
        connection.client.write(b"more")
        self.assertSeen(["write lost"], [b"all", "read lost"])
        connection.server.write(b"answer")
        self.assertSeen([b"answer"], [])
        connection.server.loseConnection()
        self.assertSeen(["read lost"], [ConnectionDone])
        connection.client.loseConnection()
        self.assertSeen([ConnectionDone], [])

    def test_halfOther(self) -> None:
        """
        For a protocol that does not know of halves, half a close is a whole one.
        """
        connection = self.join(HalfTalker())
        connection.client.loseWriteConnection()
        self.assertSeen(["write lost", "read lost"], [ConnectionDone])

    def test_halfWaits(self) -> None:
        """
        A half close waits until everything is sent.
        """
        connection = self.join(far=HalfTalker())
        connection.server.pauseProducing()
        connection.client.write(b"all")
        connection.client.loseWriteConnection()
        connection.client.write(b" of it")
        connection.server.resumeProducing()
        self.assertSeen([], [b"all of it", "read lost"])

    def test_halfThenGone(self) -> None:
        """
        Who has half closed and then closes cannot be written to.
        """
        connection = self.join(far=HalfTalker())
        connection.client.loseWriteConnection()
        connection.client.loseConnection()
        self.assertSeen([ConnectionDone], ["read lost"])
        connection.server.write(b"hello?")
        self.assertSeen([], [ConnectionLost])

    def test_otherOwner(self) -> None:
        """
        A transport may get another protocol, which sees the rest.
        """
        connection = self.join()
        heir = connection.server.protocol = Talker()
        heir.makeConnection(connection.server)
        connection.client.write(b"hello")
        connection.client.loseConnection()
        self.assertEqual((heir.seen, self.far.seen), (["made", b"hello", ConnectionDone], []))
