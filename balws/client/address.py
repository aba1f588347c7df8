# -*- test-case-name: tests.client.test_address -*-
"""
Where a client connects to: the parts of a WebSocket URL (RFC 6455 section 3).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import attrs

from balws.errors import Error

_SCHEMES = {"ws": 80, "wss": 443}

_hasBlank = re.compile(r"[\x00-\x20\x7f]").search

#: What a path or a query keeps as it is; all else is percent-encoded (RFC 3986 section 3.3).
_SAFE = "/%:@!$&'()*+,;=-._~"


@attrs.frozen
class Address:
    """
    @ivar url: as the user wrote it.
    @ivar secure: whether the scheme is C{wss}.
    @ivar host: a name in ASCII or an IP address, without brackets.
    @ivar port: given, or the scheme's own.
    @ivar target: path and query as the request line has them.
    """

    url: str
    secure: bool
    host: str
    port: int
    target: bytes

    @classmethod
    def parse(cls, url: str) -> Address:
        """
        @raise Error: when nothing can be sent there; says why.
        """
        if not isinstance(url, str):
            raise Error(f"Malformed URL: a URL is a str, not {type(url).__name__}")
        if _hasBlank(url):
            raise Error(f"Malformed URL: {url!r} holds a blank or a control character")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as problem:
            raise Error(f"Malformed URL: {url} ({problem})") from None
        if not parts.scheme:
            before = url.split("/", 1)[0]
            if ":" in before:
                raise Error(f"Illegal character in scheme name at index 0: {url}")
            raise Error(f"Malformed URL: {url}")
        if parts.scheme not in _SCHEMES:
            raise Error(f"WebSocket client supports only WS(S) scheme: {url}")
        if parts.username is not None or parts.password is not None:
            # Not shown: it may hold a password.
            raise Error("Malformed URL: a WebSocket URL has no user name and no password in it")
        if "#" in url:
            raise Error(f"Malformed URL: {url} has a fragment, which no server would see")
        target = quote(parts.path or "/", safe=_SAFE)
        if parts.query:
            target += "?" + quote(parts.query, safe=_SAFE + "?")
        secure = parts.scheme == "wss"
        return cls(url, secure, _host(url, parts.hostname), _port(url, parts.scheme, port), target.encode())

    @property
    def authority(self) -> bytes:
        """
        The C{Host} of the request: with the port where it is not the scheme's own.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = _SCHEMES["wss" if self.secure else "ws"]
        return (host if self.port == own else f"{host}:{self.port}").encode("ascii")


def _host(url: str, host: str | None) -> str:
    if not host:
        raise Error(f"Malformed URL: {url} names no host")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Error(f"Malformed URL: {url} has a host that is no name") from None


def _port(url: str, scheme: str, port: int | None) -> int:
    if port == 0:
        raise Error(f"Malformed URL: {url} has the port 0")
    return _SCHEMES[scheme] if port is None else port
