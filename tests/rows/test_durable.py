"""
Nothing lost where that is promised, and what is lost counted where it is not: row BR03 and figure G10 of the
reliability catalogue, with a real Redis that is killed and frozen.
"""

from __future__ import annotations

import json
import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater

from tests.integration.redisserver import RedisServer
from tests.rows.nodes import Commander, NodesCase
from tests.rows.traffic import END, Listener, Publisher, Return, faults
from tests.waiting import until

#: Of each publisher, of whom there are two.
COUNT = 2500
RATE = 600


def pause(seconds: float) -> Any:
    """
    @return: a Deferred that fires later; meanwhile the threads work.
    """
    return deferLater(reactor, seconds, lambda: None)


class FaultTests(NodesCase):
    """
    Redis fails under load.
    """

    @inlineCallbacks
    def disturb(self, redis: RedisServer, *publishers: Publisher) -> Any:
        """
        Kill it twice and freeze it once, with moments of peace between.

        @return: fires with each L{Return}.
        """
        returns = []
        for _ in range(2):
            yield pause(0.7)
            yield redis.kill()
            yield pause(0.3)
            yield redis.start()
            returns.append(Return(publishers))
        yield pause(0.7)
        redis.freeze()
        yield pause(1.5)
        redis.thaw()
        returns.append(Return(publishers))
        yield pause(0.5)
        return returns

    @inlineCallbacks
    def test_durable(self) -> Any:
        """
        5,000 messages from two nodes, while Redis is killed twice and frozen once: what was acknowledged
        came to every member once and in its order, on both nodes, with and without positions (BR03, G10)
        """
        redis = yield self.begin(durable=True)
        nodes = [self.node(redis.url, "durable = true\ntimeout = 1") for _ in range(2)]
        listeners = []
        for node in nodes:
            for keywords in ({}, {"since": ""}):
                peer = node.open()
                peer.ask("addConnectionToGroup", "kept", **keywords)
                listeners.append(Listener(peer))
        publishers = [Publisher(node.open(), name, "kept", RATE) for node, name in zip(nodes, "AB", strict=True)]
        returns = yield self.disturb(redis, *publishers)
        for publisher in publishers:
            publisher.finish(COUNT)
            self.assertEqual(publisher.failed, {})
            self.assertEqual(publisher.acknowledged, list(range(publisher.sent)))
        nodes[0].open().ask("pushTextToGroup", "kept", END)
        for listener in listeners:
            listener.wait()
        self.assertEqual(faults(publishers, listeners), {"lost": 0, "twice": 0, "out of order": 0})
        orders = {tuple(listener.heard) for listener in listeners}
        self.assertEqual(len(orders), 1, "the order is not the same for all")
        slowest = sorted(max(each.recovery(listeners)) for each in returns)
        self.assertLess(slowest[-1], 25)
        self.assertLess(slowest[len(slowest) // 2], 10)
        for node in nodes:
            figures = node.open().ask("figures")
            self.assertEqual((figures["lost"], figures["gaps"]), (0, 0))

    @inlineCallbacks
    def test_node(self) -> Any:
        """
        The same when the connections of all nodes are cut, and one node sleeps until it is taken for dead
        """
        redis = yield self.begin(durable=True)
        nodes = [self.node(redis.url, "durable = true\nheartbeat = 1") for _ in range(2)]
        listeners = []
        for node in nodes:
            peer = node.open()
            peer.ask("addConnectionToGroup", "kept")
            listeners.append(Listener(peer))
        publishers = [Publisher(node.open(), name, "kept", RATE) for node, name in zip(nodes, "AB", strict=True)]
        for kind in ("pubsub", "normal", "pubsub"):
            yield pause(0.5)
            yield redis.ask("CLIENT", "KILL", "TYPE", kind)
        yield pause(0.5)
        nodes[1].freeze()
        yield pause(3)
        nodes[1].thaw()
        yield pause(0.5)
        for publisher in publishers:
            publisher.finish(COUNT)
            self.assertEqual(publisher.acknowledged, list(range(publisher.sent)))
        nodes[0].open().ask("pushTextToGroup", "kept", END)
        for listener in listeners:
            listener.wait()
        self.assertEqual(faults(publishers, listeners), {"lost": 0, "twice": 0, "out of order": 0})
        self.assertEqual(listeners[0].heard, listeners[1].heard)

    @inlineCallbacks
    def test_plain(self) -> Any:
        """
        The same where nothing is promised: the publisher's own node misses nothing; on the other each message
        came in its order, or is counted there as lost, which the log says, too (BR03)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, "timeout = 1") for _ in range(2))
        listeners = []
        for node in (here, there):
            peer = node.open()
            peer.ask("addConnectionToGroup", "group")
            listeners.append(Listener(peer))
        publisher = Publisher(here.open(), "A", "group", 2 * RATE)
        yield self.disturb(redis, publisher)
        publisher.finish(2 * COUNT)
        for node in (here, there):
            node.wait()
        asking = here.open()
        asking.ask("pushTextToGroup", "group", END)
        for listener in listeners:
            listener.wait()
        own, other = listeners
        self.assertEqual(own.heard, [f"A {number}" for number in range(publisher.sent)])
        self.assertEqual(faults([publisher], [other])["twice"], 0)
        self.assertEqual(faults([publisher], [other])["out of order"], 0)
        figures = there.open().ask("figures")
        self.assertEqual(figures["gaps"], 0)
        self.assertEqual(len(other.heard) + figures["lost"], publisher.sent)
        self.assertLess(len(other.heard), publisher.sent)
        self.assertEqual(set(publisher.failed.values()), {"HubUnavailableError"})
        self.assertGreaterEqual(asking.ask("figures")["undelivered"], len(publisher.failed))
        words = "of what other nodes sent to the group group did not get here"
        until(lambda: words in there.server.output(), words)


class ReturningTests(NodesCase):
    """
    Who comes back with a position.
    """

    def follow(self, peer: Commander, since: str) -> tuple[str, list[tuple[str, str]]]:
        """
        @return: the position that a peer has after it has joined the group, and what it got.
        """
        position: str = peer.ask("addConnectionToGroup", "kept", since=since)
        return position, [(each["text"], each["position"]) for each in map(json.loads, self.taken(peer))]

    def taken(self, peer: Commander) -> list[str]:
        """
        @return: what a peer was told and has not looked at.
        """
        heard, peer.heard = peer.heard, []
        return heard

    @inlineCallbacks
    def test_elsewhere(self) -> Any:
        """
        Who comes back to the other node with its last position gets exactly what it missed, then what comes
        """
        redis = yield self.begin(durable=True)
        here, there = (self.node(redis.url, "durable = ['kept']") for _ in range(2))
        sender, first = here.open(), here.open()
        position, missed = self.follow(first, "")
        self.assertEqual(missed, [])
        for number in range(5):
            sender.ask("pushTextToGroup", "kept", f"{number}")
        heard = [json.loads(first.hear()) for _ in range(5)]
        self.assertEqual([each["text"] for each in heard], ["0", "1", "2", "3", "4"])
        self.assertNotIn(position, [each["position"] for each in heard])
        first.abort()
        for number in range(5, 505):
            sender.command("pushTextToGroup", "kept", f"{number}")
        last = sender.ask("pushTextToGroup", "kept", "505")
        # What it saw last is number 2: it was cut before it saw 3 and 4.
        second = there.open()
        position, missed = self.follow(second, heard[2]["position"])
        self.assertEqual([text for text, _ in missed], [str(number) for number in range(3, 506)])
        self.assertEqual((position, missed[-1][1]), (last, last))
        self.assertEqual([place for _, place in missed[:2]], [each["position"] for each in heard[3:]])
        sender.ask("pushTextToGroup", "kept", "506")
        self.assertEqual(json.loads(second.hear())["text"], "506")

    @inlineCallbacks
    def test_again(self) -> Any:
        """
        Who comes back again and again, to either node and also after Redis was killed, gets each message once
        """
        redis = yield self.begin(durable=True)
        nodes = [self.node(redis.url, "durable = true\ntimeout = 1") for _ in range(2)]
        peer = nodes[0].open()
        position, _ = self.follow(peer, "")
        publisher = Publisher(nodes[0].open(), "A", "kept", 300)
        heard: list[str] = []
        for number in range(12):
            if number == 6:
                yield redis.kill()
                yield redis.start()
            yield pause(0.1)
            peer.abort()
            peer = nodes[number % 2].open()

            def followed(peer: Commander = peer, since: str = position) -> bool:
                problem = peer.problem("addConnectionToGroup", "kept", since=since)
                self.assertIn(problem, ("", "HubUnavailableError"))
                return not problem

            until(followed, "the group")
            if number == 11:
                publisher.finish(1)
                nodes[0].open().ask("pushTextToGroup", "kept", END)
                while not heard or heard[-1] != END:
                    heard.append(json.loads(peer.hear())["text"])
            else:
                peer.ask("id")
                for each in map(json.loads, self.taken(peer)):
                    heard.append(each["text"])
                    position = each["position"]
        self.assertEqual(heard, [*(f"A {number}" for number in range(publisher.sent)), END])

    @inlineCallbacks
    def test_lost(self) -> Any:
        """
        Who was away for longer than history reaches is told that, as is one with a position of
        nowhere, and is not in the group; at the limit it gets all
        """
        redis = yield self.begin(durable=True)
        here, there = (self.node(redis.url, "durable = true\nhistory = { size = 10 }") for _ in range(2))
        sender, peer = here.open(), there.open()
        position, _ = self.follow(here.open(), "")
        for number in range(10):
            sender.ask("pushTextToGroup", "kept", f"{number}")
        _, missed = self.follow(there.open(), position)
        self.assertEqual([text for text, _ in missed], [str(number) for number in range(10)])
        sender.ask("pushTextToGroup", "kept", "10")
        for since in (position, "nowhere", f"{'0' * len(position.partition('.')[0])}.3"):
            self.assertEqual(peer.problem("addConnectionToGroup", "kept", since=since), "HistoryLostError")
        sender.ask("pushTextToGroup", "kept", "11")
        until(lambda: not peer.ask("figures")["problem"], "Redis")
        self.assertEqual(peer.heard, [])

    @inlineCallbacks
    def test_forgotten(self) -> Any:
        """
        When Redis has lost its data nobody is told that nothing was missed
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, "durable = true\ntimeout = 1") for _ in range(2))
        sender, peer = here.open(), there.open()
        position, _ = self.follow(here.open(), "")
        sender.ask("pushTextToGroup", "kept", "0")
        yield redis.kill()
        yield redis.start()
        for node in (here, there):
            until(lambda node=node: node.server.output().count("is there for") >= 4, "Redis")
            node.wait()
        self.assertEqual(peer.problem("addConnectionToGroup", "kept", since=position), "HistoryLostError")
        until(lambda: not sender.problem("pushTextToGroup", "kept", "1"), "the group")

    @inlineCallbacks
    def test_waits(self) -> Any:
        """
        What is pushed while Redis is away is acknowledged when it is back, and not before
        """
        redis = yield self.begin(durable=True)
        here, there = (self.node(redis.url, "durable = true\ntimeout = 1") for _ in range(2))
        sender, member = here.open(), there.open()
        member.ask("addConnectionToGroup", "kept")
        yield redis.kill()
        here.wait("degraded")
        publisher = Publisher(sender, "A", "kept", 10)
        time.sleep(0.5)
        self.assertEqual((publisher.acknowledged, publisher.failed), ([], {}))
        yield redis.start()
        publisher.finish(10)
        self.assertEqual(publisher.acknowledged, list(range(publisher.sent)))
        self.assertEqual([member.hear() for _ in range(10)], [f"A {number}" for number in range(10)])
