# -*- test-case-name: tests.hub.redis.test_reader -*-
"""
A durable group as one node reads it: as it comes, and from history where something is missing.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.errors import HubUnavailableError
from balws.hub.broker import Entry, Verb
from balws.hub.redis.envelope import Envelope, storedMessage
from balws.hub.redis.keys import encoded
from balws.hub.redis.station import Station
from balws.hub.redis.streams import FETCH, newEpoch

__all__ = ["MAX_BYTES", "PAGE", "Reader"]

#: So many messages are fetched at a time, and no more once there are so many bytes.
PAGE = 256
MAX_BYTES = 1024 * 1024

_Item = tuple[str, int, int, bytes, bytes]


@attrs.define(eq=False)
class Reader:
    """
    Gives the hub each message of a group once, in the order of its history.

    @ivar group: which.
    @ivar epoch: which life of the group; empty where it is not known.
    @ivar last: the number of the message that the hub got last.
    @ivar time: when that came, by Redis' clock in milliseconds; 0 where it is not known.
    @ivar isBegun: whether L{begin} was called.
    @ivar isBehind: whether history has to be asked and could not.
    """

    _log = Logger()

    group: str
    _station: Station
    epoch: str = ""
    last: int = 0
    time: int = 0
    isBehind: bool = False
    isBegun: bool = False
    _isFetching: bool = attrs.field(default=True, init=False)
    _isClosed: bool = attrs.field(default=False, init=False)
    _isNew: bool = attrs.field(default=False, init=False)
    _waiting: deque[_Item] = attrs.field(factory=deque, init=False)
    _size: int = attrs.field(default=0, init=False)

    def begin(self, number: int, epoch: str) -> None:
        """
        This node is in the group from here on; until now nothing was given to the hub.  Only the
        first call counts: what came since must not be skipped.
        """
        if self.isBegun:
            return
        self.epoch, self.last = epoch, number
        self.isBegun = True
        self._isFetching = False
        if not self._drain():
            self.catchUp()

    def close(self) -> None:
        """
        The hub wants no more.
        """
        self._isClosed = True
        self._forget()

    def received(self, envelope: Envelope) -> None:
        """
        A message came.
        """
        stored = envelope.stored()
        if stored is None:
            self._station.strangeReceived()
            return
        epoch, time, payload = stored
        number, kind = envelope.number, bytes([envelope.kind])
        if not self._isFetching and epoch == self.epoch and number <= self.last + 1:
            if number > self.last:
                self._give(number, time, kind, payload)
            return
        if len(self._waiting) >= PAGE or self._size > MAX_BYTES:
            # History has them; what waits has to be the newest.
            self._forget()
        self._waiting.append((epoch, number, time, kind, payload))
        self._size += len(payload)
        self.catchUp()

    def dissolved(self, number: int, epoch: str) -> None:
        """
        The group was removed.

        @param number: of its last message.
        """
        if self.epoch == epoch and number > self.last and not self._isFetching:
            self._station.node.lost(self.group, number - self.last)
        elif self._isFetching and epoch:
            self._station.node.lost(self.group, max(0, number - self.last) if self.epoch == epoch else None)

    def catchUp(self) -> Deferred[None]:
        """
        Fetch what was missed, if there is anything.

        @return: fires when a first page is there, or cannot be had.
        """
        if self._isFetching or self._isClosed:
            return succeed(None)
        self._isFetching = True
        return self._fetch()

    def _fetch(self) -> Deferred[None]:
        station = self._station
        age = round(station.config.history.age * 1000)
        known = self.epoch, self.time, newEpoch()
        asked = station.ask(FETCH, encoded(self.group), age, self.last, PAGE, MAX_BYTES, *known)
        return asked.addCallback(self._fetched).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(HubUnavailableError):
            self._log.failure("History could not be read", failure)
        self._isFetching = False
        self.isBehind = True
        self._forget()

    def _fetched(self, found: list[Any]) -> None:
        if self._isClosed:
            return
        self.isBehind = False
        if not found:
            self._gone()
            return
        head, epoch = found[0], found[1].decode("ascii")
        if epoch != self.epoch:
            if self.epoch:
                self._station.node.lost(self.group, None)
            # What the new life has is new to this node.
            self.epoch, self.last, self.time, self._isNew = epoch, 0, 0, True
            self._fetch()
            return
        for index in range(2, len(found), 4):
            number, time, kind, payload = found[index : index + 4]
            self._skipTo(number)
            self._give(number, time, kind, payload)
            if self._isClosed:
                return
        if len(found) == 2:
            self._skipTo(head + 1)
        self._isNew = False
        if self.last < head or not self._drain():
            self._fetch()
        else:
            self._isFetching = False

    def _gone(self) -> None:
        """
        Redis knows nothing of the group.
        """
        if self.epoch:
            self._station.node.lost(self.group, None)
        self.epoch, self.last, self.time = "", 0, 0
        if self._waiting:
            # Made again meanwhile.
            self._forget()
            self._fetch()
        else:
            self._isFetching = False

    def _skipTo(self, number: int) -> None:
        """
        What is before a number is no longer kept.
        """
        missed = number - self.last - 1
        if missed > 0 and not self._isNew:
            self._station.node.lost(self.group, missed)
        if missed > 0:
            self.last, self.time = number - 1, 0

    def _drain(self) -> bool:
        """
        Give what came meanwhile.

        @return: whether nothing is missing.
        """
        if self._waiting and self._waiting[-1][0] != self.epoch:
            # Of a life before or after this one: history knows.
            self._forget()
            return False
        while self._waiting and not self._isClosed:
            epoch, number, time, kind, payload = self._waiting[0]
            if epoch == self.epoch and number > self.last + 1:
                return False
            self._waiting.popleft()
            self._size -= len(payload)
            if epoch == self.epoch and number > self.last:
                self._give(number, time, kind, payload)
        return True

    def _forget(self) -> None:
        self._waiting.clear()
        self._size = 0

    def _give(self, number: int, time: int, kind: bytes, payload: bytes) -> None:
        self.last, self.time = number, time
        found = storedMessage(kind, payload)
        if found is None:
            self._station.strangeReceived()
        else:
            self._station.node.groupReceived(self.group, Verb.DELIVER, Entry(found, f"{self.epoch}.{number}"))
