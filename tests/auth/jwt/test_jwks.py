"""
Tests of L{balws.auth.jwt.jwks}.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.jwt import jwks
from balws.auth.jwt.jwks import COOLDOWN, MAX_AGE, MAX_KEYS, MAX_STALE, RETRY, KeySet, readKeys
from balws.config.jwt import JwksConfig
from balws.errors import AuthUnavailableError, ConfigurationError
from tests.auth.issuer import URL, PublishingIssuer
from tests.auth.tokens import encode, jwk, signer
from tests.certificates import rsaKey

EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()

RSA_JWK = jwk(rsaKey().public_key(), "rsa")
EC_JWK = jwk(EC_KEY.public_key(), "ec")

DATA = b"what is signed"

DOWN = f"the keys of tokens cannot be had: {PublishingIssuer.name}: "


def oct(name: str = "rsa", **more: Any) -> dict[str, Any]:
    """
    @return: a shared key, which nobody should publish.
    """
    return {"kty": "oct", "kid": name, "k": encode(b"canary" * 9), **more}


class ReadKeysTests(SynchronousTestCase):
    """
    From a document to keys.
    """

    def refusal(self, *keys: Any) -> str:
        """
        @return: why there is no key.
        """
        return str(self.assertRaises(ValueError, readKeys, {"keys": list(keys)}))

    def test_kinds(self) -> None:
        """
        Keys of all kinds are read, and verify with the algorithms that are for them.
        """
        for name, key in (
            ("RS256", rsaKey()),
            ("PS512", rsaKey()),
            ("ES256", EC_KEY),
            ("ES384", ec.generate_private_key(ec.SECP384R1())),
            ("ES512", ec.generate_private_key(ec.SECP521R1())),
            ("EdDSA", ED_KEY),
            ("EdDSA", ed448.Ed448PrivateKey.generate()),
        ):
            (found,) = readKeys({"keys": [jwk(key.public_key(), "a")]})["a"]
            signature = signer(name, key)(DATA)
            self.assertTrue(found.verifies(name, DATA, signature))
            self.assertFalse(found.verifies("HS256", DATA, signature))
            self.assertFalse(found.verifies(name, DATA + b".", signature))

    def test_own(self) -> None:
        """
        A key that says for which algorithm, for which use or for which operations it is, is for that alone
        (JW04).
        """
        (found,) = readKeys({"keys": [{**RSA_JWK, "alg": "RS512", "use": "sig", "key_ops": ["verify"]}]})["rsa"]
        self.assertEqual(found.algorithms, ("RS512",))
        for more in (
            {"use": "enc"},
            {"use": None},
            {"use": ["sig"]},
            {"alg": "RSA-OAEP"},
            {"alg": "ES256"},
            {"alg": "HS256"},
            {"alg": "none"},
            {"alg": None},
            {"alg": ["RS256"]},
            {"key_ops": ["sign"]},
            {"key_ops": []},
            {"key_ops": "verify"},
        ):
            self.assertEqual(self.refusal({**RSA_JWK, **more}), "there is no key of use")

    def test_wanted(self) -> None:
        """
        A key for no algorithm that is wanted is passed over.
        """
        document = {"keys": [RSA_JWK, EC_JWK]}
        self.assertEqual(list(readKeys(document, ["ES256"])), ["ec"])
        self.assertEqual(readKeys(document, ["PS256"])["rsa"][0].algorithms, ("PS256",))
        self.assertRaises(ValueError, readKeys, document, ["EdDSA"])

    def test_shared(self) -> None:
        """
        A shared key is never taken from a document, empty or not (JW08).
        """
        for each in (oct(), oct(k=""), oct(alg="HS256", use="sig"), {"kty": "oct", "kid": "a"}):
            self.assertEqual(self.refusal(each), "there is no key of use")
        self.assertEqual(list(readKeys({"keys": [oct(), EC_JWK]})), ["ec"])

    def test_malformed(self) -> None:
        """
        A malformed key is passed over, and the others are taken (JW08).
        """
        weak = rsa.generate_private_key(65537, 1024).public_key()
        for each in (
            None,
            5,
            "RSA",
            [],
            {},
            {"kty": "RSA"},
            {"kty": "RSA", "kid": "a"},
            {"kty": ["RSA"], "kid": "a"},
            {**RSA_JWK, "kid": None},
            {**RSA_JWK, "kid": ""},
            {**RSA_JWK, "kid": 5},
            {**RSA_JWK, "kid": "k" * 129},
            {**RSA_JWK, "n": None},
            {**RSA_JWK, "n": ""},
            {**RSA_JWK, "n": 5},
            {**RSA_JWK, "n": "!"},
            {**RSA_JWK, "n": "é"},
            {**RSA_JWK, "n": "A" * 100_000},
            {**RSA_JWK, "n": "_" * 100_000},
            {**RSA_JWK, "e": ""},
            {**RSA_JWK, "e": "AA"},
            {**RSA_JWK, "e": "AQ"},
            {**RSA_JWK, "e": []},
            {**RSA_JWK, "kty": "rsa"},
            {**RSA_JWK, "kty": "EC"},
            jwk(weak),
            {**EC_JWK, "crv": "P-384"},
            {**EC_JWK, "crv": "secp256k1"},
            {**EC_JWK, "crv": None},
            {**EC_JWK, "x": EC_JWK["y"]},
            {**EC_JWK, "x": "A"},
            {**EC_JWK, "y": {}},
            {**jwk(ED_KEY.public_key()), "x": "AA"},
            {**jwk(ED_KEY.public_key()), "crv": "X25519"},
        ):
            self.assertEqual(self.refusal(each), "there is no key of use", each)
            self.assertIn("ec", readKeys({"keys": [each, EC_JWK]}))

    def test_private(self) -> None:
        """
        The private half that a careless issuer publishes is not taken.
        """
        private = {**EC_JWK, "d": encode(EC_KEY.private_numbers().private_value.to_bytes(32, "big"))}
        (found,) = readKeys({"keys": [private]})["ec"]
        self.assertTrue(found.verifies("ES256", DATA, signer("ES256", EC_KEY)(DATA)))
        self.assertEqual(len(readKeys({"keys": [{**private, "d": "canary"}]})), 1)

    def test_count(self) -> None:
        """
        A hundred keys are looked at, and no more (JW08).
        """
        keys = [{**EC_JWK, "kid": str(number)} for number in range(MAX_KEYS + 1)]
        for count in (MAX_KEYS - 1, MAX_KEYS):
            self.assertEqual(len(readKeys({"keys": keys[:count]})), count)
        self.assertNotIn(str(MAX_KEYS), readKeys({"keys": keys}))

    def test_documents(self) -> None:
        """
        A document without a list of keys is none.
        """
        for document in ({}, {"keys": None}, {"keys": {}}, {"keys": "RSA"}, {"Keys": [RSA_JWK]}, RSA_JWK):
            problem = self.assertRaises(ValueError, readKeys, document)
            self.assertEqual(str(problem), "there is no list of keys")
        self.assertEqual(self.refusal(), "there is no key of use")

    @settings(max_examples=200, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(("kty", "kid", "n", "e", "x", "y", "crv", "use", "alg", "k", "d")),
            st.none()
            | st.integers()
            | st.text(max_size=8)
            | st.sampled_from(("RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "RS256", "AQAB", EC_JWK["x"]))
            | st.lists(st.none(), max_size=2),
        )
    )
    def test_anyKey(self, key: dict[str, Any]) -> None:
        """
        Whatever a key is, it is a key or passed over (JW08).
        """
        readKeys({"keys": [key, EC_JWK]})


class KeySetTestCase(SynchronousTestCase):
    """
    Keys at a URL.
    """

    def setUp(self) -> None:
        """
        An issuer with two keys, and an ear for the log.
        """
        self.clock = Clock()
        self.clock.advance(1000)
        self.issuer = PublishingIssuer(RSA_JWK, EC_JWK)
        self.patch(jwks, "BackEnd", self.issuer)
        self.warnings: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: Any) -> None:
        """
        Remember a warning.
        """
        if event["log_level"] is LogLevel.warn:
            self.warnings.append(event["log_format"].format(**event))

    def keySet(self, **config: Any) -> KeySet:
        """
        @return: one that was asked nothing yet.
        """
        return KeySet(JwksConfig(url=URL, **config), self.clock)

    def assertFound(self, found: Deferred[Any]) -> None:
        """
        There is a key.
        """
        self.assertTrue(self.successResultOf(found).algorithms)

    def assertUnknown(self, found: Deferred[Any]) -> None:
        """
        There is no such key.
        """
        problem = self.failureResultOf(found, UnauthorizedLogin).value
        self.assertTrue(str(problem).startswith("No JWK found for kid '"), problem)

    def assertUnavailable(self, found: Deferred[Any], words: str = "") -> None:
        """
        It cannot be told.
        """
        problem = self.failureResultOf(found, AuthUnavailableError).value
        self.assertIn(words, str(problem))


class FindTests(KeySetTestCase):
    """
    Finding a key while the issuer answers.
    """

    def test_lazy(self) -> None:
        """
        Nothing is fetched before there is a token, and then once for all keys, up to 256 KiB.
        """
        keySet = self.keySet()
        self.assertEqual(self.issuer.asked, 0)
        for _ in range(3):
            self.assertFound(keySet.find("rsa", "RS256"))
            self.assertFound(keySet.find("ec", "ES256"))
        self.assertEqual(self.issuer.asked, 1)
        self.assertEqual((self.issuer.url, self.issuer.maxBody), (URL, 262144))

    def test_eager(self) -> None:
        """
        With a cache the keys are fetched at once.
        """
        keySet = self.keySet(cacheConfig={})
        self.assertEqual(self.issuer.asked, 1)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 1)

    def test_chosen(self) -> None:
        """
        Of two keys of one name the one for the algorithm is taken, else the first.
        """
        self.issuer.answer = {"keys": [{**RSA_JWK, "kid": "a"}, {**EC_JWK, "kid": "a"}]}
        keySet = self.keySet()
        for algorithm, expected in (("RS256", "RS256"), ("ES256", "ES256"), ("HS256", "RS256")):
            self.assertEqual(self.successResultOf(keySet.find("a", algorithm)).algorithms[0], expected)

    def test_name(self) -> None:
        """
        A token must say which key it is; for one that does not, nobody is asked.
        """
        keySet = self.keySet()
        for name in (None, "", 5):
            problem = self.failureResultOf(keySet.find(name, "RS256"), UnauthorizedLogin).value
            self.assertEqual(str(problem), "JWT must contain a key ID (kid).")
        self.assertEqual(self.issuer.asked, 0)

    def test_singleFlight(self) -> None:
        """
        However many wait, the issuer is asked once.
        """
        self.issuer.answer = None
        keySet = self.keySet()
        waiting = [keySet.find("rsa", "RS256") for _ in range(50)]
        for each in waiting:
            self.assertNoResult(each)
        self.assertEqual(self.issuer.asked, 1)
        self.issuer.say({"keys": [RSA_JWK]})
        for each in waiting:
            self.assertFound(each)

    def test_cancel(self) -> None:
        """
        Who gives up waiting leaves the others alone, even while these are told.
        """
        self.issuer.answer = None
        keySet = self.keySet()
        one, two, three = (keySet.find("rsa", "RS256") for _ in range(3))
        one.cancel()
        self.failureResultOf(one, CancelledError)
        two.addCallback(lambda _: three.cancel())
        self.issuer.say({"keys": [RSA_JWK]})
        self.successResultOf(two)
        self.failureResultOf(three, CancelledError)
        self.assertFound(keySet.find("rsa", "RS256"))

    def test_renewed(self) -> None:
        """
        Keys are fetched again after five minutes, in the background when tokens come before.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(MAX_AGE * 0.8)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 1)
        self.clock.advance(1)
        self.issuer.answer = None
        for _ in range(3):
            self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)
        self.issuer.say({"keys": [EC_JWK]})
        self.assertUnknown(keySet.find("rsa", "RS256"))

    def test_old(self) -> None:
        """
        Keys that nobody has used for five minutes are not used before they were fetched again.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(MAX_AGE)
        self.issuer.answer = {"keys": [EC_JWK]}
        self.clock.advance(1)
        self.assertUnknown(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)

    def test_maxAge(self) -> None:
        """
        A configured age is kept, from five seconds to an hour.
        """
        for configured, kept in ((60, 60), (-1, MAX_AGE), (0, MAX_AGE), (1, RETRY), (10**6, MAX_STALE)):
            self.issuer.asked, self.issuer.answer = 0, {"keys": [RSA_JWK]}
            keySet = self.keySet(cacheConfig={"defaultMaxAge": configured})
            self.clock.advance(kept + 1)
            self.issuer.answer = None
            self.assertNoResult(keySet.find("rsa", "RS256"))
            self.assertEqual(self.issuer.asked, 2)
            self.issuer.pending.clear()

    def test_unknown(self) -> None:
        """
        A name that is not known makes the keys be fetched, but not more than once in 30 seconds, whatever the
        names are (JW08).
        """
        keySet = self.keySet()
        self.assertUnknown(keySet.find("new", "RS256"))
        self.assertEqual(self.issuer.asked, 1)
        for wait, asked in ((COOLDOWN - 1, 1), (1, 2), (COOLDOWN - 1, 2), (1, 3)):
            self.clock.advance(wait)
            for number in range(20):
                self.assertUnknown(keySet.find(f"made-up-{wait}-{number}", "RS256"))
            self.assertEqual(self.issuer.asked, asked)

    def test_rotation(self) -> None:
        """
        A key that the issuer has new is found with its first token.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(COOLDOWN)
        self.issuer.answer = {"keys": [RSA_JWK, {**EC_JWK, "kid": "new"}]}
        self.assertFound(keySet.find("new", "ES256"))
        self.assertEqual(self.issuer.asked, 2)

    def test_clockSetBack(self) -> None:
        """
        When somebody sets the clock back, the keys are fetched anew (JW12).
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.rightNow -= 900
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)


class FailureTests(KeySetTestCase):
    """
    Finding a key while the issuer does not answer as it should.
    """

    #: What is no set of keys (JW08).
    ANSWERS: tuple[Any, ...] = (
        AuthUnavailableError("issuer.example:443: cannot be reached"),
        301,
        302,
        307,
        404,
        500,
        204,
        b"",
        b"canary",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"keys": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        {},
        {"keys": []},
        {"keys": [oct("rsa")]},
        {"keys": [oct("rsa", k="")]},
        {"keys": [{**RSA_JWK, "n": ""}]},
    )

    def test_never(self) -> None:
        """
        Without keys nobody is let in and nobody refused, and one line is in the log (JW08).
        """
        for answer in self.ANSWERS:
            self.warnings.clear()
            self.issuer.answer = answer
            keySet = self.keySet()
            for _ in range(5):
                self.assertUnavailable(keySet.find("rsa", "RS256"), "the keys of tokens cannot be had: ")
                self.clock.advance(RETRY)
            self.assertEqual(len(self.warnings), 1)
            self.assertNotIn("canary", self.warnings[0])

    def test_attempts(self) -> None:
        """
        An issuer that does not answer is asked every five seconds, and no more often; when it is back, it is
        known within these (OA09).
        """
        self.issuer.answer = 500
        keySet = self.keySet()
        for _ in range(20):
            self.assertUnavailable(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 1)
        self.clock.advance(RETRY - 0.1)
        self.assertUnavailable(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 1)
        self.issuer.answer = {"keys": [RSA_JWK]}
        self.clock.advance(0.1)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)

    def test_stale(self) -> None:
        """
        The last good keys are used for an hour while there are no others, and no longer (JW08).
        """
        for answer in self.ANSWERS:
            self.issuer.answer = {"keys": [RSA_JWK]}
            keySet = self.keySet()
            self.assertFound(keySet.find("rsa", "RS256"))
            fetchedAt = self.clock.seconds()
            self.issuer.answer = answer
            for age in (MAX_AGE + 1, MAX_STALE - 1, MAX_STALE):
                self.clock.advance(age - (self.clock.seconds() - fetchedAt))
                self.assertFound(keySet.find("rsa", "RS256"))
                self.assertUnavailable(keySet.find("new", "RS256"))
            self.clock.advance(0.1)
            self.assertUnavailable(keySet.find("rsa", "RS256"))
            self.issuer.answer = {"keys": [RSA_JWK]}
            self.clock.advance(RETRY)
            self.assertFound(keySet.find("rsa", "RS256"))

    def test_hanging(self) -> None:
        """
        Only the first wait for an issuer that hangs; after it failed once the others go on with what is known.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(MAX_AGE + 1)
        self.issuer.answer = None
        first = keySet.find("rsa", "RS256")
        self.assertNoResult(first)
        self.issuer.say(AuthUnavailableError("issuer.example:443: no answer within 30 seconds"))
        self.assertFound(first)
        for _ in range(3):
            self.clock.advance(RETRY)
            self.assertFound(keySet.find("rsa", "RS256"))
            self.assertEqual(len(self.issuer.pending), 1)
        self.assertEqual(self.issuer.asked, 3)
        self.issuer.say({"keys": [EC_JWK]})
        self.assertUnknown(keySet.find("rsa", "RS256"))

    def test_preload(self) -> None:
        """
        A failure to fetch the keys at the start is one warning, and the next token tries again.
        """
        self.issuer.answer = 500
        keySet = self.keySet(cacheConfig={})
        self.assertEqual(self.warnings, [f"{DOWN}the answer's status is 500"])
        self.issuer.answer = {"keys": [RSA_JWK]}
        self.clock.advance(RETRY)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(len(self.warnings), 1)

    def test_warnedAgain(self) -> None:
        """
        The log says it once each time that the issuer goes away.
        """
        keySet = self.keySet()
        for count in (1, 2):
            self.issuer.answer = {"keys": [RSA_JWK]}
            self.clock.advance(MAX_STALE * 2)
            self.assertFound(keySet.find("rsa", "RS256"))
            self.issuer.answer = RuntimeError("canary")
            for _ in range(3):
                self.clock.advance(MAX_AGE + 1)
                self.assertFound(keySet.find("rsa", "RS256"))
            self.assertEqual(self.warnings, [f"{DOWN}RuntimeError"] * count)

    def test_unknownWhileDown(self) -> None:
        """
        A name that is not known cannot be told to be wrong while the issuer is away; fresh keys are still used.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(COOLDOWN)
        self.issuer.answer = 503
        self.assertUnavailable(keySet.find("new", "RS256"), "503")
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertUnavailable(keySet.find("newer", "RS256"), "503")
        self.assertEqual(self.issuer.asked, 2)


class LifeTests(KeySetTestCase):
    """
    Reloading and closing.
    """

    def test_reload(self) -> None:
        """
        After a reload the keys are fetched with the next token; the old ones do where that fails.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        keySet.reload()
        self.assertEqual((self.issuer.reloaded, self.issuer.asked), (1, 1))
        self.issuer.answer = {"keys": [EC_JWK]}
        self.assertUnknown(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 2)
        keySet.reload()
        self.issuer.answer = 500
        self.assertFound(keySet.find("ec", "ES256"))
        self.assertEqual(self.issuer.asked, 3)

    def test_reloadFails(self) -> None:
        """
        A certificate that cannot be read leaves all as it was.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.issuer.isBroken = True
        self.assertRaises(ConfigurationError, keySet.reload)
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual(self.issuer.asked, 1)

    def test_close(self) -> None:
        """
        Closing ends the waiting, without a warning; it works again when it is asked again.
        """
        self.issuer.answer = None
        keySet = self.keySet()
        waiting = keySet.find("rsa", "RS256")
        self.successResultOf(keySet.close())
        self.assertUnavailable(waiting, "the keys of tokens were not fetched yet")
        self.assertEqual((self.issuer.closed, self.warnings), (1, []))
        self.issuer.answer = {"keys": [RSA_JWK]}
        self.assertFound(keySet.find("rsa", "RS256"))

    def test_closeWithKeys(self) -> None:
        """
        Closing while keys are fetched anew leaves those that there are in use, and a later token waits for others.
        """
        keySet = self.keySet()
        keySet.find("rsa", "RS256")
        self.clock.advance(MAX_AGE - 1)
        self.issuer.answer = None
        self.assertFound(keySet.find("rsa", "RS256"))
        self.successResultOf(keySet.close())
        self.assertFound(keySet.find("rsa", "RS256"))
        self.assertEqual((self.issuer.asked, self.warnings), (3, []))
        self.clock.advance(2)
        self.assertNoResult(keySet.find("rsa", "RS256"))
