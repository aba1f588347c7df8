"""
Versions of TLS, cipher suites and sessions: rows TL01, TL02 and TL08 of the reliability
catalogue.
"""

from __future__ import annotations

import ssl
import struct
from typing import Any

from OpenSSL import SSL

from tests.certificates import rsaKey
from tests.rows.raw import TEXT, Peer, frame, request
from tests.rows.tls_serving import SecuredTestCase, authority, context, files, openssl

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

#: The suites of seed 4, as OpenSSL spells them; an RSA key has nothing to do with the first.
ECDSA_SUITES = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256")
RSA_SUITES = (
    "ECDHE-RSA-AES128-SHA256",
    "DHE-RSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA",
    "DHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES128-GCM-SHA256",
)

SEEDS = """
ciphers = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
]
"""


def clientHello(version: int, *suites: int) -> bytes:
    """
    @param version: as TLS counts, such as 0x0303 for TLS 1.2.
    @return: the first record of a client that speaks no later one.
    """
    groups = bytes.fromhex("000a 0006 0004 001d 0017") + bytes.fromhex("000b 0002 0100")
    extensions = groups + bytes.fromhex("000d 0006 0004 0403 0804")  # ECDSA and RSA-PSS, with SHA-256
    body = struct.pack("!H", version) + bytes(range(32)) + b"\0"
    body += struct.pack("!H", 2 * len(suites)) + b"".join(struct.pack("!H", each) for each in suites) + b"\x01\0"
    body += struct.pack("!H", len(extensions)) + extensions
    message = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return b"\x16" + struct.pack("!HH", min(version, 0x0301), len(message)) + message


def reused(peer: Peer) -> bool:
    """
    @return: whether this connection's handshake was a short one.
    """
    isReused: bool = peer.socket.session_reused  # type: ignore[attr-defined]
    return isReused


class SessionTestCase(SecuredTestCase):
    """
    Clients that come again.
    """

    def again(self, under: ssl.SSLContext, first: Any) -> Peer:
        """
        @return: a connection that wants to go on with the session of the first.
        """
        peer = self.plainPeer()
        peer.socket = under.wrap_socket(peer.socket, server_hostname="localhost", session=first.socket.session)
        return peer


class VersionTests(SessionTestCase):
    """
    The default.
    """

    def test_old(self) -> None:
        """
        SSLv3, TLS 1.0 and TLS 1.1 get an alert for their version, and no more; so does TLS
        1.2 not (TL01)
        """
        suites = (0xC02B, 0xC02F, 0xC009, 0xC013, 0x002F, 0x000A, 0x0005)
        for version in (0x0300, 0x0301, 0x0302):
            answer = self.plainPeer().send(clientHello(version, *suites)).rest()
            self.assertEqual((answer[:1], answer[3:]), (b"\x15", b"\0\x02\x02\x46"), hex(version))
        answer = self.plainPeer().send(clientHello(0x0303, *suites)).exactly(11)
        self.assertEqual((answer[:1], answer[5:6], answer[9:]), (b"\x16", b"\x02", b"\x03\x03"))

    def test_new(self) -> None:
        """
        TLS 1.2 and 1.3 work, with authenticated encryption and a key for each session (TL01)
        """
        for version, name in ((TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")):
            peer: Any = self.peer(under=context(version=version))
            suite, _, bits = peer.socket.cipher()
            self.assertEqual(peer.socket.version(), name)
            self.assertRegex(suite, r"\A(TLS_|ECDHE-ECDSA-).*(GCM|POLY1305)")
            self.assertGreaterEqual(bits, 128)
            peer.send(request(self.tagged("/ws"), body=frame(TEXT, b"x")))
            self.assertEqual((peer.status(), peer.receive()), (101, (TEXT, b"x")))

    def test_fallback(self) -> None:
        """
        Who says that it fell back to TLS 1.2 though it knows 1.3 is told that it need not (RFC 7507)
        """
        said = openssl(self.port, "-tls1_2", "-fallback_scsv")
        self.assertIn("inappropriate fallback", said)

    def test_oldSuites(self) -> None:
        """
        Suites without forward secrecy, without authenticated encryption, or broken ones are
        not agreed on (TL02)
        """
        for suite in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA"):
            under = context(version=TLS12)
            under.set_ciphers(f"{suite}:@SECLEVEL=0")
            self.assertNoTls(under, "SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_PROTOCOL_VERSION")

    def test_plain(self) -> None:
        """
        A request without TLS is not served, and gets no page (A2.5)
        """
        for data in (request(self.tagged("/ws")), b"GET / HTTP/1.0\r\n\r\n", b"\0" * 20000, b"\n"):
            answer = self.plainPeer().send(data + b"x" * 5).rest()
            self.assertNotIn(b"HTTP", answer)
            self.assertLess(len(answer), 10)
        self.assertAlive()

    def test_alpn(self) -> None:
        """
        HTTP/1.1 is agreed on where a client asks for it, be it the second of its wishes; one
        that speaks h2 alone is told so (RFC 7301)
        """
        for offered, expected in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), ([], None)):
            under = context()
            if offered:
                under.set_alpn_protocols(offered)
            peer: Any = self.peer(under=under)
            self.assertEqual(peer.socket.selected_alpn_protocol(), expected)
            self.assertEqual(peer.send(request(self.tagged("/ws"))).status(), 101)
        under = context()
        under.set_alpn_protocols(["h2"])
        self.assertNoTls(under, "TLSV1_ALERT_NO_APPLICATION_PROTOCOL")

    def test_renegotiation(self) -> None:
        """
        A second handshake on a TLS 1.2 connection is refused by an alert,
        and costs no CPU (TL08)
        """
        before = self.cpu()
        under = SSL.Context(SSL.TLS_CLIENT_METHOD)
        under.set_max_proto_version(SSL.TLS1_2_VERSION)
        for _ in range(20):
            peer = self.plainPeer()
            peer.socket.setblocking(True)
            connection = SSL.Connection(under, peer.socket)
            connection.set_connect_state()
            connection.do_handshake()
            connection.sendall(request(self.tagged("/ws")))
            self.assertIn(b" 101 ", connection.recv(65536))
            connection.renegotiate()
            error = self.assertRaises(SSL.Error, connection.do_handshake)
            self.assertEqual([each[-1] for each in error.args[0]], ["no renegotiation"])
        self.assertLess(self.cpu() - before, 1)
        self.assertIdle()
        self.assertAlive()

    def test_sessions(self) -> None:
        """
        A client that comes again makes a short handshake, with TLS 1.2 and 1.3 (A2.13)
        """
        for version in (TLS12, TLS13):
            under = context(version=version)
            first: Any = self.peer(under=under).send(request(self.tagged("/ws")))
            self.assertEqual(first.status(), 101)
            self.assertFalse(reused(first))
            again = self.again(under, first)
            self.assertTrue(reused(again))
            self.assertEqual(again.send(request(self.tagged("/ws"))).status(), 101)
        said = openssl(self.port, "-tls1_2", "-reconnect")
        self.assertEqual((said.count("\nNew, TLSv1.2"), said.count("\nReused, TLSv1.2")), (1, 5))


class NoSessionTests(SessionTestCase):
    """
    C{shareSession = false}.
    """

    fields = "shareSession = false"

    def test_sessions(self) -> None:
        """
        Every handshake is a whole one (A2.13)
        """
        for version in (TLS12, TLS13):
            under = context(version=version)
            first: Any = self.peer(under=under).send(request(self.tagged("/ws")))
            self.assertEqual(first.status(), 101)
            self.assertFalse(reused(self.again(under, first)))
        said = openssl(self.port, "-tls1_2", "-reconnect")
        self.assertEqual((said.count("\nNew, TLSv1.2"), said.count("\nReused, TLSv1.2")), (6, 0))


class SeedSuiteTests(SecuredTestCase):
    """
    The suites that the seeds list, an RSA key, and TLS 1.2 alone.
    """

    key = 'certFile = "{folder}/rsa.crt"\nkeyFile = "{folder}/rsa.key"'
    fields = SEEDS
    tables = '[listeners.secureSocket.protocol]\nname = "TLS"\nversions = ["TLSv1.2"]'

    def setUp(self) -> None:
        """
        Serve.
        """
        authority().issue("localhost", "127.0.0.1", key=rsaKey()).write(files(), "rsa")
        super().setUp()

    def test_suites(self) -> None:
        """
        Each of them for this kind of key is agreed on by whoever has no other, DHE among
        them; those for another kind are not (TL02)
        """
        for suite in RSA_SUITES:
            under = context(version=TLS12)
            under.set_ciphers(suite)
            peer: Any = self.peer(under=under)
            self.assertEqual(peer.socket.cipher()[0], suite)
            peer.send(request(self.tagged("/ws"), body=frame(TEXT, b"x")))
            self.assertEqual((peer.status(), peer.receive()), (101, (TEXT, b"x")))
        for suite in (*ECDSA_SUITES, "ECDHE-RSA-AES256-GCM-SHA384", "AES128-SHA"):
            under = context(version=TLS12)
            under.set_ciphers(suite)
            self.assertNoTls(under, "SSLV3_ALERT_HANDSHAKE_FAILURE")

    def test_preference(self) -> None:
        """
        The first of them that both have is taken, whatever the client likes best (A2.12)
        """
        under = context(version=TLS12)
        under.set_ciphers("DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256")
        peer: Any = self.peer(under=under)
        self.assertEqual(peer.socket.cipher()[0], "ECDHE-RSA-AES128-SHA256")

    def test_group(self) -> None:
        """
        The key exchange of DHE has 2048 bits (TL02)
        """
        said = openssl(self.port, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256")
        self.assertIn("Server Temp Key: DH, 2048 bits", said)

    def test_version(self) -> None:
        """
        Who speaks TLS 1.3 alone gets an alert (A2.10)
        """
        self.assertNoTls(context(version=TLS13), "TLSV1_ALERT_PROTOCOL_VERSION")
