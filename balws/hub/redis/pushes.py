# -*- test-case-name: tests.hub.redis.test_pushes -*-
"""
Messages for durable groups on their way into Redis.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from balws.errors import HubLimitError, HubUnavailableError, NoSuchGroup
from balws.hub.message import Message
from balws.hub.redis.envelope import HEAD, MAX_SIZE, TOO_LONG, Kind
from balws.hub.redis.keys import encoded
from balws.hub.redis.station import Station
from balws.hub.redis.streams import MEMORY, PUSH, newEpoch

__all__ = ["OVERHEAD", "PATIENCE", "Pushes"]

#: Seconds that a push waits at the most.
PATIENCE = 30.0

#: Seconds until what Redis has refused is tried again.
_PAUSE = 0.2

#: So many pushes, and so many bytes of them, are under way at a time: Redis has to answer in time.
WINDOW = 256
_WINDOW_SIZE = 4 * 1024 * 1024

#: Bytes that a push is taken for beside its payload and group.
OVERHEAD = 64

#: Of so many groups the epoch is known.
_EPOCHS = 1024


@attrs.define(eq=False)
class _Push:
    """
    @ivar number: each push of this node has a higher one than those before.
    @ivar before: the last push to the same group, while it is not known to be stored.
    @ivar isDone: whether who pushed was told.
    @ivar answer: what Redis said, L{None} while it has not.
    """

    group: str
    message: Message
    number: int
    deadline: float
    size: int
    pushed: Deferred[str]
    before: _Push | None
    isDone: bool = False
    answer: tuple[int, str] | None = None


class Pushes:
    """
    One queue for all groups, first in, first out: what is sent and not answered is sent again
    after an absence, in the same order; Redis knows what it has already.

    @ivar size: bytes that wait.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._queue: deque[_Push] = deque()
        self._newest: dict[str, _Push] = {}
        self._epochs: dict[str, str] = {}
        self._numbers = count(1)
        self._unsent: deque[_Push] = deque()
        self._unanswered = 0
        self._underway = 0
        self._isStuck = False
        self._pause: IDelayedCall | None = None
        self._patience: IDelayedCall | None = None
        history = station.config.history
        age = round(history.age * 1000)
        self._limits = history.size, age, age + MEMORY
        self.size = 0

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, group: str, message: Message) -> Deferred[str]:
        """
        See L{balws.hub.broker.IBroker.publish}; of durable groups.
        """
        station = self._station
        size = len(message.payload) + len(group) + OVERHEAD
        if len(message.payload) > MAX_SIZE - HEAD:
            return fail(HubLimitError(TOO_LONG))
        if self.size + size > station.config.maxQueue:
            station.undelivered += 1
            return fail(HubUnavailableError(f"more than {station.config.maxQueue} bytes wait for Redis"))
        now = station.clock.seconds()
        pushed: Deferred[str] = Deferred()
        before = self._newest.get(group)
        push = _Push(group, message, next(self._numbers), now + PATIENCE, size, pushed, before)
        self._newest[group] = push
        self._queue.append(push)
        self._unsent.append(push)
        self.size += size
        if self._patience is None:
            self._patience = station.clock.callLater(PATIENCE, self._expire)
        if station.isRestored and not self._isStuck:
            self._sendSome()
        else:
            self._isStuck = True
        return pushed

    def flush(self) -> None:
        """
        Redis is back: send what waits.
        """
        if self._unanswered or not self._station.isRestored:
            return
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self._isStuck = False
        self._unsent = deque(push for push in self._queue if push.answer is None)
        self._sendSome()

    def stop(self, problem: str) -> None:
        """
        Nothing waits any longer.
        """
        for call in (self._pause, self._patience):
            if call is not None:
                call.cancel()
        self._pause = self._patience = None
        self._unsent.clear()
        while self._queue:
            self._end(HubUnavailableError(problem))

    def _sendSome(self) -> None:
        while self._unsent and self._unanswered < WINDOW and self._underway < _WINDOW_SIZE:
            if self._isStuck or not self._station.isRestored:
                break
            push = self._unsent.popleft()
            if not push.isDone:
                self._send(push)

    def _send(self, push: _Push) -> None:
        station = self._station
        before = push.before
        follows = 0 if before is None or before.isDone else before.number
        known = self._epochs.get(push.group, "")
        self._unanswered += 1
        self._underway += push.size
        head = station.head(Kind.STORED_BINARY if push.message.isBinary else Kind.STORED_TEXT)
        what = encoded(push.group), push.number, follows, head, push.message.payload
        asked = station.ask(PUSH, *what, *self._limits, newEpoch(), known, self._queue[0].number)
        asked.addCallbacks(self._answered, self._failed, callbackArgs=(push, known), errbackArgs=(push,))

    def _answered(self, found: Any, push: _Push, known: str) -> None:
        self._unanswered -= 1
        self._underway -= push.size
        if found == -1:
            self._isStuck = True
        elif not push.isDone:
            number, epoch = (found, known) if isinstance(found, int) else (found[0], found[1].decode("ascii"))
            if epoch != known:
                if len(self._epochs) >= _EPOCHS:
                    self._epochs.clear()
                self._epochs[push.group] = epoch
            push.answer = number, epoch
            self._settle()
        self._sendSome()
        self._resume()

    def _failed(self, _: Failure, push: _Push) -> None:
        self._unanswered -= 1
        self._underway -= push.size
        self._isStuck = True
        self._resume()

    def _resume(self) -> None:
        if self._isStuck and not self._unanswered and self._pause is None and self._station.isRestored:
            self._pause = self._station.clock.callLater(_PAUSE, self._again)

    def _again(self) -> None:
        self._pause = None
        self.flush()

    def _settle(self) -> None:
        """
        Tell those that pushed, in their order.
        """
        while self._queue and (answer := self._queue[0].answer) is not None:
            number, epoch = answer
            self._end(f"{epoch}.{number}" if number else NoSuchGroup(self._queue[0].group))

    def _expire(self) -> None:
        self._patience = None
        now = self._station.clock.seconds()
        while self._queue and self._queue[0].deadline <= now:
            self._end(HubUnavailableError(f"Redis could not store it in {PATIENCE:g} s"))
            self._settle()
        if self._queue:
            self._patience = self._station.clock.callLater(self._queue[0].deadline - now, self._expire)

    def _end(self, outcome: str | Exception) -> None:
        """
        The first is over.
        """
        push = self._queue.popleft()
        push.isDone = True
        push.before = None
        self.size -= push.size
        if self._newest.get(push.group) is push:
            del self._newest[push.group]
        if isinstance(outcome, str):
            push.pushed.callback(outcome)
        else:
            if isinstance(outcome, HubUnavailableError):
                self._station.undelivered += 1
            push.pushed.errback(outcome)
