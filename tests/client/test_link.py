"""
Tests of L{balws.client.link}.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from balws import CustomCloseFrame, Service
from balws.client import retry, unsent
from balws.client.client import Client
from balws.client.link import closure
from balws.errors import (
    ConnectionClosureError,
    ConnectionError,
    CorruptedFrameError,
    Error,
    HandshakeTimedOut,
    InvalidHandshakeError,
    ReadTimedOutError,
)
from tests.client.peers import ClientTestCase, RawServer, accepts, answers, closing, head, silent, text
from tests.client.test_connecting import Stalling
from tests.rows.raw import TEXT, frame


@implementer(IStreamClientEndpoint)
class Breaking:
    """
    Connects until it is broken.
    """

    isBroken = False

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def connect(self, factory: Any) -> Deferred[Any]:
        if self.isBroken:
            raise ValueError("a fault")
        return self._endpoint.connect(factory)


class Pipe(StringTransport):
    """
    A transport with the least there can be, gone in the call that aborts it.
    """

    @classmethod
    def establish(cls, factory: Any, connecting: Deferred[Any]) -> Pipe:
        """
        A server is there and says yes.

        @return: the client's transport.
        """
        pipe = cls()
        pipe.protocol = factory.buildProtocol(None)
        pipe.protocol.makeConnection(pipe)
        connecting.callback(pipe.protocol)
        server = RawServer(accepts())
        server.makeConnection(StringTransport())
        server.dataReceived(pipe.value())
        pipe.protocol.dataReceived(server.transport.value())
        return pipe

    def unregisterProducer(self) -> None:
        self.producer = None

    def abortConnection(self) -> None:
        super().abortConnection()
        self.protocol.connectionLost(Failure(ConnectionAborted()))


BUSY = answers(head("503 Busy", ("Content-Length", "0")))


class RetryTestCase(ClientTestCase):
    """
    Clients that connect again, with waits that are as long as they can be.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(retry, "_uniform", lambda low, high: high)
        self.told: list[Any] = []

    def lasting(self, **fields: Any) -> Client:
        """
        @return: a client that connects again every two seconds, without keep-alive.
        """
        return self.connect(**{"retryConfig": {"interval": 2}, "pingInterval": 0, **fields})

    def callbacks(self, **then: Any) -> dict[str, Any]:
        """
        @return: fields of a configuration that record what is called.
        """

        def onReconnecting(client: Client, problem: Exception) -> Any:
            self.told.append(("lost", str(problem), client.isReconnecting(), client.isOpen()))
            return then["lost"](client) if "lost" in then else None

        def onReconnected(client: Client) -> Any:
            self.told.append(("back", client.isReconnecting(), client.isOpen()))
            return then["back"](client) if "back" in then else None

        return {"onReconnecting": onReconnecting, "onReconnected": onReconnected}

    @property
    def attempts(self) -> int:
        """
        @return: how often somebody connected.
        """
        return len(self.place.servers)


class FirstTests(RetryTestCase):
    """
    The first connection.
    """

    def test_nobodyThere(self) -> None:
        """
        Without a retryConfig one attempt is all; nothing is left.
        """
        self.network.refusing = True
        self.failed(self.begin(), ConnectionError)
        self.assertIdle()

    def test_waits(self) -> None:
        """
        With one it is tried again after each wait, until somebody is there.
        """
        self.network.refusing = True
        connecting = self.begin(retryConfig={"interval": 2, "backOffFactor": 2, "maxWaitInterval": 5})
        counted: list[float] = []
        original = self.network.connect

        def connect(*arguments: Any) -> Any:
            counted.append(self.clock.seconds())
            return original(*arguments)

        self.patch(self.network, "connect", connect)
        self.clock.advance(17)
        self.assertEqual(counted, [2, 6, 11, 16])
        self.assertNoResult(connecting)
        self.network.refusing = False
        self.clock.advance(4)
        self.assertTrue(self.successResultOf(connecting).isOpen())

    def test_count(self) -> None:
        """
        After maxCount further attempts it is given up, with the error of the last.
        """
        for count in (1, 2, 3):
            self.network.refusing = True
            connecting = self.begin(retryConfig={"maxCount": count, "interval": 2})
            self.clock.advance(2 * count - 0.1)
            self.assertNoResult(connecting)
            self.clock.advance(0.1)
            problem = self.failed(connecting, ConnectionError)
            self.assertTrue(str(problem).startswith("IO Error"), problem)
            self.assertIdle()

    def test_answers(self) -> None:
        """
        An answer that is no acceptance is final for a first connection, 503 too; so is what is no HTTP.
        """
        for status in (200, 301, 400, 401, 403, 404, 429, 500, 502, 503, 504):
            self.place.scripts.append(answers(head(f"{status} No", ("Content-Length", "0"))))
            problem = self.failed(self.begin(retryConfig={}), InvalidHandshakeError)
            self.assertEqual(problem.response.status, status)
            self.assertIdle()
        self.place.scripts.append(answers(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))
        self.failed(self.begin(retryConfig={}), InvalidHandshakeError)
        self.place.scripts.append(lambda server: server.accept(("Sec-WebSocket-Protocol", "xml")))
        self.failed(self.begin(retryConfig={}), InvalidHandshakeError)
        self.assertIdle()

    def test_hangUp(self) -> None:
        """
        A server that closes or breaks the connection before it answers is tried again.
        """
        for end in (RawServer.hangUp, RawServer.reset):
            self.place.scripts.append(end)
            connecting = self.begin(retryConfig={"interval": 2})
            self.assertNoResult(connecting)
            self.clock.advance(2)
            self.successResultOf(connecting)

    def test_silence(self) -> None:
        """
        So is one that does not answer in time.
        """
        self.place.scripts.append(silent)
        connecting = self.begin(retryConfig={"interval": 2}, handShakeTimeout=7)
        self.clock.advance(8.9)
        self.assertNoResult(connecting)
        self.clock.advance(0.1)
        self.successResultOf(connecting)

    def test_silenceOnce(self) -> None:
        """
        Without a retryConfig it is a HandshakeTimedOut.
        """
        self.place.scripts.append(silent)
        connecting = self.begin(handShakeTimeout=7)
        self.clock.advance(7)
        self.failed(connecting, HandshakeTimedOut, "Handshake timed out")
        self.assertIdle()

    def test_cancel(self) -> None:
        """
        Cancelled in any stage, nothing is left and nobody is told.
        """
        stalling = Stalling()
        connecting = self.begin(endpoint=stalling, retryConfig={}, **self.callbacks())
        connecting.cancel()
        self.failed(connecting, CancelledError)
        self.assertEqual((stalling.cancelled, len(stalling.attempts)), (1, 1))
        self.assertIdle()

        self.place.scripts.append(silent)
        connecting = self.begin(retryConfig={}, **self.callbacks())
        with self.network.turn():
            connecting.cancel()
        self.failed(connecting, CancelledError)
        self.assertIdle()

        self.network.refusing = True
        connecting = self.begin(retryConfig={"interval": 2}, **self.callbacks())
        self.clock.advance(1)
        connecting.cancel()
        self.failed(connecting, CancelledError)
        self.assertIdle()
        self.clock.advance(100)
        self.assertEqual((self.attempts, self.told), (1, []))

    def test_cancelUnheld(self) -> None:
        """
        So too where the connection ends within the call, as in memory.
        """
        self.place.scripts.append(silent)
        connecting = self.begin(retryConfig={})
        connecting.cancel()
        self.failed(connecting, CancelledError)
        self.assertIdle()

    def test_noDelay(self) -> None:
        """
        Small messages are not held back by TCP.
        """
        self.connect()
        self.assertTrue(self.network.connections[0].client.getTcpNoDelay())


class TargetTests(RetryTestCase):
    """
    Several URLs.
    """

    def hosts(self) -> list[str | None]:
        """
        @return: whom the requests were for.
        """
        return [server.field("host") for server in self.place.servers]

    def test_first(self) -> None:
        """
        Where the first URL can be reached no other is asked.
        """
        self.connect("ws://a/", targetUrls=["ws://b/", "ws://c/"])
        self.assertEqual(self.hosts(), ["a"])

    def test_next(self) -> None:
        """
        Where it cannot, or says that it cannot now, the next is tried at once, each with its own host and path.
        """
        self.place.scripts += [RawServer.reset, BUSY]
        client = self.connect("ws://a/1", targetUrls=["ws://b:81/2?x=y", "ws://c/3"])
        self.assertEqual(self.hosts(), ["a", "b:81", "c"])
        self.assertEqual([server.line.split()[1] for server in self.place.servers], ["/1", "/2?x=y", "/3"])
        self.assertEqual(client.getHttpResponse().status, 101)

    def test_silence(self) -> None:
        """
        A URL that does not answer in time is passed over too; each has a time of its own.
        """
        self.place.scripts += [silent, silent]
        connecting = self.begin("ws://a/", targetUrls=["ws://b/", "ws://c/"], handShakeTimeout=3)
        self.clock.advance(5.9)
        self.assertNoResult(connecting)
        self.clock.advance(0.1)
        self.successResultOf(connecting)
        self.assertEqual(self.hosts(), ["a", "b", "c"])

    def test_none(self) -> None:
        """
        Where none can be reached the error is the last one's.
        """
        self.place.scripts += [RawServer.reset, RawServer.reset, BUSY]
        problem = self.failed(self.begin("ws://a/", targetUrls=["ws://b/", "ws://c/"]), InvalidHandshakeError)
        self.assertEqual(problem.response.status, 503)
        self.assertEqual(self.hosts(), ["a", "b", "c"])
        self.assertIdle()

    def test_final(self) -> None:
        """
        A refusal that is meant for us ends the search.
        """
        for status in (401, 403, 404):
            self.place.servers.clear()
            self.place.scripts.append(answers(head(f"{status} No", ("Content-Length", "0"))))
            problem = self.failed(self.begin("ws://a/", targetUrls=["ws://b/"]), InvalidHandshakeError)
            self.assertEqual((problem.response.status, self.hosts()), (status, ["a"]))

    def test_rounds(self) -> None:
        """
        With a retryConfig the URLs are tried in turn again after each wait, the first one first.
        """
        self.place.scripts += [RawServer.reset] * 5
        connecting = self.begin("ws://a/", targetUrls=["ws://b/"], retryConfig={"interval": 2})
        self.assertEqual(self.hosts(), ["a", "b"])
        self.clock.advance(4)
        self.successResultOf(connecting)
        self.assertEqual(self.hosts(), ["a", "b"] * 3)

    def test_afterLoss(self) -> None:
        """
        After a loss it begins again with the first.
        """
        self.place.scripts.append(RawServer.reset)
        self.lasting(url="ws://a/", targetUrls=["ws://b/"])
        self.network.cut()
        self.clock.advance(2)
        self.assertEqual(self.hosts(), ["a", "b", "a"])

    def test_cancel(self) -> None:
        """
        Cancelled, no further URL is tried.
        """
        self.place.scripts += [silent]
        connecting = self.begin("ws://a/", targetUrls=["ws://b/"])
        with self.network.turn():
            connecting.cancel()
        self.failed(connecting, CancelledError)
        self.assertEqual(self.hosts(), ["a"])
        self.assertIdle()

    def test_wrong(self) -> None:
        """
        A URL among them that cannot be is found before anything is sent.
        """
        words = "WebSocket client supports only WS(S) scheme: http://b/"
        self.failed(self.begin("ws://a/", targetUrls=["http://b/"]), Error, words)
        self.assertEqual(self.place.servers, [])


class AgainTests(RetryTestCase):
    """
    A connection that was lost.
    """

    def test_withoutRetry(self) -> None:
        """
        Without a retryConfig it stays lost.
        """
        client = self.connect(**self.callbacks())
        self.network.cut()
        self.assertEqual((client.isOpen(), client.isReconnecting()), (False, False))
        self.clock.advance(1000)
        self.assertEqual((self.attempts, self.told), (1, []))

    def test_ways(self) -> None:
        """
        It is made again after TCP was lost or closed, and after 1001, 1012, 1013 and 1014.
        """
        for end in (
            lambda: self.network.cut(),
            lambda: self.server.hangUp(),
            lambda: self.server.reset(),
            lambda: self.server.say(closing(1001, b"stopping")).hangUp(),
            lambda: self.server.say(closing(1012)).hangUp(),
            lambda: self.server.say(closing(1013)).hangUp(),
            lambda: self.server.say(closing(1014)).hangUp(),
        ):
            client = self.lasting()
            before = self.attempts
            end()
            self.assertEqual((client.isOpen(), client.isReconnecting()), (False, True))
            self.clock.advance(1.9)
            self.assertEqual(self.attempts, before)
            self.clock.advance(0.1)
            self.assertEqual((client.isOpen(), client.isReconnecting(), self.attempts), (True, False, before + 1))
            self.server.say(text("hi"))
            self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")
            client.close(timeout=0)

    def test_never(self) -> None:
        """
        It stays closed after every other code.
        """
        for code in (1000, None, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4999):
            client = self.lasting(**self.callbacks())
            waiting = client.readTextMessage()
            self.server.say(closing(code)).hangUp()
            problem = self.failed(waiting, ConnectionClosureError)
            self.assertEqual(problem.statusCode, 1005 if code is None else code)
            self.assertFalse(client.isReconnecting())
            self.assertIdle()
        self.assertEqual(self.told, [])

    def test_afterFault(self) -> None:
        """
        It stays closed when the server broke the rules: it would again.
        """
        client = self.lasting()
        waiting = client.readTextMessage()
        self.server.say(frame(TEXT, b"masked")).hangUp()
        self.failed(waiting, CorruptedFrameError)
        self.assertFalse(client.isReconnecting())
        self.assertIdle()

    def test_answers(self) -> None:
        """
        An answer that says not now is tried again, after a connection that was once accepted.
        """
        client = self.lasting()
        self.network.cut()
        statuses = (429, 500, 502, 503, 504)
        self.place.scripts += [answers(head(f"{status} Wait", ("Content-Length", "0"))) for status in statuses]
        for number, status in enumerate(statuses):
            self.clock.advance(2)
            self.assertEqual((self.attempts, client.isReconnecting()), (number + 2, True))
            self.assertEqual(client.getHttpResponse().status, status)
        self.clock.advance(2)
        self.assertTrue(client.isOpen())
        self.assertEqual(client.getHttpResponse().status, 101)

    def test_refused(self) -> None:
        """
        A refusal that is meant for us ends it: reads that wait fail with it, and the answer can be seen.
        """
        for status in (200, 302, 400, 401, 403, 404):
            client = self.lasting()
            waiting = client.readTextMessage()
            self.network.cut()
            written = client.writeTextMessage("x")
            self.place.scripts.append(answers(head(f"{status} No", ("Content-Length", "2")) + b"no"))
            self.clock.advance(2)
            problem = self.failed(waiting, InvalidHandshakeError, f"Invalid handshake response getStatus: {status} No")
            self.assertIs(self.failed(written, InvalidHandshakeError), problem)
            response = client.getHttpResponse()
            self.assertEqual((response.status, response.body), (status, b"no"))
            self.assertIs(client.getNegotiatedSubProtocol(), None)
            self.assertEqual((client.isOpen(), client.isReconnecting()), (False, False))
            self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
            self.failed(client.writeTextMessage("x"), ConnectionClosureError)
            self.assertIdle()

    def test_count(self) -> None:
        """
        After maxCount attempts for one loss it is given up; each loss has as many.
        """
        client = self.lasting(retryConfig={"interval": 2, "maxCount": 2})
        for _ in range(3):
            self.network.cut()
            self.network.refusing = True
            self.clock.advance(3)
            self.network.refusing = False
            self.clock.advance(1)
            self.assertTrue(client.isOpen())
        waiting = client.readTextMessage()
        self.network.cut()
        self.network.refusing = True
        self.clock.advance(3.9)
        self.assertTrue(client.isReconnecting())
        self.assertNoResult(waiting)
        self.clock.advance(0.1)
        problem = self.failed(waiting, ConnectionError)
        self.assertTrue(str(problem).startswith("IO Error"), problem)
        self.assertFalse(client.isReconnecting())
        self.assertIdle()

    def test_backoff(self) -> None:
        """
        The waits grow while nobody is there, and begin anew after a connection that lasted.
        """
        client = self.lasting(retryConfig={"interval": 1, "backOffFactor": 3, "maxWaitInterval": 8})
        for _ in range(2):
            self.clock.advance(8)
            self.network.cut()
            self.network.refusing = True
            self.clock.advance(1 + 3 + 8 + 7.5)
            self.network.refusing = False
            self.assertTrue(client.isReconnecting())
            self.clock.advance(0.5)
            self.assertTrue(client.isOpen())

    def test_flapping(self) -> None:
        """
        A server that accepts and drops at once is backed off from all the same, until it keeps a connection as long.
        """
        client = self.lasting(retryConfig={"interval": 1, "backOffFactor": 2, "maxWaitInterval": 8, "maxCount": 2})
        for wait in (1, 2, 4, 8, 8):
            self.network.cut()
            self.clock.advance(wait - 0.25)
            self.assertTrue(client.isReconnecting(), wait)
            self.clock.advance(0.25)
            self.assertTrue(client.isOpen(), wait)
        for lasts, wait in ((7.75, 8), (8, 1)):
            self.clock.advance(lasts)
            self.network.cut()
            self.clock.advance(wait - 0.25)
            self.assertTrue(client.isReconnecting(), wait)
            self.clock.advance(0.25)
            self.assertTrue(client.isOpen(), wait)

    def test_reads(self) -> None:
        """
        Reads stay pending over a loss, in their order, and get the new connection's messages.
        """
        client = self.lasting()
        waiting = [client.readTextMessage() for _ in range(2)]
        self.network.cut()
        waiting.append(client.readTextMessage())
        self.clock.advance(2)
        for each in waiting:
            self.assertNoResult(each)
        self.server.say(text("1") + text("2") + text("3"))
        self.assertEqual([self.successResultOf(each) for each in waiting], ["1", "2", "3"])

    def test_unread(self) -> None:
        """
        Messages that came before the loss are read before those that came after.
        """
        client = self.lasting()
        self.server.say(text("1") + text("2"))
        self.network.cut()
        self.assertEqual(self.successResultOf(client.readTextMessage()), "1")
        self.clock.advance(2)
        self.server.say(text("3"))
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(2)], ["2", "3"])

    def test_unreadAreFull(self) -> None:
        """
        An inbox that was full when the connection was lost is still full for the new one.
        """
        client = self.lasting(maxPendingMessages=2)
        self.server.say(text("1") + text("2"))
        self.network.cut()
        self.clock.advance(2)
        self.server.say(text("3"))
        self.server.say(text("4"))
        self.assertFalse(self.network.connections[0].client.isReading)
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(4)], ["1", "2", "3", "4"])
        self.assertTrue(self.network.connections[0].client.isReading)

    def test_readTimeout(self) -> None:
        """
        A read's time goes on while there is no connection; the client goes on too.
        """
        client = self.lasting(readTimeout=1)
        waiting = client.readTextMessage()
        self.network.cut()
        self.clock.advance(1)
        self.failed(waiting, ReadTimedOutError)
        self.clock.advance(1)
        self.assertTrue(client.isOpen())

    def test_identity(self) -> None:
        """
        Id and attributes are the same afterwards; sub-protocol and answer are the new connection's.
        """
        self.place.scripts += [
            lambda server: server.accept(("Sec-WebSocket-Protocol", "a"), ("X-Node", "1")),
            lambda server: server.accept(("Sec-WebSocket-Protocol", "b"), ("X-Node", "2")),
        ]
        client = self.lasting(subProtocols=["a", "b"])
        client.setAttribute("k", 1)
        before = client.getConnectionId()
        self.assertEqual((client.getNegotiatedSubProtocol(), client.getHttpResponse().header("x-node")), ("a", "1"))
        self.network.cut()
        self.clock.advance(2)
        self.assertEqual((client.getConnectionId(), client.getAttribute("k")), (before, 1))
        self.assertEqual((client.getNegotiatedSubProtocol(), client.getHttpResponse().header("x-node")), ("b", "2"))

    def test_secondLossInHandshake(self) -> None:
        """
        A connection that is lost again as soon as it is there is made again, as often as it takes.
        """
        client = self.lasting(**self.callbacks())
        self.network.cut()

        def leave(server: RawServer) -> None:
            server.accept().hangUp()

        self.place.scripts += [leave, leave]
        self.clock.advance(2)
        self.assertTrue(client.isReconnecting())
        self.clock.advance(2)
        self.assertTrue(client.isReconnecting())
        self.clock.advance(2)
        self.assertEqual((client.isOpen(), self.attempts), (True, 4))

    def test_endpointFault(self) -> None:
        """
        An endpoint that breaks when it is used again ends it: reads fail with that, and it is in the log.
        """
        endpoint = Breaking(self.endpoint)
        client = self.lasting(endpoint=endpoint)
        waiting = client.readTextMessage()
        endpoint.isBroken = True
        self.network.cut()
        self.clock.advance(2)
        self.failed(waiting, ValueError, "a fault")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertFalse(client.isReconnecting())
        self.assertIdle()

    def test_anotherSubProtocol(self) -> None:
        """
        A server that does not speak our sub-protocol any more ends it.
        """
        self.place.scripts += [accepts(("Sec-WebSocket-Protocol", "a")), accepts()]
        client = self.lasting(subProtocols=["a"])
        waiting = client.readTextMessage()
        self.network.cut()
        self.clock.advance(2)
        self.failed(waiting, InvalidHandshakeError, "Invalid subprotocol. Actual: null. Expected one of: a")
        self.assertEqual(client.getHttpResponse().status, 101)
        self.assertFalse(client.isOpen())
        self.assertIdle()

    def test_serverKeepsTcp(self) -> None:
        """
        A server that goes away and does not end TCP has five seconds; reads stay pending all the while.
        """
        client = self.lasting()
        waiting = client.readTextMessage()
        self.server.say(closing(1012))
        self.clock.advance(4.9)
        self.assertEqual((client.isOpen(), client.isReconnecting(), self.attempts), (False, False, 1))
        self.clock.advance(0.2)
        self.assertTrue(client.isReconnecting())
        self.clock.advance(2)
        self.assertNoResult(waiting)
        self.server.say(text("x"))
        self.assertEqual(self.successResultOf(waiting), "x")

    def test_forgotten(self) -> None:
        """
        Nothing is kept of the connections that were lost.
        """
        client = self.lasting()
        watched = []
        for _ in range(3):
            conversation = client._link.conversation
            assert conversation is not None
            watched += [weakref.ref(conversation), weakref.ref(conversation.wire)]
            del conversation
            self.network.cut()
            self.clock.advance(2)
        self.assertTrue(client.isOpen())
        self.assertEqual(len(self.network.connections), 1)
        self.place.servers.clear()
        gc.collect()
        self.assertEqual([each() for each in watched], [None] * 6)

    def test_otherTransports(self) -> None:
        """
        A transport that knows of no delays, such as a pipe, is as good; one that is gone when it is aborted too.
        """

        class Illegal(Service):
            opened = 0

            def onOpen(self) -> Any:
                self.opened += 1
                return CustomCloseFrame(1005) if self.opened == 2 else None

        stalling = Stalling()
        service = Illegal()
        connecting = self.beginAsync(service, endpoint=stalling, retryConfig={"interval": 2}, pingInterval=0)
        first = Pipe.establish(*stalling.attempts[0])
        client = self.successResultOf(connecting)
        first.abortConnection()
        self.assertTrue(client.isReconnecting())
        self.clock.advance(2)
        Pipe.establish(*stalling.attempts[1])
        self.assertEqual((service.opened, client.isOpen(), client.isReconnecting()), (2, False, False))
        self.assertEqual(len(stalling.attempts), 2)
        self.assertIdle()

    def test_pings(self) -> None:
        """
        Pings and pongs do not wait for a connection.
        """
        client = self.lasting()
        self.network.cut()
        for act in (client.ping, client.pong):
            self.failed(act(b"x"), ConnectionClosureError, "Close frame already sent. Cannot push control frame!")

    def test_secure(self) -> None:
        """
        While there is no connection nothing protects it.
        """
        client = self.lasting()
        self.network.cut()
        self.assertFalse(client.isSecure())


class CallbackTests(RetryTestCase):
    """
    onReconnecting and onReconnected.
    """

    def test_calls(self) -> None:
        """
        Each is called once for each loss, with the client, the first also with why.
        """
        client = self.lasting(**self.callbacks())
        self.network.cut()
        self.assertEqual(self.told, [("lost", "Connection closed Status code: 1006", True, False)])
        self.network.refusing = True
        self.clock.advance(5)
        self.network.refusing = False
        self.clock.advance(2)
        self.assertEqual(self.told[1:], [("back", False, True)])
        self.server.say(closing(1012, b"restart")).hangUp()
        self.clock.advance(2)
        self.assertEqual(
            self.told[2:], [("lost", "restart: Status code: 1012", True, False), ("back", False, True)]
        )
        client.close(timeout=0)
        self.assertEqual(len(self.told), 4)

    def test_async(self) -> None:
        """
        They may be coroutine functions or return Deferreds; nobody waits for them.
        """
        late: Deferred[None] = Deferred()

        async def wait(client: Client) -> None:
            await late
            self.told.append("done")

        client = self.lasting(**self.callbacks(lost=wait, back=wait))
        self.network.cut()
        self.clock.advance(2)
        self.assertTrue(client.isOpen())
        self.assertEqual([each[0] for each in self.told], ["lost", "back"])
        late.callback(None)
        self.assertEqual(self.told[2:], ["done", "done"])

    def test_raising(self) -> None:
        """
        What they raise, at once or later, is in the log, and changes nothing else.
        """

        def atOnce(client: Client) -> Any:
            raise ValueError("a fault")

        def deferred(client: Client) -> Any:
            return fail(ValueError("a fault"))

        async def coroutine(client: Client) -> None:
            raise ValueError("a fault")

        for fault in (atOnce, deferred, coroutine):
            client = self.lasting(**self.callbacks(lost=fault, back=fault))
            self.network.cut()
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
            self.clock.advance(2)
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
            self.assertTrue(client.isOpen())
            client.close(timeout=0)

    def test_values(self) -> None:
        """
        What else they return is of no interest; a write's Deferred may be returned.
        """
        for value in (None, 5, succeed("x")):
            client = self.lasting(**self.callbacks(lost=lambda _, value=value: value))
            self.network.cut()
            self.clock.advance(2)
            client.close(timeout=0)
        client = self.lasting(**self.callbacks(back=lambda client: client.writeTextMessage("hello again")))
        self.network.cut()
        self.clock.advance(2)
        self.assertEqual(self.server.texts(), ["hello again"])

    def test_firstWords(self) -> None:
        """
        What onReconnected writes comes before the messages that waited: it may log in.
        """
        client = self.lasting(**self.callbacks(back=lambda client: client.writeTextMessage("login")))
        self.network.cut()
        client.writeTextMessage("waited")
        self.clock.advance(2)
        self.assertEqual(self.server.texts(), ["login", "waited"])

    def test_closeInReconnecting(self) -> None:
        """
        Who closes the client in onReconnecting is done with it.
        """
        closed: list[Any] = []
        client = self.lasting(**self.callbacks(lost=lambda client: closed.append(client.close())))
        waiting = client.readTextMessage()
        self.network.cut()
        self.assertIs(self.successResultOf(closed[0]), None)
        self.failed(waiting, ConnectionClosureError, "Connection closed")
        self.assertIdle()
        self.clock.advance(100)
        self.assertEqual(self.attempts, 1)

    def test_closeInReconnected(self) -> None:
        """
        Who closes it in onReconnected sends nothing more, and what waited fails.
        """
        client = self.lasting(**self.callbacks(back=lambda client: client.close(1000)))
        self.network.cut()
        written = client.writeTextMessage("x")
        self.clock.advance(2)
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.server.say(closing(1000)).hangUp()
        self.failed(written, ConnectionClosureError)
        self.assertIdle()


class WriteTests(RetryTestCase):
    """
    Messages that are written while there is no connection.
    """

    def test_order(self) -> None:
        """
        They wait, and are sent in their order, text and binary and values, when there is one.
        """
        client = self.lasting()
        self.network.cut()
        written = [
            client.writeTextMessage("1"),
            client.writeBinaryMessage(b"2"),
            client.writeMessage({"n": 3}),
            client.writeMessage(b"4"),
            client.writeTextMessage(""),
        ]
        for each in written:
            self.assertNoResult(each)
        self.clock.advance(2)
        self.assertEqual([self.successResultOf(each) for each in written], [None] * 5)
        self.assertEqual(
            self.server.frames(), [(0x81, b"1"), (0x82, b"2"), (0x81, b'{"n":3}'), (0x82, b"4"), (0x81, b"")]
        )
        client.writeTextMessage("6")
        self.assertEqual(self.server.texts(), ["6"])

    def test_overSeveralLosses(self) -> None:
        """
        They wait for as many attempts as it takes.
        """
        client = self.lasting()
        self.network.cut()
        written = client.writeTextMessage("1")
        self.place.scripts += [RawServer.reset, BUSY]
        self.clock.advance(4)
        self.assertNoResult(written)
        self.clock.advance(2)
        self.assertIs(self.successResultOf(written), None)
        self.assertEqual(self.server.texts(), ["1"])

    def test_wrongValues(self) -> None:
        """
        What cannot be sent fails as it does with a connection: at once or when there is one, never by raising.
        """
        client = self.lasting()
        self.network.cut()
        wrong = [
            (client.writeTextMessage, b"bytes", TypeError),
            (client.writeTextMessage, 5, TypeError),
            (client.writeTextMessage, None, TypeError),
            (client.writeTextMessage, "\ud800", ValueError),
            (client.writeBinaryMessage, "text", TypeError),
            (client.writeBinaryMessage, 5, TypeError),
            (client.writeMessage, object(), TypeError),
        ]
        written = []
        for write, value, kind in wrong:
            written.append((write(value), kind))
        good = client.writeTextMessage("good")
        self.clock.advance(2)
        for each, kind in written:
            self.assertTrue(isinstance(self.failureResultOf(each).value, kind))
        self.successResultOf(good)
        self.assertEqual(self.server.texts(), ["good"])

    def test_bytesAsTheyWere(self) -> None:
        """
        What is sent is what was written, whatever became of the buffer since.
        """
        client = self.lasting()
        self.network.cut()
        buffer = bytearray(b"before")
        client.writeBinaryMessage(buffer)
        buffer[:] = b"after!"
        self.clock.advance(2)
        self.assertEqual(self.server.frames(), [(0x82, b"before")])

    def test_cancel(self) -> None:
        """
        A message that is cancelled while it waits is not sent.
        """
        client = self.lasting()
        self.network.cut()
        written = [client.writeTextMessage(each) for each in "123"]
        written[1].cancel()
        self.failed(written[1], CancelledError)
        self.clock.advance(2)
        self.assertEqual(self.server.texts(), ["1", "3"])

    def test_timeout(self) -> None:
        """
        writeTimeout counts the wait for a connection; what has timed out is not sent.
        """
        client = self.lasting(writeTimeout=1.5)
        self.network.cut()
        late = client.writeTextMessage("late")
        self.clock.advance(1)
        written = client.writeTextMessage("in time")
        self.clock.advance(0.25)
        self.assertNoResult(late)
        self.clock.advance(0.25)
        self.failed(late, Error, "Write timed out")
        self.clock.advance(0.5)
        self.assertIs(self.successResultOf(written), None)
        self.assertEqual(self.server.texts(), ["in time"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_limit(self) -> None:
        """
        No more than maxSendBuffer waits: at n - 1, n, n + 1, all messages together.
        """
        self.patch(unsent, "WAITER", 0)
        client = self.lasting(maxSendBuffer=1000)
        self.network.cut()
        first = client.writeBinaryMessage(b"x" * 999)
        second = client.writeTextMessage("y")
        third = client.writeTextMessage("z")
        self.assertNoResult(first)
        self.assertNoResult(second)
        self.failed(third, ConnectionError, "there is no connection, and what waits for one has reached maxSendBuffer")
        self.clock.advance(2)
        self.assertEqual([self.successResultOf(each) for each in (first, second)], [None, None])
        self.network.cut()
        self.assertNoResult(client.writeBinaryMessage(b"x" * 1000))

    def test_congested(self) -> None:
        """
        Messages that waited for a slow server when the connection was lost are sent again, before later ones.
        """
        client = self.lasting()
        self.server.stopReading()
        first = client.writeBinaryMessage(b"a" * 70000)
        second = client.writeTextMessage("b")
        self.assertNoResult(first)
        self.network.cut()
        third = client.writeTextMessage("c")
        for each in (first, second, third):
            self.assertNoResult(each)
        self.clock.advance(2)
        for each in (first, second, third):
            self.assertIs(self.successResultOf(each), None)
        frames = self.server.frames()
        self.assertEqual(b"".join(payload for first, payload in frames if first in (0x82, 0x02, 0x80)), b"a" * 70000)
        self.assertEqual(frames[-2:], [(0x81, b"b"), (0x81, b"c")])

    def test_congestedTooMuch(self) -> None:
        """
        Of those no more is kept than maxSendBuffer either, the oldest first.
        """
        client = self.lasting(maxSendBuffer=100000)
        self.server.stopReading()
        written = [client.writeBinaryMessage(b"a" * 70000), client.writeBinaryMessage(b"b" * 70000)]
        self.network.cut()
        self.assertNoResult(written[0])
        self.failed(written[1], ConnectionError)
        self.clock.advance(2)
        self.assertIs(self.successResultOf(written[0]), None)

    def test_congestedWithoutRetry(self) -> None:
        """
        Without a retryConfig they fail.
        """
        client = self.connect(pingInterval=0)
        self.server.stopReading()
        written = [client.writeBinaryMessage(b"a" * 70000), client.writeTextMessage("b")]
        self.network.cut()
        for each in written:
            self.failed(each, ConnectionClosureError, "Connection closed before the message was sent")
        self.assertIdle()

    def test_congestedAgain(self) -> None:
        """
        A message that waited for a connection may have to wait for the server then; cancelled, nothing breaks.
        """
        client = self.lasting()
        self.network.cut()
        written = [client.writeBinaryMessage(b"a" * 70000), client.writeTextMessage("b")]
        self.place.scripts.append(lambda server: (server.accept(), server.stopReading()))
        self.clock.advance(2)
        for each in written:
            self.assertNoResult(each)
        written[1].cancel()
        self.failed(written[1], CancelledError)
        self.server.readOn()
        self.assertIs(self.successResultOf(written[0]), None)

    def test_whileServerCloses(self) -> None:
        """
        A message that is written between the server's close frame and the end of TCP waits too.
        """
        client = self.lasting()
        self.server.say(closing(1012))
        written = client.writeTextMessage("x")
        self.assertNoResult(written)
        self.server.hangUp()
        self.clock.advance(2)
        self.assertIs(self.successResultOf(written), None)
        self.assertEqual(self.server.texts(), ["x"])

    def test_whileServerClosesForGood(self) -> None:
        """
        Where there will be no connection again it fails at once.
        """
        client = self.lasting()
        self.server.say(closing(1000))
        self.failed(client.writeTextMessage("x"), ConnectionClosureError)

    def test_givenUp(self) -> None:
        """
        When it is given up they fail with why.
        """
        client = self.lasting(retryConfig={"interval": 2, "maxCount": 1})
        self.network.cut()
        self.network.refusing = True
        written = client.writeTextMessage("x")
        client.writeTextMessage("nobody looks at this one")
        self.clock.advance(2)
        self.failed(written, ConnectionError)
        self.failed(client.writeTextMessage("x"), ConnectionClosureError)
        self.assertIdle()

    def test_lostWhileFlushed(self) -> None:
        """
        What waited and could not be sent before the next loss is sent after it, once and in order.
        """
        client = self.lasting()
        self.network.cut()
        written = [client.writeTextMessage(each) for each in "123"]

        def breakAfterFirst(server: RawServer) -> None:
            server.accept()
            original = server.dataReceived

            def dataReceived(data: bytes) -> None:
                original(data)
                server.reset()

            server.dataReceived = dataReceived

        self.place.scripts.append(breakAfterFirst)
        self.clock.advance(2)
        self.clock.advance(2)
        self.assertTrue(client.isOpen())
        for each in written:
            self.successResultOf(each)


class ManyTests(RetryTestCase):
    """
    More than a connection takes at once.
    """

    def test_manyWaited(self) -> None:
        """
        Thousands of messages that waited are all sent, in order, no faster than the server
        takes them, and what is written in the meantime comes behind them.
        """
        client = self.lasting()
        self.network.cut()
        waiting = [client.writeTextMessage(f"{number:080}") for number in range(3000)]
        waiting[0].addCallback(lambda _: client.writeTextMessage("behind"))
        self.clock.advance(2)
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual(self.server.texts(), [*(f"{number:080}" for number in range(3000)), "behind"])

    def test_congestedAndLost(self) -> None:
        """
        Lost again while what waited was being sent: C{onReconnected} has the first word on
        the next connection as well.
        """
        first = []

        def reconnected(client: Any) -> None:
            first.append(len(first))
            client.writeTextMessage(f"subscribe {len(first)}")

        client = self.lasting(onReconnected=reconnected, maxSendBuffer=4_000_000)
        self.network.cut()
        waiting = [client.writeTextMessage(f"{number:05}" + "x" * 60000) for number in range(5)]
        self.place.scripts.append(lambda server: server.accept().stopReading())
        self.clock.advance(2)
        self.assertNoResult(waiting[-1])
        self.network.cut()
        self.clock.advance(60)
        for each in waiting:
            self.successResultOf(each)
        texts = self.server.texts()
        self.assertEqual(texts[0], "subscribe 2")
        numbers = [int(each[:5]) for each in texts[1:]]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(numbers[-1], 4)

    def test_writtenAfterAbort(self) -> None:
        """
        What is written between the drop of TCP and its end waits for the next connection.
        """
        client = self.lasting()
        with self.network.turn():
            client._link.conversation.wire.abort()
            self.assertFalse(client.isOpen())
            written = client.writeTextMessage("kept")
        self.clock.advance(2)
        self.successResultOf(written)
        self.assertEqual(self.server.texts(), ["kept"])

    def test_unread(self) -> None:
        """
        An inbox that is full takes nothing of the next connection either.
        """
        client = self.lasting(maxPendingMessages=2)
        for number in range(5):
            self.server.say(text(f"{number}"))
            self.network.cut()
            self.clock.advance(60)
        got = [self.successResultOf(client.readTextMessage()) for _ in range(2)]
        self.assertEqual(got, ["0", "1"])
        self.assertNoResult(client.readTextMessage())

    def test_strangers(self) -> None:
        """
        Clients of one URL have nothing to do with each other.
        """
        one, two = self.lasting(), self.lasting()
        self.assertNotEqual(one._link.terms.audience, two._link.terms.audience)


class CloseTests(RetryTestCase):
    """
    A client that is closed around a loss.
    """

    def test_whileWaiting(self) -> None:
        """
        Closed while it waits for the next attempt, it is done at once: reads and writes fail, nothing is left.
        """
        client = self.lasting(**self.callbacks())
        waiting = client.readTextMessage()
        self.network.cut()
        written = client.writeTextMessage("x")
        self.assertIs(self.successResultOf(client.close()), None)
        self.failed(waiting, ConnectionClosureError, "Connection closed")
        self.failed(written, ConnectionClosureError, "Close frame already sent. Cannot push what waited!")
        self.assertEqual((client.isOpen(), client.isReconnecting()), (False, False))
        self.assertIdle()
        self.failed(client.close(), ConnectionClosureError, "Connection already closed")
        self.clock.advance(100)
        self.assertEqual((self.attempts, len(self.told)), (1, 1))

    def test_whileConnecting(self) -> None:
        """
        So too while it connects, or waits for the answer.
        """
        client = self.lasting()
        self.network.cut()
        self.network.hold()
        self.clock.advance(2)
        self.assertIs(self.successResultOf(client.close()), None)
        self.network.release()
        self.assertEqual(self.attempts, 1)
        self.assertIdle()
        client = self.lasting()
        self.place.scripts.append(silent)
        self.network.cut()
        self.clock.advance(2)
        self.assertEqual(self.attempts, 3)
        self.assertIs(self.successResultOf(client.close()), None)
        self.assertIdle()

    def test_whileServerCloses(self) -> None:
        """
        Closed between the server's close frame and the end of TCP it does not connect again.
        """
        client = self.lasting()
        self.server.say(closing(1012))
        client.close().addErrback(lambda _: None)
        self.server.hangUp()
        self.clock.advance(100)
        self.assertEqual((client.isReconnecting(), self.attempts), (False, 1))
        self.assertIdle()

    def test_whileWeClose(self) -> None:
        """
        Whatever happens after our close frame, the client does not connect again.
        """
        for end in (
            lambda: self.network.cut(),
            lambda: self.server.hangUp(),
            lambda: self.server.say(closing(1012)).hangUp(),
            lambda: self.server.say(closing(1001)).hangUp(),
        ):
            client = self.lasting(**self.callbacks())
            done = client.close(1001)
            end()
            self.assertEqual((client.isOpen(), client.isReconnecting()), (False, False))
            self.outcomeOf(done)
            self.assertIdle()
        self.assertEqual(self.told, [])

    def test_twice(self) -> None:
        """
        A second close is refused, and the first one still counts.
        """
        client = self.lasting()
        done = client.close(1001)
        self.failed(client.close(), ConnectionClosureError, "Close frame already sent. Cannot close again!")
        self.server.say(closing(1001)).hangUp()
        self.successResultOf(done)
        self.assertFalse(client.isReconnecting())
        self.assertIdle()

    def test_refusedClose(self) -> None:
        """
        A close with a code that cannot be leaves the client as it was: it connects again when it must.
        """
        client = self.lasting()
        self.failed(client.close(1005), Error, "Failed to execute close. Invalid status code: 1005")
        self.assertTrue(client.isOpen())
        self.network.cut()
        self.clock.advance(2)
        self.assertTrue(client.isOpen())

    def test_refusedCloseWhileAway(self) -> None:
        """
        So too while it connects again.
        """
        client = self.lasting()
        self.network.cut()
        self.failed(client.close(1005), Error, "Failed to execute close. Invalid status code: 1005")
        self.assertTrue(client.isReconnecting())
        self.clock.advance(2)
        self.assertTrue(client.isOpen())


class WhenClosedTests(RetryTestCase):
    """
    Who waits for the end.
    """

    def test_ownClose(self) -> None:
        """
        It is None where the client was closed here, as soon as TCP has ended, and ever after.
        """
        client = self.connect()
        waiting = client.whenClosed()
        done = client.close()
        self.assertNoResult(waiting)
        self.server.say(closing(1000)).hangUp()
        self.successResultOf(done)
        self.assertIs(self.successResultOf(waiting), None)
        self.assertIs(self.successResultOf(client.whenClosed()), None)

    def test_server(self) -> None:
        """
        It is the error that ended it, though never as a failure, for everybody who waits and will.
        """
        for end, kind, words in (
            (lambda: self.server.say(closing(1011, b"sorry")).hangUp(), ConnectionClosureError, "sorry"),
            (lambda: self.network.cut(), ConnectionClosureError, "1006"),
            (lambda: self.server.say(frame(TEXT, b"masked")).hangUp(), CorruptedFrameError, ""),
        ):
            client = self.connect()
            waiting = [client.whenClosed(), client.whenClosed()]
            end()
            waiting.append(client.whenClosed())
            problems = [self.successResultOf(each) for each in waiting]
            self.assertIs(type(problems[0]), kind)
            self.assertIn(words, str(problems[0]))
            self.assertEqual(problems, [problems[0]] * 3)

    def test_retry(self) -> None:
        """
        Where it is made again it waits for the end of all attempts.
        """
        client = self.lasting(retryConfig={"interval": 2, "maxCount": 1})
        waiting = client.whenClosed()
        self.network.cut()
        self.clock.advance(2)
        self.assertTrue(client.isOpen())
        self.network.cut()
        self.network.refusing = True
        self.assertNoResult(waiting)
        self.clock.advance(2)
        self.assertIs(type(self.successResultOf(waiting)), ConnectionError)

    def test_closedWhileAway(self) -> None:
        """
        Closed while it connects again it is None.
        """
        client = self.lasting()
        waiting = client.whenClosed()
        self.network.cut()
        client.close()
        self.assertIs(self.successResultOf(waiting), None)

    def test_cancel(self) -> None:
        """
        Who does not want to wait any more leaves the client and the others as they are.
        """
        client = self.connect()
        first, second = client.whenClosed(), client.whenClosed()
        first.cancel()
        self.failed(first, CancelledError)
        self.assertTrue(client.isOpen())
        self.network.cut()
        self.assertIs(type(self.successResultOf(second)), ConnectionClosureError)

    def test_inCallback(self) -> None:
        """
        Who is told of the end may wait again, cancel others, and close.
        """
        client = self.connect()
        again: list[Any] = []
        first, second = client.whenClosed(), client.whenClosed()
        first.addCallback(lambda _: (again.append(client.whenClosed()), second.cancel(), client.close()))
        self.network.cut()
        self.assertIs(type(self.successResultOf(again[0])), ConnectionClosureError)
        self.failed(second, CancelledError)


class ReprTests(RetryTestCase):
    """
    What a log shows of a client.
    """

    def test_states(self) -> None:
        """
        Its state and where it connects to, but neither path nor query: they may hold a token.
        """
        client = self.lasting(url="ws://localhost:81/canary?token=canary", customHeaders={"Authorization": "canary"})
        for end, state in (
            (lambda: None, "open"),
            (lambda: self.network.cut(), "connecting"),
            (lambda: client.close(), "over"),
        ):
            end()
            self.assertEqual(repr(client), f"<MemoryClient {state}, localhost:81>")


class ClosureTextTests(ClientTestCase):
    """
    What a closure says.
    """

    def test_words(self) -> None:
        """
        The reason where there is one, and the code.
        """
        for code, reason, words in (
            (1000, "", "Connection closed Status code: 1000"),
            (4000, "bye", "bye: Status code: 4000"),
        ):
            problem = closure(code, reason)
            self.assertEqual((str(problem), problem.statusCode, problem.reason), (words, code, reason))
