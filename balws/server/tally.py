# -*- test-case-name: tests.server.test_tally -*-
"""
Counts of connections.
"""

from __future__ import annotations

from collections import Counter

from zope.interface import implementer

from balws.interfaces import IConnectionObserver


@implementer(IConnectionObserver)
class Tally:
    """
    Counts what happens to the connections of the listeners that it observes::

        tally = Tally()
        listener = Listener(9090, observer=tally)

    @ivar opened: connections since the beginning, by path.
    @ivar closed: those that have ended, by path and close code.
    @ivar slowConsumers: those among them whose peer did not read (decision 23), by path.
    """

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.closed: Counter[tuple[str, int]] = Counter()
        self.slowConsumers: Counter[str] = Counter()

    def connectionOpened(self, path: str) -> None:
        """
        See L{IConnectionObserver}.
        """
        self.opened[path] += 1

    def connectionClosed(self, path: str, code: int) -> None:
        """
        See L{IConnectionObserver}.
        """
        self.closed[path, code] += 1

    def slowConsumer(self, path: str) -> None:
        """
        See L{IConnectionObserver}.
        """
        self.slowConsumers[path] += 1

    @property
    def present(self) -> int:
        """
        How many connections are open now.
        """
        return self.opened.total() - self.closed.total()
