"""
Tests of L{balws.auth.ldap.store}.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
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
from balws.auth.ldap.pool import IDLE
from balws.auth.ldap.store import MAX_NAME, MAX_PASSWORD, QUIET, LdapUserStore
from balws.auth.principal import Identity
from balws.errors import AuthUnavailableError, ConfigurationError
from tests.auth import fakeldap
from tests.auth.fakeldap import BIND, SEARCH, FakeDirectory, config, entry, result
from tests.auth.threaded import PATIENCE, ThreadedClock
from tests.certificates import Authority
from tests.commands import environment


class StoreTestCase(SynchronousTestCase):
    """
    Asks a store.
    """

    def setUp(self) -> None:
        self.clock = ThreadedClock()
        self.fake = FakeDirectory(self)
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def store(self, url: str = "", **others: Any) -> LdapUserStore:
        made = LdapUserStore(config(url or self.fake.url, **others), self.clock)
        self.addCleanup(self.dismiss, made)
        return made

    def dismiss(self, store: LdapUserStore) -> None:
        self.fake.stop()
        store.close().addErrback(lambda _: None)
        for thread in threading.enumerate():
            if thread.name == "balws LDAP":
                thread.join(PATIENCE)

    def ask(self, store: LdapUserStore, name: str | bytes = "alice", password: str | bytes = "xxx") -> Deferred[Any]:
        name, password = (each.encode() if isinstance(each, str) else each for each in (name, password))
        return store.requestAvatarId(BasicCredentials(name, password))

    def login(self, store: LdapUserStore, *args: Any) -> Identity:
        asked = self.ask(store, *args)
        self.assertNoResult(asked)
        self.clock.turn()
        found: Identity = self.successResultOf(asked)
        return found

    def assertRefused(self, asked: Deferred[Any], name: str) -> None:
        error = self.failureResultOf(asked, UnauthorizedLogin).value
        self.assertEqual(str(error), f"Failed to authenticate username '{name}' with LDAP user store.")

    def assertUnavailable(self, asked: Deferred[Any], words: str) -> None:
        self.assertIn(words, str(self.failureResultOf(asked, AuthUnavailableError).value))

    def lines(self, *levels: LogLevel) -> list[str]:
        """
        @return: what the store has written down.
        """
        return [
            each["log_format"].format(**each)
            for each in self.events
            if each["log_namespace"] == "balws.auth" and (not levels or each["log_level"] in levels)
        ]


class LdapUserStoreTests(StoreTestCase):
    """
    A checker of Cred.
    """

    def test_interface(self) -> None:
        """
        It is a checker for names and passwords.
        """
        store = self.store()
        self.assertTrue(verifyObject(ICredentialsChecker, store))
        self.assertEqual(store.credentialInterfaces, (IUsernamePassword,))

    def test_right(self) -> None:
        """
        The right password gives the name, and the groups as scopes (LD01).
        """
        identity = self.login(self.store())
        self.assertEqual((identity, identity.scopes, identity.expires), (b"alice", ("admins",), None))
        self.assertEqual(self.lines(), [])

    def test_wrong(self) -> None:
        """
        A wrong password and an unknown name are refused in the same words (LD01).
        """
        store = self.store()
        for name in ("alice", "mallory"):
            asked = self.ask(store, name, "bad")
            self.clock.turn()
            self.assertRefused(asked, name)
        self.assertEqual(self.lines(), [])

    def test_empty(self) -> None:
        """
        Without a name or a password nobody is asked, even where the directory lets everybody in
        who shows none (LD02).
        """
        self.fake.answers[BIND] = lambda asked: [result(fakeldap.BOUND)]
        store = self.store()
        self.assertRefused(self.ask(store, "alice", ""), "alice")
        self.assertRefused(self.ask(store, "", "xxx"), "")
        self.assertRefused(self.ask(store, "", ""), "")
        self.assertEqual((self.fake.connections, self.fake.asked), (0, []))

    def test_length(self) -> None:
        """
        Names and passwords have a longest; beyond it nobody is asked (LD04).
        """
        store = self.store()
        for name, password in (("a" * MAX_NAME, "x"), ("ü" * (MAX_NAME // 2), "x"), ("mallory", "x" * MAX_PASSWORD)):
            asked = self.ask(store, name, password)
            self.clock.turn()
            self.assertRefused(asked, name)
        searches = len(self.fake.searches())
        self.assertEqual(searches, 3)
        self.assertRefused(self.ask(store, "a" * (MAX_NAME + 1)), "")
        self.assertRefused(self.ask(store, "a" * 65536), "")
        self.assertRefused(self.ask(store, "alice", "x" * (MAX_PASSWORD + 1)), "alice")
        self.assertEqual(len(self.fake.searches()), searches)

    def test_noText(self) -> None:
        """
        What is no UTF-8 is nobody's.
        """
        store = self.store()
        self.assertRefused(self.ask(store, b"alice\xff"), "")
        self.assertRefused(self.ask(store, "alice", b"xxx\xff"), "alice")
        self.assertEqual(self.fake.connections, 0)

    def test_lazy(self) -> None:
        """
        A directory that is down when a store is made is no reason not to start.
        """
        self.fake.stop()
        store = self.store()
        self.assertEqual(self.lines(), [])
        asked = self.ask(store)
        self.clock.turn()
        self.assertUnavailable(asked, "LDAP: no connection: ")

    def test_filter(self) -> None:
        """
        A filter that is none is an error at the start.
        """
        error = self.assertRaises(ConfigurationError, self.store, groupNameListFilter="nonsense")
        self.assertEqual(error.path, "groupNameListFilter")

    def test_certificates(self) -> None:
        """
        So are certificates that cannot be read.
        """
        error = self.assertRaises(ConfigurationError, self.store, secureSocket={"startTls": True, "cert": "none.pem"})
        self.assertEqual(error.path, "secureSocket.cert")

    def test_cancel(self) -> None:
        """
        Who does not want to know any more is not told.
        """
        self.fake.answers[BIND] = lambda asked: self.fake.hang
        store = self.store()
        asked = self.ask(store)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.lines(), [])

    def test_pooled(self) -> None:
        """
        The searching account's connection is kept, and dropped when nobody came for a minute.
        """
        store = self.store()
        pool = store._directory.pool
        self.login(store)
        self.clock.advance(IDLE / 2)
        self.login(store)
        self.clock.advance(IDLE / 2)
        self.assertEqual((len(pool), len(self.clock.getDelayedCalls())), (1, 1))
        self.clock.advance(IDLE)
        self.assertEqual((len(pool), self.clock.getDelayedCalls()), (0, []))

    def test_close(self) -> None:
        """
        A closed store holds no connection and no timer, and works when it is asked again.
        """
        store = self.store()
        self.login(store)
        for _ in range(2):
            self.successResultOf(store.close())
            self.assertEqual((len(store._directory.pool), self.clock.getDelayedCalls()), (0, []))
        self.assertEqual(self.login(store), b"alice")

    def test_closeMeanwhile(self) -> None:
        """
        Closing waits for the logins that run.
        """
        began, goOn = threading.Event(), threading.Event()

        def search(asked: Any) -> Any:
            began.set()
            goOn.wait(PATIENCE)
            return self.fake.search(asked)

        self.fake.answers[SEARCH] = search
        store = self.store()
        asked = self.ask(store)
        began.wait(PATIENCE)
        closed = store.close()
        goOn.set()
        self.assertNoResult(closed)
        self.clock.turn()
        self.assertEqual(self.successResultOf(asked), b"alice")
        self.successResultOf(closed)
        self.assertEqual((len(store._directory.pool), self.clock.getDelayedCalls()), (0, []))


class PlainTextTests(StoreTestCase):
    """
    Passwords without TLS.
    """

    def test_warning(self) -> None:
        """
        One line at the start says when they go to another machine in plain text.
        """
        self.store("ldap://directory.example")
        self.assertEqual(
            self.lines(LogLevel.warn),
            ["Passwords go to ldap://directory.example in plain text; take ldaps or startTls."],
        )

    def test_quiet(self) -> None:
        """
        Nothing is said where they stay here, or go by TLS.
        """
        self.store("ldap://localhost")
        self.store("ldaps://directory.example")
        self.store("ldap://directory.example", secureSocket={"startTls": True})
        self.assertEqual(self.lines(), [])


class FaultTests(StoreTestCase):
    """
    Directories that cannot tell (LD07, G17).
    """

    def test_hang(self) -> None:
        """
        When a directory hangs, the login ends in time and the reactor's thread goes on; when all
        threads hang, so do those that wait (LD07).
        """
        self.fake.answers[BIND] = lambda asked: self.fake.hang
        store = self.store(loginTimeout=3)
        asked = [self.ask(store) for _ in range(9)]
        self.clock.advance(2.9)
        for each in asked:
            self.assertNoResult(each)
        self.clock.advance(0.2)
        for each in asked:
            self.assertUnavailable(each, "LDAP: no answer within 3 seconds")

    def test_tooMany(self) -> None:
        """
        When too many wait, further ones are told at once.
        """
        self.fake.answers[BIND] = lambda asked: self.fake.hang
        store = self.store()
        asked = [self.ask(store) for _ in range(68)]
        self.assertNoResult(asked[-1])
        self.assertUnavailable(self.ask(store), "LDAP: too many calls at a time")
        self.clock.advance(5)
        for each in asked:
            self.assertUnavailable(each, "LDAP: no answer within 5 seconds")

    def test_line(self) -> None:
        """
        One line in ten seconds says that a directory cannot be asked, and how many are not there.
        """
        self.fake.answers[BIND] = lambda asked: None
        store = self.store()
        words = f"LDAP user store {self.fake.url}: session terminated by server"
        for _ in range(3):
            asked = self.ask(store)
            self.clock.turn()
            self.assertUnavailable(asked, "LDAP: session terminated by server")
        self.assertEqual(self.lines(LogLevel.error), [words])
        self.clock.advance(QUIET)
        for _ in range(2):
            asked = self.ask(store)
            self.clock.turn()
            self.failureResultOf(asked)
        self.assertEqual(self.lines(), [words, f"{words} (2 more like this)"])

    def test_two(self) -> None:
        """
        A name of two entries is refused, and the operator is told.
        """
        self.fake.answers[SEARCH] = lambda asked: [entry("uid=a"), entry("uid=b"), result(fakeldap.DONE)]
        asked = self.ask(self.store())
        self.clock.turn()
        self.assertRefused(asked, "alice")
        (line,) = self.lines(LogLevel.error)
        self.assertIn("more than one entry fits the name 'alice', and so none does", line)

    def test_noSecrets(self) -> None:
        """
        No password is in a log, an error, its traceback or a repr, whatever happens (AB13).
        """
        store = self.store(connectionPassword="p4ssw0rd-canary-1")
        for answer in (lambda asked: [result(fakeldap.BOUND)], self.fake.bind, lambda asked: None):
            self.fake.answers[BIND] = answer
            asked = self.ask(store, "alice", "p4ssw0rd-canary-2")
            self.clock.turn()
            outcome: list[Any] = []
            asked.addBoth(outcome.append)
            failure = outcome[0]
            said = repr(failure)
            if not isinstance(failure, Identity):
                said += failure.getTraceback(detail="verbose") + repr(failure.value.__dict__)
                for frame in _frames(failure):
                    said += repr(frame)
            self.assertNotIn("canary", said)
        self.assertNotIn("canary", "".join(self.lines()) + repr(store) + repr(vars(store)))

    def test_descriptors(self) -> None:
        """
        Where the process has no descriptor left, nobody gets in; with some, the same store works (G17).
        """
        command = [sys.executable, "-W", "error", "-c", _SCARCE, self.fake.url]
        home = Path(__file__).parents[3]  # where the tests are found
        done = subprocess.run(command, cwd=home, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.stderr, "")
        scarce, enough = json.loads(done.stdout)
        self.assertEqual(scarce[0], "AuthUnavailableError")
        self.assertEqual(enough, ["Identity", "alice"])


def _frames(failure: Any) -> list[Any]:
    found, at = [], failure.value.__traceback__
    while at is not None:
        found.append(at.tb_frame.f_locals)
        at = at.tb_next
    return found


#: Logs in without a descriptor to spare, and then with some.
_SCARCE = """
import json, resource, socket, sys
from twisted.internet import defer, reactor
from balws.auth.credentials import BasicCredentials
from balws.auth.ldap.store import LdapUserStore
from tests.auth.fakeldap import config

async def run():
    store = LdapUserStore(config(sys.argv[1]), reactor)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    kept, found = [], []
    try:
        while True:
            kept.append(socket.socket())
    except OSError:
        pass
    for _ in range(2):
        try:
            identity = await store.requestAvatarId(BasicCredentials(b"alice", b"xxx"))
            found.append([type(identity).__name__, identity.decode()])
        except Exception as problem:
            found.append([type(problem).__name__, str(problem)])
        for each in kept:
            each.close()
    await store.close()
    print(json.dumps(found))

reactor.callWhenRunning(lambda: defer.ensureDeferred(run()).addBoth(lambda _: reactor.stop()))
reactor.run()
"""


class ReloadTests(StoreTestCase):
    """
    Certificates are read again.
    """

    def test_reload(self) -> None:
        """
        A new authority is trusted from then on; a broken file leaves the old one, with a line that
        says so.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        old, new = Authority("Old"), Authority("New")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*new.issue("127.0.0.1").write(folder))
        fake = FakeDirectory(self, server, isLdaps=True)
        path = old.write(folder)
        store = self.store(fake.url, secureSocket={"cert": path})
        asked = self.ask(store)
        self.clock.turn()
        self.assertUnavailable(asked, "TLS: the certificate is not accepted")
        new.write(folder)
        store.reload()
        self.assertEqual(self.login(store), b"alice")
        Path(path).write_text("nonsense")
        store.reload()
        line = self.lines(LogLevel.error)[-1]
        self.assertIn(f"LDAP user store {fake.url}: the old certificates stay: secureSocket.cert: ", line)
        self.assertEqual(self.login(store), b"alice")
        self.successResultOf(store.close())
