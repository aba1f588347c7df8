"""
Tests of L{balws.auth.ldap.directory}.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any
from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.ldap import directory as ldapdirectory
from balws.auth.ldap.directory import NOBODY, Directory, Outcome
from balws.auth.ldap.pool import IDLE, ROLES_AGE
from balws.errors import ConfigurationError
from tests.auth import fakeldap
from tests.auth.fakeldap import BIND, SEARCH, SUFFIX, UNBIND, Asked, FakeDirectory, config, entry, result
from tests.auth.threaded import PATIENCE
from tests.certificates import Authority

ADMIN = f"cn=admin,{SUFFIX}"
ALICE = f"uid=alice,ou=Users,{SUFFIX}"

#: As whom a password is tried where there is no user.
DECOY = f"uid={NOBODY},ou=Users,{SUFFIX}"

AMBIGUOUS = "more than one entry fits the name 'alice', and so none does"


class DirectoryTestCase(SynchronousTestCase):
    """
    Logs in.
    """

    def setUp(self) -> None:
        self.fake = FakeDirectory(self)
        self.clock = Clock()

    def directory(self, url: str = "", **others: Any) -> Directory:
        made = Directory(config(url or self.fake.url, **others), self.clock.seconds)
        self.addCleanup(lambda: made.pool.clear())
        return made

    def login(self, directory: Directory, name: str = "alice", password: bytes = b"xxx") -> Outcome:
        return directory.login(name, password, monotonic() + PATIENCE)

    def assertIs_(self, outcome: Outcome, name: bytes, *scopes: str) -> None:
        """
        Somebody is known.
        """
        self.assertEqual((outcome.unavailable, outcome.note), ("", ""))
        assert outcome.identity is not None
        self.assertEqual((bytes(outcome.identity), outcome.identity.scopes), (name, scopes))

    def assertNobody(self, outcome: Outcome, note: str = "") -> None:
        self.assertEqual(outcome, Outcome(note=note))

    def assertUnavailable(self, outcome: Outcome, words: str) -> None:
        self.assertEqual((outcome.identity, outcome.note), (None, ""))
        self.assertIn(words, outcome.unavailable)
        self.assertNotEqual(outcome.unavailable, "")

    def find(self, *found: bytes, code: int = 0) -> None:
        """
        From now on a search for users finds this.
        """

        def search(asked: Asked) -> Any:
            return [*found, result(fakeldap.DONE, code)] if "Users" in asked.name else self.fake.search(asked)

        self.fake.answers[SEARCH] = search


class LoginTests(DirectoryTestCase):
    """
    The procedure: search, bind, groups.
    """

    def test_right(self) -> None:
        """
        Who shows the right password is known by the directory's name, with groups as scopes (LD01).
        """
        self.assertIs_(self.login(self.directory()), b"alice", "admins")
        self.assertEqual(self.fake.binds(), [(ADMIN, b"admin-secret"), (ALICE, b"xxx")])
        users, groups = self.fake.searches()
        self.assertEqual((users.compared, users.sizeLimit, users.aliases), ([b"inetOrgPerson", b"alice"], 2, 0))
        self.assertEqual((groups.compared, groups.aliases), ([b"groupOfNames", ALICE.encode()], 0))

    def test_ownConnection(self) -> None:
        """
        The user's bind has a connection of its own: whoever searches never does so as a user.
        """
        self.login(self.directory())
        self.assertEqual(
            [(each.kind, each.connection) for each in self.fake.asked if each.kind != UNBIND],
            [(BIND, 1), (SEARCH, 1), (BIND, 2), (SEARCH, 1)],
        )

    def test_wrongPassword(self) -> None:
        """
        Who shows a wrong one is nobody, and nobody's groups are looked for (LD01).
        """
        self.assertNobody(self.login(self.directory(), password=b"bad"))
        self.assertEqual(len(self.fake.searches()), 1)

    def test_unknown(self) -> None:
        """
        Whom the search does not find is nobody, and costs as much as somebody: his password is
        tried as that of a user that there is not (LD01).
        """
        self.assertNobody(self.login(self.directory(), "mallory"))
        self.assertEqual(self.fake.binds(), [(ADMIN, b"admin-secret"), (DECOY, b"xxx")])
        self.assertEqual(
            [(each.kind, each.connection) for each in self.fake.asked if each.kind != UNBIND],
            [(BIND, 1), (SEARCH, 1), (BIND, 2)],
        )

    def test_decoy(self) -> None:
        """
        Whatever comes of that, nobody is nobody; where somebody could not be told of either,
        neither can he.
        """

        def bind(code: int) -> Callable[[Asked], Any]:
            return lambda asked: [result(fakeldap.BOUND, 0 if asked.name == ADMIN else code)]

        found: tuple[tuple[bytes, ...], ...] = ((), (entry("uid=a"), entry("uid=b")), (entry("", uid=["alice"]),))
        for entries in found:
            self.find(*entries)
            note = AMBIGUOUS if len(entries) == 2 else ""
            for code in (0, 32, 49, 53):
                self.fake.answers[BIND] = bind(code)
                self.assertNobody(self.login(self.directory()), note)
            self.fake.answers[BIND] = bind(51)
            self.assertUnavailable(self.login(self.directory()), "the user's bind ended with result 51")
        self.assertEqual({each for each in self.fake.binds() if each[0] != ADMIN}, {(DECOY, b"xxx")})

    def test_injection(self) -> None:
        """
        A name that is made to be more is looked for as it is, once, and is nobody's (LD04).
        """
        directory = self.directory()
        names = ["*", "*)(uid=*", "admin)(|(uid=*", "\\2a", "a,dc=x", "a+b=c", "mallory\x00", " mallory"]
        for name in names:
            self.assertNobody(self.login(directory, name))
        self.assertEqual([each.compared[1].decode() for each in self.fake.searches()], names)
        self.assertEqual(self.fake.binds(), [(ADMIN, b"admin-secret"), *[(DECOY, b"xxx")] * len(names)])

    def test_names(self) -> None:
        """
        A distinguished name out of the directory is bound and looked for as it is.
        """
        name = f"cn=O'Bob \\28ops\\29*\\2C x,ou=Users,{SUFFIX}"
        self.find(entry(name, uid=["bob"]))
        self.fake.answers[BIND] = lambda asked: [result(fakeldap.BOUND)]
        self.assertIs_(self.login(self.directory(), "bob"), b"bob", "admins")
        self.assertEqual(self.fake.binds()[1][0], name)
        self.assertEqual(self.fake.searches()[1].compared[1], name.encode())

    def test_two(self) -> None:
        """
        A name that two entries have is nobody's, and no password is tried at either.
        """
        for found, code in (((entry("uid=a"), entry("uid=b")), 0), ((entry("uid=a"), entry("uid=b")), 4)):
            self.find(*found, code=code)
            self.assertNobody(self.login(self.directory()), AMBIGUOUS)
        self.assertEqual({name for name, _ in self.fake.binds()}, {ADMIN, DECOY})

    def test_cut(self) -> None:
        """
        A search that was cut behind one entry may have found the wrong one.
        """
        self.find(entry(ALICE, uid=["alice"]), code=4)
        self.assertNobody(self.login(self.directory()), AMBIGUOUS)

    def test_noName(self) -> None:
        """
        An entry without a name is nobody: a bind without a name would be anybody's.
        """
        self.find(entry("", uid=["alice"]))
        self.fake.answers[BIND] = lambda asked: [result(fakeldap.BOUND)]
        self.assertNobody(self.login(self.directory()))
        self.assertEqual([name for name, _ in self.fake.binds()], [ADMIN, DECOY])

    def test_bases(self) -> None:
        """
        Users may be below several entries; found twice is found once, two are too many.
        """
        self.fake.answers[SEARCH] = lambda asked: (
            [result(fakeldap.DONE)] if asked.name == "ou=None" else self.fake.search(asked)
        )
        self.assertIs_(self.login(self.directory(userSearchBase=f"ou=None#ou=Users,{SUFFIX}")), b"alice", "admins")
        self.assertEqual([each.name for each in self.fake.searches()][:2], ["ou=None", f"ou=Users,{SUFFIX}"])
        self.fake.answers[SEARCH] = lambda asked: [entry(ALICE, uid=["alice"]), result(fakeldap.DONE)]
        both = f"{SUFFIX}#ou=Users,{SUFFIX}"
        self.assertIs_(self.login(self.directory(userSearchBase=both, groupSearchBase=[])), b"alice")
        self.fake.answers[SEARCH] = lambda asked: [entry(f"uid=alice,{asked.name}"), result(fakeldap.DONE)]
        self.assertNobody(self.login(self.directory(userSearchBase=both)), AMBIGUOUS)

    def test_called(self) -> None:
        """
        However a peer writes a name, it is the directory's; where that says none or several, the
        nearest.
        """
        directory = self.directory()
        for values, asked, name in (
            (["Alice"], "ALICE", b"Alice"),
            (["alice"], "alice@balws.test", b"alice"),
            (["al", "alice"], "ALICE ", b"alice"),
            (["al", "alice"], "a.lice", b"a.lice"),
            ([], "alice", b"alice"),
        ):
            self.find(entry(ALICE, uid=values))
            self.assertIs_(self.login(directory, asked), name, "admins")

    def test_template(self) -> None:
        """
        The name stands for each question mark of the filter.
        """
        directory = self.directory(userNameSearchFilter="(&(uid=?)(mail=?@balws.test))")
        self.login(directory, "a*c")
        self.assertEqual(self.fake.searches()[0].compared, [b"a*c", b"a*c@balws.test"])

    def test_refusals(self) -> None:
        """
        A bind that fails for the user's sake is a no; another failure tells nothing.
        """
        directory = self.directory()

        def bind(code: int) -> Callable[[Asked], Any]:
            return lambda asked: [result(fakeldap.BOUND, 0 if asked.name == ADMIN else code)]

        for code in (19, 32, 34, 48, 49, 50, 53):
            self.fake.answers[BIND] = bind(code)
            self.assertNobody(self.login(directory))
        for code in (1, 2, 3, 8, 11, 13, 14, 51, 52, 80):
            self.fake.answers[BIND] = bind(code)
            self.assertUnavailable(self.login(directory), f"the user's bind ended with result {code}")

    def test_account(self) -> None:
        """
        When the account that searches is refused, nobody is, and no user's password is sent.
        """
        directory = self.directory(connectionPassword="p4ssw0rd-canary")
        outcome = self.login(directory)
        self.assertUnavailable(outcome, "the account that searches is refused (result 49)")
        self.assertNotIn("canary", repr(outcome))
        self.assertEqual(self.fake.binds(), [(ADMIN, b"p4ssw0rd-canary")])

    def test_noBase(self) -> None:
        """
        A base that is not there is the operator's mistake, and no answer.
        """
        self.find(code=32)
        self.assertUnavailable(self.login(self.directory()), "ended with noSuchObject")

    def test_ownFault(self) -> None:
        """
        A fault of ours lets nobody in, and no traceback comes along with the password (AB13).
        """
        directory = self.directory()
        with patch.object(ldapdirectory, "escaped", side_effect=RuntimeError("p4ssw0rd-canary")):
            self.assertEqual(self.login(directory), Outcome(unavailable="failed (RuntimeError)"))

    def test_filters(self) -> None:
        """
        A filter that is none is an error at the start, which names it.
        """
        for field in ("userNameSearchFilter", "userNameListFilter", "groupNameSearchFilter", "groupNameListFilter"):
            error = self.assertRaises(ConfigurationError, self.directory, **{field: "(uid=?"})
            self.assertEqual(error.path, field)

    def test_lazy(self) -> None:
        """
        Nothing is connected to before somebody logs in.
        """
        self.directory()
        self.assertEqual(self.fake.connections, 0)


class GroupsTests(DirectoryTestCase):
    """
    Groups are scopes.
    """

    def group(self, *found: bytes, code: int = 0) -> None:
        """
        From now on a search for groups finds this.
        """

        def search(asked: Asked) -> Any:
            return [*found, result(fakeldap.DONE, code)] if "Users" not in asked.name else self.fake.search(asked)

        self.fake.answers[SEARCH] = search

    def test_none(self) -> None:
        """
        Who has no groups has no scopes.
        """
        self.group()
        self.assertIs_(self.login(self.directory()), b"alice")

    def test_several(self) -> None:
        """
        All names of all groups below all bases are scopes, each once.
        """
        self.group(entry("cn=a", cn=["a", "b"]), entry("cn=c", cn=["c"]))
        self.assertIs_(self.login(self.directory(groupSearchBase=["ou=A", "ou=B"])), b"alice", "a", "b", "c")

    def test_memberUid(self) -> None:
        """
        C{memberUid} is compared with the first value of the user's distinguished name.
        """
        for attribute in ("memberUid", "memberuid"):
            self.assertIs_(self.login(self.directory(membershipAttribute=attribute)), b"alice", "admins")
            self.assertEqual(self.fake.searches()[-1].compared[1], b"alice")

    def test_noText(self) -> None:
        """
        Where that is no text, nobody can tell the groups.
        """
        name = f"uid=#0403626f62,ou=Users,{SUFFIX}"
        self.find(entry(name, uid=["alice"]))
        self.fake.answers[BIND] = lambda asked: [result(fakeldap.BOUND)]
        outcome = self.login(self.directory(membershipAttribute="memberUid"))
        self.assertUnavailable(outcome, "the user's entry has a distinguished name that does not begin with a text")

    def test_failure(self) -> None:
        """
        When the groups cannot be looked for, nobody gets in without them.
        """
        self.group(code=52)
        self.assertUnavailable(self.login(self.directory()), "ended with unavailable")

    def test_tooMany(self) -> None:
        """
        Nor does who has more groups than can be.
        """
        self.patch(ldapdirectory, "MAX_GROUPS", 2)
        groups = [entry(f"cn={name}", cn=[name]) for name in ("a", "b", "c")]
        self.group(*groups[:2])
        self.assertIs_(self.login(self.directory()), b"alice", "a", "b")
        self.group(*groups)
        self.assertUnavailable(self.login(self.directory()), "more than 2 groups of one user")

    def test_remembered(self) -> None:
        """
        Groups are remembered for a minute where that is wanted; passwords never are.
        """
        directory = self.directory(userRolesCacheEnabled=True)
        self.login(directory)
        self.group()
        self.assertNobody(self.login(directory, password=b"bad"))
        self.clock.advance(ROLES_AGE - 1)
        self.assertIs_(self.login(directory), b"alice", "admins")
        self.clock.advance(1)
        self.assertIs_(self.login(directory), b"alice")

    def test_notRemembered(self) -> None:
        """
        Else they are looked for at each login.
        """
        directory = self.directory()
        self.login(directory)
        self.group()
        self.assertIs_(self.login(directory), b"alice")


class PoolingTests(DirectoryTestCase):
    """
    Connections of the account that searches.
    """

    def accountBinds(self) -> int:
        return len([name for name, _ in self.fake.binds() if name == ADMIN])

    def test_reused(self) -> None:
        """
        The next login needs no new one, whether the last was right or wrong.
        """
        directory = self.directory()
        for password in (b"xxx", b"bad", b"xxx"):
            self.login(directory, password=password)
        self.assertEqual((self.accountBinds(), len(directory.pool)), (1, 1))

    def test_notPooled(self) -> None:
        """
        Without pooling each login has its own, and says good-bye.
        """
        directory = self.directory(connectionPoolingEnabled=False)
        for _ in range(2):
            self.assertIs_(self.login(directory), b"alice", "admins")
        self.fake.hangUp()
        self.assertEqual((self.accountBinds(), self.fake.kinds().count(UNBIND), len(directory.pool)), (2, 4, 0))

    def test_idle(self) -> None:
        """
        One that waited for a minute is not used any more.
        """
        directory = self.directory()
        self.login(directory)
        self.clock.advance(IDLE)
        self.login(directory)
        self.assertEqual((self.accountBinds(), len(directory.pool)), (2, 1))

    def test_broken(self) -> None:
        """
        One that broke while it waited is replaced, and nobody notices.
        """
        directory = self.directory()
        self.login(directory)
        self.fake.hangUp()
        self.assertIs_(self.login(directory), b"alice", "admins")
        self.assertEqual((self.accountBinds(), len(directory.pool)), (2, 1))

    def test_brokenAgain(self) -> None:
        """
        It is replaced once: when the new one breaks, too, nobody can tell.
        """
        directory = self.directory()
        self.login(directory)
        self.fake.answers[SEARCH] = lambda asked: None
        self.assertUnavailable(self.login(directory), "session terminated by server")
        self.assertEqual((self.accountBinds(), len(directory.pool)), (2, 0))

    def test_deadline(self) -> None:
        """
        A login that uses a kept connection has its own time.
        """
        directory = self.directory()
        self.login(directory)
        self.fake.answers[SEARCH] = lambda asked: self.fake.hang
        began = monotonic()
        self.assertUnavailable(directory.login("alice", b"xxx", began + 0.1), "time")
        self.assertLess(monotonic() - began, 5)

    def test_brokenLater(self) -> None:
        """
        One that breaks in the middle of a login is not kept.
        """
        directory = self.directory()
        self.fake.answers[SEARCH] = lambda asked: None if "Groups" in asked.name else self.fake.search(asked)
        self.assertUnavailable(self.login(directory), "session terminated by server")
        self.assertEqual(len(directory.pool), 0)


class ReloadTests(DirectoryTestCase):
    """
    Certificates are read again.
    """

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = Authority().write(self.folder)

    def test_anew(self) -> None:
        """
        What trusted the old certificates is not used any more.
        """
        directory = self.directory()
        self.login(directory)
        directory.reload()
        self.assertEqual(len(directory.pool), 0)
        self.assertIs_(self.login(directory), b"alice", "admins")

    def test_meanwhile(self) -> None:
        """
        Nor is what a login that runs meanwhile uses.
        """
        directory = self.directory()
        old = directory.pool

        def search(asked: Asked) -> Any:
            directory.reload()
            return self.fake.search(asked)

        self.fake.answers[SEARCH] = search
        self.assertIs_(self.login(directory), b"alice", "admins")
        self.assertEqual((len(old), len(directory.pool)), (0, 0))

    def test_broken(self) -> None:
        """
        When they cannot be read, the old ones stay, and so do the connections.
        """
        directory = self.directory(secureSocket={"cert": self.path, "startTls": True})
        pool = directory.pool
        Path(self.path).write_text("nonsense")
        self.assertRaises(ConfigurationError, directory.reload)
        self.assertIs(directory.pool, pool)


class FaultTests(DirectoryTestCase):
    """
    Whatever is wrong with a directory, nobody gets in (LD07, G17).
    """

    def assertFaulty(self, words: str, **others: Any) -> None:
        directory = self.directory(**others)
        self.assertUnavailable(self.login(directory), words)
        self.assertEqual(len(directory.pool), 0)

    def test_down(self) -> None:
        """
        Where nobody listens.
        """
        self.fake.stop()
        self.assertFaulty("no connection: ")

    def test_silent(self) -> None:
        """
        Where somebody accepts and never answers, from whichever request on.
        """
        self.fake.answers[BIND] = lambda asked: self.fake.hang
        self.assertFaulty("no answer in time", readTimeout=0.1)
        self.fake.answers[BIND] = lambda asked: self.fake.bind(asked) if asked.name == ADMIN else self.fake.hang
        self.assertFaulty("no answer in time", readTimeout=0.1)
        self.fake.answers[BIND] = self.fake.bind
        self.fake.answers[SEARCH] = lambda asked: self.fake.hang
        self.assertFaulty("no answer in time", readTimeout=0.1)
        self.fake.answers[SEARCH] = lambda asked: self.fake.hang if "Groups" in asked.name else self.fake.search(asked)
        self.assertFaulty("no answer in time", readTimeout=0.1)

    def test_dies(self) -> None:
        """
        Where somebody hangs up in the middle of a bind.
        """
        self.fake.answers[BIND] = lambda asked: None
        self.assertFaulty("session terminated by server")
        self.fake.answers[BIND] = lambda asked: self.fake.bind(asked) if asked.name == ADMIN else None
        self.assertFaulty("session terminated by server")

    def test_garbage(self) -> None:
        """
        Where nonsense comes back, to the first or to a later request.
        """
        self.fake.answers[BIND] = lambda asked: b"\x30\x03abc"
        self.assertFaulty("no answer that can be understood")
        self.fake.answers[BIND] = lambda asked: self.fake.bind(asked) if asked.name == ADMIN else b"\x30\x03abc"
        self.assertFaulty("no answer that can be understood")

    def test_slow(self) -> None:
        """
        Where each answer takes its time, and so the login takes too long.
        """

        def late(asked: Asked) -> Any:
            self.fake._stopped.wait(0.08)
            return self.fake.bind(asked) if asked.kind == BIND else self.fake.search(asked)

        self.fake.answers.update({BIND: late, SEARCH: late})
        directory = self.directory()
        outcome = directory.login("alice", b"xxx", monotonic() + 0.2)
        self.assertUnavailable(outcome, "time")

    def test_badTls(self) -> None:
        """
        Where the certificate is not right.
        """
        authority = Authority()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.assertFaulty(
            "TLS: ", url=self.fake.url.replace("ldap:", "ldaps:"), secureSocket={"cert": authority.write(folder)}
        )

    def test_noDescriptors(self) -> None:
        """
        Where there are no more sockets, at once or in the middle of a login.
        """
        problem = OSError(errno.EMFILE, "Too many open files")
        with patch.object(socket, "socket", side_effect=problem):
            self.assertFaulty("Too many open files")
        real, made = socket.socket, []

        class Scarce(real):  # type: ignore[misc, valid-type]
            def __init__(self, family: int = -1, *args: Any, **kwargs: Any) -> None:
                if kwargs.get("fileno") is None and len(args) < 3:
                    made.append(self)
                    if len(made) > 1:
                        raise problem
                super().__init__(family, *args, **kwargs)

        with patch.object(socket, "socket", Scarce):
            self.assertFaulty("Too many open files")
