"""
Tests of L{balws.binding.problems}.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase

from balws.binding.problems import MAX_WORDS, closeReason, explain, isConstraint
from balws.errors import PayloadBindingError, PayloadValidationError
from tests.binding.samples import Area, Colour, Guarded, Open, Order, Pair, Shut, Strict, steady


def failure(declared: Any, text: str) -> Exception:
    """
    @return: what decoding this text raises.
    """
    try:
        msgspec.json.decode(text, type=declared)
    except (msgspec.MsgspecError, TypeError) as error:
        return error
    raise AssertionError(f"{text} is {declared}")


class ExplainTests(SynchronousTestCase):
    """
    What is wrong with a message, and where.
    """

    def test_place(self) -> None:
        """
        The place is told apart from the problem, and is empty when it is the whole message.
        """
        for declared, text, problem, place in (
            (Order, '{"items":[{"name":"a","price":"x"}]}', "Expected `float`, got `str`", "$.items[0].price"),
            (int, '"x"', "Expected `int`, got `str`", ""),
            (dict[str, int], '{"a":"b"}', "Expected `int`, got `str`", "$[...]"),
            (dict[int, int], '{"a":1}', "Expected `int`, got `str`", "a key of $"),
            (Order, "{}", "Object missing required field `items`", ""),
            (Any, "[", "Input data was truncated", ""),
            (int, "x", "JSON is malformed: invalid character (byte 0)", ""),
        ):
            self.assertEqual(explain(failure(declared, text)), (problem, place))

    def test_otherErrors(self) -> None:
        """
        Text that is not Unicode, and what cannot be hashed, are explained in words of our own.
        """
        unicodeError = self.assertRaises(UnicodeError, "\ud800".encode)
        self.assertEqual(explain(unicodeError), ("the text is not valid Unicode", ""))
        self.assertEqual(explain(failure(set, "[[1]]")), ("a value in a set, or a key, cannot be one", ""))

    def test_nothingOfTheMessage(self) -> None:
        """
        Where msgspec quotes the message, the quotation is left out.
        """
        for declared, text, expected in (
            (Colour, '"peer-text"', ("Invalid enum value", "")),
            (list[Colour], '["peer-text\\n"]', ("Invalid enum value", "$[0]")),
            (Literal[1, 2], "777", ("Invalid enum value", "")),
            (list[Strict], '[{"x":1,"peer-text":2}]', ("Object contains unknown field", "$[0]")),
            (Open | Shut, '{"event":"peer-text"}', ("Invalid value", "$.event")),
        ):
            self.assertEqual(explain(failure(declared, text)), expected)

    def test_forgedPlace(self) -> None:
        """
        A peer cannot put blanks, line ends or control characters into the place.
        """
        for forged in ("$ x", "$\\n", "$\\u001b[2J", "$\\u0085", "$\\u00a0"):
            error = failure(Strict, '{"x":1,"peer` - at `' + forged + '":1}')
            self.assertEqual(explain(error), ("Object contains unknown field", ""))

    def test_nothingOfTheApplication(self) -> None:
        """
        What a class of the application raises is not repeated; the place is.
        """
        for declared, text in ((list[Guarded], '[{"x":-1}]'), (list[Area], '[{"side":-1}]')):
            error = failure(declared, text)
            self.assertIn("-1" if declared == list[Area] else "secret", str(error))
            self.assertEqual(explain(error), ("the value was refused by its class", "$[0]"))

    def test_bounded(self) -> None:
        """
        Problems and places are cut: the end of a problem, the beginning of a place.
        """
        problem, _ = explain(failure(Annotated[str, Meta(pattern="x" * 500)], '"y"'))
        self.assertEqual(len(problem), MAX_WORDS)
        self.assertTrue(problem.startswith("Expected `str` matching regex 'xxx"))
        self.assertTrue(problem.endswith("x..."))
        deep: Any = msgspec.defstruct("Deep", [("z" * 300, int)])
        _, place = explain(failure(deep, '{"' + "z" * 300 + '":"a"}'))
        self.assertEqual(place, "..." + "z" * (MAX_WORDS - 3))


class ConstraintTests(SynchronousTestCase):
    """
    Constraints told from types.
    """

    def test_constraints(self) -> None:
        """
        The text of every kind of constraint that msgspec knows is recognised.
        """
        for declared, text in (
            (Annotated[int, Meta(ge=0)], "-1"),
            (Annotated[int, Meta(gt=0)], "0"),
            (Annotated[int, Meta(le=0)], "1"),
            (Annotated[int, Meta(lt=0)], "0"),
            (Annotated[int, Meta(multiple_of=2)], "1"),
            (Annotated[float, Meta(ge=0)], "-1.5"),
            (Annotated[float, Meta(gt=0)], "0.0"),
            (Annotated[float, Meta(le=0)], "1.5"),
            (Annotated[float, Meta(lt=0)], "0.0"),
            (Annotated[float, Meta(multiple_of=2)], "1.5"),
            (Annotated[str, Meta(min_length=1)], '""'),
            (Annotated[str, Meta(max_length=1)], '"ab"'),
            (Annotated[str, Meta(pattern="^a")], '"b"'),
            (Annotated[bytes, Meta(max_length=0)], '"aGk="'),
            (Annotated[list[int], Meta(min_length=1)], "[]"),
            (Annotated[list[int], Meta(max_length=1)], "[1,2]"),
            (Annotated[dict[str, int], Meta(min_length=1)], "{}"),
            (Annotated[dict[str, int], Meta(max_length=0)], '{"a":1}'),
            (Annotated[datetime.datetime, Meta(tz=True)], '"2020-01-01T00:00:00"'),
            (Annotated[datetime.datetime, Meta(tz=False)], '"2020-01-01T00:00:00Z"'),
            (Guarded, '{"x":-1}'),
            (Area, '{"side":-1}'),
        ):
            error = failure(declared, text)
            assert isinstance(error, msgspec.ValidationError)
            self.assertTrue(isConstraint(error), str(error))

    def test_types(self) -> None:
        """
        What is of the wrong type breaks no constraint, also where lengths are compared.
        """
        for declared, text in (
            (int, '"a"'),
            (int, "9" * 5000),
            (float, "1e999"),
            (str, "1"),
            (tuple[int, str], "[1]"),
            (Pair, "[]"),
            (Order, "{}"),
            (Strict, '{"x":1,"Expected `int` >= 0":1}'),
            (Colour, '"Expected `int` >= 0"'),
            (bytes, '"!"'),
            (datetime.datetime, '"x"'),
        ):
            error = failure(declared, text)
            assert isinstance(error, msgspec.ValidationError)
            self.assertFalse(isConstraint(error), str(error))


class CloseReasonTests(SynchronousTestCase):
    """
    The words for a close frame.
    """

    def test_reason(self) -> None:
        """
        The reason is the error's text where that fits.
        """
        for error in (
            PayloadBindingError("Expected `int`, got `str`", "$.items[2].price"),
            PayloadBindingError("Input data was truncated"),
            PayloadValidationError("Expected `int` >= 0", "$.count"),
        ):
            self.assertEqual(closeReason(error), str(error))

    def test_fits(self) -> None:
        """
        123 bytes fit, and what is longer is cut at the end of the problem.
        """
        room = 123 - len("data binding failed: ")
        for size in (room - 1, room):
            self.assertEqual(closeReason(PayloadBindingError("x" * size)), "data binding failed: " + "x" * size)
        cut = closeReason(PayloadBindingError("x" * (room + 1)))
        self.assertEqual(cut, "data binding failed: " + "x" * (room - 3) + "...")

    def test_placeIsKept(self) -> None:
        """
        A long problem leaves room for the place, and of a long place the end is kept.
        """
        reason = closeReason(PayloadBindingError("x" * 500, "$.items[2].price"))
        self.assertTrue(reason.endswith("x... - at `$.items[2].price`"), reason)
        self.assertEqual(len(reason), 123)
        reason = closeReason(PayloadBindingError("x" * 500, "$" + ".next" * 60 + ".value"))
        self.assertRegex(reason, r"x\.\.\. - at `\.\.\.[a-z.]*\.next\.value`$")
        self.assertLessEqual(len(reason), 123)

    def test_characters(self) -> None:
        """
        Nothing is cut within a character.
        """
        for filler in ("\u00fc", "\u20ac", "\U0001f600"):
            for shift in range(4):
                reason = closeReason(PayloadBindingError("x" * shift + filler * 100, "$." + filler * 40))
                self.assertLessEqual(len(reason.encode()), 123)
                self.assertNotIn("\ufffd", reason)
                self.assertIn(filler + "...", reason)
                self.assertTrue(reason.endswith(filler + "`"))

    @steady
    @given(st.text(), st.text())
    def test_always(self, problem: str, place: str) -> None:
        """
        Whatever the error, its reason fits into a close frame.
        """
        for kind in (PayloadBindingError, PayloadValidationError):
            reason = closeReason(kind(problem * 5, place * 5))
            self.assertLessEqual(len(reason.encode("utf-8")), 123)
            self.assertTrue(reason.startswith(kind.prefix + ": "))
