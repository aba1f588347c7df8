# -*- test-case-name: tests.binding.test_text -*-
"""
Messages that are taken as they are: text and bytes (tables A4.10 and A4.11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from zope.interface import implementer

from balws.binding.problems import explain
from balws.errors import PayloadBindingError, PayloadValidationError
from balws.interfaces import IDataBinder


def decodeUtf8(data: bytes) -> str:
    """
    @return: a binary message as text.
    @raise PayloadBindingError: when it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadBindingError("the bytes are not UTF-8", f"byte {error.start}") from None


@implementer(IDataBinder)
class TextBinder:
    """
    For C{str}: text as it is, binary as UTF-8.

    @ivar fromText: C{str} itself, which gives a string back untouched and costs less
        than any method.
    """

    fromText: Callable[[str], str]

    def __init__(self) -> None:
        self.fromText = str

    def fromBinary(self, data: bytes) -> str:
        """
        @raise PayloadBindingError: when the bytes are not UTF-8.
        """
        return decodeUtf8(data)

    def fromValue(self, decoded: Any, text: str) -> str:
        """
        @return: the text, whatever it was decoded to.
        """
        return text


@implementer(IDataBinder)
class BytesBinder:
    """
    For C{bytes}, C{bytearray} and C{memoryview}: binary as it is, text as UTF-8.

    @ivar fromBinary: the type itself; C{bytes} gives bytes back untouched.
    """

    fromBinary: Callable[[bytes], Any]

    def __init__(self, kind: type[bytes] | type[bytearray] | type[memoryview]) -> None:
        self.fromBinary = kind

    def fromText(self, text: str) -> Any:
        """
        @raise PayloadBindingError: when the text has lone surrogates, which no wire
            carries.
        """
        try:
            return self.fromBinary(text.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise PayloadBindingError(*explain(error)) from None

    def fromValue(self, decoded: Any, text: str) -> Any:
        """
        @return: the bytes of the text, whatever it was decoded to.
        """
        return self.fromText(text)


@implementer(IDataBinder)
class ConstrainedBinder:
    """
    For text and bytes with C{msgspec.Meta} constraints, such as
    C{Annotated[str, Meta(max_length=140)]}.
    """

    def __init__(self, binder: IDataBinder, annotation: Any) -> None:
        """
        @param binder: makes the value.
        @param annotation: the type with its constraints.
        @raise TypeError: when the constraints are not for this type.
        """
        msgspec.json.Decoder(annotation)
        self._binder = binder
        self._annotation = annotation

    def _checked(self, value: Any) -> Any:
        try:
            return msgspec.convert(value, self._annotation)
        except msgspec.ValidationError as error:
            raise PayloadValidationError(*explain(error)) from None

    def fromText(self, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is not of the type.
        @raise PayloadValidationError: when it breaks a constraint.
        """
        return self._checked(self._binder.fromText(text))

    def fromBinary(self, data: bytes) -> Any:
        """
        @raise PayloadBindingError: when it is not of the type.
        @raise PayloadValidationError: when it breaks a constraint.
        """
        return self._checked(self._binder.fromBinary(data))

    def fromValue(self, decoded: Any, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is not of the type.
        @raise PayloadValidationError: when it breaks a constraint.
        """
        return self._checked(self._binder.fromValue(decoded, text))
