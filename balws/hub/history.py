# -*- test-case-name: tests.hub.test_history -*-
"""
What was pushed to a durable group of one process.
"""

from __future__ import annotations

from collections import deque
from secrets import token_hex

import attrs

from balws.hub.broker import Entry, numberOf
from balws.hub.message import Message

__all__ = ["GroupHistory"]

#: So many entries are given at a time.
PAGE = 256


@attrs.define(eq=False)
class GroupHistory:
    """
    @ivar size: how many entries are kept.
    @ivar epoch: tells this history from an earlier one of the same name.
    @ivar number: of the last entry.
    @ivar entries: what is kept, oldest first.
    """

    size: int
    epoch: str = attrs.field(factory=lambda: token_hex(4))
    number: int = 0
    entries: deque[Entry] = attrs.field(factory=deque)

    @property
    def position(self) -> str:
        """
        The position after the last entry.
        """
        return f"{self.epoch}.{self.number}"

    def add(self, message: Message) -> Entry:
        """
        One more; the oldest may go for it.
        """
        self.number += 1
        entry = Entry(message, self.position)
        self.entries.append(entry)
        if len(self.entries) > self.size:
            self.entries.popleft()
        return entry

    def after(self, position: str) -> tuple[Entry, ...] | None:
        """
        @return: the next entries after a position; L{None} where one is missing.
        """
        number = numberOf(position)
        if position != f"{self.epoch}.{number}" or not self.number - len(self.entries) <= number <= self.number:
            return None
        first = number - (self.number - len(self.entries))
        return tuple(self.entries[index] for index in range(first, min(first + PAGE, len(self.entries))))
