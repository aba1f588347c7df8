# -*- test-case-name: tests.hub.redis.test_link -*-
"""
The connection by which Redis is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha1
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.config.hub import HubConfiguration
from balws.hub.redis.line import Line
from balws.hub.redis.login import warnOfLoss
from balws.hub.redis.protocol import Argument, Conversation
from balws.hub.redis.reached import Reached
from balws.hub.redis.refusal import RedisAway, RedisRefusal

__all__ = ["RedisLink"]


class RedisLink(Reached[Conversation]):
    """
    Sends commands; what is asked is answered in the same order.

    Replies are bytes, ints, L{None}, and lists of these.  No reply may be longer than
    L{balws.hub.redis.protocol.MAX_REPLY}: ask for few long things at a time.
    """

    def __init__(
        self,
        config: HubConfiguration,
        reactor: Any,
        onUp: Callable[[], object],
        onDown: Callable[[], object],
    ) -> None:
        """
        @param config: with a C{url}.
        @param onUp: called whenever Redis can be asked.
        @param onDown: called whenever it can be asked no more, but for L{stop}: what was asked
            fails thereafter; and whenever an attempt to reach it has failed.
        @raise ConfigurationError: when the C{url} or a file of C{secureSocket} cannot be used.
        """
        self._config = config
        self._hashes: dict[str, str] = {}
        make = partial(Conversation, reactor, config.timeout)
        self._line = Line(config, reactor, "commands", make, self._prepare, onUp, onDown)

    def call(self, *args: Argument) -> Deferred[Any]:
        """
        Ask.

        @param args: the command's name and arguments; text is sent as UTF-8.
        @return: fires with the reply.  Fails with L{RedisRefusal}; at once with
            L{HubUnavailableError} while Redis is away; with the same when the connection is lost
            before the reply: then nobody knows whether it was done.  A reply that is not there in
            C{timeout} seconds ends the connection.
        """
        current = self._line.current
        if current is None:
            return fail(RedisAway(self._line.problem))
        return current.call(*args)

    def script(self, script: str, keys: Sequence[Argument], args: Sequence[Argument]) -> Deferred[Any]:
        """
        Run a Lua script.  Its first run brings its text to Redis, others its hash; a new
        connection brings all texts before it is up.  So calls keep their order, but where somebody
        empties Redis' store of scripts (C{SCRIPT FLUSH}) meanwhile: those that find it empty are
        then made again, behind what was asked since.

        @param script: a constant: each text is kept for ever.
        @param keys: what the script sees as C{KEYS}.
        @param args: as C{ARGV}.
        @return: as L{call}.
        """
        known = self._hashes.get(script)
        rest = (len(keys), *keys, *args)
        if known is None:
            if self.isUp:
                self._hashes[script] = sha1(script.encode(), usedforsecurity=False).hexdigest()
            return self.call("EVAL", script, *rest)
        reply = self.call("EVALSHA", known, *rest)
        reply.addErrback(self._unknown, script, rest)
        return reply

    def _unknown(self, failure: Failure, script: str, rest: tuple[Argument, ...]) -> Any:
        problem = failure.value
        if isinstance(problem, RedisRefusal) and problem.code == "NOSCRIPT":
            return self.call("EVAL", script, *rest)
        return failure

    async def _prepare(self, conversation: Conversation) -> None:
        if self._config.durable:
            await warnOfLoss(conversation, self.name)
        for script in list(self._hashes):
            await conversation.call("SCRIPT", "LOAD", script)
