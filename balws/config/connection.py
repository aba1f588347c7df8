# -*- test-case-name: tests.config.test_connection -*-
"""
What every connection has, whichever side began it.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from twisted.logger import Logger

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
)

__all__ = ["ConnectionConfiguration"]

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


@attrs.frozen(kw_only=True)
class ConnectionConfiguration:
    """
    The fields that L{balws.WSServiceConfig} and L{balws.ClientConfiguration} have in
    common.  All durations are seconds, C{int} or C{float}, from 0 to 2147483647 unless
    said otherwise; all sizes and counts are integers from 1 to 2147483647.

    The fields up to C{dispatcherKey} are those of seed 4, 3.1.1, 3.2.2 and 4; up to C{validation} they come from
    later releases of the reference library; the others are new here (DESIGN 6.10).

    @ivar subProtocols: the sub-protocols that this side speaks: tokens of HTTP, none
        twice; the client's order of preference decides.
    @ivar idleTimeout: after so long without a message either way C{onIdleTimeout}
        is called, again and again; the connection stays open (decision 3); 0 is off.
    @ivar maxFrameSize: the largest payload of one frame in bytes, both ways; what is
        larger is 1009.  0 and below mean 65536; above 2147483647 it is that, with a
        warning.
    @ivar dispatcherKey: the field of a message whose value names the method that
        gets it; L{None} is no custom dispatch.
    @ivar connectionClosureTimeout: how long a close waits for the peer's close frame;
        0 drops at once; any negative number waits without limit (decision 1).
    @ivar validation: check declared constraints when binding.
    @ivar maxMessageSize: the largest message in bytes, after inflation; more is 1009
        (decision 21).
    @ivar maxFragments: the most frames of one message; more is 1009 (decision 21).
    @ivar maxPendingMessages: messages that may wait for a busy method or for a read;
        then reading pauses (DESIGN 6.4).
    @ivar maxSendBuffer: unsent bytes above which a peer counts as slow (decision 23).
    @ivar slowConsumerTimeout: how long a peer may be slow before it is dropped; 0
        drops it at once.
    @ivar pingInterval: time between keep-alive pings; 0 sends none (decision 22).
    @ivar pingTimeout: how long a pong may take; 0 waits without limit.  There is one question at a time: where
        this is longer than C{pingInterval}, it is the time between pings.
    """

    subProtocols: tuple[str, ...] = attrs.field(default=(), converter=_subProtocols)
    idleTimeout: float = checked("idleTimeout", seconds, 0)
    maxFrameSize: int = checked("maxFrameSize", _checkFrameSize, DEFAULT_FRAME_SIZE)
    dispatcherKey: str | None = checked("dispatcherKey", optional(text), None)
    connectionClosureTimeout: float = checked("connectionClosureTimeout", number, 60)
    validation: bool = checked("validation", flag, True)
    maxMessageSize: int = checked("maxMessageSize", integer(1), 1024 * 1024)
    maxFragments: int = checked("maxFragments", integer(1), 1024)
    maxPendingMessages: int = checked("maxPendingMessages", integer(1), 32)
    maxSendBuffer: int = checked("maxSendBuffer", integer(1), 1024 * 1024)
    slowConsumerTimeout: float = checked("slowConsumerTimeout", seconds, 10)
    pingInterval: float = checked("pingInterval", seconds, 30)
    pingTimeout: float = checked("pingTimeout", seconds, 20)
