"""
Tests of L{balws.tls.ciphers}.
"""

from __future__ import annotations

from OpenSSL import SSL

from balws.config.secure import Protocol
from balws.errors import ConfigurationError
from balws.tls.ciphers import suitesFor
from tests.certificates import rsaKey
from tests.tls.peers import Stranger, TlsTestCase, authority

#: The default of seed 4, section 2.1.
SEEDS = [
    f"TLS_{exchange}_WITH_AES_128_{mode}"
    for mode in ("CBC_SHA256", "CBC_SHA", "GCM_SHA256")
    for exchange in ("ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA")
]

#: The same, as OpenSSL calls them.
OPENSSL = [
    f"{exchange}-AES128-{mode}"
    for mode in ("SHA256", "SHA", "GCM-SHA256")
    for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA")
]

TLS12 = (SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION)
TLS13 = (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION)


class NameTests(TlsTestCase):
    """
    What a list of names means.
    """

    def refused(self, *names: str, versions: tuple[str, ...] = ()) -> str:
        """
        @return: what is said of these names.
        """
        protocol = Protocol(versions=versions)
        return str(self.assertRaises(ConfigurationError, suitesFor, names, protocol, "secureSocket"))

    def test_seeds(self) -> None:
        """
        The seeds' names become those of OpenSSL, in their order, and OpenSSL has all of them;
        its own names are understood, too (TL02).
        """
        for names in (SEEDS, OPENSSL):
            suites = suitesFor(tuple(names), None)
            self.assertEqual(list(suites.tls12), OPENSSL)
            context = SSL.Context(SSL.TLS_METHOD)
            suites.applyTo(context)
            offered = SSL.Connection(context).get_cipher_list()
            self.assertEqual([each for each in offered if not each.startswith("TLS_")], OPENSSL)

    def test_default(self) -> None:
        """
        Without a list it is TLS 1.2 and 1.3 with ECDHE and AEAD (decision 24).
        """
        suites = suitesFor((), None)
        self.assertEqual(suites.versions, ("TLSv1.2", "TLSv1.3"))
        for name in suites.tls12:
            self.assertRegex(name, "^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$")
        self.assertEqual((len(suites.tls12), len(suites.tls13)), (6, 3))

    def test_versions(self) -> None:
        """
        Versions are those that are asked for, else those for which there are suites.
        """
        modern = "TLS_AES_256_GCM_SHA384"
        for names, asked, spoken in (
            ((), ("TLSv1.3",), ("TLSv1.3",)),
            ((), ("TLSv1.3", "TLSv1.2"), ("TLSv1.2", "TLSv1.3")),
            ((SEEDS[0],), (), ("TLSv1.2",)),
            ((modern,), (), ("TLSv1.3",)),
            ((modern, SEEDS[0]), (), ("TLSv1.2", "TLSv1.3")),
            ((modern, SEEDS[0]), ("TLSv1.2",), ("TLSv1.2",)),
        ):
            suites = suitesFor(names, Protocol(versions=asked))
            self.assertEqual(suites.versions, spoken)
            self.assertEqual((bool(suites.tls12), bool(suites.tls13)), ("TLSv1.2" in spoken, "TLSv1.3" in spoken))
        for asked, names in (("TLSv1.3", SEEDS[0]), ("TLSv1.2", modern)):
            problem = self.refused(names, versions=(asked,))
            self.assertEqual(
                problem, f"secureSocket.ciphers: has no suite of {asked}, which protocol.versions asks for"
            )

    def test_broken(self) -> None:
        """
        What is broken is refused by its name, with the reason; so is what nobody knows (TL02).
        """
        for name, words in (
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "is broken (RFC 7465)"),
            ("RC4-MD5", "is broken (RFC 7465)"),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "is broken (RFC 9325"),
            ("DES-CBC3-SHA", "is broken (RFC 9325"),
            ("ECDHE-RSA-DES-CBC3-SHA", "is broken (RFC 9325"),
            ("TLS_RSA_WITH_NULL_SHA256", "encrypts nothing"),
            ("eNULL", "is no cipher suite"),
            ("ECDHE-RSA-NULL-SHA", "encrypts nothing"),
            ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "meant to be broken"),
            ("EXP-RC2-CBC-MD5", "meant to be broken"),
            ("TLS_DH_anon_WITH_AES_128_CBC_SHA", "shows nobody who is there"),
            ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "shows nobody who is there"),
            ("ADH-AES128-SHA", "shows nobody who is there"),
            ("AECDH-AES128-SHA", "shows nobody who is there"),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", "who learns the server's key"),
            ("AES256-SHA", "who learns the server's key"),
            ("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", "who learns the server's key"),
            ("nonsense", "is no cipher suite"),
            ("ALL:COMPLEMENTOFALL", "is no cipher suite"),
            ("HIGH", "is no cipher suite"),
            ("ECDHE-RSA-AES128-SHA:NULL", "is no cipher suite"),
            ("TLS_AES_128_CCM_8_SHA256", "is no cipher suite"),
        ):
            problem = self.refused(SEEDS[0], name)
            self.assertTrue(problem.startswith(f'secureSocket.ciphers[1]: "{name}" '), problem)
            self.assertIn(words, problem)

    def test_twice(self) -> None:
        """
        One suite under both of its names is there twice.
        """
        problem = self.refused(SEEDS[0], OPENSSL[0])
        self.assertEqual(problem, f"secureSocket.ciphers[1]: {OPENSSL[0]} is given twice")


class AgreedTests(TlsTestCase):
    """
    What is spoken in the end.
    """

    def test_each(self) -> None:
        """
        With each of the seeds' suites a connection is made, DHE too, and with none that is
        not in the list (TL02).
        """
        for index, (given, name) in enumerate(zip(SEEDS, OPENSSL, strict=True)):
            key = None if "ECDSA" in name else rsaKey()
            self.serve(authority().issue("localhost", key=key), ciphers=[given])
            stranger = Stranger()
            caller = self.isWelcome(stranger)
            assert caller.connection is not None
            self.assertEqual(caller.connection.get_cipher_name(), name)
            self.assertEqual(caller.connection.get_protocol_version_name(), "TLSv1.2")
            others = ":".join(OPENSSL[:index] + OPENSSL[index + 1 :]).encode()
            self.isRefused(Stranger(ciphers=others, versions=TLS12))
            self.port.stopListening()

    def test_order(self) -> None:
        """
        The server's order counts.
        """
        for names in (OPENSSL[::3], OPENSSL[::-3]):
            mine = [each for each in names if "ECDSA" in each] or OPENSSL[:7:3][::-1]
            self.serve(ciphers=mine)
            caller = self.isWelcome(Stranger(ciphers=":".join(OPENSSL).encode()))
            assert caller.connection is not None
            self.assertEqual(caller.connection.get_cipher_name(), mine[0])
            self.port.stopListening()

    def test_modern(self) -> None:
        """
        A list of suites of TLS 1.3 is one, too.
        """
        self.serve(ciphers=["TLS_CHACHA20_POLY1305_SHA256"])
        caller = self.isWelcome(Stranger())
        assert caller.connection is not None
        self.assertEqual(caller.connection.get_cipher_name(), "TLS_CHACHA20_POLY1305_SHA256")
        self.isRefused(Stranger(versions=TLS12))
