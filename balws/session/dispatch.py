# -*- test-case-name: tests.session.test_dispatch -*-
"""
From a message to the method that takes it (seed 4, section 3.2.2).

The choice is made once for each service class: L{textDispatch} and L{binaryDispatch}
return a function of the service, its caller and the payload, for most services the
class's own method.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from balws.binding.jsondata import decodeObject
from balws.errors import PayloadBindingError

if TYPE_CHECKING:
    from balws.session.methods import MethodTable, RemoteMethod

#: Takes the service, who talks to it, and a payload.
Dispatch = Callable[[Any, Any, Any], Any]


@attrs.frozen(eq=False)
class Unbound:
    """
    What dispatching a message gives when the message is not what its method declares.
    """

    method: RemoteMethod
    error: PayloadBindingError


def ignore(service: Any, caller: Any, payload: Any) -> None:
    """
    No method takes this message: it is ignored and the connection goes on.
    """


def textDispatch(table: MethodTable, late: bool = False) -> Dispatch:
    """
    @param late: whether methods are those of the object and not of its class.
    @return: what to do with a text message: by type where the service has a
        C{dispatcherKey}, else, and for what is not matched, C{onTextMessage},
        C{onMessage}, or nothing (ruling 5).
    """
    plain = _plain(table.takesText, late, lambda binder: binder.fromText)
    key = table.dispatcherKey
    if key is None or not (table.byValue or table.byName):
        return plain

    def dispatch(service: Any, caller: Any, text: str) -> Any:
        decoded = decodeObject(text)
        value = None if decoded is None else decoded.get(key)
        method = table.target(value) if isinstance(value, str) else None
        if method is None:
            return plain(service, caller, text)
        if method.binder is None:
            return method.invokeLate(service, caller, decoded)
        try:
            data = method.binder.fromValue(decoded, text)
        except PayloadBindingError as error:
            return Unbound(method, error)
        return method.invokeLate(service, caller, data)

    return dispatch


def binaryDispatch(table: MethodTable, late: bool = False) -> Dispatch:
    """
    @param late: see L{textDispatch}.
    @return: what to do with a binary message: C{onBinaryMessage}, C{onMessage}, or
        nothing.  Binary messages have no type to dispatch by (table A4b.4).
    """
    return _plain(table.takesBinary, late, lambda binder: binder.fromBinary)


def _plain(method: RemoteMethod | None, late: bool, way: Callable[[Any], Callable[[Any], Any]]) -> Dispatch:
    if method is None:
        return ignore
    invoke = method.invokeLate if late else method.invocation()
    if method.binder is None:
        return invoke
    fromPayload = way(method.binder)

    def dispatch(service: Any, caller: Any, payload: Any) -> Any:
        try:
            data = fromPayload(payload)
        except PayloadBindingError as error:
            return Unbound(method, error)
        return invoke(service, caller, data)

    return dispatch
