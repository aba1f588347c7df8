"""
Tests of L{balws.auth.jwt.issuing}.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.credentials import BearerToken
from balws.auth.jwt.issuing import IssuedToken
from balws.auth.jwt.keys import SigningKey
from balws.auth.jwt.validator import JwtValidator
from balws.config.jwt import JwtIssuerConfig, JwtValidatorConfig
from balws.errors import AuthError, ConfigurationError
from tests.auth.tokens import NOW, SECRET, decode
from tests.certificates import Authority, Issued, rsaKey

PASSWORD = "canary-store"

SHARED = {"algorithm": "HS256", "config": SECRET}


class IssuedTokenTests(SynchronousTestCase):
    """
    What a client shows.
    """

    def setUp(self) -> None:
        """
        A folder and a clock.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.now: float = NOW

    def file(self, data: bytes, name: str = "file") -> str:
        """
        @return: the path of a file with this in it.
        """
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def source(self, **config: Any) -> IssuedToken:
        """
        @return: one at the time of this test.
        """
        return IssuedToken(JwtIssuerConfig(**config), lambda: self.now)

    def text(self, source: IssuedToken) -> str:
        """
        @return: the next token.
        """
        scheme, _, text = self.successResultOf(source.authorization()).partition(b" ")
        self.assertEqual(scheme, b"Bearer")
        return text.decode("ascii")

    def parts(self, **config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """
        @return: header and claims.
        """
        header, claims, *_ = self.text(self.source(**config)).split(".")
        return json.loads(decode(header)), json.loads(decode(claims))

    def test_all(self) -> None:
        """
        Header and claims say what is configured.
        """
        header, claims = self.parts(
            issuer="issuer",
            username="älice",
            audience=["chat", "mail"],
            jwtId="1",
            keyId="one",
            customClaims={"scp": ["read"], "group": {"a": None}},
            expTime=60,
            signatureConfig=SHARED,
        )
        self.assertEqual(header, {"alg": "HS256", "typ": "JWT", "kid": "one"})
        self.assertEqual(
            claims,
            {
                "iss": "issuer",
                "sub": "älice",
                "aud": ["chat", "mail"],
                "jti": "1",
                "scp": ["read"],
                "group": {"a": None},
                "exp": NOW + 60,
                "iat": NOW,
                "nbf": NOW,
            },
        )

    def test_least(self) -> None:
        """
        What is not configured is not there; a token is good for five minutes.
        """
        header, claims = self.parts(signatureConfig=SHARED)
        self.assertEqual(header, {"alg": "HS256", "typ": "JWT"})
        self.assertEqual(claims, {"exp": NOW + 300, "iat": NOW, "nbf": NOW})
        self.assertEqual(self.parts(audience="chat", signatureConfig=SHARED)[1]["aud"], "chat")

    def test_unsigned(self) -> None:
        """
        Without a key a token has two parts and no algorithm, as the reference library makes it.
        """
        text = self.text(self.source(username="alice"))
        self.assertEqual(text.count("."), 1)
        header, claims = (json.loads(decode(each)) for each in text.split("."))
        self.assertEqual(header, {"alg": "none", "typ": "JWT"})
        self.assertEqual(claims["sub"], "alice")

    def test_anew(self) -> None:
        """
        Each request has a new token, good from its own time on.
        """
        source = self.source(signatureConfig=SHARED)
        first = self.text(source)
        self.now = NOW + 1000.9
        second = json.loads(decode(self.text(source).split(".")[1]))
        self.assertNotEqual(first, self.text(source))
        self.assertEqual((second["iat"], second["nbf"], second["exp"]), (NOW + 1000, NOW + 1000, NOW + 1300))
        self.assertFalse(source.rejected(first.encode()))
        self.successResultOf(source.close())
        self.text(source)

    def assertVerifies(self, key: Any, algorithm: str, config: Any) -> None:
        """
        PyJWT and our own checker both accept what was signed with this configuration.
        """
        signature = {"algorithm": algorithm, "config": config}
        text = self.text(self.source(username="alice", issuer="issuer", audience="chat", signatureConfig=signature))
        if isinstance(key, str):
            verifying, public = {"secret": key}, key
        else:
            pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            verifying, public = {"certFile": self.file(pem, "public")}, pem.decode()
        found = jwt.decode(
            text,
            public,
            algorithms=[algorithm],
            audience="chat",
            issuer="issuer",
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        self.assertEqual(found["sub"], "alice")
        checker = JwtValidator(JwtValidatorConfig(signatureConfig=verifying), Clock(), lambda: self.now)
        self.assertEqual(self.successResultOf(checker.requestAvatarId(BearerToken(text))), b"alice")

    def test_signed(self) -> None:
        """
        What is signed with any algorithm and any kind of key verifies, with PyJWT and with ours (JW15).
        """
        long = SECRET * 2
        for name in ("HS256", "HS384", "HS512"):
            self.assertVerifies(long, name, long)
        for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
            path = self.file(Issued(Authority().certificate, rsaKey()).keyPem())
            self.assertVerifies(rsaKey(), name, {"keyFile": path})
        for name, curve in (("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1())):
            key = ec.generate_private_key(curve)
            path = self.file(Issued(Authority().certificate, key).keyPem(PASSWORD))
            self.assertVerifies(key, name, {"keyFile": path, "keyPassword": PASSWORD})
        edwards: Any = ed25519.Ed25519PrivateKey.generate()
        path = self.file(Issued(Authority().certificate, edwards).keyPem())
        self.assertVerifies(edwards, "EdDSA", {"keyFile": path})
        store = {"path": self.file(Authority().issue(key=rsaKey()).store(PASSWORD)), "password": PASSWORD}
        self.assertVerifies(
            rsaKey(), "RS256", {"keyStore": store, "keyAlias": "own", "keyPassword": PASSWORD}
        )

    def test_configuration(self) -> None:
        """
        A key that cannot be read, or is for something else, is found at the start (JW15).
        """
        missing = {"config": {"keyFile": str(self.folder / "missing")}}
        error = self.assertRaises(ConfigurationError, self.source, signatureConfig=missing)
        self.assertEqual(error.path, "signatureConfig.config.keyFile")
        path = self.file(Issued(Authority().certificate, rsaKey()).keyPem())
        error = self.assertRaises(
            ConfigurationError, self.source, signatureConfig={"algorithm": "ES256", "config": {"keyFile": path}}
        )
        self.assertEqual(error.path, "signatureConfig.algorithm")
        short = {"algorithm": "HS256", "config": "s" * 31}
        self.assertRaises(ConfigurationError, self.source, signatureConfig=short)

    def test_failure(self) -> None:
        """
        A token that cannot be signed is an error that shows nothing of the key.
        """

        def broken(key: SigningKey, data: bytes) -> bytes:
            raise RuntimeError("canary")

        source = self.source(signatureConfig=SHARED)
        self.patch(SigningKey, "sign", broken)
        problem = self.failureResultOf(source.authorization(), AuthError).value
        self.assertEqual(str(problem), "Failed to enrich request with JWT. RuntimeError")
        self.assertNotIn("canary", repr(source))
