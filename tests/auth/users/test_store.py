"""
Tests of L{balws.auth.users.store}.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.auth.credentials import BasicCredentials
from balws.auth.users import store as filestore
from balws.auth.users.file import NO_USERS, UserFile
from balws.auth.users.passwords import MAX_PASSWORD, Scrypt
from balws.auth.users.store import FileUserStore
from balws.config.userstore import FileUserStoreConfig
from balws.errors import AuthUnavailableError, ConfigurationError
from tests.auth.hashed import CHEAP, cheapHash
from tests.auth.threaded import PATIENCE, ThreadedClock

CANARY = "p4ssw0rd-canary"
HASH = cheapHash(CANARY)
OTHER = cheapHash("another")


def table(username: str, line: str = HASH, scopes: str = "[]") -> str:
    return f'[[users]]\nusername = "{username}"\npassword = "{line}"\nscopes = {scopes}\n'


class StoreTestCase(SynchronousTestCase):
    """
    With what a store needs.
    """

    def setUp(self) -> None:
        self.clock = ThreadedClock()
        self.time = 1_000_000.0
        self.hashed: list[bytes] = []
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        derive = Scrypt.derive

        def counted(recipe: Scrypt, password: bytes, salt: bytes, length: int) -> bytes:
            self.hashed.append(password)
            return derive(recipe, password, salt, length)

        self.patch(Scrypt, "derive", counted)

    def store(self, **config: Any) -> FileUserStore:
        made = FileUserStore(FileUserStoreConfig(**config), self.clock, lambda: self.time)
        self.addCleanup(lambda: self.successResultOf(made.close()))
        return made

    def ask(self, store: FileUserStore, name: str = "alice", password: str = CANARY) -> Deferred[Any]:
        return store.requestAvatarId(BasicCredentials(name.encode(), password.encode()))

    def login(self, store: FileUserStore, name: str = "alice", password: str = CANARY, turns: int = 1) -> Any:
        result = self.ask(store, name, password)
        for _ in range(turns):
            self.clock.turn()
        return self.successResultOf(result)

    def refusal(self, store: FileUserStore, name: str = "alice", password: str = CANARY, turns: int = 1) -> str:
        result = self.ask(store, name, password)
        for _ in range(turns):
            self.clock.turn()
        return str(self.failureResultOf(result, UnauthorizedLogin).value)

    def lines(self, level: Any) -> list[str]:
        return [event["log_format"].format(**event) for event in self.events if event["log_level"] == level]

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])
        shown = repr([{key: str(value) for key, value in event.items()} for event in self.events])
        for secret in (CANARY, HASH):
            self.assertNotIn(secret, shown)


class LoginTests(StoreTestCase):
    """
    Who gets in.
    """

    def test_interface(self) -> None:
        """
        It is a checker of Cred for names and passwords.
        """
        store = self.store(users={"alice": HASH})
        self.assertTrue(verifyObject(ICredentialsChecker, store))
        self.assertEqual(store.credentialInterfaces, (IUsernamePassword,))

    def test_right(self) -> None:
        """
        The right password gives the user with the scopes, for as long as the user likes. (AB01)
        """
        store = self.store(users={"älice": {"password": HASH, "scopes": ["read", "write"]}, "bob": OTHER})
        identity = self.login(store, "älice")
        self.assertEqual((identity, identity.scopes), ("älice".encode(), ("read", "write")))
        self.assertIsNone(identity.expires)
        self.assertEqual(self.login(store, "bob", "another").scopes, ())

    def test_wrong(self) -> None:
        """
        A wrong password, another user's too, and an unknown user are refused. (AB01)
        """
        store = self.store(users={"alice": HASH, "bob": OTHER})
        wrong = "Failed to authenticate username 'alice' from file user store."
        for password in ("another", CANARY + " ", CANARY.upper(), HASH):
            self.assertEqual(self.refusal(store, "alice", password), wrong)
        for name in ("carol", "Alice", "alice ", "al", "ALICE"):
            self.assertEqual(self.refusal(store, name), f"Username '{name}' does not exists in file user store.")

    def test_exactly(self) -> None:
        """
        Colons, blanks at the end and letters of all alphabets count. (AB03)
        """
        for password in ("a:b:", "trailing ", "пароль 密码", "é", "e\u0301"):
            store = self.store(users={"alice": cheapHash(password)})
            self.login(store, "alice", password)
            self.refusal(store, "alice", password.rstrip(" :") + "x")
        self.refusal(store, "alice", "é")

    def test_odd(self) -> None:
        """
        Empty names and passwords, overlong ones and what is no UTF-8 are refused, without work
        where there is none to do. (AB02)
        """
        store = self.store(users={"alice": HASH})
        malformed = "Incorrect credential format. Format should be username:password"
        for name, password in ((b"", b"x"), (b"alice", b""), (b"", b"")):
            result = store.requestAvatarId(BasicCredentials(name, password))
            self.assertEqual(str(self.failureResultOf(result, UnauthorizedLogin).value), malformed)
        self.assertIn("longer than 1024 bytes", self.refusal(store, "alice", "x" * (MAX_PASSWORD + 1), turns=0))
        self.assertEqual(self.hashed, [])
        self.refusal(store, "alice", "x" * MAX_PASSWORD)
        result = store.requestAvatarId(BasicCredentials(b"\xff", b"\xff\x00"))
        self.clock.turn()
        self.failureResultOf(result, UnauthorizedLogin)

    def test_plain(self) -> None:
        """
        Plain text works where it is allowed, and nowhere else. (AB06)
        """
        store = self.store(users={"alice": CANARY}, allowPlaintextPasswords=True)
        self.login(store)
        self.refusal(store, password="x")
        error = self.assertRaises(ConfigurationError, self.store, users={"alice": HASH, "bob": CANARY})
        self.assertEqual(error.path, "users[1].password")
        self.assertIn('user "bob": plain text is refused', error.problem)
        self.assertNotIn(CANARY, str(error))

    def test_nobody(self) -> None:
        """
        A store without users is refused when it is made.
        """
        for config in ({}, {"users": []}, {"users": {}}):
            error = self.assertRaises(ConfigurationError, self.store, **config)
            self.assertEqual(str(error), NO_USERS)

    def test_unknownCosts(self) -> None:
        """
        An unknown user costs as much work as a known one, so that time tells nobody who is known.
        """
        store = self.store(users={"alice": HASH, "bob": OTHER})
        seen = []
        self.patch(Scrypt, "derive", lambda recipe, password, *rest: seen.append((recipe, password)) or bytes(32))
        self.refusal(store, "alice")
        self.refusal(store, "carol")
        self.assertEqual(seen, [(CHEAP, CANARY.encode())] * 2)


class BusyTests(StoreTestCase):
    """
    Hashing is work.
    """

    def test_full(self) -> None:
        """
        When too many passwords wait to be checked the rest is told so, not refused.
        """
        self.patch(filestore.os, "cpu_count", lambda: 1)
        store = self.store(users={"alice": HASH})
        derive, opened = Scrypt.derive, threading.Event()
        self.addCleanup(opened.set)
        self.patch(Scrypt, "derive", lambda *arguments: (opened.wait(PATIENCE), derive(*arguments))[1])
        results = [self.ask(store, "alice", f"wrong {number}") for number in range(66)]
        result = self.ask(store)
        self.assertNoResult(results[0])
        self.assertIn("too many", str(self.failureResultOf(result, AuthUnavailableError).value))
        opened.set()
        for _ in results:
            self.clock.turn()
        for each in results:
            self.failureResultOf(each, UnauthorizedLogin)
        self.login(store)

    def test_slow(self) -> None:
        """
        When it takes too long nobody knows who it is.
        """
        store = self.store(users={"alice": HASH})
        result = self.ask(store)
        self.clock.advance(filestore.HASH_TIMEOUT)
        self.failureResultOf(result, AuthUnavailableError)

    def test_cancelled(self) -> None:
        """
        A login that is given up leaves nothing to do.
        """
        store = self.store(users={"alice": HASH})
        result = self.ask(store)
        result.cancel()
        self.failureResultOf(result, CancelledError)

    def test_noMemory(self) -> None:
        """
        A hash that cannot be made is no wrong password, and no traceback shows the password.
        """

        def exhausted(*arguments: object) -> bytes:
            raise MemoryError

        self.patch(Scrypt, "derive", exhausted)
        result = self.ask(self.store(users={"alice": HASH}))
        self.clock.turn()
        failure = self.failureResultOf(result, AuthUnavailableError)
        self.assertIn("(MemoryError)", str(failure.value))
        self.assertIsNone(failure.value.__context__)

    def test_shared(self) -> None:
        """
        Many that come at a time with the same password cost one hash.
        """
        store = self.store(users={"alice": HASH})
        results = [self.ask(store) for _ in range(200)]
        self.clock.turn()
        self.assertEqual({self.successResultOf(each) for each in results}, {b"alice"})
        self.assertEqual(len(self.hashed), 1)

    def test_close(self) -> None:
        """
        A closed store works again when it is asked again.
        """
        store = self.store(users={"alice": HASH})
        self.login(store)
        self.successResultOf(store.close())
        self.time += 60
        self.login(store)


class RememberTests(StoreTestCase):
    """
    What was right a moment ago is not hashed again.
    """

    def test_hit(self) -> None:
        """
        For 60 seconds the right password costs nothing, whatever else is asked.
        """
        store = self.store(users={"alice": HASH, "bob": HASH})
        self.login(store)
        self.time += 59.9
        self.assertEqual(self.login(store, turns=0), b"alice")
        self.refusal(store, password="wrong")
        self.assertEqual(self.login(store, "bob"), b"bob")
        self.time += 0.1
        self.login(store)
        self.assertEqual(len(self.hashed), 4)

    def test_onlyRight(self) -> None:
        """
        Wrong passwords and unknown users are hashed each time.
        """
        store = self.store(users={"alice": HASH})
        for _ in range(2):
            self.refusal(store, password="wrong")
            self.refusal(store, "bob")
        self.assertEqual(len(self.hashed), 4)

    def test_bounded(self) -> None:
        """
        The last logins are remembered, and not more of them than was said.
        """
        self.patch(filestore, "MAX_REMEMBERED", 2)
        store = self.store(users={"a": HASH, "b": HASH, "c": HASH})
        for name in "abc":
            self.login(store, name)
        self.login(store, "b", turns=0)
        self.login(store, "c", turns=0)
        self.login(store, "a", turns=1)

    def test_clock(self) -> None:
        """
        A clock that is set back makes nothing last longer.
        """
        store = self.store(users={"alice": HASH})
        self.login(store)
        self.time -= 3600
        self.login(store, turns=1)

    def test_noPassword(self) -> None:
        """
        Nothing that is remembered shows a password, or is the same in another store. (AB13)
        """
        stores = [self.store(users={"alice": HASH}) for _ in range(2)]
        keys = set()
        for store in stores:
            self.login(store)
            keys.add(store._remembered.key(b"alice", CANARY.encode()))
        self.assertEqual({len(key) for key in keys}, {32})
        self.assertEqual(len(keys), 2)
        remembered = stores[0]._remembered
        self.assertNotEqual(remembered.key(b"ab", b"c"), remembered.key(b"a", b"bc"))


class FileTests(StoreTestCase):
    """
    Users in a file.
    """

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.path.touch(0o600)
        self.path.write_text(table("alice", scopes='["write"]') + table("bob"))

    def test_refused(self) -> None:
        """
        A file that cannot be used is refused when the store is made, with the place.
        """
        self.path.write_text(table("alice", CANARY))
        error = self.assertRaises(ConfigurationError, self.store, path=str(self.path))
        self.assertEqual((error.file, error.line, error.path), (str(self.path), 3, "users[0].password"))
        self.path.unlink()
        error = self.assertRaises(ConfigurationError, self.store, path=str(self.path))
        self.assertIn("No such file", str(error))

    def test_removed(self) -> None:
        """
        Who was taken out of the file cannot log in any more a second later, though the password
        was right a moment ago; who was put in can, and new scopes count. (AB10)
        """
        store = self.store(path=str(self.path))
        self.login(store, "alice")
        self.login(store, "bob")
        self.path.write_text(table("alice", scopes='["read"]') + table("carol", OTHER))
        self.time += 0.9
        self.login(store, "bob", turns=0)
        self.time += 0.1
        self.refusal(store, "bob", turns=2)
        self.assertEqual(self.login(store, "alice").scopes, ("read",))
        self.login(store, "carol", "another")
        self.assertEqual(self.lines(LogLevel.error), [])

    def test_lookOnce(self) -> None:
        """
        All that come in the same second wait for one look at the file; a look that finds nothing
        new forgets nothing.
        """
        store = self.store(path=str(self.path))
        self.login(store)
        looks = []
        look = UserFile.look
        self.patch(UserFile, "look", lambda file: (looks.append(file), look(file))[1])
        self.time += 1
        results = [self.ask(store) for _ in range(5)]
        self.clock.turn()
        self.assertEqual([self.successResultOf(each) for each in results], [b"alice"] * 5)
        self.login(store, turns=0)
        self.assertEqual(len(looks), 1)
        self.time -= 3600
        self.login(store, turns=2)
        self.assertEqual(len(looks), 2)

    def test_broken(self) -> None:
        """
        A file that is half written, wrong or gone leaves the last users, and one ERROR line until
        it changes again; nobody gets in who could not before. (AB10)
        """
        store = self.store(path=str(self.path))
        whole = self.path.read_text()
        states = [
            lambda: self.path.write_text(whole[:-40]),
            lambda: self.path.write_text(""),
            lambda: self.path.write_text(table("mallory", "plain")),
            lambda: self.path.write_bytes(b"\xff\xff"),
            self.path.unlink,
            self.path.mkdir,
        ]
        for number, state in enumerate(states, 1):
            state()
            self.time += 61
            self.login(store, "alice", turns=2)
            for name, password in (("alice", "wrong"), ("mallory", "plain"), ("carol", CANARY)):
                self.time += 1
                self.refusal(store, name, password, turns=2)
            lines = self.lines(LogLevel.error)
            self.assertEqual(len(lines), number)
            self.assertIn(f"the last ones stay: {self.path}", lines[-1])
        self.path.rmdir()
        self.path.write_text(table("carol"))
        self.time += 1
        self.login(store, "carol", turns=2)
        self.refusal(store, "alice")
        self.assertEqual(len(self.lines(LogLevel.error)), number)

    def test_hung(self) -> None:
        """
        When the file cannot be looked at in time nobody knows who may log in.
        """
        store = self.store(path=str(self.path))
        self.time += 1
        result = self.ask(store)
        self.clock.awaitCall()
        self.clock.advance(filestore.LOOK_TIMEOUT)
        self.assertIn("file of users", str(self.failureResultOf(result, AuthUnavailableError).value))
        self.login(store, turns=2)

    def test_late(self) -> None:
        """
        What a look found that nobody waited for any more counts at the next. (AB10)
        """
        store = self.store(path=str(self.path))
        self.login(store, "bob")
        self.path.write_text(table("alice"))
        self.time += 1
        result = self.ask(store, "bob")
        function, arguments = self.clock.awaitCall()
        self.clock.advance(filestore.LOOK_TIMEOUT)
        function(*arguments)
        self.failureResultOf(result, AuthUnavailableError)
        self.refusal(store, "bob", turns=2)

    def test_meanwhile(self) -> None:
        """
        A password that was being checked when the users changed is not remembered.
        """
        store = self.store(path=str(self.path))
        result = self.ask(store, "alice")
        checked = self.clock.awaitCall()
        self.path.write_text(table("alice", OTHER))
        self.time += 1
        later = self.ask(store, "bob")
        self.clock.turn()
        checked[0](*checked[1])
        self.assertEqual(self.successResultOf(result), b"alice")
        self.clock.turn()
        self.failureResultOf(later, UnauthorizedLogin)
        self.refusal(store, "alice")

    def test_cancelled(self) -> None:
        """
        A login that is given up while the file is read leaves nothing to do.
        """
        store = self.store(path=str(self.path))
        self.time += 1
        result = self.ask(store)
        result.cancel()
        self.failureResultOf(result, CancelledError)

    def test_reload(self) -> None:
        """
        On demand the file is read at once, and the passwords that stand in other files too.
        """
        secret = Path(self.mktemp())
        secret.touch(0o600)
        secret.write_text(HASH)
        self.path.write_text(f'[[users]]\nusername = "alice"\npassword = {{ file = "{secret.absolute()}" }}\n')
        store = self.store(path=str(self.path))
        self.login(store)
        secret.write_text(OTHER)
        self.time += 1
        self.login(store, turns=1)
        store.reload()
        self.clock.turn()
        self.refusal(store)
        self.login(store, "alice", "another")

    def test_reloadBroken(self) -> None:
        """
        What cannot be read then leaves the users, and an ERROR line each time.
        """
        store = self.store(path=str(self.path))
        self.path.unlink()
        for count in (1, 2):
            store.reload()
            self.clock.turn()
            self.assertEqual(len(self.lines(LogLevel.error)), count)
        store.reload()
        self.clock.awaitCall()
        self.clock.advance(filestore.LOOK_TIMEOUT)
        self.assertIn("no answer within 1.5 seconds", self.lines(LogLevel.error)[-1])
        self.login(store)

    def test_reloadCode(self) -> None:
        """
        Users that were given in code stay.
        """
        store = self.store(users={"alice": HASH})
        store.reload()
        self.login(store)

    def test_concern(self) -> None:
        """
        A file that others can read brings one WARNING, and another when that changes. (AB09)
        """
        self.path.chmod(0o644)
        store = self.store(path=str(self.path))
        line = "every user of this machine can read it"
        self.assertEqual([line in each for each in self.lines(LogLevel.warn)], [True])
        self.assertIn(str(self.path), self.lines(LogLevel.warn)[0])
        for mode, count in ((0o644, 1), (0o600, 1), (0o666, 2)):
            self.path.chmod(mode)
            self.time += 61
            self.login(store, turns=2)
            self.assertEqual(len(self.lines(LogLevel.warn)), count)

    def test_quiet(self) -> None:
        """
        A file that is as it should be brings no line.
        """
        self.login(self.store(path=str(self.path)))
        self.assertEqual(self.lines(LogLevel.warn) + self.lines(LogLevel.error), [])

    def test_relative(self) -> None:
        """
        The file is found though the process changes its folder, as twistd does.
        """
        store = self.store(path=os.path.relpath(self.path))
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir("/")
        self.time += 1
        self.login(store, turns=2)
        self.assertEqual(self.lines(LogLevel.error), [])
