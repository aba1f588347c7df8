"""
Tests of L{balws.client.asyncclient}.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from twisted.internet.defer import CancelledError, Deferred, succeed

from balws import (
    AsyncClient,
    CustomCloseFrame,
    Error,
    GoingAway,
    NormalClosure,
    Service,
    dispatcherConfig,
)
from balws.errors import (
    ConfigurationError,
    ConnectionClosureError,
    ConnectionError,
    CorruptedFrameError,
    InvalidHandshakeError,
    PayloadBindingError,
    PayloadTooLargeError,
    PayloadValidationError,
    ServiceDefinitionError,
)
from balws.testing import RecordingService
from tests.client.peers import (
    ClientTestCase,
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
from tests.client.test_client import Order
from tests.client.test_link import RetryTestCase

OPEN = ("onOpen",)


class ConnectTests(ClientTestCase):
    """
    From a URL and a service to a client.
    """

    def test_open(self) -> None:
        """
        onOpen was called when connect fires, once, with a caller that can write.
        """
        service = RecordingService(onOpen="hello")
        client = self.connectAsync(service)
        self.assertIs(type(client).__mro__[1], AsyncClient)
        self.assertEqual(service.calls, [OPEN])
        self.assertEqual(self.server.texts(), ["hello"])
        assert service.caller is not None
        self.assertTrue(service.caller.isOpen())

    def test_withTheAnswer(self) -> None:
        """
        What came in the same read as the answer 101 comes after whoever waits for the client has it.
        """
        seen: list[Any] = []
        service = RecordingService(onOpen=lambda: seen.append("open"), onTextMessage=seen.append)
        self.place.scripts.append(accepts(rest=text("early") + ping(b"x")))
        with self.network.turn():
            self.beginAsync(service).addCallback(lambda _: seen.append("connected"))
        self.assertEqual(seen, ["open", "connected", "early"])
        self.assertEqual(self.server.frames(), [(0x8A, b"x")])

    def test_noService(self) -> None:
        """
        Without a service messages are ignored, pings answered, and the server's close too.
        """
        client = self.connectAsync()
        self.server.say(text("x") + binary(b"y") + ping(b"z") + pong(b"p"))
        self.assertEqual(self.server.frames(), [(0x8A, b"z")])
        client.writeTextMessage("hi")
        self.assertEqual(self.server.texts(), ["hi"])
        self.server.say(closing(1000)).hangUp()
        self.assertIdle()

    def test_noReads(self) -> None:
        """
        It has nothing to read with.
        """
        client = self.connectAsync()
        for name in ("readTextMessage", "readBinaryMessage", "readMessage", "__aiter__", "__aenter__"):
            self.assertFalse(hasattr(client, name), name)

    def test_failures(self) -> None:
        """
        Where there is no connection no method is called.
        """
        service = RecordingService()
        self.failed(self.beginAsync(service, "http://localhost/"), Error)
        self.failureResultOf(self.beginAsync(service, readTimeout="x"), ConfigurationError)
        self.place.scripts += [answers(head("403 No", ("Content-Length", "0"))), silent]
        self.failed(self.beginAsync(service), InvalidHandshakeError)
        connecting = self.beginAsync(service)
        with self.network.turn():
            connecting.cancel()
        self.failed(connecting, CancelledError)
        self.network.refusing = True
        self.failed(self.beginAsync(service), ConnectionError)
        self.assertEqual(service.calls, [])
        self.assertIdle()

    def test_definition(self) -> None:
        """
        A service that cannot work as written fails before anybody connects.
        """

        class Both(Service):
            def onMessage(self, data: Any) -> None: ...
            def onTextMessage(self, text: str) -> None: ...

        class Unknown(Service):
            def onTextMesage(self, text: str) -> None: ...

        class Wrong(Service):
            def onClose(self, reason: str) -> None: ...

        for service in (Both(), Unknown(), Wrong(), object(), "x", Service):
            self.failed(self.beginAsync(service), ServiceDefinitionError)  # type: ignore[arg-type]
        self.assertEqual(self.place.servers, [])
        self.assertIdle()

    def test_closeInOnOpen(self) -> None:
        """
        A close frame from onOpen closes; whoever waits gets a client that is closed.
        """
        service = RecordingService(onOpen=GoingAway(reason="no"))
        client = self.connectAsync(service)
        self.assertFalse(client.isOpen())
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe9no")])
        self.server.say(closing(1001))
        self.assertEqual(service.calls, [OPEN, ("onClose", 1001, "no")])
        self.assertIdle()

    def test_raisingOnOpen(self) -> None:
        """
        An onOpen that raises closes with 1011; the error is in the log, and onError's.
        """

        def fault() -> None:
            raise ValueError("secret-canary")

        service = RecordingService(onOpen=fault)
        client = self.connectAsync(service)
        self.assertFalse(client.isOpen())
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xf3Unexpected condition")])
        self.assertEqual(service.calls, [OPEN, ("onError", ValueError)])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class OrderTests(ClientTestCase):
    """
    One call after the other.
    """

    def test_kinds(self) -> None:
        """
        Each frame has its method.
        """
        service = RecordingService()
        self.connectAsync(service)
        self.server.say(text("a") + binary(b"b") + ping(b"c") + pong(b"d") + closing(4000, b"bye")).hangUp()
        self.assertEqual(
            service.calls,
            [
                OPEN,
                ("onTextMessage", "a"),
                ("onBinaryMessage", b"b"),
                ("onPing", b"c"),
                ("onPong", b"d"),
                ("onClose", 4000, "bye"),
            ],
        )
        self.assertEqual(self.server.frames(), [(0x8A, b"c"), (0x88, b"\x0f\xa0")])
        self.assertIdle()

    def test_openFirst(self) -> None:
        """
        No message is dispatched before onOpen is done, however long it takes.
        """
        late: Deferred[None] = Deferred()
        service = RecordingService(onOpen=lambda: late)
        self.connectAsync(service)
        self.server.say(text("a") + ping(b"p") + text("b"))
        self.assertEqual(service.calls, [OPEN, ("onPing", b"p")])
        late.callback(None)
        self.assertEqual(service.calls[2:], [("onTextMessage", "a"), ("onTextMessage", "b")])

    def test_oneByOne(self) -> None:
        """
        The next message comes when the method's Deferred has fired and its answer is written.
        """
        answers_: list[Deferred[Any]] = [Deferred(), Deferred()]
        service = RecordingService(onTextMessage=lambda _: answers_[len(service.calls) - 2])
        self.connectAsync(service)
        self.server.say(text("a") + text("b"))
        self.assertEqual(service.calls, [OPEN, ("onTextMessage", "a")])
        answers_[0].callback("A")
        self.assertEqual(self.server.texts(), ["A"])
        self.assertEqual(service.calls[2:], [("onTextMessage", "b")])
        answers_[1].callback("B")
        self.assertEqual(self.server.texts(), ["B"])

    def test_coroutines(self) -> None:
        """
        Methods may be coroutine functions.
        """
        late: Deferred[str] = Deferred()

        class Slow(Service):
            async def onTextMessage(self, caller: Any, text: str) -> str:
                await caller.writeTextMessage("wait")
                return text + await late

        self.connectAsync(Slow())
        self.server.say(text("a"))
        self.assertEqual(self.server.texts(), ["wait"])
        late.callback("!")
        self.assertEqual(self.server.texts(), ["a!"])

    def test_pressure(self) -> None:
        """
        While a method keeps it waiting no more than maxPendingMessages are taken off the connection: n - 1, n, n + 1.
        """
        late: Deferred[None] = Deferred()
        service = RecordingService(onTextMessage=lambda words: late if words == "0" else None)
        self.connectAsync(service, maxPendingMessages=3, pingInterval=0)
        transport = self.network.connections[0].client
        self.server.say(text("0"))
        for number, reading in ((1, True), (2, True), (3, False), (4, False)):
            self.server.say(text(str(number)))
            self.assertIs(transport.isReading, reading)
        self.assertEqual(len(service.calls), 2)
        late.callback(None)
        self.assertEqual(service.calls[1:], [("onTextMessage", str(number)) for number in range(5)])
        self.assertTrue(transport.isReading)


class EndTests(ClientTestCase):
    """
    Exactly one last call.
    """

    def test_ways(self) -> None:
        """
        onClose with the code and words that count, once, as the last call.
        """
        for end, code, reason in (
            (lambda _: self.server.say(closing(1000)).hangUp(), 1000, ""),
            (lambda _: self.server.say(closing(1011, "grüße".encode())).hangUp(), 1011, "grüße"),
            (lambda _: self.server.say(closing(None)).hangUp(), 1005, ""),
            (lambda _: self.network.cut(), 1006, ""),
            (lambda _: self.server.hangUp(), 1006, ""),
            (lambda _: self.server.reset(), 1006, ""),
            (lambda client: client.close(4000, "mine", 0), 4000, "mine"),
        ):
            service = RecordingService()
            end(self.connectAsync(service, pingInterval=0))
            self.clock.advance(100)
            self.assertEqual(service.calls, [OPEN, ("onClose", code, reason)])
            self.assertIdle()

    def test_faults(self) -> None:
        """
        After what we had to refuse it is onError, with why; onClose is not called too.
        """
        for data, kind, code in (
            (b"\x83\x00", CorruptedFrameError, 1002),
            (b"\x81\x01\xff", CorruptedFrameError, 1007),
            (text("x" * 1001), PayloadTooLargeError, 1009),
        ):
            service = RecordingService()
            client = self.connectAsync(service, maxFrameSize=1000, pingInterval=0)
            self.server.say(text("before") + data + text("behind") + closing(1000)).hangUp()
            self.clock.advance(100)
            self.assertEqual(service.calls, [OPEN, ("onTextMessage", "before"), ("onError", kind)])
            ((_, payload),) = self.server.frames()
            self.assertEqual(int.from_bytes(payload[:2], "big"), code)
            self.assertFalse(client.isOpen())
            self.assertIdle()

    def test_raising(self) -> None:
        """
        After a method that raises it is onError; the server is told 1011 and nothing of what was raised.
        """

        def fault(_: str) -> None:
            raise ValueError("secret-canary")

        service = RecordingService(onTextMessage=fault)
        self.connectAsync(service)
        self.server.say(text("x") + text("y")).hangUp()
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xf3Unexpected condition")])
        self.assertEqual(service.calls, [OPEN, ("onTextMessage", "x"), ("onError", ValueError)])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertIdle()

    def test_raisingAtTheEnd(self) -> None:
        """
        A last call that raises is in the log, and changes nothing.
        """

        def fault(*_: Any) -> None:
            raise ValueError("at the end")

        service = RecordingService(onClose=fault)
        client = self.connectAsync(service)
        done = client.close()
        self.server.say(closing(1000))
        self.assertIs(self.successResultOf(done), None)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertIdle()

    def test_ownClose(self) -> None:
        """
        When the client is closed, onClose comes before the Deferred fires; messages meanwhile are dropped.
        """
        seen: list[Any] = []
        service = RecordingService(onClose=lambda *given: seen.append(given))
        client = self.connectAsync(service)
        done = client.close(1001, "bye").addCallback(lambda _: seen.append("done"))
        self.server.say(text("late") + closing(1001)).hangUp()
        self.successResultOf(done)
        self.assertEqual(seen, [(1001, "bye"), "done"])
        self.assertEqual(service.calls, [OPEN, ("onClose", 1001, "bye")])
        self.assertIdle()

    def test_waitsForMethod(self) -> None:
        """
        The last call comes when the method that runs, and messages that came before, are done.
        """
        late: Deferred[None] = Deferred()
        service = RecordingService(onTextMessage=lambda words: late if words == "a" else None)
        self.connectAsync(service)
        self.server.say(text("a") + text("b") + closing(1000)).hangUp()
        self.assertEqual(service.calls, [OPEN, ("onTextMessage", "a")])
        late.callback(None)
        self.assertEqual(service.calls[2:], [("onTextMessage", "b"), ("onClose", 1000, "")])
        self.assertIdle()

    def test_closeInMethod(self) -> None:
        """
        A method may wait for the client's own close.
        """
        service = RecordingService(onTextMessage=lambda _: client.close())
        client = self.connectAsync(service)
        self.server.say(text("a") + text("b"))
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.server.say(closing(1000)).hangUp()
        self.assertEqual(service.calls, [OPEN, ("onTextMessage", "a"), ("onClose", 1000, "")])
        self.assertIdle()

    def test_dead(self) -> None:
        """
        A server that is gone without a word is onClose with 1006, within pingInterval and pingTimeout.
        """
        service = RecordingService()
        self.connectAsync(service, pingInterval=7, pingTimeout=3)
        self.clock.advance(9.9)
        self.assertEqual(service.calls, [OPEN])
        self.clock.advance(0.4)
        self.assertEqual(service.calls, [OPEN, ("onClose", 1006, "")])
        self.assertIdle()


class ValueTests(ClientTestCase):
    """
    What methods return.
    """

    def test_sent(self) -> None:
        """
        Text and XML as text, bytes as binary, nothing for None, all else as JSON, now or later.
        """
        for value, frames in (
            ("x", [(0x81, b"x")]),
            (b"x", [(0x82, b"x")]),
            ({"a": [1]}, [(0x81, b'{"a":[1]}')]),
            (5, [(0x81, b"5")]),
            (False, [(0x81, b"false")]),
            (None, []),
            (succeed("x"), [(0x81, b"x")]),
        ):
            service = RecordingService(onTextMessage=value)
            self.connectAsync(service)
            self.server.say(text("?"))
            self.assertEqual(self.server.frames(), frames)

    def test_closeFrames(self) -> None:
        """
        A close frame closes, with its code and words.
        """
        for value, payload in (
            (NormalClosure(), b"\x03\xe8"),
            (CustomCloseFrame(4001, "words"), b"\x0f\xa1words"),
        ):
            service = RecordingService(onTextMessage=value)
            client = self.connectAsync(service)
            self.server.say(text("?"))
            self.assertEqual(self.server.frames(), [(0x88, payload)])
            self.assertFalse(client.isOpen())
            self.server.say(closing(int.from_bytes(payload[:2], "big"))).hangUp()
            self.assertEqual(service.calls[-1][0], "onClose")
            self.assertIdle()

    def test_errors(self) -> None:
        """
        An Error that is returned is logged, nothing is sent, and the connection goes on.
        """
        service = RecordingService(onTextMessage=Error("words"))
        client = self.connectAsync(service)
        self.server.say(text("?"))
        self.assertEqual(self.server.frames(), [])
        self.assertTrue(client.isOpen())

    def test_streams(self) -> None:
        """
        A generator is a stream: each element is one message.
        """

        class Counting(Service):
            def onTextMessage(self, text: str) -> Any:
                for number in range(3):
                    yield f"{text}{number}"

        self.connectAsync(Counting())
        self.server.say(text("a") + text("b"))
        self.clock.advance(0)
        self.assertEqual(sorted(self.server.texts()), ["a0", "a1", "a2", "b0", "b1", "b2"])

    def test_afterwards(self) -> None:
        """
        What a method returns after the end is sent to nobody, and is no fault.
        """
        late: Deferred[str] = Deferred()
        service = RecordingService(onTextMessage=lambda _: late)
        self.connectAsync(service)
        self.server.say(text("?"))
        self.network.cut()
        late.callback("too late")
        self.assertEqual(service.calls[-1], ("onClose", 1006, ""))
        self.assertIdle()


class DispatchTests(ClientTestCase):
    """
    Methods for messages of a type, and typed data.
    """

    def test_key(self) -> None:
        """
        dispatcherKey names the field whose value names the method; what has none goes to onMessage.
        """
        calls: list[Any] = []

        class Chat(Service):
            def onHeartbeat(self, data: dict[str, Any]) -> Any:
                calls.append(("heartbeat", data))
                return {"event": "pong"}

            @dispatcherConfig("un subscribe")
            def onLeave(self, caller: Any, data: dict[str, Any]) -> None:
                calls.append(("leave", data))

            def onMessage(self, data: Any) -> None:
                calls.append(("other", data))

            def onClose(self, statusCode: int) -> None:
                calls.append(("close", statusCode))

        self.connectAsync(Chat(), dispatcherKey="event")
        self.server.say(text('{"event":"heartbeat"}'))
        self.assertEqual(self.server.texts(), ['{"event":"pong"}'])
        self.server.say(text('{"event":"un subscribe"}') + text('{"event":"close"}') + text("[1]"))
        self.assertEqual(
            calls,
            [
                ("heartbeat", {"event": "heartbeat"}),
                ("leave", {"event": "un subscribe"}),
                ("other", {"event": "close"}),
                ("other", [1]),
            ],
        )

    def test_binding(self) -> None:
        """
        Declared types are bound; what cannot be goes to on<X>Error, or else is 1003 and onError.
        """
        calls: list[Any] = []

        class Orders(Service):
            def onOrder(self, data: Order) -> None:
                calls.append(data)

            def onOrderError(self, error: Exception) -> None:
                calls.append(type(error))

            def onMessage(self, data: Order) -> None:
                calls.append(data)

            def onError(self, error: Exception) -> None:
                calls.append(("error", type(error)))

        client = self.connectAsync(Orders(), dispatcherKey="t")
        self.server.say(text('{"t":"order","item":"tea","count":1}') + text('{"t":"order","item":5,"count":1}'))
        self.server.say(text('{"t":"order","item":"tea","count":0}') + text('{"item":"tea","count":2}'))
        self.assertEqual(calls, [Order("tea", 1), PayloadBindingError, PayloadValidationError, Order("tea", 2)])
        self.assertTrue(client.isOpen())
        self.server.say(text('{"item":5,"count":2}'))
        self.assertEqual(self.server.frames()[0][1][:2], b"\x03\xeb")
        self.assertEqual(calls[4:], [("error", PayloadBindingError)])
        self.flushLoggedErrors(PayloadBindingError)

    def test_validationOff(self) -> None:
        """
        validation of the configuration is heeded.
        """
        seen: list[int] = []

        class Numbers(Service):
            def onMessage(self, data: Annotated[int, Meta(ge=1)]) -> None:
                seen.append(data)

        self.connectAsync(Numbers(), validation=False)
        self.server.say(text("0"))
        self.assertEqual(seen, [0])


class IdleTests(ClientTestCase):
    """
    onIdleTimeout.
    """

    def test_repeats(self) -> None:
        """
        It is called after idleTimeout without a message, again and again; the connection stays open.
        """
        service = RecordingService()
        client = self.connectAsync(service, idleTimeout=7, pingInterval=0)
        self.clock.advance(6.9)
        self.assertEqual(service.calls, [OPEN])
        self.clock.advance(0.3)
        self.assertEqual(service.calls, [OPEN, ("onIdleTimeout",)])
        self.clock.advance(7.2)
        self.assertEqual(service.calls[2:], [("onIdleTimeout",)])
        self.assertTrue(client.isOpen())

    def test_traffic(self) -> None:
        """
        Messages either way begin the time anew; pings and pongs do not.
        """
        service = RecordingService(onIdleTimeout=None)
        client = self.connectAsync(service, idleTimeout=7, pingInterval=0)
        acts = (
            lambda: self.server.say(text("x")),
            lambda: self.server.say(binary(b"x")),
            lambda: client.writeTextMessage("x"),
            lambda: client.writeBinaryMessage(b"x"),
            lambda: client.writeMessage({}),
        )
        for act in acts:
            self.clock.advance(6)
            act()
        self.assertNotIn(("onIdleTimeout",), service.calls)
        self.clock.advance(4)
        self.server.say(ping(b"x") + pong(b"y"))
        client.ping()
        client.pong()
        self.clock.advance(3.2)
        self.assertEqual(service.calls.count(("onIdleTimeout",)), 1)

    def test_closes(self) -> None:
        """
        A close frame that it returns closes.
        """
        service = RecordingService(onIdleTimeout=NormalClosure(reason="idle"))
        self.connectAsync(service, idleTimeout=7, pingInterval=0)
        self.clock.advance(7.2)
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8idle")])
        self.server.say(closing(1000)).hangUp()
        self.assertEqual(service.calls[-1], ("onClose", 1000, "idle"))
        self.assertIdle()

    def test_off(self) -> None:
        """
        Without an idleTimeout it is never called.
        """
        service = RecordingService()
        self.connectAsync(service, pingInterval=0)
        self.clock.advance(100000)
        self.assertEqual(service.calls, [OPEN])


class AgainTests(RetryTestCase):
    """
    A client of a service whose connection was lost.
    """

    def lastingService(self, service: Service, **fields: Any) -> AsyncClient:
        """
        @return: a client of it that connects again every two seconds.
        """
        return self.connectAsync(service, **{"retryConfig": {"interval": 2}, "pingInterval": 0, **fields})

    def test_conversations(self) -> None:
        """
        Each connection is a conversation of its own, with its onOpen and its one last call.
        """
        service = RecordingService()
        client = self.lastingService(service, **self.callbacks())
        first = service.caller
        self.network.cut()
        self.assertEqual(service.calls, [OPEN, ("onClose", 1006, "")])
        self.clock.advance(2)
        self.assertEqual(service.calls, [OPEN, ("onClose", 1006, ""), OPEN])
        self.assertIsNot(service.caller, first)
        self.server.say(text("a") + closing(1012, b"restart")).hangUp()
        self.clock.advance(2)
        self.server.say(closing(1000, b"bye")).hangUp()
        self.assertEqual(
            service.calls[3:],
            [("onTextMessage", "a"), ("onClose", 1012, "restart"), OPEN, ("onClose", 1000, "bye")],
        )
        self.assertEqual([each[0] for each in self.told], ["lost", "back", "lost", "back"])
        self.assertFalse(client.isReconnecting())
        self.assertIdle()

    def test_writes(self) -> None:
        """
        What the client writes waits for the next connection, and goes out after what onOpen returns.
        """
        service = RecordingService(onOpen="login")
        client = self.lastingService(service)
        self.network.cut()
        written = client.writeTextMessage("x")
        self.clock.advance(2)
        self.assertIs(self.successResultOf(written), None)
        self.assertEqual(self.server.texts(), ["login", "x"])

    def test_writesInOpen(self) -> None:
        """
        What onOpen of a later connection has the client write goes out at once, or fails at once where it cannot.
        """
        written: list[Any] = []

        def onOpen() -> None:
            if self.clients:
                written.extend([self.clients[0].writeTextMessage("x"), self.clients[0].writeTextMessage(5)])

        client = self.lastingService(RecordingService(onOpen=onOpen))
        self.network.cut()
        later = client.writeTextMessage("later")
        self.clock.advance(2)
        self.assertIs(self.successResultOf(written[0]), None)
        self.failed(written[1], TypeError)
        self.successResultOf(later)
        self.assertEqual(self.server.texts(), ["x", "later"])

    def test_faults(self) -> None:
        """
        After a fault of ours or the server's there is no other connection.
        """

        def fault(_: str) -> None:
            raise ValueError("x")

        for data, kind in ((text("x"), ValueError), (b"\x83\x00", CorruptedFrameError)):
            service = RecordingService(onTextMessage=fault)
            client = self.lastingService(service)
            self.server.say(data).hangUp()
            self.clock.advance(100)
            self.assertFalse(client.isReconnecting())
            self.assertEqual(service.calls[-1], ("onError", kind))
            self.assertIdle()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_ownCloseFrame(self) -> None:
        """
        After a close frame of our own service there is no other connection, whatever its code and the answer's.
        """
        for answer in (closing(1001), closing(1012), b""):
            service = RecordingService(onTextMessage=GoingAway())
            client = self.lastingService(service, **self.callbacks())
            self.server.say(text("x"))
            self.server.say(answer).hangUp()
            self.clock.advance(100)
            self.assertEqual((client.isOpen(), client.isReconnecting(), self.told), (False, False, []))
            self.assertEqual(service.calls[2:], [("onClose", 1001, "")])
            self.assertIdle()

    def test_closeInSecondOpen(self) -> None:
        """
        A close frame from the onOpen of a later connection is an end too; what waited for it fails.
        """
        count: list[int] = []

        def onOpen() -> Any:
            count.append(1)
            return GoingAway() if len(count) == 2 else None

        service = RecordingService(onOpen=onOpen)
        client = self.lastingService(service)
        self.network.cut()
        written = client.writeTextMessage("x")
        self.clock.advance(2)
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe9")])
        self.server.say(closing(1001)).hangUp()
        self.failed(written, ConnectionClosureError)
        self.clock.advance(100)
        self.assertEqual((client.isReconnecting(), self.attempts), (False, 2))
        self.assertIdle()

    def test_closeInOnClose(self) -> None:
        """
        Who closes the client when he hears of the loss is done with it.
        """
        closed: list[Any] = []
        service = RecordingService(onClose=lambda *_: closed.append(self.outcomeOf(client.close())))
        client = self.lastingService(service)
        self.network.cut()
        self.clock.advance(100)
        self.assertEqual((client.isReconnecting(), self.attempts), (False, 1))
        self.assertIdle()

    def test_givenUp(self) -> None:
        """
        When it is given up no further method is called: there was no further connection.
        """
        service = RecordingService()
        client = self.lastingService(service, retryConfig={"interval": 2, "maxCount": 1})
        self.network.cut()
        self.network.refusing = True
        self.clock.advance(100)
        self.assertEqual(service.calls, [OPEN, ("onClose", 1006, "")])
        self.assertFalse(client.isReconnecting())
        self.failed(client.writeTextMessage("x"), ConnectionClosureError)
        self.assertIdle()


class CancelTests(RetryTestCase):
    """
    A connect that its own service cancels.
    """

    def test_inOpen(self) -> None:
        """
        Cancelled in C{onOpen}, nothing is left: not the connection, and no other follows.
        """

        class Hasty(Service):
            def onOpen(self) -> None:
                connecting[0].cancel()

        connecting: list[Any] = [None]
        with self.network.turn():
            self.network.hold()
            connecting[0] = AsyncClient.connect(
                "ws://localhost/", Hasty(), endpoint=self.endpoint, reactor=self.clock, retryConfig={"interval": 1}
            )
        self.network.release()
        self.failureResultOf(connecting[0], CancelledError)
        self.clock.advance(100)
        self.assertEqual(self.network.connections, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
