"""
Tests of L{balws.workers.worker}.
"""

from __future__ import annotations

import atexit
import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import LogEvent, Logger, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.config.admin import AdminConfiguration
from balws.config.entries import Configuration, ListenerEntry
from balws.config.place import Place
from balws.errors import ConfigurationError
from balws.workers import worker as module
from balws.workers.board import Board, newBoard
from balws.workers.worker import DRAIN, READY, RELOAD, STOP, Worker, currentWorker, inEnvironment


class Reactor:
    """
    Knows who wants to read.
    """

    def __init__(self) -> None:
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)


class WorkerTestCase(SynchronousTestCase):
    """
    A worker with its pipes.
    """

    def setUp(self) -> None:
        self.fds: set[int] = set()
        self.addCleanup(lambda: [os.close(fd) for fd in self.fds])
        self.patch(module, "_current", None)
        self.patch(atexit, "register", lambda what: None)
        self.orders, self.news = self.pipe("ORDERS", 1), self.pipe("NEWS", 0)
        self.boardFd = newBoard(3)
        self.fds.add(self.boardFd)
        self.patch(module, "BOARD", self.boardFd)
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        for each in self.sockets:
            self.addCleanup(each.close)
        self.fd = os.dup(self.sockets[0].fileno())
        os.set_inheritable(self.fd, True)
        self.other = os.dup(self.sockets[1].fileno())
        self.environment = {
            "HOME": "/",
            "BALWS_WORKER": "2/3",
            "BALWS_WORKER_SOCKETS": f"{self.fd}:2:80,{self.other}:2:tcp%3A81",
        }

    def pipe(self, name: str, ours: int) -> int:
        """
        @return: our end of a pipe whose other end is the worker's.
        """
        ends = os.pipe()
        self.fds.update(ends)
        self.patch(module, name, ends[1 - ours])
        return ends[ours]

    def make(self) -> Worker:
        found = currentWorker(self.environment)
        assert found is not None
        return found


class CurrentWorkerTests(WorkerTestCase):
    """
    What a process learns from its environment.
    """

    def tearDown(self) -> None:
        for fd in (self.fd, self.other):
            os.close(fd)

    def test_none(self) -> None:
        """
        A process that nobody made one is no worker.
        """
        self.assertIsNone(currentWorker({"HOME": "/"}))

    def test_worker(self) -> None:
        """
        A worker knows its number, and what it starts is none: neither its environment nor
        its descriptors go on.
        """
        worker = self.make()
        self.assertEqual((worker.number, worker.count), (2, 3))
        self.assertEqual(self.environment, {"HOME": "/"})
        self.assertFalse(os.get_inheritable(self.fd))
        self.assertIs(currentWorker(self.environment), worker)
        self.assertIsNone(worker.admin)

    def test_admin(self) -> None:
        """
        It learns where its supervisor asks how it does; what it starts does not.
        """
        self.environment.update(inEnvironment(2, 3, [], "/tmp/balws-x/2"), BALWS_WORKER_SOCKETS=f"{self.fd}:2:80")
        self.assertEqual(self.make().admin, "/tmp/balws-x/2")
        self.assertEqual(self.environment, {"HOME": "/"})

    def test_wrong(self) -> None:
        """
        What nobody of us has written there is refused, and so are sockets that are not there.
        """
        good = f"{self.fd}:2:80"
        whos = ("", "one", "1/2/3", "0/2", "3/2", "-1/-1")
        wrong = [(who, good) for who in whos] + [
            ("1/2", sockets) for sockets in ("", "6:2", "6:2:3:4", "9999:2:80", "a:b:80")
        ]
        for who, sockets in wrong:
            environment = {"BALWS_WORKER": who, "BALWS_WORKER_SOCKETS": sockets}
            error = self.assertRaises(ConfigurationError, currentWorker, environment)
            self.assertEqual(str(error), "BALWS_WORKER is for processes that balws starts itself")

    def test_described(self) -> None:
        """
        It reads what its supervisor writes.
        """
        self.assertEqual(
            inEnvironment(2, 3, [(2, "80"), (10, "unix:a,b")]),
            {"BALWS_WORKER": "2/3", "BALWS_WORKER_SOCKETS": "6:2:80,7:10:unix%3Aa%2Cb"},
        )

    def test_share(self) -> None:
        """
        A limit of all is divided, rounded up; no limit is none.
        """
        worker = self.make()
        self.assertEqual([worker.share(limit) for limit in (0, 1, 3, 4, 10_000)], [0, 1, 1, 2, 3334])


class ServingTests(WorkerTestCase):
    """
    What it does with what it has.
    """

    def test_endpoint(self) -> None:
        """
        Each listener has its socket, once; a listener that is new has none, which is said with its
        place.
        """
        worker = self.make()
        endpoint = worker.endpoint(1, None)
        self.assertEqual((endpoint._fd, endpoint._family), (self.other, 2))
        words = "this listener is new: restart all, since the ports are opened then"
        for index in (1, 2):
            self.assertEqual(str(self.assertRaises(ConfigurationError, worker.endpoint, index, None)), words)
        place = Place(file="balws.toml").child("listeners").child(2)
        error = self.assertRaises(ConfigurationError, worker.endpoint, 2, None, place)
        self.assertEqual(str(error), f"balws.toml: listeners[2]: {words}")
        worker.ready()
        os.close(self.other)

    def served(self, *wheres: int | str) -> tuple[Worker, list[int | str | None]]:
        """
        @return: a worker whose sockets were opened for 80 and tcp:81, and where the listeners are that
            it serves of a file with these.
        """
        worker = self.make()
        entries = tuple(
            ListenerEntry(port=each) if isinstance(each, int) else ListenerEntry(endpoint=each) for each in wheres
        )
        found = worker.served(Configuration(listeners=entries, pythonPath=(), folder=Path()))
        return worker, [each.port if each.endpoint is None else each.endpoint for each in found.listeners]

    def test_served(self) -> None:
        """
        Listeners that have changed places in the file since the start keep their sockets.
        """
        worker, served = self.served("tcp:81", 80)
        self.assertEqual(served, ["tcp:81", 80])
        self.assertEqual([worker.endpoint(index, None)._fd for index in (0, 1)], [self.other, self.fd])
        for fd in (self.fd, self.other):
            os.close(fd)

    def test_servedOther(self) -> None:
        """
        A listener with another port has the socket that there is for it.
        """
        worker, served = self.served(82, 80)
        self.assertEqual(served, [82, 80])
        self.assertEqual([worker.endpoint(index, None)._fd for index in (0, 1)], [self.other, self.fd])
        for fd in (self.fd, self.other):
            os.close(fd)

    def test_administered(self) -> None:
        """
        The admin endpoint of the file is its supervisor's; its own is where that asks, if it does.
        """
        configuration = Configuration(
            listeners=(ListenerEntry(port=80),),
            pythonPath=(),
            folder=Path(),
            admin=AdminConfiguration(endpoint="unix:/run/balws/admin.sock"),
        )
        worker = self.make()
        self.assertIsNone(worker.administered(configuration).admin)
        self.assertIsNone(worker.served(configuration).admin)
        worker.admin = "/tmp/balws-x/2"
        found = worker.administered(configuration).admin
        self.assertEqual(found, AdminConfiguration(endpoint="unix:/tmp/balws-x/2"))
        for fd in (self.fd, self.other):
            os.close(fd)

    def test_servedMore(self) -> None:
        """
        A listener that has come since the start keeps nobody from serving the others: it is left
        out, and the log says so.
        """
        said: list[LogEvent] = []
        self.patch(module, "_log", Logger(namespace="x", observer=said.append))
        worker, served = self.served(82, 80, "tcp:81")
        self.assertEqual(served, [80, "tcp:81"])
        self.assertEqual([worker.endpoint(index, None)._fd for index in (0, 1)], [self.fd, self.other])
        self.assertEqual([formatEvent(each) for each in said], ["Only a restart opens listeners[0]."])
        for fd in (self.fd, self.other):
            os.close(fd)

    def test_servedFewer(self) -> None:
        """
        The socket of a listener that is gone is closed.
        """
        worker, served = self.served("tcp:81")
        self.assertEqual(served, ["tcp:81"])
        self.assertEqual(worker.endpoint(0, None)._fd, self.other)
        worker.ready()
        self.assertRaises(OSError, os.fstat, self.fd)
        os.close(self.other)

    def test_servedNone(self) -> None:
        """
        Where no listener is as it was, none of them has a socket.
        """
        worker, served = self.served(82, 83, 84)
        self.assertEqual(served, [82, 83, 84])
        self.assertRaises(ConfigurationError, worker.endpoint, 0, None)
        worker.ready()

    def test_ready(self) -> None:
        """
        It tells that it serves, is seen by the others, and keeps no socket that nobody wants.
        """
        worker = self.make()
        other = Board(self.boardFd, 3, 1)
        other.appear()
        other.add(100)
        self.assertFalse(other.isAhead())
        worker.ready()
        self.assertEqual(os.read(self.news, 10), READY)
        self.assertTrue(other.isAhead())
        for fd in (self.fd, self.other):
            self.assertRaises(OSError, os.fstat, fd)

    def test_readyTooLate(self) -> None:
        """
        When the supervisor is gone meanwhile, nothing is raised.
        """
        worker = self.make()
        os.close(self.news)
        self.fds.discard(self.news)
        worker.ready()


class WatchTests(WorkerTestCase):
    """
    What it is told.
    """

    def setUp(self) -> None:
        super().setUp()
        self.reactor = Reactor()
        self.done: list[str] = []
        worker = self.make()
        worker.watch(
            self.reactor,
            reload=lambda: self.done.append("reload"),
            drain=lambda: self.done.append("drain"),
            stop=lambda: self.done.append("stop"),
        )
        worker.ready()
        (self.reader,) = self.reactor.readers

    def test_orders(self) -> None:
        """
        It does what it is told, in that order; unknown orders mean nothing.
        """
        verifyObject(IReadDescriptor, self.reader)
        self.reader.doRead()
        self.assertEqual(self.done, [])
        os.write(self.orders, RELOAD + b"?" + RELOAD)
        self.reader.doRead()
        os.write(self.orders, DRAIN + STOP)
        self.reader.doRead()
        self.assertEqual(self.done, ["reload", "reload", "drain", "stop"])
        self.assertEqual(self.reactor.readers, [self.reader])

    def test_end(self) -> None:
        """
        When the supervisor is gone, however it ended, the worker drains.
        """
        os.close(self.orders)
        self.fds.discard(self.orders)
        self.reader.doRead()
        self.assertEqual((self.done, self.reactor.readers), (["drain"], []))
        self.reader.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.done, ["drain"])

    def test_hungUp(self) -> None:
        """
        The same where the reactor only says that the pipe has ended.
        """
        self.reader.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.done, ["drain"])
