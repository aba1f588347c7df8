"""
Tests of L{balws.auth.chain}.
"""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IAnonymous
from twisted.cred.error import LoginDenied, LoginFailed, Unauthorized, UnauthorizedLogin, UnhandledCredentials
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.chain import Chain, Entry, Undecided
from balws.auth.credentials import BasicCredentials, BearerToken
from balws.auth.principal import Identity, Principal
from balws.errors import AuthnError, AuthUnavailableError, AuthzError
from tests.auth.checking import ADA, CANARY, NO, Answering, AnsweringTokens, CountingRealm, Raising, Waiting

BASIC = BasicCredentials(b"ada", CANARY.encode())
TOKEN = BearerToken(CANARY)
DOWN = AuthUnavailableError("the directory is down")


class ChainTestCase(SynchronousTestCase):
    """
    Chains, and who is let in by them.
    """

    def setUp(self) -> None:
        self.clock = Clock()

    def chain(self, *checkers: Any, **more: Any) -> Chain:
        """
        @return: a chain of checkers without scopes, or of entries.
        """
        entries = [each if isinstance(each, Entry) else Entry(kind="test", checker=each) for each in checkers]
        return Chain(entries, self.clock, now=lambda: 1000.0, **more)

    def login(self, chain: Chain, credentials: Any = BASIC) -> Deferred[Any]:
        """
        @return: fires with the login.
        """
        return Deferred.fromCoroutine(chain.login(credentials, "mind"))

    def failed(self, kind: type[Exception], *checkers: Any, credentials: Any = BASIC) -> Any:
        """
        @return: why nobody is let in.
        """
        failure = self.failureResultOf(self.login(self.chain(*checkers), credentials), kind)
        self.assertNotIn(CANARY, f"{failure.value} {failure.getTraceback(detail='verbose')}")
        return failure.value


class OrderTests(ChainTestCase):
    """
    The entries are tried in turn (decision 12, table 5.1).
    """

    def test_success(self) -> None:
        """
        The first that knows who it is decides, and nobody is asked after it.
        """
        first, second, third = Answering(NO), Answering(ADA), Answering(Identity("eve"))
        login = self.successResultOf(self.login(self.chain(first, second, third)))
        self.assertEqual(login.principal, Principal(username="ada", scopes=frozenset(ADA.scopes)))
        self.assertEqual((first.asked, second.asked, third.asked), ([BASIC], [BASIC], []))

    def test_kinds(self) -> None:
        """
        An entry is asked for credentials of its own kind alone.
        """
        passwords, tokens = Answering(ADA), AnsweringTokens(Identity("bob"))
        chain = self.chain(passwords, tokens)
        for credentials, name in ((BASIC, "ada"), (TOKEN, "bob")):
            login = self.successResultOf(self.login(chain, credentials))
            self.assertEqual(login.principal.username, name)
        self.assertEqual((passwords.asked, tokens.asked), ([BASIC], [TOKEN]))

    def test_nobody(self) -> None:
        """
        When nobody knows who it is all reasons are kept for the log.
        """
        error = self.failed(AuthnError, Answering(UnauthorizedLogin("first")), Answering(NO), AnsweringTokens(ADA))
        self.assertEqual(str(error), "first; nobody knows that one")
        error = self.failed(AuthnError, Answering(UnauthorizedLogin()))
        self.assertEqual(str(error), "not authenticated")

    def test_noEntry(self) -> None:
        """
        Credentials for which there is no entry, and a chain without entries, let nobody in.
        """
        for checkers in ((AnsweringTokens(ADA),), ()):
            self.assertIn("no entry", str(self.failed(AuthnError, *checkers)))

    def test_unavailable(self) -> None:
        """
        Who cannot be asked is passed over; only when nobody else knows, it is said.
        """
        login = self.successResultOf(self.login(self.chain(Answering(DOWN), Answering(ADA))))
        self.assertEqual(login.principal.username, "ada")
        self.assertEqual(str(self.failed(AuthUnavailableError, Answering(DOWN))), str(DOWN))
        self.assertEqual(str(self.failed(AuthUnavailableError, Answering(DOWN), Answering(NO))), str(DOWN))
        self.assertEqual(str(self.failed(AuthUnavailableError, Answering(NO), Answering(DOWN))), str(DOWN))

    def test_undecided(self) -> None:
        """
        Beside those who cannot tell it is known whether somebody said no.
        """
        broken = Raising(ZeroDivisionError())
        for checkers, wasRefused in (
            ([Answering(DOWN)], False),
            ([Answering(DOWN), broken], False),
            ([Answering(DOWN), AnsweringTokens(NO)], False),
            ([Answering(DOWN), Answering(NO)], True),
            ([Answering(NO), Answering(DOWN)], True),
            ([Answering(LoginDenied()), broken], True),
        ):
            self.assertIs(self.failed(Undecided, *checkers).wasRefused, wasRefused, checkers)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_broken(self) -> None:
        """
        A checker that raises something else lets nobody in and is logged; the others are
        asked.
        """
        for checker in (Raising(ZeroDivisionError("fault")), Answering(ZeroDivisionError("fault"))):
            error = self.failed(AuthUnavailableError, checker, Answering(NO))
            self.assertEqual(str(error), "the test entry failed")
            login = self.successResultOf(self.login(self.chain(checker, Answering(ADA))))
            self.assertEqual(login.principal.username, "ada")
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_cancelled(self) -> None:
        """
        Who gives up an attempt gives up the question, and nobody else is asked.
        """
        waiting, then = Waiting(), Answering(ADA)
        asking = self.login(self.chain(waiting, then))
        self.assertNoResult(asking)
        asking.cancel()
        self.failureResultOf(asking, CancelledError)
        self.assertEqual((waiting.cancelled, then.asked), (1, []))

    def test_later(self) -> None:
        """
        A checker may take its time.
        """
        waiting = Waiting()
        asking = self.login(self.chain(waiting, Answering(ADA)))
        waiting.waiting[0].errback(Failure(NO))
        self.assertEqual(self.successResultOf(asking).principal.username, "ada")


class ScopeTests(ChainTestCase):
    """
    What somebody may do (decision 13).
    """

    def entry(self, wanted: tuple[str, ...], held: tuple[str, ...], realm: Any = None) -> Entry:
        """
        @return: an entry that wants scopes of somebody who has others.
        """
        return Entry(
            kind="test", checker=Answering(Identity("ada", held)), scopes=frozenset(wanted), realm=realm
        )

    def test_any(self) -> None:
        """
        One of the scopes is enough, to the letter.
        """
        for wanted, held, isIn in (
            ((), (), True),
            ((), ("read",), True),
            (("read",), ("read",), True),
            (("read", "write"), ("write", "other"), True),
            (("read",), (), False),
            (("read",), ("Read",), False),
            (("read",), ("read ",), False),
            (("read",), ("read write",), False),
            (("read",), ("reading", "r", "ead"), False),
        ):
            asking = self.login(self.chain(self.entry(wanted, held)))
            if isIn:
                self.successResultOf(asking)
            else:
                self.failureResultOf(asking, AuthzError)

    def test_forbidden(self) -> None:
        """
        A missing scope is the end: later entries are not asked, and the avatar is gone.
        """
        realm, later = CountingRealm(), Answering(ADA)
        self.failed(AuthzError, self.entry(("admin",), ("read",), realm), later)
        self.assertEqual((realm.came, realm.gone, later.asked), ([b"ada"], [b"ada"], []))

    def test_forbiddenBehindUnavailable(self) -> None:
        """
        That an entry could not be asked does not hide that another one forbids.
        """
        self.failed(AuthzError, Answering(DOWN), self.entry(("admin",), ("read",)))

    def test_scopesOfTheRealm(self) -> None:
        """
        The scopes of the realm's avatar count: a string is one scope, and none is none.
        """
        for scopes, isIn in (
            (["admin"], True),
            ({"admin"}, True),
            ("admin", True),
            ("admin read", False),
            ("a", False),
            ("", False),
            (None, False),
        ):
            realm = CountingRealm(scopes=scopes)
            asking = self.login(self.chain(self.entry(("admin", "d"), ("admin",), realm)))
            if isIn:
                self.successResultOf(asking)
            else:
                self.failureResultOf(asking, AuthzError)
                self.assertEqual(realm.gone, [b"ada"])

    def test_wrongScopes(self) -> None:
        """
        An avatar whose scopes are no collection is not let in, and is let go.
        """
        realm = CountingRealm(scopes=5)
        self.failed(AuthUnavailableError, self.entry(("admin",), ("admin",), realm))
        self.assertEqual((realm.came, realm.gone), ([b"ada"], [b"ada"]))
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)


class RealmTests(ChainTestCase):
    """
    Realms and checkers of an application.
    """

    def test_realm(self) -> None:
        """
        A realm gets the id and the mind, and is told when the avatar may go.
        """
        realm = CountingRealm()
        login = self.successResultOf(
            self.login(self.chain(Entry(kind="mine", checker=Answering(ADA), realm=realm)))
        )
        self.assertEqual((realm.came, realm.minds, realm.gone, login.kind), ([b"ada"], ["mind"], [], "mine"))
        login.end()
        self.assertEqual(realm.gone, [b"ada"])

    def test_broken(self) -> None:
        """
        A realm that raises or gives nonsense lets nobody in.
        """

        class Broken(CountingRealm):
            def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
                if avatarId == b"ada":
                    raise ZeroDivisionError
                return None

        for name, kind in (("ada", ZeroDivisionError), ("bob", TypeError)):
            entry = Entry(kind="mine", checker=Answering(Identity(name)), realm=Broken())
            self.failed(AuthUnavailableError, entry)
            self.assertEqual(len(self.flushLoggedErrors(kind)), 1)

    def test_slowRealm(self) -> None:
        """
        A realm may take its time; an avatar that it makes for who has given up is let go at once.
        """
        given: list[Deferred[Any]] = []

        class Slow(CountingRealm):
            def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
                answer = super().requestAvatar(avatarId, mind, *interfaces)
                given.append(Deferred())
                return given[-1].addCallback(lambda _: answer)

        realm = Slow()
        entry = Entry(kind="mine", checker=Answering(ADA), realm=realm)
        first, second = self.login(self.chain(entry)), self.login(self.chain(entry))
        given[0].callback(None)
        self.assertEqual(self.successResultOf(first).principal.username, "ada")
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertEqual(realm.gone, [])
        given[1].callback(None)
        self.assertEqual(len(realm.gone), 1)

    def test_noId(self) -> None:
        """
        A checker that forgets to say no, and gives None or False, has let nobody in.
        """
        for wrong in (None, False, True, 0, (), b"", "", object()):
            entry = Entry(kind="mine", checker=Answering(wrong))
            self.failed(AuthUnavailableError, entry)
            self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1, wrong)

    def test_otherWordsForNo(self) -> None:
        """
        All that Cred calls a failed login is a no.
        """
        for no in (LoginFailed, LoginDenied, Unauthorized, UnauthorizedLogin, UnhandledCredentials):
            self.failed(AuthnError, Entry(kind="mine", checker=Answering(no("not you"))))

    def test_checkerOfCred(self) -> None:
        """
        Checkers that Twisted brings work as they are.
        """
        chain = self.chain(InMemoryUsernamePasswordDatabaseDontUse(ada=b"secret"))
        for password, isIn in ((b"secret", True), (b"Secret", False), (b"secret ", False)):
            asking = self.login(chain, BasicCredentials(b"ada", password))
            if isIn:
                self.assertEqual(self.successResultOf(asking).principal.username, "ada")
            else:
                self.failureResultOf(asking, AuthnError)
        self.failureResultOf(self.login(chain, BasicCredentials(b"eve", b"secret")), AuthnError)
        self.failureResultOf(self.login(chain, TOKEN), AuthnError)


class ExpiryTests(ChainTestCase):
    """
    Logins that end with their credentials (decision 15).
    """

    def test_expires(self) -> None:
        """
        What the checker knows of the end counts from now on.
        """
        for expires, left in ((None, None), (1060.0, 60), (1060, 60), (1000, 0), (900, 0)):
            for realm in (None, CountingRealm()):
                entry = Entry(kind="jwt", checker=Answering(Identity("ada", expires=expires)), realm=realm)
                login = self.successResultOf(self.login(self.chain(entry)))
                self.assertEqual(login.left, left)
        self.clock.advance(10)
        self.assertEqual(login.left, 0)

    def test_never(self) -> None:
        """
        Unless the service does not want it.
        """
        chain = self.chain(Answering(Identity("ada", expires=1060)), expire=False)
        self.assertIsNone(self.successResultOf(self.login(chain)).left)


class ChallengeTests(ChainTestCase):
    """
    C{WWW-Authenticate} (RFC 9110 section 11.6.1).
    """

    def test_schemes(self) -> None:
        """
        It names the schemes that some entry takes, each once, tokens last.
        """
        basic, bearer = 'Basic realm="balws", charset="UTF-8"', 'Bearer realm="balws"'
        passwords, tokens = Answering(ADA), AnsweringTokens(ADA)
        for checkers, challenge in (
            ((passwords,), basic),
            ((tokens,), bearer),
            ((passwords, passwords), basic),
            ((tokens, passwords, tokens), f"{basic}, {bearer}"),
            ((InMemoryUsernamePasswordDatabaseDontUse(),), basic),
        ):
            self.assertEqual(self.chain(*checkers).challenge, challenge)

    def test_others(self) -> None:
        """
        A checker of other credentials is never asked.
        """

        class Anonymous(Answering):
            credentialInterfaces = (IAnonymous,)

        checker = Anonymous(ADA)
        for credentials in (BASIC, TOKEN):
            self.failed(AuthnError, checker, credentials=credentials)
        self.assertEqual(checker.asked, [])
