"""
Tests of the LDAP user store with a real directory, and with one that hangs: rows LD01 to
LD07 of the reliability catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import TestCase

from balws.auth.chain import Chain, Entry
from balws.auth.credentials import BasicCredentials
from balws.auth.ldap.library import Connection, Server
from balws.auth.ldap.store import LdapUserStore
from balws.auth.principal import Identity
from balws.errors import AuthnError, AuthUnavailableError, AuthzError
from tests.auth.fakeldap import BIND, SUFFIX, FakeDirectory, config
from tests.certificates import Authority
from tests.integration.slapd import Slapd

#: A user whose distinguished name has all that needs to be escaped.
ODD = rf"cn=\ O'Bob \28ops\29\2c \"a\+b\" \\ * #1\;\ ,ou=Users,{SUFFIX}"


def _add(name: str, kind: str, attributes: dict[str, str], connection: Any) -> None:
    connection.add(name, kind, attributes)


class StoreTestCase(TestCase):
    """
    Logs in.
    """

    def store(self, url: str, **others: Any) -> LdapUserStore:
        from twisted.internet import reactor

        made = LdapUserStore(config(url, **others), reactor)
        self.addCleanup(made.close)
        return made

    def login(self, store: LdapUserStore, name: str, password: str) -> Deferred[Identity]:
        return store.requestAvatarId(BasicCredentials(name.encode(), password.encode()))

    def refused(self, store: LdapUserStore, name: str, password: str) -> Deferred[Any]:
        return self.assertFailure(self.login(store, name, password), UnauthorizedLogin)

    def unavailable(self, store: LdapUserStore) -> Deferred[Any]:
        return self.assertFailure(self.login(store, "alice", "xxx"), AuthUnavailableError)


class SlapdTests(StoreTestCase):
    """
    OpenLDAP.
    """

    def setUp(self) -> None:
        """
        Start it.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.slapd = self.start()

    def start(self) -> Slapd:
        slapd = Slapd(self.folder)
        self.addCleanup(slapd.stop)
        return slapd

    def change(self, function: Callable[[Any], object]) -> None:
        """
        Change the directory's content.
        """
        connection = Connection(Server(self.slapd.ldap), f"cn=admin,{SUFFIX}", "admin-secret", auto_bind=True)
        function(connection)
        self.assertEqual(connection.result["description"], "success")
        connection.unbind()

    def ways(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """
        Plain text, StartTLS, and TLS.
        """
        trust = {"cert": self.slapd.authority}
        yield self.slapd.ldap, {}
        yield self.slapd.ldap, {"secureSocket": {**trust, "startTls": True}}
        yield self.slapd.ldaps, {"secureSocket": trust}
        yield self.slapd.ldaps.replace("localhost", "127.0.0.1"), {"secureSocket": trust}

    @inlineCallbacks
    def test_logins(self) -> Any:
        """
        In plain text, by StartTLS and by LDAPS: the right password gives name and groups, a wrong
        one and an unknown name give nothing (LD01).
        """
        for url, others in self.ways():
            store = self.store(url, **others)
            alice = yield self.login(store, "alice", "xxx")
            self.assertEqual((alice, sorted(alice.scopes)), (b"alice", ["admins", "developers"]))
            bob = yield self.login(store, "BOB", "yyy")
            self.assertEqual((bob, bob.scopes), (b"bob", ("developers",)))
            error = yield self.refused(store, "bob", "xxx")
            self.assertEqual(str(error), "Failed to authenticate username 'bob' with LDAP user store.")
            yield self.refused(store, "mallory", "xxx")

    @inlineCallbacks
    def test_scopes(self) -> Any:
        """
        Who is known and has none of the scopes is told so, who is not known is not (LD01).
        """
        from twisted.internet import reactor

        store = self.store(self.slapd.ldap)
        chain = Chain([Entry(kind="ldap", checker=store, scopes=frozenset(["admins"]))], reactor)

        def enter(name: bytes, password: bytes) -> Deferred[Any]:
            return Deferred.fromCoroutine(chain.login(BasicCredentials(name, password), None))

        login = yield enter(b"alice", b"xxx")
        self.assertEqual(login.principal.username, "alice")
        yield self.assertFailure(enter(b"bob", b"yyy"), AuthzError)
        yield self.assertFailure(enter(b"bob", b"xxx"), AuthnError)

    @inlineCallbacks
    def test_empty(self) -> Any:
        """
        An empty password is a wrong one (LD02).
        """
        store = self.store(self.slapd.ldap)
        yield self.refused(store, "alice", "")
        yield self.refused(store, "", "")

    @inlineCallbacks
    def test_injection(self) -> Any:
        """
        Names with the signs of filters and of distinguished names are nobody's (LD04).
        """
        store = self.store(self.slapd.ldap)
        names = ["*", "a*", "*)(uid=*", "admin)(|(uid=*", "\\2a", "a,dc=x", "a+b=c", "alice\x00", "a" * 65536]
        for name in names:
            for password in ("xxx", "yyy"):
                yield self.refused(store, name, password)

    @inlineCallbacks
    def test_signs(self) -> Any:
        """
        A name that has such signs is its owner's: bob's surname is C{O'Bob (ops)} (LD04).
        """
        store = self.store(self.slapd.ldap, userNameAttribute="sn", userNameSearchFilter="(sn=?)")
        bob = yield self.login(store, "O'Bob (ops)", "yyy")
        self.assertEqual((bob, bob.scopes), (b"O'Bob (ops)", ("developers",)))
        yield self.refused(store, "O'Bob (*)", "yyy")

    @inlineCallbacks
    def test_oddName(self) -> Any:
        """
        A distinguished name with all that can be escaped is bound, and found in groups (LD04).
        """
        attributes = {"uid": "odd", "sn": "Odd", "userPassword": "zzz"}
        self.change(partial(_add, ODD, "inetOrgPerson", attributes))
        self.change(partial(_add, f"cn=odd,ou=Groups,{SUFFIX}", "groupOfNames", {"member": ODD}))
        store = self.store(self.slapd.ldap)
        odd = yield self.login(store, "odd", "zzz")
        self.assertEqual((odd, odd.scopes), (b"odd", ("odd",)))
        # No group of OpenLDAP's core has memberUid; what it is compared with is the value all the same.
        store = self.store(self.slapd.ldap, membershipAttribute="memberUid")
        odd = yield self.login(store, "odd", "zzz")
        self.assertEqual(odd.scopes, ())

    @inlineCallbacks
    def test_twice(self) -> Any:
        """
        A name of two entries is nobody's, whosever password comes with it.
        """
        for place in ("Users", "Groups"):
            attributes = {"cn": "Twin", "sn": "Twin", "userPassword": place}
            self.change(partial(_add, f"uid=twin,ou={place},{SUFFIX}", "inetOrgPerson", attributes))
        store = self.store(self.slapd.ldap, userSearchBase=SUFFIX)
        both = self.store(self.slapd.ldap, userSearchBase=f"ou=Users,{SUFFIX}#ou=Groups,{SUFFIX}")
        for password in ("Users", "Groups"):
            yield self.refused(store, "twin", password)
            yield self.refused(both, "twin", password)
        twin = yield self.login(self.store(self.slapd.ldap), "twin", "Users")
        self.assertEqual(twin, b"twin")

    @inlineCallbacks
    def test_untrusted(self) -> Any:
        """
        Without its authority, or under another name, the directory is not believed (LD06).
        """
        other = self.slapd.ldaps.replace("localhost", "127.0.0.2")
        theirs = Authority("Other").write(self.folder, "other")
        for url, others in (
            (self.slapd.ldaps, {}),
            (self.slapd.ldaps, {"secureSocket": {"cert": theirs}}),
            (self.slapd.ldap, {"secureSocket": {"startTls": True}}),
            (self.slapd.ldap, {"secureSocket": {"startTls": True, "cert": theirs}}),
        ):
            error = yield self.unavailable(self.store(url, **others))
            self.assertIn("TLS: the certificate is not accepted: ", str(error))
        yield self.unavailable(self.store(other, secureSocket={"cert": self.slapd.authority}))

    @inlineCallbacks
    def test_account(self) -> Any:
        """
        When the account that searches is not let in, nobody can be told.
        """
        error = yield self.unavailable(self.store(self.slapd.ldap, connectionPassword="bad"))
        self.assertEqual(str(error), "LDAP: the account that searches is refused (result 49)")

    @inlineCallbacks
    def test_restart(self) -> Any:
        """
        A directory that was away is asked again as soon as it is there.
        """
        store = self.store(self.slapd.ldap)
        yield self.login(store, "alice", "xxx")
        self.slapd.stop()
        error = yield self.unavailable(store)
        self.assertIn("Connection refused", str(error))
        self.slapd.start()
        alice = yield self.login(store, "alice", "xxx")
        self.assertEqual(alice, b"alice")


class HangingTests(StoreTestCase):
    """
    A directory that hangs.
    """

    @inlineCallbacks
    def test_others(self) -> Any:
        """
        While logins wait for a directory that never answers, everything else goes on, and they
        end in time (LD07).
        """
        fake = FakeDirectory(self)
        fake.answers[BIND] = lambda asked: fake.hang
        store = self.store(fake.url, loginTimeout=1)
        took, late = 0.0, 1.0
        for _ in range(5):  # a machine that stands still may spoil some of these, but makes none better
            times = [monotonic()]
            ticking = LoopingCall(lambda times=times: times.append(monotonic()))
            ticking.start(0.01)
            yield gatherResults([self.unavailable(store) for _ in range(40)])
            ticking.stop()
            took = monotonic() - times[0]
            gaps = [later - earlier for earlier, later in pairwise(times)]
            late = sorted(gaps)[int(len(gaps) * 0.99)]
            if took < 2 and late < 0.2:
                break
        self.assertLess(took, 2)
        self.assertLess(late, 0.2)
