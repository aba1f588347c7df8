# -*- test-case-name: tests.client.test_response -*-
"""
What a server answered to an upgrade request, and whether it is an acceptance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from balws.errors import InvalidHandshakeError
from balws.wire.compression import accepted
from balws.wire.headers import acceptKey, tokens


@attrs.frozen
class HttpResponse:
    """
    The server's answer, with 101 or any other status.

    @ivar status: the number.
    @ivar reason: the words beside it; may be empty.
    @ivar headers: the values of each header by lower-case name.
    @ivar body: of a refusal, the first 64 KiB at most; an acceptance has none.
    """

    status: int
    reason: str
    headers: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    @classmethod
    def of(cls, status: int, reason: bytes, fields: Iterable[tuple[bytes, bytes]]) -> HttpResponse:
        """
        @param fields: the header fields as they came, names and values.
        """
        found: dict[str, tuple[str, ...]] = {}
        for rawName, rawValue in fields:
            name = rawName.decode("ascii").lower()
            found[name] = (*found.get(name, ()), rawValue.decode("utf-8", "replace"))
        return cls(status, reason.decode("utf-8", "replace"), MappingProxyType(found))

    def header(self, name: str) -> str | None:
        """
        @return: the first value of a header, or L{None}.
        """
        values = self.headers.get(name.lower())
        return values[0] if values else None


def _printable(words: str) -> str:
    """
    @return: the server's words as a log may have them.
    """
    return "".join(each if each.isprintable() else "?" for each in words[:200])


def refused(response: HttpResponse) -> InvalidHandshakeError:
    """
    @return: what to tell about an answer other than 101.
    """
    words = f"{response.status} {_printable(response.reason)}".rstrip()
    return InvalidHandshakeError(f"Invalid handshake response getStatus: {words}", response)


def check(response: HttpResponse, key: bytes, offered: tuple[str, ...], compression: bool) -> tuple[str | None, Any]:
    """
    See that an answer 101 is one to our request (RFC 6455 section 4.1).

    @param key: our C{Sec-WebSocket-Key}.
    @param offered: our sub-protocols.
    @param compression: whether we offered permessage-deflate.
    @return: the sub-protocol and the compressor agreed on, each or L{None}.
    @raise InvalidHandshakeError: when it is not.
    """

    def wrong(problem: str) -> InvalidHandshakeError:
        return InvalidHandshakeError(f"Invalid handshake response: {problem}", response)

    def only(name: str) -> str | None:
        values = response.headers.get(name, ())
        if len(values) > 1:
            raise wrong(f"more than one {name}")
        return values[0] if values else None

    if (only("upgrade") or "").lower() != "websocket":
        raise wrong("it upgrades to something else")
    if b"upgrade" not in [each.lower() for each in tokens(v.encode() for v in response.headers.get("connection", ()))]:
        raise wrong("no upgrade in its connection header")
    if only("sec-websocket-accept") != acceptKey(key).decode():
        raise wrong("its sec-websocket-accept is not for our key")
    protocol = only("sec-websocket-protocol")
    if (protocol is None and offered) or (protocol is not None and protocol not in offered):
        expected = ", ".join(offered) or "none"
        actual = "null" if protocol is None else _printable(protocol)
        raise InvalidHandshakeError(f"Invalid subprotocol. Actual: {actual}. Expected one of: {expected}", response)
    extensions = ", ".join(response.headers.get("sec-websocket-extensions", ()))
    if not extensions:
        return protocol, None
    if not compression:
        raise wrong("an extension that was not offered")
    try:
        return protocol, accepted(extensions)
    except ValueError as problem:
        raise wrong(str(problem)) from None
