"""
Requests that are too large, too many or too slow: rows HS17 to HS19 of the reliability
catalogue, and what becomes of a connection after an answer.
"""

from __future__ import annotations

import select
import time

from tests.rows.raw import FIELDS, TEXT, Peer, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import patiently
from tests.waiting import PATIENCE

_LATER = '[[listeners.resources]]\npath = "/later"\nresource = "plainly:Later"\n'


class SizeTests(ServedTestCase):
    """
    The default limits, with a body of at most 10 bytes.
    """

    def test_uri(self) -> None:
        """
        A URI of 4096 bytes is taken, one of 4097 is 414, to services and resources (HS17)
        """
        for path in ("/ws?", "/calls?"):
            fits = path + "a" * (4096 - len(path))
            self.assertEqual(self.ask(request(fits)).status(), 101 if path == "/ws?" else 200)
            self.assertRefused(request(fits + "a"), 414)
            self.assertRefused(plain(fits + "a"), 414)
            self.assertRefused(request(path + "a" * 100_000), 414)
        self.assertRefused(b"GET " + b"/" * 8300, 414)

    def test_headers(self) -> None:
        """
        A header of 8192 bytes in all is taken, one of 8193 is 431, in one field or in many
        (HS17)
        """
        room = 8192 - len(FIELDS) - len(b"X-Pad: \r\n")
        self.assertEqual(self.ask(request(more=b"X-Pad: " + b"a" * room + b"\r\n")).status(), 101)
        self.assertRefused(request(more=b"X-Pad: " + b"a" * (room + 1) + b"\r\n"), 431)
        self.assertRefused(request(more=b"X: " + b"a" * 995 + b"\r\n" + b"Y: " + b"a" * 8000 + b"\r\n"), 431)
        self.assertRefused(request(more=(b"X: " + b"a" * 995 + b"\r\n") * 9), 431)
        self.assertRefused(request(more=b"X" * 9000 + b": a\r\n"), 431)
        self.assertRefused(plain("/calls", b"X: " + b"a" * 8200 + b"\r\n"), 431)

    def test_fields(self) -> None:
        """
        A hundred fields are taken, one more is 431 (HS18)
        """
        count = FIELDS.count(b"\r\n")
        self.assertEqual(self.ask(request(more=b"X: a\r\n" * (100 - count))).status(), 101)
        self.assertRefused(request(more=b"X: a\r\n" * (101 - count)), 431)
        self.assertRefused(request(more=b"".join(b"X%d: a\r\n" % number for number in range(600))), 431)

    def test_body(self) -> None:
        """
        A body of maxEntityBodySize is taken, one byte more is 413, declared or not, and a
        declared one before it is sent (HS17)
        """
        for size, status in ((0, 200), (10, 200), (11, 413)):
            post = plain("/calls", b"Content-Length: %d\r\n" % size, b"POST", b"a" * size)
            self.assertEqual(self.ask(post).status(), status)
            chunked = b"%x\r\n%s\r\n" % (size, b"a" * size) if size else b""
            post = plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST", chunked + b"0\r\n\r\n")
            self.assertEqual(self.ask(post).status(), status)
        chunks = b"1\r\na\r\n"
        head = plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST")
        self.assertEqual(self.ask(head + chunks * 10 + b"0\r\n\r\n").status(), 200)
        self.assertRefused(head + chunks * 11, 413)
        self.assertRefused(plain("/calls", b"Content-Length: 11\r\n", b"POST"), 413)
        waiting = self.assertRefused(plain("/calls", b"Content-Length: 11\r\nExpect: 100-continue\r\n", b"PUT"), 413)
        self.assertNotIn(b"100 Continue", waiting)
        self.assertRefused(plain("/calls", b"Content-Length: 99999999999\r\n", b"POST", b"a" * 100_000), 413)

    def test_shape(self) -> None:
        """
        A refusal for its size has no body, says so, and closes (A2.18 to A2.20)
        """
        large = (b"X: " + b"a" * 9000 + b"\r\n", b"Content-Length: 11\r\n")
        for data in (plain("/" + "a" * 5000), *(plain("/", field) for field in large)):
            peer = self.ask(data)
            _, fields, body = peer.response()
            self.assertEqual((fields[b"content-length"], fields[b"connection"].lower(), body), (b"0", b"close", b""))
            self.assertEqual(peer.rest(), b"")
            self.assertFalse(peer.reset)


class FloodTests(ServedTestCase):
    """
    Requests that are much too large.
    """

    alone = True

    def test_floods(self) -> None:
        """
        3 MB in one line, in one field, in many, or in a body, are answered and cost less
        than a megabyte (HS18, HS17)
        """
        self.assertAlive()
        for data, statuses in (
            (b"GET /" + b"a" * 3_000_000, (414,)),
            (b"a" * 3_000_000, (414, 400)),
            (b"GET /ws HTTP/1.1\r\nX: " + b"a" * 3_000_000, (431,)),
            (b"GET /ws HTTP/1.1\r\n" + b"X: a\r\n" * 500_000, (431,)),
            (b"GET /ws HTTP/1.1\r\n" + b"\n" * 3_000_000, (400, 431)),
            (plain("/calls", b"Content-Length: 3000000\r\n", b"POST", b"a" * 3_000_000), (413,)),
            (plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST", b"1\r\na\r\n" * 500_000), (413,)),
            (plain("/calls", b"Transfer-Encoding: chunked\r\n", b"POST", b"1;" + b"a" * 3_000_000), (400, 413)),
        ):
            before = self.memory()
            peer = self.ask(data)
            self.assertIn(peer.status(), statuses, data[:40])
            self.assertLess(self.memory() - before, 1048576, data[:40])
            peer.close()
        self.assertAlive()

    def test_blank(self) -> None:
        """
        Nor do empty lines before a request go on for ever (HS18)
        """
        before, cpu = self.memory(), self.cpu()
        peer = self.peer()
        peer.flood(b"\r\n" * 1000, 3_000_000)
        self.assertLess(self.memory() - before, 1048576)
        self.assertLess(self.cpu() - cpu, 5)
        self.assertAlive()


class SmallTests(ServedTestCase):
    """
    Limits of a listener's own.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    limits = "maxUriLength = 40\nmaxHeaderSize = 200\nmaxEntityBodySize = 0"

    def test_limits(self) -> None:
        """
        Configured limits are kept to the byte (HS17)
        """
        self.assertEqual(self.ask(request("/ws?" + "a" * 36)).status(), 101)
        self.assertRefused(request("/ws?" + "a" * 37), 414)
        room = 200 - len(FIELDS) - len(b"X: \r\n")
        self.assertEqual(self.ask(request(more=b"X: " + b"a" * room + b"\r\n")).status(), 101)
        self.assertRefused(request(more=b"X: " + b"a" * (room + 1) + b"\r\n"), 431)
        self.assertEqual(self.ask(plain("/calls", b"Content-Length: 0\r\n", b"POST")).status(), 200)
        self.assertRefused(plain("/calls", b"Content-Length: 1\r\n", b"POST", b"a"), 413)


class DeadlineTests(ServedTestCase):
    """
    C{timeout = 1}.
    """

    listener = "timeout = 1"
    cuts = True
    more = _LATER

    def late(self, peer: Peer, began: float) -> int:
        """
        Check that this connection is closed at its deadline.

        @return: the status of its answer; 0 for none.
        """
        status = peer.status()
        peer.rest()
        self.assertTrue(0.9 < time.monotonic() - began < 10, time.monotonic() - began)
        return status

    def test_drip(self) -> None:
        """
        The time for a request runs from the connection, whatever drips in; two hundred such
        peers keep nobody waiting (HS19)
        """
        data = [b"GET /w", request()[:-2] + b"X:", plain("/calls", b"Content-Length: 10\r\n", b"POST")]
        slow = {}
        for number in range(200):
            slow[self.ask(data[number % 3])] = time.monotonic()
            time.sleep(0.002)  # how many may wait to be accepted is another matter
        statuses = set()
        drip = time.monotonic()
        while slow:
            for each in select.select([peer.socket for peer in slow], [], [], 0.05)[0]:
                peer = next(peer for peer in slow if peer.socket is each)
                took = time.monotonic() - slow.pop(peer)
                self.assertTrue(0.9 < took < 10, took)
                statuses.add(peer.status())
            if time.monotonic() > drip:
                for peer in slow:
                    peer.send(b"a")
                self.assertAlive()
                drip = time.monotonic() + 0.3
        self.assertEqual(statuses, {408})

    def test_silent(self) -> None:
        """
        Who sends nothing is closed, too (HS19)
        """
        began = time.monotonic()
        peers = [self.peer() for _ in range(20)]
        self.assertEqual({self.late(peer, began) for peer in peers}, {0})

    @patiently
    def test_kept(self) -> None:
        """
        A connection that is kept has the same time for each request, and for none.
        """
        idle, begun = self.ask(plain("/calls")), self.ask(plain("/calls"))
        self.assertEqual([idle.response()[0], begun.response()[0]], [200, 200])
        time.sleep(0.4)
        self.assertEqual(idle.send(plain("/calls")).response()[0], 200)
        self.assertEqual(begun.send(plain("/calls")).response()[0], 200)
        began = time.monotonic()
        begun.send(b"GET /")
        self.assertEqual([self.late(idle, began), self.late(begun, began)], [0, 408])

    def test_open(self) -> None:
        """
        After the upgrade it no longer counts, nor does it for a resource that takes its
        time (A2.15)
        """
        peer, slow = self.open(), self.ask(plain("/later?seconds=1.3"))
        time.sleep(1.2)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))
        self.assertEqual(slow.status(), 200)

    def test_untaken(self) -> None:
        """
        A peer that does not take a large answer is dropped.
        """
        self.peer(room=65536).send(plain("/later?size=30000000"))
        full = self.memory()
        began = time.monotonic()
        while self.memory() > full - 10_000_000:
            self.assertLess(time.monotonic() - began, PATIENCE)
            time.sleep(0.2)


class PatientTests(ServedTestCase):
    """
    C{timeout = 0}.
    """

    services = {"/ws": "echoing:EchoUpgrade", "/late": "upgrading:LateUpgrade"}
    listener = "timeout = 0"

    def test_off(self) -> None:
        """
        0 sets no limit, to no part of an upgrade (A2.15)
        """
        data = request("/ws")
        peer, late = self.ask(data[:10]), self.ask(request(self.tagged("/late/1.2")))
        time.sleep(1.4)
        self.assertEqual(peer.send(data[10:]).status(), 101)
        self.assertEqual(late.status(), 101)


class KeptTests(ServedTestCase):
    """
    keepAlive is AUTO by default.
    """

    def test_auto(self) -> None:
        """
        A connection is kept, unless the request says close, in whatever letters, or is of
        HTTP/1.0 (A2.3)
        """
        peer = self.ask(plain("/calls"))
        self.assertEqual(peer.response()[0], 200)
        self.assertEqual(peer.send(plain("/calls", b"Connection: keep-alive\r\n")).response()[0], 200)
        status, fields, _ = peer.send(plain("/calls", b"Connection: x, Close\r\n") + plain("/calls")).response()
        self.assertEqual((status, fields[b"connection"]), (200, b"close"))
        self.assertEqual(peer.rest(), b"")
        old = plain("/calls", b"Connection: keep-alive\r\n").replace(b"1.1", b"1.0")
        self.assertEqual(self.assertRefused(old + plain("/calls"), 200).count(b"HTTP/"), 1)


class AlwaysKeptTests(ServedTestCase):
    """
    keepAlive ALWAYS.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    more = ""
    listener = 'timeout = 20\n[listeners.http1Settings]\nkeepAlive = "ALWAYS"'

    def test_always(self) -> None:
        """
        A connection is kept whatever the request says; a refused upgrade is closed all the
        same (A2.3)
        """
        peer = self.ask(plain("/calls", b"Connection: close\r\n"))
        self.assertEqual(peer.response()[0], 200)
        self.assertEqual(peer.send(plain("/calls")).response()[0], 200)
        self.assertRefused(plain("/ws") + plain("/calls"), 426)
        peer.send(request("/ws", body=frame(TEXT, b"x")))
        self.assertEqual((peer.status(), peer.receive()), (101, (TEXT, b"x")))


class NeverKeptTests(ServedTestCase):
    """
    keepAlive NEVER.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = 'timeout = 20\n[listeners.http1Settings]\nkeepAlive = "NEVER"'

    def test_never(self) -> None:
        """
        After one answer the connection is closed; an upgraded one stays (A2.3)
        """
        answer = self.assertRefused(plain("/calls", b"Connection: keep-alive\r\n") + plain("/calls"), 200)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertAlive()


class PipelineTests(ServedTestCase):
    """
    maxPipelinedRequests.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = "timeout = 20\n[listeners.http1Settings]\nmaxPipelinedRequests = 3"
    more = _LATER

    def test_order(self) -> None:
        """
        Requests that are sent ahead are answered in order, also more of them than are read
        ahead (A2.4)
        """
        paths = [f"/later?seconds={0.01 * (number % 3)}&{number}" for number in range(25)]
        peer = self.ask(b"".join(plain(path) for path in paths))
        self.assertEqual([peer.response()[::2] for _ in paths], [(200, path.encode()) for path in paths])

    def test_stopped(self) -> None:
        """
        While one is answered, reading stops at the limit: a peer cannot fill memory (A2.4)
        """
        before = self.memory()
        peer = self.peer(room=65536)
        peer.send(plain("/later?seconds=1"))
        sent = peer.flood(plain("/later"), 20_000_000, 0.3)
        self.assertLess(sent, 8_000_000)
        self.assertLess(self.memory() - before, 1048576)
        self.assertAlive()
        self.assertEqual([peer.response()[0] for _ in range(50)], [200] * 50)
