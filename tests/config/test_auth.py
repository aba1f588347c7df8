"""
Tests of L{balws.config.auth}.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.principal import Realm
from balws.config import WSServiceConfig
from balws.config.auth import (
    AuthEntry,
    CheckerWithScopes,
    FileUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    LdapUserStoreConfigWithScopes,
    OAuth2IntrospectionConfigWithScopes,
    authEntries,
    target,
)
from balws.config.userstore import FileUserStoreConfig
from balws.config.values import Unfit
from balws.errors import ConfigurationError

FILE = {"fileUserStoreConfig": {}}
LDAP = {
    "ldapUserStoreConfig": {
        "domainName": "example.com",
        "connectionUrl": "ldaps://ldap.example",
        "connectionName": "cn=admin,dc=example,dc=com",
        "connectionPassword": "secret",
        "userSearchBase": "ou=Users,dc=example,dc=com",
        "userEntryObjectClass": "inetOrgPerson",
        "userNameAttribute": "uid",
        "userNameSearchFilter": "(&(objectClass=inetOrgPerson)(uid=?))",
        "userNameListFilter": "(objectClass=inetOrgPerson)",
        "groupSearchBase": ["ou=Groups,dc=example,dc=com"],
        "groupEntryObjectClass": "groupOfNames",
        "groupNameAttribute": "cn",
        "groupNameSearchFilter": "(&(objectClass=groupOfNames)(cn=?))",
        "groupNameListFilter": "(objectClass=groupOfNames)",
        "membershipAttribute": "member",
    }
}
JWT = {"jwtValidatorConfig": {"issuer": "me", "signatureConfig": {"secret": "0123456789abcdef" * 4}}}
OAUTH2 = {"oauth2IntrospectionConfig": {"url": "https://auth.example/introspect"}}


class EntriesTests(SynchronousTestCase):
    """
    The list that C{auth} is.
    """

    def refusal(self, value: Any) -> str:
        """
        @return: the text of the error for this C{auth}.
        """
        return str(self.assertRaises(ConfigurationError, WSServiceConfig, auth=value))

    def test_kinds(self) -> None:
        """
        Each kind is told by the key that it requires.
        """
        for table, kind in (
            (FILE, FileUserStoreConfigWithScopes),
            (LDAP, LdapUserStoreConfigWithScopes),
            (JWT, JwtValidatorConfigWithScopes),
            (OAUTH2, OAuth2IntrospectionConfigWithScopes),
            ({"checker": "m:Checker"}, CheckerWithScopes),
        ):
            for more in ({}, {"scopes": ["a"]}, {"realm": "m:Realm"}):
                config = WSServiceConfig(auth=[{**table, **more}])
                assert config.auth is not None
                (entry,) = config.auth
                self.assertIs(type(entry), kind)
                self.assertEqual((entry.scopes, entry.realm), (tuple(more.get("scopes", ())), more.get("realm")))
                self.assertEqual(WSServiceConfig(auth=config.auth), config)

    def test_records(self) -> None:
        """
        Records stand beside tables, in their order.
        """
        record = FileUserStoreConfigWithScopes(fileUserStoreConfig=FileUserStoreConfig(), scopes="a")
        self.assertEqual(
            authEntries([record, FILE]), (record, FileUserStoreConfigWithScopes(fileUserStoreConfig={}))
        )
        self.assertEqual(authEntries(iter([record])), (record,))

    def test_nobody(self) -> None:
        """
        An empty list is refused: it lets nobody in, which is hardly meant.
        """
        for value in ([], (), iter(())):
            self.assertEqual(
                self.refusal(value),
                "auth: an empty list lets nobody in; leave it out where everybody may connect",
            )
        self.assertIsNone(WSServiceConfig(auth=None).auth)

    def test_noList(self) -> None:
        """
        One entry is no list of them.
        """
        for value in (FILE, "file", b"file", 5, False, FileUserStoreConfig()):
            self.assertTrue(self.refusal(value).startswith("auth: expected a list of tables, got "), value)

    def test_noEntry(self) -> None:
        """
        An entry that names no way to tell who it is, or one of which part is wrong, is
        refused where it stands.
        """
        for value in ({}, {"scopes": ["a"]}, {"fileUserStore": {}}):
            self.assertIn(
                "auth[1]: expected a way to tell who it is: a table with one of these sets of keys: "
                "fileUserStoreConfig; ldapUserStoreConfig; ",
                self.refusal([FILE, value]),
            )
        for value in ("file", 5, None, AuthEntry()):
            self.assertIn("auth[0]: expected a way to tell who it is, got ", self.refusal([value]))
        self.assertEqual(
            self.refusal([{**FILE, "scope": "a"}]), 'auth[0].scope: unknown key; did you mean "scopes"?'
        )
        self.assertEqual(
            self.refusal([{"fileUserStoreConfig": {"paths": "x"}}]),
            'auth[0].fileUserStoreConfig.paths: unknown key; did you mean "path"?',
        )
        self.assertIn("auth[0].fileUserStoreConfig: expected a table", self.refusal([{"fileUserStoreConfig": 5}]))

    def test_twoKinds(self) -> None:
        """
        An entry of two kinds is refused, since it could not be both.
        """
        self.assertIn("unknown key", self.refusal([{**FILE, **OAUTH2}]))

    def test_changed(self) -> None:
        """
        A copy of the record keeps its entries.
        """
        config = WSServiceConfig(auth=[FILE])
        self.assertEqual(attrs.evolve(config, idleTimeout=5).auth, config.auth)


class ScopeTests(SynchronousTestCase):
    """
    The scopes of an entry.
    """

    def scopes(self, value: Any) -> tuple[str, ...]:
        """
        @return: how an entry keeps these scopes.
        """
        return FileUserStoreConfigWithScopes(fileUserStoreConfig={}, scopes=value).scopes

    def test_scopes(self) -> None:
        """
        One is a list of one; a directory's groups are scopes, too, with blanks and letters of any kind.
        """
        self.assertEqual(self.scopes("read"), ("read",))
        self.assertEqual(self.scopes(["read", "Read", "a:b/c", "!", "~"]), ("read", "Read", "a:b/c", "!", "~"))
        self.assertEqual(self.scopes([]), ())
        self.assertEqual(self.scopes("D\u00e9veloppeurs"), ("D\u00e9veloppeurs",))
        groups = ("Domain Users", 'a"', "a\\", "\u00e4 \u00f6")
        self.assertEqual(self.scopes(list(groups)), groups)

    def test_refused(self) -> None:
        """
        Two in one string are neither two nor one; control characters are refused.
        """
        error = self.assertRaises(ConfigurationError, self.scopes, "read write")
        self.assertEqual(
            str(error), 'scopes: expected one scope; several, or one with blanks, make a list, got "read write"'
        )
        for value in ("", "a\n", "a\x00", "\x7f", "\x85", "\ud800"):
            for given in (value, [value]):
                error = self.assertRaises(ConfigurationError, self.scopes, given)
                self.assertTrue(error.path.startswith("scopes"), error)
        for given in (None, 5, {"read": 1}, ["read", "read"], [5]):
            self.assertRaises(ConfigurationError, self.scopes, given)


class PlugTests(SynchronousTestCase):
    """
    Checkers and realms of the application.
    """

    def test_objects(self) -> None:
        """
        Objects are kept as they are.
        """
        checker, realm = InMemoryUsernamePasswordDatabaseDontUse(), Realm()
        entry = CheckerWithScopes(checker=checker, realm=realm)
        self.assertIs(entry.checker, checker)
        self.assertIs(entry.realm, realm)

    def test_others(self) -> None:
        """
        What is none is refused: a class, a function, each in the other's place.
        """
        checker, realm = InMemoryUsernamePasswordDatabaseDontUse(), Realm()
        for value in (5, None, object(), type(checker), realm, "words", "m:", ":A", "m.A"):
            error = self.assertRaises(ConfigurationError, CheckerWithScopes, checker=value)
            self.assertEqual(error.path, "checker")
        for value in (5, object(), Realm, checker, "words"):
            error = self.assertRaises(ConfigurationError, CheckerWithScopes, checker=checker, realm=value)
            self.assertEqual(error.path, "realm")

    def test_target(self) -> None:
        """
        A name is module:attribute, either of them perhaps with dots.
        """
        for value in ("m:A", "m.n:A.b", "_m1:_a", "m\u00f6:\u00c4"):
            self.assertEqual(target(value), value)
        for value in ("", "m", "m:", ":A", "m:A:b", "m.:A", ".m:A", "1m:A", "m:1A", "m:A()", "m: A", "m:A\n", "m-n:A"):
            self.assertRaises(Unfit, target, value)
