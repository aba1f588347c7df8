"""
Tests of L{balws.session.methods}.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any
from unittest.mock import Mock

from msgspec import Meta
from twisted.internet.defer import Deferred, inlineCallbacks

from balws.binding.eventnames import RESERVED
from balws.closing import NormalClosure
from balws.errors import Error, PayloadBindingError
from balws.interfaces import Service
from balws.session.caller import Caller
from balws.session.declare import dispatcherConfig
from balws.session.methods import FIXED, MethodTable, RemoteMethod
from tests.session.doubles import DefinitionTestCase


@dataclass
class Order:
    """
    A message.
    """

    size: int


class Opaque:
    """
    What no message can become.
    """


def withMember(name: str, member: Any) -> type[Service]:
    """
    @return: a service class C{Talk} that has this.
    """
    return type("Talk", (Service,), {name: member})


class MethodTestCase(DefinitionTestCase):
    """
    Looks at classes called C{Talk}.
    """

    def refused(self, kind: Any, method: str | None, dispatcherKey: str | None = None) -> tuple[str, str]:
        """
        @return: why it cannot work, and the mend.
        """
        error = self.refusal(lambda: MethodTable(kind, dispatcherKey, True), "Talk", method)
        return error.problem, error.mend


class FixedTests(MethodTestCase):
    """
    The fixed remote methods.
    """

    def test_none(self) -> None:
        """
        A service needs no method at all.
        """
        table = self.table(Service)
        self.assertEqual((table.fixed, table.byName, table.byValue), ({}, {}, {}))

    def test_all(self) -> None:
        """
        All fixed methods may be there, but onMessage beside those for one kind.
        """

        class Talk(Service):
            def onOpen(self, caller: Caller) -> str: ...
            def onTextMessage(self, caller: Caller, text: str) -> str: ...
            def onBinaryMessage(self, caller: Caller, data: bytes) -> bytes: ...
            def onPing(self, caller: Caller, data: bytes) -> bytes: ...
            def onPong(self, caller: Caller, data: bytes) -> None: ...
            def onIdleTimeout(self, caller: Caller) -> NormalClosure: ...
            def onClose(self, caller: Caller, statusCode: int, reason: str) -> None: ...
            def onError(self, caller: Caller, error: Exception) -> None: ...

        self.assertEqual(set(self.table(Talk).fixed), set(FIXED) - {"onMessage"})
        for name, method in self.table(Talk).fixed.items():
            self.assertEqual(method.name, name)
            self.assertEqual(method.order, tuple(role.name for role in FIXED[name]))
            self.assertIsNone(method.binder)

    def test_reserved(self) -> None:
        """
        What is fixed here is what no message type reaches.
        """
        self.assertEqual(set(FIXED), RESERVED)

    def test_binder(self) -> None:
        """
        C{onMessage} gets data of the type it declares; without one what comes.
        """

        class Typed(Service):
            def onMessage(self, order: Order) -> None: ...

        class Plain(Service):
            def onMessage(self, data): ...  # type: ignore[no-untyped-def]

        binder = self.table(Typed).fixed["onMessage"].binder
        assert binder is not None
        self.assertEqual(binder.fromText('{"size": 5}'), Order(5))
        self.assertIsNone(self.table(Plain).fixed["onMessage"].binder)

    def test_validation(self) -> None:
        """
        The configuration says whether constraints count.
        """
        class Talk(Service):
            def onMessage(self, data): ...  # type: ignore[no-untyped-def]

        Talk.onMessage.__annotations__["data"] = Annotated[int, Meta(ge=5)]
        relaxed = self.table(Talk, validation=False).fixed["onMessage"].binder
        assert relaxed is not None
        self.assertEqual(relaxed.fromText("4"), 4)
        strict = self.table(Talk).fixed["onMessage"].binder
        assert strict is not None
        self.assertRaises(PayloadBindingError, strict.fromText, "4")

    def test_bytes(self) -> None:
        """
        C{onBinaryMessage} gets the kind of bytes that it declares.
        """

        class Mutable(Service):
            def onBinaryMessage(self, data: bytearray) -> None: ...

        class View(Service):
            def onBinaryMessage(self, data: memoryview) -> None: ...

        for kind, expected in ((Mutable, bytearray), (View, memoryview)):
            binder = self.table(kind).fixed["onBinaryMessage"].binder
            assert binder is not None
            self.assertIsInstance(binder.fromBinary(b"x"), expected)

    def test_call(self) -> None:
        """
        A fixed method is called with what its parameters are, in their order.
        """

        class Talk(Service):
            def onClose(self, reason, code, peer):  # type: ignore[no-untyped-def]
                return reason, code, peer

        method = self.table(Talk).fixed["onClose"]
        given = {"caller": "c", "statusCode": 1000, "reason": "r"}
        self.assertEqual(method.call(Talk(), given), ("r", 1000, "c"))

    def test_onCloseReason(self) -> None:
        """
        A reason alone is refused (206): it would mean nothing.
        """

        class Talk(Service):
            def onClose(self, reason: str) -> None: ...

        self.assertEqual(
            self.refused(Talk, "onClose"),
            ("it takes the reason alone", "take the statusCode too, or neither"),
        )

    def test_onCloseSubsets(self) -> None:
        """
        Any other part of its parameters is accepted (202, 203).
        """
        for names in ("", "caller", "statusCode", "caller, reason", "statusCode, reason", "caller, statusCode"):
            kind = withMember("onClose", eval(f"lambda self, {names}: None" if names else "lambda self: None"))
            self.assertEqual(", ".join(self.table(kind).fixed["onClose"].order), names)

    def test_together(self) -> None:
        """
        C{onMessage} stands alone (216).
        """
        for name in ("onTextMessage", "onBinaryMessage"):
            kind = withMember("onMessage", lambda self, data: None)
            setattr(kind, name, lambda self, data: None)
            self.assertEqual(
                self.refused(kind, name), ("it stands beside onMessage", "keep onMessage, or the other ones")
            )

    def test_parameters(self) -> None:
        """
        What cannot be given is refused (202, 204, 207 to 212, 214, 215).
        """
        for name in FIXED:
            kind = withMember(name, lambda self, caller, a, b, c, d: None)
            problem, mend = self.refused(kind, name)
            self.assertTrue(problem.startswith("nothing can be given to the parameter"), problem)
            self.assertTrue(mend.startswith("its parameters may be (self, caller"), mend)

    def test_returns(self) -> None:
        """
        A result that can never be sent is refused (213).
        """
        for name in ("onOpen", "onTextMessage", "onBinaryMessage", "onMessage", "onPing", "onPong"):
            parameter = ", data" if name != "onOpen" else ""
            function = eval(f"lambda self{parameter}: None")
            function.__annotations__["return"] = Opaque
            problem, _ = self.refused(withMember(name, function), name)
            self.assertTrue(problem.startswith("Opaque cannot be sent"), problem)

    def test_closingReturns(self) -> None:
        """
        A result that nobody gets is refused (205).
        """
        for name in ("onClose", "onError", "onIdleTimeout"):
            function = eval("lambda self, error: None" if name == "onError" else "lambda self: None")
            function.__annotations__["return"] = str
            self.assertEqual(
                self.refused(withMember(name, function), name),
                ("it returns str, which nobody gets", "return a close frame or None"),
            )

    def test_streamAndMessage(self) -> None:
        """
        A stream beside another message is refused (119).
        """

        class Talk(Service):
            def onOpen(self) -> Iterator[str] | str: ...

        self.assertEqual(self.refused(Talk, "onOpen")[0], "it returns a stream or something else")

    def test_dispatcherConfig(self) -> None:
        """
        A fixed method is not reached by a message type (219).
        """
        for name in FIXED:
            kind = withMember(name, dispatcherConfig("x")(lambda self, data: None))
            self.assertEqual(
                self.refused(kind, name, "event"),
                ("a fixed remote method has a dispatcherConfig", "rename the method"),
            )

    def test_unbindable(self) -> None:
        """
        A type that no message can become is refused.
        """

        class Talk(Service):
            def onMessage(self, data: Opaque) -> None: ...

        problem, mend = self.refused(Talk, "onMessage")
        self.assertTrue(problem.startswith("no message can become Opaque: "), problem)
        self.assertEqual(mend, "declare another type")


class KindTests(MethodTestCase):
    """
    What a remote method may be written as.
    """

    def test_kinds(self) -> None:
        """
        Plain methods, coroutines, generators of either kind, decorated ones.
        """

        class Plain(Service):
            def onTextMessage(self, text: str) -> str: ...

        class Coroutine(Service):
            async def onTextMessage(self, text: str) -> str: ...

        class Stream(Service):
            def onTextMessage(self, text: str) -> Iterator[str]:
                yield text

        class AsyncStream(Service):
            async def onTextMessage(self, text: str) -> AsyncGenerator[str, None]:
                yield text

        class Waiting(Service):
            @inlineCallbacks
            def onTextMessage(self, text: str) -> Generator[Deferred[Any], Any, str]:
                yield
                return text

        for kind in (Plain, Coroutine, Stream, AsyncStream, Waiting):
            self.assertEqual(self.table(kind).fixed["onTextMessage"].order, ("text",))

    def test_partialmethod(self) -> None:
        """
        A method made by C{functools.partialmethod} works; the mistakes in one are told
        with its name.
        """

        class Talk(Service):
            def talk(self, times: int, text: str) -> str | None:
                return text * times

            onTextMessage = functools.partialmethod(talk, 3)

        table = self.table(Talk)
        self.assertEqual(table.dispatches(Talk())[0](Talk(), None, "a"), "aaa")
        Talk.onOpen = functools.partialmethod(Talk.talk, 3)  # type: ignore[attr-defined]
        self.assertEqual(
            self.refused(Talk, "onOpen"),
            ("the parameter 'text' is the caller and cannot be str", "its parameters may be (self, caller)"),
        )

    def test_noMethod(self) -> None:
        """
        What does not get the service as its self is refused.
        """
        members: dict[str, Any] = {
            "staticmethod": staticmethod(lambda text: None),
            "classmethod": classmethod(lambda kind, text: None),
            "property": property(lambda self: None),
            "cached_property": functools.cached_property(lambda self: None),
            "singledispatchmethod": functools.singledispatchmethod(lambda self, text: None),
            "partial": functools.partial(lambda self, text: None),
            "builtin_function_or_method": print,
            "type": Opaque,
            "Mock": Mock(),
        }
        for kind, member in members.items():
            self.assertEqual(
                self.refused(withMember("onTextMessage", member), "onTextMessage"),
                (f"it is a {kind}", "write a plain method with self"),
            )

    def test_plainFields(self) -> None:
        """
        A field that is no method is nobody's business, whatever it is called.
        """
        for value in (True, 5, "x", ["x"], None):
            self.assertEqual(self.table(withMember("onBoard", value)).fixed, {})

    def test_notRemote(self) -> None:
        """
        Methods whose names only begin like a remote method's are the service's own.
        """
        for name in ("on", "on_open", "only", "once", "onward", "onär", "on_", "reply", "_onOpen", "ON"):
            table = self.table(withMember(name, lambda self, *anything: None), "event")
            self.assertEqual((table.fixed, table.byName), ({}, {}))

    def test_inheritance(self) -> None:
        """
        Methods of base classes and of mixins count; the nearest one counts.
        """

        class Mixin:
            def onClose(self, statusCode: int) -> None: ...

        class Base(Service):
            def onTextMessage(self, text: str) -> str: ...
            def onClose(self) -> None: ...

        class Talk(Mixin, Base):
            def onOpen(self) -> None: ...

        table = self.table(Talk)
        self.assertEqual(set(table.fixed), {"onOpen", "onTextMessage", "onClose"})
        self.assertEqual(table.fixed["onClose"].order, ("statusCode",))

    def test_switchedOff(self) -> None:
        """
        A subclass that sets a method to L{None} does not have it.
        """

        class Base(Service):
            def onTextMessage(self, text: str) -> str: ...
            def onClose(self) -> None: ...

        class Talk(Base):
            onTextMessage = None

            def onMessage(self, data: bytes) -> None: ...

        self.assertEqual(set(self.table(Talk).fixed), {"onMessage", "onClose"})

    def test_generators(self) -> None:
        """
        A method that cannot stream is no generator: C{inlineCallbacks} was forgotten.
        """

        def generator(self: Any, data: Any) -> Any:
            yield

        async def asyncGenerator(self: Any, data: Any) -> Any:
            yield

        for name in ("onPing", "onPong", "onError", "onMessageError"):
            for function in (generator, asyncGenerator):
                kind = withMember(name, function)
                kind.onMessage = lambda self, data: None  # type: ignore[attr-defined]
                self.assertEqual(
                    self.refused(kind, name),
                    ("it is a generator, which nobody reads", "decorate it with inlineCallbacks"),
                )

    def test_generatorsWithoutData(self) -> None:
        """
        Neither are C{onClose} and C{onIdleTimeout}.
        """

        def generator(self: Any) -> Any:
            yield

        for name in ("onClose", "onIdleTimeout"):
            self.assertEqual(
                self.refused(withMember(name, generator), name)[0], "it is a generator, which nobody reads"
            )
            self.assertIn(name, self.table(withMember(name, inlineCallbacks(generator))).fixed)

    def test_noService(self) -> None:
        """
        A class that is no service is refused.
        """

        class Talk:
            pass

        self.assertEqual(self.refused(Talk, None), ("it is no Service", "derive it from balws.Service"))
        error = self.refusal(lambda: MethodTable(5, None, True), "5", None)  # type: ignore[arg-type]
        self.assertEqual(error.problem, "it is no Service")


class HeaderTests(MethodTestCase):
    """
    C{customHeaders}.
    """

    def test_accepted(self) -> None:
        """
        Any mapping of strings; L{None}; or what is made for each connection.
        """
        accepted: list[Any] = [
            {},
            {"X-Room": "1"},
            MappingProxyType({"X-Room": "1"}),
            None,
            property(lambda self: {"X-Room": self.room}),
        ]
        for headers in accepted:
            self.table(withMember("customHeaders", headers))

    def test_refused(self) -> None:
        """
        Everything that would break the answer of the upgrade is refused when the service
        is attached.
        """
        refused: dict[str, Any] = {
            "it is a list": [("X-Room", "1")],
            "it is a str": "X-Room: 1",
            "a name or a value is not text": {"X-Room": 1},
            "header 'X Room' has a name that is not a token": {"X Room": "1"},
            "header 'X-Room' has a control character in its value": {"X-Room": "1\r\nX: 2"},
            "header 'Upgrade' belongs to the handshake": {"Upgrade": "h2c"},
        }
        for problem, headers in refused.items():
            self.assertEqual(
                self.refused(withMember("customHeaders", headers), "customHeaders"),
                (problem, "write a dict of strings"),
            )
        self.assertEqual(
            self.refused(withMember("customHeaders", {b"X-Room": "1"}), "customHeaders")[0],
            "a name or a value is not text",
        )


class CustomTests(MethodTestCase):
    """
    Custom dispatch.
    """

    def test_byName(self) -> None:
        """
        A method is found by the name that is derived from the message type.
        """

        class Talk(Service):
            def onUnSubscribe(self, data: dict[str, Any]) -> None: ...

        table = self.table(Talk, "event")
        for value in ("un subscribe", "un_subscribe", "UN-SUBSCRIBE"):
            method = table.target(value)
            assert method is not None
            self.assertEqual(method.name, "onUnSubscribe")
        for value in ("unsubscribe", "unSubscribe", "", "onUnSubscribe", "x" * 1000):
            self.assertIsNone(table.target(value))

    def test_scripts(self) -> None:
        """
        Names may be of any script.
        """
        for name, value in (("onÄrger", "ärger"), ("on消息", "消息"), ("on7Up", "7 up")):
            table = self.table(withMember(name, lambda self, data: None), "event")
            self.assertEqual(table.target(value), table.byName[name])

    def test_byValue(self) -> None:
        """
        A method with a value is found by exactly that, not by its name.
        """

        class Talk(Service):
            @dispatcherConfig("un subscribe")
            def onLeave(self, data: dict[str, Any]) -> None: ...

        table = self.table(Talk, "event")
        self.assertEqual(table.target("un subscribe"), table.byValue["un subscribe"])
        for value in ("leave", "un_subscribe", "Un subscribe"):
            self.assertIsNone(table.target(value))

    def test_valueFirst(self) -> None:
        """
        A value goes before a derived name: here the two are the same method's.
        """

        class Talk(Service):
            @dispatcherConfig("leave")
            def onLeave(self, data: Any) -> None: ...

            @dispatcherConfig("stay")
            def onGo(self, data: Any) -> None: ...

            def onStart(self, data: Any) -> None: ...

        table = self.table(Talk, "event")
        names = [getattr(table.target(value), "name", None) for value in ("leave", "stay", "go", "start")]
        self.assertEqual(names, ["onLeave", "onGo", None, "onStart"])

    def test_reserved(self) -> None:
        """
        No type reaches a fixed method by a derived name, but a value may be any (decision 7).
        """

        class Talk(Service):
            def onOpen(self) -> None: ...
            def onClose(self) -> None: ...
            def onMessage(self, data): ...  # type: ignore[no-untyped-def]
            def onPing(self, data: bytes) -> None: ...
            def onError(self, error: Error) -> None: ...
            def onHeartbeat(self, data: Any) -> None: ...
            def onHeartbeatError(self, error: Error) -> None: ...

            @dispatcherConfig("ping")
            def onKnock(self, data: Any) -> None: ...

        table = self.table(Talk, "event")
        for value in ("open", "close", "message", "error", "text message", "heartbeat error", "idle timeout"):
            self.assertIsNone(table.target(value), value)
        self.assertEqual(getattr(table.target("ping"), "name", None), "onKnock")

    def test_noKey(self) -> None:
        """
        Without a C{dispatcherKey} nothing would call the method; a typo gets a suggestion.
        """
        for name, mend in (
            ("onTextMesage", "did you mean onTextMessage? else "),
            ("onBinary", "did you mean onBinaryMessage? else "),
            ("onMesage", "did you mean onMessage? else "),
            ("onQuery", ""),
        ):
            mend += "set the service's dispatcherKey, or rename it"
            kind = withMember(name, lambda self, text: None)
            self.assertEqual(self.refused(kind, name), ("nothing ever calls it", mend))
            self.assertIn(name, self.table(kind, "event").byName)

    def test_needsData(self) -> None:
        """
        A method of custom dispatch takes the message (108).
        """

        class Talk(Service):
            def onHeartbeat(self, caller: Caller) -> None: ...

        self.assertEqual(
            self.refused(Talk, "onHeartbeat", "event"),
            ("it has no parameter for the data", "its parameters may be (self, caller, data)"),
        )

    def test_returns(self) -> None:
        """
        Its result must be one that can be sent (213).
        """

        class Talk(Service):
            def onHeartbeat(self, data: Any) -> Opaque: ...

        self.assertTrue(self.refused(Talk, "onHeartbeat", "event")[0].startswith("Opaque cannot be sent"))

    def test_unbindable(self) -> None:
        """
        Its data must be something that a message can become.
        """

        class Talk(Service):
            def onHeartbeat(self, data: Opaque) -> None: ...

        self.assertTrue(
            self.refused(Talk, "onHeartbeat", "event")[0].startswith("no message can become Opaque")
        )

    def test_valueTwice(self) -> None:
        """
        Two methods with one value are refused (218).
        """

        class Talk(Service):
            @dispatcherConfig("leave")
            def onGo(self, data: Any) -> None: ...

            @dispatcherConfig("leave")
            def onQuit(self, data: Any) -> None: ...

        self.assertEqual(
            self.refused(Talk, "onQuit", "event"),
            ("onGo has the value 'leave' too", "give it another value"),
        )

    def test_valueAndName(self) -> None:
        """
        A value that means another method by name is refused (217), in whatever order the
        two stand.
        """
        for first, second in (("onGo", "onLeave"), ("onZap", "onLeave")):
            kind = withMember(first, dispatcherConfig("leave")(lambda self, data: None))
            setattr(kind, second, lambda self, data: None)
            self.assertEqual(
                self.refused(kind, first, "event"),
                ("the value 'leave' means onLeave too", "remove one of the two"),
            )

    def test_valueAndUnreachableName(self) -> None:
        """
        A value may mean by name what no name reaches: a fixed method, one with a value of
        its own, one for errors.
        """

        class Talk(Service):
            def onClose(self) -> None: ...

            @dispatcherConfig("close")
            def onShut(self, data: Any) -> None: ...

            @dispatcherConfig("leave")
            def onGo(self, data: Any) -> None: ...

            @dispatcherConfig("go")
            def onLeave(self, data: Any) -> None: ...

            def onPay(self, data: Any) -> None: ...
            def onPayError(self, error: Error) -> None: ...

            @dispatcherConfig("pay error")
            def onDispute(self, data: Any) -> None: ...

        table = self.table(Talk, "event")
        found = {value: method.name for value, method in table.byValue.items()}
        self.assertEqual(
            found, {"close": "onShut", "leave": "onGo", "go": "onLeave", "pay error": "onDispute"}
        )

    def test_wordlessValue(self) -> None:
        """
        A value without a word in it means no name.
        """
        kind = withMember("onNothing", dispatcherConfig("--")(lambda self, data: None))
        self.assertEqual(set(self.table(kind, "event").byValue), {"--"})


class ErrorMethodTests(MethodTestCase):
    """
    C{on<X>Error}.
    """

    def test_found(self) -> None:
        """
        It belongs to its method, fixed or custom, and is none of custom dispatch.
        """

        class Talk(Service):
            def onMessage(self, data: int) -> None: ...
            def onMessageError(self, error: PayloadBindingError) -> None: ...
            def onOrder(self, data: Order) -> None: ...
            def onOrderError(self, peer: Caller, problem: Error) -> NormalClosure: ...
            def onOther(self, data: Order) -> None: ...

        table = self.table(Talk, "event")
        self.assertEqual(set(table.byName), {"onOrder", "onOther"})
        self.assertIsNone(table.byName["onOther"].error)
        found = [table.fixed["onMessage"].error, table.byName["onOrder"].error]
        self.assertEqual(
            [(method.name, method.order) for method in found if method],
            [("onMessageError", ("error",)), ("onOrderError", ("caller", "error"))],
        )

    def test_parameters(self) -> None:
        """
        It takes a caller and the error, which is required.
        """
        for function, problem in (
            (lambda self, caller: None, "it has no parameter for the error"),
            (lambda self, caller, error, more: None, "nothing can be given to the parameter 'more'"),
        ):
            kind = withMember("onMessage", lambda self, data: None)
            kind.onMessageError = function  # type: ignore[attr-defined]
            self.assertEqual(
                self.refused(kind, "onMessageError"), (problem, "its parameters may be (self, caller, error)")
            )

    def test_returns(self) -> None:
        """
        Of what it returns only a close frame acts (205).
        """

        class Talk(Service):
            def onMessage(self, data: int) -> None: ...
            def onMessageError(self, error: Error) -> str: ...

        self.assertEqual(self.refused(Talk, "onMessageError")[0], "it returns str, which nobody gets")

    def test_value(self) -> None:
        """
        It is not reached by a value: that would call it with a message.
        """

        class Talk(Service):
            def onPay(self, data: Any) -> None: ...

            @dispatcherConfig("x")
            def onPayError(self, error: Any) -> None: ...

        self.assertEqual(
            self.refused(Talk, "onPayError", "event"),
            ("it takes the errors of onPay and has a dispatcherConfig", "rename the method"),
        )

    def test_orphan(self) -> None:
        """
        Without its method nothing calls it, for no type reaches it by its name (ruling 5).
        """

        class Talk(Service):
            def onPay(self, data: Any) -> None: ...
            def onPeyError(self, error: Any) -> None: ...

        self.assertEqual(
            self.refused(Talk, "onPeyError", "event"),
            ("there is no onPey whose errors it could take", "did you mean onPayError?"),
        )
        self.assertEqual(
            self.refused(withMember("onRefundError", lambda self, error: None), "onRefundError", "event"),
            (
                "there is no onRefund whose errors it could take",
                "write onRefund, or give it a dispatcherConfig",
            ),
        )

    def test_orphanWithValue(self) -> None:
        """
        With a value it is a method like others.
        """
        kind = withMember("onPaymentError", dispatcherConfig("payment error")(lambda self, data: None))
        self.assertEqual(self.table(kind, "event").byValue["payment error"].name, "onPaymentError")


class InvocationTests(DefinitionTestCase):
    """
    A method as a function of the service, the caller and its data.
    """

    def invoked(self, order: tuple[str, ...], function: Any = lambda self, *given: given) -> Any:
        """
        @return: what a method with these parameters is given, whether it is the class's or the object's.
        """
        kind = withMember("onX", function)
        method = RemoteMethod(kind, "onX", order)
        given = method.invocation()(kind(), "caller", "data")
        self.assertEqual(method.invokeLate(kind(), "caller", "data"), given)
        return given

    def test_orders(self) -> None:
        """
        Data alone, data after the caller, data before the caller.
        """
        self.assertEqual(self.invoked(("data",)), ("data",))
        self.assertEqual(self.invoked(("caller", "data")), ("caller", "data"))
        self.assertEqual(self.invoked(("data", "caller")), ("data", "caller"))

    def test_otherDescriptors(self) -> None:
        """
        What is no plain function is called as the object has it.
        """
        made = functools.partialmethod(lambda self, *given: given, "first")
        self.assertEqual(self.invoked(("caller", "data"), made), ("first", "caller", "data"))

    def test_ofTheObject(self) -> None:
        """
        A method that was put on one object, as tests do, is called for it and for no other.
        """

        class Talk(Service):
            def onTextMessage(self, text: str) -> str:
                return "the class's " + text

        class Answer(Service):
            def onBinaryMessage(self, data: bytes) -> bytes:
                return b"the class's " + data

        for index, kind, name, said in ((0, Talk, "onTextMessage", "x"), (1, Answer, "onBinaryMessage", b"x")):
            table = self.table(kind)
            patched = kind()
            setattr(patched, name, lambda data: ("the object's", data))
            self.assertEqual(table.dispatches(patched)[index](patched, "caller", said), ("the object's", said))
            other = kind()
            self.assertIn("the class's", str(table.dispatches(other)[index](other, "caller", said)))

    def test_ofTheClassSince(self) -> None:
        """
        So is one that was put on the class after its table was made.
        """

        class Talk(Service):
            def onTextMessage(self, text: str) -> str:
                return "former"

        table = self.table(Talk)
        Talk.onTextMessage = lambda self, text: "present"  # type: ignore[method-assign]
        talk = Talk()
        self.assertEqual(table.dispatches(talk)[0](talk, "caller", "x"), "present")
