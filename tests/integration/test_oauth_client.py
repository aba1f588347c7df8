"""
Clients with tokens of a real server, npm's oidc-provider, at listeners that ask it about them
(row OA10 of the reliability catalogue; decisions 15 and 25).
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater

from balws import AsyncClient, Client
from balws.auth.backend import BackEnd
from balws.config.backend import HttpClientConfig
from balws.config.oauth2 import INFER_REFRESH_CONFIG, POST_BODY_BEARER
from balws.config.records import build
from balws.errors import AuthError, AuthUnavailableError, ConnectionClosureError, SslError
from tests.certificates import Authority
from tests.integration.credentials import JOHN, SHARED, SOON, ClientCase, Told, basic
from tests.integration.oidc import OidcCase
from tests.integration.relay import Relay


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
            "clientConfig": {"customHeaders": {"Authorization": basic("rs")}},
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
        config = build(HttpClientConfig, {"customHeaders": {"Authorization": basic(client)}})
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
        self.assertIn(basic("svc"), self.tokens.shown)
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
                build(HttpClientConfig, {"customHeaders": {"Authorization": basic("app")}}),
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

    async def test_beforeReturn(self) -> None:
        """
        A token that has expired before a reconnection is refreshed first: there is no 401 (OA10).
        """
        client = await self.returning(
            self.auth(**JOHN, refreshConfig=INFER_REFRESH_CONFIG, clockSkew=self.lifetime - 0.5)
        )
        await deferLater(self.reactor, 0.6)
        await self.restart(client)
        self.assertEqual(await self.known(client), "johndoe offline_access read update write")
        self.assertEqual((self.shown, self.asked), ([0, 1], ["password", "refresh_token"]))

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
        self.assertLess(time.monotonic() - began, 15)
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
        self.assertLess(time.monotonic() - began, 15)
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
    Tokens that live for three seconds.
    """

    lifetime = 3

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
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(service.told, [(1008, "token expired")])
        await deferLater(self.reactor, 0.2)
        for client in (reader, calling):
            self.assertFalse(client.isOpen() or client.isReconnecting())
        self.assertEqual((self.shown, self.asked), ([0, 1], ["password"] * 2))
        again = await self.connect(self.url, auth)
        self.assertEqual(await self.known(again), "johndoe read update write")


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
            "clientConfig": {**reach, "customHeaders": {"Authorization": basic("rs")}},
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
