"""
Tests of L{balws.tls.client}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus
from cryptography.x509.oid import NameOID
from OpenSSL import crypto
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.config.secure import ClientSecureSocket
from balws.errors import ConfigurationError, SslError
from balws.tls import basis
from balws.tls import client as module
from balws.tls import server as serverModule
from balws.tls.client import TlsClient
from tests.certificates import Authority, Issued, keyStore, pem, selfSigned
from tests.tls.peers import TlsTestCase, authority, isReused, own


class Connection:
    """
    An established connection to somebody with this certificate.
    """

    def __init__(self, *names: x509.GeneralName, common: str = "localhost") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = crypto.X509.from_cryptography(builder.sign(key, SHA256()))

    def get_peer_certificate(self, *, as_cryptography: bool = False) -> Any:
        """
        As pyOpenSSL's.
        """
        return self.certificate.to_cryptography() if as_cryptography else self.certificate


class VerifyTests(SynchronousTestCase):
    """
    Whose certificate it is.
    """

    def test_right(self) -> None:
        """
        A certificate for the host's name, or for its address.
        """
        TlsClient("localhost").verify(Connection(x509.DNSName("localhost")))  # type: ignore[arg-type]
        for address in ("127.0.0.1", "::1"):
            names = (x509.IPAddress(ip_address(address)),)
            TlsClient(address).verify(Connection(*names))  # type: ignore[arg-type]

    def test_wrong(self) -> None:
        """
        A certificate for somebody else, for part of the name, or for nobody at all: the
        common name does not count (RFC 9525).
        """
        for host, names in (
            ("localhost", [x509.DNSName("elsewhere")]),
            ("a.example", [x509.DNSName("example")]),
            ("127.0.0.1", [x509.DNSName("127.0.0.1")]),
            ("localhost", [x509.IPAddress(ip_address("127.0.0.1"))]),
            ("localhost", []),
            ("127.0.0.1", []),
        ):
            connection: Any = Connection(*names, common=host)
            problem = self.assertRaises(SslError, TlsClient(host).verify, connection)
            self.assertTrue(str(problem).startswith("the certificate "), problem)

    def test_noCertificate(self) -> None:
        """
        A peer without a certificate is nobody.
        """

        class Anonymous:
            def get_peer_certificate(self, *, as_cryptography: bool = False) -> None:
                return None

        anonymous: Any = Anonymous()
        self.assertRaises(SslError, TlsClient("localhost").verify, anonymous)

    def test_serverName(self) -> None:
        """
        A name is told to the server, so that it can choose its certificate; an address is
        not (RFC 6066 section 3).
        """
        for host, told in (("localhost", b"localhost"), ("127.0.0.1", None)):
            creator = TlsClient(host)
            verifyObject(IOpenSSLClientConnectionCreator, creator)
            self.assertEqual(creator.clientConnectionForTLS(None).get_servername(), told)


class ServerTests(TlsTestCase):
    """
    Who is talked to, and who is not.
    """

    def test_trusted(self) -> None:
        """
        With a trust file a server of this authority is trusted, by name and by address, with
        authorities in between, too; the host is checked all the same (TL04).
        """
        self.serve()
        self.isWelcome(self.client())
        self.isWelcome(self.client("127.0.0.1"))
        caller = self.isRefused(self.client("127.0.0.2"))
        self.assertEqual(caller.problem, "the certificate is for another host than 127.0.0.2")
        self.port.stopListening()
        self.serve(Authority("Between", issuer=authority()).issue("localhost"))
        self.isWelcome(self.client())

    def test_refused(self) -> None:
        """
        Each server that has not shown who it is is refused before a byte is said to it, and the
        problem says what was wrong (TL03).
        """
        for issued, problem in (
            (authority().issue("elsewhere"), "the certificate is for another host than localhost"),
            (authority().issue("localhost", days=-1), "the certificate has expired"),
            (selfSigned("localhost"), "the certificate is signed by itself, and not trusted"),
            (Authority("Other").issue("localhost"), "the certificate is signed by an authority that is not trusted"),
            (authority().issue(common="localhost"), "the certificate names nobody (CertificateError)"),
            (
                Authority("Old", issuer=authority(), days=-1).issue("localhost"),
                "a certificate of an authority has expired",
            ),
        ):
            self.serve(issued)
            self.assertEqual(self.isRefused(self.client()).problem, problem)
            self.port.stopListening()

    def test_onlyThese(self) -> None:
        """
        With a trust file the system's authorities are not trusted; without one they are, and
        nobody else (TL04).
        """
        other = Authority("Other")
        self.serve()
        self.systemTrusts(self.trusting())
        self.isWelcome(TlsClient("localhost"))
        self.isWelcome(TlsClient("localhost", ClientSecureSocket()))
        caller = self.isRefused(self.client(cert=self.trusting(other, "other")))
        self.assertEqual(caller.problem, "the certificate is signed by an authority that is not trusted")
        self.systemTrusts(self.trusting(other, "other"))
        self.isRefused(TlsClient("localhost"))

    def test_pinned(self) -> None:
        """
        The server's own certificate in place of an authority trusts this server alone.
        """
        path = self.folder / "server.pem"
        for issued in (own(), selfSigned("localhost")):
            path.write_bytes(pem(issued.certificate))
            self.serve(issued)
            self.isWelcome(self.client(cert=str(path)))
            self.port.stopListening()
        self.serve()
        self.isRefused(self.client(cert=str(path)))

    def test_trustStore(self) -> None:
        """
        A trust store is as good as a file.
        """
        path = self.folder / "ca.p12"
        path.write_bytes(keyStore(None, None, "pw", (authority().certificate,)))
        self.serve()
        self.isWelcome(self.client(cert={"path": str(path), "password": "pw"}))

    def test_notVerified(self) -> None:
        """
        C{enable = false} talks to everybody, and says once a process what that means.
        """
        module._warn.cache_clear()
        for issued in (selfSigned("elsewhere"), authority().issue("localhost", days=-1)):
            self.serve(issued)
            self.isWelcome(self.client(enable=False))
            self.isWelcome(TlsClient("localhost", ClientSecureSocket(enable=False)))
            self.port.stopListening()
        lines = [line for line in self.logged("warn") if "enable = false" in line]
        self.assertEqual(len(lines), 1)
        self.serve(selfSigned("localhost"))
        self.isRefused(self.client())

    def test_hostNotVerified(self) -> None:
        """
        C{verifyHostName = false} talks to everybody with a trusted certificate, and to nobody
        else.
        """
        self.serve(authority().issue("elsewhere"))
        self.isWelcome(self.client(verifyHostName=False))
        self.port.stopListening()
        self.serve(selfSigned("localhost"))
        self.isRefused(self.client(verifyHostName=False))

    def test_otherName(self) -> None:
        """
        C{serverName} is told to the server, and looked for in its certificate.
        """
        self.serve(authority().issue("a.example", "192.0.2.9"))
        caller = self.isWelcome(self.client(serverName="a.example"))
        assert caller.connection is not None
        self.assertEqual(caller.connection.get_servername(), b"a.example")
        caller = self.isWelcome(self.client("elsewhere", serverName="192.0.2.9"))
        assert caller.connection is not None
        self.assertIsNone(caller.connection.get_servername())
        caller = self.isRefused(self.client("a.example", serverName="b.example"))
        self.assertEqual(caller.problem, "the certificate is for another host than b.example")

    def test_own(self) -> None:
        """
        With a key of our own we are known to a server that asks, by pair or by store (TL05).
        """
        self.serve(mutualSsl={"cert": self.trusting()})
        mine = authority().issue(common="me")
        store = {"path": mine.writeStore(self.folder, "pw"), "password": "pw"}
        for key in (self.pair(mine, "me"), self.pair(mine, "locked", "secret"), store):
            self.isWelcome(self.client(key=key))
            transport: Any = self.echoes.met[-1].transport
            self.assertEqual(transport.getPeerCertificate().to_cryptography(), mine.certificate)
        self.isRefused(self.client())
        self.isRefused(self.client(key=self.pair(Authority("Other").issue("me"), "other")))

    def test_agreed(self) -> None:
        """
        Versions and suites are those that are configured (TL02).
        """
        self.serve()
        for fields, version, name in (
            ({"protocol": {"versions": ["TLSv1.2"]}}, "TLSv1.2", None),
            ({"protocol": {"versions": ["TLSv1.3"]}}, "TLSv1.3", None),
            ({"ciphers": ["TLS_AES_256_GCM_SHA384"]}, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            (
                {"ciphers": ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]},
                "TLSv1.2",
                "ECDHE-ECDSA-AES256-GCM-SHA384",
            ),
        ):
            connection = self.isWelcome(self.client(**fields)).connection
            assert connection is not None
            self.assertEqual(connection.get_protocol_version_name(), version)
            if name is not None:
                self.assertEqual(connection.get_cipher_name(), name)

    def test_unusable(self) -> None:
        """
        Files and names that cannot be used are said when the client is made (TL10).
        """
        for fields, where in (
            ({"cert": "none"}, "cert"),
            ({"key": {"certFile": "none", "keyFile": "none"}}, "key.certFile"),
            ({"ciphers": ["RC4-SHA"]}, "ciphers[0]"),
        ):
            problem = self.assertRaises(ConfigurationError, self.client, **fields)
            self.assertEqual(problem.path, f"secureSocket.{where}")

    def test_timeout(self) -> None:
        """
        C{handshakeTimeout} is for who connects; 0 and nothing set no limit.
        """
        for given, expected in ((None, None), (0, None), (1.5, 1.5)):
            self.assertEqual(self.client(handshakeTimeout=given).handshakeTimeout, expected)
        self.assertIsNone(TlsClient("localhost").handshakeTimeout)


class RevocationTests(TlsTestCase):
    """
    Servers whose certificates were revoked.
    """

    def test_asked(self) -> None:
        """
        With C{OCSP_CRL} the chain that was verified is asked about, with whom we trust: the
        given authorities, or of the system's the one at the end; nothing is said before the
        answer.
        """
        asked: list[Any] = []
        made: list[Any] = []

        class Revocation:
            def __init__(self, config: Any, reactor: Any) -> None:
                made.append((config, reactor))

            def checkPeer(self, chain: Any, trust: Any) -> Deferred[None]:
                asked.append((chain, trust, Deferred()))
                found: Deferred[None] = asked[-1][2]
                return found

        self.patch(basis, "Revocation", Revocation)
        self.serve()
        validation = {"type": "OCSP_CRL"}
        chain, root = [own().certificate, authority().certificate], [authority().certificate]
        other = Authority("Other")
        both = self.folder / "both.pem"
        both.write_bytes(pem(other.certificate, *root))
        caller = self.reach(self.client(cert=str(both), certValidation=validation))
        self.assertEqual(asked[0][:2], (chain, [other.certificate, *root]))
        self.assertEqual(self.echoes.met[0].heard, b"")
        with self.network.turn():
            asked[0][2].callback(None)
        self.assertEqual(caller.heard, b"welcome")
        caller = self.reach(self.client(cert=str(both), certValidation=validation))
        with self.network.turn():
            asked[1][2].errback(SslError("the certificate was revoked"))
        self.assertEqual((caller.problem, self.echoes.met[1].heard), ("the certificate was revoked", b""))
        self.assertEqual([each[1] for each in made], [self.network.clock])
        self.systemTrusts(self.trusting())
        config = ClientSecureSocket(certValidation=validation)
        self.reach(TlsClient("localhost", config, self.network.clock))
        self.assertEqual(asked[2][:2], (chain, root))
        self.reach(TlsClient("localhost", attrs.evolve(config, enable=False), self.network.clock))
        self.assertEqual(len(asked), 3)
        from twisted.internet import reactor

        self.reach(TlsClient("localhost", config))
        self.assertIs(made[-1][1], reactor)

    def test_proof(self) -> None:
        """
        With C{OCSP_STAPLING} the server has to show a proof, for its certificate by its
        issuer; who is trusted by himself needs none.
        """
        shown: list[Any] = []

        def check(*told: Any) -> None:
            shown.append(told)
            if not told[0]:
                raise SslError("no proof")

        proof = OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
        staples = [b""]

        class Stapler:
            def __init__(self, *told: Any, longest: float = 0) -> None:
                pass

            def start(self) -> Deferred[None]:
                return succeed(None)

            def stop(self) -> None:
                pass

            def response(self) -> bytes:
                return staples[-1]

        self.patch(module, "checkStapled", check)
        self.patch(serverModule, "Stapler", Stapler)
        issued = own()
        self.serve(Issued(issued.certificate, issued.key, (authority().certificate,)), certValidation={})
        for version in ("TLSv1.2", "TLSv1.3"):
            fields = {"certValidation": {}, "protocol": {"versions": [version]}}
            staples.append(b"")
            self.assertEqual(self.isRefused(self.client(**fields)).problem, "no proof")
            staples.append(proof)
            self.isWelcome(self.client(**fields))
            pair = issued.certificate, authority().certificate
            self.assertEqual(shown, [(b"", *pair), (proof, *pair)])
            shown.clear()
        path = self.folder / "server.pem"
        path.write_bytes(pem(issued.certificate))
        self.isWelcome(self.client(cert=str(path), certValidation={}))
        self.isWelcome(self.client(certValidation={}, enable=False))
        self.assertEqual(shown, [])

    def test_nobody(self) -> None:
        """
        Where there is no certificate nobody can tell.
        """
        client = self.client(certValidation={})
        connection: Any = client.clientConnectionForTLS(None)
        checking = client.check(connection)
        assert checking is not None
        self.failureResultOf(checking, SslError)


class SessionTests(TlsTestCase):
    """
    Short handshakes with servers that were met before.
    """

    def test_again(self) -> None:
        """
        A second connection makes a short handshake, whose certificate is the first one's: the
        host is looked for in it again.
        """
        self.serve()
        for version in ("TLSv1.2", "TLSv1.3"):
            fields = {"protocol": {"versions": [version]}}
            reused = [isReused(self.isWelcome(self.client(**fields)).connection) for _ in range(3)]
            self.assertEqual(reused, [False, True, True])
            for _ in range(2):
                caller = self.isRefused(self.client("127.0.0.2", **fields))
                self.assertEqual(caller.problem, "the certificate is for another host than 127.0.0.2")

    def test_never(self) -> None:
        """
        Not with C{shareSession} off, nor where revocation is checked, nor for another host or
        another name of it, nor with other settings.
        """
        self.serve(authority().issue("localhost", "127.0.0.1", "a.example"))
        self.isWelcome(self.client())
        for fields in (
            {"serverName": "a.example"},
            {"enable": False},
            {"verifyHostName": False},
            {"shareSession": False},
        ):
            self.assertFalse(isReused(self.isWelcome(self.client(**fields)).connection))
        self.assertFalse(isReused(self.isWelcome(self.client("127.0.0.1")).connection))
        self.assertTrue(isReused(self.isWelcome(self.client()).connection))
        self.assertFalse(isReused(self.isWelcome(self.client(shareSession=False)).connection))

    def test_validated(self) -> None:
        """
        Where revocation is checked each handshake is a whole one: it alone shows the chain.
        """

        class Revocation:
            def __init__(self, config: Any, reactor: Any) -> None:
                pass

            def checkPeer(self, chain: Any, trust: Any) -> Deferred[None]:
                return succeed(None)

        self.patch(basis, "Revocation", Revocation)
        self.serve()
        for _ in range(2):
            caller = self.isWelcome(self.client(certValidation={"type": "OCSP_CRL"}))
            self.assertFalse(isReused(caller.connection))
