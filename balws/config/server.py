# -*- test-case-name: tests.config.test_server -*-
"""
The process as a whole: C{[server]} (DESIGN 6.10).
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import attrs

from balws.config.values import MAX_NUMBER, Unfit, checked, flag, integer, items, optional, seconds, text

__all__ = ["ServerConfiguration", "TrustedProxy"]

#: Who may say from where a request comes: a network, or C{"unix"} for sockets of this machine.
TrustedProxy = IPv4Network | IPv6Network | str

#: More processes than this are a mistake.
MAX_WORKERS = 1024


def _proxy(value: object) -> TrustedProxy:
    if isinstance(value, (IPv4Network, IPv6Network)):
        return value
    found = text(value)
    if found == "unix":
        return found
    try:
        return ip_network(found, strict=False)
    except ValueError:
        raise Unfit('an address, a network such as "10.0.0.0/8", or "unix"') from None


def _logFormat(value: object) -> str:
    if value not in ("text", "json"):
        raise Unfit('"text" or "json"')
    return str(value)


@attrs.frozen(kw_only=True)
class ServerConfiguration:
    """
    What is the same for all listeners of a process.

    @ivar workers: how many processes serve, 1 to 1024; 1: this one alone.
    @ivar maxConnections: the most connections in all; a further upgrade is answered with
        503.  Each of several workers has its share.  0 sets no limit.
    @ivar maxConnectionsPerAddress: the most connections of one address, of IPv6 of one /64
        network; a further upgrade is answered with 429.  0 sets no limit; L{None} is 1000,
        and none for this machine itself.
    @ivar maxUpgradesPerSecond: the most upgrades that one address may ask for in a second, and
        at a time; more are answered with 429.  0 sets no limit; L{None} is 100, and none for
        this machine itself.
    @ivar drainTimeout: seconds that peers, and methods which run, have to end when the
        process is told to stop; then they are dropped.  0 drops at once.
    @ivar drainSpread: peers are told to go within so many seconds, not all at a time; 0 tells all
        at once, L{None} takes a second for each 500, up to 2.
    @ivar trustedProxies: who may say in C{X-Forwarded-For}, C{X-Forwarded-Proto} and the PROXY
        protocol from where a connection comes: addresses, networks, C{"unix"}; empty: nobody.
    @ivar logConnections: whether each connection that opens, and each that ends, is a line in the log.
    @ivar stallWarn: seconds for which the reactor may stand still before the log says which method
        it waits for; 0 does not look.
    @ivar logFormat: C{"text"}, or C{"json"} for one JSON object a line.
    """

    workers: int = checked("workers", integer(1, MAX_WORKERS), 1)
    maxConnections: int = checked("maxConnections", integer(0), 10_000)
    maxConnectionsPerAddress: int | None = checked("maxConnectionsPerAddress", optional(integer(0)), None)
    maxUpgradesPerSecond: int | None = checked("maxUpgradesPerSecond", optional(integer(0, MAX_NUMBER)), None)
    drainTimeout: float = checked("drainTimeout", seconds, 10)
    drainSpread: float | None = checked("drainSpread", optional(seconds), None)
    trustedProxies: tuple[TrustedProxy, ...] = checked("trustedProxies", items("networks", _proxy), ())
    logConnections: bool = checked("logConnections", flag, False)
    stallWarn: float = checked("stallWarn", seconds, 0.5)
    logFormat: str = checked("logFormat", _logFormat, "text")
