# -*- test-case-name: tests.session.test_returns -*-
"""
What a remote method says that it returns (the reference's checks 119, 205, 213).

Only declared results can be checked before they exist; an undeclared one that
cannot be sent ends its own connection with 1011 when it comes.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
)
from typing import Annotated, Any, Never, NoReturn, Union, get_args, get_origin

from twisted.internet.defer import Deferred

from balws.binding.choose import chooseBinder
from balws.binding.constraints import unalias
from balws.closing import CloseFrame
from balws.errors import ServiceDefinitionError
from balws.session.parameters import shown

__all__ = ["LATER", "checkReturns", "isStream", "onlyCloseFrames"]

#: What has its result inside.
LATER = (Deferred, Awaitable, Coroutine)

_STREAMS = (AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator)


def _parts(annotation: Any) -> list[Any]:
    """
    @return: what a method may come to return, with the waiting taken off.
    """
    plain = unalias(annotation)
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Union or origin is types.UnionType:
        return [part for member in arguments for part in _parts(member)]
    if origin is Annotated:
        return _parts(arguments[0])
    if (origin or plain) in LATER:
        return _parts(arguments[-1]) if arguments else [Any]
    return [plain]


def isStream(annotation: Any) -> bool:
    """
    @return: whether this result is many messages.
    """
    return (get_origin(annotation) or annotation) in _STREAMS


def _isSilent(annotation: Any) -> bool:
    """
    @return: whether this result is never sent as a message.
    """
    return annotation in (None, type(None), Any, NoReturn, Never) or (
        isinstance(annotation, type) and issubclass(annotation, (CloseFrame, BaseException))
    )


def checkReturns(owner: str, name: str, annotation: Any) -> None:
    """
    @raise ServiceDefinitionError: when a declared result can never be sent (213), or a
        stream stands beside another kind of message (119).
    """
    if annotation is inspect.Signature.empty:
        return
    parts = [part for part in _parts(annotation) if not _isSilent(part)]
    streams = [part for part in parts if isStream(part)]
    if streams and len(parts) > 1:
        raise ServiceDefinitionError(
            owner, name, "it returns a stream or something else", "return the stream alone, or no stream"
        )
    for part in parts:
        if part in streams:
            continue
        try:
            chooseBinder(part, False)
        except TypeError as error:
            if "unions may not contain" in str(error):
                continue  # Members that cannot be told apart when read can still be written.
            raise ServiceDefinitionError(
                owner, name, f"{shown(part)} cannot be sent: {error}", "return text, bytes or what becomes JSON"
            ) from None


def onlyCloseFrames(owner: str, name: str, annotation: Any) -> None:
    """
    @raise ServiceDefinitionError: when a method whose answer can only be a close frame
        says that it returns something else (205).
    """
    if annotation is inspect.Signature.empty:
        return
    for part in _parts(annotation):
        if not _isSilent(part):
            raise ServiceDefinitionError(
                owner, name, f"it returns {shown(part)}, which nobody gets", "return a close frame or None"
            )
