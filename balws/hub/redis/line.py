# -*- test-case-name: tests.hub.redis.test_line -*-
"""
A connection to Redis that comes back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from balws.config.hub import HubConfiguration
from balws.errors import ConfigurationError
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.endpoint import endpointFor
from balws.hub.redis.login import login
from balws.hub.redis.problem import wordsFor
from balws.hub.redis.protocol import Conversation
from balws.hub.redis.refusal import RedisAway
from balws.tls.single import Single

__all__ = ["Line"]

#: Seconds: an attempt is made after any number of them up to the first, doubled by each that fails up to
#: the longest: Redis is used again within three seconds of its coming back.
FIRST_WAIT = 0.05
LONGEST_WAIT = 2.0

#: Seconds that what was asked last has to be sent in.
FAREWELL = 1.0

_STOPPED = "it was stopped"

_uniform = SystemRandom().uniform

C = TypeVar("C", bound=Conversation)


class Line(Generic[C]):
    """
    Connects, and connects again, for ever.

    @ivar name: where to, for people.
    @ivar current: the conversation, ready for commands; L{None} while there is none.
    @ivar problem: why there is none, in words for the operator; empty while there is one.
    """

    _log = Logger()

    def __init__(
        self,
        config: HubConfiguration,
        reactor: Any,
        what: str,
        make: Callable[[Callable[[str], object]], C],
        prepare: Callable[[C], Awaitable[None]] | None,
        onUp: Callable[[], object],
        onDown: Callable[[], object],
    ) -> None:
        """
        @param what: the connection is for, for logs.
        @param make: makes a conversation; what it is given is to be called when that has ended.
        @param prepare: what is to be done behind the login before it is up.
        @param onUp: called whenever it is up.
        @param onDown: called whenever it was up and is no longer, but for L{stop}: what was asked
            fails thereafter; and whenever an attempt has failed.
        @raise ConfigurationError: when C{config} cannot be used.
        """
        if config.url is None:
            raise ConfigurationError("the url of a Redis is needed", "url")
        self._address = RedisAddress.parse(config.url)
        self._endpoint = endpointFor(self._address, config, reactor)
        self._config = config
        self._reactor = reactor
        self._what = what
        self._make = make
        self._prepare = prepare
        self._onUp = onUp
        self._onDown = onDown
        self._conversation: C | None = None
        self._connecting: Deferred[Any] | None = None
        self._later: IDelayedCall | None = None
        self._farewell: IDelayedCall | None = None
        self._leaving: list[Deferred[None]] = []
        self._wait = FIRST_WAIT
        self._since = 0.0
        self._told = ""
        self._isRunning = False
        self.name = self._address.name
        self.current: C | None = None
        self.problem = "it was not tried yet"

    def start(self) -> None:
        """
        Begin; once more after L{stop} has ended.
        """
        if not self._isRunning:
            self._isRunning = True
            self._attempt()

    def stop(self) -> Deferred[None]:
        """
        Send what was asked, and end.

        @return: fires when the connection is gone.
        """
        self._isRunning = False
        self.current = None
        self.problem = _STOPPED
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._connecting is not None:
            self._connecting.cancel()
        conversation = self._conversation
        if conversation is None:
            return succeed(None)
        if not self._leaving:
            self._farewell = self._reactor.callLater(FAREWELL, conversation.abort, _STOPPED)
            conversation.close()
        if self._conversation is None:  # there are transports that close at once
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._leaving.append(stopped)
        return stopped

    def drop(self, problem: str) -> None:
        """
        Abort the connection, and make another.

        @param problem: why, in words for the operator.
        """
        if self._conversation is not None:
            self._conversation.abort(problem)

    def _attempt(self) -> None:
        self._later = None
        connecting = self._connecting = Deferred.fromCoroutine(self._connect())
        connecting.addCallbacks(self._up, self._failed)

    async def _connect(self) -> C:
        conversation = self._make(lambda problem: self._ended(conversation, problem))
        await self._endpoint.connect(Single(conversation, lambda: not self._isRunning))
        if conversation.problem:
            raise RedisAway(conversation.problem)
        self._conversation = conversation
        try:
            await login(conversation, self._address, self._config)
            if self._prepare is not None:
                await self._prepare(conversation)
            if conversation.problem:
                raise RedisAway(conversation.problem)
        except Exception as problem:
            conversation.abort(wordsFor(problem))
            raise
        return conversation

    def _up(self, conversation: C) -> None:
        self._connecting = None
        self._since = self._reactor.seconds()
        self._told = self.problem = ""
        self.current = conversation
        self._log.info("Redis at {name} is there for {what}.", name=self.name, what=self._what)
        self._tell(self._onUp)

    def _failed(self, failure: Any) -> None:
        self._connecting = None
        if self._isRunning:
            self._again(wordsFor(failure.value))
            self._tell(self._onDown)

    def _ended(self, conversation: Conversation, problem: str) -> None:
        """
        A connection is gone; an attempt that still speaks on it learns it from its question.
        """
        if self._conversation is not conversation:
            return
        self._conversation = None
        if self._farewell is not None:
            if self._farewell.active():
                self._farewell.cancel()
            self._farewell = None
        while self._leaving:
            self._leaving.pop().callback(None)
        if self.current is not None:
            self.current = None
            if self._reactor.seconds() - self._since >= self._wait:
                self._wait = FIRST_WAIT
            self._again(problem)
            self._tell(self._onDown)

    def _again(self, problem: str) -> None:
        if not self._isRunning:
            return
        self.problem = problem
        self._later = self._reactor.callLater(_uniform(0, self._wait), self._attempt)
        self._wait = min(self._wait * 2, LONGEST_WAIT)
        if problem != self._told:
            self._told = problem
            words = "Redis at {name} cannot be used for {what}, and is tried again and again: {problem}"
            self._log.error(words, name=self.name, what=self._what, problem=problem)

    def _tell(self, what: Callable[[], object]) -> None:
        try:
            what()
        except Exception:
            self._log.failure("What Redis is for failed")
