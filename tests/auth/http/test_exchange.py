"""
Tests of L{balws.auth.http.exchange}, and of the question and the route below it.
"""

from __future__ import annotations

import gzip
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectBindError, DNSLookupError, UserError
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface.verify import verifyObject

from balws.auth.http import route
from balws.auth.http.exchange import MAX_PENDING, BackEnd
from balws.auth.http.route import MAX_HEAD
from balws.config.backend import HttpClientConfig
from balws.errors import ConfigurationError
from balws.tls import basis
from tests.auth.backends import Answering, BackEndCase, silent
from tests.certificates import Authority

CANARY = "canary-secret"


def good(connection: Answering) -> None:
    """
    A script that answers at once.
    """
    connection.say({"all": "well"})


class RequestTests(BackEndCase):
    """
    What is sent.
    """

    def test_get(self) -> None:
        """
        A question without a form is a GET with nothing in it that was not asked for.
        """
        site = self.serve(good)
        answer = self.successResultOf(self.ask(self.backEnd("http://localhost/keys?a=b").fetch))
        self.assertEqual(answer.jsonObject(), {"all": "well"})
        self.assertTrue(answer.isSuccess)
        (request,) = site.requests
        self.assertEqual(request.line, "GET /keys?a=b HTTP/1.1")
        self.assertEqual(
            request.fields,
            {"host": "localhost", "accept": "application/json", "accept-encoding": "identity", "user-agent": "balws"},
        )
        self.assertEqual(request.body, "")

    def test_form(self) -> None:
        """
        A form is encoded, C{customPayload} is added to it, and headers given take the place of
        custom ones.
        """
        site = self.serve(good)
        backEnd = self.backEnd(
            customHeaders={"X-One": "1", "Authorization": "Basic old"}, customPayload="resource=urn%3Ax"
        )
        form = [("token", "a b&c=ü"), ("empty", "")]
        self.successResultOf(self.ask(backEnd.fetch, "POST", form, [("authorization", "Bearer new")]))
        (request,) = site.requests
        self.assertEqual(request.body, "token=a+b%26c%3D%C3%BC&empty=&resource=urn%3Ax")
        self.assertEqual(request.fields["content-type"], "application/x-www-form-urlencoded")
        self.assertEqual(request.fields["authorization"], "Bearer new")
        self.assertEqual(request.fields["x-one"], "1")

    def test_emptyForm(self) -> None:
        """
        A form may be empty, and a mapping.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        for form, body in (({}, ""), ({"a": "b"}, "a=b")):
            self.successResultOf(self.ask(backEnd.fetch, "POST", form))
            self.assertEqual(site.requests[-1].body, body)

    def test_connectionIsUsedAgain(self) -> None:
        """
        A second question soon after goes the same way; later ones, when the server may have
        ended it, on a new connection.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        self.successResultOf(self.ask(backEnd.fetch))
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.connections), 1)
        self.clock.advance(4)
        self.assertEqual(self.network.connections, [])
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.connections), 2)

    def test_limitIsForEachAnswer(self) -> None:
        """
        A connection that is used often does not use its limit up.
        """
        self.serve(lambda connection: connection.say(b"x" * 1000))
        backEnd = self.backEnd(maxBody=1000)
        for _ in range(MAX_HEAD // 1000 + 10):
            self.assertEqual(len(self.successResultOf(self.ask(backEnd.fetch)).body), 1000)

    def test_noCookies(self) -> None:
        """
        A cookie is neither kept nor sent.
        """
        site = self.serve(lambda connection: connection.say(b"{}", 200, "Set-Cookie: a=b; Path=/"))
        backEnd = self.backEnd()
        for _ in range(2):
            self.successResultOf(self.ask(backEnd.fetch))
        self.assertNotIn("cookie", site.requests[1].fields)

    def test_noRedirect(self) -> None:
        """
        A redirect is an answer as any other: nothing goes to another host (OA05).
        """
        for status in (301, 302, 303, 307, 308):
            elsewhere = self.serve(good, port=8000 + status)
            self.serve(
                lambda connection, status=status: connection.say(
                    b"", status, f"Location: http://localhost:{8000 + status}/"
                ),
                port=7000 + status,
            )
            backEnd = self.backEnd(f"http://localhost:{7000 + status}/")
            answer = self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.assertEqual(answer.status, status)
            self.assertFalse(answer.isSuccess)
            self.assertEqual(elsewhere.connections, [])
            self.assertEqual({port for _, port in self.dialled}, {7000 + status})
            self.dialled.clear()

    def test_refusedUrls(self) -> None:
        """
        Only https, or http to this machine; no user name, and nothing of a bad URL is shown (OA05).
        """
        for url in (
            f"http://example.com/{CANARY}",
            "file:///etc/passwd",
            f"https://user:{CANARY}@example.com/",
            f"https://example.com/#{CANARY}",
            f"https:///{CANARY}",
            f"https://example.com:0/{CANARY}",
            f"https://example.com:99999/{CANARY}",
            f"https://example.com/ {CANARY}",
        ):
            error = self.assertRaises(ConfigurationError, BackEnd, url, HttpClientConfig(), self.clock)
            self.assertNotIn(CANARY, str(error))
            self.assertEqual(error.path, "url")

    def test_oddUrls(self) -> None:
        """
        What is odd in a URL is sent as it was written.
        """
        site = self.serve(good)
        for url, target in (
            ("http://localhost", "/"),
            ("HTTP://LOCALHOST/A", "/A"),
            ("http://localhost:80/?x", "/?x"),
            ("http://localhost/a//b/../c/%2e%2E/;d?e=%zz&e=f&&g", "/a//b/../c/%2e%2E/;d?e=%zz&e=f&&g"),
            ("http://[::1]/a", "/a"),
            ("http://127.0.0.1/a", "/a"),
        ):
            self.successResultOf(self.ask(self.backEnd(url).fetch))
            self.assertEqual(site.requests[-1].line, f"GET {target} HTTP/1.1", url)
        self.assertEqual({host for host, _ in self.dialled}, {"localhost", "::1", "127.0.0.1"})

    def test_noAuth(self) -> None:
        """
        A grant that nobody would ask is refused.
        """
        grant = {"tokenUrl": "https://localhost/", "clientId": "a", "clientSecret": "b"}
        config = HttpClientConfig(auth=grant)
        self.assertRaises(ConfigurationError, BackEnd, "https://localhost/", config, self.clock)
        BackEnd("https://localhost/", config.withoutAuth(), self.clock)

    def test_names(self) -> None:
        """
        Errors name host and port, and nothing else of the URL.
        """
        for url, name in (
            ("https://example.com/a?b=c", "example.com:443"),
            ("http://127.0.0.1:81/", "127.0.0.1:81"),
            ("http://[::1]/", "[::1]:80"),
        ):
            self.assertEqual(self.backEnd(url).name, name)
        verifyObject(IAgentEndpointFactory, self.backEnd())


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


class TrustTests(BackEndCase):
    """
    Who is there is known before a byte of HTTP leaves.
    """

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority()

    def test_trusted(self) -> None:
        """
        A back end with a certificate of an authority that is trusted is asked.
        """
        for host in ("localhost", "127.0.0.1"):
            site = self.serve(good, port=443, issued=self.authority.issue(host))
            backEnd = self.backEnd(f"https://{host}/", secureSocket=self.trusting(self.authority))
            self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.assertEqual((len(site.requests), len(site.connections)), (2, 1))
            self.network.listening[443].stopListening()

    def test_untrusted(self) -> None:
        """
        One of another authority, for another host, or too old, is told nothing; the error says
        what is wrong (OA05).
        """
        for issued, why in (
            (Authority("Other").issue("localhost"), "not trusted"),
            (self.authority.issue("elsewhere"), "another host"),
            (self.authority.issue("localhost", days=-1), "expired"),
            (self.authority.issue(), ""),
        ):
            site = self.serve(good, port=443, issued=issued)
            backEnd = self.backEnd("https://localhost/", secureSocket=self.trusting(self.authority))
            asked = self.ask(backEnd.fetch, "POST", {"token": CANARY})
            self.assertIn(why, self.unavailable(asked))
            self.assertEqual(site.requests, [])
            self.assertEqual([each.received for each in site.connections if each.received], [])
            self.network.listening[443].stopListening()

    def test_noTls(self) -> None:
        """
        A server that speaks no TLS is told nothing.
        """
        site = self.serve(silent, port=443)
        backEnd = self.backEnd("https://localhost/")
        asked = self.ask(backEnd.fetch, "POST", {"token": CANARY})
        with self.network.turn():
            site.connections[0].write("HTTP/1.1 200 Words\r\nContent-Length: 2\r\n\r\n{}")
        self.unavailable(asked)
        self.assertEqual(site.requests, [])

    def test_silentTls(self) -> None:
        """
        A handshake that never ends does, after C{connectTimeout}.
        """
        self.serve(silent, port=443)
        asked = self.ask(self.backEnd("https://localhost/", connectTimeout=3).fetch)
        self.clock.advance(2.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assertIn("no connection in time", self.unavailable(asked))
        self.assertEqual(self.network.connections, [])

    def test_endedInHandshake(self) -> None:
        """
        A connection that ends during the handshake is no answer.
        """
        self.serve(silent, port=443)
        asked = self.ask(self.backEnd("https://localhost/").fetch)
        self.network.cut()
        self.assertEqual(self.unavailable(asked), "localhost:443: closed the connection and gave no answer")

    def test_disabled(self) -> None:
        """
        With C{disable} everybody is believed.
        """
        site = self.serve(good, port=443, issued=Authority("Other").issue("elsewhere"))
        backEnd = self.backEnd("https://localhost/", secureSocket={"disable": True})
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.requests), 1)
        self.flushLoggedErrors()

    def test_reload(self) -> None:
        """
        Certificates that were changed are read again; broken ones leave the old in place.
        """
        other = Authority("Other")
        secure = self.trusting(self.authority)
        self.serve(good, port=443, issued=other.issue("localhost"))
        backEnd = self.backEnd("https://localhost/", secureSocket=secure)
        self.unavailable(self.ask(backEnd.fetch))
        other.write(self.folder)
        backEnd.reload()
        self.successResultOf(self.ask(backEnd.fetch))
        (self.folder / "ca.pem").write_text("no certificate")
        for forgotten in (False, True):
            if forgotten:
                basis._kept.clear()
            with capturedLogs() as events, self.network.turn():
                backEnd.reload()
            (event,) = [each for each in events if each["log_level"] is LogLevel.error]
            self.assertIn("ca.pem", formatEvent(event))
            self.successResultOf(self.ask(backEnd.fetch))

    def test_broken(self) -> None:
        """
        Files that cannot be used are found at once, by their keys.
        """
        missing = str(self.folder / "missing.pem")
        for secure, path in (
            ({"cert": missing}, "cert"),
            ({"key": {"certFile": missing, "keyFile": missing}}, "key"),
        ):
            config = HttpClientConfig(secureSocket=secure)
            error = self.assertRaises(ConfigurationError, BackEnd, "https://localhost/", config, self.clock)
            self.assertTrue(error.path.startswith(f"clientConfig.secureSocket.{path}"), error.path)
            self.assertIn(missing, str(error))
