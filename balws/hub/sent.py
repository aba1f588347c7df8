# -*- test-case-name: tests.hub.test_hub -*-
"""
What functions of the hub have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.errors import HubUnavailableError
from balws.hub.message import Message, outgoing

__all__ = ["sent", "unlessAway"]


def sent(value: Any, kind: type, send: Callable[[str, Message], Deferred[Any]], to: str) -> Deferred[Any]:
    """
    Encode a value and send it.

    @param kind: see L{outgoing}.
    @return: what C{send} gives; fails where the value cannot be sent.
    """
    try:
        return send(to, outgoing(value, kind))
    except (TypeError, ValueError):
        return fail()


def unlessAway(failure: Failure) -> None:
    """
    Other nodes cannot be reached: this one has done its part, and the broker asks for it when
    it is back.
    """
    failure.trap(HubUnavailableError)
