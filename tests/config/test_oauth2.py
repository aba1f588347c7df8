"""
Tests of L{balws.config.oauth2}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.cache import CacheConfig
from balws.config.oauth2 import (
    AUTH_HEADER_BEARER,
    INFER_REFRESH_CONFIG,
    POST_BODY_BEARER,
    OAuth2ClientCredentialsGrantConfig,
    OAuth2IntrospectionConfig,
    OAuth2JwtBearerGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
    RefreshConfig,
    grant,
)
from balws.config.records import build
from balws.config.secret import Secret
from balws.config.values import convert
from balws.errors import ConfigurationError

CANARY = "canary-secret"
URL = "https://issuer.example/token"
CLIENT = {"clientId": "app", "clientSecret": CANARY}
USER = {"username": "ann", "password": CANARY}

#: The required keys of each grant.
GRANTS: list[tuple[type[Any], dict[str, Any]]] = [
    (OAuth2ClientCredentialsGrantConfig, {"tokenUrl": URL, **CLIENT}),
    (OAuth2PasswordGrantConfig, {"tokenUrl": URL, **USER}),
    (OAuth2RefreshTokenGrantConfig, {"refreshUrl": URL, "refreshToken": CANARY, **CLIENT}),
    (OAuth2JwtBearerGrantConfig, {"tokenUrl": URL, "assertion": CANARY}),
]


class RecordCase(SynchronousTestCase):
    """
    Makes records that do not fit.
    """

    def refused(self, record: type[Any], path: str, fields: dict[str, Any]) -> str:
        """
        @return: what is wrong.
        """
        error = self.assertRaises(ConfigurationError, build, record, fields)
        self.assertEqual(error.path, path)
        self.assertNotIn(CANARY, str(error))
        return error.problem


class IntrospectionTests(RecordCase):
    """
    The record of the listener.
    """

    def introspection(self, **fields: Any) -> OAuth2IntrospectionConfig:
        """
        @return: one with these fields.
        """
        return build(OAuth2IntrospectionConfig, {"url": URL, **fields})

    def test_defaults(self) -> None:
        """
        The reference library's defaults.
        """
        config = self.introspection()
        self.assertEqual((config.defaultTokenExpTime, config.scopeKey), (3600, "scope"))
        self.assertEqual(dict(config.optionalParams), {})
        self.assertIsNone(config.cacheConfig)
        self.assertIsNone(config.tokenTypeHint)
        self.assertEqual(config, self.introspection())
        self.refused(OAuth2IntrospectionConfig, "url", {})
        self.refused(OAuth2IntrospectionConfig, "url", {"url": f"http://example.com/{CANARY}"})

    def test_fields(self) -> None:
        """
        Each field is checked, and no secret is shown.
        """
        config = self.introspection(
            tokenTypeHint="access_token",
            optionalParams={"client_id": "rs", "client_secret": Secret(CANARY)},
            cacheConfig={"capacity": 5},
            defaultTokenExpTime=0,
            clientConfig={"auth": GRANTS[0][1]},
            scopeKey="scp",
        )
        self.assertEqual(config.optionalParams["client_secret"].reveal(), CANARY)
        self.assertEqual(config.cacheConfig, CacheConfig(capacity=5))
        self.assertIsInstance(config.clientConfig.auth, OAuth2ClientCredentialsGrantConfig)
        self.assertNotIn(CANARY, repr(config))
        self.assertNotIn(CANARY, repr(self.introspection(url=f"{URL}?key={CANARY}")))
        for name, path, value in (
            ("tokenTypeHint", "", ""),
            ("tokenTypeHint", "", "a\nb"),
            ("optionalParams", ".token", {"token": CANARY}),
            ("optionalParams", ".a", {"a": 5}),
            ("optionalParams", ".a", {"a": ""}),
            ("optionalParams", "", [CANARY]),
            ("cacheConfig", ".capacity", {"capacity": 0}),
            ("defaultTokenExpTime", "", -1),
            ("defaultTokenExpTime", "", True),
            ("scopeKey", "", ""),
            ("clientConfig", ".reqTimeout", {"reqTimeout": "5"}),
        ):
            self.refused(OAuth2IntrospectionConfig, name + path, {"url": URL, name: value})


class GrantTests(RecordCase):
    """
    The records of the client.
    """

    def test_toldApart(self) -> None:
        """
        A grant is told by its required keys.
        """
        for record, fields in GRANTS:
            self.assertIs(type(grant(fields)), record)
            self.assertIs(type(grant({**fields, **CLIENT, "scopes": ["a"]})), record)
            made = build(record, fields)
            self.assertIs(grant(made), made)
            self.assertEqual(made, build(record, fields))
        self.assertRaises(ConfigurationError, convert, grant, "auth", {"tokenUrl": URL})

    def test_noSecretIsShown(self) -> None:
        """
        No repr shows a secret, and a missing key is named.
        """
        for record, fields in GRANTS:
            params = {**fields, **CLIENT, "optionalParams": {"key": CANARY}}
            self.assertNotIn(CANARY, repr(build(record, params)))
            for name in fields:
                self.refused(record, name, {key: value for key, value in fields.items() if key != name})

    def test_defaults(self) -> None:
        """
        The reference library's defaults.
        """
        for record, fields in GRANTS:
            made = build(record, fields)
            self.assertEqual((made.scopes, made.defaultTokenExpTime, made.clockSkew), ((), 3600, 0))
            self.assertIs(made.credentialBearer, AUTH_HEADER_BEARER)

    def test_scopes(self) -> None:
        """
        Scopes are a list, or words in one string.
        """
        record, fields = GRANTS[0]
        for given, found in (("read write", ("read", "write")), (["read"], ("read",)), ([], ())):
            self.assertEqual(build(record, {**fields, "scopes": given}).scopes, found)
        for bad, path in (("", ""), (5, ""), (["a b"], "[0]"), (['a"'], "[0]"), (["ä"], "[0]"), (["a", "a"], "[1]")):
            self.refused(record, f"scopes{path}", {**fields, "scopes": bad})

    def test_credentialBearer(self) -> None:
        """
        Where the credentials stand has two names.
        """
        record, fields = GRANTS[0]
        for given in (POST_BODY_BEARER, "POST_BODY_BEARER"):
            self.assertIs(build(record, {**fields, "credentialBearer": given}).credentialBearer, POST_BODY_BEARER)
        for bad in ("BODY", None, 1):
            self.refused(record, "credentialBearer", {**fields, "credentialBearer": bad})

    def test_emptyCredentials(self) -> None:
        """
        An empty id or secret is refused in the reference library's words; a secret needs an id.
        """
        for record, fields in GRANTS:
            for name in CLIENT:
                problem = self.refused(record, name, {**fields, **CLIENT, name: ""})
                self.assertEqual(problem, "Client-id or client-secret cannot be empty.")
        for record, fields in (GRANTS[1], GRANTS[3]):
            self.refused(record, "clientId", {**fields, "clientSecret": CANARY})
            self.assertIsNone(build(record, {**fields, "clientId": "public"}).clientSecret)
        for bad in ("ä", "a\nb", 5):
            self.refused(GRANTS[0][0], "clientId", {**GRANTS[0][1], "clientId": bad})
            self.refused(GRANTS[0][0], "clientSecret", {**GRANTS[0][1], "clientSecret": bad})

    def test_emptySecrets(self) -> None:
        """
        Passwords, statements and refresh tokens are not empty.
        """
        for number, name in ((1, "username"), (1, "password"), (2, "refreshToken"), (3, "assertion")):
            record, fields = GRANTS[number]
            for bad in ("", None, 5):
                self.refused(record, name, {**fields, name: bad})

    def test_parameters(self) -> None:
        """
        What the grant says itself cannot be said twice.
        """
        record, fields = GRANTS[0]
        for name in ("grant_type", "client_id", "client_secret", "scope", "username", "password", "refresh_token"):
            self.refused(record, f"optionalParams.{name}", {**fields, "optionalParams": {name: CANARY}})

    def test_clientConfig(self) -> None:
        """
        An endpoint that gives tokens is not asked with one.
        """
        for record, fields in GRANTS:
            self.refused(record, "clientConfig.auth", {**fields, "clientConfig": {"auth": GRANTS[0][1]}})

    def test_times(self) -> None:
        """
        Times are from 0.
        """
        record, fields = GRANTS[0]
        for name in ("clockSkew", "defaultTokenExpTime"):
            self.assertEqual(getattr(build(record, {**fields, name: 0}), name), 0)
            for bad in (-1, float("inf"), "1", True):
                self.refused(record, name, {**fields, name: bad})

    def test_refreshConfig(self) -> None:
        """
        How to refresh is a record, or its inference.
        """
        record, fields = GRANTS[1]
        self.assertIsNone(build(record, fields).refreshConfig)
        inferred = build(record, {**fields, "refreshConfig": "INFER_REFRESH_CONFIG"})
        self.assertEqual(inferred.refreshConfig, INFER_REFRESH_CONFIG)
        given = {"refreshUrl": f"{URL}?key={CANARY}", "optionalParams": {"a": CANARY}}
        made = build(record, {**fields, "refreshConfig": given})
        self.assertIsInstance(made.refreshConfig, RefreshConfig)
        self.assertNotIn(CANARY, repr(made))
        self.assertEqual(RefreshConfig(refreshUrl=URL).scopes, ())
        for path, bad in (
            ("", "INFER"),
            ("", 5),
            (".refreshUrl", {}),
            (".refreshUrl", {"refreshUrl": f"http://a/{CANARY}"}),
            (".refreshToken", {"refreshUrl": URL, "refreshToken": CANARY}),
            (".clientConfig.auth", {"refreshUrl": URL, "clientConfig": {"auth": GRANTS[0][1]}}),
        ):
            self.refused(record, f"refreshConfig{path}", {**fields, "refreshConfig": bad})
