"""
Tests of L{balws.session.rate}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from balws.closing import CustomCloseFrame
from balws.interfaces import Service
from balws.session.rate import Paced
from balws.wire.frames import PING, TEXT
from tests.session import doubles
from tests.session.doubles import ConversationTestCase, Mounted, Peer, Recorder, closeFrame, frame


class Hearing(Recorder):
    """
    Remembers what it hears; answers when the test says so.

    @ivar heard: the messages.
    @ivar waiting: results to give, the first one first; then L{None}.
    """

    def __init__(self, *waiting: Any) -> None:
        super().__init__()
        self.heard: list[Any] = []
        self.waiting = list(waiting)

    def _next(self) -> Any:
        return self.waiting.pop(0) if self.waiting else None

    def onTextMessage(self, caller: Any, text: str) -> Any:
        self.caller = caller
        self.heard.append(text)
        return self._next()

    def onBinaryMessage(self, data: bytes) -> Any:
        self.heard.append(data)
        return self._next()


class RateTests(ConversationTestCase):
    """
    maxMessagesPerSecond (SZ15)
    """

    def talk(self, service: Service, rate: int, **config: Any) -> Peer:
        """
        @return: the peer of a conversation that has this rate.
        """
        mounted = Mounted(**config)

        def paced(*arguments: Any) -> Paced:
            connection = Paced(*arguments)
            connection.setRate(rate)
            return connection

        self.patch(doubles, "Connection", paced)
        return mounted.connect(service)

    def pass_(self, peer: Peer, seconds: float) -> None:
        """
        Let time pass in small steps.
        """
        for _ in range(round(seconds * 20)):
            peer.clock.advance(0.05)
            peer.turns()

    def test_burst(self) -> None:
        """
        So many messages are read at a time; then reading pauses, and goes on as tokens come,
        one by one.
        """
        service = Hearing()
        peer = self.talk(service, 4)
        peer.say(*"abcdefghijkl")
        self.assertEqual(service.heard, list("abcd"))
        self.assertTrue(peer.isPaused)
        self.pass_(peer, 1)
        self.assertIn(len(service.heard), (7, 8))
        self.pass_(peer, 1.1)
        self.assertEqual(service.heard, list("abcdefghijkl"))
        self.assertEqual(peer.heard(), [])

    def test_exactly(self) -> None:
        """
        The last token is the last message that is read at once, at n - 1, n and n + 1.
        """
        for count, paused in ((2, False), (3, True), (4, True)):
            service = Hearing()
            peer = self.talk(service, 3)
            peer.say(*"x" * count)
            self.assertEqual((len(service.heard), peer.isPaused), (min(count, 3), paused))

    def test_slowEnough(self) -> None:
        """
        Who keeps to the rate is never paused, and silence gives no more than a burst.
        """
        service = Hearing()
        peer = self.talk(service, 5)
        for _ in range(20):
            peer.say("x")
            self.assertFalse(peer.isPaused)
            peer.clock.advance(0.2)
        peer.clock.advance(3600)
        peer.say(*"y" * 10)
        self.assertEqual(service.heard.count("y"), 5)

    def test_one(self) -> None:
        """
        A rate of one reads one message a second.
        """
        service = Hearing()
        peer = self.talk(service, 1)
        peer.say(*"abc")
        for heard in (1, 2, 3):
            self.assertEqual(len(service.heard), heard)
            self.pass_(peer, 1.05)

    def test_fast(self) -> None:
        """
        Over a longer time it is the rate that was asked for, where it is finer than the timer, too.
        """
        service = Hearing()
        peer = self.talk(service, 100)
        peer.say(*["x"] * 600)
        self.pass_(peer, 3)
        self.assertGreater(len(service.heard), 380)
        self.assertLess(len(service.heard), 402)

    def test_binary(self) -> None:
        """
        Binary messages count as texts do.
        """
        service = Hearing()
        peer = self.talk(service, 2)
        peer.say(b"a", "b", b"c")
        self.assertEqual(service.heard, [b"a", "b"])
        self.pass_(peer, 0.6)
        self.assertEqual(service.heard, [b"a", "b", b"c"])

    def test_controls(self) -> None:
        """
        Pings take no token; those behind the last message are answered when it is read on.
        """
        service = Hearing()
        peer = self.talk(service, 2)
        peer.send(*[frame(PING, b"p")] * 9, frame(TEXT, b"a"))
        self.assertEqual((peer.heard(), peer.isPaused), ([("pong", b"p")] * 9, False))
        peer.send(frame(TEXT, b"b"), frame(PING, b"q"))
        self.assertEqual(peer.heard(), [])
        self.pass_(peer, 0.6)
        self.assertEqual(peer.heard(), [("pong", b"q")])

    def test_keepAlive(self) -> None:
        """
        The keep-alive does not take a peer for lost that is only read slowly.
        """
        service = Hearing()
        peer = self.talk(service, 1, pingInterval=0.3, pingTimeout=0.3)
        peer.say(*"abcdef")
        self.pass_(peer, 4.5)
        self.assertFalse(peer.isDropped or peer.isAborted)
        self.assertEqual(len(service.heard), 5)

    def test_answers(self) -> None:
        """
        Answers are not held up, and neither is the order of messages.
        """
        service = Hearing("1", "2", "3", "4")
        peer = self.talk(service, 2)
        peer.say(*"abcd")
        self.assertEqual(peer.heard(), ["1", "2"])
        self.pass_(peer, 1.1)
        self.assertEqual(peer.heard(), ["3", "4"])
        self.assertEqual(service.heard, list("abcd"))

    def test_slowMethod(self) -> None:
        """
        While a method is awaited messages wait as ever; its end does not open the way before there
        is a token.
        """
        first: Deferred[str] = Deferred()
        service = Hearing(first)
        peer = self.talk(service, 2)
        peer.say(*"abcd")
        self.assertEqual((service.heard, peer.isPaused), (["a"], True))
        first.callback("1")
        self.assertEqual(peer.heard(), ["1"])
        self.assertTrue(peer.isPaused)
        self.pass_(peer, 0.6)
        self.assertEqual(service.heard[:3], list("abc"))
        self.pass_(peer, 0.6)
        self.assertEqual(service.heard, list("abcd"))

    def test_slowerMethod(self) -> None:
        """
        A token that comes while a method is awaited lets the queue fill on, up to its own limit.
        """
        first: Deferred[str] = Deferred()
        service = Hearing(first)
        peer = self.talk(service, 2, maxPendingMessages=2)
        peer.say(*"abcdefg")
        self.pass_(peer, 5)
        self.assertEqual((service.heard, len(peer.connection._pending or ())), (["a"], 2))
        self.assertTrue(peer.isPaused)
        first.callback("1")
        self.assertEqual(service.heard[:3], list("abc"))
        self.pass_(peer, 3)
        self.assertEqual(service.heard, list("abcdefg"))

    def test_manyResults(self) -> None:
        """
        A service that answers each message later is read no faster.
        """
        results: list[Deferred[str]] = []

        class Later(Hearing):
            def _next(self) -> Any:
                results.append(Deferred())
                return results[-1]

        service = Later()
        peer = self.talk(service, 2)
        peer.say(*"abcdefgh")
        for _ in range(20):
            while results:
                results.pop().callback("ok")
        self.assertLessEqual(len(service.heard), 2)
        self.pass_(peer, 1.05)
        while results:
            results.pop().callback("ok")
        self.assertLessEqual(len(service.heard), 4)

    def test_closedByPeer(self) -> None:
        """
        A peer that closes is heard when it is its turn; all before it was read.
        """
        service = Hearing()
        peer = self.talk(service, 2)
        peer.say(*"abc")
        peer.close(4000, "bye")
        self.pass_(peer, 0.6)
        self.assertEqual((service.heard, peer.heard()), (list("abc"), []))
        self.pass_(peer, 0.6)
        self.assertEqual(peer.heard(), [("close", 4000, "")])
        peer.leave()
        self.assertEqual((service.heard, service.calls), (list("abc"), [("close", 4000, "bye")]))

    def test_closedByUs(self) -> None:
        """
        Whoever has no token left can be closed at once: what it sent is dropped, and its close frame
        read.
        """
        service = Hearing()
        peer = self.talk(service, 2)
        peer.say(*"abcdefgh")
        peer.send(closeFrame(4001))
        closing = service.caller.close(4001, "enough", timeout=5)
        peer.turns()
        self.successResultOf(closing)
        self.assertEqual(service.heard, list("ab"))
        peer.leave()
        self.assertEqual(service.ends, ["close"])

    def test_lost(self) -> None:
        """
        When the connection ends, what was read is dispatched at once, in front of the end.
        """
        first: Deferred[str] = Deferred()
        service = Hearing(first)
        peer = self.talk(service, 2)
        peer.say("a", "b")
        first.callback("1")
        self.assertEqual(service.heard, ["a"])
        peer.leave()
        self.assertEqual((service.heard, service.ends), (["a", "b"], ["close"]))
        peer.clock.advance(10)
        self.assertEqual((service.heard, service.ends), (["a", "b"], ["close"]))
        self.quiet()

    def test_lostMeanwhile(self) -> None:
        """
        The end waits for the method that runs, and for those of the messages that wait.
        """
        first: Deferred[None] = Deferred()
        second: Deferred[None] = Deferred()
        service = Hearing(first, second)
        peer = self.talk(service, 3)
        peer.say(*"abc")
        peer.leave()
        first.callback(None)
        self.assertEqual((service.heard, service.ends), (["a", "b"], []))
        second.callback(None)
        self.assertEqual((service.heard, service.ends), (["a", "b", "c"], ["close"]))

    def test_raises(self) -> None:
        """
        A method that fails ends the connection as ever.
        """
        service = Failing()
        peer = self.talk(service, 1)
        peer.say("a", "b")
        self.assertEqual(peer.heard(), [("close", 1011, "Unexpected condition")])
        self.raised(RuntimeError)
        peer.leave()
        peer.clock.advance(5)
        self.assertEqual(service.ends, ["error"])

    def test_closeFrame(self) -> None:
        """
        A returned close frame closes.
        """
        service = Hearing(CustomCloseFrame(4002, "no"))
        peer = self.talk(service, 1)
        peer.say("a", "b")
        self.assertEqual(peer.heard(), [("close", 4002, "no")])

    def test_drained(self) -> None:
        """
        A listener that stops does not wait for a token.
        """
        for waiting in ([], [Deferred()]):
            service = Hearing(*waiting)
            peer = self.talk(service, 1)
            peer.say("a", "b")
            peer.wire.leave()
            for each in waiting:
                self.assertEqual(peer.heard(), [])
                each.callback(None)
            self.assertEqual(peer.heard(), [("close", 1001, "")])
            self.assertEqual(service.heard, ["a"])


class Failing(Recorder):
    """
    Fails.
    """

    def onTextMessage(self, text: str) -> None:
        raise RuntimeError("no")
