"""
Tests of L{balws.tls.basis}.
"""

from __future__ import annotations

import os
from typing import Any

from OpenSSL import SSL

from balws.config.secure import ClientSecureSocket
from balws.tls import basis as module
from balws.tls.basis import MAX_KEPT, MAX_SESSION_AGE, MAX_SESSIONS, Basis, basisFor
from balws.tls.client import TlsClient
from tests.certificates import Authority
from tests.tls.peers import TlsTestCase, authority, isReused


class SharedTests(TlsTestCase):
    """
    What connections share.
    """

    def test_one(self) -> None:
        """
        Equal configurations share one, others do not.
        """
        config = {"cert": self.trusting()}
        first = basisFor(ClientSecureSocket(**config))
        self.assertIs(basisFor(ClientSecureSocket(**config)), first)
        self.assertIsNot(basisFor(ClientSecureSocket(**config, verifyHostName=False)), first)
        self.assertIsNot(basisFor(ClientSecureSocket()), first)
        contexts = {
            id(TlsClient("a", ClientSecureSocket(**config)).clientConnectionForTLS(None).get_context()) for _ in "ab"
        }
        self.assertEqual(len(contexts), 1)

    def test_bounded(self) -> None:
        """
        So many are remembered, those that were used last.
        """
        path = self.trusting()
        used = ClientSecureSocket(cert=path)
        first = basisFor(used)
        for number in range(MAX_KEPT * 2):
            basisFor(ClientSecureSocket(cert=path, sessionTimeout=number + 1))
            self.assertIs(basisFor(used), first)
        self.assertEqual(len(module._kept), MAX_KEPT)

    def test_newFiles(self) -> None:
        """
        Files that were written since are read for the next connection; what is broken leaves
        the old in place, with one ERROR for each time that it was written.
        """
        self.serve()
        path = self.trusting()
        self.isWelcome(self.client())
        mine = authority().issue("me")
        pair = self.pair(mine, "me")
        self.isWelcome(self.client(key=pair))
        (self.folder / "me.key").write_text("broken")
        for _ in range(2):
            self.isWelcome(self.client(key=pair))
        (line,) = self.logged("error", "critical")
        self.assertTrue(line.startswith("TLS goes on with the old certificates: secureSocket.key.keyFile: "), line)
        os.unlink(pair["certFile"])
        self.isWelcome(self.client(key=pair))
        self.assertEqual(len(self.logged("error", "critical")), 2)
        other = Authority("Other")
        with open(path, "wb") as stream:
            stream.write(b"")
        other.write(self.folder)
        self.isRefused(self.client())


class SessionTests(TlsTestCase):
    """
    Sessions that are kept.
    """

    def test_timeout(self) -> None:
        """
        One is of use for C{sessionTimeout} seconds.
        """
        self.serve()
        now = [100.0]
        config = ClientSecureSocket(cert=self.trusting(), sessionTimeout=10)
        shared = Basis(config, (), lambda: now[0])
        self.patch(module, "basisFor", None)
        for later, reused in ((0, False), (9.9, True), (10, False), (0, True)):
            now[0] += later
            client = TlsClient("localhost", config, self.network.clock)
            client._basis = shared
            self.assertEqual(isReused(self.isWelcome(client).connection), reused, later)

    def assertReused(self, config: ClientSecureSocket, *steps: tuple[float, bool]) -> None:
        """
        Each step lets so many seconds pass; then a handshake is short, or not.
        """
        now = [100.0]
        shared = Basis(config, (), lambda: now[0])
        for later, reused in steps:
            now[0] += later
            client = TlsClient("localhost", config, self.network.clock)
            client._basis = shared
            self.assertEqual(isReused(self.isWelcome(client).connection), reused, now[0])

    def test_expiry(self) -> None:
        """
        One is of use as long as the certificates that were looked at for the first of its line:
        a short handshake looks at none, and prolongs nothing.
        """
        steps = (0.0, False), (1800.0, True), (1700.0, True), (200.0, False), (1800.0, True)
        for version in ("TLSv1.2", "TLSv1.3"):
            protocol = {"name": "TLS", "versions": [version]}
            self.serve(authority().issue("localhost", days=1 / 24))
            self.assertReused(ClientSecureSocket(cert=self.trusting(), protocol=protocol), *steps)
            self.successResultOf(self.port.stopListening())
        short = Authority("Short", days=1 / 24)
        self.serve(short.issue("localhost"))
        self.assertReused(ClientSecureSocket(cert=self.trusting(short, "short")), *steps)

    def test_age(self) -> None:
        """
        At the latest after a day a handshake is a full one again.
        """
        lasting = Authority("Lasting", days=10)
        self.serve(lasting.issue("localhost", days=9))
        half = MAX_SESSION_AGE / 2
        steps = (0.0, False), (half, True), (half - 1, True), (1.0, False), (half, True), (half, False)
        for timeout in (0, MAX_SESSION_AGE * 2):
            config = ClientSecureSocket(cert=self.trusting(lasting, "lasting"), sessionTimeout=timeout)
            self.assertReused(config, *steps)

    def test_timeoutOfLine(self) -> None:
        """
        C{sessionTimeout} counts from the full handshake, too.
        """
        self.serve()
        config = ClientSecureSocket(cert=self.trusting(), sessionTimeout=10)
        self.assertReused(config, (0.0, False), (6.0, True), (3.0, True), (1.0, False))

    def test_ports(self) -> None:
        """
        Another port is another server: it is not shown the sessions of the first.
        """
        self.serve()
        config = ClientSecureSocket(cert=self.trusting())
        for port, reused in ((9443, False), (9090, False), (9443, True), (9090, True)):
            client = TlsClient("localhost", config, self.network.clock, port=port)
            self.assertEqual(isReused(self.isWelcome(client).connection), reused, port)

    def test_bounded(self) -> None:
        """
        So many servers are remembered, and a session is used once.
        """
        self.serve()
        shared = Basis(ClientSecureSocket(enable=False), ())

        def client(name: str) -> TlsClient:
            made = TlsClient(name, ClientSecureSocket(enable=False), self.network.clock)
            made._basis = shared
            return made

        for number in range(MAX_SESSIONS + 1):
            self.isWelcome(client(f"host{number}"))
        self.assertEqual(len(shared._sessions), MAX_SESSIONS)
        for name, reused in (("host0", False), (f"host{MAX_SESSIONS}", True)):
            self.assertEqual(isReused(self.isWelcome(client(name)).connection), reused)
        two = [client(f"host{MAX_SESSIONS}").clientConnectionForTLS(None) for _ in range(2)]
        self.assertEqual([each.get_session() is not None for each in two], [True, False])

    def test_ofNobody(self) -> None:
        """
        What OpenSSL still says of a connection that nobody owns any more is of no account.
        """
        connection: Any = SSL.Connection(SSL.Context(SSL.TLS_METHOD))
        shared = Basis(ClientSecureSocket(cert=self.trusting()), ())
        shared._keep(connection, SSL.SSL_CB_CONNECT_EXIT, 1)
        module._tell(connection, "nothing")
        self.assertTrue(module._accept(connection, b"", None))
        self.assertEqual(len(shared._sessions), 0)
