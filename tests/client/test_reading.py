"""
Tests of L{balws.client.reading}.
"""

from __future__ import annotations

import zlib
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost

from balws.client.client import Client
from balws.errors import (
    ConnectionClosureError,
    CorruptedFrameError,
    PayloadTooLargeError,
)
from balws.session.queue import MAX_BYTES
from tests.client.peers import (
    ClientTestCase,
    accepts,
    binary,
    closing,
    ping,
    pong,
    split,
    text,
)
from tests.rows.raw import BINARY, CLOSE, PING, TEXT, frame

CONTINUATION = 0

DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12")


def part(opcode: int, data: bytes, fin: bool = False, rsv: int = 0) -> bytes:
    """
    @return: a server's frame of a message in parts.
    """
    return frame(opcode, data, fin=fin, rsv=rsv, masked=False)


class MessageTests(ClientTestCase):
    """
    From a server's frames to reads.
    """

    def reads(self, client: Client, count: int) -> list[Any]:
        """
        @return: the next messages.
        """
        return [self.successResultOf(client.readMessage()) for _ in range(count)]

    def test_kinds(self) -> None:
        """
        Text and binary, empty ones and all characters too.
        """
        client = self.connect()
        self.server.say(text("hi") + binary(b"\x00\xff") + text("") + binary(b"") + text("é€𐍈\x00"))
        self.assertEqual(self.reads(client, 5), ["hi", b"\x00\xff", "", b"", "é€𐍈\x00"])

    def test_withTheAnswer(self) -> None:
        """
        What came in the same read as the answer 101 is read, pings are answered, the close is seen.
        """
        self.place.scripts.append(accepts(rest=text("early") + ping(b"p") + closing(1001, b"bye")))
        client = self.connect()
        self.assertEqual(self.server.frames(), [(0x8A, b"p"), (0x88, b"\x03\xe9")])
        self.server.hangUp()
        self.assertEqual(self.reads(client, 1), ["early"])
        self.failed(client.readTextMessage(), ConnectionClosureError, "bye: Status code: 1001")

    def test_halfWithTheAnswer(self) -> None:
        """
        A frame may begin in the same read as the answer 101 and end in another.
        """
        data = text("early")
        for size in range(1, len(data)):
            self.place.scripts.append(accepts(rest=data[:size]))
            client = self.connect()
            self.server.say(data[size:])
            self.assertEqual(self.reads(client, 1), ["early"])

    def test_portions(self) -> None:
        """
        Frames may come in any portions, of every length form.
        """
        client = self.connect()
        data = text("hi") + binary(b"x" * 126) + ping(b"p") + text("y" * 300) + part(TEXT, b"a") + part(0, b"b", True)
        for size in (1, 2, 3, 100):
            for portion in split(data, size):
                self.server.say(portion)
            self.assertEqual(self.reads(client, 4), ["hi", b"x" * 126, "y" * 300, "ab"])
            self.assertEqual(self.server.frames(), [(0x8A, b"p")])

    def test_fragments(self) -> None:
        """
        A message in parts is one message, with pings between them.
        """
        client = self.connect()
        self.server.say(part(TEXT, b"\xe2\x82") + ping(b"1") + part(0, b"\xac") + part(0, b"") + part(0, b"!", True))
        self.server.say(part(BINARY, b"\xe2") + part(0, b"\x82", True))
        self.assertEqual(self.reads(client, 2), ["€!", b"\xe2\x82"])
        self.assertEqual(self.server.frames(), [(0x8A, b"1")])

    def test_compressed(self) -> None:
        """
        Compressed messages are inflated where that was agreed, alone, in parts and over a common window.
        """
        self.place.scripts.append(accepts(DEFLATE))
        client = self.connect()
        deflate = zlib.compressobj(9, zlib.DEFLATED, -12)

        def compressed(data: bytes) -> bytes:
            return (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]

        self.server.say(part(TEXT, compressed(b"hello " * 50), True, 4))
        whole = compressed(b"hello " * 50)
        self.server.say(part(BINARY, whole[:3], False, 4) + part(0, whole[3:], True))
        self.server.say(text("plain"))
        self.assertEqual(self.reads(client, 3), ["hello " * 50, b"hello " * 50, "plain"])

    def test_turns(self) -> None:
        """
        Thousands of messages in one read come in their order, and others have their turn in between.
        """
        client = self.connect(maxPendingMessages=10000, pingInterval=0)
        with self.network.turn():
            self.server.say(b"".join(text(str(number)) for number in range(2000)))
        self.assertEqual(self.reads(client, 2000), [str(number) for number in range(2000)])

    def test_pongs(self) -> None:
        """
        Pongs that nobody asked for are passed over.
        """
        client = self.connect()
        self.server.say(pong(b"x") + pong() + text("hi"))
        self.assertEqual(self.reads(client, 1), ["hi"])
        self.assertEqual(self.server.frames(), [])


class PressureTests(ClientTestCase):
    """
    Messages that nobody reads.
    """

    def transport(self) -> Any:
        """
        @return: the client's.
        """
        return self.network.connections[-1].client

    def test_limit(self) -> None:
        """
        At maxPendingMessages no more is taken off the connection: at n - 1, n, n + 1; each read makes room.
        """
        client = self.connect(maxPendingMessages=3)
        for number, reading in ((1, True), (2, True), (3, False)):
            self.server.say(text(str(number)))
            self.assertIs(self.transport().isReading, reading)
        self.server.say(text("4"))
        unsent: Any = self.server.transport
        self.assertEqual(bytes(unsent.dataBuffer), text("4"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "1")
        self.assertEqual((unsent.dataBuffer, self.transport().isReading), (b"", False))
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(3)], ["2", "3", "4"])
        self.assertTrue(self.transport().isReading)

    def test_inOneRead(self) -> None:
        """
        What had been read already when it was full waits in its order too.
        """
        client = self.connect(maxPendingMessages=2)
        self.server.say(b"".join(text(str(number)) for number in range(9)) + ping(b"p"))
        self.assertEqual(self.server.frames(), [])
        for number in range(7):
            self.assertEqual(self.successResultOf(client.readTextMessage()), str(number))
            self.assertFalse(self.transport().isReading)
        self.assertEqual(self.successResultOf(client.readTextMessage()), "7")
        self.assertEqual(self.server.frames(), [(0x8A, b"p")])
        self.assertEqual(self.successResultOf(client.readTextMessage()), "8")

    def test_bytes(self) -> None:
        """
        1 MiB is the limit too, however few the messages.
        """
        client = self.connect(maxFrameSize=MAX_BYTES)
        self.server.say(binary(b"x" * (MAX_BYTES - 1)))
        self.assertTrue(self.transport().isReading)
        self.server.say(binary(b"y"))
        self.assertFalse(self.transport().isReading)
        self.assertEqual(len(self.successResultOf(client.readBinaryMessage())), MAX_BYTES - 1)
        self.assertTrue(self.transport().isReading)

    def test_waitingReads(self) -> None:
        """
        While reads wait for messages nothing is full, even with a limit of one.
        """
        client = self.connect(maxPendingMessages=1)
        waiting = [client.readTextMessage() for _ in range(3)]
        self.server.say(text("1") + text("2") + text("3"))
        self.assertEqual([self.successResultOf(each) for each in waiting], ["1", "2", "3"])
        self.assertTrue(self.transport().isReading)
        self.server.say(text("4"))
        self.assertFalse(self.transport().isReading)

    def test_readInCallback(self) -> None:
        """
        Who reads the next message as soon as one is there gets them all in their order.
        """
        client = self.connect(maxPendingMessages=2)
        got: list[str] = []

        def take(message: str) -> None:
            got.append(message)
            if len(got) < 20:
                client.readTextMessage().addCallback(take)

        client.readTextMessage().addCallback(take)
        self.server.say(b"".join(text(str(number)) for number in range(20)))
        self.assertEqual(got, [str(number) for number in range(20)])

    def test_pings(self) -> None:
        """
        Pings are answered though nobody reads, as long as there is room.
        """
        self.connect(maxPendingMessages=3)
        for number in range(2):
            self.server.say(text("x") + ping(b"%d" % number))
        self.assertEqual(self.server.frames(), [(0x8A, b"0"), (0x8A, b"1")])

    def test_closeUnread(self) -> None:
        """
        A close frame is answered though nobody reads.
        """
        client = self.connect()
        self.server.say(text("x") + closing(1000))
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.assertFalse(client.isOpen())

    def test_closeWhenFull(self) -> None:
        """
        Our own close is not kept waiting by messages that nobody reads.
        """
        client = self.connect(maxPendingMessages=1)
        self.server.say(text("1") + text("2") + text("3"))
        done = client.close()
        self.assertEqual(self.server.frames(), [(0x88, b"\x03\xe8")])
        self.server.say(text("4") + closing(1000)).hangUp()
        self.assertIs(self.successResultOf(done), None)
        self.assertIdle()

    def test_closeBehindMessages(self) -> None:
        """
        A close frame behind messages that wait is seen when these were read.
        """
        client = self.connect(maxPendingMessages=2)
        self.server.say(text("1") + text("2") + text("3") + closing(1001, b"bye")).hangUp()
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(3)], ["1", "2", "3"])
        self.failed(client.readTextMessage(), ConnectionClosureError, "bye: Status code: 1001")
        self.assertIdle()

    def test_lostWhenFull(self) -> None:
        """
        When the connection breaks what was taken can still be read.
        """
        client = self.connect(maxPendingMessages=2)
        self.server.say(text("1") + text("2") + text("3"))
        self.network.cut()
        self.assertEqual([self.successResultOf(client.readTextMessage()) for _ in range(2)], ["1", "2"])
        self.failed(client.readTextMessage(), ConnectionClosureError, "Connection closed Status code: 1006")
        self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")


class ClosureTests(ClientTestCase):
    """
    The end of a conversation, as reads see it.
    """

    def test_pending(self) -> None:
        """
        Reads that wait when the server closes fail with its code and words, as soon as TCP has ended, and in a
        tenth of a second if it does not.
        """
        for frame_, words, code, reason in (
            (closing(1000), "Connection closed Status code: 1000", 1000, ""),
            (closing(1001, "grüße".encode()), "grüße: Status code: 1001", 1001, "grüße"),
            (closing(4999, b"x" * 123), f"{'x' * 123}: Status code: 4999", 4999, "x" * 123),
            (closing(None), "Connection closed Status code: 1005", 1005, ""),
        ):
            client = self.connect()
            waiting = [client.readTextMessage(), client.readBinaryMessage(), client.readMessage(int)]
            self.server.say(frame_)
            self.assertFalse(client.isOpen())
            if code == 1001:
                self.server.hangUp()
            else:
                self.clock.advance(0.05)
                self.assertNoResult(waiting[0])
                self.clock.advance(0.06)
            for each in waiting:
                problem = self.failed(each, ConnectionClosureError, words)
                self.assertEqual((problem.statusCode, problem.reason), (code, reason))
            self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
            self.server.hangUp()
            self.assertIdle()

    def test_messagesFirst(self) -> None:
        """
        Messages that came before the close frame are read first, then comes its error, then that all is over.
        """
        client = self.connect()
        self.server.say(text("1") + binary(b"2") + closing(1000, b"bye") + text("behind")).hangUp()
        self.assertIdle()
        self.assertEqual(self.successResultOf(client.readTextMessage()), "1")
        self.assertEqual(self.successResultOf(client.readBinaryMessage()), b"2")
        self.failed(client.readTextMessage(), ConnectionClosureError, "bye: Status code: 1000")
        for _ in range(2):
            self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")

    def test_echo(self) -> None:
        """
        A server's close is answered with its code and without its words, or empty as it was.
        """
        for said, answered in (
            (closing(1000, b"bye"), b"\x03\xe8"),
            (closing(3000), b"\x0b\xb8"),
            (closing(1012, b"restart"), b"\x03\xf4"),
            (closing(None), b""),
        ):
            client = self.connect()
            self.server.say(said)
            self.assertEqual(self.server.frames(), [(0x88, answered)])
            self.failed(client.writeTextMessage("x"), ConnectionClosureError)
            self.server.hangUp()

    def test_serverCloses(self) -> None:
        """
        After its close frame the server has five seconds to close TCP; then we do.
        """
        self.connect()
        self.server.say(closing(1000))
        self.assertEqual(len(self.network.connections), 1)
        self.clock.advance(4.9)
        self.assertIs(self.server.lost, None)
        self.clock.advance(0.2)
        self.assertIs(self.server.lost.type, ConnectionLost)
        self.assertIdle()

    def test_serverClosesAtOnce(self) -> None:
        """
        A server that closes TCP right behind its close frame gets no reset.
        """
        client = self.connect()
        waiting = client.readTextMessage()
        self.server.say(closing(1000)).hangUp()
        self.failed(waiting, ConnectionClosureError)
        self.assertIs(self.server.lost.type, ConnectionDone)
        self.assertIdle()

    def test_lost(self) -> None:
        """
        A connection that breaks, or ends without a close frame, is 1006.
        """
        for end in (lambda: self.network.cut(), lambda: self.server.hangUp(), lambda: self.server.reset()):
            client = self.connect()
            waiting = client.readTextMessage()
            end()
            problem = self.failed(waiting, ConnectionClosureError, "Connection closed Status code: 1006")
            self.assertEqual(problem.statusCode, 1006)
            self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
            self.assertIdle()

    def test_lostInFrame(self) -> None:
        """
        What is half there when the connection ends is no message: at every byte of it.
        """
        data = text("hello")
        for size in range(len(data)):
            client = self.connect()
            self.server.say(data[:size]).hangUp()
            self.failed(client.readTextMessage(), ConnectionClosureError, "Connection closed Status code: 1006")
            self.assertIdle()

    def test_ownClose(self) -> None:
        """
        When we close, reads that wait fail at once, and messages nobody has read are forgotten.
        """
        client = self.connect()
        waiting = client.readTextMessage()
        done = client.close()
        self.failed(waiting, ConnectionClosureError, "Connection closed")
        self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
        self.server.say(text("late") + closing(1000)).hangUp()
        self.successResultOf(done)
        client = self.connect()
        self.server.say(text("unread"))
        client.close(timeout=0)
        self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
        self.assertIdle()

    def test_closeAfterServer(self) -> None:
        """
        Who closes after the server has learns all the same why that did.
        """
        client = self.connect()
        waiting = client.readTextMessage()
        self.server.say(closing(1011, b"sorry"))
        self.failed(client.close(), ConnectionClosureError)
        self.server.hangUp()
        problem = self.failed(waiting, ConnectionClosureError, "sorry: Status code: 1011")
        self.assertEqual(problem.statusCode, 1011)

    def test_quiet(self) -> None:
        """
        A client that is lost while nobody reads or looks puts nothing in the log.
        """
        client = self.connect()
        client.readTextMessage()
        client.ping()
        self.network.cut()
        client.readTextMessage()
        client.writeTextMessage("x")


class FaultTests(ClientTestCase):
    """
    A server that breaks the rules or a limit.
    """

    def breaks(self, data: bytes, kind: type[Exception], code: int, client: Client | None = None) -> Any:
        """
        The server is told this code, and reads fail with this error.

        @return: the error.
        """
        client = client or self.connect()
        self.server.say(text("before"))
        self.server.say(data + text("behind") + closing(1000))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "before")
        waiting = client.readTextMessage()
        ((first, payload),) = [each for each in self.server.frames() if each[0] == 0x80 | CLOSE]
        self.assertEqual(int.from_bytes(payload[:2], "big"), code, data[:20])
        problem = self.failed(waiting, kind)
        self.assertFalse(client.isOpen())
        self.failed(client.writeTextMessage("x"), ConnectionClosureError)
        self.failed(client.readTextMessage(), ConnectionClosureError, "Connection already closed")
        self.server.hangUp()
        self.assertIdle()
        return problem

    def test_frames(self) -> None:
        """
        What breaks RFC 6455 is answered with 1002.
        """
        for data in (
            frame(TEXT, b"masked"),
            frame(PING, b"masked"),
            frame(3, b"", masked=False),
            frame(11, b"", masked=False),
            part(TEXT, b"", True, 1),
            part(TEXT, b"", True, 4),
            part(CONTINUATION, b"x", True),
            part(TEXT, b"a") + part(TEXT, b"b", True),
            part(PING, b"x", False),
            frame(PING, b"x" * 126, masked=False),
            frame(TEXT, b"x", form=126, masked=False),
            frame(TEXT, b"x", form=127, masked=False),
            frame(TEXT, b"x" * 200, form=127, masked=False),
            frame(TEXT, b"", length=2**63, form=127, masked=False),
            frame(CLOSE, b"\x03", masked=False),
            closing(999),
            closing(1004),
            closing(1005),
            closing(1006),
            closing(1015),
            closing(2999),
            closing(5000),
        ):
            problem = self.breaks(data, CorruptedFrameError, 1002)
            self.assertEqual(problem.statusCode, 1002)

    def test_utf8(self) -> None:
        """
        Text and close reasons that are no UTF-8 are answered with 1007.
        """
        for data in (
            frame(TEXT, b"\xff", masked=False),
            frame(TEXT, b"\xed\xa0\x80", masked=False),
            frame(TEXT, b"\xe2\x82", masked=False),
            part(TEXT, b"\xe2\x82") + part(0, b"x", True),
            part(TEXT, b"\xe2\x82") + part(0, b"", True),
            closing(1000, b"\xff"),
        ):
            problem = self.breaks(data, CorruptedFrameError, 1007)
            self.assertEqual(problem.statusCode, 1007)

    def test_frameSize(self) -> None:
        """
        maxFrameSize: at n - 1 and n taken, at n + 1 answered with 1009.
        """
        client = self.connect(maxFrameSize=1000)
        for size in (999, 1000):
            self.server.say(text("x" * size))
            self.assertEqual(len(self.successResultOf(client.readTextMessage())), size)
        self.breaks(frame(TEXT, b"x" * 1001, masked=False), PayloadTooLargeError, 1009, client)
        self.breaks(
            frame(TEXT, b"", length=1001, masked=False), PayloadTooLargeError, 1009, self.connect(maxFrameSize=1000)
        )

    def test_messageSize(self) -> None:
        """
        maxMessageSize: of all the parts together, at n - 1, n, n + 1.
        """
        for size, good in ((1499, True), (1500, True), (1501, False)):
            client = self.connect(maxFrameSize=1000, maxMessageSize=1500)
            data = part(BINARY, b"x" * 1000) + part(0, b"x" * (size - 1000), True)
            if good:
                self.server.say(data)
                self.assertEqual(len(self.successResultOf(client.readBinaryMessage())), size)
                client.close(timeout=0)
            else:
                self.breaks(data, PayloadTooLargeError, 1009, client)

    def test_inflatedSize(self) -> None:
        """
        maxMessageSize is that of the inflated message, however small it came: at n - 1, n, n + 1.
        """
        for size, good in ((1499, True), (1500, True), (1501, False), (10_000_000, False)):
            self.place.scripts.append(accepts(DEFLATE))
            client = self.connect(maxMessageSize=1500)
            deflate = zlib.compressobj(9, zlib.DEFLATED, -12)
            payload = (deflate.compress(b"x" * size) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
            data = part(BINARY, payload[:60000], len(payload) <= 60000, 4)
            if good:
                self.server.say(data)
                self.assertEqual(len(self.successResultOf(client.readBinaryMessage())), size)
                client.close(timeout=0)
            else:
                self.breaks(data, PayloadTooLargeError, 1009, client)

    def test_fragments(self) -> None:
        """
        maxFragments: at n - 1, n, n + 1, empty ones included.
        """
        for count, good in ((4, True), (5, True), (6, False)):
            client = self.connect(maxFragments=5)
            data = part(TEXT, b"a") + part(0, b"") * (count - 2) + part(0, b"b", True)
            if good:
                self.server.say(data)
                self.assertEqual(self.successResultOf(client.readTextMessage()), "ab")
                client.close(timeout=0)
            else:
                self.breaks(data, PayloadTooLargeError, 1009, client)

    def test_corruptCompression(self) -> None:
        """
        What cannot be inflated is answered with 1007.
        """
        self.place.scripts.append(accepts(DEFLATE))
        self.breaks(part(TEXT, b"\xff\xff\xff\xff", True, 4), CorruptedFrameError, 1007, self.connect())

    def test_waitingRead(self) -> None:
        """
        A read that waits fails with the fault itself, without waiting for TCP's end.
        """
        client = self.connect()
        self.server.stopReading()
        waiting = client.readTextMessage()
        self.server.say(frame(TEXT, b"masked"))
        self.failed(waiting, CorruptedFrameError)
        self.assertIs(self.server.lost, None)
        self.clock.advance(5.1)
        self.assertIdle()
