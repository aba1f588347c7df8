# -*- test-case-name: tests.server.test_gate -*-
"""
Is this a valid upgrade, and from a page that may ask (RFC 6455 section 4.2.1)?

Looks at fields that were parsed, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import attrs

from balws.config.service import WSServiceConfig
from balws.server.asked import Asked
from balws.server.host import isAllowed, isHost, isSame
from balws.server.refusal import Refusal
from balws.wire.headers import isKey, isToken, isValue, tokens

VERSION = b"13"

#: In front of a bearer token among the sub-protocols: a page cannot set a header (decision 19).
BEARER = b"balws.bearer"

#: Fields that two of would leave open which one counts.
_SINGLE = (b"sec-websocket-key", b"sec-websocket-version", b"origin", b"authorization")

_BAD = Refusal(400)

_Fields = Mapping[bytes, Sequence[bytes]]

#: Of a field that is not there.
_NONE: Sequence[bytes] = ()


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


def check(asked: Asked, config: WSServiceConfig) -> Upgrade | Refusal:
    """
    @param config: of the service that is asked for.
    @return: the upgrade, or the answer that refuses it (ruling 2: form, then Origin).
    """
    fields = asked.fields
    if asked.method != b"GET":
        return _BAD
    if asked.version != b"HTTP/1.1" or not _has(fields, b"upgrade", b"websocket"):
        return _upgradeRequired()
    if not _has(fields, b"connection", b"upgrade"):
        return _BAD
    if _hasBody(fields) or not isHost(fields.get(b"host", _NONE)):
        return _BAD
    for name in _SINGLE:
        if len(fields.get(name, _NONE)) > 1:
            return _BAD
    if not isValue(b"".join(chain.from_iterable(fields.values()))):  # one look at all of them
        return _BAD
    if _first(fields, b"sec-websocket-version") != VERSION:
        return _upgradeRequired()
    key = _first(fields, b"sec-websocket-key")
    if not isKey(key):
        return _BAD
    protocols = tokens(fields.get(b"sec-websocket-protocol", _NONE))
    if len(set(protocols)) != len(protocols) or not all(map(isToken, protocols)):
        return _BAD
    token = None
    if BEARER in protocols:
        place = protocols.index(BEARER)
        if place + 1 == len(protocols):
            return _BAD
        token = protocols[place + 1]
        del protocols[place : place + 2]
    if not _mayAsk(fields, config):
        return Refusal(403)
    return Upgrade(
        key,
        tuple(map(bytes.decode, protocols)),
        b", ".join(fields.get(b"sec-websocket-extensions", _NONE)).decode("latin-1"),
        token,
    )


def _has(fields: _Fields, name: bytes, token: bytes) -> bool:
    lines = fields.get(name, _NONE)
    # Nearly always it stands there alone.
    return (len(lines) == 1 and lines[0].lower() == token) or token in [each.lower() for each in tokens(lines)]


def _first(fields: _Fields, name: bytes) -> bytes:
    lines = fields.get(name)
    return lines[0] if lines else b""


def _hasBody(fields: _Fields) -> bool:
    lengths = fields.get(b"content-length", _NONE)
    return b"transfer-encoding" in fields or (bool(lengths) and any(length.strip(b"0") for length in lengths))


def _mayAsk(fields: _Fields, config: WSServiceConfig) -> bool:
    origins = fields.get(b"origin")
    if not origins:
        return True  # not a browser
    if config.allowedOrigins is not None:
        return isAllowed(origins[0], config.allowedOrigins)
    if config.auth:
        return isSame(origins[0], _first(fields, b"host"))
    return origins[0] != b"null"
