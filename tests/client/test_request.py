"""
Tests of L{balws.client.request}.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.client.address import Address
from balws.client.request import cookieHeader, fieldsFor, newKey
from balws.config import ClientConfiguration, Cookie
from balws.wire.headers import isKey

PLAIN = [
    (b"Host", b"localhost:9090"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", b"the key"),
    (b"Sec-WebSocket-Version", b"13"),
]

DEFLATE = (
    b"Sec-WebSocket-Extensions",
    b"permessage-deflate; client_max_window_bits=12; server_max_window_bits=12, "
    b"permessage-deflate; client_max_window_bits",
)


class RequestTests(SynchronousTestCase):
    """
    The fields of an upgrade request.
    """

    def fields(self, url: str = "ws://localhost:9090/", **fields: Any) -> list[tuple[bytes, bytes]]:
        """
        @return: those of a client without compression, unless told.
        """
        config = ClientConfiguration(**{"webSocketCompressionEnabled": False, **fields})
        return fieldsFor(Address.parse(url), config, b"the key")

    def test_plain(self) -> None:
        """
        Host, the four fields of the handshake, and nothing else: no Origin, no empty list.
        """
        self.assertEqual(self.fields(), PLAIN)

    def test_compression(self) -> None:
        """
        Compression is offered, with small windows or else any, unless it is switched off.
        """
        self.assertEqual(self.fields(webSocketCompressionEnabled=True), [*PLAIN, DEFLATE])
        config = ClientConfiguration()
        self.assertIn(DEFLATE, fieldsFor(Address.parse("ws://localhost/"), config, b""))

    def test_subProtocols(self) -> None:
        """
        Sub-protocols are offered in one field and in their order.
        """
        self.assertEqual(
            self.fields(subProtocols=["xml", "json", "a"]), [*PLAIN, (b"Sec-WebSocket-Protocol", b"xml, json, a")]
        )

    def test_customHeaders(self) -> None:
        """
        Headers of the user's come last, in his letters and order; values may hold any Unicode.
        """
        self.assertEqual(
            self.fields(customHeaders={"X-Two": "2", "x-one": "1 é", "Origin": "http://a", "X-Empty": ""}),
            [*PLAIN, (b"X-Two", b"2"), (b"x-one", "1 é".encode()), (b"Origin", b"http://a"), (b"X-Empty", b"")],
        )

    def test_host(self) -> None:
        """
        A Host of the user's, in any letters, stands in place of the URL's, once and first.
        """
        for name in ("Host", "host", "HOST"):
            found = self.fields(customHeaders={"X-A": "1", name: "virtual.example:1"})
            self.assertEqual(found, [(b"Host", b"virtual.example:1"), *PLAIN[1:], (b"X-A", b"1")])

    def test_hostOfUrl(self) -> None:
        """
        The Host has the port only where it is not the scheme's own, and an IPv6 address brackets.
        """
        for url, expected in (
            ("ws://localhost/", b"localhost"),
            ("wss://localhost/", b"localhost"),
            ("wss://localhost:80/", b"localhost:80"),
            ("ws://[::1]:1/", b"[::1]:1"),
            ("ws://bücher.example/", b"xn--bcher-kva.example"),
        ):
            self.assertEqual(self.fields(url)[0], (b"Host", expected))

    def test_cookies(self) -> None:
        """
        Cookies stand in one field, in place of a custom Cookie in any letters.
        """
        for name in ("Cookie", "cookie", "COOKIE"):
            found = self.fields(cookies={"a": "b", "c": ""}, customHeaders={name: "old=1", "X-A": "1"})
            self.assertEqual(found, [*PLAIN, (b"Cookie", b"a=b; c="), (b"X-A", b"1")])

    def test_customCookie(self) -> None:
        """
        Without cookies a custom Cookie is sent as it is.
        """
        self.assertEqual(self.fields(customHeaders={"Cookie": "a=1; b=2"}), [*PLAIN, (b"Cookie", b"a=1; b=2")])
        self.assertEqual(self.fields(customHeaders={"Cookie": "a=1"}, cookies=[]), [*PLAIN, (b"Cookie", b"a=1")])

    def test_cookieOrder(self) -> None:
        """
        Cookies with short paths come first; of equal length they keep their order.
        """
        cookies = [
            Cookie(name="long", value="1", path="/a/b/c"),
            Cookie(name="root", value="2"),
            Cookie(name="middle", value='"3"', path="/a/"),
            Cookie(name="other", value="4", path="/bc"),
            Cookie(name="root", value="5"),
        ]
        self.assertEqual(cookieHeader(cookies), b'root=2; root=5; middle="3"; other=4; long=1')


class KeyTests(SynchronousTestCase):
    """
    The key of the handshake.
    """

    def test_form(self) -> None:
        """
        It is sixteen bytes in base64, as a server checks it.
        """
        key = newKey()
        self.assertTrue(isKey(key))
        self.assertEqual(len(b64decode(key)), 16)

    def test_new(self) -> None:
        """
        No two are the same, and none is of one byte all over.
        """
        keys = {newKey() for _ in range(100)}
        self.assertEqual(len(keys), 100)
        self.assertTrue(all(len(set(b64decode(key))) > 4 for key in keys))
