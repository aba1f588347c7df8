"""
Keys of tokens that the issuer publishes, on https and with faults: row JW08 of the reliability
catalogue.
"""

from __future__ import annotations

import atexit
import gzip
import json
import socket
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from twisted.trial.unittest import SynchronousTestCase

from balws import ConfigurationError, WSServiceConfig
from balws.config import loadText, override
from tests.auth.tokens import jwk, token
from tests.certificates import Authority
from tests.rows.backend import BackEndHost, Question, said, serving, silent
from tests.rows.guarding import GuardedTestCase, bearer, guarded
from tests.rows.raw import TEXT, frame

_OLD, _NEW = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

_SET = {"keys": [jwk(_OLD.public_key())]}

#: Seconds that the keys may take to come.
_LIMIT = 1.5


def _signed(key: Any = _OLD, name: object = "one", algorithm: str = "ES256") -> bytes:
    header = {"alg": algorithm, **({} if name is None else {"kid": name})}
    return bearer(token(key, algorithm, {"sub": "ada", "exp": int(time.time()) + 300}, header))


def _trickling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(400):
        connection.sendall(b" ")
        time.sleep(0.1)


def _large(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(80):
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


class _Issuer:
    """
    @ivar host: publishes the keys at C{/good}, and each fault at a path of its own.
    @ivar other: where redirects lead to; has a good set.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        authority = Authority()
        self.authority = authority.write(folder)
        tls = serving(authority.issue("localhost", "127.0.0.1"), folder, "issuer")
        self.other = BackEndHost(lambda question: said(_SET), tls)
        self.bad = BackEndHost(lambda question: said(_SET), serving(Authority().issue("localhost"), folder, "bad"))
        self.published: Any = said(_SET)
        zipped = gzip.compress(json.dumps(_SET).encode() + b" " * 50_000_000)
        self.faults: dict[str, Any] = {
            "redirected": said(b"", 302, f"Location: {self.other.url}/good"),
            "moved": said(_SET, 301, f"Location: {self.other.url}/good"),
            "permanently": said(b"", 308, f"Location: {self.other.url}/good"),
            "failing": said(_SET, 500),
            "missing": said(_SET, 404),
            "partial": said(_SET, 206),
            "nonsense": b"\0\1\2 nonsense\r\n\r\n" * 20,
            "text": said(b"<html>keys</html>"),
            "half": said(json.dumps(_SET).encode()[:-5]),
            "list": said([jwk(_OLD.public_key())]),
            "none": said({"keys": []}),
            "no-list": said({"keys": {"one": jwk(_OLD.public_key())}}),
            "empty": said(b""),
            "deep": said(b'{"keys": ' + b"[" * 100_000),
            "zipped": said(zipped, 200, "Content-Encoding: gzip"),
            "hung-up": None,
            "silent": silent,
            "trickling": _trickling,
            "large": _large,
            "long": said({"keys": [*_SET["keys"], "x" * 300_000]}),
            "shared": said({"keys": [{"kty": "oct", "kid": "one", "k": each} for each in ("", "AAAA")]}),
            "encryption": said({"keys": [jwk(_OLD.public_key(), use="enc")]}),
        }
        self.host = BackEndHost(self._answer, tls)
        for each in (self.host, self.other, self.bad):
            atexit.register(each.stop)

    def _answer(self, question: Question) -> Any:
        name = question.head.split(" ")[1].strip("/")
        return self.published if name == "good" else self.faults[name]

    def entry(self, url: str, **cache: Any) -> dict[str, Any]:
        """
        @return: an entry of C{auth} with the keys at a URL.
        """
        client = {"secureSocket": {"cert": self.authority}, "connectTimeout": _LIMIT, "reqTimeout": _LIMIT}
        jwks = {"url": url, "clientConfig": client, **cache}
        return {"jwtValidatorConfig": {"signatureConfig": {"jwksConfig": jwks}}}


_issuer = cache(_Issuer)


class KeySetTests(GuardedTestCase):
    """
    Services with the keys of one issuer.
    """

    def setUp(self) -> None:
        """
        Start the issuer, once for all.
        """
        self.issuer = _issuer()
        self.issuer.published = said(_SET)
        self.more = guarded("/good", self.issuer.entry(f"{self.issuer.host.url}/good"))
        for name in self.issuer.faults:
            self.more += guarded(f"/{name}", self.issuer.entry(f"{self.issuer.host.url}/{name}"))
        self.more += guarded("/bad", self.issuer.entry(f"{self.issuer.bad.url}/good"))
        super().setUp()
        self.reread()
        # While there is a problem nobody can tell that a key is not published.
        self.until(lambda: self.answered("/good", _signed(_NEW, "no such key"))[0] == 401)

    def test_good(self) -> None:
        """
        A token of a key that is published comes in, no other one (JW08)
        """
        self.assertKnown("ada", [], "/good", _signed())
        for more in (_signed(_NEW), _signed(name="two"), _signed(name=None), _signed(name=1), _signed(name="x" * 200)):
            self.assertAnswered(401, "/good", more)

    def test_faults(self) -> None:
        """
        Keys that do not come, come from elsewhere, too late, too large or as no keys: nobody
        comes in, in time, and an open connection notices nothing (JW08)
        """
        peer = self.open()
        for name in self.issuer.faults:
            began = time.monotonic()
            knocking = self.knock(f"/{name}", _signed())
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
            status, fields, _ = knocking.response()
            self.assertEqual((status, b"retry-after" in fields), (503, True), name)
            self.assertLess(time.monotonic() - began, 15, name)
            # A secret that the issuer published for everybody would be anybody's.
            for secret in (b"", b"\0\0\0"):
                self.assertAnswered(503, f"/{name}", _signed(secret, algorithm="HS256"))
        self.assertEqual(self.issuer.other.connections, 0)

    def test_trust(self) -> None:
        """
        An issuer that shows another authority's certificate is asked nothing (JW08)
        """
        self.assertAnswered(503, "/bad", _signed())
        self.assertEqual((self.issuer.bad.asked, self.issuer.bad.connections > 0), ([], True))

    def test_kept(self) -> None:
        """
        The last good keys do while there are no new ones, for the tokens that they are for (JW08)
        """
        self.assertAnswered(101, "/good", _signed())
        for name in ("failing", "half", "none", "hung-up", "redirected"):
            self.issuer.published = self.issuer.faults[name]
            self.reread()
            self.assertAnswered(101, "/good", _signed())
            self.assertIn(self.answered("/good", _signed(_NEW, "two"))[0], (401, 503))
        self.assertEqual(self.issuer.other.connections, 0)
        self.issuer.host.fall()
        try:
            self.reread()
            self.assertAnswered(101, "/good", _signed())
        finally:
            self.issuer.host.rise()

    def test_rotated(self) -> None:
        """
        SIGHUP has the keys fetched anew: the new one counts and the old one does not (JW08)
        """
        self.assertAnswered(101, "/good", _signed())
        self.assertAnswered(401, "/good", _signed(_NEW, "two"))
        self.issuer.published = said({"keys": [jwk(_NEW.public_key(), "two")]})
        self.reread()
        self.assertAnswered(101, "/good", _signed(_NEW, "two"))
        self.assertAnswered(401, "/good", _signed())

    def test_names(self) -> None:
        """
        Somebody who makes up names of keys does not have them fetched for each (JW08)
        """
        self.assertAnswered(101, "/good", _signed())
        before = len(self.issuer.host.asked)
        peers = [self.knock("/good", _signed(name=f"made up {number}")) for number in range(50)]
        self.assertEqual({peer.status() for peer in peers}, {401})
        self.assertLess(len(self.issuer.host.asked) - before, 3)


class UrlTests(SynchronousTestCase):
    """
    Where keys are not looked for.
    """

    def test_urls(self) -> None:
        """
        Files, other schemes, plain http and user names in a URL are refused at start-up, in a
        file and in code (JW08)
        """
        for url in (
            *("http://issuer.example/keys", "http://localhost/keys", "http://127.0.0.1:1/keys", "HTTP://issuer.example"),
            *("file:///etc/passwd", "FILE:///etc/passwd", "data:application/json,{}", "ftp://issuer.example/keys"),
            *("https://a:b@issuer.example/keys", "https://", "https:///keys", "//issuer.example", "keys.json", ""),
            *("https://issuer.example:0/", "https://issuer.example:99999/", "https://issuer.example/ x", "https://x/#y"),
        ):
            entry = {"jwtValidatorConfig": {"signatureConfig": {"jwksConfig": {"url": url}}}}
            text = "[[listeners]]\nport = 0\n" + guarded("/x", entry)
            for load in (
                lambda text=text: loadText(text, "balws.toml", "."),
                lambda entry=entry: override(WSServiceConfig(), {"auth": [entry]}),
            ):
                error = self.assertRaises(ConfigurationError, load)
                self.assertIn("jwksConfig.url", str(error))
                self.assertNotIn("a:b", str(error))
