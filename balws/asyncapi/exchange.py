# -*- test-case-name: tests.asyncapi.test_exchange -*-
"""
What the remote methods of a service class take and answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
from msgspec import inspect

from balws.asyncapi.content import BINARY, JSON, TEXT, Answers, Content, answersOf, contentsOf
from balws.asyncapi.docstring import Docstring
from balws.binding.eventnames import methodName
from balws.errors import ServiceDefinitionError
from balws.session.methods import CALLER, DATA, FIXED, MethodTable, RemoteMethod
from balws.session.parameters import match

__all__ = ["Exchange", "exchangesOf"]

_PLAIN = {"onTextMessage": (TEXT,), "onBinaryMessage": (BINARY,), "onMessage": (TEXT, BINARY)}
_TYPES = {TEXT: str, BINARY: bytes}


@attrs.frozen(eq=False, kw_only=True)
class Exchange:
    """
    One method.

    @ivar name: of its message: the method's without C{on}.
    @ivar said: its docstring.
    @ivar takes: the kinds of messages that reach it; none where no message does.
    @ivar value: what a message has under the C{dispatcherKey}; L{None} where that does not matter.
    @ivar answers: what it returns.
    @ivar isStrict: whether what does not bind closes the connection.
    """

    name: str
    said: Docstring
    takes: tuple[Content, ...]
    value: str | None
    answers: Answers
    isStrict: bool


def exchangesOf(table: MethodTable) -> Iterator[Exchange]:
    """
    @return: for each remote method of a service class.
    @raise ServiceDefinitionError: when no message can reach one.
    """
    errors = "onError" in table.fixed
    for _, method in sorted(table.fixed.items()):
        yield _exchange(method, None, errors)
    for value, method in sorted(table.byValue.items()):
        yield _exchange(method, value, errors)
    for _, method in sorted(table.byName.items()):
        yield _exchange(method, _valueOf(table, method), errors)


def _exchange(method: RemoteMethod, value: str | None, errors: bool) -> Exchange:
    function = getattr(method.kind, method.name)
    signature = match(method.kind.__qualname__, method.name, function, FIXED.get(method.name, (CALLER, DATA)))
    takes: tuple[Content, ...] = ()
    if value is not None:
        takes = (Content(JSON, _jsonOf(signature.annotations.get("data", Any))),)
    elif method.name == "onMessage" and "data" in signature.annotations:
        takes = contentsOf(signature.annotations["data"])
    else:
        takes = tuple(Content(kind, _TYPES[kind]) for kind in _PLAIN.get(method.name, ()))
    return Exchange(
        name=method.name[2:3].lower() + method.name[3:],
        said=Docstring.of(function),
        takes=takes,
        value=value,
        answers=answersOf(signature.returns),
        isStrict=method.binder is not None and method.error is None and not errors,
    )


def _jsonOf(annotation: Any) -> Any:
    """
    @return: what a message of custom dispatch, which is an object, is more closely.
    """
    if any(content.contentType != JSON for content in contentsOf(annotation)):
        return Any  # it gets the text
    return annotation


def _valueOf(table: MethodTable, method: RemoteMethod) -> str:
    """
    @return: a value that reaches a method by its name: the one that the type of its data
        declares, else its words in lower case.
    """
    words = re.findall(r"[^\W_a-z][^A-Z]*", method.name[2:])
    usual = "_".join(words).lower()
    key = table.dispatcherKey or ""
    for value in (*_declared(method, key), usual, method.name[2:].lower()):
        if methodName(value) == method.name and table.target(value) is method:
            return value
    raise ServiceDefinitionError(
        table.owner,
        method.name,
        f"no value of {key!r} leads to its name",
        "give it a dispatcherConfig",
    )


def _declared(method: RemoteMethod, key: str) -> Iterator[str]:
    function = getattr(method.kind, method.name)
    signature = match(method.kind.__qualname__, method.name, function, (CALLER, DATA))
    info: Any = inspect.type_info(signature.annotations.get("data", Any))
    if isinstance(info, inspect.Metadata):
        info = info.type
    if getattr(info, "tag_field", None) == key and isinstance(info.tag, str):
        yield info.tag
    for field in getattr(info, "fields", ()):
        if getattr(field, "encode_name", field.name) == key and isinstance(field.type, inspect.LiteralType):
            yield from (value for value in field.type.values if isinstance(value, str))
