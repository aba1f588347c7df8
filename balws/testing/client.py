# -*- test-case-name: tests.testing.test_client -*-
"""
Clients on a network in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from balws.client.asyncclient import AsyncClient
from balws.client.client import Client

_Kind = TypeVar("_Kind", bound=type)

#: What writes to the connection, or makes room to read from it.
_WRITES = ("writeTextMessage", "writeBinaryMessage", "writeMessage", "ping", "pong", "close")
_READS = ("readTextMessage", "readBinaryMessage", "readMessage")


def _inTurn(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def act(self: Any, *arguments: Any, **named: Any) -> Any:
        with self._reactor.turn():
            return method(self, *arguments, **named)

    return act


def _acting(kind: _Kind) -> _Kind:
    for name in (*_WRITES, *_READS):
        if hasattr(kind, name):
            setattr(kind, name, _inTurn(getattr(kind, name)))
    return kind


@_acting
class MemoryClient(Client):
    """
    A client as it is, whose acts are delivered when they are done and not in their midst: no
    answer comes before its question was sent, as with any real transport.
    """


@_acting
class MemoryAsyncClient(AsyncClient):
    """
    As L{MemoryClient}.
    """
