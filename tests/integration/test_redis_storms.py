"""
Much at once at three hubs over a real Redis, nothing waited for: what they know comes to be the same.
"""

from __future__ import annotations

from itertools import count
from random import Random
from time import monotonic
from typing import Any

from twisted.internet.defer import DeferredList, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater

from balws.config.hub import HubConfiguration
from balws.errors import HubError, NoSuchConnection, NoSuchGroup
from balws.hub.hub import Hub
from balws.hub.redis.broker import redisBroker
from tests.hub.contract import Steps
from tests.hub.machine import CHAT, GROUPS, NAMES
from tests.hub.members import Member
from tests.hub.model import DURABLE
from tests.integration.redisserver import RedisCase
from tests.waiting import PATIENCE


class StormTests(RedisCase):
    """
    Three hubs.
    """

    timeout = 120

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        They share a Redis.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.server = yield self.begin()
        config = HubConfiguration(url=self.server.url, durable=tuple(DURABLE), heartbeat=60, timeout=PATIENCE)
        self.brokers: list[Any] = [redisBroker(config, reactor) for _ in range(3)]
        self.hubs = [Hub(config, broker) for broker in self.brokers]
        self.members: list[tuple[Hub, Member]] = []
        self.numbers = count(1)
        for hub in self.hubs:
            hub.start()
            hub.serve(CHAT)
            self.addCleanup(hub.stop)

    def act(self, random: Random) -> Any:
        """
        @return: a Deferred of something, or L{None}.
        """
        if len(self.members) < 4 or random.random() < 0.1:
            hub, member = random.choice(self.hubs), Member(name=f"m{next(self.numbers)}")
            hub.join(CHAT, member)
            self.members.append((hub, member))
        at = random.randrange(len(self.members))
        hub, member = self.members[at]
        group, name = random.choice(GROUPS), random.choice(NAMES)
        match random.randrange(12):
            case 0 | 1:
                return hub.storeConnection(member, name)
            case 2:
                return random.choice(self.hubs).removeStoredConnection(name)
            case 3 | 4:
                return hub.addConnectionToGroup(member, group)
            case 5 | 6:
                return hub.addConnectionToGroup(member, group, member.presence)
            case 7:
                return hub.addConnectionToGroup(member, "kept", since="")
            case 8:
                return hub.removeConnectionFromGroup(member, group)
            case 9:
                return random.choice(self.hubs).removeConnectionGroup(group)
            case 10:
                return random.choice(self.hubs).pushTextToGroup(group, "x")
        hub.leave(CHAT, member)
        del self.members[at]
        return None

    async def differences(self) -> str:
        """
        @return: in what the hubs differ; empty where they know the same.
        """
        if any(hub.isDegraded for hub in self.hubs):
            return "not connected"
        for group in GROUPS:
            found = await gatherResults([hub.presenceOf(group) for hub in self.hubs])
            local = [each for hub in self.hubs if (at := hub.node.groups.get(group)) for each in at.presences.values()]
            wanted = {each.connectionId for each in local}
            for each in found:
                if {presence.connectionId for presence in each} != wanted:
                    return f"present in {group!r}: {each}, not {wanted}"
            inside = [at for hub in self.hubs if (at := hub.node.groups.get(group))]
            members = [member for each in inside for member in (*each.members, *each.followers)]
            problem = await self._reached(group, members)
            if problem:
                return problem
        for name in NAMES:
            owners = [at.member for hub in self.hubs if (at := hub.node.store.get(name))]
            problem = await self._reached(name, owners, isName=True) if len(owners) < 2 else f"{name!r} has {owners}"
            if problem:
                return problem
        return ""

    async def _reached(self, to: str, members: list[Any], isName: bool = False) -> str:
        """
        @return: who did not get what each hub sends, once and in its order.
        """
        for hub in self.hubs:
            text = f"to {to} {next(self.numbers)}"
            try:
                await (hub.pushTextToConnection if isName else hub.pushTextToGroup)(to, text)
            except (NoSuchConnection, NoSuchGroup):
                if members:
                    return f"{to!r} is not known"
            deadline = monotonic() + 1
            while monotonic() < deadline and not all(self._count(member, text) for member in members):
                await deferLater(self.reactor, 0.002)
            got = [member for _, member in self.members if self._count(member, text)]
            if {id(each) for each in got} != {id(each) for each in members}:
                return f"{to!r}: {len(got)} got it, not {len(members)}"
            if any(self._count(member, text) > 1 for member in got):
                return f"{to!r}: somebody got it twice"
        return ""

    def _count(self, member: Member, text: str) -> int:
        return sum(each.endswith((text, f'"text":"{text}"}}')) for each in member.texts[-12:])

    @inlineCallbacks
    def alike(self, where: str) -> Steps:
        """
        Wait until nothing differs.
        """
        from twisted.internet.defer import Deferred

        deadline = monotonic() + PATIENCE
        found = "not looked"
        while found and monotonic() < deadline:
            yield deferLater(self.reactor, 0.01)
            try:
                found = yield Deferred.fromCoroutine(self.differences())
            except HubError as problem:
                found = repr(problem)
        self.assertEqual(found, "", where)

    @inlineCallbacks
    def storms(self, seeds: range, drops: bool = False, kills: bool = False) -> Steps:
        """
        One after another, and then the end of all.

        @param drops: whether connections to Redis are lost.
        @param kills: whether Redis is killed once in each, with all that it has.
        """
        for seed in seeds:
            random = Random(seed)
            started = []
            killed = random.randrange(20, 50) if kills else -1
            for step in range(60):
                if step == killed:
                    yield self.server.kill()
                    started += [self.act(random) for _ in range(random.randrange(6))]
                    yield self.server.start()
                if drops and random.random() < 0.05:
                    broker = random.choice(self.brokers)
                    random.choice((broker._link, broker._ear)).drop("a test")
                started.append(self.act(random))
                if random.random() < 0.2:
                    yield deferLater(self.reactor, 0)
            yield DeferredList([each for each in started if each is not None], consumeErrors=True)
            yield self.alike(f"storm {seed}")
        while self.members:
            hub, member = self.members.pop()
            hub.leave(CHAT, member)
        yield self.alike("the end")
        deadline, left = monotonic() + PATIENCE, ["not looked"]
        while left and monotonic() < deadline:
            yield deferLater(self.reactor, 0.01)
            found = yield self.server.ask("KEYS", "*")
            left = [key for key in found.split("\n") if ":name" in key or ":group" in key or ":presence" in key]
        self.assertEqual(left, [])

    def test_storms(self) -> Any:
        """
        Whatever overtakes whatever, each name has one owner at last, and each group the same members
        and presences for all nodes (ST05).
        """
        return self.storms(range(8))

    def test_drops(self) -> Any:
        """
        So it is where connections to Redis are lost in between.
        """
        return self.storms(range(102, 106), drops=True)

    def test_kills(self) -> Any:
        """
        So it is where Redis ends, and begins with nothing.
        """
        return self.storms(range(3), kills=True)
