"""
Tests of L{balws.client.handshake}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.client.handshake import BODY_TIME, MAX_BODY, MAX_HEAD, MAX_INTERIM, Handshake
from balws.client.response import HttpResponse
from balws.errors import ConnectionError, Error, HandshakeTimedOut, InvalidHandshakeError, SslError
from tests.client.peers import head, split

FIELDS = [(b"Host", b"localhost"), (b"Upgrade", b"websocket"), (b"X-A", b"1 \xc3\xa9")]

YES = head("101 Switching Protocols", ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("X-B", "2"))


class Transport(StringTransport):
    """
    Counts how often it was aborted.
    """

    aborts = 0

    def abortConnection(self) -> None:
        super().abortConnection()
        self.aborts += 1


class HandshakeTestCase(SynchronousTestCase):
    """
    A handshake on a transport, and all that came of it.
    """

    def setUp(self) -> None:
        self.accepted: list[tuple[Any, HttpResponse, bytes]] = []
        self.start()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def start(self, accept: Callable[[Any, HttpResponse, bytes], Any] | None = None) -> None:
        """
        Begin anew.
        """
        self.clock = Clock()
        self.handshake = Handshake(self.clock, b"/a?b=c", FIELDS, accept or self.accept)
        self.transport = Transport()
        self.handshake.makeConnection(self.transport)

    def accept(self, transport: Any, response: HttpResponse, rest: bytes) -> str:
        """
        Take the transport over.
        """
        self.accepted.append((transport, response, rest))
        return "taken"

    def read(self, *portions: bytes) -> None:
        """
        Bytes come; where it has an end, they come no more.
        """
        for portion in portions:
            if portion and not self.transport.aborts:
                self.handshake.dataReceived(portion)

    def lose(self, problem: BaseException | None = None) -> None:
        """
        The connection ends.
        """
        self.handshake.connectionLost(Failure(problem or ConnectionDone()))

    def problem(self, kind: type[Exception] = InvalidHandshakeError, aborted: bool = True) -> Any:
        """
        @return: the error; the transport was dropped, once, and nobody has taken it over.
        """
        problem = self.failureResultOf(self.handshake.done).value
        self.assertIs(type(problem), kind, problem)
        self.assertEqual((self.accepted, self.transport.aborts), ([], int(aborted)))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        return problem


class AcceptTests(HandshakeTestCase):
    """
    The request, and an answer 101.
    """

    def test_request(self) -> None:
        """
        The request has the target and the fields as they were given, and no body.
        """
        self.assertEqual(
            self.transport.value(),
            b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nX-A: 1 \xc3\xa9\r\n\r\n",
        )
        self.assertNoResult(self.handshake.done)

    def test_accepted(self) -> None:
        """
        An answer 101 gives the transport away, with the answer, and the handshake keeps no hold of it.
        """
        self.read(YES)
        self.assertEqual(self.successResultOf(self.handshake.done), "taken")
        ((transport, response, rest),) = self.accepted
        self.assertIs(transport, self.transport)
        self.assertEqual((response.status, response.reason), (101, "Switching Protocols"))
        self.assertEqual((response.body, rest), (b"", b""))
        self.assertEqual(
            dict(response.headers), {"upgrade": ("websocket",), "connection": ("Upgrade",), "x-b": ("2",)}
        )
        self.assertIs(self.handshake.transport, None)
        self.assertEqual((self.transport.aborts, self.transport.disconnecting), (0, False))

    def test_rest(self) -> None:
        """
        What came behind the answer in the same read goes along with it, whatever it is.
        """
        for rest in (b"\x81\x02hi", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n\r\n", bytes(range(256)) * 100):
            self.accepted.clear()
            self.start()
            self.read(YES + rest)
            self.assertEqual(self.accepted[0][2], rest)

    def test_portions(self) -> None:
        """
        The answer may come in any portions, its rest beginning in the last.
        """
        for size in (*range(1, 8), len(YES) - 1):
            self.accepted.clear()
            self.start()
            self.read(*split(YES, size))
            self.assertEqual(self.successResultOf(self.handshake.done), "taken")
            self.assertEqual((self.accepted[0][1].header("x-b"), self.accepted[0][2]), ("2", b""))

    def test_bareNewlines(self) -> None:
        """
        What a lenient reader takes is taken, or refused, but never waited for.
        """
        self.read(YES.replace(b"\r\n", b"\n"))
        self.successResultOf(self.handshake.done)

    def test_noReason(self) -> None:
        """
        An answer 101 needs no words.
        """
        for line in (b"HTTP/1.1 101 \r\n", b"HTTP/1.1 101\r\n"):
            self.accepted.clear()
            self.start()
            self.read(line + YES.partition(b"\r\n")[2])
            self.assertEqual(self.accepted[0][1].reason, "")

    def test_objection(self) -> None:
        """
        What whoever takes over objects to is the result, and the connection is dropped.
        """

        def accept(transport: Any, response: HttpResponse, rest: bytes) -> None:
            raise InvalidHandshakeError("not so", response)

        self.start(accept)
        self.read(YES)
        self.assertEqual(str(self.problem()), "not so")
        self.lose(ConnectionAborted())

    def test_lostByNewOwner(self) -> None:
        """
        Whoever has taken over may drop the transport at once.
        """

        def accept(transport: Any, response: HttpResponse, rest: bytes) -> str:
            transport.abortConnection()
            return "taken"

        self.start(accept)
        self.read(YES)
        self.assertEqual(self.successResultOf(self.handshake.done), "taken")
        self.assertEqual(self.transport.aborts, 1)

    def test_interim(self) -> None:
        """
        Interim answers before the 101 are passed over, early hints with their links too.
        """
        self.read(head("100 Continue"), head("103 Early Hints", ("Link", "</a>")) + head("102 Processing"))
        self.read(head("199 X") + YES)
        self.assertEqual(self.successResultOf(self.handshake.done), "taken")
        self.assertEqual(self.accepted[0][1].header("link"), None)

    def test_cancel(self) -> None:
        """
        Cancelled, the connection is dropped, before and within the answer.
        """
        for said in (b"", b"HTTP/1.1 101 Swi", head("200 OK", ("Content-Length", "10")) + b"abc"):
            self.start()
            if said:
                self.read(said)
            self.handshake.done.cancel()
            self.failureResultOf(self.handshake.done, CancelledError)
            self.assertEqual(self.transport.aborts, 1)
            self.lose(ConnectionAborted())
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelWithoutTransport(self) -> None:
        """
        Before there is a connection there is nothing to drop.
        """
        handshake = Handshake(Clock(), b"/", FIELDS, self.accept)
        handshake.done.cancel()
        self.failureResultOf(handshake.done, CancelledError)


class WrongTests(HandshakeTestCase):
    """
    Answers that are none.
    """

    def test_endAtEveryByte(self) -> None:
        """
        Where the connection ends before the answer's head does, in order or not, nobody is there: it may be
        otherwise another time.
        """
        for reason in (ConnectionDone, ConnectionLost, ConnectionAborted):
            for size in range(len(YES)):
                self.start()
                self.read(YES[:size])
                self.assertNoResult(self.handshake.done)
                self.lose(reason())
                problem = self.failureResultOf(self.handshake.done).value
                self.assertIs(type(problem), ConnectionError, (size, reason, problem))
                self.assertTrue(str(problem).startswith("IO Error"), problem)
        self.assertEqual(self.accepted, [])

    def test_endWords(self) -> None:
        """
        The error says in which way the connection ended.
        """
        self.lose(ConnectionDone())
        words = "IO Error: the server closed the connection before it answered"
        self.assertEqual(str(self.failureResultOf(self.handshake.done).value), words)
        self.start()
        self.lose(ConnectionLost())
        problem = self.failureResultOf(self.handshake.done).value
        self.assertEqual(type(problem), ConnectionError)
        self.assertIn("IO Error: Connection to the other side was lost", str(problem))

    def test_endAfterInterim(self) -> None:
        """
        An interim answer alone is no answer.
        """
        self.read(head("100 Continue"))
        self.lose()
        problem = self.failureResultOf(self.handshake.done).value
        self.assertIs(type(problem), ConnectionError)

    def test_garbage(self) -> None:
        """
        What is no HTTP is refused at once, and there is no answer to look at.
        """
        for said in (
            b"\x00\x01\x02\x03\r\n\r\n",
            b"\x81\x02hi\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
            b"\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n",
            b"HTTP/1.1 1000 X\r\n\r\n",
            b"HTTP/1.1 99 X\r\n\r\n",
            b"HTTP/1.1 10\r\n\r\n",
            b"HTTP/1.1  101 X\r\n\r\n",
            b"HTTP/1.1 -101 X\r\n\r\n",
            b"http/1.1 101 X\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade websocket\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n: x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nA B: x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nA : x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n A: x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nA: x\x00y\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n\xc3\xa9: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        ):
            self.start()
            self.read(said)
            problem = self.problem()
            self.assertTrue(str(problem).startswith("Invalid handshake response: it is not HTTP ("), problem)
            self.assertEqual((problem.response, problem.location), (None, None))

    def test_version(self) -> None:
        """
        An answer 101 of another HTTP than 1.1 upgrades nothing (RFC 6455 section 4.2.2).
        """
        for version in (b"1.0", b"0.9", b"1.2", b"2.0"):
            self.start()
            self.read(YES.replace(b"1.1", version))
            self.problem()

    def test_otherInterimStatuses(self) -> None:
        """
        A status below 100 or of another form is not taken for an interim answer.
        """
        self.read(b"HTTP/1.1 001 X\r\n\r\n")
        self.problem()

    def test_longHead(self) -> None:
        """
        Of a head that does not end no more is kept than its bound: at n - 1, n, n + 1.
        """
        self.assertEqual(MAX_HEAD, 16384)
        for size, good in ((MAX_HEAD - 1, True), (MAX_HEAD, True), (MAX_HEAD + 1, False)):
            self.start()
            data = b"HTTP/1.1 101 X\r\nA: "
            self.read(*split(data + b"x" * (size - len(data)), 1000))
            if good:
                self.assertNoResult(self.handshake.done)
                self.read(b"\r\n\r\n")
                self.assertEqual(self.successResultOf(self.handshake.done), "taken", size)
                self.accepted.clear()
            else:
                self.assertIn("it is not HTTP", str(self.problem()), size)

    def test_endlessHead(self) -> None:
        """
        Ten million bytes of header are refused after the first few, in one line or in many.
        """
        for line in (b"x" * 4096, b"A: " + b"x" * 100 + b"\r\n", b"\r\n A"):
            self.start()
            self.read(b"HTTP/1.1 101 X\r\nA: b\r\nC: ")
            size = 0
            while not self.transport.aborts and size < 10_000_000:
                self.handshake.dataReceived(line)
                size += len(line)
            self.problem()
            self.assertTrue(size <= MAX_HEAD + 4096, size)

    def test_blankLinesInFront(self) -> None:
        """
        Empty lines without end in front of the answer are not waited for.
        """
        size = 0
        while not self.transport.aborts and size < 10_000_000:
            self.handshake.dataReceived(b"\r\n" * 500)
            size += 1000
        self.problem()
        self.assertTrue(size <= MAX_INTERIM + 4096, size)

    def test_endlessInterim(self) -> None:
        """
        Interim answers without end are refused when they are more than their bound.
        """
        interim = head("103 Early Hints", ("Link", "x" * 1000))
        size = 0
        while not self.transport.aborts and size < 10_000_000:
            self.handshake.dataReceived(interim)
            size += len(interim)
        self.assertEqual(str(self.problem()), "Invalid handshake response: interim answers without end")
        self.assertTrue(MAX_INTERIM < size <= MAX_INTERIM + 2000, size)

    def test_interimUpToTheBound(self) -> None:
        """
        All interim answers together may be as long as their bound: at n - 1, n, n + 1.
        """
        self.assertEqual(MAX_INTERIM, 65536)
        long = head("103 Early Hints", ("Link", "x" * 10000))
        for size, good in ((MAX_INTERIM - 1, True), (MAX_INTERIM, True), (MAX_INTERIM + 1, False)):
            self.accepted.clear()
            self.start()
            self.read(*[long] * 6)
            start = head("103 Early Hints", ("Link", ""))
            last = head("103 Early Hints", ("Link", "x" * (size - 6 * len(long) - len(start))))
            self.assertEqual(6 * len(long) + len(last), size)
            self.read(last)
            if good:
                self.read(YES)
                self.assertEqual(self.successResultOf(self.handshake.done), "taken")
            else:
                self.problem()

    def test_manyInOneRead(self) -> None:
        """
        Interim answers beyond the bound are refused also where they come in one read.
        """
        self.read(head("100 Continue") * (MAX_INTERIM // 20) + YES)
        self.problem()

    def test_silence(self) -> None:
        """
        Who says nothing is not waited for by a timer of the handshake's own: its owner has one.
        """
        self.clock.advance(1000)
        self.assertNoResult(self.handshake.done)


class RefusalTests(HandshakeTestCase):
    """
    Answers other than 101.
    """

    def refusal(self) -> Any:
        """
        @return: the answer of the refusal, with which it has failed.
        """
        return self.problem().response

    def test_length(self) -> None:
        """
        A body of a given length is read to its end, in any portions.
        """
        data = head("403 Forbidden", ("Content-Length", "5"), ("X-A", "1")) + b"hello"
        for size in (1, 7, len(data)):
            self.start()
            self.read(*split(data, size))
            problem = self.problem()
            self.assertEqual(str(problem), "Invalid handshake response getStatus: 403 Forbidden")
            answer = problem.response
            self.assertEqual((answer.status, answer.reason, answer.body), (403, "Forbidden", b"hello"))
            self.assertEqual(answer.header("x-a"), "1")

    def test_noBody(self) -> None:
        """
        A refusal without a body is told at once.
        """
        for status, fields in (
            ("401 Unauthorized", [("Content-Length", "0"), ("WWW-Authenticate", 'Bearer realm="a"')]),
            ("204 No Content", []),
            ("304 Not Modified", []),
        ):
            self.start()
            self.read(head(status, *fields))
            answer = self.refusal()
            self.assertEqual((f"{answer.status} {answer.reason}", answer.body), (status, b""))

    def test_chunked(self) -> None:
        """
        A body in chunks is put together.
        """
        data = head("404 Not Found", ("Transfer-Encoding", "chunked"))
        data += b"5\r\nhello\r\n1;ext=1\r\n,\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
        for size in (1, 3, len(data)):
            self.start()
            self.read(*split(data, size))
            self.assertEqual(self.refusal().body, b"hello, world")

    def test_untilTheEnd(self) -> None:
        """
        A body without a length goes on until the connection ends.
        """
        for line in ("400 Bad Request", "200 OK"):
            self.start()
            self.read(head(line), b"no ", b"way")
            self.assertNoResult(self.handshake.done)
            self.lose()
            problem = self.failureResultOf(self.handshake.done, InvalidHandshakeError).value
            self.assertEqual(problem.response.body, b"no way")
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_oldHttp(self) -> None:
        """
        A refusal in HTTP/1.0 is understood.
        """
        self.read(b"HTTP/1.0 503 Busy\r\n\r\nlater")
        self.lose()
        problem = self.failureResultOf(self.handshake.done, InvalidHandshakeError).value
        self.assertEqual((problem.response.status, problem.response.body), (503, b"later"))

    def test_cutOff(self) -> None:
        """
        Where a body ends before it should, what has come of it is kept, however the connection ended.
        """
        for fields, said in (
            ([("Content-Length", "50")], b"half"),
            ([("Transfer-Encoding", "chunked")], b"32\r\nhalf"),
            ([], b"half"),
        ):
            for reason in (ConnectionDone, ConnectionLost, ConnectionAborted):
                self.start()
                self.read(head("500 Oops", *fields) + said)
                self.lose(reason())
                problem = self.failureResultOf(self.handshake.done, InvalidHandshakeError).value
                self.assertEqual(str(problem), "Invalid handshake response getStatus: 500 Oops", (fields, reason))
                self.assertEqual((problem.response.status, problem.response.body), (500, b"half"))
                self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_brokenBody(self) -> None:
        """
        Where a body breaks HTTP, the refusal is still told.
        """
        self.read(head("401 Unauthorized", ("Transfer-Encoding", "chunked")) + b"2\r\nab\r\nno number\r\n")
        answer = self.refusal()
        self.assertEqual((answer.status, answer.body), (401, b"ab"))

    def test_neverEnding(self) -> None:
        """
        A body that does not end is waited for five seconds from the head on, however it drips.
        """
        self.assertEqual(BODY_TIME, 5)
        for fields, body in (
            ([], b"1\r\nx\r\n" * 4),
            ([("Content-Length", "1000")], b"1\r\nx\r\n" * 4),
            ([("Transfer-Encoding", "chunked")], b"xxxx"),
        ):
            self.start()
            self.read(head("403 Forbidden", *fields))
            for _ in range(4):
                self.clock.advance(1)
                self.read(b"1\r\nx\r\n")
            self.clock.advance(0.9)
            self.assertNoResult(self.handshake.done)
            self.clock.advance(0.1)
            self.assertEqual(self.refusal().body, body)

    def test_longBody(self) -> None:
        """
        Of a body the first 64 KiB are kept: at n - 1, n, n + 1, in one portion and in many.
        """
        self.assertEqual(MAX_BODY, 65536)
        for size in (MAX_BODY - 1, MAX_BODY, MAX_BODY + 1, 10_000_000):
            for portion in (1000, size):
                self.start()
                self.read(head("500 Oops", ("Content-Length", str(size))))
                self.read(*split(b"x" * size, portion))
                self.assertEqual(len(self.refusal().body), min(size, MAX_BODY), (size, portion))

    def test_enoughBody(self) -> None:
        """
        For more of a body than is kept nobody waits: at n - 1, n, n + 1.
        """
        for size, enough in ((MAX_BODY - 1, False), (MAX_BODY, True), (MAX_BODY + 1, True)):
            self.start()
            self.read(head("500 Oops"), b"x" * size)
            if enough:
                self.assertEqual(len(self.refusal().body), MAX_BODY)
            else:
                self.assertNoResult(self.handshake.done)
                self.lose()
                self.failureResultOf(self.handshake.done, InvalidHandshakeError)

    def test_upgradingRefusal(self) -> None:
        """
        Only the status counts: 200 with all the fields of an upgrade is a refusal.
        """
        self.read(YES.replace(b"101 Switching Protocols", b"200 OK").replace(b"X-B: 2", b"Content-Length: 0"))
        self.assertEqual(str(self.problem()), "Invalid handshake response getStatus: 200 OK")

    def test_redirect(self) -> None:
        """
        A redirection is not followed; the error says where it points to.
        """
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
            self.start()
            self.read(head(status, ("Location", "wss://elsewhere/a"), ("Content-Length", "0")))
            problem = self.problem()
            self.assertEqual(problem.location, "wss://elsewhere/a")
            self.assertEqual(str(problem), f"Invalid handshake response getStatus: {status}")

    def test_afterInterim(self) -> None:
        """
        A refusal may come behind interim answers.
        """
        self.read(head("100 Continue") + head("403 Forbidden", ("Content-Length", "0")))
        self.assertEqual(self.refusal().status, 403)

    def test_dataBehind(self) -> None:
        """
        What comes behind a refusal's body is thrown away.
        """
        self.read(head("403 Forbidden", ("Content-Length", "2")) + b"no" + YES)
        self.assertEqual(self.refusal().body, b"no")
        self.lose(ConnectionAborted())


class Verifying:
    """
    What verifies the server's certificate, as a test says.

    @ivar seen: the connections that were looked at.
    """

    def __init__(self, timeout: float = 0) -> None:
        self.handshakeTimeout = timeout
        self.problem: SslError | None = None
        self.checking: Deferred[None] | None = None
        self.seen: list[Any] = []

    def verify(self, connection: Any) -> None:
        self.seen.append(connection)
        if self.problem is not None:
            raise self.problem

    def check(self, connection: Any) -> Deferred[None] | None:
        return self.checking


class SecureTransport(Transport):
    """
    TLS, of which the test says when it is there.
    """

    def getHandle(self) -> str:
        return "the connection"


class TlsTests(HandshakeTestCase):
    """
    What must be known before the request is sent.
    """

    def startTls(self, timeout: float = 0) -> Verifying:
        """
        Begin anew, by TLS.
        """
        self.clock = Clock()
        tls = Verifying(timeout)
        self.handshake = Handshake(self.clock, b"/", FIELDS, self.accept, tls)  # type: ignore[arg-type]
        self.transport = SecureTransport()
        self.handshake.makeConnection(self.transport)
        self.assertEqual(self.transport.value(), b"")
        return tls

    def test_verified(self) -> None:
        """
        When it is who it should be, the request is sent, and no timer is left.
        """
        for timeout in (0, 10):
            tls = self.startTls(timeout)
            self.handshake.handshakeCompleted()
            self.assertTrue(self.transport.value().startswith(b"GET / HTTP/1.1"))
            self.assertEqual((tls.seen, self.clock.getDelayedCalls()), (["the connection"], []))
            self.handshake.done.addErrback(lambda _: None).cancel()

    def test_another(self) -> None:
        """
        When it is somebody else, nothing is sent.
        """
        tls = self.startTls(10)
        tls.problem = SslError("another host")
        self.handshake.handshakeCompleted()
        self.assertEqual(str(self.problem(SslError)), "another host")
        self.assertEqual(self.transport.value(), b"")

    def test_checked(self) -> None:
        """
        While somebody is asked about the certificate, nothing is sent; then it is.
        """
        tls = self.startTls(10)
        tls.checking = Deferred()
        self.handshake.handshakeCompleted()
        self.assertEqual(self.transport.value(), b"")
        tls.checking.callback(None)
        self.assertTrue(self.transport.value().startswith(b"GET / HTTP/1.1"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.handshake.done.addErrback(lambda _: None).cancel()

    def test_revoked(self) -> None:
        """
        When that fails, nothing is sent: as an SslError, whatever went wrong.
        """
        for problem, words in (
            (SslError("the certificate is revoked"), "the certificate is revoked"),
            (ZeroDivisionError("inner words"), "the certificate could not be checked"),
        ):
            tls = self.startTls(10)
            tls.checking = Deferred()
            self.handshake.handshakeCompleted()
            tls.checking.errback(Failure(problem))
            self.assertEqual(str(self.problem(SslError)), words)
            self.assertEqual(self.transport.value(), b"")

    def test_tooLate(self) -> None:
        """
        TLS has its own time, the questions about the certificate included.
        """
        for isAsking in (False, True):
            tls = self.startTls(10)
            if isAsking:
                tls.checking = Deferred()
                self.handshake.handshakeCompleted()
            self.clock.advance(9.9)
            self.assertNoResult(self.handshake.done)
            self.clock.advance(0.1)
            self.assertEqual(str(self.problem(HandshakeTimedOut)), "TLS handshake timed out")
            if tls.checking is not None:
                self.assertTrue(tls.checking.called)

    def test_lost(self) -> None:
        """
        Who leaves meanwhile is asked about no longer.
        """
        tls = self.startTls()
        tls.checking = Deferred()
        self.handshake.handshakeCompleted()
        self.lose(ConnectionLost())
        self.failureResultOf(self.handshake.done, ConnectionError)
        self.assertTrue(tls.checking.called)
        self.assertEqual(self.transport.value(), b"")

    def test_late(self) -> None:
        """
        TLS that is there when all is over changes nothing.
        """
        tls = self.startTls(10)
        self.clock.advance(10)
        self.handshake.handshakeCompleted()
        self.problem(HandshakeTimedOut)
        self.assertEqual((tls.seen, self.transport.value()), ([], b""))


class EndTests(HandshakeTestCase):
    """
    How the connection can end.
    """

    def test_tls(self) -> None:
        """
        Where TLS fails it is said why: in OpenSSL's words, or that the host is another.
        """
        for reason, words in (
            (SSL.Error([("SSL routines", "", "certificate verify failed")]), "certificate verify failed"),
            (SSL.Error([("a", "b", "one"), ("a", "b", "two")]), "one; two"),
            (SSL.Error(), "the peer closed the connection"),
            (SSL.ZeroReturnError(), "the peer closed the connection"),
            (VerificationError(errors=[]), "the certificate is for another host"),
        ):
            self.start()
            self.lose(reason)
            problem = self.failureResultOf(self.handshake.done).value
            self.assertEqual((type(problem), str(problem)), (SslError, f"the TLS handshake failed: {words}"))

    def test_once(self) -> None:
        """
        What comes after the result changes nothing.
        """
        self.read(head("403 Forbidden", ("Content-Length", "0")))
        self.assertEqual(self.problem().response.status, 403)
        self.handshake.dataReceived(YES)
        self.lose(ConnectionAborted())
        self.assertEqual((self.accepted, self.transport.aborts), ([], 1))

    def test_errors(self) -> None:
        """
        All that a handshake fails with is an Error of ours.
        """
        for kind in (ConnectionError, InvalidHandshakeError, SslError):
            self.assertTrue(issubclass(kind, Error))
