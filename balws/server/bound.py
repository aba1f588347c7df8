# -*- test-case-name: tests.server.test_bound -*-
"""
A port that is open: where that is, and who can listen on the way to it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from balws.config.loopback import isLoopback

_log = Logger(namespace="balws.server")


def urlOf(port: IListeningPort, isSecure: bool) -> str:
    """
    @param isSecure: whether TLS is spoken there.
    @return: such as C{"ws://127.0.0.1:9090"}; C{"unix:PATH"} for a socket in the file system.
    """
    address: Any = port.getHost()
    host = getattr(address, "host", None)
    if host is None:
        return f"unix:{getattr(address, 'name', b'').decode(errors='replace')}"
    return f"{'wss' if isSecure else 'ws'}://{f'[{host}]' if ':' in host else host}:{address.port}"


def warnOfCredentials(port: IListeningPort, name: str, paths: Collection[str]) -> None:
    """
    Say what decision 17 wants said, where it can be known.

    @param name: what the port is called.
    @param paths: the services that are shown credentials without TLS.
    """
    host = getattr(port.getHost(), "host", None)
    if paths and host and not isLoopback(host):
        _log.warn(
            "Credentials for {paths} on {name} can be read by whoever is on the way:"
            " give it a secureSocket, or let only a TLS proxy reach it.",
            paths=", ".join(paths),
            name=name,
        )
