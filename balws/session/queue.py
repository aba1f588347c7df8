# -*- test-case-name: tests.session.test_queue -*-
"""
Messages that wait for a busy method.
"""

from __future__ import annotations

from collections import deque

#: The queue is full with this many bytes too, however few the messages (ruling 4).
MAX_BYTES = 1048576


class Pending:
    """
    A bounded queue of whole messages.  The bound is not a refusal: the wire stops
    reading when it is reached.

    @ivar full: whether reading must pause.
    """

    __slots__ = ("_bytes", "_limit", "_messages")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[str | bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        return len(self._messages) >= self._limit or self._bytes >= MAX_BYTES

    def put(self, message: str | bytes) -> None:
        """
        A str is a text message, bytes are a binary one.
        """
        self._messages.append(message)
        self._bytes += len(message)

    def take(self) -> str | bytes:
        """
        @return: the oldest.
        """
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message

    def clear(self) -> None:
        """
        Forget them all.
        """
        self._messages.clear()
        self._bytes = 0
