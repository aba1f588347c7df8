"""
Tests of L{balws.client.response}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws import HttpResponse
from balws.client.response import check, refused
from balws.errors import InvalidHandshakeError
from balws.wire.headers import acceptKey

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="

#: What answers it, from RFC 6455 section 1.3.
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

FIELDS = ((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", ACCEPT))


def answer(*fields: tuple[bytes, bytes], status: int = 101) -> HttpResponse:
    """
    @return: an answer with these fields.
    """
    return HttpResponse.of(status, b"Switching Protocols", fields)


def without(name: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """
    @return: the fields of an acceptance but for this one.
    """
    return tuple(field for field in FIELDS if field[0] != name)


class HttpResponseTests(SynchronousTestCase):
    """
    What users see of a server's answer.
    """

    def test_fields(self) -> None:
        """
        Names are in lower case, values in their order, one tuple for each name.
        """
        found = HttpResponse.of(401, b"Not \xc3\xa9", [(b"X-One", b"1"), (b"Set-Cookie", b"a"), (b"x-one", b"2")])
        self.assertEqual((found.status, found.reason, found.body), (401, "Not é", b""))
        self.assertEqual(dict(found.headers), {"x-one": ("1", "2"), "set-cookie": ("a",)})

    def test_header(self) -> None:
        """
        The first value of a header is found in any letters; a header that is not there is None.
        """
        found = answer((b"X-One", b"1"), (b"X-One", b"2"), (b"X-Empty", b""))
        self.assertEqual([found.header(name) for name in ("x-one", "X-ONE", "X-Empty", "x-two")], ["1", "1", "", None])

    def test_noUtf8(self) -> None:
        """
        Bytes that are no UTF-8 are shown as such, and break nothing.
        """
        found = HttpResponse.of(400, b"\xff", [(b"X", b"a\xffb")])
        self.assertEqual((found.reason, found.header("x")), ("\ufffd", "a\ufffdb"))

    def test_frozen(self) -> None:
        """
        Nobody changes an answer.
        """
        found: Any = answer((b"X", b"1"))
        with self.assertRaises(AttributeError):
            found.status = 200
        with self.assertRaises(TypeError):
            found.headers["x"] = ()

    def test_repr(self) -> None:
        """
        Its repr shows neither headers nor body: a cookie may be among them.
        """
        found = HttpResponse(403, "Forbidden", {"set-cookie": ("canary",)}, b"canary")
        self.assertEqual(repr(found), "HttpResponse(status=403, reason='Forbidden')")

    def test_refused(self) -> None:
        """
        The error of a refusal has the specification's words, the answer, and where it points to.
        """
        problem = refused(HttpResponse.of(401, b"Unauthorized", [(b"X", b"1")]))
        self.assertIs(type(problem), InvalidHandshakeError)
        self.assertEqual(str(problem), "Invalid handshake response getStatus: 401 Unauthorized")
        self.assertEqual((problem.response.status, problem.location), (401, None))
        problem = refused(HttpResponse.of(307, b"", [(b"Location", b"ws://elsewhere/")]))
        self.assertEqual(str(problem), "Invalid handshake response getStatus: 307")
        self.assertEqual(problem.location, "ws://elsewhere/")


class CheckTests(SynchronousTestCase):
    """
    Whether an answer 101 is one to our request.
    """

    def wrong(
        self, *fields: tuple[bytes, bytes], offered: tuple[str, ...] = (), compression: bool = True
    ) -> str:
        """
        @return: what is wrong with an answer.
        """
        response = answer(*fields)
        problem = self.assertRaises(InvalidHandshakeError, check, response, KEY, offered, compression)
        self.assertIs(problem.response, response)
        return str(problem)

    def test_accepted(self) -> None:
        """
        The answer of the specification is an acceptance without sub-protocol and compression.
        """
        self.assertEqual(acceptKey(KEY), ACCEPT)
        self.assertEqual(check(answer(*FIELDS), KEY, (), True), (None, None))
        self.assertEqual(check(answer(*FIELDS), KEY, (), False), (None, None))

    def test_letters(self) -> None:
        """
        Upgrade and Connection are read in any letters; Connection may be a list, in one or more lines.
        """
        for fields in (
            ((b"UPGRADE", b"WebSocket"), (b"connection", b"upgrade")),
            ((b"upgrade", b"WEBSOCKET"), (b"Connection", b"keep-alive, UPGRADE")),
            ((b"upgrade", b"websocket"), (b"Connection", b"keep-alive"), (b"connection", b", uPgrade ,,")),
        ):
            self.assertEqual(check(answer(*fields, FIELDS[2]), KEY, (), True), (None, None))

    def test_upgrade(self) -> None:
        """
        It must upgrade to websocket, alone and once.
        """
        rest = without(b"Upgrade")
        for values in ((), (b"",), (b"h2c",), (b"websocket, h2c",), (b"websocket/13",), (b"websockets",)):
            fields = [(b"Upgrade", value) for value in values]
            self.assertEqual(
                self.wrong(*fields, *rest), "Invalid handshake response: it upgrades to something else", values
            )
        twice = [(b"Upgrade", b"websocket")] * 2
        self.assertEqual(self.wrong(*twice, *rest), "Invalid handshake response: more than one upgrade")

    def test_connection(self) -> None:
        """
        Its Connection field must have the token upgrade.
        """
        rest = without(b"Connection")
        for values in ((), (b"",), (b"close",), (b"upgraded",), (b"upgrade;a",), (b"up grade",), (b"a,close",)):
            fields = [(b"Connection", value) for value in values]
            self.assertEqual(
                self.wrong(*fields, *rest), "Invalid handshake response: no upgrade in its connection header", values
            )

    def test_accept(self) -> None:
        """
        It must prove that it has read our key: letter by letter, once.
        """
        rest = without(b"Sec-WebSocket-Accept")
        wrong = (b"", KEY, ACCEPT.lower(), ACCEPT[:-1], ACCEPT + b"=", b'"' + ACCEPT + b'"')
        for values in ((), *((each,) for each in wrong)):
            fields = [(b"Sec-WebSocket-Accept", value) for value in values]
            self.assertEqual(
                self.wrong(*fields, *rest),
                "Invalid handshake response: its sec-websocket-accept is not for our key",
                values,
            )
        for twice in ([ACCEPT, ACCEPT], [ACCEPT, b"x"], [b"x", ACCEPT]):
            self.assertEqual(
                self.wrong(*((b"Sec-WebSocket-Accept", value) for value in twice), *rest),
                "Invalid handshake response: more than one sec-websocket-accept",
            )

    def test_subProtocol(self) -> None:
        """
        The server picks one of ours, in our letters.
        """
        for name in ("xml", "json"):
            response = answer(*FIELDS, (b"Sec-WebSocket-Protocol", name.encode()))
            self.assertEqual(check(response, KEY, ("xml", "json"), True), (name, None))

    def test_wrongSubProtocol(self) -> None:
        """
        Another one, none, or one though we offered none, is refused in the specification's words.
        """

        def wrong(offered: tuple[str, ...], *values: bytes) -> str:
            fields = [(b"Sec-WebSocket-Protocol", value) for value in values]
            return self.wrong(*FIELDS, *fields, offered=offered)

        self.assertEqual(wrong(("xml",)), "Invalid subprotocol. Actual: null. Expected one of: xml")
        self.assertEqual(wrong(("xml", "json")), "Invalid subprotocol. Actual: null. Expected one of: xml, json")
        self.assertEqual(wrong(("xml",), b"json"), "Invalid subprotocol. Actual: json. Expected one of: xml")
        self.assertEqual(wrong(("xml",), b"XML"), "Invalid subprotocol. Actual: XML. Expected one of: xml")
        self.assertEqual(wrong(("a", "b"), b"a, b"), "Invalid subprotocol. Actual: a, b. Expected one of: a, b")
        self.assertEqual(wrong(("xml",), b""), "Invalid subprotocol. Actual: . Expected one of: xml")
        self.assertEqual(wrong((), b"xml"), "Invalid subprotocol. Actual: xml. Expected one of: none")
        self.assertEqual(
            wrong(("a", "b"), b"a", b"b"), "Invalid handshake response: more than one sec-websocket-protocol"
        )

    def test_compression(self) -> None:
        """
        An accepted offer gives a compressor; windows are ours or smaller.
        """
        for extension, theirs, ours in (
            ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, 12),
            ("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", 9, 10),
            ("permessage-deflate; server_max_window_bits=12", 12, 12),
            ("permessage-deflate; server_max_window_bits=9; client_no_context_takeover", 9, 12),
            ("permessage-deflate; server_max_window_bits=12; server_no_context_takeover", 12, 12),
        ):
            response = answer(*FIELDS, (b"Sec-WebSocket-Extensions", extension.encode()))
            protocol, compressor = check(response, KEY, (), True)
            self.assertIs(protocol, None)
            self.assertEqual(
                (compressor.server_max_window_bits, compressor.client_max_window_bits), (theirs, ours), extension
            )
            self.assertEqual(compressor.server_no_context_takeover, "server_no" in extension)
            self.assertEqual(compressor.client_no_context_takeover, "client_no" in extension)

    def test_compressionBesideProtocol(self) -> None:
        """
        Both can be agreed on together.
        """
        response = answer(
            *FIELDS,
            (b"Sec-WebSocket-Protocol", b"xml"),
            (b"Sec-WebSocket-Extensions", b"permessage-deflate; server_max_window_bits=12"),
        )
        protocol, compressor = check(response, KEY, ("xml",), True)
        self.assertEqual((protocol, compressor is None), ("xml", False))

    def test_emptyExtensions(self) -> None:
        """
        An empty field agrees on nothing.
        """
        self.assertEqual(check(answer(*FIELDS, (b"Sec-WebSocket-Extensions", b"")), KEY, (), False), (None, None))

    def test_unoffered(self) -> None:
        """
        Nothing is agreed on that was not offered.
        """
        words = "Invalid handshake response: an extension that was not offered"
        for extension in (b"permessage-deflate", b"permessage-bzip2"):
            self.assertEqual(
                self.wrong(*FIELDS, (b"Sec-WebSocket-Extensions", extension), compression=False), words
            )
        for extension in (
            b"permessage-bzip2",
            b"x-webkit-deflate-frame",
            b"permessage-deflate; server_max_window_bits=12, permessage-deflate; server_max_window_bits=12",
            b"permessage-deflate; server_max_window_bits=12, permessage-bzip2",
        ):
            self.assertEqual(self.wrong(*FIELDS, (b"Sec-WebSocket-Extensions", extension)), words, extension)
        self.assertEqual(
            self.wrong(
                *FIELDS,
                (b"Sec-WebSocket-Extensions", b"permessage-deflate; server_max_window_bits=12"),
                (b"Sec-WebSocket-Extensions", b"permessage-bzip2"),
            ),
            words,
        )

    def test_windows(self) -> None:
        """
        A server may keep a large window where it does not know how to do with less; ours stays small.
        """
        for extension, theirs in (
            (b"permessage-deflate", 15),
            (b"permessage-deflate; client_max_window_bits=12", 15),
            (b"permessage-deflate; server_max_window_bits=13", 13),
            (b"permessage-deflate; client_max_window_bits=15", 15),
            (b"permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", 15),
        ):
            _, compressor = check(answer(*FIELDS, (b"Sec-WebSocket-Extensions", extension)), KEY, (), True)
            self.assertEqual(
                (compressor.server_max_window_bits, compressor.client_max_window_bits), (theirs, 12), extension
            )

    def test_smallestWindow(self) -> None:
        """
        A server may say that its window is the smallest there is (RFC 7692 section 7.1.2.1).
        """
        response = answer(*FIELDS, (b"Sec-WebSocket-Extensions", b"permessage-deflate; server_max_window_bits=8"))
        protocol, compressor = check(response, KEY, (), True)
        self.assertEqual((protocol, compressor is None), (None, False))

    def test_parameters(self) -> None:
        """
        Parameters that cannot be, twice, or are unknown, are refused.
        """
        for parameters in (
            b"server_max_window_bits",
            b"server_max_window_bits=",
            b"server_max_window_bits=0",
            b"server_max_window_bits=7",
            b"server_max_window_bits=16",
            b"server_max_window_bits=012",
            b"server_max_window_bits=+12",
            b"server_max_window_bits=x",
            b"server_max_window_bits=99999999999999999999",
            b"server_max_window_bits=12; client_max_window_bits",
            b"server_max_window_bits=12; server_max_window_bits=12",
            b"server_max_window_bits=12; server_no_context_takeover=1",
            b"server_max_window_bits=12; client_no_context_takeover; client_no_context_takeover",
            b"server_max_window_bits=12; something",
        ):
            words = self.wrong(*FIELDS, (b"Sec-WebSocket-Extensions", b"permessage-deflate; " + parameters))
            self.assertEqual(words, "Invalid handshake response: a parameter that cannot be", parameters)
