"""
Nodes whose Redis goes away and comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail, gatherResults, inlineCallbacks
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import deferLater

from balws.config.hub import HubConfiguration
from balws.errors import HistoryLostError, HubUnavailableError, NoSuchConnection, NoSuchGroup
from balws.hub.broker import Audience, IBroker, Presence, Verb
from balws.hub.message import Message
from balws.hub.redis.broker import redisBroker
from tests.hub.contract import STORED, BrokerContract, Steps, Witness
from tests.integration.redisserver import RedisCase

GROUP = STORED[0]


class _Nowhere:
    """
    Where nobody listens.
    """

    def connect(self, factory: Any) -> Deferred[Any]:
        """
        @return: has failed.
        """
        return fail(ConnectionRefusedError())


class AbsenceCase(RedisCase):
    """
    Two nodes and one Redis.
    """

    timeout = 60
    until = BrokerContract.until
    settled = BrokerContract.settled
    nodes = BrokerContract.nodes

    def makeBroker(self, nodeName: str, **options: Any) -> IBroker:
        """
        @return: a broker that looks after the others often.
        """
        from twisted.internet import reactor

        merged = {"heartbeat": 0.6, "timeout": 2, "durable": STORED, **self.options, **options}
        return redisBroker(HubConfiguration(url=self.server.url, **merged), reactor)

    options: dict[str, Any] = {}

    @inlineCallbacks
    def away(self, *nodes: Witness) -> Steps:
        """
        All have noticed that Redis is away.
        """
        yield self.until(lambda: not any(node.broker.isAvailable for node in nodes))
        for node in nodes:
            self.assertNotEqual(node.broker.problem, "")

    @inlineCallbacks
    def back(self, *nodes: Witness) -> Steps:
        """
        All have found Redis again.
        """
        yield self.until(lambda: all(node.broker.isAvailable for node in nodes))
        self.assertEqual([node.broker.problem for node in nodes], [""] * len(nodes))


    def cut(self, node: Witness) -> Callable[[], None]:
        """
        Cut a node off.

        @return: mends it.
        """
        lines = [node.broker._link._line, node.broker._ear._line]
        endpoints = [line._endpoint for line in lines]
        for line in lines:
            line._endpoint = _Nowhere()
            line.drop("cut by the test")

        def mend() -> None:
            for line, endpoint in zip(lines, endpoints, strict=True):
                line._endpoint = endpoint

        return mend


class ForgetfulTests(AbsenceCase):
    """
    A Redis that keeps nothing.
    """

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        Two nodes know each other.
        """
        self.server = yield self.begin()
        self.a, self.b = yield self.nodes(2)

    @inlineCallbacks
    def test_restored(self) -> Steps:
        """
        When Redis comes back empty, each node brings what it has: names, groups, presence, what
        it watches and serves; also what came while Redis was away; and not what went (BR02).
        """
        a, b = self.a, self.b
        chat = Audience(1, "/chat")
        old = yield b.claim("old")
        yield gatherResults([b.claim("left"), b.enter("g"), b.enter("left"), a.broker.watch("g")])
        a.held.watched.add("g")
        yield b.appear("g", "1")
        yield b.appear("g", "left")
        yield self.server.kill()
        yield self.away(a, b)
        b.broker.release("left", b.held.names.pop("left"))
        b.exit("left")
        b.disappear("g", "left")
        b.held.audiences.add(chat)
        b.broker.serve(chat)
        for asked in (b.claim("new"), b.enter("new"), b.appear("g", "2"), b.broker.watch("w"), a.push("g", "x")):
            yield self.assertFailure(asked, HubUnavailableError)
        yield self.assertFailure(a.broker.broadcast(chat, Message.of("x")), HubUnavailableError)
        yield self.assertFailure(a.broker.toConnection("old", Verb.DELIVER, Message.of("x")), HubUnavailableError)
        self.assertEqual(a.broker.undelivered, 2)
        yield self.server.start()
        yield self.back(a, b)
        yield self.settled(a, b)
        for name in ("old", "new"):
            yield a.broker.toConnection(name, Verb.DELIVER, Message.of(name))
        for group in ("g", "new"):
            yield a.push(group, group)
        yield a.broker.broadcast(chat, Message.of("chat"))
        yield self.settled(a, b)
        self.assertEqual([each[:2] for each in b.sent], [("old", old), ("new", b.held.names["new"])])
        self.assertGreater(b.held.names["new"], old)
        self.assertEqual((b.groups, b.broadcasts), ({"g": [b"g"], "new": [b"new"]}, [(chat, b"chat")]))
        self.assertEqual((yield a.broker.presence("g")), (Presence("1", None), Presence("2", None)))
        yield self.assertFailure(a.broker.toConnection("left", Verb.DELIVER, Message.of("x")), NoSuchConnection)
        yield self.assertFailure(a.push("left", "x"), NoSuchGroup)
        self.assertEqual((a.voided, b.voided), ([], []))

    @inlineCallbacks
    def test_counted(self) -> Steps:
        """
        What could not be pushed is counted by who pushed it, and by those that missed it.
        """
        a, b = self.a, self.b
        yield b.enter("g")
        yield a.push("g", "1")
        yield self.settled(a, b)
        yield self.server.kill()
        yield self.away(a, b)
        for _ in range(3):
            yield self.assertFailure(a.push("g", "lost"), HubUnavailableError)
        yield self.server.start()
        yield self.back(a, b)
        yield a.push("g", "2")
        yield self.settled(a, b)
        self.assertEqual((b.groups["g"], b.losses, a.broker.undelivered), ([b"1", b"2"], [("g", 3)], 3))

    @inlineCallbacks
    def test_taken(self) -> Steps:
        """
        Of two nodes that stored one name while Redis was away, one has it in the end, and the
        other knows.
        """
        a, b = self.a, self.b
        yield self.server.kill()
        yield self.away(a, b)
        for node in (a, b):
            yield self.assertFailure(node.claim("x"), HubUnavailableError)
        yield self.server.start()
        yield self.back(a, b)
        yield self.until(lambda: ("x" in a.held.names) != ("x" in b.held.names))
        owner, other = (a, b) if "x" in a.held.names else (b, a)
        fence = owner.held.names["x"]
        self.assertEqual((yield owner.broker.toConnection("x", Verb.DELIVER, Message.of("hi"))), fence)
        self.assertIsNone((yield other.broker.toConnection("x", Verb.DELIVER, Message.of("hi"))))
        yield self.settled(a, b)
        self.assertEqual(owner.sent, [("x", fence, Verb.DELIVER, b"hi")])

    @inlineCallbacks
    def test_newLife(self) -> Steps:
        """
        A durable group of a Redis that has lost its data begins anew: that something may be
        lost is told, and old positions are refused.
        """
        a, b = self.a, self.b
        yield gatherResults([a.enter(GROUP), b.enter(GROUP)])
        position = yield a.push(GROUP, "1")
        yield self.until(lambda: GROUP in b.groups)
        yield self.server.kill()
        yield self.away(a, b)
        waiting = a.push(GROUP, "2")
        yield self.server.start()
        new = yield waiting
        yield self.until(lambda: all(node.groups[GROUP] == [b"1", b"2"] for node in (a, b)))
        self.assertNotEqual(new.partition(".")[0], position.partition(".")[0])
        self.assertEqual((a.losses, b.losses), ([(GROUP, None)], [(GROUP, None)]))
        yield self.assertFailure(b.broker.history(GROUP, position), HistoryLostError)

    @inlineCallbacks
    def test_frozen(self) -> Steps:
        """
        A Redis that answers nothing is given up after the time-out; when it wakes, nothing of
        what lives is dead (BR12).
        """
        a, b = self.a, self.b
        fence = yield b.claim("x")
        yield gatherResults([a.enter("g"), b.enter("g"), b.appear("g", "1")])
        self.server.freeze()
        yield self.away(a, b)
        self.server.thaw()
        yield self.back(a, b)
        yield self.settled(a, b)
        yield a.push("g", "on")
        yield a.broker.toConnection("x", Verb.DELIVER, Message.of("on"))
        yield self.settled(a, b)
        self.assertEqual((b.groups, [each[:2] for each in b.sent]), ({"g": [b"on"]}, [("x", fence)]))
        self.assertEqual((yield a.broker.presence("g")), (Presence("1", None),))

    @inlineCallbacks
    def test_lapsed(self) -> Steps:
        """
        A node that Redis took for dead, since it slept, brings everything again.
        """
        a, b = self.a, self.b
        fence = yield b.claim("x")
        yield gatherResults([b.enter("g"), b.enter(GROUP), b.appear("g", "1"), a.broker.watch("g")])
        b.broker._lease.pause()
        yield self.until(lambda: ("g", "1", False, True) in a.events)
        yield self.assertFailure(a.push("g", "x"), NoSuchGroup)
        b.broker._lease._schedule()
        yield self.until(lambda: ("g", "1", True, False) in a.events[-1:])
        yield self.back(b)
        yield a.push("g", "on")
        yield a.broker.toConnection("x", Verb.DELIVER, Message.of("on"))
        yield a.push(GROUP, "on")
        yield self.until(lambda: GROUP in b.groups)
        self.assertEqual((b.groups, [each[:2] for each in b.sent]), ({"g": [b"on"], GROUP: [b"on"]}, [("x", fence)]))
        self.assertEqual(b.losses, [])

    @inlineCallbacks
    def test_deaf(self) -> Steps:
        """
        A node whose ear is dead without knowing it notices, listens anew, and counts what it
        has missed.
        """
        a, b = self.a, self.b
        yield b.enter("g")
        yield a.push("g", "1")
        yield self.settled(a, b)
        b.broker._ear.unsubscribe([b.broker._station.keys.own, b.broker._station.keys.group("g")])
        yield self.settled(b, a)
        yield a.push("g", "lost")
        self.assertEqual(a.broker.undelivered, 1)
        yield self.until(lambda: not b.broker.isAvailable)
        yield self.back(b)
        yield a.push("g", "2")
        yield self.settled(a, b)
        self.assertEqual((b.groups, b.losses), ({"g": [b"1", b"2"]}, [("g", 1)]))


class StartTests(AbsenceCase):
    """
    A node that is there before its Redis.
    """

    @inlineCallbacks
    def test_start(self) -> Steps:
        """
        It says why it cannot reach others, what needs them fails at once, durable pushes wait, and
        it begins when Redis does (BR02).
        """
        self.server = yield self.begin()
        yield self.server.kill()
        node = Witness(self.makeBroker("early"))
        self.addCleanup(node.broker.stop)
        yield self.assertFailure(node.enter("g"), HubUnavailableError)
        yield self.assertFailure(node.enter(GROUP), HubUnavailableError)
        yield self.assertFailure(node.claim("x"), HubUnavailableError)
        waiting = node.push(GROUP, "early")
        yield self.until(lambda: "refused" in node.broker.problem)
        yield self.server.start()
        yield waiting
        self.assertEqual(node.broker.problem, "")
        yield self.until(lambda: node.groups == {GROUP: [b"early"]})
        self.assertGreater(node.held.names["x"], 0)
        self.assertEqual(node.losses, [])


class KeepingTests(AbsenceCase):
    """
    A Redis that keeps what it was given.
    """

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        Three nodes know each other.
        """
        self.server = yield self.begin(durable=True)
        self.a, self.b, self.c = yield self.nodes(3)

    @inlineCallbacks
    def test_killed(self) -> Steps:
        """
        While Redis is killed, started and frozen again and again, every push that is acknowledged
        comes to every node once and in order (BR03).
        """
        from twisted.internet import reactor

        a, b, c = self.a, self.b, self.c
        yield gatherResults([b.enter(GROUP), c.enter(GROUP)])
        sent: list[tuple[bytes, Deferred[str]]] = []
        isOver = False

        def more() -> None:
            if isOver:
                return
            for node, name in ((a, "a"), (b, "b")):
                text = f"{name}{len(sent)}"
                sent.append((text.encode(), node.push(GROUP, text)))
            reactor.callLater(0.002, more)

        more()
        for number in range(4):
            yield deferLater(reactor, 0.3)
            if number % 2:
                self.server.freeze()
                yield self.away(a, b, c)
                self.server.thaw()
            else:
                yield self.server.kill()
                yield self.server.start()
            yield self.back(a, b, c)
        isOver = True
        done = yield DeferredList([pushed for _, pushed in sent], consumeErrors=True)
        acknowledged = [text for (text, _), (isDone, _) in zip(sent, done, strict=True) if isDone]
        self.assertEqual(len(acknowledged), len(sent))
        yield self.until(lambda: all(len(node.groups[GROUP]) >= len(sent) for node in (b, c)))
        self.assertEqual(b.groups[GROUP], c.groups[GROUP])
        for name in (b"a", b"b"):
            expected = [text for text in acknowledged if text.startswith(name)]
            self.assertEqual([text for text in b.groups[GROUP] if text.startswith(name)], expected)
        self.assertEqual((b.losses, c.losses, a.broker.undelivered), ([], [], 0))

    @inlineCallbacks
    def test_missed(self) -> Steps:
        """
        A node that was cut off gets what it missed, in order, when it is back.
        """
        a, b = self.a, self.b
        yield b.enter(GROUP)
        yield a.push(GROUP, "0")
        yield self.until(lambda: GROUP in b.groups)
        b.broker._link.drop("cut by the test")
        b.broker._ear.drop("cut by the test")
        yield gatherResults([a.push(GROUP, str(number)) for number in range(1, 1000)])
        expected = [b"%d" % number for number in range(1000)]
        yield self.until(lambda: len(b.groups[GROUP]) >= 1000)
        self.assertEqual((b.groups[GROUP], b.losses), (expected, []))

    @inlineCallbacks
    def test_resent(self) -> Steps:
        """
        A push whose answer was lost is not stored again, and its position is the first one.
        """
        a, b = self.a, self.b
        yield b.enter(GROUP)
        pushes = [a.push(GROUP, str(number)) for number in range(5)]
        # They are sent, and their answers do not come any more.
        a.broker._link._line.current.dataReceived = lambda data: None
        yield self.until(lambda: len(b.groups.get(GROUP, ())) == 5)
        a.broker._link.drop("cut by the test")
        positions = yield gatherResults(pushes)
        yield a.push(GROUP, "5")
        yield self.until(lambda: len(b.groups[GROUP]) >= 6)
        self.assertEqual(b.groups[GROUP], [b"%d" % number for number in range(6)])
        self.assertEqual(positions, [entry.position for entry in b.entries[GROUP][:5]])

    @inlineCallbacks
    def test_dissolved(self) -> Steps:
        """
        A group that was removed while a node was away is removed there when it is back; what it
        came into meanwhile is not.
        """
        a, b, c = self.a, self.b, self.c
        yield gatherResults([b.enter("g"), b.enter(GROUP), b.enter("kept")])
        beat = b.broker._station.beat
        yield self.until(lambda: b.broker._station.beat > beat + 1)
        mend = self.cut(b)
        yield self.away(b)
        yield self.assertFailure(b.enter("new"), HubUnavailableError)
        yield a.broker.dissolve("g", Verb.REMOVE)
        yield a.broker.dissolve(GROUP, Verb.REMOVE)
        mend()
        yield self.back(b)
        self.assertEqual(b.groups, {"g": [Verb.REMOVE], GROUP: [Verb.REMOVE]})
        self.assertEqual(b.held.groups, {"kept", "new"})
        for group in ("kept", "new"):
            yield a.push(group, "on")
        yield self.settled(a, b, c)
        self.assertEqual([b.groups[group] for group in ("kept", "new")], [[b"on"]] * 2)


class SnapshotTests(AbsenceCase):
    """
    A Redis that comes back with what it had a while ago.
    """

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        Three nodes; two of five messages, which all have got, are not in the snapshot.
        """
        self.server = yield self.begin()
        self.a, self.b, self.c = yield self.nodes(3)
        yield gatherResults([self.b.enter(GROUP), self.c.enter(GROUP)])
        for number in range(3):
            yield self.a.push(GROUP, f"kept {number}")
        yield self.server.ask("SAVE")
        yield self.b.enter("late")
        for number in range(2):
            self.position = yield self.a.push(GROUP, f"forgotten {number}")
        yield self.until(lambda: all(len(node.groups.get(GROUP, ())) == 5 for node in (self.b, self.c)))
        self.old = list(self.b.groups[GROUP])
        yield self.server.kill()
        yield self.away(self.a, self.b, self.c)

    @inlineCallbacks
    def test_fewer(self) -> Steps:
        """
        That the group has less than a node knows begins a new life of it: nothing comes twice,
        nothing new is taken for old, and old positions are refused.
        """
        a, b, c = self.a, self.b, self.c
        yield self.server.start()
        yield self.back(a, b, c)
        new = []
        for number in range(4):
            new.append((yield a.push(GROUP, f"new {number}")))
        yield self.until(lambda: all(len(node.groups[GROUP]) >= 9 for node in (b, c)))
        expected = self.old + [b"new %d" % number for number in range(4)]
        for node in (b, c):
            self.assertEqual((node.groups[GROUP], node.losses), (expected, [(GROUP, None)]))
        self.assertNotIn(self.position, new)
        yield self.assertFailure(a.broker.history(GROUP, self.position), HistoryLostError)

    @inlineCallbacks
    def test_other(self) -> Steps:
        """
        So does what other nodes have pushed in place of what a node knows.
        """
        a, b, c = self.a, self.b, self.c
        mend = [self.cut(node) for node in (b, c)]
        yield self.server.start()
        yield self.back(a)
        for number in range(4):
            yield a.push(GROUP, f"instead {number}")
        for each in mend:
            each()
        yield self.back(b, c)
        yield a.push(GROUP, "new")
        yield self.until(lambda: all(node.groups[GROUP][-1] == b"new" for node in (b, c)))
        for node in (b, c):
            self.assertEqual((node.groups[GROUP], node.losses), ([*self.old, b"new"], [(GROUP, None)]))

    @inlineCallbacks
    def test_entered(self) -> Steps:
        """
        A group that a node has entered since the snapshot was not removed.
        """
        yield self.server.start()
        yield self.back(self.a, self.b, self.c)
        yield self.a.push("late", "on")
        yield self.until(lambda: self.b.groups.get("late") == [b"on"])


class FullTests(AbsenceCase):
    """
    A Redis without memory.
    """

    @inlineCallbacks
    def test_full(self) -> Steps:
        """
        Durable pushes wait, and the operator hears why; then all are stored in their order.
        """
        self.server = yield self.begin()
        a, b = yield self.nodes(2)
        yield b.enter(GROUP)
        yield a.push(GROUP, "0")
        yield self.server.ask("CONFIG", "SET", "maxmemory", "1")
        pushes = [a.push(GROUP, str(number)) for number in range(1, 10)]
        yield self.until(lambda: "OOM" in a.broker.problem)
        pushes += [a.push(GROUP, str(number)) for number in range(10, 20)]
        yield self.server.ask("CONFIG", "SET", "maxmemory", "0")
        yield gatherResults(pushes)
        yield self.until(lambda: len(b.groups[GROUP]) >= 20)
        self.assertEqual((b.groups[GROUP], b.losses), ([b"%d" % number for number in range(20)], []))


class SlowTests(AbsenceCase):
    """
    A node that does not read.
    """

    @inlineCallbacks
    def test_slow(self) -> Steps:
        """
        Redis cuts a node that stalls; it comes back and tells what it missed; the others notice
        nothing (BR10).
        """
        others = ["--client-output-buffer-limit", "pubsub 1mb 1mb 1"]
        self.server = yield self.begin(others=others)
        a, b, c = yield self.nodes(3)
        yield gatherResults([b.enter("g"), c.enter("g"), c.enter(GROUP)])
        yield gatherResults([a.push("g", "0"), a.push(GROUP, "0")])
        yield self.settled(a, b, c)
        c.broker._ear._line.current.transport.pauseProducing()
        sent = 0
        while not a.broker.undelivered:
            sent += 1
            yield a.push("g", f"{sent:05}" + "x" * 100_000)
            yield a.push(GROUP, str(sent))
        yield self.until(lambda: len(b.groups["g"]) == sent + 1)
        self.assertEqual(b.losses, [])
        c.broker._ear._line.current.transport.resumeProducing()
        yield self.until(lambda: not c.broker.isAvailable)
        yield self.back(c)
        yield a.push("g", "last")
        yield self.until(lambda: c.groups["g"][-1] == b"last")
        self.assertEqual(sum(count for _, count in c.losses), sent + 2 - len(c.groups["g"]))
        yield self.until(lambda: len(c.groups[GROUP]) > sent)
        self.assertEqual(c.groups[GROUP], [b"%d" % number for number in range(sent + 1)])


class HistoryTests(AbsenceCase):
    """
    Durable groups of which little is kept.
    """

    options = {"history": {"size": 10, "age": 60}}

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        Two nodes know each other.
        """
        self.server = yield self.begin(durable=True)
        self.a, self.b = yield self.nodes(2)

    @inlineCallbacks
    def test_trimmed(self) -> Steps:
        """
        A node that was away for longer than history goes back is told how many it lost, and goes
        on behind them.
        """
        a, b = self.a, self.b
        yield b.enter(GROUP)
        first = yield a.push(GROUP, "0")
        yield self.until(lambda: GROUP in b.groups)
        b.broker._link.drop("cut by the test")
        b.broker._ear.drop("cut by the test")
        positions = yield gatherResults([a.push(GROUP, str(number)) for number in range(1, 31)])
        yield self.until(lambda: b.groups[GROUP][-1] == b"30")
        self.assertEqual(b.groups[GROUP], [b"0"] + [b"%d" % number for number in range(21, 31)])
        self.assertEqual(b.losses, [(GROUP, 20)])
        for position, isKept in ((first, False), (positions[18], False), (positions[19], True), (positions[20], True)):
            if isKept:
                page, _ = yield b.broker.history(GROUP, position)
                self.assertEqual(page[-1].position, positions[-1])
            else:
                yield self.assertFailure(b.broker.history(GROUP, position), HistoryLostError)


class AgeTests(AbsenceCase):
    """
    Durable groups that are kept for a short time.
    """

    options = {"history": {"size": 100, "age": 0.5}}

    @inlineCallbacks
    def test_age(self) -> Steps:
        """
        What is older than C{age} is not given any more; a group in which nothing happens for as
        long is forgotten.
        """
        from twisted.internet import reactor

        self.server = yield self.begin(durable=True)
        a, b = yield self.nodes(2)
        yield b.enter(GROUP)
        yield a.push(GROUP, "0")
        for left in (3, 2, 1, 0):
            try:
                yield self.ages(a)
                break
            except (AssertionError, HistoryLostError):
                if not left:  # else the machine may have stood still for half a second
                    raise
        b.exit(GROUP)
        yield deferLater(reactor, 0.8)
        yield self.assertFailure(a.push(GROUP, "nobody"), NoSuchGroup)

    @inlineCallbacks
    def ages(self, a: Witness) -> Steps:
        """
        Check what is given while time goes by.
        """
        from twisted.internet import reactor

        old = yield a.push(GROUP, "old")
        yield deferLater(reactor, 0.3)
        middle = yield a.push(GROUP, "middle")
        yield deferLater(reactor, 0.3)
        new = yield a.push(GROUP, "new")
        page, _ = yield a.broker.history(GROUP, middle)
        self.assertEqual([entry.position for entry in page], [new])
        position = old.rpartition(".")[0] + ".0"
        yield self.assertFailure(a.broker.history(GROUP, position), HistoryLostError)


class TidyTests(AbsenceCase):
    """
    What is left in Redis.
    """

    @inlineCallbacks
    def test_tidy(self) -> Steps:
        """
        Who comes and goes leaves nothing behind, whichever way.
        """
        self.server = yield self.begin()
        a, b = yield self.nodes(2)
        quiet = yield self.keys()
        for node in (a, b):
            for group in ("left", "removed"):
                yield node.enter(group)
                yield node.appear(group, f"{node is a}")
        yield b.claim("left")
        yield b.claim("removed")
        yield a.broker.toConnection("left", Verb.DELIVER, Message.of("x"))
        yield a.broker.toConnection("removed", Verb.REMOVE, None)
        b.broker.release("left", b.held.names.pop("left"))
        for node in (a, b):
            node.disappear("left", f"{node is a}")
            node.exit("left")
        yield a.broker.dissolve("removed", Verb.REMOVE)
        a.exit("removed")
        yield self.until(lambda: b.groups == {"removed": [Verb.REMOVE]})
        yield self.settled(a, b)
        left = yield self.keys()
        self.assertEqual({key for key in left - quiet if ":inbox:" not in key}, {"balws:fence", "balws:order"})
        yield a.broker.stop()
        yield b.broker.stop()
        self.assertEqual((yield self.keys()), {"balws:fence", "balws:order"})

    @inlineCallbacks
    def keys(self) -> Any:
        """
        @return: fires with all that Redis has.
        """
        found = yield self.server.ask("KEYS", "*")
        return set(found.split())


class StrangerTests(AbsenceCase):
    """
    A Redis that others use as well.
    """

    @inlineCallbacks
    def test_strange(self) -> Steps:
        """
        What is no envelope is dropped and counted, and harms nothing.
        """
        self.server = yield self.begin()
        a, b = yield self.nodes(2)
        yield gatherResults([b.enter("g"), b.enter(GROUP), b.claim("x")])
        own = b.broker._station.keys.own.decode()
        for channel in ("balws:in:g", f"balws:in:{GROUP}", own):
            for data in ("", "x", "\x01\x01", "\x01\x05" + "A" * 30, "\x01\x09" + "A" * 20, "\x01\x07" + "A" * 28):
                yield self.server.ask("PUBLISH", channel, data)
        yield a.push("g", "1")
        yield a.push(GROUP, "1")
        yield a.broker.toConnection("x", Verb.DELIVER, Message.of("1"))
        yield self.until(lambda: b.groups == {"g": [b"1"], GROUP: [b"1"]} and len(b.sent) == 1)
        self.assertGreater(b.broker._station.strange, 9)
        self.flushLoggedErrors()
