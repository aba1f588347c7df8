"""
Tests of L{balws.server.gate}.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from balws.config import WSServiceConfig
from balws.server.asked import Rendered
from balws.server.gate import Upgrade, check
from balws.server.refusal import Refusal
from tests.server.peers import ACCEPT, KEY, UPGRADE, body, fields, head, status, upgrade
from tests.server.samples import EchoUpgrade, Port

ANY = WSServiceConfig()


def request(method: bytes = b"GET", version: bytes = b"HTTP/1.1", **more: Any) -> Any:
    """
    @param more: header fields, an underscore for each hyphen; a list for several lines of
        one field, L{None} for none.
    @return: an upgrade request as Twisted Web hands it over.
    """
    headers = Headers({name: [value] for name, value in UPGRADE.items()})
    for name, value in more.items():
        name = name.replace("_", "-")
        if value is None:
            headers.removeHeader(name)
        else:
            headers.setRawHeaders(name, value if isinstance(value, list) else [value])
    return Rendered(
        SimpleNamespace(  # type: ignore[arg-type]
            method=method, clientproto=version, requestHeaders=headers, channel=None, getClientAddress=lambda: None
        )
    )


class CheckTests(SynchronousTestCase):
    """
    The form of an upgrade request (RFC 6455 section 4.2.1, ruling 2).
    """

    def assertAccepted(self, config: Any = ANY, **more: Any) -> Upgrade:
        found = check(request(**more), config)
        self.assertIsInstance(found, Upgrade, more)
        return found  # type: ignore[return-value]

    def assertRefused(self, status: int, config: Any = ANY, **more: Any) -> Refusal:
        found = check(request(**more), config)
        self.assertIsInstance(found, Refusal, more)
        self.assertEqual(found.status, status, more)  # type: ignore[union-attr]
        return found  # type: ignore[return-value]

    def test_valid(self) -> None:
        """
        A valid request gives its key, and nothing was offered.
        """
        self.assertEqual(self.assertAccepted(), Upgrade(KEY, (), ""))

    def test_method(self) -> None:
        """
        An upgrade is a GET, in capitals.
        """
        for method in (b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"get", b"Get"):
            self.assertRefused(400, method=method)

    def test_version(self) -> None:
        """
        HTTP/1.0 and HTTP/2 are told what is required.
        """
        for version in (b"HTTP/1.0", b"HTTP/2"):
            self.assertRefused(426, version=version)

    def test_plainRequest(self) -> None:
        """
        A request for no upgrade, or for another one, is told what is required.
        """
        for value in (None, "", "h2c", "websocket/13", "web socket", "xwebsocket"):
            found = self.assertRefused(426, Upgrade=value)
        self.assertEqual(found.headers["Upgrade"], "websocket")
        self.assertEqual(found.headers["Sec-WebSocket-Version"], "13")

    def test_upgradeTokens(self) -> None:
        """
        C{Upgrade} and C{Connection} are lists, in any case and with any blanks, on one line
        or on several.
        """
        for value in (
            "WEBSOCKET",
            "websocket, h2c",
            "h2c ,\twebSocket ",
            ["h2c", "websocket"],
            ",,websocket,",
        ):
            self.assertAccepted(Upgrade=value)
        for value in ("UPGRADE", "keep-alive, Upgrade", "keep-alive ,\tupgrade ", ["keep-alive", "upgrade"]):
            self.assertAccepted(Connection=value)

    def test_connection(self) -> None:
        """
        C{Connection} says that the upgrade is meant for us.
        """
        for value in (None, "", "close", "keep-alive", "upgraded", "keep-alive upgrade"):
            self.assertRefused(400, Connection=value)

    def test_webSocketVersion(self) -> None:
        """
        The version is 13 and nothing else; who asks for another is told.
        """
        for value in ("8", "0", "12", "14", "-13", "13abc", "13, 8", "013", "", None, "\xb9\xb3"):
            found = self.assertRefused(426, Sec_WebSocket_Version=value)
            self.assertEqual(found.headers["Sec-WebSocket-Version"], "13")

    def test_key(self) -> None:
        """
        The key is the base64 form of 16 bytes.
        """
        for value in (None, "", "x", "AAAAAAAAAAAAAAAAAAAA", "A" * 24, "A" * 22 + "=!", "A" * 4000):
            self.assertRefused(400, Sec_WebSocket_Key=value)

    def test_duplicates(self) -> None:
        """
        Two lines of a field of which one counts leave open which one: 400, equal ones too.
        """
        for name, value in (
            ("Sec_WebSocket_Key", KEY.decode()),
            ("Sec_WebSocket_Version", "13"),
            ("Origin", "http://example.com"),
            ("Authorization", "Bearer x"),
            ("Host", "example.com"),
        ):
            self.assertRefused(400, **{name: [value, value]})

    def test_host(self) -> None:
        """
        There is one host, and it is one.
        """
        for value in (
            "example.com",
            "example.com:9090",
            "[::1]",
            "[2001:db8::7]:443",
            "127.0.0.1",
            "a_b",
            "a.",
        ):
            self.assertAccepted(Host=value)
        for value in (None, "", "a b", "[::1", "::1]", "a/b", "a@b", "a:b", "a:123456", "x" * 10000, "\xe4"):
            self.assertRefused(400, Host=value)

    def test_body(self) -> None:
        """
        An upgrade has no body, in whatever way it is announced.
        """
        for more in (
            {"Content_Length": "1"},
            {"Content_Length": "01"},
            {"Content_Length": ["0", "5"]},
            {"Transfer_Encoding": "chunked"},
            {"Transfer_Encoding": "identity"},
        ):
            self.assertRefused(400, **more)
        for value in ("0", "000"):
            self.assertAccepted(Content_Length=value)

    def test_controlCharacters(self) -> None:
        """
        No field has a control character, for the next reader might see a line end in it
        (reliability 0.1).
        """
        for character in (*map(chr, range(9)), "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x7f"):
            self.assertRefused(400, X=f"a{character}X-Injected: 1")
        self.assertAccepted(X="a\tb\x85\xff")

    def test_protocols(self) -> None:
        """
        The sub-protocols are kept in the client's order, over several lines, however spaced.
        """
        self.assertEqual(self.assertAccepted(Sec_WebSocket_Protocol="b, a").protocols, ("b", "a"))
        found = self.assertAccepted(Sec_WebSocket_Protocol=[" b ,,\ta,", "c"])
        self.assertEqual(found.protocols, ("b", "a", "c"))

    def test_badProtocols(self) -> None:
        """
        A sub-protocol is a token, and none is offered twice.
        """
        for value in ("a,a", ["a", "b, a"], "a b", 'a"', "a/b", "\xe4"):
            self.assertRefused(400, Sec_WebSocket_Protocol=value)

    def test_bearer(self) -> None:
        """
        What stands behind balws.bearer is a token and no sub-protocol (decision 19).
        """
        for value, protocols in (
            ("balws.bearer, t0k-en", ()),
            ("a, balws.bearer, t0k-en", ("a",)),
            ("balws.bearer, t0k-en, a", ("a",)),
            (["a, balws.bearer", "t0k-en, b"], ("a", "b")),
        ):
            found = self.assertAccepted(Sec_WebSocket_Protocol=value)
            self.assertEqual((found.token, found.protocols), (b"t0k-en", protocols))
            self.assertNotIn("t0k-en", repr(found))
        for value in ("a", "balws", "Balws.bearer, a", "balws.bearers, a"):
            self.assertIsNone(self.assertAccepted(Sec_WebSocket_Protocol=value).token)
        self.assertIsNone(self.assertAccepted().token)

    def test_badBearer(self) -> None:
        """
        It stands in front of a token, once, and a token there is one of HTTP's.
        """
        for value in (
            "balws.bearer",
            "a, balws.bearer",
            "balws.bearer,",
            "balws.bearer, balws.bearer",
            "balws.bearer, a, balws.bearer, b",
            "balws.bearer, a, a",
            "balws.bearer, a=b",
            "balws.bearer, a b",
        ):
            self.assertRefused(400, Sec_WebSocket_Protocol=value)

    def test_longProtocols(self) -> None:
        """
        A field of 8 KiB costs no more than its length (row HS21).
        """
        for value in (" " * 8000, "," * 8000, "a," * 4000, ",".join(f"p{n}" for n in range(1300))):
            begun = time.process_time()
            check(request(Sec_WebSocket_Protocol=value), ANY)
            self.assertLess(time.process_time() - begun, 0.05)

    def test_extensions(self) -> None:
        """
        The extensions are handed on as they came, the lines joined.
        """
        found = self.assertAccepted(Sec_WebSocket_Extensions=["permessage-deflate; a=1", 'x; b="\xe4"'])
        # Headers are Latin-1 on the wire, and Twisted's take text as UTF-8.
        self.assertEqual(found.extensions, 'permessage-deflate; a=1, x; b="\xc3\xa4"')

    def test_order(self) -> None:
        """
        The form is looked at before the origin.
        """
        config = WSServiceConfig(allowedOrigins=[])
        self.assertRefused(403, config, Origin="http://evil.example")
        self.assertRefused(426, config, Origin="http://evil.example", Sec_WebSocket_Version="8")
        self.assertRefused(400, config, Origin="http://evil.example", Sec_WebSocket_Key="x")


class OriginTests(SynchronousTestCase):
    """
    Which pages may connect (decision 18, row HS28).
    """

    def isAllowed(self, origin: str | None, config: Any) -> bool:
        found = check(request(Origin=origin), config)
        if isinstance(found, Refusal):
            self.assertEqual((found.status, found.body), (403, ""))
        return isinstance(found, Upgrade)

    def test_list(self) -> None:
        """
        With a list only its origins are allowed, and programs, which have none.
        """
        config = WSServiceConfig(allowedOrigins=["https://good.example"])
        for origin in (None, "https://good.example", "HTTPS://GOOD.example", "https://good.example:443"):
            self.assertTrue(self.isAllowed(origin, config), origin)
        for origin in (
            "http://good.example",
            "https://good.example:8443",
            "https://good.example.evil.com",
            "https://good.example@evil.com",
            "https://evil.com#https://good.example",
            "https://good.example.",
            "https://good.example/",
            "https://g\xf6\xf6d.example",
            "https://sub.good.example",
            "good.example",
            "null",
            "",
            "*",
        ):
            self.assertFalse(self.isAllowed(origin, config), origin)

    def test_default(self) -> None:
        """
        Without a list and without authentication every page may connect, but not one that
        hides where it is from.
        """
        for origin in (None, "http://anywhere.example", "file://", "chrome-extension://abc"):
            self.assertTrue(self.isAllowed(origin, ANY), origin)
        self.assertFalse(self.isAllowed("null", ANY))

    def test_emptyList(self) -> None:
        """
        An empty list refuses every page.
        """
        config = WSServiceConfig(allowedOrigins=[])
        self.assertTrue(self.isAllowed(None, config))
        self.assertFalse(self.isAllowed("http://example.com", config))

    def test_withAuthentication(self) -> None:
        """
        A service that authenticates takes pages of its own host alone, unless it has a list.
        """
        config = SimpleNamespace(allowedOrigins=None, auth=("something",))
        for origin in (None, "http://example.com", "https://EXAMPLE.com"):
            self.assertTrue(self.isAllowed(origin, config), origin)
        for origin in (
            "http://evil.example",
            "http://example.com:81",
            "null",
            "http://example.com.evil.example",
        ):
            self.assertFalse(self.isAllowed(origin, config), origin)
        config.allowedOrigins = ("http://other.example",)
        self.assertTrue(self.isAllowed("http://other.example", config))


class WireTests(SynchronousTestCase):
    """
    The same on the wire.
    """

    def ask(self, data: bytes, **config: Any) -> bytes:
        port = Port()
        port.listener.attach(EchoUpgrade(), "/echo", config=WSServiceConfig(**config))
        peer = port.connect().send(data)
        self.assertEqual(peer.isOpen, status(peer.answer) == 101)
        return peer.answer

    def test_accepted(self) -> None:
        """
        The sample of RFC 6455 is accepted with the proof that it prints, and the answer
        does not say what serves it (row HS01).
        """
        answer = self.ask(upgrade("/echo"))
        self.assertEqual(
            answer,
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n",
        )

    def test_plainGet(self) -> None:
        """
        A browser that comes by is told what this is, without a version of anything.
        """
        answer = self.ask(head("GET /echo HTTP/1.1"))
        self.assertEqual(status(answer), 426)
        self.assertEqual(fields(answer)["upgrade"], ["websocket"])
        self.assertEqual(fields(answer)["connection"], ["Upgrade, close"])
        self.assertEqual(fields(answer)["sec-websocket-version"], ["13"])
        self.assertNotIn("server", fields(answer))
        self.assertIn(b"WebSocket", body(answer))
        self.assertNotIn(b"Twisted", answer)

    def test_refusals(self) -> None:
        """
        Every refusal is one ordinary answer, and closes.
        """
        for data, expected in (
            (head("POST /echo HTTP/1.1", UPGRADE), 400),
            (head("HEAD /echo HTTP/1.1", UPGRADE), 400),
            (head("GET /echo HTTP/1.0", UPGRADE), 426),
            (upgrade("/echo", Sec_WebSocket_Version="8"), 426),
            (upgrade("/echo", Sec_WebSocket_Key="x"), 400),
            (upgrade("/echo", Host=None), 400),
            (upgrade("/echo", Origin="http://evil.example"), 403),
            (upgrade("/echo/x"), 404),
            (upgrade("/nowhere"), 404),
        ):
            answer = self.ask(data, allowedOrigins=["http://good.example"])
            self.assertEqual(status(answer), expected, data)
            self.assertNotIn(b"evil", answer)
