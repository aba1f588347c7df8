# -*- test-case-name: tests.client.typed.test_incoming -*-
"""
Which type a message is of, among those that a document names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec

from balws.binding.choose import chooseBinder
from balws.errors import PayloadBindingError
from balws.interfaces import IDataBinder

__all__ = ["Arrived", "Incoming", "Unknown"]


@attrs.frozen
class Unknown:
    """
    A message of no type that the document names.

    @ivar payload: as it came: text or bytes.
    """

    payload: str | bytes


@attrs.frozen(eq=False)
class Arrived:
    """
    @ivar payload: as it came.
    @ivar message: it as one of the types, or an L{Unknown}.
    @ivar kind: this type; L{None} where it is unknown.
    @ivar key: its C{streamId}; L{None} where it has none.
    """

    payload: Any
    message: Any
    kind: Any
    key: str | int | None


@attrs.frozen(eq=False)
class _Kind:
    """
    @ivar tag: what a message of this type must have, field and value; L{None}: nothing.
    """

    annotation: Any
    binder: IDataBinder
    tag: tuple[str, Any] | None


class Incoming:
    """
    Sorts messages by type: the first that fits, those that say which they are before others, and
    texts that need not be anything else last.
    """

    def __init__(self, receives: Sequence[Any], streamId: str | None) -> None:
        """
        @param receives: the types.
        @param streamId: the field that ties an answer to its request.
        """
        self._streamId = streamId
        self._binders: dict[Any, IDataBinder] = {}
        kinds = [_Kind(each, self._binder(each), _tagOf(each)) for each in receives]
        self._texts = sorted((kind for kind in kinds if kind.annotation is not bytes), key=_rank)
        self._binary = [kind for kind in kinds if kind.annotation is bytes]

    def sort(self, payload: str | bytes) -> Arrived:
        """
        @param payload: a message as it came.
        """
        if isinstance(payload, bytes):
            kind = self._binary[0].annotation if self._binary else None
            return Arrived(payload, payload if self._binary else Unknown(payload), kind, None)
        try:
            decoded = msgspec.json.decode(payload)
        except (msgspec.DecodeError, RecursionError):
            decoded = None
        named = decoded if isinstance(decoded, dict) else {}
        key = named.get(self._streamId)
        for kind in self._texts:
            if kind.tag is not None and named.get(kind.tag[0]) != kind.tag[1]:
                continue
            try:
                return Arrived(payload, kind.binder.fromText(payload), kind.annotation, _id(key))
            except PayloadBindingError:
                pass
        return Arrived(payload, Unknown(payload), None, _id(key))

    def bound(self, annotation: Any, text: str) -> Any:
        """
        @raise PayloadBindingError: when the text is not of this type.
        """
        return self._binder(annotation).fromText(text)

    def _binder(self, annotation: Any) -> IDataBinder:
        binder = self._binders.get(annotation)
        if binder is None:
            binder = self._binders[annotation] = chooseBinder(annotation, validation=False)
        return binder


def _tagOf(annotation: Any) -> tuple[str, Any] | None:
    config = getattr(annotation, "__struct_config__", None)
    if config is None or config.tag_field is None:
        return None
    return config.tag_field, config.tag


def _rank(kind: _Kind) -> int:
    if kind.tag is not None:
        return 0
    return {Any: 2, str: 3}.get(kind.annotation, 1)


def _id(value: Any) -> str | int | None:
    return value if isinstance(value, str) or type(value) is int else None
