"""
Tests of L{balws.hub.redis.broker}.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.config.hub import HubConfiguration
from balws.errors import ConfigurationError, HubUnavailableError
from balws.hub.broker import IBroker
from balws.hub.message import Message
from balws.hub.redis.broker import redisBroker
from balws.hub.redis.envelope import Envelope, Kind
from balws.hub.redis.scripts import ENTER, REAP
from balws.hub.redis.streams import PUSH
from tests.hub.redis.stationed import OTHER, Brokered


class BrokerTests(Brokered, SynchronousTestCase):
    """
    The life of a broker.
    """

    def test_interface(self) -> None:
        """
        It is a broker, and says why it is not available before it has begun.
        """
        verifyObject(IBroker, self.broker)
        self.assertEqual(self.broker.problem, "Redis at there:1: it was not tried yet")
        self.assertFalse(self.broker.isAvailable)
        self.assertEqual((self.link.calls, self.ear.calls), (["start"], ["start"]))
        self.assertEqual([self.broker.isDurable(group) for group in ("s", "g")], [True, False])

    def test_deaf(self) -> None:
        """
        What does not hear its own beats listens anew; own beats are no other's.
        """
        self.up(self.link, self.ear)
        self.beat()
        own = next(iter(self.ear.channels))
        for _ in range(3):
            self.clock.advance(5)
            self.beat(b"1")
        sender = bytes.fromhex(own[-32:].decode())
        self.broker.messageReceived(own, Envelope(Kind.BEAT, sender, 0, b"").data())
        for _ in range(4):
            self.clock.advance(5)
            self.beat(b"1")
            self.broker.messageReceived(own, Envelope(Kind.BEAT, OTHER, 0, b"").data())
        self.assertEqual(self.ear.calls, ["start"])
        self.clock.advance(5)
        self.assertEqual(self.ear.calls, ["start", "what was published did not come back"])

    def test_raises(self) -> None:
        """
        A hub that fails is logged, and the connection goes on.
        """
        self.up(self.link, self.ear)
        self.beat()
        entered = self.broker.enter("g")
        self.link.answer(ENTER, 1)
        self.successResultOf(entered)
        self.patch(self.node, "groupReceived", lambda *args: 1 / 0)
        self.broker.messageReceived(b"balws:in:g", Envelope(Kind.TEXT, OTHER, 1, b"").data())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_stop(self) -> None:
        """
        It takes its entries back, ends both connections, and leaves no timer; what waits fails.
        """
        self.up(self.link, self.ear)
        self.beat()
        pushed = self.broker.publish("s", Message.of("x"))
        self.link.asked.clear()
        stopped = self.broker.stop()
        self.failureResultOf(pushed, HubUnavailableError)
        self.failureResultOf(self.broker.publish("s", Message.of("x")), HubUnavailableError)
        self.failureResultOf(self.broker.claim("x"), HubUnavailableError)
        self.link.answer(REAP, [0, b"g", b'["1", null]'])
        self.link.answer(REAP, [1])
        self.successResultOf(stopped)
        self.assertEqual(self.node.take(), [("g", "1", False, True)])
        self.assertEqual((self.link.calls[-1], self.ear.calls[-1]), ("stop", "stop"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.up(self.link, self.ear)
        self.assertFalse(self.broker.isAvailable)

    def test_stopInTime(self) -> None:
        """
        A Redis that does not answer holds nobody up.
        """
        self.up(self.link, self.ear)
        self.beat()
        stopped = self.broker.stop()
        self.assertNoResult(stopped)
        self.clock.advance(3)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopAway(self) -> None:
        """
        Nor does one that is away.
        """
        pushed = self.broker.publish("s", Message.of("x"))
        self.successResultOf(self.broker.stop())
        self.failureResultOf(pushed, HubUnavailableError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_queue(self) -> None:
        """
        Durable pushes that waited are sent as soon as it is available, and not before.
        """
        pushed = self.broker.publish("s", Message.of("x"))
        self.up(self.link, self.ear)
        self.beat()
        self.link.answer(PUSH, [1, b"e" * 16])
        self.assertEqual(self.successResultOf(pushed), "e" * 16 + ".1")
        self.successResultOf(self.stopped())

    def stopped(self) -> Deferred[None]:
        """
        Stop, and let Redis answer.
        """
        stopped = self.broker.stop()
        self.link.answer(REAP, [1])
        return stopped


class FactoryTests(SynchronousTestCase):
    """
    How a hub gets one.
    """

    def test_made(self) -> None:
        """
        A broker with its two connections, which are not begun.
        """
        clock = Clock()
        found: Any = redisBroker(HubConfiguration(url="redis://127.0.0.1"), clock)
        self.assertEqual((found.isAvailable, clock.getDelayedCalls()), (False, []))

    def test_missing(self) -> None:
        """
        Without txredisapi the operator is told what to install.
        """
        for name in [each for each in sys.modules if each.startswith(("balws.hub.redis.", "txredisapi"))]:
            self.patch_modules(name)
        self.addCleanup(sys.modules.pop, "txredisapi")
        sys.modules["txredisapi"] = None  # type: ignore[assignment]
        problem = self.assertRaises(
            ConfigurationError, redisBroker, HubConfiguration(url="redis://127.0.0.1"), Clock()
        )
        self.assertEqual((problem.path, problem.problem), ("url", 'needs the extra "redis": pip install balws[redis]'))

    def patch_modules(self, name: str) -> None:
        """
        Forget a module until the end of the test.
        """
        module = sys.modules.pop(name)
        self.addCleanup(sys.modules.__setitem__, name, module)
