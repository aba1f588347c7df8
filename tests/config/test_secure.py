"""
Tests of L{balws.config.secure}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config.paths import relativeTo
from balws.config.records import build
from balws.config.secret import Secret
from balws.config.secure import (
    OCSP_CRL,
    OCSP_STAPLING,
    OPTIONAL,
    REQUIRE,
    CertKey,
    CertValidation,
    ClientSecureSocket,
    KeyStore,
    ListenerSecureSocket,
    MutualSsl,
    Protocol,
    TrustStore,
)
from balws.config.values import MAX_NUMBER
from balws.errors import ConfigurationError, SslError

PAIR = {"certFile": "own.crt", "keyFile": "own.key"}


class RecordTests(SynchronousTestCase):
    """
    What the records accept, and what they refuse.
    """

    def refused(self, recordType: type[Any], **fields: Any) -> str:
        """
        @return: what is said of these fields.
        """
        problem = self.assertRaises(ConfigurationError, build, recordType, fields)
        if "must be provided" in str(problem):
            self.assertIsInstance(problem, SslError)  # as the reference library has it
        return str(problem)

    def test_defaults(self) -> None:
        """
        A key is all that a listener needs, a client needs nothing; the defaults are the
        seeds', but for the ciphers (decision 24).
        """
        listener = ListenerSecureSocket(key=PAIR)
        self.assertEqual(listener.key, CertKey(certFile="own.crt", keyFile="own.key", keyPassword=None))
        self.assertEqual((listener.mutualSsl, listener.protocol, listener.certValidation), (None, None, None))
        client = ClientSecureSocket()
        self.assertEqual((client.enable, client.verifyHostName, client.cert, client.key), (True, True, None, None))
        for each in (listener, client):
            self.assertEqual((each.ciphers, each.shareSession), ((), True))
            self.assertEqual((each.handshakeTimeout, each.sessionTimeout), (None, None))
        self.assertEqual(self.refused(ListenerSecureSocket), "key: is missing")
        self.assertIs(MutualSsl(cert="ca.pem").verifyClient, REQUIRE)
        self.assertEqual((Protocol().name, Protocol().versions), ("TLS", ()))
        validation = CertValidation()
        self.assertIs(validation.type, OCSP_STAPLING)
        self.assertEqual((validation.cacheSize, validation.cacheValidityPeriod), (0, 0))

    def test_nested(self) -> None:
        """
        Every record may be given as a table, and a key is told by its keys.
        """
        found = build(
            ListenerSecureSocket,
            {
                "key": {"path": "own.p12", "password": "pw"},
                "mutualSsl": {"verifyClient": "OPTIONAL", "cert": {"path": "ca.p12", "password": "pw"}},
                "protocol": {"name": "TLS", "versions": ["TLSv1.3", "TLSv1.2"]},
                "certValidation": {"type": "OCSP_CRL", "cacheSize": 5, "cacheValidityPeriod": 60},
                "ciphers": ["ECDHE-RSA-AES128-GCM-SHA256"],
                "shareSession": False,
                "handshakeTimeout": 2,
                "sessionTimeout": 0.5,
            },
        )
        self.assertEqual(found.key, KeyStore(path="own.p12", password="pw"))
        trust = TrustStore(path="ca.p12", password="pw")
        self.assertEqual(found.mutualSsl, MutualSsl(verifyClient=OPTIONAL, cert=trust))
        self.assertEqual(found.protocol, Protocol(versions=["TLSv1.3", "TLSv1.2"]))
        self.assertEqual(found.certValidation, CertValidation(type=OCSP_CRL, cacheSize=5, cacheValidityPeriod=60))
        self.assertEqual(hash(found), hash(attrs.evolve(found)))

    def test_emptyPaths(self) -> None:
        """
        What is left empty is named in the reference library's words (tables A2.6, A2.7, A2.9).
        """
        for key, problem in (
            ({"path": "", "password": "x"}, "path: KeyStore file location"),
            ({"path": "x", "password": ""}, "password: KeyStore password"),
            ({"certFile": "", "keyFile": "x"}, "certFile: Certificate file location"),
            ({"certFile": "x", "keyFile": ""}, "keyFile: Private key file location"),
        ):
            expected = f"key.{problem} must be provided for secure connection"
            self.assertEqual(self.refused(ListenerSecureSocket, key=key), expected)
            self.assertEqual(self.refused(ClientSecureSocket, key=key), expected)
        for cert, problem in (
            ("", ": Certificate file location"),
            ({"path": "", "password": "x"}, ".path: TrustStore file location"),
            ({"path": "x", "password": ""}, ".password: TrustStore password"),
        ):
            expected = f"cert{problem} must be provided for secure connection"
            self.assertEqual(self.refused(ClientSecureSocket, cert=cert), expected)
            self.assertEqual(
                self.refused(ListenerSecureSocket, key=PAIR, mutualSsl={"cert": cert}), f"mutualSsl.{expected}"
            )

    def test_names(self) -> None:
        """
        Enumerations take their names, and nothing else.
        """
        for bad in ("require", "NONE", "", 1, True, None):
            self.assertTrue(
                self.refused(MutualSsl, cert="x", verifyClient=bad).startswith(
                    "verifyClient: expected REQUIRE or OPTIONAL, got "
                )
            )
            self.assertIn("type: expected OCSP_STAPLING or OCSP_CRL", self.refused(CertValidation, type=bad))

    def test_protocol(self) -> None:
        """
        SSL, DTLS and old versions are refused by their names, with what to say instead (TL01).
        """
        for name in ("SSL", "DTLS"):
            self.assertEqual(self.refused(Protocol, name=name), f'name: {name} is not offered: say "TLS"')
        for name in ("tls", "", None, ["TLS"]):
            self.assertIn('expected "TLS"', self.refused(Protocol, name=name))
        for version in ("SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"):
            problem = self.refused(Protocol, versions=["TLSv1.2", version])
            self.assertTrue(problem.startswith(f"versions[1]: {version} can be broken (RFC 8996)"), problem)
        for unknown in ("TLSv1.4", "1.2", 1.2, None):
            self.assertIn("versions[0]: expected TLSv1.2 or TLSv1.3", self.refused(Protocol, versions=[unknown]))
        self.assertIn("given twice", self.refused(Protocol, versions=["TLSv1.2", "TLSv1.2"]))

    def test_numbers(self) -> None:
        """
        Times and sizes are 0 to 2147483647; 0 stands for a default.
        """
        for name in ("handshakeTimeout", "sessionTimeout"):
            for fine in (0, 0.5, MAX_NUMBER, None):
                self.assertEqual(getattr(ClientSecureSocket(**{name: fine}), name), fine)
            for bad in (-1, MAX_NUMBER + 1, float("nan"), float("inf"), "1", True):
                self.assertIn(f"{name}: expected a number of seconds", self.refused(ClientSecureSocket, **{name: bad}))
        for name in ("cacheSize", "cacheValidityPeriod"):
            self.assertEqual(getattr(CertValidation(**{name: MAX_NUMBER}), name), MAX_NUMBER)
            for bad in (-1, MAX_NUMBER + 1, 1.5, True):
                self.assertIn(f"{name}: expected an integer", self.refused(CertValidation, **{name: bad}))

    def test_serverName(self) -> None:
        """
        A server's name is a host in ASCII or an address.
        """
        for fine in ("a.example", "127.0.0.1", "::1", None):
            self.assertEqual(ClientSecureSocket(serverName=fine).serverName, fine)
        for bad in ("", "a b", "a/b", "ä.example", "x" * 254, 5):
            self.assertIn("serverName: expected a", self.refused(ClientSecureSocket, serverName=bad))

    def test_wrongKinds(self) -> None:
        """
        What is no key and no file is refused, and so are keys of two kinds mixed.
        """
        for bad in ("own.pem", 3, None, [], {}, {"certFile": "x"}, {"path": "x", "keyFile": "y"}):
            self.assertIn("key: expected a key store or a certificate", self.refused(ListenerSecureSocket, key=bad))
        self.assertIn("key.keyFile: unknown key", self.refused(ListenerSecureSocket, key={**_store(), "keyFile": "x"}))
        for bad in (3, [], {"path": "x"}):
            self.assertIn("cert: expected a file of certificates", self.refused(ClientSecureSocket, cert=bad))
        self.assertIn("enable: expected true or false", self.refused(ClientSecureSocket, enable="no"))
        self.assertIn("ciphers[0]: expected a string", self.refused(ClientSecureSocket, ciphers=[""]))

    def test_secrets(self) -> None:
        """
        No password is in a repr or in an error.
        """
        for record in (
            KeyStore(path="x", password="canary"),
            TrustStore(path="x", password=Secret("canary")),
            CertKey(certFile="x", keyFile="y", keyPassword="canary"),
        ):
            self.assertNotIn("canary", repr(record))
            for name in ("password", "keyPassword"):
                if hasattr(record, name):
                    self.assertEqual(getattr(record, name).reveal(), "canary")
        for bad in (["canary"], 5, {"canary": 1}):
            self.assertEqual(self.refused(KeyStore, path="x", password=bad), "password: expected a string")
        self.assertIn("keyPassword: expected", self.refused(CertKey, certFile="x", keyFile="y", keyPassword=""))

    def test_relativePaths(self) -> None:
        """
        In a configuration file paths start at its folder (DESIGN 2.4).
        """
        with relativeTo(Path("/etc/balws")):
            found = build(ClientSecureSocket, {"cert": "ca.pem", "key": {"certFile": "/a.crt", "keyFile": "own.key"}})
        self.assertEqual(found.cert, "/etc/balws/ca.pem")
        self.assertEqual(found.key, CertKey(certFile="/a.crt", keyFile="/etc/balws/own.key"))


def _store() -> dict[str, str]:
    return {"path": "x", "password": "y"}
