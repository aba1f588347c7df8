"""
Tests of L{balws.client.connecting}.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL.SSL import TLS_CLIENT_METHOD, Connection, Context
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import (
    ConnectBindError,
    ConnectingCancelledError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    UserError,
)
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import TimeoutError as TCPTimeout
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IOpenSSLClientConnectionCreator,
    IReactorPluggableNameResolver,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols import tls
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.client import connecting
from balws.client.address import Address
from balws.client.connecting import attempt
from balws.client.response import HttpResponse
from balws.config import ClientConfiguration
from balws.errors import ConnectionError, Error, HandshakeTimedOut, InvalidHandshakeError, SslError
from balws.tls.client import TlsClient
from balws.wire.headers import acceptKey
from tests.client.peers import ClientTestCase, RawServer, answers, head, silent


@implementer(IStreamClientEndpoint)
class Stalling:
    """
    Connects when a test says so.

    @ivar attempts: a factory and the Deferred of each connect.
    @ivar cancelled: how many were cancelled.
    """

    cancelled = 0

    def __init__(self, heeds: bool = True) -> None:
        """
        @param heeds: whether it can be cancelled, as Twisted's own can.
        """
        self.attempts: list[tuple[Any, Deferred[Any]]] = []
        self._heeds = heeds

    def connect(self, factory: Any) -> Deferred[Any]:
        connecting: Deferred[Any] = Deferred(self._cancel if self._heeds else None)
        self.attempts.append((factory, connecting))
        return connecting

    def _cancel(self, connecting: Deferred[Any]) -> None:
        self.cancelled += 1
        connecting.errback(ConnectingCancelledError(IPv4Address("TCP", "192.0.2.1", 80)))


@implementer(IStreamClientEndpoint)
class Failing:
    """
    Never connects.
    """

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def connect(self, factory: Any) -> Deferred[Any]:
        return fail(self.problem)


@implementer(IStreamClientEndpoint)
class Secured:
    """
    TLS on another endpoint, with the time of a test.
    """

    def __init__(self, creator: Any, endpoint: Any, clock: Any) -> None:
        self._creator = creator
        self._endpoint = endpoint
        self._clock = clock

    def connect(self, factory: Any) -> Deferred[Any]:
        wrapped = TLSMemoryBIOFactory(self._creator, True, factory, self._clock)
        return self._endpoint.connect(wrapped).addCallback(lambda protocol: protocol.wrappedProtocol)

    @staticmethod
    def server(options: Any, factory: Any, clock: Any) -> TLSMemoryBIOFactory:
        """
        @return: the other side of it.
        """
        return TLSMemoryBIOFactory(options, False, factory, clock)


@implementer(IOpenSSLClientConnectionCreator)
class Trusting:
    """
    TLS with everybody.
    """

    def clientConnectionForTLS(self, protocol: Any) -> Connection:
        return Connection(Context(TLS_CLIENT_METHOD), None)


def certificateFor(host: str) -> PrivateCertificate:
    """
    @return: a certificate for this host that has signed itself.
    """
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateCertificate.loadPEM(pem + made.public_bytes(Encoding.PEM))


class AttemptTestCase(ClientTestCase):
    """
    Attempts, and who takes their connections over.
    """

    def setUp(self) -> None:
        super().setUp()
        self.accepted: list[tuple[Any, HttpResponse, bytes, bytes]] = []

    def attempt(
        self, endpoint: Any = None, url: str = "ws://localhost/a?b=c", accept: Any = None, **fields: Any
    ) -> Deferred[None]:
        """
        @return: of an attempt, to the place unless told.
        """
        with self.network.turn():
            return Deferred.fromCoroutine(
                attempt(
                    Address.parse(url),
                    ClientConfiguration(**fields),
                    self.clock,
                    self.endpoint if endpoint is None else endpoint,
                    accept or self.accept,
                )
            )

    def accept(self, transport: Any, response: HttpResponse, key: bytes, rest: bytes) -> None:
        """
        Take a transport over.
        """
        self.accepted.append((transport, response, key, rest))


class AttemptTests(AttemptTestCase):
    """
    One attempt by an endpoint.
    """

    def test_accepted(self) -> None:
        """
        Whoever takes over gets the transport, the answer, the key that was sent, and what came behind the answer.
        """
        self.place.scripts.append(lambda server: server.accept(("X-A", "1"), rest=b"\x81\x00"))
        self.assertIs(self.successResultOf(self.attempt()), None)
        ((transport, response, key, rest),) = self.accepted
        (connection,) = self.network.connections
        self.assertIs(transport, connection.client)
        self.assertEqual((response.status, response.header("x-a"), rest), (101, "1", b"\x81\x00"))
        self.assertEqual((self.server.line, self.server.field("host")), ("GET /a?b=c HTTP/1.1", "localhost"))
        self.assertEqual(self.server.field("sec-websocket-key"), key.decode())
        self.assertEqual(response.header("sec-websocket-accept"), acceptKey(key).decode())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_configuration(self) -> None:
        """
        The request is that of the configuration.
        """
        self.attempt(subProtocols=["xml"], customHeaders={"X-A": "1"}, cookies={"c": "d"})
        self.assertEqual(
            self.server.fields[5:],
            [
                ("sec-websocket-protocol", "xml"),
                (
                    "sec-websocket-extensions",
                    "permessage-deflate; client_max_window_bits=12; server_max_window_bits=12, "
                    "permessage-deflate; client_max_window_bits",
                ),
                ("cookie", "c=d"),
                ("x-a", "1"),
            ],
        )

    def test_newKey(self) -> None:
        """
        Each attempt has a key of its own.
        """
        self.attempt()
        self.attempt()
        first, second = (server.field("sec-websocket-key") for server in self.place.servers)
        self.assertNotEqual(first, second)

    def test_nobodyThere(self) -> None:
        """
        Where nobody listens it is a ConnectionError, which has the reason as its cause.
        """
        self.network.refusing = True
        problem = self.failed(self.attempt(), ConnectionError)
        self.assertTrue(str(problem).startswith("IO Error: Connection was refused by other side"), problem)
        self.assertIs(type(problem.__cause__), Refused)

    def test_endpointErrors(self) -> None:
        """
        Whatever an endpoint of Twisted's fails with is a ConnectionError.
        """
        for reason in (
            TCPTimeout(),
            TCPTimedOutError(),
            DNSLookupError("no results for hostname lookup: nowhere"),
            NoRouteError(),
            UserError(),
            ConnectBindError(),
            ConnectionLost(),
            ConnectionDone(),
            ConnectionAborted(),
            FileNotFoundError(2, "No such file or directory"),
            PermissionError(13, "Permission denied"),
        ):
            problem = self.failed(self.attempt(Failing(reason)), ConnectionError)
            self.assertEqual(str(problem), f"IO Error: {reason}")
            self.assertIs(problem.__cause__, reason)

    def test_otherErrors(self) -> None:
        """
        A fault of an endpoint is shown as it is; our own errors too.
        """
        for reason in (ValueError("a fault"), ConnectionError("proxy says no"), Error("x")):
            self.assertIs(self.failed(self.attempt(Failing(reason)), type(reason)), reason)

    def test_refused(self) -> None:
        """
        A refusal is the result, and the connection is dropped.
        """
        self.place.scripts.append(answers(head("403 Forbidden", ("Content-Length", "0"))))
        problem = self.failed(self.attempt(), InvalidHandshakeError)
        self.assertEqual(problem.response.status, 403)
        self.assertIdle()

    def test_objection(self) -> None:
        """
        What whoever takes over objects to is the result, and the connection is dropped.
        """

        def accept(*_: Any) -> None:
            raise InvalidHandshakeError("not so")

        self.failed(self.attempt(accept=accept), InvalidHandshakeError, "not so")
        self.assertIdle()

    def test_lost(self) -> None:
        """
        A connection that breaks before the answer is a ConnectionError.
        """
        attempt = self.attempt_silent()
        self.network.cut()
        problem = self.failed(attempt, ConnectionError)
        self.assertTrue(str(problem).startswith("IO Error: Connection to the other side was lost"), problem)
        self.assertIdle()

    def attempt_silent(self, **fields: Any) -> Deferred[None]:
        """
        @return: of an attempt to which the server says nothing.
        """
        self.place.scripts.append(silent)
        return self.attempt(**fields)


class TimeoutTests(AttemptTestCase):
    """
    How long an attempt may take.
    """

    def late(self, attempt: Deferred[None], seconds: float) -> None:
        """
        It fails after so many seconds and not before, and leaves nothing.
        """
        self.clock.advance(seconds - 0.5)
        self.assertNoResult(attempt)
        self.clock.advance(0.5)
        self.failed(attempt, HandshakeTimedOut, "Handshake timed out")
        self.assertIdle()

    def test_connecting(self) -> None:
        """
        It includes the time to connect.
        """
        endpoint = Stalling()
        self.late(self.attempt(endpoint, handShakeTimeout=7), 7)
        self.assertEqual(endpoint.cancelled, 1)

    def test_answer(self) -> None:
        """
        It includes the time for the answer.
        """
        self.place.scripts.append(silent)
        self.late(self.attempt(handShakeTimeout=7), 7)
        self.assertIs(self.server.lost.type, ConnectionLost)

    def test_drippingAnswer(self) -> None:
        """
        A byte now and then does not prolong it.
        """
        self.place.scripts.append(silent)
        attempt = self.attempt(handShakeTimeout=7)
        self.server.say(b"HTTP/1.1 ")
        for byte in b"101 Sw":
            self.clock.advance(1)
            self.server.say(bytes((byte,)))
        self.late(attempt, 1)

    def test_both(self) -> None:
        """
        It is one time for all together.
        """
        endpoint = Stalling()
        attempt = self.attempt(endpoint, handShakeTimeout=7)
        self.clock.advance(5)
        ((factory, connecting),) = endpoint.attempts
        protocol = factory.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        connecting.callback(protocol)
        self.late(attempt, 2)
        self.assertTrue(transport.disconnected)

    def test_body(self) -> None:
        """
        The body of a refusal is not waited for longer than its own time, nor than the whole's; it is a refusal.
        """
        for timeout, seconds in ((300, 5), (3, 3)):
            self.place.scripts.append(answers(head("403 Forbidden", ("Content-Length", "9")) + b"half"))
            attempt = self.attempt(handShakeTimeout=timeout)
            self.clock.advance(seconds - 0.1)
            self.assertNoResult(attempt)
            self.clock.advance(0.1)
            problem = self.failed(attempt, InvalidHandshakeError)
            self.assertEqual((problem.response.status, problem.response.body), (403, b"half"))
            self.assertIdle()

    def test_default(self) -> None:
        """
        Without further words, or with 0 or less, it is 300 seconds.
        """
        for fields in ({}, {"handShakeTimeout": 0}, {"handShakeTimeout": -1}):
            self.late(self.attempt(Stalling(), **fields), 300)

    def test_inTime(self) -> None:
        """
        An answer right before the end is in time, and the timer is gone.
        """
        self.place.scripts.append(silent)
        attempt = self.attempt(handShakeTimeout=7)
        self.clock.advance(6.9)
        self.server.accept()
        self.successResultOf(attempt)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(10)
        self.assertEqual(len(self.network.connections), 1)


class CancelTests(AttemptTestCase):
    """
    An attempt that is cancelled leaves nothing.
    """

    def test_connecting(self) -> None:
        """
        While there is no connection.
        """
        endpoint = Stalling()
        attempt = self.attempt(endpoint)
        attempt.cancel()
        self.failed(attempt, CancelledError)
        self.assertEqual(endpoint.cancelled, 1)
        self.assertIdle()

    def test_held(self) -> None:
        """
        While the network keeps it waiting; nobody connects afterwards.
        """
        self.network.hold()
        attempt = self.attempt()
        attempt.cancel()
        self.failed(attempt, CancelledError)
        self.network.release()
        self.assertEqual(self.place.servers, [])
        self.assertIdle()

    def test_answer(self) -> None:
        """
        While the answer is awaited, before its first byte and within.
        """
        for said in (b"", b"HTTP/1.1 101 Swi", head("403 Forbidden", ("Content-Length", "9")) + b"a"):
            self.place.scripts.append(answers(said))
            attempt = self.attempt()
            attempt.cancel()
            self.failed(attempt, CancelledError)
            self.assertIs(self.server.lost.type, ConnectionLost)
            self.assertIdle()

    def test_answerInTurn(self) -> None:
        """
        So too where the connection ends only after the call, as with sockets.
        """
        self.place.scripts.append(silent)
        attempt = self.attempt()
        with self.network.turn():
            attempt.cancel()
        self.failed(attempt, CancelledError)
        self.assertIs(self.server.lost.type, ConnectionLost)
        self.assertIdle()

    def test_afterwards(self) -> None:
        """
        When it is done there is nothing to cancel.
        """
        attempt = self.attempt()
        attempt.cancel()
        self.successResultOf(attempt)
        self.assertEqual(len(self.network.connections), 1)

    def test_deafEndpoint(self) -> None:
        """
        Where an endpoint connects although it was cancelled, or too late, nobody is asked for anything.
        """
        ends: tuple[tuple[Callable[[Any], object], type[Exception]], ...] = (
            (lambda attempt: attempt.cancel(), CancelledError),
            (lambda _: self.clock.advance(7), HandshakeTimedOut),
        )
        for end, kind in ends:
            endpoint = Stalling(heeds=False)
            attempt = self.attempt(endpoint, handShakeTimeout=7)
            end(attempt)
            self.failed(attempt, kind)
            factory, _ = endpoint.attempts[0]
            protocol = factory.buildProtocol(None)
            transport = StringTransport()
            if protocol is not None:
                protocol.makeConnection(transport)
                self.assertTrue(transport.disconnected)
            self.assertEqual(transport.value(), b"")


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class Internet(MemoryReactorClock):
    """
    A reactor that knows names.

    @ivar names: the addresses of each.
    @ivar asked: the names that were asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, Sequence[str]] = {}
        self.asked: list[tuple[str, int]] = []
        self.nameResolver = self

    def resolveHostName(
        self, receiver: Any, name: str, portNumber: int = 0, addressTypes: Any = None, transportSemantics: str = "TCP"
    ) -> Any:
        self.asked.append((name, portNumber))

        @implementer(IHostResolution)
        class Resolution:
            def __init__(self) -> None:
                self.name = name

            def cancel(self) -> None:
                """
                Nothing goes on.
                """

        resolution = Resolution()
        receiver.resolutionBegan(resolution)
        for each in self.names.get(name, [name] if name[0].isdigit() or ":" in name else []):
            kind = IPv6Address if ":" in each else IPv4Address
            receiver.addressResolved(kind("TCP", each, portNumber))
        receiver.resolutionComplete()
        return resolution


class TcpTestCase(AttemptTestCase):
    """
    Attempts without an endpoint.
    """

    def setUp(self) -> None:
        super().setUp()
        self.internet = Internet()
        # Small writes of TLS wait for a turn of the reactor.
        self.patch(tls, "_get_default_clock", lambda: self.internet)
        self.addCleanup(lambda: self.assertEqual(self.internet.getDelayedCalls(), []))

    def dial(self, url: str, **fields: Any) -> Deferred[None]:
        """
        @return: of an attempt.
        """
        return Deferred.fromCoroutine(
            attempt(Address.parse(url), ClientConfiguration(**fields), self.internet, None, self.accept)
        )

    def establish(self, number: int = 0) -> StringTransport:
        """
        Somebody answers.
        """
        factory = self.internet.tcpClients[number][2]
        self.protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 80))
        transport = StringTransport()
        self.protocol.makeConnection(transport)
        return transport


class TcpTests(TcpTestCase):
    """
    Without an endpoint it connects by TCP.
    """

    def dialled(self) -> list[tuple[str, int]]:
        """
        @return: where it was connected to.
        """
        return [(host, port) for host, port, *_ in self.internet.tcpClients]

    def test_ports(self) -> None:
        """
        To the URL's port, or else the scheme's.
        """
        self.internet.names["localhost"] = ["192.0.2.1"]
        for url, expected in (
            ("ws://localhost/", 80),
            ("wss://localhost/", 443),
            ("ws://localhost:9090/", 9090),
            ("ws://192.0.2.1:1/", 1),
        ):
            self.internet.tcpClients.clear()
            dialling = self.dial(url)
            self.assertEqual(self.dialled(), [("192.0.2.1", expected)])
            dialling.cancel()
            self.failed(dialling, CancelledError)

    def test_target(self) -> None:
        """
        TLS knows the port, too: its sessions are of no use at another.
        """
        self.internet.names["localhost"] = ["192.0.2.1"]
        made: list[TlsClient] = []

        def making(*arguments: Any) -> TlsClient:
            made.append(TlsClient(*arguments))
            return made[-1]

        self.patch(connecting, "TlsClient", making)
        for url in ("wss://localhost/", "wss://localhost:9090/"):
            dialling = self.dial(url)
            dialling.cancel()
            self.failed(dialling, CancelledError)
        self.assertEqual([each.target.partition(" ")[0] for each in made], ["localhost:443", "localhost:9090"])

    def test_ipv6(self) -> None:
        """
        An address of IPv6 is used without its brackets.
        """
        dialling = self.dial("ws://[2001:db8::7]:9090/")
        self.assertEqual(self.dialled(), [("2001:db8::7", 9090)])
        dialling.cancel()
        self.failed(dialling, CancelledError)

    def test_international(self) -> None:
        """
        A name in other letters is looked up in ASCII.
        """
        self.failed(self.dial("ws://bücher.example/"), ConnectionError)
        self.assertEqual(self.internet.asked, [("xn--bcher-kva.example", 80)])

    def test_unknownName(self) -> None:
        """
        A name that nobody knows is a ConnectionError.
        """
        problem = self.failed(self.dial("ws://nowhere.example/"), ConnectionError)
        self.assertTrue(str(problem).startswith("IO Error: DNS lookup failed"), problem)
        self.assertIs(type(problem.__cause__), DNSLookupError)

    def test_eyeballs(self) -> None:
        """
        Where the first address does not answer the next is tried beside it, and the first that answers is used.
        """
        self.internet.names["localhost"] = ["2001:db8::7", "192.0.2.1"]
        dialling = self.dial("ws://localhost/")
        self.assertEqual(self.dialled(), [("2001:db8::7", 80)])
        self.internet.advance(1)
        self.assertEqual(self.dialled(), [("2001:db8::7", 80), ("192.0.2.1", 80)])
        transport = self.establish(1)
        self.assertTrue(self.internet.connectors[0].stoppedConnecting)
        self.assertTrue(transport.value().startswith(b"GET / HTTP/1.1\r\nHost: localhost\r\n"))
        dialling.cancel()
        self.failed(dialling, CancelledError)
        self.assertTrue(transport.disconnected)

    def test_timeout(self) -> None:
        """
        TCP may take as long as the whole handshake, and is given up with it.
        """
        self.internet.names["localhost"] = ["192.0.2.1"]
        dialling = self.dial("ws://localhost/", handShakeTimeout=45)
        self.assertEqual(self.internet.tcpClients[0][3], 45)
        self.internet.advance(45)
        self.failed(dialling, HandshakeTimedOut, "Handshake timed out")
        self.assertTrue(self.internet.connectors[0].stoppedConnecting)

    def test_secure(self) -> None:
        """
        With wss TLS comes first: it names the host, and no byte of HTTP is sent before it is complete.
        """
        self.internet.names["secure.example"] = ["192.0.2.1"]
        dialling = self.dial("wss://secure.example/canary-path", customHeaders={"Authorization": "canary"})
        transport = self.establish()
        self.internet.advance(0)
        hello = transport.value()
        self.assertEqual(hello[:1], b"\x16")  # a TLS record: handshake
        self.assertIn(b"secure.example", hello)
        self.assertNotIn(b"canary", hello)
        dialling.cancel()
        self.failed(dialling, CancelledError)
        self.assertTrue(transport.disconnected)
        self.protocol.connectionLost(Failure(ConnectionAborted()))


class WssTests(TcpTestCase):
    """
    What wss brings with it.
    """

    certificate = certificateFor("secure.example")

    def setUp(self) -> None:
        super().setUp()
        trusted = self.mktemp()
        Path(trusted).write_bytes(self.certificate.dumpPEM())
        places = patch.dict(os.environ, {"SSL_CERT_FILE": trusted, "SSL_CERT_DIR": trusted + ".none"})
        places.start()
        self.addCleanup(places.stop)
        self.internet.names.update({"secure.example": ["192.0.2.1"], "other.example": ["192.0.2.1"]})

    def talk(self, url: str, certificate: PrivateCertificate | None = None) -> Deferred[None]:
        """
        @param certificate: the server's; L{None} is the one that is trusted.
        @return: of an attempt, all that has to be said of which was said.
        """
        dialling = self.dial(url, customHeaders={"Authorization": "canary"})
        near = self.establish()
        options = (certificate or self.certificate).options()
        tlsServer = Secured.server(options, self.place, self.internet).buildProtocol(None)
        far = StringTransport()
        tlsServer.makeConnection(far)
        for _ in range(10):
            self.internet.advance(0)
            for source, target in ((near, tlsServer), (far, self.protocol)):
                data = source.value()
                source.clear()
                if data and not near.disconnected:
                    target.dataReceived(data)
        if near.disconnected or near.disconnecting:
            self.protocol.connectionLost(Failure(ConnectionAborted()))
        return dialling

    def test_trusted(self) -> None:
        """
        With a certificate that the system trusts, and that is for the host, the handshake goes on.
        """
        self.successResultOf(self.talk("wss://secure.example/a"))
        self.assertEqual(self.server.line, "GET /a HTTP/1.1")
        self.assertEqual(len(self.accepted), 1)

    def test_anotherHost(self) -> None:
        """
        A certificate for another host, or for a name where an address was meant, is an SslError; no HTTP was sent.
        """
        for host in ("other.example", "192.0.2.1"):
            problem = self.failed(self.talk(f"wss://{host}/"), SslError)
            self.assertIn("another host", str(problem))
            self.assertEqual((self.server.line, self.server.received), ("", b""))
            self.internet.tcpClients.clear()

    def test_untrusted(self) -> None:
        """
        A certificate that nobody trusts is an SslError; no HTTP was sent.
        """
        problem = self.failed(self.talk("wss://secure.example/", certificateFor("secure.example")), SslError)
        self.assertTrue(str(problem).startswith("the TLS handshake failed: "), problem)
        self.assertEqual((self.server.line, self.server.received), ("", b""))


class TlsTests(AttemptTestCase):
    """
    What is on the other side of TLS.
    """

    certificate = certificateFor("localhost")

    def setUp(self) -> None:
        super().setUp()
        self.port = self.network.endpoint(443)
        options = self.certificate.options()
        self.successResultOf(self.port.listen(Secured.server(options, self.place, self.clock)))

    def dial(self, creator: Any, **fields: Any) -> Deferred[None]:
        """
        @return: of an attempt.
        """
        return self.attempt(Secured(creator, self.port, self.clock), "wss://localhost/", **fields)

    def untrusted(self, creator: Any, words: str) -> None:
        """
        Nobody is trusted, and has got no byte of HTTP.
        """
        problem = self.failed(self.dial(creator, customHeaders={"Authorization": "canary"}), SslError)
        self.assertIn(words, str(problem))
        self.assertEqual([server.received for server in self.place.servers], [b""])
        self.assertIdle()

    def test_unknownAuthority(self) -> None:
        """
        A certificate that nobody knows is an SslError.
        """
        self.untrusted(optionsForClientTLS("localhost"), "the TLS handshake failed: certificate verify failed")

    def test_anotherHost(self) -> None:
        """
        A certificate for another host is an SslError.
        """
        trusted = Certificate(self.certificate.original)
        self.untrusted(
            optionsForClientTLS("elsewhere", trustRoot=trusted),
            "the TLS handshake failed: the certificate is for another host",
        )

    def test_trusted(self) -> None:
        """
        With the right certificate the handshake goes on.
        """
        trusted = Certificate(self.certificate.original)
        self.successResultOf(self.dial(optionsForClientTLS("localhost", trustRoot=trusted)))
        self.assertEqual(len(self.accepted), 1)
        self.assertEqual(self.server.line, "GET / HTTP/1.1")

    def test_noTls(self) -> None:
        """
        A server that speaks no TLS is an SslError.
        """
        self.network.listening[443].factory = Plain()
        problem = self.failed(self.dial(Trusting()), SslError)
        self.assertTrue(str(problem).startswith("the TLS handshake failed: "), problem)
        self.assertIdle()

    def test_lost(self) -> None:
        """
        A connection that breaks within TLS is a ConnectionError.
        """
        self.network.hold()
        dialling = self.dial(Trusting())
        self.network.release(100)
        self.network.cut()
        self.failed(dialling, ConnectionError)
        self.network.release()


class Plain:
    """
    Builds servers that say at once what they think.
    """

    def buildProtocol(self, address: Any) -> RawServer:
        return Hasty(None)


class Hasty(RawServer):
    """
    Answers TLS with HTTP.
    """

    def dataReceived(self, data: bytes) -> None:
        self.say(head("400 Bad Request", ("Content-Length", "0")))
