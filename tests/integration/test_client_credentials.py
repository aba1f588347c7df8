"""
Clients with credentials that need no server of anybody else's: tokens that they make
themselves, names and passwords; and issuers of tokens that tell them around (rows JW01, JW15,
AB01 and AB13 of the reliability catalogue).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from balws import Client
from balws.config.oauth2 import INFER_REFRESH_CONFIG
from balws.errors import AuthError, ConnectionClosureError, InvalidHandshakeError
from tests.auth.tokens import decode, token
from tests.certificates import Authority, rsaKey
from tests.integration.credentials import SHARED, SOON, ClientCase, basic
from tests.rows.backend import BackEndHost, Question, said, silent


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
        client = await self.connect(url, self.auth("HS256", SHARED, expTime=3), retryConfig=SOON)
        began = time.monotonic()
        problem = await self.assertFailure(client.readTextMessage(), ConnectionClosureError)
        self.assertEqual((problem.statusCode, problem.reason), (1008, "token expired"))
        self.assertLess(time.monotonic() - began, 20)
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
            if asked == {**good, "scope": "read"} and basic("svc") in question.head:
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
