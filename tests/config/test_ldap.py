"""
Tests of L{balws.config.ldap}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.ldap import LdapAddress, LdapSecureSocket, LdapUserStoreConfig
from balws.config.records import build
from balws.config.secure import TrustStore
from balws.config.values import MAX_NUMBER
from balws.errors import ConfigurationError

REQUIRED: dict[str, Any] = {
    "domainName": "balws.test",
    "connectionUrl": "ldap://localhost:10389",
    "connectionName": "cn=admin,dc=balws,dc=test",
    "connectionPassword": "p4ssw0rd-canary",
    "userSearchBase": "ou=Users,dc=balws,dc=test",
    "userEntryObjectClass": "inetOrgPerson",
    "userNameAttribute": "uid",
    "userNameSearchFilter": "(&(objectClass=inetOrgPerson)(uid=?))",
    "userNameListFilter": "(objectClass=inetOrgPerson)",
    "groupSearchBase": ["ou=Groups,dc=balws,dc=test"],
    "groupEntryObjectClass": "groupOfNames",
    "groupNameAttribute": "cn",
    "groupNameSearchFilter": "(&(objectClass=groupOfNames)(cn=?))",
    "groupNameListFilter": "(objectClass=groupOfNames)",
    "membershipAttribute": "member",
}


class LdapUserStoreConfigTests(SynchronousTestCase):
    """
    The fields, their defaults, and what they take.
    """

    def made(self, **others: Any) -> LdapUserStoreConfig:
        return LdapUserStoreConfig(**{**REQUIRED, **others})

    def assertRefused(self, field: str, value: object, problem: str, path: str | None = None) -> None:
        error = self.assertRaises(ConfigurationError, self.made, **{field: value})
        self.assertEqual((error.path, error.problem), (field if path is None else path, problem))

    def test_defaults(self) -> None:
        """
        The reference library's defaults hold, and a login has five seconds in all.
        """
        config = self.made()
        self.assertEqual(
            (config.userRolesCacheEnabled, config.connectionPoolingEnabled, config.secureSocket), (False, True, None)
        )
        self.assertEqual((config.connectionTimeout, config.readTimeout, config.loginTimeout), (5, 60, 5))
        self.assertEqual(config.groupSearchBase, ("ou=Groups,dc=balws,dc=test",))

    def test_required(self) -> None:
        """
        Each of the reference library's required fields has to be there.
        """
        self.assertEqual(len(REQUIRED), 15)
        for name in REQUIRED:
            given = {key: value for key, value in REQUIRED.items() if key != name}
            error = self.assertRaises(ConfigurationError, build, LdapUserStoreConfig, given)
            self.assertEqual((error.path, error.problem), (name, "is missing"))

    def test_empty(self) -> None:
        """
        None of the required texts may be empty.
        """
        for name, value in REQUIRED.items():
            if isinstance(value, str):
                error = self.assertRaises(ConfigurationError, self.made, **{name: ""})
                self.assertEqual(error.path, name)

    def test_noSecret(self) -> None:
        """
        The password is in no repr, and in no error (AB13).
        """
        self.assertNotIn("canary", repr(self.made()))
        error = self.assertRaises(ConfigurationError, self.made, connectionPassword=["p4ssw0rd-canary"])
        self.assertNotIn("canary", str(error))
        self.assertEqual(self.made().connectionPassword.reveal(), "p4ssw0rd-canary")

    def test_comparable(self) -> None:
        """
        Equal configurations are equal, and can be keys.
        """
        self.assertEqual(len({self.made(), self.made(), self.made(readTimeout=9)}), 2)

    def test_urls(self) -> None:
        """
        A URL names a host, perhaps a port, and whether TLS comes first.
        """
        for url, address in {
            "ldap://localhost": LdapAddress("localhost", 389, False),
            "ldaps://Directory.example/": LdapAddress("directory.example", 636, True),
            "LDAP://127.0.0.1:65535": LdapAddress("127.0.0.1", 65535, False),
            "ldaps://[::1]:1": LdapAddress("::1", 1, True),
        }.items():
            self.assertEqual(self.made(connectionUrl=url).address, address)

    def test_badUrls(self) -> None:
        """
        What is no URL of a directory is refused, and not said again: it may have a password.
        """
        expected = 'expected a URL such as "ldaps://directory.example:636": ldap or ldaps, a host, perhaps a port, '
        for url in (
            "http://localhost",
            "ldapi:///run/slapd",
            "localhost",
            "ldap://",
            "ldap://:389",
            "ldap://localhost:0",
            "ldap://localhost:65536",
            "ldap://localhost:x",
            "ldap://admin:canary@localhost",
            "ldap://localhost/dc=test",
            "ldap://localhost?uid",
            "ldap://localhost#x",
            "ldap://[::1",
        ):
            self.assertRefused("connectionUrl", url, f"{expected}and nothing behind")
        for url in ("ldap://one ldap://two", "ldap://gr\xfcn", "ldap://a\tb", "ldap://a\n"):
            error = self.assertRaises(ConfigurationError, self.made, connectionUrl=url)
            self.assertEqual(error.path, "connectionUrl")

    def test_loopback(self) -> None:
        """
        Which hosts are this machine.
        """
        for host, isHere in {
            "localhost": True,
            "127.9.9.9": True,
            "[::1]": True,
            "directory": False,
            "10.0.0.1": False,
        }.items():
            self.assertEqual(self.made(connectionUrl=f"ldap://{host}").address.isLoopback, isHere)

    def test_bases(self) -> None:
        """
        Several bases of users have a C{#} between them; none of them is empty.
        """
        self.assertEqual(self.made(userSearchBase="ou=a # ou=b").userSearchBases, ("ou=a", "ou=b"))
        for bases in ("#", "ou=a#", "#ou=a", "ou=a# #ou=b"):
            problem = f'expected one or more distinguished names with "#" between them, got "{bases}"'
            self.assertRefused("userSearchBase", bases, problem)

    def test_groupBases(self) -> None:
        """
        The groups' bases are a list, which may be empty.
        """
        self.assertEqual(self.made(groupSearchBase=[]).groupSearchBase, ())
        self.assertRefused("groupSearchBase", "ou=a", 'expected a list of distinguished names, got a string')

    def test_names(self) -> None:
        """
        Names of attributes and classes cannot carry a filter.
        """
        for name in ("uid", "member;x-option", "2.5.4.31"):
            self.assertEqual(self.made(membershipAttribute=name).membershipAttribute, name)
        for name in ("uid=*)(x", "a b", "1a", "a)", "2."):
            problem = f'expected the name of an attribute or of an object class, such as "uid", got "{name}"'
            for field in ("userNameAttribute", "groupNameAttribute", "membershipAttribute", "userEntryObjectClass"):
                self.assertRefused(field, name, problem)

    def test_templates(self) -> None:
        """
        The filters that look for a name have a place for it.
        """
        problem = (
            'expected a filter with "?" where the name is to stand, such as "(&(objectClass=inetOrgPerson)(uid=?))"'
        )
        for field in ("userNameSearchFilter", "groupNameSearchFilter"):
            self.assertRefused(field, "(uid=alice)", f'{problem}, got "(uid=alice)"')

    def test_timeouts(self) -> None:
        """
        What is not above 0 is the default; nothing is without an end.
        """
        for field, default in (("connectionTimeout", 5), ("readTimeout", 60), ("loginTimeout", 5)):
            for given, kept in ((0, default), (-1, default), (0.5, 0.5), (MAX_NUMBER, MAX_NUMBER)):
                self.assertEqual(getattr(self.made(**{field: given}), field), kept)
            for given in (MAX_NUMBER + 1, float("inf"), float("nan"), "5", True, None):
                self.assertRaises(ConfigurationError, self.made, **{field: given})

    def test_flags(self) -> None:
        """
        Flags are true or false.
        """
        for field in ("userRolesCacheEnabled", "connectionPoolingEnabled"):
            self.assertRefused(field, 1, "expected true or false, got 1")

    def test_secureSocket(self) -> None:
        """
        TLS takes a file or a trust store, and StartTLS where the URL has no TLS.
        """
        config = self.made(connectionUrl="ldaps://directory", secureSocket={"cert": "ca.pem"})
        self.assertEqual(config.secureSocket, LdapSecureSocket(cert="ca.pem", startTls=False))
        store = {"path": "ca.p12", "password": "secret"}
        config = self.made(secureSocket={"cert": store, "startTls": True})
        self.assertEqual(config.secureSocket, LdapSecureSocket(cert=TrustStore(**store), startTls=True))
        self.assertRefused("secureSocket", {"key": "x"}, "unknown key", "secureSocket.key")
        self.assertRefused("secureSocket", {"startTls": 1}, "expected true or false, got 1", "secureSocket.startTls")

    def test_uselessTls(self) -> None:
        """
        TLS that would not be is refused, and StartTLS inside of TLS.
        """
        self.assertRefused(
            "secureSocket", {"cert": "ca.pem"}, "an ldap URL has TLS only with startTls = true", "secureSocket"
        )
        error = self.assertRaises(
            ConfigurationError, self.made, connectionUrl="ldaps://directory", secureSocket={"startTls": True}
        )
        self.assertEqual(str(error), "secureSocket.startTls: an ldaps URL has TLS from the beginning")
