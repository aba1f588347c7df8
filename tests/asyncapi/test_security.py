"""
Tests of L{balws.asyncapi.security}.
"""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws import WSServiceConfig
from balws.asyncapi.security import schemesOf
from balws.interfaces import IBearerToken

SECRET = "canary-of-thirty-two-characters-x"


@implementer(ICredentialsChecker)
class Both:
    credentialInterfaces: tuple[Any, ...] = (IUsernamePassword, IBearerToken)

    def requestAvatarId(self, credentials: object) -> str:
        return "somebody"


FILE = {"fileUserStoreConfig": {"users": [{"username": "ada", "password": SECRET}], "allowPlaintextPasswords": True}}
JWT = {"jwtValidatorConfig": {"issuer": "https://login.example", "signatureConfig": {"secret": SECRET}}}
OAUTH = {"oauth2IntrospectionConfig": {"url": "https://login.example/introspect"}}


class SecurityTests(SynchronousTestCase):
    """
    Who may connect.
    """

    def of(self, *auth: Any, **fields: Any) -> dict[str, Any]:
        return schemesOf(WSServiceConfig(auth=auth, **fields))

    def test_nobody(self) -> None:
        """
        Where everybody may connect there is no scheme.
        """
        self.assertEqual(schemesOf(WSServiceConfig()), {})

    def test_kinds(self) -> None:
        """
        Users show a password, others a token; scopes are named, and nothing secret is.
        """
        found = self.of({**FILE, "scopes": ["write"]}, JWT, OAUTH)
        self.assertEqual([(name, each["scheme"]) for name, each in found.items()], [
            ("basic", "basic"), ("token", "bearer"), ("oauth2", "bearer")
        ])
        self.assertEqual(found["basic"]["x-scopes"], ["write"])
        self.assertEqual(found["token"]["bearerFormat"], "JWT")
        for secret in (SECRET, "login.example", "ada"):
            self.assertNotIn(secret, repr(found))

    def test_same(self) -> None:
        """
        Two ways of one kind are told apart where they differ.
        """
        found = self.of({**FILE, "scopes": ["a"]}, {**FILE, "scopes": ["b"]}, {**FILE, "scopes": ["a"]})
        self.assertEqual({name: each["x-scopes"] for name, each in found.items()}, {"basic": ["a"], "basic2": ["b"]})

    def test_elsewhere(self) -> None:
        """
        A token may stand in the query or in a cookie.
        """
        found = self.of(JWT, bearerQueryParameter="access_token", bearerCookie="sid")
        self.assertEqual((found["tokenInQuery"]["name"], found["tokenInQuery"]["in"]), ("access_token", "query"))
        self.assertEqual((found["tokenInCookie"]["name"], found["tokenInCookie"]["in"]), ("sid", "cookie"))

    def test_checker(self) -> None:
        """
        A checker of the application's own says what it takes.
        """
        self.assertEqual(list(self.of({"checker": Both()})), ["basic", "bearer"])
        for interface, name in ((IUsernamePassword, "basic"), (IBearerToken, "bearer")):
            checker = Both()
            checker.credentialInterfaces = (interface,)
            self.assertEqual(list(self.of({"checker": checker})), [name])
