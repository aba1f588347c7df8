"""
The rows HS of the reliability catalogue, as raw bytes against twistd.
"""

from __future__ import annotations

import time

from tests.rows.raw import CLOSE, FIELDS, TEXT, Peer, frame, request
from tests.rows.serving import ServedTestCase

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


class AcceptanceTests(ServedTestCase):
    """
    Upgrades that are accepted, and what is beside them.
    """

    def test_sample(self) -> None:
        """
        HS01: the sample of RFC 6455 gets the sample's answer, which names no product.
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

    def test_resource(self) -> None:
        """
        HS02: an HTTP resource on the same port answers; open connections notice nothing.
        """
        peer = self.open()
        self.assertEqual(self.calls(), [])
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))

    def test_sameSegment(self) -> None:
        """
        Frames in the segment of the handshake are answered; a second request there is
        read as frames, never as HTTP.
        """
        peer = self.ask(request(body=frame(TEXT, b"early")))
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"early"))
        smuggled = self.ask(request(body=request()))
        self.assertEqual(smuggled.status(), 101)
        opcode, payload = smuggled.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xea"))
        self.assertEqual(smuggled.rest(), b"")

    def test_subProtocols(self) -> None:
        """
        HS23: the client's first that the service speaks; none in common is no header; one
        twice is 400.
        """
        for offered, answer in (
            (b"a, b", b"b"),
            (b"c,b", b"c"),
            (b"a", None),
            (b"b\r\nSec-WebSocket-Protocol: c", b"b"),
        ):
            head = self.ask(request("/headers/x", more=b"Sec-WebSocket-Protocol: " + offered + b"\r\n")).answer()
            self.assertIn(b" 101 ", head)
            expected = [] if answer is None else [b"Sec-WebSocket-Protocol: " + answer]
            self.assertEqual([line for line in head.split(b"\r\n") if b"Protocol:" in line], expected)
        self.assertEqual(self.ask(request("/headers/x", more=b"Sec-WebSocket-Protocol: a,a\r\n")).status(), 400)

    def test_upgradeTokens(self) -> None:
        """
        HS32: tokens are compared without case and in lists; h2c is no WebSocket.
        """
        for value, status in ((b"WEBSOCKET", 101), (b"h2c, websocket", 101), (b"h2c", 426)):
            fields = FIELDS.replace(b"Upgrade: websocket", b"Upgrade: " + value)
            self.assertEqual(self.ask(request(fields=fields)).status(), status, value)
        fields = FIELDS.replace(b"Connection: Upgrade", b"Connection: keep-alive, upgrade")
        self.assertEqual(self.ask(request(fields=fields)).status(), 101)

    def test_customHeaders(self) -> None:
        """
        A service's headers are in the 101; a value that would be two fields is refused.
        """
        self.assertIn(b"\r\nX-Value: blue", self.ask(request("/headers/blue")).answer())
        peer = self.ask(request("/headers/a%0d%0aX-Injected:%201"))
        self.assertEqual(peer.status(), 500)
        self.assertNotIn(b"Injected", peer.rest())

    def test_origins(self) -> None:
        """
        HS28: scheme, host and port have to be exactly those of the list; an absent Origin
        is no browser's.
        """
        self.open("/origin")
        for origin, status in (
            (b"https://good.example", 101),
            (b"https://GOOD.example", 101),
            (b"https://good.example:443", 101),
            (b"http://good.example:8080", 101),
            (b"http://good.example", 403),
            (b"https://good.example:8080", 403),
            (b"https://good.example.evil.com", 403),
            (b"https://good.example@evil.com", 403),
            (b"https://good.example.", 403),
            (b"https://g\xc3\xb6od.example", 403),
            (b"https://good.example/", 403),
            (b"null", 403),
            (b"", 403),
            (b"https://good.example\r\nOrigin: https://good.example", 400),
        ):
            self.assertEqual(self.ask(request("/origin", more=b"Origin: " + origin + b"\r\n")).status(), status, origin)


class RefusalTests(ServedTestCase):
    """
    Requests that are no valid upgrade.
    """

    def refused(self, data: bytes, *statuses: int) -> bytes:
        """
        Check a refusal: it has one of these statuses, and the connection is closed.
        """
        peer = self.ask(data)
        head = peer.answer()
        status = int(head.split(b" ")[1])
        self.assertIn(status, statuses, data[:200])
        peer.rest()
        return head

    def test_paths(self) -> None:
        """
        HS03: what is not there is 404, whatever dots stand before it.
        """
        for path in ("/nothing", "/../ws", "/%2e%2e/ws", "/ws/more", "/WS", "/ws%2f"):
            self.refused(request(path), 404)

    def test_plain(self) -> None:
        """
        HS04, HS06: a plain GET, and HTTP/1.0, are told to upgrade; nothing names a version
        of ours.
        """
        plain = self.ask(b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, body = plain.answer(), plain.rest()
        self.assertTrue(head.startswith(b"HTTP/1.1 426 Upgrade Required\r\n"))
        self.assertIn(b"\r\nUpgrade: websocket\r\n", head)
        for word in (b"Twisted", b"Autobahn", b"balws/"):
            self.assertNotIn(word, head + body)
        self.refused(request().replace(b"HTTP/1.1", b"HTTP/1.0"), 426)

    def test_versions(self) -> None:
        """
        HS07: 13 is the one version, and the answer says so.
        """
        for version in (b"8", b"0", b"12", b"13, 8", b"-13", b"13abc", b""):
            head = self.refused(request(fields=FIELDS.replace(b"Version: 13", b"Version: " + version)), 426)
            self.assertIn(b"sec-websocket-version: 13", head.lower())

    def test_keys(self) -> None:
        """
        HS09: a key is 16 bytes in base64, once.
        """
        for key in (b"", b"dGhlIHNhbXBsZSBub25j", b"!!!!IHNhbXBsZSBub25jZQ==", _KEY * 2):
            self.refused(request(fields=FIELDS.replace(_KEY, key)), 400)
        self.refused(request(fields=FIELDS.replace(b"Sec-WebSocket-Key: " + _KEY + b"\r\n", b"")), 400)
        self.refused(request(more=b"Sec-WebSocket-Key: " + _KEY + b"\r\n"), 400)

    def test_hosts(self) -> None:
        """
        HS10: one Host, and it is one.
        """
        for host in (b"", b"Host: a\r\nHost: a\r\n", b"Host: [::1\r\n", b"Host: a b\r\n", b"Host:\r\n"):
            self.refused(request(fields=FIELDS.replace(b"Host: localhost\r\n", host)), 400)
        self.refused(request(fields=FIELDS.replace(b"localhost", b"h" * 10000)), 400, 431)
        self.assertAlive()

    def test_methods(self) -> None:
        """
        HS11: an upgrade is a GET.
        """
        for method in (b"POST", b"PUT", b"CONNECT", b"get", b"HEAD"):
            self.refused(request(method=method), 400)

    def test_connection(self) -> None:
        """
        Without the token Upgrade in Connection it is no upgrade.
        """
        self.refused(request(fields=FIELDS.replace(b"Connection: Upgrade", b"Connection: keep-alive")), 400)

    def test_bodies(self) -> None:
        """
        A body is refused, and never read as frames.
        """
        for more in (b"Content-Length: 8\r\n", b"Transfer-Encoding: chunked\r\n"):
            peer = self.ask(request(more=more, body=frame(TEXT, b"hi")))
            self.assertEqual(peer.status(), 400)
            self.assertEqual(peer.rest(), b"")

    def test_malformed(self) -> None:
        """
        HS12, HS13: control characters, folded lines, blanks before the colon and lines
        without a name are 400, once; no field ever becomes two.
        """
        broken = [b"X: a\rb", b"X: a\nX-Injected: 1", b"X: a\0", b"X: a\r\n b", b"X : a", b": a", b"noname"]
        broken += [b"X: b" + bytes((c,)) + b"X-Injected: 1" for c in (1, 0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x7F)]
        for line in broken:
            peer = self.ask(request(more=line + b"\r\n"))
            self.assertEqual(peer.status(), 400, line)
            self.assertNotIn(b"HTTP/", peer.rest())
        self.open(more=b"X-Count: 1\r\nX: b\x85X-Injected: 1\r\n")
        self.assertEqual(self.calls()[0], ["injected", 0])

    def test_protocols(self) -> None:
        """
        HS21: long and odd sub-protocol fields cost nothing.
        """
        began = time.monotonic()
        for value in (b" " * 7000, b"," * 7000, b", " * 3500, b"a" * 7000):
            self.assertIn(self.ask(request(more=b"Sec-WebSocket-Protocol: " + value + b"\r\n")).status(), (101, 400))
        self.assertLess(time.monotonic() - began, 5)


class LimitTests(ServedTestCase):
    """
    Requests that are too large or too slow.
    """

    def test_sizes(self) -> None:
        """
        HS17: 414, 431 and 413 arrive, each one byte over its limit and not at it.
        """
        self.assertEqual(self.ask(request("/ws?" + "a" * 4092)).status(), 101)
        self.assertEqual(self.ask(request("/ws?" + "a" * 4093)).status(), 414)
        room = 8192 - len(FIELDS) - len(b"X-Pad: \r\n")
        self.assertEqual(self.ask(request(more=b"X-Pad: " + b"a" * room + b"\r\n")).status(), 101)
        self.assertEqual(self.ask(request(more=b"X-Pad: " + b"a" * (room + 1) + b"\r\n")).status(), 431)
        post = b"POST /calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        self.assertEqual(self.ask(post % 10 + b"a" * 10).status(), 200)
        self.assertEqual(self.ask(post % 11 + b"a" * 11).status(), 413)
        chunked = b"POST /calls HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(self.ask(chunked + b"b\r\n" + b"a" * 11 + b"\r\n0\r\n\r\n").status(), 413)

    def test_floods(self) -> None:
        """
        HS18: 600 fields, and a line of 3 MB that does not end, are answered.
        """
        fields = b"".join(b"X%d: a\r\n" % number for number in range(600))
        self.assertIn(self.ask(request(more=fields)).status(), (431, 400))
        self.assertEqual(self.ask(b"GET /" + b"a" * 3_000_000).status(), 414)
        self.assertAlive()

    def test_slow(self) -> None:
        """
        HS19: the time for a request runs from the connection, whatever drips in; others
        are served meanwhile.
        """
        began = time.monotonic()
        slow = [self.ask(b"GET /ws") for _ in range(100)]
        while time.monotonic() - began < 1.5:
            for peer in slow:
                peer.send(b"a")
            time.sleep(0.2)
        self.assertAlive()
        for peer in slow:
            self.assertIn(peer.status(), (408, 0))
            peer.rest()
        self.assertLess(time.monotonic() - began, 5)

    def test_pending(self) -> None:
        """
        HS26: a get that does not answer is 503 at the deadline, and cancelled; so is one
        whose peer leaves.
        """
        began = time.monotonic()
        peer = self.ask(request("/never"))
        self.assertEqual(peer.status(), 503)
        self.assertTrue(1.5 < time.monotonic() - began < 4)
        self.assertEqual(self.calls(), ["cancelled"])
        leaving = Peer(self.port).send(request("/never"))
        time.sleep(0.2)
        leaving.close()
        for _ in range(20):
            time.sleep(0.1)
            if found := self.calls():
                break
        self.assertEqual(found, ["cancelled"])

    def test_pipelined(self) -> None:
        """
        Requests that are sent ahead are answered in order.
        """
        peer = self.ask(b"".join(b"GET /calls?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % n for n in range(25)))
        for _ in range(25):
            self.assertEqual(peer.status(), 200)
            self.assertEqual(peer.data[:2], b"[]")
            peer.data = peer.data[2:]


class NeverKeptTests(ServedTestCase):
    """
    A listener that keeps no connection.
    """

    listener = '[listeners.http1Settings]\nkeepAlive = "NEVER"'

    def test_closed(self) -> None:
        """
        After one answer the connection is closed.
        """
        peer = self.ask(b"GET /calls HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"\r\nConnection: close", peer.answer())
        self.assertEqual(peer.rest(), b"[]")
        self.assertAlive()


class GetTests(ServedTestCase):
    """
    What an upgrade service says.
    """

    tracebacks = True

    def test_refusals(self) -> None:
        """
        HS25: an UpgradeError is the service's own answer; any other error is 500 with a
        text of ours; neither can split the answer.
        """
        peer = self.ask(request("/failing/refused?limit=9", more=b"X-Token: t\r\n"))
        head = peer.answer()
        self.assertTrue(head.startswith(b"HTTP/1.1 429 "))
        self.assertIn(b"\r\nRetry-After: 7", head)
        self.assertEqual(peer.rest(), b"not with 9 and t")
        failed = self.ask(request("/failing/other"))
        self.assertEqual(failed.status(), 500)
        self.assertNotIn(b"secret", failed.rest())
        split = self.ask(request("/failing/split"))
        self.assertNotIn(b"X-B", split.answer())
        self.assertEqual(self.ask(request("/failing/refused?limit=x")).status(), 400)
        self.assertLogged("secret-xyz")
        self.assertAlive()
