"""
A reactor for tests of what works in threads.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Any

from twisted.internet.task import Clock

#: No thread of a test needs as many seconds, on whatever machine.
PATIENCE = 30


class ThreadedClock(Clock):
    """
    A clock that takes calls from threads and makes them when it is asked to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fromThreads: Queue[tuple[Callable[..., Any], tuple[Any, ...]]] = Queue()

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:
        self.fromThreads.put((function, args))

    def turn(self) -> None:
        """
        Wait for the next call from a thread, and make it.
        """
        function, args = self.awaitCall()
        function(*args)

    def awaitCall(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """
        Wait for the next call from a thread, and do not make it.
        """
        return self.fromThreads.get(timeout=PATIENCE)
