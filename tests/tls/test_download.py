"""
Tests of L{balws.tls.download}: on loopback, against servers that say what they like.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from balws.tls.download import MAX_HEAD, MAX_SHOWN, MAX_URL, Download, isUsable
from balws.tls.verdict import CannotTell
from tests.certificates import selfSigned
from tests.tls.responder import Page

OK = b"HTTP/1.1 200 OK\r\n"


class Speaker(Protocol):
    """
    Says something as soon as it is asked, and then goes on saying something.
    """

    factory: Any

    def dataReceived(self, data: bytes) -> None:
        """
        The question, or a part of it.
        """
        self.factory.heard += data
        if not self.factory.isSpeaking:
            self.factory.isSpeaking = True
            transport: Any = self.transport
            transport.write(self.factory.first)
            if self.factory.isLast:
                transport.loseConnection()
            elif self.factory.more:
                transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """
        There is room for more.
        """
        transport: Any = self.transport
        self.factory.said += len(self.factory.more)
        transport.write(self.factory.more)

    def stopProducing(self) -> None:
        """
        Nobody listens any more.
        """

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Nobody listens any more.
        """
        self.factory.gone.callback(None)


class Speakers(Factory):
    """
    @ivar heard: what was asked.
    @ivar said: so many bytes were said after the first.
    @ivar gone: fires when the connection is over.
    """

    noisy = False
    protocol = Speaker

    def __init__(self, first: bytes, more: bytes, isLast: bool) -> None:
        self.first, self.more, self.isLast = first, more, isLast
        self.heard = b""
        self.said = 0
        self.isSpeaking = False
        self.gone: Deferred[None] = Deferred()


class DownloadTests(TestCase):
    """
    What comes, and what does not.
    """

    def setUp(self) -> None:
        """
        The real reactor: loopback is real.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.fetch = Download(reactor)

    def listen(self, factory: Any, *secure: Any) -> int:
        """
        @return: a port of loopback where a factory listens.
        """
        listen = self.reactor.listenSSL if secure else self.reactor.listenTCP
        port = listen(0, factory, *secure, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        found: int = port.getHost().port
        return found

    def speak(self, first: bytes, more: bytes = b"", *, isLast: bool = False) -> tuple[str, Speakers]:
        """
        @param first: what is said at once.
        @param more: what is then said again and again.
        @param isLast: close behind C{first}.
        """
        speakers = Speakers(first, more, isLast)
        return f"http://127.0.0.1:{self.listen(speakers)}/a", speakers

    @inlineCallbacks
    def refused(self, words: str, url: str, limit: int = 100, seconds: float = 10) -> Any:
        """
        There is nothing to be had there, for the reason in these words, which begin with
        the URL.
        """
        problem = yield self.assertFailure(self.fetch(url, limit, seconds), CannotTell)
        self.assertTrue(str(problem).startswith(f"{url}: "), problem)
        self.assertIn(words, str(problem))

    @inlineCallbacks
    def test_get(self) -> Any:
        """
        The body is read; nothing is told but where it is read from.
        """
        url, speakers = self.speak(OK + b"Content-Length: 4\r\n\r\nbody")
        body = yield self.fetch(url, 100, 10)
        self.assertEqual(body, b"body")
        lines = sorted(speakers.heard.split(b"\r\n"))
        host = url.split("/")[2].encode()
        self.assertEqual(lines, sorted([b"GET /a HTTP/1.1", b"Connection: close", b"Host: " + host, b"User-Agent: balws", b"", b""]))  # fmt: skip  # noqa: E501
        yield speakers.gone

    @inlineCallbacks
    def test_post(self) -> Any:
        """
        A question is posted as what it is.
        """
        heard = []

        def render(request: Any) -> bytes:
            heard.append((request.method, request.getHeader("content-type"), request.content.read()))
            return b"body"

        root = Resource()
        root.putChild(b"a", Page(render))
        port = self.listen(Site(root))
        body = yield self.fetch(f"http://127.0.0.1:{port}/a", 100, 10, b"question")
        self.assertEqual(body, b"body")
        self.assertEqual(heard, [(b"POST", "application/ocsp-request", b"question")])

    @inlineCallbacks
    def test_size(self) -> Any:
        """
        A body up to the limit is read; of one byte more nothing is, whether its size is said
        before or not.
        """
        for size, isFine in ((99, True), (100, True), (101, False)):
            body = b"x" * size
            for whole, isLast in (
                (OK + b"Content-Length: %d\r\n\r\n%b" % (size, body), False),
                (OK + b"\r\n" + body, True),
                (OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body), False),
            ):
                url, speakers = self.speak(whole, isLast=isLast)
                if isFine:
                    got = yield self.fetch(url, 100, 10)
                    self.assertEqual(got, body)
                else:
                    yield self.refused("too large", url)
                yield speakers.gone

    @inlineCallbacks
    def test_endless(self) -> Any:
        """
        An answer that never ends, in its head, its body or in interim answers, is left after
        its limit and not read on.
        """
        for first, more in (
            (OK + b"\r\n", b"x" * 10000),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
            (OK + b"Content-Length: 99999999999\r\n\r\n", b"x" * 10000),
            (OK, b"X-More: of this\r\n" * 1000),
            (OK + b"X-Long: ", b"x" * 10000),
            (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
            (b"", b"\r\n" * 5000),
            (b"", b"HTTP" * 5000),
        ):
            url, speakers = self.speak(first, more)
            yield self.refused("", url)
            yield speakers.gone
            # What was on its way, in the buffers of two sockets.
            self.assertLess(speakers.said, MAX_HEAD + 16_000_000)

    @inlineCallbacks
    def test_slow(self) -> Any:
        """
        An answer that does not come, or not to its end, is not waited for; the connection is
        closed.
        """
        for first in (b"", OK, OK + b"Content-Length: 4\r\n\r\nbod", b"HTTP/1.1 100 Continue\r\n\r\n"):
            url, speakers = self.speak(first)
            yield self.refused("no answer within 0.2 s", url, seconds=0.2)
            yield speakers.gone

    @inlineCallbacks
    def test_redirect(self) -> Any:
        """
        A redirect leads nowhere, not to this machine's own services either.
        """
        visited: list[Any] = []
        root = Resource()
        root.putChild(b"inside", Page(lambda request: visited.append(request) or b"secret"))
        inside = f"http://127.0.0.1:{self.listen(Site(root))}/inside"
        for status in (301, 302, 303, 307, 308):
            head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n"
            url, speakers = self.speak(head.encode())
            yield self.refused(f"answered {status}", url)
            yield speakers.gone
        self.assertEqual(visited, [])

    @inlineCallbacks
    def test_errors(self) -> Any:
        """
        Whatever goes wrong is told in a few words, and none of the server's.
        """
        for first, words in (
            (b"HTTP/1.1 404 Gone fishing\r\nContent-Length: 3\r\n\r\nwhy", "answered 404"),
            (b"HTTP/1.1 500 x\r\n\r\n", "answered 500"),
            (b"HTTP/1.1 204 x\r\n\r\n", "answered 204"),
            (b"SSH-2.0-OpenSSH\r\n\r\n", "no answer (ParseError)"),
            (b"", "no answer (ConnectionDone)"),
            (OK + b"Content-Length: 4\r\n\r\nbod", "no answer (ConnectionDone)"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no answer"),
        ):
            url, _ = self.speak(first, isLast=True)
            yield self.refused(words, url)

    @inlineCallbacks
    def test_nobody(self) -> Any:
        """
        Nobody is there.
        """
        port = self.reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        number = port.getHost().port
        yield port.stopListening()
        yield self.refused("no answer (ConnectionRefusedError)", f"http://127.0.0.1:{number}/")

    @inlineCallbacks
    def test_notTrusted(self) -> Any:
        """
        A host of https whom the system does not trust is asked nothing.
        """
        asked: list[Any] = []
        root = Resource()
        root.putChild(b"a", Page(lambda request: asked.append(request) or b"body"))
        own = selfSigned("127.0.0.1")
        from OpenSSL import crypto

        options = CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(own.key),
            certificate=crypto.X509.from_cryptography(own.certificate),
        )
        port = self.listen(Site(root), options)
        yield self.refused("no answer", f"https://127.0.0.1:{port}/a")
        self.assertEqual(asked, [])

    @inlineCallbacks
    def test_cancelled(self) -> Any:
        """
        Who does not want it any more says so: the connection is closed, and it is no answer
        of the authority's.
        """
        for first in (b"", OK + b"\r\nbod"):
            url, speakers = self.speak(first)
            wanted = self.fetch(url, 100, 10)
            while not speakers.isSpeaking:
                yield deferLater(self.reactor, 0.01)
            wanted.cancel()
            yield self.assertFailure(wanted, CancelledError)
            yield speakers.gone

    @inlineCallbacks
    def test_shown(self) -> Any:
        """
        A long URL is cut in an error's text.
        """
        base, _ = self.speak(b"HTTP/1.1 404 x\r\n\r\n")
        url = base + "x" * 500
        problem = yield self.assertFailure(self.fetch(url, 100, 10), CannotTell)
        self.assertEqual(str(problem), f"{url[:MAX_SHOWN]}...: answered 404")


class IsUsableTests(SynchronousTestCase):
    """
    Which URLs are asked at all.
    """

    def test_usable(self) -> None:
        """
        Those of C{http} and C{https}.
        """
        for url in ("http://a.test", "HTTP://a.test/", "https://a.test:8443/b?c=d", "http://[::1]:80/", "http://10.0.0.1"):  # fmt: skip  # noqa: E501
            self.assertTrue(isUsable(url), url)

    def test_notUsable(self) -> None:
        """
        No others: no files, no directories, no passwords, nothing that could break out of
        the first line of a request.
        """
        for url in (
            "", "a.test", "//a.test/", "file:///etc/passwd", "ldap://a.test/", "ftp://a.test/", "gopher://a.test/",
            "http:", "http://", "http:///a", "http://:80/", "http://u:p@a.test/", "http://u@a.test/", "http://a.test:0/",
            "http://a.test:99999/", "http://a.test:x/", "http://a.test/ b", "http://a.test/\r\nHost:b", "http://a.test/\n",
            "http://ä.test/", "http://a.test/ä", "http://a.test/\x7f", "http://[::1/", " http://a.test/", "\thttp://a.test/",
        ):  # fmt: skip
            self.assertFalse(isUsable(url), url)

    def test_length(self) -> None:
        """
        2048 letters are a URL, one more is none.
        """
        for length, isFine in ((MAX_URL - 1, True), (MAX_URL, True), (MAX_URL + 1, False)):
            self.assertEqual(isUsable("http://a.test/".ljust(length, "a")), isFine)
