# -*- test-case-name: tests.config.test_service -*-
"""
The upgrade service's record: seed 4, section 3.1.1, and the new fields of DESIGN 6.10.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from balws.config.auth import AuthEntry, authEntries
from balws.config.connection import ConnectionConfiguration
from balws.config.origin import origin
from balws.config.values import (
    checked,
    convert,
    flag,
    integer,
    items,
    optional,
    seconds,
    text,
    token,
    urlPath,
)
from balws.errors import ConfigurationError

__all__ = ["WSServiceConfig"]


def _allowedOrigins(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return convert(optional(items("origins", origin)), "allowedOrigins", value)


@attrs.frozen(kw_only=True)
class WSServiceConfig(ConnectionConfiguration):
    """
    How one upgrade service and its connections behave.  The fields that are not here
    are those of L{balws.config.connection.ConnectionConfiguration}.

    @ivar auth: who may connect: a list of L{balws.config.auth.AuthEntry} or of tables like
        them, tried in turn (decision 12); L{None}: everybody.
    @ivar dispatcherStreamId: the field that ties answer to request, for the service's
        description only (DESIGN 6.5); needs C{dispatcherKey}.
    @ivar allowedOrigins: the origins whose pages may connect: C{scheme://host[:port]},
        C{"*"} for any, C{"null"} for pages without one.  L{None}: every origin but C{"null"},
        and where there is C{auth} the listener's own host and port alone (decision 18); an
        empty list refuses every page of a browser.
    @ivar closeOnExpiry: close with 1008 when the credentials expire (decision 15).
    @ivar bearerQueryParameter: the query parameter in which a bearer token may come, too;
        L{None}: in none.  URLs are written down in many places: take short-lived tokens
        (decision 19).  Like the next it means something with C{auth} alone.
    @ivar bearerCookie: the cookie in which a bearer token may come, too; L{None}: in none.
    @ivar maxConnectionAge: seconds after which a connection is closed with 1001, a tenth
        more or less, so that those that came together do not come again together; 0: never.
    @ivar maxMessagesPerSecond: how many messages of one connection are read in a second, and at a
        time; further ones wait in its peer's socket.  0 sets no limit.
    @ivar basePath: with C{webSocketUpgradePath}, where the service is mounted when
        C{attach} is given no path (seeds 0 and 1); each starts with a slash.
    @ivar webSocketUpgradePath: see C{basePath}.
    """

    auth: tuple[AuthEntry, ...] | None = checked("auth", authEntries, None)
    dispatcherStreamId: str | None = checked("dispatcherStreamId", optional(text), None)
    allowedOrigins: tuple[str, ...] | None = attrs.field(default=None, converter=_allowedOrigins)
    closeOnExpiry: bool = checked("closeOnExpiry", flag, True)
    bearerQueryParameter: str | None = checked("bearerQueryParameter", optional(text), None)
    bearerCookie: str | None = checked("bearerCookie", optional(token), None)
    maxConnectionAge: float = checked("maxConnectionAge", seconds, 0)
    maxMessagesPerSecond: int = checked("maxMessagesPerSecond", integer(0), 0)
    basePath: str | None = checked("basePath", optional(urlPath), None)
    webSocketUpgradePath: str | None = checked("webSocketUpgradePath", optional(urlPath), None)

    def __attrs_post_init__(self) -> None:
        """
        What one field alone cannot tell.
        """
        if self.dispatcherStreamId is not None and self.dispatcherKey is None:
            raise ConfigurationError("a dispatcherStreamId needs a dispatcherKey", "dispatcherStreamId")
