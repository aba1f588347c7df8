"""
Tests of L{balws.tls.material}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate

from balws.config.secure import CertKey, KeyStore, TrustStore
from balws.errors import ConfigurationError
from balws.tls.material import MAX_FILE, readKey, readTrust
from tests.certificates import Authority, keyStore, pem, rsaKey
from tests.tls.peers import TlsTestCase, authority, own

PASSWORD = "canary-of-a-password"


class MaterialTestCase(TlsTestCase):
    """
    Files, and what is said of them.
    """

    def write(self, name: str, data: bytes) -> str:
        """
        @return: the path of a file with this content.
        """
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def refused(self, read: Any, *arguments: Any) -> str:
        """
        @return: what is said; it holds nothing secret.
        """
        error = self.assertRaises(ConfigurationError, read, *arguments)
        self.assertNotIn("canary", str(error))
        self.assertNotIn("PRIVATE", str(error))
        self.assertIsNone(error.__cause__)
        self.assertTrue(error.__context__ is None or error.__suppress_context__)
        return str(error)


class KeyTests(MaterialTestCase):
    """
    Our own key.
    """

    def test_pair(self) -> None:
        """
        A key and its certificate come from PEM files: with a chain, in PKCS8 and in the older
        forms, encrypted or not, in two files or in one.
        """
        between = Authority("Between", issuer=authority())
        for key in (None, rsaKey()):
            issued = between.issue("localhost", key=key)
            for password in (None, PASSWORD):
                for old in (False, True):
                    certFile = self.write("own.crt", issued.certificatePem())
                    keyFile = self.write("own.key", issued.keyPem(password, old=old))
                    found = readKey(CertKey(certFile=certFile, keyFile=keyFile, keyPassword=password))
                    self.assertEqual(found.certificate, issued.certificate)
                    self.assertEqual(found.chain, [between.certificate])
                    self.assertEqual(found.key.private_numbers(), issued.key.private_numbers())  # type: ignore[union-attr]
            both = self.write("both.pem", issued.certificatePem() + issued.keyPem())
            self.assertEqual(readKey(CertKey(certFile=both, keyFile=both)).certificate, issued.certificate)

    def test_store(self) -> None:
        """
        A PKCS12 store has the same.
        """
        between = Authority("Between", issuer=authority())
        issued = between.issue("localhost")
        found = readKey(KeyStore(path=issued.writeStore(self.folder, PASSWORD), password=PASSWORD))
        self.assertEqual((found.certificate, found.chain), (issued.certificate, [between.certificate]))

    def test_storeWithoutMark(self) -> None:
        """
        A store that does not say which certificate belongs to its key has it all the same.
        """
        issued = own()
        others = (authority().certificate, issued.certificate)
        path = self.write("own.p12", keyStore(None, issued.key, PASSWORD, others))
        found = readKey(KeyStore(path=path, password=PASSWORD))
        self.assertEqual((found.certificate, found.chain), (issued.certificate, [authority().certificate]))

    def test_unusable(self) -> None:
        """
        Each thing that can be wrong with a pair of files is said with the key and the file,
        and without what is in it (TL10).
        """
        pair = self.pair(own())
        certFile, keyFile = pair["certFile"], pair["keyFile"]
        locked = self.write("locked.key", own().keyPem(PASSWORD))
        other = self.write("other.key", authority().issue("x").keyPem())
        empty = self.write("empty", b"")
        broken = self.write("broken", own().keyPem()[:100] + b"\n-----END PRIVATE KEY-----\n")
        noCert = self.write("broken.crt", own().certificatePem().replace(b"A", b"B"))
        weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what is refused
        weakKey = authority().issue("x", key=weak)
        weakPair = self.pair(weakKey, "weak")
        large = self.write("large", own().certificatePem() + b"\n" * MAX_FILE)
        java = self.write("own.jks", b"\xfe\xed\xfe\xed\0\0\0\2")
        for fields, where, words in (
            ({"keyFile": str(self.folder / "none")}, "keyFile", "cannot be read: No such file"),
            ({"certFile": str(self.folder)}, "certFile", "cannot be read: Is a directory"),
            ({"certFile": "a\0b"}, "certFile", "is no path"),
            ({"certFile": large}, "certFile", "is over 1048576 bytes"),
            ({"keyFile": locked}, "keyPassword", "is encrypted, and there is no password"),
            ({"keyPassword": PASSWORD}, "keyPassword", "is not encrypted"),
            ({"keyFile": locked, "keyPassword": "wrong"}, "keyFile", "the password is wrong"),
            ({"keyFile": locked, "keyPassword": "\ud800"}, "keyFile", "the password is wrong"),
            ({"keyFile": other}, "keyFile", f"is not the key of the first certificate in {certFile!r}"),
            ({"keyFile": broken}, "keyFile", "has no private key that can be read"),
            ({"keyFile": certFile}, "keyFile", "has no private key that can be read"),
            ({"keyFile": empty}, "keyFile", "is not PEM"),
            ({"certFile": empty}, "certFile", "is not PEM"),
            ({"certFile": keyFile}, "certFile", "has no certificate"),
            ({"certFile": noCert}, "certFile", "has no certificate, or one that is broken"),
            ({"certFile": java}, "certFile", "-deststoretype pkcs12"),
            (weakPair, "keyFile", "an RSA key of 1024 bits"),
        ):
            fields = {**pair, **fields}
            problem = self.refused(readKey, CertKey(**fields), "secureSocket.key")
            self.assertTrue(problem.startswith(f"secureSocket.key.{where}: the file "), problem)
            self.assertIn(words, problem)

    def test_unusableStores(self) -> None:
        """
        So with stores; those of Java are told how to become PKCS12.
        """
        issued = own()
        good = issued.writeStore(self.folder, PASSWORD)
        for path, password, words in (
            (good, "wrong", "the password is wrong"),
            (self.write("a", b"nonsense"), PASSWORD, "it is no PKCS12 store"),
            (self.write("b", issued.certificatePem()), PASSWORD, "is PEM, not PKCS12"),
            (self.write("c", keyStore(None, None, PASSWORD, (issued.certificate,))), PASSWORD, "has no private key"),
            (
                self.write("d", keyStore(None, issued.key, PASSWORD, (authority().certificate,))),
                PASSWORD,
                "has no certificate of its private key",
            ),
            (self.write("e.jks", b"\xfe\xed\xfe\xed\0"), PASSWORD, "keytool -importkeystore -srckeystore "),
            (self.write("f.jceks", b"\xce\xce\xce\xce\0"), PASSWORD, "keytool -importkeystore -srckeystore "),
            (str(self.folder / "none"), PASSWORD, "No such file"),
        ):
            problem = self.refused(readKey, KeyStore(path=path, password=password))
            self.assertTrue(problem.startswith(f"key.path: the file {path!r} "), problem)
            self.assertIn(words, problem)

    def test_kinds(self) -> None:
        """
        Ed25519 is a key for TLS, DSA is none.
        """
        modern = ed25519.Ed25519PrivateKey.generate()
        issued = authority().issue("localhost", key=modern)  # type: ignore[arg-type]
        pair = self.pair(issued)
        self.assertEqual(readKey(CertKey(**pair)).certificate, issued.certificate)
        old = dsa.generate_private_key(2048)
        pair["keyFile"] = self.write("dsa.key", old.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.assertIn("that TLS cannot use", self.refused(readKey, CertKey(**pair)))

    def test_unknownKey(self) -> None:
        """
        A certificate with a key of a kind that nobody knows is not that of our key.
        """
        kind = bytes.fromhex("06072a8648ce3d0201")  # id-ecPublicKey
        strange = own().certificate.public_bytes(Encoding.DER).replace(kind, kind[:-1] + b"\x7f")
        pair = self.pair(own())
        pair["certFile"] = self.write("strange.crt", pem(load_der_x509_certificate(strange)))
        self.assertIn("is not the key of the first certificate", self.refused(readKey, CertKey(**pair)))

    def test_outOfDate(self) -> None:
        """
        Our own certificate may be out of date: that is a warning, with the file.
        """
        for days, now, words in ((-1, None, "has expired"), (1, 0.0, "is not valid yet")):
            self.events.clear()
            issued = authority().issue("localhost", days=days)
            clock = {} if now is None else {"now": lambda: 0.0}
            readKey(CertKey(**self.pair(issued)), **clock)
            readKey(KeyStore(path=issued.writeStore(self.folder, PASSWORD), password=PASSWORD), **clock)
            self.assertEqual(
                self.logged("warn"),
                [f"The certificate in {self.folder / name} {words}." for name in ("own.crt", "own.p12")],
            )
        self.events.clear()
        readKey(CertKey(**self.pair(own())))
        self.assertEqual(self.logged(), [])


class TrustTests(MaterialTestCase):
    """
    Whom we trust.
    """

    def test_files(self) -> None:
        """
        Certificates come from a PEM file with any number of them, or from a store, with or
        without a key.
        """
        other = Authority("Other")
        two = [authority().certificate, other.certificate]
        self.assertEqual(readTrust(self.write("ca.pem", b"# mine\n" + pem(*two))), two)
        path = self.write("ca.p12", keyStore(None, None, PASSWORD, tuple(two)))
        self.assertEqual(readTrust(TrustStore(path=path, password=PASSWORD)), two)
        path = own().writeStore(self.folder, PASSWORD)
        self.assertEqual(readTrust(TrustStore(path=path, password=PASSWORD)), [own().certificate])

    def test_unusable(self) -> None:
        """
        What is wrong with them is said with the key and the file.
        """
        none = str(Path(self.folder) / "none")
        self.assertTrue(self.refused(readTrust, none, "a.cert").startswith(f"a.cert: the file {none!r} cannot be read"))
        self.assertIn("has no certificate", self.refused(readTrust, self.write("k", own().keyPem())))
        self.assertIn("is not PEM", self.refused(readTrust, self.write("e", b"")))
        self.assertIn("keytool", self.refused(readTrust, self.write("j", b"\xfe\xed\xfe\xed")))
        keyAlone = self.write("k.p12", keyStore(None, own().key, PASSWORD))
        for path, words in ((keyAlone, "has no certificate"), (self.write("x", b"x"), "the password is wrong")):
            problem = self.refused(readTrust, TrustStore(path=path, password=PASSWORD), "m.cert")
            self.assertTrue(problem.startswith("m.cert.path: "), problem)
            self.assertIn(words, problem)
