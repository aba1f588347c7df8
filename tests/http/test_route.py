"""
Tests of L{balws.http.route}, by those who ask back ends.
"""

from __future__ import annotations

from twisted.logger import LogLevel, capturedLogs, formatEvent

from balws.auth.backend import BackEnd
from balws.config.backend import HttpClientConfig
from balws.errors import ConfigurationError
from balws.tls import basis
from tests.auth.backends import Answering, BackEndCase, silent
from tests.certificates import Authority

CANARY = "canary-secret"


def good(connection: Answering) -> None:
    """
    A script that answers at once.
    """
    connection.say({"all": "well"})


class TrustTests(BackEndCase):
    """
    Who is there is known before a byte of HTTP leaves.
    """

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority()

    def test_trusted(self) -> None:
        """
        A back end with a certificate of an authority that is trusted is asked.
        """
        for host in ("localhost", "127.0.0.1"):
            site = self.serve(good, port=443, issued=self.authority.issue(host))
            backEnd = self.backEnd(f"https://{host}/", secureSocket=self.trusting(self.authority))
            self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.assertEqual((len(site.requests), len(site.connections)), (2, 1))
            self.network.listening[443].stopListening()

    def test_untrusted(self) -> None:
        """
        One of another authority, for another host, or too old, is told nothing; the error says
        what is wrong (OA05).
        """
        for issued, why in (
            (Authority("Other").issue("localhost"), "not trusted"),
            (self.authority.issue("elsewhere"), "another host"),
            (self.authority.issue("localhost", days=-1), "expired"),
            (self.authority.issue(), ""),
        ):
            site = self.serve(good, port=443, issued=issued)
            backEnd = self.backEnd("https://localhost/", secureSocket=self.trusting(self.authority))
            asked = self.ask(backEnd.fetch, "POST", {"token": CANARY})
            self.assertIn(why, self.unavailable(asked))
            self.assertEqual(site.requests, [])
            self.assertEqual([each.received for each in site.connections if each.received], [])
            self.network.listening[443].stopListening()

    def test_noTls(self) -> None:
        """
        A server that speaks no TLS is told nothing.
        """
        site = self.serve(silent, port=443)
        backEnd = self.backEnd("https://localhost/")
        asked = self.ask(backEnd.fetch, "POST", {"token": CANARY})
        with self.network.turn():
            site.connections[0].write("HTTP/1.1 200 Words\r\nContent-Length: 2\r\n\r\n{}")
        self.unavailable(asked)
        self.assertEqual(site.requests, [])

    def test_silentTls(self) -> None:
        """
        A handshake that never ends does, after C{connectTimeout}.
        """
        self.serve(silent, port=443)
        asked = self.ask(self.backEnd("https://localhost/", connectTimeout=3).fetch)
        self.clock.advance(2.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assertIn("no connection in time", self.unavailable(asked))
        self.assertEqual(self.network.connections, [])

    def test_endedInHandshake(self) -> None:
        """
        A connection that ends during the handshake is no answer.
        """
        self.serve(silent, port=443)
        asked = self.ask(self.backEnd("https://localhost/").fetch)
        self.network.cut()
        self.assertEqual(self.unavailable(asked), "localhost:443: closed the connection and gave no answer")

    def test_disabled(self) -> None:
        """
        With C{disable} everybody is believed.
        """
        site = self.serve(good, port=443, issued=Authority("Other").issue("elsewhere"))
        backEnd = self.backEnd("https://localhost/", secureSocket={"disable": True})
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.requests), 1)
        self.flushLoggedErrors()

    def test_reload(self) -> None:
        """
        Certificates that were changed are read again; broken ones leave the old in place.
        """
        other = Authority("Other")
        secure = self.trusting(self.authority)
        self.serve(good, port=443, issued=other.issue("localhost"))
        backEnd = self.backEnd("https://localhost/", secureSocket=secure)
        self.unavailable(self.ask(backEnd.fetch))
        other.write(self.folder)
        backEnd.reload()
        self.successResultOf(self.ask(backEnd.fetch))
        (self.folder / "ca.pem").write_text("no certificate")
        for forgotten in (False, True):
            if forgotten:
                basis._kept.clear()
            with capturedLogs() as events, self.network.turn():
                backEnd.reload()
            (event,) = [each for each in events if each["log_level"] is LogLevel.error]
            self.assertIn("ca.pem", formatEvent(event))
            self.successResultOf(self.ask(backEnd.fetch))

    def test_broken(self) -> None:
        """
        Files that cannot be used are found at once, by their keys.
        """
        missing = str(self.folder / "missing.pem")
        for secure, path in (
            ({"cert": missing}, "cert"),
            ({"key": {"certFile": missing, "keyFile": missing}}, "key"),
        ):
            config = HttpClientConfig(secureSocket=secure)
            error = self.assertRaises(ConfigurationError, BackEnd, "https://localhost/", config, self.clock)
            self.assertTrue(error.path.startswith(f"clientConfig.secureSocket.{path}"), error.path)
            self.assertIn(missing, str(error))
