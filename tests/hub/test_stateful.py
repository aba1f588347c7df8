"""
Whatever happens to three hubs over the exchange, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis.stateful import precondition, rule
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.config.hub import HubConfiguration
from balws.hub.exchange import Exchange
from balws.hub.hub import Hub
from tests.hub.machine import CHAT, GROUPS, NODES, Machine, steady
from tests.hub.model import DURABLE


class ExchangeMachine(Machine):
    """
    Hubs of one process, of which some may be cut off.
    """

    def makeHubs(self, size: int) -> list[Hub]:
        """
        See L{Machine}.
        """
        self.exchange = Exchange(DURABLE)
        self.brokers = [self.exchange.broker() for _ in range(size)]
        hubs = [Hub(HubConfiguration(), broker) for broker in self.brokers]
        for hub in hubs:
            hub.start()
            hub.serve(CHAT)
        return hubs

    def ask(self, call: Callable[[], Deferred[Any]]) -> Any:
        """
        See L{Machine}.
        """
        found: list[Any] = []
        call().addCallbacks(found.append, lambda failure: found.append(failure.value))
        assert len(found) == 1, "it has to be done at once"
        return found[0]

    def do(self, call: Callable[[], object]) -> None:
        """
        See L{Machine}.
        """
        call()

    def compare(self, differences: Callable[[], str]) -> None:
        """
        See L{Machine}; and what the exchange knows.
        """
        assert not differences(), differences()
        owners = {name: (self.brokers.index(broker)) for name, (broker, _) in self.exchange.owners.items()}
        assert owners == {name: self.model.nodes.index(node) for name, (node, _) in self.model.owners.items()}, owners
        for group in GROUPS:
            inside = {self.brokers.index(broker) for broker in self.exchange.groups.get(group, ())}
            nodes = enumerate(self.model.nodes)
            assert inside == {number for number, node in nodes if node.isUp and group in node.groups}, (group, inside)

    @precondition(lambda self: sum(node.isUp for node in self.model.nodes) > 1)
    @rule(node=NODES)
    def cut(self, node: int) -> None:
        """
        A node is cut off.
        """
        if self.model.nodes[node].isUp:
            self.brokers[node].cut()
            self.model.cut(self.model.nodes[node])

    @precondition(lambda self: not all(node.isUp for node in self.model.nodes))
    @rule(node=NODES)
    def mend(self, node: int) -> None:
        """
        It is back.
        """
        if not self.model.nodes[node].isUp:
            self.brokers[node].mend()
            self.model.mend(self.model.nodes[node])

    def teardown(self) -> None:
        """
        The end of a run.
        """
        for node in range(3):
            self.mend(node)
        self.endAll()
        exchange = self.exchange
        left = (exchange.owners, exchange.groups, exchange.present)
        assert left == ({}, {}, {}), left
        assert [broker.watched for broker in self.brokers] == [set()] * 3


_Runs: Any = ExchangeMachine.TestCase
_Runs.settings = steady(60, 50)


class StatefulTests(SynchronousTestCase):
    """
    The exchange and three hubs.
    """

    def test_anything(self) -> None:
        """
        In whatever order connections are stored, replaced, put into groups, pushed to and ended,
        and nodes cut off and mended: each gets what it must, in order and once, all nodes know the
        same, and at the end nothing is kept (ST03).
        """
        _Runs("runTest").runTest()
