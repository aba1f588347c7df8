"""
Tests of L{balws.config.clientauth}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.clientauth import BearerTokenConfig, CredentialsConfig, clientAuth
from balws.config.jwt import JwtIssuerConfig
from balws.config.oauth2 import (
    OAuth2ClientCredentialsGrantConfig,
    OAuth2JwtBearerGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
)
from balws.config.secret import Secret
from balws.config.values import Unfit
from balws.errors import ConfigurationError

CANARY = "p4ssw0rd-canary"
URL = "https://auth.example/token"


class ClientAuthTests(SynchronousTestCase):
    """
    What a client shows of itself.
    """

    def refusal(self, value: Any) -> str:
        """
        @return: the error's text, which shows nothing secret.
        """
        text = str(self.assertRaises(ConfigurationError, clientAuth, value))
        self.assertNotIn(CANARY, text)
        return text

    def test_kinds(self) -> None:
        """
        The kind is told by the keys (DESIGN 6.10).
        """
        client = {"clientId": "me", "clientSecret": CANARY}
        for keys, kind in (
            ({"username": "ada", "password": CANARY}, CredentialsConfig),
            ({"token": CANARY}, BearerTokenConfig),
            ({"tokenUrl": URL, **client}, OAuth2ClientCredentialsGrantConfig),
            ({"tokenUrl": URL, **client, "scopes": ["a"]}, OAuth2ClientCredentialsGrantConfig),
            ({"tokenUrl": URL, "username": "ada", "password": CANARY}, OAuth2PasswordGrantConfig),
            ({"tokenUrl": URL, "username": "ada", "password": CANARY, **client}, OAuth2PasswordGrantConfig),
            ({"refreshUrl": URL, "refreshToken": CANARY, **client}, OAuth2RefreshTokenGrantConfig),
            ({"tokenUrl": URL, "assertion": CANARY}, OAuth2JwtBearerGrantConfig),
            ({"tokenUrl": URL, "assertion": CANARY, **client}, OAuth2JwtBearerGrantConfig),
            ({"signatureConfig": {"algorithm": "HS256", "config": CANARY * 3}}, JwtIssuerConfig),
            (
                {"username": "ada", "signatureConfig": {"algorithm": "HS256", "config": CANARY * 3}},
                JwtIssuerConfig,
            ),
        ):
            found = clientAuth(keys)
            self.assertIs(type(found), kind, keys)
            self.assertIs(clientAuth(found), found)
            self.assertNotIn(CANARY, repr(found))
        self.assertIsNone(clientAuth(None))

    def test_nothing(self) -> None:
        """
        Keys that make no kind are refused: a forgotten password does not turn a user into
        an issuer of tokens.
        """
        for value in ({}, {"username": "ada"}, {"password": CANARY}, {"tokenUrl": URL}, {"issuer": "me"}):
            text = self.refusal(value)
            self.assertIn("username and password; token; ", text)
        for value in (CANARY, [], 5, b"x", Secret(CANARY)):
            self.assertTrue(str(self.assertRaises(Unfit, clientAuth, value)).startswith("credentials"))

    def test_unsigned(self) -> None:
        """
        An issuer of tokens that nobody signs is given as a record: it is hardly ever meant.
        """
        record = JwtIssuerConfig(username="ada")
        self.assertIs(clientAuth(record), record)

    def test_unknown(self) -> None:
        """
        A key that the kind does not have is refused by name.
        """
        self.assertEqual(
            self.refusal({"username": "ada", "password": CANARY, "tokens": CANARY}), "tokens: unknown key"
        )

    def test_username(self) -> None:
        """
        A name has no colon and no control character, which Basic cannot send.
        """
        for name in ("ada", "j\u00f6rg", "a b", "a@b.example"):
            self.assertEqual(CredentialsConfig(username=name, password=CANARY).username, name)
        for name in ("", "a:b", "a\n", "\0", "a\x7f", 5, None):
            self.assertTrue(self.refusal({"username": name, "password": CANARY}).startswith("username: expected "))

    def test_password(self) -> None:
        """
        A password is any text that is not empty, and no error shows what was given.
        """
        for given in (CANARY, Secret(CANARY)):
            self.assertEqual(CredentialsConfig(username="ada", password=given).password.reveal(), CANARY)
        for given in ("", 5, None, [CANARY]):
            self.assertTrue(self.refusal({"username": "ada", "password": given}).startswith("password: expected "))

    def test_token(self) -> None:
        """
        A token is what a header can carry.
        """
        for given in ("a", "a.b-c_d~e+f/g==", "!~", Secret("a")):
            self.assertIsInstance(BearerTokenConfig(token=given).token, Secret)
        for given in ("", "a b", "a\r\nX: y", "\u00e4", CANARY + "\n", 5, None):
            self.assertTrue(self.refusal({"token": given}).startswith("token: expected "))

    def test_equal(self) -> None:
        """
        Records of the same secrets are equal.
        """
        self.assertEqual(clientAuth({"token": CANARY}), BearerTokenConfig(token=CANARY))
        self.assertNotEqual(clientAuth({"token": CANARY}), BearerTokenConfig(token=CANARY + "x"))
