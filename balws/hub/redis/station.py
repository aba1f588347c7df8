# -*- test-case-name: tests.hub.redis.test_station -*-
"""
What the parts of a broker over Redis share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.config.hub import HubConfiguration
from balws.errors import HubUnavailableError
from balws.hub.broker import INode
from balws.hub.message import Message
from balws.hub.redis.channels import Channels, Ear
from balws.hub.redis.envelope import Kind, head
from balws.hub.redis.keys import Keys
from balws.hub.redis.numbers import Departures
from balws.hub.redis.refusal import RedisAway, RedisRefusal

__all__ = ["Argument", "Link", "Station", "inOrder", "kindOf", "unavailable"]

#: What a script may be given.
Argument = bytes | str | int

#: The same is logged once in so many seconds.
_QUIET = 60.0


class Link(Protocol):
    """
    What asks: L{balws.hub.redis.link.RedisLink}.
    """

    def script(self, script: str, keys: Sequence[Argument], args: Sequence[Argument]) -> Deferred[Any]:
        """
        @return: fires with what a script in Lua returns.
        """


class Station:
    """
    One node's place at a Redis.

    @ivar isUp: whether Redis can be asked and heard.
    @ivar isRestored: whether it has all that this node has, too.
    @ivar problem: why not, in words for the operator.
    @ivar undelivered: see L{balws.hub.broker.IBroker}.
    @ivar beat: the number of the last beat that was sent.
    @ivar strange: how often something came that no node has sent.
    """

    _log = Logger()

    def __init__(self, config: HubConfiguration, clock: IReactorTime, keys: Keys, link: Link, ear: Ear) -> None:
        self.config = config
        self.clock = clock
        self.keys = keys
        self.channels = Channels(ear, self.strangeReceived)
        self.departures = Departures()
        self.node: INode
        self.isUp = False
        self.isRestored = False
        self.problem = "it is not connected to Redis yet"
        self.undelivered = 0
        self.strange = 0
        self.beat = 0
        self._link = link
        self._told: dict[str, tuple[float, int]] = {}

    def head(self, kind: Kind, number: int | None = None) -> bytes:
        """
        @param number: L{None} leaves its place to a script.
        @return: the head of an envelope of this node.
        """
        found = head(kind, self.keys.id, number or 0)
        return found[:-8] if number is None else found

    def ask(self, script: str, *args: Argument) -> Deferred[Any]:
        """
        @return: fires with what a script returns; fails with L{HubUnavailableError}.
        """
        return self.reach(script, *args) if self.isUp else self.away()

    def reach(self, script: str, *args: Argument) -> Deferred[Any]:
        """
        As L{ask}, also while this node goes.
        """
        return self._link.script(script, (), (self.keys.base, self.keys.hexId, *args)).addErrback(unavailable)

    def away(self) -> Deferred[Any]:
        """
        @return: has failed with L{HubUnavailableError}.
        """
        return fail(HubUnavailableError(self.problem))

    def published(self, missed: int, where: str) -> None:
        """
        Something was published.

        @param missed: how many nodes that should have heard it did not.
        """
        if missed > 0:
            self.undelivered += 1
            self.warn("{count} publications did not reach every node, the last to {where}", where)

    def failed(self, failure: Failure) -> Failure:
        """
        Something could not be published.  For error callbacks.
        """
        if failure.check(HubUnavailableError):
            self.undelivered += 1
        return failure

    def strangeReceived(self) -> None:
        """
        Something came that no node of ours has sent.
        """
        self.strange += 1
        self.warn("{count} messages in Redis were not of this service and were dropped", "")

    def warn(self, words: str, where: str) -> None:
        """
        Log the first of a kind at once, and others when a minute is over.

        @param words: with C{count} and C{where}.
        """
        now = self.clock.seconds()
        since, count = self._told.get(words, (now - _QUIET, 0))
        if now - since >= _QUIET:
            self._log.warn(words, count=count + 1, where=where)
            self._told[words] = now, 0
        else:
            self._told[words] = since, count + 1


async def inOrder(asked: Iterable[Deferred[Any]]) -> None:
    """
    Wait for all of what Redis was asked; it answers in that order.

    @raise HubUnavailableError: when it did not do one of them.
    """
    problems: list[Failure] = []
    last: Deferred[Any] | None = None
    for last in asked:
        last.addErrback(problems.append)
    if last is not None:
        await last
    if problems:
        problems[0].raiseException()


def kindOf(message: Message) -> Kind:
    """
    @return: of a message in a plain group.
    """
    return Kind.BINARY if message.isBinary else Kind.TEXT


def unavailable(failure: Failure) -> NoReturn:
    """
    For error callbacks: whatever Redis did not do becomes a L{HubUnavailableError}.
    """
    problem = failure.value
    if type(problem) is HubUnavailableError:
        raise problem
    if isinstance(problem, (RedisAway, RedisRefusal)):
        raise HubUnavailableError(str(problem))
    # What a driver says may repeat what was asked.
    raise HubUnavailableError(f"Redis could not do it ({type(problem).__name__})")
