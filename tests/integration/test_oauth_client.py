"""
Clients with every kind of credentials at listeners that ask about them: tokens of a real
server, npm's oidc-provider, and tokens, names and passwords that need none (row OA10 of the
reliability catalogue; decisions 15 and 25).
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, eventAsText, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from balws import AsyncClient, Caller, Client, GoingAway, Listener, Service, UpgradeService, serviceConfig
from balws.auth.http.exchange import BackEnd
from balws.config.backend import HttpClientConfig
from balws.config.oauth2 import INFER_REFRESH_CONFIG, POST_BODY_BEARER
from balws.config.records import build
from balws.errors import AuthError, AuthUnavailableError, ConnectionClosureError, InvalidHandshakeError, SslError
from tests.auth.tokens import decode, token
from tests.certificates import Authority, rsaKey
from tests.documents import PATIENCE
from tests.integration.oidc import OidcCase
from tests.integration.relay import Relay
from tests.rows.backend import BackEndHost, Question, said, silent

#: One who knows every scope of the server's.
JOHN = {"username": "johndoe", "password": "A3ddj3w"}

#: At once, for all that a test can tell.
SOON = {"interval": 0.05, "maxWaitInterval": 0.05}

#: 32 bytes and more, for a shared key.
SHARED = "canary-17f: known to a client and a listener"


def _basic(client: str) -> str:
    return "Basic " + b64encode(f"{client}:{client}-secret".encode()).decode()


class Naming(Service):
    """
    Says who came with which scopes, and can be told to send him away.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        if text == "restart":
            return GoingAway()
        principal = caller.getPrincipal()
        return f"{principal.username} {' '.join(sorted(principal.scopes))}".strip()


class Told(Service):
    """
    The callbacks of a client, in a list.
    """

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.ended: Deferred[None] = Deferred()

    def onTextMessage(self, text: str) -> None:
        self.told.append(text)

    def onClose(self, statusCode: int, reason: str) -> None:
        self.told.append((statusCode, reason))
        self.ended.callback(None)


class ClientCase(TestCase):
    """
    Has listeners, relays before them, and clients.  Nothing of what the clients have shown,
    and none of the secrets, is in the log of any level, nor in what a client or an error says
    of itself (AB13).

    @ivar secrets: what must not be told.
    @ivar relay: before the listener of L{listen}.
    """

    relay: Relay

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.secrets = [JOHN["password"], SHARED, "app-secret", "svc-secret", "app-post-secret", "rs-secret"]
        self._told: list[str] = []
        self._relays: list[Relay] = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(self._nothingIsTold)

    def _observe(self, event: LogEvent) -> None:
        self._told.append(f"{eventAsText(event, includeTraceback=True)} {event!r}")

    def _nothingIsTold(self) -> None:
        globalLogPublisher.removeObserver(self._observe)
        self.assertGreater(len(self._told), 0)
        told = "\n".join(self._told)
        shown = [each.split(" ", 1)[1] for relay in self._relays for each in relay.shown]
        for secret in (*self.secrets, *shown):
            self.assertNotIn(secret, told)

    async def listen(self, *entries: dict[str, Any], **fields: Any) -> str:
        """
        @return: the URL of a service with these entries, behind a relay.
        """
        where = await self.listener(*entries, **fields)
        self.relay = Relay(self.reactor, where.port)
        self._relays.append(self.relay)
        self.addCleanup(self.relay.ended)
        return f"ws://127.0.0.1:{self.relay.port}/"

    async def listener(self, *entries: dict[str, Any], **fields: Any) -> Any:
        """
        @return: a listener with a service that has these entries.
        """

        @serviceConfig(auth=list(entries))
        class Upgrade(UpgradeService):
            def get(self) -> Service:
                return Naming()

        listener = Listener(0, host="127.0.0.1", maxAuthFailures=0, **fields)
        listener.attach(Upgrade(), "/")
        await listener.start()
        self.addCleanup(listener.immediateStop)
        return listener

    async def known(self, client: Client) -> str:
        """
        @return: whom the service takes the client for.
        """
        await client.writeTextMessage("who?")
        return await client.readTextMessage()

    async def connect(self, url: str, auth: Any, **fields: Any) -> Client:
        """
        @return: a client that ends with the test.
        """
        client = await Client.connect(url, auth=auth, **fields)
        self.addCleanup(self.end, client)
        self._told.append(f"{client!r} {client} {client.configuration!r}")
        return client

    def end(self, client: Client) -> Any:
        """
        Close it, where it is not over.
        """
        if client.isOpen() or client.isReconnecting():
            return client.close(timeout=0)
        return None

    async def assertKnown(self, name: str, url: str, auth: Any, **fields: Any) -> None:
        """
        Check that somebody is let in, by either client, and whom the service takes that for.
        """
        client = await self.connect(url, auth, **fields)
        self.assertEqual(await self.known(client), name)
        await client.close()
        service = Told()
        calling = await AsyncClient.connect(url, service, auth=auth, **fields)
        await calling.writeTextMessage("who?")
        await self.until(lambda: service.told)
        await calling.close()
        await service.ended
        self.assertEqual(service.told, [name, (1000, "")])

    async def refused(self, url: str, auth: Any, status: int = 401, **fields: Any) -> None:
        """
        Check that nobody is let in by this.
        """
        problem = await self.assertFailure(Client.connect(url, auth=auth, **fields), InvalidHandshakeError)
        self.assertEqual(problem.response.status, status)
        self._told.append(f"{problem} {problem!r} {problem.response!r}")

    async def until(self, true: Any) -> None:
        """
        Wait for this.
        """
        ends = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > ends:
                self.fail("it did not come to that")
            await deferLater(self.reactor, 0.02)


class GrantedCase(ClientCase, OidcCase):
    """
    Has the server.
    """

    #: Seconds that the tokens of users live.
    lifetime = 60

    def setUp(self) -> None:
        super().setUp()
        self.server = self.begin(self.lifetime)
        self.tokens = Relay(self.reactor, self.server.port)
        self._relays.append(self.tokens)
        self.addCleanup(self.tokens.ended)

    def introspected(self, *scopes: str) -> dict[str, Any]:
        """
        @return: an entry that asks the server.
        """
        record = {
            "url": f"{self.server.issuer}/token/introspection",
            "clientConfig": {"customHeaders": {"Authorization": _basic("rs")}},
        }
        return {"oauth2IntrospectionConfig": record, "scopes": scopes}

    def auth(self, client: str = "app", **fields: Any) -> dict[str, Any]:
        """
        @return: credentials whose tokens are got through a relay.
        """
        where = "refreshUrl" if "refreshToken" in fields else "tokenUrl"
        own = {where: self.tokenUrl, "clientId": client, "clientSecret": f"{client}-secret"}
        return {**own, **fields}

    @property
    def tokenUrl(self) -> str:
        """
        Where tokens are got.
        """
        return f"http://localhost:{self.tokens.port}/token"

    @property
    def asked(self) -> list[str]:
        """
        The kinds of grants that were asked for, in order.
        """
        return re.findall("grant_type=([a-z_]+)", self.tokens.said.decode())

    @property
    def shown(self) -> list[int]:
        """
        Which token each upgrade has shown: 0 is the first, 1 the first that is another.
        """
        seen: dict[str, int] = {}
        return [seen.setdefault(each, len(seen)) for each in self.relay.shown]

    async def revoke(self, client: str, token: str) -> None:
        """
        Revoke a token (RFC 7009).
        """
        config = build(HttpClientConfig, {"customHeaders": {"Authorization": _basic(client)}})
        backEnd = self.kept(BackEnd(f"{self.server.issuer}/token/revocation", config, self.reactor))
        answer = await backEnd.fetch("POST", {"token": token})
        self.assertEqual(answer.status, 200)

    async def returning(self, auth: dict[str, Any], **retry: Any) -> Client:
        """
        @param retry: how, besides at once.
        @return: a connected client that comes back when it is sent away.
        """
        self.returns = 0

        def returned(_: Client) -> None:
            self.returns += 1

        return await self.connect(self.url, auth, retryConfig={**SOON, **retry}, onReconnected=returned)

    async def restart(self, client: Client) -> None:
        """
        Send it away, and wait until it is back.
        """
        before = self.returns
        await client.writeTextMessage("restart")
        await self.until(lambda: self.returns > before)


class GrantTests(GrantedCase):
    """
    The grants of the server, and a listener that asks it about each token.
    """

    async def setUp(self) -> None:
        super().setUp()
        self.url = await self.listen(self.introspected("read"))

    async def test_clientCredentials(self) -> None:
        """
        A client is let in by its own token, whether it shows its secret in the header or in the
        form (OA10).
        """
        await self.assertKnown("svc read", self.url, self.auth("svc", scopes=["read"]))
        self.assertIn(_basic("svc"), self.tokens.shown)
        before = len(self.tokens.shown)
        for bearer in (POST_BODY_BEARER, "POST_BODY_BEARER"):
            auth = self.auth("app-post", scopes="read write", credentialBearer=bearer)
            await self.assertKnown("app-post read write", self.url, auth)
        self.assertEqual(len(self.tokens.shown), before)
        self.assertEqual(set(self.asked), {"client_credentials"})

    async def test_password(self) -> None:
        """
        A user is let in by his password, with and without something to refresh with (OA10).
        """
        refresh = {"refreshUrl": self.tokenUrl}
        for refreshConfig in (None, INFER_REFRESH_CONFIG, refresh, {**refresh, "credentialBearer": POST_BODY_BEARER}):
            auth = self.auth(**JOHN, refreshConfig=refreshConfig, scopes=["read", "update"])
            await self.assertKnown("johndoe read update", self.url, auth)
        self.assertEqual(self.asked, ["password"] * 8)

    async def test_noScope(self) -> None:
        """
        A token without the scope is refused, and no other one is got for that (OA10).
        """
        await self.refused(self.url, self.auth("svc", scopes=["write"]), 403, retryConfig=SOON)
        self.assertEqual((self.asked, self.shown), (["client_credentials"], [0]))

    async def test_kept(self) -> None:
        """
        A token that is still good is shown again with each reconnection; another client gets its
        own (OA10).
        """
        auth = self.auth("svc", scopes=["read"])
        one, other = await self.returning(auth), await self.connect(self.url, auth)
        for _ in range(3):
            await self.restart(one)
        self.assertEqual([await self.known(each) for each in (one, other)], ["svc read"] * 2)
        self.assertEqual((len(self.asked), self.shown), (2, [0, 1, 0, 0, 0]))

    async def test_repeated(self) -> None:
        """
        Without refreshConfig the password is sent again when a token is too old, with it the
        newest refresh token, each of which is good once (OA10).
        """
        for refreshConfig, grants in (
            (None, ["password"] * 4),
            (INFER_REFRESH_CONFIG, ["password"] + ["refresh_token"] * 3),
            ({"refreshUrl": self.tokenUrl}, ["password"] + ["refresh_token"] * 3),
        ):
            before, seen = len(self.asked), len(self.relay.shown)
            client = await self.returning(self.auth(**JOHN, refreshConfig=refreshConfig, clockSkew=self.lifetime))
            for _ in range(3):
                await self.restart(client)
                self.assertRegex(await self.known(client), "^johndoe (offline_access )?read update write$")
            await client.close()
            self.assertEqual(self.asked[before:], grants)
            self.assertEqual(len(set(self.relay.shown[seen:])), 4)

    async def test_refreshToken(self) -> None:
        """
        Who has a refresh token alone is let in by it, and uses the newest from then on; a client
        made with one that is used up is not (OA10).
        """
        backEnd = self.kept(
            BackEnd(
                self.tokenUrl,
                build(HttpClientConfig, {"customHeaders": {"Authorization": _basic("app")}}),
                self.reactor,
            )
        )
        form = {"grant_type": "password", "scope": "read", **JOHN}
        first = (await backEnd.fetch("POST", form)).jsonObject()["refresh_token"]
        self.secrets.append(first)
        auth = self.auth(refreshToken=first, clockSkew=self.lifetime)
        client = await self.returning(auth)
        for _ in range(3):
            await self.restart(client)
        self.assertEqual(await self.known(client), "johndoe offline_access read")
        self.assertEqual(self.asked, ["password"] + ["refresh_token"] * 4)
        await client.close()
        problem = await self.assertFailure(Client.connect(self.url, auth=auth), AuthError)
        self.assertIn("Failed to enrich request with OAuth2 token.", str(problem))
        self.assertIn("(invalid_grant)", str(problem))
        self.assertNotIn(first, f"{problem} {problem!r}")
        self.assertEqual(len(self.relay.shown), 4)

    async def test_revoked(self) -> None:
        """
        A token that was revoked while its owner was connected gives one 401 at the reconnection,
        one new token, and the connection; where the refresh token went with it, the password gets
        that one (OA10).
        """
        user = self.auth(**JOHN, scopes=["read"], refreshConfig=INFER_REFRESH_CONFIG)
        for auth, name, grants in (
            (self.auth("svc", scopes=["read"]), "svc read", ["client_credentials"] * 2),
            (user, "johndoe read", ["password", "refresh_token", "password"]),
        ):
            before, seen = len(self.asked), len(self.shown)
            client = await self.returning(auth)
            await self.revoke(auth["clientId"], self.relay.shown[-1].removeprefix("Bearer "))
            await self.restart(client)
            self.assertEqual(await self.known(client), name)
            self.assertEqual(self.asked[before:], grants)
            first, again, other = self.shown[seen:]
            self.assertEqual((again, other), (first, first + 1))
            await client.close()

    async def test_downAtFirst(self) -> None:
        """
        While the server is down connecting fails at once, and nobody knocks at the listener; with
        retryConfig it succeeds when the server is there again (OA09, OA10).
        """
        port = self.server.port
        self.server.stop()
        auth = self.auth("svc", scopes=["read"])
        began = time.monotonic()
        problem = await self.assertFailure(Client.connect(self.url, auth=auth), AuthUnavailableError)
        self.assertLess(time.monotonic() - began, 2)
        self.assertIn("Failed to enrich request with OAuth2 token.", str(problem))
        connecting = Client.connect(self.url, auth=auth, retryConfig=SOON)
        before = self.tokens.connections
        await self.until(lambda: self.tokens.connections > before + 2)
        self.assertEqual(self.relay.connections, 0)
        self.server = self.begin(self.lifetime, port=port)
        client = await connecting
        self.assertEqual(await self.known(client), "svc read")
        await client.close()

    async def test_downMeanwhile(self) -> None:
        """
        A client whose token is too old and whose server is down goes on trying to come back; what
        is written and read waits (OA09, OA10).
        """
        client = await self.returning(self.auth("svc", scopes=["read"], clockSkew=60))
        port = self.server.port
        self.server.stop()
        before = self.tokens.connections
        await client.writeTextMessage("restart")
        await self.until(lambda: self.tokens.connections > before + 3)
        self.assertTrue(client.isReconnecting())
        writing, reading = client.writeTextMessage("who?"), client.readTextMessage()
        self.assertEqual(len(self.relay.shown), 1)
        self.server = self.begin(self.lifetime, port=port)
        await writing
        self.assertEqual(await reading, "svc read")
        self.assertEqual(self.shown, [0, 1])

    async def test_leaving(self) -> None:
        """
        A client that is closed while its new token is waited for is over at once, without a word
        of giving up, and asks no more.
        """
        client = await self.returning(self.auth("svc", scopes=["read"], clockSkew=60), maxCount=1)
        self.tokens.hang()
        before = self.tokens.connections
        await client.writeTextMessage("restart")
        await self.until(lambda: self.tokens.connections > before)
        await deferLater(self.reactor, 0.05)
        began = time.monotonic()
        reading = client.readTextMessage()
        await client.close()
        self.assertLess(time.monotonic() - began, 1)
        await self.assertFailure(reading, ConnectionClosureError)
        await deferLater(self.reactor, 0.2)
        self.assertEqual((self.tokens.connections, len(self.relay.shown)), (before + 1, 1))
        self.assertNotIn("gives up", "\n".join(self._told))


class NeverKnownTests(GrantedCase):
    """
    A listener that no token of the server opens.
    """

    async def test_twice(self) -> None:
        """
        After a 401 there is one new token and one more attempt, and then InvalidHandshakeError,
        whatever retryConfig says (OA10).
        """
        secret = {"jwtValidatorConfig": {"signatureConfig": {"secret": SHARED}}}
        self.url = await self.listen(secret)
        for more in ({}, {"retryConfig": SOON}):
            before, seen = len(self.asked), len(self.shown)
            await self.refused(self.url, self.auth("svc", scopes=["read"]), **more)
            await deferLater(self.reactor, 0.2)
            self.assertEqual(len(self.asked) - before, 2)
            first, second = self.shown[seen:]
            self.assertNotEqual(first, second)


class ExpiryTests(GrantedCase):
    """
    Tokens that live for two seconds.
    """

    lifetime = 2

    async def test_connected(self) -> None:
        """
        A connection whose token expires is closed with 1008, which is not retried: reads fail with
        the code, a client with callbacks is told it, and connecting anew gets a new token (decision
        15; OA10).
        """
        self.url = await self.listen(self.introspected("read"))
        auth = self.auth(**JOHN, refreshConfig=INFER_REFRESH_CONFIG)
        service = Told()
        began = time.monotonic()
        reader = await self.returning(auth)
        calling = await AsyncClient.connect(self.url, service, auth=auth, retryConfig=SOON)
        problem = await self.assertFailure(reader.readTextMessage(), ConnectionClosureError)
        self.assertEqual((problem.statusCode, problem.reason), (1008, "token expired"))
        await service.ended
        self.assertLess(time.monotonic() - began, 4.5)
        self.assertEqual(service.told, [(1008, "token expired")])
        await deferLater(self.reactor, 0.2)
        for client in (reader, calling):
            self.assertFalse(client.isOpen() or client.isReconnecting())
        self.assertEqual((self.shown, self.asked), ([0, 1], ["password"] * 2))
        again = await self.connect(self.url, auth)
        self.assertEqual(await self.known(again), "johndoe read update write")

    async def test_beforeReturn(self) -> None:
        """
        A token that has expired before a reconnection is refreshed first: there is no 401 (OA10).
        """
        self.url = await self.listen(self.introspected("read"))
        client = await self.returning(self.auth(**JOHN, refreshConfig=INFER_REFRESH_CONFIG, clockSkew=1.5))
        await deferLater(self.reactor, 0.6)
        await self.restart(client)
        self.assertEqual(await self.known(client), "johndoe offline_access read update write")
        self.assertEqual((self.shown, self.asked), ([0, 1], ["password", "refresh_token"]))


class SecureTests(ClientCase, OidcCase):
    """
    Client, listener and issuer under TLS.
    """

    async def test_secure(self) -> None:
        """
        All three trust one authority, and nobody else; an issuer or a listener of another one is
        told nothing (OA05, TL03).
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        authority = Authority()
        issued = authority.issue("localhost")
        trusted, other = authority.write(folder), Authority("Other").write(folder, "other")
        certFile, keyFile = issued.write(folder)
        server = self.begin(issued=issued)
        reach = {"secureSocket": {"cert": trusted}}
        record = {
            "url": f"{server.issuer}/token/introspection",
            "clientConfig": {**reach, "customHeaders": {"Authorization": _basic("rs")}},
        }
        listener = await self.listener(
            {"oauth2IntrospectionConfig": record}, secureSocket={"key": {"certFile": certFile, "keyFile": keyFile}}
        )
        url = f"wss://localhost:{listener.port}/"
        auth = {"tokenUrl": f"{server.issuer}/token", "clientId": "svc", "clientSecret": "svc-secret", "scopes": "read"}
        await self.assertKnown("svc read", url, {**auth, "clientConfig": reach}, **reach)
        elsewhere = {"secureSocket": {"cert": other}}
        for clientConfig, fields, kind in ((elsewhere, reach, AuthUnavailableError), (reach, elsewhere, SslError)):
            connecting = Client.connect(url, auth={**auth, "clientConfig": clientConfig}, **fields)
            problem = await self.assertFailure(connecting, kind)
            self.assertIn("certificate", str(problem))


class IssuedTests(ClientCase):
    """
    Tokens that a client makes, and those that somebody else gives for them.
    """

    async def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def key(self, key: Any, name: str, password: str | None = None) -> tuple[dict[str, Any], str]:
        """
        @return: what a client and what a listener needs of a key.
        """
        private, public = self.folder / f"{name}.key", self.folder / f"{name}.pub"
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return {"keyFile": str(private)}, str(public)

    def auth(self, algorithm: str, config: Any, **claims: Any) -> dict[str, Any]:
        """
        @return: the credentials of one who makes his tokens.
        """
        return {
            "issuer": "robots",
            "username": "robot-7",
            "audience": "chat",
            "customClaims": {"scope": "read write"},
            "signatureConfig": {"algorithm": algorithm, "config": config},
            **claims,
        }

    def validated(self, **signature: Any) -> dict[str, Any]:
        """
        @return: an entry for such tokens.
        """
        own = {"issuer": "robots", "audience": "chat", "signatureConfig": signature}
        return {"jwtValidatorConfig": own, "scopes": ["read"]}

    async def test_algorithms(self) -> None:
        """
        Tokens signed with a secret, an RSA key, a key of a curve, and Ed25519 are known by those
        who know the other half, and by nobody else (JW01, JW15).
        """
        rsa, rsaPublic = self.key(rsaKey(), "rsa")
        curve, curvePublic = self.key(ec.generate_private_key(ec.SECP256R1()), "curve")
        edwards, edwardsPublic = self.key(ed25519.Ed25519PrivateKey.generate(), "edwards")
        kinds = (
            ("HS256", SHARED, {"secret": SHARED}),
            ("RS256", rsa, {"certFile": rsaPublic}),
            ("PS256", rsa, {"certFile": rsaPublic}),
            ("ES256", curve, {"certFile": curvePublic}),
            ("EdDSA", edwards, {"certFile": edwardsPublic}),
        )
        for _, _, signature in kinds:
            url = await self.listen(self.validated(**signature))
            for algorithm, config, other in kinds:
                auth = self.auth(algorithm, config)
                if other == signature:
                    await self.assertKnown("robot-7 read write", url, auth)
                else:
                    before = len(self.relay.shown)
                    await self.refused(url, auth, retryConfig=SOON)
                    self.assertEqual(len(self.relay.shown), before + 1)  # another one would say the same

    async def test_store(self) -> None:
        """
        The key may be in a PKCS12 store, and the listener may have the certificate (JW15).
        """
        issued = Authority().issue("robots")
        store = issued.writeStore(self.folder, "canary-store", "robots")
        self.secrets.append("canary-store")
        url = await self.listen(self.validated(certFile=issued.write(self.folder)[0]))
        keyStore = {"path": store, "password": "canary-store"}
        config = {"keyStore": keyStore, "keyAlias": "own", "keyPassword": "canary-store"}
        await self.assertKnown("robot-7 read write", url, self.auth("ES256", config))

    async def test_claims(self) -> None:
        """
        A token for another listener, by another issuer, or without the scope is refused (JW01).
        """
        url = await self.listen(self.validated(secret=SHARED))
        for claims, status in (
            ({"audience": "mail"}, 401),
            ({"issuer": "people"}, 401),
            ({"audience": None}, 401),
            ({"customClaims": {"scope": "reading"}}, 403),
            ({"customClaims": {}}, 403),
        ):
            await self.refused(url, self.auth("HS256", SHARED, **claims), status)
        await self.refused(url, None)

    async def test_expires(self) -> None:
        """
        A connection ends with its token, and a client that comes back before that makes a new one
        (decisions 15 and 25).
        """
        url = await self.listen(self.validated(secret=SHARED))
        client = await self.connect(url, self.auth("HS256", SHARED, expTime=2), retryConfig=SOON)
        began = time.monotonic()
        problem = await self.assertFailure(client.readTextMessage(), ConnectionClosureError)
        self.assertEqual((problem.statusCode, problem.reason), (1008, "token expired"))
        self.assertLess(time.monotonic() - began, 3.5)
        self.assertFalse(client.isReconnecting())
        came: list[None] = []
        client = await self.connect(
            url,
            self.auth("HS256", SHARED, jwtId="one"),
            retryConfig=SOON,
            onReconnected=lambda _: came.append(None),
        )
        await deferLater(self.reactor, 1.1)
        await client.writeTextMessage("restart")
        await self.until(lambda: came)
        self.assertEqual(await self.known(client), "robot-7 read write")
        earlier, later = (decode(each.split(".")[1]) for each in self.relay.shown[-2:])
        self.assertNotEqual(earlier, later)

    async def test_assertion(self) -> None:
        """
        Somebody's statement is given for a token, which is shown; it stands in the form, and
        nowhere else (RFC 7523; OA10).
        """
        assertion = token(SHARED, sub="robot-8", exp=4_000_000_000)
        access = token(SHARED, sub="robot-8", iss="robots", aud="chat", scope="read", exp=4_000_000_000)
        self.secrets += [assertion, access]

        def give(question: Question) -> bytes:
            asked = {name: values[0] for name, values in question.form.items()}
            good = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
            if asked == {**good, "scope": "read"} and _basic("svc") in question.head:
                return said({"access_token": access, "token_type": "Bearer", "expires_in": 60})
            return said({"error": "invalid_grant"}, 400)

        issuer = BackEndHost(give)
        self.addCleanup(issuer.stop)
        url = await self.listen(self.validated(secret=SHARED))
        auth = {
            "tokenUrl": f"{issuer.url}/token",
            "assertion": assertion,
            "clientId": "svc",
            "clientSecret": "svc-secret",
            "scopes": ["read"],
        }
        await self.assertKnown("robot-8 read", url, auth)
        self.assertEqual(self.relay.shown, [f"Bearer {access}"] * 2)


class HostileIssuerTests(ClientCase):
    """
    Issuers out of their mind, who tell tokens wherever they can.
    """

    async def test_quiet(self) -> None:
        """
        Whatever an issuer answers, no log, no error, and no traceback has a token or a secret of it
        (AB13, OA10).
        """
        given = "canary-a51"
        self.secrets += [given, "canary-5ec", "canary-pa5"]
        members = {"access_token": given, "refresh_token": given}
        url = await self.listen({"jwtValidatorConfig": {"signatureConfig": {"secret": SHARED}}})
        issuer = BackEndHost(lambda _: None)
        self.addCleanup(issuer.stop)
        auth = {
            "tokenUrl": issuer.url,
            "username": "ada",
            "password": "canary-pa5",
            "clientId": "app",
            "clientSecret": "canary-5ec",
            "refreshConfig": INFER_REFRESH_CONFIG,
            "clientConfig": {"reqTimeout": 0.3},
        }
        for answer, isShown in (
            (said({**members, "expires_in": 60}), True),
            (said({"access_token": given + "\r\nX-More: yes"}), False),
            (said({**members, "token_type": given}), False),
            (said({"error": given, "error_description": given, **members}, 400), False),
            (said({"error": "invalid_grant", **members}, 400), False),
            (said(given.encode()), False),
            (said(members, 302, f"Location: {issuer.url}/{given}"), False),
            (said(members, 500, f"X-More: {given}"), False),
            (f"HTTP/1.1 {given}\r\n\r\n".encode(), False),
            (f"HTTP/1.1 200 OK\r\n{given}\r\n\r\n".encode(), False),
            (f"HTTP/1.1 200 OK\r\nContent-Length: {given}\r\n\r\n".encode(), False),
            (f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{given}\r\n".encode(), False),
            (given.encode(), False),
            (silent, False),
        ):
            issuer.answer = lambda _, answer=answer: answer
            before = len(self.relay.shown)
            try:
                await Client.connect(url, auth=auth, retryConfig={**SOON, "maxCount": 1})
            except (AuthError, InvalidHandshakeError) as problem:
                failure = Failure()
                self._told.append(f"{problem} {problem!r} {failure.getTraceback()} {problem.args}")
                self.assertIsInstance(problem, InvalidHandshakeError if isShown else AuthError)
            else:
                self.fail("it was let in")
            self.assertEqual(len(self.relay.shown) - before, 2 if isShown else 0)


class UserTests(ClientCase):
    """
    Names and passwords.
    """

    async def test_basic(self) -> None:
        """
        Users of the configuration are let in by their passwords, of whatever letters; a wrong one
        is tried once (AB01).
        """
        users = [
            {"username": "ada", "password": "canary difference", "scopes": ["read"]},
            {"username": "jos\u00e9", "password": "canary: \u65e5\u672c \u00fc", "scopes": ["read", "write"]},
        ]
        self.secrets += [each["password"] for each in users]
        store = {"users": users, "allowPlaintextPasswords": True}
        url = await self.listen({"fileUserStoreConfig": store, "scopes": ["read"]})
        for each in users:
            auth = {"username": each["username"], "password": each["password"]}
            await self.assertKnown(f"{each['username']} {' '.join(each['scopes'])}", url, auth)
        before = len(self.relay.shown)
        for auth in ({"username": "ada", "password": "canary wrong"}, {"username": "eve", "password": "canary x"}):
            await self.refused(url, auth, retryConfig=SOON)
        self.assertEqual(len(self.relay.shown), before + 2)
