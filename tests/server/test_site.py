"""
Tests of L{balws.server.site}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocolNegotiationFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config import ListenerConfiguration
from balws.server.channel import Channel
from balws.server.site import Site
from balws.server.tree import Tree
from balws.wire.roster import Roster
from tests.server.peers import Peer, head, upgrade
from tests.server.samples import EchoUpgrade, Page, Port


class SiteTests(SynchronousTestCase):
    """
    L{Site}.
    """

    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.roster = Roster()
        self.tree = Tree()
        self.tree.active = True
        self.tree.attach("/page", Page())
        self.site = Site(self.tree, ListenerConfiguration(timeout=7), self.clock, self.roster)

    def test_channels(self) -> None:
        """
        A connection is a channel with the listener's configuration and clock, registered
        until it ends.
        """
        peer = Peer(self.site)
        [channel] = self.roster.members
        self.assertIsInstance(channel, Channel)
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()], [7])
        peer.leave()
        self.assertEqual(self.roster.members, set())

    def test_refusedChannel(self) -> None:
        """
        A connection that was refused stays registered until it has ended.
        """
        peer = Peer(self.site).send(b"nonsense\r\n")
        self.assertEqual(len(self.roster.members), 1)
        peer.leave()
        self.assertEqual(self.roster.members, set())

    def test_oneVersion(self) -> None:
        """
        With TLS nothing but HTTP/1.1 is negotiated.
        """
        self.assertTrue(IProtocolNegotiationFactory.providedBy(self.site))
        self.assertEqual(self.site.acceptableProtocols(), [b"http/1.1"])

    def test_noAccessLog(self) -> None:
        """
        To start, to serve and to stop leaves no line in the log and no timer.
        """
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.site.doStart()
        peer = Peer(self.site).send(head("GET /page HTTP/1.1"))
        self.assertIn(b"page /page", peer.answer)
        peer.leave()
        self.site.doStop()
        self.assertEqual(events, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_upgraded(self) -> None:
        """
        After an upgrade the connection is registered once, as what it is now.
        """
        port = Port()
        port.listener.attach(EchoUpgrade(), "/echo")
        before = len(port.factory.roster.members)
        peer = port.connect()
        [channel] = port.factory.roster.members
        peer.send(upgrade("/echo"))
        [wire] = port.factory.roster.members
        self.assertNotIsInstance(wire, Channel)
        peer.leave()
        self.assertEqual(len(port.factory.roster.members), before)
