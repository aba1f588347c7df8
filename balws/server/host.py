# -*- test-case-name: tests.server.test_host -*-
"""
The C{Host} field and the C{Origin} field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from balws.config.origin import origin
from balws.errors import ConfigurationError

#: A name or an address, and a port (RFC 3986 section 3.2.2).
_isHost = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?").fullmatch


def isHost(values: Sequence[bytes]) -> bool:
    """
    @return: whether there is exactly one host, and it is one (RFC 9112 section 3.2).
    """
    return len(values) == 1 and _isHost(values[0]) is not None


def canonical(value: bytes) -> str | None:
    """
    @param value: an C{Origin} field.
    @return: scheme, host and port as L{balws.config.origin.origin} writes them;
        L{None} for C{null} and for what is no origin.
    """
    try:
        found = origin(value.decode("ascii"))
    except (ValueError, ConfigurationError):
        return None
    return None if found in ("*", "null") else found


def isAllowed(value: bytes, allowed: Sequence[str]) -> bool:
    """
    @param allowed: the service's C{allowedOrigins}.
    @return: whether a page of this origin may connect.
    """
    if value == b"null":
        return "null" in allowed
    found = canonical(value)
    return found is not None and ("*" in allowed or found in allowed)


def isSame(value: bytes, host: bytes) -> bool:
    """
    @return: whether an origin names the host and port that the request came to.  The
        scheme is not compared: a proxy may have taken TLS off.
    """
    found = canonical(value)
    if found is None:
        return False
    scheme, _, authority = found.partition("://")
    own = host.decode("ascii", "replace").lower()
    return canonical(f"{scheme}://{own}".encode()) == f"{scheme}://{authority}"
