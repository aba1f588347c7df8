# -*- test-case-name: tests.server.test_observers -*-
"""
Several observers of the same connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from balws.interfaces import IConnectionObserver

__all__ = ["Observers"]

_log = Logger(namespace="balws.server")


@implementer(IConnectionObserver)
class Observers:
    """
    Tells each of them; what one does wrong is logged and keeps nothing from the others.
    """

    def __init__(self, observers: Iterable[IConnectionObserver]) -> None:
        self._observers = tuple(observers)

    def connectionOpened(self, path: str) -> None:
        """
        See L{IConnectionObserver}.
        """
        self._tell(lambda each: each.connectionOpened(path))

    def connectionClosed(self, path: str, code: int) -> None:
        """
        See L{IConnectionObserver}.
        """
        self._tell(lambda each: each.connectionClosed(path, code))

    def slowConsumer(self, path: str) -> None:
        """
        See L{IConnectionObserver}.
        """
        self._tell(lambda each: each.slowConsumer(path))

    def _tell(self, tell: Callable[[Any], object]) -> None:
        for each in self._observers:
            try:
                tell(each)
            except Exception:
                _log.failure("A connection observer failed")
