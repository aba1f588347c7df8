"""
Tests of L{balws.testing.endpoint}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionRefusedError, NoProtocol
from twisted.internet.interfaces import IListeningPort, IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.testing import MemoryNetwork
from tests.testing.talking import Talker


class Counting(Factory):
    """
    Counts what was asked of it.
    """

    noisy = False

    def __init__(self, protocol: object = Talker) -> None:
        self.built = protocol
        self.asked: list[str] = []
        self.protocols: list[Talker] = []

    def startFactory(self) -> None:
        self.asked.append("start")

    def stopFactory(self) -> None:
        self.asked.append("stop")

    def buildProtocol(self, addr: object) -> Talker | None:  # type: ignore[override]
        self.asked.append("build")
        if self.built is not Talker:
            if self.built is None:
                return None
            raise ValueError("no protocol today")
        self.protocols.append(Talker())
        return self.protocols[-1]


class EndpointTests(SynchronousTestCase):
    """
    To listen, and to connect.
    """

    def setUp(self) -> None:
        """
        A place to do both.
        """
        self.network = MemoryNetwork()
        self.endpoint = self.network.endpoint()
        self.server, self.client = Counting(), Counting()

    def test_interfaces(self) -> None:
        """
        One endpoint serves servers and clients, and what listens is a port.
        """
        self.assertTrue(verifyObject(IStreamServerEndpoint, self.endpoint))
        self.assertTrue(verifyObject(IStreamClientEndpoint, self.endpoint))
        port = self.successResultOf(self.endpoint.listen(self.server))
        self.assertTrue(verifyObject(IListeningPort, port))
        self.assertEqual(port.getHost(), self.endpoint.address)

    def test_connect(self) -> None:
        """
        A connection has a protocol of each factory at its ends.
        """
        self.successResultOf(self.endpoint.listen(self.server))
        protocol = self.successResultOf(self.endpoint.connect(self.client))
        self.assertIs(protocol, self.client.protocols[0])
        (connection,) = self.network.connections
        self.assertIs(connection.client.protocol, protocol)
        self.assertIs(connection.server.protocol, self.server.protocols[0])
        self.assertEqual(self.client.asked, ["start", "build"])
        connection.client.loseConnection()
        self.assertEqual(self.client.asked, ["start", "build", "stop"])
        self.assertEqual(self.server.asked, ["start", "build"])

    def test_nobody(self) -> None:
        """
        Where nobody listens a connection is refused, and the factory is not even asked.
        """
        other = self.network.endpoint()
        self.successResultOf(self.endpoint.listen(self.server))
        self.failureResultOf(other.connect(self.client), ConnectionRefusedError)
        self.assertEqual((self.client.asked, self.network.connections), ([], []))

    def test_taken(self) -> None:
        """
        Two cannot listen at one place; when the first one has stopped another can.
        """
        port = self.successResultOf(self.endpoint.listen(self.server))
        other = Counting()
        self.failureResultOf(self.network.endpoint(80).listen(other), CannotListenError)
        self.assertEqual(other.asked, [])
        self.successResultOf(port.stopListening())
        self.successResultOf(self.endpoint.listen(other))
        self.successResultOf(port.stopListening())  # again, which does not stop the other
        self.successResultOf(self.endpoint.connect(self.client))
        self.assertEqual((self.server.asked, other.asked), (["start", "stop"], ["start", "build"]))

    def test_stopListening(self) -> None:
        """
        When nobody listens any more connections go on, and no other is made until somebody
        listens again.
        """
        port = self.successResultOf(self.endpoint.listen(self.server))
        self.successResultOf(self.endpoint.connect(self.client))
        self.successResultOf(port.stopListening())
        self.failureResultOf(self.endpoint.connect(self.client), ConnectionRefusedError)
        self.network.connections[0].client.write(b"still there?")
        self.assertEqual(self.server.protocols[0].seen, ["made", b"still there?"])
        port.startListening()
        self.successResultOf(self.endpoint.connect(self.client))
        self.assertEqual(len(self.network.connections), 2)

    def test_noProtocol(self) -> None:
        """
        A factory that has no protocol for the connection has none, as with TCP.
        """
        self.successResultOf(self.endpoint.listen(self.server))
        for built, error in ((None, NoProtocol), (ValueError, ValueError)):
            factory = Counting(built)
            self.failureResultOf(self.endpoint.connect(factory), error)
            self.assertEqual(factory.asked, ["start", "build", "stop"])
        self.assertEqual(self.network.connections, [])

    def test_noServer(self) -> None:
        """
        A server that has no protocol for a client closes at once; what failed is in the log.
        """
        for built, logged in ((None, 0), (ValueError, 1)):
            endpoint = self.network.endpoint()
            self.successResultOf(endpoint.listen(Counting(built)))
            protocol = self.successResultOf(endpoint.connect(self.client))
            self.assertEqual(protocol.seen, ["made", ConnectionDone])
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), logged)
        self.assertEqual(self.network.connections, [])

    def test_failingProtocol(self) -> None:
        """
        A protocol that fails when it is connected loses its connection.
        """

        class Failing(Talker):
            def connectionMade(self) -> None:
                raise ValueError("broken")

        self.successResultOf(self.endpoint.listen(self.server))
        self.successResultOf(self.endpoint.connect(Factory.forProtocol(Failing)))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.network.connections, [])

    def test_cancel(self) -> None:
        """
        An attempt that is cancelled while the network is held makes no connection.
        """
        self.successResultOf(self.endpoint.listen(self.server))
        self.network.hold()
        attempt = self.endpoint.connect(self.client)
        self.assertNoResult(attempt)
        attempt.cancel()
        self.network.release()
        self.failureResultOf(attempt, CancelledError)
        self.assertEqual((self.client.asked, self.network.connections), ([], []))
