# -*- test-case-name: tests.server.test_endpoint -*-
"""
Where a listener listens.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint

from balws.errors import ConfigurationError

#: So many connections may wait to be accepted; Twisted's own 50 turn a crowd away that comes at once.
BACKLOG = 1024


def endpointFor(listenOn: Any, reactor: Any, host: str) -> tuple[IStreamServerEndpoint, str]:
    """
    @param listenOn: a port, an endpoint, or its string.
    @param host: the interface of a port.
    @return: an endpoint, and what the log calls it.
    @raise ConfigurationError: for what is none of them.
    """
    if isinstance(listenOn, str):
        try:
            return serverFromString(reactor, listenOn), listenOn
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ConfigurationError(f"no endpoint is described by {listenOn!r} ({error})", "endpoint") from None
    if IStreamServerEndpoint.providedBy(listenOn):
        return listenOn, type(listenOn).__name__
    if not isinstance(listenOn, int) or isinstance(listenOn, bool) or not 0 <= listenOn <= 65535:
        raise ConfigurationError(f"expected a port from 0 to 65535, got {listenOn!r}", "port")
    kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
    return kind(reactor, listenOn, BACKLOG, host), f"{host}:{listenOn}"
