"""
Tests of L{balws.wire.protocol}.
"""

from __future__ import annotations

from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from balws.errors import Error
from tests.rows.raw import CLOSE, PONG, TEXT, closing, frame
from tests.wire.transports import Rig


class LifeTests(SynchronousTestCase):
    """
    Beginning and ends.
    """

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
        rig.lose()
        self.assertEqual(len(rig.session.seen), 1)

    def test_peerCloses(self) -> None:
        """
        The peer's code is echoed without words, then TCP ends; what follows is ignored.
        """
        rig = Rig()
        rig.wire.dataReceived(closing(4000, b"bye") + frame(TEXT, b"late"))
        self.assertEqual(rig.transport.take(), b"\x88\x02\x0f\xa0")
        self.assertEqual((rig.transport.calls, rig.transport.producer), (["lose"], None))
        rig.lose()
        self.assertEqual(rig.session.seen, [("closing", True), ("ended", 4000, "bye")])
        self.assertEqual(rig.clock.getDelayedCalls(), [])
        rig = Rig()
        rig.wire.dataReceived(frame(CLOSE))
        self.assertEqual(rig.transport.take(), b"\x88\x00")
        rig.lose()
        self.assertEqual(rig.session.seen[-1], ("ended", 1005, ""))

    def test_weClose(self) -> None:
        """
        We close once; the peer's frame ends TCP, and the session hears its code.
        """
        rig = Rig()
        rig.wire.sendClose(4001, b"enough")
        rig.wire.sendClose(4002)
        self.assertEqual(rig.transport.take(), b"\x88\x08\x0f\xa1enough")
        self.assertEqual(rig.transport.calls, [])
        rig.wire.dataReceived(frame(TEXT, b"crossing") + closing(4001))
        self.assertEqual(rig.transport.calls, ["lose"])
        rig.lose()
        self.assertEqual(
            rig.session.seen, [("closing", False), "crossing", ("answered", 4001), ("ended", 4001, "enough")]
        )
        rig = Rig()
        rig.wire.sendClose(None)
        self.assertEqual(rig.transport.take(), b"\x88\x00")

    def test_closeReadsOn(self) -> None:
        """
        A paused wire that closes reads on, to see the peer's close frame.
        """
        rig = Rig()
        rig.wire.pauseReading()
        rig.wire.dataReceived(frame(TEXT, b"waits"))
        rig.wire.sendClose(1000)
        self.assertTrue(rig.transport.reading)
        self.assertEqual(rig.session.seen, [("closing", False), "waits"])

    def test_stuck(self) -> None:
        """
        A peer that does not take the last bytes is dropped after a while.
        """
        rig = Rig()
        rig.wire.dataReceived(closing(1000))
        rig.clock.advance(5)
        self.assertEqual(rig.transport.calls, ["lose", "abort"])

    def test_drop(self) -> None:
        """
        Dropping flushes and waits for nobody; twice is once.
        """
        rig = Rig()
        rig.wire.sendClose(1000)
        rig.wire.drop()
        rig.wire.drop()
        self.assertEqual(rig.transport.calls, ["lose"])

    def test_fail(self) -> None:
        """
        A failure is said once, also while we were closing, and not after the end.
        """
        rig = Rig()
        rig.wire.fail(1011, "words", Error("e"))
        rig.wire.fail(1002, "again", Error("f"))
        self.assertEqual(rig.transport.take(), b"\x88\x07\x03\xf3words")
        self.assertEqual(rig.session.seen, [("closing", False), "Error"])
        rig = Rig()
        rig.wire.sendClose(1000)
        rig.transport.take()
        rig.wire.dataReceived(frame(TEXT, b"\xff"))
        self.assertEqual(rig.transport.take(), b"")
        self.assertEqual(rig.session.seen, [("closing", False), "CorruptedFrameError"])
        rig.lose()
        self.assertEqual(rig.session.seen[-1], ("ended", 1000, ""))


class KeepAliveTests(SynchronousTestCase):
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
        data = self.rig.transport.take()
        self.assertEqual(data[:2], b"\x89\x04")
        return data[2:]

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
            self.pump(30.3)
            token = self.ping()
            tokens.add(token)
            self.rig.wire.dataReceived(frame(PONG, token))
        self.assertEqual(len(tokens), 3)
        self.assertEqual((self.rig.session.seen, self.rig.transport.calls), ([], []))

    def test_gone(self) -> None:
        """
        A peer that does not answer is dropped 20 s later; a wrong pong does not count.
        """
        self.pump(30.3)
        self.ping()
        self.rig.wire.dataReceived(frame(PONG, b"none"))
        self.pump(19.5)
        self.assertEqual(self.rig.transport.calls, [])
        self.pump(1)
        self.assertEqual(self.rig.transport.calls, ["abort"])

    def test_paused(self) -> None:
        """
        While we do not read, the peer's time does not run.
        """
        self.pump(30.3)
        token = self.ping()
        self.rig.wire.pauseReading()
        self.pump(60)
        self.assertEqual(self.rig.transport.calls, [])
        self.rig.wire.resumeReading()
        self.rig.wire.dataReceived(frame(PONG, token))
        self.pump(20)
        self.rig.wire.pauseReading()
        self.rig.transport.take()
        self.pump(60)
        self.assertEqual((self.rig.transport.calls, self.rig.transport.take()), ([], b""))

    def test_ended(self) -> None:
        """
        Timers of a connection that has ended do nothing.
        """
        self.pump(30.3)
        self.rig.lose()
        self.rig.transport.take()
        self.pump(60)
        self.assertEqual((self.rig.transport.take(), self.rig.transport.calls), (b"", []))
        self.assertEqual(len(self.rig.wheel), 0)

    def test_closedBefore(self) -> None:
        """
        A connection that ends before its first ping is not pinged.
        """
        self.rig.lose()
        self.pump(31)
        self.assertEqual((self.rig.transport.take(), len(self.rig.wheel)), (b"", 0))

    def test_noDeadline(self) -> None:
        """
        Without a timeout pings go on unanswered.
        """
        self.rig = Rig(pingInterval=30, pingTimeout=0)
        self.pump(95)
        self.assertEqual(len(self.rig.transport.take()), 18)
