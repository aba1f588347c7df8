"""
The admin endpoint of a real process, and who should not get far with it.
"""

from __future__ import annotations

import json
import signal
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.rows.raw import CLOSE, TEXT, Peer, closing, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.servers import freePort
from tests.waiting import PATIENCE, until

TOKEN = "0123456789abcdef"

BEARER = b"Authorization: Bearer 0123456789abcdef\r\n"

CONSOLE = b"Sec-WebSocket-Protocol: balws.bearer, 0123456789abcdef\r\n"

#: What a page would like to be told, or done.
ASKED = ("/api/summary", "/api/connections", "/api/groups", "/api/send", "/api/kick", "/metrics", "/live")


class AdminTests(ServedTestCase):
    """
    One process with C{[admin]} on a port of its own.
    """

    services: ClassVar = {"/ws": "echoing:EchoUpgrade", "/hub": "hubbed:CommandedUpgrade"}
    admin: ClassVar = freePort()
    more = f'[admin]\nendpoint = "tcp:{admin}:interface=127.0.0.1"\ntoken = "{TOKEN}"\n'

    def operate(self, data: bytes) -> Peer:
        """
        @return: a connection to the admin endpoint on which this was sent.
        """
        peer = Peer(self.admin)
        self._peers.append(peer)
        return peer.send(data)

    def told(self, path: str, order: Any = None) -> tuple[int, bytes]:
        """
        @return: status and body of what the operator is told.
        """
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = None if order is None else json.dumps(order).encode()
        try:
            with urlopen(Request(f"http://127.0.0.1:{self.admin}{path}", data, headers), timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as refused:
            with refused:
                return refused.code, refused.read()

    def summary(self, path: str = "/ws") -> dict[str, Any]:
        """
        @return: the facts of a path.
        """
        found = json.loads(self.told("/api/summary")[1])
        return next(dict(each) for each in found["paths"] if each["path"] == path)

    # Who gets in

    def test_token(self) -> None:
        """
        Whoever does not show the token, once and as it is written, is told nothing
        """
        shown = (
            b"",
            BEARER * 2,
            b"Authorization: Bearer x\r\n" + BEARER,
            b"Authorization: Bearer x, Bearer 0123456789abcdef\r\n",
            b"Authorization: Bearer\t0123456789abcdef\r\n",
            b"Authorization: Bearer 0123456789abcdef=\r\n",
            b"Authorization: Basic b3BlcmF0b3I6MDEyMzQ1Njc4OWFiY2RlZg==\r\n",
            b"Cookie: token=0123456789abcdef\r\n",
        )
        for path in (*ASKED, f"/api/summary?access_token={TOKEN}", "/api//summary", "/%61pi/summary", "/api/x"):
            for more in shown if path in ASKED[:1] else shown[:1]:
                upgrade = request(path, more=more) if path == "/live" else plain(path, more)
                self.assertEqual(self.operate(upgrade).status(), 401, (path, more))

    def test_live(self) -> None:
        """
        A console shows its token as the sub-protocol behind balws.bearer, and is not told it again
        """
        for more in (b"", b"0123456789abcdef", b"0123456789abcdef, balws.bearer", b"balws.bearer, x, balws.bearer"):
            field = b"Sec-WebSocket-Protocol: " + more + b"\r\n" if more else b""
            self.assertIn(self.operate(request("/live", more=field)).status(), (400, 401), more)
        answer = self.operate(request("/live", more=CONSOLE)).answer()
        self.assertIn(b" 101 ", answer)
        self.assertNotIn(TOKEN.encode(), answer)

    def test_elsewhere(self) -> None:
        """
        A page whose host is another name for this machine gets nothing, whatever it shows
        """
        for host in (b"evil.example", b"localhost.evil.example", b"127.0.0.1.evil.example", b"0.0.0.0", b"2130706433"):
            fields = b"Host: " + host + b"\r\n"
            for path in (*ASKED[:-1], "/", "/healthz"):
                self.assertEqual(self.operate(request(path, fields, BEARER)).status(), 421, (path, host))
            upgrade = request("/live", more=CONSOLE).replace(b"Host: localhost", b"Host: " + host)
            self.assertEqual(self.operate(upgrade).status(), 421, host)
        absolute = plain("http://evil.example/api/summary", BEARER)
        self.assertEqual(self.operate(absolute).status(), 421)

    def test_pages(self) -> None:
        """
        Pages of other places can open no console and give no order, not even with the token
        """
        for origin in (b"http://evil.example", b"null", b"http://localhost:1", b"https://localhost.evil.example"):
            upgrade = request("/live", more=CONSOLE + b"Origin: " + origin + b"\r\n")
            self.assertEqual(self.operate(upgrade).status(), 403, origin)
        body = b'{"target": {"path": "/ws"}}'
        for kind in (b"text/plain", b"application/x-www-form-urlencoded"):
            fields = b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n" % len(body)
            order = plain("/api/kick", BEARER + fields, b"POST", body)
            self.assertEqual(self.operate(order).status(), 415, kind)

    def test_forms(self) -> None:
        """
        What a stranger, or a form of any page, sends as its fields is not taken apart: nobody waits for that
        """
        size = 1 << 21
        part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        for kind, body in (
            (b"multipart/form-data; boundary=x", part * (size // len(part) - 1) + b"--x--\r\n"),
            (b"application/x-www-form-urlencoded", b"%41=%41&" * (size // 8 - 1)),
        ):
            before = self.cpu()
            fields = b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n" % len(body)
            self.assertEqual(self.operate(plain("/api/kick", fields, b"POST", body)).status(), 401, kind)
            # Taken apart they cost 0.6 to 1.6 s.
            self.assertLess(self.cpu() - before, 0.3, kind)

    # What they ask

    def test_questions(self) -> None:
        """
        Whatever a question says, its answer is of 2xx or 4xx
        """
        for query in ("limit=-1", "limit=NaN", "limit=10001", "limit=99999999999999999999", "limit=1&limit=2", "limit=",
                      "sort=", "search=%ff", "search=%ED%A0%80", "search=" + "a" * 1025, "x=1", "%ff=1"):  # fmt: skip
            for path in ("/api/connections", "/api/groups"):
                self.assertEqual(self.told(f"{path}?{query}")[0], 400, query)
        for query in ("limit=0", "limit=10000", "search=%00", "search=a%0d%0aX:1", "search=" + "a" * 1024, "limit"):
            self.assertEqual(self.told(f"/api/connections?{query}")[0], 200, query)

    def test_orders(self) -> None:
        """
        Whatever an order says, nothing that is not meant is done
        """
        target = {"target": {"path": "/ws"}}
        peer = self.open()
        for order in ({}, {"target": {}}, {"target": {"path": "/ws", "user": "a"}}, {**target, "x": 1},
                      {**target, "code": 1005}, {**target, "code": 10**30}, {**target, "reason": "a" * 124},
                      {**target, "reason": "\ud800"}):  # fmt: skip
            self.assertEqual(self.told("/api/kick", order)[0], 400, order)
        for deep in (b"[" * 100_000, b'{"target":' * 50_000, b'{"target":{"path":' + b"[" * 100_000):
            fields = BEARER + b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(deep)
            self.assertEqual(self.operate(plain("/api/kick", fields, b"POST", deep)).status(), 400)
        self.assertEqual(self.told("/api/kick", {"target": {"connection": "\x1b[2J\u202e"}})[0], 404)
        self.assertEqual(peer.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))

    # What they are told

    def test_text(self) -> None:
        """
        What peers call their groups does nothing to who reads it, and makes no series of metrics
        """
        peer = self.open("/hub")
        name = "\x1b[2J\u202e\n\x00</script>"
        command = json.dumps([1, "addConnectionToGroup", [name], {}]).encode()
        self.assertEqual(json.loads(peer.send(frame(TEXT, command)).receive()[1]), [1, None])
        status, body = self.told("/api/groups")
        self.assertEqual((status, json.loads(body)["groups"]), (200, [{"name": name, "members": 1}]))
        self.assertFalse({0x1B, 0x00} & set(body))
        self.assertNotIn(b"</script", self.told("/metrics")[1])

    def test_series(self) -> None:
        """
        However many codes peers close with, there is one series for each thousand of theirs
        """
        for code in (1000, 3000, 3999, *range(4000, 4030)):
            peer = self.open()
            peer.send(closing(code))
            self.assertEqual(peer.receive()[0], CLOSE)
            peer.rest()
        found = self.told("/metrics")[1].decode()
        codes = [line for line in found.splitlines() if line.startswith('balws_connections_closed_total{code="4')]
        self.assertEqual([line.partition('"')[2][:4] for line in codes], ["4xxx"])

    def test_growing(self) -> None:
        """
        What is counted never becomes less, neither when connections end nor when the file is read again
        """
        names = ("opened", "received", "sent", "receivedBytes", "sentBytes")
        before = self.summary()
        for number in range(20):
            peer = self.open().send(frame(TEXT, b"twelve bytes"))
            self.assertEqual(peer.receive(), (TEXT, b"twelve bytes"))
            if number % 2:
                peer.abort()
            else:
                peer.send(closing(1000)).rest()
            if number == 9:
                self.server.process.send_signal(signal.SIGHUP)
                while "The configuration was read again" not in self.logged():
                    pass
            now = self.summary()
            for name in names:
                self.assertGreaterEqual(now[name], before[name], name)
            before = now
        self.assertGreaterEqual(before["receivedBytes"], 240)

    # Who does not stay

    def test_leaving(self) -> None:
        """
        Hundreds who ask and leave before they are answered leave nothing behind
        """
        length = b"Content-Length: 1000\r\n"
        asked = (
            plain("/api/connections?limit=10000", BEARER),
            plain("/metrics", BEARER) * 20,
            plain("/api/kick", BEARER + length, b"POST", b"xx"),
            plain("/readyz"),
            request("/live", more=CONSOLE, body=frame(TEXT, b'{"event": "watch"}')),
            request("/live", more=CONSOLE, body=frame(TEXT, b'{"event": "kick", "order": {"target": {"user": "x"}}}')),
            b"GARBAGE\r\n\r\n",
        )

        def leave(rounds: int) -> None:
            for number in range(rounds):
                for each in asked:
                    peer = Peer(self.admin).send(each)
                    if number % 2:
                        peer.abort()
                    else:
                        peer.close()
            self.assertEqual(self.told("/api/summary")[0], 200)

        leave(5)
        files, (objects, _) = self.descriptors(), self.objects()
        leave(40)
        # The answer to who came last is the answer to who came before.
        self.assertEqual(self.told("/readyz")[0], 200)
        until(lambda: self.descriptors() <= files + 2, "the files are closed")
        until(lambda: self.objects()[0] < objects + 100, "the objects are gone")
