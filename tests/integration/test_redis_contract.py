"""
The contract of brokers over a real Redis.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks

from balws.config.hub import HubConfiguration
from balws.hub.broker import IBroker
from balws.hub.redis.broker import redisBroker
from tests.hub.contract import STORED, BrokerContract, Steps
from tests.integration.redisserver import RedisCase


class RedisContract(BrokerContract, RedisCase):
    """
    Nodes over one Redis.
    """

    timeout = 60

    @inlineCallbacks
    def setUp(self) -> Steps:
        """
        A Redis for each test.
        """
        self.server = yield self.begin()

    def makeBroker(self, nodeName: str, **options: Any) -> IBroker:
        """
        See L{BrokerContract}.
        """
        from twisted.internet import reactor

        options.setdefault("heartbeat", 0.6)
        return redisBroker(HubConfiguration(url=self.server.url, durable=STORED, **options), reactor)

    def die(self, broker: Any) -> Deferred[Any]:
        """
        See L{BrokerContract}.
        """
        broker._lease.pause()
        return gatherResults([broker._ear.stop(), broker._link.stop()])
