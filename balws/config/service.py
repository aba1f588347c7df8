# -*- test-case-name: tests.config.test_service -*-
"""
The upgrade service's record: seed 4, section 3.1.1, and the new fields of DESIGN 6.10.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from twisted.logger import Logger

from balws.config.origin import origin
from balws.config.values import (
    MAX_NUMBER,
    Unfit,
    checked,
    convert,
    flag,
    integer,
    items,
    number,
    optional,
    seconds,
    text,
    token,
    urlPath,
)
from balws.errors import ConfigurationError

__all__ = ["WSServiceConfig"]

_log = Logger()

DEFAULT_FRAME_SIZE = 65536


def _checkFrameSize(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unfit("an integer")
    if value <= 0:
        return DEFAULT_FRAME_SIZE
    if value > MAX_NUMBER:
        _log.warn("maxFrameSize {given} is too large; {largest} is used.", given=value, largest=MAX_NUMBER)
        return MAX_NUMBER
    return value


def _subProtocols(value: Iterable[str]) -> tuple[str, ...]:
    return convert(items("sub-protocols", token), "subProtocols", value)


def _allowedOrigins(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return convert(optional(items("origins", origin)), "allowedOrigins", value)


def _auth(value: object) -> None:
    if value is not None:
        raise ConfigurationError(
            "authentication is not available in this release; leave it out or let a proxy in front do it",
            "auth",
        )


@attrs.frozen(kw_only=True)
class WSServiceConfig:
    """
    How one upgrade service and its connections behave.  All durations are seconds,
    C{int} or C{float}, from 0 to 2147483647 unless said otherwise; all sizes and
    counts are integers from 1 to 2147483647.

    The fields up to C{dispatcherKey} are those of seed 4, 3.1.1 and 3.2.2; up to C{validation} they come from
    later releases of the reference library; the others are new here (DESIGN 6.10).

    @ivar subProtocols: the sub-protocols that the service speaks: tokens of HTTP,
        none twice; the client's order of preference decides.
    @ivar idleTimeout: after so long without a message either way C{onIdleTimeout}
        is called, again and again; the connection stays open (decision 3); 0 is off.
    @ivar maxFrameSize: the largest payload of one frame in bytes; what is larger is
        1009.  0 and below mean 65536; above 2147483647 it is that, with a warning.
    @ivar auth: must be L{None} in this release.
    @ivar dispatcherKey: the field of a message whose value names the method that
        gets it; L{None} is no custom dispatch.
    @ivar dispatcherStreamId: the field that ties answer to request, for the service's
        description only (DESIGN 6.5); needs C{dispatcherKey}.
    @ivar connectionClosureTimeout: how long a close waits for the peer's close frame;
        0 drops at once; any negative number waits without limit (decision 1).
    @ivar validation: check declared constraints when binding.
    @ivar maxMessageSize: the largest message in bytes, after inflation; more is 1009
        (decision 21).
    @ivar maxFragments: the most frames of one message; more is 1009 (decision 21).
    @ivar maxPendingMessages: messages that may wait for a busy method; then reading
        pauses (DESIGN 6.4).
    @ivar maxSendBuffer: unsent bytes above which a peer counts as slow (decision 23).
    @ivar slowConsumerTimeout: how long a peer may be slow before it is dropped; 0
        drops it at once.
    @ivar pingInterval: time between keep-alive pings; 0 sends none (decision 22).
    @ivar pingTimeout: how long a pong may take; 0 waits without limit.
    @ivar allowedOrigins: the origins whose pages may connect: C{scheme://host[:port]},
        C{"*"} for any, C{"null"} for pages without one.  L{None} is the default of
        decision 18; an empty list refuses every page of a browser.
    @ivar closeOnExpiry: close with 1008 when the credentials expire (decision 15).
    @ivar basePath: with C{webSocketUpgradePath}, where the service is mounted when
        C{attach} is given no path (seeds 0 and 1); each starts with a slash.
    @ivar webSocketUpgradePath: see C{basePath}.
    """

    subProtocols: tuple[str, ...] = attrs.field(default=(), converter=_subProtocols)
    idleTimeout: float = checked("idleTimeout", seconds, 0)
    maxFrameSize: int = checked("maxFrameSize", _checkFrameSize, DEFAULT_FRAME_SIZE)
    auth: None = attrs.field(default=None, converter=_auth)
    dispatcherKey: str | None = checked("dispatcherKey", optional(text), None)
    dispatcherStreamId: str | None = checked("dispatcherStreamId", optional(text), None)
    connectionClosureTimeout: float = checked("connectionClosureTimeout", number, 60)
    validation: bool = checked("validation", flag, True)
    maxMessageSize: int = checked("maxMessageSize", integer(1), 1024 * 1024)
    maxFragments: int = checked("maxFragments", integer(1), 1024)
    maxPendingMessages: int = checked("maxPendingMessages", integer(1), 32)
    maxSendBuffer: int = checked("maxSendBuffer", integer(1), 1024 * 1024)
    slowConsumerTimeout: float = checked("slowConsumerTimeout", seconds, 10)
    pingInterval: float = checked("pingInterval", seconds, 30)
    pingTimeout: float = checked("pingTimeout", seconds, 20)
    allowedOrigins: tuple[str, ...] | None = attrs.field(default=None, converter=_allowedOrigins)
    closeOnExpiry: bool = checked("closeOnExpiry", flag, True)
    basePath: str | None = checked("basePath", optional(urlPath), None)
    webSocketUpgradePath: str | None = checked("webSocketUpgradePath", optional(urlPath), None)

    def __attrs_post_init__(self) -> None:
        """
        What one field alone cannot tell.
        """
        if self.dispatcherStreamId is not None and self.dispatcherKey is None:
            raise ConfigurationError("a dispatcherStreamId needs a dispatcherKey", "dispatcherStreamId")
