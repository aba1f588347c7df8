"""
Several nodes and a real Redis that is not there, refuses them, or has forgotten them: rows BR02 and BR11 of the
reliability catalogue.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import inlineCallbacks

from tests.integration.redisserver import RedisServer, issuedFor
from tests.rows.nodes import NodesCase
from tests.waiting import until


class AwayTests(NodesCase):
    """
    Without Redis.
    """

    @inlineCallbacks
    def test_downAtStart(self) -> Any:
        """
        Nodes start without Redis and serve their own; what is for others fails; when Redis comes all is
        well (BR02)
        """
        from twisted.internet import reactor

        redis = RedisServer(reactor, self.folder())
        self.addCleanup(redis.kill)
        here, there = (self.node(redis.url, isReady=False).open() for _ in range(2))
        self.assertEqual([node.state() for node in self.nodes], ["degraded", "degraded"])
        here.ask("storeConnection", "here")
        there.ask("storeConnection", "there")
        for peer in (here, there):
            peer.ask("addConnectionToGroup", "group")
        here.ask("pushTextToConnection", "here", "own")
        self.assertEqual(here.problem("pushTextToConnection", "there", "a"), "HubUnavailableError")
        self.assertEqual(here.problem("pushTextToGroup", "group", "group"), "HubUnavailableError")
        here.ask("broadcastText", "all")
        self.assertEqual([here.hear() for _ in range(3)], ["own", "group", "all"])
        figures = here.ask("figures")
        self.assertEqual(figures["problem"], f"Redis at 127.0.0.1:{redis.port}: the connection was refused")
        self.assertEqual(figures["undelivered"], 3)
        yield redis.start()
        for node in self.nodes:
            node.wait()
        here.ask("pushTextToConnection", "there", "to you")
        here.ask("pushTextToGroup", "group", "to us")
        here.ask("broadcastText", "to all")
        self.assertEqual([there.hear() for _ in range(3)], ["to you", "to us", "to all"])
        self.assertEqual([here.hear() for _ in range(2)], ["to us", "to all"])

    @inlineCallbacks
    def test_emptied(self) -> Any:
        """
        A Redis that is killed and comes back empty learns all names and groups again
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, "timeout = 2").open() for _ in range(2))
        there.ask("storeConnection", "name")
        there.ask("addConnectionToGroup", "group", presence="me")
        yield redis.kill()
        for node in self.nodes:
            node.wait("degraded")
        self.assertEqual(here.problem("pushTextToConnection", "name", "a"), "HubUnavailableError")
        yield redis.start()
        for node in self.nodes:
            node.wait()
        here.ask("pushTextToConnection", "name", "to you")
        here.ask("pushTextToGroup", "group", "to us")
        self.assertEqual([there.hear() for _ in range(2)], ["to you", "to us"])
        self.assertEqual(here.ask("presenceOf", "group"), [[there.ask("id"), "me"]])

    @inlineCallbacks
    def test_contested(self) -> Any:
        """
        Of connections of two nodes that store themselves under one name all the time, also while Redis is
        killed, one has it in the end, for both nodes
        """
        redis = yield self.begin(durable=True)
        here, there = (self.node(redis.url, "timeout = 2") for _ in range(2))
        peers = [node.open() for node in (here, there, here, there)]
        for turn in range(3):
            for number in range(100):
                peers[number * 7 % 4].command("storeConnection", "name")
                if turn and number == 30:
                    yield redis.kill()
                if turn and number == 60:
                    yield redis.start()
            for node in (here, there):
                node.wait()
            for peer in peers:
                peer.ask("presenceOf", "name")  # Redis answers in order: all names are claimed then
            for peer in peers:
                until(lambda peer=peer: not peer.problem("pushTextToConnection", "name", "hello"), "an owner")
            until(lambda: sum(len(peer.heard) for peer in peers if peer.ask("id")) >= 4, "four pushes")
            self.assertEqual(sorted(len(peer.heard) for peer in peers), [0, 0, 0, 4])
            for peer in peers:
                peer.heard.clear()

    @inlineCallbacks
    def test_wiped(self) -> Any:
        """
        When somebody wipes Redis while it runs, the nodes tell it everything again within two heartbeats
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, "heartbeat = 1").open() for _ in range(2))
        there.ask("storeConnection", "name")
        there.ask("addConnectionToGroup", "group", presence="me")
        yield redis.ask("FLUSHALL")
        yield redis.ask("SCRIPT", "FLUSH")
        until(lambda: not here.problem("pushTextToConnection", "name", "to you"), "the name")
        until(lambda: not here.problem("pushTextToGroup", "group", "to us"), "the group")
        self.assertEqual([there.hear() for _ in range(2)], ["to you", "to us"])
        until(lambda: here.ask("presenceOf", "group") == [[there.ask("id"), "me"]], "the presence")

    @inlineCallbacks
    def assertRefused(self, redis: RedisServer, url: str, hub: str, words: str) -> Any:
        """
        A node that Redis refuses serves its own, and says so once, without its password.
        """
        yield redis.start()
        node = self.node(url, hub, isReady=False)
        peer = node.open()
        until(lambda: words in node.server.output(), words)
        peer.ask("addConnectionToGroup", "group")
        self.assertEqual(peer.problem("pushTextToGroup", "group", "own"), "HubUnavailableError")
        self.assertEqual(peer.hear(), "own")
        self.assertEqual(node.state(), "degraded")
        self.assertIn(words, peer.ask("figures")["problem"])
        time.sleep(1)
        output = node.server.output()
        self.assertNotIn("sesame", output)
        # For each of the two connections that a node has.
        self.assertEqual(output.count("cannot be used for commands"), 1, output)
        self.assertLessEqual(output.count("cannot be used for"), 2, output)

    def test_wrongPassword(self) -> Any:
        """
        A wrong password: degraded, with one error in the log that does not tell it (BR11)
        """
        from twisted.internet import reactor

        redis = RedisServer(reactor, self.folder(), password="open barley")
        self.addCleanup(redis.kill)
        return self.assertRefused(
            redis, redis.url, 'password = "open sesame"', "does not know this username and password"
        )

    def test_wrongAuthority(self) -> Any:
        """
        A certificate that nobody vouches for: degraded, and the password is not sent (BR11)
        """
        from twisted.internet import reactor

        _, issued = issuedFor("localhost")
        redis = RedisServer(reactor, self.folder(), password="open sesame", issued=issued)
        self.addCleanup(redis.kill)
        return self.assertRefused(redis, redis.url, 'password = "open sesame"', "certificate")

    def test_notTls(self) -> Any:
        """
        TLS to a port that speaks none: degraded (BR11)
        """
        from twisted.internet import reactor

        redis = RedisServer(reactor, self.folder())
        self.addCleanup(redis.kill)
        url = redis.url.replace("redis://127.0.0.1", "rediss://localhost")
        return self.assertRefused(redis, url, "timeout = 1", "it did not answer in time")
