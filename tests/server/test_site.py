"""
Tests of L{balws.server.site}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolNegotiationFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.config import ListenerConfiguration
from balws.config.server import ServerConfiguration
from balws.server.admission import Admission
from balws.server.channel import Channel
from balws.server.entrance import Entrance, TurnedAway
from balws.server.provenance import Provenance
from balws.server.site import Site
from balws.server.tree import Tree
from balws.wire.roster import Roster
from tests.certificates import selfSigned
from tests.server.peers import Peer, Transport, head, upgrade
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
        self.tree.paths.attach("/page", Page())
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
        before = len(port.listener._roster.members)
        peer = port.connect()
        [channel] = port.listener._roster.members
        peer.send(upgrade("/echo"))
        [wire] = port.listener._roster.members
        self.assertNotIsInstance(wire, Channel)
        peer.leave()
        self.assertEqual(len(port.listener._roster.members), before)


class UndecidedTests(SynchronousTestCase):
    """
    How many may be connected that are not upgraded.
    """

    def serve(self, **server: Any) -> None:
        """
        @param server: fields of C{[server]}.
        """
        self.clock = MemoryReactorClock()
        configuration = ServerConfiguration(**server)
        self.admission = Admission(self.clock, configuration)
        tree = Tree()
        tree.active = True
        tree.paths.attach("/page", Page())
        provenance = Provenance(configuration.trustedProxies)
        self.site = Site(tree, ListenerConfiguration(), self.clock, Roster(), self.admission, provenance)

    def accepted(self, tries: int, address: str = "192.0.2.7") -> int:
        """
        @return: how many connections are let in.
        """
        return sum(self.site.buildProtocol(IPv4Address("TCP", address, 1)) is not None for _ in range(tries))

    def test_refused(self) -> None:
        """
        One too many of an address is closed at once; another address is not.
        """
        self.serve(maxConnectionsPerAddress=2)
        self.assertEqual(self.accepted(10), 4)
        self.assertEqual(self.accepted(1, "192.0.2.8"), 1)
        self.assertEqual(len(self.site.roster.members), 5)

    def test_ended(self) -> None:
        """
        Who goes makes room, once, whether he left, was refused or was answered.
        """
        self.serve(maxConnectionsPerAddress=1)
        for end in (Peer.leave, lambda peer: peer.send(b"x\r\n").leave(), self.upgraded):
            peer = Peer(self.site)
            self.assertEqual(self.accepted(3), 1)
            end(peer)
            self.assertEqual((self.accepted(3), self.admission._undecided), (1, 2))
            self.serve(maxConnectionsPerAddress=1)

    def upgraded(self, peer: Peer) -> None:
        """
        A wire takes the transport, and loses it.
        """
        channel = peer.transport.protocol
        channel.released()
        channel.released()

    def test_proxy(self) -> None:
        """
        A trusted proxy may have as many as it likes.
        """
        self.serve(maxConnectionsPerAddress=2, trustedProxies=["192.0.2.0/24"])
        self.assertEqual(self.accepted(10), 10)
        self.assertEqual(self.accepted(10, "198.51.100.1"), 4)

    def test_waitingForTls(self) -> None:
        """
        Who has not finished the handshake of TLS is one of them; once, also when it is finished.
        """
        self.serve(maxConnectionsPerAddress=1)
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        certFile, keyFile = selfSigned("own").write(folder)
        secure = ListenerConfiguration(secureSocket={"key": {"certFile": certFile, "keyFile": keyFile}})
        entrance = Entrance(self.site, secure, (), self.clock)
        entrance.doStart()
        self.addCleanup(entrance.doStop)
        address = IPv4Address("TCP", "192.0.2.7", 1)
        waiting = [entrance.buildProtocol(address) for _ in range(3)]
        self.assertEqual([isinstance(each, TurnedAway) for each in waiting], [False, False, True])
        for each in waiting[:2]:
            each.makeConnection(Transport())
        self.assertEqual(self.admission._undecided, 2)
        waiting[0].wrappedProtocol._enter()
        self.assertIsInstance(waiting[0].wrappedProtocol, Channel)
        self.assertEqual((self.admission._undecided, self.accepted(1)), (2, 0))
        waiting[1].connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.admission._undecided, self.accepted(2)), (1, 1))

    def test_upgrade(self) -> None:
        """
        Upgraded connections are not among them.
        """
        port = Port(serverConfig={"maxConnectionsPerAddress": 3})
        port.listener.attach(EchoUpgrade(), "/echo")
        for _ in range(3):
            self.assertIn(b" 101 ", port.connect().send(upgrade("/echo")).answer)
        site = port.factory.site
        self.assertEqual((site.admission._undecided, site.admission.connections), (0, 3))
