# -*- test-case-name: tests.asyncapi.test_servers -*-
"""
The listeners of a configuration, and addresses that somebody gives, as AsyncAPI's servers.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from balws.config import ListenerEntry
from balws.errors import ConfigurationError

__all__ = ["serverAt", "serverOf"]

#: What listens on all addresses is reached by no name of its own.
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - not bound here


def serverOf(entry: ListenerEntry) -> dict[str, Any]:
    """
    @return: the server that a listener is.
    """
    protocol = "ws" if entry.configuration.secureSocket is None else "wss"
    if entry.endpoint is None:
        port = entry.port or None  # 0 is one that nobody knows yet
        return _server(protocol, _host(entry.configuration.host), port)
    kind, _, rest = entry.endpoint.partition(":")
    if kind == "ssl":
        protocol = "wss"
    interface = re.search(r"(?:^|:)interface=((?:[^:\\]|\\.)*)", rest)
    host = _host(interface[1].replace("\\", "") if interface else "")
    number = re.match(r"(?:port=)?(\d+)(?::|$)", rest)
    server = _server(protocol, host, int(number[1]) if number and kind != "unix" else None)
    if kind not in ("tcp", "tcp6", "ssl"):
        server["description"] = f"An endpoint of the kind {kind}, at an address of the operator's."
    return server


def serverAt(url: str) -> dict[str, Any]:
    """
    @param url: C{ws://} or C{wss://}, host, port, perhaps a path in front of the services'.
    @return: the server.
    @raise ConfigurationError: when it is no such URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("a server is ws://HOST[:PORT][/PATH], or wss") from None
    wrong = parts.query or parts.fragment or parts.username is not None or not parts.hostname
    if parts.scheme not in ("ws", "wss") or wrong or not re.fullmatch(r"[!-~]+", url):
        raise ConfigurationError("a server is ws://HOST[:PORT][/PATH], or wss")
    server = _server(parts.scheme, _host(parts.hostname or ""), port)
    if parts.path.strip("/"):
        server["pathname"] = parts.path.rstrip("/")
    return server


def _host(name: str) -> str:
    if name in _EVERYWHERE:
        return "localhost"
    return f"[{name}]" if ":" in name else name


def _server(protocol: str, host: str, port: int | None) -> dict[str, Any]:
    usual = {"ws": 80, "wss": 443}[protocol]
    return {"host": host if port in (None, usual) else f"{host}:{port}", "protocol": protocol}
