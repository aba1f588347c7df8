"""
A real OAuth2 server between clients and a listener: rows OA01, OA06, OA10 and JW08 of the
reliability catalogue.
"""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.certificates import Authority
from tests.integration.oidc import Oidc
from tests.rows.client_driving import ClientTestCase
from tests.rows.guarding import GuardedTestCase, basic, bearer, guarded


class _Real:
    """
    @ivar issuer: its URL.
    @ivar authority: the file of who signed its certificate.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        authority = Authority()
        self.authority = authority.write(folder)
        files = folder / "server"
        files.mkdir()
        server = Oidc(files, 0, 60, authority.issue("localhost"))
        atexit.register(server.stop)
        self.issuer = server.issuer


_real = cache(_Real)


class ServerTests(GuardedTestCase, ClientTestCase):
    """
    Clients get their tokens there, and the listener asks about them there.
    """

    def setUp(self) -> None:
        """
        Start it, once for all; skip where it is not there.
        """
        real = _real()
        self.issuer = real.issuer
        self.trusting = {"secureSocket": {"cert": real.authority}}
        asking = basic("rs", "rs-secret").decode().strip().partition(": ")[2]
        introspection = {
            "url": f"{real.issuer}/token/introspection",
            "clientConfig": {**self.trusting, "customHeaders": {"Authorization": asking}},
        }
        entry = {"oauth2IntrospectionConfig": introspection}
        jwks = {"url": f"{real.issuer}/jwks", "clientConfig": self.trusting}
        jwt = {"issuer": real.issuer, "audience": "urn:chat", "signatureConfig": {"jwksConfig": jwks}}
        self.more = (
            guarded("/tokens", entry)
            + guarded("/write", {**entry, "scopes": "write"})
            + guarded("/update", {**entry, "scopes": ["update"]})
            + guarded("/signed", {"jwtValidatorConfig": jwt, "scopes": ["read"]})
        )
        GuardedTestCase.setUp(self)
        ClientTestCase.setUp(self)

    def come(self, path: str, client: str, **fields: Any) -> str:
        """
        @return: the name of the answer of a connect with a token from there.
        """
        auth = {
            "tokenUrl": f"{self.issuer}/token",
            "clientId": client,
            "clientSecret": f"{client}-secret",
            "clientConfig": self.trusting,
            **fields,
        }
        return self.connecting(f"ws://127.0.0.1:{self.port}{self.tagged(path)}", auth=auth)

    def leave(self, name: str, username: str) -> None:
        """
        A connect succeeded: the service knows who it is.
        """
        self.succeeds(name)
        self.assertIn(f'"username":"{username}"', self.succeeds(self.calling(name, "readTextMessage")).replace(" ", ""))
        self.succeeds(self.calling(name, "close"))

    def test_tokens(self) -> None:
        """
        Tokens of a service and of a user are accepted for their scopes, others are not (OA01, OA10)
        """
        alice = {"username": "alice", "password": "xxx"}
        self.leave(self.come("/tokens", "svc", scopes=["read"]), "svc")
        self.leave(self.come("/write", "app", **alice), "alice")
        self.leave(self.come("/write", "app-post", **alice, credentialBearer="POST_BODY_BEARER"), "alice")
        self.fails(self.come("/update", "app", **alice), "InvalidHandshakeError", "403")
        for path in ("/tokens", "/write"):
            self.assertAnswered(401, path, bearer("made-up"))

    def test_refused(self) -> None:
        """
        Who gets no token there does not connect (OA10)
        """
        for fields in ({"password": "yyy"}, {"clientSecret": "wrong", "password": "xxx"}):
            answer = self.driver.answer(self.come("/tokens", "app", username="alice", **fields))
            self.assertIn("AuthError", answer["kinds"])
        self.assertNotIn("accepted", self.logged())

    def test_signed(self) -> None:
        """
        Its signed tokens are verified with the keys that it publishes (JW08)
        """
        name = self.come("/signed", "svc", scopes=["read"], optionalParams={"resource": "urn:chat"})
        self.leave(name, "svc")
        other = self.come("/signed", "svc", scopes=["read"], optionalParams={"resource": "urn:other"})
        self.fails(other, "InvalidHandshakeError", "401")
