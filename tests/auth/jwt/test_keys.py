"""
Tests of L{balws.auth.jwt.keys}.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.jwt.keys import UnfitKey, algorithmsOf, readSigningKey, readVerifyingKey
from balws.config.claims import ALGORITHMS
from balws.config.jwt import IssuerSignatureConfig, ValidatorSignatureConfig
from balws.errors import ConfigurationError
from tests.auth.tokens import SECRET, jwk, signer
from tests.certificates import Authority, Issued, rsaKey

PASSWORD = "canary-store"

DATA = b"what is signed"


@cache
def weakKey() -> rsa.RSAPrivateKey:
    """
    @return: an RSA key that can be broken.
    """
    return rsa.generate_private_key(65537, 1024)


def keys() -> dict[str, Any]:
    """
    @return: a private key for each algorithm but the shared ones.
    """
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    return {
        **{name: rsaKey() for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
        **{name: ec.generate_private_key(curve) for name, curve in curves.items()},
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }


def publicPem(key: Any) -> bytes:
    """
    @return: the public half as PEM.
    """
    data: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return data


def privatePem(key: Any, password: str | None = None) -> bytes:
    """
    @return: the key as PEM.
    """
    encryption: Any = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return data


def trustStore(**certificates: x509.Certificate) -> bytes:
    """
    @return: a PKCS12 file of certificates and their aliases.
    """
    entries = [pkcs12.PKCS12Certificate(each, name.encode()) for name, each in certificates.items()]
    return pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode()))


def ofStrangeKind() -> x509.Certificate:
    """
    @return: a certificate with a key that no library knows.
    """
    data = Authority().issue(key=rsaKey()).certificate.public_bytes(Encoding.DER)
    rsaEncryption = bytes.fromhex("2a864886f70d010101")
    return x509.load_der_x509_certificate(data.replace(rsaEncryption, rsaEncryption[:-1] + b"\x7f"))


class KeysTestCase(SynchronousTestCase):
    """
    Tests with files.
    """

    def setUp(self) -> None:
        """
        A folder of its own.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def file(self, data: bytes, name: str = "file") -> str:
        """
        @return: the path of a file with this in it.
        """
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def refusal(self, record: Any, read: Any, **fields: Any) -> ConfigurationError:
        """
        @return: the error for these fields.
        """
        error = self.assertRaises(ConfigurationError, read, record(**fields))
        self.assertNotIn("canary", str(error).replace(PASSWORD + "-", ""))
        return error


class AlgorithmsTests(SynchronousTestCase):
    """
    Which algorithms go with a key.
    """

    def test_algorithms(self) -> None:
        """
        The key alone says which algorithms there are (JW04).
        """
        for name, key in keys().items():
            found = algorithmsOf(key.public_key())
            self.assertIn(name, found)
            self.assertEqual(len(found), 6 if name[:2] in ("RS", "PS") else 1)
        self.assertEqual(algorithmsOf(ed448.Ed448PrivateKey.generate().public_key()), ("EdDSA",))

    def test_unfit(self) -> None:
        """
        No algorithm goes with a weak key, another curve, another kind of key, or no key at all.
        """
        for key, words in (
            (weakKey().public_key(), "an RSA key of 1024 bits; it takes 2048 to 16384"),
            (ec.generate_private_key(ec.SECP256K1()).public_key(), "a key on the curve secp256k1"),
            (ec.generate_private_key(ec.SECP224R1()).public_key(), "a key on the curve secp224r1"),
            (x25519.X25519PrivateKey.generate().public_key(), "a key of another kind"),
            (rsaKey(), "a key of another kind"),
            (b"secret", "a key of another kind"),
            (None, "a key of another kind"),
        ):
            self.assertIn(words, str(self.assertRaises(UnfitKey, algorithmsOf, key)))


class VerifyingTests(KeysTestCase):
    """
    Keys that verify.
    """

    def refused(self, **fields: Any) -> str:
        """
        @return: the error for these fields.
        """
        return str(self.refusal(ValidatorSignatureConfig, readVerifyingKey, **fields))

    def test_publicKeys(self) -> None:
        """
        A signature is right with its own key and its own algorithm, and with nothing else (JW01, JW04).
        """
        for name, key in keys().items():
            found = readVerifyingKey(ValidatorSignatureConfig(certFile=self.file(publicPem(key))))
            signature = signer(name, key)(DATA)
            for algorithm in (*ALGORITHMS, "none", ""):
                self.assertEqual(found.verifies(algorithm, DATA, signature), algorithm == name, (name, algorithm))
            self.assertFalse(found.verifies(name, DATA + b".", signature))
            for wrong in (b"", b"\0", signature[:-1], signature + b"\0", signature[::-1], b"\0" * len(signature)):
                self.assertFalse(found.verifies(name, DATA, wrong))
            self.assertTrue(found.isInForce(0))

    def test_pkcs1(self) -> None:
        """
        The older form of RSA's public keys is read, too.
        """
        pem = rsaKey().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        found = readVerifyingKey(ValidatorSignatureConfig(certFile=self.file(pem)))
        self.assertTrue(found.verifies("RS256", DATA, signer("RS256", rsaKey())(DATA)))

    def test_secret(self) -> None:
        """
        A secret is for the three shared algorithms alone (JW01).
        """
        found = readVerifyingKey(ValidatorSignatureConfig(secret=SECRET))
        self.assertEqual(found.algorithms, ("HS256", "HS384", "HS512"))
        for name in found.algorithms:
            self.assertTrue(found.verifies(name, DATA, signer(name, SECRET)(DATA)))
            self.assertFalse(found.verifies(name, DATA, signer(name, SECRET + "x")(DATA)))
            self.assertFalse(found.verifies(name, DATA, b""))
        self.assertNotIn("canary", repr(found))

    def test_noSecret(self) -> None:
        """
        A public key, a certificate or a JWK is no secret (JW03).
        """
        public = rsaKey().public_key()
        certificate = Authority().certificate
        for text in (
            publicPem(rsaKey()).decode(),
            public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
            public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
            certificate.public_bytes(Encoding.PEM).decode(),
            privatePem(rsaKey()).decode(),
            json.dumps(jwk(public)),
            json.dumps({"keys": [jwk(public)]}),
            json.dumps({"kty": "oct", "k": "canary" * 9}),
        ):
            self.assertIn("looks like a key of two halves", self.refused(secret=text))

    def test_certificate(self) -> None:
        """
        A certificate is in force from its first second to its last.
        """
        issued = Authority().issue(key=rsaKey())
        found = readVerifyingKey(ValidatorSignatureConfig(certFile=self.file(issued.certificatePem())))
        self.assertTrue(found.verifies("PS384", DATA, signer("PS384", rsaKey())(DATA)))
        first = issued.certificate.not_valid_before_utc.timestamp()
        last = issued.certificate.not_valid_after_utc.timestamp()
        for now, isInForce in ((first - 1, False), (first, True), (last, True), (last + 1, False)):
            self.assertEqual(found.isInForce(now), isInForce)
        self.assertTrue(found.isInForce(datetime.now(UTC).timestamp()))

    def test_narrowed(self) -> None:
        """
        Of the algorithms that a key is for, those that are wanted stay (JW04).
        """
        found = readVerifyingKey(ValidatorSignatureConfig(certFile=self.file(publicPem(rsaKey()))))
        signature = signer("PS256", rsaKey())(DATA)
        self.assertTrue(found.verifies("PS256", DATA, signature))
        narrow = found.narrowed(["RS256", "ES256", "HS256"])
        self.assertEqual(narrow.algorithms, ("RS256",))
        self.assertFalse(narrow.verifies("PS256", DATA, signature))
        self.assertEqual(found.narrowed(["HS256"]).algorithms, ())

    def test_files(self) -> None:
        """
        A file that is not there, is something else, or has the private half, is refused; so is a weak key.
        """
        self.assertIn("cannot be read: No such file", self.refused(certFile=str(self.folder / "none")))
        for data in (
            b"",
            b"canary",
            b"-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n",
            b"-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----\n",
            SECRET.encode(),
        ):
            self.assertIn("has no certificate or public key in PEM", self.refused(certFile=self.file(data)))
        self.assertIn("has a private key", self.refused(certFile=self.file(privatePem(rsaKey()))))
        self.assertIn("an RSA key of 1024 bits", self.refused(certFile=self.file(publicPem(weakKey()))))
        dsaKey = dsa.generate_private_key(2048)
        self.assertIn("of another kind", self.refused(certFile=self.file(publicPem(dsaKey))))
        strange = ofStrangeKind().public_bytes(Encoding.PEM)
        self.assertIn("has no certificate or public key in PEM", self.refused(certFile=self.file(strange)))
        weak = Authority().issue(key=weakKey())
        self.assertIn("an RSA key of 1024 bits", self.refused(certFile=self.file(weak.certificatePem())))

    def test_trustStore(self) -> None:
        """
        Of a store the certificate with the alias is taken.
        """
        one, two = Authority().issue(), Authority().issue(key=rsaKey())
        path = self.file(trustStore(One=one.certificate, two=two.certificate))
        for alias, key, name in (("one", one.key, "ES256"), ("ONE", one.key, "ES256"), ("two", rsaKey(), "RS256")):
            found = readVerifyingKey(
                ValidatorSignatureConfig(
                    trustStoreConfig={"trustStore": {"path": path, "password": PASSWORD}, "certAlias": alias}
                )
            )
            self.assertTrue(found.verifies(name, DATA, signer(name, key)(DATA)))
            self.assertFalse(found.isInForce(0))

    def test_keyStoreAsTrust(self) -> None:
        """
        The certificate beside a private key is found by its alias, too.
        """
        path = self.file(Authority().issue(key=rsaKey()).store(PASSWORD))
        found = readVerifyingKey(
            ValidatorSignatureConfig(
                trustStoreConfig={"trustStore": {"path": path, "password": PASSWORD}, "certAlias": "own"}
            )
        )
        self.assertTrue(found.verifies("RS256", DATA, signer("RS256", rsaKey())(DATA)))

    def test_refusedStores(self) -> None:
        """
        A store that cannot be opened, or has not just one certificate of the alias, is refused.
        """
        one, weak = Authority().certificate, Authority().issue(key=weakKey()).certificate
        strange = ofStrangeKind()
        path = self.file(trustStore(one=one, same=one, SAME=Authority().certificate, weak=weak, strange=strange))

        def refused(alias: str = "one", password: str = PASSWORD, path: str = path) -> str:
            store = {"trustStore": {"path": path, "password": password}, "certAlias": alias}
            return self.refused(trustStoreConfig=store)

        missing = refused("two")
        self.assertIn("certAlias: ", missing)
        self.assertIn("has no certificate of this alias; it has 'one', 'same', 'SAME', 'weak', 'strange'", missing)
        self.assertIn("has several certificates of this alias", refused("same"))
        self.assertIn("an RSA key of 1024 bits", refused("weak"))
        self.assertIn("has a key of an unknown kind", refused("strange"))
        self.assertIn("the password is another", refused(password="canary-wrong"))
        self.assertIn("cannot be read", refused(path=path + "x"))
        self.assertIn("no PKCS12 store", refused(path=self.file(b"canary", "broken")))

    def test_precedence(self) -> None:
        """
        Of several keys the file goes before the store, and the store before the secret.
        """
        certFile = self.file(publicPem(rsaKey()), "public")
        store = {
            "trustStore": {"path": self.file(trustStore(a=Authority().certificate), "store"), "password": PASSWORD},
            "certAlias": "a",
        }

        def first(**fields: Any) -> str:
            return readVerifyingKey(ValidatorSignatureConfig(secret=SECRET, **fields)).algorithms[0]

        self.assertEqual(first(certFile=certFile, trustStoreConfig=store), "RS256")
        self.assertEqual(first(trustStoreConfig=store), "ES256")
        self.assertEqual(first(), "HS256")


class SigningTests(KeysTestCase):
    """
    Keys that sign.
    """

    def refused(self, **fields: Any) -> str:
        """
        @return: the error for these fields.
        """
        return str(self.refusal(IssuerSignatureConfig, readSigningKey, **fields))

    def assertSigns(self, key: Any, **fields: Any) -> None:
        """
        What is signed with this configuration verifies with this key.
        """
        made = readSigningKey(IssuerSignatureConfig(**fields))
        verifying = readVerifyingKey(ValidatorSignatureConfig(certFile=self.file(publicPem(key), "public")))
        self.assertTrue(verifying.verifies(made.algorithm, DATA, made.sign(DATA)))

    def test_files(self) -> None:
        """
        A key file signs, encrypted or not, with each algorithm that is for it.
        """
        for name, key in keys().items():
            for password in (None, PASSWORD):
                path = self.file(privatePem(key, password))
                self.assertSigns(key, algorithm=name, config={"keyFile": path, "keyPassword": password})

    def test_oldFiles(self) -> None:
        """
        The older form of private keys is read, too.
        """
        for key in (rsaKey(), ec.generate_private_key(ec.SECP256R1())):
            issued = Issued(Authority().certificate, key)
            for password in (None, PASSWORD):
                config = {"keyFile": self.file(issued.keyPem(password, old=True)), "keyPassword": password}
                self.assertSigns(key, algorithm="RS256" if key is rsaKey() else "ES256", config=config)

    def test_secret(self) -> None:
        """
        A secret signs what the same secret verifies; a public key is no secret (JW03).
        """
        for name in ("HS256", "HS384", "HS512"):
            made = readSigningKey(IssuerSignatureConfig(algorithm=name, config=SECRET))
            self.assertEqual(made.sign(DATA), signer(name, SECRET)(DATA))
            self.assertNotIn("canary", repr(made))
        public = publicPem(rsaKey()).decode()
        self.assertIn("config: looks like a key of two halves", self.refused(algorithm="HS256", config=public))

    def test_stores(self) -> None:
        """
        The key with the alias signs; another alias, password or store is refused.
        """
        path = self.file(Authority().issue(key=rsaKey()).store(PASSWORD))

        def config(alias: str = "own", password: str = PASSWORD, store: str = PASSWORD, path: str = path) -> Any:
            keyStore = {"path": path, "password": store}
            return {"config": {"keyStore": keyStore, "keyAlias": alias, "keyPassword": password}}

        for alias in ("own", "OWN"):
            self.assertSigns(rsaKey(), **config(alias))
        self.assertIn("config.keyAlias: ", self.refused(**config("other")))
        self.assertIn("has no private key of this alias; it has 'own'", self.refused(**config("other")))
        self.assertIn("config.keyPassword: a PKCS12 store has one", self.refused(**config(password="canary-wrong")))
        wrong = self.refused(**config(password="canary-wrong", store="canary-wrong"))
        self.assertIn("config.keyStore.path: ", wrong)
        self.assertIn("the password is another", wrong)
        trust = self.file(trustStore(own=Authority().certificate), "trust")
        self.assertIn("has no private key", self.refused(**config(path=trust)))
        nameless = pkcs12.serialize_key_and_certificates(
            None, rsaKey(), None, None, BestAvailableEncryption(PASSWORD.encode())
        )
        self.assertIn("it has none", self.refused(**config(path=self.file(nameless, "nameless"))))

    def test_refusedFiles(self) -> None:
        """
        A file without a key for the algorithm, or with another password, is refused.
        """
        plain, locked = self.file(privatePem(rsaKey()), "plain"), self.file(privatePem(rsaKey(), PASSWORD), "locked")

        def refused(path: str, password: str | None = None, algorithm: str = "RS256") -> str:
            return self.refused(algorithm=algorithm, config={"keyFile": path, "keyPassword": password})

        self.assertIn("config.keyPassword: ", refused(locked))
        self.assertIn("is encrypted, and there is no password", refused(locked))
        self.assertIn("is not encrypted", refused(plain, PASSWORD))
        self.assertIn("the password is another", refused(locked, "canary-wrong"))
        self.assertIn("cannot be read", refused(plain + "x"))
        for data in (b"", b"canary", publicPem(rsaKey())):
            self.assertIn("has no private key in PEM", refused(self.file(data)))
        self.assertEqual(
            refused(plain, algorithm="ES256"),
            "algorithm: the key is for RS256, RS384, RS512, PS256, PS384, PS512, not for ES256",
        )
        self.assertIn("an RSA key of 1024 bits", refused(self.file(privatePem(weakKey()))))
        self.assertIn("of another kind", refused(self.file(privatePem(x25519.X25519PrivateKey.generate()))))
