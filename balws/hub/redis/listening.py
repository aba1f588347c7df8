# -*- test-case-name: tests.hub.redis.test_listening -*-
"""
The connection on which Redis tells what others publish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from balws.config.hub import HubConfiguration
from balws.hub.redis.line import Line
from balws.hub.redis.protocol import Conversation
from balws.hub.redis.reached import Reached
from balws.hub.redis.refusal import RedisAway

__all__ = ["RedisEar"]

#: So many channels go into one command.
CHANNELS = 1000


class RedisEar(Reached["_Listening"]):
    """
    Subscribes.  A new connection has no subscriptions: C{onUp} is the time to make them.
    """

    def __init__(
        self,
        config: HubConfiguration,
        reactor: Any,
        messageReceived: Callable[[bytes, bytes], object],
        onUp: Callable[[], object],
        onDown: Callable[[], object],
    ) -> None:
        """
        @param config: with a C{url}.
        @param messageReceived: called with channel and payload of each publication, in their
            order; it does not raise.
        @param onUp: called whenever one can subscribe.
        @param onDown: called whenever one can no more and nothing is heard, but for L{stop}.
            What was asked fails thereafter.  And whenever an attempt to reach it has failed.
        @raise ConfigurationError: when the C{url} or a file of C{secureSocket} cannot be used.
        """

        def make(ended: Callable[[str], object]) -> _Listening:
            return _Listening(reactor, config.timeout, ended, messageReceived)

        self._line = Line(config, reactor, "listening", make, None, onUp, onDown)

    def subscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        Listen to channels; those that are listened to already may be among them.

        @return: fires when Redis has confirmed all; fails with L{HubUnavailableError} while it is
            away, when it is lost before, or when nothing is confirmed for C{timeout} seconds,
            and with L{RedisRefusal} where the user must not.
        """
        return self._ask("SUBSCRIBE", channels)

    def unsubscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        Listen to them no more.

        @return: as L{subscribe}.
        """
        return self._ask("UNSUBSCRIBE", channels)

    def _ask(self, command: str, channels: Iterable[bytes]) -> Deferred[None]:
        current = self._line.current
        if current is None:
            return fail(RedisAway(self._line.problem))
        every = list(channels)
        replies = [
            current.call(command, *some, replies=len(some))
            for some in (every[start : start + CHANNELS] for start in range(0, len(every), CHANNELS))
        ]
        return _all(replies) if replies else succeed(None)


def _all(replies: list[Deferred[Any]]) -> Deferred[None]:
    """
    @return: fires when all have, and fails when one does: they fire in their order.
    """
    problems: list[BaseException] = []

    def failed(failure: Any) -> None:
        problems.append(failure.value)

    def done(_: object) -> None:
        if problems:
            raise problems[0]

    for each in replies:
        each.addErrback(failed)
    return replies[-1].addCallback(done)


class _Listening(Conversation):
    """
    A conversation in which Redis speaks unasked, too.
    """

    def __init__(
        self,
        clock: IReactorTime,
        timeout: float,
        ended: Callable[[str], object],
        messageReceived: Callable[[bytes, bytes], object],
    ) -> None:
        """
        @param messageReceived: called with channel and payload.
        """
        super().__init__(clock, timeout, ended)
        self._messageReceived = messageReceived
        self._confirmed = 0

    def replyReceived(self, reply: Any) -> None:
        """
        A publication, a confirmation of one channel, or any other reply.
        """
        if isinstance(reply, list) and len(reply) == 3:
            if reply[0] == b"message":
                self._size = 0
                self._messageReceived(reply[1], reply[2])
                return
            if reply[0] in (b"subscribe", b"unsubscribe") and self._waiting:
                self._size = 0
                self._confirmed += 1
                if self._confirmed < self._waiting[0][1]:
                    return
                self._confirmed = 0
        super().replyReceived(reply)
