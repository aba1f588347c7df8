"""
Tests of L{balws.admin.process}.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws import ConnectionClosureError, Hub, Tally
from balws._version import __version__
from balws.admin.facts import ConnectionFacts
from balws.admin.operations import IOperations, Kick, Query, Send, Target
from balws.admin.orders import NoSuchTarget
from balws.admin.process import A_TURN, COUNTED_A_TURN, GROUPS_A_TURN, LOOKS_A_TURN, Process
from balws.errors import Error, HubLimitError, NoSuchConnection, NoSuchGroup
from balws.hub import dismissals
from balws.hub.exchange import Exchange
from balws.server.health import readiness
from balws.session.traffic import Traffic
from balws.testing import MemoryListener
from tests.admin.observed import EchoUpgrade, ObservedTestCase


class QuestionTests(ObservedTestCase):
    """
    What an operator sees.
    """

    def page(self, **query: Any) -> list[ConnectionFacts]:
        page = self.successResultOf(self.process.connections(Query(**query)))
        self.assertEqual(page.total, len(page.connections))
        return list(page.connections)

    def test_interface(self) -> None:
        """
        A process can be asked all that a service can be asked.
        """
        verifyObject(IOperations, self.process)

    def test_summary(self) -> None:
        """
        The whole at a glance (RL18).
        """
        self.assertEqual(self.successResultOf(self.process.summary()).uptime, 0)
        self.process.start()
        client = self.client("/echo", "hä", "name ada")
        self.client("/echo", "group red")
        self.successResultOf(client.close(4001, "bye"))
        self.listener.clock.advance(5)
        summary = self.successResultOf(self.process.summary())
        self.assertEqual(summary.version, __version__.public())
        self.assertEqual(summary.pids, [os.getpid()])
        self.assertEqual(summary.uptime, 5)
        self.assertEqual(summary.state, "ready")
        self.assertEqual(summary.connections, 1)
        self.assertEqual(summary.stalls, 2)
        self.assertEqual((summary.hub.names, summary.hub.groups, summary.hub.degraded), (0, 1, False))
        echo, other = summary.paths
        self.assertEqual((echo.path, echo.service, other.path), ("/echo", "EchoUpgrade", "/other"))
        self.assertEqual((echo.connections, echo.opened, echo.closed), (1, 2, {"4xxx": 1}))
        self.assertEqual((echo.received, echo.sent, echo.receivedBytes), (3, 3, len("hä".encode()) + 8 + 9))
        self.assertEqual(echo.sentBytes, echo.receivedBytes)
        self.assertEqual((other.opened, other.closed, other.received), (0, {}, 0))

    def test_closing(self) -> None:
        """
        Who is asked to leave is no longer a connection, but what it carried stays in the sums.
        """
        self.client("/echo", "hello")
        self.listener.network.hold()
        (conversation,) = self.listener.conversations()
        conversation.dismiss()
        (echo,) = [each for each in self.successResultOf(self.process.summary()).paths if each.path == "/echo"]
        self.assertEqual((echo.connections, echo.received, echo.receivedBytes), (0, 1, 5))

    def test_state(self) -> None:
        """
        Ready, degraded while other nodes cannot be reached, draining whatever else is (RL18).
        """
        broker = Exchange().broker()
        hub = Hub(broker=broker)
        process = Process([], hub, self.tally, None, self.listener.clock, ready=self.readiness)
        self.assertEqual(self.successResultOf(process.state()), "ready")
        broker.isAvailable = False
        self.assertEqual(self.successResultOf(process.state()), "degraded")
        self.assertEqual(self.successResultOf(process.summary()).state, "degraded")
        self.readiness.drain()
        self.assertEqual(self.successResultOf(process.state()), "draining")
        self.assertEqual(self.successResultOf(process.summary()).hub.degraded, True)

    def test_ownReadiness(self) -> None:
        """
        Without another one the readiness is the process's.
        """
        self.patch(readiness(), "isReady", False)
        process = Process([], self.listener.hub, self.tally, None, self.listener.clock)
        self.assertEqual(self.successResultOf(process.state()), "draining")
        self.assertEqual(self.successResultOf(process.summary()).stalls, 0)

    def test_refused(self) -> None:
        """
        Listeners that share their limits count once who was turned away; others add up.
        """
        second = MemoryListener(admission=self.listener.admission)
        third = MemoryListener()
        self.listener.admission.refused["maxConnections"] = 3
        third.admission.refused["maxConnections"] = 4
        listeners = [self.listener, second, third]
        process = Process(listeners, self.listener.hub, self.tally, None, self.listener.clock)
        self.assertEqual(self.successResultOf(process.summary()).refused, {"maxConnections": 7})

    def test_connection(self) -> None:
        """
        One connection, with all that is known of it.
        """
        client = self.client("/echo", "name ada", "group red", "group blue")
        self.listener.clock.advance(7)
        (found,) = self.page()
        self.assertEqual(found.id, self.idOf(client))
        self.assertEqual((found.path, found.service, found.user), ("/echo", "Echo", None))
        self.assertEqual((found.address, found.age, found.queue, found.pending), ("192.0.2.2", 7, 0, 0))
        self.assertEqual((found.received, found.sent), (3, 3))
        self.assertEqual((found.receivedBytes, found.sentBytes), (27, 27))
        self.assertEqual((found.names, found.groups), (["ada"], ["blue", "red"]))
        self.assertEqual((found.subProtocol, found.secure, found.worker), (None, False, None))

    def test_worker(self) -> None:
        """
        One of several processes says which it is.
        """
        self.client()
        process = Process([self.listener], self.listener.hub, self.tally, None, self.listener.clock, 3)
        page = self.successResultOf(process.connections(Query()))
        self.assertEqual([each.worker for each in page.connections], [3])

    def test_filters(self) -> None:
        """
        By path, by group, and by whatever text is in what is known.
        """
        self.client("/echo", "name Ada", "group red")
        self.client("/other")
        self.assertEqual([each.path for each in self.page(path="/echo")], ["/echo"])
        self.assertEqual([each.path for each in self.page(group="red")], ["/echo"])
        self.assertEqual(self.page(group="re"), [])
        self.assertEqual(self.page(user="ada"), [])
        self.assertEqual([each.path for each in self.page(search="ADA")], ["/echo"])
        self.assertEqual([each.path for each in self.page(search="oth")], ["/other"])
        self.assertEqual(len(self.page(search="192.0.2.")), 2)
        identity = self.idOf(self.client("/other"))
        self.assertEqual([each.id for each in self.page(search=identity[3:20])], [identity])
        self.assertEqual(self.page(search="nobody"), [])

    def test_user(self) -> None:
        """
        Who was authenticated is found by name, exactly or in part.
        """
        self.client("/echo")
        (conversation,) = self.listener.conversations()

        class Ada:
            username = "Ada Lovelace"

        conversation.principal = Ada()
        self.client("/echo")
        self.assertEqual([each.user for each in self.page(user="Ada Lovelace")], ["Ada Lovelace"])
        self.assertEqual([each.user for each in self.page(search="lovelace")], ["Ada Lovelace"])
        self.assertEqual(self.page(user="ada lovelace"), [])

    def test_sorted(self) -> None:
        """
        The largest come first: the oldest, or who has said most.
        """
        self.client("/echo")
        self.listener.clock.advance(1)
        self.client("/other", "one", "two")
        self.assertEqual([each.path for each in self.page()], ["/echo", "/other"])
        for sort in ("received", "sent", "receivedBytes", "sentBytes"):
            self.assertEqual([each.path for each in self.page(sort=sort)], ["/other", "/echo"])
        self.assertEqual(len(self.page(sort="queue")), 2)
        self.assertEqual(len(self.page(sort="pending")), 2)

    def test_limited(self) -> None:
        """
        No more than asked for are told, and how many there are.
        """
        for _ in range(3):
            self.client()
        for limit, told in ((0, 0), (2, 2), (3, 3), (4, 3)):
            page = self.successResultOf(self.process.connections(Query(limit=limit)))
            self.assertEqual((page.total, len(page.connections)), (3, told))
        self.failureResultOf(self.process.connections(Query(limit=-1)), Error)
        self.failureResultOf(self.process.groups(Query(limit=10_001)), Error)

    def test_manyNames(self) -> None:
        """
        Of the names and groups of a connection the first 20 are told.
        """
        texts = [f"{kind} {number:02}" for number in range(21) for kind in ("name", "group")]
        self.client("/echo", *texts)
        (found,) = self.page()
        self.assertEqual(found.names, [f"{number:02}" for number in range(20)])
        self.assertEqual(found.groups, found.names)
        self.assertEqual(len(self.page(group="20")), 1)
        self.assertEqual(len(self.page(search="20")), 1)

    def test_groups(self) -> None:
        """
        The largest groups come first.
        """
        self.client("/echo", "group red", "group blue")
        self.client("/other", "group red")
        page = self.successResultOf(self.process.groups(Query()))
        self.assertEqual([(each.name, each.members) for each in page.groups], [("red", 2), ("blue", 1)])
        page = self.successResultOf(self.process.groups(Query(limit=1)))
        self.assertEqual((page.total, [each.name for each in page.groups]), (2, ["red"]))
        page = self.successResultOf(self.process.groups(Query(search="LU")))
        self.assertEqual((page.total, [each.name for each in page.groups]), (1, ["blue"]))


class _Wire:
    """
    Counts how often it is asked.
    """

    asked = 0

    def held(self) -> int:
        _Wire.asked += 1
        return 0


class _Conversation:
    """
    One of very many.
    """

    class terms:
        class audience:
            path = "/"

    principal = subProtocol = None
    isSecure = False
    isOpen = True
    address = "192.0.2.2"
    received = sent = receivedBytes = sentBytes = waiting = 0
    service = wire = _Wire()

    def __init__(self, number: int) -> None:
        self.since = float(number)
        self.caller = self

    def getConnectionId(self) -> str:
        return str(self.since)

    def deliver(self, message: Any) -> None:
        """
        Hear something.
        """
        self.received += 1


class _Crowd:
    """
    A listener with 10,000 connections.
    """

    mounts = ()
    admission = SimpleNamespace(refused={})

    def __init__(self) -> None:
        self.traffic: dict[str, Traffic] = {}
        self.everybody = [_Conversation(number) for number in range(10_000)]

    def conversations(self, closing: bool = False) -> list[_Conversation]:
        return self.everybody


class _Turns(Clock):
    """
    A reactor that does in one turn what was to be done before it, and no more.
    """

    def getThreadPool(self) -> _Pool:
        return _Pool()

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        self.callLater(0, function, *arguments)

    def turn(self) -> None:
        """
        The next one.
        """
        waiting = self.getDelayedCalls()
        self.calls = []
        for each in waiting:
            each.func(*each.args, **each.kw)


class _Pool:
    """
    A reactor's threads, which do at once what they are given.
    """

    def callInThreadWithCallback(self, told: Any, work: Any) -> None:
        told(True, work())


class CrowdTests(SynchronousTestCase):
    """
    A page of very many.
    """

    def test_work(self) -> None:
        """
        Of 10,000 connections all is found out of those alone that are told.
        """
        clock = Clock()
        crowd: Any = _Crowd()
        process = Process([crowd], Hub(), Tally(), None, clock)
        self.addCleanup(setattr, _Wire, "asked", 0)
        told = process.connections(Query(limit=50))
        clock.advance(0)
        page = self.successResultOf(told)
        self.assertEqual((page.total, len(page.connections)), (10_000, 50))
        self.assertEqual([each.id for each in page.connections[:2]], ["0.0", "1.0"])
        self.assertEqual(_Wire.asked, 50)

    def test_turns(self) -> None:
        """
        What is said to 10,000, and a page of them all, leaves others their turns; who has gone by then is
        not counted.
        """
        clock: Any = _Turns()
        crowd: Any = _Crowd()
        process = Process([crowd], Hub(), Tally(), None, clock)
        self.addCleanup(setattr, _Wire, "asked", 0)
        sent = process.send(Send(target=Target(path="/"), text="x"))
        self.assertEqual([each.received for each in crowd.everybody[A_TURN - 1 : A_TURN + 1]], [1, 0])
        crowd.everybody[-1].isOpen = False
        for _ in range(10_000 // A_TURN):
            self.assertNoResult(sent)
            clock.turn()
        self.assertEqual(self.successResultOf(sent), 9_999)
        page = process.connections(Query(limit=10_000))
        for _ in range(10_000 // A_TURN + 10_000 // LOOKS_A_TURN):
            self.assertNoResult(page)
            clock.turn()
        self.assertEqual(len(self.successResultOf(page).connections), 9_999)

    def test_counts(self) -> None:
        """
        What 10,000 have carried is added up in turns, for the summary and for metrics; who ends meanwhile
        counts once.
        """
        clock: Any = _Turns()
        crowd: Any = _Crowd()
        process = Process([crowd], Hub(), Tally(), None, clock)
        self.addCleanup(setattr, _Wire, "asked", 0)
        for each in crowd.everybody:
            each.received, each.sentBytes = 1, 3
        summary, metrics = process.summary(), process.metrics()
        self.assertEqual(_Wire.asked, 0)
        clock.turn()
        self.assertEqual(_Wire.asked, 2 * COUNTED_A_TURN)
        for each in (crowd.everybody[0], crowd.everybody[-1]):
            each.isOpen, each.received, each.sentBytes = False, 0, 0
        crowd.traffic["/"] = Traffic(received=7, sentBytes=9)
        for _ in range(10_000 // COUNTED_A_TURN - 1):
            self.assertNoResult(summary)
            clock.turn()
        told = self.successResultOf(summary)
        self.assertEqual(told.connections, 9_998)
        self.assertEqual([(each.received, each.sentBytes) for each in told.paths], [(10_005, 30_003)])
        self.assertNoResult(metrics)
        clock.turn()
        self.assertIn(b'balws_messages_received_total{path="/"} 10005.0\n', self.successResultOf(metrics))


class ManyGroupsTests(SynchronousTestCase):
    """
    Peers may make very many groups.
    """

    def test_turns(self) -> None:
        """
        To find the largest of them leaves others their turns, and finds the same.
        """
        clock: Any = _Turns()
        hub = Hub()
        process = Process([], hub, Tally(), None, clock)
        members: list[Any] = [object() for _ in range(3)]
        count = 2 * GROUPS_A_TURN + 1
        for number in range(count):
            for member in members[: 1 + (number % GROUPS_A_TURN == 7) + (number == GROUPS_A_TURN + 7)]:
                hub.node.groups.add(f"Group {number}", member, None)
        found = process.groups(Query(limit=3))
        for _ in range(3):
            self.assertNoResult(found)
            clock.turn()
        page = self.successResultOf(found)
        self.assertEqual((page.total, len(page.groups)), (count, 3))
        self.assertEqual(
            [(each.name, each.members) for each in page.groups[:2]],
            [(f"Group {GROUPS_A_TURN + 7}", 3), ("Group 7", 2)],
        )
        found = process.groups(Query(search="group 4000"))
        for _ in range(3):
            clock.turn()
        self.assertEqual(self.successResultOf(found).total, 1)


class SendTests(ObservedTestCase):
    """
    An operator says something.
    """

    def send(self, target: Target, **message: Any) -> int:
        with self.listener.network.turn():
            sent = self.process.send(Send(target=target, **message))
        return int(self.successResultOf(sent))

    def refused(self, kind: type[Exception], target: Target) -> str:
        return self.failureResultOf(self.process.send(Send(target=target, text="x")), kind).getErrorMessage()

    def test_connection(self) -> None:
        """
        To one connection alone, as text or as bytes.
        """
        first = self.client()
        identity = self.idOf(first)
        self.client()
        self.assertEqual(self.send(Target(connection=identity), text="hä"), 1)
        self.assertEqual(self.read(first), "hä")
        self.assertEqual(self.send(Target(connection=identity), data=b"\0"), 1)
        self.assertEqual(self.read(first), b"\0")
        self.assertEqual([each.sent for each in self.listener.conversations()].count(0), 1)

    def test_path(self) -> None:
        """
        To everybody at a path, also where nobody is.
        """
        first, second = self.client(), self.client()
        self.assertEqual(self.send(Target(path="/echo"), text="all"), 2)
        self.assertEqual([self.read(first), self.read(second)], ["all", "all"])
        self.assertEqual(self.send(Target(path="/other"), text="all"), 0)

    def test_user(self) -> None:
        """
        To every connection of a user; of one who is not here there is none.
        """
        client = self.client()
        (conversation,) = self.listener.conversations()

        class Ada:
            username = "ada"

        conversation.principal = Ada()
        self.client()
        self.assertEqual(self.send(Target(user="ada"), text="x"), 1)
        self.assertEqual(self.read(client), "x")
        self.assertEqual(self.send(Target(user="alan"), text="x"), 0)

    def test_name(self) -> None:
        """
        To the connection that is stored under a name.
        """
        client = self.client("/echo", "name ada")
        self.assertEqual(self.send(Target(name="ada"), text="x"), 1)
        self.assertEqual(self.send(Target(name="ada"), data=b"y"), 1)
        self.assertEqual([self.read(client), self.read(client)], ["x", b"y"])

    def test_group(self) -> None:
        """
        To the members of a group.
        """
        first, second = self.client("/echo", "group red"), self.client("/other", "group red")
        self.client()
        self.assertEqual(self.send(Target(group="red"), text="x"), 2)
        self.assertEqual(self.send(Target(group="red"), data=b"y"), 2)
        self.assertEqual([self.read(first), self.read(second)], ["x", "x"])

    def test_elsewhere(self) -> None:
        """
        Who is on another node gets it: that counts as one.
        """
        exchange = Exchange()
        near, far = Hub(broker=exchange.broker()), Hub(broker=exchange.broker())
        near.start()
        far.start()
        listener = MemoryListener(hub=far)
        listener.attach(EchoUpgrade(), "/echo")
        client = self.successResultOf(listener.connect("/echo"))
        for text in ("name ada", "group red"):
            client.writeTextMessage(text)
            self.read(client)
        process = Process([], near, self.tally, None, listener.clock)
        for target in (Target(name="ada"), Target(group="red")):
            with listener.network.turn():
                sent = process.send(Send(target=target, text="x"))
            self.assertEqual(self.successResultOf(sent), 1)
            self.assertEqual(self.read(client), "x")

    def test_nobody(self) -> None:
        """
        Who is not there is named in plain words.
        """
        self.assertEqual(self.refused(NoSuchTarget, Target(connection="x")), "no connection has the id 'x'")
        self.assertEqual(self.refused(NoSuchTarget, Target(path="/x")), "no service is mounted at '/x'")
        self.assertEqual(self.refused(NoSuchConnection, Target(name="x")), "no connection is stored as 'x'")
        self.assertEqual(self.refused(NoSuchGroup, Target(group="x")), "nobody is in the group 'x'")
        self.refused(HubLimitError, Target(name=""))
        self.refused(Error, Target())


class KickTests(ObservedTestCase):
    """
    An operator closes connections.
    """

    def kick(self, target: Target, **more: Any) -> int:
        with self.listener.network.turn():
            kicked = self.process.kick(Kick(target=target, **more))
        return int(self.successResultOf(kicked))

    def closed(self, client: Any, code: int) -> str:
        """
        @return: the reason that the client was told.
        """
        failure = self.failureResultOf(client.readMessage(), ConnectionClosureError)
        self.assertEqual(failure.value.statusCode, code)
        return str(failure.value.reason)

    def test_connection(self) -> None:
        """
        One connection, with code and reason.
        """
        client = self.client()
        count = self.kick(Target(connection=self.idOf(client)), code=4000, reason="enough")
        self.assertEqual((count, self.closed(client, 4000)), (1, "enough"))
        self.assertEqual(self.tally.closed["/echo", 4000], 1)

    def test_path(self) -> None:
        """
        Everybody at a path; others stay.
        """
        first, second = self.client(), self.client()
        other = self.client("/other")
        self.assertEqual(self.kick(Target(path="/echo")), 2)
        self.assertEqual([self.closed(each, 1008) for each in (first, second)], ["closed by the operator"] * 2)
        self.assertTrue(other.isOpen())

    def test_nameAndGroup(self) -> None:
        """
        By name and group they are closed as the hub does it: with 1000.
        """
        first = self.client("/echo", "name ada")
        self.assertEqual(self.kick(Target(name="ada")), 1)
        self.closed(first, 1000)
        second = self.client("/echo", "group red")
        third = self.client("/echo", "group red")
        self.assertEqual(self.kick(Target(group="red")), 2)
        self.closed(second, 1000)
        self.closed(third, 1000)

    def test_manyOfGroup(self) -> None:
        """
        Very many of a group are closed in turns: the answer waits for none but the first, and is how many they are.
        """
        clock: Any = _Turns()
        self.patch(dismissals, "A_TURN", 2)
        self.listener.hub.node.dismissals.clock = clock
        clients = [self.client("/echo", "group red") for _ in range(3)]
        kicked = self.process.kick(Kick(target=Target(group="red")))
        self.listener.clock.advance(0)
        self.assertEqual([each.isOpen() for each in clients].count(False), 2)
        self.assertEqual(self.successResultOf(kicked), 3)
        clock.turn()
        self.listener.clock.advance(0)
        self.assertFalse(any(each.isOpen() for each in clients))

    def test_deafPeer(self) -> None:
        """
        Nobody waits for a peer that does not answer, and it leaves no error behind.
        """
        client = self.client()
        identity = self.idOf(client)
        self.listener.network.hold()
        self.assertEqual(self.successResultOf(self.process.kick(Kick(target=Target(connection=identity)))), 1)
        self.listener.clock.advance(120)
        self.assertEqual(self.listener.conversations(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_refused(self) -> None:
        """
        Nobody is closed by an order that cannot be.
        """
        client = self.client()
        self.failureResultOf(self.process.kick(Kick(target=Target(path="/echo"), code=1006)), Error)
        self.failureResultOf(self.process.kick(Kick(target=Target(connection="x"))), NoSuchTarget)
        self.failureResultOf(self.process.kick(Kick(target=Target(name="x"))), NoSuchConnection)
        self.failureResultOf(self.process.kick(Kick(target=Target(group="x"))), NoSuchGroup)
        self.assertTrue(client.isOpen())
