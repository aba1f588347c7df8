"""
Tests of L{balws.testing.network} and L{balws.testing.connection}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Factory

from balws.testing import MemoryNetwork
from tests.testing.talking import ConnectedTestCase, HalfTalker, Producer, Talker


class PlaceTests(ConnectedTestCase):
    """
    Places on the network.
    """

    def test_numbers(self) -> None:
        """
        Places without a number get one that was not asked for.
        """
        network = MemoryNetwork()
        ports = [network.endpoint(number).address.port for number in (None, None, 9090, None, 80)]
        self.assertEqual(ports, [80, 81, 9090, 9091, 80])

    def test_clients(self) -> None:
        """
        Each connection comes from an address of its own, and is listed until it ends.
        """
        network = MemoryNetwork()
        endpoint = network.endpoint()
        self.successResultOf(endpoint.listen(Factory.forProtocol(Talker)))
        for _ in range(3):
            self.successResultOf(endpoint.connect(Factory.forProtocol(Talker)))
        first, second, third = network.connections
        self.assertEqual(len({each.client.getHost() for each in (first, second, third)}), 3)
        second.client.loseConnection()
        self.assertEqual(network.connections, [first, third])


class TurnTests(ConnectedTestCase):
    """
    When things arrive.
    """

    def test_together(self) -> None:
        """
        What is written in one turn arrives at its end, in one read.
        """
        connection = self.join()
        with self.network.turn():
            connection.client.write(b"to")
            with self.network.turn():
                connection.client.write(b"get")
            connection.client.write(b"her")
            self.assertSeen([], [])
        self.assertSeen([], [b"together"])

    def test_failure(self) -> None:
        """
        A turn that fails has still delivered, and the next one works.
        """
        connection = self.join()

        def fail() -> None:
            with self.network.turn():
                connection.client.write(b"one")
                raise ValueError("a test's own")

        self.assertRaises(ValueError, fail)
        connection.client.write(b"two")
        self.assertSeen([], [b"one", b"two"])

    def test_calls(self) -> None:
        """
        What a delayed call writes arrives before the next call is made.
        """
        connection = self.join()
        self.network.clock.callLater(1, connection.client.write, b"one")
        self.network.clock.callLater(1, self.far.told, "call")
        self.network.clock.advance(1)
        self.assertSeen([], [b"one", "call"])

    def test_withoutDelay(self) -> None:
        """
        A call without delay is made as soon as nothing is left to deliver, in any number.
        """
        connection = self.join()

        def then(what: object) -> None:
            if isinstance(what, bytes) and what != b"0":
                self.network.clock.callLater(0, connection.server.write, what)

        self.far.then = then
        self.near.then = lambda what: connection.client.write(b"%d" % (int(what) - 1))
        connection.client.write(b"100")
        self.assertEqual(self.far.seen[-1], b"0")
        self.assertEqual(len(self.far.seen), 101)

    def test_endless(self) -> None:
        """
        What calls itself for ever without delay is found out.
        """
        connection = self.join()

        def again() -> None:
            self.call = self.network.clock.callLater(0, again)

        self.network.clock.callLater(0, again)
        self.assertRaises(AssertionError, connection.client.write, b"hello")
        self.call.cancel()
        connection.client.write(b"again")
        self.assertSeen([], [b"hello", b"again"])

    def test_failingCall(self) -> None:
        """
        A delayed call that fails does so where the test has let time pass.
        """
        connection = self.join()
        self.network.clock.callLater(1, lambda: 1 / 0)
        self.assertRaises(ZeroDivisionError, self.network.clock.advance, 1)
        connection.client.write(b"hello")
        self.assertSeen([], [b"hello"])


class HoldTests(ConnectedTestCase):
    """
    A network on which nothing moves.
    """

    def test_hold(self) -> None:
        """
        While the network is held nothing arrives; afterwards all does, once and in order.
        """
        connection = self.join()
        self.network.hold()
        connection.client.write(b"a")
        connection.client.write(b"b")
        connection.server.write(b"c")
        self.assertSeen([], [])
        self.network.release()
        self.assertSeen([b"c"], [b"ab"])
        connection.client.write(b"d")
        self.assertSeen([], [b"d"])

    def test_some(self) -> None:
        """
        So many bytes arrive at each end as are released, and no more.
        """
        connection = self.join()
        self.network.hold()
        connection.client.write(b"abcde")
        connection.server.write(b"xy")
        self.network.release(3)
        self.assertSeen([b"xy"], [b"abc"])
        self.network.release(1)
        self.assertSeen([], [b"d"])
        self.far.then = connection.server.write
        self.network.release(4)
        self.assertSeen([], [b"e"])
        self.network.release(1)
        self.assertSeen([b"e"], [])

    def test_backPressure(self) -> None:
        """
        What is held is unsent, and a producer sees it.
        """
        connection = self.join()
        producer = Producer()
        connection.client.registerProducer(producer, True)
        self.network.hold()
        connection.client.write(bytes(70000))
        self.network.release(69999)
        self.assertEqual(producer.asked, ["pause"])
        self.network.release(1)
        self.assertEqual(producer.asked, ["pause", "resume"])

    def test_ends(self) -> None:
        """
        The end of a connection is held too; the end that made it sees it at once.
        """
        for act, near, far in (
            ("loseConnection", ConnectionDone, ConnectionDone),
            ("abortConnection", ConnectionAborted, ConnectionLost),
        ):
            connection = self.join()
            self.network.hold()
            getattr(connection.client, act)()
            self.assertSeen([near], [])
            self.assertEqual(self.network.connections, [connection])
            connection.server.write(b"hello?")
            self.assertSeen([], [])
            self.network.release()
            self.assertSeen([], [far])
            self.assertEqual(self.network.connections, [])

    def test_endAfterBytes(self) -> None:
        """
        The end comes after the last byte, not before.
        """
        connection = self.join(HalfTalker(), HalfTalker())
        self.network.hold()
        connection.client.write(b"ab")
        connection.client.loseWriteConnection()
        self.network.release(1)
        self.assertSeen([], [b"a"])
        self.network.release(1)
        self.assertSeen(["write lost"], [b"b", "read lost"])

    def test_connections(self) -> None:
        """
        Connections are not made while the network is held.
        """
        network = MemoryNetwork()
        endpoint = network.endpoint()
        self.successResultOf(endpoint.listen(Factory.forProtocol(Talker)))
        network.hold()
        attempt = endpoint.connect(Factory.forProtocol(Talker))
        self.assertNoResult(attempt)
        network.release(1)
        self.successResultOf(attempt)
        second = endpoint.connect(Factory.forProtocol(Talker))
        network.release()
        self.successResultOf(second)

    def test_pausedToo(self) -> None:
        """
        A release moves nothing to an end that does not read.
        """
        connection = self.join()
        self.network.hold()
        connection.server.pauseProducing()
        connection.client.write(b"a")
        self.network.release(1)
        connection.server.resumeProducing()
        self.assertSeen([], [])
        self.network.release(1)
        self.assertSeen([], [b"a"])


class CutTests(ConnectedTestCase):
    """
    Broken lines, and servers that are down.
    """

    def test_cut(self) -> None:
        """
        When a line breaks both ends have lost their connection, and what was not sent is lost.
        """
        connection = self.join()
        connection.server.pauseProducing()
        connection.client.write(b"lost")
        connection.cut()
        self.assertSeen([ConnectionLost], [ConnectionLost])
        self.assertFalse(connection.isOpen)
        connection.cut()
        self.assertSeen([], [])

    def test_all(self) -> None:
        """
        A network that is cut has no connections, and new ones can be made.
        """
        network = MemoryNetwork()
        endpoint = network.endpoint()
        self.successResultOf(endpoint.listen(Factory.forProtocol(Talker)))
        clients = [self.successResultOf(endpoint.connect(Factory.forProtocol(Talker))) for _ in range(2)]
        network.cut()
        self.assertEqual([each.seen for each in clients], [["made", ConnectionLost]] * 2)
        self.assertEqual(network.connections, [])
        self.successResultOf(endpoint.connect(Factory.forProtocol(Talker)))

    def test_refusing(self) -> None:
        """
        A network that refuses makes no connection, and leaves those alone that there are.
        """
        connection = self.join()
        endpoint = self.network.endpoint(80)
        self.network.refusing = True
        self.failureResultOf(endpoint.connect(Factory.forProtocol(Talker)), ConnectionRefusedError)
        connection.client.write(b"hello")
        self.assertSeen([], [b"hello"])
        self.network.refusing = False
        self.successResultOf(endpoint.connect(Factory.forProtocol(HalfTalker)))
