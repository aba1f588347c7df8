"""
Tokens that clients get and show: rows OA05, OA10 and JW15 of the reliability catalogue.
"""

from __future__ import annotations

import time
from base64 import b64encode
from itertools import count
from typing import Any
from urllib.parse import quote_plus

from tests.auth.tokens import SECRET
from tests.rows.backend import BackEndHost, Question, said, silent
from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import Accepted, Hostile
from tests.rows.guarding import GuardedTestCase, guarded
from tests.rows.waiting import patiently

_SECRET = "s3cret/+ &%:~"

#: Again at once.
_FAST = {"interval": 0.05, "maxCount": 5}


def _authorization(accepted: Accepted) -> list[bytes]:
    """
    @return: what the upgrade request of a client shows.
    """
    lines = accepted.request().split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"authorization:")]


class GrantTests(ClientTestCase):
    """
    An issuer that gives tokens as a test says.
    """

    def setUp(self) -> None:
        """
        Give a new token each time.
        """
        super().setUp()
        self.anew()

    def anew(self) -> None:
        """
        Begin with the first token.
        """
        self.numbers = count(1)
        self.more: dict[str, Any] = {}
        self.issuer = BackEndHost(self.grant)
        self.addCleanup(self.issuer.stop)
        self.own = self.server()

    def grant(self, question: Question) -> bytes:
        """
        @return: a token, and what the test adds to it.
        """
        return said({"access_token": f"token-{next(self.numbers)}", "expires_in": 60, **self.more})

    def auth(self, **fields: Any) -> dict[str, Any]:
        """
        @return: a client's credentials.
        """
        where = {} if "refreshUrl" in fields else {"tokenUrl": f"{self.issuer.url}/token"}
        client = {"clientConfig": {"reqTimeout": 0.7, "connectTimeout": 0.7}}
        return {**where, "clientId": "app", "clientSecret": _SECRET, **client, **fields}

    def accepts(self, server: Hostile, *shown: bytes) -> Accepted:
        """
        Check what the next upgrade request shows, and accept it.
        """
        accepted = server.accept()
        self.assertEqual(_authorization(accepted), list(shown))
        return accepted.send(accepted.answer())

    def refuses(self, server: Hostile, status: int, *shown: bytes) -> None:
        """
        The same, and refuse it.
        """
        accepted = server.accept()
        self.assertEqual(_authorization(accepted), list(shown))
        accepted.send(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status).close()

    def test_grants(self) -> None:
        """
        Each grant asks as RFC 6749 and RFC 7523 say, with the secret in the header or in the
        form, and the token is what the server is shown, whatever else is configured (OA10)
        """
        pair = f"app:{quote_plus(_SECRET)}"
        header = "Authorization: Basic " + b64encode(pair.encode()).decode()
        body = {"credentialBearer": "POST_BODY_BEARER"}
        for number, (fields, wanted) in enumerate(
            (
                ({}, {"grant_type": ["client_credentials"]}),
                ({"scopes": ["read", "write"]}, {"grant_type": ["client_credentials"], "scope": ["read write"]}),
                (
                    {"username": "alice", "password": "x&y=z"},
                    {"grant_type": ["password"], "username": ["alice"], "password": ["x&y=z"]},
                ),
                (
                    {"refreshUrl": f"{self.issuer.url}/refresh", "refreshToken": "first"},
                    {"grant_type": ["refresh_token"], "refresh_token": ["first"]},
                ),
                (
                    {"assertion": "a.b.c", "optionalParams": {"resource": "urn:x"}},
                    {
                        "grant_type": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
                        "assertion": ["a.b.c"],
                        "resource": ["urn:x"],
                    },
                ),
            )
        ):
            for bearer in ({}, body):
                name = self.connecting(
                    self.own.url, auth=self.auth(**fields, **bearer), customHeaders={"authorization": "Basic x"}
                )
                self.accepts(self.own, b"Bearer token-%d" % (2 * number + (2 if bearer else 1)))
                self.succeeds(name)
                question = self.issuer.asked[-1]
                self.assertEqual(header in question.head, not bearer)
                secret = {"client_id": ["app"], "client_secret": [_SECRET]} if bearer else {}
                self.assertEqual(question.form, {**wanted, **secret})

    @patiently
    def test_reused(self) -> None:
        """
        A token is used again until it is about to expire, and then there is a new one (OA10)
        """
        self.more = {"expires_in": 1}
        name = self.connecting(self.own.url, auth=self.auth(), retryConfig=_FAST)
        accepted = self.accepts(self.own, b"Bearer token-1")
        self.succeeds(name)
        accepted.reset()
        accepted = self.accepts(self.own, b"Bearer token-1")
        self.assertEqual(len(self.issuer.asked), 1)
        time.sleep(1.1)
        accepted.reset()
        self.accepts(self.own, b"Bearer token-2")

    def test_rejected(self) -> None:
        """
        A token that the server does not know is replaced once; then the connect fails, and
        nothing is tried again for ever (OA10)
        """
        name = self.connecting(self.own.url, auth=self.auth())
        self.refuses(self.own, 401, b"Bearer token-1")
        self.accepts(self.own, b"Bearer token-2")
        self.succeeds(name)
        name = self.connecting(self.own.url, auth=self.auth(), retryConfig=_FAST)
        self.refuses(self.own, 401, b"Bearer token-3")
        self.refuses(self.own, 401, b"Bearer token-4")
        self.fails(name, "InvalidHandshakeError", "401")
        name = self.connecting(self.own.url, auth=self.auth())
        self.refuses(self.own, 403, b"Bearer token-5")
        self.fails(name, "InvalidHandshakeError", "403")
        self.assertEqual(len(self.issuer.asked), 5)
        self.assertFalse(self.own.isCalled(0.2))

    def test_rotated(self) -> None:
        """
        Where the issuer gives a new refresh token, that is the next one (OA10)
        """
        self.more = {"refresh_token": "second", "expires_in": 1}
        auth = self.auth(refreshUrl=f"{self.issuer.url}/refresh", refreshToken="first")
        name = self.connecting(self.own.url, auth=auth, retryConfig=_FAST)
        accepted = self.accepts(self.own, b"Bearer token-1")
        self.succeeds(name)
        time.sleep(1.1)
        accepted.reset()
        self.accepts(self.own, b"Bearer token-2")
        self.assertEqual([question.form["refresh_token"] for question in self.issuer.asked], [["first"], ["second"]])

    def test_faults(self) -> None:
        """
        Without a token nobody connects: the connect fails in time, and no error tells the
        secret; a redirect is not followed (OA05, OA10)
        """
        other = BackEndHost(self.grant)
        self.addCleanup(other.stop)
        for answer in (
            said(b"", 302, f"Location: {other.url}/token"),
            said(b"", 307, f"Location: {other.url}/token"),
            said({"error": "invalid_client", "error_description": _SECRET}, 401),
            said({"error": "invalid_grant"}, 400),
            said({"access_token": "x"}, 500),
            said({"access_token": 1}),
            said({"access_token": "x\r\nX-Injected: 1"}),
            said({"access_token": ""}),
            said({"token": "x"}),
            said([]),
            said(b"x" * 100_000),
            b"nonsense\r\n\r\n",
            silent,
            None,
        ):
            self.issuer.answer = lambda question, answer=answer: answer
            began = time.monotonic()
            failed = self.driver.answer(self.connecting(self.own.url, auth=self.auth()))
            self.assertIn("AuthError", failed["kinds"])
            self.assertLess(time.monotonic() - began, 10)
            self.assertIn("Failed to enrich request with OAuth2 token.", failed["text"])
            self.assertNotIn(_SECRET, failed["text"])
            self.assertNotIn("Injected", failed["text"])
        self.assertEqual(other.connections, 0)
        self.assertFalse(self.own.isCalled(0.1))

    def test_plain(self) -> None:
        """
        Nobody is asked without TLS on another machine (OA05)
        """
        for url in ("http://issuer.example/token", "https://a:b@issuer.example/"):
            name = self.connecting(self.own.url, auth=self.auth(tokenUrl=url))
            self.assertNotIn("a:b", self.fails(name, "ConfigurationError", "tokenUrl")["text"])


class IssuedTests(GuardedTestCase, ClientTestCase):
    """
    A client that makes its tokens, and a listener that accepts them.
    """

    more = guarded(
        "/tokens",
        {
            "jwtValidatorConfig": {
                "issuer": "own",
                "audience": "chat",
                "signatureConfig": {"secret": SECRET},
            },
            "scopes": ["write"],
        },
    )

    def setUp(self) -> None:
        """
        Start both.
        """
        GuardedTestCase.setUp(self)
        ClientTestCase.setUp(self)

    def issued(self, **fields: Any) -> str:
        """
        @return: the name of the answer of a connect with such tokens.
        """
        auth = {
            "issuer": "own",
            "username": "ada",
            "audience": "chat",
            "customClaims": {"scope": "read write"},
            "signatureConfig": {"algorithm": "HS512", "config": SECRET},
            **fields,
        }
        return self.connecting(f"ws://127.0.0.1:{self.port}{self.tagged('/tokens')}", auth=auth)

    def test_accepted(self) -> None:
        """
        The listener takes the client's tokens for what they are (JW15)
        """
        name = self.issued()
        self.succeeds(name)
        reading = self.calling(name, "readTextMessage")
        self.assertIn('"ada"', self.succeeds(reading))
        self.succeeds(self.calling(name, "close"))
        self.fails(self.issued(audience="other"), "InvalidHandshakeError", "401")
        self.fails(self.issued(customClaims={}), "InvalidHandshakeError", "403")

    def test_short(self) -> None:
        """
        A secret that could be guessed signs nothing (JW15)
        """
        short = {"algorithm": "HS256", "config": "x" * 31}
        failed = self.fails(self.issued(signatureConfig=short), "ConfigurationError", "32 bytes")
        self.assertNotIn("x" * 31, failed["text"])
