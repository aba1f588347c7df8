"""
Tests of L{balws.server.channel}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.static import Data

from balws.config import KEEPALIVE_ALWAYS, KEEPALIVE_NEVER
from tests.binding.samples import steady
from tests.server.peers import UPGRADE, Peer, body, fields, frame, head, status, statuses, upgrade
from tests.server.samples import EchoUpgrade, Page, Port, WaitingPage, WaitingUpgrade
from tests.wire.secured import Secured


class ChannelTestCase(SynchronousTestCase):
    """
    A listener with a page, a page that waits, and an echo.
    """

    def serve(self, **configuration: Any) -> Port:
        port = Port(**configuration)
        self.waiting = WaitingPage()
        port.listener.attachResource(Page(), "/page")
        port.listener.attachResource(self.waiting, "/wait")
        port.listener.attach(EchoUpgrade(), "/echo")
        return port

    def ask(self, *portions: bytes, **configuration: Any) -> Peer:
        """
        @return: a peer of a fresh listener that has sent this.
        """
        return self.serve(**configuration).connect().send(*portions)

    def assertRefused(self, peer: Peer, expected: int, version: bytes = b"HTTP/1.1") -> None:
        """
        One answer of the shape of tables A2.18 to A2.20, and no more reading of requests.
        """
        answer = peer.answer
        self.assertTrue(answer.startswith(version + b" %d " % expected), answer)
        found = fields(answer)
        self.assertEqual(found["content-length"], ["0"])
        self.assertEqual(found["connection"], ["close"])
        self.assertEqual(len(found["server"]), 1)
        self.assertEqual(body(answer), b"")
        self.assertFalse(peer.isOpen)


class LimitTests(ChannelTestCase):
    """
    C{requestLimits}: 414, 431 and 413 that the client receives.
    """

    def target(self, length: int) -> bytes:
        path = "/page?" + "x" * (length - len("/page?"))
        return head(f"GET {path} HTTP/1.1")

    def test_uriAtTheLimit(self) -> None:
        """
        A target one byte under the limit, and one of just its length, is served.
        """
        for length in (63, 64):
            peer = self.ask(self.target(length), requestLimits={"maxUriLength": 64})
            self.assertEqual(status(peer.answer), 200)

    def test_uriOverTheLimit(self) -> None:
        """
        A target one byte over the limit is answered with 414 in HTTP/1.0.
        """
        peer = self.ask(self.target(65), requestLimits={"maxUriLength": 64})
        self.assertRefused(peer, 414, b"HTTP/1.0")

    def test_defaultUriLimit(self) -> None:
        """
        Without configuration the limit is 4096 bytes.
        """
        self.assertEqual(status(self.ask(self.target(4096)).answer), 200)
        self.assertRefused(self.ask(self.target(4097)), 414, b"HTTP/1.0")

    def test_requestLineThatDoesNotEnd(self) -> None:
        """
        A request line of megabytes without an end is 414 as soon as it is too long, and
        nothing of it is kept.
        """
        peer = self.ask(b"GET /", *[b"x" * 65536] * 8)
        self.assertRefused(peer, 414, b"HTTP/1.0")

    def test_longMethod(self) -> None:
        """
        A line that is long without its target being so is not refused as a target.
        """
        peer = self.ask(head("G" * 70 + " /page HTTP/1.1"), requestLimits={"maxUriLength": 64})
        self.assertEqual(status(peer.answer), 501)

    def test_longLineWithoutTarget(self) -> None:
        """
        A long line that has no target at all is 414.
        """
        peer = self.ask(b"x" * 65 + b"\r\n", requestLimits={"maxUriLength": 64})
        self.assertRefused(peer, 414, b"HTTP/1.0")

    def headers(self, size: int) -> bytes:
        """
        @return: a request of which the header lines have just this size.
        """
        host = "Host: example.com\r\n"
        return head("GET /page HTTP/1.1", X="y" * (size - len(host) - len("X: \r\n")))

    def test_headersAtTheLimit(self) -> None:
        """
        Header lines of one byte less than the limit, and of the limit, are served.
        """
        for size in (199, 200):
            peer = self.ask(self.headers(size), requestLimits={"maxHeaderSize": 200})
            self.assertEqual(status(peer.answer), 200)

    def test_headersOverTheLimit(self) -> None:
        """
        Header lines of one byte over the limit are answered with 431 in HTTP/1.0.
        """
        peer = self.ask(self.headers(201), requestLimits={"maxHeaderSize": 200})
        self.assertRefused(peer, 431, b"HTTP/1.0")

    def test_defaultHeaderLimit(self) -> None:
        """
        Without configuration the limit is 8192 bytes.
        """
        self.assertEqual(status(self.ask(self.headers(8192)).answer), 200)
        self.assertRefused(self.ask(self.headers(8193)), 431, b"HTTP/1.0")

    def test_headerLineThatDoesNotEnd(self) -> None:
        """
        A header line without an end is 431 as soon as it is too long.
        """
        peer = self.ask(b"GET /page HTTP/1.1\r\nX: ", *[b"x" * 65536] * 4)
        self.assertRefused(peer, 431, b"HTTP/1.0")

    def test_headerCount(self) -> None:
        """
        A hundred fields are served; one more is 431, however small.
        """
        for count, expected in ((99, 200), (100, 200), (101, 431)):
            lines = ["GET /page HTTP/1.1", "Host: a", *(f"X{n}: y" for n in range(count - 1)), "", ""]
            self.assertEqual(status(self.ask("\r\n".join(lines).encode()).answer), expected)

    def test_eachRequestIsMeasuredAnew(self) -> None:
        """
        The limits count one request's head, not what a connection has sent in all.
        """
        peer = self.ask(self.headers(200) * 3, requestLimits={"maxHeaderSize": 200})
        self.assertEqual(statuses(peer.answer), [200, 200, 200])

    def post(self, length: int, **more: str) -> bytes:
        return head("POST /page HTTP/1.1", Content_Length=str(length), **more)

    def test_declaredBody(self) -> None:
        """
        A declared body up to the limit is read; a larger one is 413 in the request's
        version before any of it has come.
        """
        limits = {"maxEntityBodySize": 10}
        for length in (9, 10):
            peer = self.ask(self.post(length) + b"x" * length, requestLimits=limits)
            self.assertEqual(body(peer.answer), b"%d bytes" % length)
        self.assertRefused(self.ask(self.post(11), requestLimits=limits), 413)

    def test_declaredBodyInOldVersion(self) -> None:
        """
        413 comes in HTTP/1.0 to a request of HTTP/1.0.
        """
        request = head("POST /page HTTP/1.0", Content_Length="11")
        peer = self.ask(request, requestLimits={"maxEntityBodySize": 10})
        self.assertRefused(peer, 413, b"HTTP/1.0")

    def chunked(self, *chunks: bytes) -> bytes:
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        return head("POST /page HTTP/1.1", Transfer_Encoding="chunked") + pieces

    def test_chunkedBody(self) -> None:
        """
        A body of no declared length is counted as it comes, whatever its chunks.
        """
        limits = {"maxEntityBodySize": 10}
        for chunks in ((b"x" * 9,), (b"x" * 10,), (b"x" * 4, b"x" * 6)):
            peer = self.ask(self.chunked(*chunks) + b"0\r\n\r\n", requestLimits=limits)
            self.assertEqual(body(peer.answer), b"%d bytes" % len(b"".join(chunks)))
        for chunks in ((b"x" * 11,), (b"x" * 10, b"x"), (b"x" * 11, b"x"), (b"x" * 11, b"x" * 11)):
            request, end = self.chunked(*chunks), b"0\r\n\r\n"
            for portions in ((request,), (request, end), (request + end,), (request + b"nonsense",)):
                self.assertRefused(self.ask(*portions, requestLimits=limits), 413)

    def test_noBodyAllowed(self) -> None:
        """
        With the limit 0 no body is read, and a request without one is served.
        """
        limits = {"maxEntityBodySize": 0}
        self.assertRefused(self.ask(self.post(1), requestLimits=limits), 413)
        self.assertEqual(body(self.ask(self.post(0), requestLimits=limits).answer), b"0 bytes")

    def test_anyBodyAllowed(self) -> None:
        """
        Without a limit every length is read.
        """
        peer = self.ask(self.post(300000), *[b"x" * 30000] * 10)
        self.assertEqual(body(peer.answer), b"300000 bytes")

    def test_tooLargeBodyIsNotInvited(self) -> None:
        """
        A client that asks before it sends is told 413, not 100.
        """
        limits = {"maxEntityBodySize": 10}
        peer = self.ask(self.post(11, Expect="100-continue"), requestLimits=limits)
        self.assertRefused(peer, 413)
        peer = self.ask(self.post(10, Expect="100-continue"), requestLimits=limits)
        self.assertEqual(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(body(peer.send(b"x" * 10).answer), b"10 bytes")

    def test_serverName(self) -> None:
        """
        A refusal names the configured server, and C{websocket} where none is.
        """
        for name, expected in ((None, "websocket"), ("Shop", "Shop")):
            peer = self.ask(self.target(65), requestLimits={"maxUriLength": 64}, server=name)
            self.assertEqual(fields(peer.answer)["server"], [expected])


class RefusalTests(ChannelTestCase):
    """
    How a connection ends after a refusal.
    """

    def test_peerHasTimeToRead(self) -> None:
        """
        After a refusal the server half-closes, reads on and drops what comes, so that no
        reset overtakes the answer; five seconds later it drops the connection.
        """
        port = self.serve(requestLimits={"maxEntityBodySize": 10})
        peer = port.connect().send(head("POST /page HTTP/1.1", Content_Length="99999999"))
        self.assertFalse(peer.transport.writable)
        self.assertEqual([call.getTime() for call in port.clock.getDelayedCalls()], [5])
        peer.send(*[b"x" * 65536] * 20)
        self.assertEqual(peer.transport.unread, [])
        self.assertRefused(peer, 413)
        port.advance(4.9, peer)
        self.assertFalse(peer.isClosed)
        port.advance(0.2, peer)
        self.assertTrue(peer.isClosed)
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_peerClosesFirst(self) -> None:
        """
        A peer that has read its refusal and leaves takes the timer with it.
        """
        port = self.serve()
        peer = port.connect().send(b"GET / HTTP/3.0\r\n")
        peer.leave()
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_refusedOnce(self) -> None:
        """
        Further faults in what follows change nothing.
        """
        peer = self.ask(b"nonsense\r\n" * 20 + b"x" * 99999, b"nonsense\r\n")
        self.assertEqual(peer.answer.count(b"HTTP/1.1 400"), 1)
        self.assertRefused(peer, 400)

    def test_multipartThatIsNone(self) -> None:
        """
        A form that cannot be read is 400, and the connection lingers as after any refusal.
        """
        request = head("POST /page HTTP/1.1", Content_Type="multipart/form-data", Content_Length="3")
        peer = self.ask(request, b"abc" + b"more", http1Settings={"maxPipelinedRequests": 1})
        self.assertRefused(peer, 400)
        self.assertTrue(peer.transport.reading)


class GrammarTests(ChannelTestCase):
    """
    What is no request of HTTP/1.1 in its strict reading is 400, at once.
    """

    def assertBad(self, *portions: bytes) -> None:
        self.assertRefused(self.ask(*portions), 400)

    def test_requestLine(self) -> None:
        """
        Request lines of other versions, and such that are none, are 400.
        """
        for line in (
            b"GET /page",  # HTTP/0.9
            b"GET /page HTTP/2.0",
            b"GET /page HTTP/1.2",
            b"GET /page http/1.1",
            b"GET  /page HTTP/1.1",
            b"GET\t/page\tHTTP/1.1",
            b"GET /page HTTP/1.1 ",
            b" GET /page HTTP/1.1",
            b"GET /pa ge HTTP/1.1",
            b"G\x00T /page HTTP/1.1",
            b"G(T /page HTTP/1.1",
            b"/page",
        ):
            self.assertBad(line + b"\r\nHost: a\r\n\r\n")

    def test_http2Preface(self) -> None:
        """
        A client that speaks HTTP/2 without asking is 400.
        """
        self.assertBad(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))

    def test_target(self) -> None:
        """
        A target is a path, a URL or the asterisk, in ASCII: what begins otherwise is not
        read as the path behind its first character.
        """
        for target in (
            b"xecho",
            b"echo",
            b"?",
            b"*/echo",
            b"example.com:443",
            b"ftp://example.com/echo",
            b"/\x1b[31m",
            b"/\x7f",
            b"/\x9b31m",
            b"/\xc3\xa4",
        ):
            self.assertBad(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    def test_connect(self) -> None:
        """
        We are no proxy.
        """
        self.assertBad(head("CONNECT example.com:443 HTTP/1.1", UPGRADE))

    def test_lineEnds(self) -> None:
        """
        A line ends with CR LF: what has one of the two alone is 400, before it ends.
        """
        for request in (
            b"GET /page HTTP/1.1\n",
            b"GET /page HTTP/1.1\nHost: a\n\n",
            b"GET /page HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
            b"GET /page HTTP/1.1\r\nHost: a\n\n",
            b"GET /page HTTP/1.1\r\nHost: a\r\n\n",
            b"GET /page HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
            b"GET /page HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n",
        ):
            self.assertBad(request)

    def test_carriageReturnAtTheEdge(self) -> None:
        """
        CR LF may come in two segments.
        """
        peer = self.ask(b"GET /page HTTP/1.1\r", b"\nHost: a\r", b"\n\r", b"\n")
        self.assertEqual(status(peer.answer), 200)

    def test_headerLines(self) -> None:
        """
        A field has a name that is a token right before the colon, and no control
        characters; folded lines are refused, the first one too.
        """
        for line in (
            b"X : y",
            b"X\t: y",
            b": y",
            b"X",
            b"X y: z",
            b"X\x80: y",
            b"X: a\x00b",
            b"X: a\x0bb",
            b"X: a\x1fb",
            b"X: a\x7fb",
            b" X: y",
            b"\tX: y",
            b"X: y\r\n folded",
            b"X: y\r\n\tfolded: z",
        ):
            self.assertBad(b"GET /page HTTP/1.1\r\n" + line + b"\r\nHost: a\r\n\r\n")

    def test_charactersAboveAscii(self) -> None:
        """
        A value may have bytes above ASCII, and blanks and tabs.
        """
        peer = self.ask(b"GET /page HTTP/1.1\r\nHost: a\r\nX:\t \xc3\xa4 \t\x85\r\n\r\n")
        self.assertEqual(status(peer.answer), 200)

    def test_emptyLinesInFront(self) -> None:
        """
        One empty line before a request is forgiven (RFC 9112 section 2.2), more are not.
        """
        self.assertEqual(status(self.ask(b"\r\n" + head("GET /page HTTP/1.1")).answer), 200)
        self.assertBad(b"\r\n\r\n" + head("GET /page HTTP/1.1"))

    def test_byteByByte(self) -> None:
        """
        Requests come in any portions, an upgrade and its first frame too.
        """
        stream = head("GET /page HTTP/1.1") + upgrade("/echo") + frame(b"hi")
        peer = self.ask(*(stream[i : i + 1] for i in range(len(stream))))
        self.assertEqual(statuses(peer.answer)[:2], [200, 101])
        self.assertTrue(peer.answer.endswith(b"\x81\x02hi"))

    @steady
    @given(st.lists(st.integers(0, 400), max_size=6), st.integers(0, 400), st.binary(max_size=3))
    def test_portionsDoNotCount(self, cuts: list[int], place: int, fault: bytes) -> None:
        """
        However a stream of requests is cut, and whatever fault it has, the answers are the
        same as when it comes at once.
        """
        stream = head("POST /page HTTP/1.1", Content_Length="5") + b"abcde" + head("GET /page HTTP/1.1")
        stream += head("POST /page HTTP/1.1", Transfer_Encoding="chunked") + b"3\r\nabc\r\n0\r\n\r\n"
        stream = stream[:place] + fault + stream[place:]
        edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        portions = [stream[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]
        self.assertEqual(statuses(self.ask(*portions).answer), statuses(self.ask(stream).answer))


class LengthTests(ChannelTestCase):
    """
    Nobody reads another end of a request than we do (request smuggling).
    """

    def post(self, *lines: bytes, version: bytes = b"1.1") -> Peer:
        return self.ask(
            b"POST /page HTTP/" + version + b"\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines),
            b"\r\n",
            b"3\r\nabc\r\n0\r\n\r\n",
        )

    def test_twoLengths(self) -> None:
        """
        Two lengths are 400, equal ones too, and so is a length beside chunks, in any order.
        """
        for lines in (
            (b"Content-Length: 3", b"Content-Length: 3"),
            (b"Content-Length: 3", b"Content-Length: 4"),
            (b"Content-Length: 3, 3",),
            (b"Content-Length: 3", b"Transfer-Encoding: chunked"),
            (b"Transfer-Encoding: chunked", b"Content-Length: 3"),
            (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        ):
            self.assertRefused(self.post(*lines), 400)

    def test_lengthThatIsNone(self) -> None:
        """
        A length is decimal digits, and not thousands of them.
        """
        for value in (b"+3", b"-1", b"0x3", b"3 3", b"", b"3.0", b"\xb2", b"9" * 20, b"9" * 5000):
            self.assertRefused(self.post(b"Content-Length: " + value), 400)

    def test_largestLength(self) -> None:
        """
        The largest length that is understood is refused by its size.
        """
        peer = self.ask(
            head("POST /page HTTP/1.1", Content_Length="9" * 19), requestLimits={"maxEntityBodySize": 2**62}
        )
        self.assertRefused(peer, 413)

    def test_coding(self) -> None:
        """
        The one coding of a body is C{chunked}: another, several, or one that only looks
        like it, is 400.
        """
        for value in (
            b"identity",
            b"gzip",
            b"gzip, chunked",
            b"chunked, identity",
            b"xchunked",
            b"chunked;a=b",
            b"",
        ):
            self.assertRefused(self.post(b"Transfer-Encoding: " + value), 400)
        for value in (b"\x0bchunked", b"chunked\x00"):
            self.assertRefused(self.post(b"Transfer-Encoding: " + value), 400)
        self.assertEqual(body(self.post(b"Transfer-Encoding: Chunked").answer), b"3 bytes")

    def test_codingInOldVersion(self) -> None:
        """
        HTTP/1.0 knows no chunks (RFC 9112 section 6.1).
        """
        self.assertRefused(self.post(b"Transfer-Encoding: chunked", version=b"1.0"), 400)

    def test_chunks(self) -> None:
        """
        Chunks that break the rules are 400.
        """
        for chunks in (
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"-1\r\n",
            b"3 \r\nabc\r\n0\r\n\r\n",
            b"3\r\nabcX0\r\n\r\n",
            b"3;a=\nb\r\nabc\r\n0\r\n\r\n",
            b"\r\n",
            b"1" * 2000,
        ):
            peer = self.ask(head("POST /page HTTP/1.1", Transfer_Encoding="chunked") + chunks)
            self.assertRefused(peer, 400)

    def test_trailers(self) -> None:
        """
        Trailers are read over and end the request: they are no headers.
        """
        request = head("POST /page HTTP/1.1", Transfer_Encoding="chunked")
        peer = self.ask(request + b"3\r\nabc\r\n0\r\nHost: evil\r\n\r\n" + head("GET /page HTTP/1.1"))
        self.assertEqual(statuses(peer.answer), [200, 200])

    def test_endlessTrailers(self) -> None:
        """
        Trailers without an end are 400.
        """
        request = head("POST /page HTTP/1.1", Transfer_Encoding="chunked")
        peer = self.ask(request + b"0\r\n", *[b"X: y\r\n" * 4000] * 5)
        self.assertRefused(peer, 400)

    def test_bodyOnAnUpgrade(self) -> None:
        """
        An upgrade with a body is 400 whatever its length, and what would have been the body
        is never read as frames.
        """
        for more in ({"Content_Length": "8"}, {"Transfer_Encoding": "chunked"}):
            peer = self.ask(upgrade("/echo", **more), frame(b"hi"), frame(b"hi"))
            self.assertRefused(peer, 400)

    def test_emptyBodyOnAnUpgrade(self) -> None:
        """
        A body of length 0 is none.
        """
        self.assertEqual(status(self.ask(upgrade("/echo", Content_Length="0")).answer), 101)


class DeadlineTests(ChannelTestCase):
    """
    C{timeout}: how long a request may take to come, and an answer to be taken.
    """

    def test_absolute(self) -> None:
        """
        Bytes do not move the deadline: it is that of the connection's beginning.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        for byte in head("GET /page HTTP/1.1")[:9]:
            port.advance(1.1, peer)
            peer.send(bytes([byte]))
        self.assertEqual(peer.answer, b"")
        port.advance(0.2, peer)
        self.assertRefused(peer, 408)

    def test_body(self) -> None:
        """
        A body that comes too slowly is 408, too.
        """
        port = self.serve(timeout=10)
        peer = port.connect().send(head("POST /page HTTP/1.1", Content_Length="5") + b"ab")
        port.advance(9.9, peer)
        self.assertEqual(peer.answer, b"")
        port.advance(0.2, peer)
        self.assertRefused(peer, 408)

    def test_silentPeer(self) -> None:
        """
        Who has sent nothing gets nothing: the connection is closed.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        port.advance(9.9, peer)
        self.assertTrue(peer.isOpen)
        port.advance(0.2, peer)
        self.assertTrue(peer.isClosed)
        self.assertEqual(peer.answer, b"")
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_keptConnection(self) -> None:
        """
        After an answer the time of the next request begins; a connection that stays idle is
        closed without a word, one that is in the middle of a request with 408.
        """
        port = self.serve(timeout=10)
        idle, slow = port.connect(), port.connect()
        port.advance(8)
        for peer in (idle, slow):
            peer.send(head("GET /page HTTP/1.1"))
            self.assertEqual(status(peer.take()), 200)
        slow.send(b"G")
        port.advance(9.9, idle, slow)
        self.assertTrue(idle.isOpen and slow.isOpen)
        port.advance(0.2, idle, slow)
        self.assertTrue(idle.isClosed)
        self.assertEqual(idle.answer, b"")
        self.assertRefused(slow, 408)

    def test_nextRequestCameEarly(self) -> None:
        """
        A next request of which the beginning came while the one before was handled is 408
        when the rest does not come.
        """
        port = self.serve(timeout=10)
        peer = port.connect().send(head("GET /wait HTTP/1.1") + b"GET /pa")
        self.waiting.finish()
        self.assertEqual(status(peer.settle().take()), 200)
        port.advance(10, peer)
        self.assertRefused(peer, 408)

    def test_nextRequestBeganWithTheOneBefore(self) -> None:
        """
        The same where the beginning came in one segment with a request that was answered at
        once, be it a line, a header, or a body.
        """
        beginnings = (
            b"G",
            b"GET /page HTTP/1.1\r\n",
            b"GET /page HTTP/1.1\r\nHost: a\r\n",
            head("POST /page HTTP/1.1", Content_Length="5"),
        )
        for beginning in beginnings:
            port = self.serve(timeout=10)
            peer = port.connect().send(head("GET /page HTTP/1.1") + beginning)
            self.assertEqual(status(peer.take()), 200)
            port.advance(10, peer)
            self.assertRefused(peer, 408)

    def test_handling(self) -> None:
        """
        The time that an answer takes is the resource's own affair.
        """
        port = self.serve(timeout=10)
        peer = port.connect().send(head("GET /wait HTTP/1.1"))
        port.advance(1000, peer)
        self.waiting.finish()
        self.assertEqual(status(peer.settle().answer), 200)

    def test_switchedOff(self) -> None:
        """
        With the timeout 0 nothing is ever too late.
        """
        port = self.serve(timeout=0)
        peer = port.connect().send(b"GET")
        self.assertEqual(port.clock.getDelayedCalls(), [])
        port.advance(100000, peer)
        self.assertTrue(peer.isOpen)

    def test_peerLeaves(self) -> None:
        """
        A peer that leaves takes its deadline with it, and its request hears of it.
        """
        port = self.serve()
        port.connect().leave()
        peer = port.connect().send(head("GET /wait HTTP/1.1"))
        peer.leave()
        self.assertEqual(len(self.waiting.left), 1)
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_answerNobodyTakes(self) -> None:
        """
        A peer that does not take its last answer is dropped after the same time.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /page HTTP/1.1", Connection="close"))
        port.advance(9.9, peer)
        self.assertFalse(peer.isClosed)
        port.advance(0.2, peer)
        self.assertTrue(peer.isClosed)

    def test_idlePeerThatDoesNotRead(self) -> None:
        """
        One that keeps its connection and does not take the answer is dropped, too.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /page HTTP/1.1"))
        port.advance(10, peer)
        self.assertFalse(peer.isClosed)
        port.advance(10, peer)
        self.assertTrue(peer.isClosed)
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_stalledAnswer(self) -> None:
        """
        A peer that stops taking an answer while it is written is dropped; one that takes
        it in the end is not.
        """
        port = self.serve(timeout=10)
        stuck, slow = port.connect(), port.connect()
        for peer in (stuck, slow):
            peer.reads = False
            peer.send(head("GET /wait HTTP/1.1"))
            self.waiting.requests[-1].write(b"x" * 100000)
        port.advance(9.9, stuck, slow)
        slow.reads = True
        slow.settle()
        port.advance(0.2, stuck)
        self.assertTrue(stuck.isClosed)
        self.assertTrue(slow.isOpen)
        port.advance(1000, slow)
        self.assertTrue(slow.isOpen)

    def test_stalledAndWrittenTo(self) -> None:
        """
        What the resource writes meanwhile does not move that deadline.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /wait HTTP/1.1"))
        for _ in range(4):
            self.waiting.requests[0].write(b"x" * 100000)
            port.advance(3, peer)
        self.assertTrue(peer.isClosed)

    def test_stalledAndFinished(self) -> None:
        """
        The time that a stalled answer had ends with it: the next request has its own.
        """
        port = self.serve(timeout=10)
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /wait HTTP/1.1"))
        port.advance(5)
        self.waiting.requests[0].write(b"x" * 100000)
        port.advance(3)
        self.waiting.finish()
        peer.reads = True
        self.assertEqual(status(peer.settle().take()), 200)
        port.advance(9.9, peer)
        self.assertTrue(peer.isOpen)
        port.advance(0.2, peer)
        self.assertTrue(peer.isClosed)

    def test_upgradedWhileStalled(self) -> None:
        """
        What the transport still holds back does not count against an upgrade.
        """
        port = self.serve(timeout=10)
        service = WaitingUpgrade()
        port.listener.attach(service, "/slow")
        peer = port.connect().send(upgrade("/slow"))
        peer.transport.producer.pauseProducing()
        service.waiting[0].callback(EchoUpgrade().get())
        peer.settle()
        port.advance(10, peer)
        self.assertEqual(peer.send(frame(b"hi")).take()[-4:], b"\x81\x02hi")


class KeepAliveTests(ChannelTestCase):
    """
    C{http1Settings.keepAlive}.
    """

    def isKept(self, mode: Any, version: str = "1.1", **more: str) -> bool:
        peer = self.ask(head(f"GET /page HTTP/{version}", **more), http1Settings={"keepAlive": mode})
        self.assertEqual(status(peer.answer), 200)
        self.assertEqual(peer.isClosed, fields(peer.answer).get("connection") == ["close"])
        return peer.isOpen

    def test_auto(self) -> None:
        """
        The request's C{Connection} field decides, wherever in it C{close} stands.
        """
        self.assertTrue(self.isKept("AUTO"))
        self.assertTrue(self.isKept("AUTO", Connection="keep-alive"))
        for value in ("close", "Close", "foo,close", "foo , CLOSE,bar", "close foo,close"):
            self.assertFalse(self.isKept("AUTO", Connection=value), value)

    def test_always(self) -> None:
        """
        The connection is kept whatever the request says.
        """
        self.assertTrue(self.isKept(KEEPALIVE_ALWAYS))
        self.assertTrue(self.isKept(KEEPALIVE_ALWAYS, Connection="close"))

    def test_never(self) -> None:
        """
        The connection is closed whatever the request says.
        """
        self.assertFalse(self.isKept(KEEPALIVE_NEVER))
        self.assertFalse(self.isKept(KEEPALIVE_NEVER, Connection="keep-alive"))

    def test_oldVersion(self) -> None:
        """
        A connection of HTTP/1.0 is never kept.
        """
        for mode in ("AUTO", "ALWAYS", "NEVER"):
            self.assertFalse(self.isKept(mode, "1.0", Connection="keep-alive"))

    def test_lastRequest(self) -> None:
        """
        What comes with the last request, or while it is handled, is not read.
        """
        for portions in (
            (head("GET /page HTTP/1.1", Connection="close") + head("GET /page HTTP/1.1"),),
            (head("GET /page HTTP/1.1", Connection="close") + b"nonsense\n",),
        ):
            peer = self.ask(*portions)
            self.assertEqual(peer.answer.count(b"HTTP/1."), 1)
            self.assertTrue(peer.isClosed)
        peer = self.ask(head("GET /wait HTTP/1.1", Connection="close"), head("GET /page HTTP/1.1"))
        self.waiting.finish()
        self.assertEqual(peer.settle().answer.count(b"HTTP/1."), 1)
        self.assertTrue(peer.isClosed)

    def test_answerToAnUpgrade(self) -> None:
        """
        Who asked for an upgrade and got an ordinary answer is not kept: what he sends
        before he has read it is no HTTP (request smuggling).
        """
        for mode in ("AUTO", "ALWAYS", "NEVER"):
            for path, expected in (("/nowhere", 404), ("/page", 200)):
                peer = self.ask(upgrade(path), head("GET /page HTTP/1.1"), http1Settings={"keepAlive": mode})
                self.assertEqual(statuses(peer.answer)[0], expected)
                self.assertEqual(peer.answer.count(b"HTTP/1.1 "), 1)
                self.assertTrue(peer.isClosed)


class SecuredTests(ChannelTestCase):
    """
    A stop with TLS.
    """

    def test_idle(self) -> None:
        """
        An idle peer is told that no more comes, and not waited for until it says so, too
        (RFC 8446 section 6.1).
        """
        port = self.serve()
        secured = Secured(port.factory, port.clock)
        secured.send(head("GET /page HTTP/1.1"))
        self.assertEqual(status(secured.heard), 200)
        stopping = port.listener.gracefulStop()
        secured.pump()
        self.assertEqual((secured.ended, secured.below.calls), (True, ["lose"]))
        secured.below.lose(ConnectionDone())
        self.successResultOf(stopping)

    def test_answering(self) -> None:
        """
        One that is being answered gets the whole answer first.
        """
        port = self.serve()
        secured = Secured(port.factory, port.clock)
        secured.send(head("GET /wait HTTP/1.1"))
        stopping = port.listener.gracefulStop()
        secured.pump()
        self.assertEqual((secured.ended, secured.below.calls), (False, []))
        self.waiting.finish(b"x" * 100_000)
        secured.pump()
        self.assertEqual((len(body(secured.heard)), secured.ended), (100_000, True))
        secured.end()
        secured.below.lose(ConnectionDone())
        self.successResultOf(stopping)


class PipelineTests(ChannelTestCase):
    """
    C{http1Settings.maxPipelinedRequests}, and answers in order.
    """

    def test_order(self) -> None:
        """
        Requests sent at once are answered one after the other, in their order.
        """
        stream = head("GET /wait HTTP/1.1") + head("GET /page?2 HTTP/1.1") + head("GET /page?3 HTTP/1.1")
        peer = self.ask(stream)
        self.assertEqual(peer.answer, b"")
        self.waiting.finish(b"first")
        answer = peer.settle().answer
        self.assertEqual(statuses(answer), [200, 200, 200])
        self.assertLess(answer.index(b"first"), answer.index(b"page /page?2"))
        self.assertLess(answer.index(b"page /page?2"), answer.index(b"page /page?3"))

    def test_limit(self) -> None:
        """
        As many requests as configured are read ahead, the one at hand among them; then
        reading stops until it is answered.
        """
        for ahead, reading in ((1, True), (2, False), (3, False)):
            peer = self.ask(
                head("GET /wait HTTP/1.1"),
                *[head("GET /page HTTP/1.1")] * ahead,
                http1Settings={"maxPipelinedRequests": 3},
            )
            self.assertEqual(peer.transport.reading, reading, ahead)
            self.assertEqual(len(peer.transport.unread), max(0, ahead - 2))
            self.waiting.finish()
            self.assertEqual(statuses(peer.settle().answer), [200] * (ahead + 1))
            self.assertTrue(peer.transport.reading)

    def test_limitInOneSegment(self) -> None:
        """
        The limit counts requests that came in one segment, too.
        """
        for ahead, reading in ((8, True), (9, False)):
            peer = self.ask(head("GET /wait HTTP/1.1") + head("GET /page HTTP/1.1") * ahead)
            self.assertEqual(peer.transport.reading, reading)

    def test_limitOfOne(self) -> None:
        """
        With the limit 1 nothing is read beside the request at hand.
        """
        peer = self.ask(
            head("GET /wait HTTP/1.1"),
            b"G",
            head("GET /page HTTP/1.1")[1:],
            http1Settings={"maxPipelinedRequests": 1},
        )
        self.assertEqual(len(peer.transport.unread), 1)
        self.waiting.finish()
        self.assertEqual(statuses(peer.settle().answer), [200, 200])

    def test_limitOfOneAndABody(self) -> None:
        """
        Then a body is read all the same, and whether its sender leaves.
        """
        port = self.serve(http1Settings={"maxPipelinedRequests": 1})
        upload = WaitingUpload()
        port.listener.attachResource(upload, "/upload")
        peer = port.connect().send(head("POST /upload HTTP/1.1", Content_Length="5"), b"abcde")
        self.assertEqual(len(upload.requests), 1)
        self.assertTrue(peer.transport.reading)

    def test_bodiesAreNoRequests(self) -> None:
        """
        Empty lines in the body of the request at hand do not count.
        """
        port = self.serve(http1Settings={"maxPipelinedRequests": 2})
        upload = WaitingUpload()
        port.listener.attachResource(upload, "/upload")
        text = b"\r\n\r\n" * 5
        peer = port.connect().send(head("POST /upload HTTP/1.1", Content_Length=str(len(text))) + text)
        self.assertEqual(len(upload.requests), 1)
        self.assertTrue(peer.transport.reading)

    def test_bytesAhead(self) -> None:
        """
        Where no request ends, 16 KiB are read ahead and then reading stops.
        """
        peer = self.ask(head("GET /wait HTTP/1.1"), b"x" * 16384, b"x", b"x")
        self.assertEqual(len(peer.transport.unread), 1)

    def test_fastAnswersSlowReader(self) -> None:
        """
        A segment full of requests does not fill the memory with answers that nobody takes:
        the next request waits until they are taken.
        """
        port = self.serve()
        port.listener.attachResource(Data(b"x" * 100000, "text/plain"), "/large")
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /large HTTP/1.1") * 50 + b"GET /pa", head("GET /page HTTP/1.1")[7:])
        self.assertLess(len(peer.transport.unsent), 200000)
        self.assertEqual(len(peer.transport.unread), 1)
        peer.reads = True
        answer = peer.settle().answer
        self.assertEqual(statuses(answer), [200] * 51)
        self.assertTrue(peer.isOpen)

    def test_invitationThatNobodyTakes(self) -> None:
        """
        A peer that does not take what was written is not read from until it does, and the
        deadline of the request that it has begun stands.
        """
        port = self.serve(timeout=10)
        invited = head("POST /page HTTP/1.1", Content_Length="5", Expect="100-continue")
        late, quick = port.connect(), port.connect()
        for peer in (late, quick):
            peer.reads = False
            peer.send(head("GET /page HTTP/1.1"))
            peer.transport.bufferSize = len(peer.transport.unsent)
            peer.send(invited, b"abcde")
            self.assertEqual(peer.transport.unread, [b"abcde"])
        port.advance(9, late, quick)
        quick.reads = True
        self.assertTrue(quick.settle().take().endswith(b"\r\n\r\n5 bytes"))
        port.advance(1, late, quick)
        self.assertFalse(late.isOpen)
        self.assertTrue(quick.isOpen)

    def test_slowReaderWithNothingMoreToSay(self) -> None:
        """
        A large answer that is taken slowly, with nothing behind it, ends as any other.
        """
        port = self.serve(timeout=10)
        port.listener.attachResource(Data(b"x" * 100000, "text/plain"), "/large")
        peer = port.connect()
        peer.reads = False
        peer.send(head("GET /large HTTP/1.1"))
        peer.reads = True
        self.assertEqual(status(peer.settle().take()), 200)
        port.advance(10, peer)
        self.assertTrue(peer.isClosed)
        self.assertEqual(peer.answer, b"")

    def test_afterAnUpgrade(self) -> None:
        """
        An upgrade may be the last of a pipeline; its first frames may come with it.
        """
        peer = self.ask(head("GET /page HTTP/1.1") + upgrade("/echo") + frame(b"hi"))
        self.assertEqual(statuses(peer.answer)[:2], [200, 101])
        self.assertTrue(peer.answer.endswith(b"\x81\x02hi"))

    def test_framesBeforeTheAnswer(self) -> None:
        """
        Frames that come while C{get} takes its time reach the service, also when they look
        like many requests and the channel had stopped reading.
        """
        for limit in (1, 10):
            port = self.serve(http1Settings={"maxPipelinedRequests": limit})
            service = WaitingUpgrade()
            port.listener.attach(service, "/slow")
            peer = port.connect().send(upgrade("/slow"), frame(b"\r\n\r\n" * 20))
            self.assertFalse(peer.transport.reading)
            service.waiting[0].callback(EchoUpgrade().get())
            peer.settle()
            self.assertEqual(status(peer.take()), 101)
            self.assertEqual(peer.transport.written, b"")
            self.assertEqual(peer.send(frame(b"hi")).take()[-4:], b"\x81\x02hi")


class LogTests(ChannelTestCase):
    """
    What a peer sends makes no lines in the log that we did not write (CWE-117).
    """

    def test_noInjection(self) -> None:
        """
        Braces, newlines and colours in a request leave at most single, formatted lines.
        """
        lines: list[str] = []

        def observe(event: Any) -> None:
            lines.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        port = self.serve()
        port.listener.attachResource(GetOnly(), "/get")
        for path in ("/get/{slf}{0}{!r}", "/get/%0A%1B[31m", "/nowhere/{x.y}"):
            for method in ("GET", "HEAD", "POST", "BR{EW}", "{x}"):
                port.connect().send(head(f"{method} {path} HTTP/1.1", X="{y}\x85\x9b"))
        port.connect().send(b"HEAD /get/\x9b31m HTTP/1.1\r\nHost: a\r\n\r\n")
        port.connect().send(upgrade("/echo", Origin="{x}", Sec_WebSocket_Protocol="{y}"))
        for line in lines:
            self.assertTrue(line.isprintable(), line)
            self.assertNotIn("Unable to format", line)


class GetOnly(Resource):
    """
    Knows neither HEAD nor POST, whatever is below it.
    """

    isLeaf = True
    render_HEAD = None

    def render_GET(self, request: Any) -> bytes:
        return b"got"


class WaitingUpload(WaitingPage):
    """
    Takes uploads and does not answer.
    """

    def render_POST(self, request: Any) -> Any:
        return self.render_GET(request)
