"""
Requests that are no valid upgrade, or no valid HTTP: rows HS of the reliability catalogue.
"""

from __future__ import annotations

from tests.rows.raw import FIELDS, TEXT, frame, plain, request
from tests.rows.serving import ServedTestCase

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="

#: What ends a line, or might for somebody, or is no text.
_CONTROLS = [bytes((code,)) for code in (*range(0x20), 0x7F) if code != 0x09]


class UpgradeTests(ServedTestCase):
    """
    HTTP, but no upgrade.
    """

    def test_paths(self) -> None:
        """
        What is not there is 404, whatever dots stand before it (HS03)
        """
        for path in ("/nothing", "/../ws", "/%2e%2e/ws", "/x/../ws", "/ws/more", "/ws/..", "/WS", "/ws%2f", "/ws%00"):
            self.assertRefused(request(path), 404)

    def test_plain(self) -> None:
        """
        A plain GET is told to upgrade, and how; its query gets it nowhere else (HS04)
        """
        for path in ("/ws", "/ws?redirect=https://evil.example/", "/ws?redirect=https://evil.example/&after=x"):
            answer = self.assertRefused(plain(path), 426)
            head, _, body = answer.partition(b"\r\n\r\n")
            fields = head.lower().split(b"\r\n")
            self.assertEqual(fields[0], b"http/1.1 426 upgrade required")
            self.assertIn(b"upgrade: websocket", fields)
            self.assertIn(b"connection: upgrade, close", fields)
            self.assertIn(b"sec-websocket-version: 13", fields)
            self.assertIn(b"content-length: %d" % len(body), fields)
            for word in (b"evil", b"location", b"autobahn", b"twisted", b"balws"):
                self.assertNotIn(word, answer.lower())

    def test_httpVersions(self) -> None:
        """
        An upgrade is HTTP/1.1 (HS06)
        """
        self.assertRefused(request().replace(b"HTTP/1.1", b"HTTP/1.0"), 426)
        self.assertRefused(request(more=b"Connection: keep-alive\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 426)
        for version in (b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1.1", b"WS/1.1"):
            self.assertRefused(request().replace(b"HTTP/1.1", version), 400, 426, 505)
        self.assertNotIn(b" 101", self.ask(b"GET /ws\r\n\r\n").rest())
        self.assertAlive()

    def test_versions(self) -> None:
        """
        13 is the one version, and the answer says so (HS07)
        """
        for text in ("8", "0", "12", "14", "255", "13, 8", "13,", "-13", "+13", "013", "13abc", "13.0", "\xb9\xb3", ""):
            version = text.encode("latin-1")
            answer = self.assertRefused(request(fields=FIELDS.replace(b"Version: 13", b"Version: " + version)), 426)
            self.assertIn(b"\r\nsec-websocket-version: 13\r\n", answer.lower())
        self.assertRefused(request(fields=FIELDS.replace(b"Sec-WebSocket-Version: 13\r\n", b"")), 426)

    def test_keys(self) -> None:
        """
        A key is 16 bytes in base64, once (HS09)
        """
        for key in (
            b"",
            b"dGhlIHNhbXBsZSBub25j",
            b"dGhlIHNhbXBsZSBub25jZWE=",
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ=",
            b"dGhlIHNhbXBsZSBub25jZQ===",
            b"dGhlIHNhbXBsZSBub25jZQ=a",
            b"!!!!IHNhbXBsZSBub25jZQ==",
            b"dGhlIHNhbXBsZS-_b25jZQ==",
            b"dGhlIHNh bXBsZSBub25jZQ==",
            b"dGhlIHNh\xe9XBsZSBub25jZQ==",
            b"AQIDBAUGBwgJCgsMDQ4P",
            b"AQIDBAUGBwgJCgsMDQ4PEBE=",
            _KEY + b", " + _KEY,
            _KEY * 2,
            b"=" * 24,
        ):
            self.assertRefused(request(fields=FIELDS.replace(_KEY, key)), 400)
        self.assertRefused(request(fields=FIELDS.replace(b"Sec-WebSocket-Key: " + _KEY + b"\r\n", b"")), 400)

    def test_twice(self) -> None:
        """
        Fields of which there is one are there once, even if twice the same (HS09, HS10)
        """
        for line in FIELDS.split(b"\r\n")[:-1]:
            if line.startswith((b"Host", b"Sec-")):
                self.assertRefused(request(more=line + b"\r\n"), 400)
                self.assertRefused(request(more=line.swapcase().replace(b": ", b":") + b"\r\n"), 400)

    def test_hosts(self) -> None:
        """
        One Host, and it is one (HS10)
        """
        self.assertRefused(request(fields=FIELDS.replace(b"Host: localhost\r\n", b"")), 400)
        self.assertRefused(b"GET /calls HTTP/1.1\r\n\r\n", 400)
        for host in (b"", b"[::1", b"::1]", b"a b", b"a,b c", b"a/b", b"a?b", b"a#b", b"a@b", b"a\\b", b"<a>", b"\xe9"):
            for port in (b"", b":80"):
                self.assertRefused(request(fields=FIELDS.replace(b"localhost", host + port)), 400)
                self.assertRefused(plain("/calls").replace(b"localhost", host + port), 400)
        for host in (b"a:b", b"a:1:2", b"a:123456", b"a:-1", b"[::1]80", b"[x]"):
            self.assertRefused(request(fields=FIELDS.replace(b"localhost", host)), 400)
        self.assertRefused(request(fields=FIELDS.replace(b"localhost", b"h" * 10000)), 400, 431)
        for host in (b"a:80", b"[::1]:80", b"a.", b"a_b", b"127.0.0.1"):
            self.assertEqual(self.ask(request(fields=FIELDS.replace(b"localhost", host))).status(), 101, host)
        self.assertAlive()

    def test_methods(self) -> None:
        """
        An upgrade is a GET, in capitals (HS11)
        """
        for method in (b"POST", b"PUT", b"CONNECT", b"OPTIONS", b"DELETE", b"PATCH", b"TRACE", b"get", b"Get", b"GETS"):
            self.assertRefused(request(method=method), 400)
            self.assertRefused(plain("/ws", method=method), 400)
        self.assertEqual(self.assertRefused(request(method=b"HEAD"), 400).partition(b"\r\n\r\n")[2], b"")
        self.assertRefused(b"CONNECT localhost:443 HTTP/1.1\r\n" + FIELDS + b"\r\n", 400)
        self.assertRefused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505)

    def test_bodies(self) -> None:
        """
        A body is refused, and never read as frames.
        """
        message = frame(TEXT, b"hi")
        for more in (
            b"Content-Length: %d\r\n" % len(message),
            b"Content-Length: 1\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: identity\r\n",
            b"Transfer-Encoding:\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            b"Content-Length: 0\r\nContent-Length: 8\r\n",
        ):
            answer = self.assertRefused(request(self.tagged("/ws"), more=more, body=message), 400)
            self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(message), message)
        self.assertRefused(request(more=b"Transfer-Encoding: chunked\r\n", body=chunked), 400)

    def test_closed(self) -> None:
        """
        After a refusal nothing is read, neither as frames nor as HTTP.
        """
        behind = plain("/calls") + frame(TEXT, b"x")
        self.assertRefused(request("/nothing", body=behind), 404)
        self.assertRefused(plain("/ws") + behind, 426)
        self.assertRefused(request(fields=FIELDS.replace(_KEY, b"x"), body=behind), 400)
        self.assertRefused(request("/origin", more=b"Origin: null\r\n", body=behind), 403)
        self.assertRefused(request("/failing/raised/plain", body=behind), 400)


class SyntaxTests(ServedTestCase):
    """
    No HTTP.
    """

    def test_controls(self) -> None:
        """
        A control character in a value is 400, once, to services and to resources; no field
        ever becomes two (HS12, HS13)
        """
        for control in _CONTROLS:
            for value in (b"b" + control + b"X-Injected: 1", control + b"b", b"b" + control):
                for field in (b"X: " + value, b"Origin: " + value, b"Sec-WebSocket-Protocol: " + value):
                    self.assertRefused(request(self.tagged("/ws"), more=field + b"\r\n"), 400)
                self.assertRefused(plain("/calls", b"X: " + value + b"\r\n"), 400)
        self.assertEqual(self.calls(), [])

    def test_controlsElsewhere(self) -> None:
        """
        Nor in a name, a target, a method or a version (HS13)
        """
        for control in (*_CONTROLS, b"\t"):
            for line in (b"X" + control + b"Y: a", control + b"X: a", b"X" + control + b": a"):
                self.assertRefused(request(more=line + b"\r\n"), 400)
            for head in (b"GET /w%cs HTTP/1.1", b"GE%cT /ws HTTP/1.1", b"GET /ws HTTP/1.1%c", b"%cGET /ws HTTP/1.1"):
                self.assertRefused(head % control + b"\r\n" + FIELDS + b"\r\n", 400)

    def test_lines(self) -> None:
        """
        Folded lines, blanks before the colon, lines without a name or a colon, and names
        that are no token (HS13)
        """
        for lines in (
            b"X: a\r\n b",
            b"X: a\r\n\tb: c",
            b"X: a\r\n \r\nY: b",
            b"X : a",
            b"X\t: a",
            b": a",
            b" : a",
            b"noname",
            b"X Y: a",
            b"X(: a",
            b'"X": a',
            b"X\xe9: a",
            b"X,Y: a",
            b"Sec-WebSocket-Version : 13",
        ):
            self.assertRefused(request(more=lines + b"\r\n"), 400)
            self.assertRefused(plain("/calls", lines + b"\r\n"), 400)
        self.assertRefused(b"GET /ws HTTP/1.1\r\n X: a\r\n" + FIELDS + b"\r\n", 400)

    def test_lineEnds(self) -> None:
        """
        A line ends with CR LF, and with nothing else (HS13)
        """
        for end in (b"\n", b"\r", b"\n\r", b"\r\r\n", b"\x0b"):
            self.assertRefused(request().replace(b"\r\n", end) + b"\r\n\r\n", 400)
            self.assertRefused(request(more=b"X: a" + end + b"Y: b\r\n"), 400)
            self.assertRefused(request()[:-2] + end + b"\r\n\r\n", 400)
        self.assertRefused(request().replace(b"\r\n", b"\n"), 400)

    def test_requestLines(self) -> None:
        """
        Three words, one blank between them, and a target of visible ASCII (HS13)
        """
        for line in (
            b"GET /ws",
            b"GET  /ws HTTP/1.1",
            b"GET /ws  HTTP/1.1",
            b"GET /ws HTTP/1.1 ",
            b" GET /ws HTTP/1.1",
            b"GET /ws HTTP/1.1 more",
            b"GET /w s HTTP/1.1",
            b"GET ws HTTP/1.1",
            b"GET ?ws HTTP/1.1",
            b"GET #ws HTTP/1.1",
            b"GET * HTTP/1.1",
            b"GET localhost/ws HTTP/1.1",
            b"GET ftp://localhost/ws HTTP/1.1",
            b"GET http:///ws HTTP/1.1",
            b"GET http://a b/ws HTTP/1.1",
            b"GET /w\xc3\xa9 HTTP/1.1",
            b"GET /ws HTTP/1,1",
            b"GET /ws HTTP/1.1;x",
            b"GET /ws HTTPS/1.1",
            b"G(T /ws HTTP/1.1",
            b"GET",
            b"/ws",
        ):
            self.assertRefused(line + b"\r\n" + FIELDS + b"\r\n", 400, 404, 405, 426, 501, 505)
        self.assertAlive()

    def test_noHttp(self) -> None:
        """
        A peer that speaks TLS, or frames, or nonsense, gets no upgrade and costs no other one.
        """
        hello = bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2
        for data in (hello, frame(TEXT, b"x") * 20, b"\r\n" * 5 + b"\0" * 50, b"\xff" * 9000, b"SSH-2.0-x\r\n", b"\n"):
            peer = self.ask(data + b"\r\n\r\n")
            self.assertNotIn(b" 101 ", peer.rest())
        self.assertAlive()

    def test_lengths(self) -> None:
        """
        A body whose end is not certain is refused, and what follows it is not read as a
        second request (HS13)
        """
        for fields in (
            b"Content-Length: 5\r\nContent-Length: 6\r\n",
            b"Content-Length: 5, 5\r\n",
            b"Content-Length: +5\r\n",
            b"Content-Length: -1\r\n",
            b"Content-Length: 0x5\r\n",
            b"Content-Length: 5 5\r\n",
            b"Content-Length: 5_0\r\n",
            b"Content-Length: \xb2\r\n",
            b"Content-Length: five\r\n",
            b"Content-Length:\r\n",
            b"Content-Length: " + b"9" * 30 + b"\r\n",
            b"Content-Length: " + b"9" * 5000 + b"\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked, chunked\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: \x0bchunked\r\n",
            b"Transfer-Encoding : chunked\r\n",
        ):
            body = b"0\r\n\r\n" + plain(self.tagged("/calls"))
            self.assertRefused(plain("/calls", fields, b"POST", body), 400, 413, 501)
        old = plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST", b"0\r\n\r\n" + plain("/calls"))
        self.assertRefused(old.replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400)

    def test_chunks(self) -> None:
        """
        Chunks that are none (HS13)
        """
        head = plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST")
        bodies = [b"g\r\n", b"-1\r\n", b"0x1\r\na\r\n", b"1 \r\nab\r\n", b"1\nab", b"1\r\nabc\r\n", b"\r\n\r\n"]
        for body in (*bodies, b"f" * 5000 + b"\r\n"):
            answer = self.assertRefused(head + body + b"0\r\n\r\n" + plain("/calls"), 400, 413)
            self.assertNotIn(b" 200 ", answer)


class StaticTests(ServedTestCase):
    """
    Files beside services.
    """

    services = {"/ws": "echoing:EchoUpgrade", "/deep/ws": "echoing:EchoUpgrade"}
    more = '[[listeners.resources]]\npath = "/"\nstatic = "public"\n'

    def test_beside(self) -> None:
        """
        A file at the root, services below it, and neither in the other's way (HS02)
        """
        self.assertEqual(self.ask(plain("/page.txt")).response()[::2], (200, b"a page\n"))
        self.assertRefused(plain("/ws"), 426)
        self.open("/deep/ws")
        self.assertEqual(self.ask(plain("/deep")).status(), 404)

    def test_traversal(self) -> None:
        """
        No dots lead out of the folder, to a file or to a service (HS03)
        """
        for path in (
            "/../balws.toml",
            "/%2e%2e/balws.toml",
            "/..%2fbalws.toml",
            "/..%5cbalws.toml",
            "/.%2e/balws.toml",
            "/page.txt/../../balws.toml",
            "//etc/passwd",
            "/%2fetc/passwd",
            "/%00",
            "/page.txt%00.html",
            "/x/../ws",
            "/" + "../" * 20 + "etc/passwd",
        ):
            for data in (plain(path), request(path)):
                peer = self.ask(data)
                status, _, body = peer.response()
                self.assertEqual(status, 404, path)
                self.assertNotIn(b"listeners", body)
                self.assertNotIn(b"root:", body)
        self.assertEqual(self.ask(plain("/")).status(), 404)
