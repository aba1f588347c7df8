# -*- test-case-name: tests.client.test_address -*-
"""
Where a client connects to: the parts of a WebSocket URL (RFC 6455 section 3).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import attrs
from twisted.internet.abstract import isIPv6Address

from balws.errors import Error

_SCHEMES = {"ws": 80, "wss": 443}

_hasBlank = re.compile(r"[\x00-\x20\x7f]").search

#: What no error may show: it may hold a password.
_userInfo = re.compile(r"(\w+:(?=//))?.*@", re.DOTALL)

#: Labels of 1 to 63 characters (RFC 1123 section 2.1), and the dot at the end that some write.
_isName = re.compile(r"(?!-)[0-9A-Za-z-]{1,63}(?<!-)(?:\.(?!-)[0-9A-Za-z-]{1,63}(?<!-))*\.?").fullmatch

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
        shown = re.split(r"[?#]", _userInfo.sub(r"\1//***@", url))[0]
        if _hasBlank(url) or not _isUnicode(url):
            raise Error(f"Malformed URL: {shown!r} holds a blank or a character that cannot be")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Error(f"Malformed URL: {shown} has a host or a port that cannot be") from None
        if not parts.scheme:
            if ":" in url.split("/", 1)[0]:
                raise Error(f"Illegal character in scheme name at index 0: {shown}")
            raise Error(f"Malformed URL: {shown}")
        if parts.scheme not in _SCHEMES:
            raise Error(f"WebSocket client supports only WS(S) scheme: {shown}")
        if "@" in parts.netloc:
            raise Error(f"Malformed URL: {shown} has a user name in it; credentials go into a header")
        if "#" in url:
            raise Error(f"Malformed URL: {shown} has a fragment, which no server would see")
        if port == 0:
            raise Error(f"Malformed URL: {shown} has the port 0")
        host = _host(parts.hostname or "")
        if host is None:
            raise Error(f"Malformed URL: {shown} has no host, or one that is no name")
        target = quote(parts.path or "/", safe=_SAFE)
        if parts.query:
            target += "?" + quote(parts.query, safe=_SAFE + "?")
        own = _SCHEMES[parts.scheme]
        return cls(url, parts.scheme == "wss", host, own if port is None else port, target.encode())

    @property
    def authority(self) -> bytes:
        """
        The C{Host} of the request: with the port where it is not the scheme's own.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = _SCHEMES["wss" if self.secure else "ws"]
        return (host if self.port == own else f"{host}:{self.port}").encode("ascii")


def _isUnicode(url: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in url)


def _host(host: str) -> str | None:
    """
    @return: a name in ASCII, or an address, where it is one.
    """
    if ":" in host:
        return host if host.isascii() and isIPv6Address(host) else None
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return name if _isName(name) else None
