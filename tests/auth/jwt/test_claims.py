"""
Tests of L{balws.auth.jwt.claims}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.error import UnauthorizedLogin
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.jwt.claims import Expectations, expiry
from balws.auth.jwt.compact import Compact
from balws.auth.principal import MAX_TIME
from balws.config.jwt import JwtValidatorConfig
from tests.auth.tokens import NOW


def check(
    claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, now: float = NOW, **config: Any
) -> None:
    """
    Check claims against a configuration.

    @param claims: beside C{exp}.
    """
    made = {"exp": NOW + 300, **(claims or {})}
    Expectations(JwtValidatorConfig(**config)).check(Compact(header or {}, made, b"", b""), now)


class ExpectationsTests(SynchronousTestCase):
    """
    Claims, against what is expected.
    """

    def refusal(self, *args: Any, **kwargs: Any) -> str:
        """
        @return: why they are refused.
        """
        return str(self.assertRaises(UnauthorizedLogin, check, *args, **kwargs))

    def test_texts(self) -> None:
        """
        Issuer, user and identifiers must be there and the same, letter by letter (JW01).
        """
        for field, claim, noun in (
            ("issuer", "iss", "issuer name"),
            ("username", "sub", "username"),
            ("jwtId", "jti", "JWT ID"),
        ):
            check({claim: "Alice"}, **{field: "Alice"})
            check({claim: "anybody"})
            for wrong in ("alice", "Alice ", "", "Alic", "Alicee"):
                self.assertEqual(
                    self.refusal({claim: wrong}, **{field: "Alice"}), f"JWT contained invalid {noun} '{wrong}'."
                )
            self.assertEqual(self.refusal(**{field: "Alice"}), f"JWT must contain a valid {noun}.")
        check(header={"kid": "one"}, keyId="one")
        self.assertEqual(self.refusal(header={"kid": "two"}, keyId="one"), "JWT contained invalid key ID 'two'.")
        self.assertEqual(self.refusal({"kid": "one"}, keyId="one"), "JWT must contain a valid key ID.")

    def test_log(self) -> None:
        """
        What a peer says comes into the log short and on one line.
        """
        problem = self.refusal({"iss": "a\nb" + "c" * 1000}, issuer="issuer")
        self.assertEqual(problem, "JWT contained invalid issuer name 'a\\nb" + "c" * 57 + "'.")

    def test_audience(self) -> None:
        """
        One common audience is enough (JW01).
        """
        for expected in ("chat", ["chat", "mail"]):
            for given_ in ("chat", ["chat"], ["other", "chat"]):
                check({"aud": given_}, audience=expected)
            for given_ in ("other", "", [], ["other"], "cha", "chats", ["c", "h", "a", "t"]):
                self.assertEqual(self.refusal({"aud": given_}, audience=expected), "JWT contained invalid audience.")
            self.assertEqual(self.refusal(audience=expected), "JWT must contain a valid audience.")

    def test_customClaims(self) -> None:
        """
        Custom claims must be there, equal in value and in type.
        """
        claims = {"a": 1, "b": [True, None], "c": {"d": "x", "e": 1.5}, "f": None}
        check(claims, customClaims={"a": 1})
        check({"c": {"e": 1.5, "d": "x"}}, customClaims={"c": {"d": "x", "e": 1.5}})
        check(claims, customClaims=claims)
        for name, wrong in (
            ("a", True),
            ("a", "1"),
            ("a", 1.5),
            ("a", [1]),
            ("b", [1, None]),
            ("b", [None, True]),
            ("c", {"d": "x"}),
            ("f", False),
        ):
            self.assertEqual(
                self.refusal(claims, customClaims={name: wrong}), f"JWT contained invalid custom claim '{name}'."
            )
        self.assertEqual(self.refusal(customClaims={"f": None}), "JWT must contain the custom claim 'f'.")

    def test_expiry(self) -> None:
        """
        A token is good up to its expiry and no longer, but for the configured skew (JW01, JW12).
        """
        for skew in (0, 5, 1.5):
            for now in (0, NOW, NOW + 299, NOW + 300, NOW + 300 + skew):
                check(now=now, clockSkew=skew)
            for late in (0.001, 1, 3600, 10**12):
                self.assertEqual(self.refusal(now=NOW + 300 + skew + late, clockSkew=skew), "JWT is expired.")

    def test_notBefore(self) -> None:
        """
        A token is good from its beginning on and no sooner, but for the configured skew (JW01, JW12).
        """
        for skew in (0, 5, 1.5):
            for now in (NOW - skew, NOW, NOW + 1):
                check({"nbf": NOW}, now=now, clockSkew=skew)
            for early in (0.001, 1, 3600):
                self.assertEqual(
                    self.refusal({"nbf": NOW}, now=NOW - skew - early, clockSkew=skew),
                    "JWT is used before not-before-time (nbf).",
                )

    def test_missingExpiry(self) -> None:
        """
        A token without expiry is refused, unless that is allowed; one that has expired is refused all the
        same (JW01).
        """

        def unending(**config: Any) -> None:
            Expectations(JwtValidatorConfig(**config)).check(Compact({}, {}, b"", b""), NOW)

        problem = self.assertRaises(UnauthorizedLogin, unending)
        self.assertEqual(str(problem), "JWT must contain an expiration time (exp).")
        unending(allowNoExpiry=True)
        self.assertEqual(self.refusal(now=NOW + 301, allowNoExpiry=True), "JWT is expired.")

    def test_times(self) -> None:
        """
        A time is a number from 0 to 2 ** 53 and nothing else (JW10).
        """
        for name in ("exp", "nbf", "iat"):
            for value in ("123", str(NOW + 300), True, None, [], {}, -1, -0.5, MAX_TIME + 1, 2**70, -(2**70)):
                self.assertEqual(
                    self.refusal({name: value}, allowNoExpiry=True), f"The claim '{name}' of the JWT is no time."
                )
        for value in (NOW + 0.5, float(NOW + 1), MAX_TIME - 1, MAX_TIME):
            check({"exp": value, "iat": value})
        for value in (0, 0.0, 0.5, NOW):
            check({"nbf": value, "iat": value})
        self.assertEqual(self.refusal({"exp": 0}), "JWT is expired.")

    def test_types(self) -> None:
        """
        What a claim says has its type, whether it is looked at or not (JW10).
        """
        for name in ("iss", "sub", "jti"):
            for value in (1, None, True, ["alice"], {"alice": 1}):
                self.assertEqual(self.refusal({name: value}), f"The claim '{name}' of the JWT is no string.")
        for value in (1, None, {"chat": 1}, ["chat", 1], ["chat", None], [["chat"]]):
            for config in ({}, {"audience": "chat"}):
                self.assertIn("The claim 'aud' of the JWT is neither", self.refusal({"aud": value}, **config))

    def test_header(self) -> None:
        """
        A header with crit or b64 is refused, and a key's name is a short string (JW10).
        """
        for name, value in (("crit", ["exp"]), ("crit", []), ("crit", ["b64"]), ("b64", False), ("b64", True)):
            self.assertEqual(
                self.refusal(header={name: value}), f"The header of the JWT has '{name}', which is not supported."
            )
        for length in (1, 127, 128):
            check(header={"kid": "k" * length})
        for value in ("k" * 129, 1, None, ["one"]):
            self.assertIn("The key ID (kid) of the JWT", self.refusal(header={"kid": value}))

    def test_ignored(self) -> None:
        """
        The type of the token, and whatever the header says of keys, is not looked at (JW06).
        """
        check(header={"typ": 5, "jku": "https://evil.example/", "x5u": 1, "x5c": [], "jwk": {"kty": "oct"}, "cty": 1})

    @settings(max_examples=300, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(("iss", "sub", "aud", "jti", "exp", "nbf", "iat", "scope", "group")),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                max_leaves=6,
            ),
        ),
        st.dictionaries(st.sampled_from(("alg", "kid", "crit", "b64", "typ")), st.none() | st.text() | st.integers()),
    )
    def test_anyClaims(self, claims: dict[str, Any], header: dict[str, Any]) -> None:
        """
        Whatever a token says, it is as expected or refused, and what is accepted has an expiry ahead (JW10).
        """
        config = JwtValidatorConfig(issuer="a", audience="b", customClaims={"group": []})
        try:
            Expectations(config).check(Compact(header, claims, b"", b""), NOW)
        except UnauthorizedLogin:
            return
        self.assertGreaterEqual(claims["exp"], NOW)


class ExpiryTests(SynchronousTestCase):
    """
    When it ends.
    """

    def test_expiry(self) -> None:
        """
        It ends with the token and the skew, or never.
        """
        self.assertEqual(expiry({"exp": 10}, 0), 10)
        self.assertEqual(expiry({"exp": 10.5}, 5), 15.5)
        self.assertIsNone(expiry({}, 5))
