"""
Tests of L{balws.binding.choose}.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NewType, Optional
from xml.etree.ElementTree import Element, tostring

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.binding.choose import chooseBinder
from balws.binding.jsondata import decodeObject
from balws.errors import PayloadBindingError, PayloadValidationError
from balws.interfaces import IDataBinder
from tests.binding.samples import BINDABLE, Colour, Lost, Order, Plain, Point, Size, scraps, steady

Name = NewType("Name", str)

#: Stands for a binding failure.
FAILS = object()


class ChoiceTests(SynchronousTestCase):
    """
    Which way messages are bound.
    """

    def assertBinds(self, declared: Any, message: str | bytes, expected: object) -> None:
        """
        Fail unless the message becomes the expected value.
        """
        binder = chooseBinder(declared)
        bind: Callable[[Any], Any] = binder.fromText if isinstance(message, str) else binder.fromBinary
        if expected is FAILS:
            self.assertRaises(PayloadBindingError, bind, message)
            return
        value = bind(message)
        if isinstance(value, Element):
            value = tostring(value, "unicode")
        self.assertEqual((type(value), value), (type(expected), expected))

    def test_interface(self) -> None:
        """
        Whatever is declared, the choice is a data binder.
        """
        for declared in BINDABLE:
            self.assertTrue(verifyObject(IDataBinder, chooseBinder(declared)))

    def test_alone(self) -> None:
        """
        Text, bytes and XML are taken as such, everything else as JSON (tables A4.10 and A4.11).
        """
        for declared, message, expected in (
            (str, "1", "1"),
            (str, b"1", "1"),
            (Name, "1", "1"),
            (Annotated[str, "a note"], "1", "1"),
            (bytes, "1", b"1"),
            (bytes, b"1", b"1"),
            (bytearray, b"1", bytearray(b"1")),
            (Element, "<a/>", "<a />"),
            (Element, b"<a/>", "<a />"),
            (Annotated[Element, "a note"], "<a/>", "<a />"),
            (int, "1", 1),
            (int, b"1", 1),
            (Any, '"1"', "1"),
            (inspect.Parameter.empty, "[1]", [1]),
            (dict, '{"a":1}', {"a": 1}),
            (None, "null", None),
            (Point, b'{"x":1}', Point(1)),
            (list[str], '["a"]', ["a"]),
        ):
            self.assertBinds(declared, message, expected)

    def test_unionText(self) -> None:
        """
        In text messages a union with C{str} is the text, any other union JSON (table B26).
        """
        for declared, message, expected in (
            (int | bytes | str, "1", "1"),
            (int | str, "1", "1"),
            (Optional[str], "null", "null"),
            (Order | str, "{}", "{}"),
            (Name | int, "1", "1"),
            (Element | str, "<a/>", "<a/>"),
            (int | None, "1", 1),
            (int | bytes, "1", 1),
            (bytes | None, "null", None),
            (bytes | None, "text", FAILS),
            (bytes | int, '"aGk="', FAILS),
            (str | bytes, "1", "1"),
        ):
            self.assertBinds(declared, message, expected)

    def test_unionBinary(self) -> None:
        """
        In binary messages a union with C{bytes} is the bytes, any other union JSON (table B26).
        """
        for declared, message, expected in (
            (int | bytes | str, b"1", b"1"),
            (str | bytes, b"\xff", b"\xff"),
            (bytes | None, b"null", b"null"),
            (int | str, b"1", 1),
            (int | str, b'"1"', "1"),
            (int | str, b"text", FAILS),
            (Optional[str], b"null", None),
            (Order | str, b'"1"', "1"),
            (int | str, b"\xff", FAILS),
        ):
            self.assertBinds(declared, message, expected)

    def test_unionXml(self) -> None:
        """
        In a union with XML, what begins with an angle bracket is XML.
        """
        for declared, message, expected in (
            (Element | dict, " <a/>", "<a />"),
            (Element | dict, b"<a/>", "<a />"),
            (Element | dict, '{"a":1}', {"a": 1}),
            (Element | dict, b"{}", {}),
            (Element | dict, "<a>", FAILS),
            (Element | None, "null", None),
            (Element | bytes, "<a/>", "<a />"),
            (Element | bytes, "x", FAILS),
            (Element | bytes, b"<a/>", b"<a/>"),
            (Element | str, b"<a/>", "<a />"),
            (Element | str, b'"a"', "a"),
            (Element | str | bytes, "<a/>", "<a/>"),
        ):
            self.assertBinds(declared, message, expected)

    def test_words(self) -> None:
        """
        Literals and Enums of strings are words in text, with or without quotes, and JSON in binary.
        """
        for declared, message, expected in (
            (Literal["a", "b"], "a", "a"),
            (Literal["a", "b"], '"a"', "a"),
            (Literal["a", "b"], "c", FAILS),
            (Literal["a", "b"], b'"a"', "a"),
            (Literal["a", "b"], b"a", FAILS),
            (Literal["1", 1], "1", "1"),
            (Literal["a"] | None, "a", "a"),
            (Literal["a"] | None, "null", None),
            (Annotated[Literal["a"], "a note"], "a", "a"),
            (Colour, "red", Colour.RED),
            (Colour, '"red"', Colour.RED),
            (Colour, "RED", FAILS),
            (Size, "small", Size.SMALL),
            (Colour | int, "1", 1),
            (Colour | bytes, '"red"', Colour.RED),
            (Colour | bytes, b"red", b"red"),
        ):
            self.assertBinds(declared, message, expected)

    def test_constrainedText(self) -> None:
        """
        Constraints on text and bytes hold in text and binary messages, alone and in unions.
        """
        short = Annotated[str, Meta(max_length=2)]
        for declared in (short, short | None, Annotated[Name, Meta(max_length=2)], Annotated[NewType("N", short), ""]):
            binder = chooseBinder(declared)
            self.assertEqual(binder.fromText("ab"), "ab")
            self.assertRaises(PayloadValidationError, binder.fromText, "abc")
            self.assertEqual(chooseBinder(declared, validation=False).fromText("abc"), "abc")
        binder = chooseBinder(short | int)
        self.assertRaises(PayloadValidationError, binder.fromBinary, b'"abc"')
        binder = chooseBinder(int | Annotated[bytes, Meta(max_length=2)])
        self.assertRaises(PayloadValidationError, binder.fromBinary, b"abc")
        self.assertEqual(chooseBinder(int | Annotated[bytes, Meta(max_length=2)], False).fromBinary(b"abc"), b"abc")

    def test_saidOfAUnion(self) -> None:
        """
        A note on a union changes nothing, and a constraint on one must be for every member.
        """
        self.assertBinds(Annotated[int | str, "a note"], "1", "1")
        binder = chooseBinder(Annotated[str | bytes, Meta(max_length=2)])
        self.assertRaises(PayloadValidationError, binder.fromText, "abc")
        self.assertRaises(PayloadValidationError, binder.fromBinary, b"abc")
        self.assertRaises(TypeError, chooseBinder, Annotated[int | str, Meta(max_length=2)])

    def test_validation(self) -> None:
        """
        The switch reaches constraints in JSON, also beside text and bytes.
        """
        natural = Annotated[int, Meta(ge=0)]
        for declared in (list[natural], list[natural] | bytes):
            self.assertRaises(PayloadValidationError, chooseBinder(declared).fromText, "[-1]")
            self.assertEqual(chooseBinder(declared, False).fromText("[-1]"), [-1])

    def test_fromValue(self) -> None:
        """
        A message decoded before is bound as its text is.
        """
        text = '{"x": 1}'
        decoded = decodeObject(text)
        pairs: list[tuple[Any, Any]] = [
            (str, text),
            (Point | str, text),
            (bytes, text.encode()),
            (Point, Point(1)),
            (Point | bytes, Point(1)),
            (Element | Point, Point(1)),
            (Colour | dict, {"x": 1}),
        ]
        for declared, expected in pairs:
            self.assertEqual(chooseBinder(declared).fromValue(decoded, text), expected)
        others: list[Any] = [Element, Element | bytes, Order, Literal["a"]]
        for declared in others:
            self.assertRaises(PayloadBindingError, chooseBinder(declared).fromValue, decoded, text)

    def test_refused(self) -> None:
        """
        What no message can become is refused at once, with its name and what can be declared instead.
        """
        for declared, name in (
            (Plain, "Plain"),
            (list[Plain], "Plain"),
            (Plain | None, "Plain"),
            (Plain | str, "Plain"),
            (Plain | str | bytes, "Plain"),
            (Callable[[], int], "Callable"),
            (Iterator[int], "Iterator"),
            (list[Element], "Element"),
            (complex, "complex"),
            (msgspec.Raw, "Raw"),
            (bytes | bytearray, "bytearray"),
            (Annotated[str, Meta(ge=1)], "str"),
            (Lost, "Nowhere"),
            (5, "5"),
            ("Order", "Order"),
            (Order | Point, "Order"),
        ):
            text = str(self.assertRaises(TypeError, chooseBinder, declared))
            self.assertIn(name, text)
            self.assertIn("what can be bound: str, bytes", text)

    @steady
    @given(st.text() | scraps)
    def test_anyText(self, text: str) -> None:
        """
        Whatever text a peer sends, it is bound or a binding failure whose text is short, for every type.
        """
        for declared, binder in _BINDERS:
            self._bind(declared, binder.fromText, text)
            decoded = decodeObject(text)
            if decoded is not None:
                self._bind(declared, lambda text: binder.fromValue(decoded, text), text)  # noqa: B023 - called here

    @steady
    @given(st.binary() | scraps.map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_anyBytes(self, data: bytes) -> None:
        """
        Whatever bytes a peer sends, they are bound or a binding failure whose text is short, for every type.
        """
        for declared, binder in _BINDERS:
            self._bind(declared, binder.fromBinary, data)

    def _bind(self, declared: Any, bind: Callable[[Any], Any], message: Any) -> None:
        try:
            bind(message)
        except PayloadBindingError as error:
            self.assertLess(len(str(error)), 500)
        except Exception as error:
            self.fail(f"{declared}: {message!r} raised {error!r}")


_BINDERS = [(declared, chooseBinder(declared)) for declared in BINDABLE]
