"""
No secret is told, neither by the log nor by a traceback nor by what anything shows of itself: row
AB13 of the reliability catalogue.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.auth.tokens import token
from tests.certificates import Authority, keyStore
from tests.commands import environment
from tests.rows.backend import BackEndHost, Question, said
from tests.rows.directories import directory
from tests.rows.guarding import GuardedTestCase, basic, bearer, guarded, toml, user
from tests.rows.raw import TEXT, frame, request

#: Each secret has this in it, and a number, so that it is known which was told.
_CANARY = "p4ssw0rd-canary"

_NAMES = (
    *("user", "wrong", "account", "directory", "signing", "header", "parameter", "client", "key", "store"),
    *("token", "query", "cookie", "protocol", "refresh", "assertion", "password", "url", "environment", "file"),
)


def _secret(name: str) -> str:
    return f"{_CANARY}-{_NAMES.index(name):02}-{'x' * 20}"


class CanaryTests(GuardedTestCase):
    """
    Every kind of secret, at both ends, right and wrong.
    """

    services = {}
    alone = True
    _made: dict[str, Any] = {}

    def setUp(self) -> None:
        """
        Write all the files, once.
        """
        if not self._made:
            self._make()
        self.host = self._made["host"]
        self.more = self._made["more"]
        super().setUp()

    def _make(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        authority = Authority()
        cert, key = authority.issue("localhost").write(folder, "own", _secret("key"))
        store, trust = folder / "own.p12", folder / "trust.p12"
        store.write_bytes(authority.issue("localhost").store(_secret("store")))
        trust.write_bytes(keyStore(None, None, _secret("store"), (authority.certificate,)))
        kept = folder / "secret.txt"
        kept.write_text(_secret("file") + "\n", "utf-8")
        kept.chmod(0o600)
        host = BackEndHost(self.answer)
        atexit.register(host.stop)
        secureSocket = {"cert": {"path": str(trust), "password": _secret("store")}}
        introspection = {
            "url": f"{host.url}/introspect",
            "optionalParams": {"client_id": "rs", "client_secret": _secret("parameter")},
            "clientConfig": {
                "customHeaders": {"Authorization": f"Basic {_secret('header')}", "X-Key": {"file": str(kept)}},
                "secureSocket": {
                    **secureSocket,
                    "key": {"certFile": cert, "keyFile": key, "keyPassword": _secret("key")},
                },
            },
        }
        granted = {
            "url": f"{host.url}/granted",
            "clientConfig": {
                "auth": {"tokenUrl": f"{host.url}/token", "clientId": "rs", "clientSecret": _secret("client")},
            },
        }
        file = {"fileUserStoreConfig": {"users": {"alice": _secret("user")}, "allowPlaintextPasswords": True}}
        ldap = directory("ldap://localhost:9", connectionPassword=_secret("account"))
        jwt = {"jwtValidatorConfig": {"signatureConfig": {"secret": _secret("signing")}}}
        everywhere = {"bearerQueryParameter": "token", "bearerCookie": "session"}
        more = (
            '[[listeners.resources]]\npath = "/telling"\nresource = "telling:Telling"\n'
            + '[[listeners.services]]\npath = "/ws"\nservice = "echoing:EchoUpgrade"\n'
            + "[auth]\nallowPlaintextPasswords = true\n"
            + user("bob", _secret("user"))
            + guarded("/file", file)
            + guarded("/own", {"fileUserStoreConfig": {}})
            + guarded("/ldap", ldap)
            + guarded("/jwt", jwt)
            + guarded("/tokens", {"oauth2IntrospectionConfig": introspection}, **everywhere)
            + guarded("/granted", {"oauth2IntrospectionConfig": granted})
            + guarded("/raising", {"checker": "guarded:RaisingChecker"})
            + guarded("/failing", file).replace("guarded:KnownUpgrade", "upgrading:FailingUpgrade")
            + guarded("/seen", file).replace("guarded:KnownUpgrade", "echoing:SeenUpgrade")
            + '[[listeners]]\nport = 0\nhost = "127.0.0.1"\nsecureSocket = '
            + toml({"key": {"certFile": cert, "keyFile": key, "keyPassword": _secret("key")}})
            + '\n[[listeners]]\nport = 0\nhost = "127.0.0.1"\nsecureSocket = '
            + toml({"key": {"path": str(store), "password": _secret("store")}})
            + "\n"
        )
        self._made.update(host=host, more=more, cert=cert, key=key, trust=str(trust))

    def answer(self, question: Question) -> bytes:
        """
        Say back whatever is asked, in all the places that an error might show.
        """
        if question.head.startswith("POST /token"):
            return said({"error": question.body, "error_description": question.head}, 400)
        (shown,) = question.form.get("token", [""])
        if "good" in shown or _secret("token") in shown:
            return said({"active": True, "sub": "ada"})
        status = 200 if "garbage" in shown else 500
        return said(f"{shown} {question.head}".encode(), status, f"X-Back: {shown}")

    def told(self) -> dict[str, Any]:
        """
        @return: what the server tells of all the secrets.
        """
        words = "&".join(f"word={word.encode().hex()}" for word in (_CANARY, *self.spellings()))
        head = f"GET /telling?{words} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer: dict[str, Any] = json.loads(self.ask(head.encode()).rest().partition(b"\r\n\r\n")[2])
        return answer

    def spellings(self) -> list[str]:
        """
        @return: how the secrets look in Basic credentials: the middle of their base64, in its three
            ways.
        """
        found = []
        for before in ("", "a", "ab"):
            text = basic(f"{before}{_CANARY}-", "").partition(b"Basic ")[2].decode()
            found.append(text[4:20])
        return found

    def test_server(self) -> None:
        """
        Whoever comes in, is refused, or meets a fault (AB13)
        """
        self.faults = True  # services and checkers that raise are in the log
        now = int(time.time())
        signed = token(_secret("signing"), claims={"sub": "ada", "exp": now + 300})
        wrong = _secret("wrong")
        for path, more, status in (
            ("/file", basic("alice", _secret("user")), 101),
            ("/file", basic("alice", wrong), 401),
            ("/file", b"Authorization: Basic " + wrong.encode() + b"\r\n", 401),
            ("/file", b"Authorization: " + wrong.encode() + b"\r\n", 401),
            ("/own", basic("bob", _secret("user")), 101),
            ("/own", basic("nobody", wrong), 401),
            ("/ldap", basic("alice", _secret("directory")), 503),
            ("/jwt", bearer(signed), 101),
            ("/jwt", bearer(wrong), 401),
            ("/jwt", bearer(token(_secret("wrong"), header={"alg": "HS256"})), 401),
            ("/tokens", bearer(_secret("token")), 101),
            ("/tokens", bearer(wrong), 503),
            ("/tokens", bearer(f"garbage-{wrong}"), 503),
            (f"/tokens?token={_secret('query')}", b"", 503),
            (f"/tokens?token=good-{_secret('query')}", b"", 101),
            ("/tokens", b"Cookie: session=" + _secret("cookie").encode() + b"\r\n", 503),
            ("/tokens", b"Cookie: session=good-" + _secret("cookie").encode() + b"\r\n", 101),
            ("/tokens", b"Sec-WebSocket-Protocol: balws.bearer, " + _secret("protocol").encode() + b"\r\n", 503),
            ("/tokens", b"Sec-WebSocket-Protocol: balws.bearer, good-" + _secret("protocol").encode() + b"\r\n", 101),
            ("/granted", bearer(_secret("token")), 503),
            ("/raising", basic("alice", wrong), 503),
            ("/failing/raised/fault", basic("alice", _secret("user")), 500),
            ("/seen", basic("alice", _secret("user")), 101),
        ):
            peer = self.knock(path, more)
            self.assertEqual(peer.status(), status, (path, more))
        found = self.told()
        self.assertEqual([], found["hits"], "\n".join(map(str, found["hits"])))
        self.assertGreater(found["looked"], 500)
        self.assertGreater(found["logged"], 100)
        self.assertNotIn(_CANARY, self.server.output())

    def test_search(self) -> None:
        """
        The search finds what there is to be found (AB13)
        """
        self.faults = True
        self.assertAnswered(401, "/own", basic("findable", "x"))
        words = f"word={b'findable'.hex()}"
        head = f"GET /telling?{words} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertIn(b"findable", self.ask(head.encode()).rest())
        self.assertAnswered(503, "/raising", basic("alice", "x"))
        self.ask(request(self.tagged("/ws"))).send(frame(TEXT, b"x"))
        self.assertIn("a fault of the application's", self.logged())

    def test_client(self) -> None:
        """
        Clients with all kinds of credentials, which come in, are refused, or get no token (AB13)
        """
        own, made = f"ws://127.0.0.1:{self.port}", self._made
        known = {"clientId": "app", "clientSecret": _secret("client")}
        grants = (
            {"tokenUrl": f"{self.host.url}/token", **known},
            {"tokenUrl": f"{self.host.url}/token", **known, "username": "a", "password": _secret("password")},
            {"refreshUrl": f"{self.host.url}/token", **known, "refreshToken": _secret("refresh")},
            {"tokenUrl": f"{self.host.url}/token", **known, "assertion": _secret("assertion")},
            {"tokenUrl": "http://127.0.0.1:9/", **known, "optionalParams": {"key": _secret("parameter")}},
            {"tokenUrl": "http://issuer.example/", **known, "credentialBearer": "POST_BODY_BEARER"},
        )
        signature = {"algorithm": "HS256", "config": _secret("signing")}
        secureSocket = {
            "cert": {"path": made["trust"], "password": _secret("store")},
            "key": {"certFile": made["cert"], "keyFile": made["key"], "keyPassword": _secret("wrong")},
        }
        orders: list[tuple[str, dict[str, Any]]] = [
            ("/file", {"auth": {"username": "alice", "password": _secret("user")}}),
            ("/file", {"auth": {"username": "alice", "password": _secret("wrong")}}),
            ("/file", {"auth": {"username": "al:ice", "password": _secret("wrong")}}),
            ("/file", {"auth": {"username": _secret("user"), "password": ""}}),
            ("/file", {"auth": {"username": "alice", "passwrod": _secret("wrong")}}),
            ("/tokens", {"auth": {"token": _secret("token")}}),
            ("/tokens", {"auth": {"token": _secret("wrong")}}),
            ("/tokens", {"auth": {"token": f"two words {_secret('wrong')}"}}),
            ("/tokens", {"customHeaders": {"Cookie": f"session={_secret('cookie')}", "X": f"a\n{_secret('header')}"}}),
            ("/tokens", {"customHeaders": {"Cookie": f"session={_secret('cookie')}"}}),
            (f"/tokens?token={_secret('url')}", {}),
            ("/jwt", {"auth": {"username": "ada", "signatureConfig": signature}}),
            ("/jwt", {"auth": {"audience": 1, "signatureConfig": signature}}),
            ("/jwt", {"auth": {"signatureConfig": {"algorithm": "RS256", "config": _secret("signing")}}}),
            *(("/tokens", {"auth": grant}) for grant in grants),
        ]
        connects = [{"url": own + path, "fields": fields} for path, fields in orders]
        secured = {"secureSocket": secureSocket, "handShakeTimeout": 1}
        connects += [
            {"url": f"wss://127.0.0.1:{self.port}/file", "fields": secured},
            {"url": f"ws://user:{_secret('url')}@127.0.0.1:{self.port}/file", "fields": {}},
            {"url": f"ws://127.0.0.1:9/?token={_secret('url')}", "fields": {"auth": {"token": _secret("token")}}},
        ]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tests.rows.client_telling"],
            input=json.dumps({"connects": connects, "words": [_CANARY, *self.spellings()]}),
            env={**environment(), "PYTHONPATH": f"{environment()['PYTHONPATH']}:{ROOT}"},
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(_CANARY, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual([], found["hits"], "\n".join(map(str, found["hits"])))
        self.assertGreater(found["looked"], 500)
        self.assertEqual(found["connected"], 3)
