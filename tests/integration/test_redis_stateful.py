"""
Whatever happens to three hubs over a real Redis, which may be killed, and may lose its clients.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from time import monotonic, sleep
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.threads import blockingCallFromThread, deferToThread

from balws.config.hub import HubConfiguration
from balws.hub.hub import Hub
from balws.hub.redis.broker import redisBroker
from tests.hub.contract import Steps
from tests.hub.machine import CHAT, GROUPS, NODES, Machine, steady
from tests.hub.model import DURABLE
from tests.integration.redisserver import RedisCase, RedisServer
from tests.waiting import PATIENCE

#: What may lie in Redis when everything has ended: nodes, counters, and where durable groups are.
_LASTING = ("node:", "nodes", "inbox:", "fence", "order", "meta:", "sent:")


class RedisMachine(Machine):
    """
    Hubs over Redis.  It runs in a thread, and what it does to them in the reactor's.

    @cvar reactor: theirs.
    @cvar server: the Redis.
    """

    reactor: Any
    server: RedisServer
    _runs = count(1)

    def makeHubs(self, size: int) -> list[Hub]:
        """
        See L{Machine}.
        """
        self.prefix = f"run{next(self._runs)}"
        # Beats so seldom that none is missed: a node that is taken for dead is another test's matter.
        config = HubConfiguration(
            url=self.server.url, prefix=self.prefix, durable=tuple(DURABLE), heartbeat=60, timeout=PATIENCE
        )

        def make() -> list[Hub]:
            self.brokers: list[Any] = [redisBroker(config, self.reactor) for _ in range(size)]
            hubs = [Hub(config, broker) for broker in self.brokers]
            for hub in hubs:
                hub.start()
                hub.serve(CHAT)
            return hubs

        hubs: list[Hub] = blockingCallFromThread(self.reactor, make)
        self.until(lambda: "" if not any(hub.isDegraded for hub in hubs) else "not connected")
        return hubs

    def ask(self, call: Callable[[], Deferred[Any]]) -> Any:
        """
        See L{Machine}.
        """
        try:
            return blockingCallFromThread(self.reactor, lambda: call().addTimeout(PATIENCE, self.reactor))
        except Exception as problem:
            return problem

    def do(self, call: Callable[[], object]) -> None:
        """
        See L{Machine}.
        """
        blockingCallFromThread(self.reactor, call)

    def until(self, differences: Callable[[], str]) -> None:
        """
        Wait until nothing is different.

        @raise AssertionError: when that takes too long.
        """
        deadline = monotonic() + PATIENCE
        while (found := blockingCallFromThread(self.reactor, differences)) and monotonic() < deadline:
            sleep(0.001)
        assert not found, found

    def compare(self, differences: Callable[[], str]) -> None:
        """
        See L{Machine}; afterwards Redis has done all that it was asked until then.
        """
        self.until(differences)
        self.ask(lambda: gatherResults([hub.presenceOf("g") for hub in self.hubs]))
        self.until(differences)

    @rule(node=NODES)
    def restart(self, node: int) -> None:
        """
        Redis is killed and started again, and what is pushed to a durable group meanwhile is there.
        """
        text = next(self.texts)
        before = self._lines()
        blockingCallFromThread(self.reactor, self.server.kill)
        self.until(lambda: "" if all(hub.isDegraded for hub in self.hubs) else "nobody has noticed it")
        pushed: list[Deferred[Any]] = []
        self.do(lambda: pushed.append(self.hubs[node].pushTextToGroup("kept", text)))
        blockingCallFromThread(self.reactor, self.server.start)
        self._again(before)
        self.outcome(
            lambda: pushed[0],
            lambda found: self.model.push(self.model.nodes[node], "kept", text, self.said(found)),
        )

    @rule(kind=st.sampled_from(("normal", "pubsub")))
    def disconnect(self, kind: str) -> None:
        """
        Redis ends its clients' connections.
        """
        before = self._lines()[kind == "pubsub" :: 2]
        blockingCallFromThread(self.reactor, self.server.ask, "CLIENT", "KILL", "TYPE", kind)
        self.until(lambda: "they are there still" if any(each in self._lines() for each in before) else "")
        self._again(before)

    def _lines(self) -> list[Any]:
        """
        @return: of each node what asks and what listens.
        """
        return [each._line.current for broker in self.brokers for each in (broker._link, broker._ear)]

    def _again(self, before: list[Any]) -> None:
        """
        Wait until all are connected with other connections than before.
        """

        def problem() -> str:
            return "" if not any(hub.isDegraded for hub in self.hubs) else "not connected again"

        self.until(lambda: "old connections" if any(each in self._lines() for each in before) else problem())

    def teardown(self) -> None:
        """
        The end of a run.
        """
        try:
            self.endAll()
            self._checkLeft()
        finally:
            self.ask(lambda: gatherResults([hub.stop() for hub in self.hubs]))

    def _checkLeft(self) -> None:
        found: str = blockingCallFromThread(self.reactor, self.server.ask, "KEYS", f"{self.prefix}:*")
        keys = [key.removeprefix(f"{self.prefix}:") for key in found.split("\n") if key]
        left = [key for key in keys if not key.startswith(_LASTING)]
        assert not left, left
        for broker in self.brokers:
            station = broker._station
            kept = [channel for channel in map(station.keys.group, GROUPS) if channel in station.channels]
            held = [broker._presences._known, broker._groups._inside, broker._groups._watched, broker._groups._readers]
            assert not kept and not any(held), (kept, held)
            assert (station.undelivered, station.strange) == (0, 0), (station.undelivered, station.strange)


class StatefulTests(RedisCase):
    """
    Redis and three hubs.
    """

    timeout = 120

    @inlineCallbacks
    def test_anything(self) -> Steps:
        """
        In whatever order connections are stored, replaced, put into groups, pushed to and ended,
        and Redis killed and started again: each gets what it must, in order and once, all nodes
        know the same, and at the end nothing is kept (ST03, BR03).
        """
        from twisted.internet import reactor

        RedisMachine.reactor = reactor
        RedisMachine.server = yield self.begin(durable=True)
        runs: Any = RedisMachine.TestCase
        runs.settings = steady(10, 25)
        yield deferToThread(runs("runTest").runTest)
