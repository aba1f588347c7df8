"""
Upgrades while a node does not know yet whether it reaches the others.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.hub.exchange import Exchange
from balws.hub.hub import Hub
from tests.server.peers import upgrade
from tests.server.samples import EchoUpgrade, Port


class BeginningTests(SynchronousTestCase):
    """
    A hub that was just started.
    """

    def setUp(self) -> None:
        """
        A port whose hub takes its time.
        """
        broker = Exchange().broker()
        self.waiting: list[Deferred[None]] = []
        self.patch(broker, "whenTried", self.whenTried)
        self.hub = Hub(broker=broker)
        self.port = Port(hub=self.hub, timeout=5)
        self.port.listener.attach(EchoUpgrade(), "/echo")
        self.hub.start()

    def whenTried(self) -> Deferred[None]:
        """
        See L{balws.hub.broker.IBroker}.
        """
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def ask(self) -> Any:
        """
        @return: a peer that has asked for an upgrade.
        """
        return self.port.connect().send(upgrade("/echo"))

    def test_waits(self) -> None:
        """
        Who comes first waits until it is known, and is let in however it went.
        """
        peer = self.ask()
        self.assertEqual(peer.answer, b"")
        for waiter in self.waiting:
            waiter.callback(None)
        peer.settle()
        self.assertTrue(peer.answer.startswith(b"HTTP/1.1 101 "))
        self.assertTrue(self.ask().answer.startswith(b"HTTP/1.1 101 "))

    def test_tooLong(self) -> None:
        """
        Nobody waits for longer than an upgrade may take.
        """
        peer = self.ask()
        self.port.advance(5, peer)
        self.assertTrue(peer.answer.startswith(b"HTTP/1.1 503 "))
        for waiter in self.waiting:
            waiter.callback(None)
        self.assertNotIn(b"101", peer.answer)

    def test_left(self) -> None:
        """
        Who leaves meanwhile is forgotten.
        """
        peer = self.ask()
        peer.leave()
        for waiter in self.waiting:
            waiter.callback(None)
        self.assertEqual((self.hub.node._audiences, self.port.clock.getDelayedCalls()), ({}, []))
