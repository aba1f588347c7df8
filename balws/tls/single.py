# -*- test-case-name: tests.tls.test_single -*-
"""
A factory for one connection that we make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol

__all__ = ["Single"]

P = TypeVar("P", bound=Protocol)


class Single(Factory, Generic[P]):
    """
    Gives the one protocol, and the log nothing to say of it.
    """

    noisy = False

    def __init__(self, protocol: P, isOver: Callable[[], bool]) -> None:
        """
        @param isOver: whether nobody waits any more: not every endpoint can be cancelled.
        """
        self._protocol = protocol
        self._isOver = isOver

    def buildProtocol(self, address: IAddress | None) -> P | None:
        """
        @param address: of no interest.
        @return: L{None} when nobody waits any more.
        """
        return None if self._isOver() else self._protocol
