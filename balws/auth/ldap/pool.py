# -*- test-case-name: tests.auth.ldap.test_pool -*-
"""
What outlives a login: connections of the account that searches, and users' groups.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from balws.auth.ldap.connection import Connector, LdapConnection

__all__ = ["Pool", "Roles"]

#: Seconds that a connection without work is kept: longer than between two logins of a busy hour, shorter than
#: firewalls wait until they forget it.
IDLE = 60.0

#: The most connections that are kept.
CONNECTIONS = 4

#: Seconds that a user's groups are remembered, and of how many users.
ROLES_AGE = 60.0
ROLES = 1000


class Pool:
    """
    Connections that wait for work.  All methods are for any thread, and none blocks.

    @ivar connector: what makes them.
    """

    def __init__(self, connector: Connector, seconds: Callable[[], float], size: int = CONNECTIONS) -> None:
        """
        @param seconds: a clock that nobody sets.
        @param size: the most connections; 0 keeps none.
        """
        self.connector = connector
        self._seconds = seconds
        self._size = size
        self._lock = Lock()
        self._idle: list[tuple[float, LdapConnection]] = []

    def __len__(self) -> int:
        return len(self._idle)

    def take(self) -> LdapConnection | None:
        """
        @return: the one that was used last, which is then the caller's; L{None}: there is none.
        """
        self.tidy()
        with self._lock:
            return self._idle.pop()[1] if self._idle else None

    def give(self, connection: LdapConnection) -> bool:
        """
        @return: whether there is room for it; if not, it stays the caller's.
        """
        with self._lock:
            hasRoom = len(self._idle) < self._size
            if hasRoom:
                self._idle.append((self._seconds(), connection))
        return hasRoom

    def tidy(self) -> None:
        """
        Drop the connections that nobody used for L{IDLE} seconds.
        """
        self._drop(self._seconds() - IDLE)

    def clear(self) -> None:
        """
        Drop all connections.
        """
        self._drop(float("inf"))

    def close(self) -> None:
        """
        Drop all connections, and keep none from now on.
        """
        with self._lock:
            self._size = 0
        self.clear()

    def _drop(self, before: float) -> None:
        with self._lock:
            old = [connection for since, connection in self._idle if since <= before]
            self._idle = [each for each in self._idle if each[0] > before]
        for connection in old:
            connection.drop()


class Roles:
    """
    Groups of users, for some time.  All methods are for any thread.
    """

    def __init__(self, seconds: Callable[[], float], size: int = ROLES) -> None:
        """
        @param seconds: a clock that nobody sets.
        @param size: of how many users; 0 remembers nothing.
        """
        self._seconds = seconds
        self._size = size
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    def of(self, name: str) -> tuple[str, ...] | None:
        """
        @param name: a user's distinguished name.
        @return: L{None} where nothing is remembered.
        """
        with self._lock:
            since, roles = self._known.get(name, (0.0, None))
            if roles is not None and self._seconds() - since >= ROLES_AGE:
                del self._known[name]
                return None
            return roles

    def learn(self, name: str, roles: tuple[str, ...]) -> None:
        """
        Where there are too many, those that were learned first give way.
        """
        with self._lock:
            self._known[name] = self._seconds(), roles
            self._known.move_to_end(name)
            while len(self._known) > self._size:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """
        Forget everything.
        """
        with self._lock:
            self._known.clear()
