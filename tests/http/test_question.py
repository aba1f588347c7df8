"""
Tests of L{balws.http.question} and L{balws.http.answer}, by those who ask back ends.
"""

from __future__ import annotations

import gzip
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectBindError, DNSLookupError, UserError

from balws.auth.backend import MAX_PENDING
from balws.http import route
from balws.http.route import MAX_HEAD
from tests.auth.backends import Answering, BackEndCase, silent

CANARY = "canary-secret"


def good(connection: Answering) -> None:
    """
    A script that answers at once.
    """
    connection.say({"all": "well"})


class AnswerTests(BackEndCase):
    """
    What comes back.
    """

    def failed(self, script: Any, **fields: Any) -> str:
        """
        @return: why a back end with this script gives no answer.
        """
        site = self.serve(script, port=81)
        asked = self.ask(self.backEnd("http://localhost:81/?q=" + CANARY, **fields).fetch, "POST", {"token": CANARY})
        why = self.unavailable(asked)
        self.assertTrue(why.startswith("localhost:81: "), why)
        self.assertNotIn(CANARY, why)
        self.network.listening[81].stopListening()
        self.assertEqual(len(site.requests), 1)
        self.assertIsNotNone(site.connections[0].lost)
        return why.removeprefix("localhost:81: ")

    def test_sizes(self) -> None:
        """
        A body of the limit is taken, one byte more is not, and its connection ends (JW08).
        """
        for size in (0, 1, 99, 100):
            self.serve(lambda connection, size=size: connection.say(b"x" * size), port=1000 + size)
            answer = self.ask(self.backEnd(f"http://localhost:{1000 + size}/", maxBody=100).fetch)
            self.assertEqual(len(self.successResultOf(answer).body), size)
        self.assertEqual(
            self.failed(lambda connection: connection.say(b"x" * 101), maxBody=100), "the answer is too long"
        )

    def test_endless(self) -> None:
        """
        A body without end is given up at the limit, with or without chunks, and so is a head
        without end.
        """

        def chunks(connection: Answering) -> None:
            connection.write("HTTP/1.1 200 Words\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(100):
                connection.write("400\r\n" + "x" * 1024 + "\r\n")

        def tinyChunks(connection: Answering) -> None:
            connection.write("HTTP/1.1 200 Words\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.write("1\r\nx\r\n" * (MAX_HEAD // 3))

        def head(connection: Answering) -> None:
            connection.write("HTTP/1.1 200 Words\r\n")
            for number in range(2000):
                connection.write(f"X-{number}: " + "x" * 100 + "\r\n")

        for script in (chunks, tinyChunks, head):
            self.assertEqual(self.failed(script), "the answer is too long")

    def test_interimAnswers(self) -> None:
        """
        Interim answers without end are given up.
        """
        why = self.failed(
            lambda connection: connection.write("HTTP/1.1 103 Words\r\nX: " + "x" * 1000 + "\r\n\r\n" * 9)
        )
        self.assertTrue(why)
        why = self.failed(
            lambda connection: [
                connection.write("HTTP/1.1 103 Words\r\nX: " + "x" * 1000 + "\r\n\r\n") for _ in range(200)
            ]
        )
        self.assertEqual(why, "the answer is too long")

    def test_garbage(self) -> None:
        """
        What is no HTTP is no answer, and nothing of it is shown.
        """
        for garbage in (
            CANARY + "\r\n\r\n",
            "HTTP/1.1 abc Words\r\n\r\n",
            "HTTP/1.1 200 Words\r\nno colon\r\nContent-Length: 0\r\n\r\n",
            f"HTTP/1.1 200 Words\r\nContent-Length: {CANARY}\r\n\r\n",
            "HTTP/1.1 200 Words\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            f"HTTP/1.1 200 Words\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
            "HTTP/1.1 200 Words\r\nTransfer-Encoding: other\r\n\r\nx",
            "HTTP/1.1 200 Words\r\n" + "X: " + "x" * 20000 + "\r\n\r\n",
        ):
            why = self.failed(lambda connection, garbage=garbage: connection.write(garbage))
            self.assertIn("no answer", why)

    def test_cut(self) -> None:
        """
        A connection that ends before the answer, or inside of it, is no answer.
        """
        for said, why in (
            ("", "closed the connection and gave no answer"),
            ("HTTP/1.1 200 Words\r\nContent-Length: 9\r\n\r\n{}", "no answer of HTTP that is whole (ResponseFailed)"),
        ):

            def cut(connection: Answering, said: str = said) -> None:
                connection.write(said)
                transport: Any = connection.transport
                transport.loseConnection()

            self.assertEqual(self.failed(cut), why)

    def test_untilTheEnd(self) -> None:
        """
        A body may end with its connection.
        """

        def said(connection: Answering) -> None:
            connection.write("HTTP/1.1 200 Words\r\nConnection: close\r\n\r\n{}")
            transport: Any = connection.transport
            transport.loseConnection()

        self.serve(said)
        self.assertEqual(self.successResultOf(self.ask(self.backEnd().fetch)).jsonObject(), {})

    def test_packed(self) -> None:
        """
        What is packed is refused: nobody asked for it, and it may unpack to anything.
        """
        bomb = gzip.compress(b"\0" * 100000)
        for coding in ("gzip", "GZIP", "br", "identity, gzip"):
            self.assertIn(
                "packed",
                self.failed(lambda connection, coding=coding: connection.say(bomb, 200, f"Content-Encoding: {coding}")),
            )

    def test_json(self) -> None:
        """
        Only an object of JSON is one.
        """
        for body in (
            b"",
            b"x",
            b"[]",
            b"1",
            b'"x"',
            b"null",
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b'{"a": false, "a": true}',
            b'{"a": {"b": 1, "b": 1}}',
            b"{",
            b'{"a": "\xff"}',
            b"[" * 60000,
            b'{"a":' * 12000,
            b'{"a": ' + b"9" * 5000 + b"}",
        ):
            self.serve(lambda connection, body=body: connection.say(body), port=82)
            answer = self.successResultOf(self.ask(self.backEnd("http://localhost:82/").fetch))
            error = self.assertRaises(ValueError, answer.jsonObject)
            self.assertTrue(str(error).startswith("the answer is not"), error)
            self.network.listening[82].stopListening()

    def test_repr(self) -> None:
        """
        Nothing of an answer is in its repr.
        """
        self.serve(lambda connection: connection.say({"x": CANARY}, 200, f"X: {CANARY}"))
        self.assertNotIn(CANARY, repr(self.successResultOf(self.ask(self.backEnd().fetch))))


class TimeTests(BackEndCase):
    """
    Nothing takes for ever.
    """

    def test_silent(self) -> None:
        """
        An answer that does not come in time is none, and its connection ends (OA09).
        """
        site = self.serve(silent)
        asked = self.ask(self.backEnd().fetch)
        self.clock.advance(29.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assertEqual(self.unavailable(asked), "localhost:80: no answer within 30 seconds")
        self.assertIsNotNone(site.connections[0].lost)

    def test_slow(self) -> None:
        """
        An answer that comes slowly has the same time for all of it.
        """

        def drip(connection: Answering) -> None:
            connection.write("HTTP/1.1 200 Words\r\nContent-Length: 1000\r\n\r\n")

        site = self.serve(drip)
        asked = self.ask(self.backEnd(reqTimeout=5).fetch)
        for _ in range(4):
            self.clock.advance(1)
            site.connections[0].write("x")
        self.assertNoResult(asked)
        self.clock.advance(1)
        self.assertEqual(self.unavailable(asked), "localhost:80: no answer within 5 seconds")
        self.assertIsNotNone(site.connections[0].lost)

    def test_noConnection(self) -> None:
        """
        A connection has a time of its own.
        """
        self.network.hold()
        asked = self.ask(self.backEnd(connectTimeout=2).fetch)
        self.clock.advance(1.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        self.assertEqual(self.unavailable(asked), "localhost:80: no connection in time")

    def test_refused(self) -> None:
        """
        Where nobody listens, that is said.
        """
        self.assertIn("cannot be reached", self.unavailable(self.ask(self.backEnd().fetch)))

    def test_otherProblems(self) -> None:
        """
        Names that nobody knows, and a system that is short of something.
        """
        problems = (
            (DNSLookupError(), "the name is not known"),
            (ConnectBindError(24, "Too many open files"), "cannot be reached"),
            (OSError(24, "Too many open files"), "cannot be reached"),
            (UserError(), "cannot be reached"),
        )
        for problem, why in problems:

            class Failing:
                def connect(self, factory: Any, problem: Exception = problem) -> Deferred[Any]:
                    return fail(problem)

            self.patch(route, "HostnameEndpoint", lambda *_, **__: Failing())  # noqa: B023
            self.assertIn(why, self.unavailable(self.ask(self.backEnd().fetch)))

    def test_pending(self) -> None:
        """
        So many may wait, and no more: the next fails at once; as soon as one has ended there
        is room again (OA09).
        """
        site = self.serve(silent)
        backEnd = self.backEnd()
        waiting = [self.ask(backEnd.fetch) for _ in range(MAX_PENDING)]
        self.assertIn("wait for their answers already", self.unavailable(self.ask(backEnd.fetch)))
        waiting[0].cancel()
        self.failureResultOf(waiting[0], CancelledError)
        site.script = good
        self.successResultOf(self.ask(backEnd.fetch))
        self.clock.advance(30)
        for each in waiting[1:]:
            self.unavailable(each)
        self.successResultOf(self.ask(backEnd.fetch))

    def test_cancelled(self) -> None:
        """
        Whoever does not wait any more leaves nothing behind: while connecting, before the
        answer, and inside of it.
        """
        self.network.hold()
        asked = self.ask(self.backEnd().fetch)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.release()
        for said in ("", "HTTP/1.1 200 Words\r\nContent-Length: 9\r\n\r\n{}"):
            site = self.serve(lambda connection, said=said: connection.write(said), port=83)
            asked = self.ask(self.backEnd("http://localhost:83/").fetch)
            with self.network.turn():
                asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.assertIsNotNone(site.connections[0].lost)
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.network.listening[83].stopListening()

    def test_close(self) -> None:
        """
        Closing ends what is asked and the connections that are kept; then it works again.
        """
        site = self.serve(silent)
        backEnd = self.backEnd()
        asked = self.ask(backEnd.fetch)
        with self.network.turn():
            self.successResultOf(backEnd.close())
        self.assertEqual(self.unavailable(asked), "localhost:80: closed")
        site.script = good
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(self.network.connections), 1)
        with self.network.turn():
            closed = backEnd.close()
        self.successResultOf(closed)
        self.assertEqual(self.network.connections, [])
        self.successResultOf(self.ask(backEnd.fetch))

    def test_endedMeanwhile(self) -> None:
        """
        A kept connection that the server has ended is not used.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        self.successResultOf(self.ask(backEnd.fetch))
        self.network.cut()
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.connections), 2)

    def test_unasked(self) -> None:
        """
        A server that goes on talking after its answer loses the connection.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        self.successResultOf(self.ask(backEnd.fetch))
        with self.network.turn():
            site.connections[0].write("HTTP/1.1 200 Words\r\nContent-Length: 4\r\n\r\nevil")
        self.assertEqual(self.successResultOf(self.ask(backEnd.fetch)).jsonObject(), {"all": "well"})
        self.assertEqual(len(site.connections), 2)
