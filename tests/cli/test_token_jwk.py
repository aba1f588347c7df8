"""
Tests of L{balws.cli.token.jwk}.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import get_default_algorithms

from balws.auth.jwt.compact import encode, parse
from balws.auth.jwt.jwks import readKeys
from balws.auth.jwt.keys import SigningKey, VerifyingKey
from balws.cli.token import jwk as module
from tests.cli.test_token import CANARY, TokenTestCase

#: Made once: an RSA key takes a while.
RSA = rsa.generate_private_key(65537, 2048)

_known = get_default_algorithms()

#: What nobody but its owner may see of a key.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "k")


def jwkOf(key: Any, **fields: Any) -> dict[str, Any]:
    """
    @return: the private JWK of a key, or that of a secret.
    """
    if isinstance(key, bytes):
        return {"kty": "oct", "k": encode(key).decode(), **fields}
    name = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        name = "EdDSA"
    found: dict[str, Any] = json.loads(_known[name].to_jwk(key))
    found.pop("key_ops", None)
    return {**found, **fields}


class JwkTestCase(TokenTestCase):
    """
    Files with keys.
    """

    def setUp(self) -> None:
        super().setUp()
        self.hidden: set[str] = set()

    def jwk(self, document: Any) -> str:
        """
        @return: the file with it.
        """
        listed = document.get("keys") if isinstance(document, dict) and "keys" in document else [document]
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                self.hidden.update(each[name] for name in _PRIVATE if isinstance(each.get(name), str) and each[name])
        return self.write("key.jwk", json.dumps(document))

    def token(self, document: Any, *arguments: str) -> Any:
        """
        @return: a token that was signed with it, taken apart.
        """
        return parse(self.made("--jwk-file", self.jwk(document), *arguments))

    def unfit(self, document: Any, *arguments: str) -> str:
        """
        @return: why it is refused, behind the file's name; nothing of the key is in it.
        """
        path = self.jwk(document)
        words = self.refused("make", "--jwk-file", path, *arguments)
        shown = self.out.getvalue() + self.err.getvalue()
        for each in self.hidden:
            self.assertNotIn(each, shown)
        return words.removeprefix(f"--jwk-file: the file {path!r} ")


class KindTests(JwkTestCase):
    """
    Keys that can be used.
    """

    def test_kinds(self) -> None:
        """
        A key of each kind signs, with what is usual for it, and its public half verifies.
        """
        for key, algorithm in (
            (RSA, "RS256"),
            (ec.generate_private_key(ec.SECP256R1()), "ES256"),
            (ec.generate_private_key(ec.SECP384R1()), "ES384"),
            (ec.generate_private_key(ec.SECP521R1()), "ES512"),
            (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
            (ed448.Ed448PrivateKey.generate(), "EdDSA"),
        ):
            jwk = jwkOf(key, kid="k1")
            token = self.token(jwk, "--subject", "ada", "--issuer", "me")
            self.assertEqual(token.header, {"alg": algorithm, "typ": "JWT", "kid": "k1"})
            self.assertEqual((token.claims["sub"], token.claims["iss"]), ("ada", "me"))
            (verifying,) = readKeys({"keys": [{name: jwk[name] for name in jwk if name not in _PRIVATE}]})["k1"]
            self.assertTrue(verifying.verifies(algorithm, token.signed, token.signature))

    def test_secret(self) -> None:
        """
        So does a secret, of whatever bytes.
        """
        for secret in (bytes(range(224, 256)), CANARY.encode(), bytes(32)):
            for algorithm in ("HS256", "HS512"):
                token = self.token(jwkOf(secret), "-a", algorithm)
                self.assertEqual(token.header, {"alg": algorithm, "typ": "JWT"})
                key = VerifyingKey(("HS256", "HS512"), secret)
                self.assertTrue(key.verifies(algorithm, token.signed, token.signature))
        self.assertEqual(self.token(jwkOf(bytes(32))).header["alg"], "HS256")

    def test_factors(self) -> None:
        """
        The factors of an RSA key may be left out.
        """
        jwk = {name: value for name, value in jwkOf(RSA).items() if name in ("kty", "n", "e", "d")}
        token = self.token(jwk)
        RSA.public_key().verify(token.signature, token.signed, PKCS1v15(), SHA256())

    def test_given(self) -> None:
        """
        Algorithm and name are those of the JWK; another name can be given, and an algorithm where it has none.
        """
        own = jwkOf(RSA, kid="k1", alg="PS384", use="sig", key_ops=["sign", "verify"])
        self.assertEqual(self.token(own).header, {"alg": "PS384", "typ": "JWT", "kid": "k1"})
        self.assertEqual(self.token(own, "--kid", "k2", "-a", "PS384").header["kid"], "k2")
        self.assertEqual(self.token(jwkOf(RSA), "-a", "RS512").header, {"alg": "RS512", "typ": "JWT"})
        self.assertEqual(self.token(jwkOf(bytes(32), alg="HS384", kid="s")).header["kid"], "s")
        for kid in (7, ""):
            self.assertNotIn("kid", self.token(jwkOf(RSA, kid=kid)).header)

    def test_set(self) -> None:
        """
        One of a set is chosen by its name; the only one without.
        """
        one, two = jwkOf(ed25519.Ed25519PrivateKey.generate(), kid="one"), jwkOf(bytes(32), kid="two")
        self.assertEqual(self.token({"keys": [one, two, 7]}, "--kid", "two").header["alg"], "HS256")
        self.assertEqual(self.token({"keys": [one, two]}, "--kid", "one").header["kid"], "one")
        self.assertEqual(self.token({"keys": [one]}).header["kid"], "one")

    def test_shown(self) -> None:
        """
        C{token show --jwks} takes the public half of what C{make} has signed.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        token = self.write("made.txt", self.made("--jwk-file", self.jwk(jwkOf(key, kid="k1"))))
        public = {name: value for name, value in jwkOf(key, kid="k1").items() if name != "d"}
        keys = self.write("keys.json", json.dumps({"keys": [public]}))
        self.assertEqual(self.printed("show", token, "--jwks", keys).splitlines()[-1], "valid")

    def test_open(self) -> None:
        """
        A file that everybody on the machine can read is warned of.
        """
        path = self.jwk(jwkOf(RSA))
        self.made("--jwk-file", path)
        self.assertEqual(self.err.getvalue(), "")
        for option, each in (("--jwk-file", path), ("--secret-file", self.secret)):
            Path(each).chmod(0o604)
            self.err.truncate(0)
            self.err.seek(0)
            self.made(option, each)
            self.assertEqual(
                self.err.getvalue(),
                f"balws: warning: The secret in {each} can be read by every user of this machine.\n",
            )


class UnfitTests(JwkTestCase):
    """
    Keys that cannot be used.
    """

    def test_public(self) -> None:
        """
        The public half of a key is refused, and the words say what is missing.
        """
        for key in (RSA, ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
            jwk = {name: value for name, value in jwkOf(key, key_ops=["verify"]).items() if name not in _PRIVATE}
            words = "has the public half of a key, which signs nothing: give the private JWK, that with d"
            self.assertEqual(self.unfit(jwk), words)

    def test_algorithm(self) -> None:
        """
        An algorithm that does not fit is refused, whoever asks for it.
        """
        self.assertEqual(
            self.unfit(jwkOf(ed25519.Ed25519PrivateKey.generate(), alg="ES256")),
            "has a key whose alg does not fit: it is of the kind OKP, for EdDSA",
        )
        self.assertEqual(
            self.unfit(jwkOf(bytes(32), alg="RS256")),
            "has a key whose alg does not fit: it is of the kind oct, for HS256, HS384, HS512",
        )
        for alg in ("none", "RSA-OAEP", 7, ["RS256"]):
            self.assertIn("alg does not fit", self.unfit(jwkOf(RSA, alg=alg)))
        own = jwkOf(RSA, alg="RS256")
        self.assertEqual(self.unfit(own, "-a", "PS256"), "--algorithm: the key is for RS256, not for PS256")
        key = jwkOf(ed25519.Ed25519PrivateKey.generate())
        self.assertEqual(self.unfit(key, "-a", "HS256"), "--algorithm: the key is for EdDSA, not for HS256")
        secret = self.unfit(jwkOf(bytes(32)), "-a", "ES256")
        self.assertEqual(secret, "--algorithm: the key is for HS256, HS384, HS512, not for ES256")

    def test_use(self) -> None:
        """
        A key that is for something else is not used for signing.
        """
        self.assertEqual(self.unfit(jwkOf(RSA, use="enc")), "has a key that is not for signatures (use)")
        self.assertEqual(self.unfit(jwkOf(RSA, key_ops="sign")), "has a key that is not for signatures (use)")
        self.assertEqual(self.unfit(jwkOf(RSA, key_ops=["verify"])), "has a key that is not for signing (key_ops)")

    def test_set(self) -> None:
        """
        Which one of a set is meant has to be said, by a name that one of them has.
        """
        one, two = jwkOf(RSA, kid="one"), jwkOf(bytes(32), kid="two")
        both = {"keys": [one, two]}
        self.assertEqual(self.unfit(both), "has 2 keys: say by --kid which; it has 'one', 'two'")
        self.assertEqual(self.unfit(both, "--kid", "x"), "has no key of the name 'x'; it has 'one', 'two'")
        self.assertEqual(
            self.unfit({"keys": [one, one]}, "--kid", "one"),
            "has 2 keys of the name 'one': make a file of the one that is meant; it has 'one', 'one'",
        )
        self.assertEqual(
            self.unfit({"keys": [jwkOf(RSA), jwkOf(RSA)]}, "--kid", "one"),
            "has no key of the name 'one'; none of them has a name (kid)",
        )
        for keys in ([], [7], {}, None):
            self.assertEqual(self.unfit({"keys": keys}), "has no keys")

    def test_names(self) -> None:
        """
        Few names are told of a large set, and little of a long one.
        """
        self.patch(module, "MAX_NAMES", 2)
        self.patch(module, "MAX_NAME", 3)
        for count, words in ((2, "it has 'k-0', 'k-1'"), (3, "it has 'k-0', 'k-1', ...")):
            keys = [{"kty": "oct", "kid": f"k-{number}-long"} for number in range(count)]
            self.assertTrue(self.unfit({"keys": keys}).endswith(f"; {words}"))

    def test_broken(self) -> None:
        """
        What is no key, is only half of one, or of two that do not belong together.
        """
        other = ed25519.Ed25519PrivateKey.generate()
        mixed = {**jwkOf(ed25519.Ed25519PrivateKey.generate()), "x": jwkOf(other)["x"]}
        for jwk in (
            mixed,
            {**jwkOf(RSA), "p": "AQAB"},
            {**jwkOf(RSA), "d": 7},
            {**jwkOf(RSA), "n": None},
            {**jwkOf(other), "d": ""},
            {"kty": "oct", "k": 7},
            {"kty": "EC", "crv": "P-256", "d": "AQ"},
            {"kty": "oct", "k": "ab!cd"},
        ):
            self.assertEqual(self.unfit(jwk), f"has a key of the kind {jwk['kty']} that is broken")
        for kind in (None, "x", ["RSA"]):
            self.assertEqual(self.unfit({"kty": kind}), "has a key of another kind (kty) than RSA, EC, OKP, oct")

    def test_weak(self) -> None:
        """
        Keys that can be guessed are refused, as elsewhere.
        """
        self.assertIn("--jwk-file: is under 32 bytes", self.unfit(jwkOf(bytes(31))))
        weak = rsa.generate_private_key(65537, 1024)
        self.assertEqual(self.unfit(jwkOf(weak)), "has an RSA key of 1024 bits; it takes 2048 to 16384")
        curve = jwkOf(ec.generate_private_key(ec.SECP256K1()))
        self.assertEqual(self.unfit(curve), "has a key on another curve (crv) than P-256, P-384, P-521")
        other = jwkOf(ed25519.Ed25519PrivateKey.generate())
        self.assertEqual(self.unfit({**other, "crv": "X25519"}), "has a key on another curve (crv) than Ed25519, Ed448")

    def test_file(self) -> None:
        """
        Files that have no JWK.
        """
        self.assertEqual(self.unfit([]), "is no JWK, and no set of them")
        self.assertEqual(self.unfit({"a": CANARY}), "is no JWK, and no set of them")
        for text, words in (
            (CANARY, "is no JSON"),
            ("[" * 60000, "is no JSON"),
            ("-----BEGIN PRIVATE KEY-----", "is no JSON; a key in PEM goes with --key-file"),
            ("x" * 65537, "is over 65536 bytes, which is no secret"),
        ):
            path = self.write("no.jwk", text)
            words = f"--jwk-file: the file {path!r} {words}"
            self.assertEqual(self.refused("make", "--jwk-file", path), words)
        words = self.refused("make", "--jwk-file", "nowhere")
        self.assertIn("--jwk-file: the file 'nowhere' cannot be read: No", words)

    def test_notSigned(self) -> None:
        """
        A key that does not sign after all is told by one line, without what a library says of it.
        """

        def broken(key: object, data: bytes) -> bytes:
            raise RuntimeError(CANARY)

        self.patch(SigningKey, "sign", broken)
        self.patch(module, "_prove", lambda *_: None)
        path = self.jwk(jwkOf(RSA))
        words = self.refusal("token", "make", "--jwk-file", path, status=1)
        self.assertEqual(words, "Failed to enrich request with JWT. RuntimeError")

    def test_repr(self) -> None:
        """
        No repr shows a key.
        """
        found = module.readJwk(self.jwk(jwkOf(CANARY.encode())), None, None)
        self.assertNotIn(CANARY, repr(found))
