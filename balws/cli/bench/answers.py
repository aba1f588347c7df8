# -*- test-case-name: tests.cli.test_bench_load -*-
"""
One connection of a load test.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from balws.client.asyncclient import AsyncClient
from balws.interfaces import Service

if TYPE_CHECKING:
    from balws.cli.bench.load import Load

__all__ = ["Answers"]


class Answers(Service):
    """
    One connection: it remembers since when each answer is due.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self.due: deque[float] = deque()
        self.client: AsyncClient | None = None
        self.isGone = False
        self.isFree = False

    def onTextMessage(self, text: str) -> None:
        """
        An answer.
        """
        self._load.answered(self)

    def onBinaryMessage(self, data: bytes) -> None:
        """
        An answer.
        """
        self._load.answered(self)

    def onClose(self, statusCode: int, reason: str) -> None:
        """
        The end.
        """
        self._load.lost(self, f"closed {statusCode}")

    def onError(self, error: Exception) -> None:
        """
        The end, too.
        """
        self._load.lost(self, f"closed, {type(error).__name__}")
