# -*- test-case-name: tests.asyncapi.test_content -*-
"""
What may travel under one annotation: which kinds of messages, and of what content.
"""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from inspect import Signature
from typing import Annotated, Any, Never, NoReturn, Union, get_args, get_origin, is_typeddict
from xml.etree.ElementTree import Element

import attrs
from msgspec import Struct, inspect

from balws.binding.constraints import relax, unalias
from balws.closing import CloseFrame
from balws.session.returns import LATER, isStream

__all__ = ["Answers", "Content", "answersOf", "contentsOf"]

JSON, TEXT, BINARY, XML = "application/json", "text/plain", "application/octet-stream", "application/xml"


@attrs.frozen
class Content:
    """
    One kind of messages.

    @ivar contentType: its media type.
    @ivar annotation: its type.
    """

    contentType: str
    annotation: Any

    @property
    def noun(self) -> str:
        """
        What to call it where nothing better is known.
        """
        if self.contentType != JSON:
            return {TEXT: "text", BINARY: "binary", XML: "xml"}[self.contentType]
        plain = relax(self.annotation)
        name: str = plain.__name__ if _isRecord(plain) and isinstance(plain, type) else "data"
        return name[0].lower() + name[1:]


@attrs.frozen
class Answers:
    """
    What a method may send by returning it.

    @ivar contents: the kinds of messages.
    @ivar isStream: whether there may be many messages.
    @ivar closures: the codes with which it may close.
    """

    contents: tuple[Content, ...]
    isStream: bool
    closures: tuple[int, ...]


def _members(annotation: Any) -> list[Any]:
    plain = unalias(annotation)
    origin, inside = get_origin(plain), get_args(plain)
    if origin in (Union, types.UnionType):
        return [found for member in inside for found in _members(member)]
    if origin is Annotated and get_origin(unalias(inside[0])) in (Union, types.UnionType):
        return [Annotated[(member, *plain.__metadata__)] for member in _members(inside[0])]
    return [plain]


def _isRecord(annotation: Any) -> bool:
    plain = relax(annotation)
    kind = get_origin(plain) or plain
    if not isinstance(kind, type):
        inspect.type_info(plain)  # raises for what is no type at all
        return False
    return issubclass(kind, Struct) or is_dataclass(kind) or attrs.has(kind) or is_typeddict(kind)


def contentsOf(annotation: Any) -> tuple[Content, ...]:
    """
    @param annotation: of data.
    @return: each kind of messages that it stands for: text, binary, XML, a record of each class,
        and what else is JSON together.
    """
    found: list[Content] = []
    others = []
    for member in _members(annotation):
        plain = relax(member)
        if plain is str:
            found.append(Content(TEXT, member))
        elif plain in (bytes, bytearray, memoryview):
            found.append(Content(BINARY, member))
        elif plain is Element:
            found.append(Content(XML, member))
        elif _isRecord(member):
            found.append(Content(JSON, member))
        else:
            others.append(member)
    if others and others != [type(None)]:
        found.append(Content(JSON, Union[tuple(others)]))  # noqa: UP007 - made, not written
    return tuple(found)


def answersOf(annotation: Any) -> Answers:
    """
    @param annotation: of a method's result; L{inspect.Signature.empty} says nothing.
    """
    contents: dict[str, Content] = {}
    closures: list[int] = []
    isMany = False
    parts = [] if annotation is Signature.empty else _parts(annotation)
    for part in parts:
        if isStream(part):
            isMany = True
            inside = answersOf(get_args(part)[0] if get_args(part) else Any)
            closures += inside.closures
            given = inside.contents
        elif isinstance(part, type) and issubclass(part, CloseFrame):
            closures += _codes(part)
            given = ()
        else:
            given = () if _isSilent(part) else contentsOf(part)
        contents.update((repr(content), content) for content in given)
    return Answers(tuple(contents.values()), isMany, tuple(dict.fromkeys(closures)))


def _parts(annotation: Any) -> list[Any]:
    """
    @return: what a method may come to return, with the waiting taken off.
    """
    found: list[Any] = []
    for member in _members(annotation):
        inside = get_args(member)
        if get_origin(member) is Annotated and (get_origin(inside[0]) or inside[0]) in LATER:
            found += _parts(inside[0])
        elif (get_origin(member) or member) in LATER:
            found += _parts(inside[-1]) if inside else [Any]
        else:
            found.append(member)
    return found


def _isSilent(annotation: Any) -> bool:
    return annotation in (None, type(None), NoReturn, Never) or (
        isinstance(annotation, type) and issubclass(annotation, BaseException)
    )


def _codes(frame: type[CloseFrame]) -> list[int]:
    code = attrs.fields_dict(frame)["status"].default
    return [code] if isinstance(code, int) else []
