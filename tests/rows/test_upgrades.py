"""
What an upgrade service's C{get} does: rows HS25 and HS26 of the reliability catalogue,
tables B20 to B23 of the inventory.
"""

from __future__ import annotations

import json
import time
from math import inf

from tests.rows.raw import TEXT, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import best

_SECRET = b"secret-xyz"


class RefusalTests(ServedTestCase):
    """
    C{get} says no.
    """

    def test_ways(self) -> None:
        """
        An UpgradeError is 400 with its text, in whatever way it comes (HS25)
        """
        for way in ("raised", "returned", "failed", "fired", "later", "coroutine"):
            peer = self.ask(request(f"/failing/{way}/plain"))
            status, fields, body = peer.response()
            self.assertEqual((status, body), (400, b"not today"), way)
            self.assertEqual(fields[b"content-type"], b"text/plain; charset=utf-8")
            self.assertEqual(fields[b"connection"], b"close")
            self.assertEqual(peer.rest(), b"")
            self.assertFalse(peer.reset)

    def test_answers(self) -> None:
        """
        Status and headers are the service's own; the text may have any letters (HS25)
        """
        status, fields, body = self.ask(request("/failing/raised/status")).response()
        self.assertEqual((status, fields[b"retry-after"], body), (429, b"7", b"wait"))
        self.assertEqual(self.ask(request("/failing/returned/letters")).response()[2], "é☃𝄞".encode())

    def test_authentication(self) -> None:
        """
        401 and 403 have no body, and 401 says how to authenticate (decision 11)
        """
        status, fields, body = self.ask(request("/failing/raised/who")).response()
        self.assertEqual((status, body), (401, b""))
        self.assertIn(b"www-authenticate", fields)
        self.assertEqual(self.ask(request("/failing/raised/forbidden")).response()[::2], (403, b""))

    def test_split(self) -> None:
        """
        No header of a refusal becomes two: 500 with a text of ours (HS25)
        """
        for how in ("split", "name"):
            answer = self.assertRefused(request(f"/failing/raised/{how}"), 500)
            self.assertNotIn(b"Injected", answer)


class FaultTests(ServedTestCase):
    """
    C{get} fails.
    """

    def test_raised(self) -> None:
        """
        Whatever else is raised is 500 with a text of ours, always the same; its own is in
        the log alone (HS25)
        """
        self.faults = True
        answers = set()
        for way in ("raised", "failed", "later", "coroutine"):
            answers.add(self.assertRefused(request(f"/failing/{way}/fault"), 500).partition(b"\r\n\r\n")[2])
        self.assertEqual(len(answers), 1)
        self.assertNotIn(_SECRET, answers.pop())
        self.assertEqual(self.logged().count("secret-xyz"), 4)
        self.assertAlive()

    def test_values(self) -> None:
        """
        What is no service is 500, and the log says what it was, but not its value (HS25)
        """
        for path, kind in (
            ("/failing/returned/nothing", "NoneType"),
            ("/failing/text/x", "str"),
            ("/failing/class/x", "type"),
            ("/failing/returned/fault", "ValueError"),
        ):
            self.assertNotIn(_SECRET, self.assertRefused(request(path), 500))
            self.assertIn(f"returned {kind} in place of a Service", self.logged())
        self.assertNotIn("secret-xyz", self.logged())

    def test_answered(self) -> None:
        """
        A C{get} that writes to the request itself gets no upgrade, and the log says so.
        """
        answer = self.ask(request("/failing/raised/answered")).rest()
        self.assertEqual(answer.count(b"HTTP/1.1"), 1)
        self.assertNotIn(b" 101 ", answer)
        self.assertIn("answered the request itself", self.logged())


class PendingTests(ServedTestCase):
    """
    C{get} takes its time; C{timeout = 1}.
    """

    listener = "timeout = 1"
    cuts = True

    def test_never(self) -> None:
        """
        A C{get} that does not answer is 503 at the deadline, and cancelled; one that
        answers all the same is not listened to (HS26)
        """
        began = time.monotonic()
        peers = [self.ask(request(self.tagged(path))) for path in ("/never", "/stubborn")]
        for peer in peers:
            self.assertEqual(peer.status(), 503)
            self.assertTrue(0.9 < time.monotonic() - began < 10)
        self.assertEqual(self.called(3), ["asked", "cancelled", "late"])
        for peer in peers:
            self.assertNotIn(b"HTTP", peer.rest())

    def test_drip(self) -> None:
        """
        The deadline of a C{get} runs from the beginning of its request (HS26)
        """
        took = best(self._dripping, 1.5)
        self.assertTrue(0.9 < took < 1.5, took)

    def _dripping(self) -> float:
        began = time.monotonic()
        data = request(self.tagged("/never"))
        peer = self.ask(data[:20])
        time.sleep(0.6)
        return time.monotonic() - began if peer.send(data[20:]).status() == 503 else inf

    def test_others(self) -> None:
        """
        A C{get} that takes its time keeps nobody else waiting.
        """
        peers = [self.ask(request(self.tagged("/never"))) for _ in range(50)]
        self.assertAlive()
        self.assertEqual({peer.status() for peer in peers}, {503})


class PatientTests(ServedTestCase):
    """
    C{get} takes its time, and it has enough.
    """

    def test_left(self) -> None:
        """
        A peer that leaves meanwhile cancels it (HS26)
        """
        for leave in ("close", "abort"):
            peer = self.ask(request(self.tagged("/never")))
            self.assertEqual(self.called(), ["asked"])
            getattr(peer, leave)()
            began = time.monotonic()
            self.assertEqual(self.called(), ["cancelled"])
            self.assertLess(time.monotonic() - began, 10)  # far before it were too late

    def test_ahead(self) -> None:
        """
        What is sent before the answer is read after it, in order.
        """
        peer = self.open("/late/0.2", body=frame(TEXT, b"one"))
        self.assertEqual(peer.receive(), (TEXT, b"one"))
        self.assertEqual(self.called(), ["asked"])
        peer = self.ask(request(self.tagged("/held")))
        self.assertEqual(self.called(), ["asked"])
        peer.send(frame(TEXT, b"two")).send(frame(TEXT, b"three")[:3])
        self.release()
        self.assertEqual(peer.status(), 101)
        peer.send(frame(TEXT, b"three")[3:])
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"two"), (TEXT, b"three")])

    def test_flood(self) -> None:
        """
        A peer cannot fill memory while C{get} takes its time (HS26)
        """
        before = self.memory()
        peer = self.ask(request(self.tagged("/held")))
        self.assertEqual(self.called(), ["asked"])
        self.assertLess(peer.flood(frame(TEXT, b"a" * 1000), 30_000_000, 0.3), 30_000_000)
        self.assertLess(self.memory() - before, 8 * 1048576)
        self.release()
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"a" * 1000))


class ParameterTests(ServedTestCase):
    """
    What C{get} is given.
    """

    FIELDS = b"X-Token: t\r\nX-Mark: 1\r\nX-Mark: 2\r\n"

    def test_bound(self) -> None:
        """
        Path, query and header parameters become what they are declared as (B20 to B22)
        """
        path = "/parameters/b%C3%A9%2Fd/-7/1.5/true?needed=3&price=2.50&words=a&words=%26&more=x"
        peer = self.open(path, more=self.FIELDS)
        expected = {"room": "bé/d", "number": -7, "ratio": 1.5, "flag": True, "needed": 3, "price": "2.50"}
        expected |= {"words": ["a", "&"], "host": "localhost", "token": "t", "marks": ["1", "2"], "limit": 50}
        got = json.loads(peer.receive()[1], parse_float=str)
        self.assertEqual(got, expected | {"ratio": "1.5"})

    def test_optional(self) -> None:
        """
        What may be missing is None or its default; anything but C{true} is false (B21, B22)
        """
        peer = self.open("/parameters/a/1/1e2/TRUE?needed=1&words=a&limit=7", more=b"X-Token: \r\n")
        got = json.loads(peer.receive()[1])
        self.assertEqual(
            [got[name] for name in ("flag", "price", "marks", "limit", "token")], [False, None, None, 7, ""]
        )

    def test_refused(self) -> None:
        """
        404 for a path or a header, 400 for a query, that is missing or of the wrong type
        (B20 to B22)
        """
        good = "/parameters/a/1/1/true?needed=1&words=a"
        for path, status in (
            ("/parameters", 404),
            ("/parameters/a/1/1", 404),
            ("/parameters/a/1/1/true/more?needed=1&words=a", 404),
            ("/parameters//1/1/true?needed=1&words=a", 404),
            ("/parameters/a/x/1/true?needed=1&words=a", 404),
            ("/parameters/a/1.0/1/true?needed=1&words=a", 404),
            ("/parameters/a/1_0/1/true?needed=1&words=a", 404),
            ("/parameters/a/%D9%A1/1/true?needed=1&words=a", 404),
            ("/parameters/a/1/nan/true?needed=1&words=a", 404),
            ("/parameters/a/1/1e999/true?needed=1&words=a", 404),
            ("/parameters/%FF/1/1/true?needed=1&words=a", 404),
            ("/parameters/a/" + "1" * 3000 + "/1/true?needed=1&words=a", 404),
            ("/parameters/a/1/1/true?words=a", 400),
            ("/parameters/a/1/1/true?needed=1", 400),
            ("/parameters/a/1/1/true?needed=&words=a", 400),
            ("/parameters/a/1/1/true?needed=x&words=a", 400),
            ("/parameters/a/1/1/true?needed=1&words=%FF", 400),
            (good + "&price=1,5", 400),
            (good + "&price=NaN", 400),
            (good + "&limit=x", 400),
        ):
            self.assertRefused(request(path, more=self.FIELDS), status)
        self.assertRefused(request(good), 404)
        answer = self.assertRefused(request("/parameters/a/1/1/true?words=a", more=self.FIELDS), 400)
        self.assertIn(b"No query param value found for: needed", answer)

    def test_order(self) -> None:
        """
        First the path, then the form of the upgrade, the Origin, the parameters, and last
        C{get} (ruling 2)
        """
        bad = b"Origin: null\r\n"
        self.assertRefused(plain("/parameters/a"), 404)
        self.assertRefused(plain("/parameters/a/1/1/true"), 426)
        self.assertRefused(plain("/parameters/a/1/1/true", bad), 426)
        self.assertRefused(request("/parameters/a/1/1/true", more=bad), 403)
        self.assertRefused(request(self.tagged("/never"), more=bad), 403)
        self.assertRefused(request(self.tagged("/late/x"), more=bad), 403)
        self.assertRefused(request(self.tagged("/late/x")), 404)
        self.assertEqual(self.calls(), [])


class AdditionTests(ServedTestCase):
    """
    What the service adds to the 101.
    """

    def test_headers(self) -> None:
        """
        A service's C{customHeaders}, and what C{get} put on the request, are in it (A3.5)
        """
        lines = self.ask(request("/fixed")).answer().split(b"\r\n")
        for line in (b"X-Fixed: 1", "X-Letters: é".encode(), b"X-Request: 2", b"Set-Cookie: a=b"):
            self.assertEqual(lines.count(line), 1, line)
        self.assertIn(b"\r\nX-Value: blue", self.ask(request("/headers/X-Value/blue")).answer())

    def test_splits(self) -> None:
        """
        No value, name or field of the handshake's own gets into the answer: 500 (HS25)
        """
        for path in (
            "/headers/X/a%0d%0aX-Injected:%201",
            "/headers/X/a%0aX-Injected:%201",
            "/headers/X/a%0dX-Injected:%201",
            "/headers/X/a%0bX-Injected:%201",
            "/headers/X/a%01",
            "/headers/X%0d%0aX-Injected/1",
            "/headers/X%3a%20a%0d%0aX-Injected/1",
            "/headers/X%20Y/1",
            "/headers/%C3%A9/1",
            "/headers/Sec-WebSocket-Accept/1",
            "/headers/sec-websocket-protocol/c",
            "/headers/Connection/close",
            "/headers/Upgrade/h2c",
            "/headers/Content-Length/5",
            "/headers/Transfer-Encoding/chunked",
            "/headers/Sec-WebSocket-Extensions/permessage-deflate",
        ):
            answer = self.assertRefused(request(path), 500)
            self.assertNotIn(b"Injected", answer)
            self.assertNotIn(b"header", answer.partition(b"\r\n\r\n")[2])
        self.assertRefused(request("/headers/X/a%00"), 500, 400, 404)

    def test_fresh(self) -> None:
        """
        Each connection has a service of its own (A3.3)
        """
        one, other = self.open("/fixed"), self.open("/fixed")
        one.send(frame(TEXT, b"x") * 2)
        other.send(frame(TEXT, b"x"))
        self.assertEqual([one.receive()[1], one.receive()[1], other.receive()[1]], [b"1", b"2", b"1"])
