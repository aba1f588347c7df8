"""
Users of OpenLDAP: rows LD01, LD02, LD04 and LD06 of the reliability catalogue.
"""

from __future__ import annotations

from tests.rows.directories import directory, slapd
from tests.rows.guarding import GuardedTestCase, basic, guarded
from tests.rows.raw import TEXT, frame

_ALICE, _BOB = basic("alice", "xxx"), basic("bob", "yyy")

#: Names that would be something else in a filter or a distinguished name if they stood there as
#: they are (RFC 4515, RFC 4514).
_NAMES = (
    *("*", "a*", "*alice", "alic?", "*)(uid=*", "admin)(|(uid=*", "alice)(objectClass=*)", ")(", "(", ")", "))"),
    *("\\2a", "\\61lice", "alice\\", "\\", "\\00", "a,dc=x", "a+b=c", "alice,ou=Users", "uid=alice", "#alice"),
    *("&", "|", "!", "=", "<>", '"', ";", "alice\ud7ff", "\u0130"),
    "uid=alice,ou=Users,dc=balws,dc=test",
)


class DirectoryTests(GuardedTestCase):
    """
    Over LDAP with StartTLS and over LDAPS.
    """

    def setUp(self) -> None:
        """
        Start it, once for all.
        """
        server = slapd()
        tls = {"cert": server.authority}
        starting = {**tls, "startTls": True}
        self.more = (
            guarded("/ldap", directory(server.ldap, secureSocket=starting))
            + guarded("/ldaps", directory(server.ldaps, secureSocket=tls))
            + guarded("/plain", directory(server.ldap))
            + guarded("/admins", directory(server.ldaps, ["admins"], secureSocket=tls, userRolesCacheEnabled=True))
            + guarded("/strangers", directory(server.ldaps))
            + guarded("/strangers/starting", directory(server.ldap, secureSocket={"startTls": True}))
            + guarded("/bob", directory(server.ldap, connectionName="cn=x,dc=balws,dc=test"))
        )
        super().setUp()

    def test_users(self) -> None:
        """
        Who is in the directory comes in with the groups as scopes; a wrong password and an
        unknown name are 401; a missing group is 403 (LD01)
        """
        for path in ("/ldap", "/ldaps", "/plain"):
            self.assertKnown("alice", ["admins", "developers"], path, _ALICE)
            self.assertKnown("bob", ["developers"], path, _BOB)
            for more in (basic("alice", "yyy"), basic("alice", "xxx "), basic("nobody", "xxx"), b""):
                self.assertAnswered(401, path, more)
        for _ in range(2):
            self.assertAnswered(101, "/admins", _ALICE)
            self.assertAnswered(403, "/admins", _BOB)
            self.assertAnswered(401, "/admins", basic("alice", "yyy"))

    def test_empty(self) -> None:
        """
        No password is none, though the directory takes that for anybody (LD02)
        """
        for name, password in (("alice", ""), ("", ""), ("", "xxx"), ("alice", "\0"), ("alice\0", "xxx")):
            self.assertAnswered(401, "/ldap", basic(name, password))

    def test_names(self) -> None:
        """
        What has a meaning in filters and in names of entries finds nobody (LD04)
        """
        for name in _NAMES:
            self.assertAnswered(401, "/plain", basic(name, "xxx"))
        self.assertAnswered(101, "/plain", _ALICE)

    def test_spellings(self) -> None:
        """
        Who is known by the directory's rules of comparison has the name that stands there (LD01)
        """
        for name in ("ALICE", "Alice", " alice", "alice "):
            self.assertKnown("alice", ["admins", "developers"], "/plain", basic(name, "xxx"))

    def test_trust(self) -> None:
        """
        A directory that the system does not trust is not asked; the answer is that nobody
        knows (LD06)
        """
        for path in ("/strangers", "/strangers/starting"):
            self.assertIn(b"retry-after", self.assertAnswered(503, path, _ALICE))
            self.assertAnswered(401, path)
        self.assertNotIn("xxx", self.logged())

    def test_account(self) -> None:
        """
        Where the account that searches is not let in, nobody is (LD01)
        """
        self.assertAnswered(503, "/bob", _ALICE)
        self.assertNotIn("admin-secret", self.logged())

    def test_restart(self) -> None:
        """
        While the directory is away logins are 503 and connections go on; when it is there
        again, so are logins (LD07)
        """
        peer, *_ = self.enter("/ldap", _ALICE)
        server = slapd()
        server.stop()
        try:
            for path in ("/ldap", "/ldaps", "/plain"):
                self.assertAnswered(503, path, _ALICE)
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
        finally:
            server.start()
        for path in ("/ldap", "/ldaps", "/plain"):
            self.assertKnown("bob", ["developers"], path, _BOB)
