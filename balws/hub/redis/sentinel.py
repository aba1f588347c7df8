# -*- test-case-name: tests.hub.redis.test_sentinel -*-
"""
Redis behind sentinels: who is the master now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from balws.config.hub import HubConfiguration
from balws.hub.redis.address import RedisAddress, isHost, shown
from balws.hub.redis.login import authenticate
from balws.hub.redis.problem import tooLate, wordsFor
from balws.hub.redis.protocol import Conversation
from balws.hub.redis.refusal import RedisAway, RedisRefusal
from balws.tls.single import Single

__all__ = ["SentinelEndpoint"]

#: Seconds that one sentinel has, if C{timeout} is not less: there are others.
PATIENCE = 1.0


class Host(Protocol):
    """
    An endpoint of one host.
    """

    host: str
    port: int

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.
        """


@implementer(IStreamClientEndpoint)
class SentinelEndpoint:
    """
    Asks one sentinel after the other, and connects to the master that the first one names that
    knows it.  That it is the master must be asked of itself: sentinels notice later.
    """

    def __init__(
        self,
        reactor: Any,
        sentinels: Sequence[Host],
        address: RedisAddress,
        config: HubConfiguration,
        to: Callable[[str, int], IStreamClientEndpoint],
    ) -> None:
        """
        @param sentinels: 1 or more.
        @param to: makes the endpoint of a host and port.
        """
        self._reactor = reactor
        self._sentinels = list(sentinels)
        self._master = address.master
        self._config = config
        self._to = to

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.  Fails with L{RedisAway}, too, when no sentinel
        says who the master is.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, protocolFactory: IProtocolFactory) -> Any:
        problems = []
        for sentinel in list(self._sentinels):
            try:
                host, port = await self._ask(sentinel)
            except CancelledError:
                raise
            except Exception as problem:  # whatever it is, another may know
                problems.append(f"{shown((sentinel.host, sentinel.port))}: {wordsFor(problem)}")
                continue
            # It is the first one to be asked next time.
            self._sentinels.remove(sentinel)
            self._sentinels.insert(0, sentinel)
            return await self._to(host, port).connect(protocolFactory)
        raise RedisAway(f"no sentinel knows the master ({'; '.join(sorted(problems))})")

    async def _ask(self, sentinel: Host) -> tuple[str, int]:
        patience = min(PATIENCE, self._config.timeout)
        conversation = Conversation(self._reactor, patience, lambda _: None)
        connecting = sentinel.connect(Single(conversation, lambda: False))
        try:
            await connecting.addTimeout(patience, self._reactor, tooLate)
            return _hostOf(await self._answer(conversation))
        finally:
            conversation.close()

    async def _answer(self, conversation: Conversation) -> Any:
        question = "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._master
        try:
            return await conversation.call(*question)
        except RedisRefusal as refusal:
            # Many sentinels want no password: it is shown to one that does.
            if refusal.code != "NOAUTH" or self._config.password is None:
                raise
        await authenticate(conversation, self._config)
        return await conversation.call(*question)


def _hostOf(answer: Any) -> tuple[str, int]:
    if answer is None:
        raise RedisAway("it knows no master of this name")
    try:
        host, port = (each.decode("ascii") for each in answer)
        number = int(port)
    except (AttributeError, TypeError, ValueError):
        host, number = "", 0
    if not isHost(host) or not 0 < number < 65536:
        raise RedisAway("its answer is none")
    return host, number
