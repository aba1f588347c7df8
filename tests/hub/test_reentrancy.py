"""
Connections and watchers that act while they are told something; and those that do not read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import NoSuchGroup
from balws.hub.broker import PresenceEvent
from balws.hub.follower import MAX_BYTES
from tests.hub.members import Member
from tests.hub.test_nodes import CHAT, NodesTestCase


class WatcherTests(NodesTestCase, SynchronousTestCase):
    """
    Watchers.
    """

    def test_order(self) -> None:
        """
        Where a watcher takes somebody out of the group at once, everybody hears first of the coming
        and then of the going, on every node.
        """
        told: list[list[bool]] = [[], [], []]

        def act(event: PresenceEvent) -> None:
            told[0].append(event.isJoin)
            if event.isJoin:
                self.successResultOf(self.here.removeConnectionFromGroup(self.mine, "g"))

        self.successResultOf(self.here.watchGroup("g", act))
        self.successResultOf(self.here.watchGroup("g", lambda event: told[1].append(event.isJoin)))
        self.successResultOf(self.there.watchGroup("g", lambda event: told[2].append(event.isJoin)))
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.assertEqual(told, [[True, False]] * 3)
        self.assertEqual(self.successResultOf(self.there.presenceOf("g")), ())

    def test_push(self) -> None:
        """
        A watcher may push to the group, end itself and begin anew.
        """
        ends: list[Any] = []
        told: list[PresenceEvent] = []

        def act(event: PresenceEvent) -> None:
            told.append(event)
            self.successResultOf(self.here.pushTextToGroup("g", event.presence.connectionId))
            ends.pop()()
            ends.append(self.successResultOf(self.here.watchGroup("g", act)))

        ends.append(self.successResultOf(self.here.watchGroup("g", act)))
        self.successResultOf(self.there.addConnectionToGroup(self.other, "g", self.other.presence))
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.assertEqual((len(told), self.other.texts, self.mine.texts), (2, ["other", "mine"], ["mine"]))
        ends.pop()()
        self.assertEqual((self.here.node.watchers, self.brokers[0].watched), ({}, set()))

    def test_endTwice(self) -> None:
        """
        Ending a watch twice does not end another with the same function.
        """
        told: list[PresenceEvent] = []
        first = self.successResultOf(self.here.watchGroup("g", told.append))
        second = self.successResultOf(self.here.watchGroup("g", told.append))
        first()
        first()
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.assertEqual(len(told), 1)
        second()
        self.assertEqual(self.here.node.watchers, {})


class MemberTests(NodesTestCase, SynchronousTestCase):
    """
    Connections.
    """

    def endsAll(self, act: Callable[[list[Member]], object]) -> None:
        """
        Ten are in a group, and the first that gets something acts.
        """
        pending = [act]

        def then() -> None:
            while pending:
                pending.pop()(members)

        members = [Member(then) for _ in range(10)]
        for each in members:
            self.successResultOf(self.here.addConnectionToGroup(each, "g", each.presence))
        self.here.pushTextToGroup("g", "x").addErrback(lambda failure: failure.trap(NoSuchGroup))
        self.assertEqual(pending, [])
        self.assertLessEqual(max(len(each.got) for each in members), 1)
        groups = self.here.node.groups
        self.assertEqual((len(groups), groups._of, self.exchange.groups, self.exchange.present), (0, {}, {}, {}))

    def test_endsOthers(self) -> None:
        """
        Where the first that gets a message ends all the others, nobody gets it twice, and nothing is
        left.
        """
        self.endsAll(lambda members: [self.here.leave(CHAT, each) for each in members])

    def test_removesGroup(self) -> None:
        """
        So it is where it removes the group.
        """
        self.endsAll(lambda _: self.successResultOf(self.here.closeConnectionGroup("g")))

    def test_leftMeanwhile(self) -> None:
        """
        Who leaves before its node has entered the group, and comes back without a presence, is in it
        without one.
        """
        entering: Deferred[None] = Deferred()
        enter = self.brokers[0].enter
        self.patch(self.brokers[0], "enter", lambda group: entering)
        joined = [self.here.addConnectionToGroup(self.mine, "g", self.mine.presence)]
        self.successResultOf(self.here.removeConnectionFromGroup(self.mine, "g"))
        joined.append(self.here.addConnectionToGroup(self.mine, "g"))
        self.patch(self.brokers[0], "enter", enter)
        entering.callback(None)
        for each in joined:
            self.successResultOf(each)
        self.assertEqual(self.successResultOf(self.there.presenceOf("g")), ())
        self.assertEqual(self.here.node.holdings().presences, {})

    def test_large(self) -> None:
        """
        What waits for a connection that does not read is no more than a megabyte: the rest is
        read from history when it goes on, and comes once and in order.
        """
        start = self.successResultOf(self.there.addConnectionToGroup(self.other, "kept", since=""))
        self.successResultOf(self.there.pushTextToGroup("kept", "before"))
        slow = Member()
        slow.writing = first = Deferred()
        joined = self.here.addConnectionToGroup(slow, "kept", since=start)
        texts = [str(number) * (MAX_BYTES // 4) for number in range(9)]
        follower = next(iter(self.here.node.groups)).followers[slow]
        for text in texts:
            self.successResultOf(self.there.pushTextToGroup("kept", text))
            waiting = follower._waiting or ()
            self.assertLessEqual(sum(len(entry.message.payload) for entry in waiting), MAX_BYTES)
        slow.writing = None
        first.callback(None)
        self.successResultOf(joined)
        self.successResultOf(self.there.pushTextToGroup("kept", "after"))
        self.assertEqual([json.loads(text)["text"] for text in slow.texts], ["before", *texts, "after"])
