# -*- test-case-name: tests.session.test_dispatch -*-
"""
From a message to the method that takes it (seed 4, section 3.2.2).

The choice is made once for each connection: L{textDispatch} and L{binaryDispatch}
return a function of the payload alone, for most services the user's own method with
the caller filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from balws.binding.jsondata import decodeObject
from balws.errors import PayloadBindingError
from balws.interfaces import Service
from balws.session.methods import MethodTable, RemoteMethod, bind


@attrs.frozen(eq=False)
class Unbound:
    """
    What dispatching a message gives when the message is not what its method declares.
    """

    method: RemoteMethod
    error: PayloadBindingError


def ignore(payload: Any) -> None:
    """
    No method takes this message: it is ignored and the connection goes on.
    """


def textDispatch(table: MethodTable, service: Service, caller: Any) -> Callable[[str], Any]:
    """
    @return: what to do with a text message: by type where the service has a
        C{dispatcherKey}, else, and for what is not matched, C{onTextMessage},
        C{onMessage}, or nothing (ruling 5).
    """
    plain = _plain(table, service, caller, "onTextMessage", lambda binder: binder.fromText)
    key = table.dispatcherKey
    if key is None or not (table.byValue or table.byName):
        return plain
    bound: dict[str, Callable[[Any], Any]] = {}

    def dispatch(text: str) -> Any:
        decoded = decodeObject(text)
        value = None if decoded is None else decoded.get(key)
        method = table.target(value) if isinstance(value, str) else None
        if method is None:
            return plain(text)
        call = bound.get(method.name)
        if call is None:
            call = bound[method.name] = bind(method, service, caller)
        if method.binder is None:
            return call(decoded)
        try:
            data = method.binder.fromValue(decoded, text)
        except PayloadBindingError as error:
            return Unbound(method, error)
        return call(data)

    return dispatch


def binaryDispatch(table: MethodTable, service: Service, caller: Any) -> Callable[[bytes], Any]:
    """
    @return: what to do with a binary message: C{onBinaryMessage}, C{onMessage}, or
        nothing.  Binary messages have no type to dispatch by (table A4b.4).
    """
    return _plain(table, service, caller, "onBinaryMessage", lambda binder: binder.fromBinary)


def _plain(
    table: MethodTable, service: Service, caller: Any, name: str, way: Callable[[Any], Callable[[Any], Any]]
) -> Callable[[Any], Any]:
    method = table.fixed.get(name) or table.fixed.get("onMessage")
    if method is None:
        return ignore
    call = bind(method, service, caller)
    if method.binder is None:
        return call
    fromPayload = way(method.binder)

    def dispatch(payload: Any) -> Any:
        try:
            data = fromPayload(payload)
        except PayloadBindingError as error:
            return Unbound(method, error)
        return call(data)

    return dispatch
