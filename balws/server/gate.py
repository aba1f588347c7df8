# -*- test-case-name: tests.server.test_gate -*-
"""
Is this a valid upgrade, and from a page that may ask (RFC 6455 section 4.2.1)?

Looks at the fields that Twisted Web parsed and at nothing else.
"""

from __future__ import annotations

import attrs
from twisted.web.http_headers import Headers
from twisted.web.server import Request

from balws.config.service import WSServiceConfig
from balws.server.host import isAllowed, isHost, isSame
from balws.server.refusal import Refusal
from balws.wire.headers import isKey, isToken, isValue, tokens

VERSION = b"13"

#: In front of a bearer token among the sub-protocols: a page cannot set a header (decision 19).
BEARER = b"balws.bearer"

#: Fields that two of would leave open which one counts.
_SINGLE = (b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Origin", b"Authorization")


@attrs.frozen
class Upgrade:
    """
    What a valid upgrade request asks for.

    @ivar key: C{Sec-WebSocket-Key}.
    @ivar protocols: the sub-protocols offered, in the client's order.
    @ivar extensions: C{Sec-WebSocket-Extensions}, its lines joined.
    @ivar token: the bearer token that stood among the sub-protocols; no repr shows it.
    """

    key: bytes
    protocols: tuple[str, ...]
    extensions: str
    token: bytes | None = attrs.field(default=None, repr=False)


def _upgradeRequired() -> Refusal:
    return Refusal(
        426,
        "This is a WebSocket service: connect to it with ws:// or wss://.\n",
        {"Upgrade": "websocket", "Connection": "Upgrade, close", "Sec-WebSocket-Version": "13"},
    )


def check(request: Request, config: WSServiceConfig) -> Upgrade | Refusal:
    """
    @return: the upgrade, or the answer that refuses it (ruling 2: form, then Origin).
    """
    headers: Headers = request.requestHeaders
    bad = Refusal(400)
    if request.method != b"GET":
        return bad
    if request.clientproto != b"HTTP/1.1" or b"websocket" not in _tokens(headers, b"Upgrade"):
        return _upgradeRequired()
    if b"upgrade" not in _tokens(headers, b"Connection"):
        return bad
    if _hasBody(headers) or not isHost(headers.getRawHeaders(b"Host", [])):
        return bad
    if any(len(headers.getRawHeaders(name, [])) > 1 for name in _SINGLE):
        return bad
    if not all(isValue(value) for _, values in headers.getAllRawHeaders() for value in values):
        return bad
    if headers.getRawHeaders(b"Sec-WebSocket-Version", [b""])[0] != VERSION:
        return _upgradeRequired()
    key = headers.getRawHeaders(b"Sec-WebSocket-Key", [b""])[0]
    if not isKey(key):
        return bad
    protocols = tokens(headers.getRawHeaders(b"Sec-WebSocket-Protocol", []))
    if len(set(protocols)) != len(protocols) or not all(map(isToken, protocols)):
        return bad
    token = None
    if BEARER in protocols:
        place = protocols.index(BEARER)
        if place + 1 == len(protocols):
            return bad
        token = protocols[place + 1]
        del protocols[place : place + 2]
    if not _mayAsk(headers, config):
        return Refusal(403)
    return Upgrade(
        key,
        tuple(protocol.decode("ascii") for protocol in protocols),
        b", ".join(headers.getRawHeaders(b"Sec-WebSocket-Extensions", [])).decode("latin-1"),
        token,
    )


def _tokens(headers: Headers, name: bytes) -> list[bytes]:
    return [token.lower() for token in tokens(headers.getRawHeaders(name, []))]


def _hasBody(headers: Headers) -> bool:
    lengths = headers.getRawHeaders(b"Content-Length", [])
    return headers.hasHeader(b"Transfer-Encoding") or any(length.strip(b"0") for length in lengths)


def _mayAsk(headers: Headers, config: WSServiceConfig) -> bool:
    origins = headers.getRawHeaders(b"Origin", [])
    if not origins:
        return True  # not a browser
    if config.allowedOrigins is not None:
        return isAllowed(origins[0], config.allowedOrigins)
    if config.auth:
        return isSame(origins[0], headers.getRawHeaders(b"Host", [b""])[0])
    return origins[0] != b"null"
