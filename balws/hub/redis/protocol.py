# -*- test-case-name: tests.hub.redis.test_protocol -*-
"""
What is spoken with Redis on one connection: RESP2.

txredisapi reads what comes.  What goes, and who waits for what, is ours: its own way makes
several Deferreds and a timer for each command, logs what Redis says to a password, and
takes anything for Redis.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from txredisapi import BaseRedisProtocol  # type: ignore[import-untyped]

from balws.hub.redis.refusal import RedisAway, RedisRefusal

__all__ = ["MAX_REPLY", "Argument", "Conversation", "encoded"]

#: What a command may have; text is sent as UTF-8, a number in digits.
Argument = bytes | str | int

#: Bytes of the longest reply.  Redis itself gives up a subscriber that is behind by 32 MiB.
MAX_REPLY = 64 * 1024 * 1024

#: Bytes of commands that may wait for their replies; further ones are not sent.
MAX_PENDING = 64 * 1024 * 1024

#: So many elements a reply may announce at a time.
MAX_ELEMENTS = 1 << 20

#: So deep may replies be nested.
MAX_DEPTH = 16

#: txredisapi copies what it has not read yet at each line: so many bytes at a time.
PIECE = 4096

_NOT_REDIS = "what answers there is no Redis"


def encoded(args: tuple[Argument, ...]) -> bytes:
    """
    @return: a command as Redis reads it.
    """
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


class Conversation(BaseRedisProtocol):  # type: ignore[misc]
    """
    Commands, and their replies in the same order.

    @ivar problem: why there is no conversation any more; empty while there is one.
    """

    problem = ""

    def __init__(self, clock: IReactorTime, timeout: float, ended: Callable[[str], object]) -> None:
        """
        @param timeout: seconds that a reply may take, above 0.
        @param ended: called once, with what went wrong in words, when the connection is gone.
            Who still waits fails thereafter.
        """
        super().__init__(charset=None, convertNumbers=False)
        self._clock = clock
        self._timeout = timeout
        self._ended = ended
        self._waiting: deque[tuple[float, int, Deferred[Any], int]] = deque()
        self._watch: IDelayedCall | None = None
        self._heard = 0.0
        self._isLate = False
        self._rest = b""
        self._size = 0
        self._pending = 0
        self._isOpen = False

    def connectionMade(self) -> None:
        """
        Redis can be asked.
        """
        self._isOpen = True

    def call(self, *args: Argument, replies: int = 1) -> Deferred[Any]:
        """
        Ask.

        @param replies: how many Redis gives to this, 1 or more.
        @return: fires with the last reply: bytes, an int, L{None}, or a list of these.  Fails
            with L{RedisRefusal}, or with L{RedisAway} when there is no reply in time;
            then the connection is aborted, since no later reply can come before; with the same
            when too much waits already.
        """
        if self.problem or not self._isOpen:
            return fail(RedisAway(self.problem or "the connection is closed"))
        if self._pending >= MAX_PENDING:
            return fail(RedisAway(f"commands of {self._pending} bytes wait for their answers already"))
        reply: Deferred[Any] = Deferred()
        command = encoded(args)
        self._pending += len(command)
        self._waiting.append((self._clock.seconds(), replies, reply, len(command)))
        if self._watch is None:
            self._watch = self._clock.callLater(self._timeout, self._look)
        self.transport.write(command)
        return reply

    def _since(self) -> float:
        """
        @return: when the first in the queue was asked, or something came last: many may have
            been asked at a time.
        """
        return max(self._waiting[0][0], self._heard)

    def _look(self) -> None:
        self._watch = None
        wasLate, self._isLate = self._isLate, False
        if not self._waiting:
            return
        left = self._since() + self._timeout - self._clock.seconds()
        # What float arithmetic lacks must not look twice.
        if left > 0.001 * self._timeout:
            self._watch = self._clock.callLater(left, self._look)
        elif not wasLate:
            # Perhaps it was we who had no time: what has come is read before the next look.
            self._isLate = True
            self._watch = self._clock.callLater(0, self._look)
        else:
            self.abort(f"it did not answer in {self._timeout:g} s")

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:
        """
        Bytes of Redis.

        @param unpause: never: reading is not paused.
        """
        self._heard = self._clock.seconds()
        for start in range(0, len(data), PIECE):
            self._rest = data[start : start + PIECE]
            while self._rest and not self.problem:
                piece, self._rest = self._rest, b""
                self._size += len(piece)
                try:
                    super().dataReceived(piece)
                except UnicodeDecodeError:
                    self.abort(_NOT_REDIS)
                self._size -= len(self._rest)
            if self._size > MAX_REPLY:
                self.abort(f"it gave an answer of over {MAX_REPLY} bytes")

    def setLineMode(self, extra: bytes = b"") -> None:
        """
        What is behind a text is read at once; txredisapi waits for the next turn of the
        reactor for each.
        """
        self.line_mode = 1
        self._rest = extra or b""

    def lineReceived(self, line: str) -> bool:
        """
        The beginning of a reply, or of a part of one.

        @return: whether nothing more is to be read.
        """
        kind = line[:1]
        if kind == "+":
            self._element(line[1:].encode())
        elif kind == "-":
            self._element(RedisRefusal(line[1:]))
        elif kind == ":" and _isNumber(line, 1 << 63):
            self._element(int(line[1:]))
        elif kind in _LIMITS and _isNumber(line, _LIMITS[kind], -1) and self._depth() < MAX_DEPTH:
            super().lineReceived(line)
        else:
            self.abort(_NOT_REDIS)
        return bool(self.problem)

    def _depth(self) -> int:
        depth, storage = 0, self.multi_bulk
        while storage.parent is not None:
            depth, storage = depth + 1, storage.parent
        return depth

    def _element(self, value: object) -> None:
        if self.multi_bulk.pending:
            self.handleMultiBulkElement(value)
        else:
            self.replyReceived(value)

    def lineLengthExceeded(self, line: bytes) -> None:
        """
        No line of Redis is as long.
        """
        self.abort(_NOT_REDIS)

    def replyReceived(self, reply: Any) -> None:
        """
        A whole reply.
        """
        self._size = 0
        if not self._waiting:
            # Redis says why it wants nobody before anybody has asked.
            self.abort(refused(reply) if isinstance(reply, RedisRefusal) else _NOT_REDIS)
            return
        _, _, waiting, size = self._waiting.popleft()
        self._pending -= size
        if isinstance(reply, RedisRefusal):
            self.refusalReceived(reply, waiting)
        else:
            waiting.callback(reply)

    def refusalReceived(self, refusal: RedisRefusal, waiting: Deferred[Any]) -> None:
        """
        A command was refused.

        @param waiting: whose.
        """
        if refusal.code in _AWAY:
            self.abort(refused(refusal))
            waiting.errback(RedisAway(self.problem))
        else:
            waiting.errback(refusal)

    def abort(self, problem: str) -> None:
        """
        Give the connection up at once.

        @param problem: why, in words without secrets.
        """
        if not self.problem:
            self.problem = problem
            self._rest = b""
            if self._isOpen:
                self.transport.abortConnection()

    def close(self) -> None:
        """
        End it when what was asked is sent.
        """
        if self._isOpen:
            self.transport.loseConnection()

    def connectionLost(self, why: Failure = connectionDone) -> None:
        """
        It is over.
        """
        self._isOpen = False
        self.problem = self.problem or "the connection was lost"
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._ended(self.problem)
        while self._waiting:
            self._waiting.popleft()[2].errback(RedisAway(self.problem))


#: How large the numbers of those that announce something may be.
_LIMITS = {"$": MAX_REPLY, "*": MAX_ELEMENTS}


def _isNumber(line: str, most: int, least: int | None = None) -> bool:
    digits = line[1:]
    if not digits.isascii() or not digits.removeprefix("-").isdigit() or len(digits) > 20:
        return False
    return (-most if least is None else least) <= int(digits) < most


#: Refusals that say that this Redis is of no use now.
_AWAY = {
    "LOADING": "it is still loading its data",
    "MASTERDOWN": "it is a replica that has lost its master",
    "READONLY": "it is a replica, which stores nothing",
}

#: Further ones, in words for the operator.
_WORDS = {
    "DENIED": "it lets no other machine in (its protected-mode)",
    "NOAUTH": "it wants a password",
    "NOPERM": "its user lacks the permission",
    "WRONGPASS": "it does not know this username and password",
}


def refused(refusal: RedisRefusal) -> str:
    """
    @return: what Redis says, in words for the operator.
    """
    code = refusal.code
    return _AWAY.get(code) or _WORDS.get(code) or f"it refuses the connection ({code})"
