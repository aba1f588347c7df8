"""
Tests of L{balws.testing.listener}: what users test with it, tested.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request

from balws import (
    Caller,
    ConfigurationError,
    ConnectionClosureError,
    ConnectionError,
    HandshakeTimedOut,
    InvalidHandshakeError,
    ListenerConfiguration,
    Service,
    UpgradeError,
    UpgradeService,
    get,
    serviceConfig,
)
from balws.client.client import Client
from balws.config.client import ClientConfiguration, WebSocketRetryConfig
from balws.hub.hub import Hub, sharedHub
from balws.server.listener import Listener
from balws.testing import MemoryListener, MemoryNetwork, RecordingService, serving
from balws.wire.transport import unsent


class Echo(Service):
    """
    Says what it hears.
    """

    def onTextMessage(self, text: str) -> str:
        return text

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


@serviceConfig(subProtocols=["loud"], pingInterval=30, pingTimeout=20, slowConsumerTimeout=10)
class EchoUpgrade(UpgradeService):
    """
    Refuses whom it does not like.
    """

    @get("{name}")
    def get(self, request: Request, name: str, status: int = 0) -> Echo:
        if status:
            raise UpgradeError(f"not you, {name}", status=status)
        return Echo()


class ListenerTestCase(SynchronousTestCase):
    """
    @ivar listener: serves an echo at C{/echo/any}.
    """

    def setUp(self) -> None:
        """
        Listen.
        """
        self.listener = MemoryListener()
        self.listener.attach(EchoUpgrade(), "/echo")
        self.network, self.clock = self.listener.network, self.listener.clock

    def connect(self, path: str = "/echo/ada", **fields: Any) -> Client:
        """
        @return: a new client.
        """
        client: Client = self.successResultOf(self.listener.connect(path, **fields))
        return client

    def assertEchoes(self, client: Client, text: str = "hello") -> None:
        """
        The connection works.
        """
        self.successResultOf(client.writeTextMessage(text))
        self.assertEqual(self.successResultOf(client.readTextMessage()), text)


class ConnectTests(ListenerTestCase):
    """
    Clients of the listener.
    """

    def test_echo(self) -> None:
        """
        A client and a service talk as soon as they are connected.
        """
        client = self.connect()
        self.assertEchoes(client)
        self.successResultOf(client.writeBinaryMessage(b"\x00" * 100000))
        self.assertEqual(self.successResultOf(client.readBinaryMessage()), b"\x00" * 100000)

    def test_many(self) -> None:
        """
        Any number of clients connects in no time, unless a test is about limits.
        """
        for _ in range(101):
            self.connect()
        limited = MemoryListener(serverConfig={"maxConnections": 1})
        limited.attach(EchoUpgrade(), "/echo")
        self.successResultOf(limited.connect("/echo/ada"))
        self.failureResultOf(limited.connect("/echo/ada"), InvalidHandshakeError)

    def test_manyFrames(self) -> None:
        """
        More messages than a connection takes in one turn are all answered.
        """
        service = RecordingService()
        self.listener.attach(serving(service), "/record")
        client = self.connect("/record")
        with self.network.turn():
            for number in range(1000):
                client.writeTextMessage(str(number))
        self.assertEqual(service.calls[1:], [("onTextMessage", str(number)) for number in range(1000)])

    def test_fields(self) -> None:
        """
        Fields of the client's configuration count, single ones and a record's.
        """
        self.assertEqual(self.connect(subProtocols=["loud"]).getNegotiatedSubProtocol(), "loud")
        config = ClientConfiguration(subProtocols=["loud"])
        self.assertEqual(self.connect(config=config).getNegotiatedSubProtocol(), "loud")

    def test_refused(self) -> None:
        """
        What the service refuses is refused, with its status.
        """
        failure = self.failureResultOf(self.listener.connect("/echo/ada?status=403"), InvalidHandshakeError)
        self.assertIn("403", str(failure.value))
        self.failureResultOf(self.listener.connect("/elsewhere"), InvalidHandshakeError)
        self.assertEqual(self.network.connections, [])

    def test_async(self) -> None:
        """
        A client with callbacks has them called.
        """
        service = RecordingService()
        client = self.successResultOf(self.listener.connectAsync("/echo/ada", service, subProtocols=["loud"]))
        self.successResultOf(client.writeTextMessage("hello"))
        self.assertEqual(service.calls, [("onOpen",), ("onTextMessage", "hello")])
        self.assertEqual(client.getNegotiatedSubProtocol(), "loud")
        self.successResultOf(self.listener.connectAsync("/echo/ada")).writeTextMessage("to nobody")

    def test_bareClient(self) -> None:
        """
        An application's own client connects to the listener's endpoint.
        """
        client = self.successResultOf(
            Client.connect("ws://any.example/echo/x", endpoint=self.listener.endpoint, reactor=self.clock)
        )
        self.assertEchoes(client)

    def test_byteByByte(self) -> None:
        """
        Handshake and messages may come one byte at a time.
        """
        self.network.portion = 1
        client = self.connect()
        self.assertEchoes(client, "x" * 1000)
        self.successResultOf(client.close(4000, "bye"))

    def test_callers(self) -> None:
        """
        The callers of open connections to this listener are there, the oldest first, whatever
        the service is.
        """
        self.assertEqual(self.listener.callers, [])
        clients = [self.connect() for _ in range(5)]
        other = MemoryListener(network=self.network)
        other.attach(EchoUpgrade(), "/echo")
        self.successResultOf(other.connect("/echo/x"))
        for number, caller in enumerate(self.listener.callers):
            self.assertIsInstance(caller, Caller)
            caller.writeTextMessage(str(number))
        self.assertEqual([self.successResultOf(each.readTextMessage()) for each in clients], list("01234"))
        self.assertEqual(len(other.callers), 1)
        before = self.listener.callers
        self.successResultOf(clients[1].close())
        self.assertEqual(self.listener.callers, before[:1] + before[2:])

    def test_waiting(self) -> None:
        """
        While the service thinks the client waits, and connects when it is let in.
        """
        answer: Deferred[Service] = Deferred()

        class Thinking(UpgradeService):
            def get(self) -> Deferred[Service]:
                return answer

        self.listener.attach(Thinking(), "/thinking")
        connecting = self.listener.connect("/thinking")
        self.assertNoResult(connecting)
        with self.network.turn():
            answer.callback(Echo())
        self.assertEchoes(self.successResultOf(connecting))


class ConfigurationTests(SynchronousTestCase):
    """
    What a listener in memory is given.
    """

    def test_listener(self) -> None:
        """
        It is a listener with the fields of any, that listens on a port.
        """
        listener = MemoryListener(requestLimits={"maxUriLength": 10})
        self.assertIsInstance(listener, Listener)
        self.assertEqual(listener.port, 80)
        listener.attach(serving(Echo()), "/echo")
        self.successResultOf(listener.connect("/echo"))
        failure = self.failureResultOf(listener.connect("/echo?more=1"), InvalidHandshakeError)
        self.assertIn("414", str(failure.value))
        self.assertRaises(ConfigurationError, MemoryListener, timeout=-1)

    def test_record(self) -> None:
        """
        A record is taken as well.
        """
        listener = MemoryListener(ListenerConfiguration(webSocketCompressionEnabled=False))
        listener.attach(serving(Echo()), "/echo")
        response = self.successResultOf(listener.connect("/echo")).getHttpResponse()
        assert response is not None
        self.assertEqual((response.status, response.header("sec-websocket-extensions")), (101, None))

    def test_hub(self) -> None:
        """
        It has a hub of its own unless it is given one.
        """
        hub = Hub()
        self.assertIs(MemoryListener(hub=hub).hub, hub)
        first, second = MemoryListener().hub, MemoryListener().hub
        self.assertEqual(len({id(each) for each in (first, second, sharedHub())}), 3)

    def test_network(self) -> None:
        """
        Listeners may share a network, each at a place of its own.
        """
        network = MemoryNetwork()
        listeners = [MemoryListener(network=network) for _ in range(2)]
        self.assertEqual([each.port for each in listeners], [80, 81])
        self.assertIs(listeners[0].clock, network.clock)


class TimeTests(ListenerTestCase):
    """
    Time that a test lets pass.
    """

    def test_keepAlive(self) -> None:
        """
        A connection on which nobody says anything stays for a day.
        """
        client = self.connect()
        self.clock.advance(86400)
        self.assertEchoes(client)

    def test_silence(self) -> None:
        """
        A peer that has gone without a word is noticed when it answers no ping.
        """
        client = self.connect(pingInterval=0)
        self.network.hold()
        self.clock.advance(49)
        self.assertEqual(len(self.listener.callers), 1)
        self.clock.advance(2)
        self.assertEqual(self.listener.callers, [])
        self.network.release()
        failure = self.failureResultOf(client.readTextMessage(), ConnectionClosureError)
        self.assertEqual(failure.value.statusCode, 1006)

    def test_handshake(self) -> None:
        """
        A server that does not answer is given up.
        """
        self.network.hold()
        connecting = self.listener.connect("/echo/ada", handShakeTimeout=5)
        self.clock.advance(4.9)
        self.assertNoResult(connecting)
        self.clock.advance(0.2)
        self.failureResultOf(connecting, HandshakeTimedOut)

    def test_nothingLeft(self) -> None:
        """
        When all is over no call is left on the clock.
        """
        client = self.connect()
        self.successResultOf(client.close())
        self.successResultOf(self.listener.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class StopTests(ListenerTestCase):
    """
    A server that goes, and may come back.
    """

    def test_stop(self) -> None:
        """
        A stop drops everybody, and nobody is accepted until it is started again.
        """
        client = self.connect()
        self.successResultOf(self.listener.stop())
        failure = self.failureResultOf(client.readTextMessage(), ConnectionClosureError)
        self.assertEqual(failure.value.statusCode, 1006)
        self.failureResultOf(self.listener.connect("/echo/ada"), ConnectionError)
        self.successResultOf(self.listener.start())
        self.assertEqual(self.listener.port, 80)
        self.assertEchoes(self.connect())

    def test_graceful(self) -> None:
        """
        A graceful stop says 1001 to everybody, and is over when all have answered.
        """
        clients = [self.connect() for _ in range(3)]
        self.successResultOf(self.listener.gracefulStop())
        for client in clients:
            failure = self.failureResultOf(client.readTextMessage(), ConnectionClosureError)
            self.assertEqual(failure.value.statusCode, 1001)

    def test_gracefulTimeout(self) -> None:
        """
        A graceful stop waits for those who do not answer as long as it was told to.
        """
        self.connect()
        self.network.hold()
        stopping = self.listener.gracefulStop(10)
        self.clock.advance(9.9)
        self.assertNoResult(stopping)
        self.clock.advance(0.1)
        self.successResultOf(stopping)

    def test_retry(self) -> None:
        """
        A client that connects again finds the listener when it is back.
        """
        client = self.connect(retryConfig=WebSocketRetryConfig(interval=1))
        self.listener.stop()
        self.clock.advance(2)
        self.assertTrue(client.isReconnecting())
        self.listener.start()
        self.clock.advance(1)
        self.assertEchoes(client)

    def test_retryRefused(self) -> None:
        """
        A client whose attempts are all refused gives up.
        """
        client = self.connect(retryConfig={"interval": 1, "maxCount": 3})
        reading = client.readTextMessage()
        self.network.refusing = True
        self.network.cut()
        self.clock.advance(3.1)
        self.failureResultOf(reading, ConnectionError)
        self.network.refusing = False
        self.assertEchoes(self.connect())


class LossTests(ListenerTestCase):
    """
    Connections that are lost, and peers that do not read.
    """

    def test_cut(self) -> None:
        """
        A line that breaks is 1006 for both sides.
        """
        service = RecordingService()
        self.listener.attach(serving(service), "/record")
        client = self.connect("/record")
        self.network.cut()
        failure = self.failureResultOf(client.readTextMessage(), ConnectionClosureError)
        self.assertEqual(failure.value.statusCode, 1006)
        self.assertEqual(service.calls, [("onOpen",), ("onClose", 1006, "")])

    def test_half(self) -> None:
        """
        A message of which only a part has arrived is not one.
        """
        service = RecordingService()
        self.listener.attach(serving(service), "/record")
        client = self.connect("/record")
        self.network.hold()
        client.writeTextMessage("hello")
        self.network.release(10)
        self.assertEqual(service.calls, [("onOpen",)])
        self.network.release(1)
        self.assertEqual(service.calls, [("onOpen",), ("onTextMessage", "hello")])

    def test_backPressure(self) -> None:
        """
        What is written to a peer that does not read waits, and is written when it reads.
        """
        client = self.connect(webSocketCompressionEnabled=False)
        (caller,) = self.listener.callers
        (connection,) = self.network.connections
        connection.client.pauseProducing()
        written = [caller.writeBinaryMessage(bytes(30000)) for _ in range(4)]
        self.assertEqual([each.called for each in written], [True, True, False, False])
        self.assertGreater(unsent(connection.server), 120000)
        connection.client.resumeProducing()
        for each in written:
            self.successResultOf(each)
        self.assertEqual(len(self.successResultOf(client.readBinaryMessage())), 30000)

    def test_slow(self) -> None:
        """
        Who does not read for too long is dropped.
        """
        self.connect(pingInterval=0, webSocketCompressionEnabled=False)
        (caller,) = self.listener.callers
        (connection,) = self.network.connections
        connection.client.pauseProducing()
        written = [caller.writeBinaryMessage(bytes(500000)) for _ in range(3)]
        self.clock.advance(10.1)
        self.failureResultOf(written[-1], ConnectionClosureError)
        self.assertEqual((self.listener.callers, self.network.connections), ([], []))

    def test_unread(self) -> None:
        """
        A client that reads no messages stops its server when enough of them wait.
        """
        self.connect(maxPendingMessages=4)
        (caller,) = self.listener.callers
        (connection,) = self.network.connections
        for number in range(10):
            caller.writeTextMessage(str(number))
        self.assertFalse(connection.client.isReading)
        self.assertGreater(unsent(connection.server), 0)

    def test_reset(self) -> None:
        """
        A peer that resets its connection is a lost one for the other side.
        """
        service = RecordingService()
        client = self.successResultOf(self.listener.connectAsync("/echo/ada", service))
        (connection,) = self.network.connections
        connection.server.abortConnection()
        self.assertEqual(service.calls, [("onOpen",), ("onClose", 1006, "")])
        self.assertFalse(client.isOpen())
        self.assertFalse(issubclass(ConnectionLost, ConnectionError))
