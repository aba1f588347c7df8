"""
Tests of L{balws.binding.jsondata}.
"""

from __future__ import annotations

import datetime
import json
import math
import time
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.binding.jsondata import JsonBinder, WordBinder, decodeObject, encodeJson
from balws.errors import PayloadBindingError, PayloadValidationError
from balws.interfaces import IDataBinder
from tests.binding.samples import (
    Area,
    Broken,
    Colour,
    Entry,
    Frozen,
    Guarded,
    Item,
    Level,
    Money,
    Node,
    Open,
    Order,
    Pair,
    Plain,
    Point,
    Shut,
    documents,
    scraps,
    steady,
)

Natural = Annotated[int, Meta(ge=0)]


def bound(declared: Any, text: str, validation: bool = True) -> Any:
    """
    @return: what a text message becomes.
    """
    return JsonBinder(declared, validation).fromText(text)


class JsonTests(SynchronousTestCase):
    """
    JSON messages into declared types.
    """

    def refusal(self, declared: Any, text: str, validation: bool = True) -> PayloadBindingError:
        """
        Fail unless the text, and the same as binary, is refused.

        @return: the error, which is no validation failure.
        """
        binder = JsonBinder(declared, validation)
        error: PayloadBindingError = self.assertRaises(PayloadBindingError, binder.fromText, text)
        self.assertRaises(PayloadBindingError, binder.fromBinary, text.encode("utf-8", "surrogatepass"))
        self.assertNotIsInstance(error, PayloadValidationError)
        return error

    def violation(self, declared: Any, text: str) -> PayloadValidationError:
        """
        Fail unless the text, the same as binary, and its decoded value are a validation failure.
        """
        binder = JsonBinder(declared, True)
        error: PayloadValidationError = self.assertRaises(PayloadValidationError, binder.fromText, text)
        self.assertRaises(PayloadValidationError, binder.fromBinary, text.encode())
        self.assertRaises(PayloadValidationError, binder.fromValue, msgspec.json.decode(text), text)
        return error

    def test_interface(self) -> None:
        """
        The binders of JSON are data binders.
        """
        json = JsonBinder(int, True)
        for binder in (json, WordBinder({}, json)):
            self.assertTrue(verifyObject(IDataBinder, binder))

    def test_types(self) -> None:
        """
        JSON becomes what is declared, from text and binary messages alike.
        """
        moment = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
        name = uuid.UUID(int=1)
        for declared, text, expected in (
            (Any, '{"a":[1,1.5,true,null,"x"]}', {"a": [1, 1.5, True, None, "x"]}),
            (object, "[1]", [1]),
            (dict, '{"a":1}', {"a": 1}),
            (list, "[1]", [1]),
            (int, "123456789012345678901234567890", 123456789012345678901234567890),
            (float, "1", 1.0),
            (bool, "true", True),
            (None, "null", None),
            (Decimal, "1.10", Decimal("1.10")),
            (Point, '{"x":1}', Point(1)),
            (Area, '{"side":1}', Area(1)),
            (Entry, '{"key":"a","value":1}', {"key": "a", "value": 1}),
            (Pair, '[1,"x"]', Pair(1, "x")),
            (Order, '{"items":[{"name":"a","price":1.5}]}', Order([Item("a", 1.5)])),
            (Node, '{"value":1,"next":{"value":2}}', Node(1, Node(2))),
            (Level, "1", Level.LOW),
            (Literal[1, 2], "2", 2),
            (int | list[str], '["a"]', ["a"]),
            (Order | None, "null", None),
            (Open | Shut, '{"event":"shut","x":1}', Shut(1)),
            (dict[int, bytes], '{"1":"aGk="}', {1: b"hi"}),
            (datetime.datetime, '"2020-01-02T03:04:05Z"', moment),
            (uuid.UUID, f'"{name}"', name),
            (set[int], "[1,1]", {1}),
            (Annotated[list[Natural], Meta(max_length=2)], "[1,2]", [1, 2]),
        ):
            binder = JsonBinder(declared, True)
            for value in (binder.fromText(text), binder.fromBinary(text.encode())):
                self.assertEqual((type(value), value), (type(expected), expected))
            self.assertEqual(repr(binder.fromText(f" \n{text}\t\r")), repr(expected))

    def test_frozen(self) -> None:
        """
        Frozen types give values that cannot be changed (table B25).
        """
        value = bound(Frozen, '{"x":1}')
        self.assertRaises(AttributeError, setattr, value, "x", 2)
        self.assertIsInstance(bound(tuple[int, ...], "[1]"), tuple)
        self.assertIsInstance(bound(frozenset[int], "[1]"), frozenset)

    def test_wrongType(self) -> None:
        """
        A message of another type is a binding failure that says what and where.
        """
        error = self.refusal(Order, '{"items":[{"name":"a","price":1},{"name":"b","price":"x"}]}')
        self.assertEqual((error.problem, error.place), ("Expected `float`, got `str`", "$.items[1].price"))
        for declared, text in ((int, "1.0"), (int, "true"), (bool, "1"), (str, "1"), (Natural, '"1"'), (dict, "[]")):
            self.refusal(declared, text)

    def test_notJson(self) -> None:
        """
        Text that is no JSON is a binding failure.
        """
        for text in ("", " ", "{", "x", "1 2", "01", "'a'", "[1,]", '{"a":1,}', "nul", "\x001", '"a\nb"'):
            self.refusal(Any, text)

    def test_unsafe(self) -> None:
        """
        NaN, infinities, overflow, byte order marks, NUL and lone surrogates are refused at any place (row DB02).
        """
        for text in (
            *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400 + ".0"),
            *("\ufeff1", "\x00", "1\x00", '"\x00"', '"\\ud800"', '"\\udc00x"', '"\ud800"'),
        ):
            for declared, whole in (
                (Any, text),
                (Any, f"[{text}]"),
                (Any, f'{{"a":{text}}}'),
                (dict, f'{{"a":{text}}}'),
                (list[float], f"[{text}]"),
                (Item, f'{{"name":"a","price":{text}}}'),
                (Money, f'{{"price":{text}}}'),
            ):
                self.refusal(declared, whole)

    def test_digits(self) -> None:
        """
        An integer may have 4299 or 4300 digits and not 4301.
        """
        for digits in (4299, 4300):
            self.assertEqual(bound(int, "9" * digits), 10**digits - 1)
        for declared in (int, Any, float, Decimal, dict[str, int]):
            text = "9" * 4301
            self.refusal(declared, f'{{"a":{text}}}' if declared == dict[str, int] else text)
        self.refusal(dict[int, int], '{"' + "9" * 4301 + '":1}')

    def test_smuggledNumbers(self) -> None:
        """
        Strings and keys that would become NaN or infinite numbers are refused.
        """
        for declared, text in (
            *(
                (Decimal, f'"{word}"')
                for word in ("NaN", "sNaN", "Infinity", "-Infinity", "1e999999999", "1e-999999999")
            ),
            (Decimal, "1e999"),
            (set[Decimal], '["sNaN"]'),
            (Money, '{"price":"NaN"}'),
            (list[Money | None], '[null,{"price":"Infinity"}]'),
            (dict[float, int], '{"nan":1}'),
            (dict[float, int], '{"inf":1}'),
            (dict[Decimal, int], '{"NaN":1}'),
        ):
            self.refusal(declared, text)

    def test_depth(self) -> None:
        """
        Nesting of 64 is accepted and of 65 refused, whatever the type, also in members that are skipped.
        """
        for levels in (63, 64):
            self.assertIsInstance(bound(Any, "[" * levels + "]" * levels), list)
            bound(Item, '{"name":"a","price":1,"more":' + "[" * (levels - 1) + "]" * (levels - 1) + "}")
        for declared, text in (
            (Any, "[" * 65 + "]" * 65),
            (Item, '{"name":"a","price":1,"more":' + "[" * 64 + "]" * 64 + "}"),
            (Node, '{"value":1,"next":' * 64 + '{"value":1}' + "}" * 64),
        ):
            self.assertEqual(self.refusal(declared, text).problem, "the JSON is nested deeper than 64")
        self.assertEqual(bound(Any, '"' + "[" * 100 + '"'), "[" * 100)

    def test_veryDeep(self) -> None:
        """
        A depth of 100 000 is refused at once, without recursion.
        """
        for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
            begin = time.process_time()
            self.refusal(Any, text)
            self.assertIsNone(decodeObject(text))
            # Each of the three takes about 5 ms; the bound leaves room for slow machines.
            self.assertLess(time.process_time() - begin, 0.5)

    def test_duplicates(self) -> None:
        """
        Of duplicate keys the last wins.
        """
        for declared in (Any, dict, dict[str, int]):
            self.assertEqual(bound(declared, '{"x":1,"x":2}'), {"x": 2})
        self.assertEqual(bound(Point, '{"x":1,"x":2}'), Point(2))

    def test_notUtf8(self) -> None:
        """
        Binary messages are UTF-8, wherever the bytes stand, and no other encoding of JSON.
        """
        binder = JsonBinder(Item, True)
        for data in (b'{"name":"\xff","price":1}', b'{"name":"a","price":1,"z":"\xff"}', "{}".encode("utf-16")):
            error = self.assertRaises(PayloadBindingError, binder.fromBinary, data)
            self.assertEqual(error.problem, "the bytes are not UTF-8")
        self.assertRaises(PayloadBindingError, JsonBinder(int, True).fromBinary, b"\xef\xbb\xbf1")

    def test_unhashable(self) -> None:
        """
        What cannot be in a set is a binding failure and no TypeError.
        """
        for declared, text in ((set, "[[1]]"), (frozenset, "[{}]"), (set[Any], '[1,{"a":[]}]')):
            self.refusal(declared, text)
            binder = JsonBinder(declared, True)
            self.assertRaises(PayloadBindingError, binder.fromValue, msgspec.json.decode(text), text)

    def test_constraintInAnnotation(self) -> None:
        """
        Breaking only a constraint of the annotation is a validation failure with its place.
        """
        error = self.violation(list[Natural], "[1,-1]")
        self.assertEqual(str(error), "data validation failed: Expected `int` >= 0 - at `$[1]`")
        self.violation(Annotated[list[int], Meta(max_length=1)], "[1,2]")
        self.violation(dict[str, Natural], '{"a":-1}')
        self.violation(Natural | None, "-1")

    def test_constraintInClass(self) -> None:
        """
        Breaking only a constraint or check of a class is a validation failure.
        """
        error = self.violation(Order, '{"items":[],"count":-1}')
        self.assertEqual((error.problem, error.place), ("Expected `int` >= 0", "$.count"))
        self.violation(Point, '{"x":1,"y":11}')
        self.violation(Entry, '{"key":"a","value":100}')
        self.violation(Area, '{"side":-1}')
        error = self.violation(list[Guarded], '[{"x":-1}]')
        self.assertNotIn("secret", str(error))

    def test_typeBesideConstraint(self) -> None:
        """
        A message that has another type as well is a binding failure, although a constraint is broken first.
        """
        self.refusal(list[Natural], '[-1,"x"]')
        self.refusal(tuple[Natural, str], "[-1,1]")
        self.refusal(list[Natural], "[-1,")
        self.refusal(Annotated[list[Point], Meta(max_length=0)], '[{"x":"a"}]')
        self.refusal(set[Annotated[float, Meta(ge=0)] | list[int]], "[-1.0,[1]]")

    def test_bothConstraints(self) -> None:
        """
        A constraint of the annotation beside one of a class is a validation failure.
        """
        self.violation(Annotated[list[Point], Meta(max_length=1)], '[{"x":1,"y":11},{"x":1}]')

    def test_withoutValidation(self) -> None:
        """
        Without validation the constraints of the annotation are not checked; those of classes, and types, are.
        """
        self.assertEqual(bound(list[Natural], "[-1]", False), [-1])
        self.assertEqual(bound(Annotated[dict[str, Natural], Meta(min_length=2)], '{"a":-1}', False), {"a": -1})
        self.assertEqual(bound(Natural | None, "-1", False), -1)
        self.assertEqual(JsonBinder(list[Natural], False).fromValue([-1], "[-1]"), [-1])
        self.refusal(list[Natural], '["x"]', False)
        self.refusal(Order, '{"items":[],"count":-1}', False)
        self.refusal(Guarded, '{"x":-1}', False)

    def test_faultOfTheClass(self) -> None:
        """
        An error in the application's own class is no failure of the message.
        """
        self.assertRaises(KeyError, bound, Broken, '{"x":1}')

    def test_errorsHideTheirCause(self) -> None:
        """
        A traceback of a failure shows nothing of the message.
        """
        self.assertTrue(self.refusal(Colour, '"peer-text"').__suppress_context__)


class DecodedTests(SynchronousTestCase):
    """
    Messages that were decoded before, to choose the method.
    """

    def test_objects(self) -> None:
        """
        JSON objects are decoded, anything else is not.
        """
        for text, expected in (
            ("{}", {}),
            (' \t\r\n{"a":1}\n', {"a": 1}),
            ('{"event":"a","event":"b"}', {"event": "b"}),
        ):
            self.assertEqual(decodeObject(text), expected)
        for text in ("", "1", "[]", '"{}"', "null", "{", "{}x", "\ufeff{}", "\x0b{}", "\ud800", "{\ud800"):
            self.assertIsNone(decodeObject(text))

    def test_unsafe(self) -> None:
        """
        Objects that no binder accepts are no objects.
        """
        for inner in ("NaN", "1e999", "9" * 4301, '"\\ud800"', '"\ud800"', "[" * 64 + "]" * 64):
            self.assertIsNone(decodeObject(f'{{"a":{inner}}}'))
        self.assertIsNotNone(decodeObject('{"a":' + "[" * 63 + "]" * 63 + "}"))

    def test_plain(self) -> None:
        """
        Where a dict is declared, dispatch and method share one object.
        """
        decoded = {"x": 1}
        for declared in (Any, object, dict, dict[str, Any], dict[str, object]):
            self.assertIs(JsonBinder(declared, True).fromValue(decoded, '{"x": 1}'), decoded)

    def test_sameValue(self) -> None:
        """
        The method gets the value that chose it, also where a key stands twice (decision 8).
        """
        text = '{"event":"open","x":1,"event":"shut"}'
        decoded = decodeObject(text)
        assert decoded is not None
        self.assertEqual(decoded["event"], "shut")
        self.assertEqual(JsonBinder(Open | Shut, True).fromValue(decoded, text), Shut(1))
        self.assertEqual(JsonBinder(Point, True).fromValue({"x": 2}, '{"x":"a","x":2}'), Point(2))

    def test_exactNumbers(self) -> None:
        """
        Decimals keep every digit that was sent.
        """
        text = '{"price":0.1234567890123456789012345,"more":1.50}'
        decoded = decodeObject(text)
        value = JsonBinder(Money, True).fromValue(decoded, text)
        self.assertEqual(value, Money(Decimal("0.1234567890123456789012345"), 1.5))
        self.assertIsInstance(value.more, float)
        self.assertEqual(JsonBinder(dict[int, str], True).fromValue({"1": "a"}, '{"1":"a"}'), {1: "a"})

    def test_failures(self) -> None:
        """
        A decoded message of another type fails as the text does.
        """
        binder = JsonBinder(Order, True)
        error = self.assertRaises(PayloadBindingError, binder.fromValue, {"items": [1]}, '{"items":[1]}')
        self.assertEqual((error.problem, error.place), ("Expected `object`, got `int`", "$.items[0]"))
        self.assertRaises(PayloadBindingError, JsonBinder(Money, True).fromValue, {"price": "x"}, '{"price":"x"}')

    def test_strict(self) -> None:
        """
        Decoded values are taken as strictly as JSON is.
        """
        for declared, value in ((Point, {"x": "1"}), (Point, {"x": 1.5}), (dict[str, bool], {"x": 1})):
            text = json.dumps(value)
            self.assertRaises(PayloadBindingError, JsonBinder(declared, True).fromValue, value, text)

    @steady
    @given(st.dictionaries(st.sampled_from(["x", "y", "key", "value", "items", "name"]), documents))
    def test_sameAsText(self, value: dict[str, Any]) -> None:
        """
        For every object, binding the decoded value and binding the text give the same.
        """
        text = json.dumps(value)
        for declared in (Any, dict, Point, Entry, Order, Node, Money, Open | Shut, dict[str, int], dict[str, float]):
            binder = JsonBinder(declared, True)
            try:
                expected = repr(binder.fromText(text))
            except PayloadBindingError as error:
                self.assertRaises(type(error), binder.fromValue, decodeObject(text), text)
            else:
                self.assertEqual(repr(binder.fromValue(decodeObject(text), text)), expected)

    @steady
    @given(st.text() | scraps)
    def test_anyText(self, text: str) -> None:
        """
        Whatever a peer sends, the answer is an object or nothing, and it agrees with the binder of dicts.
        """
        try:
            expected = bound(dict, text)
        except PayloadBindingError:
            expected = None
        self.assertEqual(decodeObject(text), expected)


class WordTests(SynchronousTestCase):
    """
    Literals and Enums of strings.
    """

    def setUp(self) -> None:
        """
        Bind a colour, or a number.
        """
        self.words = {"red": Colour.RED, "green": Colour.GREEN}
        self.binder = WordBinder(self.words, JsonBinder(Colour | int, True))

    def test_text(self) -> None:
        """
        In text a word stands with or without quotes (table B26).
        """
        for text, expected in (("red", Colour.RED), ('"red"', Colour.RED), ("1", 1)):
            self.assertIs(self.binder.fromText(text), expected)
            self.assertIs(self.binder.fromValue(None, text) if text == "red" else expected, expected)

    def test_others(self) -> None:
        """
        Another word is a binding failure.
        """
        for text in ("blue", '"blue"', "RED", "Colour.RED", " red", ""):
            self.assertRaises(PayloadBindingError, self.binder.fromText, text)
        self.assertRaises(PayloadBindingError, self.binder.fromValue, {}, "{}")

    def test_binary(self) -> None:
        """
        In binary messages words are JSON.
        """
        self.assertIs(self.binder.fromBinary(b'"red"'), Colour.RED)
        self.assertRaises(PayloadBindingError, self.binder.fromBinary, b"red")


_orders = st.builds(
    Order,
    items=st.lists(st.builds(Item, st.text(), st.floats(allow_nan=False, allow_infinity=False)), max_size=3),
    note=st.none() | st.text(),
    count=st.integers(0),
)
_points = st.builds(Point, x=st.integers(), y=st.integers(max_value=10))
_sums = st.builds(
    Money,
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    documents,
)


class EncodeTests(SynchronousTestCase):
    """
    Values into JSON.
    """

    def test_values(self) -> None:
        """
        Everything that can be declared can be returned.
        """
        for value, expected in (
            (None, "null"),
            ("gr\u00fc\u00df", '"gr\u00fc\u00df"'),
            ([1, 1.5, True], "[1,1.5,true]"),
            ((1, (2,)), "[1,[2]]"),
            ({1}, "[1]"),
            ({1: "a"}, '{"1":"a"}'),
            (2**100, str(2**100)),
            (b"hi", '"aGk="'),
            (Point(1), '{"x":1,"y":0}'),
            (Area(1), '{"side":1}'),
            (Pair(1), '[1,"r"]'),
            (Open(), '{"event":"open","x":0}'),
            (Colour.RED, '"red"'),
            (Level.LOW, "1"),
            (datetime.date(2020, 1, 2), '"2020-01-02"'),
            (uuid.UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
            ({"a": Decimal("1.10"), "b": None}, '{"a":1.10,"b":null}'),
            (Money(Decimal("1E+3")), '{"price":1E+3,"more":null}'),
        ):
            self.assertEqual(encodeJson(value), expected)

    def test_noSuchNumber(self) -> None:
        """
        NaN and the infinities are refused wherever they stand, instead of becoming null.
        """
        for number in (math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("-Infinity")):
            for value in (number, [number], {"a": (None, number)}, Money(Decimal(1), number), {"a": {1.5: number}}):
                error = self.assertRaises(ValueError, encodeJson, value)
                self.assertEqual(str(error), f"there is no JSON for {number}")

    def test_decimalKeys(self) -> None:
        """
        A Decimal as a key is refused, as msgspec would write it without quotes.
        """
        self.assertRaises(TypeError, encodeJson, {Decimal(1): Decimal(2)})

    def test_noJson(self) -> None:
        """
        What has no JSON is refused by the name of its type.
        """
        for value, name in ((Plain(), "Plain"), ([object()], "object"), ({"a": Element("b")}, "Element")):
            self.assertIn(name, str(self.assertRaises(TypeError, encodeJson, value)))
        self.assertRaises(TypeError, encodeJson, {(1, 2): 3})
        self.assertRaises(ValueError, encodeJson, "\ud800")

    def test_cycle(self) -> None:
        """
        A value that contains itself is refused, with Decimals or without.
        """
        for first in (1, Decimal(1), None):
            value: list[Any] = [first]
            value.append(value)
            self.assertRaises(ValueError, encodeJson, value)

    @steady
    @given(documents)
    def test_roundTrip(self, value: Any) -> None:
        """
        What is sent is what is read, and what json of the standard library reads too.
        """
        text = encodeJson(value)
        self.assertEqual(bound(Any, text), value)
        self.assertEqual(json.loads(text), value)

    @steady
    @given(st.tuples(_orders, _points, _sums, st.datetimes(timezones=st.just(datetime.UTC)), st.uuids()))
    def test_typedRoundTrip(self, values: tuple[Any, ...]) -> None:
        """
        Values of declared types come back equal.
        """
        for value in (*values, *Colour):
            self.assertEqual(bound(type(value), encodeJson(value)), value)
