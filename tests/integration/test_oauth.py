"""
Tests of OAuth 2.0 and of JWTs against a real server: npm's oidc-provider.
"""

from __future__ import annotations

import time
from base64 import b64encode
from pathlib import Path
from typing import Any

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from balws import Caller, Client, Listener, Service, UpgradeService, serviceConfig
from balws.auth.backend import BackEnd
from balws.auth.credentials import BearerToken
from balws.auth.jwt.validator import JwtValidator
from balws.auth.oauth2.granting import GrantedToken, grantFor
from balws.auth.oauth2.introspection import OAuth2Introspection
from balws.auth.principal import Identity
from balws.config.backend import HttpClientConfig
from balws.config.jwt import JwtValidatorConfig
from balws.config.oauth2 import INFER_REFRESH_CONFIG, OAuth2IntrospectionConfig, grant
from balws.config.records import build
from balws.errors import AuthError, AuthUnavailableError, InvalidHandshakeError
from tests.certificates import Authority
from tests.integration.oidc import OidcCase

ALICE = {"username": "alice", "password": "xxx"}


def _basic(client: str) -> str:
    return "Basic " + b64encode(f"{client}:{client}-secret".encode()).decode()


class OAuthCase(OidcCase):
    """
    Has the server, and who gets tokens there and asks about them; over http.
    """

    #: Seconds that the tokens of users live.
    lifetime = 60

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.server = self.start()

    def start(self, port: int = 0) -> Any:
        """
        @return: the server.
        """
        return self.begin(self.lifetime, port=port)

    def reaching(self, **fields: Any) -> dict[str, Any]:
        """
        @return: a C{clientConfig} that reaches it.
        """
        return fields

    def source(self, client: str = "app", **fields: Any) -> GrantedToken:
        """
        @return: who gets tokens.
        """
        where = "refreshUrl" if "refreshToken" in fields else "tokenUrl"
        record = {
            where: f"{self.server.issuer}/token",
            "clientId": client,
            "clientSecret": f"{client}-secret",
            "clientConfig": self.reaching(),
            **fields,
        }
        made: GrantedToken = self.kept(grantFor(grant(record), self.reactor))
        return made

    def checker(self, **fields: Any) -> OAuth2Introspection:
        """
        @return: who asks about tokens.
        """
        record = {
            "url": f"{self.server.issuer}/token/introspection",
            "clientConfig": self.reaching(customHeaders={"Authorization": _basic("rs")}),
            **fields,
        }
        made: OAuth2Introspection = self.kept(
            OAuth2Introspection(build(OAuth2IntrospectionConfig, record), self.reactor)
        )
        return made

    async def token(self, source: GrantedToken) -> str:
        """
        @return: the next token to use.
        """
        return (await source.authorization()).decode().removeprefix("Bearer ")

    async def who(self, checker: OAuth2Introspection, token: str) -> Identity:
        """
        @return: whose token it is.
        """
        identity: Identity = await checker.requestAvatarId(BearerToken(token))
        return identity

    def unknown(self, checker: OAuth2Introspection, token: str) -> Deferred[Any]:
        """
        See that it is nobody's.
        """
        return self.assertFailure(checker.requestAvatarId(BearerToken(token)), UnauthorizedLogin)

    async def revoke(self, client: str, token: str) -> None:
        """
        Revoke a token (RFC 7009).
        """
        config = build(HttpClientConfig, self.reaching(customHeaders={"Authorization": _basic(client)}))
        backEnd = self.kept(BackEnd(f"{self.server.issuer}/token/revocation", config, self.reactor))
        answer = await backEnd.fetch("POST", {"token": token})
        self.assertEqual(answer.status, 200)


class OAuthTests(OAuthCase):
    """
    Tokens that are granted, introspected, refreshed and revoked.
    """

    async def test_clientCredentials(self) -> None:
        """
        The client's own token is got once, and known to be the client's (OA01, OA10).
        """
        source = self.source("svc", scopes=["read", "write"])
        token = await self.token(source)
        self.assertEqual(await self.token(source), token)
        identity = await self.who(self.checker(), token)
        self.assertEqual(identity, b"svc")
        self.assertEqual(identity.scopes, ("read", "write"))
        assert identity.expires is not None
        self.assertTrue(0 < identity.expires - time.time() <= 61)
        await self.unknown(self.checker(), "nonsense")

    async def test_inTheBody(self) -> None:
        """
        A client may show itself in the form, for its own token and for the introspection (OA10).
        """
        source = self.source("app-post", scopes="read", credentialBearer="POST_BODY_BEARER")
        checker = self.checker(
            optionalParams={"client_id": "app-post", "client_secret": "app-post-secret"},
            tokenTypeHint="access_token",
            clientConfig=self.reaching(),
        )
        self.assertEqual(await self.who(checker, await self.token(source)), b"app-post")

    async def test_password(self) -> None:
        """
        A user's token has the user's scopes (OA10).
        """
        identity = await self.who(self.checker(), await self.token(self.source(**ALICE, scopes="read write update")))
        self.assertEqual(identity, b"alice")
        self.assertEqual(identity.scopes, ("read", "write"))

    async def test_refusals(self) -> None:
        """
        A wrong password and a wrong secret are refused, in the server's words.
        """
        for fields, code in (
            ({"password": "wrong"}, "invalid_grant"),
            ({"clientSecret": "wrong"}, "invalid_client"),
        ):
            problem = await self.assertFailure(self.source(**{**ALICE, **fields}).authorization(), AuthError)
            self.assertTrue(str(problem).startswith("Failed to enrich request with OAuth2 token."), problem)
            self.assertIn(f"({code})", str(problem))
            self.assertNotIn("wrong", str(problem))

    async def test_rotation(self) -> None:
        """
        A refresh token is good once, and the new one is used next (OA10).
        """
        source = self.source(**ALICE, refreshConfig=INFER_REFRESH_CONFIG, clockSkew=self.lifetime)
        checker = self.checker()
        tokens = [await self.token(source) for _ in range(4)]
        self.assertEqual(len(set(tokens)), 4)
        self.assertEqual(await self.who(checker, tokens[-1]), b"alice")

    async def test_usedRefreshToken(self) -> None:
        """
        A refresh token that was used up gives no token; who knows the password gets one with that
        (OA10).
        """
        user = self.source(**ALICE, refreshConfig=INFER_REFRESH_CONFIG)
        await self.token(user)
        held: Any = user
        first = held._refreshToken.reveal()
        self.assertEqual(await self.who(self.checker(), await self.token(self.source(refreshToken=first))), b"alice")
        problem = await self.assertFailure(self.source(refreshToken=first).authorization(), AuthError)
        self.assertIn("(invalid_grant)", str(problem))
        user.rejected(await user.authorization())
        self.assertEqual(await self.who(self.checker(), await self.token(user)), b"alice")

    async def test_revoked(self) -> None:
        """
        A token that was revoked is nobody's; where answers are remembered, only after a while (OA06).
        """
        source = self.source("svc", scopes="read")
        token = await self.token(source)
        fresh, remembering = self.checker(), self.checker(cacheConfig={})
        for checker in (fresh, remembering):
            self.assertEqual(await self.who(checker, token), b"svc")
        await self.revoke("svc", token)
        await self.unknown(fresh, token)
        self.assertEqual(await self.who(remembering, token), b"svc")
        source.rejected(f"Bearer {token}".encode())
        self.assertEqual(await self.who(fresh, await self.token(source)), b"svc")

    async def test_wrongAsker(self) -> None:
        """
        Where the server does not let us ask, nobody is let in and nobody is told no (OA01).
        """
        headers = {"Authorization": "Basic " + b64encode(b"rs:wrong").decode()}
        checker = self.checker(clientConfig=self.reaching(customHeaders=headers))
        token = await self.token(self.source("svc"))
        problem = await self.assertFailure(checker.requestAvatarId(BearerToken(token)), AuthUnavailableError)
        self.assertIn("answered 401", str(problem))

    async def test_downAndUp(self) -> None:
        """
        While the server is down nobody is let in; when it is there again, everybody is (OA09).
        """
        checker = self.checker()
        token = await self.token(self.source("svc"))
        self.assertEqual(await self.who(checker, token), b"svc")
        port = self.server.port
        self.server.stop()
        await self.assertFailure(checker.requestAvatarId(BearerToken(token)), AuthUnavailableError)
        self.server = self.start(port)
        token = await self.token(self.source("svc"))
        self.assertEqual(await self.who(checker, token), b"svc")

    async def test_jwt(self) -> None:
        """
        A JWT of the server is verified with the keys that it publishes, and one that was changed is
        not.
        """
        source = self.source("svc", scopes="read", optionalParams={"resource": "urn:balws"})
        token = await self.token(source)
        plain = {"secureSocket": {"disable": True}}
        config = {
            "issuer": self.server.issuer,
            "audience": "urn:balws",
            "signatureConfig": {
                "jwksConfig": {"url": f"{self.server.issuer}/jwks", "clientConfig": self.reaching() or plain}
            },
        }
        checker = self.kept(JwtValidator(build(JwtValidatorConfig, config), self.reactor))
        identity = await self.who(checker, token)
        self.assertEqual(identity.scopes, ("read",))
        self.assertEqual(identity.claims["client_id"], "svc")
        head, body, signature = token.split(".")
        for changed in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", await self.token(self.source("svc"))):
            await self.unknown(checker, changed)


class SecureOAuthTests(OAuthTests):
    """
    The same over TLS, with a certificate of our own authority.
    """

    def start(self, port: int = 0) -> Any:
        """
        @return: the server.
        """
        if not port:
            self.authority = Authority()
            self.issued = self.authority.issue("localhost")
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            self.trusted = self.authority.write(folder)
            self.other = Authority("Other").write(folder, "other")
        return self.begin(self.lifetime, self.issued, port)

    def reaching(self, **fields: Any) -> dict[str, Any]:
        """
        @return: a C{clientConfig} that trusts the authority.
        """
        return {"secureSocket": {"cert": self.trusted}, **fields}

    async def test_untrusted(self) -> None:
        """
        Nothing is told to a server whose certificate is of another authority, or for another host
        (OA05).
        """
        for issuer, config in (
            (self.server.issuer, {"secureSocket": {"cert": self.other}}),
            (self.server.issuer.replace("localhost", "127.0.0.1"), self.reaching()),
            (self.server.issuer, {}),
        ):
            source = self.source("svc", tokenUrl=f"{issuer}/token", clientConfig=config)
            problem = await self.assertFailure(source.authorization(), AuthUnavailableError)
            self.assertIn("certificate", str(problem))


class ExpiryTests(OAuthCase):
    """
    Tokens that live for a second.
    """

    lifetime = 1

    async def test_expired(self) -> None:
        """
        A token is nobody's after its end, even where answers are remembered; its owner gets another
        one by then (OA06, OA10).
        """
        source = self.source(**ALICE, refreshConfig=INFER_REFRESH_CONFIG)
        token = await self.token(source)
        fresh, remembering = self.checker(), self.checker(cacheConfig={})
        for checker in (fresh, remembering):
            self.assertEqual(await self.who(checker, token), b"alice")
        await deferLater(self.reactor, 2.1)
        for checker in (fresh, remembering):
            await self.unknown(checker, token)
        other = await self.token(source)
        self.assertNotEqual(other, token)
        self.assertEqual(await self.who(remembering, other), b"alice")


class ConnectionTests(OAuthCase):
    """
    A client and a listener of ours, with the server between them.
    """

    async def listen(self, *entries: dict[str, Any]) -> str:
        """
        @return: the URL of a service with these entries, which says who is connected.
        """

        @serviceConfig(auth=list(entries))
        class Upgrade(UpgradeService):
            def get(self) -> Service:
                return Naming()

        class Naming(Service):
            def onTextMessage(self, caller: Caller, text: str) -> str:
                principal = caller.getPrincipal()
                return f"{principal.username} {' '.join(sorted(principal.scopes))}"

        listener = Listener(0, host="127.0.0.1")
        listener.attach(Upgrade(), "/")
        await listener.start()
        self.addCleanup(listener.immediateStop)
        return f"ws://127.0.0.1:{listener.port}/"

    def entry(self, *scopes: str) -> dict[str, Any]:
        """
        @return: an entry that asks the server.
        """
        record = {
            "url": f"{self.server.issuer}/token/introspection",
            "clientConfig": self.reaching(customHeaders={"Authorization": _basic("rs")}),
        }
        return {"oauth2IntrospectionConfig": record, "scopes": scopes}

    def auth(self, client: str = "svc", **fields: Any) -> dict[str, Any]:
        """
        @return: a client's C{auth}.
        """
        return {
            "tokenUrl": f"{self.server.issuer}/token",
            "clientId": client,
            "clientSecret": f"{client}-secret",
            "clientConfig": self.reaching(),
            **fields,
        }

    async def test_connected(self) -> None:
        """
        Who gets a token of the server is let in, and known by it (OA01, OA10).
        """
        url = await self.listen(self.entry("read"))
        for auth, name in (
            (self.auth(scopes=["read"]), "svc read"),
            (self.auth("app", **ALICE), "alice read write"),
        ):
            client = await Client.connect(url, auth=auth)
            await client.writeTextMessage("who?")
            self.assertEqual(await client.readTextMessage(), name)
            await client.close()

    async def test_refused(self) -> None:
        """
        Without a token it is 401, without the scope 403, and while the server is down 503: never a
        connection (OA01, OA09).
        """
        url = await self.listen(self.entry("update"))
        token = await self.token(self.source("svc", scopes="read"))
        for auth, status in ((None, 401), ({"token": "nonsense"}, 401), ({"token": token}, 403)):
            problem = await self.assertFailure(Client.connect(url, auth=auth), InvalidHandshakeError)
            self.assertEqual(problem.response.status, status)
        self.server.stop()
        problem = await self.assertFailure(Client.connect(url, auth={"token": token}), InvalidHandshakeError)
        self.assertEqual(problem.response.status, 503)
        problem = await self.assertFailure(Client.connect(url, auth=self.auth()), AuthUnavailableError)
        self.assertIn("Failed to enrich request with OAuth2 token.", str(problem))
