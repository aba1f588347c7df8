"""
Tokens whose issuer is asked about them: rows OA01, OA02, OA05, OA06 and OA09 of the reliability
catalogue.
"""

from __future__ import annotations

import atexit
import socket
import tempfile
import time
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws import ConfigurationError
from balws.config import loadText
from tests.certificates import Authority, selfSigned
from tests.rows.backend import BackEndHost, Question, said, serving, silent
from tests.rows.guarding import GuardedTestCase, basic, bearer, guarded
from tests.rows.raw import CLOSE, TEXT, frame, request
from tests.rows.waiting import patiently

#: Seconds that an answer may take.
_LIMIT = 1.5

_tokens = (f"token-{number}" for number in count())


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(80):
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def _trickling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{")
    for _ in range(400):
        connection.sendall(b" ")
        time.sleep(0.1)


class _Issuer:
    """
    @ivar host: answers as a test says.
    @ivar other: somebody who would say yes to everything.
    @ivar bad: the same, with certificates that are good for nobody.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        authority = Authority()
        self.authority = authority.write(folder)
        tls = serving(authority.issue("localhost", "127.0.0.1"), folder, "issuer")
        self.host, self.other = BackEndHost(_yes, tls), BackEndHost(_yes, tls)
        certificates = {
            "self": selfSigned("localhost"),
            "expired": authority.issue("localhost", days=-1),
            "host": authority.issue("issuer.example"),
        }
        self.bad = {
            name: BackEndHost(_yes, serving(issued, folder, name)) for name, issued in certificates.items()
        }
        for each in (self.host, self.other, *self.bad.values()):
            atexit.register(each.stop)

    def entry(self, host: BackEndHost, scopes: list[str] | None = None, **fields: Any) -> dict[str, Any]:
        """
        @return: an entry of C{auth} that asks this one.
        """
        client = {
            "secureSocket": {"cert": self.authority},
            "connectTimeout": _LIMIT,
            "reqTimeout": _LIMIT,
            "customHeaders": {"Authorization": basic("rs", "rs-secret").decode().strip().partition(": ")[2]},
        }
        own = {"url": f"{host.url}/introspect", "clientConfig": client, **fields}
        return {"oauth2IntrospectionConfig": own, **({} if scopes is None else {"scopes": scopes})}


def _yes(question: Question) -> bytes:
    return said({"active": True, "sub": "ada", "scope": "read write"})


_issuer = cache(_Issuer)


class IntrospectionTests(GuardedTestCase):
    """
    An issuer that does as a test says.
    """

    def setUp(self) -> None:
        """
        Start it, once for all.
        """
        self.issuer = _issuer()
        self.host = self.issuer.host
        self.host.answer = _yes
        entry = self.issuer.entry
        cache = {"cacheConfig": {"capacity": 10, "defaultMaxAge": 1}}
        hint = {"tokenTypeHint": "access_token", "optionalParams": {"resource": "urn:chat"}}
        self.more = (
            guarded("/tokens", entry(self.host, **hint))
            + guarded("/write", entry(self.host, ["write"]))
            + guarded("/owners", entry(self.host, ["owners"]))
            + guarded("/cached", entry(self.host, **cache))
            + "".join(guarded(f"/{name}", entry(host)) for name, host in self.issuer.bad.items())
        )
        super().setUp()
        self.host.asked.clear()

    def answers(self, answer: Any) -> None:
        """
        Have the issuer say this.
        """
        self.host.answer = lambda question: answer

    def test_right(self) -> None:
        """
        The issuer is asked by a form that has the token, and its yes lets in (OA01)
        """
        self.assertKnown("ada", ["read", "write"], "/tokens", bearer("a+b/c=&d%"))
        (question,) = self.host.asked
        self.assertTrue(question.head.startswith("POST /introspect HTTP/1.1"))
        hint = {"token_type_hint": ["access_token"], "resource": ["urn:chat"]}
        self.assertEqual(question.form, {"token": ["a+b/c=&d%"], **hint})
        self.assertAnswered(101, "/write", bearer("x"))
        self.assertAnswered(403, "/owners", bearer("x"))
        self.assertAnswered(401, "/tokens")
        self.assertAnswered(401, "/tokens", basic("alice", "xxx"))

    def test_no(self) -> None:
        """
        C{active} that is false is a no, whatever stands beside it, as is a token that is out of
        date or no bearer token (OA01, OA02)
        """
        now = int(time.time())
        for answer in (
            {"active": False},
            {"active": False, "scope": "read write", "exp": now + 300, "sub": "ada"},
            {"active": True, "exp": now - 1},
            {"active": True, "exp": str(now - 1)},
            {"active": True, "exp": 0},
            {"active": True, "token_type": "DPoP"},
        ):
            self.answers(said(answer))
            self.assertAnswered(401, "/tokens", bearer("x"))

    def test_nothing(self) -> None:
        """
        Only C{true} lets in; what is no answer is 503 and nobody's (OA01)
        """
        good = b'{"active": true}'
        for answer in (
            *(said({"active": each, "sub": "ada"}) for each in ("true", 1, 1.0, None, [True], {"a": True}, "True", "")),
            *(said(each) for each in ({}, {"Active": True}, {"sub": "ada"}, [{"active": True}], True, "active", None)),
            *(said(each) for each in (b"", b"true", good[:-1], good + good, b"<html/>", b"\xff" + good)),
            *(said(good, each) for each in (100, 301, 400, 401, 403, 404, 418, 429, 500, 503)),
            *(said({"active": True, "exp": each}) for each in ("soon", [], {}, True, "nan")),
            said(b'{"active": true, "active": "x"}'),
            said(b'{"active": true, "a": ' + b"[" * 60_000 + b"]" * 60_000 + b"}"),
            said(good + b" " * 70_000),
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + good,
            None,
        ):
            self.answers(answer)
            self.assertIn(b"retry-after", self.assertAnswered(503, "/tokens", bearer("x")), repr(answer)[:100])

    def test_redirects(self) -> None:
        """
        A redirect is not followed: the token goes nowhere else (OA05)
        """
        for status in (301, 302, 303, 307, 308):
            self.answers(said(b"", status, f"Location: {self.issuer.other.url}/introspect"))
            self.assertAnswered(503, "/tokens", bearer("x"))
        self.assertEqual(self.issuer.other.connections, 0)

    def test_trust(self) -> None:
        """
        Who shows a certificate that is good for nobody is not told the token (OA05)
        """
        for name, host in self.issuer.bad.items():
            self.assertAnswered(503, f"/{name}", bearer("x"))
            self.assertEqual((host.asked, host.connections > 0), ([], True), name)

    def anew(self) -> None:
        """
        The issuer says yes, and was asked nothing.
        """
        super().anew()
        self.host.answer = _yes
        self.host.asked.clear()

    @patiently
    def test_cache(self) -> None:
        """
        A yes is remembered for as long as is configured, and then asked for again; a no never
        is (OA06)
        """
        mine = bearer(next(_tokens))
        for _ in range(3):
            self.assertAnswered(101, "/cached", mine)
        self.assertEqual(len(self.host.asked), 1)
        self.answers(said({"active": False}))
        other = bearer(next(_tokens))
        self.assertAnswered(401, "/cached", other)
        self.host.answer = _yes
        self.assertAnswered(101, "/cached", other)
        self.answers(said({"active": False}))
        self.until(lambda: self.answered("/cached", mine)[0] == 401, 5)
        # Without a cache each is asked.
        self.host.asked.clear()
        for _ in range(3):
            self.assertAnswered(401, "/tokens", mine)
        self.assertEqual(len(self.host.asked), 3)

    @patiently
    def test_expiry(self) -> None:
        """
        The token's own end comes first, in the cache and on a connection (OA06)
        """
        ends = time.time() + 1
        self.answers(said({"active": True, "exp": ends}))
        mine = bearer(next(_tokens))
        peer, *_ = self.enter("/cached", mine)
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, (1008).to_bytes(2, "big")))
        self.answers(said({"active": False}))
        self.assertAnswered(401, "/cached", mine)

    def test_faults(self) -> None:
        """
        An issuer that says nothing, talks without end or too slowly is 503 in time, and nobody
        else waits; when it is down too, and when it is back so are logins (OA09)
        """
        peer = self.open()
        for answer in (silent, _endless, _trickling):
            self.answers(answer)
            began = time.monotonic()
            knocking = self.knock("/tokens", bearer("x"))
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
            self.assertEqual(knocking.status(), 503)
            self.assertLess(time.monotonic() - began, 15)
        self.host.fall()
        try:
            self.assertAnswered(503, "/tokens", bearer("x"))
        finally:
            self.host.rise()
        self.host.answer = _yes
        self.assertAnswered(101, "/tokens", bearer("x"))

    def test_many(self) -> None:
        """
        Hundreds of logins at an issuer that hangs are all answered in time and leave nothing;
        of one token it is asked once (OA09)
        """
        self.answers(silent)
        before = self.descriptors()
        peers = self.crowd(150)
        began = time.monotonic()
        for peer in peers[:50]:
            peer.send(request("/tokens", more=bearer("the-same")))
        for peer in peers[50:]:
            peer.send(request("/tokens", more=bearer(next(_tokens))))
        self.assertEqual({peer.status() for peer in peers}, {503})
        self.assertLess(time.monotonic() - began, 5)
        self.assertLessEqual(sum("the-same" in question.body for question in self.host.asked), 1)
        for peer in peers:
            peer.close()
        self.until(lambda: self.descriptors() <= before + 2)


class UrlTests(SynchronousTestCase):
    """
    Where nobody is asked.
    """

    def test_urls(self) -> None:
        """
        A URL without TLS to another machine is refused at start-up (OA05)
        """
        for url in ("http://issuer.example/", "ftp://issuer.example/", "https://a:b@issuer.example/", "file:///x", ""):
            entry = {"oauth2IntrospectionConfig": {"url": url}}
            error = self.assertRaises(
                ConfigurationError, loadText, f"[[listeners]]\nport = 0\n{guarded('/x', entry)}", "balws.toml", "."
            )
            self.assertIn("oauth2IntrospectionConfig.url", str(error))
            self.assertNotIn("a:b", str(error))
