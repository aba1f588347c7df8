"""
Tests of L{balws.client.outgoing}.
"""

from __future__ import annotations

import zlib
from typing import Any
from xml.etree.ElementTree import fromstring

import attrs
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone, ConnectionLost

from balws import ClientConfiguration
from balws.client.client import Client
from balws.client.outgoing import Outgoing
from balws.errors import ConfigurationError, ConnectionClosureError, CorruptedFrameError, Error, SslError
from balws.wire.written import WRITTEN
from tests.client.peers import ClientTestCase, accepts, closing, text
from tests.client.test_connecting import Secured, Trusting, certificateFor
from tests.client.test_reading import DEFLATE


class WriteTests(ClientTestCase):
    """
    From messages to a server.
    """

    def test_kinds(self) -> None:
        """
        Text and binary, empty ones and all characters too, each masked in its own way.
        """
        client = self.connect()
        written = [
            client.writeTextMessage("hi"),
            client.writeTextMessage(""),
            client.writeTextMessage("é€𐍈\x00"),
            client.writeBinaryMessage(b"\x00\xff"),
            client.writeBinaryMessage(bytearray(b"a")),
            client.writeBinaryMessage(memoryview(b"b")),
        ]
        self.assertEqual([self.successResultOf(each) for each in written], [None] * 6)
        self.assertEqual(
            self.server.frames(),
            [
                (0x81, b"hi"),
                (0x81, b""),
                (0x81, "é€𐍈\x00".encode()),
                (0x82, b"\x00\xff"),
                (0x82, b"a"),
                (0x82, b"b"),
            ],
        )

    def test_values(self) -> None:
        """
        writeMessage sends str and XML as text, bytes as binary, all else as JSON.
        """

        @attrs.frozen
        class Point:
            x: int

        client = self.connect()
        element = fromstring("<a>b</a>")
        for value in ("as it is", element, b"x", bytearray(b"y"), {"a": [1, None, True]}, 5, None, Point(3)):
            self.assertIs(self.successResultOf(client.writeMessage(value)), None)
        self.assertEqual(
            self.server.frames(),
            [
                (0x81, b"as it is"),
                (0x81, b"<a>b</a>"),
                (0x82, b"x"),
                (0x82, b"y"),
                (0x81, b'{"a":[1,null,true]}'),
                (0x81, b"5"),
                (0x81, b"null"),
                (0x81, b'{"x":3}'),
            ],
        )

    def test_masks(self) -> None:
        """
        Each frame has a mask of its own.
        """
        client = self.connect()
        for _ in range(50):
            client.writeTextMessage("")
        keys = {self.server.received[start + 2 : start + 6] for start in range(0, 300, 6)}
        self.assertEqual(len(keys), 50)
        self.server.frames()

    def test_wrongValues(self) -> None:
        """
        What cannot be sent fails, and the connection stays as it is.
        """
        client = self.connect()
        for write, value, kind in (
            (client.writeTextMessage, b"x", TypeError),
            (client.writeTextMessage, None, TypeError),
            (client.writeTextMessage, "\udfff", ValueError),
            (client.writeBinaryMessage, "x", TypeError),
            (client.writeBinaryMessage, 5, TypeError),
            (client.writeMessage, object(), TypeError),
            (client.writeMessage, float("nan"), ValueError),
            (client.ping, "x", TypeError),
            (client.pong, None, TypeError),
        ):
            problem = self.failureResultOf(write(value)).value
            self.assertTrue(isinstance(problem, kind), (write, value, problem))
        self.assertEqual(self.server.frames(), [])
        self.assertTrue(client.isOpen())

    def test_fragments(self) -> None:
        """
        What is larger than maxFrameSize goes out in several frames: at n - 1, n, n + 1.
        """
        client = self.connect(maxFrameSize=1000)
        for size, sizes in ((999, [999]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])):
            client.writeBinaryMessage(b"x" * size)
            frames = self.server.frames()
            self.assertEqual([len(payload) for _, payload in frames], sizes)
            firsts = [first for first, _ in frames]
            self.assertEqual(firsts, [0x82] if len(sizes) == 1 else [0x02, *[0x00] * (len(sizes) - 2), 0x80])

    def test_compressed(self) -> None:
        """
        Where compression was agreed on, what is worth it is compressed over a common window.
        """
        self.place.scripts.append(accepts(DEFLATE))
        client = self.connect()
        inflate = zlib.decompressobj(-12)
        client.writeTextMessage("x" * 127)
        self.assertEqual(self.server.frames(), [(0x81, b"x" * 127)])
        for _ in range(2):
            client.writeTextMessage("hello " * 100)
            ((first, payload),) = self.server.frames()
            self.assertEqual(first, 0xC1)
            self.assertTrue(len(payload) < 60)
            self.assertEqual(inflate.decompress(payload + b"\0\0\xff\xff"), b"hello " * 100)

    def test_uncompressed(self) -> None:
        """
        Where it was not, nothing is.
        """
        client = self.connect()
        client.writeTextMessage("hello " * 100)
        self.assertEqual(self.server.frames(), [(0x81, b"hello " * 100)])

    def test_controls(self) -> None:
        """
        Pings and pongs carry up to 125 bytes: at n - 1, n, n + 1.
        """
        client = self.connect()
        client.ping()
        client.pong()
        client.ping(bytearray(b"x"))
        for size in (124, 125):
            self.assertIs(self.successResultOf(client.ping(b"p" * size)), None)
            self.assertIs(self.successResultOf(client.pong(b"q" * size)), None)
        for act, name in ((client.ping, "PING"), (client.pong, "PONG")):
            self.failed(
                act(b"x" * 126),
                CorruptedFrameError,
                f"invalid payload for {name} (payload length must be <= 125, was 126)",
            )
        self.assertEqual(
            self.server.frames(),
            [
                (0x89, b""),
                (0x8A, b""),
                (0x89, b"x"),
                (0x89, b"p" * 124),
                (0x8A, b"q" * 124),
                (0x89, b"p" * 125),
                (0x8A, b"q" * 125),
            ],
        )
        self.assertTrue(client.isOpen())

    def test_afterClosure(self) -> None:
        """
        After closure, by whomever, every write fails, before TCP has ended and after.
        """
        for end in (
            lambda client: client.close().addErrback(lambda _: None),
            lambda client: self.server.say(closing(1000)),
            lambda client: self.network.cut(),
        ):
            client = self.connect(pingInterval=0)
            end(client)
            for _ in range(2):
                for written in (
                    client.writeTextMessage("x"),
                    client.writeBinaryMessage(b"x"),
                    client.writeMessage(5),
                    client.ping(),
                    client.pong(),
                ):
                    problem = self.failed(written, ConnectionClosureError)
                    self.assertTrue(str(problem).startswith("Close frame already sent."), problem)
                self.network.cut()


class PressureTests(ClientTestCase):
    """
    A server that does not keep up.
    """

    def slow(self, **fields: Any) -> Client:
        """
        @return: a client whose server does not read.
        """
        client = self.connect(**{"pingInterval": 0, **fields})
        self.server.stopReading()
        return client

    def test_waits(self) -> None:
        """
        Writes are done at once up to 64 KiB unsent; then they wait until the server has taken all.
        """
        client = self.slow()
        self.assertIs(self.successResultOf(client.writeBinaryMessage(b"x" * 60000)), None)
        waiting = [client.writeBinaryMessage(b"y" * 10000), client.writeTextMessage("z"), client.ping(b"p")]
        for each in waiting:
            self.assertNoResult(each)
        self.server.readOn()
        self.assertEqual([self.successResultOf(each) for each in waiting], [None] * 3)
        self.assertEqual(len(self.server.frames()), 4)
        self.assertIs(self.successResultOf(client.writeTextMessage("again")), None)

    def test_timeout(self) -> None:
        """
        A write that waits longer than writeTimeout fails; the message is sent all the same, and the connection stays.
        """
        client = self.slow(writeTimeout=7)
        written = client.writeBinaryMessage(b"x" * 70000)
        self.clock.advance(3)
        later = client.writeTextMessage("y")
        self.clock.advance(3.9)
        self.assertNoResult(written)
        self.clock.advance(0.1)
        self.failed(written, Error, "Write timed out")
        self.assertNoResult(later)
        self.server.readOn()
        self.assertIs(self.successResultOf(later), None)
        self.assertEqual(self.server.frames()[-1], (0x81, b"y"))
        self.assertTrue(client.isOpen())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_shortTimeout(self) -> None:
        """
        It need not be whole seconds.
        """
        client = self.slow(writeTimeout=0.5)
        written = client.writeBinaryMessage(b"x" * 70000)
        self.clock.advance(0.5)
        self.failed(written, Error, "Write timed out")

    def test_noTimeout(self) -> None:
        """
        Without one, or with 0 or less, a write waits as long as it takes.
        """
        for fields in ({}, {"writeTimeout": 0}, {"writeTimeout": -3}):
            client = self.slow(**fields)
            written = client.writeBinaryMessage(b"x" * 70000)
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.clock.advance(1000)
            self.assertNoResult(written)
            self.server.readOn()
            self.successResultOf(written)

    def test_timeoutOfPings(self) -> None:
        """
        writeTimeout is for pings and pongs too.
        """
        client = self.slow(writeTimeout=7)
        client.writeBinaryMessage(b"x" * 70000).addErrback(lambda _: None)
        waiting = [client.ping(), client.pong()]
        self.clock.advance(7)
        for each in waiting:
            self.failed(each, Error, "Write timed out")

    def test_quickWrite(self) -> None:
        """
        A write that does not have to wait has no timer, and costs no Deferred.
        """
        for fields in ({"writeTimeout": 7}, {"retryConfig": {}}):
            client = self.connect(pingInterval=0, **fields)
            self.assertIs(client.writeTextMessage("x"), WRITTEN)
            self.assertIs(client.writeBinaryMessage(b"x"), WRITTEN)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancel(self) -> None:
        """
        A write that waits can be cancelled; the message is on its way, and the others wait on.
        """
        client = self.slow(writeTimeout=7)
        first, second = client.writeBinaryMessage(b"x" * 70000), client.writeTextMessage("y")
        first.cancel()
        self.failed(first, CancelledError)
        self.assertNoResult(second)
        self.server.readOn()
        self.successResultOf(second)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """
        A write that waits fails when the connection ends.
        """
        client = self.slow(writeTimeout=7)
        written = client.writeBinaryMessage(b"x" * 70000)
        self.network.cut()
        self.failed(written, ConnectionClosureError, "Connection closed before the message was sent")
        self.assertIdle()

    def test_slowServer(self) -> None:
        """
        A server that has not taken maxSendBuffer for slowConsumerTimeout is cut: at n not, at n + 1 it is.
        """
        client = self.slow(maxSendBuffer=100000, slowConsumerTimeout=5)
        first = client.writeBinaryMessage(b"x" * (65536 - 14 + 20000))
        self.clock.advance(100)
        self.assertTrue(client.isOpen())
        second = client.writeBinaryMessage(b"y" * 20000)
        self.clock.advance(4.9)
        self.assertTrue(client.isOpen())
        self.clock.advance(0.1)
        self.assertFalse(client.isOpen())
        for each in (first, second):
            self.failed(each, ConnectionClosureError)
        self.assertIdle()

    def test_flooded(self) -> None:
        """
        At twice maxSendBuffer it is cut at once.
        """
        client = self.slow(maxSendBuffer=100000)
        written = [client.writeBinaryMessage(b"x" * 50000) for _ in range(6)]
        self.assertFalse(client.isOpen())
        self.failed(written[2], ConnectionClosureError)
        for each in written:
            each.addErrback(lambda _: None)
        self.assertIdle()


class CloseTests(ClientTestCase):
    """
    The client closes.
    """

    def test_echo(self) -> None:
        """
        It is done when the server has answered the same code and TCP has ended.
        """
        for arguments, frame_ in (
            ((), b"\x03\xe8"),
            ((None,), b"\x03\xe8"),
            ((1000, "bye"), b"\x03\xe8bye"),
            ((1001, ""), b"\x03\xe9"),
            ((1011, "grüße"), b"\x03\xf3" + "grüße".encode()),
            ((3000,), b"\x0b\xb8"),
            ((4999, None), b"\x13\x87"),
        ):
            client = self.connect()
            done = client.close(*arguments)
            self.assertEqual(self.server.frames(), [(0x88, frame_)])
            self.assertFalse(client.isOpen())
            self.assertNoResult(done)
            self.server.say(closing(int.from_bytes(frame_[:2], "big")))
            self.assertIs(self.successResultOf(done), None)
            self.assertIs(self.server.lost.type, ConnectionDone)
            self.assertIdle()

    def test_tcpLast(self) -> None:
        """
        As long as TCP has not ended it is not done.
        """
        client = self.connect()
        self.server.stopReading()
        client.writeBinaryMessage(b"x" * 1000)
        done = client.close()
        self.server.say(closing(1000))
        self.assertNoResult(done)
        self.server.readOn()
        self.assertIs(self.successResultOf(done), None)
        self.assertIdle()

    def test_neverReading(self) -> None:
        """
        A server that answers and never reads does not keep it: five seconds later TCP is dropped.
        """
        client = self.connect()
        self.server.stopReading()
        done = client.close()
        self.server.say(closing(1000))
        self.clock.advance(4.9)
        self.assertNoResult(done)
        self.clock.advance(0.2)
        self.assertIs(self.successResultOf(done), None)
        self.assertIdle()

    def test_mismatch(self) -> None:
        """
        Another code in the answer, or none, is an error, once TCP has ended.
        """
        for answered, found in ((closing(1001), 1001), (closing(4000, b"words"), 4000), (closing(None), 1005)):
            client = self.connect()
            done = client.close()
            self.server.say(answered)
            problem = self.failed(
                done,
                ConnectionClosureError,
                f"Expected status code 1000 but found {found} in echoed close frame from remote endpoint",
            )
            self.assertEqual(problem.statusCode, found)
            self.assertIdle()

    def test_noEcho(self) -> None:
        """
        TCP that ends without an answer is an error.
        """
        for end in (lambda: self.network.cut(), lambda: self.server.hangUp(), lambda: self.server.reset()):
            client = self.connect()
            done = client.close()
            end()
            self.failed(
                done,
                ConnectionClosureError,
                "Connection is closed by remote endpoint without echoing a close frame",
            )
            self.assertIdle()

    def test_timeout(self) -> None:
        """
        An answer that does not come in time is an error, and TCP is dropped.
        """
        for arguments, seconds in (({"timeout": 7}, 7), ({}, 60), ({"timeout": 0.5}, 0.5)):
            client = self.connect(pingInterval=0)
            done = client.close(**arguments)
            self.clock.advance(seconds - 0.1)
            self.assertNoResult(done)
            self.clock.advance(0.1)
            self.failed(
                done,
                ConnectionClosureError,
                f"Could not receive a WebSocket close frame from remote endpoint within {seconds:g} seconds",
            )
            self.assertIs(self.server.lost.type, ConnectionLost)
            self.assertIdle()

    def test_configuredTimeout(self) -> None:
        """
        Without one of its own it is connectionClosureTimeout, of any sign.
        """
        client = self.connect(connectionClosureTimeout=3)
        done = client.close()
        self.clock.advance(3)
        self.failed(done, ConnectionClosureError)
        client = self.connect(connectionClosureTimeout=0)
        self.assertIs(self.successResultOf(client.close()), None)
        client = self.connect(connectionClosureTimeout=-1, pingInterval=0)
        done = client.close()
        self.clock.advance(100000)
        self.assertNoResult(done)
        self.server.say(closing(1000))
        self.assertIs(self.successResultOf(done), None)

    def test_noWaiting(self) -> None:
        """
        A timeout of 0 sends the close frame, ends TCP in order, and succeeds.
        """
        client = self.connect()
        self.assertIs(self.successResultOf(client.close(1001, "bye", 0)), None)
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe9bye")])
        self.assertIs(self.server.lost.type, ConnectionDone)
        self.assertIdle()

    def test_noWaitingForSlowServers(self) -> None:
        """
        Nor does it wait for long until a server takes what was written before.
        """
        client = self.connect(pingInterval=0)
        self.server.stopReading()
        client.writeBinaryMessage(b"x" * 70000)
        done = client.close(timeout=0)
        self.clock.advance(0.15)
        self.assertNoResult(done)
        self.clock.advance(0.1)
        self.assertIs(self.successResultOf(done), None)
        self.assertIs(self.server.lost.type, ConnectionLost)
        self.assertIdle()

    def test_forEver(self) -> None:
        """
        A negative timeout waits without limit.
        """
        for timeout in (-1, -0.5, -1000):
            client = self.connect()
            done = client.close(timeout=timeout)
            self.clock.advance(100000)
            self.assertNoResult(done)
            self.server.say(closing(1000))
            self.assertIs(self.successResultOf(done), None)
            self.assertIdle()

    def test_refused(self) -> None:
        """
        Codes, reasons and timeouts that cannot be fail, nothing is sent, and the client stays open.
        """
        client = self.connect()
        for code in (0, -1, 999, 1004, 1005, 1006, 1012, 1014, 1015, 2999, 5000, 65536):
            self.failed(client.close(code), Error, f"Failed to execute close. Invalid status code: {code}")
        for code in (True, "1000", 1000.0):
            self.failed(client.close(code), Error)
        self.failed(client.close(1000, b"x"), TypeError)
        self.failed(client.close(timeout="5"), TypeError)
        self.failed(client.close(timeout=True), TypeError)
        self.failed(client.close(timeout=2**31), Error, "Invalid timeout value: 2147483648")
        self.failed(client.close(timeout=float("nan")), Error)
        self.assertEqual(self.server.frames(), [])
        self.assertTrue(client.isOpen())
        self.server.say(text("hi"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")

    def test_longReason(self) -> None:
        """
        A reason is cut to 123 bytes, between characters: at n - 1, n, n + 1.
        """
        for reason, sent in (
            ("x" * 122, "x" * 122),
            ("x" * 123, "x" * 123),
            ("x" * 124, "x" * 123),
            ("é" * 62, "é" * 61),
            ("x" * 121 + "€", "x" * 121),
        ):
            client = self.connect()
            client.close(1000, reason, 0)
            self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8" + sent.encode())])

    def test_serverFirst(self) -> None:
        """
        When the server has closed already it is refused.
        """
        client = self.connect()
        self.server.say(closing(1000))
        self.failed(client.close(), ConnectionClosureError, "Close frame already sent. Cannot close again!")
        self.server.hangUp()
        self.failed(client.close(), ConnectionClosureError, "Connection already closed")
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.assertIdle()

    def test_bothAtOnce(self) -> None:
        """
        Close frames that cross count as answers of each other.
        """
        for code, words in ((1000, None), (1001, "Expected status code 1000 but found 1001")):
            client = self.connect()
            self.network.hold()
            self.server.say(closing(code))
            done = client.close()
            self.network.release()
            if words is None:
                self.assertIs(self.successResultOf(done), None)
            else:
                self.assertTrue(str(self.failed(done, ConnectionClosureError)).startswith(words))
            self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
            self.assertIdle()

    def test_twice(self) -> None:
        """
        A second close is refused, before and after the end, and the first one goes on.
        """
        client = self.connect()
        done = client.close()
        self.failed(client.close(), ConnectionClosureError, "Close frame already sent. Cannot close again!")
        self.assertNoResult(done)
        self.server.say(closing(1000))
        self.successResultOf(done)
        self.failed(client.close(), ConnectionClosureError, "Connection already closed")
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])

    def test_cancel(self) -> None:
        """
        Cancelled, TCP is dropped and nothing is left.
        """
        for say in (b"", closing(1000)):
            client = self.connect()
            self.server.stopReading()
            done = client.close(timeout=7)
            if say:
                self.server.say(say)
            with self.network.turn():
                done.cancel()
            self.failed(done, CancelledError)
            self.assertIs(self.server.lost.type, ConnectionLost)
            self.assertIdle()

    def test_dataMeanwhile(self) -> None:
        """
        What the server still sends before its answer is thrown away, whatever it is; pings are not answered.
        """
        client = self.connect()
        done = client.close()
        self.server.frames()
        self.server.say(text("late") * 1000 + b"\x89\x00" + closing(1000))
        self.assertIs(self.successResultOf(done), None)
        self.assertEqual(self.server.frames(), [])

    def test_faultMeanwhile(self) -> None:
        """
        A server that breaks the rules in place of an answer ends it too.
        """
        client = self.connect()
        done = client.close()
        self.server.frames()
        self.server.say(b"\x83\x00").hangUp()
        self.failed(done, ConnectionClosureError)
        self.assertEqual(self.server.frames(), [])
        self.assertIdle()

    def test_congested(self) -> None:
        """
        What waited for a slow server fails when the connection is dropped.
        """
        client = self.connect(pingInterval=0)
        self.server.stopReading()
        written = client.writeBinaryMessage(b"x" * 70000)
        done = client.close(timeout=7)
        self.clock.advance(7)
        self.failed(done, ConnectionClosureError)
        self.failed(written, ConnectionClosureError)
        self.assertIdle()

    def test_quiet(self) -> None:
        """
        A close that fails because of the server, and at which nobody looks, puts nothing in the log.
        """
        self.connect().close()
        self.server.reset()
        self.connect().close(timeout=1)
        self.clock.advance(1)
        self.connect().close()
        self.server.say(closing(1001))
        self.assertIdle()


class ConfigurationTests(ClientTestCase):
    """
    How a client is told what to do.
    """

    def test_ways(self) -> None:
        """
        By fields, by a record, by a mapping, and by fields over one of these.
        """
        for given in (
            {"subProtocols": ["a"], "readTimeout": 5},
            {"config": ClientConfiguration(subProtocols=["a"], readTimeout=5)},
            {"config": {"subProtocols": ["a"], "readTimeout": 5}},
            {"config": ClientConfiguration(subProtocols=["b"], readTimeout=5), "subProtocols": ["a"]},
            {"config": {"subProtocols": ["b"], "readTimeout": 5}, "subProtocols": ["a"]},
        ):
            self.place.scripts.append(accepts(("Sec-WebSocket-Protocol", "a")))
            client = self.connect(**given)
            self.assertEqual(
                (client.configuration.subProtocols, client.configuration.readTimeout), (("a",), 5), given
            )

    def test_wrong(self) -> None:
        """
        What cannot be fails before anybody connects: values, names, records.
        """
        for given in (
            {"readTimeout": "5"},
            {"config": {"readTimeout": "5"}},
            {"secureSocket": {"cert": 5}},
            {"auth": {}},
            {"auth": {"username": "ada"}},
        ):
            self.failed(self.begin(**given), ConfigurationError)
        for given in (
            {"config": {"readTimeOut": 5}},
            {"retryConfig": {"maxCounts": 1}},
            {"readTimeOut": 5},
            {"config": ClientConfiguration(), "readTimeOut": 5},
            {"config": {}, "readTimeOut": 5},
        ):
            self.failureResultOf(self.begin(**given), ConfigurationError)
        self.assertEqual(self.place.servers, [])
        self.assertIdle()

    def test_base(self) -> None:
        """
        What both clients have in common is no client.
        """
        with self.assertRaises(NotImplementedError):
            Outgoing("ws://localhost/", None, self.endpoint, self.clock, {})._converse(None)  # type: ignore[arg-type]


class AttributeTests(ClientTestCase):
    """
    What a client knows of its connection, and what its user wants to keep.
    """

    def test_attributes(self) -> None:
        """
        They are kept, replaced, removed; what is not there is None.
        """
        client = self.connect()
        self.assertIs(client.getAttribute("a"), None)
        self.assertIs(client.removeAttribute("a"), None)
        value: list[int] = []
        client.setAttribute("a", value)
        client.setAttribute("b", 2)
        self.assertIs(client.getAttribute("a"), value)
        client.setAttribute("a", 3)
        self.assertEqual(client.removeAttribute("a"), 3)
        self.assertEqual((client.getAttribute("a"), client.getAttribute("b")), (None, 2))
        client.close(timeout=0)
        self.assertEqual(client.getAttribute("b"), 2)
        self.assertIs(self.connect().getAttribute("b"), None)

    def test_ids(self) -> None:
        """
        Every client has a name of its own that stays.
        """
        clients = [self.connect() for _ in range(20)]
        names = [client.getConnectionId() for client in clients]
        self.assertEqual(len(set(names)), 20)
        self.assertTrue(all(isinstance(name, str) and name for name in names))
        clients[0].close(timeout=0)
        self.assertEqual(clients[0].getConnectionId(), names[0])

    def test_subProtocol(self) -> None:
        """
        The sub-protocol that was agreed on, or None.
        """
        self.assertIs(self.connect().getNegotiatedSubProtocol(), None)
        self.place.scripts.append(accepts(("Sec-WebSocket-Protocol", "xml")))
        client = self.connect(subProtocols=["json", "xml"])
        self.assertEqual(self.server.field("sec-websocket-protocol"), "json, xml")
        self.assertEqual(client.getNegotiatedSubProtocol(), "xml")

    def test_response(self) -> None:
        """
        The answer can be seen, with its headers, also when all is over.
        """
        self.place.scripts.append(accepts(("X-Room", "1"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")))
        client = self.connect()
        for _ in range(2):
            response = client.getHttpResponse()
            self.assertEqual((response.status, response.reason), (101, "Switching Protocols"))
            self.assertEqual((response.header("x-room"), response.headers["set-cookie"]), ("1", ("a=b", "c=d")))
            client.close(timeout=0).addErrback(lambda _: None)

    def test_open(self) -> None:
        """
        It is open until one side closes or the connection is lost.
        """
        client = self.connect()
        self.assertEqual((client.isOpen(), client.isReconnecting(), client.isSecure()), (True, False, False))
        client.close().addErrback(lambda _: None)
        self.assertEqual((client.isOpen(), client.isReconnecting()), (False, False))

    def test_ownEndpoint(self) -> None:
        """
        An endpoint of the user's stands for TCP and for TLS: without TLS nothing is sent to a wss URL.
        """
        problem = self.failed(self.begin("wss://localhost/", customHeaders={"Authorization": "canary"}), SslError)
        self.assertEqual(str(problem), "a wss URL needs an endpoint with TLS, such as wrapClientTLS makes")
        self.assertEqual((self.server.line, self.server.received), ("", b""))
        self.assertIdle()

    def test_secure(self) -> None:
        """
        It is secure while TLS protects it; messages go both ways.
        """
        port = self.network.endpoint(443)
        options = certificateFor("localhost").options()
        listening = Secured.server(options, self.place, self.clock)
        self.successResultOf(port.listen(listening))
        client = self.connect("wss://localhost/", endpoint=Secured(Trusting(), port, self.clock))
        self.assertTrue(client.isSecure())
        client.writeTextMessage("hi")
        self.clock.advance(0)
        self.assertEqual(self.server.texts(), ["hi"])
        self.server.say(text("ho"))
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(client.readTextMessage()), "ho")
        done = client.close()
        self.clock.advance(0)
        self.server.say(closing(1000)).hangUp()
        self.clock.advance(0)
        self.assertIs(self.successResultOf(done), None)
        self.assertFalse(client.isSecure())
        self.assertIdle()
