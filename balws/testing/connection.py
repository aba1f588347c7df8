# -*- test-case-name: tests.testing.test_network -*-
"""
Both ends of a connection in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import attrs
from twisted.internet.error import ConnectionLost

from balws.testing.transport import MemoryTransport


@attrs.frozen(eq=False)
class MemoryConnection:
    """
    @ivar client: the transport of who has connected.
    @ivar server: the transport of who was connected to.
    """

    client: MemoryTransport
    server: MemoryTransport
    _turn: Callable[[], AbstractContextManager[Any]]

    @property
    def isOpen(self) -> bool:
        """
        Whether at least one of the ends believes that there is a connection.
        """
        return not (self.client.disconnected and self.server.disconnected)

    def cut(self) -> None:
        """
        The line is broken: without a close frame both ends see
        L{ConnectionLost<twisted.internet.error.ConnectionLost>}.
        """
        with self._turn():
            self.client.lose(ConnectionLost())
            self.server.lose(ConnectionLost())
