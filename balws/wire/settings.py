# -*- test-case-name: tests.wire.test_settings -*-
"""
What a connection needs to know of its configuration, as plain numbers.
"""

from __future__ import annotations

import attrs
from twisted.internet.interfaces import IReactorTime

from balws.config.connection import ConnectionConfiguration
from balws.wire.wheel import TimerWheel

#: A closed connection whose last bytes, or whose peer's, are on their way gets this long (seconds).
LINGER = 5.0

#: Messages under this many bytes are never compressed: the header would eat the gain.
MIN_COMPRESSED = 128


@attrs.frozen(kw_only=True)
class WireSettings:
    """
    One for each mounted service and for each client, shared by its connections.

    @ivar maxFrameSize: the largest payload of one frame, both ways, in bytes.
    @ivar maxMessageSize: the largest message read, after inflation, in bytes.
    @ivar maxFragments: the most frames of one message, empty ones included.
    @ivar maxSendBuffer: unsent bytes above which a peer counts as slow.
    @ivar slowConsumerTimeout: how long it may stay so, in seconds.
    @ivar pingInterval: seconds between keep-alive pings; 0 sends none.
    @ivar pingTimeout: seconds that a pong may take; 0 waits without limit.
    @ivar clock: where time comes from.
    @ivar wheel: the keep-alive timers of all connections.
    """

    maxFrameSize: int = 65536
    maxMessageSize: int = 1048576
    maxFragments: int = 1024
    maxSendBuffer: int = 1048576
    slowConsumerTimeout: float = 10.0
    pingInterval: float = 30.0
    pingTimeout: float = 20.0
    clock: IReactorTime
    wheel: TimerWheel

    @classmethod
    def fromConfig(cls, config: ConnectionConfiguration, clock: IReactorTime, wheel: TimerWheel) -> WireSettings:
        """
        @param config: of a service or a client, already validated.
        """
        return cls(
            maxFrameSize=config.maxFrameSize,
            maxMessageSize=config.maxMessageSize,
            maxFragments=config.maxFragments,
            maxSendBuffer=config.maxSendBuffer,
            slowConsumerTimeout=config.slowConsumerTimeout,
            pingInterval=config.pingInterval,
            pingTimeout=config.pingTimeout,
            clock=clock,
            wheel=wheel,
        )
