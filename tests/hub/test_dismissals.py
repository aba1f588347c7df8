"""
Tests of L{balws.hub.dismissals}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.config.hub import HubConfiguration
from balws.errors import NoSuchGroup
from balws.hub.dismissals import A_TURN, Dismissals
from balws.hub.exchange import Exchange
from balws.hub.hub import Hub, makeHub
from tests.hub.members import Member


def closed(members: list[Member]) -> int:
    """
    @return: how many were closed, each once.
    """
    assert max(each.dismissed for each in members) <= 1
    return sum(each.dismissed for each in members)


class Turns(Clock):
    """
    A reactor that does what was to be done before its turn, and no more.
    """

    def turn(self) -> None:
        """
        The next one.
        """
        waiting, self.calls = self.getDelayedCalls(), []
        for each in waiting:
            each.called = 1
            each.func(*each.args, **each.kw)


class DismissalsTests(SynchronousTestCase):
    """
    Connections are closed in turns.
    """

    def setUp(self) -> None:
        self.clock = Turns()
        self.dismissals = Dismissals()
        self.dismissals.clock = self.clock

    def test_few(self) -> None:
        """
        So many as fit into a turn are closed at once.
        """
        for count in (1, A_TURN - 1, A_TURN):
            members = [Member() for _ in range(count)]
            self.dismissals.add(members)
            self.assertEqual((closed(members), self.clock.getDelayedCalls()), (count, []))

    def test_many(self) -> None:
        """
        Others have their turns in between.
        """
        members = [Member() for _ in range(2 * A_TURN + 1)]
        self.dismissals.add(members)
        for count in (A_TURN, 2 * A_TURN):
            self.assertEqual(closed(members), count)
            self.clock.turn()
        self.assertEqual((closed(members), self.clock.getDelayedCalls()), (2 * A_TURN + 1, []))

    def test_more(self) -> None:
        """
        Who is added meanwhile comes after them, and one alone at once.
        """
        first, second = [Member() for _ in range(A_TURN + 1)], [Member() for _ in range(A_TURN)]
        self.dismissals.add(first)
        self.dismissals.add(second)
        alone = Member()
        self.dismissals.close(alone)
        self.assertEqual((closed(first), closed(second), alone.dismissed), (A_TURN, 0, 1))
        self.clock.turn()
        self.assertEqual((closed(first), closed(second)), (A_TURN + 1, A_TURN - 1))
        self.clock.turn()
        self.assertEqual((closed(second), self.clock.getDelayedCalls()), (A_TURN, []))

    def test_withoutClock(self) -> None:
        """
        Where nobody gives turns all are closed at once.
        """
        members = [Member() for _ in range(3 * A_TURN)]
        dismissals = Dismissals()
        dismissals.add(members)
        self.assertEqual(closed(members), 3 * A_TURN)

    def test_reentrant(self) -> None:
        """
        Where the end of one has others closed, nobody is left out, and nobody closed within the other.
        """
        depths: list[int] = []
        others = [Member() for _ in range(A_TURN)]

        class Last(Member):
            def dismiss(inner) -> None:
                self.dismissals.add(others)
                depths.append(closed(others))

        self.dismissals.add([Last()])
        self.assertEqual(depths, [0])
        self.clock.turn()
        self.assertEqual(closed(others), A_TURN)

    def test_reentrantWithoutClock(self) -> None:
        """
        Where there is no clock, too, whoever is added meanwhile is closed.
        """
        others = [Member() for _ in range(3)]
        dismissals = Dismissals()

        class First(Member):
            def dismiss(self) -> None:
                super().dismiss()
                dismissals.add(others)

        dismissals.add([First()])
        self.assertEqual(closed(others), 3)

    def test_failing(self) -> None:
        """
        One that fails is in the log, and keeps nobody else open.
        """

        class Broken(Member):
            def dismiss(self) -> None:
                raise ZeroDivisionError

        member = Member()
        self.dismissals.add([Broken(), member])
        self.assertEqual((len(self.flushLoggedErrors(ZeroDivisionError)), member.dismissed), (1, 1))

    def test_stop(self) -> None:
        """
        At the end nobody else is closed, and nothing remains to be done.
        """
        members = [Member() for _ in range(2 * A_TURN)]
        self.dismissals.add(members)
        self.dismissals.stop()
        self.dismissals.stop()
        self.assertEqual((closed(members), self.clock.getDelayedCalls()), (A_TURN, []))
        self.dismissals.add([late := Member()])
        self.assertEqual(late.dismissed, 1)

    def test_stopWithin(self) -> None:
        """
        So it is where the end of one has the node stop.
        """
        others = [Member() for _ in range(3)]

        class First(Member):
            def dismiss(inner) -> None:
                self.dismissals.stop()

        self.dismissals.add([First(), *others])
        self.assertEqual((closed(others), self.clock.getDelayedCalls()), (0, []))


class GroupTests(SynchronousTestCase):
    """
    A group with very many members is closed.
    """

    def setUp(self) -> None:
        """
        Two nodes, and a group with members on both, plain or durable.
        """
        self.clock = Turns()
        exchange = Exchange(frozenset({"kept"}), size=10)
        self.hubs = [Hub(broker=exchange.broker()) for _ in range(2)]
        self.members = [[Member(name=f"{node} {each}") for each in range(A_TURN + 50)] for node in range(2)]
        for hub, members in zip(self.hubs, self.members, strict=True):
            hub.node.dismissals.clock = self.clock
            hub.start()
            for each in members:
                for group in ("plain", "kept"):
                    self.successResultOf(hub.addConnectionToGroup(each, group, each.presence))

    def test_turns(self) -> None:
        """
        Those who are in it when that is said are closed, on each node in turns; who comes into a group of this
        name meanwhile stays, and who has closed it does not wait for the last.
        """
        for group in ("plain", "kept"):
            for each in (each for members in self.members for each in members):
                each.dismissed = 0
            here = self.hubs[0]
            self.successResultOf(here.closeConnectionGroup(group))
            self.assertEqual([closed(members) for members in self.members], [A_TURN, A_TURN])
            self.failureResultOf(here.pushTextToGroup(group, "x"), NoSuchGroup)
            late = Member(name="late")
            self.successResultOf(here.addConnectionToGroup(late, group, late.presence))
            self.successResultOf(here.removeConnectionFromGroup(self.members[0][0], group))
            self.clock.turn()
            self.assertEqual([closed(members) for members in self.members], [A_TURN + 50, A_TURN + 50])
            self.assertEqual((late.dismissed, self.successResultOf(here.presenceOf(group))), (0, (late.presence,)))
            self.successResultOf(here.removeConnectionGroup(group))

    def test_stopped(self) -> None:
        """
        When a hub stops it closes nobody else: its listener does.
        """
        self.successResultOf(self.hubs[0].closeConnectionGroup("plain"))
        self.successResultOf(self.hubs[0].stop())
        self.clock.turn()
        self.assertEqual([closed(members) for members in self.members], [A_TURN, A_TURN + 50])

    def test_made(self) -> None:
        """
        The hub of a configuration gives turns by its reactor, with other nodes or without.
        """
        for configuration in (HubConfiguration(), HubConfiguration(url="redis://127.0.0.1:1")):
            reactor: Any = Clock()
            self.assertIs(makeHub(configuration, reactor).node.dismissals.clock, reactor)
