"""
Several hubs that act as one.
"""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HistoryLostError, HubError, HubLimitError, HubUnavailableError, NoSuchConnection, NoSuchGroup
from balws.hub.broker import Audience, Presence, PresenceEvent, Verb
from balws.hub.exchange import Exchange, ExchangeBroker
from balws.hub.follower import MAX_WAITING
from balws.hub.hub import Hub
from tests.hub.members import Member

CHAT = Audience(1, "/chat")


class NodesTestCase(SynchronousTestCase):
    """
    Two nodes.
    """

    durable: frozenset[str] = frozenset({"kept"})

    def setUp(self) -> None:
        """
        Two hubs, and a connection on each.
        """
        self.exchange = Exchange(self.durable, size=1000)
        self.brokers: list[ExchangeBroker] = []
        self.hubs: list[Hub] = []
        for _ in range(2):
            self.brokers.append(self.exchange.broker())
            self.hubs.append(Hub(broker=self.brokers[-1]))
            self.hubs[-1].serve(CHAT)
            self.hubs[-1].start()
        self.here, self.there = self.hubs
        self.mine, self.other = Member(name="mine"), Member(name="other")
        self.here.join(CHAT, self.mine)
        self.there.join(CHAT, self.other)


class NameTests(NodesTestCase):
    """
    Stored connections.
    """

    def test_push(self) -> None:
        """
        A text reaches the connection that has the name, wherever it is (BR01).
        """
        self.successResultOf(self.there.storeConnection(self.other, "bob"))
        for hub in self.hubs:
            self.successResultOf(hub.pushTextToConnection("bob", "hi"))
            self.successResultOf(hub.pushBinaryToConnection("bob", b"\x00"))
            self.successResultOf(hub.pushMessageToConnection("bob", {"a": 1}))
        self.assertEqual(self.other.got, [(b"hi", False), (b"\x00", True), (b'{"a":1}', False)] * 2)
        self.assertEqual(self.mine.got, [])

    def test_replaced(self) -> None:
        """
        A name that another node stores again means its connection from then on, everywhere; the end of
        the former owner does not change that (ST01).
        """
        self.successResultOf(self.here.storeConnection(self.mine, "a"))
        self.successResultOf(self.there.storeConnection(self.other, "a"))
        self.here.leave(CHAT, self.mine)
        for hub in self.hubs:
            self.successResultOf(hub.pushTextToConnection("a", "hi"))
        self.assertEqual((self.mine.texts, self.other.texts), ([], ["hi", "hi"]))
        self.assertNotIn("a", self.here.node.store)

    def test_unknown(self) -> None:
        """
        An unknown name is an error, and makes no entry (ST05).
        """
        for deferred in (
            self.here.pushTextToConnection("nobody", "hi"),
            self.here.removeStoredConnection("nobody"),
            self.here.closeStoredConnection("nobody"),
        ):
            self.failureResultOf(deferred, NoSuchConnection)
        self.assertEqual((len(self.here.node.store), self.exchange.owners), (0, {}))

    def test_removeAndClose(self) -> None:
        """
        Another node's connection can lose its name, and be closed.
        """
        for action, closed in ((self.here.removeStoredConnection, 0), (self.here.closeStoredConnection, 1)):
            self.successResultOf(self.there.storeConnection(self.other, "bob"))
            self.successResultOf(action("bob"))
            self.assertEqual((self.other.dismissed, len(self.there.node.store)), (closed, 0))
            self.failureResultOf(self.there.pushTextToConnection("bob", "x"), NoSuchConnection)

    def test_gone(self) -> None:
        """
        A connection that ended has no name any more, on any node (ST03).
        """
        self.successResultOf(self.there.storeConnection(self.other, "bob"))
        self.there.leave(CHAT, self.other)
        self.failureResultOf(self.here.pushTextToConnection("bob", "x"), NoSuchConnection)
        self.assertEqual(self.exchange.owners, {})

    def test_unsendable(self) -> None:
        """
        What cannot be sent is an error of its own, before anybody is asked.
        """
        self.failureResultOf(self.here.pushTextToConnection("bob", b"x"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.here.pushBinaryToConnection("bob", "x"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.here.pushTextToConnection("bob", "\ud800"), ValueError)
        self.failureResultOf(self.here.pushMessageToConnection("bob", object()), TypeError)
        self.failureResultOf(self.here.pushTextToConnection("", "x"))

    def test_away(self) -> None:
        """
        A node that is cut off goes on with its own connections, and says so of others (BR02).
        """
        self.successResultOf(self.here.storeConnection(self.mine, "mine"))
        self.successResultOf(self.there.storeConnection(self.other, "other"))
        self.brokers[0].cut()
        self.assertTrue(self.here.isDegraded and self.here.problem)
        self.successResultOf(self.here.pushTextToConnection("mine", "hi"))
        self.failureResultOf(self.here.pushTextToConnection("other", "hi"), HubUnavailableError)
        self.assertEqual(self.here.undelivered, 1)
        self.successResultOf(self.here.storeConnection(self.mine, "late"))
        self.failureResultOf(self.there.pushTextToConnection("late", "hi"), NoSuchConnection)
        self.brokers[0].mend()
        self.assertFalse(self.here.isDegraded)
        for name in ("mine", "late"):
            self.successResultOf(self.there.pushTextToConnection(name, "back"))
        self.assertEqual(self.mine.texts, ["hi", "back", "back"])

    def test_takenWhileAway(self) -> None:
        """
        A name that another node took meanwhile stays its.
        """
        self.successResultOf(self.here.storeConnection(self.mine, "a"))
        self.brokers[0].cut()
        self.successResultOf(self.there.storeConnection(self.other, "a"))
        self.brokers[0].mend()
        self.successResultOf(self.here.pushTextToConnection("a", "hi"))
        self.assertEqual((self.mine.texts, self.other.texts), ([], ["hi"]))

    def test_removedLate(self) -> None:
        """
        Word that a name was taken away, which comes when its connection was replaced already, leaves the new one
        where everybody finds it.
        """
        self.successResultOf(self.here.storeConnection(self.other, "a"))
        stored = self.here.node.store.get("a")
        assert stored is not None
        before = stored.fence
        self.successResultOf(self.there.removeStoredConnection("a"))
        self.successResultOf(self.here.storeConnection(self.other, "a"))
        self.successResultOf(self.here.storeConnection(self.mine, "a"))
        late = self.here.node.store.get("a")
        assert late is not None
        late.oldest = before  # as where the word has not come before
        self.here.node.connectionReceived("a", before, Verb.REMOVE, None)
        self.successResultOf(self.there.pushTextToConnection("a", "hi"))
        self.assertEqual(self.mine.got, [(b"hi", False)])

    def test_endedWhileClaiming(self) -> None:
        """
        A connection that ends before its claim is answered leaves no name behind.
        """
        answer: Deferred[int] = Deferred()
        self.patch(self.brokers[0], "claim", lambda name: answer)
        stored = self.here.storeConnection(self.mine, "a")
        self.here.leave(CHAT, self.mine)
        fence = self.exchange.broker()._claim("a")
        self.exchange.owners["a"] = self.brokers[0], fence
        answer.callback(fence)
        self.successResultOf(stored)
        self.assertEqual(self.exchange.owners, {})

    def test_overtakenClaim(self) -> None:
        """
        News of a later claim may come before the answer to ours: ours is void then.
        """
        answer: Deferred[int] = Deferred()
        self.patch(self.brokers[0], "claim", lambda name: answer)
        self.here.storeConnection(self.mine, "a")
        self.here.node.replaced("a", 7)
        self.assertIn("a", self.here.node.store)
        answer.callback(6)
        self.assertNotIn("a", self.here.node.store)


class GroupTests(NodesTestCase):
    """
    Groups.
    """

    def test_push(self) -> None:
        """
        A text reaches every member on every node once, its sender's node included, in order (BR01, ST07).
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g"))
        self.successResultOf(self.there.addConnectionToGroup(self.other, "g"))
        for number in range(1000):
            self.successResultOf(self.here.pushTextToGroup("g", str(number)))
        expected = [str(number) for number in range(1000)]
        self.assertEqual((self.mine.texts, self.other.texts), (expected, expected))

    def test_elsewhere(self) -> None:
        """
        A node without members pushes to those of others; nobody but members gets it.
        """
        self.successResultOf(self.there.addConnectionToGroup(self.other, "g"))
        self.assertIsNone(self.successResultOf(self.here.pushBinaryToGroup("g", b"x")))
        self.successResultOf(self.here.pushMessageToGroup("g", [1]))
        self.assertEqual((self.mine.got, self.other.got), ([], [(b"x", True), (b"[1]", False)]))

    def test_unknown(self) -> None:
        """
        A group that nobody is in is an error, and makes no entry (ST05).
        """
        for deferred in (
            self.here.pushTextToGroup("nobody", "x"),
            self.here.removeConnectionGroup("nobody"),
            self.here.closeConnectionGroup("nobody"),
        ):
            self.failureResultOf(deferred, NoSuchGroup)
        self.assertEqual((len(self.here.node.groups), self.exchange.groups), (0, {}))
        self.successResultOf(self.here.removeConnectionFromGroup(self.mine, "nobody"))

    def test_removeAndClose(self) -> None:
        """
        A group is removed on all nodes; its connections stay in their other groups, and
        are closed only by the function that says so (A1.15, A1.16).
        """
        for name in ("g", "kept"):
            for close, closed in ((False, 0), (True, 1)):
                for hub, member in ((self.here, self.mine), (self.there, self.other)):
                    member.dismissed = 0
                    for group in (name, "stays"):
                        self.successResultOf(hub.addConnectionToGroup(member, group))
                action = self.here.closeConnectionGroup if close else self.here.removeConnectionGroup
                self.successResultOf(action(name))
                self.assertEqual((self.mine.dismissed, self.other.dismissed), (closed, closed))
                for hub in self.hubs:
                    self.failureResultOf(hub.pushTextToGroup(name, "x"), NoSuchGroup)
                    self.assertIn("stays", hub.node.groups)
        self.assertEqual(self.mine.got, [])

    def test_anew(self) -> None:
        """
        Adding to a group that was removed makes it anew (ruling 9).
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g"))
        self.successResultOf(self.there.removeConnectionGroup("g"))
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g"))
        self.successResultOf(self.there.pushTextToGroup("g", "hi"))
        self.assertEqual(self.mine.texts, ["hi"])

    def test_gone(self) -> None:
        """
        A connection that ended is in no group any more, and an empty group is none (ST03).
        """
        for group in ("g", "h"):
            self.successResultOf(self.there.addConnectionToGroup(self.other, group))
        self.there.leave(CHAT, self.other)
        self.failureResultOf(self.here.pushTextToGroup("g", "x"), NoSuchGroup)
        self.assertEqual((self.exchange.groups, len(self.there.node.groups)), ({}, 0))

    def test_away(self) -> None:
        """
        A node that is cut off delivers to its own members, and says that others were not
        reached; when it is back all are (BR02).
        """
        for hub, member in ((self.here, self.mine), (self.there, self.other)):
            self.successResultOf(hub.addConnectionToGroup(member, "g"))
        self.brokers[0].cut()
        self.failureResultOf(self.here.pushTextToGroup("g", "one"), HubUnavailableError)
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "late"))
        self.brokers[0].mend()
        self.successResultOf(self.here.pushTextToGroup("g", "two"))
        self.successResultOf(self.there.pushTextToGroup("late", "three"))
        self.assertEqual((self.mine.texts, self.other.texts), (["one", "two", "three"], ["two"]))


    def test_names(self) -> None:
        """
        What is no name of a group is an error, whatever is asked of it.
        """
        for function in (
            self.here.removeConnectionGroup,
            self.here.closeConnectionGroup,
            self.here.presenceOf,
            lambda name: self.here.pushTextToGroup(name, "x"),
            lambda name: self.here.watchGroup(name, print),
            lambda name: self.here.removeConnectionFromGroup(self.mine, name),
        ):
            self.failureResultOf(function(""), HubLimitError)
        self.failureResultOf(self.here.pushBinaryToGroup("g", "x"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.here.watchGroup("g", 5), TypeError)  # type: ignore[arg-type]
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "kept"))
        wrong = self.here.addConnectionToGroup(self.mine, "kept", since=5)  # type: ignore[arg-type]
        self.failureResultOf(wrong, TypeError)
        self.assertIn("kept", self.here.node.groups)

    def test_failingMember(self) -> None:
        """
        One that fails is in the log, and keeps nothing from the others.
        """

        class Broken(Member):
            def deliver(self, message: object) -> None:
                raise ZeroDivisionError

            dismiss = deliver  # type: ignore[assignment]

        broken = (Broken(), Broken())
        for member in (*broken, self.mine):
            self.successResultOf(self.here.addConnectionToGroup(member, "g"))
            self.successResultOf(self.here.addConnectionToGroup(member, "kept", since=""))
        for group in ("g", "kept"):
            self.successResultOf(self.there.pushTextToGroup(group, "hi"))
        self.assertEqual((len(self.flushLoggedErrors(ZeroDivisionError)), len(self.mine.got)), (4, 2))


class BroadcastTests(NodesTestCase):
    """
    Everybody connected to a service.
    """

    def test_all(self) -> None:
        """
        A broadcast reaches the service's connections on every node once, and no other's (BR01, ST08).
        """
        stranger = Member()
        self.there.join(Audience(1, "/other"), stranger)
        self.successResultOf(self.here.broadcastText("/chat", "hi"))
        self.assertEqual((self.mine.texts, self.other.texts, stranger.texts), (["hi"], ["hi"], []))

    def test_nobodyHere(self) -> None:
        """
        A node broadcasts to a service that nobody is connected to there.
        """
        self.here.leave(CHAT, self.mine)
        self.successResultOf(self.here.broadcastText("/chat", "hi"))
        self.assertEqual((self.mine.texts, self.other.texts), ([], ["hi"]))

    def test_away(self) -> None:
        """
        What others do not get is counted, and those of this node get it (BR02).
        """
        self.brokers[0].cut()
        self.successResultOf(self.here.broadcastText("/chat", "hi"))
        self.assertEqual((self.mine.texts, self.other.texts, self.here.undelivered), (["hi"], [], 1))

    def test_unserved(self) -> None:
        """
        A service that is not mounted any more keeps to its own node.
        """
        self.here.unserve(CHAT)
        self.successResultOf(self.here.broadcastText("/chat", "hi"))
        self.successResultOf(self.there.broadcastText("/chat", "ho"))
        self.assertEqual((self.mine.texts, self.other.texts), (["hi"], ["ho"]))

    def test_numbers(self) -> None:
        """
        Listeners have the same numbers on every node, and embedded services others.
        """
        for hub in self.hubs:
            self.assertEqual([hub.number(), hub.number(), hub.number(embedded=True)], [1, 2, -1])


class DurableTests(NodesTestCase):
    """
    Groups with a history.
    """

    def texts(self, member: Member) -> list[str]:
        """
        @return: the texts that came in envelopes.
        """
        return [json.loads(text)["text"] for text in member.texts]

    def test_position(self) -> None:
        """
        Each push has a position, and comes in one order everywhere, on its own node, too.
        """
        for hub, member in ((self.here, self.mine), (self.there, self.other)):
            self.successResultOf(hub.addConnectionToGroup(member, "kept"))
        first = self.successResultOf(self.here.pushTextToGroup("kept", "one"))
        second = self.successResultOf(self.there.pushTextToGroup("kept", "two"))
        self.assertEqual([each.rpartition(".")[2] for each in (first, second)], ["1", "2"])
        self.assertEqual((self.mine.texts, self.other.texts), (["one", "two"], ["one", "two"]))

    def test_since(self) -> None:
        """
        Who comes back with its last position gets what it missed, then what comes, with positions.
        """
        position = self.successResultOf(self.here.addConnectionToGroup(self.mine, "kept", since=""))
        self.successResultOf(self.there.pushTextToGroup("kept", "one"))
        known = json.loads(self.mine.texts[-1])
        self.assertEqual((known["group"], known["text"]), ("kept", "one"))
        self.assertEqual(int(known["position"].rpartition(".")[2]), int(position.rpartition(".")[2]) + 1)
        self.here.leave(CHAT, self.mine)
        for number in range(700):
            self.successResultOf(self.there.pushTextToGroup("kept", str(number)))
        back = Member()
        last = self.successResultOf(self.there.addConnectionToGroup(back, "kept", since=known["position"]))
        self.successResultOf(self.there.pushTextToGroup("kept", "live"))
        self.assertEqual(self.texts(back), [*(str(number) for number in range(700)), "live"])
        self.assertEqual(json.loads(back.texts[-2])["position"], last)

    def test_binary(self) -> None:
        """
        A binary message comes in base64.
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "kept", since=""))
        self.successResultOf(self.here.pushBinaryToGroup("kept", b"\x00\xff"))
        self.assertEqual(json.loads(self.mine.texts[0])["data"], "AP8=")

    def test_lost(self) -> None:
        """
        Who was away for too long is told that it cannot catch up, and is not in the group.
        """
        position = self.successResultOf(self.here.addConnectionToGroup(self.mine, "kept", since=""))
        self.successResultOf(self.there.pushTextToGroup("kept", "first"))
        self.here.leave(CHAT, self.mine)
        for number in range(1000):
            self.successResultOf(self.there.pushTextToGroup("kept", str(number)))
        back = Member()
        for since in (position, "nonsense", "0.0"):
            self.failureResultOf(self.here.addConnectionToGroup(back, "kept", since=since), HistoryLostError)
        self.failureResultOf(self.here.addConnectionToGroup(back, "plain", since=""), HistoryLostError)
        self.assertEqual((back.got, len(self.here.node.groups), self.exchange.groups), ([], 0, {}))

    def test_whileCatchingUp(self) -> None:
        """
        What is pushed while it reads slowly comes after what it missed, once, however much it is.
        """
        start = self.successResultOf(self.there.addConnectionToGroup(self.other, "kept", since=""))
        for count in (3, MAX_WAITING, MAX_WAITING + 1):
            self.successResultOf(self.there.pushTextToGroup("kept", "before"))
            slow = Member()
            slow.writing = Deferred()
            joined = self.here.addConnectionToGroup(slow, "kept", since=start)
            for number in range(count):
                start = self.successResultOf(self.there.pushTextToGroup("kept", str(number)))
            self.assertEqual(self.texts(slow), ["before"])
            self.assertNoResult(joined)
            writing, slow.writing = slow.writing, None
            writing.callback(None)
            self.assertEqual(self.successResultOf(joined), start)
            self.successResultOf(self.there.pushTextToGroup("kept", "after"))
            self.assertEqual(self.texts(slow), ["before", *(str(number) for number in range(count)), "after"])
            start = json.loads(slow.texts[-1])["position"]

    def test_leftWhileCatchingUp(self) -> None:
        """
        One that ends while it catches up is in no group.
        """
        start = self.successResultOf(self.there.addConnectionToGroup(self.other, "kept", since=""))
        self.successResultOf(self.there.pushTextToGroup("kept", "one"))
        slow = Member()
        slow.writing = Deferred()
        joined = self.here.addConnectionToGroup(slow, "kept", since=start)
        self.here.leave(CHAT, slow)
        slow.writing.errback(ConnectionError("gone"))
        self.failureResultOf(joined, ConnectionError)
        self.assertEqual(len(self.here.node.groups), 0)

    def test_twice(self) -> None:
        """
        Who asks anew while it catches up gets each message once from there; so does one that became a
        plain member, or whose group was removed.
        """
        start = self.successResultOf(self.there.addConnectionToGroup(self.other, "kept", since=""))
        for number in range(3):
            self.successResultOf(self.there.pushTextToGroup("kept", str(number)))
        for again in (
            lambda member: self.here.addConnectionToGroup(member, "kept", since=start),
            lambda member: self.here.addConnectionToGroup(member, "kept"),
            lambda member: self.there.removeConnectionGroup("kept"),
        ):
            slow = Member()
            slow.writing = first = Deferred()
            joined = self.here.addConnectionToGroup(slow, "kept", since=start)
            slow.writing = None
            self.successResultOf(again(slow))
            before = len(slow.got)
            first.callback(None)
            self.failureResultOf(joined, HubError)
            self.assertEqual(len(slow.got), before)

    def test_away(self) -> None:
        """
        While nobody can store it a durable push fails, and nobody gets it.
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "kept"))
        self.brokers[0].cut()
        self.failureResultOf(self.here.pushTextToGroup("kept", "x"), HubUnavailableError)
        self.failureResultOf(self.here.addConnectionToGroup(Member(), "kept", since=""), HubUnavailableError)
        self.assertEqual(self.mine.texts, [])


class PresenceTests(NodesTestCase):
    """
    Who is in a group.
    """

    def setUp(self) -> None:
        """
        Both nodes watch.
        """
        super().setUp()
        self.events: list[list[PresenceEvent]] = [[], []]
        self.ends = [
            self.successResultOf(hub.watchGroup("g", events.append))
            for hub, events in zip(self.hubs, self.events, strict=True)
        ]

    def test_comeAndGo(self) -> None:
        """
        Everybody who watches hears who comes and goes, and one node knows that it happened there.
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.successResultOf(self.there.addConnectionToGroup(self.other, "g", self.other.presence))
        for hub in self.hubs:
            self.assertEqual(self.successResultOf(hub.presenceOf("g")), (self.mine.presence, self.other.presence))
        self.here.leave(CHAT, self.mine)
        self.successResultOf(self.there.removeConnectionFromGroup(self.other, "g"))
        expected = [(self.mine, True), (self.other, True), (self.mine, False), (self.other, False)]
        for events, here in zip(self.events, (self.mine, self.other), strict=True):
            self.assertEqual(
                events,
                [PresenceEvent("g", member.presence, isJoin, member is here) for member, isJoin in expected],
            )
        self.assertEqual(self.successResultOf(self.here.presenceOf("g")), ())

    def test_hidden(self) -> None:
        """
        Who does not say who it is is not shown.
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g"))
        self.assertEqual((self.successResultOf(self.there.presenceOf("g")), self.events), ((), [[], []]))

    def test_again(self) -> None:
        """
        One that is in the group may say something else of itself.
        """
        for info in ("here", "busy"):
            self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", Presence("1", info)))
        self.assertEqual(self.successResultOf(self.there.presenceOf("g")), (Presence("1", "busy"),))

    def test_died(self) -> None:
        """
        Of a node that died everybody disappears, and one of the others knows that it has to act (BR06).
        """
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.brokers[0].cut()
        self.assertEqual(self.events[1][-1], PresenceEvent("g", self.mine.presence, False, True))
        self.assertEqual(self.successResultOf(self.there.presenceOf("g")), ())
        self.failureResultOf(self.here.presenceOf("g"), HubUnavailableError)
        self.brokers[0].mend()
        self.assertEqual(self.successResultOf(self.there.presenceOf("g")), (self.mine.presence,))

    def test_end(self) -> None:
        """
        Who does not watch any more hears nothing; to say so twice has no effect.
        """
        for _ in range(2):
            self.ends[0]()
        self.successResultOf(self.there.addConnectionToGroup(self.other, "g", self.other.presence))
        self.assertEqual((self.events[0], len(self.events[1]), self.here.node.watchers), ([], 1, {}))

    def test_broken(self) -> None:
        """
        A watcher that fails is in the log, and keeps nothing from the others.
        """
        self.successResultOf(self.there.watchGroup("g", lambda event: [][1]))
        more: list[PresenceEvent] = []
        self.successResultOf(self.there.watchGroup("g", more.append))
        self.successResultOf(self.here.addConnectionToGroup(self.mine, "g", self.mine.presence))
        self.assertEqual((len(self.flushLoggedErrors(IndexError)), len(more)), (1, 1))
