# -*- test-case-name: tests.config.test_listener -*-
"""
The listener's records, with the names and defaults of seed 4, section 2.1.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from balws.config.records import nested
from balws.config.secure import ListenerSecureSocket
from balws.config.values import (
    checked,
    convert,
    flag,
    headerText,
    integer,
    member,
    optional,
    seconds,
    word,
)
from balws.errors import ConfigurationError

__all__ = [
    "KEEPALIVE_ALWAYS",
    "KEEPALIVE_AUTO",
    "KEEPALIVE_NEVER",
    "MAX_PIPELINED_REQUESTS",
    "KeepAlive",
    "ListenerConfiguration",
    "ListenerHttp1Settings",
    "RequestLimitConfigs",
]

#: How often an address may show wrong credentials before it has to wait, unless configured.
MAX_AUTH_FAILURES = 10

#: How many requests may wait on one connection, unless configured.
MAX_PIPELINED_REQUESTS = 10


class KeepAlive(enum.Enum):
    """
    What becomes of a connection after an answer that is no upgrade.

    @cvar AUTO: as the request's C{Connection} header says.
    @cvar ALWAYS: it stays open.
    @cvar NEVER: it is closed.
    """

    AUTO = "AUTO"
    ALWAYS = "ALWAYS"
    NEVER = "NEVER"


KEEPALIVE_AUTO = KeepAlive.AUTO
KEEPALIVE_ALWAYS = KeepAlive.ALWAYS
KEEPALIVE_NEVER = KeepAlive.NEVER


_checkKeepAlive = member(KeepAlive, "KEEPALIVE_")


def _keepAlive(value: KeepAlive | str) -> KeepAlive:
    return convert(_checkKeepAlive, "keepAlive", value)


@attrs.frozen(kw_only=True)
class ListenerHttp1Settings:
    """
    HTTP/1.x before the upgrade, and for plain HTTP beside it (seed 4, 2.1).

    @ivar keepAlive: L{KeepAlive}, or its name with or without C{KEEPALIVE_} in front.
    @ivar maxPipelinedRequests: how many requests of one connection are read ahead,
        at least 1; reading stops at the limit (DESIGN 6.2).
    """

    keepAlive: KeepAlive = attrs.field(default=KEEPALIVE_AUTO, converter=_keepAlive)
    maxPipelinedRequests: int = checked("maxPipelinedRequests", integer(1), MAX_PIPELINED_REQUESTS)


@attrs.frozen(kw_only=True)
class RequestLimitConfigs:
    """
    How large a request may be (seed 4, 2.1).

    @ivar maxUriLength: characters of the request's target, at least 1; more is 414.
    @ivar maxHeaderSize: bytes of all header lines together, at least 1; more is 431.
    @ivar maxEntityBodySize: bytes of the body, declared or received; more is 413;
        0 allows none, -1 sets no limit.
    """

    maxUriLength: int = checked("maxUriLength", integer(1), 4096)
    maxHeaderSize: int = checked("maxHeaderSize", integer(1), 8192)
    maxEntityBodySize: int = checked("maxEntityBodySize", integer(-1, 2**63 - 1), -1)


def _checkTimeout(value: object) -> float:
    if isinstance(value, (int, float)) and value < 0:
        raise ConfigurationError(
            "Idle timeout cannot be negative. If you want to disable the timeout please use value 0"
        )
    return seconds(value)


def _http1Settings(value: ListenerHttp1Settings | Mapping[str, Any]) -> ListenerHttp1Settings:
    return convert(nested(ListenerHttp1Settings), "http1Settings", value)


def _requestLimits(value: RequestLimitConfigs | Mapping[str, Any]) -> RequestLimitConfigs:
    return convert(nested(RequestLimitConfigs), "requestLimits", value)


def _secureSocket(value: ListenerSecureSocket | Mapping[str, Any] | None) -> ListenerSecureSocket | None:
    return convert(optional(nested(ListenerSecureSocket)), "secureSocket", value)


@attrs.frozen(kw_only=True)
class ListenerConfiguration:
    """
    How a listener listens (seed 4, 2.1).

    @ivar host: the address to bind, a name or an IP address.
    @ivar http1Settings: L{ListenerHttp1Settings} or a mapping of its fields.
    @ivar secureSocket: L{ListenerSecureSocket} or a mapping of its fields: the listener
        speaks TLS, and its services are reached by C{wss}; L{None}: without TLS.
    @ivar timeout: seconds that a connection has for the whole upgrade request; then
        408; 0 sets no limit.  No part of it counts after the upgrade.
    @ivar server: the C{Server} header of our answers; L{None} sends none.
    @ivar webSocketCompressionEnabled: agree to permessage-deflate when a client offers it.
    @ivar requestLimits: L{RequestLimitConfigs} or a mapping of its fields.
    @ivar maxAuthFailures: how often an address may show wrong credentials within ten minutes; then
        each further attempt waits, longer and longer up to 8 s, and too many that wait at
        a time are answered with 429.  Right ones take back those of their own user name.  0 sets no limit.
    @ivar proxyProtocol: each connection begins with a header of the PROXY protocol, version 1 or
        2, which says who the peer is; it is believed from C{[server]}'s C{trustedProxies}, and
        who does not belong to them is dropped.
    """

    host: str = checked("host", word, "0.0.0.0")  # noqa: S104 - the seeds' default
    http1Settings: ListenerHttp1Settings = attrs.field(
        factory=ListenerHttp1Settings, converter=_http1Settings
    )
    secureSocket: ListenerSecureSocket | None = attrs.field(default=None, converter=_secureSocket)
    timeout: float = checked("timeout", _checkTimeout, 120)
    server: str | None = checked("server", optional(headerText), None)
    webSocketCompressionEnabled: bool = checked("webSocketCompressionEnabled", flag, True)
    requestLimits: RequestLimitConfigs = attrs.field(factory=RequestLimitConfigs, converter=_requestLimits)
    maxAuthFailures: int = checked("maxAuthFailures", integer(0), MAX_AUTH_FAILURES)
    proxyProtocol: bool = checked("proxyProtocol", flag, False)
