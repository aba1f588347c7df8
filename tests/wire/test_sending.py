"""
Tests of L{balws.wire.sending}.
"""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from balws.errors import ConnectionClosureError, CorruptedFrameError
from balws.hub.message import Message
from balws.wire import pressure
from balws.wire.frames import PING, PONG
from balws.wire.written import WRITTEN
from tests.rows.raw import PING as PING_CODE
from tests.rows.raw import closing, frame
from tests.wire.transports import AbruptTransport, Rig, WireTestCase, compressing

HEADS = (
    (0, b"\x00"),
    (1, b"\x01"),
    (125, b"\x7d"),
    (126, b"\x7e\x00\x7e"),
    (65535, b"\x7e\xff\xff"),
    (65536, b"\x7f" + (65536).to_bytes(8, "big")),
)


class FrameTests(WireTestCase):
    """
    From messages to bytes.
    """

    def test_forms(self) -> None:
        """
        Text and binary of every size, written at once.
        """
        rig = Rig()
        for size, head in HEADS:
            self.assertIs(rig.wire.sendText("a" * size), WRITTEN)
            self.assertEqual(rig.transport.take(), b"\x81" + head + b"a" * size)
            self.assertIs(rig.wire.sendBinary(b"b" * size), WRITTEN)
            self.assertEqual(rig.transport.take(), b"\x82" + head + b"b" * size)

    def test_sizeInBytes(self) -> None:
        """
        It is bytes that count, not characters.
        """
        rig = Rig()
        rig.wire.sendText("é" * 62 + "€𐍈")
        self.assertEqual(rig.transport.take(), b"\x81\x7e\x00\x83" + ("é" * 62 + "€𐍈").encode())

    def test_bytesLike(self) -> None:
        """
        Whatever holds bytes is sent as they are now.
        """
        rig = Rig()

        class Bytes(bytes):
            pass

        mutable = bytearray(b"abc")
        for data in (mutable, memoryview(mutable), memoryview(b"aabbcc")[::2], Bytes(b"abc")):
            rig.wire.sendBinary(data)  # type: ignore[arg-type]
        mutable[0] = 0
        self.assertEqual(rig.sent(), [(0x82, b"abc")] * 4)

    def test_fragments(self) -> None:
        """
        A message over maxFrameSize goes out in frames of at most so many bytes.
        """
        rig = Rig(maxFrameSize=10)
        for size in (0, 9, 10, 11, 19, 20, 21, 30, 1000):
            data = bytes(number % 251 for number in range(size))
            rig.wire.sendBinary(data)
            sent = rig.sent()
            self.assertEqual(b"".join(payload for _, payload in sent), data)
            expected = [10] * (size // 10) + [size % 10] * (size % 10 > 0) or [0]
            self.assertEqual([len(payload) for _, payload in sent], expected)
            firsts = [0x02] + [0x00] * (len(sent) - 1)
            firsts[-1] |= 0x80
            self.assertEqual([first for first, _ in sent], firsts)
        rig.wire.sendText("é" * 5 + "b")
        raw = "é".encode() * 5 + b"b"
        self.assertEqual(rig.transport.take(), b"\x01\x0a" + raw[:10] + b"\x80\x01b")

    def test_fragmentSizes(self) -> None:
        """
        So it is around every form of the length.
        """
        for limit in (124, 125, 126, 127, 65535, 65536):
            rig = Rig(maxFrameSize=limit)
            for size, firsts in ((limit - 1, [0x81]), (limit, [0x81]), (limit + 1, [0x01, 0x80])):
                rig.wire.sendText("a" * size)
                sent = rig.sent()
                self.assertEqual([first for first, _ in sent], firsts, (limit, size))
                self.assertEqual(sum(len(payload) for _, payload in sent), size)

    def test_compressedFragments(self) -> None:
        """
        What is compressed is cut as it goes out: its first frame alone says so.
        """
        rig = compressing(maxFrameSize=50)
        rig.wire.sendBinary(bytes(range(256)))
        sent = rig.sent()
        self.assertEqual([first for first, _ in sent][:2], [0x42, 0x00])
        self.assertEqual(sent[-1][0], 0x80)
        self.assertEqual({len(payload) for _, payload in sent[:-1]}, {50})

    def test_refused(self) -> None:
        """
        What cannot be sent is told, and nothing is sent.
        """
        rig = Rig()
        for text in ("\ud800", "a\udfff" * 100):
            self.failureResultOf(rig.wire.sendText(text), ValueError)
        for wrong in (b"bytes", None, 5, bytearray()):
            self.failureResultOf(rig.wire.sendText(wrong), TypeError)  # type: ignore[arg-type]
        for wrong in ("text", None, 5, [1, 2]):
            self.failureResultOf(rig.wire.sendBinary(wrong), TypeError)  # type: ignore[arg-type]
        for opcode, name in ((PING, "PING"), (PONG, "PONG")):
            failure = self.failureResultOf(rig.wire.sendControl(opcode, b"a" * 126), CorruptedFrameError)
            self.assertEqual(
                str(failure.value), f"invalid payload for {name} (payload length must be <= 125, was 126)"
            )
        self.assertEqual(rig.transport.take(), b"")

    def test_control(self) -> None:
        """
        Pings and pongs of up to 125 bytes.
        """
        rig = Rig()
        for size in (0, 1, 124, 125):
            self.assertIs(rig.wire.sendControl(PING, b"a" * size), WRITTEN)
            self.assertIs(rig.wire.sendControl(PONG, b"b" * size), WRITTEN)
            self.assertEqual(rig.sent(), [(0x89, b"a" * size), (0x8A, b"b" * size)])

    def test_closed(self) -> None:
        """
        After a close frame, by whomever, or when TCP is gone, writes fail, quietly where
        nobody looks, and nothing is written.
        """

        def failing(rig: Rig) -> None:
            rig.wire.fail(1011, "words", ValueError())

        for end in (
            lambda rig: rig.wire.sendClose(1000),
            lambda rig: rig.read(closing(1000)),
            failing,
            lambda rig: rig.wire.abort(),
            Rig.lose,
        ):
            rig = Rig()
            end(rig)
            rig.transport.take()
            for deferred, what in (
                (rig.wire.sendText("a"), "text data"),
                (rig.wire.sendText("a" * 200), "text data"),
                (rig.wire.sendBinary(b"a"), "binary data"),
                (rig.wire.sendControl(PING, b""), "control frame"),
            ):
                failure = self.failureResultOf(deferred, ConnectionClosureError)
                self.assertEqual(str(failure.value), f"Close frame already sent. Cannot push {what}!")
            rig.wire.sendText("unheeded")
            rig.wire.deliver(Message.of("a"))
            rig.wire.answerPing(b"")
            self.assertEqual(rig.transport.take(), b"")
        self.nothingLogged()


class DeliverTests(WireTestCase):
    """
    A message to many.
    """

    def test_deliver(self) -> None:
        """
        It is framed once for all that neither compress it nor must cut it.
        """
        message = Message.of("x" * 200)
        rigs = [Rig() for _ in range(3)]
        squeezing, small = compressing(), Rig(maxFrameSize=100)
        written: list[bytes] = []
        for rig in rigs:
            rig.transport.write = written.append  # type: ignore[method-assign, assignment]
        for rig in (squeezing, rigs[0], small, *rigs[1:]):
            rig.wire.deliver(message)
        self.assertEqual(written, [b"\x81\x7e\x00\xc8" + b"x" * 200] * 3)
        self.assertEqual([id(frame) for frame in written], [id(message.frame)] * 3)
        self.assertEqual([first for first, _ in squeezing.sent()], [0xC1])
        self.assertEqual([first for first, _ in small.sent()], [0x01, 0x80])

    def test_compressedOnce(self) -> None:
        """
        It is compressed once for all whose window has the same size, and what a receiver
        is sent before and after it can be inflated in the same stream.
        """
        message = Message.of("to everybody, again and again " * 30)
        small = "permessage-deflate; server_max_window_bits=9"
        rigs = [compressing(), compressing(), compressing(small), compressing("permessage-deflate")]
        before, after = "what everybody was told before " * 10, "what everybody was told before, and after " * 10
        for rig in rigs:
            rig.wire.sendText(before)
            rig.wire.deliver(message)
            rig.wire.sendText(after)
        sent = [rig.sent() for rig in rigs]
        shared = [id(message.compressed[bits]) for bits in sorted(message.compressed)]
        self.assertEqual((sorted(message.compressed), len(set(shared))), ([9, 12], 2))
        self.assertEqual(sent[0][1], sent[1][1])
        self.assertEqual(sent[0][1], sent[3][1])
        for frames in sent:
            self.assertEqual([first for first, _ in frames], [0xC1] * 3)
            stream = zlib.decompressobj(-15)
            read = [stream.decompress(payload + b"\0\0\xff\xff").decode() for _, payload in frames]
            self.assertEqual(read, [before, message.payload.decode(), after])

    def test_notWorthIt(self) -> None:
        """
        What compression does not make smaller goes out as it is, in the frame of those
        that do not compress.
        """
        noise = Message.of(Random(7692).randbytes(500))
        one, two, three = compressing(), Rig(), compressing(maxFrameSize=300)
        for rig in (one, two, three):
            rig.wire.deliver(noise)
        self.assertEqual(one.sent(), [(0x82, noise.payload)])
        self.assertEqual(two.sent(), [(0x82, noise.payload)])
        self.assertEqual([first for first, _ in three.sent()], [0x02, 0x80])

    def test_compressedAndCut(self) -> None:
        """
        Where even the compressed payload is longer than a frame, it is cut.
        """
        rig = compressing(maxFrameSize=20)
        rig.wire.deliver(Message.of(" ".join(str(number * number) for number in range(60))))
        firsts = [first for first, _ in rig.sent()]
        self.assertEqual((firsts[0], set(firsts[1:-1]), firsts[-1]), (0x41, {0}, 0x80))

    def test_edges(self) -> None:
        """
        At maxFrameSize a message is whole, and under 128 bytes it goes to everybody in the
        same frame; binary stays binary.
        """
        rig = Rig(maxFrameSize=100)
        for size, firsts in ((99, [0x82]), (100, [0x82]), (101, [0x02, 0x80])):
            rig.wire.deliver(Message.of(bytes(size)))
            self.assertEqual([first for first, _ in rig.sent()], firsts)
        rig = compressing()
        for size, first in ((0, 0x81), (127, 0x81), (128, 0xC1)):
            message = Message.of("a" * size)
            rig.wire.deliver(message)
            self.assertEqual([first for first, _ in rig.sent()], [first])
            self.assertEqual(message.frame is None, first == 0xC1)

    def test_slow(self) -> None:
        """
        A slow receiver is watched as for a message of its own.
        """
        rig = Rig(maxSendBuffer=1000)
        rig.transport.bufferSize = 100
        rig.transport.peerReads = False
        for _ in range(5):
            rig.wire.deliver(Message.of(b"a" * 196))
        self.assertEqual(rig.clock.getDelayedCalls(), [])
        rig.wire.deliver(Message.of(b"a" * 196))
        self.assertEqual(len(rig.clock.getDelayedCalls()), 1)
        for _ in range(4):
            rig.wire.deliver(Message.of(b"a" * 196))
        self.assertEqual(rig.transport.calls, [])
        rig.wire.deliver(Message.of(b"a"))
        self.assertEqual(rig.transport.calls, ["abort"])


class PressureTests(WireTestCase):
    """
    Peers that do not read (decision 23).
    """

    def setUp(self) -> None:
        """
        A transport that holds more than it wants to.
        """
        self.patch(pressure, "WAITER", 0)  # bytes alone, but where a test is about the rest
        self.rig = Rig(maxSendBuffer=1000, slowConsumerTimeout=10)
        self.rig.wire.pauseProducing()
        self.warnings: list[Any] = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)

    def _observe(self, event: LogEvent) -> None:
        if event.get("log_level") == LogLevel.warn:
            self.warnings.append(event["unsent"])

    def test_waiting(self) -> None:
        """
        Writes wait until the peer has caught up, and then all go on in order.
        """
        order: list[str] = []
        for name in "abc":
            self.rig.wire.sendText(name).addCallback(lambda _, name=name: order.append(name))
        waiting = self.rig.wire.sendControl(PING, b"")
        self.assertNoResult(waiting)
        self.assertEqual(self.rig.transport.take(), b"\x81\x01a\x81\x01b\x81\x01c\x89\x00")
        self.rig.wire.resumeProducing()
        self.assertEqual(order, ["a", "b", "c"])
        self.assertIsNone(self.successResultOf(waiting))
        self.assertIs(self.rig.wire.sendBinary(b"d"), WRITTEN)
        self.rig.wire.stopProducing()

    def test_transport(self) -> None:
        """
        Up to 64 KiB unsent nobody waits; the write that crosses it waits, and so do all
        until the peer has taken everything.
        """
        rig = Rig()
        rig.transport.peerReads = False
        self.assertIs(rig.wire.sendBinary(bytes(65532)), WRITTEN)
        first = rig.wire.sendText("")
        self.assertNoResult(first)
        second = rig.wire.sendText("a")
        rig.transport.drain()
        self.assertIsNone(self.successResultOf(first))
        self.assertIsNone(self.successResultOf(second))
        self.assertIs(rig.wire.sendText("b"), WRITTEN)

    def test_writesAgain(self) -> None:
        """
        Who is told may write, and wait again; who waited with it is told too.
        """
        rig = Rig()
        rig.transport.peerReads = False
        rig.transport.bufferSize = 100
        order: list[str] = []
        again: list[Deferred[None]] = []

        def more(_: None) -> None:
            order.append("first")
            again.append(rig.wire.sendBinary(bytes(101)))

        rig.wire.sendBinary(bytes(101)).addCallback(more)
        rig.wire.sendBinary(b"").addCallback(lambda _: order.append("second"))
        rig.transport.drain()
        self.assertEqual(order, ["first", "second"])
        self.assertNoResult(again[0])
        rig.transport.drain()
        self.assertIsNone(self.successResultOf(again[0]))

    def test_cancelled(self) -> None:
        """
        Who no longer waits is not told; the message is on its way, and others are told.
        """
        waiting, other = self.rig.wire.sendText("a"), self.rig.wire.sendText("b")
        waiting.cancel()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.rig.wire.resumeProducing()
        self.assertEqual(self.rig.transport.take(), b"\x81\x01a\x81\x01b")
        self.assertIsNone(self.successResultOf(other))

    def test_cancelledByAnother(self) -> None:
        """
        One of those who are told may cancel another, also when it has written anew.
        """
        for anew in (False, True):
            for end in ("resume", "lose"):
                rig = Rig()
                rig.wire.pauseProducing()
                waiting: list[Deferred[None]] = []

                def cancel(
                    _: object, rig: Rig = rig, waiting: list[Deferred[None]] = waiting, anew: bool = anew
                ) -> None:
                    if anew:
                        rig.wire.pauseProducing()
                        rig.wire.sendText("anew").addErrback(lambda _: None)
                    waiting[1].cancel()

                waiting += (rig.wire.sendText("a"), rig.wire.sendText("b"), rig.wire.sendText("c"))
                waiting[0].addBoth(cancel)
                if end == "resume":
                    rig.wire.resumeProducing()
                    self.assertIsNone(self.successResultOf(waiting[2]))
                else:
                    rig.lose()
                    self.failureResultOf(waiting[2], ConnectionClosureError)
                self.failureResultOf(waiting[1], CancelledError)
        self.nothingLogged()

    def test_lost(self) -> None:
        """
        Who waits when the connection ends is told, quietly where nobody looks.
        """
        heeded = self.rig.wire.sendText("a")
        self.rig.wire.sendText("unheeded")
        self.rig.wire.sendText("unheeded").addCallback(lambda _: None)
        self.rig.lose(ConnectionLost())
        failure = self.failureResultOf(heeded, ConnectionClosureError)
        self.assertEqual(str(failure.value), "Connection closed before the message was sent")
        self.nothingLogged()

    def test_closing(self) -> None:
        """
        A close frame does not wait; who waits does so until the peer has read, or has gone.
        """
        for reads in (True, False):
            rig = Rig()
            rig.transport.peerReads = False
            rig.transport.bufferSize = 10
            waiting = rig.wire.sendText("a" * 20)
            rig.wire.sendClose(1000)
            self.assertEqual([first for first, _ in rig.sent()], [0x81, 0x88])
            self.assertNoResult(waiting)
            if reads:
                rig.transport.drain()
                self.assertIsNone(self.successResultOf(waiting))
            else:
                rig.read(closing(1000))
                rig.lose()
                self.failureResultOf(waiting, ConnectionClosureError)
            self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """
        Over maxSendBuffer a peer has its time; at the limit it has all the time.
        """
        for size, limited in ((999, False), (1000, False), (1001, True)):
            self.rig.transport.dataBuffer = b"a" * size
            self.rig.wire.sendText("a")
            self.assertEqual(len(self.rig.clock.getDelayedCalls()), limited)
        self.rig.wire.deliver(Message.of("b"))
        self.rig.clock.advance(9.9)
        self.rig.wire.sendText("c")
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.clock.advance(0.2)
        self.assertEqual((self.rig.transport.calls, self.warnings), (["abort"], [1001]))
        self.failureResultOf(self.rig.wire.sendText("d"), ConnectionClosureError)
        self.rig.lose()
        self.assertEqual(self.rig.session.seen, [("ended", 1006, "")])
        self.nothingPends(self.rig)
        self.nothingLogged()

    def test_atOnce(self) -> None:
        """
        Without any time it is cut in the next turn.
        """
        rig = Rig(maxSendBuffer=1000, slowConsumerTimeout=0)
        rig.wire.pauseProducing()
        rig.transport.dataBuffer = b"a" * 1001
        rig.wire.sendText("a")
        self.assertEqual(rig.transport.calls, [])
        rig.clock.advance(0)
        self.assertEqual(rig.transport.calls, ["abort"])

    def test_small(self) -> None:
        """
        A write that waits counts 256 bytes more than it has: many small ones cost more
        than their bytes.
        """
        self.patch(pressure, "WAITER", 256)
        rig = Rig(maxSendBuffer=100 * 256)
        rig.wire.pauseProducing()
        waiting = [rig.wire.sendText("") for _ in range(100)]
        self.assertEqual(rig.clock.getDelayedCalls(), [])
        waiting.append(rig.wire.sendText(""))
        self.assertEqual(len(rig.clock.getDelayedCalls()), 1)
        waiting += [rig.wire.sendText("") for _ in range(99)]
        self.assertEqual(rig.transport.calls, [])
        waiting.append(rig.wire.sendText(""))
        self.assertEqual(rig.transport.calls, ["abort"])
        rig.lose()
        failures = {id(self.failureResultOf(each, ConnectionClosureError).value) for each in waiting}
        self.assertEqual(len(failures), 1)

    def test_recovered(self) -> None:
        """
        A peer that catches up in time is not cut, nor one that is below the limit then.
        """
        self.rig.transport.dataBuffer = b"a" * 1001
        self.rig.wire.sendText("a")
        self.rig.transport.dataBuffer = b"a" * 999
        self.rig.clock.advance(11)
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.transport.dataBuffer = b"a" * 1001
        self.rig.wire.sendText("a")
        self.rig.wire.resumeProducing()
        self.rig.clock.advance(11)
        self.assertEqual((self.rig.transport.calls, self.rig.clock.getDelayedCalls()), ([], []))

    def test_slowAgain(self) -> None:
        """
        A peer that was below the limit meanwhile has its time anew.
        """
        self.rig.transport.dataBuffer = b"a" * 1001
        self.rig.wire.sendText("a")
        self.rig.clock.advance(8)
        self.rig.transport.dataBuffer = b"a" * 1000
        self.rig.wire.sendText("a")
        self.rig.transport.dataBuffer = b"a" * 1001
        self.rig.wire.sendText("a")
        self.rig.clock.advance(9)
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.clock.advance(1)
        self.assertEqual(self.rig.transport.calls, ["abort"])

    def test_twice(self) -> None:
        """
        With more than twice the limit unsent it is cut at once, once: memory is bounded.
        """
        self.rig.transport.dataBuffer = b"a" * 2000
        self.rig.wire.sendText("a")
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.transport.dataBuffer = b"a" * 2001
        waiting = self.rig.wire.sendText("a")
        for _ in range(10):
            self.rig.wire.sendText("a")
            self.rig.wire.deliver(Message.of("a"))
        self.assertEqual((self.rig.transport.calls, self.warnings), (["abort"], [2001]))
        self.rig.lose()
        self.failureResultOf(waiting, ConnectionClosureError)
        self.nothingPends(self.rig)

    def test_twiceAbrupt(self) -> None:
        """
        So it is where the connection is gone in the very call.
        """
        rig = Rig(maxSendBuffer=1000, transport=AbruptTransport())
        rig.wire.pauseProducing()
        rig.transport.dataBuffer = b"a" * 2001
        self.failureResultOf(rig.wire.sendText("a"), ConnectionClosureError)
        self.assertEqual(rig.session.seen, [("ended", 1006, "")])
        self.nothingPends(rig)

    def test_largeMessage(self) -> None:
        """
        One message may be larger than what a peer may leave untaken: it has its time to take
        it, and the next one that is small does not change that.
        """
        rig = Rig(maxSendBuffer=70000, slowConsumerTimeout=10)
        rig.transport.peerReads = False
        waiting = rig.wire.sendBinary(bytes(1_000_000))
        rig.wire.sendText("small")
        self.assertEqual(rig.transport.calls, [])
        rig.transport.drain()
        self.assertIsNone(self.successResultOf(waiting))
        # What was large once does not count later.
        rig.wire.sendBinary(bytes(70000))
        rig.wire.sendBinary(bytes(70000))
        self.assertEqual(rig.transport.calls, ["abort"])

    def test_pongs(self) -> None:
        """
        Of the pings that come meanwhile the latest is answered (RFC 6455 section 5.5.3),
        once.
        """
        for number in range(1000):
            self.rig.read(frame(PING_CODE, b"%d" % number))
        self.assertEqual(self.rig.transport.take(), b"")
        self.rig.wire.resumeProducing()
        self.assertEqual(self.rig.transport.take(), b"\x8a\x03999")
        self.rig.wire.pauseProducing()
        self.rig.wire.resumeProducing()
        self.assertEqual(self.rig.transport.take(), b"")
        self.rig.read(frame(PING_CODE, b"now"))
        self.assertEqual(self.rig.transport.take(), b"\x8a\x03now")

    def test_pongAfterClose(self) -> None:
        """
        A ping that waits for its pong when we close has none.
        """
        self.rig.read(frame(PING_CODE, b"late"))
        self.rig.wire.sendClose(1000)
        self.rig.transport.take()
        self.rig.wire.resumeProducing()
        self.assertEqual(self.rig.transport.take(), b"")
