"""
Tests of L{balws.server.entrance}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.ssl import CertificateOptions
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase

from balws.config import ListenerConfiguration, ServerConfiguration
from balws.errors import ConfigurationError
from balws.server.admission import Admission
from balws.server.entrance import TRANSITION, Entrance, TurnedAway
from balws.server.site import Site
from balws.server.tree import Tree
from balws.wire.roster import Roster
from tests.certificates import selfSigned
from tests.server.peers import Peer, Transport, head, status
from tests.server.samples import Page

TRUSTED = ServerConfiguration(trustedProxies=["192.0.2.7"]).trustedProxies
HEADER = b"PROXY TCP4 198.51.100.1 192.0.2.1 1 80\r\n"


class EntranceTestCase(SynchronousTestCase):
    """
    A site with a page.
    """

    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        tree = Tree()
        tree.active = True
        tree.paths.attach("/page", Page())
        self.site = Site(tree, ListenerConfiguration(timeout=0), self.clock, Roster())

    def secure(self, name: str = "own", **fields: Any) -> ListenerConfiguration:
        """
        @return: a configuration with TLS.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        certFile, keyFile = selfSigned(name).write(folder)
        return ListenerConfiguration(secureSocket={"key": {"certFile": certFile, "keyFile": keyFile}}, **fields)

    def entrance(self, configuration: ListenerConfiguration | None = None, **more: Any) -> Entrance:
        """
        @return: one whose port is open.
        """
        self.site.configuration = ListenerConfiguration() if configuration is None else configuration
        entrance = Entrance(self.site, self.site.configuration, TRUSTED, self.clock, **more)
        entrance.doStart()
        self.addCleanup(entrance.doStop)
        return entrance

    def change(self, entrance: Entrance, configuration: ListenerConfiguration, trusted: Any = TRUSTED) -> None:
        """
        Take the way of another configuration.
        """
        way = entrance.find(configuration, trusted, entrance.way)
        self.site.configuration = configuration
        entrance.take(way)

    def assertPlain(self, entrance: Entrance) -> None:
        """
        Check that a peer is understood without further ado.
        """
        self.assertEqual(status(Peer(entrance).send(head("GET /page HTTP/1.1")).answer), 200)


class FindTests(EntranceTestCase):
    """
    L{Entrance.find}.
    """

    def test_plain(self) -> None:
        """
        Without TLS and proxies the way is the site itself.
        """
        entrance = self.entrance()
        self.assertIs(entrance.way.factory, self.site)
        self.assertPlain(entrance)

    def test_same(self) -> None:
        """
        As much stays as may: all of it, or TLS alone.
        """
        configuration = self.secure()
        entrance = self.entrance(configuration)
        old = entrance.way
        self.assertIs(entrance.find(configuration, TRUSTED, old), old)
        # Nobody is asked for the proxies of others.
        self.assertIs(entrance.find(configuration, (), old), old)
        proxied = ListenerConfiguration(secureSocket=configuration.secureSocket, proxyProtocol=True)
        way = entrance.find(proxied, TRUSTED, old)
        self.assertIsNot(way.factory, old.factory)
        self.assertEqual((way.tls, way.secure), (old.tls, old.secure))
        self.assertIsNot(entrance.find(self.secure("other"), TRUSTED, old).tls, old.tls)

    def test_refused(self) -> None:
        """
        A certificate that is gone is refused also where it was good before, and so is the PROXY protocol
        that nobody may speak, and TLS in TLS.
        """
        configuration = self.secure()
        entrance = self.entrance(configuration)
        assert configuration.secureSocket is not None
        Path(configuration.secureSocket.key.certFile).unlink()
        with self.assertRaises(ConfigurationError):
            entrance.find(configuration, TRUSTED, entrance.way)
        error = self.assertRaises(
            ConfigurationError, entrance.find, ListenerConfiguration(proxyProtocol=True), (), entrance.way
        )
        self.assertEqual(error.path, "proxyProtocol")
        error = self.assertRaises(ConfigurationError, self.entrance, self.secure(), hasTls=True)
        self.assertEqual(error.path, "secureSocket")


class TakeTests(EntranceTestCase):
    """
    L{Entrance.take}.
    """

    def test_proxies(self) -> None:
        """
        Peers that come from now on take the new way; who waits on the old one gets in by it.
        """
        entrance = self.entrance()
        self.change(entrance, ListenerConfiguration(proxyProtocol=True))
        waiting = Peer(entrance)
        self.assertEqual(status(Peer(entrance).send(HEADER, head("GET /page HTTP/1.1")).answer), 200)
        self.change(entrance, ListenerConfiguration())
        self.assertPlain(entrance)
        self.assertEqual(status(waiting.send(HEADER, head("GET /page HTTP/1.1")).answer), 200)

    def test_trusted(self) -> None:
        """
        Other trusted proxies make another way.
        """
        entrance = self.entrance(ListenerConfiguration(proxyProtocol=True))
        address = Transport().getPeer()
        self.assertIsNotNone(entrance.buildProtocol(address))
        other = ServerConfiguration(trustedProxies=["192.0.2.8"]).trustedProxies
        self.change(entrance, ListenerConfiguration(proxyProtocol=True), other)
        self.assertIsInstance(entrance.buildProtocol(address), TurnedAway)

    def test_transition(self) -> None:
        """
        The old way ends after a while, for those who still wait there, or when the port is closed.
        """
        for closes in (False, True):
            entrance = Entrance(self.site, ListenerConfiguration(proxyProtocol=True), TRUSTED, self.clock)
            entrance.doStart()
            old: Any = entrance.way.factory
            ends: list[bool] = []
            self.patch(old, "stopFactory", lambda ends=ends: ends.append(True))
            self.change(entrance, ListenerConfiguration())
            self.clock.advance(TRANSITION - 1)
            self.assertEqual(ends, [])
            if closes:
                entrance.doStop()
            else:
                self.clock.advance(1)
            self.assertEqual(ends, [True])
            self.assertEqual(self.clock.getDelayedCalls(), [])
            if not closes:
                entrance.doStop()

    def test_closed(self) -> None:
        """
        Before the port is open there is nobody on the old way.
        """
        entrance = Entrance(self.site, ListenerConfiguration(proxyProtocol=True), TRUSTED, self.clock)
        self.change(entrance, ListenerConfiguration())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        entrance.doStart()
        self.assertPlain(entrance)
        entrance.doStop()

    def test_sameTls(self) -> None:
        """
        TLS that stays reads its certificates again, and is on under another way, too: it is
        not stopped with the old one.
        """
        configuration = self.secure()
        entrance = self.entrance(configuration)
        tls: Any = entrance.way.tls
        calls: list[str] = []
        for name in ("reload", "stop", "start"):
            self.patch(tls, name, lambda name=name: calls.append(name))
        self.change(entrance, configuration)
        self.assertEqual(calls, ["reload"])
        self.change(entrance, ListenerConfiguration(secureSocket=configuration.secureSocket, proxyProtocol=True))
        self.clock.advance(TRANSITION)
        self.assertEqual(calls, ["reload", "reload"])
        self.change(entrance, ListenerConfiguration())
        self.assertEqual(calls, ["reload", "reload"])
        self.clock.advance(TRANSITION)
        self.assertEqual(calls, ["reload", "reload", "stop"])

    def test_turnedAway(self) -> None:
        """
        Who is not let in is dropped, also where an endpoint has TLS of its own in front.
        """
        admission = self.site.admission = Admission(self.clock, ServerConfiguration(maxConnectionsPerAddress=1))
        entrance = self.entrance()
        self.patch(admission, "arrived", lambda address, isProxy=False: False)
        peer = Peer(entrance)
        self.assertIsNotNone(peer.transport.lost)
        factory = TLSMemoryBIOFactory(CertificateOptions(), False, entrance, self.clock)
        transport = Transport()
        protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.7", 1))
        transport.protocol = protocol
        protocol.makeConnection(transport)
        self.assertIsNotNone(transport.lost)

    def test_name(self) -> None:
        """
        The log calls it by our name.
        """
        self.assertEqual(self.entrance().logPrefix(), "balws")
