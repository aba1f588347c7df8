"""
Three hubs that act as one, and everything that may happen to them, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import Deferred

from balws.errors import HubUnavailableError
from balws.hub.broker import Audience, PresenceEvent
from balws.hub.hub import Hub
from tests.hub.members import Member
from tests.hub.model import Model, ModelNode, ModelWatcher

__all__ = ["CHAT", "GROUPS", "NAMES", "NODES", "Machine", "steady"]

CHAT = Audience(1, "/chat")
NAMES = ("a", "* b\n")
GROUPS = ("g", "[gk]*:\0", "kept")

NODES = st.integers(0, 2)
MEMBERS = st.integers(0, 7)
_names = st.sampled_from(NAMES)
_groups = st.sampled_from(GROUPS)


def steady(examples: int, steps: int) -> settings:
    """
    @return: the same runs each time, without files and without a clock.
    """
    return settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )


class Machine(RuleBasedStateMachine):
    """
    Does the same to hubs and to a L{Model} of them, and compares.  A subclass says what the
    hubs are, and how something is waited for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(3)
        self.hubs = self.makeHubs(3)
        self.watching: list[tuple[ModelNode, ModelWatcher, list[PresenceEvent], Callable[[], None]]] = []
        self.positions = ["", "nonsense"]
        self.texts = map(str, count(1))

    # For subclasses

    def makeHubs(self, size: int) -> list[Hub]:
        """
        @return: hubs that are started, serve L{CHAT}, and can reach each other.
        """
        raise NotImplementedError

    def ask(self, call: Callable[[], Deferred[Any]]) -> Any:
        """
        @return: what came of it: a result, or an exception.
        """
        raise NotImplementedError

    def do(self, call: Callable[[], object]) -> None:
        """
        Do what gives no answer.
        """
        raise NotImplementedError

    def compare(self, differences: Callable[[], str]) -> None:
        """
        @param differences: tells what is not as it must be; empty where nothing is.
        @raise AssertionError: where it is not empty in time.
        """
        raise NotImplementedError

    # What happens

    @property
    def pairs(self) -> list[tuple[Hub, ModelNode, Member]]:
        """
        All connections, with their nodes.
        """
        nodes = zip(self.hubs, self.model.nodes, strict=True)
        return [(hub, node, member) for hub, node in nodes for member in node.members]

    def pick(self, index: int) -> tuple[Hub, ModelNode, Member]:
        """
        @return: one of all connections.
        """
        pairs = self.pairs
        return pairs[index % len(pairs)]

    def outcome(self, call: Callable[[], Deferred[Any]], expected: Callable[[Any], Any]) -> None:
        """
        Do something that may fail.

        @param expected: of the result, how it must fail, or L{None}.
        """
        found = self.ask(call)
        problem = expected(found)
        kind = type(found) if isinstance(found, Exception) else None
        assert kind is problem, f"{found!r}, not {problem}"

    @initialize()
    def begin(self) -> None:
        """
        A connection on each node.
        """
        for node in range(3):
            self.open(node)

    @precondition(lambda self: len(self.pairs) < 7)
    @rule(node=NODES)
    def open(self, node: int) -> None:
        """
        One more connection.
        """
        member = Member(name=f"m{len(self.model.expected)}")
        self.do(lambda: self.hubs[node].join(CHAT, member))
        self.model.join(self.model.nodes[node], member)

    @precondition(lambda self: len(self.pairs) > 3)
    @rule(index=MEMBERS)
    def end(self, index: int) -> None:
        """
        A connection ends.
        """
        hub, node, member = self.pick(index)
        self.do(lambda: hub.leave(CHAT, member))
        self.model.end(node, member)

    @rule(index=MEMBERS, name=_names)
    def store(self, index: int, name: str) -> None:
        """
        It is stored under a name.
        """
        hub, node, member = self.pick(index)
        self.outcome(lambda: hub.storeConnection(member, name), lambda _: self.model.store(node, member, name))

    @rule(node=NODES, name=_names)
    def pushToName(self, node: int, name: str) -> None:
        """
        A text is sent to a name.
        """
        text = next(self.texts)
        self.outcome(
            lambda: self.hubs[node].pushTextToConnection(name, text),
            lambda _: self.model.toName(self.model.nodes[node], name, text),
        )

    @rule(node=NODES, name=_names, closes=st.booleans())
    def takeName(self, node: int, name: str, closes: bool) -> None:
        """
        A name is removed, or its connection closed.
        """
        hub = self.hubs[node]
        self.outcome(
            lambda: (hub.closeStoredConnection if closes else hub.removeStoredConnection)(name),
            lambda _: self.model.toName(self.model.nodes[node], name, None, closes),
        )

    @rule(index=MEMBERS, group=_groups, isPresent=st.booleans())
    def add(self, index: int, group: str, isPresent: bool) -> None:
        """
        A connection comes into a group, perhaps with a presence.
        """
        hub, node, member = self.pick(index)
        presence = member.presence if isPresent else None
        self.outcome(
            lambda: hub.addConnectionToGroup(member, group, presence),
            lambda _: self.model.add(node, member, group, isPresent),
        )

    @rule(index=MEMBERS, group=st.sampled_from((*GROUPS, "kept", "kept")), isPresent=st.booleans(), at=MEMBERS)
    def follow(self, index: int, group: str, isPresent: bool, at: int) -> None:
        """
        It comes with a position of any time.
        """
        self.followSince(index, group, isPresent, self.positions[-1 - at % len(self.positions)] if at else "")

    @rule(index=MEMBERS, node=NODES, pushes=st.integers(0, 3))
    def comeBack(self, index: int, node: int, pushes: int) -> None:
        """
        One that follows leaves, and comes back for what it has missed.
        """
        self.followSince(index, "kept", False, "")
        since = self.positions[-1]
        self.remove(index, "kept")
        for _ in range(pushes):
            self.push(node, "kept")
        self.followSince(index, "kept", True, since)

    def followSince(self, index: int, group: str, isPresent: bool, since: str) -> None:
        """
        Add a connection to a group with a position.
        """
        hub, node, member = self.pick(index)
        presence = member.presence if isPresent else None
        self.outcome(
            lambda: hub.addConnectionToGroup(member, group, presence, since),
            lambda found: self.model.follow(node, member, group, isPresent, since, self.said(found)),
        )

    @rule(index=MEMBERS, group=_groups)
    def remove(self, index: int, group: str) -> None:
        """
        It leaves a group.
        """
        hub, node, member = self.pick(index)
        self.outcome(
            lambda: hub.removeConnectionFromGroup(member, group), lambda _: self.model.leave(node, group, member)
        )

    @rule(node=NODES, group=_groups)
    def push(self, node: int, group: str) -> None:
        """
        A text is sent to a group.
        """
        text = next(self.texts)
        self.outcome(
            lambda: self.hubs[node].pushTextToGroup(group, text),
            lambda found: self.model.push(self.model.nodes[node], group, text, self.said(found)),
        )

    def said(self, found: Any) -> str:
        """
        @return: a position, kept for later; empty where it is none.
        """
        if not isinstance(found, str):
            return ""
        self.positions.append(found)
        return found

    @rule(node=NODES, group=_groups, closes=st.booleans())
    def dissolve(self, node: int, group: str, closes: bool) -> None:
        """
        A group is removed, or closed.
        """
        hub = self.hubs[node]
        self.outcome(
            lambda: (hub.closeConnectionGroup if closes else hub.removeConnectionGroup)(group),
            lambda _: self.model.dissolve(self.model.nodes[node], group, closes),
        )

    @rule(node=NODES)
    def broadcast(self, node: int) -> None:
        """
        A text is sent to everybody.
        """
        text = next(self.texts)
        self.outcome(
            lambda: self.hubs[node].broadcastText("/chat", text),
            lambda _: self.model.broadcast(self.model.nodes[node], text),
        )

    @rule(node=NODES, group=_groups)
    def watch(self, node: int, group: str) -> None:
        """
        Somebody watches a group.
        """
        told: list[PresenceEvent] = []
        end = self.ask(lambda: self.hubs[node].watchGroup(group, told.append))
        watcher = ModelWatcher(group)
        self.model.nodes[node].watchers.append(watcher)
        self.watching.append((self.model.nodes[node], watcher, told, end))

    @precondition(lambda self: self.watching)
    @rule(index=MEMBERS)
    def unwatch(self, index: int) -> None:
        """
        And no longer.
        """
        node, watcher, _, end = self.watching.pop(index % len(self.watching))
        self.do(end)
        self.do(end)  # once more changes nothing
        node.watchers.remove(watcher)

    # What must be so

    @invariant()
    def same(self) -> None:
        """
        Everybody got what he must have got, and all nodes know the same.
        """
        self.compare(self.differences)
        for hub, node in zip(self.hubs, self.model.nodes, strict=True):
            for group in GROUPS:
                found = self.ask(lambda: hub.presenceOf(group))  # noqa: B023
                if node.isUp:
                    assert [each.connectionId for each in found] == list(self.model.present.get(group, ())), found
                else:
                    assert isinstance(found, HubUnavailableError), found

    def differences(self) -> str:
        """
        @return: what is not as it must be.
        """
        found: list[str] = []

        def check(what: str, is_: Any, should: Any) -> None:
            if is_ != should:
                found.append(f"{what}: {is_}, not {should}")

        for member, expected in self.model.expected.items():
            who = member.presence.connectionId
            check(f"{who} got", member.texts, expected)
            check(f"{who} was closed", member.dismissed, self.model.dismissed[member])
        for number, (hub, node) in enumerate(zip(self.hubs, self.model.nodes, strict=True)):
            check(f"{number} is cut off", hub.isDegraded, not node.isUp)
            store, groups = hub.node.store, {group.name: group for group in hub.node.groups}
            names = {name: None if (at := store.get(name)) is None else at.member for name in store.fences()}
            check(f"names of {number}", names, {name: member for name, (member, _) in node.names.items()})
            members = {name: {*group.members, *group.followers} for name, group in groups.items()}
            check(f"groups of {number}", members, {name: set(each) for name, each in node.groups.items()})
        for _, watcher, told, _ in self.watching:
            events: list[tuple[str, bool, bool | None]]
            events = [(each.presence.connectionId, each.isJoin, each.isHere) for each in told]
            for at, (_, _, isHere) in enumerate(watcher.told[: len(events)]):
                events[at] = (*events[at][:2], None if isHere is None else events[at][2])
            check(f"a watcher of {watcher.group!r} was told", events, watcher.told)
        return "\n".join(found)

    def endAll(self) -> None:
        """
        Everything ends: nothing is kept on any node.
        """
        while self.watching:
            self.unwatch(0)
        while self.pairs:
            self.end(0)
        self.dissolve(0, "kept", False)
        self.same()
        for hub in self.hubs:
            node = hub.node
            left = [
                *node.store._stored, *node.store._names, *node.groups, *node.groups._of, *node.watchers,
                *node.membership._inside, *node.membership._entering, *node.membership._left, *node._audiences,
            ]  # fmt: skip
            assert not left, left
