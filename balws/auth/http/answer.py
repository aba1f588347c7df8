# -*- test-case-name: tests.auth.http.test_exchange -*-
"""
What a back end says.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from balws.auth.http.route import TooLong

__all__ = ["Answer", "Body"]


@attrs.frozen(kw_only=True)
class Answer:
    """
    What a back end said; whatever the status is.

    @ivar status: the HTTP status; a redirect is an answer as any other.
    @ivar headers: its headers.
    @ivar body: all of its body.
    """

    status: int
    headers: Headers = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def isSuccess(self) -> bool:
        """
        Whether the status is 200 to 299.
        """
        return 200 <= self.status < 300

    def jsonObject(self) -> dict[str, Any]:
        """
        @return: the object that the body is; no name comes twice in an object of it.
        @raise ValueError: when it is no object of JSON (RFC 8259); the text shows nothing of it.
        """
        try:
            found = json.loads(self.body.decode(), object_pairs_hook=_unique, parse_constant=_refuseConstant)
        except (ValueError, RecursionError):
            raise ValueError("the answer is not JSON") from None
        if not isinstance(found, dict):
            raise ValueError("the answer is not an object of JSON")
        return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuseConstant(name: str) -> NoReturn:
    raise ValueError(name)


class Body(Protocol):
    """
    Takes a body, up to a limit.

    @ivar done: fires with it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.done: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        A part of it.
        """
        self._limit -= len(data)
        if self._limit < 0:
            self._parts.clear()
            self._end(Failure(TooLong()))
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The end of it.  Where only the end of the connection tells, it may be a part: such a part
        is no object of JSON.
        """
        self._end(b"".join(self._parts) if reason.check(ResponseDone, PotentialDataLoss) else reason)

    def _end(self, result: Any) -> None:
        if not self.done.called:
            self.done.callback(result)
