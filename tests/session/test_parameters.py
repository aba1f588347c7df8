"""
Tests of L{balws.session.parameters}.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks

from balws.errors import Error, PayloadBindingError
from balws.interfaces import Service
from balws.session.caller import Caller
from balws.session.methods import CALLER, CODE, DATA, ERROR, FIXED, REASON, TEXT
from balws.session.parameters import Signature, annotationsOf, match, shown
from tests.session import evaluated
from tests.session.doubles import DefinitionTestCase


class Order:
    """
    Something that a message may be.
    """


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    """
    A decorator that hides the signature from nobody.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def hiding(function: Callable[..., Any]) -> Callable[..., Any]:
    """
    A decorator that hides it.
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class ParameterTestCase(DefinitionTestCase):
    """
    Matches functions as the methods of a class C{Talk}.
    """

    def orderOf(self, function: Callable[..., Any], name: str = "onTextMessage") -> tuple[str, ...]:
        """
        @return: what the parameters of a function are when it is this method.
        """
        return self.matched(function, name).order

    def matched(self, function: Callable[..., Any], name: str) -> Signature:
        """
        @return: what a function is as this method.
        """
        return match("Talk", name, function, FIXED.get(name, (CALLER, DATA)))

    def refused(self, function: Callable[..., Any], name: str = "onTextMessage") -> str:
        """
        @return: why it cannot be this method.
        """
        return self.refusal(lambda: self.matched(function, name), "Talk", name).problem


class MatchTests(ParameterTestCase):
    """
    By annotation, else by name, else by position.
    """

    def test_byAnnotation(self) -> None:
        """
        Annotations count more than names and order.
        """

        def turned(self: Any, caller: str, text: Caller) -> None: ...

        self.assertEqual(self.orderOf(turned), ("text", "caller"))

    def test_byName(self) -> None:
        """
        Without annotations the names count.
        """

        def turned(self, text, caller): ...  # type: ignore[no-untyped-def]

        self.assertEqual(self.orderOf(turned), ("text", "caller"))

    def test_byPosition(self) -> None:
        """
        Names that mean nothing are taken in order, the caller first.
        """

        def plain(self, a, b): ...  # type: ignore[no-untyped-def]

        self.assertEqual(self.orderOf(plain), ("caller", "text"))

    def test_oneByPosition(self) -> None:
        """
        The only parameter is the message, for the caller may be left out.
        """

        def plain(self, a): ...  # type: ignore[no-untyped-def]

        self.assertEqual(self.orderOf(plain), ("text",))

    def test_mixed(self) -> None:
        """
        What an annotation and a name leave over is matched by position.
        """

        def annotated(self, a, b: str): ...  # type: ignore[no-untyped-def]

        def named(self, a, text): ...  # type: ignore[no-untyped-def]

        self.assertEqual(self.orderOf(annotated), ("caller", "text"))
        self.assertEqual(self.orderOf(named), ("caller", "text"))

    def test_everyName(self) -> None:
        """
        Each role is known by all of its names.
        """
        for role in (CALLER, TEXT, DATA, CODE, REASON, ERROR):
            for name in role.names:
                function = eval(f"lambda self, {name}: None")
                self.assertEqual(match("Talk", "onX", function, (role,)).order, (role.name,))

    def test_everyFixedMethod(self) -> None:
        """
        Each fixed method takes all that the specification gives it, in its order, and in
        the opposite one.
        """
        expected = {
            "onOpen": ("caller",),
            "onTextMessage": ("caller", "text"),
            "onBinaryMessage": ("caller", "data"),
            "onMessage": ("caller", "data"),
            "onPing": ("caller", "data"),
            "onPong": ("caller", "data"),
            "onIdleTimeout": ("caller",),
            "onClose": ("caller", "statusCode", "reason"),
            "onError": ("caller", "error"),
        }
        self.assertEqual(set(expected), set(FIXED))
        for name, roles in expected.items():
            for order in (roles, roles[::-1]):
                named = eval(f"lambda self, {', '.join(order)}: None")
                self.assertEqual(self.orderOf(named, name), order)
            byPosition = eval(f"lambda self, {', '.join('abc'[: len(roles)])}: None")
            self.assertEqual(self.orderOf(byPosition, name), roles)

    def test_withoutCaller(self) -> None:
        """
        The caller may be left out everywhere.
        """
        for name, roles in FIXED.items():
            rest = tuple(role.name for role in roles[1:])
            function = eval(f"lambda {', '.join(('self', *rest))}: None")
            self.assertEqual(self.orderOf(function, name), rest)

    def test_custom(self) -> None:
        """
        A method of custom dispatch takes a caller and data of any type.
        """

        def order(self: Any, order: Order, peer: Caller) -> None: ...

        signature = self.matched(order, "onOrder")
        self.assertEqual(signature.order, ("data", "caller"))
        self.assertEqual(signature.annotations, {"data": Order, "caller": Caller})

    def test_returns(self) -> None:
        """
        The annotation of the result is kept; without one that is known, too.
        """

        def declared(self: Any, text: str) -> Order: ...

        def silent(self, text): ...  # type: ignore[no-untyped-def]

        self.assertIs(self.matched(declared, "onTextMessage").returns, Order)
        self.assertIs(self.matched(silent, "onTextMessage").returns, inspect.Signature.empty)

    def test_subclassOfCaller(self) -> None:
        """
        An annotation with a subclass of the caller means the caller.
        """

        class Known(Caller):
            pass

        def typed(self, text: str, known: Known): ...  # type: ignore[no-untyped-def]

        typed.__annotations__["known"] = Known
        self.assertEqual(self.orderOf(typed), ("text", "caller"))

    def test_anything(self) -> None:
        """
        C{Any} and C{object} say nothing: then the name or the position counts.
        """

        def typed(self: Any, caller: Any, text: object) -> None: ...

        self.assertEqual(self.orderOf(typed), ("caller", "text"))

    def test_errors(self) -> None:
        """
        An error may be declared as any exception, or as a union of some.
        """

        def own(self: Any, a: PayloadBindingError) -> None: ...

        def any_(self: Any, a: BaseException) -> None: ...

        def union(self: Any, a: Error | OSError) -> None: ...

        for function in (own, any_, union):
            self.assertEqual(self.orderOf(function, "onError"), ("error",))


class FormTests(ParameterTestCase):
    """
    Every way to write a function.
    """

    def test_default(self) -> None:
        """
        A default that nothing matches stays; one that something matches does not.
        """

        def kept(self: Any, text: str, limit: int = 5) -> None: ...

        def given(self: Any, caller: Caller | None = None, text: str = "") -> None: ...

        given.__annotations__["caller"] = Caller
        self.assertEqual(self.orderOf(kept), ("text",))
        self.assertEqual(self.orderOf(given), ("caller", "text"))

    def test_keywordOnly(self) -> None:
        """
        A parameter by keyword keeps its default.
        """

        def keyword(self: Any, text: str, *, limit: int = 5) -> None: ...

        self.assertEqual(self.orderOf(keyword), ("text",))

    def test_keywords(self) -> None:
        """
        C{**kwargs} gets nothing.
        """

        def keywords(self: Any, text: str, **more: Any) -> None: ...

        self.assertEqual(self.orderOf(keywords), ("text",))

    def test_positionalOnly(self) -> None:
        """
        Parameters that have no name outside are given as others are.
        """

        def positional(self: Any, caller: Caller, text: str, /) -> None: ...

        self.assertEqual(self.orderOf(positional), ("caller", "text"))

    def test_inlineCallbacks(self) -> None:
        """
        C{inlineCallbacks} changes nothing but the result, which is that of the generator.
        """

        @inlineCallbacks
        def waiting(self: Any, said: str, peer: Caller) -> Generator[Deferred[Any], Any, Order]:
            yield peer.writeTextMessage(said)
            return Order()

        @inlineCallbacks
        def silent(self, text):  # type: ignore[no-untyped-def]
            yield

        signature = self.matched(waiting, "onTextMessage")
        self.assertEqual(signature.order, ("text", "caller"))
        self.assertIs(signature.returns, Order)
        self.assertIs(self.matched(silent, "onTextMessage").returns, inspect.Signature.empty)

    def test_async(self) -> None:
        """
        A coroutine function is matched as any other.
        """

        async def waiting(self: Any, said: str, peer: Caller) -> Order: ...

        self.assertEqual(self.orderOf(waiting), ("text", "caller"))

    def test_decorated(self) -> None:
        """
        A decorator that uses C{functools.wraps} is looked through.
        """

        @decorated
        def plain(self: Any, said: str, peer: Caller) -> None: ...

        self.assertEqual(self.orderOf(plain), ("text", "caller"))

    def test_partialmethod(self) -> None:
        """
        What C{functools.partialmethod} leaves open is given.
        """

        class Talk(Service):
            def talk(self, kind: int, said: str, peer: Caller) -> str:
                return said * kind

            @inlineCallbacks
            def wait(self, kind: int, said: str) -> Generator[Deferred[Any], Any, Order]:
                yield
                return Order()

            onTextMessage = functools.partialmethod(talk, 3)
            onMessage = functools.partialmethod(wait, 3)

        signature = self.matched(Talk.onTextMessage, "onTextMessage")
        self.assertEqual(signature.order, ("text", "caller"))
        self.assertIs(signature.returns, str)
        self.assertIs(self.matched(Talk.onMessage, "onMessage").returns, Order)

    def test_objects(self) -> None:
        """
        Annotations may be objects, or text within quotes.
        """
        self.assertEqual(self.orderOf(evaluated.written), ("text", "caller"))
        self.assertEqual(self.orderOf(evaluated.unquoted), ("caller", "text"))
        self.assertEqual(self.matched(evaluated.unquoted, "onTextMessage").returns, str | None)

    def test_closure(self) -> None:
        """
        A class of the function around, which the method itself uses, is known.
        """

        class Local:
            pass

        def local(self: Any, data: Local) -> Local:
            return Local()

        self.assertIs(self.matched(local, "onMessage").annotations["data"], Local)


class RefusedTests(ParameterTestCase):
    """
    Parameters that nothing can be given to.
    """

    def test_wrongAnnotation(self) -> None:
        """
        An annotation that is against what the parameter is, is refused, for each role.
        """
        wrong = {
            "onOpen": "caller",
            "onTextMessage": "text",
            "onBinaryMessage": "data",
            "onPing": "data",
            "onPong": "data",
            "onIdleTimeout": "caller",
            "onClose": "statusCode",
            "onError": "error",
        }
        for name, role in wrong.items():
            function = eval(f"lambda self, {role}: None")
            function.__annotations__[role] = Order
            self.assertEqual(
                self.refused(function, name), f"the parameter {role!r} is the {role} and cannot be Order"
            )

    def test_wrongReason(self) -> None:
        """
        A reason is text.
        """

        def numbers(self: Any, statusCode: int, reason: float) -> None: ...

        self.assertEqual(
            self.refused(numbers, "onClose"), "the parameter 'reason' is the reason and cannot be float"
        )

    def test_wrongUnion(self) -> None:
        """
        A union that holds something else than errors is no error.
        """

        def union(self: Any, error: Error | None) -> None: ...

        self.assertIn("is the error and cannot be", self.refused(union, "onError"))

    def test_controlFramesAreBytes(self) -> None:
        """
        Pings and pongs carry bytes: another kind of bytes would have to be made.
        """

        def mutable(self: Any, data: bytearray) -> None: ...

        self.assertEqual(self.orderOf(mutable, "onBinaryMessage"), ("data",))
        for name in ("onPing", "onPong"):
            self.assertEqual(
                self.refused(mutable, name), "the parameter 'data' is the data and cannot be bytearray"
            )

    def test_tooMany(self) -> None:
        """
        A parameter beyond those that are given is named.
        """

        def many(self, caller, text, more): ...  # type: ignore[no-untyped-def]

        self.assertEqual(self.refused(many), "nothing can be given to the parameter 'more'")

    def test_twice(self) -> None:
        """
        What is given once is not given twice.
        """

        def twice(self: Any, a: str, b: str) -> None: ...

        self.assertEqual(self.refused(twice), "the parameter 'b' is the caller and cannot be str")

    def test_missing(self) -> None:
        """
        Without a parameter for the message a method makes no sense, nor does one for
        errors without the error.
        """

        def nothing(self: Any) -> None: ...

        def callerOnly(self: Any, peer: Caller) -> None: ...

        expected = {
            "onTextMessage": "text",
            "onBinaryMessage": "data",
            "onMessage": "data",
            "onPing": "data",
            "onPong": "data",
            "onError": "error",
            "onOrder": "data",
        }
        for name, role in expected.items():
            self.assertEqual(self.refused(nothing, name), f"it has no parameter for the {role}")
            self.assertEqual(self.refused(callerOnly, name), f"it has no parameter for the {role}")

    def test_mend(self) -> None:
        """
        The error says what the parameters may be.
        """

        def nothing(self: Any) -> None: ...

        error = self.refusal(lambda: self.matched(nothing, "onTextMessage"), "Talk", "onTextMessage")
        self.assertEqual(error.mend, "its parameters may be (self, caller, text)")

    def test_varPositional(self) -> None:
        """
        C{*args} does not say what it is: also where a decorator made it.
        """

        def star(self: Any, *args: Any) -> None: ...

        def bare(*args: Any) -> None: ...

        @hiding
        def hidden(self: Any, text: str) -> None: ...

        self.assertEqual(self.refused(star), "the parameter '*args' is not given by position")
        self.assertEqual(self.refused(bare), "the parameter '*args' is not given by position")
        self.assertEqual(self.refused(hidden), "the parameter '*args' is not given by position")

    def test_keywordOnly(self) -> None:
        """
        A parameter by keyword that has no default would never get a value.
        """

        def keyword(self: Any, text: str, *, limit: int) -> None: ...

        self.assertEqual(self.refused(keyword), "the parameter 'limit' is not given by position")

    def test_keywordOnlyRole(self) -> None:
        """
        A parameter by keyword that is meant to be given is not left at its default.
        """

        def named(self, text, *, caller=None): ...  # type: ignore[no-untyped-def]

        def annotated(self: Any, text: str, *, peer: Caller = None) -> None: ...  # type: ignore[assignment]

        self.assertEqual(self.refused(named), "the parameter 'caller=None' is not given by position")
        self.assertEqual(self.refused(annotated), "the parameter 'peer=None' is not given by position")

    def test_defaultBefore(self) -> None:
        """
        A default that is kept cannot stand before a parameter that is given.
        """

        def before(self: Any, limit: int = 5, text: str = "") -> None: ...

        self.assertEqual(self.refused(before), "a parameter with a default stands before one that is given")

    def test_noSelf(self) -> None:
        """
        A method is called on its service.
        """

        def bare() -> None: ...

        def keywords(**more: Any) -> None: ...

        def keyword(*, text: str = "") -> None: ...

        for function in (bare, keywords, keyword):
            self.assertEqual(self.refused(function), "it has no self")

    def test_unknownName(self) -> None:
        """
        A name that is not known where the annotation stands is named.
        """

        class Local:
            pass

        def local(self: Any, data: Local) -> None: ...

        error = self.refusal(lambda: self.matched(local, "onMessage"), "Talk", "onMessage")
        self.assertEqual(error.problem, "the annotation 'Local' is not known")
        self.assertEqual(error.mend, "define it at module level")
        self.assertEqual(self.refused(evaluated.quoted), "the annotation 'Missing' is not known")

    def test_brokenAnnotation(self) -> None:
        """
        An annotation in quotes may be anything, and fail in any way.
        """

        def plain(self: Any, text: str) -> None: ...

        expected = {
            "functools.missing": "an annotation is no type (AttributeError: ",
            "not a type": "an annotation is no type (SyntaxError: ",
            "1 / 0": "an annotation is no type (ZeroDivisionError: ",
            "str[int]": "an annotation is no type (TypeError: ",
        }
        for annotation, problem in expected.items():
            plain.__annotations__["text"] = annotation
            self.assertTrue(self.refused(plain).startswith(problem), annotation)

    def test_noType(self) -> None:
        """
        An annotation that is no type is none of a text.
        """
        self.assertEqual(
            self.refused(evaluated.numbered), "the parameter 'said' is the text and cannot be 5"
        )


class AnnotationTests(DefinitionTestCase):
    """
    L{annotationsOf} alone, as the upgrade services use it.
    """

    def test_resolved(self) -> None:
        """
        Annotations in text become what they mean, C{return} among them.
        """

        def get(self: Any, order: Order) -> Caller: ...

        self.assertEqual(annotationsOf("Talk", get), {"self": Any, "order": Order, "return": Caller})

    def test_ownName(self) -> None:
        """
        Without another name the function's own stands in the error.
        """
        self.refusal(lambda: annotationsOf("Talk", decorated(evaluated.quoted)), "Talk", "quoted")

    def test_noClosure(self) -> None:
        """
        What has no code has no annotations.
        """
        self.assertEqual(annotationsOf("Talk", str.upper), {})

    def test_shown(self) -> None:
        """
        Errors show a class by its name and anything else as it is written.
        """
        self.assertEqual(shown(Order), "Order")
        self.assertEqual(shown(list[int]), "list[int]")
        self.assertEqual(shown(5), "5")
