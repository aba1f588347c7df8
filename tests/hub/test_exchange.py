"""
Tests of L{balws.hub.exchange}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase

from balws.hub.broker import IBroker
from balws.hub.exchange import Exchange
from tests.hub.contract import STORED, BrokerContract


class ExchangeContract(BrokerContract, TestCase):
    """
    Nodes in one process.
    """

    def setUp(self) -> None:
        """
        A meeting place for each test.
        """
        self.exchange = Exchange(frozenset(STORED))

    def makeBroker(self, nodeName: str) -> IBroker:
        """
        See L{BrokerContract}.
        """
        return self.exchange.broker()

    def die(self, broker: Any) -> Deferred[None]:
        """
        See L{BrokerContract}.
        """
        broker.cut()
        return succeed(None)
