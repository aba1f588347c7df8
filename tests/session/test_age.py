"""
Tests of L{balws.session.age}.
"""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import Client, ConnectionClosureError, Service, UpgradeService
from balws.session import age
from balws.session.age import Age
from balws.session.connection import Connection
from balws.testing import MemoryListener
from tests.session.doubles import Mounted

TOO_OLD = (1001, "the connection is too old")


class Recorder(Service):
    """
    Sends texts back, and records how it ended.
    """

    def __init__(self, ends: list[Any]) -> None:
        self.ends = ends

    def onTextMessage(self, text: str):
        return text

    def onClose(self, statusCode: int, reason: str):
        self.ends.append((statusCode, reason))


class AgeTests(SynchronousTestCase):
    """
    maxConnectionAge.
    """

    def setUp(self) -> None:
        self.listener = MemoryListener()
        self.clock = self.listener.clock
        self.ends: list[Any] = []

    def serve(self, seconds: float) -> None:
        """
        @param seconds: how old connections get.
        """
        ends = self.ends

        class Door(UpgradeService):
            def get(self) -> Recorder:
                return Recorder(ends)

        self.listener.attach(Door(), "/echo", config={"maxConnectionAge": seconds, "pingInterval": 0})

    def connect(self) -> Client:
        """
        @return: a client; the server alone tells time.
        """
        return self.successResultOf(self.listener.connect("/echo", pingInterval=0))

    def assertAlive(self, client: Client) -> None:
        """
        It talks.
        """
        client.writeTextMessage("hi")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")

    def test_ends(self) -> None:
        """
        A connection is closed with 1001 and fixed words, a tenth before its time at the earliest and
        a tenth behind it at the latest, whatever is said on it.
        """
        self.serve(100)
        client = self.connect()
        for _ in range(10):
            self.clock.advance(8.99)
            self.assertAlive(client)
        self.clock.advance(20.3)
        error = self.failureResultOf(client.readTextMessage(), ConnectionClosureError).value
        self.assertEqual((error.statusCode, error.reason), TOO_OLD)
        self.assertEqual(self.ends, [TOO_OLD])

    def test_spread(self) -> None:
        """
        Those that came together do not go together.
        """
        self.serve(100)
        clients = [self.connect() for _ in range(100)]
        self.clock.advance(89.9)
        self.assertEqual(sum(client.isOpen() for client in clients), 100)
        left = []
        for _ in range(5):
            self.clock.advance(4.1)
            left.append(sum(client.isOpen() for client in clients))
        self.assertEqual(left[-1], 0)
        self.assertEqual(sorted(left, reverse=True), left)
        self.assertEqual(len({100, *left}), 6, left)

    def test_long(self) -> None:
        """
        It may be days.
        """
        self.serve(3 * 86400)
        client = self.connect()
        for _ in range(64):
            self.clock.advance(3600)
        self.assertAlive(client)
        for _ in range(17):
            self.clock.advance(3600)
        self.assertEqual(self.ends, [TOO_OLD])

    def test_never(self) -> None:
        """
        With 0 it lives for ever, and there is no timer.
        """
        self.serve(0)
        client = self.connect()
        (mount,) = self.listener.mounts
        self.assertEqual(len(mount.terms.wheel), 0)
        self.clock.advance(10 * 365 * 86400)
        self.assertAlive(client)

    def test_silent(self) -> None:
        """
        Who does not answer the close is dropped.
        """
        self.patch(age, "uniform", lambda least, most: 1.0)
        self.serve(60)
        self.connect()
        self.listener.network.hold()
        self.clock.advance(60.2)
        self.assertEqual(self.ends, [])
        self.clock.advance(5.1)
        self.assertEqual(len(self.ends), 1)

    def test_method(self) -> None:
        """
        A method that runs may end, and its answer comes; what was said behind it is dropped.
        """
        self.patch(age, "uniform", lambda least, most: 1.0)
        running: list[Deferred[str]] = []

        class Slow(Service):
            def onTextMessage(self, text: str):
                running.append(Deferred())
                return running[-1]

        class Door(UpgradeService):
            def get(self) -> Slow:
                return Slow()

        self.listener.attach(Door(), "/slow", config={"maxConnectionAge": 60, "pingInterval": 0})
        client = self.successResultOf(self.listener.connect("/slow", pingInterval=0))
        client.writeTextMessage("first")
        client.writeTextMessage("second")
        self.clock.advance(60.2)
        self.assertTrue(client.isOpen())
        running[0].callback("answer")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "answer")
        error = self.failureResultOf(client.readTextMessage(), ConnectionClosureError).value
        self.assertEqual((error.statusCode, error.reason), TOO_OLD)
        self.assertEqual(len(running), 1)
        self.clock.advance(10)

    def test_methodWithoutEnd(self) -> None:
        """
        A method that does not end keeps nobody from being told.
        """
        self.patch(age, "uniform", lambda least, most: 1.0)

        class Stuck(Service):
            def onTextMessage(self, text: str):
                return Deferred()

        class Door(UpgradeService):
            def get(self) -> Stuck:
                return Stuck()

        self.listener.attach(Door(), "/stuck", config={"maxConnectionAge": 60, "pingInterval": 0})
        client = self.successResultOf(self.listener.connect("/stuck", pingInterval=0))
        client.writeTextMessage("first")
        self.clock.advance(64.9)
        self.assertTrue(client.isOpen())
        self.clock.advance(0.5)
        error = self.failureResultOf(client.readTextMessage(), ConnectionClosureError).value
        self.assertEqual((error.statusCode, error.reason), TOO_OLD)

    def test_closedBefore(self) -> None:
        """
        A connection that has ended before is not closed again.
        """
        self.serve(60)
        self.successResultOf(self.connect().close(4000, "bye"))
        self.clock.advance(100)
        self.assertEqual(self.ends, [(4000, "bye")])


class Aged(Age, Connection):
    """
    As much of a server's connection as counts here.
    """


class KeptTests(SynchronousTestCase):
    """
    What an end to come does not do.
    """

    def test_gone(self) -> None:
        """
        A conversation that has ended is not kept for the rest of its time, and neither is its
        timer.
        """
        mounted = Mounted()
        connection = Aged(Recorder([]), mounted.terms.table(Recorder), mounted.terms)
        connection._watchAge(86400)
        gone = ref(connection)
        mounted.clock.advance(31)
        self.assertEqual(len(mounted.wheel), 0)
        del connection
        gc.collect()
        self.assertIsNone(gone())
        mounted.clock.advance(100000)
