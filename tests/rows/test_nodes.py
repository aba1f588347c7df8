"""
Several nodes over a real Redis, and nodes that die and sleep: rows BR of the reliability catalogue, RL04.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from twisted.internet.defer import inlineCallbacks

from tests.rows.nodes import Commander, Node, NodesCase
from tests.rows.raw import CLOSE
from tests.waiting import PATIENCE, until


class TwoTests(NodesCase):
    """
    Two nodes, nothing wrong.
    """

    @inlineCallbacks
    def test_reach(self) -> Any:
        """
        What one node pushes to a name, a group and a service reaches who is connected to the other once,
        and soon (BR01)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url).open() for _ in range(2))
        there.ask("storeConnection", "name")
        there.ask("addConnectionToGroup", "group")
        here.ask("addConnectionToGroup", "group")
        other = self.nodes[1].open("/other")
        for verb, *to in (("pushTextToConnection", "name"), ("pushTextToGroup", "group"), ("broadcastText",)):
            began = time.monotonic()
            here.ask(verb, *to, "hello")
            self.assertEqual(there.hear(), "hello")
            self.assertLess(time.monotonic() - began, 4)  # what is told again after an answer did not come takes five
        here.ask("pushTextToConnection", "name", "end")
        self.assertEqual(there.hear(), "end")
        self.assertEqual(here.heard, ["hello", "hello"])
        other.ask("id")
        self.assertEqual(other.heard, [])

    @inlineCallbacks
    def test_remove(self) -> Any:
        """
        Names and groups are removed on both nodes, whoever asks; their connections stay open (BR01)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url).open() for _ in range(2))
        there.ask("storeConnection", "name")
        for peer in (here, there):
            peer.ask("addConnectionToGroup", "group")
        here.ask("removeStoredConnection", "name")
        here.ask("removeConnectionGroup", "group")
        for peer in (here, there):
            self.assertFails(peer, "NoSuchConnection", "pushTextToConnection", "name", "a")
            self.assertFails(peer, "NoSuchGroup", "pushTextToGroup", "group", "a")
            self.assertEqual(peer.heard, [])

    @inlineCallbacks
    def test_close(self) -> Any:
        """
        Connections of the other node are closed with 1000, by name and by group (BR01)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url) for _ in range(2))
        asking, named, member = here.open(), there.open(), there.open()
        named.ask("storeConnection", "name")
        member.ask("addConnectionToGroup", "group")
        asking.ask("closeStoredConnection", "name")
        asking.ask("closeConnectionGroup", "group")
        for peer in (named, member):
            opcode, payload = peer.receive()
            self.assertEqual((opcode, payload[:2]), (CLOSE, (1000).to_bytes(2, "big")))

    @inlineCallbacks
    def test_moved(self) -> Any:
        """
        A name stored again on the other node means the new connection, for both nodes, and the end of the
        old one takes nothing from it
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url) for _ in range(2))
        asking, old, new = here.open(), here.open(), there.open()
        old.ask("storeConnection", "name")
        new.ask("storeConnection", "name")
        asking.ask("pushTextToConnection", "name", "one")
        self.assertEqual(new.hear(), "one")
        old.ask("id")
        self.assertEqual(old.heard, [])
        old.abort()
        asking.ask("pushTextToConnection", "name", "two")
        self.assertEqual(new.hear(), "two")

    @inlineCallbacks
    def test_order(self) -> Any:
        """
        Of 3,000 pushes from one node to a group, members of the other get each once, in their order
        (ST07)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url) for _ in range(2))
        sender, members = here.open(), [there.open(), there.open(), here.open()]
        for member in members:
            member.ask("addConnectionToGroup", "group")
        for number in range(3000):
            sender.command("pushTextToGroup", "group", str(number))
        sender.ask("pushTextToGroup", "group", "end")
        expected = [*map(str, range(3000)), "end"]
        for member in members:
            self.assertEqual([member.hear() for _ in expected], expected)

    def assertFails(self, peer: Commander, problem: str, verb: str, *arguments: Any) -> None:
        """
        A command fails, as soon as everybody has heard of what was removed.
        """
        until(lambda: peer.problem(verb, *arguments) == problem, problem)


class DeathTests(NodesCase):
    """
    A node that dies, or sleeps.
    """

    HUB = "heartbeat = 1"

    @inlineCallbacks
    def test_killed(self) -> Any:
        """
        The names, groups and presences of a node that is killed vanish within two heartbeats; until then what is
        pushed to them fails, too (BR06)
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, self.HUB) for _ in range(2))
        asking, dying = here.open(), there.open()
        dying.ask("storeConnection", "name")
        dying.ask("addConnectionToGroup", "group", presence="me")
        identity = dying.ask("id")
        asking.ask("watchGroup", "group")
        self.assertEqual(asking.ask("presenceOf", "group"), [[identity, "me"]])
        asking.ask("pushTextToConnection", "name", "hello")
        self.assertEqual(dying.hear(), "hello")
        there.kill()
        began = time.monotonic()
        problems = {asking.problem("pushTextToConnection", "name", "a")}
        while "NoSuchConnection" not in problems and time.monotonic() - began < PATIENCE:
            problems.add(asking.problem("pushTextToConnection", "name", "a"))
            time.sleep(0.02)
        until(lambda: asking.problem("pushTextToGroup", "group", "a") == "NoSuchGroup", "the end of the group")
        until(lambda: asking.ask("presenceOf", "group") == [], "the end of the presence")
        self.assertLess(time.monotonic() - began, 9)  # two heartbeats of five seconds, the default, are more
        self.assertLessEqual(problems, {"HubUnavailableError", "NoSuchConnection"})
        self.assertEqual(asking.hear(), f"leave {identity}")

    @inlineCallbacks
    def test_left(self) -> Any:
        """
        A node that is told to end takes its names, groups and presences with it at once
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, more="[server]\ndrainTimeout = 1") for _ in range(2))
        asking, leaving = here.open(), there.open()
        leaving.ask("storeConnection", "name")
        leaving.ask("addConnectionToGroup", "group", presence="me")
        asking.ask("watchGroup", "group")
        identity = leaving.ask("id")
        leaving.close()
        self.assertEqual(asking.hear(), f"leave {identity}")
        staying = there.open()
        staying.ask("storeConnection", "name")
        self.assertEqual(there.server.stop(), 0)
        self.assertEqual(asking.problem("pushTextToConnection", "name", "a"), "NoSuchConnection")
        self.assertEqual(asking.problem("pushTextToGroup", "group", "a"), "NoSuchGroup")
        self.assertEqual(asking.ask("presenceOf", "group"), [])

    @inlineCallbacks
    def test_slept(self) -> Any:
        """
        A node that sleeps until it is taken for dead gets its names and groups back, but for the name that went
        to another meanwhile: that keeps it
        """
        redis = yield self.begin()
        here, there = (self.node(redis.url, self.HUB) for _ in range(2))
        awake, sleeper = here.open(), there.open()
        for name in ("own", "taken"):
            sleeper.ask("storeConnection", name)
        sleeper.ask("addConnectionToGroup", "group")
        there.freeze()
        for name in ("own", "taken"):
            until(lambda name=name: awake.problem("pushTextToConnection", name, "a") == "NoSuchConnection", "its end")
        awake.ask("storeConnection", "taken")
        there.thaw()
        until(lambda: not awake.problem("pushTextToConnection", "own", "again"), "its return")
        until(lambda: not awake.problem("pushTextToGroup", "group", "together"), "its return")
        awake.ask("pushTextToConnection", "taken", "mine")
        sleeper.ask("pushTextToConnection", "taken", "yours")
        self.assertEqual([awake.hear() for _ in range(2)], ["mine", "yours"])
        while sleeper.hear() != "again":
            pass  # what was pushed to it while nobody knew that it slept
        self.assertEqual(sleeper.hear(), "together")
        sleeper.ask("id")
        self.assertEqual(sleeper.heard, [])

    @inlineCallbacks
    def test_workerKilled(self) -> Any:
        """
        The names of a worker that is killed vanish with its lease, those of the other stay (RL04)
        """
        redis = yield self.begin()
        node = self.node(redis.url, self.HUB, more="[server]\nworkers = 2")
        found: dict[int, Commander] = {}

        def both() -> bool:
            peer = node.open()
            found.setdefault(peer.ask("pid"), peer)
            return len(found) == 2

        until(both, "connections at both workers")
        for pid, peer in found.items():
            until(lambda peer=peer: not peer.ask("figures")["problem"], "Redis")
            peer.ask("storeConnection", f"name {pid}")
        (dead, dying), (alive, living) = found.items()
        living.ask("pushTextToConnection", f"name {dead}", "hello")
        self.assertEqual(dying.hear(), "hello")
        os.kill(dead, signal.SIGKILL)
        until(lambda: living.problem("pushTextToConnection", f"name {dead}", "a") == "NoSuchConnection", "its end")
        third = node.open()
        until(lambda: not third.ask("figures")["problem"], "Redis")
        third.ask("pushTextToConnection", f"name {alive}", "hello")
        self.assertEqual(living.hear(), "hello")

    @inlineCallbacks
    def test_stalled(self) -> Any:
        """
        A node of three that sleeps until Redis cuts it keeps the others from nothing; when it wakes it subscribes
        again, and says how much did not get there (BR10)
        """
        redis = yield self.begin()
        yield redis.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 262144 131072 1")
        nodes = [self.node(redis.url) for _ in range(3)]
        sender, member, sleeper = (node.open() for node in nodes)
        for peer in (member, sleeper):
            peer.ask("addConnectionToGroup", "group")
        sender.ask("pushTextToGroup", "group", "begin")
        self.assertEqual((member.hear(), sleeper.hear()), ("begin", "begin"))
        nodes[2].freeze()
        sent = 0
        waits: list[float] = []
        while (yield redis.ask("CLIENT", "LIST", "TYPE", "pubsub")).count("id=") == 3:
            for _ in range(50):
                began = time.monotonic()
                sender.ask("pushTextToGroup", "group", f"{sent} " + "x" * 60_000)
                self.assertEqual(member.hear().partition(" ")[0], str(sent))
                waits.append(time.monotonic() - began)
                sent += 1
            self.assertLess(sent, 2000)
        self.assertLess(sorted(waits)[len(waits) // 2], 1)
        self.assertLess(max(waits), 15)
        nodes[2].thaw()
        self.wake(nodes[2], sleeper)
        sender.ask("pushTextToGroup", "group", "end")
        self.assertEqual(member.hear(), "end")
        heard = []
        while (text := sleeper.hear()) != "end":
            heard.append(int(text.partition(" ")[0]))
        self.assertEqual(heard, list(range(len(heard))))
        self.assertLess(len(heard), sent)
        figures = sleeper.ask("figures")
        self.assertEqual((figures["lost"], figures["gaps"]), (sent - len(heard), 0))
        words = f"{sent - len(heard)} of what other nodes sent to the group group did not get here"
        until(lambda: words in nodes[2].server.output(), words)
        self.assertGreater(sender.ask("figures")["undelivered"], 0)

    def wake(self, node: Node, peer: Commander) -> None:
        """
        Wait until a node that slept has noticed what it missed, and is back.
        """
        until(lambda: node.server.output().count("is there for listening") >= 2, "a new connection")
        until(lambda: not peer.ask("figures")["problem"], "Redis")
