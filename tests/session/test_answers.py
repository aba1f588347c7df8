"""
Tests of L{balws.session.answers}.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any
from xml.etree.ElementTree import Element, SubElement

import attrs
import msgspec
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from balws import closing
from balws.closing import CloseFrame, CustomCloseFrame, NormalClosure
from balws.errors import Error, PayloadBindingError, PayloadValidationError, UpgradeError
from balws.interfaces import Service
from balws.session.answers import describe
from balws.session.caller import Caller
from balws.session.conversation import UNEXPECTED
from tests.session.doubles import ConversationTestCase, Peer, Recorder, talk


@dataclass
class Order:
    """
    A dataclass.
    """

    size: int


@attrs.frozen
class Parcel:
    """
    An attrs class.
    """

    weight: Decimal


class Struct(msgspec.Struct):
    """
    A class of msgspec's.
    """

    name: str


class Colour(Enum):
    """
    A plain enumeration.
    """

    RED = "red"


class Word(str, Enum):
    """
    An enumeration of strings.
    """

    HELLO = "hello"


class Number(IntEnum):
    """
    An enumeration of numbers.
    """

    ONE = 1


class Text(str):
    """
    A string with a class of its own.
    """


class Bytes(bytes):
    """
    Bytes with a class of their own.
    """


class Opaque:
    """
    Something that there is no JSON for.
    """


def element() -> Element:
    """
    @return: C{<a>b<c/></a>}.
    """
    root = Element("a")
    root.text = "b"
    SubElement(root, "c")
    return root


def itself() -> list[Any]:
    """
    @return: a list that contains itself.
    """
    value: list[Any] = []
    value.append(value)
    return value


Limited = Annotated[int, msgspec.Meta(le=5)]


class Giving(Recorder):
    """
    Answers every message with the same.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def onTextMessage(self, text: str) -> Any:
        """
        At once, later, or by a coroutine.
        """
        if text == "now":
            return self.value
        if text == "deferred":
            return succeed(self.value)
        if text == "later":
            self.later: Deferred[Any] = Deferred()
            return self.later
        return self.coroutine()

    async def coroutine(self) -> Any:
        """
        Gives the value.
        """
        return self.value

    def onBinaryMessage(self, data: bytes) -> bytes:
        """
        Shows that the connection goes on.
        """
        return data


class ResultTests(ConversationTestCase):
    """
    Results of methods that take messages (table B1).
    """

    def given(self, value: Any) -> list[Any]:
        """
        @return: what the peer hears when a method returns this, at once, by a Deferred that
            has fired, by one that fires later and by a coroutine: the same each time.
        """
        heard = []
        for way in ("now", "deferred", "later", "coroutine"):
            service = Giving(value)
            peer = talk(service)
            peer.say(way)
            if way == "later":
                self.assertEqual(peer.heard(), [])
                service.later.callback(value)
            heard.append(peer.heard())
            if not service.calls and peer.caller.isOpen():
                peer.say(b"next")
                self.assertEqual(peer.heard(), [b"next"])
        self.assertEqual(heard, [heard[0]] * 4)
        return heard[0]

    def test_text(self) -> None:
        """
        Text of any class is a text message; so is XML.
        """
        for value, expected in (
            ("", ""),
            ("ünï", "ünï"),
            (Text("own"), "own"),
            (Word.HELLO, "hello"),
            (element(), "<a>b<c /></a>"),
        ):
            self.assertEqual(self.given(value), [expected])

    def test_bytes(self) -> None:
        """
        Bytes of any kind are a binary message.
        """
        for value in (b"", b"\xff", Bytes(b"own"), bytearray(b"x"), memoryview(b"y")):
            self.assertEqual(self.given(value), [bytes(value)])

    def test_nothing(self) -> None:
        """
        L{None} sends nothing.
        """
        self.assertEqual(self.given(None), [])

    def test_json(self) -> None:
        """
        Everything else is JSON text.
        """
        for value, expected in (
            (True, "true"),
            (0, "0"),
            (1.5, "1.5"),
            (Decimal("1.10"), "1.10"),
            ({}, "{}"),
            ({"a": [1, None]}, '{"a":[1,null]}'),
            ([], "[]"),
            ((1, 2), "[1,2]"),
            (Order(5), '{"size":5}'),
            (Parcel(Decimal("0.50")), '{"weight":0.50}'),
            (Struct("x"), '{"name":"x"}'),
            (Colour.RED, '"red"'),
            (Number.ONE, "1"),
            (uuid.UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
            (datetime.date(2026, 1, 2), '"2026-01-02"'),
        ):
            self.assertEqual(self.given(value), [expected])

    def test_unsendable(self) -> None:
        """
        A result that cannot be sent is the method's fault: 1011 with a fixed text, the
        traceback in the log.
        """
        for value, kind in (
            (Opaque(), TypeError),
            ([Opaque()], TypeError),
            (NormalClosure, TypeError),
            (float("nan"), ValueError),
            (float("inf"), ValueError),
            ([Decimal("NaN")], ValueError),
            (itself(), ValueError),
            ("\ud800", ValueError),
            (["\ud800"], ValueError),
            (range(3), TypeError),
            (iter([1]), TypeError),
        ):
            self.assertEqual(self.given(value), [("close", 1011, UNEXPECTED)])
            self.raised(kind, kind, kind, kind)

    def test_error(self) -> None:
        """
        A returned error is logged and not sent; the connection goes on (ruling 7).
        """
        for error in (Error("broken"), UpgradeError("broken"), PayloadBindingError("broken")):
            self.assertEqual(self.given(error), [])
            self.assertEqual(self.logged(), [f"A method of Giving returned an error: {error}"] * 4)
        self.quiet()

    def test_otherException(self) -> None:
        """
        An exception that is none of ours is nothing that can be returned.
        """
        self.assertEqual(self.given(ValueError("x")), [("close", 1011, UNEXPECTED)])
        self.raised(*[TypeError] * 4)

    def test_closeFrames(self) -> None:
        """
        A close frame of each class closes with its code and words (B7).
        """
        frames = {
            closing.NORMAL_CLOSURE: (1000, ""),
            closing.NormalClosure("bye"): (1000, "bye"),
            closing.GOING_AWAY: (1001, ""),
            closing.GoingAway("bye"): (1001, "bye"),
            closing.PROTOCOL_ERROR: (1002, "Connection closed due to protocol error"),
            closing.UNSUPPORTED_DATA: (1003, "Endpoint received unsupported frame"),
            closing.INVALID_PAYLOAD: (1007, "Payload does not match the expected format or encoding"),
            closing.POLICY_VIOLATION: (1008, "Received message violates its policy"),
            closing.MESSAGE_TOO_BIG: (1009, "The received message exceeds the allowed size limit"),
            closing.INTERNAL_SERVER_ERROR: (1011, "Internal server error occurred"),
            CustomCloseFrame(3000): (3000, ""),
            CustomCloseFrame(4999, "ü" * 100): (4999, "ü" * 61),
            CloseFrame(1000, "plain"): (1000, "plain"),
            CustomCloseFrame(4000, None): (4000, ""),  # type: ignore[arg-type]
        }
        for frame, (code, reason) in frames.items():
            self.assertEqual(self.given(frame), [("close", code, reason)])

    def test_closeFrameWaits(self) -> None:
        """
        A returned close frame waits for the peer's as long as the service's
        C{connectionClosureTimeout} says; nothing is logged when none comes.
        """
        peer = talk(Giving(NormalClosure()), connectionClosureTimeout=3)
        peer.say("now")
        peer.clock.advance(2.9)
        self.assertFalse(peer.isAborted)
        peer.clock.advance(0.1)
        self.assertTrue(peer.isAborted)
        peer.leave()
        self.assertEqual(peer.service.calls, [("close", 1000, "")])  # type: ignore[attr-defined]
        self.quiet()

    def test_illegalCloseFrames(self) -> None:
        """
        A close frame that may not be sent drops TCP, with a line in the log (B7); what
        waits is dropped, too.
        """
        wrong: dict[CloseFrame, str] = {
            CustomCloseFrame(999): "Invalid status code: 999",
            CustomCloseFrame(1005): "Invalid status code: 1005",
            CustomCloseFrame(1012): "Invalid status code: 1012",
            CustomCloseFrame(2999): "Invalid status code: 2999",
            CustomCloseFrame(5000): "Invalid status code: 5000",
            CustomCloseFrame("1000"): "Invalid status code: 1000",  # type: ignore[arg-type]
            CustomCloseFrame(1000.0): "Invalid status code: 1000.0",  # type: ignore[arg-type]
            CustomCloseFrame(4000, 0): "a close reason is a str, not int",  # type: ignore[arg-type]
        }
        for frame, problem in wrong.items():
            service = Giving(frame)
            peer = talk(service)
            peer.say("later", "now", b"x")
            service.later.callback(frame)
            self.assertEqual(peer.heard(), [])
            self.assertTrue(peer.isAborted)
            self.assertEqual(self.logged(), [f"Failed to send close frame. {problem}"])
            self.assertFalse(peer.caller.isOpen())
            peer.leave()
            self.assertEqual(service.calls, [("close", 1006, "")])
        self.quiet()

    def test_closeFrameTooLate(self) -> None:
        """
        After the peer has closed a returned close frame has no effect, of whatever code.
        """
        for frame in (NormalClosure(), CustomCloseFrame(1006)):
            service = Giving(frame)
            peer = talk(service)
            peer.say("later")
            peer.close(1001)
            service.later.callback(frame)
            self.assertEqual(peer.heard(), [("close", 1001, "")])
            self.assertFalse(peer.isAborted)
            peer.leave()
            self.assertEqual(service.calls, [("close", 1001, "")])
        self.quiet()

    def test_tooLate(self) -> None:
        """
        A result that comes after the peer has left is not sent, and nobody is blamed.
        """
        for value in ("text", b"bytes", {}, None, element(), Error("x")):
            for end in (Peer.close, Peer.leave):
                service = Giving(value)
                peer = talk(service)
                peer.say("later")
                end(peer)
                peer.heard()
                service.later.callback(value)
                self.assertEqual(peer.heard(), [])
                if end is Peer.close:
                    peer.leave()
                self.assertEqual(service.ends, ["close"])
        self.logged()
        self.quiet()

    def test_slowPeer(self) -> None:
        """
        The next message is dispatched when the answer is written: not before a slow peer
        reads.
        """
        peer = talk(Giving("answer"))
        peer.congest()
        peer.say("now", "now", b"x")
        self.assertEqual(peer.heard(), ["answer"])
        peer.relieve()
        self.assertEqual(peer.heard(), ["answer", b"x"])

    def test_slowPeerLeaves(self) -> None:
        """
        A slow peer that leaves is no fault of the method.
        """
        service = Giving("answer")
        peer = talk(service)
        peer.congest()
        peer.say("now")
        peer.leave()
        self.assertEqual(service.calls, [("close", 1006, "")])
        self.quiet()

    def test_writeReturned(self) -> None:
        """
        A method may return, await or yield the Deferred of its writes, or return it from a
        coroutine.
        """

        class Talk(Recorder):
            def onTextMessage(self, caller: Caller, text: str) -> Any:
                return getattr(self, text)(caller)

            def returns(self, caller: Caller) -> Any:
                return caller.writeTextMessage("a")

            async def awaits(self, caller: Caller) -> None:
                await caller.writeTextMessage("a")

            async def forgets(self, caller: Caller) -> Any:
                return caller.writeTextMessage("a")

            @inlineCallbacks
            def yields(self, caller: Caller) -> Generator[Deferred[Any], Any, None]:
                yield caller.writeTextMessage("a")

            def nests(self, caller: Caller) -> Any:
                return succeed(None).addCallback(lambda _: caller.writeTextMessage("a"))

        peer = talk(Talk())
        for slow in (False, True):
            for way in ("returns", "awaits", "forgets", "yields", "nests"):
                if slow:
                    peer.congest()
                peer.say(way, "returns")
                if slow:
                    self.assertEqual(peer.heard(), ["a"])
                    peer.relieve()
                    self.assertEqual(peer.heard(), ["a"])
                else:
                    self.assertEqual(peer.heard(), ["a", "a"])
        self.quiet()


class BindingTests(ConversationTestCase):
    """
    Messages that are not what their method declares (decision 5, ruling 6).
    """

    def test_1003(self) -> None:
        """
        Without a method for errors the connection is closed with 1003 and the place of the
        error; the log has a line, then C{onError} is called.
        """

        class Talk(Recorder):
            def onMessage(self, data: dict[str, int]) -> None: ...

        for message in ('{"a": "x"}', b'{"a": "x"}'):
            service = Talk()
            peer = talk(service)
            peer.say(message)
            reason = "data binding failed: Expected `int`, got `str` - at `$[...]`"
            self.assertEqual(peer.heard(), [("close", 1003, reason)])
            self.assertEqual(self.logged(), [f"{Talk.__qualname__}.onMessage: {reason}"])
            self.assertEqual(service.ends, ["error"])
            self.assertIsInstance(service.calls[0][1], PayloadBindingError)
            peer.leave()
            self.assertEqual(service.ends, ["error"])
        self.quiet()

    def test_reasonFits(self) -> None:
        """
        The close reason has at most 123 bytes, whatever the message was.
        """

        class Talk(Service):
            def onMessage(self, data: dict[str, Order]) -> None: ...

        peer = talk(Talk())
        peer.say('{"' + "ü" * 1000 + '": {"size": "' + "x" * 1000 + '"}}')
        [(kind, code, reason)] = peer.heard()
        self.assertEqual((kind, code), ("close", 1003))
        self.assertLessEqual(len(reason.encode()), 123)
        self.assertEqual(len(self.logged()), 1)

    def test_logLine(self) -> None:
        """
        The line in the log is one line, of bounded length, in ASCII.
        """
        error = PayloadBindingError("a\nb\x1b[31mü" + "x" * 2000)
        line = describe(error)
        self.assertTrue(line.startswith("data binding failed: a\\nb\\x1b[31m\\xfcxxx"), line[:60])
        self.assertEqual(len(line), 1024)

    def test_errorMethod(self) -> None:
        """
        C{on<X>Error} takes the failure, and the connection stays open (B14).
        """

        class Talk(Recorder):
            def onMessage(self, data: int) -> str:
                return str(data)

            def onMessageError(self, caller: Caller, error: PayloadBindingError) -> None:
                self.calls.append(("unbound", error.problem))

            def onOrder(self, data: Order) -> str:
                return str(data.size)

            def onOrderError(self, caller: Caller, error: PayloadBindingError) -> Any:
                return caller.writeTextMessage(error.place)

        service = Talk()
        peer = talk(service, dispatcherKey="event")
        peer.say("x", b"y", "1", '{"event": "order", "size": "big"}', '{"event": "order", "size": 2}')
        self.assertEqual(peer.heard(), ["1", "$.size", "2"])
        self.assertEqual([call[0] for call in service.calls], ["unbound", "unbound"])
        self.quiet()

    def test_errorMethodResults(self) -> None:
        """
        Of what it returns only a close frame acts, at once or later; the next message waits
        for it.
        """
        for wrap in (lambda value: value, succeed, _coroutine):

            class Talk(Recorder):
                wrap: Callable[[Any], Any]

                def onMessage(self, data: int) -> None: ...

                def onMessageError(self, error: Any) -> Any:
                    return Talk.wrap(self.result)

            Talk.wrap = staticmethod(wrap)  # type: ignore[method-assign]
            for result, line in (
                (None, []),
                ("text", [f"A method of {Talk.__qualname__} returned str, which is not sent from there"]),
                (Error("x"), [f"A method of {Talk.__qualname__} returned an error: x"]),
            ):
                service = Talk()
                service.result = result  # type: ignore[attr-defined]
                peer = talk(service)
                peer.say("x")
                self.assertEqual((peer.heard(), self.logged()), ([], line))
                self.assertTrue(peer.caller.isOpen())
            service = Talk()
            service.result = NormalClosure("enough")  # type: ignore[attr-defined]
            peer = talk(service)
            peer.say("x")
            self.assertEqual(peer.heard(), [("close", 1000, "enough")])
        self.quiet()

    def test_errorMethodKeepsOrder(self) -> None:
        """
        The next message is dispatched when the method for errors is done.
        """
        done: Deferred[None] = Deferred()

        class Talk(Service):
            def onMessage(self, data: int) -> str:
                return str(data)

            def onMessageError(self, caller: Caller, error: Any) -> Deferred[None]:
                return done

        peer = talk(Talk())
        peer.say("x", "1")
        self.assertEqual(peer.heard(), [])
        done.callback(None)
        self.assertEqual(peer.heard(), ["1"])

    def test_errorMethodRaises(self) -> None:
        """
        A method for errors that fails is a method that fails: 1011.
        """

        class Talk(Recorder):
            def onMessage(self, data: int) -> None: ...

            def onMessageError(self, error: Any) -> Any:
                if error.problem.startswith("JSON"):
                    raise ZeroDivisionError("secret")
                return self.later()

            async def later(self) -> None:
                raise ZeroDivisionError("secret")

        for message in ("", "[]"):
            service = Talk()
            peer = talk(service)
            peer.say(message)
            self.assertEqual(peer.heard(), [("close", 1011, UNEXPECTED)])
            self.assertEqual(service.ends, ["error"])
            self.raised(ZeroDivisionError)

    def test_validation(self) -> None:
        """
        A message against a constraint goes to C{on<X>Error}, else to C{onError}, else to the
        log; the connection stays open (ruling 6).
        """

        class Silent(Service):
            def onMessage(self, data: Limited) -> str:
                return str(data)

        class WithError(Silent):
            def onError(self, error: Error) -> None:
                errors.append(("onError", type(error)))

        class WithBoth(WithError):
            def onMessageError(self, error: Error) -> None:
                errors.append(("onMessageError", type(error)))

        errors: list[Any] = []
        for kind, expected, lines in (
            (Silent, [], 1),
            (WithError, [("onError", PayloadValidationError)], 0),
            (WithBoth, [("onMessageError", PayloadValidationError)], 0),
        ):
            errors.clear()
            peer = talk(kind())
            peer.say("6", "5")
            self.assertEqual(peer.heard(), ["5"])
            self.assertEqual(errors, expected)
            self.assertEqual(len(self.logged()), lines)
        self.quiet()

    def test_validationThenEnd(self) -> None:
        """
        C{onError} for a constraint is not the end: that still comes.
        """

        class Talk(Recorder):
            def onMessage(self, data: Limited) -> None: ...

        service = Talk()
        peer = talk(service)
        peer.say("6", "7")
        peer.close(1000)
        peer.leave()
        self.assertEqual(service.ends, ["error", "error", "close"])

    def test_validationCloses(self) -> None:
        """
        C{onError} may close with a frame, for a constraint.
        """

        class Talk(Service):
            def onMessage(self, data: Limited) -> None: ...

            def onError(self, error: Error) -> NormalClosure:
                return NormalClosure("no")

        peer = talk(Talk())
        peer.say("6")
        self.assertEqual(peer.heard(), [("close", 1000, "no")])

    def test_validationOff(self) -> None:
        """
        With C{validation = false} constraints do not count.
        """

        class Talk(Service):
            def onMessage(self, data: Limited) -> str:
                return str(data)

        peer = talk(Talk(), validation=False)
        peer.say("6")
        self.assertEqual(peer.heard(), ["6"])

    def test_afterTheEnd(self) -> None:
        """
        A message that waited while the peer left, and does not fit: the log has it, the end
        is as it was.
        """
        first: Deferred[None] = Deferred()

        class Talk(Recorder):
            def onMessage(self, data: int) -> Any:
                return first

        service = Talk()
        peer = talk(service)
        peer.say("1", "x")
        peer.close(1000)
        peer.leave()
        first.callback(None)
        self.assertEqual(service.ends, ["close"])
        self.assertEqual(len(self.logged()), 1)
        self.quiet()


async def _coroutine(value: Any) -> Any:
    return value
