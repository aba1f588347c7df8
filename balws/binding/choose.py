# -*- test-case-name: tests.binding.test_choose -*-
"""
Which way of binding a declared type asks for: chosen once, when a service is attached.

===========================  =======================  ==============================
declared                     from a text message      from a binary message
===========================  =======================  ==============================
C{str}                       the text                 decoded as UTF-8
C{bytes}                     encoded as UTF-8         the bytes
C{Element}                   parsed as XML            decoded as UTF-8, then as text
everything else              decoded as JSON          decoded as UTF-8, then as text
a union with C{str}          the text                 JSON of the union
a union with C{bytes}        JSON of the others       the bytes
Literal or Enum of strings   the word, or JSON        JSON
===========================  =======================  ==============================

These are tables A4.10, A4.11 and B26.  In a union with C{Element}, what begins with
C{<} is XML.  Frozen values (table B25) are what a frozen type gives: tuple, frozenset,
C{bytes}, a frozen dataclass or Struct.
"""

from __future__ import annotations

from inspect import Parameter
from typing import Annotated, Any, Union, get_args, get_origin
from xml.etree.ElementTree import Element

from msgspec.inspect import type_info
from zope.interface import implementer

from balws.binding.constraints import isUnion, relax, unalias
from balws.binding.jsondata import JsonBinder, WordBinder
from balws.binding.kinds import words
from balws.binding.text import BytesBinder, ConstrainedBinder, TextBinder, decodeUtf8
from balws.binding.xmldata import XmlBinder, looksLikeXml
from balws.interfaces import IDataBinder

_BINARY = (bytes, bytearray, memoryview)

_SUPPORTED = (
    "what can be bound: str, bytes, bytearray, memoryview, xml.etree.ElementTree.Element, and from JSON "
    "Any, dict, list, tuple, set, int, float, bool, None, Decimal, UUID, date and time, dataclass, attrs, "
    "TypedDict, NamedTuple, msgspec.Struct, Enum, Literal, unions and Annotated of these"
)


def chooseBinder(annotation: Any, validation: bool = True) -> IDataBinder:
    """
    @param annotation: the declared type; C{inspect.Parameter.empty} is L{Any}.
    @param validation: whether constraints are checked.  When false, those that stand in
        the annotation itself are not: C{Annotated[..., msgspec.Meta(...)]} at any depth
        of containers, C{Optional} and unions.  Those on the fields of a class (Struct,
        dataclass, attrs, TypedDict, NamedTuple), in its C{__post_init__} and in attrs
        validators are part of the type and still hold (ruling 13); breaking one is then
        an ordinary L{PayloadBindingError}, as is every other mismatch.
    @return: what binds messages to the type.
    @raise TypeError: when no message can become this type; says why, and what can be.
    """
    try:
        return _choose(Any if annotation is Parameter.empty else annotation, validation)
    except Exception as error:
        # Resolving the fields of a class runs what their annotations say.
        raise TypeError(f"{_shown(annotation)} cannot be bound: {error}; {_SUPPORTED}") from error


def _choose(annotation: Any, validation: bool) -> IDataBinder:
    members = _members(annotation)
    texts = [member for member in members if relax(member) is str]
    binaries = [member for member in members if relax(member) in _BINARY]
    xmls = [member for member in members if relax(member) is Element]
    others = [member for member in members if relax(member) not in (str, *_BINARY, Element)]
    if len(others) == len(members):
        whole = JsonBinder(annotation, validation)
        found = words([relax(member) for member in members])
        return WordBinder(found, whole) if found else whole
    text = _raw(texts, validation)
    binary = _raw(binaries, validation)
    xml = XmlBinder() if xmls else None
    # A union with str is JSON in binary messages, unless these are taken as bytes.
    decoded = others + texts if binary is None and len(members) > 1 else others
    json = JsonBinder(Union[tuple(decoded)], validation) if decoded else None  # noqa: UP007 - made, not written
    present = [binder for binder in (json, xml, text, binary) if binder is not None]
    if len(members) == 1:
        return present[0]
    return UnionBinder(text, binary, xml, present[0])


def _members(annotation: Any) -> list[Any]:
    plain = unalias(annotation)
    if isUnion(plain):
        return [found for member in get_args(plain) for found in _members(member)]
    if get_origin(plain) is Annotated and isUnion(unalias(get_args(plain)[0])):
        # What is said of a union is said of each member.
        return [Annotated[(member, *plain.__metadata__)] for member in _members(get_args(plain)[0])]
    return [plain]


def _raw(members: list[Any], validation: bool) -> IDataBinder | None:
    if not members:
        return None
    if len(members) > 1:
        raise TypeError("its members " + " and ".join(map(_shown, members)) + " cannot be told apart")
    relaxed = relax(members[0])
    binder: IDataBinder = TextBinder() if relaxed is str else BytesBinder(relaxed)
    if validation and type_info(members[0]) != type_info(relaxed):
        return ConstrainedBinder(binder, members[0])
    return binder


def _shown(annotation: Any) -> str:
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation)


@implementer(IDataBinder)
class UnionBinder:
    """
    For unions in which text, bytes or XML stand beside something else (table B26).
    """

    def __init__(
        self,
        text: IDataBinder | None,
        binary: IDataBinder | None,
        xml: IDataBinder | None,
        rest: IDataBinder,
    ) -> None:
        """
        @param text: for the member C{str}, if there is one.
        @param binary: for the member C{bytes}, if there is one.
        @param xml: for the member C{Element}, if there is one.
        @param rest: for what none of these takes.
        """
        self._text = text
        self._binary = binary
        self._xml = xml
        self._rest = rest

    def fromText(self, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is no member of the union.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        return self._way(text).fromText(text)

    def fromBinary(self, data: bytes) -> Any:
        """
        @raise PayloadBindingError: when it is no member of the union.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        if self._binary is not None:
            return self._binary.fromBinary(data)
        text = decodeUtf8(data)
        return self._decoded(text).fromText(text)

    def fromValue(self, decoded: Any, text: str) -> Any:
        """
        @raise PayloadBindingError: when it is no member of the union.
        @raise PayloadValidationError: when it breaks nothing but a constraint.
        """
        return self._way(text).fromValue(decoded, text)

    def _way(self, text: str) -> IDataBinder:
        return self._text if self._text is not None else self._decoded(text)

    def _decoded(self, text: str) -> IDataBinder:
        if self._xml is not None and looksLikeXml(text):
            return self._xml
        return self._rest
