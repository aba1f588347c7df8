# -*- test-case-name: tests.hub.test_nodes -*-
"""
A member of a durable group that keeps its position: after a break it gets what it missed.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred

from balws.errors import HubError
from balws.hub.broker import Entry, numberOf
from balws.hub.message import Message
from balws.interfaces import IMember

__all__ = ["Follower", "enveloped"]

#: So many messages wait while it catches up, and so many bytes; more, and it reads from history
#: again.
MAX_WAITING = 256
MAX_BYTES = 1024 * 1024

#: Reads the next page of a group's history.
History = Callable[[str, str], "Deferred[tuple[tuple[Entry, ...], str]]"]


def enveloped(group: str, entry: Entry) -> Message:
    """
    @return: a message with its position, as followers get it: JSON with C{group},
        C{position}, and C{text} or, of a binary message, C{data} in base64.
    """
    content = {"group": group, "position": entry.position}
    if entry.message.isBinary:
        content["data"] = b64encode(entry.message.payload).decode("ascii")
    else:
        content["text"] = entry.message.payload.decode()
    return Message.of(json.dumps(content, ensure_ascii=False, separators=(",", ":")))


class Follower:
    """
    First it gets what history has after its position, as fast as it reads; then what comes.

    @ivar position: of the last message that it was given.
    """

    def __init__(self, group: str, member: IMember, position: str, history: History) -> None:
        self._group = group
        self._member = member
        self._history = history
        self.position = position
        self._waiting: deque[Entry] | None = deque()
        self._size = 0
        self._missed = False
        self._isOver = False

    def end(self) -> None:
        """
        The connection is not in the group any more, or follows anew.
        """
        self._isOver = True

    def received(self, entry: Entry, shared: Message) -> None:
        """
        A message came.

        @param shared: it in its envelope, for all followers.
        """
        if self._waiting is None:
            self.position = entry.position
            self._member.deliver(shared)
        elif not self._missed:
            self._waiting.append(entry)
            self._size += len(entry.message.payload)
            self._missed = len(self._waiting) > MAX_WAITING or self._size > MAX_BYTES
            if self._missed:
                # History has them.
                self._waiting.clear()
                self._size = 0

    async def catchUp(self) -> str:
        """
        Give it what it missed.

        @return: its position after that.
        @raise HistoryLostError: when not all is there any more.
        @raise HubUnavailableError: when nobody can know.
        @raise HubError: when L{end} was called meanwhile.
        @raise ConnectionClosureError: when it is gone.
        """
        while True:
            page, position = await self._history(self._group, self.position)
            for entry in page:
                if not self._isOver:
                    await self._member.write(enveloped(self._group, entry))
                self.position = entry.position
            if self._isOver:
                raise HubError("the connection has left the group meanwhile")
            self.position = position
            if not page and self._goLive():
                return self.position

    def _goLive(self) -> bool:
        """
        History has no more: what waits comes after it, unless there was too much of it.
        """
        waiting = self._waiting
        assert waiting is not None
        if self._missed:
            self._missed = False
            return False
        self._waiting = None
        reached = numberOf(self.position)
        for entry in waiting:
            if entry.number > reached:
                self.received(entry, enveloped(self._group, entry))
        return True
