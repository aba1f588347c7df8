"""
Tests of L{balws.auth.jwt.validator}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.auth.credentials import BearerToken
from balws.auth.jwt import jwks
from balws.auth.jwt import validator as jwttoken
from balws.auth.jwt.keys import VerifyingKey
from balws.auth.jwt.validator import JwtValidator
from balws.auth.principal import Identity
from balws.config.jwt import JwtValidatorConfig
from balws.errors import AuthUnavailableError, ConfigurationError
from balws.interfaces import IBearerToken
from tests.auth.issuer import URL, PublishingIssuer
from tests.auth.tokens import NOW, SECRET, encode, jwk, part, token
from tests.certificates import Authority, rsaKey

EC_KEY = ec.generate_private_key(ec.SECP256R1())

FAILED = "JWT signature validation has failed."


def publicPem(key: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    """
    @return: the public half as PEM.
    """
    data: bytes = key.public_key().public_bytes(Encoding.PEM, form)
    return data


class ValidatorTestCase(SynchronousTestCase):
    """
    A checker and its log.
    """

    def setUp(self) -> None:
        """
        A folder, a clock, and an ear for the log.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.now: float = NOW
        self.clock = Clock()
        self.events: list[tuple[LogLevel, str]] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: Any) -> None:
        """
        Remember what the log says.
        """
        if event["log_level"] >= LogLevel.warn:
            self.events.append((event["log_level"], event["log_format"].format(**event)))

    def file(self, data: bytes, name: str = "public.pem") -> str:
        """
        @return: the path of a file with this in it.
        """
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def validator(self, signature: Any = None, **config: Any) -> JwtValidator:
        """
        @param signature: C{signatureConfig}; L{None} is the secret.
        """
        if signature is None:
            signature = {"secret": SECRET}
        return JwtValidator(JwtValidatorConfig(signatureConfig=signature, **config), self.clock, lambda: self.now)

    def verifying(self, key: Any, **config: Any) -> JwtValidator:
        """
        @return: one that knows the public half of a key.
        """
        return self.validator({"certFile": self.file(publicPem(key))}, **config)

    def ask(self, validator: JwtValidator, text: Any) -> Deferred[Identity]:
        """
        @return: what the checker says of a token.
        """
        return validator.requestAvatarId(BearerToken(text))

    def accepted(self, validator: JwtValidator, text: Any) -> Identity:
        """
        @return: who it is.
        """
        identity: Identity = self.successResultOf(self.ask(validator, text))
        return identity

    def refused(self, validator: JwtValidator, text: Any) -> str:
        """
        @return: why nobody is known by this.
        """
        reason = str(self.failureResultOf(self.ask(validator, text), UnauthorizedLogin).value)
        self.assertEqual([each for each in self.events if each[0] > LogLevel.warn], [])
        return reason


class IdentityTests(ValidatorTestCase):
    """
    Who it is.
    """

    def test_checker(self) -> None:
        """
        It is a checker of Cred for bearer tokens.
        """
        validator = self.validator()
        verifyObject(ICredentialsChecker, validator)
        self.assertEqual(validator.credentialInterfaces, (IBearerToken,))
        self.assertTrue(IBearerToken.providedBy(BearerToken("a")))

    def test_identity(self) -> None:
        """
        The user is the subject; scopes, claims and expiry come along.
        """
        validator = self.validator(clockSkew=5)
        identity = self.accepted(validator, token(sub="älice", scope="read write", group=["a"]))
        self.assertEqual(identity.decode(), "älice")
        self.assertEqual(identity.scopes, ("read", "write"))
        self.assertEqual(identity.claims["group"], ["a"])
        self.assertEqual(identity.expires, NOW + 305)

    def test_nobody(self) -> None:
        """
        A token need not say who it is, nor what it may do.
        """
        identity = self.accepted(self.validator(), token(claims={"exp": NOW + 1}))
        self.assertEqual((bytes(identity), identity.scopes), (b"", ()))

    def test_scopeKey(self) -> None:
        """
        Scopes are in the claim that the configuration says.
        """
        validator = self.validator(scopeKey="scp")
        self.assertEqual(self.accepted(validator, token(scope="no", scp=["a", "b"])).scopes, ("a", "b"))
        self.assertEqual(self.accepted(validator, token(scope="no")).scopes, ())
        self.assertEqual(self.accepted(validator, token(scp=["a", 5])).scopes, ())

    def test_unending(self) -> None:
        """
        A token without expiry is refused, unless that is allowed, and then it never ends (JW01).
        """
        text = token(claims={"sub": "alice"})
        self.assertEqual(self.refused(self.validator(), text), "JWT must contain an expiration time (exp).")
        self.assertIsNone(self.accepted(self.validator(allowNoExpiry=True), text).expires)


class AlgorithmTests(ValidatorTestCase):
    """
    Signatures and algorithms.
    """

    def test_each(self) -> None:
        """
        Each algorithm lets in with its key (JW01).
        """
        for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
            self.accepted(self.verifying(rsaKey()), token(rsaKey(), name))
        for name, curve in (("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1())):
            key = ec.generate_private_key(curve)
            self.accepted(self.verifying(key), token(key, name))
        for edwards in (ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()):
            self.accepted(self.verifying(edwards), token(edwards, "EdDSA"))
        for name in ("HS256", "HS384", "HS512"):
            self.accepted(self.validator(), token(SECRET, name))

    def test_changed(self) -> None:
        """
        A token of which one letter is another is refused (JW01).
        """
        validator = self.verifying(EC_KEY)
        text = token(EC_KEY, "ES256")
        self.accepted(validator, text)
        for place in range(0, len(text), 7):
            changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
            self.refused(validator, changed)

    def test_otherKey(self) -> None:
        """
        A token of another key is refused, and one without signature (JW01, JW02).
        """
        validator = self.verifying(EC_KEY)
        other = ec.generate_private_key(ec.SECP256R1())
        self.assertEqual(self.refused(validator, token(other, "ES256")), FAILED)
        self.assertEqual(self.refused(validator, token(EC_KEY, "ES256").rpartition(".")[0] + "."), FAILED)
        self.assertEqual(self.refused(self.validator(), token().rpartition(".")[0] + "."), FAILED)
        self.assertEqual(self.refused(self.validator(), token(SECRET + "x")), FAILED)

    def test_none(self) -> None:
        """
        A token that says that it needs no signature is refused, however it says it (JW02).
        """
        for validator in (self.validator(), self.verifying(rsaKey())):
            for name in ("none", "None", "nOnE", "NONE", "", " ", "hs256", "RS1", "ES256K", "A\nB", "é"):
                for signature in ("", "e30", token().rpartition(".")[2]):
                    text = f"{part({'alg': name})}.{part({'sub': 'alice', 'exp': NOW + 300})}.{signature}"
                    self.assertTrue(self.refused(validator, text).startswith("Unsupported signing algorithm '"))
            for header in ({}, {"alg": None}, {"alg": ["HS256"]}, {"alg": {"HS256": 1}}, {"alg": 5}, {"alg": True}):
                self.assertEqual(
                    self.refused(validator, token(header=header)), "Unsupported signing algorithm of an unknown kind."
                )

    def test_parts(self) -> None:
        """
        A token has three parts (JW02).
        """
        header, claims, signature = token().split(".")
        validator = self.validator()
        for text in ("", header, f"{header}.{claims}", f"{header}.{claims}.{signature}.{signature}", None, b"a.b.c"):
            self.assertEqual(
                self.refused(validator, text), "Credential format does not match to JWT format."
            )

    def test_publicKeyAsSecret(self) -> None:
        """
        A token that was signed with the public key as if it were a secret is refused, in whatever form that key
        is (JW03).
        """
        public = rsaKey().public_key()
        issued = Authority().issue(key=rsaKey())
        for forged in (
            publicPem(rsaKey()),
            publicPem(rsaKey()).rstrip(),
            publicPem(rsaKey(), PublicFormat.PKCS1),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
            issued.certificatePem(),
            issued.certificate.public_bytes(Encoding.DER),
            json.dumps(jwk(public)).encode(),
            b"",
        ):
            for name in ("HS256", "HS384", "HS512"):
                text = token(forged, name)
                for data in (publicPem(rsaKey()), issued.certificatePem()):
                    self.now = issued.certificate.not_valid_before_utc.timestamp() + 60
                    fresh = token(forged, name, exp=self.now + 60)
                    self.assertEqual(self.refused(self.validator({"certFile": self.file(data)}), fresh), FAILED)
                self.now = NOW
                self.assertEqual(self.refused(self.verifying(rsaKey()), text), FAILED)

    def test_anotherAlgorithm(self) -> None:
        """
        The header cannot choose an algorithm that is not the key's, or not the configured one (JW04).
        """
        claims = {"sub": "alice", "exp": NOW + 300}
        for name in ("ES256", "ES384", "EdDSA", "HS256", "RS384"):
            text = token(rsaKey(), "RS256", claims, {"alg": name})
            self.assertEqual(self.refused(self.verifying(rsaKey()), text), FAILED)
        self.assertEqual(self.refused(self.verifying(EC_KEY), token(EC_KEY, "ES256", claims, {"alg": "ES512"})), FAILED)
        strict = self.verifying(rsaKey(), algorithms=["RS256"])
        self.accepted(strict, token(rsaKey(), "RS256"))
        for name in ("PS256", "RS384", "RS512"):
            self.assertEqual(self.refused(strict, token(rsaKey(), name)), FAILED)
        self.assertEqual(self.refused(self.validator(algorithms=["HS512"]), token(SECRET, "HS256")), FAILED)

    def test_foreignKeys(self) -> None:
        """
        Keys that the token itself brings, or says where to find, are not looked at (JW06).
        """
        own = ec.generate_private_key(ec.SECP256R1())
        certificate = Authority().issue(key=own).certificate.public_bytes(Encoding.DER)
        issuer = PublishingIssuer(jwk(EC_KEY.public_key(), "ec"))
        self.patch(jwks, "BackEnd", issuer)
        published = self.validator({"jwksConfig": {"url": URL}})
        for more in (
            {"jwk": jwk(own.public_key())},
            {"jku": "https://evil.example/keys"},
            {"jku": "file:///etc/passwd"},
            {"x5u": "https://evil.example/certificate"},
            {"x5c": [encode(certificate)]},
            {"x5t": "a", "x5t#S256": 5},
        ):
            forged = token(own, "ES256", header={"alg": "ES256", "kid": "ec", **more})
            true = token(EC_KEY, "ES256", header={"alg": "ES256", "kid": "ec", **more})
            for validator in (self.verifying(EC_KEY), published):
                self.assertEqual(self.refused(validator, forged), FAILED)
                self.accepted(validator, true)
        self.assertEqual((issuer.asked, issuer.url), (1, URL))


class ClaimsTests(ValidatorTestCase):
    """
    What must be in a token.
    """

    def test_all(self) -> None:
        """
        Everything that is configured must be right at once (JW01).
        """
        validator = self.validator(
            issuer="issuer",
            username="alice",
            audience=["chat"],
            jwtId="1",
            keyId="one",
            customClaims={"group": "a"},
            clockSkew=1,
        )
        right = {
            "iss": "issuer",
            "sub": "alice",
            "aud": ["mail", "chat"],
            "jti": "1",
            "group": "a",
            "exp": NOW,
            "nbf": NOW,
        }
        header = {"alg": "HS256", "kid": "one"}
        self.accepted(validator, token(claims=right, header=header))
        for name in right:
            if name != "nbf":
                self.refused(validator, token(claims={**right, name: None}, header=header))
                self.refused(validator, token(claims={k: v for k, v in right.items() if k != name}, header=header))
        for name, wrong in (
            ("iss", "other"),
            ("sub", "bob"),
            ("aud", "mail"),
            ("jti", "2"),
            ("group", "b"),
            ("exp", NOW - 2),
            ("nbf", NOW + 2),
        ):
            self.refused(validator, token(claims={**right, name: wrong}, header=header))
        self.refused(validator, token(claims=right, header={"alg": "HS256", "kid": "two"}))
        self.refused(validator, token(claims=right))

    def test_clock(self) -> None:
        """
        The clock on the wall decides at the time of each check, wherever it was set meanwhile (JW12).
        """
        for cache in (None, {}):
            self.now = NOW
            validator = self.validator(cacheConfig=cache)
            text = token(nbf=NOW)
            for now, isGood in ((NOW, True), (NOW + 3600, False), (NOW + 300, True), (NOW - 3600, False), (NOW, True)):
                self.now = now
                if isGood:
                    self.accepted(validator, text)
                else:
                    self.refused(validator, text)

    def test_strange(self) -> None:
        """
        Numbers, types and repetitions that make no sense are refused, without a traceback (JW10).
        """
        validator = self.validator(audience="chat", allowNoExpiry=True)
        self.accepted(validator, token(aud="chat"))
        for wrong in (
            b'{"aud": "chat", "exp": 1e400}',
            b'{"aud": "chat", "exp": "123"}',
            b'{"aud": "chat", "exp": "%d"}' % (NOW + 300),
            b'{"aud": "chat", "exp": NaN}',
            b'{"aud": "chat", "exp": Infinity}',
            b'{"aud": "chat", "exp": %d}' % 2**70,
            b'{"aud": "chat", "exp": -1}',
            b'{"aud": "chat", "exp": true}',
            b'{"aud": "chat", "exp": null}',
            b'{"aud": "chat", "exp": []}',
            b'{"aud": "chat", "nbf": "0"}',
            b'{"aud": "chat", "iat": 1e400}',
            b'{"aud": "mail", "aud": "chat"}',
            b'{"aud": "chat", "sub": "alice", "sub": "bob"}',
            b'{"aud": ["chat", 5]}',
            b'{"aud": ["chat", null]}',
            b'{"aud": {"chat": 1}}',
            b'{"aud": "chat", "sub": 5}',
            b'{"aud": "chat", "a": ' + b"[" * 3000 + b"]" * 3000 + b"}",
            b'["aud", "chat"]',
            b"",
            b"\xff",
        ):
            self.refused(validator, token(claims=wrong))
        for more in ({"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"b64": True}):
            self.refused(validator, token(aud="chat", header={"alg": "HS256", **more}))
        self.refused(validator, token(aud="chat", header=b'{"alg": "HS256", "alg": "HS256"}'))
        self.refused(validator, token(aud="chat", header=b'{"alg": "none", "alg": "HS256"}'))

    @settings(max_examples=200, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(("alg", "kid", "typ", "crit", "b64", "jku", "jwk")),
            st.none()
            | st.sampled_from(("HS256", "RS256", "none", "one"))
            | st.text(max_size=5)
            | st.floats()
            | st.lists(st.integers(), max_size=2),
        ),
        st.dictionaries(
            st.sampled_from(("exp", "nbf", "iat", "aud", "sub", "iss", "jti", "scope")),
            st.none()
            | st.integers(-(2**60), 2**60)
            | st.integers(NOW, NOW + 10)
            | st.floats()
            | st.text(max_size=5)
            | st.lists(st.text(max_size=2), max_size=2),
        ),
    )
    def test_any(self, header: dict[str, Any], claims: dict[str, Any]) -> None:
        """
        Whatever a token with a right signature says, somebody is known by it or it is refused; never is there
        a traceback (JW10).
        """
        validator = JwtValidator(
            JwtValidatorConfig(signatureConfig={"secret": SECRET}), self.clock, lambda: NOW
        )
        known: list[Any] = []
        asked = validator.requestAvatarId(BearerToken(token(claims=claims, header=header)))
        asked.addErrback(lambda failure: failure.trap(UnauthorizedLogin)).addCallback(known.append)
        self.assertEqual(len(known), 1)
        if isinstance(known[0], Identity):
            self.assertEqual(header["alg"], "HS256")
            self.assertGreaterEqual(claims["exp"], NOW)
        self.assertEqual(self.events, [])


class CertificateTests(ValidatorTestCase):
    """
    Certificates and their time.
    """

    def test_inForce(self) -> None:
        """
        A certificate that is out of date verifies nothing, from the moment on that it is, remembered or not.
        """
        issued = Authority().issue(key=rsaKey())
        last = issued.certificate.not_valid_after_utc.timestamp()
        for cache in (None, {}):
            self.now = last
            validator = self.validator({"certFile": self.file(issued.certificatePem())}, cacheConfig=cache)
            text = token(rsaKey(), "RS256", exp=last + 10)
            self.accepted(validator, text)
            self.now = last + 1
            self.assertEqual(
                self.refused(validator, text), "The certificate that JWTs are verified with is out of date."
            )
        self.assertEqual(self.events, [])

    def test_warned(self) -> None:
        """
        A certificate that is out of date from the beginning is a warning.
        """
        self.validator({"certFile": self.file(Authority().issue(days=-1).certificatePem())})
        self.assertEqual([level for level, _ in self.events], [LogLevel.warn])
        self.assertIn("out of date", self.events[0][1])

    def test_reload(self) -> None:
        """
        A new certificate takes the place of the old one, and a broken one does not: that is one line in the log.
        """
        one, two = rsaKey(), EC_KEY
        validator = self.verifying(one, cacheConfig={})
        texts = token(one, "RS256"), token(two, "ES256")
        self.accepted(validator, texts[0])
        self.file(publicPem(two))
        self.accepted(validator, texts[0])
        validator.reload()
        self.accepted(validator, texts[1])
        self.refused(validator, texts[0])
        for broken in (b"", b"canary", publicPem(ec.generate_private_key(ec.SECP256K1()))):
            self.events.clear()
            self.file(broken)
            validator.reload()
            ((level, line),) = self.events
            self.assertEqual(level, LogLevel.error)
            self.assertIn("JWTs are checked with the keys from before: signatureConfig.certFile: the file", line)
            self.events.clear()
            self.accepted(validator, texts[1])
        os.remove(self.folder / "public.pem")
        validator.reload()
        self.assertIn("cannot be read", self.events.pop()[1])
        self.accepted(validator, texts[1])

    def test_reloadSecret(self) -> None:
        """
        A secret stays what it is.
        """
        validator = self.validator()
        validator.reload()
        self.accepted(validator, token())


class ConfigurationTests(ValidatorTestCase):
    """
    What cannot work is found at the start.
    """

    def problem(self, signature: Any, **config: Any) -> str:
        """
        @return: the error.
        """
        return str(self.assertRaises(ConfigurationError, self.validator, signature, **config))

    def test_noKey(self) -> None:
        """
        Without a key there is no checker (decision 14).
        """
        error = self.assertRaises(ConfigurationError, JwtValidator, JwtValidatorConfig(), self.clock)
        self.assertEqual(error.path, "signatureConfig")
        self.assertIn("allowUnsigned = true", error.problem)

    def test_paths(self) -> None:
        """
        An error says where in the configuration it is.
        """
        missing = str(self.folder / "missing")
        self.assertTrue(self.problem({"certFile": missing}).startswith("signatureConfig.certFile: the file"))
        store = {"trustStore": {"path": missing, "password": "canary"}, "certAlias": "a"}
        problem = self.problem({"trustStoreConfig": store})
        self.assertTrue(problem.startswith("signatureConfig.trustStoreConfig.trustStore.path: the file"), problem)
        secureSocket = {"cert": missing}
        problem = self.problem({"jwksConfig": {"url": URL, "clientConfig": {"secureSocket": secureSocket}}})
        place = "signatureConfig.jwksConfig.clientConfig.secureSocket.cert"
        self.assertTrue(problem.startswith(f"{place}: the file"), problem)
        problem = self.problem({"secret": publicPem(rsaKey()).decode()})
        self.assertTrue(problem.startswith("signatureConfig.secret: looks like"), problem)

    def test_algorithms(self) -> None:
        """
        Algorithms none of which goes with the key are an error.
        """
        self.assertEqual(
            self.problem({"secret": SECRET}, algorithms=["RS256"]), "algorithms: the key is for HS256, HS384, HS512"
        )
        self.accepted(self.validator(algorithms=["RS256", "HS256"]), token())


class UnsignedTests(ValidatorTestCase):
    """
    Without a key, where that is allowed.
    """

    def unsigned(self, **config: Any) -> JwtValidator:
        """
        @return: a checker that verifies nothing.
        """
        config = {"allowUnsigned": True, **config}
        return JwtValidator(JwtValidatorConfig(**config), self.clock, lambda: self.now)

    def test_accepted(self) -> None:
        """
        Whatever the signature is, it is not looked at; a warning says so.
        """
        validator = self.unsigned()
        self.assertEqual([level for level, _ in self.events], [LogLevel.warn])
        for name in ("none", "HS256", "RS256", "anything"):
            for signature in ("", "e30"):
                text = f"{part({'alg': name})}.{part({'sub': 'alice', 'exp': NOW + 300})}.{signature}"
                self.assertEqual(self.accepted(validator, text), b"alice")
        self.assertEqual(len(self.events), 1)

    def test_checked(self) -> None:
        """
        All else is checked all the same.
        """
        validator = self.unsigned(issuer="issuer")
        self.accepted(validator, token(iss="issuer"))
        for text in (
            token(),
            token(iss="issuer", exp=NOW - 1),
            token(claims={"iss": "issuer"}),
            token(iss="issuer", header={}),
            token(iss="issuer", header={"alg": None}),
            token(iss="issuer").rpartition(".")[0],
            token(iss="issuer", header={"alg": "none", "crit": ["exp"]}),
            token(claims=b'{"iss": "issuer", "exp": 1e400}'),
        ):
            self.refused(validator, text)
        validator.reload()
        self.successResultOf(validator.close())
        self.accepted(validator, token(iss="issuer"))

    def test_key(self) -> None:
        """
        With a key signatures are verified, allowed or not.
        """
        validator = self.validator(allowUnsigned=True)
        self.assertEqual(self.events, [])
        self.assertEqual(self.refused(validator, token().rpartition(".")[0] + "."), FAILED)


class CacheTests(ValidatorTestCase):
    """
    Remembered signatures.
    """

    def test_once(self) -> None:
        """
        With a cache a signature is verified once for each key; all else is checked each time.
        """
        verified: list[str] = []
        real = VerifyingKey.verifies

        def verifies(key: VerifyingKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
            verified.append(algorithm)
            return real(key, algorithm, signed, signature)

        self.patch(VerifyingKey, "verifies", verifies)
        text = token()
        for cache, count in ((None, 3), ({}, 1), ({"defaultMaxAge": 10}, 1)):
            verified.clear()
            validator = self.validator(cacheConfig=cache)
            for _ in range(3):
                self.accepted(validator, text)
            self.assertEqual(len(verified), count)
        self.successResultOf(validator.close())
        self.accepted(validator, text)
        self.assertEqual(len(verified), 2)
        self.now = NOW + 301
        self.assertEqual(self.refused(validator, text), "JWT is expired.")

    def test_refusedAgain(self) -> None:
        """
        What was refused is not remembered as good, and what looks like a good token is none.
        """
        validator = self.validator(cacheConfig={})
        text = token()
        for _ in range(2):
            self.accepted(validator, text)
            self.refused(validator, text[:-4] + "AAAA")
            self.refused(validator, token(SECRET + "x"))
            self.refused(validator, text + ".")


class KeySetTests(ValidatorTestCase):
    """
    Keys from a URL.
    """

    def setUp(self) -> None:
        """
        An issuer.
        """
        super().setUp()
        self.issuer = PublishingIssuer(jwk(rsaKey().public_key(), "one"))
        self.patch(jwks, "BackEnd", self.issuer)

    def published(self, **config: Any) -> JwtValidator:
        """
        @return: a checker with the issuer's keys.
        """
        return self.validator({"jwksConfig": {"url": URL}, "secret": SECRET}, **config)

    def text(self, key: Any, algorithm: str, name: str = "one", **claims: Any) -> str:
        """
        @return: a token that says which key it is.
        """
        return token(key, algorithm, header={"alg": algorithm, "kid": name}, **claims)

    def test_found(self) -> None:
        """
        The key is found by its name; the secret beside it means nothing.
        """
        validator = self.published()
        self.accepted(validator, self.text(rsaKey(), "RS256"))
        self.assertEqual(self.refused(validator, self.text(SECRET, "HS256")), FAILED)
        self.assertEqual(self.refused(validator, self.text(rsaKey(), "RS256", "two")), "No JWK found for kid 'two'.")
        self.assertEqual(self.refused(validator, token(rsaKey(), "RS256")), "JWT must contain a key ID (kid).")
        self.assertEqual(self.issuer.asked, 1)

    def test_algorithms(self) -> None:
        """
        Keys for no configured algorithm are none (JW04).
        """
        self.accepted(self.published(algorithms=["PS256"]), self.text(rsaKey(), "PS256"))
        self.assertEqual(self.refused(self.published(algorithms=["PS256"]), self.text(rsaKey(), "RS256")), FAILED)

    def test_hopeless(self) -> None:
        """
        Nobody is asked for keys on behalf of a token that would be refused anyway.
        """
        validator = self.published(issuer="issuer")
        for text in (
            self.text(rsaKey(), "RS256"),
            self.text(rsaKey(), "RS256", iss="issuer", exp=NOW - 1),
            token(header={"alg": "none", "kid": "one"}, iss="issuer"),
            "a.b.c",
        ):
            self.refused(validator, text)
        self.assertEqual(self.issuer.asked, 0)

    def test_down(self) -> None:
        """
        While the keys cannot be had it cannot be told who it is (JW08).
        """
        self.issuer.answer = 500
        problem = self.failureResultOf(self.ask(self.published(), self.text(rsaKey(), "RS256")), AuthUnavailableError)
        self.assertIn("the answer's status is 500", problem.getErrorMessage())

    def test_cancel(self) -> None:
        """
        Who waits for keys may give up.
        """
        self.issuer.answer = None
        asked = self.ask(self.published(), self.text(rsaKey(), "RS256"))
        self.assertNoResult(asked)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual(self.events, [])

    def test_withdrawn(self) -> None:
        """
        A token of a key that the issuer has withdrawn is refused, remembered or not.
        """
        validator = self.published(cacheConfig={})
        text = self.text(rsaKey(), "RS256", exp=NOW + 10**6)
        self.accepted(validator, text)
        self.clock.advance(301)
        self.issuer.answer = {"keys": [jwk(EC_KEY.public_key(), "two")]}
        self.assertEqual(self.refused(validator, text), "No JWK found for kid 'one'.")

    def test_life(self) -> None:
        """
        Reloading and closing reach the keys; what cannot be reloaded is one line in the log.
        """
        validator = self.published()
        validator.reload()
        self.assertEqual(self.issuer.reloaded, 1)
        self.issuer.isBroken = True
        validator.reload()
        self.assertEqual(len(self.events), 1)
        self.events.clear()
        self.successResultOf(validator.close())
        self.assertEqual(self.issuer.closed, 1)
        self.accepted(validator, self.text(rsaKey(), "RS256"))


class SurpriseTests(ValidatorTestCase):
    """
    What nobody has thought of.
    """

    def test_surprise(self) -> None:
        """
        An error that nobody has thought of is a refusal, and one line in the log however often it comes, with
        nothing of the token in it.
        """

        def surprised(claim: Any) -> Any:
            raise RuntimeError(f"canary {claim}")

        self.patch(jwttoken, "scopesOf", surprised)
        validator = self.validator()
        for _ in range(3):
            asked = self.ask(validator, token(scope="canary"))
            problem = self.failureResultOf(asked, UnauthorizedLogin).value
            self.assertEqual(str(problem), "The JWT could not be checked.")
        ((level, line),) = self.events
        self.assertEqual(level, LogLevel.error)
        self.assertIn("RuntimeError in ", line)
        self.assertNotIn("canary", line)

    def test_noToken(self) -> None:
        """
        Credentials without a token never raise.
        """
        self.failureResultOf(self.validator().requestAvatarId(object()), UnauthorizedLogin)
        self.assertEqual(len(self.events), 1)

    def test_secrets(self) -> None:
        """
        No reason shows a token, a signature or a secret.
        """
        validator = self.validator(issuer="issuer", audience="chat")
        for text in (
            token(SECRET + "x", iss="issuer", aud="chat"),
            token(iss="issuer", aud="chat").rpartition(".")[0] + ".canary",
            token(iss="issuer", aud="canary", scope="canary"),
            token(claims=b'{"canary": NaN}'),
            "canary.canary.canary",
            "canary",
        ):
            reason = self.refused(validator, text)
            self.assertNotIn("canary", reason)
            self.assertNotIn(text, reason)
            self.assertNotIn(text.rpartition(".")[2] or text, reason)
