"""
Tests of L{balws.session.streams}.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any
from weakref import ref

from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from balws.closing import CloseFrame, CustomCloseFrame, NormalClosure
from balws.errors import ConnectionClosureError, Error, StreamError
from balws.interfaces import Service
from balws.session.caller import Caller
from balws.session.streams import FAILED
from tests.session.doubles import ConversationTestCase, Mounted, Peer, Recorder, talk, turn

#: Elements that are sent in one turn of the reactor.
BURST = 64


class Opaque:
    """
    Something that there is no JSON for.
    """


class Streaming(Recorder):
    """
    Streams what it is given, and echoes what it is sent.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.make = make

    def onBinaryMessage(self, data: bytes) -> Any:
        """
        Start a stream.
        """
        return self.make()

    def onTextMessage(self, text: str) -> str:
        """
        Anything else.
        """
        return text


def elements(*values: Any) -> Callable[[], Generator[Any, None, None]]:
    """
    @return: makes a generator of these.
    """

    def make() -> Generator[Any, None, None]:
        yield from values

    return make


def asyncElements(*values: Any) -> Callable[[], AsyncGenerator[Any, None]]:
    """
    @return: makes an asynchronous generator of these.
    """

    async def make() -> AsyncGenerator[Any, None]:
        for value in values:
            yield value

    return make


BOTH = (elements, asyncElements)


class StreamTestCase(ConversationTestCase):
    """
    Starts streams.
    """

    def stream(self, make: Callable[[], Any], **fields: Any) -> Peer:
        """
        @return: a peer that has just started a stream.
        """
        peer = talk(Streaming(make), **fields)
        peer.say(b"go")
        return peer


class ElementTests(StreamTestCase):
    """
    What is sent.
    """

    def test_messages(self) -> None:
        """
        Each element is a message, sent as a result is; the end says nothing and the
        connection stays open (B6).
        """
        for make in BOTH:
            peer = self.stream(make("text", b"bytes", 5, {"a": None}, bytearray(b"x")))
            self.assertEqual(peer.heard(), ["text", b"bytes", "5", '{"a":null}', b"x"])
            self.assertTrue(peer.caller.isOpen())
            peer.say("still there?")
            self.assertEqual(peer.heard(), ["still there?"])
            self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_none(self) -> None:
        """
        An element L{None} sends nothing, as a result L{None} does.
        """
        for make in BOTH:
            self.assertEqual(self.stream(make(None, "a", None)).heard(), ["a"])

    def test_empty(self) -> None:
        """
        A stream without elements is none.
        """
        for make in BOTH:
            peer = self.stream(make())
            self.assertEqual(peer.heard(), [])
            self.assertTrue(peer.caller.isOpen())

    def test_later(self) -> None:
        """
        A stream may come out of a Deferred or a coroutine.
        """

        async def coroutine() -> Any:
            return elements("b")()

        self.assertEqual(self.stream(lambda: succeed(elements("a")())).heard(), ["a"])
        self.assertEqual(self.stream(coroutine).heard(), ["b"])

    def test_onOpen(self) -> None:
        """
        C{onOpen} may stream; messages are dispatched meanwhile.
        """
        ticks: list[Deferred[str]] = []

        class Talk(Service):
            async def onOpen(self) -> AsyncGenerator[str, None]:
                while True:
                    ticks.append(Deferred())
                    yield await ticks[-1]

            def onTextMessage(self, text: str) -> str:
                return text

        peer = talk(Talk())
        peer.say("hello")
        ticks[-1].callback("tick")
        peer.say("again")
        ticks[-1].callback("tack")
        self.assertEqual(peer.heard(), ["hello", "tick", "again", "tack"])
        peer.leave()

    def test_closeFrame(self) -> None:
        """
        A close frame ends the stream and closes the connection.
        """
        for make in BOTH:
            peer = self.stream(make("a", NormalClosure("done"), "b"))
            self.assertEqual(peer.heard(), ["a", ("close", 1000, "done")])
            peer.close(1000)
            peer.leave()
            self.assertEqual(peer.service.calls, [("close", 1000, "done")])  # type: ignore[attr-defined]

    def test_illegalCloseFrame(self) -> None:
        """
        One with a code that may not be sent drops the connection.
        """
        for make in BOTH:
            peer = self.stream(make(CustomCloseFrame(1006)))
            self.assertTrue(peer.isAborted)
            self.assertEqual(self.logged(), ["Failed to send close frame. Invalid status code: 1006"])

    def test_long(self) -> None:
        """
        After 1000 elements nothing is left of the stream.
        """
        for make in BOTH:
            peer = self.stream(make(*range(1000)))
            peer.clock.advance(0)
            self.assertEqual(peer.heard(), [str(number) for number in range(1000)])
            self.assertEqual(peer.connection._streams, set())


class FailureTests(StreamTestCase):
    """
    Streams that fail: 1011 with a fixed text.
    """

    def failed(self, peer: Peer, before: list[Any]) -> Any:
        """
        The stream has failed after these messages.

        @return: what C{onError} was given.
        """
        self.assertEqual(peer.heard(), [*before, ("close", 1011, FAILED)])
        peer.leave()
        self.assertEqual(peer.service.ends, ["error"])  # type: ignore[attr-defined]
        return peer.service.calls[0][1]  # type: ignore[attr-defined]

    def test_raises(self) -> None:
        """
        A stream that raises; the traceback is in the log and nowhere else.
        """

        def make() -> Generator[str, None, None]:
            yield "a"
            raise ZeroDivisionError("secret")

        async def asyncMake() -> AsyncGenerator[str, None]:
            yield "a"
            raise ZeroDivisionError("secret")

        for source in (make, asyncMake):
            self.assertIsInstance(self.failed(self.stream(source), ["a"]), ZeroDivisionError)
            self.raised(ZeroDivisionError)

    def test_raisesLater(self) -> None:
        """
        The same after a wait.
        """
        tick: Deferred[None] = Deferred()

        async def make() -> AsyncGenerator[str, None]:
            yield "a"
            await tick

        peer = self.stream(make)
        tick.errback(ZeroDivisionError("secret"))
        self.assertIsInstance(self.failed(peer, ["a"]), ZeroDivisionError)
        self.raised(ZeroDivisionError)

    def test_endedFromOutside(self) -> None:
        """
        A coroutine that ends by something that is no ordinary exception fails, too.
        """

        async def make() -> AsyncGenerator[str, None]:
            yield "a"
            raise asyncio.CancelledError

        self.assertIsInstance(self.failed(self.stream(make), ["a"]), StreamError)
        self.raised(asyncio.CancelledError)

    def test_errorElement(self) -> None:
        """
        An element that is an error: its text is in the log, not in the close frame.
        """
        error = Error("out of ticks")
        for make in BOTH:
            self.assertIs(self.failed(self.stream(make("a", error, "b")), ["a"]), error)
            self.assertEqual(self.logged(), ["A stream of Streaming gave an error: out of ticks"])
        self.quiet()

    def test_unsendable(self) -> None:
        """
        An element that there is no JSON for, or text that is none.
        """
        for make in BOTH:
            self.assertIsInstance(self.failed(self.stream(make("a", Opaque())), ["a"]), TypeError)
            self.assertIsInstance(self.failed(self.stream(make("a", "\ud800")), ["a"]), ValueError)
            self.assertIsInstance(self.failed(self.stream(make("a", float("nan"))), ["a"]), ValueError)
            self.raised(TypeError, ValueError, ValueError)

    def test_forgottenInlineCallbacks(self) -> None:
        """
        A generator that yields Deferreds lacks its C{inlineCallbacks}: the log says so
        (ruling 7).
        """
        for make in BOTH:
            peer = self.stream(make("a", succeed("b")))
            self.assertIsInstance(self.failed(peer, ["a"]), StreamError)
            self.assertEqual(
                self.logged(),
                ["A method of Streaming is a generator and yields Deferreds: was inlineCallbacks forgotten?"],
            )

    def test_forgottenInlineCallbacksOfWrites(self) -> None:
        """
        The same for the Deferreds of C{caller}, and for coroutines.
        """

        async def coroutine() -> None: ...

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                yield caller.writeTextMessage(text)

            def onBinaryMessage(self, data: bytes) -> Any:
                yield coroutine()

        for message, before in (("a", ["a"]), (b"a", [])):
            peer = talk(Talk())
            peer.say(message)
            self.assertIsInstance(self.failed(peer, before), StreamError)
            self.assertEqual(len(self.logged()), 1)
        self.quiet()
        self.assertEqual(self.flushWarnings(), [])

    def test_laterInTurn(self) -> None:
        """
        A stream that fails in a later turn of the reactor, with a C{finally} that fails,
        too: the peer is told all the same.
        """

        def make() -> Generator[Any, None, None]:
            try:
                yield from range(BURST)
                yield Opaque()
            finally:
                raise ZeroDivisionError

        peer = self.stream(make)
        peer.heard()
        peer.clock.advance(0)
        self.assertIsInstance(self.failed(peer, []), TypeError)
        self.raised(TypeError, ZeroDivisionError)

    def test_othersGoOn(self) -> None:
        """
        Other connections notice nothing.
        """
        mounted = Mounted()
        other = mounted.connect(Streaming(elements("a")))
        mounted.connect(Streaming(elements(Error("x")))).say(b"go")
        other.say(b"go", "b")
        self.assertEqual(other.heard(), ["a", "b"])

    def test_closesBothKinds(self) -> None:
        """
        However a stream fails, its C{finally} has run.
        """
        for element in (Opaque(), Error("x"), succeed(1), NormalClosure(), CustomCloseFrame(1006)):
            ended: list[str] = []

            def make(element: Any = element, ended: list[str] = ended) -> Generator[Any, None, None]:
                try:
                    yield element
                finally:
                    ended.append("plain")

            async def asyncMake(element: Any = element, ended: list[str] = ended) -> AsyncGenerator[Any, None]:
                try:
                    yield element
                finally:
                    await succeed(None)
                    ended.append("async")

            self.stream(make)
            self.stream(asyncMake)
            self.assertEqual(ended, ["plain", "async"])
        self.logged()
        self.raised(TypeError, TypeError)


class PaceTests(StreamTestCase):
    """
    As fast as the peer reads, and no faster.
    """

    def counting(self) -> tuple[Callable[[], Any], list[int]]:
        """
        @return: an endless generator, and how many elements it was asked for.
        """
        asked: list[int] = []

        def make() -> Generator[int, None, None]:
            while True:
                asked.append(1)
                yield len(asked)

        return make, asked

    def asyncCounting(self) -> tuple[Callable[[], Any], list[int]]:
        """
        @return: the same, asynchronous.
        """
        asked: list[int] = []

        async def make() -> AsyncGenerator[int, None]:
            while True:
                asked.append(1)
                yield len(asked)

        return make, asked

    def test_turns(self) -> None:
        """
        An endless stream does not keep the reactor from other work: after some elements it
        waits for the next turn.
        """
        for make, asked in (self.counting(), self.asyncCounting()):
            peer = self.stream(make)
            self.assertEqual(len(asked), BURST)
            peer.say("hello")
            turn(peer.clock)
            self.assertEqual(len(asked), 2 * BURST)
            heard = peer.heard()
            self.assertEqual(heard[BURST], "hello")
            self.assertEqual(heard[-1], str(2 * BURST))
            peer.leave()
            turn(peer.clock)
            self.assertEqual(len(asked), 2 * BURST)
            self.assertEqual(peer.clock.getDelayedCalls(), [])
        self.quiet()

    def test_burst(self) -> None:
        """
        Streams of as many elements as go in one turn, one less and one more.
        """
        for count in (BURST - 1, BURST, BURST + 1):
            for make in BOTH:
                peer = self.stream(make(*range(count)))
                self.assertEqual(len(peer.heard()), min(count, BURST))
                peer.clock.advance(0)
                self.assertEqual(len(peer.heard()), max(0, count - BURST))
                self.assertEqual(peer.connection._streams, set())
                self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_backPressure(self) -> None:
        """
        While the peer does not keep up no element is asked for.
        """
        for make, asked in (self.counting(), self.asyncCounting()):
            peer = talk(Streaming(make))
            peer.congest()
            peer.say(b"go")
            self.assertEqual(len(asked), 1)
            peer.clock.advance(0)
            self.assertEqual(len(asked), 1)
            peer.congest()
            peer.relieve()
            self.assertEqual(len(asked), 1 + BURST)
            peer.congest()
            peer.clock.advance(0)
            self.assertEqual(len(asked), 2 + BURST)
            peer.leave()
            self.assertEqual(len(asked), 2 + BURST)
        self.quiet()

    def test_slowAndFast(self) -> None:
        """
        An asynchronous stream goes on when what it waits for is there.
        """
        ticks: list[Deferred[str]] = []

        async def make() -> AsyncGenerator[str, None]:
            for _ in range(3):
                ticks.append(Deferred())
                yield await ticks[-1]

        peer = self.stream(make)
        for text in "abc":
            peer.say("x")
            self.assertEqual(peer.heard(), ["x"])
            ticks[-1].callback(text)
            self.assertEqual(peer.heard(), [text])
        self.assertEqual(peer.connection._streams, set())

    def test_several(self) -> None:
        """
        Streams run side by side.
        """
        ticks: list[Deferred[str]] = []

        async def make() -> AsyncGenerator[str, None]:
            while True:
                tick: Deferred[str] = Deferred()
                ticks.append(tick)
                yield await tick

        peer = talk(Streaming(make))
        peer.say(b"1", b"2", b"3")
        self.assertEqual(len(ticks), 3)
        for index, text in ((2, "c"), (0, "a"), (1, "b")):
            ticks[index].callback(text)
        self.assertEqual(peer.heard(), ["c", "a", "b"])
        peer.leave()
        self.quiet()

    def test_interleaved(self) -> None:
        """
        Two streams that never wait take turns.
        """
        made = [elements(*"a" * 100), elements(*"b" * 100)]
        peer = talk(Streaming(lambda: made.pop(0)()))
        peer.say(b"1", b"2")
        peer.clock.advance(0)
        heard = peer.heard()
        self.assertEqual(heard, ["a"] * BURST + ["b"] * BURST + ["a"] * 36 + ["b"] * 36)

    def test_idle(self) -> None:
        """
        What a stream sends is traffic.
        """
        tick: list[Deferred[None]] = []

        class Talk(Streaming):
            def onIdleTimeout(self) -> None:
                self.calls.append(("idle",))

        async def make() -> AsyncGenerator[str, None]:
            while True:
                tick.append(Deferred())
                await tick[-1]
                yield "tick"

        service = Talk(make)
        peer = talk(service, idleTimeout=1)
        peer.say(b"go")
        for _ in range(5):
            peer.clock.advance(0.5)
            tick[-1].callback(None)
        self.assertEqual(service.calls, [])
        peer.clock.pump([0.6, 0.6])
        self.assertEqual(service.calls, [("idle",)])
        peer.leave()


class EndTests(StreamTestCase):
    """
    The connection ends while a stream runs.
    """

    def running(self, ended: list[str]) -> list[Callable[[], Any]]:
        """
        @return: streams that are not over by themselves, and say when they end.
        """

        def sync() -> Generator[str, None, None]:
            try:
                while True:
                    yield "x"
            finally:
                ended.append("end")

        async def busy() -> AsyncGenerator[str, None]:
            try:
                while True:
                    yield "x"
            finally:
                await succeed(None)
                ended.append("end")

        async def waiting() -> AsyncGenerator[str, None]:
            try:
                await Deferred()
                yield "x"
            finally:
                await succeed(None)
                ended.append("end")

        return [sync, busy, waiting]

    def test_everyEnd(self) -> None:
        """
        However the connection ends, the generator is closed at once, what it waits for is
        cancelled, and nothing is left.
        """
        ends: list[Callable[[Peer], Any]] = [
            Peer.close,
            Peer.leave,
            lambda peer: peer.caller.close(),
            lambda peer: peer.caller.close(timeout=0),
            lambda peer: peer.send(b"\xff\xff"),
            lambda peer: peer.connection.goAway(1001, "bye"),
            lambda peer: peer.connection.closeWith(CloseFrame(1006)),
        ]
        for end in ends:
            for congested in (False, True):
                ended: list[str] = []
                for number, make in enumerate(self.running(ended)):
                    peer = talk(Streaming(make))
                    if congested:
                        peer.congest()
                    peer.say(b"go")
                    end(peer)
                    self.assertEqual(len(ended), number + 1)
                    peer.leave() if end is not Peer.leave else None
                    self.assertEqual(len(ended), number + 1)
                    self.assertEqual(len(peer.service.ends), 1)  # type: ignore[attr-defined]
                    peer.clock.advance(0)
                    self.assertEqual(peer.clock.getDelayedCalls(), [])
                self.logged()
                self.quiet()

    def test_slowEnd(self) -> None:
        """
        A C{finally} may take its time; what comes after is not sent.
        """
        cleaning: Deferred[None] = Deferred()
        ended: list[str] = []

        async def make() -> AsyncGenerator[str, None]:
            try:
                await Deferred()
            finally:
                await cleaning
                ended.append("end")
            yield "late"

        peer = self.stream(make)
        peer.close()
        peer.leave()
        self.assertEqual(ended, [])
        cleaning.callback(None)
        self.assertEqual(ended, ["end"])
        self.quiet()

    def test_refusesToEnd(self) -> None:
        """
        A stream that ignores its cancellation gives one more element, which is not sent,
        and is closed then.
        """
        more: Deferred[None] = Deferred()
        ended: list[str] = []

        async def make() -> AsyncGenerator[str, None]:
            try:
                try:
                    await Deferred()
                except Exception:
                    await more
                while True:
                    yield "late"
            finally:
                ended.append("end")

        peer = self.stream(make)
        peer.caller.close()
        self.assertEqual(peer.heard(), [("close", 1000, "")])
        more.callback(None)
        self.assertEqual(ended, ["end"])
        self.assertEqual(peer.heard(), [])
        peer.leave()
        self.quiet()

    def test_failsToEnd(self) -> None:
        """
        A C{finally} that fails is in the log, and changes nothing for the peer.
        """

        def make() -> Generator[str, None, None]:
            try:
                while True:
                    yield "x"
            finally:
                raise ValueError("secret")

        async def busy() -> AsyncGenerator[str, None]:
            try:
                while True:
                    yield "x"
            finally:
                raise ValueError("secret")

        async def waiting() -> AsyncGenerator[str, None]:
            try:
                await Deferred()
            finally:
                raise ValueError("secret")
            yield "x"

        for source in (make, busy, waiting):
            peer = self.stream(source)
            peer.close()
            peer.leave()
            self.assertEqual(peer.service.ends, ["close"])  # type: ignore[attr-defined]
            self.raised(ValueError)

    def test_yieldsAtTheEnd(self) -> None:
        """
        A generator that goes on giving elements when it is closed is in the log.
        """

        def make() -> Generator[str, None, None]:
            try:
                while True:
                    yield "x"
            finally:
                yield "more"

        peer = self.stream(make)
        peer.leave()
        self.raised(RuntimeError)

    def test_closesItself(self) -> None:
        """
        A stream may close its own connection while it runs; it is closed then itself.
        """
        ended: list[str] = []

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Generator[str, None, None]:
                try:
                    yield "a"
                    caller.close(1000, "mine")
                    yield "b"
                finally:
                    ended.append("sync")

            async def onBinaryMessage(self, caller: Caller, data: bytes) -> AsyncGenerator[str, None]:
                try:
                    yield "a"
                    caller.close(1000, "mine")
                    yield "b"
                finally:
                    ended.append("async")

        for message in ("x", b"x"):
            peer = talk(Talk())
            peer.say(message)
            self.assertEqual(peer.heard(), ["a", ("close", 1000, "mine")])
            peer.close(1000)
            peer.leave()
        self.assertEqual(ended, ["sync", "async"])
        self.quiet()

    def test_closesItselfLater(self) -> None:
        """
        The same after a wait, and with a failure afterwards: it has no listener any more
        but the log.
        """
        ticks: list[Deferred[None]] = []

        class Talk(Recorder):
            async def onTextMessage(self, caller: Caller, text: str) -> AsyncGenerator[str, None]:
                ticks.append(Deferred())
                await ticks[-1]
                caller.close(1000)
                if text == "fail":
                    raise ValueError("secret")
                yield "b"

            def onBinaryMessage(self, caller: Caller, data: bytes) -> Generator[str, None, None]:
                yield "a"
                caller.close(1000)
                raise ValueError("secret")

        for message in ("x", "fail", b"fail"):
            peer = talk(Talk())
            peer.say(message)
            if isinstance(message, str):
                ticks[-1].callback(None)
            self.assertEqual(peer.heard()[-1], ("close", 1000, ""))
            peer.close(1000)
            peer.leave()
            self.assertEqual(peer.service.ends, ["close"])  # type: ignore[attr-defined]
        self.raised(ValueError, ValueError)

    def test_writesInVain(self) -> None:
        """
        An asynchronous stream that writes beside its elements is not blamed for a peer that
        leaves, nor logged.
        """

        class Talk(Recorder):
            async def onTextMessage(self, caller: Caller, text: str) -> AsyncGenerator[str, None]:
                while True:
                    await caller.writeTextMessage("beside")
                    yield "element"

        for end in (Peer.close, Peer.leave):
            peer = talk(Talk())
            peer.congest()
            peer.say("go")
            end(peer)
            if end is Peer.close:
                peer.leave()
            self.assertEqual(peer.service.ends, ["close"])  # type: ignore[attr-defined]
        self.quiet()

    def test_failsOfAnother(self) -> None:
        """
        A write to somebody else who has left is a failure of the stream like others.
        """
        gone = talk(Service())
        gone.leave()

        async def make() -> AsyncGenerator[str, None]:
            await gone.caller.writeTextMessage("x")
            yield "x"

        peer = self.stream(make)
        self.assertEqual(peer.heard(), [("close", 1011, FAILED)])
        self.raised(ConnectionClosureError)

    def test_afterTheEnd(self) -> None:
        """
        A stream that is returned after the peer has closed is not begun.
        """
        begun: list[str] = []
        result: Deferred[Any] = Deferred()

        def make() -> Generator[str, None, None]:
            begun.append("begun")
            yield "x"

        async def asyncMake() -> AsyncGenerator[str, None]:
            begun.append("begun")
            yield "x"

        for source in (make, asyncMake):
            result = Deferred()
            peer = self.stream(lambda: result)  # noqa: B023
            peer.close()
            result.callback(source())
            peer.leave()
        self.assertEqual(begun, [])
        self.quiet()

    def test_leaves(self) -> None:
        """
        After the end nothing keeps the generator.
        """
        for make in self.running([]):
            sources = []

            def remember(make: Callable[[], Any] = make, sources: list[Any] = sources) -> Any:
                source = make()
                sources.append(ref(source))
                return source

            peer = self.stream(remember)
            peer.leave()
            peer.clock.advance(0)
            del peer
            gc.collect()
            self.assertIsNone(sources[0]())

    def test_inlineCallbacks(self) -> None:
        """
        A method with C{inlineCallbacks} is no stream.
        """

        class Talk(Service):
            @inlineCallbacks
            def onTextMessage(self, caller: Caller, text: str) -> Generator[Deferred[Any], Any, str]:
                yield caller.writeTextMessage("a")
                return text

        peer = talk(Talk())
        peer.say("b")
        self.assertEqual(peer.heard(), ["a", "b"])
