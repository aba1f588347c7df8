"""
What every broker does, whatever lies between the nodes: a broker's tests inherit from
L{BrokerContract} and say how to make one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater
from zope.interface import implementer
from zope.interface.verify import verifyObject

from balws.errors import HistoryLostError, HubError, NoSuchConnection, NoSuchGroup
from balws.hub.broker import Audience, Entry, Holdings, IBroker, INode, Presence, PresenceEvent, Verb
from balws.hub.message import Message
from tests.waiting import PATIENCE

__all__ = ["STORED", "BrokerContract", "Steps", "Witness"]

#: The durable groups of every broker under test.
STORED = ("stored", "stored too")

#: What a test with several steps gives.
Steps = Generator["Deferred[Any]", Any, None]

_MARK = Audience(999, "/mark")


@implementer(INode)
class Witness:
    """
    A node's hub: it writes down what its broker says, and keeps what a hub keeps.

    @ivar groups: what came, by group: payload or verb; and with positions.
    @ivar sent: what came for connections: name, fence, verb and payload.
    @ivar events: presence: group, connection, whether it came, whether here.
    @ivar losses: group and count.
    """

    def __init__(self, broker: IBroker) -> None:
        self.broker = broker
        self.groups: dict[str, list[Any]] = {}
        self.entries: dict[str, list[Entry]] = {}
        self.sent: list[tuple[str, int, Verb, bytes | None]] = []
        self.broadcasts: list[tuple[Audience, bytes]] = []
        self.marks = 0
        self.events: list[tuple[str, str, bool, bool]] = []
        self.voided: list[tuple[str, int]] = []
        self.losses: list[tuple[str, int | None]] = []
        self.held = Holdings({}, set(), {}, set(), {_MARK})
        broker.serve(_MARK)
        broker.start(self)

    def groupReceived(self, group: str, verb: Verb, entry: Entry | None) -> None:
        """
        See L{INode}.
        """
        came = self.groups.setdefault(group, [])
        if entry is None:
            came.append(verb)
            self.exit(group)
        else:
            came.append(entry.message.payload)
            self.entries.setdefault(group, []).append(entry)

    def connectionReceived(self, name: str, fence: int, verb: Verb, message: Message | None) -> None:
        """
        See L{INode}.
        """
        self.sent.append((name, fence, verb, None if message is None else message.payload))

    def audienceReceived(self, audience: Audience, message: Message) -> None:
        """
        See L{INode}.
        """
        if audience == _MARK:
            self.marks += 1
        else:
            self.broadcasts.append((audience, message.payload))

    def replaced(self, name: str, fence: int) -> None:
        """
        See L{INode}.
        """
        self.voided.append((name, fence))
        if self.held.names.get(name, fence) < fence:
            del self.held.names[name]

    def claimed(self, name: str, fence: int) -> None:
        """
        See L{INode}.
        """
        self.held.names[name] = fence

    def presenceChanged(self, event: PresenceEvent) -> None:
        """
        See L{INode}.
        """
        self.events.append((event.group, event.presence.connectionId, event.isJoin, event.isHere))

    def lost(self, group: str, count: int | None) -> None:
        """
        See L{INode}.
        """
        self.losses.append((group, count))

    def holdings(self) -> Holdings:
        """
        See L{INode}.
        """
        return self.held

    # What a hub asks of its broker

    def claim(self, name: str) -> Deferred[int]:
        """
        Store a connection.
        """
        self.held.names[name] = 0

        def claimed(fence: int) -> int:
            self.held.names[name] = fence
            return fence

        return self.broker.claim(name).addCallback(claimed)

    def enter(self, group: str) -> Deferred[None]:
        """
        Have members.
        """
        self.held.groups.add(group)
        return self.broker.enter(group)

    def exit(self, group: str) -> None:
        """
        Have none any more.
        """
        self.held.groups.discard(group)
        self.broker.exit(group)

    def push(self, group: str, text: str) -> Deferred[str]:
        """
        Publish a text.
        """
        return self.broker.publish(group, Message.of(text))

    def appear(self, group: str, connectionId: str, info: object = None) -> Deferred[None]:
        """
        Somebody is in a group.
        """
        presence = Presence(connectionId, info)
        known = {each.connectionId: each for each in self.held.presences.get(group, ())}
        self.held.presences[group] = tuple({**known, connectionId: presence}.values())
        return self.broker.appear(group, presence)

    def disappear(self, group: str, connectionId: str) -> None:
        """
        And is no longer.
        """
        left = tuple(each for each in self.held.presences[group] if each.connectionId != connectionId)
        self.held.presences[group] = left
        self.broker.disappear(group, connectionId)


class BrokerContract:
    """
    The guarantees of L{balws.hub.broker}.
    """

    def makeBroker(self, nodeName: str) -> IBroker:
        """
        @param nodeName: for people.
        @return: one more broker, not started, that meets those of this test; groups of
            L{STORED} are durable.  It is stopped by the test.
        """
        raise NotImplementedError

    def die(self, broker: Any) -> Deferred[None]:
        """
        End a node without a goodbye.
        """
        raise NotImplementedError

    def until(self, condition: Callable[[], object]) -> Deferred[None]:
        """
        @return: fires when something is so.
        """
        from twisted.internet import reactor

        clock: Any = reactor

        async def wait() -> None:
            while not condition():
                await deferLater(clock, 0.005)

        def tooLate(_: object, seconds: float) -> None:
            raise AssertionError(f"still not so after {seconds:g} s")

        return Deferred.fromCoroutine(wait()).addTimeout(PATIENCE, clock, tooLate)

    @inlineCallbacks
    def settled(self, *nodes: Witness) -> Steps:
        """
        What was published before has arrived.
        """
        for node in nodes:
            others = [other for other in nodes if other is not node]
            wanted = [other.marks + 1 for other in others]
            yield node.broker.broadcast(_MARK, Message.of("mark"))
            yield self.until(lambda: all(o.marks >= w for o, w in zip(others, wanted, strict=True)))  # noqa: B023

    @inlineCallbacks
    def nodes(self, count: int) -> Generator[Deferred[Any], Any, list[Witness]]:
        """
        @return: fires with so many nodes that can reach each other.
        """
        found = []
        for number in range(count):
            broker = self.makeBroker(f"node {number}")
            verifyObject(IBroker, broker)
            found.append(Witness(broker))
            self.addCleanup(broker.stop)
        yield self.until(lambda: all(node.broker.isAvailable for node in found))
        self.assertEqual([node.broker.problem for node in found], [""] * count)
        return found

    # Names

    @inlineCallbacks
    def test_owner(self) -> Steps:
        """
        Of three nodes that store connections under one name, the last has it; the others are
        told, and its fence is the highest.
        """
        a, b, c = yield self.nodes(3)
        fences = []
        for node in (a, b, c):
            fences.append((yield node.claim("x")))
        self.assertEqual(fences, sorted(set(fences)))
        self.assertGreater(fences[0], 0)
        self.assertIsNone((yield a.broker.toConnection("x", Verb.DELIVER, Message.of("hi"))))
        self.assertEqual((yield c.broker.toConnection("x", Verb.DELIVER, Message.of("hi"))), fences[2])
        yield self.settled(a, b, c)
        self.assertEqual(c.sent, [("x", fences[2], Verb.DELIVER, b"hi")])
        self.assertEqual((a.sent, b.sent), ([], []))
        self.assertEqual((a.voided, b.voided, c.voided), ([("x", fences[1])], [("x", fences[2])], []))

    @inlineCallbacks
    def test_fence(self) -> Steps:
        """
        The end of an older claim leaves the new one alone, on the same node and on another.
        """
        a, b = yield self.nodes(2)
        old = yield a.claim("x")
        new = yield b.claim("x")
        a.broker.release("x", old)
        a.broker.release("x", new)
        newest = yield b.claim("x")
        b.broker.release("x", new)
        self.assertEqual((yield b.broker.toConnection("x", Verb.DELIVER, Message.of(""))), newest)
        b.broker.release("x", newest)
        yield self.settled(a, b)
        for node in (a, b):
            yield self.assertFailure(node.broker.toConnection("x", Verb.DELIVER, Message.of("")), NoSuchConnection)

    @inlineCallbacks
    def test_remove(self) -> Steps:
        """
        Removing and closing a stored connection from another node ends the claim at once.
        """
        a, b = yield self.nodes(2)
        for verb in (Verb.REMOVE, Verb.CLOSE):
            fence = yield a.claim("x")
            self.assertIsNone((yield b.broker.toConnection("x", verb, None)))
            yield self.assertFailure(b.broker.toConnection("x", verb, None), NoSuchConnection)
            yield self.settled(a, b)
            self.assertEqual(a.sent.pop(), ("x", fence, verb, None))
        own = yield a.claim("x")
        self.assertEqual((yield a.broker.toConnection("x", Verb.CLOSE, None)), own)
        yield self.assertFailure(a.broker.toConnection("x", Verb.CLOSE, None), NoSuchConnection)

    @inlineCallbacks
    def test_data(self) -> Steps:
        """
        Names of connections and groups are data: patterns, blanks, line ends, another's beginning.
        """
        a, b = yield self.nodes(2)
        odd = ["*", "a b", "x", "x:y", "ä\r\n", "[ab]?", "\ud800", "stored:x"]
        for name in odd:
            yield a.claim(name)
            yield a.enter(name)
        for name in odd:
            yield b.push(name, "to the group")
            yield b.broker.toConnection(name, Verb.DELIVER, Message.of("to the name"))
        yield self.settled(a, b)
        self.assertEqual(a.groups, {name: [b"to the group"] for name in odd})
        self.assertEqual([each[0] for each in a.sent], odd)

    # Plain groups

    @inlineCallbacks
    def test_group(self) -> Steps:
        """
        What one node pushes to a group reaches the others that have members in its order, once,
        and never itself (ST07, BR01).
        """
        a, b, c = yield self.nodes(3)
        yield gatherResults([a.enter("g"), b.enter("g"), c.enter("other")])
        texts = [str(number) for number in range(100)]
        done = yield gatherResults([a.push("g", text) for text in texts])
        self.assertEqual(done, [""] * 100)
        yield self.settled(a, b, c)
        self.assertEqual(b.groups, {"g": [text.encode() for text in texts]})
        self.assertEqual((a.groups, c.groups), ({}, {}))
        self.assertEqual({entry.position for entry in b.entries["g"]}, {""})
        self.assertEqual([node.losses for node in (a, b, c)], [[], [], []])
        self.assertEqual(a.broker.undelivered, 0)

    @inlineCallbacks
    def test_kinds(self) -> Steps:
        """
        Text stays text, and binary data binary, empty ones too.
        """
        a, b = yield self.nodes(2)
        yield gatherResults([a.enter("g"), a.enter(STORED[0])])
        values = ["", b"", "ä", b"\x00\xff\r\n"]
        for group in ("g", STORED[0]):
            for value in values:
                yield b.broker.publish(group, Message.of(value))
            yield self.until(lambda: len(a.entries.get(group, ())) == 4)  # noqa: B023
            found = [(entry.message.payload, entry.message.isBinary) for entry in a.entries[group]]
            self.assertEqual(found, [(b"", False), (b"", True), ("ä".encode(), False), (b"\x00\xff\r\n", True)])

    @inlineCallbacks
    def test_nobody(self) -> Steps:
        """
        A push to a group where nobody is, or nobody is any more, fails, and makes none (ST05).
        """
        a, b = yield self.nodes(2)
        for group in ("g", STORED[0]):
            yield self.assertFailure(a.push(group, "x"), NoSuchGroup)
            yield self.assertFailure(a.broker.dissolve(group, Verb.REMOVE), NoSuchGroup)
            yield self.assertFailure(a.push(group, "x"), NoSuchGroup)
        yield b.enter("g")
        yield a.push("g", "1")
        yield self.settled(a, b)
        b.exit("g")
        yield self.settled(a, b)
        yield self.assertFailure(a.push("g", "2"), NoSuchGroup)
        yield self.assertFailure(b.push("g", "2"), NoSuchGroup)
        self.assertEqual(b.groups, {"g": [b"1"]})

    @inlineCallbacks
    def test_again(self) -> Steps:
        """
        Who leaves a group and comes again gets what is pushed from then on, and misses nothing.
        """
        a, b, c = yield self.nodes(3)
        yield c.enter("g")
        for number in range(3):
            yield b.enter("g")
            yield a.push("g", f"in {number}")
            yield self.settled(a, b)
            b.exit("g")
            yield self.settled(b, a)
            yield a.push("g", "out")
        yield self.settled(a, b, c)
        self.assertEqual(b.groups, {"g": [b"in 0", b"in 1", b"in 2"]})
        self.assertEqual((b.losses, c.losses), ([], []))

    @inlineCallbacks
    def test_dissolve(self) -> Steps:
        """
        A removed group is empty on every node; it can be made anew.
        """
        a, b = yield self.nodes(2)
        for verb in (Verb.REMOVE, Verb.CLOSE):
            yield gatherResults([a.enter("g"), b.enter("g")])
            yield a.broker.dissolve("g", verb)
            a.exit("g")
            yield self.settled(a, b)
            self.assertEqual((a.groups.pop("g", []), b.groups.pop("g")), ([], [verb]))
            yield self.assertFailure(a.push("g", "x"), NoSuchGroup)
            yield self.assertFailure(a.broker.dissolve("g", verb), NoSuchGroup)
        yield b.enter("g")
        yield a.push("g", "anew")
        yield self.settled(a, b)
        self.assertEqual((b.groups, b.losses), ({"g": [b"anew"]}, []))

    # Everybody

    @inlineCallbacks
    def test_broadcast(self) -> Steps:
        """
        A broadcast reaches the other nodes that serve this path on this listener; that there
        are none is no failure (ST08).
        """
        a, b, c = yield self.nodes(3)
        chat, other = Audience(1, "/chat"), Audience(2, "/chat")
        for node, audience in ((a, chat), (b, chat), (c, other)):
            node.held.audiences.add(audience)
            node.broker.serve(audience)
        yield self.settled(a, b, c)
        yield a.broker.broadcast(chat, Message.of("all"))
        yield a.broker.broadcast(Audience(3, "/"), Message.of("none"))
        yield self.settled(a, b, c)
        self.assertEqual((a.broadcasts, b.broadcasts, c.broadcasts), ([], [(chat, b"all")], []))
        b.broker.unserve(chat)
        yield self.settled(a, b)
        yield a.broker.broadcast(chat, Message.of("again"))
        yield self.settled(a, b)
        self.assertEqual((len(b.broadcasts), b.losses), (1, []))

    # Presence

    @inlineCallbacks
    def test_presence(self) -> Steps:
        """
        Who is in a group is known on every node, oldest first; comings and goings are told to
        nodes with members and to watchers, and happen on one node.
        """
        a, b, c = yield self.nodes(3)
        yield gatherResults([a.enter("g"), b.enter("g"), c.broker.watch("g")])
        c.held.watched.add("g")
        yield a.appear("g", "1", {"name": "ä"})
        yield b.appear("g", "2", None)
        yield a.appear("g", "3", 3)
        expected = (Presence("1", {"name": "ä"}), Presence("2", None), Presence("3", 3))
        for node in (a, b, c):
            self.assertEqual((yield node.broker.presence("g")), expected)
        self.assertEqual((yield c.broker.presence("nobody")), ())
        yield a.appear("g", "1", "new")
        a.disappear("g", "3")
        self.assertEqual((yield a.broker.presence("g")), (Presence("1", "new"), expected[1]))
        yield self.settled(a, b, c)
        told = [("1", True, "a"), ("2", True, "b"), ("3", True, "a"), ("1", True, "a"), ("3", False, "a")]
        for node, name in ((a, "a"), (b, "b"), (c, "c")):
            # What a node does itself and what others do may overtake each other.
            self.assertCountEqual(node.events, [("g", who, isJoin, at == name) for who, isJoin, at in told])
        yield a.appear("g", "3", 4)
        self.assertEqual((yield b.broker.presence("g"))[-1], Presence("3", 4))
        a.disappear("g", "3")
        yield self.settled(a, b, c)
        for node in (a, b, c):
            del node.events[5:]
        c.broker.unwatch("g")
        c.held.watched.discard("g")
        yield self.settled(a, b, c)
        a.disappear("g", "1")
        b.disappear("g", "nobody")
        yield self.settled(a, b, c)
        self.assertEqual([len(node.events) for node in (a, b, c)], [6, 6, 5])
        self.assertEqual([node.losses for node in (a, b, c)], [[], [], []])

    @inlineCallbacks
    def test_watch(self) -> Steps:
        """
        Who only watches gets no messages, and is no member.
        """
        a, b = yield self.nodes(2)
        yield b.broker.watch("g")
        yield self.assertFailure(a.push("g", "x"), NoSuchGroup)
        yield a.enter("g")
        yield a.push("g", "x")
        yield self.settled(a, b)
        self.assertEqual((b.groups, b.losses), ({}, []))

    # Nodes that go

    @inlineCallbacks
    def test_death(self) -> Steps:
        """
        A node that dies is forgotten: its names, groups and presence; one of the others says
        that it happened there (BR06).
        """
        a, b, c = yield self.nodes(3)
        yield gatherResults([node.enter("g") for node in (a, b)])
        yield gatherResults([c.claim("x"), c.enter("g"), c.enter("alone")])
        yield gatherResults([c.appear("g", "gone"), a.appear("g", "here")])
        yield self.settled(a, b, c)
        yield self.die(c.broker)
        leaving = ("g", "gone", False)
        yield self.until(lambda: all(leaving in [event[:3] for event in node.events] for node in (a, b)))
        yield self.settled(a, b)
        here = [event[3] for node in (a, b) for event in node.events if event[:3] == leaving]
        self.assertEqual(sorted(here), [False, True])
        yield self.assertFailure(a.broker.toConnection("x", Verb.DELIVER, Message.of("")), NoSuchConnection)
        yield self.assertFailure(a.push("alone", "x"), NoSuchGroup)
        self.assertEqual((yield b.broker.presence("g")), (Presence("here", None),))
        yield a.push("g", "on")
        yield self.settled(a, b)
        self.assertEqual((b.groups, a.broker.undelivered), ({"g": [b"on"]}, 0))

    @inlineCallbacks
    def test_stop(self) -> Steps:
        """
        A node that stops takes its entries along at once; who asks it later fails.
        """
        a, b = yield self.nodes(2)
        yield gatherResults([a.claim("x"), a.enter("g"), a.enter(STORED[0]), b.broker.watch("g")])
        yield a.appear("g", "1")
        yield a.broker.stop()
        yield self.assertFailure(b.broker.toConnection("x", Verb.DELIVER, Message.of("")), NoSuchConnection)
        for group in ("g", STORED[0]):
            yield self.assertFailure(b.push(group, "x"), NoSuchGroup)
        self.assertEqual((yield b.broker.presence("g")), ())
        yield self.until(lambda: len(b.events) == 2)
        self.assertEqual([event[2] for event in b.events], [True, False])

    # Durable groups

    @inlineCallbacks
    def test_durable(self) -> Steps:
        """
        What is pushed to a durable group comes to every node with members, the pushing one
        included, in one order with one position each.
        """
        a, b, c = yield self.nodes(3)
        group = STORED[0]
        self.assertEqual([c.broker.isDurable(each) for each in (*STORED, "g")], [True, True, False])
        yield gatherResults([a.enter(group), b.enter(group)])
        pushes = [node.push(group, f"{name}{number}") for number in range(50) for node, name in ((a, "a"), (c, "c"))]
        positions = yield gatherResults(pushes)
        yield self.until(lambda: all(len(node.groups.get(group, ())) == 100 for node in (a, b)))
        seen = [[(entry.position, entry.message.payload) for entry in node.entries[group]] for node in (a, b)]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual([entry.number for entry in a.entries[group]], list(range(1, 101)))
        self.assertCountEqual([position for position, _ in seen[0]], positions)
        for name in (b"a", b"c"):
            own = [payload for payload in a.groups[group] if payload.startswith(name)]
            self.assertEqual(own, [b"%b%d" % (name, number) for number in range(50)])
        self.assertEqual((c.groups, a.losses, b.losses), ({}, [], []))

    @inlineCallbacks
    def test_history(self) -> Steps:
        """
        A position leads to what came after it, in pages, also when nobody is there any more.
        """
        a, b = yield self.nodes(2)
        group = STORED[0]
        yield a.enter(group)
        start = yield b.broker.history(group, "")
        self.assertEqual(start[0], ())
        pushed = yield gatherResults([a.push(group, str(number)) for number in range(300)])
        yield self.until(lambda: len(a.groups.get(group, ())) == 300)
        a.exit(group)
        found: list[Entry] = []
        position = start[1]
        while True:
            page, position = yield b.broker.history(group, position)
            if not page:
                break
            self.assertLess(len(page), 300)
            self.assertEqual(page[-1].position, position)
            found += page
        self.assertEqual([entry.message.payload for entry in found], [b"%d" % number for number in range(300)])
        self.assertEqual([entry.position for entry in found], pushed)
        self.assertEqual((yield b.broker.history(group, "")), ((), pushed[-1]))
        rest, _ = yield b.broker.history(group, pushed[297])
        self.assertEqual([entry.message.payload for entry in rest], [b"298", b"299"])
        yield b.push(group, "nobody is in it, but it is kept")
        yield a.enter(group)
        yield self.settled(a, b)
        yield b.push(group, "late")
        yield self.until(lambda: b"late" in a.groups[group])
        self.assertEqual(a.groups[group][-2:], [b"299", b"late"])

    @inlineCallbacks
    def test_noHistory(self) -> Steps:
        """
        A position that is none, of another life of the group, of the future, or of a plain
        group is answered with L{HistoryLostError}.
        """
        (a,) = yield self.nodes(1)
        group = STORED[0]
        yield gatherResults([a.enter(group), a.enter("g")])
        old = yield a.push(group, "old")
        yield a.broker.dissolve(group, Verb.REMOVE)
        yield self.until(lambda: Verb.REMOVE in a.groups.get(group, ()))
        yield a.enter(group)
        new = yield a.push(group, "new")
        future = new.rpartition(".")[0] + ".99"
        for position in ("x", "1", "." + new, new + "x", old, future, "0.0", "\ud800"):
            yield self.assertFailure(a.broker.history(group, position), HistoryLostError)
        for position in ("", new):
            yield self.assertFailure(a.broker.history("g", position), HistoryLostError)

    @inlineCallbacks
    def test_dissolveDurable(self) -> Steps:
        """
        A durable group that is removed is so everywhere, the removing node included, behind
        what was pushed before; it can be made anew.
        """
        a, b = yield self.nodes(2)
        group = STORED[1]
        for verb in (Verb.REMOVE, Verb.CLOSE):
            yield gatherResults([a.enter(group), b.enter(group)])
            yield a.push(group, "last")
            yield a.broker.dissolve(group, verb)
            yield self.until(lambda: all(verb in node.groups.get(group, ()) for node in (a, b)))  # noqa: B023
            self.assertEqual([node.groups.pop(group) for node in (a, b)], [[b"last", verb]] * 2)
            yield self.settled(a, b)
            yield self.assertFailure(b.push(group, "x"), NoSuchGroup)
        self.assertEqual((a.losses, b.losses), ([], []))

    # Every answer

    @inlineCallbacks
    def test_stopped(self) -> Steps:
        """
        Whatever needs the others fails at once when the broker has stopped, and raises nothing.
        """
        (a,) = yield self.nodes(1)
        yield a.broker.stop()
        message = Message.of("x")
        asked: list[Deferred[Any]] = [
            a.broker.claim("x"),
            a.broker.toConnection("x", Verb.DELIVER, message),
            a.broker.enter("g"),
            a.broker.publish("g", message),
            a.broker.publish(STORED[0], message),
            a.broker.dissolve("g", Verb.REMOVE),
            a.broker.dissolve(STORED[0], Verb.REMOVE),
            a.broker.history(STORED[0], ""),
            a.broker.broadcast(_MARK, message),
            a.broker.appear("g", Presence("1", None)),
            a.broker.presence("g"),
            a.broker.watch("g"),
        ]
        self.assertFalse(a.broker.isAvailable)
        self.assertNotEqual(a.broker.problem, "")
        for each in asked:
            yield self.assertFailure(each, HubError)
        for quiet in (a.broker.exit, a.broker.unwatch):
            quiet("g")
        a.broker.release("x", 1)
        a.broker.disappear("g", "1")
        a.broker.unserve(_MARK)
