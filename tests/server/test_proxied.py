"""
Tests of L{balws.server.proxied}, by whole connections in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config.server import ServerConfiguration
from balws.errors import ConfigurationError
from balws.server.proxied import PATIENCE, behindProxy
from tests.server.peers import Peer, body, frame, head, status, upgrade
from tests.server.samples import EchoUpgrade, Page, Port
from tests.server.test_proxyheader import binary

#: The peers of L{tests.server.peers} come from there.
TRUSTED = "192.0.2.0/24"

LINE = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"


class Inside(Protocol):
    """
    Records.
    """

    def __init__(self, address: Any) -> None:
        self.address = address
        self.heard = b""
        self.ends = 0

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Any = None) -> None:
        self.ends += 1


class Insides(Factory):
    """
    Remembers what it made, and what became of the port.
    """

    noisy = False

    def __init__(self) -> None:
        self.made: list[Inside] = []
        self.life: list[str] = []
        self.full = False

    def buildProtocol(self, addr: Any) -> Any:
        if self.full:
            return None
        self.made.append(Inside(addr))
        return self.made[-1]

    def doStart(self) -> None:
        self.life.append("start")

    def doStop(self) -> None:
        self.life.append("stop")


class ProxiedTests(SynchronousTestCase):
    """
    What stands in front of everything.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.insides = Insides()
        trusted = ServerConfiguration(trustedProxies=[TRUSTED]).trustedProxies
        self.factory: Any = behindProxy(self.insides, trusted, self.clock)
        self.factory.doStart()

    def test_nobody(self) -> None:
        """
        Where nobody is trusted a listener does not begin, and says what is missing.
        """
        error = self.assertRaises(ConfigurationError, behindProxy, self.insides, (), self.clock)
        self.assertIn("trustedProxies", str(error))
        self.assertIn("proxyProtocol", str(error))

    def test_untrusted(self) -> None:
        """
        Who is not trusted is dropped before anything is read of him.
        """
        for address in (IPv4Address("TCP", "198.51.100.1", 1), UNIXAddress(b"/run/socket"), None):
            self.assertIsNone(self.factory.buildProtocol(address))

    def test_unix(self) -> None:
        """
        A socket that is a file may be trusted.
        """
        factory: Any = behindProxy(self.insides, ("unix",), self.clock)
        self.assertIsNotNone(factory.buildProtocol(UNIXAddress(b"/run/socket")))
        self.assertIsNone(factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1)))

    def test_header(self) -> None:
        """
        Behind the header begins the peer's own connection, from the address that it tells.
        """
        for header in (LINE, binary()):
            self.setUp()
            peer = Peer(self.factory)
            self.assertEqual(self.insides.made, [])
            peer.send(header + b"hello")
            [inside] = self.insides.made
            self.assertEqual(inside.address, IPv4Address("TCP", "203.0.113.9", 4711))
            transport: Any = inside.transport
            self.assertEqual((transport.getPeer().host, transport.getHost().host), ("203.0.113.9", "192.0.2.1"))
            self.assertTrue(ITCPTransport.providedBy(transport))
            peer.send(b" world")
            self.assertEqual(inside.heard, b"hello world")
            transport.write(b"hi")
            peer.settle()
            self.assertEqual(peer.answer, b"hi")
            self.assertEqual(self.clock.getDelayedCalls(), [])
            peer.leave()
            self.assertEqual((inside.ends, self.factory.protocols), (1, {}))

    def test_pieces(self) -> None:
        """
        A header may come byte by byte, and the first bytes behind it with its last.
        """
        for header in (LINE, binary()):
            self.setUp()
            peer = Peer(self.factory)
            peer.send(*(bytes((byte,)) for byte in header[:-1]))
            self.assertEqual(self.insides.made, [])
            peer.send(header[-1:] + b"x")
            self.assertEqual(self.insides.made[0].heard, b"x")

    def test_itself(self) -> None:
        """
        Where the proxy speaks for itself the transport's addresses count.
        """
        for header in (b"PROXY UNKNOWN\r\n", binary(0x20, 0, b"")):
            self.setUp()
            Peer(self.factory).send(header)
            [inside] = self.insides.made
            transport: Any = inside.transport
            self.assertEqual(inside.address.host, "192.0.2.7")
            self.assertEqual((transport.getPeer().host, transport.getHost().host), ("192.0.2.7", "192.0.2.1"))

    def test_broken(self) -> None:
        """
        What is no header ends the connection at once, with a line for who debugs it.
        """
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"PROXY \xff\r\n", binary(0x11)):
            peer = Peer(self.factory).send(data)
            self.assertTrue(peer.isClosed)
            self.assertEqual(peer.answer, b"")
        self.assertEqual((self.insides.made, self.factory.protocols, self.clock.getDelayedCalls()), ([], {}, []))
        self.assertEqual([event["log_level"].name for event in events], ["debug"] * 3)
        self.assertEqual(formatEvent(events[0]), "No PROXY header of 192.0.2.7: no PROXY header")

    def test_late(self) -> None:
        """
        The header has ten seconds, however much of it comes.
        """
        silent, slow, gone = Peer(self.factory), Peer(self.factory).send(LINE[:9]), Peer(self.factory)
        gone.leave()
        self.clock.advance(PATIENCE - 0.1)
        self.assertFalse(silent.isClosed or slow.isClosed)
        self.clock.advance(0.1)
        self.assertTrue(silent.isClosed and slow.isClosed)
        self.assertEqual((self.insides.made, self.factory.protocols), ([], {}))

    def test_full(self) -> None:
        """
        Where there is no room behind, the connection ends.
        """
        self.insides.full = True
        peer = Peer(self.factory).send(LINE + b"hello")
        self.assertTrue(peer.isClosed)
        self.assertEqual(self.factory.protocols, {})

    def test_stop(self) -> None:
        """
        When the port is closed, who has not shown a header goes; who has, stays.
        """
        waiting, inside = Peer(self.factory), Peer(self.factory).send(LINE)
        self.factory.doStop()
        self.assertEqual((waiting.isClosed, inside.isClosed), (True, False))
        self.assertEqual(self.insides.life, ["start", "stop"])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ListenerTests(SynchronousTestCase):
    """
    A listener behind such a proxy.
    """

    def setUp(self) -> None:
        server = {"trustedProxies": [TRUSTED], "maxConnectionsPerAddress": 1}
        self.port = Port(proxyProtocol=True, serverConfig=server)
        self.port.listener.attach(EchoUpgrade(), "/echo")
        self.port.listener.attachResource(Page(), "/page")

    def test_upgrade(self) -> None:
        """
        An upgrade goes through it: messages, close, and the end.
        """
        peer = self.port.connect().send(LINE + upgrade("/echo") + frame(b"early"))
        self.assertEqual(status(peer.answer), 101)
        self.assertEqual(body(peer.take()), b"\x81\x05early")
        peer.send(frame(b"hi"))
        self.assertEqual(peer.take(), b"\x81\x02hi")
        peer.send(frame(b"\x03\xe8", 0x88))
        self.assertEqual(peer.take(), b"\x88\x02\x03\xe8")
        self.assertTrue(peer.isClosed)

    def test_pages(self) -> None:
        """
        So does everything else.
        """
        peer = self.port.connect().send(LINE, head("GET /page HTTP/1.1"))
        self.assertEqual(status(peer.answer), 200)

    def test_counted(self) -> None:
        """
        The address that the header tells is the one that is counted; what the peer itself says in
        X-Forwarded-For is nobody's.
        """
        ask = upgrade("/echo", X_Forwarded_For="198.51.100.1")
        first = self.port.connect().send(LINE + ask)
        self.assertEqual(status(first.answer), 101)
        self.assertEqual(status(self.port.connect().send(LINE + ask).answer), 429)
        other = LINE.replace(b"203.0.113.9", b"203.0.113.8")
        self.assertEqual(status(self.port.connect().send(other + ask).answer), 101)
        first.leave()
        self.assertEqual(status(self.port.connect().send(LINE + ask).answer), 101)
