# -*- test-case-name: tests.http.test_question -*-
"""
What a back end says.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import attrs
from twisted.web.http_headers import Headers

__all__ = ["Answer"]


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
