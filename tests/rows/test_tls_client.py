"""
The client's C{secureSocket}: rows TL03 and TL04 of the reliability catalogue.
"""

from __future__ import annotations

import ssl
from typing import Any

from tests.certificates import Authority, Issued, keyStore, pem
from tests.rows.client_driving import ClientTestCase, Driver
from tests.rows.client_hostile import TEXT, Accepted, Hostile
from tests.rows.tls_serving import KEY, Says, SecuredTestCase, authority, files

#: What must not go to the wrong server.
SECRETS = {"customHeaders": {"Authorization": "Bearer s3cret"}}

PASSWORD = "analytical engine"


def serving(issued: Issued, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """
    @return: what a server needs.
    """
    certFile, keyFile = issued.write(files(), f"{issued.certificate.serial_number:x}")
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certFile, keyFile)
    if version is not None:
        found.minimum_version = found.maximum_version = version
    return found


def shaken(accepted: Accepted, under: ssl.SSLContext) -> bytes:
    """
    Make the TLS handshake.

    @return: the request that the client sends then; C{b""} where it leaves without a word.
    """
    try:
        accepted.socket = under.wrap_socket(accepted.socket, server_side=True)
        return accepted.request()
    except (ssl.SSLError, ConnectionError):
        return b""


class SecureSocketTests(ClientTestCase):
    """
    A client whose system trusts one authority, which C{cert} does not name.
    """

    system: Authority

    def start(self) -> Driver:
        """
        Have the system trust somebody.
        """
        type(self).system = Authority("system")
        path = type(self).system.write(files(), "system")
        return Driver({"SSL_CERT_FILE": path, "SSL_CERT_DIR": str(files() / "none")})

    def asked(self, server: Hostile, host: str = "localhost", **secureSocket: Any) -> str:
        """
        @return: the name of a client that connects.
        """
        return self.connecting(
            f"wss://{host}:{server.port}/ws", **SECRETS, handShakeTimeout=10, secureSocket=secureSocket
        )

    def opened(self, under: ssl.SSLContext, host: str = "localhost", **secureSocket: Any) -> Accepted:
        """
        Check that a client trusts this server.

        @return: the server's end.
        """
        server = self.server()
        name = self.asked(server, host, **secureSocket)
        accepted = server.accept()
        self.assertIn(b"Authorization: Bearer s3cret", shaken(accepted, under))
        accepted.send(accepted.answer())
        self.succeeds(name)
        self.succeeds(self.calling(name, "writeTextMessage", "under TLS"))
        self.assertEqual(accepted.receive(), (TEXT, b"under TLS"))
        self.driver.ask("call", of=name, method="close", args=[1000, "", 0])
        return accepted

    def refused(self, words: str, under: ssl.SSLContext, host: str = "localhost", **secureSocket: Any) -> None:
        """
        Check that a client does not trust this server, says why, and tells it nothing.
        """
        server = self.server()
        name = self.asked(server, host, **secureSocket)
        accepted = server.accept()
        self.assertEqual(shaken(accepted, under), b"")
        self.fails(name, "SslError", words)
        accepted.close()

    def test_onlyThese(self) -> None:
        """
        Who is named by C{cert} is trusted, and nobody whom the system trusts beside; the host
        is looked at all the same (TL04)
        """
        cert = str(files() / "ca.pem")
        self.opened(serving(self.system.issue("localhost"))).close()
        self.opened(serving(authority().issue("localhost")), cert=cert).close()
        self.refused("not trusted", serving(self.system.issue("localhost")), cert=cert)
        self.refused("another host", serving(authority().issue("other.example")), cert=cert)
        self.refused("names nobody", serving(authority().issue(common="localhost")), cert=cert)
        self.refused("has expired", serving(authority().issue("localhost", days=-1)), cert=cert)

    def test_trustStore(self) -> None:
        """
        So it is with a PKCS12 store (TL04)
        """
        path = files() / "clients.p12"
        path.write_bytes(keyStore(authority().certificate, None, PASSWORD))
        cert = {"path": str(path), "password": PASSWORD}
        self.opened(serving(authority().issue("localhost")), cert=cert).close()
        self.refused("not trusted", serving(self.system.issue("localhost")), cert=cert)

    def test_unusable(self) -> None:
        """
        A file that cannot be used fails before anybody is called, and its password is not told
        """
        server = self.server()
        for secureSocket, words in (
            ({"cert": "missing.pem"}, "missing.pem"),
            ({"cert": {"path": str(files() / "ca.pem"), "password": PASSWORD}}, "is PEM"),
            ({"key": {"certFile": str(files() / "ca.pem"), "keyFile": str(files() / "server.key")}}, "not the key"),
        ):
            name = self.asked(server, **secureSocket)
            failed = self.driver.answer(name)
            self.assertIn("ConfigurationError", failed["error"])
            self.assertIn(words, failed["text"])
            self.assertNotIn(PASSWORD, failed["text"])
        self.assertFalse(server.isCalled(0.1))

    def test_own(self) -> None:
        """
        The client shows its own certificate to who asks, from PEM files or a store (A5.4)
        """
        under = serving(authority().issue("localhost"))
        under.load_verify_locations(cadata=pem(authority().certificate).decode())
        under.verify_mode = ssl.CERT_REQUIRED
        cert = str(files() / "ca.pem")
        own = authority().issue(common="ada")
        certFile, keyFile = own.write(files(), "ada", PASSWORD)
        for key in (
            {"certFile": certFile, "keyFile": keyFile, "keyPassword": PASSWORD},
            {"path": own.writeStore(files(), PASSWORD, "ada"), "password": PASSWORD},
        ):
            accepted: Any = self.opened(under, cert=cert, key=key)
            shown = accepted.socket.getpeercert()["serialNumber"]
            self.assertEqual(int(shown, 16), own.certificate.serial_number)
            accepted.close()
        under.maximum_version = ssl.TLSVersion.TLSv1_2
        self.refused("", under, cert=cert)

    def test_notVerified(self) -> None:
        """
        C{enable = false} trusts everybody, C{verifyHostName = false} any host of who is trusted (A5.4)
        """
        stranger = serving(Authority("stranger").issue("other.example", days=-1))
        self.opened(stranger, enable=False).close()
        cert = str(files() / "ca.pem")
        self.opened(serving(authority().issue("other.example")), cert=cert, verifyHostName=False).close()
        self.refused("", stranger, cert=cert, verifyHostName=False)

    def test_serverName(self) -> None:
        """
        C{serverName} is told to the server and looked for in its certificate in place of the URL's host (A5.4)
        """
        heard: list[str | None] = []
        under = serving(authority().issue("other.example"))
        under.sni_callback = lambda _, name, __: heard.append(name)
        cert = str(files() / "ca.pem")
        self.opened(under, cert=cert, serverName="other.example").close()
        self.opened(under, "127.0.0.1", cert=cert, serverName="other.example").close()
        self.refused("another host", under, cert=cert)
        self.refused("another host", serving(authority().issue("localhost")), cert=cert, serverName="other.example")
        self.assertEqual(heard, ["other.example", "other.example", "localhost"])

    def test_agreed(self) -> None:
        """
        Only the versions and suites of C{protocol} and C{ciphers} are agreed on (A5.4)
        """
        own = authority().issue("localhost")
        cert = str(files() / "ca.pem")
        suite = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"
        protocol = {"versions": ["TLSv1.2"]}
        accepted: Any = self.opened(serving(own), cert=cert, protocol=protocol, ciphers=[suite])
        self.assertEqual(accepted.socket.cipher()[:2], ("ECDHE-ECDSA-AES128-SHA256", "TLSv1.2"))
        accepted.close()
        self.refused("", serving(own, ssl.TLSVersion.TLSv1_3), cert=cert, protocol=protocol)
        other = serving(own, ssl.TLSVersion.TLSv1_2)
        other.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
        self.refused("", other, cert=cert, protocol=protocol, ciphers=[suite])

    def test_timeout(self) -> None:
        """
        A TLS handshake that does not end within handshakeTimeout is over (A5.4)
        """
        server = self.server()
        name = self.asked(server, handshakeTimeout=0.5)
        accepted = server.accept()
        failed = self.fails(name, "HandshakeTimedOut", "TLS handshake timed out")
        self.assertTrue(0.4 <= failed["seconds"] <= 10, failed["seconds"])
        accepted.close()

    def test_sessions(self) -> None:
        """
        Who comes again makes a short handshake, unless C{shareSession} is false (A5.4)
        """
        own = serving(authority().issue("localhost"))
        cert = str(files() / "ca.pem")
        for shares in (True, False):
            server = self.server()
            found = []
            for _ in range(2):
                name = self.asked(server, cert=cert, shareSession=shares)
                accepted: Any = server.accept()
                shaken(accepted, own)
                accepted.send(accepted.answer())
                self.succeeds(name)
                found.append(accepted.socket.session_reused)
                self.driver.ask("call", of=name, method="close", args=[1000, "", 0])
                accepted.close()
            self.assertEqual(found, [False, shares])


class RevokedServerTests(SecuredTestCase):
    """
    A server that shows what its authority says of it, and clients that want to know.
    """

    key = KEY.replace("server", "proved")
    tables = '[listeners.secureSocket.certValidation]\ntype = "OCSP_STAPLING"'
    alone = True

    def setUp(self) -> None:
        """
        Serve with a new certificate, and start a client.
        """
        own = authority().issue("localhost", "127.0.0.1", ocspUrls=(Says.all().ocspUrl,))
        self.serial = own.certificate.serial_number
        certFile, _ = own.write(files(), "proved")
        with open(certFile, "ab") as stream:
            stream.write(pem(authority().certificate))
        super().setUp()
        self.driver = Driver()
        self.addCleanup(self.driver.stop)

    def asks(self, kind: str) -> dict[str, Any]:
        """
        @return: what becomes of a client with this kind of certValidation.
        """
        secureSocket = {"cert": str(files() / "ca.pem"), "certValidation": {"type": kind}}
        url = f"wss://localhost:{self.port}{self.tagged('/ws')}"
        return self.driver.ask("connect", url=url, fields={"secureSocket": secureSocket, **SECRETS})

    def test_good(self) -> None:
        """
        A proof that is good is accepted, be it stapled or asked for (A2.11)
        """
        for kind in ("OCSP_STAPLING", "OCSP_CRL"):
            self.assertNotIn("error", self.asks(kind))

    def test_revoked(self) -> None:
        """
        A server whose certificate was revoked shows no proof, and gets no byte of HTTP from either (A2.11)
        """
        Says.all().revoked.add(self.serial)
        self.server.stop()
        self.server, self.port = self._serve()
        for kind, words in (("OCSP_STAPLING", "no proof"), ("OCSP_CRL", "was revoked")):
            answer = self.asks(kind)
            self.assertEqual(answer.get("error"), "SslError")
            self.assertIn(words, answer["text"])
        self.assertEqual(self.calls(), [])
