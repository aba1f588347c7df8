"""
Tests of L{balws.auth.ldap.pool}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.ldap.pool import CONNECTIONS, IDLE, ROLES_AGE, Pool, Roles


class Connection:
    """
    Knows whether it was dropped.
    """

    isDropped = False

    def drop(self) -> None:
        self.isDropped = True


class PoolTests(SynchronousTestCase):
    """
    Connections that wait.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        nobody: Any = None
        self.pool = Pool(nobody, self.clock.seconds)
        self.connections: list[Any] = [Connection() for _ in range(CONNECTIONS + 1)]

    def test_last(self) -> None:
        """
        The one that was used last is the next.
        """
        for each in self.connections[:2]:
            self.assertTrue(self.pool.give(each))
        self.assertIs(self.pool.take(), self.connections[1])
        self.assertIs(self.pool.take(), self.connections[0])
        self.assertIs(self.pool.take(), None)

    def test_full(self) -> None:
        """
        No more than a few are kept.
        """
        self.assertEqual([self.pool.give(each) for each in self.connections], [True] * CONNECTIONS + [False])
        self.assertEqual(len(self.pool), CONNECTIONS)

    def test_idle(self) -> None:
        """
        One that nobody used for a minute is dropped, and not a moment before.
        """
        old, young, *_ = self.connections
        self.pool.give(old)
        self.clock.advance(1)
        self.pool.give(young)
        self.clock.advance(IDLE - 1.001)
        self.pool.tidy()
        self.assertEqual((old.isDropped, len(self.pool)), (False, 2))
        self.clock.advance(0.002)
        self.pool.tidy()
        self.assertEqual((old.isDropped, young.isDropped, len(self.pool)), (True, False, 1))
        self.clock.advance(1)
        self.assertIs(self.pool.take(), None)
        self.assertTrue(young.isDropped)

    def test_clear(self) -> None:
        """
        All are dropped, and new ones kept.
        """
        self.pool.give(self.connections[0])
        self.pool.clear()
        self.assertTrue(self.connections[0].isDropped)
        self.assertTrue(self.pool.give(self.connections[1]))

    def test_close(self) -> None:
        """
        A closed pool takes nothing back.
        """
        self.pool.give(self.connections[0])
        self.pool.close()
        self.assertTrue(self.connections[0].isDropped)
        self.assertFalse(self.pool.give(self.connections[1]))


class RolesTests(SynchronousTestCase):
    """
    Groups that are remembered.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.roles = Roles(self.clock.seconds, 2)

    def test_time(self) -> None:
        """
        They are remembered for a minute.
        """
        self.roles.learn("alice", ("admins",))
        self.clock.advance(ROLES_AGE - 0.001)
        self.assertEqual(self.roles.of("alice"), ("admins",))
        self.clock.advance(0.001)
        self.assertIs(self.roles.of("alice"), None)
        self.assertIs(self.roles.of("bob"), None)

    def test_none(self) -> None:
        """
        That somebody has no groups is remembered, too.
        """
        self.roles.learn("alice", ())
        self.assertEqual(self.roles.of("alice"), ())

    def test_size(self) -> None:
        """
        Those that were learned first give way.
        """
        for name in ("alice", "bob", "alice", "carol"):
            self.roles.learn(name, (name,))
        self.assertEqual([self.roles.of(name) for name in ("alice", "bob", "carol")], [("alice",), None, ("carol",)])

    def test_clear(self) -> None:
        """
        They can be forgotten.
        """
        self.roles.learn("alice", ("admins",))
        self.roles.clear()
        self.assertIs(self.roles.of("alice"), None)

    def test_off(self) -> None:
        """
        Without room nothing is remembered.
        """
        roles = Roles(self.clock.seconds, 0)
        roles.learn("alice", ("admins",))
        self.assertIs(roles.of("alice"), None)
