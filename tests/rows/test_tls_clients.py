"""
Certificates of clients, and those that were revoked: row TL05 of the reliability catalogue.
"""

from __future__ import annotations

import socket
import ssl
import time

from tests.certificates import Authority, Issued, keyStore, selfSigned
from tests.rows.raw import TEXT, Peer, frame, request
from tests.rows.tls_serving import KEY, TRUST, Says, SecuredTestCase, authority, context, files, openssl
from tests.rows.waiting import patiently
from tests.waiting import PATIENCE

#: What a client may be told of its certificate.
NONE = "ALERT_CERTIFICATE_REQUIRED"
HANDSHAKE = "ALERT_HANDSHAKE_FAILURE"
UNKNOWN = "ALERT_UNKNOWN_CA"
EXPIRED = "ALERT_CERTIFICATE_EXPIRED"
BAD = "ALERT_BAD_CERTIFICATE"
PURPOSE = "ALERT_UNSUPPORTED_CERTIFICATE"

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

PASSWORD = "analytical engine"


class MutualTestCase(SecuredTestCase):
    """
    A server that asks for certificates.
    """

    def assertServed(self, own: Issued | None, version: ssl.TLSVersion | None = None) -> Peer:
        """
        Check that this client is served.
        """
        peer = self.peer(under=context(own, version))
        peer.send(request(self.tagged("/ws"), body=frame(TEXT, b"x")))
        self.assertEqual((peer.status(), peer.receive()), (101, (TEXT, b"x")))
        return peer

    def assertStrangers(self) -> None:
        """
        Check that certificates that are not trusted are refused.
        """
        stranger = Authority("Known CA").issue(common="ada")
        for version in VERSIONS:
            for own, alert in (
                (stranger, UNKNOWN),
                (selfSigned(common="ada"), UNKNOWN),
                (authority().issue(common="ada", days=-1), EXPIRED),
            ):
                self.assertNoTls(context(own, version), alert)
        self.assertEqual(self.calls(), [])


class RequiredTests(MutualTestCase):
    """
    C{verifyClient = "REQUIRE"}, the default, with everything out of PKCS12 stores.
    """

    key = f'path = "{{folder}}/server.p12"\npassword = "{PASSWORD}"'
    tables = f"""
[listeners.secureSocket.mutualSsl.cert]
path = "{{folder}}/trust.p12"
password = "{PASSWORD}"
"""

    def setUp(self) -> None:
        """
        Write the stores, and serve.
        """
        if not (files() / "trust.p12").exists():
            between = Authority("between", issuer=authority())
            between.issue("localhost", "127.0.0.1").writeStore(files(), PASSWORD, "server")
            (files() / "trust.p12").write_bytes(keyStore(authority().certificate, None, PASSWORD))
        super().setUp()

    def test_right(self) -> None:
        """
        Who has a certificate of a trusted authority, or of one below it, is served, with TLS
        1.2 and 1.3 (TL05)
        """
        below = Authority("below", issuer=authority()).issue(common="ada")
        for version in VERSIONS:
            for own in (authority().issue(common="ada"), below):
                self.assertServed(own, version)

    def test_none(self) -> None:
        """
        Who has none is refused in the handshake (TL05)
        """
        self.assertNoTls(context(version=VERSIONS[0]), HANDSHAKE)
        self.assertNoTls(context(version=VERSIONS[1]), NONE)
        self.assertEqual(self.calls(), [])

    def test_strangers(self) -> None:
        """
        So are those of an unknown authority, be it one of the same name, of nobody, and those
        whose time is over (TL05)
        """
        self.assertStrangers()

    def test_chain(self) -> None:
        """
        The chain out of a store is shown, and the names of the authorities that a client may be of (A2.6, A2.9)
        """
        said = openssl(self.port)
        self.assertIn("Verification: OK", said)
        self.assertIn("Acceptable client certificate CA names\nCN = Known CA\n", said)

    def test_sessions(self) -> None:
        """
        There is no short handshake past a certificate, which may be out of date by then
        """
        own = authority().issue(common="ada")
        certFile, keyFile = own.write(files(), "again")
        said = openssl(self.port, "-tls1_2", "-reconnect", "-cert", certFile, "-key", keyFile)
        self.assertEqual((said.count("\nNew, TLSv1.2"), said.count("\nReused, TLSv1.2")), (6, 0))


class OptionalTests(MutualTestCase):
    """
    C{verifyClient = "OPTIONAL"}, with a PEM file.
    """

    tables = TRUST + '\nverifyClient = "OPTIONAL"'

    def test_none(self) -> None:
        """
        Who has no certificate is served, and so is who has a good one (TL05)
        """
        for version in VERSIONS:
            self.assertServed(None, version)
            self.assertServed(authority().issue(common="ada"), version)

    def test_strangers(self) -> None:
        """
        Who shows one that is not good is refused all the same (TL05)
        """
        self.assertStrangers()


class RevokedTests(MutualTestCase):
    """
    C{OCSP_CRL}, with a client that has a certificate or has none.
    """

    tables = TRUST + '\nverifyClient = "OPTIONAL"\n[listeners.secureSocket.certValidation]\ntype = "OCSP_CRL"'

    def known(self) -> ssl.SSLContext:
        """
        @return: what a client has who shows no certificate.
        """
        return context()

    def refuse(self, own: Issued) -> None:
        """
        Check that this client gets through the handshake, and no further.
        """
        for version in VERSIONS:
            self.assertNoTls(context(own, version))
        self.assertEqual(self.calls(), [])

    def test_ocsp(self) -> None:
        """
        A certificate that OCSP calls revoked is refused before any HTTP, one that is good is
        served, and the answer is kept (A2.11)
        """
        says = Says.all()
        good, revoked = (authority().issue(common="ada", ocspUrls=(says.ocspUrl,)) for _ in range(2))
        says.revoked.add(revoked.certificate.serial_number)
        self.assertServed(good)
        before = len(says.asked)
        self.refuse(revoked)
        self.assertServed(good)
        self.assertEqual(says.asked[before:], ["ocsp"])

    def test_list(self) -> None:
        """
        So is one that is on the list of the revoked, where there is no OCSP, or where that
        cannot be reached (A2.11)
        """
        says = Says.all()
        for ocspUrls in ((), ("http://127.0.0.1:9/",)):
            good, revoked = (
                authority().issue(common="ada", ocspUrls=ocspUrls, crlUrls=(f"{says.listUrl}{len(ocspUrls)}",))
                for _ in range(2)
            )
            says.revoked.add(revoked.certificate.serial_number)
            self.assertServed(good)
            self.refuse(revoked)

    def test_unknown(self) -> None:
        """
        One that nobody can be asked about is refused, and so is one of an authority in
        between of which that is true (A2.11)
        """
        self.refuse(authority().issue(common="ada"))
        self.refuse(authority().issue(common="ada", ocspUrls=("http://127.0.0.1:9/",)))
        between = Authority("between", issuer=authority())
        self.refuse(between.issue(common="ada", ocspUrls=(Says.all().ocspUrl,)))

    @patiently
    def test_silent(self) -> None:
        """
        Where the responder does not answer the client is refused within some seconds, and
        others are served meanwhile (A2.11)
        """
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            own = context(authority().issue(common="ada", ocspUrls=(url,)))
            began = time.monotonic()
            peers = [self.peer(under=own).send(request(self.tagged("/ws"))) for _ in range(20)]
            self.assertAlive()
            self.assertLess(time.monotonic() - began, 1)
            for peer in peers:
                self.assertEqual(peer.rest(), b"")
            self.assertTrue(1 < time.monotonic() - began < 15)

    def test_none(self) -> None:
        """
        Who has none is served, since it is optional
        """
        self.assertServed(None)

    def test_early(self) -> None:
        """
        What a client sends while its certificate is asked about is kept: the request and a
        first message with it (ruling 13)
        """
        says = Says.all()
        own = authority().issue(common="ada", ocspUrls=(says.ocspUrl,))
        peer = self.peer(under=context(own))
        peer.send(request(self.tagged("/ws"), body=frame(TEXT, b"a" * 60_000) + frame(TEXT, b"b")))
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"a" * 60_000))
        self.assertEqual(peer.receive(), (TEXT, b"b"))


class StaplingTests(SecuredTestCase):
    """
    A server that shows what its authority says of it.
    """

    key = KEY.replace("server", "stapled")
    tables = "[listeners.secureSocket.certValidation]\n"

    def setUp(self) -> None:
        """
        Have a certificate that can be asked about, and serve.
        """
        if not (files() / "stapled.crt").exists():
            authority().issue("localhost", "127.0.0.1", ocspUrls=(Says.all().ocspUrl,)).write(files(), "stapled")
            with open(files() / "stapled.crt", "ab") as stream:
                stream.write((files() / "ca.pem").read_bytes())
        super().setUp()

    def test_status(self) -> None:
        """
        C{openssl s_client -status} sees a good answer of the responder, with TLS 1.2 and 1.3;
        who does not ask gets none (A2.11)
        """
        deadline = time.monotonic() + PATIENCE
        while "Cert Status: good" not in openssl(self.port, "-status"):
            self.assertLess(time.monotonic(), deadline, "nothing was stapled")
        for version in ("-tls1_2", "-tls1_3"):
            said = openssl(self.port, version, "-status")
            self.assertIn("OCSP Response Status: successful (0x0)", said)
            self.assertIn("Cert Status: good", said)
            self.assertIn("Verification: OK", said)
        self.assertNotIn("OCSP", openssl(self.port))
