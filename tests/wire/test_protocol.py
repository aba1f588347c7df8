"""
Tests of L{balws.wire.protocol}.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from zope.interface import directlyProvides
from zope.interface.verify import verifyObject

from balws.errors import Error
from balws.interfaces import IServedSession
from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, closing, frame
from tests.wire.transports import AbruptTransport, Rig, Session, Transport, WireTestCase, compressing

#: RFC 6455 section 7.4 and its registry: what may come from a peer.
RECEIVABLE = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
#: And what may not (row FR08).
REFUSED = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)


class LifeTests(WireTestCase):
    """
    Beginning and ends.
    """

    def test_doubles(self) -> None:
        """
        The session of these tests is one.
        """
        verifyObject(IServedSession, Session())

    def test_open(self) -> None:
        """
        The transport's producer is the wire, the peer is registered until TCP ends.
        """
        rig = Rig()
        self.assertIs(rig.transport.producer, rig.wire)
        self.assertEqual(rig.roster.members, {rig.wire})
        self.assertFalse(rig.wire.isSecure)
        directlyProvides(rig.transport, ISSLTransport)
        self.assertTrue(rig.wire.isSecure)
        rig.lose()
        self.assertEqual((rig.roster.members, rig.session.seen), (set(), [("ended", 1006, "")]))
        rig.wire.connectionLost()
        self.assertEqual(len(rig.session.seen), 1)

    def test_openOrder(self) -> None:
        """
        The answer 101 is written before the session is told, and what the session writes
        then follows it.
        """
        session = Session()
        seen: list[bytes] = []

        class Opening(Rig):
            def __init__(self) -> None:
                self.session = session
                transport = Transport()
                session.then["opened"] = lambda: seen.append(transport.written)
                super().__init__(session=session, transport=transport)

        Opening()
        self.assertEqual(seen, [b"101"])

    def test_lostBeforeOpen(self) -> None:
        """
        A connection that goes before it was opened is nobody's loss.
        """
        rig = Rig()
        wire = rig.factory.buildProtocol(None)
        rig.roster.add(wire)
        transport = Transport()
        transport.protocol = wire
        wire.makeConnection(transport)
        transport.lose(ConnectionDone())
        self.assertEqual(rig.roster.members, {rig.wire})

    def test_peerCloses(self) -> None:
        """
        The peer's code is echoed without words, then TCP ends; what follows is ignored.
        """
        rig = Rig()
        rig.read(closing(4000, b"bye") + frame(TEXT, b"late") + closing(1000), frame(TEXT, b"later"))
        self.assertEqual(rig.transport.take(), b"\x88\x02\x0f\xa0")
        self.assertEqual((rig.transport.calls, rig.transport.producer), (["lose"], None))
        rig.lose()
        self.assertEqual(rig.session.seen, [("closing", True), ("ended", 4000, "bye")])
        self.nothingPends(rig)

    def test_peerClosesWithoutCode(self) -> None:
        """
        An empty close frame is answered by one, and counts as 1005.
        """
        rig = Rig()
        rig.read(frame(CLOSE))
        self.assertEqual(rig.transport.take(), b"\x88\x00")
        rig.lose()
        self.assertEqual(rig.session.seen, [("closing", True), ("ended", 1005, "")])

    def test_codes(self) -> None:
        """
        Every code that a peer may send is echoed, every other is 1002; with and without
        words, in one read or in parts.
        """
        for reason in (b"", "wörter".encode(), b"a" * 123):
            for code in RECEIVABLE:
                for cut in (1, 3, 7, 8, 131):
                    rig = Rig()
                    rig.read(closing(code, reason)[:cut], closing(code, reason)[cut:])
                    self.assertEqual(rig.sent(), [(0x88, code.to_bytes(2, "big"))])
                    rig.lose()
                    self.assertEqual(rig.session.seen, [("closing", True), ("ended", code, reason.decode())])
            for code in REFUSED:
                rig = Rig()
                rig.read(closing(code, reason))
                self.hasFailed(rig, 1002, "CorruptedFrameError")

    def test_badCloseFrames(self) -> None:
        """
        One byte is no code: 1002; a reason that is not UTF-8: 1007; whole or in parts.
        """
        for data, code in (
            (frame(CLOSE, b"\x03"), 1002),
            (closing(1000, b"\xff"), 1007),
            (closing(1000, b"a\xc3"), 1007),
        ):
            for cut in (len(data), 2, 7):
                rig = Rig()
                rig.read(data[:cut], data[cut:])
                self.hasFailed(rig, code, "CorruptedFrameError")

    def test_weClose(self) -> None:
        """
        We close once; the peer's frame ends TCP, and the session hears its code.
        """
        for code in (4001, 4002, 1000):
            rig = Rig()
            rig.wire.sendClose(4001, "genüg".encode())
            rig.wire.sendClose(4002)
            self.assertEqual(rig.transport.take(), b"\x88\x08\x0f\xa1" + "genüg".encode())
            self.assertEqual(rig.transport.calls, [])
            rig.read(frame(TEXT, b"crossing") + frame(PING, b"no pong") + closing(code, b"words"))
            self.assertEqual((rig.transport.calls, rig.transport.take()), (["lose"], b""))
            rig.lose()
            self.assertEqual(
                rig.session.seen,
                [("closing", False), "crossing", ("answered", code), ("ended", 4001, "genüg")],
            )
            self.nothingPends(rig)

    def test_weCloseWithoutCode(self) -> None:
        """
        A close frame of ours may be empty, and so may the answer.
        """
        rig = Rig()
        rig.wire.sendClose(None)
        self.assertEqual(rig.transport.take(), b"\x88\x00")
        rig.read(frame(CLOSE))
        rig.lose()
        self.assertEqual(rig.session.seen, [("closing", False), ("answered", 1005), ("ended", 1005, "")])

    def test_longestReason(self) -> None:
        """
        123 bytes of words fit.
        """
        rig = Rig()
        rig.wire.sendClose(1000, b"a" * 123)
        self.assertEqual(rig.sent(), [(0x88, b"\x03\xe8" + b"a" * 123)])

    def test_closeReadsOn(self) -> None:
        """
        A paused wire that closes reads on, to see the peer's close frame, even one that is
        already there.
        """
        rig = Rig()
        rig.wire.pauseReading()
        rig.read(frame(TEXT, b"waits"))
        rig.wire.sendClose(1000)
        self.assertTrue(rig.transport.reading)
        self.assertEqual(rig.session.seen, [("closing", False), "waits"])
        rig = Rig()
        rig.wire.pauseReading()
        rig.read(closing(4000))
        rig.wire.sendClose(4000)
        self.assertEqual(rig.session.seen, [("closing", False), ("answered", 4000)])
        self.assertEqual(rig.transport.calls, ["lose"])

    def test_closeWithin(self) -> None:
        """
        Who closes while a message is told hears of the peer's answer in the same read.
        """
        rig = Rig()
        rig.session.then["message"] = lambda _: rig.wire.sendClose(1000)
        rig.read(frame(TEXT, b"a") + closing(1000))
        rig.lose()
        self.assertEqual(rig.session.seen, ["a", ("closing", False), ("answered", 1000), ("ended", 1000, "")])

    def test_stuck(self) -> None:
        """
        A peer that does not take the last bytes is dropped after a while.
        """
        rig = Rig()
        rig.read(closing(1000))
        rig.clock.advance(4.9)
        self.assertEqual(rig.transport.calls, ["lose"])
        rig.clock.advance(0.1)
        self.assertEqual(rig.transport.calls, ["lose", "abort"])
        rig.lose()
        self.assertEqual(rig.session.seen[-1], ("ended", 1000, ""))
        self.nothingPends(rig)

    def test_drop(self) -> None:
        """
        Dropping flushes and waits for nobody; twice is once.
        """
        rig = Rig()
        rig.wire.sendClose(1000)
        rig.wire.drop()
        rig.wire.drop()
        self.assertEqual((rig.transport.calls, rig.transport.producer), (["lose"], None))
        rig.read(closing(1000))
        self.assertEqual(rig.session.seen, [("closing", False)])
        rig.lose()
        self.nothingPends(rig)

    def test_fail(self) -> None:
        """
        A failure is said once, and not after the end.
        """
        rig = Rig()
        rig.wire.fail(1011, "words", Error("e"))
        rig.wire.fail(1002, "again", Error("f"))
        self.assertEqual(rig.transport.written, b"\x88\x07\x03\xf3words")
        self.hasFailed(rig, 1011, "Error")
        rig.wire.fail(1011, "late", Error("g"))
        self.assertEqual(len(rig.session.errors), 1)

    def test_failWhilePaused(self) -> None:
        """
        A paused wire that fails reads on, to see TCP end, and throws away what it reads.
        """
        rig = Rig()
        rig.wire.pauseReading()
        rig.read(frame(TEXT, b"waits"))
        rig.wire.fail(1011, "words", Error("e"))
        self.assertTrue(rig.transport.reading)
        self.hasFailed(rig, 1011, "Error")

    def test_failWhileClosing(self) -> None:
        """
        A failure after our close frame is told to the session; the peer had its frame.
        """
        rig = Rig()
        rig.wire.sendClose(1000)
        rig.transport.take()
        rig.read(frame(TEXT, b"\xff"))
        self.assertEqual((rig.transport.take(), rig.transport.calls), (b"", ["half"]))
        self.assertEqual(rig.session.seen, [("closing", False), "CorruptedFrameError"])
        rig.lose()
        self.assertEqual(rig.session.seen[-1], ("ended", 1000, ""))
        self.nothingPends(rig)

    def test_failWithin(self) -> None:
        """
        Nothing that was read with the message whose method fails is told.
        """
        rig = Rig()
        rig.session.then["message"] = lambda _: rig.wire.fail(1011, "words", Error("e"))
        rig.read(frame(TEXT, b"a") + frame(TEXT, b"b"))
        self.assertEqual(rig.session.seen, ["a", ("closing", False), "Error"])
        self.hasFailed(rig, 1011, "Error")

    def test_abort(self) -> None:
        """
        An abort says nothing, and reads and writes no more.
        """
        rig = Rig()
        rig.wire.abort()
        rig.read(frame(TEXT, b"late"))
        rig.wire.sendClose(1000)
        rig.wire.fail(1011, "words", Error("e"))
        rig.wire.drop()
        self.assertEqual((rig.transport.take(), rig.transport.calls), (b"", ["abort"]))
        rig.lose(ConnectionAborted())
        self.assertEqual(rig.session.seen, [("ended", 1006, "")])
        self.nothingPends(rig)

    def test_abruptEnds(self) -> None:
        """
        Every end may come in the call that asks for it.
        """
        for begin in (lambda wire: None, lambda wire: wire.sendClose(1000), lambda wire: wire.drop()):
            rig = Rig(transport=AbruptTransport())
            begin(rig.wire)
            rig.wire.abort()
            self.assertEqual([each for each in rig.session.seen if each[0] == "ended"], rig.session.seen[-1:])
            self.assertEqual(rig.roster.members, set())
            self.nothingPends(rig)

    def test_lostInEachState(self) -> None:
        """
        TCP may go at any time, in whatever way: the session is told once, with the code that
        counts, and no timer is left.
        """

        def congested(rig: Rig) -> None:
            rig.wire.pauseProducing()
            rig.transport.dataBuffer = bytes(2**20 + 1)
            rig.wire.sendText("a")

        states: list[tuple[Callable[[Rig], Any], int, str]] = [
            (lambda rig: None, 1006, ""),
            (lambda rig: rig.read(frame(TEXT, b"a")[:3]), 1006, ""),
            (lambda rig: rig.read(frame(TEXT, length=100)), 1006, ""),
            (lambda rig: rig.read(frame(TEXT, b"a", fin=False)), 1006, ""),
            (lambda rig: rig.read(frame(TEXT, b"a", fin=False) + frame(0, b"b")[:7]), 1006, ""),
            (lambda rig: rig.read(closing(1000)[:7]), 1006, ""),
            (lambda rig: rig.wire.pauseReading(), 1006, ""),
            (congested, 1006, ""),
            (lambda rig: rig.wire.sendClose(4000, b"ours"), 4000, "ours"),
            (lambda rig: rig.wire.sendClose(None), 1005, ""),
            (lambda rig: rig.read(closing(4001, b"theirs")), 4001, "theirs"),
            (lambda rig: rig.read(frame(CLOSE)), 1005, ""),
            (lambda rig: rig.wire.fail(1011, "words", Error("e")), 1011, "words"),
            (lambda rig: rig.wire.drop(), 1006, ""),
            (lambda rig: rig.wire.abort(), 1006, ""),
        ]
        for begin, code, reason in states:
            for error in (ConnectionDone(), ConnectionLost(), ConnectionAborted()):
                rig = compressing(pingInterval=30)
                begin(rig)
                rig.lose(error)
                self.assertEqual(
                    [each for each in rig.session.seen if each[0] == "ended"], [("ended", code, reason)]
                )
                self.assertEqual((rig.roster.members, rig.wire.data), (set(), b""))
                rig.wire.abort()
                rig.wire.resumeReading()
                rig.wire.resumeProducing()
                self.nothingPends(rig)
        self.nothingLogged()

    def test_sessionFirst(self) -> None:
        """
        Who waits for the last connection to end is told after its session.
        """
        rig = Rig()
        order: list[str] = []
        rig.session.then["ended"] = lambda *_: order.append("session")
        rig.roster.whenEmpty().addCallback(lambda _: order.append("roster"))
        rig.lose()
        self.assertEqual(order, ["session", "roster"])


class MemoryTests(WireTestCase):
    """
    What stays of a connection that has ended.
    """

    def setUp(self) -> None:
        """
        Only counting frees objects.
        """
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)

    def test_freed(self) -> None:
        """
        Nothing, at once, in whatever state it ended; not for the timer that it had.
        """
        for begin in (
            lambda rig: None,
            lambda rig: rig.read(
                frame(TEXT, b"a") + frame(BINARY, b"\xff", fin=False) + frame(0, length=1000)
            ),
            lambda rig: rig.read(frame(TEXT, b"a", fin=False)),
            lambda rig: rig.read(frame(TEXT, b"\xff")),
            lambda rig: rig.read(closing(1000)),
            lambda rig: rig.wire.sendText("a" * 1000),
            lambda rig: rig.clock.advance(31),
            lambda rig: (rig.wire.pauseProducing(), rig.wire.sendText("a")),
        ):
            rig = compressing(pingInterval=30)
            begin(rig)
            rig.lose()
            watched = ref(rig.wire)
            del rig.wire
            self.assertIsNone(watched())
            rig.clock.advance(60)
            self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_held(self) -> None:
        """
        Who still holds a wire that has ended holds no half-read message with it.
        """
        rig = compressing()
        rig.read(frame(TEXT, b"a", fin=False) + frame(0, length=60000) + bytes(50000))
        rig.lose()
        held = [value for value in vars(rig.wire).values() if isinstance(value, (bytes, bytearray, list))]
        self.assertEqual(sum(map(len, held)), 0)
        self.assertIsNone(rig.wire._perMessageCompress)


class KeepAliveTests(WireTestCase):
    """
    Pings of our own (decision 22).
    """

    def setUp(self) -> None:
        """
        A ping after 30 s, 20 s for the pong.
        """
        self.rig = Rig(pingInterval=30, pingTimeout=20)

    def ping(self) -> bytes:
        """
        @return: the payload of the one ping that was sent.
        """
        ((first, payload),) = self.rig.sent()
        self.assertEqual((first, len(payload)), (0x89, 4))
        return payload

    def pump(self, seconds: float) -> None:
        """
        Let time pass in small steps.
        """
        for _ in range(round(seconds * 10)):
            self.rig.clock.advance(0.1)

    def test_answered(self) -> None:
        """
        A peer that answers is asked again every 30 s; its pong is nobody else's.
        """
        self.rig.session.wantsPong = True
        tokens = set()
        for _ in range(3):
            self.pump(29.7)
            self.assertEqual(self.rig.transport.take(), b"")
            self.pump(0.6)
            token = self.ping()
            tokens.add(token)
            self.rig.read(frame(PONG, token))
        self.assertEqual(len(tokens), 3)
        self.assertEqual((self.rig.session.seen, self.rig.transport.calls), ([], []))

    def test_steady(self) -> None:
        """
        Over hours the pings come in their interval, at most a little later.
        """
        pings = 0
        while self.rig.clock.seconds() < 36000:
            self.rig.clock.advance(1)
            for _, token in self.rig.sent():
                pings += 1
                self.rig.read(frame(PONG, token))
        self.assertTrue(1150 <= pings <= 1200, pings)
        self.assertEqual((self.rig.transport.calls, len(self.rig.wheel)), ([], 1))

    def test_gone(self) -> None:
        """
        A peer that does not answer is dropped 20 s later; a wrong pong does not count, nor
        does a message.
        """
        self.pump(30.3)
        self.ping()
        self.rig.read(frame(PONG, b"none"), frame(PONG), frame(TEXT, b"alive"))
        self.pump(19.5)
        self.assertEqual(self.rig.transport.calls, [])
        self.pump(1)
        self.assertEqual(self.rig.transport.calls, ["abort"])
        self.rig.lose()
        self.assertEqual(self.rig.session.seen[-1], ("ended", 1006, ""))
        self.nothingPends(self.rig)

    def test_late(self) -> None:
        """
        A pong that comes in the last moment counts.
        """
        self.pump(30.1)
        token = self.ping()
        self.pump(19.8)
        self.rig.read(frame(PONG, token))
        self.pump(9)
        self.assertEqual(self.rig.transport.calls, [])
        self.pump(2)
        self.ping()

    def test_twice(self) -> None:
        """
        The second of two pongs to one ping is a pong that nobody asked for.
        """
        self.rig.session.wantsPong = True
        self.pump(30.3)
        token = self.ping()
        self.rig.read(frame(PONG, token) + frame(PONG, token))
        self.assertEqual(self.rig.session.seen, [("pong", token)])

    def test_paused(self) -> None:
        """
        While we do not read, the peer's time to answer does not run.
        """
        self.pump(30.3)
        token = self.ping()
        self.rig.wire.pauseReading()
        self.pump(60)
        self.assertEqual((self.rig.transport.calls, self.rig.transport.written), ([], b""))
        self.rig.wire.resumeReading()
        self.rig.read(frame(PONG, token))
        self.pump(12)
        self.assertEqual(self.rig.transport.calls, [])
        self.ping()

    def test_pausedMeanwhile(self) -> None:
        """
        A peer whose pong waits behind much that a slow service takes bit by bit is alive;
        when nothing more comes it has its time, and no more.
        """
        self.pump(30.3)
        self.ping()
        for _ in range(600):
            self.rig.wire.pauseReading()
            self.pump(0.1)
            self.rig.wire.resumeReading()
            self.rig.read(frame(TEXT, b"one more"))
            self.pump(0.1)
        self.assertEqual(self.rig.transport.calls, [])
        self.pump(19)
        self.assertEqual(self.rig.transport.calls, [])
        self.pump(22)
        self.assertEqual(self.rig.transport.calls, ["abort"])

    def test_pausedBefore(self) -> None:
        """
        Nor is it asked then, but soon after.
        """
        self.pump(10)
        self.rig.wire.pauseReading()
        self.pump(100)
        self.assertEqual((self.rig.transport.calls, self.rig.transport.written), ([], b""))
        self.rig.wire.resumeReading()
        self.pump(31)
        self.ping()

    def test_ended(self) -> None:
        """
        Timers of a connection that has ended, or is about to, do nothing.
        """
        for wait, end in (
            (30.3, Rig.lose),
            (0, Rig.lose),
            (30.3, lambda rig: rig.wire.sendClose(1000)),
            (0, lambda rig: rig.wire.sendClose(1000)),
            (30.3, lambda rig: rig.read(closing(1000))),
            (30.3, lambda rig: rig.wire.abort()),
        ):
            self.rig = Rig(pingInterval=30, pingTimeout=20)
            self.pump(wait)
            end(self.rig)
            calls = self.rig.transport.calls[:]
            self.rig.transport.take()
            self.pump(4)
            if not self.rig.transport.lost:
                self.rig.lose()
            self.pump(60)
            self.assertEqual((self.rig.transport.take(), self.rig.transport.calls), (b"", calls))
            self.assertEqual(len(self.rig.wheel), 0)

    def test_closingForLong(self) -> None:
        """
        A connection whose closing takes its time is not dropped for a pong.
        """
        self.pump(30.3)
        self.rig.wire.sendClose(1000)
        self.rig.transport.take()
        self.pump(100)
        self.assertEqual((self.rig.transport.calls, self.rig.transport.take()), ([], b""))
        self.assertEqual(len(self.rig.wheel), 0)

    def test_noDeadline(self) -> None:
        """
        Without a timeout pings go on unanswered.
        """
        self.rig = Rig(pingInterval=30, pingTimeout=0)
        self.pump(95)
        self.assertEqual([first for first, _ in self.rig.sent()], [0x89] * 3)

    def test_off(self) -> None:
        """
        An interval of 0 sends none.
        """
        self.rig = Rig(pingInterval=0)
        self.assertEqual(len(self.rig.wheel), 0)

    def test_shortInterval(self) -> None:
        """
        An interval under the timeout asks anew when the answer's time is over.
        """
        self.rig = Rig(pingInterval=1, pingTimeout=5)
        self.pump(1.2)
        self.rig.read(frame(PONG, self.ping()))
        self.pump(4.6)
        self.assertEqual(self.rig.transport.take(), b"")
        self.pump(0.6)
        self.ping()


class LeaveTests(WireTestCase):
    """
    The listener stops.
    """

    def test_leave(self) -> None:
        """
        When the session has drained the peer is told 1001; what is read from then on is
        dropped with the session's knowledge.
        """
        rig = Rig()
        rig.session.then["drain"] = lambda: self.assertEqual(rig.sent(), [])
        rig.wire.leave()
        self.assertEqual(rig.session.seen, ["drain", ("closing", False)])
        self.assertEqual(rig.sent(), [(0x88, b"\x03\xe9")])
        rig.wire.leave()
        self.assertEqual(rig.session.seen, ["drain", ("closing", False)])

    def test_leaveFull(self) -> None:
        """
        Who read no more because the session had enough reads on: the peer's answer must be
        seen.
        """
        rig = Rig()
        rig.wire.pauseReading()
        rig.wire.leave()
        self.assertTrue(rig.transport.reading)
        rig.read(closing(1001))
        self.assertEqual(rig.session.seen[-1], ("answered", 1001))

    def test_unfinished(self) -> None:
        """
        A method that runs on when TCP has gone is known to the roster before the connection
        has left it.
        """
        rig = Rig()
        rig.session.left = Deferred()
        quiet, empty = rig.roster.whenQuiet(), rig.roster.whenEmpty()
        rig.lose()
        self.successResultOf(empty)
        self.assertNoResult(quiet)
        rig.session.left.callback(None)
        self.successResultOf(quiet)
