# -*- test-case-name: tests.hub.redis.test_history -*-
"""
What was pushed to a durable group, for those who come back.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore, fail

from balws.errors import HistoryLostError
from balws.hub.broker import Entry
from balws.hub.redis.envelope import EPOCH, storedMessage
from balws.hub.redis.keys import encoded
from balws.hub.redis.reader import MAX_BYTES, PAGE
from balws.hub.redis.station import Station
from balws.hub.redis.streams import FETCH, HEAD, MEMORY, newEpoch

__all__ = ["AT_ONCE", "History"]

_POSITION = re.compile(rf"([0-9a-f]{{{EPOCH}}})\.(0|[1-9][0-9]{{0,14}})")

#: So many pages are asked for at a time, of a megabyte each: when all clients come back at once,
#: what else Redis is asked does not wait behind them, and not all lie in memory.
AT_ONCE = 16

_Page = tuple[tuple[Entry, ...], str]


class History:
    """
    Reads from the streams in Redis.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._age = round(station.config.history.age * 1000)
        self._turns = DeferredSemaphore(AT_ONCE)

    def after(self, group: str, position: str) -> Deferred[_Page]:
        """
        See L{balws.hub.broker.IBroker.history}.
        """
        station = self._station
        if not station.isRestored:
            return station.away()
        if not position:
            return station.ask(HEAD, encoded(group), self._age + MEMORY, newEpoch()).addCallback(_now)
        known = _POSITION.fullmatch(position)
        if known is None:
            return fail(_lost())
        return self._turns.run(self._read, group, known.group(1), int(known.group(2)))

    def _read(self, group: str, epoch: str, number: int) -> Deferred[_Page]:
        asked = self._station.ask(FETCH, encoded(group), self._age, number, PAGE, MAX_BYTES, "", 0, "")
        return asked.addCallback(self._page, epoch, number)

    def _page(self, found: list[Any], epoch: str, number: int) -> _Page:
        if not found or found[1].decode("ascii") != epoch or found[0] < number:
            raise _lost()
        entries = []
        for index in range(2, len(found), 4):
            number += 1
            content = storedMessage(found[index + 2], found[index + 3])
            if found[index] != number or content is None:
                raise _lost()
            entries.append(Entry(content, f"{epoch}.{number}"))
        if not entries and found[0] > number:
            raise _lost()
        return tuple(entries), f"{epoch}.{number}"


def _now(found: list[Any]) -> _Page:
    return (), f"{found[1].decode('ascii')}.{found[0]}"


def _lost() -> HistoryLostError:
    return HistoryLostError("not all that came after this position is kept")
