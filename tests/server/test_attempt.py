"""
Tests of L{balws.server.attempt}: of who is let in, and when he is let go.  What it does for
services that are open to everybody is in L{tests.server.test_upgrade}.
"""

from __future__ import annotations

from time import time
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from balws import AuthzError, Service, UpgradeError, UpgradeService
from balws.auth.principal import Identity, Principal
from tests.auth.checking import ADA, CANARY, NO, Answering, AnsweringTokens, CountingRealm, Waiting
from tests.server.guarded import BEARER, GuardedTestCase, basic
from tests.server.peers import Peer, body, fields, frame, status
from tests.server.samples import Echo, EchoUpgrade, WaitingUpgrade


class Raising(UpgradeService):
    """
    Raises, or gives, what the test wants.
    """

    def __init__(self, result: Any) -> None:
        self.result = result

    def get(self, request):
        self.principal = request.principal
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Keeping(Service):
    """
    Keeps its request, and its caller.
    """

    keepRequest = True
    customHeaders: Any = {}

    def onOpen(self, caller):
        self.caller = caller


class AttemptTestCase(GuardedTestCase):
    """
    Upgrades by a realm that counts.
    """

    def setUp(self) -> None:
        super().setUp()
        self.realm = CountingRealm()

    def entry(self, checker: Any, **more: Any) -> dict[str, Any]:
        """
        @return: a checker with the realm that counts.
        """
        return {"checker": checker, "realm": self.realm, **more}

    def assertGone(self, came: int = 1) -> None:
        """
        So many came, and each of them was let go once.
        """
        self.assertEqual((self.realm.came, self.realm.gone), ([b"ada"] * came, [b"ada"] * came))

    def assertIn(self, *arguments: Any) -> None:  # noqa: D102 - see the superclass
        if arguments:
            super().assertIn(*arguments)
            return
        self.assertEqual((self.realm.came, self.realm.gone), ([b"ada"], []))

    def assertIdle(self) -> None:
        """
        Nothing waits for anything any more.
        """
        self.assertEqual(self.port.clock.getDelayedCalls(), [])


class PrincipalTests(AttemptTestCase):
    """
    Who it is, for the service.
    """

    def test_principal(self) -> None:
        """
        The principal is on the request for C{get}, and the caller has it.
        """
        service = Keeping()
        door = Raising(service)
        identity = Identity("ada", ["read"], {"sub": "ada"})
        self.serve(Answering(identity), service=door)
        self.assertEqual(status(self.ask(basic())), 101)
        expected = Principal(username="ada", scopes=frozenset(["read"]), claims={"sub": "ada"})
        self.assertEqual((door.principal, service.caller.getPrincipal()), (expected, expected))

    def test_own(self) -> None:
        """
        A realm of the application makes principals of its own, and gets the request.
        """

        class Person:
            name = "Ada"

        person = Person()

        class People(CountingRealm):
            def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
                return (interfaces[0], person, super().requestAvatar(avatarId, mind, *interfaces)[2])

        self.realm = People()
        service = Keeping()
        self.serve(self.entry(Answering(b"ada")), service=Raising(service))
        peer = self.begin(basic())
        self.assertIs(service.caller.getPrincipal(), person)
        self.assertEqual(self.realm.minds[0].path, b"/echo")
        peer.leave()
        self.assertGone()

    def test_nobody(self) -> None:
        """
        Where nobody asks there is no principal.
        """
        service = Keeping()
        door = Raising(service)
        self.serve(Answering(ADA))
        self.port.listener.attach(door, "/open")
        self.assertEqual(status(self.ask(basic(), "/open")), 101)
        self.assertEqual((door.principal, service.caller.getPrincipal()), (None, None))

    def test_keptRequest(self) -> None:
        """
        The request that a service keeps has the credentials that were read no more (AB13).
        """
        service = Keeping()
        fields = {"bearerQueryParameter": "token", "bearerCookie": "token"}
        self.serve(AnsweringTokens(ADA), Answering(ADA), service=Raising(service), **fields)
        for authorization, path, more in (
            (basic(), "/echo?a=1", {}),
            (BEARER, "/echo?a=1", {}),
            (None, f"/echo?token={CANARY}&a=1", {}),
            (None, "/echo?a=1", {"Cookie": f"token={CANARY}"}),
            (None, "/echo?a=1", {"Sec_WebSocket_Protocol": f"balws.bearer, {CANARY}"}),
        ):
            self.assertEqual(status(self.ask(authorization, path, X_More="yes", **more)), 101)
            snapshot = service.caller.getHttpRequest()
            shown = f"{snapshot!r} {dict(snapshot.headers)} {dict(snapshot.arguments)} {snapshot.path}"
            self.assertNotIn(CANARY, shown)
            self.assertNotIn(basic(), shown)
            self.assertEqual((snapshot.headers["x-more"], snapshot.arguments), (("yes",), {"a": ("1",)}))

    def test_openRequest(self) -> None:
        """
        A service without auth keeps all of it: what it says is the service's own business.
        """
        service = Keeping()
        self.serve(Answering(ADA))

        class Open(UpgradeService):
            def get(self):
                return service

        self.port.listener.attach(Open(), "/open")
        self.ask("Custom x", "/open", Cookie="a=b")
        headers = service.caller.getHttpRequest().headers
        self.assertEqual((headers["authorization"], headers["cookie"]), (("Custom x",), ("a=b",)))


class LogoutTests(AttemptTestCase):
    """
    The avatar is let go exactly once, however it ends.
    """

    def test_peerCloses(self) -> None:
        """
        When the peer closes.
        """
        self.serve(self.entry(Answering(ADA)))
        peer = self.begin(basic())
        self.assertIn()
        peer.send(frame(b"hi"))
        self.assertIn()
        peer.send(frame(b"\x03\xe8", 0x88))
        self.assertGone()
        peer.leave()
        self.assertGone()

    def test_peerVanishes(self) -> None:
        """
        When the connection is lost.
        """
        self.serve(self.entry(Answering(ADA)))
        self.begin(basic()).leave()
        self.assertGone()

    def test_serviceCloses(self) -> None:
        """
        When the service closes.
        """
        service = Keeping()
        self.serve(self.entry(Answering(ADA)), service=Raising(service))
        peer = self.begin(basic())
        service.caller.close(timeout=0)
        peer.settle()
        self.assertTrue(peer.isClosed)
        self.assertGone()

    def test_stop(self) -> None:
        """
        When the listener stops.
        """
        self.serve(self.entry(Answering(ADA)))
        peers = [self.begin(basic()) for _ in range(3)]
        self.successResultOf(self.port.listener.immediateStop())
        self.assertEqual([each.isClosed for each in peers], [True] * 3)
        self.assertGone(3)

    def test_refused(self) -> None:
        """
        When C{get} refuses, by whatever error.
        """
        for result, expected in (
            (UpgradeError("no", 409), 409),
            (AuthzError("no"), 403),
            (succeed(UpgradeError("no")), 400),
        ):
            self.realm = CountingRealm()
            self.serve(self.entry(Answering(ADA)), service=Raising(result))
            self.assertEqual(status(self.ask(basic())), expected)
            self.assertGone()

    def test_failed(self) -> None:
        """
        When C{get} fails, or gives no service.
        """
        for result in (ZeroDivisionError(), "nonsense", None):
            self.realm = CountingRealm()
            self.serve(self.entry(Answering(ADA)), service=Raising(result))
            self.assertEqual(status(self.ask(basic())), 500)
            self.assertGone()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_badHeaders(self) -> None:
        """
        When what C{get} gave cannot be answered.
        """
        service = Keeping()
        service.customHeaders = {"X-Bad": "a\r\nb"}
        self.serve(self.entry(Answering(ADA)), service=Raising(service))
        self.assertEqual(status(self.ask(basic())), 500)
        self.assertGone()

    def test_leavesDuringGet(self) -> None:
        """
        When the peer leaves while C{get} works.
        """
        door = WaitingUpgrade()
        self.serve(self.entry(Answering(ADA)), service=door)
        peer = self.begin(basic())
        self.assertIn()
        peer.leave()
        self.assertGone()
        self.assertTrue(door.waiting[0].called)
        self.assertIdle()

    def test_slowGet(self) -> None:
        """
        When C{get} does not answer in time: 503.
        """
        door = WaitingUpgrade()
        self.serve(self.entry(Answering(ADA)), service=door, listener={"timeout": 10})
        peer = self.begin(basic())
        self.port.advance(9.9, peer)
        self.assertIn()
        self.port.advance(0.2, peer)
        self.assertEqual(status(peer.answer), 503)
        self.assertGone()

    def test_slowGetAnswers(self) -> None:
        """
        While C{get} works the avatar stays, and it goes with the connection then.
        """
        door = WaitingUpgrade()
        self.serve(self.entry(Answering(ADA)), service=door)
        peer = self.begin(basic())
        door.waiting[0].callback(Echo())
        peer.settle()
        self.assertEqual(status(peer.answer), 101)
        self.assertIn()
        peer.leave()
        self.assertGone()

    def test_expiresDuringGet(self) -> None:
        """
        Who is known no longer when C{get} has answered is not let in, and is told that his
        credentials are not good any more.
        """
        for checker, shown, challenge in (
            (Answering, basic(), 'Basic realm="balws", charset="UTF-8"'),
            (AnsweringTokens, BEARER, 'Bearer realm="balws", error="invalid_token"'),
        ):
            for left, expected in ((1.9, 401), (2.0, 401), (5.0, 101)):
                self.realm = CountingRealm()
                service = Keeping()
                door = WaitingUpgrade()
                self.serve(self.entry(checker(Identity("ada", expires=time() + left))), service=door)
                peer = self.begin(shown)
                self.port.advance(2, peer)
                door.waiting[0].callback(service)
                peer.settle()
                self.assertEqual(status(peer.answer), expected, (left, shown))
                if expected == 401:
                    self.assertEqual((fields(peer.answer)["www-authenticate"], body(peer.answer)), ([challenge], b""))
                    self.assertFalse(hasattr(service, "caller"))
                else:
                    self.assertIn()
                    peer.leave()
                self.assertGone()
                self.port.advance(60)

    def test_stopDuringGet(self) -> None:
        """
        When the listener stops while C{get} works.
        """
        for stop in ("immediateStop", "gracefulStop"):
            self.realm = CountingRealm()
            door = WaitingUpgrade()
            self.serve(self.entry(Answering(ADA)), service=door)
            peer = self.begin(basic())
            stopping = getattr(self.port.listener, stop)()
            if not door.waiting[0].called:
                door.waiting[0].callback(Echo())
            peer.settle()
            self.port.advance(20, peer)
            self.successResultOf(stopping)
            self.assertNotIn(b"101", peer.answer)
            self.assertGone()

    def test_detached(self) -> None:
        """
        When the service was detached while C{get} worked: 503.
        """
        door = WaitingUpgrade()
        self.serve(self.entry(Answering(ADA)), service=door)
        peer = self.begin(basic())
        self.port.listener.detach(door)
        door.waiting[0].callback(Echo())
        peer.settle()
        self.assertEqual(status(peer.answer), 503)
        self.assertGone()

    def test_failingLogout(self) -> None:
        """
        A logout that fails is logged, and harms nobody.
        """

        class Failing(CountingRealm):
            def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
                return (*super().requestAvatar(avatarId, mind, *interfaces)[:2], lambda: 1 // 0)

        self.realm = Failing()
        self.serve(self.entry(Answering(ADA)))
        other = self.begin(basic())
        self.begin(basic()).leave()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(other.isOpen)
        other.leave()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class SlowCheckerTests(AttemptTestCase):
    """
    Checkers that take their time.
    """

    def setUp(self) -> None:
        super().setUp()
        self.checker = Waiting()

    def asking(self, **fields: Any) -> Peer:
        """
        @return: a peer that waits for the checker.
        """
        self.serve(self.entry(self.checker), **fields)
        peer = self.begin(basic())
        self.assertEqual((peer.answer, len(self.checker.waiting)), (b"", 1))
        return peer

    def test_answers(self) -> None:
        """
        Then it goes on as always.
        """
        peer = self.asking()
        self.checker.waiting[0].callback(ADA)
        peer.settle().send(frame(b"hi"))
        self.assertEqual(status(peer.answer), 101)
        self.assertTrue(peer.answer.endswith(b"\x81\x02hi"))
        peer.leave()
        self.assertGone()
        self.assertEqual(self.checker.cancelled, 0)

    def test_refuses(self) -> None:
        """
        A late no is a no.
        """
        peer = self.asking()
        self.checker.waiting[0].errback(Failure(NO))
        peer.settle()
        self.assertEqual((status(peer.answer), body(peer.answer)), (401, b""))
        self.assertTrue(peer.isClosed)
        self.assertIdle()

    def test_leaves(self) -> None:
        """
        When the peer leaves the question is given up, and nobody is let in.
        """
        peer = self.asking()
        peer.leave()
        self.assertEqual((self.checker.cancelled, self.realm.came), (1, []))
        self.assertIdle()

    def test_deaf(self) -> None:
        """
        A checker that answers although nobody waits lets nobody in, or lets him go.
        """

        class Deaf(Waiting):
            def _cancelled(self, deferred: Any) -> None:
                deferred.callback(ADA)

        self.checker = Deaf()
        peer = self.asking()
        peer.leave()
        self.assertEqual(len(self.realm.came), len(self.realm.gone))
        self.assertIdle()

    def test_tooSlow(self) -> None:
        """
        Who is not known in time is answered 503, and the question is given up.
        """
        peer = self.asking(listener={"timeout": 10})
        self.port.advance(9.9, peer)
        self.assertEqual((peer.answer, self.checker.cancelled), (b"", 0))
        self.port.advance(0.2, peer)
        self.assertEqual((status(peer.answer), self.checker.cancelled), (503, 1))
        self.assertEqual(self.realm.came, [])
        self.assertTrue(peer.isClosed)
        self.assertIdle()

    def test_oneDeadline(self) -> None:
        """
        Checker and C{get} share the time of the upgrade.
        """
        door = WaitingUpgrade()
        peer = self.asking(service=door, listener={"timeout": 10})
        self.port.advance(6, peer)
        self.checker.waiting[0].callback(ADA)
        self.port.advance(3.9, peer)
        self.assertEqual((peer.answer, len(door.waiting)), (b"", 1))
        self.port.advance(0.2, peer)
        self.assertEqual(status(peer.answer), 503)
        self.assertGone()
        self.assertTrue(door.waiting[0].called)

    def test_leavesDuringGet(self) -> None:
        """
        The peer may leave when checker has answered and C{get} has not.
        """
        door = WaitingUpgrade()
        peer = self.asking(service=door)
        self.checker.waiting[0].callback(ADA)
        peer.leave()
        self.assertGone()
        self.assertTrue(door.waiting[0].called)
        self.assertIdle()

    def test_stop(self) -> None:
        """
        Who was not known when the listener stopped is not let in.
        """
        for stop in ("immediateStop", "gracefulStop"):
            self.realm, self.checker = CountingRealm(), Waiting()
            peer = self.asking()
            stopping = getattr(self.port.listener, stop)()
            if not self.checker.waiting[0].called:
                self.checker.waiting[0].callback(ADA)
            peer.settle()
            self.port.advance(20, peer)
            self.successResultOf(stopping)
            self.assertNotIn(b"101", peer.answer)
            self.assertEqual(len(self.realm.came), len(self.realm.gone))

    def test_slowRealm(self) -> None:
        """
        A peer that leaves while the realm works leaves no avatar.
        """
        waiting: list[Deferred[Any]] = []

        class Slow(CountingRealm):
            def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
                waiting.append(Deferred())
                come = super().requestAvatar
                return waiting[-1].addCallback(lambda _: come(avatarId, mind, *interfaces))

        self.realm = Slow()
        self.serve(self.entry(Answering(ADA)))
        self.begin(basic()).leave()
        waiting[0].callback(None)
        self.assertEqual(len(self.realm.came), 1)
        self.assertEqual(len(self.realm.gone), 1)

    def test_early(self) -> None:
        """
        Frames that came before the answer are not lost.
        """
        peer = self.asking()
        peer.send(frame(b"early"))
        self.checker.waiting[0].callback(ADA)
        peer.settle()
        self.assertTrue(peer.answer.endswith(b"\x81\x05early"), peer.answer)


class FaultTests(AttemptTestCase):
    """
    Faults of our own.
    """

    def test_closed(self) -> None:
        """
        A guard that fails lets nobody in: 503, and the traceback in the log.
        """
        self.serve(Answering(ADA))
        (mount,) = self.port.listener.mounts

        async def admit(*_: Any) -> Any:
            raise ZeroDivisionError("inner words")

        self.patch(mount.guard, "admit", admit)
        answer = self.ask(basic())
        self.assertEqual(status(answer), 503)
        self.assertNotIn(b"inner", answer)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_resource(self) -> None:
        """
        A service in somebody else's tree is guarded as well.
        """
        from twisted.web.resource import Resource
        from twisted.web.server import Site

        from balws import WSServiceConfig, upgradeResource
        from tests.server.peers import upgrade

        self.serve(Answering(ADA))
        root = Resource()
        config = WSServiceConfig(auth=[self.entry(Answering(ADA))])
        root.putChild(b"echo", upgradeResource(EchoUpgrade(), reactor=self.port.clock, config=config))
        site = Site(root, reactor=self.port.clock)
        peer = Peer(site).send(upgrade("/echo"))
        self.assertEqual(status(peer.answer), 401)
        peer = Peer(site).send(upgrade("/echo", Authorization=basic()))
        self.assertEqual(status(peer.answer), 101)
        self.assertIn()
        peer.leave()
        self.assertGone()
