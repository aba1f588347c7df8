"""
Tests of L{balws.wire.sending}.
"""

from __future__ import annotations

import gc

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import ConnectionClosureError, CorruptedFrameError
from balws.hub.message import Message
from balws.wire.compression import agree
from balws.wire.frames import PING, PONG
from balws.wire.written import WRITTEN
from tests.rows.raw import PING as PING_CODE
from tests.rows.raw import frame
from tests.wire.transports import Rig


class FrameTests(SynchronousTestCase):
    """
    From messages to bytes.
    """

    def test_forms(self) -> None:
        """
        Text and binary of every size, written at once.
        """
        rig = Rig()
        for size, head in (
            (0, b"\x00"),
            (125, b"\x7d"),
            (126, b"\x7e\x00\x7e"),
            (65536, b"\x7f" + (65536).to_bytes(8, "big")),
        ):
            self.assertIs(rig.wire.sendText("a" * size), WRITTEN)
            self.assertEqual(rig.transport.take(), b"\x81" + head + b"a" * size)
            self.assertIs(rig.wire.sendBinary(bytearray(size)), WRITTEN)
            self.assertEqual(rig.transport.take(), b"\x82" + head + bytes(size))

    def test_fragments(self) -> None:
        """
        A message over maxFrameSize goes out in frames of at most so many bytes.
        """
        rig = Rig(maxFrameSize=10)
        rig.wire.sendText("a" * 10)
        self.assertEqual(rig.transport.take(), b"\x81\x0a" + b"a" * 10)
        rig.wire.sendText("é" * 5 + "b")
        raw = "é".encode() * 5 + b"b"
        self.assertEqual(rig.transport.take(), b"\x01\x0a" + raw[:10] + b"\x80\x01b")
        rig.wire.sendBinary(b"c" * 20)
        self.assertEqual(rig.transport.take(), b"\x02\x0a" + b"c" * 10 + b"\x80\x0a" + b"c" * 10)

    def test_refused(self) -> None:
        """
        What cannot be sent is told, and nothing is sent.
        """
        rig = Rig()
        self.failureResultOf(rig.wire.sendText("\ud800"), ValueError)
        self.failureResultOf(rig.wire.sendText(b"bytes"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(rig.wire.sendBinary("text"), TypeError)  # type: ignore[arg-type]
        for opcode, name in ((PING, "PING"), (PONG, "PONG")):
            failure = self.failureResultOf(rig.wire.sendControl(opcode, b"a" * 126), CorruptedFrameError)
            self.assertIn(f"invalid payload for {name} (payload length must be <= 125, was 126", str(failure.value))
        self.assertEqual(rig.transport.take(), b"")
        self.assertIs(rig.wire.sendControl(PING, b"a" * 125), WRITTEN)

    def test_closed(self) -> None:
        """
        After a close frame writes fail, quietly where nobody looks.
        """
        rig = Rig()
        rig.wire.sendClose(1000)
        rig.transport.take()
        for deferred in (rig.wire.sendText("a"), rig.wire.sendBinary(b"a"), rig.wire.sendControl(PING, b"")):
            failure = self.failureResultOf(deferred, ConnectionClosureError)
            self.assertIn("Close frame already sent. Cannot push", str(failure.value))
        rig.wire.sendText("unheeded")
        rig.wire.deliver(Message.of("a"))
        rig.wire.answerPing(b"")
        gc.collect()
        self.assertEqual((rig.transport.take(), self.flushLoggedErrors()), (b"", []))

    def test_deliver(self) -> None:
        """
        A message to many is framed once for all that do not compress it.
        """
        message = Message.of("x" * 200)
        one, two = Rig(), Rig()
        agreed = agree("permessage-deflate")
        assert agreed is not None
        squeezing = Rig(compressor=agreed[0])
        small = Rig(maxFrameSize=100)
        for rig in (one, two, squeezing, small):
            rig.wire.deliver(message)
        self.assertEqual(one.transport.written, b"\x81\x7e\x00\xc8" + b"x" * 200)
        self.assertEqual(two.transport.written, message.frame)
        self.assertEqual(squeezing.transport.written[:1], b"\xc1")
        self.assertEqual(small.transport.written[:2], b"\x01\x64")
        one.transport.take()
        one.wire.deliver(Message.of(b"\x00"))
        self.assertEqual(one.transport.take(), b"\x82\x01\x00")


class PressureTests(SynchronousTestCase):
    """
    Peers that do not read (decision 23).
    """

    def setUp(self) -> None:
        """
        A transport that holds more than it wants to.
        """
        self.rig = Rig(maxSendBuffer=1000, slowConsumerTimeout=10)
        self.rig.wire.pauseProducing()

    def test_waiting(self) -> None:
        """
        Writes wait until the peer has caught up, and then all go on in order.
        """
        order: list[str] = []
        for name in "abc":
            self.rig.wire.sendText(name).addCallback(lambda _, name=name: order.append(name))
        waiting = self.rig.wire.sendControl(PING, b"")
        self.assertNoResult(waiting)
        self.rig.wire.resumeProducing()
        self.assertEqual(order, ["a", "b", "c"])
        self.assertIsNone(self.successResultOf(waiting))
        self.assertIs(self.rig.wire.sendBinary(b"d"), WRITTEN)
        self.rig.wire.stopProducing()

    def test_cancelled(self) -> None:
        """
        Who no longer waits is not told; the message is on its way.
        """
        waiting = self.rig.wire.sendText("a")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.rig.wire.resumeProducing()
        self.assertIn(b"a", self.rig.transport.take())
        self.rig.wire._forgetWaiter(waiting)

    def test_lost(self) -> None:
        """
        Who waits when the connection ends is told, quietly where nobody looks.
        """
        heeded = self.rig.wire.sendText("a")
        self.rig.wire.sendText("unheeded")
        self.rig.lose()
        self.failureResultOf(heeded, ConnectionClosureError)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_slow(self) -> None:
        """
        Over maxSendBuffer a peer has its time; at the limit it has all the time.
        """
        self.rig.transport.dataBuffer = b"a" * 1000
        self.rig.wire.sendText("a")
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])
        self.rig.transport.dataBuffer = b"a" * 1001
        self.rig.wire.sendText("a")
        self.rig.wire.deliver(Message.of("b"))
        self.rig.clock.advance(9.9)
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.clock.advance(0.2)
        self.assertEqual(self.rig.transport.calls, ["abort"])

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

    def test_twice(self) -> None:
        """
        With twice the limit unsent it is cut at once: memory is bounded.
        """
        self.rig.transport.dataBuffer = b"a" * 2001
        self.rig.wire.sendText("a")
        self.assertEqual(self.rig.transport.calls, ["abort"])

    def test_pongs(self) -> None:
        """
        Of the pings that come meanwhile the latest is answered (RFC 6455 section 5.5.3).
        """
        for number in range(1000):
            self.rig.wire.dataReceived(frame(PING_CODE, b"%d" % number))
        self.assertEqual(self.rig.transport.take(), b"")
        self.rig.wire.resumeProducing()
        self.assertEqual(self.rig.transport.take(), b"\x8a\x03999")
