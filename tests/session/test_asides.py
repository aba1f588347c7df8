"""
Tests of L{balws.session.asides}.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

from twisted.internet.defer import Deferred, succeed

from balws.closing import CustomCloseFrame, NormalClosure
from balws.errors import Error
from balws.interfaces import Service
from balws.session.caller import Caller
from balws.session.conversation import UNEXPECTED
from tests.session.doubles import ConversationTestCase, Mounted, Peer, Recorder, frame, talk


async def coroutine(value: Any) -> Any:
    """
    Gives this.
    """
    return value


#: A result at once, by a Deferred, by a coroutine.
WAYS: list[Callable[[Any], Any]] = [lambda value: value, succeed, coroutine]


class Controlled(Recorder):
    """
    Answers pings and pongs with what it is given.
    """

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value

    def onPing(self, caller: Caller, data: bytes) -> Any:
        """
        The pong is our duty.
        """
        self.calls.append(("ping", data))
        return self.value

    def onPong(self, data: bytes) -> Any:
        """
        Nothing is our duty.
        """
        self.calls.append(("pong", data))
        return self.value


class ControlTests(ConversationTestCase):
    """
    Pings and pongs.
    """

    def test_automatic(self) -> None:
        """
        Without C{onPing} each ping is answered with its payload; pongs are nobody's
        business (A4.5, A4.6).
        """
        peer = talk(Service())
        for data in (b"", b"x", bytes(125)):
            peer.ping(data)
            peer.pong(data)
            self.assertEqual(peer.heard(), [("pong", data)])

    def test_own(self) -> None:
        """
        C{onPing} takes the place of the answer; both get the payload.
        """
        service = Controlled()
        peer = talk(service)
        peer.ping(b"a")
        peer.pong(b"b")
        self.assertEqual(service.calls, [("ping", b"a"), ("pong", b"b")])
        self.assertEqual(peer.heard(), [])

    def test_pingByCaller(self) -> None:
        """
        The answer may be sent by C{caller.pong}.
        """

        class Talk(Service):
            def onPing(self, caller: Caller, data: bytes) -> Any:
                return caller.pong(data)

        peer = talk(Talk())
        peer.ping(b"a")
        self.assertEqual(peer.heard(), [("pong", b"a")])
        self.quiet()

    def test_pingResults(self) -> None:
        """
        Bytes that C{onPing} returns are the pong; a close frame closes; an error and
        everything else is logged.
        """
        for way in WAYS:
            for value, heard, lines in (
                (None, [], []),
                (b"y", [("pong", b"y")], []),
                (bytearray(b"y"), [("pong", b"y")], []),
                (memoryview(b"y"), [("pong", b"y")], []),
                (bytes(125), [("pong", bytes(125))], []),
                (NormalClosure("no"), [("close", 1000, "no")], []),
                (Error("x"), [], ["A method of Controlled returned an error: x"]),
                ("text", [], ["A method of Controlled returned str, which is not sent from there"]),
                (5, [], ["A method of Controlled returned int, which is not sent from there"]),
            ):
                peer = talk(Controlled(way(value)))
                peer.ping(b"x")
                self.assertEqual((peer.heard(), self.logged()), (heard, lines))
        self.quiet()

    def test_pongResults(self) -> None:
        """
        Text and bytes that C{onPong} returns are messages; a close frame closes; an error
        and everything else is logged (B2).
        """
        for way in WAYS:
            for value, heard, lines in (
                (None, [], []),
                ("text", ["text"], []),
                (b"y", [b"y"], []),
                (bytearray(b"y"), [b"y"], []),
                (memoryview(b"y"), [b"y"], []),
                (NormalClosure("no"), [("close", 1000, "no")], []),
                (CustomCloseFrame(1006), [], ["Failed to send close frame. Invalid status code: 1006"]),
                (Error("x"), [], ["A method of Controlled returned an error: x"]),
                ({}, [], ["A method of Controlled returned dict, which is not sent from there"]),
            ):
                peer = talk(Controlled(way(value)))
                peer.pong(b"x")
                self.assertEqual((peer.heard(), self.logged()), (heard, lines))
        self.quiet()

    def test_unsendable(self) -> None:
        """
        A pong of 126 bytes and text that is none are the method's fault: 1011.
        """
        for way in WAYS:
            for value, send in ((bytes(126), Peer.ping), ("\ud800", Peer.pong)):
                service = Controlled(way(value))
                peer = talk(service)
                send(peer, b"x")
                self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
                self.assertEqual(service.ends, ["error"])
                self.assertEqual(len(self.flushLoggedErrors()), 1)
        self.quiet()

    def test_raises(self) -> None:
        """
        A method for control frames that fails, at once or later: 1011, and C{onError} once.
        """

        class Talk(Recorder):
            def onPing(self, data: bytes) -> Any:
                raise ZeroDivisionError("secret")

            async def onPong(self, data: bytes) -> Any:
                raise ZeroDivisionError("secret")

        for send in (Peer.ping, Peer.pong):
            service = Talk()
            peer = talk(service)
            send(peer)
            self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
            peer.leave()
            self.assertEqual(service.ends, ["error"])
            self.raised(ZeroDivisionError)

    def test_atOnce(self) -> None:
        """
        Control frames do not wait for a busy method, nor do messages wait for them; among
        messages that wait they are taken at once (ruling 4).
        """
        busy: Deferred[str] = Deferred()
        pinged: Deferred[bytes] = Deferred()

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> Any:
                return busy

            def onBinaryMessage(self, data: bytes) -> bytes:
                return data

            def onPing(self, data: bytes) -> Any:
                return pinged if data == b"slow" else data

        peer = talk(Talk())
        peer.send(frame(1, b"a"), frame(2, b"b"), frame(9, b"slow"), frame(9, b"fast"))
        self.assertEqual(peer.heard(), [("pong", b"fast")])
        busy.callback("done")
        self.assertEqual(peer.heard(), ["done", b"b"])
        pinged.callback(b"late")
        self.assertEqual(peer.heard(), [("pong", b"late")])

    def test_automaticAtOnce(self) -> None:
        """
        The automatic answer does not wait either.
        """

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                return Deferred()

        peer = talk(Talk())
        peer.say("a", "b")
        peer.ping(b"x")
        self.assertEqual(peer.heard(), [("pong", b"x")])

    def test_slowPeer(self) -> None:
        """
        A pong to a slow peer waits and keeps nobody waiting; a peer that leaves meanwhile
        is no fault.
        """
        service = Controlled(b"y")
        peer = talk(service)
        peer.congest()
        peer.ping(b"x")
        peer.leave()
        self.assertEqual(service.calls, [("ping", b"x"), ("close", 1006, "")])
        self.quiet()

    def test_lateResult(self) -> None:
        """
        A result that comes after the end has no effect.
        """
        for value in (b"y", NormalClosure(), None):
            result: Deferred[Any] = Deferred()
            peer = talk(Controlled(result))
            peer.ping(b"x")
            peer.leave()
            result.callback(value)
            self.assertEqual(peer.heard(), [])
        self.quiet()

    def test_lateFailure(self) -> None:
        """
        A method that fails after the end is in the log; nothing is called again.
        """
        result: Deferred[Any] = Deferred()
        service = Controlled(result)
        peer = talk(service)
        peer.ping(b"x")
        peer.leave()
        result.errback(ZeroDivisionError())
        self.assertEqual(service.ends, ["close"])
        self.raised(ZeroDivisionError)

    def test_afterClosure(self) -> None:
        """
        After our close frame no ping or pong reaches a method (FR09).
        """
        service = Controlled(b"y")
        peer = talk(service)
        peer.caller.close()
        peer.heard()
        peer.ping(b"x")
        peer.pong(b"x")
        self.assertEqual((service.calls, peer.heard()), ([], []))

    def test_closeInPing(self) -> None:
        """
        A method for pings may close the connection; the next ping in the same read does not
        reach it.
        """

        class Talk(Recorder):
            def onPing(self, caller: Caller, data: bytes) -> None:
                self.calls.append(("ping", data))
                caller.close(1000)

        service = Talk()
        peer = talk(service)
        peer.send(frame(9, b"a"), frame(9, b"b"))
        self.assertEqual(service.calls, [("ping", b"a")])
        self.assertEqual(peer.heard(), [("close", 1000, "")])

    def test_keepAlive(self) -> None:
        """
        The pong to a keep-alive ping of the wire does not reach C{onPong}; another one does.
        """
        service = Controlled()
        peer = talk(service, pingInterval=10, pingTimeout=5)
        peer.clock.pump([1] * 11)
        [(kind, token)] = peer.heard()
        self.assertEqual(kind, "ping")
        peer.pong(b"other")
        peer.pong(token)
        self.assertEqual(service.calls, [("pong", b"other")])
        peer.leave()


class Idling(Recorder):
    """
    Notes when it was idle.
    """

    value: Any = None

    def onOpen(self, caller: Caller) -> None:
        """
        Remember the caller.
        """
        self.caller = caller

    def onTextMessage(self, text: str) -> None:
        """
        Traffic.
        """

    def onBinaryMessage(self, data: bytes) -> None:
        """
        Traffic.
        """

    def onIdleTimeout(self, caller: Caller) -> Any:
        """
        Nothing happened.
        """
        self.calls.append(("idle",))
        return self.value


class IdleTests(ConversationTestCase):
    """
    C{onIdleTimeout} (A3.8, decision 3, DB12).
    """

    def setUp(self) -> None:
        """
        A connection that may be idle for ten seconds.
        """
        super().setUp()
        self.service = Idling()
        self.peer = talk(self.service, idleTimeout=10)

    def wait(self, seconds: float) -> int:
        """
        @return: how often the service was idle until then, in all.
        """
        for _ in range(round(seconds * 10)):
            self.peer.clock.advance(0.1)
        return self.service.calls.count(("idle",))

    def test_repeats(self) -> None:
        """
        After the time it is called, and again after each such time; nothing is sent or
        closed.
        """
        self.assertEqual(self.wait(9.8), 0)
        self.assertEqual(self.wait(0.4), 1)
        self.assertEqual(self.wait(9.4), 1)
        self.assertEqual(self.wait(0.8), 2)
        self.assertEqual(self.wait(30), 5)
        self.assertEqual(self.peer.heard(), [])
        self.assertTrue(self.peer.caller.isOpen())
        self.quiet()

    def test_traffic(self) -> None:
        """
        Every message counts, of either kind and either way, and so does a broadcast.
        """
        for traffic in (
            lambda: self.peer.say("x"),
            lambda: self.peer.say(b"x"),
            lambda: self.service.caller.writeTextMessage("x"),
            lambda: self.service.caller.writeBinaryMessage(b"x"),
            lambda: self.service.caller.writeMessage(5),
            lambda: self.service.caller.broadcastText("x"),
        ):
            self.assertEqual(self.wait(8), 0)
            traffic()
        self.assertEqual(self.wait(9.8), 0)
        self.assertEqual(self.wait(0.4), 1)

    def test_controlFrames(self) -> None:
        """
        Pings and pongs are no traffic: neither those of the keep-alive, ours and the
        peer's, nor those of the application (ruling 4).
        """

        class Talk(Idling):
            def onPing(self, data: bytes) -> bytes:
                return data

            def onPong(self, data: bytes) -> None: ...

        for kind in (Idling, Talk):
            self.service = kind()
            self.peer = talk(self.service, idleTimeout=10, pingInterval=3, pingTimeout=2)
            idle = []
            for _ in range(11):
                idle.append(self.wait(1))
                for said in self.peer.heard():
                    self.peer.pong(said[1])
                self.peer.ping(b"x")
                self.peer.pong(b"y")
                self.service.caller.ping(b"z")
                self.assertEqual(self.peer.heard(), [("pong", b"x"), ("ping", b"z")])
            self.assertEqual((idle[8], idle[10]), (0, 1))
            self.assertTrue(self.peer.caller.isOpen())
            self.peer.leave()

    def test_waiting(self) -> None:
        """
        Messages that wait for a busy method are traffic; while nothing comes a busy
        connection is idle, too.
        """

        class Busy(Idling):
            def onTextMessage(self, text: str) -> Any:
                return Deferred()

        self.service = Busy()
        self.peer = talk(self.service, idleTimeout=10)
        for _ in range(3):
            self.peer.say("x")
            self.assertEqual(self.wait(8), 0)
        self.assertEqual(self.wait(3), 1)

    def test_short(self) -> None:
        """
        Times under a second are kept.
        """
        self.peer = talk(self.service, idleTimeout=0.5)
        self.assertEqual(self.wait(0.4), 0)
        self.assertEqual(self.wait(0.3), 1)

    def test_long(self) -> None:
        """
        Times over half a minute are kept.
        """
        self.peer = talk(self.service, idleTimeout=100)
        self.assertEqual(self.wait(60), 0)
        self.peer.say("x")
        self.assertEqual(self.wait(99.5), 0)
        self.assertEqual(self.wait(1), 1)
        self.assertEqual(self.wait(99), 1)
        self.assertEqual(self.wait(1), 2)

    def test_off(self) -> None:
        """
        0 is off; a service without the method has no timer at all.
        """
        self.peer = talk(self.service, idleTimeout=0)
        self.assertEqual(self.wait(100), 0)
        peer = talk(Recorder(), idleTimeout=10)
        self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_closeFrame(self) -> None:
        """
        A returned close frame closes, at once or later; nothing is called after it.
        """
        for way in WAYS:
            self.service = Idling()
            self.service.value = way(NormalClosure("zzz"))
            self.peer = talk(self.service, idleTimeout=1, connectionClosureTimeout=-1)
            self.assertEqual(self.wait(5), 1)
            self.assertEqual(self.peer.heard(), [("close", 1000, "zzz")])

    def test_otherResults(self) -> None:
        """
        Other results are logged and not sent.
        """
        for way in WAYS:
            self.service.value = way("text")
            self.wait(10.1)
            self.assertEqual(
                self.logged(), ["A method of Idling returned str, which is not sent from there"]
            )
        self.service.value = self.service.caller.writeTextMessage("x")
        self.wait(10.1)
        self.assertEqual(self.peer.heard(), ["x"])
        self.quiet()

    def test_raises(self) -> None:
        """
        A failure is 1011, as of any method (A4.7).
        """

        class Talk(Recorder):
            def onIdleTimeout(self) -> None:
                raise ZeroDivisionError("secret")

        service = Talk()
        peer = talk(service, idleTimeout=1)
        peer.clock.pump([0.5] * 5)
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertEqual(service.ends, ["error"])
        self.raised(ZeroDivisionError)

    def test_afterTheEnd(self) -> None:
        """
        A connection that closes or is gone is not idle.
        """
        for end in (Peer.close, Peer.leave, lambda peer: peer.caller.close(timeout=-1)):
            self.service = Idling()
            self.peer = talk(self.service, idleTimeout=1)
            end(self.peer)
            self.assertEqual(self.wait(3), 0)

    def test_leaves(self) -> None:
        """
        The timer keeps no connection alive, however long its time is, and itself half a
        minute at most.
        """
        mounted = Mounted(idleTimeout=100000)
        peers = [mounted.connect(Idling()) for _ in range(10)]
        seen = [ref(peer.connection) for peer in peers]
        for peer in peers:
            peer.leave()
        del peer, peers
        gc.collect()
        self.assertEqual([reference() for reference in seen], [None] * 10)
        mounted.clock.advance(31)
        self.assertEqual((len(mounted.wheel), mounted.clock.getDelayedCalls()), (0, []))
