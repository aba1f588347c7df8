"""
Tests of L{balws.client.authorized}, and of clients that show credentials.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import formatEvent, globalLogPublisher

from balws import Client, Service, UpgradeService
from balws.client import link, retry
from balws.client.address import Address
from balws.client.link import Link
from balws.client.request import fieldsFor
from balws.config import ClientConfiguration
from balws.config.secret import Secret
from balws.errors import (
    AuthError,
    AuthUnavailableError,
    ConfigurationError,
    ConnectionError,
    HandshakeTimedOut,
    InvalidHandshakeError,
)
from balws.testing import MemoryListener
from tests.auth.checking import ADA, CANARY, NO, Answering, AnsweringTokens
from tests.client.peers import ClientTestCase, accepts, answers, closing, head, silent

UNAUTHORIZED = answers(head("401 Unauthorized", ("WWW-Authenticate", "Bearer"), ("Content-Length", "0")))
FORBIDDEN = answers(head("403 Forbidden", ("Content-Length", "0")))


class Tokens:
    """
    Gives another token each time.

    @ivar given: what it gave, or is going to fail with, in order.
    @ivar rejections: how often it was told that one is not good.
    @ivar better: whether it has a better one then.
    @ivar closed: how often it was closed.
    """

    def __init__(self, *first: Any, better: bool = True) -> None:
        self._first = list(first)
        self.given: list[Any] = []
        self.rejections = 0
        self.better = better
        self.closed = 0

    def authorization(self) -> Deferred[bytes]:
        answer = self._first.pop(0) if self._first else b"Bearer t%d" % len(self.given)
        self.given.append(answer)
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, Exception) else succeed(answer)

    def rejected(self, value: bytes) -> bool:
        self.rejections += 1
        return self.better

    def close(self) -> Deferred[None]:
        self.closed += 1
        return succeed(None)


class AuthorizedTestCase(ClientTestCase):
    """
    Clients with a source of tokens.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(retry, "_uniform", lambda low, high: high)

    def source(self, *first: Any, **more: Any) -> Tokens:
        """
        @return: what all clients of this test ask from now on.
        """
        source = Tokens(*first, **more)
        self.patch(link, "sourceOf", lambda config, reactor: source)
        return source

    def asking(self, **fields: Any) -> Any:
        """
        @return: what a connect with credentials returns.
        """
        return self.begin(**{"auth": {"token": "x"}, "pingInterval": 0, **fields})

    @property
    def shown(self) -> list[str | None]:
        """
        The Authorization field of each request so far.
        """
        return [each.field("authorization") for each in self.place.servers]


class FieldTests(AuthorizedTestCase):
    """
    The C{Authorization} field (table 5.6).
    """

    def test_basic(self) -> None:
        """
        A name and password are sent as Basic.
        """
        self.connect(auth={"username": "ada", "password": CANARY})
        self.assertEqual(self.shown, ["Basic " + b64encode(f"ada:{CANARY}".encode()).decode()])

    def test_bearer(self) -> None:
        """
        A token is sent as Bearer.
        """
        self.connect(auth={"token": "a.b.c"})
        self.assertEqual(self.shown, ["Bearer a.b.c"])

    def test_issued(self) -> None:
        """
        A token that the client makes is a new one for each client.
        """
        secret = {"algorithm": "HS256", "config": CANARY * 3}
        for _ in range(2):
            self.connect(auth={"issuer": "me", "signatureConfig": secret})
        for value in self.shown:
            assert value is not None
            self.assertEqual((value[:7], value.count(".")), ("Bearer ", 2))

    def test_none(self) -> None:
        """
        Without credentials there is no such field but a custom one.
        """
        self.connect()
        self.connect(customHeaders={"Authorization": "Custom x"})
        self.assertEqual(self.shown, [None, "Custom x"])

    def test_overwrites(self) -> None:
        """
        Credentials stand in place of a custom field, in whatever letters.
        """
        for name in ("Authorization", "authorization", "AUTHORIZATION"):
            self.connect(auth={"token": "x"}, customHeaders={name: "Custom x", "X-More": "yes"})
            self.assertEqual((self.shown[-1], self.server.field("x-more")), ("Bearer x", "yes"))

    def test_once(self) -> None:
        """
        The field is there once.
        """
        config = ClientConfiguration(customHeaders={"authorization": "Custom x"})
        found = fieldsFor(Address.parse("ws://localhost/"), config, b"key", Secret("Bearer x"))
        self.assertEqual([value for name, value in found if name.lower() == b"authorization"], [b"Bearer x"])

    def test_quiet(self) -> None:
        """
        Neither the client nor its configuration shows them (AB13).
        """
        for auth in ({"token": CANARY}, {"username": "ada", "password": CANARY}):
            client = self.connect(auth=auth)
            self.assertNotIn(CANARY, f"{client!r} {client} {client.configuration!r}")


class RetryTests(AuthorizedTestCase):
    """
    One more attempt with a new token.
    """

    def test_rejected(self) -> None:
        """
        After a 401 there is one more attempt, when there is a better token.
        """
        source = self.source()
        self.place.scripts += [UNAUTHORIZED]
        client: Client = self.successResultOf(self.asking())
        self.assertEqual((self.shown, source.rejections), (["Bearer t0", "Bearer t1"], 1))
        assert client.getHttpResponse() is not None
        self.assertEqual(client.getHttpResponse().status, 101)  # type: ignore[union-attr]

    def test_once(self) -> None:
        """
        Two rejected tokens are the end, whatever is configured for lost connections.
        """
        for more in ({}, {"retryConfig": {"interval": 1}}):
            source = self.source()
            self.place.servers.clear()
            self.place.scripts += [UNAUTHORIZED, UNAUTHORIZED]
            error = self.failed(self.asking(**more), InvalidHandshakeError)
            self.assertEqual((error.response.status, source.rejections, len(self.shown)), (401, 1, 2))
            self.assertEqual(source.closed, 1)
            self.assertIdle()

    def test_noBetter(self) -> None:
        """
        Without a better one there is no second attempt.
        """
        self.source(better=False)
        self.place.scripts += [UNAUTHORIZED]
        error = self.failed(self.asking(), InvalidHandshakeError)
        self.assertIn("401 Unauthorized", str(error))
        self.assertEqual(len(self.shown), 1)

    def test_fixed(self) -> None:
        """
        A password is not tried twice.
        """
        self.place.scripts += [UNAUTHORIZED]
        self.failed(self.begin(auth={"username": "ada", "password": CANARY}), InvalidHandshakeError)
        self.assertEqual(len(self.shown), 1)

    def test_others(self) -> None:
        """
        Other refusals and failures reject no token.
        """
        source = self.source()
        for script in (FORBIDDEN, answers(head("503 Busy", ("Content-Length", "0"))), answers(b"nonsense\r\n\r\n")):
            self.place.scripts += [script]
            self.failed(self.asking(), InvalidHandshakeError)
        self.place.scripts += [silent]
        connecting = self.asking(handShakeTimeout=5)
        self.clock.advance(5)
        self.failed(connecting, HandshakeTimedOut)
        self.network.refusing = True
        self.failed(self.asking(), ConnectionError)
        self.assertEqual(source.rejections, 0)

    def test_secondFails(self) -> None:
        """
        When no better one can be had, that is the error.
        """
        self.source(b"Bearer old", AuthError("no more tokens"))
        self.place.scripts += [UNAUTHORIZED]
        self.failed(self.asking(), AuthError, "no more tokens")
        self.assertIdle()


class SourceTests(AuthorizedTestCase):
    """
    Credentials that must be fetched.
    """

    def test_fails(self) -> None:
        """
        When there are none to be had nobody connects, and it is not tried again.
        """
        for more in ({}, {"retryConfig": {"interval": 1}}):
            source = self.source(AuthError("Failed to enrich request with OAuth2 token."))
            self.failed(self.asking(**more), AuthError, "Failed to enrich request with OAuth2 token.")
            self.assertEqual((self.shown, source.closed), ([], 1))
            self.assertIdle()

    def test_addresses(self) -> None:
        """
        Where there are none, there are none for the next address either: nobody is asked again for
        it. A server that is not there is another matter.
        """
        others = ["ws://b.example/", "ws://c.example/"]
        for problem in (AuthError("no"), AuthUnavailableError("down")):
            source = self.source(problem)
            self.failed(self.asking(targetUrls=others), type(problem))
            self.assertEqual((source.given, self.shown), ([problem], []))
        source = self.source()
        self.network.refusing = True
        self.failed(self.asking(targetUrls=others), ConnectionError)
        self.assertEqual(len(source.given), 3)

    def test_unavailable(self) -> None:
        """
        Where nobody can be asked for some just now, a retryConfig asks again.
        """
        down = AuthUnavailableError("the token endpoint is down")
        self.source(down)
        self.failed(self.asking(), AuthUnavailableError, "the token endpoint is down")
        source = self.source(down, down)
        connecting = self.asking(retryConfig={"interval": 2})
        self.clock.advance(2)
        self.assertNoResult(connecting)
        self.clock.advance(2)
        self.assertTrue(self.successResultOf(connecting).isOpen())
        self.assertEqual((len(source.given), self.shown), (3, ["Bearer t2"]))

    def test_later(self) -> None:
        """
        Nobody connects before they are there.
        """
        waiting: Deferred[bytes] = Deferred()
        self.source(waiting)
        connecting = self.asking()
        self.assertEqual(self.shown, [])
        with self.network.turn():
            waiting.callback(b"Bearer late")
        self.assertTrue(self.successResultOf(connecting).isOpen())
        self.assertEqual(self.shown, ["Bearer late"])

    def test_cancelled(self) -> None:
        """
        Who gives up meanwhile gives up the question, and leaves nothing.
        """
        waiting: Deferred[bytes] = Deferred()
        source = self.source(waiting)
        connecting = self.asking()
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertTrue(waiting.called)
        self.assertEqual((self.shown, source.closed), ([], 1))
        self.assertIdle()

    def test_unusable(self) -> None:
        """
        What can never work fails before anybody connects.
        """
        for auth in (
            {"issuer": "me", "signatureConfig": {"config": {"keyFile": self.mktemp()}}},
            {"username": "ada"},
            {},
        ):
            self.failureResultOf(self.begin(auth=auth), ConfigurationError)
        self.assertEqual(self.shown, [])
        self.assertIdle()

    def test_closed(self) -> None:
        """
        The source is closed when the client has ended, once.
        """
        source = self.source()
        client = self.successResultOf(self.asking())
        self.assertEqual(source.closed, 0)
        ended = client.close(timeout=0)
        self.successResultOf(ended)
        self.assertEqual(source.closed, 1)


class ReconnectTests(AuthorizedTestCase):
    """
    Connections that are made anew.
    """

    def test_anew(self) -> None:
        """
        Credentials are fetched anew for each attempt (decision 25).
        """
        source = self.source()
        client = self.successResultOf(self.asking(retryConfig={"interval": 2}))
        for number in range(1, 4):
            self.server.reset()
            self.clock.advance(2)
            self.assertTrue(client.isOpen())
            self.assertEqual(self.shown[-1], f"Bearer t{number}")
        self.assertEqual((len(source.given), source.closed), (4, 0))

    def test_expired(self) -> None:
        """
        A server that closes because the token has expired (1008) is not asked again.
        """
        self.source()
        client = self.successResultOf(self.asking(retryConfig={"interval": 2}))
        with self.network.turn():
            self.server.say(closing(1008, b"token expired"))
        self.clock.advance(10)
        self.assertFalse(client.isOpen() or client.isReconnecting())
        self.assertEqual(len(self.shown), 1)

    def test_rejectedThen(self) -> None:
        """
        A token that is no longer good when the client comes back is replaced there as well.
        """
        self.source()
        client = self.successResultOf(self.asking(retryConfig={"interval": 2}))
        self.place.scripts += [UNAUTHORIZED, accepts()]
        self.server.reset()
        self.clock.advance(2)
        self.assertTrue(client.isOpen())
        self.assertEqual(self.shown, ["Bearer t0", "Bearer t1", "Bearer t2"])

    def test_rejectedForGood(self) -> None:
        """
        When it is rejected for good the client has ended.
        """
        source = self.source(better=False)
        client = self.successResultOf(self.asking(retryConfig={"interval": 2}))
        self.place.scripts += [UNAUTHORIZED]
        reading = client.readTextMessage()
        self.server.reset()
        self.clock.advance(20)
        self.failureResultOf(reading, InvalidHandshakeError)
        self.assertEqual((len(self.shown), source.closed), (2, 1))


class PlainTests(AuthorizedTestCase):
    """
    Credentials that others could read (decision 17).
    """

    FAR, NEAR, SECURE = "ws://a.example/", "ws://127.0.0.1:1/", "wss://b.example/"

    def setUp(self) -> None:
        super().setUp()
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    @property
    def warnings(self) -> list[str]:
        """
        What was said of it.
        """
        lines = [formatEvent(each) for each in self.events if each["log_level"].name == "warn"]
        return [each for each in lines if each.startswith("Credentials for ")]

    def made(self, url: str, *others: str, auth: Any = None, endpoint: Any = None) -> list[str]:
        """
        @return: what is said of a client that is not connected yet.
        """
        self.events.clear()
        Link(url, ClientConfiguration(targetUrls=others, auth=auth), endpoint, self.clock, None)
        return self.warnings

    def test_mixed(self) -> None:
        """
        Some URLs with TLS and some without are refused: whoever keeps a client from the one would
        get its credentials from the other.
        """
        auth = {"username": "ada", "password": CANARY}
        for urls in ((self.SECURE, self.FAR), (self.FAR, self.SECURE), (self.SECURE, self.NEAR, self.FAR)):
            error = self.assertRaises(ConfigurationError, self.made, *urls, auth=auth)
            self.assertEqual(str(error), "targetUrls: with auth all URLs are wss, or none is")
            self.assertEqual(self.made(*urls), [])
        connecting = self.begin(self.SECURE, targetUrls=[self.FAR], auth=auth)
        self.assertEqual(self.failureResultOf(connecting, ConfigurationError).value.path, "targetUrls")
        self.assertEqual(self.place.servers, [])

    def test_warning(self) -> None:
        """
        Without TLS it is said once for a client, however often it connects, and only where others
        than this machine could read along.
        """
        auth = {"token": CANARY}
        line = "Credentials for a.example can be read by whoever is on the way: the URL is ws, not wss."
        for urls in ((self.FAR,), (self.FAR, "ws://c.example/"), (self.NEAR, self.FAR)):
            self.assertEqual(self.made(*urls, auth=auth), [line])
            self.assertEqual(self.made(*urls), [])
            self.assertEqual(self.made(*urls, auth=auth, endpoint=self.endpoint), [])
        quiet = ((self.NEAR,), ("ws://localhost/",), ("ws://[::1]/",), (self.SECURE,), (self.SECURE, self.NEAR))
        for urls in quiet:
            self.assertEqual(self.made(*urls, auth=auth), [], urls)

    def test_once(self) -> None:
        """
        Whoever connects again does not say it again.
        """
        real = link.attempt

        def attempt(address: Any, config: Any, reactor: Any, endpoint: Any, *more: Any) -> Any:
            return real(address, config, reactor, self.endpoint, *more)

        self.patch(link, "attempt", attempt)
        client = self.successResultOf(self.asking(url=self.FAR, endpoint=None, retryConfig={}))
        with self.network.turn():
            self.server.reset()
        self.clock.advance(60)
        self.assertEqual((len(self.shown), len(self.warnings)), (2, 1))
        with self.network.turn():
            client.close(timeout=0)


class TogetherTests(ClientTestCase):
    """
    Clients of balws at services of balws.
    """

    def setUp(self) -> None:
        super().setUp()
        self.listener = MemoryListener()

        class Greeting(Service):
            def onOpen(self, caller):
                return caller.writeTextMessage(f"hello {caller.getPrincipal().username}")

        class Door(UpgradeService):
            def get(self) -> Greeting:
                return Greeting()

        auth = [{"checker": Answering(ADA), "scopes": "read"}, {"checker": AnsweringTokens(ADA), "scopes": "admin"}]
        self.listener.attach(Door(), "/hello", config={"auth": auth})
        self.listener.attach(Door(), "/none", config={"auth": [{"checker": Answering(NO)}]})

    def test_in(self) -> None:
        """
        Right credentials are let in, and the service knows who it is.
        """
        client = self.successResultOf(self.listener.connect("/hello", auth={"username": "ada", "password": "x"}))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hello ada")
        self.successResultOf(client.close())

    def test_out(self) -> None:
        """
        Others read why in the reference's words (table 5.1).
        """
        for path, auth, words in (
            ("/hello", None, "401 Unauthorized"),
            ("/none", {"username": "ada", "password": "x"}, "401 Unauthorized"),
            ("/hello", {"token": "x"}, "403 Forbidden"),
        ):
            error = self.failureResultOf(self.listener.connect(path, auth=auth), InvalidHandshakeError).value
            self.assertIn(f"Invalid handshake response getStatus: {words}", str(error))
