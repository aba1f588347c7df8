"""
Tests of L{balws.tls.vestibule}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site

from balws.errors import SslError
from balws.tls import vestibule as module
from balws.tls.server import TlsServer
from tests.tls.peers import HELLO, Stranger, TlsTestCase, authority
from tests.wire.secured import Below

TLS12 = (SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION)
TLS13 = (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION)


class Raw(Protocol):
    """
    A client that speaks no TLS by itself.

    @ivar heard: what came.
    @ivar ended: whether the connection is gone.
    """

    def __init__(self) -> None:
        self.heard = b""
        self.ended = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = True


def clientHello() -> bytes:
    """
    @return: the first bytes of a client.
    """
    connection = Stranger().clientConnectionForTLS(None)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection.bio_read(65536)


class VestibuleTestCase(TlsTestCase):
    """
    Clients of all kinds.
    """

    def raw(self, data: bytes = b"") -> Raw:
        """
        @return: a client that has sent this.
        """
        endpoint = self.network.endpoint(443)
        factory = Factory.forProtocol(Raw)
        factory.noisy = False
        raw: Any = self.successResultOf(endpoint.connect(factory))
        if data:
            raw.transport.write(data)
        return raw

    def checking(self, server: TlsServer, check: Callable[[SSL.Connection], Deferred[None] | None]) -> None:
        """
        Check peers like this.
        """
        self.patch(server, "check", check)


class HandshakeTests(VestibuleTestCase):
    """
    Peers that take their time.
    """

    def test_deadline(self) -> None:
        """
        Who is silent, sends half a ClientHello, or one byte at a time, is dropped when the
        time is over, counted from the moment that he was accepted; 500 of them are no trouble
        to who comes then (TL07).
        """
        self.serve(handshakeTimeout=1)
        hello = clientHello()
        silent = [self.raw() for _ in range(100)]
        half = [self.raw(hello[: len(hello) // 2]) for _ in range(300)]
        slow = [self.raw() for _ in range(100)]
        for index in range(9):
            self.network.clock.advance(0.1)
            for each in slow:
                assert each.transport is not None
                each.transport.write(hello[index : index + 1])
        self.network.clock.advance(0.09)
        everybody = [*silent, *half, *slow]
        self.assertEqual({each.ended for each in everybody}, {False})
        self.network.clock.advance(0.02)
        self.assertEqual({each.ended for each in everybody}, {True})
        self.isWelcome(Stranger())
        self.assertEqual(self.logged("debug"), ["No TLS with 192.0.2.2: it took longer than 1 s"] * 500)
        self.assertEqual((len(self.events), len(self.echoes.met)), (500, 1))

    def test_default(self) -> None:
        """
        Unless configured they have 10 seconds, which 0 means, too.
        """
        for fields in ({}, {"handshakeTimeout": 0}):
            self.serve(**fields)
            raw = self.raw()
            self.network.clock.advance(9.9)
            self.assertFalse(raw.ended)
            self.network.clock.advance(0.2)
            self.assertTrue(raw.ended)
            self.port.stopListening()

    def test_afterwards(self) -> None:
        """
        Whoever is in has all the time of the world, and no timer is left.
        """
        self.serve(handshakeTimeout=1)
        caller = self.isWelcome(Stranger())
        self.assertEqual(self.network.clock.getDelayedCalls(), [])
        self.network.clock.advance(1000)
        self.assertIsNone(caller.ended)

    def test_nonsense(self) -> None:
        """
        What is no TLS gets an alert and one line at debug level, no traceback; nobody behind
        hears of it.
        """
        self.serve()
        for data, reason in (
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP without TLS"),
            (b"\0" * 50, "what came is no TLS"),
            (b"\xff" * 5000, None),
        ):
            self.events.clear()
            raw = self.raw(data)
            self.assertTrue(raw.ended)
            (line,) = self.logged("debug")
            self.assertTrue(line.startswith("No TLS with 192.0.2.2: "), line)
            if reason is not None:
                self.assertTrue(line.endswith(reason), line)
            self.assertEqual(len(self.events), 1)
        self.assertEqual((self.echoes.met, self.flushLoggedErrors()), ([], []))
        self.assertEqual(self.network.clock.getDelayedCalls(), [])

    def test_leaves(self) -> None:
        """
        Who leaves in the middle leaves nothing behind.
        """
        self.serve()
        for data in (b"", clientHello()[:50], clientHello()):
            raw = self.raw(data)
            transport: Any = raw.transport
            transport.loseConnection()
            self.network.clock.advance(0)
            self.assertTrue(raw.ended)
        self.network.cut()
        self.assertEqual(self.network.clock.getDelayedCalls(), [])
        self.assertEqual((self.echoes.met, self.network.connections), ([], []))

    def test_stop(self) -> None:
        """
        When the port is closed, those whose TLS is not there yet are dropped, and the others
        go on.
        """
        self.serve()
        caller = self.isWelcome(Stranger())
        raw = self.raw()
        self.port.stopListening()
        self.network.clock.advance(0)
        self.assertTrue(raw.ended)
        self.assertIsNone(caller.ended)
        self.assertEqual(self.network.clock.getDelayedCalls(), [])


class HandoverTests(VestibuleTestCase):
    """
    What the real protocol gets.
    """

    def test_transport(self) -> None:
        """
        It is made for the peer's address, sits on the TLS transport itself, and can ask that
        for everything (there is no layer left in between).
        """
        self.serve()
        mine = authority().issue("me")
        caller = self.isWelcome(Stranger(mine))
        (echo,) = self.echoes.met
        transport: Any = echo.transport
        self.assertIsInstance(transport, module.Transport)
        self.assertIs(transport.wrappedProtocol, echo)
        self.assertTrue(ISSLTransport.providedBy(transport))
        self.assertEqual([each.host for each in self.echoes.addresses], ["192.0.2.2"])
        self.assertEqual(transport.getPeer(), self.echoes.addresses[0])
        self.assertEqual(transport.negotiatedProtocol, None)
        assert caller.connection is not None
        self.assertEqual(transport.getHandle().get_cipher_name(), caller.connection.get_cipher_name())
        theirs: Any = caller.transport
        theirs.loseConnection()
        self.network.clock.advance(0)
        self.assertIsNotNone(echo.ended)

    def test_site(self) -> None:
        """
        A site of Twisted Web behind it sees requests as secure.
        """
        seen: list[Any] = []

        class Root(Resource):
            isLeaf = True

            def render_GET(self, request: Any) -> bytes:
                seen.append((request.isSecure(), request.getClientAddress().host))
                return b"ok"

        site = Site(Root(), reactor=self.network.clock)
        site.noisy = False
        self.patch(self, "echoes", site)
        self.serve()
        caller = self.reach(Stranger())
        transport: Any = caller.transport
        transport.write(b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.network.clock.advance(0)
        self.assertEqual(seen, [])  # the word before was no request
        self.assertTrue(caller.heard.startswith(b"HTTP/1.1 400 "))
        caller = self.reach(Quiet())
        transport = caller.transport
        transport.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.network.clock.advance(1)
        self.assertEqual(seen, [(True, "192.0.2.2")])
        self.assertTrue(caller.heard.startswith(b"HTTP/1.1 200 "))

    def test_nobody(self) -> None:
        """
        Where the factory has nobody the connection is dropped.
        """
        self.patch(self.echoes, "buildProtocol", lambda address: None)
        self.serve()
        caller = self.isRefused(Stranger())
        self.assertEqual(caller.heard, b"")
        self.assertEqual(self.network.clock.getDelayedCalls(), [])

    def test_pieces(self) -> None:
        """
        A large read arrives whole and in order.
        """
        self.serve()
        caller = self.isWelcome(Stranger())
        (echo,) = self.echoes.met
        data = bytes(range(256)) * 1000
        transport: Any = caller.transport
        transport.write(data)
        self.network.clock.advance(0)
        self.assertEqual(echo.heard, HELLO + data)

    def test_endInPieces(self) -> None:
        """
        A protocol that aborts in the middle of a large read hears no more of it.
        """
        self.serve()
        caller = self.isWelcome(Stranger())
        (echo,) = self.echoes.met
        ours: Any = echo.transport
        echo.dataReceived = lambda data: ours.abortConnection()  # type: ignore[method-assign]
        transport: Any = caller.transport
        with self.network.turn():
            transport.write(b"x" * 200000)
        self.assertIsNotNone(echo.ended)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_deaf(self) -> None:
        """
        What a peer does not read waits encrypted in TCP's buffer, where it is counted: TLS
        itself holds no more than what was written in one turn, up to 64 kB.
        """
        self.serve()
        caller = self.isWelcome(Stranger())
        (echo,) = self.echoes.met
        theirs: Any = caller.transport
        theirs.pauseProducing()
        ours: Any = echo.transport
        written = 0
        with self.network.turn():
            for _ in range(1000):
                ours.write(b"x" * 1000)
                written += 1000
                counted = len(ours.transport.dataBuffer)
                self.assertLessEqual(written - counted, 64000 + 1000)
        self.assertEqual(ours._appSendBuffer, [])
        counted = len(ours.transport.dataBuffer)
        self.assertTrue(written <= counted <= written * 1.01, counted)


class Quiet(Stranger):
    """
    A client that says nothing by itself.
    """

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        tlsProtocol.wrappedProtocol.handshakeCompleted = lambda: None
        return super().clientConnectionForTLS(tlsProtocol)


class CheckTests(VestibuleTestCase):
    """
    Peers whose certificates are looked at.
    """

    def setUp(self) -> None:
        super().setUp()
        self.answers: list[Deferred[None]] = []
        self.cancelled: list[Deferred[None]] = []
        self.server = self.serve(handshakeTimeout=2)

        def check(connection: SSL.Connection) -> Deferred[None]:
            self.answers.append(Deferred(self.cancelled.append))
            return self.answers[-1]

        self.checking(self.server, check)

    def test_good(self) -> None:
        """
        The real protocol is made when the check is over, and gets all that came meanwhile, in
        order; until then nothing more is read than what had come.
        """
        for versions in (TLS12, TLS13):
            caller = self.reach(Stranger(versions=versions))
            met = len(self.echoes.met)
            transport: Any = caller.transport
            with self.network.turn():
                transport.write(b"x" * 300000)
            self.assertEqual((caller.heard, len(self.echoes.met)), (b"", met))
            unread = len(self.network.connections[-1].client.dataBuffer)
            self.assertGreater(unread, 200000)
            with self.network.turn():
                self.answers.pop().callback(None)
            self.assertEqual(self.echoes.met[-1].heard, HELLO + b"x" * 300000)
        self.assertEqual((self.network.clock.getDelayedCalls(), self.cancelled), ([], []))

    def test_atOnce(self) -> None:
        """
        An answer that is there already is as good.
        """
        self.checking(self.server, lambda connection: succeed(None))
        self.isWelcome(Stranger())
        self.checking(self.server, lambda connection: fail(SslError("no")))
        self.isRefused(Stranger())
        self.assertEqual(self.network.clock.getDelayedCalls(), [])

    def test_bad(self) -> None:
        """
        A bad answer drops the peer, with one line at debug level; one that is no answer at all
        is in the log with its traceback, and drops him, too.
        """
        caller = self.reach(Stranger())
        self.answers[0].errback(SslError("the certificate was revoked"))
        self.assertIsNotNone(caller.ended)
        self.assertEqual(self.logged(), ["No TLS with 192.0.2.2: the certificate was revoked"])
        caller = self.reach(Stranger())
        self.answers[1].errback(ZeroDivisionError())
        self.assertIsNotNone(caller.ended)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((self.echoes.met, self.network.clock.getDelayedCalls()), ([], []))

    def test_late(self) -> None:
        """
        The check counts to the time of the handshake; when that is over it is cancelled.
        """
        caller = self.reach(Stranger())
        self.network.clock.advance(1.9)
        self.assertIsNone(caller.ended)
        self.network.clock.advance(0.2)
        self.assertIsNotNone(caller.ended)
        self.assertEqual((self.cancelled, self.echoes.met), (self.answers, []))
        self.assertEqual(self.logged(), ["No TLS with 192.0.2.2: it took longer than 2 s"])

    def test_together(self) -> None:
        """
        What comes in one read with the end of the handshake is not lost.
        """
        self.checking(self.server, lambda connection: self.answers.append(Deferred()) or self.answers[-1])
        below = Below()
        tls: Any = self.port.factory.buildProtocol(None)
        below.protocol = tls
        tls.makeConnection(below)
        client = Stranger(versions=TLS13).clientConnectionForTLS(None)
        client.set_connect_state()
        self.assertRaises(SSL.WantReadError, client.do_handshake)
        tls.dataReceived(client.bio_read(65536))
        client.bio_write(below.take())
        client.do_handshake()
        client.send(HELLO)
        tls.dataReceived(client.bio_read(65536))
        self.assertEqual((self.echoes.met, below.reading), ([], False))
        self.answers[-1].callback(None)
        self.assertEqual(([each.heard for each in self.echoes.met], below.reading), ([HELLO], True))
        self.network.clock.advance(0)
        below.lose(ConnectionDone())

    def test_stubborn(self) -> None:
        """
        A check that is good although it was cancelled brings nobody back.
        """
        self.checking(self.server, lambda connection: Deferred(lambda deferred: deferred.callback(None)))
        caller = self.reach(Stranger())
        self.network.clock.advance(2)
        self.assertIsNotNone(caller.ended)
        self.assertEqual(self.echoes.met, [])

    def test_gone(self) -> None:
        """
        A peer that is gone meanwhile is not asked about any more.
        """
        self.reach(Stranger())
        self.network.cut()
        self.assertEqual((self.cancelled, self.echoes.met), (self.answers, []))
        self.assertEqual(self.network.clock.getDelayedCalls(), [])
        caller = self.reach(Stranger())
        transport: Any = caller.transport
        transport.loseConnection()
        self.answers[1].callback(None)
        self.assertIsNotNone(caller.ended)
        self.assertEqual((self.echoes.met, self.network.clock.getDelayedCalls()), ([], []))
