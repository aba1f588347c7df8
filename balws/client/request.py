# -*- test-case-name: tests.client.test_request -*-
"""
The upgrade request (RFC 6455 section 4.1).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from os import urandom

from balws.client.address import Address
from balws.config.client import ClientConfiguration, Cookie
from balws.config.secret import Secret
from balws.wire.compression import OFFER


def newKey() -> bytes:
    """
    @return: a C{Sec-WebSocket-Key} that nobody can guess.
    """
    return b64encode(urandom(16))


def fieldsFor(
    address: Address, config: ClientConfiguration, key: bytes, authorization: Secret | None = None
) -> list[tuple[bytes, bytes]]:
    """
    @param authorization: the value of this field, in place of a custom one (table 5.6).
    @return: the request's header fields.
    """
    custom = {name.lower(): (name, value) for name, value in config.customHeaders.items()}
    host = custom.pop("host", None)
    fields = [
        (b"Host", address.authority if host is None else host[1].encode()),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", key),
        (b"Sec-WebSocket-Version", b"13"),
    ]
    if config.subProtocols:
        fields.append((b"Sec-WebSocket-Protocol", ", ".join(config.subProtocols).encode()))
    if config.webSocketCompressionEnabled:
        fields.append((b"Sec-WebSocket-Extensions", OFFER.encode()))
    if config.cookies:
        custom.pop("cookie", None)
        fields.append((b"Cookie", cookieHeader(config.cookies)))
    if authorization is not None:
        custom.pop("authorization", None)
        fields.append((b"Authorization", authorization.reveal().encode("ascii")))
    fields += ((name.encode(), value.encode()) for name, value in custom.values())
    return fields


def cookieHeader(cookies: Iterable[Cookie]) -> bytes:
    """
    @return: all cookies in one field, those of short paths first (table A5.8).
    """
    ordered = sorted(cookies, key=lambda cookie: len(cookie.path))
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in ordered).encode()
