"""
Tests of L{balws.binding.text}.
"""

from __future__ import annotations

from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.binding.text import BytesBinder, ConstrainedBinder, TextBinder, decodeUtf8
from balws.errors import PayloadBindingError, PayloadValidationError
from balws.interfaces import IDataBinder
from tests.binding.samples import steady


class TextTests(SynchronousTestCase):
    """
    Text and bytes, taken as they are.
    """

    def test_interface(self) -> None:
        """
        The binders of text and bytes are data binders.
        """
        for binder in (TextBinder(), BytesBinder(bytes), ConstrainedBinder(TextBinder(), str)):
            self.assertTrue(verifyObject(IDataBinder, binder))

    def test_textIsUntouched(self) -> None:
        """
        A method that declares C{str} gets the very string that came, whatever it looks like.
        """
        for text in ("", "1", '{"x": 1}', "null", "\ufeff\x00"):
            self.assertIs(TextBinder().fromText(text), text)
            self.assertIs(TextBinder().fromValue({"x": 1}, text), text)

    def test_binaryAsText(self) -> None:
        """
        A method that declares C{str} gets a binary message decoded as UTF-8.
        """
        self.assertEqual(TextBinder().fromBinary("gr\u00fc\u00df".encode()), "gr\u00fc\u00df")

    def test_notUtf8(self) -> None:
        """
        Bytes that are not UTF-8 are a binding failure that says where and repeats none of them.
        """
        for data, place in ((b"\xff", "byte 0"), (b"abc\xc3", "byte 3"), (b"\xed\xa0\x80", "byte 0")):
            error = self.assertRaises(PayloadBindingError, decodeUtf8, data)
            self.assertEqual((error.problem, error.place), ("the bytes are not UTF-8", place))
            self.assertTrue(error.__suppress_context__)

    def test_bytesAreUntouched(self) -> None:
        """
        A method that declares C{bytes} gets the very bytes that came.
        """
        data = b"\x00\xff"
        self.assertIs(BytesBinder(bytes).fromBinary(data), data)

    def test_textAsBytes(self) -> None:
        """
        A method that declares C{bytes} gets a text message as UTF-8, never decoded from base64.
        """
        binder = BytesBinder(bytes)
        self.assertEqual(binder.fromText("\u00fc"), b"\xc3\xbc")
        self.assertEqual(binder.fromText('"aGk="'), b'"aGk="')
        self.assertEqual(binder.fromValue({}, "{}"), b"{}")

    def test_otherBytes(self) -> None:
        """
        C{bytearray} and C{memoryview} are given as declared.
        """
        kinds: list[Any] = [bytearray, memoryview]
        for kind in kinds:
            for value in (BytesBinder(kind).fromBinary(b"ab"), BytesBinder(kind).fromText("ab")):
                self.assertIsInstance(value, kind)
                self.assertEqual(bytes(value), b"ab")

    def test_surrogates(self) -> None:
        """
        Lone surrogates, which no wire carries, are a binding failure where bytes are declared.
        """
        error = self.assertRaises(PayloadBindingError, BytesBinder(bytes).fromText, "a\ud800")
        self.assertEqual(error.problem, "the text is not valid Unicode")

    def test_constraints(self) -> None:
        """
        A constraint on text or bytes lets n - 1 and n pass and refuses n + 1, from messages of both kinds.
        """
        meta = Meta(max_length=3)
        text = ConstrainedBinder(TextBinder(), Annotated[str, meta])
        data = ConstrainedBinder(BytesBinder(bytes), Annotated[bytes, meta])
        for size in (2, 3):
            self.assertEqual(text.fromText("x" * size), "x" * size)
            self.assertEqual(text.fromBinary(b"x" * size), "x" * size)
            self.assertEqual(text.fromValue(1, "x" * size), "x" * size)
            self.assertEqual(data.fromText("x" * size), b"x" * size)
            self.assertEqual(data.fromBinary(b"x" * size), b"x" * size)
        for binder in (text, data):
            self.assertRaises(PayloadValidationError, binder.fromText, "xxxx")
        for binder in (text, data):
            self.assertRaises(PayloadValidationError, binder.fromBinary, b"xxxx")
        error = self.assertRaises(PayloadValidationError, text.fromValue, {}, "xxxx")
        self.assertEqual(str(error), "data validation failed: Expected `str` of length <= 3")

    def test_constrainedTypeFirst(self) -> None:
        """
        Bytes that are no text are a binding failure, not a validation failure, also under a constraint.
        """
        binder = ConstrainedBinder(TextBinder(), Annotated[str, Meta(max_length=3)])
        error = self.assertRaises(PayloadBindingError, binder.fromBinary, b"\xff")
        self.assertNotIsInstance(error, PayloadValidationError)

    def test_wrongConstraint(self) -> None:
        """
        A constraint that is not for the type is refused when the binder is made.
        """
        self.assertRaises(TypeError, ConstrainedBinder, TextBinder(), Annotated[str, Meta(ge=3)])

    @steady
    @given(st.text(), st.binary())
    def test_roundTrip(self, text: str, data: bytes) -> None:
        """
        Text sent as bytes is read back as the same text, and bytes are never changed.
        """
        self.assertEqual(TextBinder().fromBinary(BytesBinder(bytes).fromText(text)), text)
        self.assertEqual(BytesBinder(bytes).fromBinary(data), data)
