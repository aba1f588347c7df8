"""
Tests of L{balws.admin.fleet} and L{balws.admin.colleague}, over real sockets of the file system.
"""

from __future__ import annotations

import socket
import sys
from typing import Any
from unittest.mock import patch

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.task import Clock
from twisted.logger import Logger, globalLogPublisher
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from balws import Hub, Tally
from balws.admin import colleague
from balws.admin.fleet import Fleet
from balws.admin.metrics import NoMetrics
from balws.admin.operations import IOperations, Kick, Query, Send, Target
from balws.admin.orders import NoSuchTarget, Unanswered
from balws.admin.process import Process
from balws.admin.refusals import Refusals
from balws.admin.service import makeAdmin
from balws.config.admin import AdminConfiguration
from balws.errors import Error
from balws.hub.exchange import Exchange
from balws.server.health import Readiness
from balws.testing import MemoryListener
from balws.workers.folder import AdminFolder
from tests.admin.observed import EchoUpgrade


class Worker:
    """
    One of several processes: its services are in memory, its admin endpoint is real.
    """

    def __init__(self, number: int, hub: Hub) -> None:
        self.number = number
        self.tally = Tally()
        self.readiness = Readiness()
        self.listener = MemoryListener(observer=self.tally, countsTraffic=True, hub=hub)
        self.listener.attach(EchoUpgrade(), "/echo")
        self.process = Process(
            [self.listener], hub, self.tally, None, self.listener.clock, number, ready=self.readiness
        )

    def client(self, *texts: str) -> Any:
        """
        @return: a client that has sent these and heard them.
        """
        found: list[Any] = []
        self.listener.connect("/echo").addCallback(found.append)
        for text in texts:
            found[0].writeTextMessage(text)
            found[0].readTextMessage()
        return found[0]


class FleetTestCase(TestCase):
    """
    Three workers.
    """

    isShared = False

    @inlineCallbacks
    def setUp(self) -> Any:
        self.folder = AdminFolder()
        self.folder.make()
        self.addCleanup(self.folder.remove)
        self.readiness = Readiness()
        self.logged: list[Any] = []
        self.patch(colleague, "_log", Logger(namespace="balws.admin", observer=self.logged.append))  # type: ignore
        self.fleet = Fleet(self.folder, 3, self.isShared, reactor, self.readiness)
        exchange = Exchange()
        self.workers = []
        self.admins = []
        for number in (1, 2, 3):
            hub = Hub(broker=exchange.broker()) if self.isShared else Hub()
            hub.start()
            worker = Worker(number, hub)
            configuration = AdminConfiguration(endpoint=f"unix:{self.folder.socket(number)}")
            admin = makeAdmin(configuration, worker.process, reactor)
            yield admin.start()
            self.addCleanup(admin.immediateStop)
            self.workers.append(worker)
            self.admins.append(admin)


class QuestionTests(FleetTestCase):
    """
    All of them are asked.
    """

    @inlineCallbacks
    def test_summary(self) -> Any:
        """
        Counts of all; they are shown as one.
        """
        verifyObject(IOperations, self.fleet)
        before = yield self.fleet.summary()
        self.assertEqual(before.uptime, 0)
        self.fleet.start()
        self.workers[0].client("one")
        self.workers[2].client("two", "name ada")
        found = yield self.fleet.summary()
        self.fleet.stop()
        self.assertEqual((found.connections, len(found.pids), found.state), (2, 3, "ready"))
        self.assertEqual([(each.path, each.received) for each in found.paths], [("/echo", 3)])
        self.assertEqual(found.hub.names, 1)
        self.assertGreater(found.uptime, 0)

    @inlineCallbacks
    def test_connections(self) -> Any:
        """
        Connections of all, each with the number of its process.
        """
        self.workers[0].client("group red")
        self.workers[1].client("one", "two", "group red")
        self.workers[2].client()
        found = yield self.fleet.connections(Query(sort="received", limit=2))
        self.assertEqual((found.total, [each.worker for each in found.connections]), (3, [2, 1]))
        found = yield self.fleet.connections(Query(search="RED", group="red", path="/echo"))
        self.assertEqual(found.total, 2)
        groups = yield self.fleet.groups(Query(search="e", limit=1))
        self.assertEqual([(each.name, each.members) for each in groups.groups], [("red", 2)])
        for wrong in (self.fleet.connections(Query(sort="id")), self.fleet.groups(Query(limit=-1))):
            yield self.assertFailure(wrong, Error)

    @inlineCallbacks
    def test_state(self) -> Any:
        """
        One that is degraded makes all degraded; all drain when none takes peers (RL18).
        """
        found = [(yield self.fleet.state())]
        self.workers[0].readiness.drain()
        found.append((yield self.fleet.state()))
        self.workers[1].listener.hub._broker.isAvailable = False
        found.append((yield self.fleet.state()))
        self.workers[1].readiness.drain()
        self.workers[2].readiness.drain()
        found.append((yield self.fleet.state()))
        self.assertEqual(found, ["ready", "ready", "degraded", "draining"])
        summary = yield self.fleet.summary()
        self.assertEqual(summary.state, "draining")

    @inlineCallbacks
    def test_drains(self) -> Any:
        """
        When the supervisor drains nobody has to be asked.
        """
        self.readiness.drain()
        state = yield self.fleet.state()
        summary = yield self.fleet.summary()
        self.assertEqual((state, summary.state), ("draining", "draining"))

    @inlineCallbacks
    def test_metrics(self) -> Any:
        """
        The series of all, each with its worker (RL18).
        """
        self.workers[1].client("one")
        text = yield self.fleet.metrics()
        families = {each.name: each for each in text_string_to_metric_families(text.decode())}
        values = {each.labels["worker"]: each.value for each in families["balws_connections"].samples}
        self.assertEqual(values, {"1": 0, "2": 1, "3": 0})
        self.assertEqual(len(families["process_open_fds"].samples), 3)

    @inlineCallbacks
    def test_refusals(self) -> Any:
        """
        Who shows a wrong token shows it to the process that keeps the workers: it counts in the sum, and has the
        number 0.
        """
        for each in self.workers:
            each.process.stop()  # else they would hear it, too: they are all in one process here
        self.fleet.start()
        Refusals(Clock()).add("unauthenticated", "why", "127.0.0.1", "/api")
        self.fleet.stop()
        Refusals(Clock()).add("unauthenticated", "why", "127.0.0.1", "/api")
        found = yield self.fleet.summary()
        self.assertEqual((found.adminRefusals, found.authFailures), (1, 0))
        text = yield self.fleet.metrics()
        families = {each.name: each for each in text_string_to_metric_families(text.decode())}
        samples = families["balws_admin_refusals"].samples
        values = {each.labels["worker"]: each.value for each in samples if each.labels["result"] == "unauthenticated"}
        self.assertEqual(values, {"0": 1, "1": 0, "2": 0, "3": 0})

    @inlineCallbacks
    def test_noMetrics(self) -> Any:
        """
        Without prometheus-client there are none.
        """
        with patch.dict(sys.modules, {"prometheus_client": None}):
            yield self.assertFailure(self.fleet.metrics(), NoMetrics)


class SilenceTests(FleetTestCase):
    """
    Some do not answer.
    """

    @inlineCallbacks
    def test_quiet(self) -> Any:
        """
        To ask leaves no line in the log: a console does so every second.
        """
        said: list[Any] = []
        globalLogPublisher.addObserver(said.append)  # type: ignore[arg-type]
        self.addCleanup(globalLogPublisher.removeObserver, said.append)
        yield self.fleet.summary()
        self.assertEqual([each["log_format"] for each in said], [])

    @inlineCallbacks
    def test_gone(self) -> Any:
        """
        Who is not there is left out, and the log says so once, until he is there again.
        """
        yield self.admins[1].immediateStop()
        for _ in range(2):
            found = yield self.fleet.summary()
            self.assertEqual(len(found.pids), 2)
        self.assertEqual(len(self.logged), 1)
        self.assertIn("worker 2: cannot be reached", self.logged[0]["problem"])
        yield self.admins[1].start()
        found = yield self.fleet.summary()
        self.assertEqual(len(found.pids), 3)
        yield self.admins[1].immediateStop()
        yield self.fleet.summary()
        self.assertEqual(len(self.logged), 2)

    @inlineCallbacks
    def test_slow(self) -> Any:
        """
        Nobody waits for one that stands still.
        """
        self.patch(colleague, "PATIENCE", 1)  # for the others, too, which have this process alone
        yield self.admins[1].immediateStop()
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.bind(self.folder.socket(2) or "")
            deaf.listen()
            state = yield self.fleet.state()
            page = yield self.fleet.connections(Query())
        self.assertEqual((state, page.total), ("ready", 0))
        self.assertEqual([each["problem"] for each in self.logged], ["worker 2: no answer within 1 seconds"])

    @inlineCallbacks
    def test_nobody(self) -> Any:
        """
        Where none answers that is said; nothing takes peers then.
        """
        self.folder.remove()
        for asked in (
            self.fleet.summary(),
            self.fleet.metrics(),
            self.fleet.connections(Query()),
            self.fleet.groups(Query()),
            self.fleet.send(Send(target=Target(path="/echo"), text="x")),
        ):
            failure = yield self.assertFailure(asked, Unanswered)
            self.assertEqual(str(failure), "no worker answers")
        state = yield self.fleet.state()
        self.assertEqual((state, self.logged), ("draining", []))

    @inlineCallbacks
    def test_perhaps(self) -> Any:
        """
        Whom nobody knows may be the connection of one that does not answer: that is said.
        """
        yield self.admins[1].immediateStop()
        failure = yield self.assertFailure(
            self.fleet.kick(Kick(target=Target(connection="a"))), Unanswered
        )
        self.assertEqual(str(failure), "worker 2 does not answer, and no other knows whom it is for")

    @inlineCallbacks
    def test_broken(self) -> Any:
        """
        One that fails is left out; its own log says why.
        """

        def broken() -> Any:
            raise KeyError

        self.workers[0].process.summary = broken
        yield self.admins[0].immediateStop()
        admin = makeAdmin(
            AdminConfiguration(endpoint=f"unix:{self.folder.socket(1)}"), self.workers[0].process, reactor
        )
        yield admin.start()
        self.addCleanup(admin.immediateStop)
        found = yield self.fleet.summary()
        self.assertEqual(len(found.pids), 2)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class OrderTests(FleetTestCase):
    """
    All of them do it.
    """

    @inlineCallbacks
    def test_send(self) -> Any:
        """
        Who is meant gets it, in whatever process he is, and all are counted.
        """
        clients = [self.workers[0].client("group red"), self.workers[2].client("group red", "name ada")]
        for target, count in (({"path": "/echo"}, 2), ({"group": "red"}, 2), ({"name": "ada"}, 1), ({"user": "x"}, 0)):
            sent = yield self.fleet.send(Send(target=Target(**target), data=b"\0"))
            self.assertEqual(sent, count)
        page = yield self.fleet.connections(Query(search="ada"))
        sent = yield self.fleet.send(Send(target=Target(connection=page.connections[0].id), text="x"))
        self.assertEqual(sent, 1)
        self.assertEqual([each.sent for each in self.workers[2].listener.conversations()], [2 + 4])
        self.assertTrue(all(each.isOpen() for each in clients))

    @inlineCallbacks
    def test_kick(self) -> Any:
        """
        Connections of all are closed.
        """
        self.workers[0].client()
        self.workers[1].client()
        kicked = yield self.fleet.kick(Kick(target=Target(path="/echo"), code=4000))
        self.assertEqual(kicked, 2)
        self.assertEqual([each.tally.closed["/echo", 4000] for each in self.workers], [1, 1, 0])

    @inlineCallbacks
    def test_nobody(self) -> Any:
        """
        Who is in none of them is not there.
        """
        for target, words in (
            ({"name": "x"}, "no connection is stored as 'x'"),
            ({"group": "x"}, "nobody is in the group 'x'"),
            ({"connection": "x"}, "no connection has the id 'x'"),
            ({"path": "/x"}, "no service is mounted at '/x'"),
        ):
            failure = yield self.assertFailure(self.fleet.kick(Kick(target=Target(**target))), NoSuchTarget)
            self.assertEqual(str(failure), words)

    @inlineCallbacks
    def test_wrong(self) -> Any:
        """
        What is wrong is found out here; what workers find wrong is told.
        """
        yield self.assertFailure(self.fleet.send(Send(target=Target(), text="x")), Error)
        yield self.assertFailure(self.fleet.kick(Kick(target=Target(path="/echo"), code=1)), Error)
        failure = yield self.assertFailure(self.fleet.send(Send(target=Target(name=""), text="x")), Error)
        self.assertNotIsInstance(failure, NoSuchTarget)
        self.assertIn("1 to 256 bytes", str(failure))


class SharedTests(FleetTestCase):
    """
    Processes whose hubs act as one.
    """

    isShared = True

    @inlineCallbacks
    def test_once(self) -> Any:
        """
        A name and a group are reached by one process for all, and so nobody gets it twice; the members
        of all are counted.
        """
        first = self.workers[0].client("group red")
        second = self.workers[2].client("group red", "name ada")
        self.workers[1].client("group reddish")
        sent = yield self.fleet.send(Send(target=Target(group="red"), text="x"))
        self.assertEqual(sent, 2)
        sent = yield self.fleet.send(Send(target=Target(name="ada"), text="y"))
        self.assertEqual(sent, 1)
        heard: list[Any] = []
        for client in (first, second, second):
            client.readTextMessage().addCallback(heard.append)
        self.assertEqual(heard, ["x", "x", "y"])
        self.assertEqual([each.sent for each in self.workers[2].listener.conversations()], [4])

    @inlineCallbacks
    def test_another(self) -> Any:
        """
        Where the first is not there the next does it.
        """
        self.workers[2].client("name ada")
        yield self.admins[0].immediateStop()
        sent = yield self.fleet.send(Send(target=Target(name="ada"), text="y"))
        self.assertEqual(sent, 1)

    @inlineCallbacks
    def test_notAgain(self) -> Any:
        """
        One that does not answer may have done it: nobody does it again.
        """
        asked: list[int] = []
        first: list[Any] = []

        @inlineCallbacks
        def never(order: Any) -> Any:
            asked.append(1)
            yield first[0].immediateStop()  # with it the connection
            yield Deferred()

        def atOnce(order: Any) -> Deferred[int]:
            asked.append(2)
            return succeed(1)

        for worker, admin, answer in zip(self.workers, self.admins, (never, atOnce, atOnce), strict=True):
            worker.process.send = answer
            yield admin.immediateStop()
            configuration = AdminConfiguration(endpoint=f"unix:{self.folder.socket(worker.number)}")
            another = makeAdmin(configuration, worker.process, reactor)
            yield another.start()
            first.append(another)
            self.addCleanup(another.immediateStop)
        yield self.assertFailure(self.fleet.send(Send(target=Target(name="ada"), text="y")), Unanswered)
        self.assertEqual(asked, [1])
