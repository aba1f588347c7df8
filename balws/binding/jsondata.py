# -*- test-case-name: tests.binding.test_jsondata -*-
"""
JSON messages, by msgspec (decision 8, rows DB01 and DB02).

What is refused wherever it stands: nesting deeper than 64, NaN, the infinities and
floats that overflow to one, integers of more than 4300 digits, byte order marks, NUL,
lone surrogates.  Of duplicate keys the last wins.  C{bytes} inside of JSON is base64.
A member that the type does not have is skipped: its syntax is checked, and no value is
made of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import msgspec
from zope.interface import implementer

from balws.binding.constraints import relax
from balws.binding.figures import figures, isOutOfRange
from balws.binding.kinds import isExact
from balws.binding.nesting import MAX_DEPTH, isTooDeep
from balws.binding.problems import closeReason, explain, isConstraint
from balws.binding.text import decodeUtf8
from balws.errors import PayloadBindingError, PayloadValidationError
from balws.interfaces import IDataBinder

__all__ = ["JsonBinder", "WordBinder", "closeReason", "decodeObject", "encodeJson"]

# A TypeError is what cannot be hashed; what the checks of a class raise, msgspec wraps.
_UNDECODABLE = (msgspec.MsgspecError, UnicodeError, TypeError)

_decodeObject = msgspec.json.Decoder(dict[str, Any]).decode


@implementer(IDataBinder)
class JsonBinder:
    """
    For everything that is neither text, bytes nor XML.

    What a class of the application raises in C{__post_init__} or a validator is a
    validation failure when it is a L{ValueError} or L{TypeError}; anything else is a
    fault of the class and comes out as it is.
    """

    def __init__(self, annotation: Any, validation: bool) -> None:
        """
        @param annotation: the declared type.
        @param validation: see L{balws.binding.choose.chooseBinder}.
        @raise TypeError: when there is no JSON for the type.
        """
        relaxed = relax(annotation)
        self._type = annotation if validation else relaxed
        self._decode = msgspec.json.Decoder(self._type).decode
        self._validation = validation
        self._relaxed = None if self._type is relaxed else msgspec.json.Decoder(relaxed).decode
        self._exact = isExact(self._type)
        self._isPlain = self._type in (Any, object, dict, dict[str, Any], dict[str, object])

    def fromText(self, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is no JSON of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        if len(text) > MAX_DEPTH and isTooDeep(text):
            raise PayloadBindingError(f"the JSON is nested deeper than {MAX_DEPTH}")
        try:
            value = self._decode(text)
        except _UNDECODABLE as error:
            raise self._failure(error, text) from None
        if self._exact:
            _refuseOutOfRange(value)
        return value

    def fromBinary(self, data: bytes) -> Any:
        """
        @raise PayloadBindingError: when it is no UTF-8, or no JSON of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        return self.fromText(decodeUtf8(data))

    def fromValue(self, decoded: Any, text: str) -> Any:
        """
        @param decoded: what L{decodeObject} gave for the text.
        @raise PayloadBindingError: when it is not of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        if self._isPlain:
            return decoded
        if self._exact:
            # 1.10 was decoded to a float, which is not the Decimal that was sent.
            return self.fromText(text)
        try:
            return msgspec.convert(decoded, self._type)
        except _UNDECODABLE as error:
            raise self._failure(error, text) from None

    def _failure(self, error: Exception, text: str) -> PayloadBindingError:
        kind = PayloadValidationError if self._isOnlyConstraint(error, text) else PayloadBindingError
        return kind(*explain(error))

    def _isOnlyConstraint(self, error: Exception, text: str) -> bool:
        if not self._validation or not isinstance(error, msgspec.ValidationError):
            return False
        # Without the constraints of the annotation, whatever still fails is the type, or
        # a field of a class, whose constraints cannot be taken off.
        if self._relaxed is not None:
            try:
                self._relaxed(text)
            except msgspec.ValidationError as left:
                return isConstraint(left)
            except _UNDECODABLE:
                return False
            return True
        return isConstraint(error)


@implementer(IDataBinder)
class WordBinder:
    """
    For JSON types with words of their own, C{Literal["a", "b"]} and Enums of strings:
    in text a word may stand without quotes (table B26).
    """

    def __init__(self, words: Mapping[str, Any], binder: JsonBinder) -> None:
        """
        @param words: what each word means.
        @param binder: for everything else.
        """
        self._words = words
        self._binder = binder

    def fromText(self, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is neither a word nor JSON of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        if text in self._words:
            return self._words[text]
        return self._binder.fromText(text)

    def fromBinary(self, data: bytes) -> Any:
        """
        @raise PayloadBindingError: when it is no JSON of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        return self._binder.fromBinary(data)

    def fromValue(self, decoded: Any, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is neither a word nor JSON of this type.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        if text in self._words:
            return self._words[text]
        return self._binder.fromValue(decoded, text)


def _refuseOutOfRange(value: Any) -> None:
    for figure, _ in figures(value):
        if isOutOfRange(figure):
            raise PayloadBindingError("a number is out of range")


def decodeObject(text: str) -> dict[str, Any] | None:
    """
    @return: the JSON object that the text is; L{None} when it is anything else, no JSON,
        or JSON that no binder accepts.
    """
    if text[:1] != "{" and text.lstrip(" \t\r\n")[:1] != "{":
        return None
    if len(text) > MAX_DEPTH and isTooDeep(text):
        return None
    try:
        return _decodeObject(text)
    except _UNDECODABLE:
        return None


class _DecimalMet(Exception):
    """
    A value to encode has a Decimal in it and must be looked at first.
    """


def _meetDecimal(value: Decimal) -> NoReturn:
    raise _DecimalMet


_encode = msgspec.json.Encoder(decimal_format=_meetDecimal).encode
_encodeDecimals = msgspec.json.Encoder(decimal_format="number").encode


def encodeJson(value: Any) -> str:
    """
    @param value: None, bool, int, float, Decimal (written as a number, to the last
        digit), str, bytes (base64), list, tuple, set, dict, Enum, UUID, date and time,
        Struct, dataclass, attrs, and what consists of them.
    @return: JSON.
    @raise TypeError: when a part has no JSON; its type is named.
    @raise ValueError: when a number is NaN or infinite, text has lone surrogates, or
        the value is nested too deeply or contains itself.
    """
    try:
        try:
            raw = _encode(value)
        except _DecimalMet:
            # Encoded first: what encodes has an end.
            raw = _encodeDecimals(value)
            _checkFigures(value)
    except RecursionError:
        raise ValueError("the value is nested too deeply, or contains itself") from None
    if b"null" in raw:
        # msgspec writes NaN and the infinities as null.
        _checkFigures(value)
    return raw.decode("utf-8")


def _checkFigures(value: Any) -> None:
    for figure, isKey in figures(value):
        if isKey:
            if isinstance(figure, Decimal):
                raise TypeError("a Decimal cannot be a key in JSON: use str(key)")
        elif not _isFinite(figure):
            raise ValueError(f"there is no JSON for {figure}")


def _isFinite(figure: float | Decimal) -> bool:
    return figure.is_finite() if isinstance(figure, Decimal) else math.isfinite(figure)
