# -*- test-case-name: tests.config.test_hub -*-
"""
How connections reach each other across processes and machines: C{[hub]} (DESIGN 2.4, 6.10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from balws.config.records import nested
from balws.config.secret import Secret
from balws.config.secure import ClientSecureSocket
from balws.config.values import (
    MAX_NUMBER,
    Unfit,
    Unlike,
    checked,
    confidential,
    convert,
    finite,
    hidden,
    integer,
    items,
    matching,
    optional,
    text,
)
from balws.errors import ConfigurationError

__all__ = ["HistoryConfig", "HubConfiguration"]

#: What a URL of Redis begins with.
_SCHEMES = ("redis://", "rediss://", "redis+sentinel://", "rediss+sentinel://", "unix://")

_prefix = matching(re.compile(r"[A-Za-z0-9_.-]{1,64}"), "1 to 64 of letters, digits, and _ . -")


def _url(value: object) -> str:
    found = text(value)
    if not found.startswith(_SCHEMES):
        raise Unfit(f"a URL that begins with one of {', '.join(_SCHEMES)}")
    if "@" in found:
        raise Unfit("a URL without user and password, which have keys of their own")
    return found


def _durable(value: object) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) or not isinstance(value, (list, tuple, set, frozenset)):
        raise Unlike("true, false, or a list of groups")
    return items("groups", text)(value)


def _period(value: object) -> float:
    found = finite("a number of seconds")(value)
    if not 0 < found <= MAX_NUMBER:
        raise Unfit(f"a number of seconds above 0 and up to {MAX_NUMBER}")
    return found


def _scope(value: object) -> str:
    if value not in ("hub", "worker"):
        raise Unfit('"hub" or "worker"')
    return str(value)


def _secureSocket(value: ClientSecureSocket | Mapping[str, Any] | None) -> ClientSecureSocket | None:
    return convert(optional(nested(ClientSecureSocket)), "secureSocket", value)


@attrs.frozen(kw_only=True)
class HistoryConfig:
    """
    What is kept of each durable group.

    @ivar size: the most messages, 1 to 1000000.
    @ivar age: how many seconds a message is kept at the most, above 0.  A group in which
        nothing happens for as long is forgotten.
    """

    size: int = checked("size", integer(1, 1_000_000), 10_000)
    age: float = checked("age", _period, 3600)


def _history(value: HistoryConfig | Mapping[str, Any]) -> HistoryConfig:
    return convert(nested(HistoryConfig), "history", value)


@attrs.frozen(kw_only=True)
class HubConfiguration:
    """
    @ivar url: the Redis that the nodes share: C{redis://HOST:PORT/DB}, C{rediss://} over
        TLS, C{unix:///PATH?db=DB}, or C{redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB} (and
        C{rediss+sentinel://}); L{None}: each process by itself.
    @ivar username: for Redis' C{AUTH}; L{None}: its default user.
    @ivar password: for Redis; L{None}: it wants none.
    @ivar secureSocket: of C{rediss://}: L{ClientSecureSocket} or a mapping of its fields;
        L{None} trusts the system's authorities.
    @ivar durable: whether pushes to groups are kept until every node has them: for all
        groups, for none, or for those that a list names.  Needs a C{url}.
    @ivar history: L{HistoryConfig} or a mapping of its fields, for durable groups.
    @ivar scope: C{"hub"}: connections of all processes that share the C{url} reach each other;
        C{"worker"}: those of one process, although there are several workers.
    @ivar prefix: what all keys and channels in Redis begin with, so that services may share one.
    @ivar timeout: seconds that Redis has to answer, above 0.
    @ivar heartbeat: seconds between two signs of life of a node, above 0; one that gives none
        for twice as long is taken for dead.
    @ivar maxQueue: the most bytes of durable pushes that wait for Redis, 1 or more.
    @ivar maxNames: the most names under which a node stores connections.
    @ivar maxGroups: the most groups that connections of a node are in.
    @ivar maxGroupsPerConnection: the most groups that one connection is in.
    """

    url: str | None = checked("url", confidential(optional(_url)), None)
    username: str | None = checked("username", optional(text), None)
    password: Secret | None = hidden("password", None)
    secureSocket: ClientSecureSocket | None = attrs.field(default=None, converter=_secureSocket)
    durable: bool | tuple[str, ...] = checked("durable", _durable, False)
    history: HistoryConfig = attrs.field(factory=HistoryConfig, converter=_history)
    scope: str = checked("scope", _scope, "hub")
    prefix: str = checked("prefix", _prefix, "balws")
    timeout: float = checked("timeout", _period, 5)
    heartbeat: float = checked("heartbeat", _period, 5)
    maxQueue: int = checked("maxQueue", integer(1), 4 * 1024 * 1024)
    maxNames: int = checked("maxNames", integer(1), 100_000)
    maxGroups: int = checked("maxGroups", integer(1), 100_000)
    maxGroupsPerConnection: int = checked("maxGroupsPerConnection", integer(1), 1_000)

    def __attrs_post_init__(self) -> None:
        """
        What one field alone cannot tell.
        """
        if self.url is None and self.durable:
            raise ConfigurationError("needs the url of a Redis", "durable")
        if self.url is not None and self.scope == "worker":
            raise ConfigurationError('"worker" means that no process reaches another: it goes without url', "scope")
        if self.secureSocket is not None and not (self.url or "").startswith("rediss"):
            raise ConfigurationError("goes with rediss://", "secureSocket")
        if self.username is not None and self.password is None:
            raise ConfigurationError("needs a password", "username")

    def isDurable(self, group: str) -> bool:
        """
        @return: whether pushes to this group are durable.
        """
        return self.durable if isinstance(self.durable, bool) else group in self.durable
