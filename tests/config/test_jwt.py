"""
Tests of L{balws.config.jwt}.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config.jwt import (
    IssuerSignatureConfig,
    JwksConfig,
    JwtIssuerConfig,
    JwtValidatorConfig,
    PrivateKeyFile,
    PrivateKeyInStore,
    ValidatorSignatureConfig,
)
from balws.config.secret import Secret
from balws.errors import ConfigurationError

SECRET = "canary-9d2: a secret of more than 32 bytes"

STORE = {"path": "store.p12", "password": "canary-store"}


class JwtTestCase(SynchronousTestCase):
    """
    Tests with refusals.
    """

    def refusal(self, record: Callable[..., object], **fields: object) -> str:
        """
        @return: the text of the error for these fields.
        """
        problem = str(self.assertRaises(ConfigurationError, record, **fields))
        self.assertNotIn("canary", problem)
        return problem


class ValidatorTests(JwtTestCase):
    """
    What a listener accepts.
    """

    def test_defaults(self) -> None:
        """
        The defaults are the reference library's, and nothing is accepted that cannot be verified.
        """
        self.assertEqual(
            attrs.asdict(JwtValidatorConfig()),
            {
                "issuer": None,
                "username": None,
                "audience": None,
                "jwtId": None,
                "keyId": None,
                "customClaims": {},
                "clockSkew": 0,
                "signatureConfig": None,
                "cacheConfig": None,
                "scopeKey": "scope",
                "allowNoExpiry": False,
                "allowUnsigned": False,
                "algorithms": (),
            },
        )

    def test_all(self) -> None:
        """
        Each field takes what table 5.4 says, and records may be mappings.
        """
        config = JwtValidatorConfig(
            issuer="issuer",
            username="alice",
            audience="chat",
            jwtId="1",
            keyId="one",
            customClaims={"group": ["a"]},
            clockSkew=1.5,
            signatureConfig={
                "jwksConfig": {
                    "url": "https://issuer.example/keys",
                    "cacheConfig": {"defaultMaxAge": 60},
                    "clientConfig": {"httpVersion": "HTTP_1_1", "secureSocket": {"cert": "ca.pem"}},
                },
                "certFile": "public.crt",
                "trustStoreConfig": {"trustStore": STORE, "certAlias": "issuer"},
                "secret": SECRET,
            },
            cacheConfig={"capacity": 10},
            scopeKey="scp",
            algorithms=["RS256"],
        )
        signature = config.signatureConfig
        assert signature is not None
        assert signature.jwksConfig is not None
        assert signature.trustStoreConfig is not None
        self.assertEqual(config.audience, ("chat",))
        self.assertEqual(signature.jwksConfig.clientConfig.secureSocket.cert, "ca.pem")
        self.assertEqual(signature.trustStoreConfig.trustStore.path, "store.p12")
        self.assertEqual(signature.secret, Secret(SECRET))
        self.assertNotIn("canary", repr(config))

    def test_equal(self) -> None:
        """
        Two records of the same values are equal: they share one checker.
        """

        def make(group: str) -> JwtValidatorConfig:
            return JwtValidatorConfig(customClaims={"group": [group]}, signatureConfig={"secret": SECRET})

        self.assertEqual(make("a"), make("a"))
        self.assertNotEqual(make("a"), make("b"))

    def test_refusals(self) -> None:
        """
        Each field refuses what it cannot use, and says where it is.
        """
        for name in ("issuer", "username", "audience", "jwtId", "keyId", "scopeKey"):
            for value in ("", 5, [5]):
                self.assertTrue(self.refusal(JwtValidatorConfig, **{name: value}).startswith(name), name)
        for value in (-1, 2**31, float("nan"), float("inf"), "1", True):
            self.assertIn("clockSkew: expected", self.refusal(JwtValidatorConfig, clockSkew=value))
        for name in ("allowNoExpiry", "allowUnsigned"):
            self.assertIn(name, self.refusal(JwtValidatorConfig, **{name: 1}))
        self.assertIn("algorithms[0]: expected one of", self.refusal(JwtValidatorConfig, algorithms=["none"]))
        self.assertIn("customClaims: expected", self.refusal(JwtValidatorConfig, customClaims=["a"]))
        self.assertIn("signatureConfig: expected", self.refusal(JwtValidatorConfig, signatureConfig=5))

    def test_someKey(self) -> None:
        """
        A signature is verified with something.
        """
        self.assertEqual(
            self.refusal(JwtValidatorConfig, signatureConfig={}),
            "signatureConfig: needs a key: one of jwksConfig, certFile, trustStoreConfig, secret",
        )

    def test_shortSecret(self) -> None:
        """
        A secret has at least 32 bytes; the refusal says how to make one, and not what was given (JW15).
        """
        for text in ("s" * 32, "s" * 33, "é" * 16):
            self.assertEqual(ValidatorSignatureConfig(secret=text).secret, Secret(text))
        for short in ("canary" + "s" * 25, Secret("canary"), "é" * 15):
            problem = self.refusal(ValidatorSignatureConfig, secret=short)
            self.assertIn("secret: is under 32 bytes", problem)
            self.assertIn("openssl rand", problem)
        for nothing in ("", 5, b"canary" * 9, "canary\ud800" * 9):
            self.assertTrue(self.refusal(ValidatorSignatureConfig, secret=nothing).startswith("secret: "))


class JwksTests(JwtTestCase):
    """
    Where keys are published.
    """

    def test_urls(self) -> None:
        """
        Keys come by https; by http only from this machine, and only where that is said twice (JW08).
        """
        self.assertEqual(JwksConfig(url="https://issuer.example/keys").url, "https://issuer.example/keys")
        disabled = {"secureSocket": {"disable": True}}
        for host in ("localhost", "127.0.0.1:8080", "[::1]:80"):
            url = f"http://{host}/keys"
            self.assertEqual(JwksConfig(url=url, clientConfig=disabled).url, url)
            for config in ({}, {"secureSocket": {}}):
                self.assertEqual(
                    self.refusal(JwksConfig, url=url, clientConfig=config),
                    "url: http needs clientConfig.secureSocket.disable = true; say https",
                )
        for url in (
            "http://issuer.example/canary",
            "http://127.evil.example/canary",
            "http://localhost.example/canary",
            "file:///canary",
            "ftp://localhost/canary",
            "data:canary",
            "/canary",
            "https://",
            "https:///canary",
            "https://canary@issuer.example/",
            "",
            5,
        ):
            self.assertTrue(self.refusal(JwksConfig, url=url, clientConfig=disabled).startswith("url: expected"))

    def test_query(self) -> None:
        """
        No repr shows a query, which may hold a secret.
        """
        self.assertNotIn("canary", repr(JwksConfig(url="https://issuer.example/keys?key=canary")))

    def test_meaningless(self) -> None:
        """
        What an introspection endpoint is asked with means nothing here, and is refused.
        """
        grant = {"tokenUrl": "https://issuer.example/", "clientId": "a", "clientSecret": "canary"}
        for name, value in (("customPayload", "a=canary"), ("auth", grant)):
            self.assertEqual(
                self.refusal(JwksConfig, url="https://issuer.example/keys", clientConfig={name: value}),
                f"clientConfig.{name}: means nothing for a set of keys: everybody may read it",
            )


class StoreTests(JwtTestCase):
    """
    Keys in stores and files.
    """

    def test_required(self) -> None:
        """
        A store comes with the name of what is meant in it.
        """
        for given, missing in (
            ({"trustStore": STORE}, "certAlias: is missing"),
            ({"certAlias": "a"}, "trustStore: is missing"),
            ({"trustStore": 5}, "trustStore: expected a table or a TrustStore, got 5"),
            ({"trustStore": {"path": "a"}}, "trustStore.password: is missing"),
        ):
            problem = self.refusal(ValidatorSignatureConfig, trustStoreConfig=given)
            self.assertEqual(problem, f"trustStoreConfig.{missing}")
        stored = {"keyStore": {"path": ""}, "keyAlias": "a", "keyPassword": "canary"}
        self.assertIn("keyStore.path", self.refusal(PrivateKeyInStore, **stored))
        self.assertIn("keyPassword", self.refusal(PrivateKeyFile, keyFile="private.key", keyPassword=""))

    def test_hidden(self) -> None:
        """
        No repr shows a password.
        """
        self.assertNotIn("canary", repr(PrivateKeyFile(keyFile="private.key", keyPassword="canary")))
        stored = PrivateKeyInStore(keyStore=STORE, keyAlias="a", keyPassword="canary")
        self.assertNotIn("canary", repr(stored))


class IssuerTests(JwtTestCase):
    """
    What a client makes.
    """

    def test_defaults(self) -> None:
        """
        The defaults are the reference library's.
        """
        self.assertEqual(
            attrs.asdict(JwtIssuerConfig()),
            {
                "issuer": None,
                "username": None,
                "audience": None,
                "jwtId": None,
                "keyId": None,
                "customClaims": {},
                "expTime": 300,
                "signatureConfig": None,
            },
        )
        self.assertEqual(IssuerSignatureConfig(config={"keyFile": "private.key"}).algorithm, "RS256")

    def test_audience(self) -> None:
        """
        One audience stays a string, several stay a list.
        """
        self.assertEqual(JwtIssuerConfig(audience="a").audience, "a")
        self.assertEqual(JwtIssuerConfig(audience=["a"]).audience, ("a",))
        self.assertIn("audience: expected", self.refusal(JwtIssuerConfig, audience=[]))

    def test_expTime(self) -> None:
        """
        A token is good for a second or more.
        """
        for value in (1, 1.5, 2**31 - 1):
            self.assertEqual(JwtIssuerConfig(expTime=value).expTime, value)
        for value in (0, 0.9, -1, 2**31, float("nan"), "1", True):
            self.assertIn("expTime: expected", self.refusal(JwtIssuerConfig, expTime=value))

    def test_customClaims(self) -> None:
        """
        A custom claim is none of those that have a field.
        """
        self.assertEqual(JwtIssuerConfig(customClaims={"scp": "read"}).customClaims, {"scp": "read"})
        for name in ("iss", "sub", "aud", "jti", "exp", "iat", "nbf"):
            self.assertEqual(
                self.refusal(JwtIssuerConfig, customClaims={name: 1}),
                f"customClaims.{name}: has a field of its own",
            )

    def test_keys(self) -> None:
        """
        A key is a secret, a file, or an entry of a store, and the algorithm is for its kind.
        """
        stored = {"keyStore": STORE, "keyAlias": "a", "keyPassword": "canary-store"}
        self.assertIsInstance(IssuerSignatureConfig(config=stored).config, PrivateKeyInStore)
        self.assertIsInstance(IssuerSignatureConfig(config={"keyFile": "a"}, algorithm="ES256").config, PrivateKeyFile)
        for name in ("HS256", "HS384", "HS512"):
            config = IssuerSignatureConfig(config=SECRET, algorithm=name)
            self.assertEqual(config.config, Secret(SECRET))
            self.assertNotIn("canary", repr(config))
            problem = self.refusal(IssuerSignatureConfig, config={"keyFile": "a"}, algorithm=name)
            self.assertIn("algorithm: a secret is for", problem)
        self.assertIn("algorithm: a secret is for", self.refusal(IssuerSignatureConfig, config=SECRET))

    def test_refusedKeys(self) -> None:
        """
        No key, half a key and a short secret are refused (JW15).
        """
        make = JwtIssuerConfig
        self.assertEqual(self.refusal(make, signatureConfig={}), "signatureConfig.config: is missing")
        for config in ({}, {"keyStore": STORE}, 5, None):
            problem = self.refusal(make, signatureConfig={"config": config})
            self.assertTrue(problem.startswith("signatureConfig.config: expected a key in a store"), problem)
        short = {"algorithm": "HS256", "config": "canary"}
        self.assertIn("signatureConfig.config: is under 32 bytes", self.refusal(make, signatureConfig=short))
        unsigned = {"algorithm": "none", "config": SECRET}
        self.assertIn("signatureConfig.algorithm", self.refusal(make, signatureConfig=unsigned))
