# -*- test-case-name: tests.server.test_refusal -*-
"""
"No", as an ordinary HTTP answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from twisted.web.http import RESPONSES
from twisted.web.server import Request

#: What Twisted Web does not name.
_PHRASES = {426: b"Upgrade Required", 431: b"Request Header Fields Too Large"}


@attrs.frozen
class Refusal:
    """
    An answer that ends an upgrade before the take-over.

    @ivar status: the HTTP status.
    @ivar body: text for the client: a fixed one of ours, or what the application wrote.
    @ivar headers: further header fields.
    """

    status: int
    body: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)


def phrase(status: int) -> bytes:
    """
    @return: the words beside a status.
    """
    known: bytes | None = _PHRASES.get(status) or RESPONSES.get(status)
    return known or b"Refused"


def answer(request: Request, refusal: Refusal) -> None:
    """
    Send it, and close: who asked for something else than HTTP is not kept.
    """
    request.setResponseCode(refusal.status, phrase(refusal.status))
    for name, value in refusal.headers.items():
        request.responseHeaders.setRawHeaders(name, [str(value)])
    body = refusal.body.encode(errors="replace")
    if body:
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
    request.setHeader(b"Content-Length", str(len(body)).encode())
    if request.responseHeaders.getRawHeaders(b"Connection") is None:
        request.setHeader(b"Connection", b"close")
    request.channel.persistent = False
    if request.method == b"HEAD":
        body = b""
    request.write(body)
    request.finish()
