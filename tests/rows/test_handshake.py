"""
Upgrades that are accepted, and what is beside them: rows HS of the reliability catalogue.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import partial
from hashlib import sha1

from tests.rows.raw import CLOSE, FIELDS, TEXT, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import best


class AcceptanceTests(ServedTestCase):
    """
    What is an upgrade, and what it gets.
    """

    def test_sample(self) -> None:
        """
        The sample of RFC 6455 gets the sample's answer, which names no product (HS01)
        """
        head = self.ask(request()).answer()
        self.assertEqual(
            head.split(b"\r\n"),
            [
                b"HTTP/1.1 101 Switching Protocols",
                b"Upgrade: websocket",
                b"Connection: Upgrade",
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            ],
        )

    def test_keys(self) -> None:
        """
        The answer proves every key as it was sent, one whose last bits are not zero and one
        between blanks among them (HS01)
        """
        for key in (b64encode(bytes(16)), b64encode(b"\xff" * 16), b"dGhlIHNhbXBsZSBub25jZR=="):
            fields = FIELDS.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b" \t" + key + b" ")
            proof = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            self.assertIn(b"\r\nSec-WebSocket-Accept: " + proof, self.ask(request(fields=fields)).answer())

    def test_resource(self) -> None:
        """
        An HTTP resource on the same port answers; open connections notice nothing (HS02)
        """
        peer = self.open()
        status, _, body = self.ask(plain(self.tagged("/calls"))).response()
        self.assertEqual((status, json.loads(body)), (200, {"calls": [], "living": 1}))
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))

    def test_resourceFirst(self) -> None:
        """
        A connection that was used for plain HTTP can be upgraded after it, also when all of
        it comes in one segment (HS02)
        """
        first = plain("/calls") + plain("/calls")
        peer = self.ask(first + request(self.tagged("/ws"), body=frame(TEXT, b"early")))
        self.assertEqual([peer.response()[0], peer.response()[0]], [200, 200])
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"early"))

    def test_resourceUpgraded(self) -> None:
        """
        An upgrade request to a resource that knows no upgrades is plain HTTP, and nothing
        is read after it (HS02)
        """
        answer = self.assertRefused(request("/calls", body=frame(TEXT, b"x") + plain("/calls")), 200)
        self.assertNotIn(b"Upgrade:", answer)

    def test_sameSegment(self) -> None:
        """
        Frames in the segment of the handshake are answered, whole or in part.
        """
        early = frame(TEXT, b"early") + frame(TEXT, b"rest")
        for cut in (0, 1, 5, len(early) - 1):
            peer = self.open(body=early[: len(early) - cut])
            peer.send(early[len(early) - cut :])
            self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"early"), (TEXT, b"rest")])

    def test_secondRequest(self) -> None:
        """
        A second HTTP request in the segment of a handshake is read as frames, never as HTTP.
        """
        for second in (request(), plain("/calls")):
            peer = self.open(body=second)
            opcode, payload = peer.receive()
            self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xea"))
            self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.calls(), [["onError", "CorruptedFrameError"]] * 2)

    def test_portions(self) -> None:
        """
        A request may come byte by byte.
        """
        peer = self.peer().trickle(request(self.tagged("/ws"), body=frame(TEXT, b"slow")))
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"slow"))

    def test_upgradeTokens(self) -> None:
        """
        Tokens are compared without case and in lists; h2c is no WebSocket (HS32)
        """
        for value, status in (
            (b"WEBSOCKET", 101),
            (b"h2c, websocket", 101),
            (b"websocket, h2c", 101),
            (b"h2c\r\nUpgrade: websocket", 101),
            (b"h2c", 426),
            (b"h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", 426),
            (b"websockets", 426),
            (b"web socket", 426),
            (b"xwebsocket", 426),
            (b"", 426),
        ):
            fields = FIELDS.replace(b"Upgrade: websocket", b"Upgrade: " + value)
            head = self.ask(request(fields=fields)).answer()
            self.assertEqual(int(head[9:12]), status, value)
            self.assertNotIn(b"h2c", head)

    def test_connectionTokens(self) -> None:
        """
        Connection is a list whose elements are compared without case; without Upgrade in it
        there is no upgrade.
        """
        for value, status in (
            (b"UPGRADE", 101),
            (b"keep-alive, upgrade", 101),
            (b"keep-alive,,Upgrade ,", 101),
            (b"keep-alive\r\nConnection: Upgrade", 101),
            (b"keep-alive", 400),
            (b"upgrades", 400),
            (b"xUpgrade", 400),
            (b"keep-alive Upgrade", 400),
            (b"", 400),
        ):
            fields = FIELDS.replace(b"Connection: Upgrade", b"Connection: " + value)
            self.assertEqual(self.ask(request(fields=fields)).status(), status, value)
        self.assertRefused(request(fields=FIELDS.replace(b"Connection: Upgrade\r\n", b"")), 400)

    def test_blanks(self) -> None:
        """
        Blanks around a value, and an empty body, are no part of the request.
        """
        fields = FIELDS.replace(b": ", b":\t  ").replace(b"\r\n", b" \t\r\n")
        self.assertEqual(self.ask(request(fields=fields)).status(), 101)
        self.assertEqual(self.ask(request(fields=FIELDS.replace(b": ", b":"))).status(), 101)
        self.assertEqual(self.ask(request(more=b"Content-Length: 0\r\n")).status(), 101)

    def test_highBytes(self) -> None:
        """
        Bytes above ASCII are no line ends: the service sees one field, as it was sent
        (HS12)
        """
        value = b"a\tb" + bytes(range(0x80, 0x100)) + b"X-Injected: 1"
        peer = self.open("/seen", more=b"X-Seen: " + value + b"\r\n")
        seen = json.loads(peer.receive()[1])["fields"]
        self.assertIn("x-seen: " + value.decode("latin-1"), seen)
        self.assertEqual([field for field in seen if field.startswith("x-injected")], [])

    def test_absolute(self) -> None:
        """
        A request target may be a URL; the host in it counts.
        """
        path = self.tagged("/seen")
        for url in (f"http://example.org:80{path}", f"HTTP://example.org:80{path}"):
            peer = self.ask(request(url))
            self.assertEqual(peer.status(), 101)
            self.assertIn("host: example.org:80", json.loads(peer.receive()[1])["fields"])

    def test_snapshot(self) -> None:
        """
        A service that keeps its request sees path and query as they came.
        """
        peer = self.open("/seen?a=%26&a=2&b=")
        kept = json.loads(peer.receive()[1])["kept"]
        self.assertEqual(kept, ["GET", "/seen", {"a": ["&", "2"], "b": [""], "tag": [self.tag]}])


class SubProtocolTests(ServedTestCase):
    """
    Sec-WebSocket-Protocol.
    """

    def test_chosen(self) -> None:
        """
        The client's first that the service speaks, compared with its case, and the service
        is told; none in common is no header (HS23)
        """
        for offered, answer in (
            (b"a, b", b"b"),
            (b"c,b", b"c"),
            (b"b\r\nSec-WebSocket-Protocol: c", b"b"),
            (b",, c ,", b"c"),
            (b"a", None),
            (b"B", None),
            (b"", None),
        ):
            path = self.tagged("/headers/x/y")
            peer = self.ask(request(path, more=b"Sec-WebSocket-Protocol: " + offered + b"\r\n"))
            head = peer.answer()
            self.assertIn(b" 101 ", head)
            expected = [] if answer is None else [b"Sec-WebSocket-Protocol: " + answer]
            self.assertEqual([line for line in head.split(b"\r\n") if b"protocol:" in line.lower()], expected)
            self.assertEqual(peer.receive(), (TEXT, answer or b"None"))

    def test_wrong(self) -> None:
        """
        One twice, and what is no token, are 400 (HS23)
        """
        for offered in (b"a,a", b"a\r\nSec-WebSocket-Protocol: a", b"b, b", b"a b", b'"b"', b"b;x", b"b@", b"\xe9"):
            data = request("/headers/x/y", more=b"Sec-WebSocket-Protocol: " + offered + b"\r\n")
            self.assertRefused(data, 400)

    def test_cost(self) -> None:
        """
        A long field costs less than 50 ms, and four times the length at most six times as
        much (HS21)
        """
        for unit in (b" ", b",", b", ", b"a,", b"a", b"\t,"):
            short = self._cost(unit * (1900 // len(unit)))
            most = min(0.05, 6 * max(short, 0.002))
            self.assertLess(best(partial(self._cost, unit * (7600 // len(unit))), most), most)

    def _cost(self, value: bytes) -> float:
        field = b"Sec-WebSocket-Protocol: " + value + b"\r\n"
        before = self.cpu()
        for _ in range(20):
            self.assertIn(self.ask(request(more=field)).status(), (101, 400))
        return (self.cpu() - before) / 20


class OriginTests(ServedTestCase):
    """
    Which pages may connect (HS28).
    """

    def check(self, path: str, answers: dict[bytes, int]) -> None:
        """
        Check the status that each Origin gets.
        """
        for origin, status in answers.items():
            peer = self.ask(request(path, more=b"Origin: " + origin + b"\r\n"))
            head = peer.answer()
            self.assertEqual(int(head[9:12]), status, (path, origin))
            if status != 101:
                self.assertNotIn(origin or b"Origin", head + peer.rest())

    def test_listed(self) -> None:
        """
        Scheme, host and port have to be exactly those of the list; without an Origin it is
        no browser (HS28)
        """
        self.open("/origin")
        self.check(
            "/origin",
            {
                b"https://good.example": 101,
                b"https://GOOD.example": 101,
                b"HTTPS://good.example": 101,
                b"https://good.example:443": 101,
                b"http://good.example:8080": 101,
                b"https://xn--gd-8ia.example": 101,
                b"http://good.example": 403,
                b"https://good.example:8080": 403,
                b"https://good.example:0443x": 403,
                b"https://good.example.evil.com": 403,
                b"https://good.example@evil.com": 403,
                b"https://evil.com@good.example": 403,
                b"https://evil.com#good.example": 403,
                b"https://evilgood.example": 403,
                b"https://good.example.": 403,
                b"https://good.example:": 403,
                b"https://g\xc3\xb6d.example": 403,
                b"https://good.example/": 403,
                b"https://good.example/path": 403,
                b"https://good.example, https://good.example": 403,
                b"https://good.example https://evil.com": 403,
                b"https:good.example": 403,
                b"//good.example": 403,
                b"good.example": 403,
                b"https://[::1": 403,
                b"https://": 403,
                b"*": 403,
                b"null": 403,
                b"": 403,
            },
        )
        twice = b"Origin: https://good.example\r\nOrigin: https://good.example\r\n"
        self.assertRefused(request("/origin", more=twice), 400)

    def test_default(self) -> None:
        """
        Without a list every page may connect, but not one without an origin (HS28)
        """
        self.check("/ws", {b"https://any.example": 101, b"http://[::1]:80": 101, b"null": 403})

    def test_any(self) -> None:
        """
        C{*} is every origin, and no nonsense; an empty list is no page; C{null} has to be
        listed (HS28)
        """
        self.check("/origin/any", {b"https://any.example": 101, b"null": 403, b"nonsense": 403})
        self.check("/origin/none", {b"https://any.example": 403, b"null": 403})
        self.open("/origin/none")
        self.check("/origin/null", {b"null": 101, b"https://any.example": 403})

    def test_later(self) -> None:
        """
        The field of old drafts is no Origin.
        """
        data = request("/origin", more=b"Sec-WebSocket-Origin: https://good.example\r\nOrigin: https://evil.com\r\n")
        self.assertRefused(data, 403)


class ServerNameTests(ServedTestCase):
    """
    A listener with C{server}.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = 'timeout = 20\nserver = "probe/1"'

    def test_named(self) -> None:
        """
        Refusals and resources name the server as configured, and nothing else (HS01)
        """
        for data in (plain("/ws"), plain("/calls"), plain("/nothing"), plain("/ws?" + "a" * 5000), b"x\r\n\r\n"):
            self.assertIn(b"\r\nServer: probe/1\r\n", self.ask(data).answer() + b"\r\n")


class UnnamedTests(ServedTestCase):
    """
    A listener without.
    """

    def test_unnamed(self) -> None:
        """
        No answer tells what serves it, in its head or body (HS01, HS04)
        """
        for data in (plain("/ws"), plain("/calls"), plain("/nothing"), plain("/ws", method=b"DELETE"), b"x\r\n\r\n"):
            peer = self.ask(data)
            text = (peer.answer() + peer.data).lower()
            for word in (b"twisted", b"autobahn", b"balws", b"python"):
                self.assertNotIn(word, text, data)
