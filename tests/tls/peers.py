"""
Both ends of TLS in memory: a server that says what it hears, and clients.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from OpenSSL._util import lib
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.config.secure import ClientSecureSocket, ListenerSecureSocket
from balws.errors import SslError
from balws.testing import MemoryNetwork
from balws.tls.client import TlsClient
from balws.tls.server import TlsServer
from balws.tls.vestibule import secured
from tests.certificates import Authority, Issued

HELLO, WELCOME = b"hello", b"welcome"


class Echo(Protocol):
    """
    The real protocol of a server: answers L{HELLO} with L{WELCOME}.
    """

    def __init__(self, serving: Echoes) -> None:
        self.heard = b""
        self.ended: Failure | None = None
        self._serving = serving

    def connectionMade(self) -> None:
        self._serving.met.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        if self.heard == HELLO:
            transport: Any = self.transport
            transport.write(WELCOME)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = reason


class Echoes(Factory):
    """
    @ivar met: the protocols that were made, each on a transport.
    @ivar addresses: what they were made for.
    """

    noisy = False

    def __init__(self) -> None:
        self.met: list[Echo] = []
        self.addresses: list[Any] = []

    def buildProtocol(self, addr: Any) -> Echo | None:
        self.addresses.append(addr)
        return Echo(self)


@implementer(IHandshakeListener)
class Caller(Protocol):
    """
    A client: as soon as it knows who is there it says L{HELLO}.

    @ivar heard: what came back.
    @ivar problem: why it has not said anything.
    @ivar ended: why the connection ended.
    @ivar connection: OpenSSL's side, once the handshake is complete.
    """

    def __init__(self, tls: Any) -> None:
        self._tls = tls
        self.heard = b""
        self.problem: str | None = None
        self.ended: Failure | None = None
        self.connection: SSL.Connection | None = None

    def handshakeCompleted(self) -> None:
        transport: Any = self.transport
        self.connection = transport.getHandle()
        if isinstance(self._tls, TlsClient):
            try:
                self._tls.verify(self.connection)
            except SslError as problem:
                self.problem = str(problem)
                transport.abortConnection()
                return
            checking = self._tls.check(self.connection)
            if checking is not None:
                checking.addCallbacks(lambda _: transport.write(HELLO), self._refused)
                return
        transport.write(HELLO)

    def _refused(self, failure: Failure) -> None:
        self.problem = failure.getErrorMessage()
        transport: Any = self.transport
        transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = reason
        if self.problem is None and isinstance(self._tls, TlsClient):
            self.problem = self._tls.problem


@implementer(IOpenSSLClientConnectionCreator)
class Stranger:
    """
    A client that is not ours: it verifies nobody, and can do what ours cannot.
    """

    def __init__(
        self,
        own: Issued | None = None,
        *,
        versions: tuple[int, int] = (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION),
        ciphers: bytes = b"ALL:@SECLEVEL=0",
        alpn: list[bytes] | None = None,
    ) -> None:
        self.context = SSL.Context(SSL.TLS_METHOD)
        self.context.set_min_proto_version(versions[0])
        self.context.set_max_proto_version(versions[1])
        self.context.set_cipher_list(ciphers)
        if alpn is not None:
            self.context.set_alpn_protos(alpn)
        if own is not None:
            self.context.use_certificate(own.certificate)
            for each in own.chain:
                self.context.add_extra_chain_cert(each)
            self.context.use_privatekey(own.key)
        self.session: SSL.Session | None = None

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        connection = SSL.Connection(self.context, None)
        connection.set_tlsext_host_name(b"localhost")
        if self.session is not None:
            connection.set_session(self.session)
        return connection


def isReused(connection: SSL.Connection | None) -> bool:
    """
    @return: whether the handshake was a short one, which pyOpenSSL does not tell.
    """
    assert connection is not None
    return bool(lib.SSL_session_reused(connection._ssl))  # type: ignore[attr-defined]


@cache
def authority() -> Authority:
    """
    @return: whom the tests trust; made once.
    """
    return Authority()


@cache
def own() -> Issued:
    """
    @return: the server's certificate; made once.
    """
    return authority().issue("localhost", "127.0.0.1")


class TlsTestCase(SynchronousTestCase):
    """
    A folder for certificates, a network for connections, and what was logged.

    @ivar events: what was logged.
    """

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.network = MemoryNetwork()
        self.events: list[LogEvent] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.echoes = Echoes()

    def pair(self, issued: Issued, name: str = "own", password: str | None = None) -> dict[str, Any]:
        """
        @return: a C{CertKey} of these files, as a mapping.
        """
        certFile, keyFile = issued.write(self.folder, name, password)
        found = {"certFile": certFile, "keyFile": keyFile}
        return found if password is None else {**found, "keyPassword": password}

    def trusting(self, who: Authority | None = None, name: str = "ca") -> str:
        """
        @return: a file with the certificate of an authority, written once; L{None} is ours.
        """
        path = self.folder / f"{name}.pem"
        return str(path) if path.exists() else (who or authority()).write(self.folder, name)

    def systemTrusts(self, path: str) -> None:
        """
        Let this file be the system's authorities, for the rest of the test.
        """
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = path
        if before is None:
            self.addCleanup(os.environ.pop, "SSL_CERT_FILE", None)
        else:
            self.addCleanup(os.environ.__setitem__, "SSL_CERT_FILE", before)

    def serve(self, issued: Issued | None = None, **fields: Any) -> TlsServer:
        """
        Listen with TLS, at port 443.
        """
        config = ListenerSecureSocket(**{"key": self.pair(issued or own(), "server"), **fields})
        server = TlsServer(config, self.network.clock)
        factory = secured(self.echoes, server, self.network.clock)
        self.port = self.successResultOf(self.network.endpoint(443).listen(factory))
        return server

    def client(self, host: str = "localhost", **fields: Any) -> TlsClient:
        """
        @return: one that trusts our authority, unless C{fields} say otherwise.
        """
        return TlsClient(host, ClientSecureSocket(**{"cert": self.trusting(), **fields}), self.network.clock)

    def reach(self, tls: Any) -> Caller:
        """
        Connect to port 443.
        """
        caller = Caller(tls)
        factory = Factory.forProtocol(lambda: caller)  # type: ignore[arg-type]
        factory.noisy = False
        endpoint = wrapClientTLS(tls, self.network.endpoint(443), clock=self.network.clock)
        self.successResultOf(endpoint.connect(factory))
        return caller

    def isWelcome(self, tls: Any) -> Caller:
        """
        A client is heard, and hears.
        """
        caller = self.reach(tls)
        self.assertEqual((caller.heard, caller.problem), (WELCOME, None))
        return caller

    def isRefused(self, tls: Any) -> Caller:
        """
        A client gets nowhere: nothing behind TLS hears of it.
        """
        before = len(self.echoes.met)
        caller = self.reach(tls)
        self.assertEqual(caller.heard, b"")
        self.assertEqual([each.heard for each in self.echoes.met[before:] if each.heard], [])
        self.assertIsNotNone(caller.ended)
        return caller

    def logged(self, *levels: str) -> list[str]:
        """
        @return: the lines of balws.tls at these levels; of all where there are none.
        """
        return [
            each["log_format"].format(**each)
            for each in self.events
            if each.get("log_namespace", "").startswith("balws.tls")
            and (not levels or each["log_level"].name in levels)
        ]
