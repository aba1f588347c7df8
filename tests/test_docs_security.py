"""
Tests of the reference of TLS and authentication: every record and every field is there.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws import config
from balws.auth import authorization, throttle
from balws.auth.jwt import jwks
from balws.auth.users import passwords
from balws.cli.hashpassword import HashPassword
from balws.server.gate import BEARER
from balws.tls import revocation, server
from balws.tls.ciphers import suitesFor
from tests.documents import ROOT
from tests.test_docs import DOCS, spelled

TLS = (
    config.ListenerSecureSocket,
    config.MutualSsl,
    config.ClientSecureSocket,
    config.KeyStore,
    config.TrustStore,
    config.CertKey,
    config.Protocol,
    config.CertValidation,
)

AUTHENTICATION = (
    config.AuthEntry,
    config.FileUserStoreConfig,
    config.User,
    config.LdapUserStoreConfig,
    config.LdapSecureSocket,
    config.JwtValidatorConfig,
    config.ValidatorSignatureConfig,
    config.JwksConfig,
    config.TrustStoreConfig,
    config.OAuth2IntrospectionConfig,
    config.CacheConfig,
    config.HttpClientConfig,
    config.BackEndSecureSocket,
    config.CredentialsConfig,
    config.BearerTokenConfig,
    config.JwtIssuerConfig,
    config.IssuerSignatureConfig,
    config.PrivateKeyFile,
    config.PrivateKeyInStore,
    config.RefreshConfig,
)

GRANTS = (
    config.OAuth2ClientCredentialsGrantConfig,
    config.OAuth2PasswordGrantConfig,
    config.OAuth2RefreshTokenGrantConfig,
    config.OAuth2JwtBearerGrantConfig,
)

ENTRIES = (
    config.FileUserStoreConfigWithScopes,
    config.LdapUserStoreConfigWithScopes,
    config.JwtValidatorConfigWithScopes,
    config.OAuth2IntrospectionConfigWithScopes,
    config.CheckerWithScopes,
)

#: Records of a file's structure; they and the rest are on other pages.
OTHERS = (
    config.ClientConfiguration,
    config.Configuration,
    config.Cookie,
    config.HistoryConfig,
    config.HubConfiguration,
    config.ListenerConfiguration,
    config.ListenerEntry,
    config.ListenerHttp1Settings,
    config.RequestLimitConfigs,
    config.ResourceEntry,
    config.ServerConfiguration,
    config.ServiceEntry,
    config.WebSocketRetryConfig,
    config.WSServiceConfig,
)


def page(name: str) -> str:
    """
    A page of the reference.
    """
    return (DOCS / "reference" / f"{name}.rst").read_text("utf-8")


@cache
def tables(name: str) -> dict[str, list[tuple[str, str]]]:
    """
    @return: for each table of a page that is called like a record, its names and defaults.
    """
    return {
        title: re.findall(r"^   \* - ``(\w+)``\n     - (.*)$", table, re.MULTILINE)
        for title, table in re.findall(
            r"^\.\. list-table:: ``(\w+)``\n(.*?)(?=^\S|\Z)", page(name), re.MULTILINE | re.DOTALL
        )
    }


def fieldsOf(record: type[Any]) -> list[tuple[str, str]]:
    """
    @return: its fields as the reference has them.
    """
    return [(field.name, _default(field)) for field in attrs.fields(record)]


def _default(field: attrs.Attribute[Any]) -> str:
    value = field.default
    if value is attrs.NOTHING:
        return "required"
    if isinstance(value, enum.Enum):
        value = value.value
    return f"``{spelled(value)}``"


class RecordTests(SynchronousTestCase):
    """
    The tables of records.
    """

    def compare(self, name: str, records: Sequence[type[Any]]) -> None:
        """
        See that each record's table has all of its fields, in order, with their defaults.
        """
        for record in records:
            self.assertEqual(tables(name)[record.__name__], fieldsOf(record), record.__name__)

    def test_tls(self) -> None:
        """
        Every setting of TLS is in the reference.
        """
        self.compare("tls", TLS)

    def test_authentication(self) -> None:
        """
        Every setting of authentication is in the reference.
        """
        self.compare("authentication", AUTHENTICATION)

    def test_grants(self) -> None:
        """
        What all grants have in common stands there once, and what they have of their own
        with each.
        """
        common = tables("authentication")["Grants"]
        for record in GRANTS:
            own = tables("authentication")[record.__name__]
            self.assertEqual(common + own, fieldsOf(record), record.__name__)

    def test_entries(self) -> None:
        """
        Every kind of entry has a row with the field that is its own.
        """
        common = dict(fieldsOf(config.AuthEntry))
        for record in ENTRIES:
            (own,) = (name for name, _ in fieldsOf(record) if name not in common)
            self.assertRegex(page("authentication"), rf"   \* - ``{record.__name__}``\n     - .*\n     - ``{own}``")

    def test_complete(self) -> None:
        """
        No record is forgotten.
        """
        exported = {
            value for value in vars(config).values() if isinstance(value, type) and attrs.has(value)
        }
        self.assertEqual(exported - {*TLS, *AUTHENTICATION, *GRANTS, *ENTRIES, *OTHERS}, set())


class DetailTests(SynchronousTestCase):
    """
    What else the pages say in figures and names.
    """

    def test_ciphers(self) -> None:
        """
        The suites that the page lists are those that are spoken when none are given.
        """
        block = re.search(r"\.\. code-block:: none\n\n(.*?)\n\n\S", page("tls"), re.DOTALL)
        assert block is not None
        listed = suitesFor(tuple(re.findall(r"TLS_\w+", block[1])), None)
        usual = suitesFor((), None)
        self.assertEqual({*listed.tls12, *listed.tls13}, {*usual.tls12, *usual.tls13})

    def test_hashPassword(self) -> None:
        """
        Every option of the command is in the reference.
        """
        text = page("command")
        options = [name for name in HashPassword().longOpt if name not in ("help", "version")]
        self.assertEqual([name for name in options if f"``--{name.rstrip('=')}``" not in text], [])

    def test_figures(self) -> None:
        """
        The limits that the pages name are those of the code.
        """
        for name, words in (
            ("explanation/limits", f"{throttle.MAX_ADDRESSES} addresses are remembered"),
            ("explanation/limits", f"0.5 s and up to {throttle.LONGEST_WAIT:g}"),
            ("explanation/limits", f"{authorization.MAX_TOKEN >> 10} KiB, {authorization.MAX_BASIC >> 10} KiB"),
            ("explanation/limits", f"{passwords.MAX_PASSWORD} bytes"),
            ("explanation/limits", f"of a set of keys {jwks.MAX_BODY >> 10} KiB"),
            ("explanation/trust", f"oldest of {throttle.MAX_ADDRESSES} addresses"),
            ("reference/tls", f"0 means {revocation.CACHE_SIZE}"),
            ("reference/tls", f"0 means {revocation.CACHE_PERIOD}"),
            ("reference/tls", f"within {revocation.DEADLINE} seconds"),
            ("reference/tls", f"none and 0 mean {server.HANDSHAKE_TIMEOUT:g}"),
            ("reference/authentication", f"kept {jwks.MAX_AGE} seconds"),
            ("reference/authentication", f"at most {passwords.MAX_PASSWORD} bytes"),
            ("howto/browsers", f'"{BEARER.decode()}"'),
        ):
            self.assertIn(words, " ".join((DOCS / f"{name}.rst").read_text("utf-8").split()), name)

    def test_dependencies(self) -> None:
        """
        The extra that the page names is one of the package's.
        """
        self.assertIn('pip install "balws[argon2]"', page("command"))
        self.assertIn('"argon2": [', (ROOT / "setup.py").read_text("utf-8"))
