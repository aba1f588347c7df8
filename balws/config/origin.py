# -*- test-case-name: tests.config.test_origin -*-
"""
Origins as a browser writes them (RFC 6454 section 6.2).
"""

from __future__ import annotations

import ipaddress
import re

from balws.config.values import Unfit, text

__all__ = ["origin"]

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[(?P<ipv6>[0-9a-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def origin(value: object) -> str:
    """
    A check for one entry of C{allowedOrigins}: C{"*"} (any), C{"null"} (pages that
    have no origin), or C{scheme://host[:port]}.

    @return: the entry as browsers send it: in lower case, without the scheme's own
        port, so that equal strings are equal origins.
    """
    given = text(value)
    if given in ("*", "null"):
        return given
    match = _ORIGIN.fullmatch(given.lower())
    if match is None or not _isAddress(match["ipv6"]):
        raise Unfit('an origin such as "https://example.com" (no path, no "/" at the end), "*" or "null"')
    scheme, host = match["scheme"], match["host"]
    if match["port"] is None:
        return f"{scheme}://{host}"
    port = int(match["port"])
    if not 1 <= port <= 65535:
        raise Unfit("an origin with a port from 1 to 65535")
    return f"{scheme}://{host}" if _DEFAULT_PORTS.get(scheme) == port else f"{scheme}://{host}:{port}"


def _isAddress(ipv6: str | None) -> bool:
    try:
        return ipv6 is None or bool(ipaddress.IPv6Address(ipv6))
    except ValueError:
        return False
