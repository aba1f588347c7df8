"""
Tests of L{balws.session.connection}.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Generator
from typing import Any
from unittest import mock
from weakref import ref

from twisted.internet.defer import CancelledError, Deferred, fail, inlineCallbacks, succeed
from zope.interface.verify import verifyObject

from balws.closing import NormalClosure
from balws.errors import (
    ConnectionClosureError,
    CorruptedFrameError,
    Error,
    PayloadBindingError,
    PayloadTooLargeError,
)
from balws.interfaces import IMember, ISession, Service
from balws.session.caller import Caller
from balws.session.conversation import UNEXPECTED
from balws.session.queue import MAX_BYTES
from balws.wire.written import WRITTEN
from tests.session.doubles import (
    ConversationTestCase,
    Mounted,
    Peer,
    Recorder,
    closeFrame,
    frame,
    talk,
)


class Slow(Recorder):
    """
    Answers messages when it is told to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Deferred[Any]] = []

    def onTextMessage(self, text: str) -> Deferred[Any]:
        """
        Wait.
        """
        self.calls.append(("text", text))
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def onBinaryMessage(self, data: bytes) -> bytes:
        """
        Do not.
        """
        self.calls.append(("binary", data))
        return data

    def finish(self, result: Any = None) -> None:
        """
        Give the oldest answer.
        """
        self.waiting.pop(0).callback(result)

    @property
    def messages(self) -> list[Any]:
        """
        What was dispatched.
        """
        return [call[1] for call in self.calls if call[0] in ("text", "binary")]


class OpenTests(ConversationTestCase):
    """
    C{onOpen} comes first.
    """

    def test_interfaces(self) -> None:
        """
        A connection is what the wire and the hub talk to.
        """
        peer = talk(Service())
        verifyObject(ISession, peer.connection)
        verifyObject(IMember, peer.connection)

    def test_wants(self) -> None:
        """
        The wire is told which control frames the service wants to see.
        """

        class Pinged(Service):
            def onPing(self, data: bytes) -> None: ...

        class Ponged(Service):
            def onPong(self, data: bytes) -> None: ...

        self.assertEqual(
            [(c.wantsPing, c.wantsPong) for c in (talk(kind()).connection for kind in (Service, Pinged, Ponged))],
            [(False, False), (True, False), (False, True)],
        )

    def test_onOpen(self) -> None:
        """
        It is called once, with the caller, and may write.
        """
        opened = []

        class Talk(Service):
            def onOpen(self, caller: Caller) -> None:
                opened.append(caller)
                caller.writeTextMessage("welcome")

        peer = talk(Talk())
        self.assertEqual(opened, [peer.caller])
        self.assertEqual(peer.heard(), ["welcome"])

    def test_results(self) -> None:
        """
        What it returns is sent, at once or later (B1).
        """

        async def coroutine() -> str:
            return "welcome"

        class Talk(Service):
            def __init__(self, make: Callable[[], Any]) -> None:
                self.make = make

            def onOpen(self) -> Any:
                return self.make()

        for make in (lambda: "welcome", lambda: succeed("welcome"), coroutine):
            self.assertEqual(talk(Talk(make)).heard(), ["welcome"])

    def test_beforeMessages(self) -> None:
        """
        No message is dispatched before it is done, however long that takes.
        """

        class Talk(Slow):
            def onOpen(self) -> Deferred[Any]:
                self.waiting.append(Deferred())
                return self.waiting[-1]

        service = Talk()
        peer = talk(service)
        peer.say("a", b"b")
        self.assertEqual(service.calls, [])
        service.finish("welcome")
        self.assertEqual((service.calls, peer.heard()), ([("text", "a")], ["welcome"]))
        service.finish()
        self.assertEqual(peer.heard(), [b"b"])

    def test_coroutineBeforeMessages(self) -> None:
        """
        The same for a coroutine that waits several times.
        """
        steps: list[Deferred[None]] = [Deferred(), Deferred()]

        class Talk(Slow):
            async def onOpen(self, caller: Caller) -> str:
                for step in steps:
                    await step
                await caller.writeTextMessage("first")
                return "second"

        service = Talk()
        peer = talk(service)
        peer.say(b"a")
        for step in steps:
            self.assertEqual(service.calls, [])
            step.callback(None)
        self.assertEqual(peer.heard(), ["first", "second", b"a"])

    def test_slowPeer(self) -> None:
        """
        Its answer is written before the first message is dispatched.
        """

        class Talk(Slow):
            def onOpen(self) -> Deferred[Any]:
                self.waiting.append(Deferred())
                return self.waiting[-1]

        service = Talk()
        peer = talk(service)
        peer.say(b"a")
        peer.congest()
        service.finish("welcome")
        self.assertEqual((service.calls, peer.heard()), ([], ["welcome"]))
        peer.relieve()
        self.assertEqual(peer.heard(), [b"a"])

    def test_raises(self) -> None:
        """
        Where it fails, at once or later, no message is dispatched.
        """

        async def coroutine() -> None:
            raise ZeroDivisionError("secret")

        def plain() -> None:
            raise ZeroDivisionError("secret")

        class Talk(Slow):
            make: Callable[[], Any]

            def onOpen(self) -> Any:
                return type(self).make()

        for make in (plain, coroutine, lambda: fail(ZeroDivisionError("secret"))):
            Talk.make = staticmethod(make)  # type: ignore[method-assign]
            service = Talk()
            peer = talk(service)
            peer.say("a")
            self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
            peer.leave()
            self.assertEqual([call[0] for call in service.calls], ["error"])
            self.raised(ZeroDivisionError)

    def test_closes(self) -> None:
        """
        It may close: by its caller, or by what it returns.
        """

        class Calls(Slow):
            def onOpen(self, caller: Caller) -> Any:
                caller.close(4000)

        class Returns(Slow):
            def onOpen(self) -> Any:
                return NormalClosure()

        for kind, code in ((Calls, 4000), (Returns, 1000)):
            service = kind()
            peer = talk(service)
            peer.say("a", b"b")
            self.assertEqual(peer.heard(), [("close", code, "")])
            peer.leave()
            self.assertEqual(service.calls, [("close", code, "")])
        self.quiet()

    def test_hub(self) -> None:
        """
        A connection hears broadcasts from C{onOpen} until its end.
        """

        class Talk(Service):
            def onOpen(self, caller: Caller) -> None:
                caller.broadcastText("hello")

            def onClose(self, caller: Caller) -> None:
                caller.broadcastText("bye")

        mounted = Mounted()
        first, second = mounted.connect(Talk()), mounted.connect(Talk())
        self.assertEqual((first.heard(), second.heard()), (["hello", "hello"], ["hello"]))
        second.close()
        second.heard()
        second.leave()
        self.assertEqual((first.heard(), second.heard()), (["bye"], []))
        first.leave()
        self.assertEqual(mounted.terms.hub.size(mounted.terms.audience), 0)


class OrderTests(ConversationTestCase):
    """
    One message at a time, in order, the next after the answer of the one before.
    """

    def test_plain(self) -> None:
        """
        Methods that do not wait answer in order, whatever the messages' kind.
        """

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                return text or None

            def onBinaryMessage(self, caller: Caller, data: bytes) -> Any:
                return caller.writeBinaryMessage(data)

        peer = talk(Talk())
        peer.say("a", b"b", "", "c", b"d")
        self.assertEqual(peer.heard(), ["a", b"b", "c", b"d"])

    def test_waits(self) -> None:
        """
        While a method's Deferred has not fired, the next message waits.
        """
        service = Slow()
        peer = talk(service)
        peer.say("a", "b", b"c")
        peer.say("d")
        self.assertEqual(service.messages, ["a"])
        service.finish("A")
        self.assertEqual((service.messages, peer.heard()), (["a", "b"], ["A"]))
        service.finish("B")
        self.assertEqual((service.messages, peer.heard()), (["a", "b", b"c", "d"], ["B", b"c"]))
        service.finish("D")
        peer.say(b"e")
        self.assertEqual(peer.heard(), ["D", b"e"])

    def test_everyWay(self) -> None:
        """
        The same for coroutines, C{inlineCallbacks}, and Deferreds that have fired.
        """
        gates: list[Deferred[None]] = []

        def gate() -> Deferred[None]:
            gates.append(Deferred())
            return gates[-1]

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                return getattr(self, text)()

            def fired(self) -> Any:
                return succeed("fired")

            def deferred(self) -> Any:
                return gate().addCallback(lambda _: "deferred")

            async def coroutine(self) -> Any:
                await gate()
                return "coroutine"

            async def short(self) -> Any:
                return "short"

            @inlineCallbacks
            def generator(self) -> Generator[Deferred[Any], Any, str]:
                yield gate()
                yield WRITTEN
                return "generator"

            def chained(self) -> Any:
                return succeed(None).addCallback(lambda _: gate()).addCallback(lambda _: "chained")

            def nested(self) -> Any:
                return succeed(self.coroutine())

        ways = ("fired", "deferred", "short", "coroutine", "generator", "fired", "chained", "nested", "short")
        peer = talk(Talk())
        peer.say(*ways)
        self.assertEqual(peer.heard(), ["fired"])
        heard = []
        while gates:
            gates.pop().callback(None)
            heard.append(peer.heard())
            self.assertLessEqual(len(gates), 1)
        self.assertEqual(
            heard,
            [["deferred", "short"], ["coroutine"], ["generator", "fired"], ["chained"], ["coroutine", "short"]],
        )

    def test_bothKinds(self) -> None:
        """
        A binary message that is not done keeps others waiting as a text does.
        """
        waiting: list[Deferred[Any]] = []

        class Talk(Service):
            def onMessage(self, data):  # type: ignore[no-untyped-def]
                waiting.append(Deferred())
                return waiting[-1].addCallback(lambda _: data)

        peer = talk(Talk())
        peer.say(b"a", "b", b"c")
        for index, said in enumerate((b"a", "b", b"c")):
            self.assertEqual((len(waiting), peer.heard()), (index + 1, []))
            waiting[-1].callback(None)
            if index < 2:
                self.assertEqual(peer.heard(), [said])
        self.assertEqual(peer.heard(), [b"c"])

    def test_short(self) -> None:
        """
        A method that returns nothing, or its own write, takes the short way: no Deferred is
        made and no answer looked for.
        """

        class Talk(Service):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                return caller.writeTextMessage(text) if text else None

            def onBinaryMessage(self, caller: Caller, data: bytes) -> Any:
                return caller.writeBinaryMessage(data) if data else None

        peer = talk(Talk())
        with mock.patch.object(peer.connection, "_settle") as settle:
            peer.say("a", "", b"b", b"")
        settle.assert_not_called()
        self.assertEqual(peer.heard(), ["a", b"b"])

    def test_manyFired(self) -> None:
        """
        Thousands of messages whose Deferreds have fired need no stack.
        """

        class Talk(Slow):
            def onBinaryMessage(self, data: bytes) -> Any:
                return succeed(data)

        service = Talk()
        peer = talk(service, maxPendingMessages=5000)
        peer.say("wait", *[b"x"] * 4000)
        service.finish("go")
        peer.turns()
        self.assertEqual(peer.heard(), ["go", *[b"x"] * 4000])
        self.quiet()

    def test_fragments(self) -> None:
        """
        A message in parts waits as others do, and control frames between its parts do not.
        """
        service = Slow()
        peer = talk(service)
        peer.send(frame(1, b"a"), frame(2, b"b", 0), frame(9, b"p"), frame(0, b"c"))
        self.assertEqual((service.messages, peer.heard()), (["a"], [("pong", b"p")]))
        service.finish()
        self.assertEqual(service.messages, ["a", b"bc"])

    def test_fires(self) -> None:
        """
        A method that fires the Deferred of the one before, from another connection, only
        lets that connection go on.
        """
        slow = Slow()
        peer = talk(slow)

        class Other(Service):
            def onTextMessage(self, text: str) -> str:
                slow.finish(text)
                return "done"

        other = talk(Other())
        peer.say("a", b"b")
        other.say("x")
        self.assertEqual((peer.heard(), other.heard()), (["x", b"b"], ["done"]))

    def test_shared(self) -> None:
        """
        Several connections may wait for one Deferred of the application's.
        """
        ready: Deferred[None] = Deferred()

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                return ready

            def onBinaryMessage(self, data: bytes) -> bytes:
                return data

        peers = [talk(Talk()) for _ in range(3)]
        for peer in peers:
            peer.say("a", b"b")
            self.assertEqual(peer.heard(), [])
        ready.callback(None)
        self.assertEqual([peer.heard() for peer in peers], [[b"b"]] * 3)


class QueueTests(ConversationTestCase):
    """
    Messages that wait are bounded (ruling 4, SZ11).
    """

    def test_count(self) -> None:
        """
        With C{maxPendingMessages} messages reading pauses, not with one less.
        """
        for limit in (1, 3, 32):
            service = Slow()
            peer = talk(service, maxPendingMessages=limit)
            peer.say("running")
            for number in range(limit):
                self.assertFalse(peer.isPaused)
                peer.say(str(number))
            self.assertTrue(peer.isPaused)

    def test_bytes(self) -> None:
        """
        With 1 MiB in fewer messages, too.
        """
        service = Slow()
        peer = talk(service, maxMessageSize=2 * MAX_BYTES, maxFrameSize=2 * MAX_BYTES)
        peer.say("running", bytes(MAX_BYTES - 1))
        self.assertFalse(peer.isPaused)
        peer.say(b"x")
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertFalse(peer.isPaused)
        self.assertEqual(len(service.messages), 3)

    def test_default(self) -> None:
        """
        By default 32 may wait.
        """
        service = Slow()
        peer = talk(service)
        peer.say(*["x"] * 32)
        self.assertFalse(peer.isPaused)
        peer.say("x")
        self.assertTrue(peer.isPaused)

    def test_oneRead(self) -> None:
        """
        Of ten thousand messages in one read no more than allowed are taken; none is lost,
        and their order is kept.
        """
        service = Slow()
        peer = talk(service, maxPendingMessages=4)
        peer.say(*[str(number) for number in range(10000)])
        pending = peer.connection._pending
        assert pending is not None
        largest = 0
        for number in range(10000):
            largest = max(largest, len(pending))
            self.assertEqual(len(service.messages), number + 1)
            service.finish()
        self.assertEqual(largest, 4)
        self.assertEqual(service.messages, [str(number) for number in range(10000)])
        self.assertFalse(peer.isPaused)

    def test_resume(self) -> None:
        """
        Reading goes on when all that waited was dispatched and answered, and not before.
        """
        service = Slow()
        peer = talk(service, maxPendingMessages=2)
        peer.say("a", "b", "c")
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertFalse(peer.isPaused)
        peer.say(b"d")
        self.assertEqual(peer.heard(), [b"d"])

    def test_busyOnOpen(self) -> None:
        """
        The bound holds while C{onOpen} is busy, too.
        """

        class Talk(Slow):
            def onOpen(self) -> Deferred[Any]:
                self.waiting.append(Deferred())
                return self.waiting[-1]

        service = Talk()
        peer = talk(service, maxPendingMessages=2)
        peer.say(b"a", b"b", b"c")
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertEqual(peer.heard(), [b"a", b"b", b"c"])
        self.assertFalse(peer.isPaused)

    def test_slowPeerIsPaused(self) -> None:
        """
        A peer that does not read its answers is not read for ever (SZ08).
        """

        class Echo(Service):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                return caller.writeTextMessage(text)

        peer = talk(Echo(), maxPendingMessages=3)
        peer.congest()
        peer.say("a", "b", "c", "d", "e")
        self.assertTrue(peer.isPaused)
        self.assertEqual(peer.heard(), ["a"])
        peer.relieve()
        self.assertEqual(peer.heard(), ["a", "b", "c", "d", "e"][1:])
        self.assertFalse(peer.isPaused)

    def test_keepAlive(self) -> None:
        """
        While reading pauses the keep-alive does not run: a busy service is no dead peer.
        """
        service = Slow()
        peer = talk(service, maxPendingMessages=1, pingInterval=10, pingTimeout=5)
        peer.say("a", "b")
        peer.clock.pump([1] * 100)
        self.assertFalse(peer.isAborted)
        self.assertEqual(peer.heard(), [])
        peer.leave()


Ending = Callable[[Peer], Any]


class EndTests(ConversationTestCase):
    """
    Every connection ends with exactly one call (ruling 3).
    """

    def ended(self, service: Recorder, peer: Peer, *expected: Any) -> None:
        """
        The service was told this, and it is told nothing more whatever happens.
        """
        if "session" in peer.wire.__dict__:
            peer.leave()
        self.assertEqual(service.calls, list(expected))
        self.assertFalse(peer.caller.isOpen())
        peer.caller.close()
        peer.connection.closeWith(NormalClosure())
        peer.connection.goAway(1001, "")
        peer.clock.pump([10] * 10)
        self.assertEqual(service.calls, list(expected))
        self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_peerCloses(self) -> None:
        """
        The peer's code and reason; the answer has the code and no words, or nothing where
        the peer's had none (A4.8).
        """
        for code, reason, told in (
            (1000, "", (1000, "")),
            (1000, "bye", (1000, "bye")),
            (1001, "ü" * 61, (1001, "ü" * 61)),
            (3000, "", (3000, "")),
            (4999, "x", (4999, "x")),
            (1012, "", (1012, "")),
            (None, "", (1005, "")),
        ):
            service = Recorder()
            peer = talk(service)
            peer.close(code, reason)
            self.assertEqual(service.calls, [])
            self.assertEqual(peer.heard(), [("close", code, "")])
            self.assertTrue(peer.isDropped)
            self.ended(service, peer, ("close", *told))
        self.quiet()

    def test_lost(self) -> None:
        """
        1006 where TCP ended without a close frame.
        """
        service = Recorder()
        peer = talk(service)
        peer.leave()
        self.ended(service, peer, ("close", 1006, ""))
        self.quiet()

    def test_weClose(self) -> None:
        """
        Our own code, however the peer answers, or does not.
        """
        answers: list[Ending] = [
            lambda peer: peer.close(4000),
            lambda peer: peer.close(1001),
            lambda peer: peer.close(None),
            Peer.leave,
            lambda peer: peer.clock.advance(60),
        ]
        for answer in answers:
            for begin in (
                lambda peer: peer.caller.close(4000, "why"),
                lambda peer: peer.connection.goAway(4000, "why"),
            ):
                service = Recorder()
                peer = talk(service)
                begin(peer)
                answer(peer)
                self.ended(service, peer, ("close", 4000, "why"))
        self.quiet()

    def test_goAway(self) -> None:
        """
        The listener may say what an application may not, once.
        """
        peer = talk(Recorder())
        peer.connection.goAway(1012, "restart")
        peer.connection.goAway(1012, "restart")
        self.assertEqual(peer.heard(), [("close", 1012, "restart")])

    def test_aborted(self) -> None:
        """
        1006 where the wire dropped the connection, for a peer that is dead or does not read.
        """
        service = Recorder()
        peer = talk(service, pingInterval=1, pingTimeout=1)
        peer.clock.pump([0.5] * 8)
        self.assertTrue(peer.isAborted)
        self.ended(service, peer, ("close", 1006, ""))
        service = Recorder()
        peer = talk(service, maxSendBuffer=10)
        peer.congest()
        peer.transport.dataBuffer = bytes(21)
        peer.caller.writeTextMessage("x")
        self.assertTrue(peer.isAborted)
        self.ended(service, peer, ("close", 1006, ""))
        self.quiet()

    def test_protocol(self) -> None:
        """
        C{onError}, once, after a close frame of ours that says what the peer did: 1002, 1007
        or 1009.
        """
        for raw, code, kind in (
            (frame(3, b""), 1002, CorruptedFrameError),
            (b"\x81\x00", 1002, CorruptedFrameError),
            (frame(1, b"\xff"), 1007, CorruptedFrameError),
            (frame(2, bytes(101)), 1009, PayloadTooLargeError),
            (closeFrame(1005), 1002, CorruptedFrameError),
        ):
            service = Recorder()
            peer = talk(service, maxFrameSize=100)
            peer.send(raw)
            [(opcode, sent, _)] = peer.heard()
            self.assertEqual((opcode, sent), ("close", code))
            self.assertEqual(service.ends, ["error"])
            self.assertIsInstance(service.calls[0][1], kind)
            self.ended(service, peer, *service.calls)
        self.quiet()

    def test_binding(self) -> None:
        """
        C{onError}, once, after 1003 (decision 5).
        """

        class Talk(Recorder):
            def onMessage(self, data: int) -> None: ...

        service = Talk()
        peer = talk(service)
        peer.say("x", "y")
        self.assertEqual([said[1] for said in peer.heard()], [1003])
        self.assertIsInstance(service.calls[0][1], PayloadBindingError)
        self.ended(service, peer, service.calls[0])
        self.assertEqual(len(self.logged()), 1)

    def test_raises(self) -> None:
        """
        C{onError}, once, after 1011 with a fixed text; the traceback is in the log, and what
        waited is dropped (decision 6, DB08).
        """

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> Any:
                return getattr(self, text)()

            def onBinaryMessage(self, data: bytes) -> Any:
                return self.onTextMessage(data.decode())

            def plain(self) -> None:
                raise ZeroDivisionError("secret")

            def failed(self) -> Any:
                return fail(ZeroDivisionError("secret"))

            async def coroutine(self) -> None:
                raise ZeroDivisionError("secret")

            def stream(self) -> Any:
                yield "x"
                raise ZeroDivisionError("secret")

            def again(self) -> None:
                self.calls.append(("again",))

        for way in ("plain", "failed", "coroutine", "stream"):
            for first, second in ((way, "again"), (way.encode(), b"again")):
                service = Talk()
                peer = talk(service)
                peer.say(first, second)
                heard = peer.heard()
                self.assertEqual(heard[-1][:2], ("close", 1011))
                self.assertNotIn("secret", str(heard))
                if way != "stream":
                    self.assertEqual(heard, [("close", 1011, UNEXPECTED)])
                self.assertIsInstance(service.calls[0][1], ZeroDivisionError)
                self.ended(service, peer, service.calls[0])
                self.raised(ZeroDivisionError)

    def test_raisesLater(self) -> None:
        """
        The same for a method that has kept others waiting.
        """
        service = Slow()
        peer = talk(service)
        peer.say("a", b"b")
        service.waiting[0].errback(ZeroDivisionError("secret"))
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertEqual(service.messages, ["a"])
        self.ended(service, peer, *service.calls)
        self.assertEqual(service.ends, ["error"])
        self.raised(ZeroDivisionError)

    def test_raisesAmongWaiting(self) -> None:
        """
        The same for one of those that waited: those behind it are dropped.
        """

        class Talk(Slow):
            def onBinaryMessage(self, data: bytes) -> Any:
                if data == b"raise":
                    raise ZeroDivisionError("secret")
                return super().onBinaryMessage(data)

        service = Talk()
        peer = talk(service)
        peer.say("a", b"b", b"raise", b"c")
        service.finish()
        self.assertEqual(peer.heard(), [b"b", ("close", 1011, UNEXPECTED)])
        self.assertEqual(service.messages, ["a", b"b"])
        self.ended(service, peer, *service.calls)
        self.assertEqual(service.ends, ["error"])
        self.raised(ZeroDivisionError)

    def test_endedFromOutside(self) -> None:
        """
        A coroutine that ends by something that is no ordinary exception is a method that
        failed, too.
        """

        class Talk(Recorder):
            async def onTextMessage(self, text: str) -> None:
                raise asyncio.CancelledError

        service = Talk()
        peer = talk(service)
        peer.say("x")
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertIs(type(service.calls[0][1]), Error)
        self.ended(service, peer, service.calls[0])
        self.raised(asyncio.CancelledError)

    def test_cancelled(self) -> None:
        """
        So is a method whose Deferred the application cancels.
        """
        service = Slow()
        peer = talk(service)
        peer.say("x")
        service.waiting[0].cancel()
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertIsInstance(service.calls[-1][1], CancelledError)
        self.raised(CancelledError)

    def test_peerClosesWhileBusy(self) -> None:
        """
        The peer closes while a method runs and messages wait: they are still dispatched,
        then C{onClose} comes. What they answer is not sent and nobody is blamed.
        """
        for close in (True, False):
            service = Slow()
            peer = talk(service)
            peer.say("a", b"b", "c")
            if close:
                peer.close(1001, "bye")
                self.assertEqual(peer.heard(), [("close", 1001, "")])
            peer.leave()
            self.assertEqual(service.calls, [("text", "a")])
            service.finish("A")
            self.assertEqual(service.calls, [("text", "a"), ("binary", b"b"), ("text", "c")])
            service.finish("C")
            told = ("close", 1001, "bye") if close else ("close", 1006, "")
            self.ended(service, peer, ("text", "a"), ("binary", b"b"), ("text", "c"), told)
            self.assertEqual(peer.heard(), [])
        self.quiet()

    def test_closedInTime(self) -> None:
        """
        A method that is done between the peer's close frame and TCP's end lets what waits
        be dispatched; C{onClose} comes with TCP's end.
        """
        service = Slow()
        peer = talk(service)
        peer.say("a", b"b")
        peer.close(1000)
        service.finish()
        self.assertEqual(service.calls, [("text", "a"), ("binary", b"b")])
        peer.leave()
        self.assertEqual(service.calls, [("text", "a"), ("binary", b"b"), ("close", 1000, "")])

    def test_weCloseWhileBusy(self) -> None:
        """
        We close while messages wait: they are dropped, as is what comes after; C{onClose}
        waits for the method that runs.
        """
        service = Slow()
        peer = talk(service, maxPendingMessages=2)
        peer.say("a", b"b", b"c")
        self.assertTrue(peer.isPaused)
        done = peer.caller.close(1000)
        self.assertFalse(peer.isPaused)
        peer.say(*["x"] * 100)
        peer.close(1000)
        self.assertIsNone(self.successResultOf(done))
        peer.leave()
        self.assertEqual(service.calls, [("text", "a")])
        service.finish("late")
        self.assertEqual(service.calls, [("text", "a"), ("close", 1000, "")])
        self.quiet()

    def test_failsWhileBusy(self) -> None:
        """
        The peer breaks the protocol while a method runs: C{onError} waits for it, and what
        waited is dropped.
        """
        service = Slow()
        peer = talk(service)
        peer.say("a", b"b")
        peer.send(frame(3, b""))
        peer.leave()
        self.assertEqual(service.calls, [("text", "a")])
        service.finish()
        self.assertEqual([call[0] for call in service.calls], ["text", "error"])

    def test_raisesAfterTheEnd(self) -> None:
        """
        A method that fails after the peer has left: the log has it, and the end is the
        peer's.
        """
        for end in (Peer.close, Peer.leave):
            service = Slow()
            peer = talk(service)
            peer.say("a")
            end(peer)
            service.waiting[0].errback(ZeroDivisionError("secret"))
            if end is Peer.close:
                peer.leave()
            self.assertEqual(service.ends, ["close"])
            self.raised(ZeroDivisionError)

    def test_writesInVain(self) -> None:
        """
        A method that was writing when the peer left is not blamed, nor logged.
        """

        class Talk(Recorder):
            async def onTextMessage(self, caller: Caller, text: str) -> None:
                while True:
                    await caller.writeTextMessage(text)

            def onBinaryMessage(self, caller: Caller, data: bytes) -> Any:
                return caller.writeBinaryMessage(data)

        for message in ("x", b"x"):
            for end in (Peer.close, Peer.leave, lambda peer: peer.wire.abort()):
                service = Talk()
                peer = talk(service)
                peer.congest()
                peer.say(message)
                end(peer)
                if end is not Peer.leave:
                    peer.leave()
                self.assertEqual(service.ends, ["close"])
        self.quiet()

    def test_writesToAnother(self) -> None:
        """
        A write to somebody else who has left is the method's to catch.
        """
        gone = talk(Service())
        gone.leave()

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> Any:
                return gone.caller.writeTextMessage(text)

        service = Talk()
        peer = talk(service)
        peer.say("x")
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertIsInstance(service.calls[0][1], ConnectionClosureError)
        self.raised(ConnectionClosureError)

    def test_noTerminalMethods(self) -> None:
        """
        A service without C{onClose} and C{onError} ends as quietly.
        """
        ends: list[Ending] = [Peer.close, Peer.leave, lambda peer: peer.send(frame(3, b""))]
        for end in ends:
            peer = talk(Service())
            end(peer)
            if end is not Peer.leave:
                peer.leave()
        self.quiet()

    def test_othersUnaffected(self) -> None:
        """
        Whatever happens to a connection, the others of the service go on.
        """

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> str:
                return str(1 / int(text))

        mounted = Mounted()
        other = mounted.connect(Talk())
        ends: list[Ending] = [
            Peer.close,
            Peer.leave,
            lambda peer: peer.say("0"),
            lambda peer: peer.say("x"),
            lambda peer: peer.send(frame(3, b"")),
            lambda peer: peer.caller.close(timeout=0),
        ]
        for end in ends:
            end(mounted.connect(Talk()))
            other.say("1")
            self.assertEqual(other.heard(), ["1.0"])
        self.raised(ZeroDivisionError, ValueError)


class Last(Service):
    """
    Does something in its terminal callback.

    @ivar count: how often that was called.
    """

    def __init__(self, do: Callable[[], Any]) -> None:
        self.do = do
        self.count = 0

    def onClose(self) -> Any:
        """
        After an ordinary end.
        """
        self.count += 1
        return self.do()

    def onError(self, error: Any) -> Any:
        """
        After a failure.
        """
        return self.onClose()


class LastCallTests(ConversationTestCase):
    """
    What C{onClose} and C{onError} do themselves.
    """

    #: An end that calls each of the two.
    ends: list[Ending] = [Peer.leave, lambda peer: peer.send(frame(3, b""))]

    def test_raise(self) -> None:
        """
        Where they fail, at once or later, the log has it and nothing else happens.
        """

        async def coroutine() -> None:
            raise ZeroDivisionError("secret")

        def plain() -> None:
            raise ZeroDivisionError("secret")

        def later() -> Any:
            return fail(ZeroDivisionError("secret"))

        for end in self.ends:
            for way in (plain, coroutine, later):
                service = Last(way)
                peer = talk(service)
                end(peer)
                if end is not Peer.leave:
                    self.assertEqual([said[:2] for said in peer.heard()], [("close", 1002)])
                    peer.leave()
                self.assertEqual(service.count, 1)
                self.raised(ZeroDivisionError)

    def test_write(self) -> None:
        """
        Their writes fail quietly, whether they look at them or not.
        """

        class Talk(Service):
            def onClose(self, caller: Caller) -> Any:
                caller.writeTextMessage("x")
                caller.close()
                return caller.writeTextMessage("x")

            async def onError(self, caller: Caller, error: Any) -> None:
                caller.ping()
                await caller.writeMessage({})

        for end in self.ends:
            peer = talk(Talk())
            end(peer)
            if end is not Peer.leave:
                peer.leave()
        self.quiet()

    def test_results(self) -> None:
        """
        What they return has no effect any more, at once or later.
        """
        for result in ("text", b"x", NormalClosure(), Error("x"), {}, None, succeed("text"), Deferred(), WRITTEN):
            for end in self.ends:
                service = Last(lambda result=result: result)
                peer = talk(service)
                end(peer)
                peer.heard()
                if end is not Peer.leave:
                    peer.leave()
                self.assertEqual((service.count, peer.heard()), (1, []))
        self.quiet()

    def test_coroutine(self) -> None:
        """
        They may be coroutines that go on after the end.
        """
        step: Deferred[None] = Deferred()
        done = []

        class Talk(Service):
            async def onClose(self, statusCode: int, reason: str) -> None:
                await step
                done.append((statusCode, reason))

        peer = talk(Talk())
        peer.close(1000, "bye")
        peer.leave()
        step.callback(None)
        self.assertEqual(done, [(1000, "bye")])

    def test_broadcast(self) -> None:
        """
        A broadcast from C{onError} reaches the others and not the one that failed.
        """

        class Talk(Service):
            def onError(self, caller: Caller, error: Any) -> Any:
                return caller.broadcastText("failed")

        mounted = Mounted()
        failing, other = mounted.connect(Talk()), mounted.connect(Talk())
        failing.send(frame(3, b""))
        self.assertEqual([said[:2] for said in failing.heard()], [("close", 1002)])
        self.assertEqual(other.heard(), ["failed"])


class ReentrancyTests(ConversationTestCase):
    """
    Methods that turn to their own connection.
    """

    def test_closesAndReturns(self) -> None:
        """
        A method that closes and then answers: the answer is dropped.
        """

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                self.calls.append(("text", text))
                caller.close(4000)
                return text

        service = Talk()
        peer = talk(service)
        peer.say("a", "b")
        self.assertEqual(peer.heard(), [("close", 4000, "")])
        peer.leave()
        self.assertEqual(service.calls, [("text", "a"), ("close", 4000, "")])
        self.quiet()

    def test_closesAndRaises(self) -> None:
        """
        A method that closes and then fails: one close frame, one terminal call, the
        traceback in the log.
        """

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                done.append(caller.close(4000, timeout=float(text)))
                raise ZeroDivisionError("secret")

        for timeout, ends in (("5", ["error"]), ("-1", ["error"]), ("0", ["close"])):
            done: list[Deferred[None]] = []
            service = Talk()
            peer = talk(service)
            peer.say(timeout, "x")
            self.assertEqual(peer.heard(), [("close", 4000, "")])
            peer.leave()
            self.assertEqual(service.ends, ends)
            self.assertTrue(done[0].called)
            self.assertEqual(peer.clock.getDelayedCalls(), [])
            self.raised(ZeroDivisionError)

    def test_closesWhileWaiting(self) -> None:
        """
        A method in the queue's turn closes: what is behind it is dropped, what was read and
        not taken, too.
        """

        class Talk(Slow):
            def onBinaryMessage(self, caller: Caller, data: bytes) -> Any:
                self.calls.append(("binary", data))
                caller.close(1000, timeout=-1)
                return data

        service = Talk()
        peer = talk(service, maxPendingMessages=2)
        peer.say("a", b"b", b"c", b"d", "e")
        self.assertTrue(peer.isPaused)
        service.finish()
        self.assertEqual(service.messages, ["a", b"b"])
        self.assertEqual(peer.heard(), [("close", 1000, "")])
        self.assertFalse(peer.isPaused)
        peer.close(1000)
        peer.leave()
        self.assertEqual(service.ends, ["close"])
        self.quiet()

    def test_broadcastsToItself(self) -> None:
        """
        A method hears its own broadcast before its answer.
        """

        class Talk(Service):
            def onTextMessage(self, caller: Caller, text: str) -> str:
                caller.broadcastText("all")
                return "you"

        peer = talk(Talk())
        peer.say("x", "y")
        self.assertEqual(peer.heard(), ["all", "you", "all", "you"])

    def test_firesItself(self) -> None:
        """
        A method may fire the Deferred that it returns, before and after.
        """
        waiting: list[Deferred[Any]] = []

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                result: Deferred[Any] = Deferred()
                waiting.append(result)
                result.callback(text)
                return result

        peer = talk(Talk())
        peer.say("a", "b")
        self.assertEqual(peer.heard(), ["a", "b"])

    def test_pingFiresMethod(self) -> None:
        """
        A method for pings may let the method go on that messages wait for.
        """

        class Talk(Slow):
            def onPing(self, data: bytes) -> bytes:
                self.finish("done")
                return data

        peer = talk(Talk())
        peer.send(frame(1, b"a"), frame(2, b"b"), frame(9, b"p"), frame(2, b"c"))
        self.assertEqual(peer.heard(), ["done", b"b", ("pong", b"p"), b"c"])

    def test_failsInside(self) -> None:
        """
        A method that makes another of its connection fail, while it runs: one terminal call,
        and its own answer is dropped.
        """
        gate: Deferred[None] = Deferred()

        class Talk(Recorder):
            async def onPing(self, data: bytes) -> None:
                await gate

            def onTextMessage(self, text: str) -> str:
                gate.errback(ZeroDivisionError("secret"))
                return text

        service = Talk()
        peer = talk(service)
        peer.ping()
        peer.say("a", "b")
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        peer.leave()
        self.assertEqual(service.ends, ["error"])
        self.raised(ZeroDivisionError)

    def test_leavesInside(self) -> None:
        """
        TCP that ends while a method runs (its own doing, on a transport that tells at once).
        """

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> str:
                self.calls.append(("text", text))
                self.peer.leave()
                return text

            def onBinaryMessage(self, data: bytes) -> None:
                self.peer.leave()
                raise ConnectionClosureError("gone")

            peer: Peer

        for message in ("a", b"a"):
            service = Talk()
            service.peer = talk(service)
            service.peer.say(message, "b")
            self.assertEqual(service.ends, ["close"])
        self.quiet()


class DrainTests(ConversationTestCase):
    """
    The listener stops: the method in hand ends, and then the peer is told.
    """

    def test_idle(self) -> None:
        """
        Where no method runs the peer is told at once, and what it sends then reaches nobody.
        """
        service = Recorder()
        peer = talk(service)
        peer.wire.leave()
        self.assertEqual(peer.heard(), [("close", 1001, "")])
        peer.say("late")
        peer.close(1001)
        peer.leave()
        self.assertEqual(service.calls, [("close", 1001, "")])
        self.assertIsNone(peer.connection.unfinished())

    def test_methodInHand(self) -> None:
        """
        The answer of the method that runs is written, then comes 1001; what waited behind it, and
        what comes meanwhile, is dropped (RL01).
        """
        service = Slow()
        peer = talk(service)
        peer.say("in hand", "waits")
        peer.wire.leave()
        peer.say(b"late")
        self.assertEqual(peer.heard(), [])
        self.assertTrue(peer.caller.isOpen())
        service.finish("answer")
        self.assertEqual(peer.heard(), ["answer", ("close", 1001, "")])
        self.assertEqual(service.messages, ["in hand"])

    def test_methodRaises(self) -> None:
        """
        A method that fails while the listener waits for it ends its connection as ever.
        """
        service = Slow()
        peer = talk(service)
        peer.say("in hand")
        peer.wire.leave()
        service.waiting[0].errback(ZeroDivisionError())
        self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
        self.assertEqual(service.ends, ["error"])
        self.raised(ZeroDivisionError)

    def test_congested(self) -> None:
        """
        An answer that the peer does not take yet is waited for too.
        """
        service = Slow()
        peer = talk(service)
        peer.say("in hand")
        peer.wire.leave()
        peer.congest()
        service.finish("answer")
        self.assertEqual(peer.heard(), ["answer"])
        peer.relieve()
        self.assertEqual(peer.heard(), [("close", 1001, "")])

    def test_fullQueue(self) -> None:
        """
        A peer that was read no more, for its messages waited, can answer.
        """
        service = Slow()
        peer = talk(service, maxPendingMessages=2)
        peer.say("in hand", "a", "b", "c")
        self.assertTrue(peer.isPaused)
        peer.wire.leave()
        self.assertFalse(peer.isPaused)
        service.finish()
        self.assertEqual(peer.heard(), [("close", 1001, "")])
        self.assertEqual(service.messages, ["in hand"])
        peer.close(1001)
        self.assertTrue(peer.isDropped)

    def test_opening(self) -> None:
        """
        C{onOpen} is a method in hand as well.
        """

        class Opening(Recorder):
            def onOpen(self) -> Deferred[str]:
                self.opening: Deferred[str] = Deferred()
                return self.opening

        service = Opening()
        peer = talk(service)
        peer.wire.leave()
        self.assertEqual(peer.heard(), [])
        service.opening.callback("welcome")
        self.assertEqual(peer.heard(), ["welcome", ("close", 1001, "")])

    def test_byMethod(self) -> None:
        """
        A method that stops the listener while others of its peer's messages wait is the last.
        """

        class Stopping(Slow):
            def onBinaryMessage(self, data: bytes) -> bytes:
                peer.wire.leave()
                return super().onBinaryMessage(data)

        service = Stopping()
        peer = talk(service)
        peer.say("in hand", b"stop", b"waits")
        service.finish()
        self.assertEqual(peer.heard(), [b"stop", ("close", 1001, "")])
        self.assertEqual(service.messages, ["in hand", b"stop"])

    def test_lastWord(self) -> None:
        """
        Who is told before the method has ended gets no answer, and is told once.
        """
        service = Slow()
        peer = talk(service)
        peer.say("in hand")
        peer.wire.leave()
        peer.wire.goAway()
        self.assertEqual(peer.heard(), [("close", 1001, "")])
        service.finish("answer")
        self.assertEqual(peer.heard(), [])

    def test_peerLeaves(self) -> None:
        """
        When the peer has gone meanwhile, the method in hand and C{onClose} are what is left.
        """
        service = Slow()
        peer = talk(service)
        peer.say("in hand")
        peer.wire.leave()
        quiet = peer.mounted.roster.whenQuiet()
        peer.leave()
        self.assertNoResult(quiet)
        self.assertEqual(service.ends, [])
        service.finish("answer")
        self.assertEqual(service.ends, ["close"])
        self.successResultOf(quiet)

    def test_streams(self) -> None:
        """
        A stream is not waited for: it may have no end.
        """
        closed = []

        class Ticking(Recorder):
            def onTextMessage(self, text: str) -> Generator[Any, Any, Any]:
                try:
                    while True:
                        yield "tick"
                finally:
                    closed.append(True)

        peer = talk(Ticking())
        peer.congest()
        peer.say("go")
        peer.wire.leave()
        self.assertEqual(peer.heard(), ["tick", ("close", 1001, "")])
        self.assertEqual(closed, [True])


class UnfinishedTests(ConversationTestCase):
    """
    What runs on when the connection has gone.
    """

    def test_lastMethod(self) -> None:
        """
        An asynchronous C{onClose} or C{onError} is waited for, whether it succeeds or not.
        """

        class Closing(Recorder):
            def __init__(self) -> None:
                super().__init__()
                self.last: Deferred[None] = Deferred()

            async def onClose(self, statusCode: int) -> None:
                await self.last

            def onError(self, error: Exception) -> Deferred[None]:
                return self.last

        for failing in (False, True):
            for end in (lambda peer: None, lambda peer: peer.send(frame(3, b""))):
                service = Closing()
                peer = talk(service)
                end(peer)
                quiet = peer.mounted.roster.whenQuiet()
                peer.leave()
                self.assertNoResult(quiet)
                if failing:
                    service.last.errback(ZeroDivisionError())
                    self.raised(ZeroDivisionError)
                else:
                    service.last.callback(None)
                self.successResultOf(quiet)

    def test_plain(self) -> None:
        """
        A plain C{onClose}, one that raises, and none at all leave nothing to wait for.
        """

        class Raising(Service):
            def onClose(self, statusCode: int) -> None:
                raise ZeroDivisionError

        class Answering(Service):
            def onClose(self, statusCode: int) -> Any:
                return WRITTEN

        for service in (Service(), Recorder(), Raising(), Answering()):
            peer = talk(service)
            quiet = peer.mounted.roster.whenQuiet()
            peer.leave()
            self.successResultOf(quiet)
        self.raised(ZeroDivisionError)

    def test_ended(self) -> None:
        """
        What ended before TCP did is not waited for.
        """
        service = Slow()
        peer = talk(service)
        peer.say("a")
        peer.send(frame(3, b""))
        service.finish()
        self.assertEqual(service.ends, ["error"])
        peer.leave()
        self.assertIsNone(peer.connection.unfinished())


class LeakTests(ConversationTestCase):
    """
    Nothing is left after the end.
    """

    def test_references(self) -> None:
        """
        However a connection ends, nothing keeps its service, caller and connection, and no
        delayed call is left but the wheel's.
        """

        class Talk(Recorder):
            def onOpen(self, caller: Caller) -> None:
                self.caller = caller
                caller.setAttribute("service", self)

            async def onTextMessage(self, caller: Caller, text: str) -> Any:
                if text == "raise":
                    raise ZeroDivisionError
                return caller.writeTextMessage(text)

            def onPing(self, data: bytes) -> bytes:
                return data

            def onIdleTimeout(self) -> None: ...

        ends: list[Ending] = [
            Peer.close,
            Peer.leave,
            lambda peer: peer.say("raise"),
            lambda peer: peer.send(frame(3, b"")),
            lambda peer: peer.caller.close(),
            lambda peer: peer.caller.close(timeout=0),
            lambda peer: peer.caller.close(timeout=-1),
            lambda peer: peer.wire.abort(),
        ]
        for end in ends:
            mounted = Mounted(idleTimeout=1000, pingInterval=30)
            peer = mounted.connect(Talk())
            seen = [ref(peer.service), ref(peer.caller), ref(peer.connection)]
            peer.say("a", "b")
            peer.ping(b"x")
            end(peer)
            if "session" in peer.wire.__dict__:
                peer.leave()
            del peer
            self.flushLoggedErrors(ZeroDivisionError)
            self.logged()
            gc.collect()
            self.assertEqual([reference() for reference in seen], [None] * 3)
            self.assertLessEqual(len(mounted.clock.getDelayedCalls()), 1)
            mounted.wheel.stop()
            self.assertEqual(mounted.clock.getDelayedCalls(), [])
            self.assertEqual(mounted.terms.hub.node._audiences, {})
            self.assertEqual(mounted.roster.members, set())
        self.quiet()

    def test_waiting(self) -> None:
        """
        Neither do messages that waited in vain, for a method that never ended.
        """

        class Talk(Recorder):
            def onTextMessage(self, text: str) -> Any:
                return Deferred()

        peer = talk(Talk())
        seen = [ref(peer.service), ref(peer.connection)]
        peer.say("a", "b", "c")
        peer.leave()
        del peer
        gc.collect()
        self.assertEqual([reference() for reference in seen], [None] * 2)
        self.quiet()

    def test_many(self) -> None:
        """
        Hundreds of connections that come and go leave as many objects as one.
        """
        mounted = Mounted()

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                return caller.writeTextMessage(text)

        def come() -> None:
            peer = mounted.connect(Talk())
            peer.say("x")
            peer.close()
            peer.leave()

        come()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(300):
            come()
        gc.collect()
        self.assertLess(len(gc.get_objects()) - before, 100)
