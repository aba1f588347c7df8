"""
Tests of L{balws.client.client}.
"""

from __future__ import annotations

import builtins
import gc
import sys
import weakref
from collections.abc import Callable
from typing import Annotated, Any
from unittest.mock import patch
from xml.etree.ElementTree import Element

import attrs
from msgspec import Meta
from twisted.internet.defer import CancelledError, Deferred

import balws
from balws import Client, PingPongService
from balws.errors import (
    ConfigurationError,
    ConnectionClosureError,
    ConnectionError,
    CorruptedFrameError,
    Error,
    InvalidHandshakeError,
    PayloadBindingError,
    PayloadValidationError,
    ReadTimedOutError,
    ServiceDefinitionError,
)
from tests.client.peers import (
    ClientTestCase,
    RawServer,
    accepts,
    answers,
    binary,
    closing,
    head,
    ping,
    pong,
    silent,
    text,
)
from tests.client.test_address import BAD
from tests.client.test_link import RetryTestCase
from twisted import internet

#: What is agreed where a server takes our offer as it is.
WINDOW = ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12")


@attrs.frozen
class Order:
    """
    What a message may hold.
    """

    item: str
    count: Annotated[int, Meta(ge=1)]


class ConnectTests(ClientTestCase):
    """
    From a URL to a client.
    """

    def test_request(self) -> None:
        """
        The request has all that the configuration says, once each.
        """
        self.place.scripts.append(accepts(("Sec-WebSocket-Protocol", "json")))
        self.connect(
            "ws://localhost:9090/chat/é?room=a%20b",
            subProtocols=["xml", "json"],
            customHeaders={"X-A": "1", "Cookie": "old=1"},
            cookies={"a": "b", "c": "d"},
            webSocketCompressionEnabled=False,
        )
        self.assertEqual(self.server.line, "GET /chat/%C3%A9?room=a%20b HTTP/1.1")
        fields = dict(self.server.fields)
        self.assertEqual(len(fields), len(self.server.fields))
        del fields["sec-websocket-key"]
        self.assertEqual(
            fields,
            {
                "host": "localhost:9090",
                "upgrade": "websocket",
                "connection": "Upgrade",
                "sec-websocket-version": "13",
                "sec-websocket-protocol": "xml, json",
                "cookie": "a=b; c=d",
                "x-a": "1",
            },
        )

    def test_host(self) -> None:
        """
        A Host of the user's stands in place of the URL's.
        """
        self.connect("ws://localhost/", customHeaders={"Host": "virtual.example"})
        self.assertEqual(self.server.field("host"), "virtual.example")

    def test_badUrls(self) -> None:
        """
        A URL that cannot be fails before anybody connects.
        """
        for url, words in BAD:
            self.failed(self.begin(url), Error, words)
        self.failed(self.begin(b"ws://localhost/"), Error)
        self.assertEqual(self.place.servers, [])
        self.assertIdle()

    def test_refusals(self) -> None:
        """
        A refusal is an InvalidHandshakeError with the answer, its body, and where it points to.
        """
        self.place.scripts.append(
            answers(head("401 Unauthorized", ("WWW-Authenticate", "Bearer"), ("Content-Length", "2")) + b"no")
        )
        problem = self.failed(
            self.begin(), InvalidHandshakeError, "Invalid handshake response getStatus: 401 Unauthorized"
        )
        response = problem.response
        self.assertIs(type(response), balws.HttpResponse)
        self.assertEqual((response.status, response.reason, response.body), (401, "Unauthorized", b"no"))
        self.assertEqual(response.header("WWW-Authenticate"), "Bearer")
        self.place.scripts.append(answers(head("302 Found", ("Location", "ws://b/"), ("Content-Length", "0"))))
        self.assertEqual(self.failed(self.begin(), InvalidHandshakeError).location, "ws://b/")
        self.assertEqual(len(self.place.servers), 2)
        self.assertIdle()

    def test_wrongAnswers(self) -> None:
        """
        An answer 101 that is none to our request fails; the connection is dropped.
        """

        def changed(change: Callable[[list[tuple[str, str]]], object]) -> Callable[[RawServer], object]:
            def script(server: RawServer) -> None:
                fields = server.accepting()
                change(fields)
                server.say(head("101 Switching Protocols", *fields))

            return script

        for change in (
            lambda fields: fields.pop(),
            lambda fields: fields.pop(0),
            lambda fields: fields.pop(1),
            lambda fields: fields.append(fields[2]),
            lambda fields: fields.append(("Sec-WebSocket-Protocol", "xml")),
            lambda fields: fields.append(("Sec-WebSocket-Extensions", "permessage-bzip2")),
        ):
            self.place.scripts.append(changed(change))
            problem = self.failed(self.begin(), InvalidHandshakeError)
            self.assertEqual(problem.response.status, 101)
            self.assertIdle()
        self.place.scripts.append(accepts())
        self.failed(
            self.begin(subProtocols=["xml"]),
            InvalidHandshakeError,
            "Invalid subprotocol. Actual: null. Expected one of: xml",
        )
        self.place.scripts.append(accepts(WINDOW))
        self.failed(self.begin(webSocketCompressionEnabled=False), InvalidHandshakeError)
        self.assertIdle()

    def test_frameBehindWrongAnswer(self) -> None:
        """
        Frames behind an answer that is refused are read by nobody.
        """
        self.place.scripts.append(lambda server: server.say(head("101 X") + text("hi") + ping(b"x")))
        self.failed(self.begin(), InvalidHandshakeError)
        self.assertEqual(self.server.received, b"")
        self.assertIdle()

    def test_handShakeTimeout(self) -> None:
        """
        handShakeTimeout ends with the handshake: it does not limit what comes later.
        """
        client = self.connect(handShakeTimeout=1, pingInterval=0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        waiting = client.readTextMessage()
        self.clock.advance(100)
        self.server.say(text("hi"))
        self.assertEqual(self.successResultOf(waiting), "hi")

    def test_defaultReactor(self) -> None:
        """
        Without a reactor it is Twisted's, as it is when the client is made.
        """
        modules = patch.dict(sys.modules, {"twisted.internet.reactor": self.clock})
        with modules, patch.object(internet, "reactor", self.clock, create=True), self.network.turn():
            connecting = Client.connect("ws://localhost/", endpoint=self.endpoint)
        client = self.successResultOf(connecting)
        self.clients.append(client)
        self.clock.advance(30.2)
        self.assertEqual([first for first, _ in self.server.frames()], [0x89])

    def test_forgotten(self) -> None:
        """
        A client that has ended is kept by nobody, nor is anything of its connection.
        """
        client = self.connect()
        conversation = client._link.conversation
        watched = [weakref.ref(each) for each in (client, conversation, conversation.wire)]
        done = client.close()
        self.server.say(closing(1000)).hangUp()
        self.successResultOf(done)
        self.clients.clear()
        self.place.servers.clear()
        self.assertEqual(self.network.connections, [])
        del client, conversation, done
        gc.collect()
        self.assertEqual([each() for each in watched], [None] * 3)


class ReadTests(ClientTestCase):
    """
    Reads of each kind.
    """

    def test_kinds(self) -> None:
        """
        Text is read as str, binary as bytes, and readMessage without a type takes either.
        """
        client = self.connect()
        self.server.say(text("a") + binary(b"b") + text("c") + binary(b"d"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "a")
        self.assertEqual(self.successResultOf(client.readBinaryMessage()), b"b")
        self.assertEqual(self.successResultOf(client.readMessage()), "c")
        self.assertEqual(self.successResultOf(client.readMessage()), b"d")

    def test_wrongKind(self) -> None:
        """
        A read of the other kind fails, whichever came first; the message is gone and the client goes on.
        """
        client = self.connect()
        self.server.say(binary(b"x") + text("y"))
        self.failed(
            client.readTextMessage(),
            PayloadBindingError,
            "data binding failed: a text message was expected and a binary one came",
        )
        self.failed(
            client.readBinaryMessage(),
            PayloadBindingError,
            "data binding failed: a binary message was expected and a text one came",
        )
        waiting = [client.readBinaryMessage(), client.readTextMessage()]
        self.server.say(text("y") + binary(b"x"))
        for each in waiting:
            self.failed(each, PayloadBindingError)
        self.server.say(text("z"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "z")
        self.assertEqual(self.server.frames(), [])

    def test_types(self) -> None:
        """
        A typed read gives the value: records, lists, numbers, words, XML, bytes, unions.
        """
        client = self.connect()
        for kind, data, expected in (
            (Order, text('{"item":"tea","count":2}'), Order("tea", 2)),
            (Order, binary(b'{"item":"tea","count":2}'), Order("tea", 2)),
            (list[int], text("[1,2]"), [1, 2]),
            (int, text("5"), 5),
            (float, text("0.5"), 0.5),
            (bool, text("true"), True),
            (dict[str, Any], text('{"a":null}'), {"a": None}),
            (str, text("5"), "5"),
            (str, binary("é".encode()), "é"),
            (bytes, binary(b"\xff"), b"\xff"),
            (bytearray, binary(b"\xff"), bytearray(b"\xff")),
            (int | str, text("x"), "x"),
            (int | None, text("null"), None),
            (Any, text('{"a":1}'), {"a": 1}),
        ):
            self.server.say(data)
            found = self.successResultOf(client.readMessage(kind))
            self.assertEqual((type(found), found), (type(expected), expected))
        self.server.say(text("<a><b/></a>"))
        element = self.successResultOf(client.readMessage(Element))
        self.assertEqual((element.tag, len(element)), ("a", 1))

    def test_binding(self) -> None:
        """
        A message of another type fails the read and says where; the client goes on.
        """
        client = self.connect()
        for kind, data, place in (
            (Order, text('{"item":5,"count":2}'), "$.item"),
            (Order, text('{"item":"tea"}'), ""),
            (list[int], text('[1,"x"]'), "$[1]"),
            (int, text("x"), ""),
            (Order, text("no JSON"), ""),
            (int, text("NaN"), ""),
            (list[Any], text("[" * 65 + "]" * 65), ""),
            (Element, text("<a>"), "line 1, column 3"),
            (str, binary(b"\xff"), "byte 0"),
        ):
            self.server.say(data)
            problem = self.failed(client.readMessage(kind), PayloadBindingError)
            self.assertTrue(str(problem).startswith("data binding failed: "), problem)
            self.assertEqual(problem.place, place, (data, str(problem)))
        self.server.say(text("5"))
        self.assertEqual(self.successResultOf(client.readMessage(int)), 5)
        self.assertTrue(client.isOpen())

    def test_validation(self) -> None:
        """
        A message that breaks a constraint fails the read with PayloadValidationError: at n - 1, n.
        """
        client = self.connect()
        self.server.say(text("0") + text("1"))
        problem = self.failed(client.readMessage(Annotated[int, Meta(ge=1)]), PayloadValidationError)
        self.assertTrue(str(problem).startswith("data validation failed: "), problem)
        self.assertEqual(self.successResultOf(client.readMessage(Annotated[int, Meta(ge=1)])), 1)
        self.server.say(text('{"item":"tea","count":0}'))
        self.assertEqual(self.failed(client.readMessage(Order), PayloadValidationError).place, "$.count")
        self.assertTrue(client.isOpen())

    def test_noValidation(self) -> None:
        """
        Without validation a constraint of the type itself is not looked at.
        """
        client = self.connect(validation=False)
        self.server.say(text("0"))
        self.assertEqual(self.successResultOf(client.readMessage(Annotated[int, Meta(ge=1)])), 0)

    def test_impossible(self) -> None:
        """
        A type that no message can become fails the read at once, and takes no message.
        """
        client = self.connect()
        self.server.say(text("x"))
        for kind in (Callable[[], int], bytes | bytearray, ClientTestCase):
            self.failed(client.readMessage(kind), TypeError)
        self.assertEqual(self.successResultOf(client.readTextMessage()), "x")

    def test_unhashable(self) -> None:
        """
        A type that has no hash is used as every other.
        """
        client = self.connect()
        self.server.say(text("5") + text("x"))
        kind = Annotated[int, {"note": "no hash"}]
        self.assertEqual(self.successResultOf(client.readMessage(kind)), 5)
        self.failed(client.readMessage(kind), PayloadBindingError)

    def test_order(self) -> None:
        """
        Reads of all kinds that wait are served in their order.
        """
        client = self.connect()
        waiting = [client.readTextMessage(), client.readMessage(int), client.readBinaryMessage(), client.readMessage()]
        self.server.say(text("a") + text("5") + binary(b"b") + text("c"))
        self.assertEqual([self.successResultOf(each) for each in waiting], ["a", 5, b"b", "c"])

    def test_timeout(self) -> None:
        """
        A read that takes longer than readTimeout fails; the client stays usable, and each read has its own time.
        """
        client = self.connect(readTimeout=7, pingInterval=0)
        for read in (Client.readTextMessage, Client.readBinaryMessage, Client.readMessage):
            waiting = read(client)
            self.clock.advance(6.9)
            self.assertNoResult(waiting)
            self.clock.advance(0.1)
            self.failed(waiting, ReadTimedOutError, "Read timed out")
        self.assertTrue(client.isOpen())
        waiting = client.readTextMessage()
        self.clock.advance(6.9)
        self.server.say(text("late"))
        self.assertEqual(self.successResultOf(waiting), "late")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        client.writeTextMessage("still here")
        self.assertEqual(self.server.texts(), ["still here"])

    def test_fractions(self) -> None:
        """
        It is not cut to whole seconds.
        """
        client = self.connect(readTimeout=0.25, pingInterval=0)
        waiting = client.readTextMessage()
        self.clock.advance(0.25)
        self.failed(waiting, ReadTimedOutError)

    def test_noTimeout(self) -> None:
        """
        0 and less set no limit.
        """
        for timeout in (0, -1, -5):
            client = self.connect(readTimeout=timeout, pingInterval=0)
            waiting = client.readTextMessage()
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.server.say(text("x"))
            self.successResultOf(waiting)

    def test_cancel(self) -> None:
        """
        The message that a cancelled read would have had goes to the next; nothing is left of it.
        """
        client = self.connect(readTimeout=7, pingInterval=0)
        first, second = client.readTextMessage(), client.readTextMessage()
        first.cancel()
        self.failed(first, CancelledError)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.server.say(text("x"))
        self.assertEqual(self.successResultOf(second), "x")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closeWhileReading(self) -> None:
        """
        A read that waits fails at once when somebody closes the client: it does not wait for the server.
        """
        client = self.connect(readTimeout=7)
        waiting = client.readTextMessage()
        done = client.close()
        self.failed(waiting, ConnectionClosureError, "Connection closed")
        self.server.say(closing(1000))
        self.successResultOf(done)
        self.assertIdle()


class ControlTests(ClientTestCase):
    """
    Pings and pongs.
    """

    def test_automatic(self) -> None:
        """
        Without a handler pings are answered with their data, and pongs passed over.
        """
        self.connect()
        self.server.say(ping(b"") + ping(b"x" * 125) + pong(b"y"))
        self.assertEqual(self.server.frames(), [(0x8A, b""), (0x8A, b"x" * 125)])

    def test_handler(self) -> None:
        """
        A handler gets both; what onPing returns is the pong, and without that there is none.
        """
        seen: list[Any] = []

        class Both(PingPongService):
            def onPing(self, caller: Any, data: bytes) -> Any:
                seen.append(("ping", data))
                return data + b"!" if data != b"none" else None

            def onPong(self, caller: Any, data: bytes) -> None:
                seen.append(("pong", data))

        client = self.connect(pingPongHandler=Both())
        self.server.say(ping(b"1") + pong(b"2") + ping(b"none") + text("x"))
        self.assertEqual(seen, [("ping", b"1"), ("pong", b"2"), ("ping", b"none")])
        self.assertEqual(self.server.frames(), [(0x8A, b"1!")])
        self.assertEqual(self.successResultOf(client.readTextMessage()), "x")

    def test_onlyPong(self) -> None:
        """
        Where there is no onPing pings are answered as without a handler.
        """
        seen: list[bytes] = []

        class Pong(PingPongService):
            def onPong(self, data: bytes) -> None:
                seen.append(data)

        self.connect(pingPongHandler=Pong())
        self.server.say(ping(b"1") + pong(b"2"))
        self.assertEqual((self.server.frames(), seen), ([(0x8A, b"1")], [b"2"]))

    def test_caller(self) -> None:
        """
        The caller that a handler gets writes to the server.
        """

        class Ping:
            def onPing(self, caller: Any, data: bytes) -> Any:
                return caller.pong(data).addCallback(lambda _: caller.writeTextMessage("pinged"))

        self.connect(pingPongHandler=Ping())
        self.server.say(ping(b"1"))
        self.assertEqual(self.server.frames(), [(0x8A, b"1"), (0x81, b"pinged")])

    def test_late(self) -> None:
        """
        A handler may answer later; messages do not wait for it.
        """
        late: Deferred[bytes] = Deferred()

        class Ping(PingPongService):
            async def onPing(self, data: bytes) -> bytes:
                return await late

        client = self.connect(pingPongHandler=Ping())
        self.server.say(ping(b"1") + text("x"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "x")
        self.assertEqual(self.server.frames(), [])
        late.callback(b"now")
        self.assertEqual(self.server.frames(), [(0x8A, b"now")])

    def test_whileFull(self) -> None:
        """
        A handler is called though nobody reads, as long as there is room.
        """
        seen: list[bytes] = []

        class Ping(PingPongService):
            def onPing(self, data: bytes) -> bytes:
                seen.append(data)
                return data

        self.connect(pingPongHandler=Ping(), maxPendingMessages=2)
        self.server.say(text("x") + ping(b"1"))
        self.assertEqual((seen, self.server.frames()), ([b"1"], [(0x8A, b"1")]))

    def test_raising(self) -> None:
        """
        A handler that raises closes the connection with 1011; its words are in the log alone; reads fail with it.
        """

        class Ping(PingPongService):
            def onPing(self, data: bytes) -> bytes:
                raise ValueError("secret-canary")

        client = self.connect(pingPongHandler=Ping(), retryConfig={})
        waiting = client.readTextMessage()
        self.server.say(ping(b"1")).hangUp()
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xf3Unexpected condition")])
        self.failed(waiting, ValueError)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertIdle()

    def test_closing(self) -> None:
        """
        A handler may return a close frame.
        """

        class Pong(PingPongService):
            def onPong(self, data: bytes) -> Any:
                return balws.NormalClosure(reason="enough")

        client = self.connect(pingPongHandler=Pong())
        self.server.say(pong(b"1"))
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8enough")])
        self.assertFalse(client.isOpen())

    def test_wrong(self) -> None:
        """
        What is no PingPongService, or cannot work as written, fails before anybody connects.
        """

        class Nothing:
            pass

        class More:
            def onPing(self, data: bytes) -> None: ...
            def onTextMessage(self, text: str) -> None: ...

        for handler in (5, "x", Nothing(), More(), PingPongService):
            self.failed(
                self.begin(pingPongHandler=handler),
                ConfigurationError,
                "pingPongHandler: The callback service should be a PingPongService",
            )

        class WrongType(PingPongService):
            def onPing(self, data: int) -> None: ...

        class TooMany(PingPongService):
            def onPing(self, caller: Any, data: bytes, more: int) -> None: ...

        class Stream(PingPongService):
            def onPing(self, data: bytes) -> Any:
                yield data

        for kind in (WrongType, TooMany, Stream):
            self.failed(self.begin(pingPongHandler=kind()), ServiceDefinitionError)
        self.assertEqual(self.place.servers, [])
        self.assertIdle()


class KeepAliveTests(RetryTestCase):
    """
    A server that is gone without a word.
    """

    def test_dead(self) -> None:
        """
        It is found out within pingInterval and pingTimeout: not before, and soon after.
        """
        for fields, seconds in (({}, 50), ({"pingInterval": 7, "pingTimeout": 3}, 10)):
            client = self.connect(**fields)
            waiting = client.readTextMessage()
            self.clock.advance(seconds - 0.1)
            self.assertTrue(client.isOpen())
            ((first, payload),) = self.server.frames()
            self.assertEqual((first, len(payload)), (0x89, 4))
            self.clock.advance(0.4)
            problem = self.failed(waiting, ConnectionClosureError, "Connection closed Status code: 1006")
            self.assertEqual(problem.statusCode, 1006)
            self.assertIdle()

    def test_alive(self) -> None:
        """
        A server that answers keeps its connection; each ping is another.
        """
        client = self.connect(pingInterval=7, pingTimeout=3)
        seen = set()
        for _ in range(5):
            self.clock.advance(7.2)
            ((first, payload),) = self.server.frames()
            self.assertEqual(first, 0x89)
            seen.add(payload)
            self.server.say(pong(payload))
        self.assertEqual(len(seen), 5)
        self.assertTrue(client.isOpen())

    def test_wrongPong(self) -> None:
        """
        A pong that answers no ping of ours, and messages, do not count.
        """
        client = self.connect(pingInterval=7, pingTimeout=3)
        self.clock.advance(7.1)
        self.server.say(pong(b"wrong") + text("busy"))
        self.clock.advance(3.3)
        self.assertFalse(client.isOpen())

    def test_off(self) -> None:
        """
        A pingInterval of 0 sends no pings, a pingTimeout of 0 waits without limit.
        """
        client = self.connect(pingInterval=0)
        self.clock.advance(1000)
        self.assertEqual(self.server.frames(), [])
        self.assertTrue(client.isOpen())
        client = self.connect(pingTimeout=0)
        self.clock.advance(200)
        self.assertEqual(len(self.server.frames()), 6)
        self.assertTrue(client.isOpen())

    def test_notRead(self) -> None:
        """
        While nobody reads, and so no pong could be seen, its time does not run.
        """
        client = self.connect(pingInterval=7, pingTimeout=3, maxPendingMessages=1)
        self.server.say(text("1") + text("2"))
        self.clock.advance(100)
        self.assertTrue(client.isOpen())
        self.assertEqual(self.server.frames(), [])
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(2)], ["1", "2"])

    def test_reconnects(self) -> None:
        """
        A dead server's connection is made again, and its keep-alive begins anew.
        """
        client = self.lasting(pingInterval=7, pingTimeout=3)
        self.clock.advance(12.5)
        self.assertEqual((client.isOpen(), len(self.place.servers)), (True, 2))
        self.clock.advance(5)
        self.assertEqual(self.server.frames(), [])
        self.clock.advance(2.2)
        self.assertEqual(len(self.server.frames()), 1)

    def test_handler(self) -> None:
        """
        Pongs of the keep-alive do not reach a handler.
        """
        seen: list[bytes] = []

        class Pong(PingPongService):
            def onPong(self, data: bytes) -> None:
                seen.append(data)

        self.connect(pingPongHandler=Pong(), pingInterval=7)
        self.clock.advance(7.1)
        self.server.say(pong(self.server.frames()[0][1]) + pong(b"user's"))
        self.assertEqual(seen, [b"user's"])


class CoroutineTests(RetryTestCase):
    """
    async for and async with.
    """

    def begun(self, coroutine: Any) -> Deferred[Any]:
        """
        @return: of a coroutine.
        """
        with self.network.turn():
            return Deferred.fromCoroutine(coroutine)

    async def all(self, client: Client, found: list[Any]) -> str:
        """
        Read everything.
        """
        async for message in client:
            found.append(message)
        return "ended"

    def test_iteration(self) -> None:
        """
        It reads messages of both kinds until the server closes with 1000 or 1001.
        """
        for code in (1000, 1001):
            client = self.connect()
            found: list[Any] = []
            reading = self.begun(self.all(client, found))
            self.server.say(text("1") + binary(b"2"))
            self.assertEqual(found, ["1", b"2"])
            self.assertNoResult(reading)
            self.server.say(text("3") + closing(code)).hangUp()
            self.assertEqual(self.successResultOf(reading), "ended")
            self.assertEqual(found, ["1", b"2", "3"])

    def test_iterationFails(self) -> None:
        """
        It raises for every other end.
        """
        for end, kind in (
            (lambda: self.network.cut(), ConnectionClosureError),
            (lambda: self.server.say(closing(1011)).hangUp(), ConnectionClosureError),
            (lambda: self.server.say(closing(4000)).hangUp(), ConnectionClosureError),
            (lambda: self.server.say(closing(None)).hangUp(), ConnectionClosureError),
            (lambda: self.server.say(b"\x83\x00").hangUp(), CorruptedFrameError),
        ):
            client = self.connect()
            found: list[Any] = []
            reading = self.begun(self.all(client, found))
            self.server.say(text("1"))
            end()
            self.failed(reading, kind)
            self.assertEqual(found, ["1"])

    def test_iterationAndClose(self) -> None:
        """
        It ends without an error when somebody closes the client here, before or while the server answers.
        """
        client = self.connect()
        found: list[Any] = []
        reading = self.begun(self.all(client, found))
        done = client.close(4000)
        self.assertEqual(self.successResultOf(reading), "ended")
        self.server.say(closing(4000))
        self.successResultOf(done)
        self.assertEqual(self.successResultOf(self.begun(self.all(client, found))), "ended")

    def test_iterationAndTwoCloses(self) -> None:
        """
        So too where it is closed twice.
        """
        client = self.connect()
        done = client.close(4000)
        client.close().addErrback(lambda _: None)
        self.assertEqual(self.successResultOf(self.begun(self.all(client, []))), "ended")
        self.server.say(closing(4000))
        self.successResultOf(done)

    def test_iterationTimeout(self) -> None:
        """
        A readTimeout is raised, and one may go on afterwards.
        """
        client = self.connect(readTimeout=3)
        found: list[Any] = []
        reading = self.begun(self.all(client, found))
        self.clock.advance(3)
        self.failed(reading, ReadTimedOutError)
        reading = self.begun(self.all(client, found))
        self.server.say(text("1") + closing(1000)).hangUp()
        self.assertEqual((self.successResultOf(reading), found), ("ended", ["1"]))

    def test_iterationOverLoss(self) -> None:
        """
        It goes on after a reconnection as if nothing had been.
        """
        client = self.lasting()
        found: list[Any] = []
        reading = self.begun(self.all(client, found))
        self.server.say(text("1"))
        self.network.cut()
        self.clock.advance(2)
        self.server.say(text("2") + closing(1000)).hangUp()
        self.assertEqual((self.successResultOf(reading), found), ("ended", ["1", "2"]))

    def test_iterationAfterwards(self) -> None:
        """
        Begun when all is over it ends, or raises, as the end was.
        """
        client = self.connect()
        self.server.say(text("1") + closing(1000)).hangUp()
        found: list[Any] = []
        self.assertEqual(self.successResultOf(self.begun(self.all(client, found))), "ended")
        self.assertEqual(found, ["1"])

    def test_with(self) -> None:
        """
        async with closes with 1000 and waits for the server.
        """

        async def use() -> str:
            async with client as inner:
                self.assertIs(inner, client)
                await inner.writeTextMessage("hi")
                return await inner.readTextMessage()

        client = self.connect()
        using = self.begun(use())
        self.assertEqual(self.server.texts(), ["hi"])
        self.server.say(text("ho"))
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.assertNoResult(using)
        self.server.say(closing(1000))
        self.assertEqual(self.successResultOf(using), "ho")
        self.assertIdle()

    def test_withError(self) -> None:
        """
        It closes with 1011 where the block raises, and the error goes on; its words do not.
        """

        async def use() -> None:
            async with client:
                raise ValueError("secret-canary")

        client = self.connect()
        using = self.begun(use())
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xf3")])
        self.server.say(closing(1011))
        self.failed(using, ValueError)
        self.assertIdle()

    def test_withClosed(self) -> None:
        """
        It has nothing to do, and nothing to say, where one side has closed in the block.
        """
        for end in (
            lambda _: self.server.say(closing(1000)).hangUp(),
            lambda _: self.network.cut(),
            lambda client: client.close(timeout=0),
        ):
            gate: Deferred[None] = Deferred()

            async def use(client: Client, gate: Deferred[None]) -> str:
                async with client:
                    await gate
                return "done"

            client = self.connect()
            using = self.begun(use(client, gate))
            end(client)
            with self.network.turn():
                gate.callback(None)
            self.assertEqual(self.successResultOf(using), "done")
            self.assertIdle()

    def test_withSilence(self) -> None:
        """
        A server that does not answer the close is no error of the block's.
        """

        async def use() -> str:
            async with client:
                return "done"

        client = self.connect(connectionClosureTimeout=3)
        using = self.begun(use())
        self.assertNoResult(using)
        self.clock.advance(3)
        self.assertEqual(self.successResultOf(using), "done")
        self.assertIdle()

    def test_withWhileServerCloses(self) -> None:
        """
        A block that is left between the server's close frame and the end of TCP is left at once.
        """

        async def use() -> str:
            async with client:
                await gate
            return "done"

        gate: Deferred[None] = Deferred()
        client = self.connect()
        using = self.begun(use())
        self.server.say(closing(1000))
        with self.network.turn():
            gate.callback(None)
        self.assertEqual(self.successResultOf(using), "done")
        self.server.hangUp()
        self.assertIdle()

    def test_withWhileAway(self) -> None:
        """
        A block that is left while the client connects again ends that.
        """

        async def use() -> str:
            async with client:
                await gate
            return "done"

        gate: Deferred[None] = Deferred()
        client = self.lasting()
        using = self.begun(use())
        self.network.cut()
        with self.network.turn():
            gate.callback(None)
        self.assertEqual(self.successResultOf(using), "done")
        self.assertIdle()

    def test_withCancelled(self) -> None:
        """
        A coroutine that is cancelled in its block leaves nothing once the server has answered, or has not in time.
        """

        async def use() -> None:
            async with client:
                await client.readTextMessage()

        client = self.connect(connectionClosureTimeout=3)
        using = self.begun(use())
        with self.network.turn():
            using.cancel()
        self.clock.advance(3)
        self.failed(using, CancelledError)
        self.assertIdle()


class CancelTests(ClientTestCase):
    """
    A connect that is cancelled.
    """

    def test_stages(self) -> None:
        """
        In any stage: nothing is left, nobody is told, nothing is in the log.
        """
        self.network.hold()
        connecting = self.begin()
        connecting.cancel()
        self.failed(connecting, CancelledError)
        self.network.release()
        self.assertEqual(self.place.servers, [])
        self.assertIdle()
        for script in (silent, answers(b"HTTP/1.1 101"), answers(head("500 X", ("Content-Length", "5")))):
            self.place.scripts.append(script)
            connecting = self.begin()
            with self.network.turn():
                connecting.cancel()
            self.failed(connecting, CancelledError)
            self.assertIdle()

    def test_afterwards(self) -> None:
        """
        When it is done there is nothing to cancel.
        """
        connecting = self.begin()
        connecting.cancel()
        self.assertTrue(self.successResultOf(connecting).isOpen())

    def test_nobodyThere(self) -> None:
        """
        A connection that was refused is an error of the builtin kind too.
        """
        self.network.refusing = True
        problem = self.failed(self.begin(), ConnectionError)
        self.assertTrue(isinstance(problem, builtins.ConnectionError))
