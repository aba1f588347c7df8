"""
Tests of L{balws.tls.server} and L{balws.tls.context}.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ExtendedKeyUsage
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface.verify import verifyObject

from balws.config.secure import ListenerSecureSocket
from balws.errors import ConfigurationError, SslError
from balws.tls import server as module
from balws.tls.context import reasonOf
from balws.tls.server import TlsServer
from tests.certificates import Authority, Issued, pem, rsaKey, selfSigned
from tests.tls.peers import HELLO, Stranger, TlsTestCase, authority, isReused, own

TLS12 = (SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION)
TLS13 = (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION)
OLD = [(each, each) for each in (SSL.TLS1_VERSION, SSL.TLS1_1_VERSION)]


class VersionTests(TlsTestCase):
    """
    What is spoken.
    """

    def test_versions(self) -> None:
        """
        TLS 1.2 and 1.3 are spoken; older ones get an alert (TL01).
        """
        server = self.serve()
        verifyObject(IOpenSSLServerConnectionCreator, server)
        for versions in (TLS12, TLS13):
            self.isWelcome(Stranger(versions=versions))
        for versions in OLD:
            caller = self.isRefused(Stranger(versions=versions))
            assert caller.ended is not None
            self.assertIn("alert protocol version", str(caller.ended.value))

    def test_onlyOne(self) -> None:
        """
        C{protocol.versions} leaves one of them: a peer that offers the other gets an alert
        (table A2.10).
        """
        for name, good, bad in (("TLSv1.2", TLS12, TLS13), ("TLSv1.3", TLS13, TLS12)):
            self.serve(protocol={"versions": [name]})
            caller = self.isWelcome(Stranger(versions=good))
            assert caller.connection is not None
            self.assertEqual(caller.connection.get_protocol_version_name(), name)
            ended = self.isRefused(Stranger(versions=bad)).ended
            assert ended is not None
            self.assertIn("alert protocol version", str(ended.value))
            self.port.stopListening()

    def test_alpn(self) -> None:
        """
        HTTP/1.1 is what is spoken under TLS: to whom offers it, to whom offers nothing, and
        to nobody else.
        """
        self.serve()
        for offered, agreed in ((None, b""), ([b"h2", b"http/1.1"], b"http/1.1")):
            caller = self.isWelcome(Stranger(alpn=offered))
            assert caller.connection is not None
            self.assertEqual(caller.connection.get_alpn_proto_negotiated(), agreed)
        ended = self.isRefused(Stranger(alpn=[b"h2"])).ended
        assert ended is not None
        self.assertIn("no application protocol", str(ended.value))
        self.assertEqual(self.logged(), ["No TLS with 192.0.2.2: it does not speak HTTP/1.1"])

    def test_renegotiation(self) -> None:
        """
        A second handshake on a connection of TLS 1.2 is refused with an alert, and nothing
        else comes of it (TL08).
        """
        self.serve()
        caller = self.isWelcome(Stranger(versions=TLS12))
        (echo,) = self.echoes.met
        ours: Any = echo.transport
        theirs: Any = caller.transport
        assert caller.connection is not None
        self.assertTrue(caller.connection.renegotiate())
        with self.network.turn():
            self.assertRaises(SSL.WantReadError, caller.connection.do_handshake)
            theirs._flushSendBIO()
        assert caller.ended is not None
        self.assertIn("no renegotiation", str(caller.ended.value))
        self.assertEqual(echo.heard, HELLO)
        self.assertEqual(self.logged(), [])
        self.assertIsNotNone(echo.ended)
        self.assertIsNone(ours.getHandle())

    def test_shared(self) -> None:
        """
        All connections share one context: it takes the memory.
        """
        server = self.serve()
        self.isWelcome(Stranger())
        self.isWelcome(Stranger())
        contexts = {id(each.transport.getHandle().get_context()) for each in self.echoes.met}  # type: ignore[union-attr]
        self.assertEqual(contexts, {id(server.serverConnectionForTLS(None).get_context())})


class ReasonTests(TlsTestCase):
    """
    OpenSSL's words.
    """

    def test_reasons(self) -> None:
        """
        They are in a list in a list, or there are none.
        """
        for arguments, words in (
            ([[("SSL routines", "", "no shared cipher"), ("x", "", "y")]], "no shared cipher; y"),
            ([[]], "the peer closed the connection"),
            ([], "the peer closed the connection"),
            ([-1, "Unexpected EOF"], "the peer closed the connection"),
        ):
            self.assertEqual(reasonOf(SSL.Error(*arguments)), words)


class MutualTests(TlsTestCase):
    """
    Certificates of clients.
    """

    def clients(self) -> list[tuple[Issued | None, str | None]]:
        """
        @return: clients, and what is wrong with each.
        """
        between = Authority("Between", issuer=authority())
        expired = Authority("Old", issuer=authority(), days=-1)
        return [
            (authority().issue("me"), None),
            (between.issue("me"), None),
            (authority().issue(common="no names"), None),
            (Authority("Other").issue("me"), "the certificate is signed by an authority that is not trusted"),
            (authority().issue("me", days=-1), "the certificate has expired"),
            (expired.issue("me"), "a certificate of an authority has expired"),
            (selfSigned("me"), "the certificate is signed by itself, and not trusted"),
        ]

    def test_clients(self) -> None:
        """
        A certificate that is not trusted ends the handshake; none does where one is required,
        and is no peer where it is optional (TL05).
        """
        for mode in ("REQUIRE", "OPTIONAL"):
            self.serve(mutualSsl={"verifyClient": mode, "cert": self.trusting()})
            for versions in (TLS12, TLS13):
                for issued, problem in self.clients():
                    self.events.clear()
                    stranger = Stranger(issued, versions=versions)
                    if problem is None:
                        assert issued is not None
                        self.isWelcome(stranger)
                        transport: Any = self.echoes.met[-1].transport
                        peer = transport.getPeerCertificate().to_cryptography()
                        self.assertEqual(peer, issued.certificate)
                        self.assertEqual(self.logged(), [])
                    else:
                        self.isRefused(stranger)
                        self.assertEqual(self.logged(), [f"No TLS with 192.0.2.2: {problem}"])
                self.events.clear()
                if mode == "REQUIRE":
                    self.isRefused(Stranger(versions=versions))
                    self.assertEqual(self.logged("debug"), ["No TLS with 192.0.2.2: the peer showed no certificate"])
                else:
                    self.isWelcome(Stranger(versions=versions))
                    transport = self.echoes.met[-1].transport
                    self.assertIsNone(transport.getPeerCertificate())
            self.port.stopListening()

    def test_nobodyElse(self) -> None:
        """
        Whom the server's own certificate is from is of no account: the given trust alone is.
        """
        other = Authority("Other")
        self.serve(mutualSsl={"cert": self.trusting(other, "other")})
        self.isRefused(Stranger(authority().issue("me")))
        self.isWelcome(Stranger(other.issue("me")))

    def test_pinned(self) -> None:
        """
        A client's own certificate in place of an authority trusts this one client.
        """
        mine = authority().issue("me")
        path = self.folder / "me.pem"
        path.write_bytes(pem(mine.certificate))
        self.serve(mutualSsl={"cert": str(path)})
        self.isWelcome(Stranger(mine))
        self.isRefused(Stranger(authority().issue("me")))

    def test_purpose(self) -> None:
        """
        A certificate for servers alone is none for a client.
        """
        usage = ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        self.serve(mutualSsl={"cert": self.trusting()})
        self.isRefused(Stranger(authority().issue("me", extensions=(usage,))))
        self.assertIn("is not for this purpose", self.logged()[0])


class SessionTests(TlsTestCase):
    """
    Short handshakes.
    """

    def again(self, versions: tuple[int, int], issued: Issued | None = None) -> bool:
        """
        @return: whether a client that comes again is known.
        """
        stranger = Stranger(issued, versions=versions)
        caller = self.isWelcome(stranger)
        assert caller.connection is not None
        stranger.session = caller.connection.get_session()
        return isReused(self.isWelcome(stranger).connection)

    def test_share(self) -> None:
        """
        A client that comes again makes a short handshake, unless C{shareSession} is off, or
        there are certificates of clients, which a short one does not look at.
        """
        trust = {"mutualSsl": {"cert": self.trusting(), "verifyClient": "OPTIONAL"}}
        for fields, shares in (({}, True), ({"shareSession": False}, False), (trust, False)):
            self.serve(**fields)
            for versions in (TLS12, TLS13):
                self.assertEqual(self.again(versions), shares, (fields, versions))
            if fields is trust:
                self.assertFalse(self.again(TLS13, authority().issue("me")))
            self.port.stopListening()

    def test_timeout(self) -> None:
        """
        C{sessionTimeout} is what OpenSSL limits them by, in whole seconds.
        """
        for given, seconds in ((1, 1), (0.2, 1), (77, 77)):
            server = TlsServer(ListenerSecureSocket(key=self.pair(own()), sessionTimeout=given), self.network.clock)
            self.assertEqual(server.serverConnectionForTLS(None).get_context().get_timeout(), seconds)
        usual = SSL.Context(SSL.TLS_METHOD).get_timeout()
        server = TlsServer(ListenerSecureSocket(key=self.pair(own()), sessionTimeout=0), self.network.clock)
        self.assertEqual(server.serverConnectionForTLS(None).get_context().get_timeout(), usual)

    def test_notElsewhere(self) -> None:
        """
        The sessions of one listener are nothing to another.
        """
        self.serve()
        stranger = Stranger(versions=TLS12)
        caller = self.isWelcome(stranger)
        assert caller.connection is not None
        stranger.session = caller.connection.get_session()
        self.port.stopListening()
        self.serve()
        self.assertFalse(isReused(self.isWelcome(stranger).connection))


class StartTests(TlsTestCase):
    """
    What cannot work is found when the listener is made.
    """

    def refused(self, **fields: Any) -> str:
        """
        @return: what is said of these fields.
        """
        config = ListenerSecureSocket(**{"key": self.pair(own()), **fields})
        return str(self.assertRaises(ConfigurationError, TlsServer, config, self.network.clock))

    def test_files(self) -> None:
        """
        Files that cannot be used are named with their keys (TL10).
        """
        pair = self.pair(own())
        self.assertTrue(self.refused(key={**pair, "keyFile": "none"}).startswith("secureSocket.key.keyFile: "))
        self.assertTrue(self.refused(mutualSsl={"cert": "none"}).startswith("secureSocket.mutualSsl.cert: "))
        self.assertTrue(
            self.refused(mutualSsl={"cert": {"path": "none", "password": "x"}}).startswith(
                "secureSocket.mutualSsl.cert.path: "
            )
        )
        self.assertTrue(self.refused(ciphers=["x"]).startswith("secureSocket.ciphers[0]: "))

    def test_weak(self) -> None:
        """
        What OpenSSL itself does not take is said in its words.
        """
        weak = ec.generate_private_key(ec.SECP192R1())
        problem = self.refused(key=self.pair(authority().issue("localhost", key=weak), "weak"))
        self.assertTrue(
            problem.startswith("secureSocket.key: OpenSSL does not take this key or certificate: "), problem
        )
        self.assertIn("too small", problem)

    def test_kind(self) -> None:
        """
        Suites that our kind of key has no use for would never be agreed on.
        """
        for key, names, kind in (
            (None, ["ECDHE-RSA-AES128-SHA"], "ECDSA"),
            (rsaKey(), ["ECDHE-ECDSA-AES128-SHA"], "RSA"),
        ):
            pair = self.pair(authority().issue("localhost", key=key), kind)
            problem = self.refused(key=pair, ciphers=names)
            self.assertTrue(problem.startswith("secureSocket.ciphers: has no suite for a key of the kind " + kind))
            TlsServer(ListenerSecureSocket(key=pair, ciphers=[*names, "TLS_AES_128_GCM_SHA256"]), self.network.clock)

    def test_revocation(self) -> None:
        """
        To check clients for revocation needs clients with certificates, and to staple needs
        somebody to ask, and who has issued our own.
        """
        self.assertTrue(
            self.refused(certValidation={"type": "OCSP_CRL"}).startswith(
                "secureSocket.certValidation.type: OCSP_CRL is for certificates of clients"
            )
        )
        for urls, issuer in (((), authority()), (("http://127.0.0.1:1/",), None)):
            issued = authority().issue("localhost", ocspUrls=urls)
            if issuer is not None:
                issued = Issued(issued.certificate, issued.key, (issuer.certificate,))
            problem = self.refused(key=self.pair(issued), certValidation={})
            self.assertTrue(problem.startswith("secureSocket.certValidation.type: "), problem)


class ReloadTests(TlsTestCase):
    """
    Certificates are read again.
    """

    def shown(self) -> Any:
        """
        @return: the certificate that a client sees.
        """
        caller = self.isWelcome(Stranger())
        assert caller.connection is not None
        return caller.connection.get_peer_certificate(as_cryptography=True)

    def test_new(self) -> None:
        """
        After a reload new connections see the new certificate, and old ones go on.
        """
        server = self.serve()
        self.assertEqual(self.shown(), own().certificate)
        fresh = authority().issue("localhost")
        fresh.write(self.folder, "server")
        self.assertEqual(self.shown(), own().certificate)
        server.reload()
        self.assertEqual(self.shown(), fresh.certificate)
        self.assertEqual([each.ended for each in self.echoes.met], [None] * 3)
        self.assertEqual(self.logged(), [])

    def test_broken(self) -> None:
        """
        What is broken leaves the old in place, with one ERROR that says what is wrong, and the
        next reload may go better.
        """
        server = self.serve()
        other = authority().issue("localhost")
        (self.folder / "server.key").write_bytes(other.keyPem())
        server.reload()
        (line,) = self.logged("error", "critical")
        self.assertTrue(line.startswith("TLS goes on with the old certificates: secureSocket.key.keyFile: the file "))
        self.assertEqual(self.logged(), [line])
        self.assertEqual(self.shown(), own().certificate)
        other.write(self.folder, "server")
        server.reload()
        self.assertEqual(self.shown(), other.certificate)

    def test_trust(self) -> None:
        """
        Whom we trust is read again, too.
        """
        other = Authority("Other")
        server = self.serve(mutualSsl={"cert": self.trusting()})
        mine = Stranger(authority().issue("me"))
        self.isWelcome(mine)
        other.write(self.folder)
        server.reload()
        self.isRefused(mine)
        self.isWelcome(Stranger(other.issue("me")))


#: Answers that OpenSSL can read, which is all that is asked of them here.
LATER, BROKEN = (
    OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    for status in (OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.INTERNAL_ERROR)
)


class Stapling:
    """
    In place of a Stapler: its first answer comes when the test says so.
    """

    made: list[Stapling] = []

    def __init__(self, certificate: Any, issuer: Any, reactor: Any, longest: float = 0) -> None:
        self.told = certificate, issuer
        self.calls: list[str] = []
        self.ready: Deferred[None] = Deferred()
        self.proof = b""
        self.made.append(self)

    def start(self) -> Deferred[None]:
        self.calls.append("start")
        return self.ready

    def stop(self) -> None:
        self.calls.append("stop")

    def response(self) -> bytes:
        return self.proof


class StaplingTests(TlsTestCase):
    """
    Proofs that our certificate was not revoked.
    """

    def setUp(self) -> None:
        super().setUp()
        Stapling.made = []
        self.patch(module, "Stapler", Stapling)
        self.between = Authority("Between", issuer=authority())

    def proof(self) -> bytes:
        """
        @return: what a client that asks for it is shown.
        """
        shown: list[bytes] = []
        stranger = Stranger()
        stranger.context.set_ocsp_client_callback(lambda connection, data, _: shown.append(data) or True)
        make = stranger.clientConnectionForTLS

        def asking(tlsProtocol: Any) -> SSL.Connection:
            connection = make(tlsProtocol)
            connection.request_ocsp()
            return connection

        stranger.clientConnectionForTLS = asking  # type: ignore[method-assign]
        self.isWelcome(stranger)
        (found,) = shown
        return found

    def test_proof(self) -> None:
        """
        A client that asks is shown what is at hand, while the port is open it is renewed.
        """
        issued = self.between.issue("localhost")
        self.serve(issued, certValidation={})
        (stapler,) = Stapling.made
        self.assertEqual(stapler.told, (issued.certificate, self.between.certificate))
        self.assertEqual(self.proof(), b"")
        stapler.proof = LATER
        self.assertEqual(self.proof(), LATER)
        self.isWelcome(Stranger())
        self.assertEqual(stapler.calls, ["start"])
        self.port.stopListening()
        self.assertEqual(set(stapler.calls[1:]), {"stop"})

    def test_reload(self) -> None:
        """
        A new certificate is shown when there is a proof for it; the last of several reloads
        counts, and stopping stops all.
        """
        server = self.serve(self.between.issue("localhost"), certValidation={})
        first = Stapling.made[0]
        first.proof = LATER
        server.reload()
        server.reload()
        second, third = Stapling.made[1:]
        third.proof = BROKEN
        self.assertEqual((self.proof(), first.calls), (LATER, ["start"]))
        second.ready.callback(None)
        self.assertEqual((self.proof(), second.calls), (LATER, ["start", "stop"]))
        third.ready.callback(None)
        self.assertEqual((self.proof(), first.calls, third.calls), (BROKEN, ["start", "stop"], ["start"]))
        server.reload()
        self.port.stopListening()
        last = Stapling.made[3]
        last.ready.callback(None)
        self.assertEqual({each.calls[-1] for each in Stapling.made}, {"stop"})


class RevocationTests(TlsTestCase):
    """
    Clients whose certificates were revoked.
    """

    def test_check(self) -> None:
        """
        The chain that was verified is checked, with those who are trusted, and whoever fails
        is dropped with one line; nobody without a certificate is asked about.
        """
        asked: list[Any] = []
        answers: list[Deferred[None]] = []

        class Revocation:
            def __init__(self, config: Any, reactor: Any) -> None:
                pass

            def checkPeer(self, chain: Any, trust: Any) -> Deferred[None]:
                asked.append((chain, trust))
                answers.append(Deferred())
                return answers[-1]

        self.patch(module, "Revocation", Revocation)
        mutual = {"cert": self.trusting(), "verifyClient": "OPTIONAL"}
        self.serve(mutualSsl=mutual, certValidation={"type": "OCSP_CRL"})
        self.isWelcome(Stranger())
        self.assertEqual(asked, [])
        mine = authority().issue("me")
        caller = self.reach(Stranger(mine))
        self.assertEqual(asked, [([mine.certificate, authority().certificate], [authority().certificate])])
        self.assertEqual((caller.heard, len(self.echoes.met)), (b"", 1))
        with self.network.turn():
            answers[0].callback(None)
        self.assertEqual(caller.heard, b"welcome")
        caller = self.reach(Stranger(mine))
        answers[1].errback(SslError("the certificate was revoked"))
        self.assertEqual((caller.heard, len(self.echoes.met)), (b"", 2))
        self.assertIsNotNone(caller.ended)
        self.assertEqual(self.logged(), ["No TLS with 192.0.2.2: the certificate was revoked"])
