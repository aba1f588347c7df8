"""
Tests of L{balws.server.request}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.static import File

from balws.server.request import Request
from tests.server.peers import Peer, body, fields, head, status, upgrade
from tests.server.samples import EchoUpgrade, Page, Port


class Where(Resource):
    """
    Says what it was asked for.
    """

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"%s %s" % (request.getHeader(b"host"), request.uri)


class Broken(Resource):
    """
    Fails when somebody looks below it, and when it is asked itself.
    """

    def getChild(self, path: bytes, request: Any) -> Any:
        raise RuntimeError("secret-xyz")

    def render_GET(self, request: Any) -> bytes:
        raise RuntimeError("secret-xyz")


class RequestTestCase(SynchronousTestCase):
    """
    A listener with some resources.
    """

    def ask(self, data: bytes, **configuration: Any) -> Peer:
        port = Port(**configuration)
        port.listener.attachResource(Where(), "/where")
        port.listener.attachResource(Page(), "/page")
        port.listener.attachResource(Broken(), "/broken")
        port.listener.attach(EchoUpgrade(), "/echo")
        return port.connect().send(data)


class Whence(Resource):
    """
    Says who asks.
    """

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        text: str = f"{request.clientAddress} by {request.getClientAddress().host}"
        return text.encode()


class AddressTests(SynchronousTestCase):
    """
    Where a request for a page comes from.
    """

    def whence(self, **server: Any) -> bytes:
        """
        @param server: C{[server]}.
        """
        port = Port(serverConfig=server)
        port.listener.attachResource(Whence(), "/")
        peer = port.connect().send(head("GET / HTTP/1.1", X_Forwarded_For="203.0.113.9"))
        return body(peer.answer)

    def test_proxy(self) -> None:
        """
        What a trusted proxy tells is the client's address; Twisted's is the proxy's.
        """
        self.assertEqual(self.whence(trustedProxies=["192.0.2.7"]), b"203.0.113.9 by 192.0.2.7")

    def test_nobody(self) -> None:
        """
        Where nobody is trusted both are the transport's.
        """
        self.assertEqual(self.whence(), b"192.0.2.7 by 192.0.2.7")


class ReprTests(RequestTestCase):
    """
    What a line of the log says of a request.
    """

    def test_noQuery(self) -> None:
        """
        Its path alone: a query may hold a token.
        """
        seen = []

        class Shown(Resource):
            isLeaf = True

            def render_GET(self, request: Any) -> bytes:
                seen.append(repr(request))
                return b""

        port = Port()
        port.listener.attachResource(Shown(), "/shown")
        for target in ("/shown/x?token=canary", "/shown/x?token=canary?canary", "/shown/%3Fx?canary"):
            port.connect().send(head(f"GET {target} HTTP/1.1"))
        self.assertEqual([each.rpartition(" ")[2] for each in seen], ["/shown/x>", "/shown/x>", "/shown/%3Fx>"])
        self.assertNotIn("canary", str(seen))

    def test_early(self) -> None:
        """
        Of one that has no target yet nothing is said.
        """
        self.assertTrue(repr(Request.__new__(Request)).endswith(" (no uri yet)>"))


class HostTests(RequestTestCase):
    """
    Every request of HTTP/1.1 names one host (RFC 9112 section 3.2).
    """

    def test_missing(self) -> None:
        """
        No host is 400; a request of HTTP/1.0 needs none.
        """
        self.assertEqual(status(self.ask(head("GET /where HTTP/1.1", {})).answer), 400)
        self.assertEqual(status(self.ask(head("GET /page HTTP/1.0", {})).answer), 200)

    def test_several(self) -> None:
        """
        Two hosts, or one that is none, is 400 for a page, too.
        """
        for lines in (b"Host: a\r\nHost: a", b"Host: a b", b"Host: [::1", b"Host:"):
            peer = self.ask(b"GET /where HTTP/1.1\r\n" + lines + b"\r\n\r\n")
            self.assertEqual(status(peer.answer), 400, lines)
            self.assertTrue(peer.isClosed)

    def test_wholeUrl(self) -> None:
        """
        A whole URL may stand in place of the path (RFC 9112 section 3.2.2, RFC 6455
        section 4.1); then its host counts.
        """
        for url, expected in (
            ("http://inner.example/where?a=b", b"inner.example /where?a=b"),
            ("HTTPS://inner.example:81/where", b"inner.example:81 /where"),
        ):
            self.assertEqual(body(self.ask(head(f"GET {url} HTTP/1.1")).answer), expected)
        self.assertEqual(status(self.ask(upgrade("http://example.com/echo")).answer), 101)

    def test_wholeUrlWithoutPath(self) -> None:
        """
        A URL without a path means the root.
        """
        port = Port()
        port.listener.attachResource(Where(), "/")
        for url, expected in (("http://a", b"a /"), ("http://a?b=c", b"a /?b=c")):
            self.assertEqual(body(port.connect().send(head(f"GET {url} HTTP/1.1")).answer), expected)

    def test_wholeUrlWithBadHost(self) -> None:
        """
        The host of a URL must be one, and the C{Host} field must be there all the same.
        """
        for url in ("http:///where", "http://a@b/where", "http://a:b/where"):
            self.assertEqual(status(self.ask(head(f"GET {url} HTTP/1.1")).answer), 400, url)
        self.assertEqual(status(self.ask(head("GET http://a/where HTTP/1.1", {})).answer), 400)
        two = b"GET http://a/where HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        self.assertEqual(status(self.ask(two).answer), 400)
        for host in (b"", b"a, a", b"\x8d"):
            wrong = b"GET http://a/where HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
            self.assertEqual(status(self.ask(wrong).answer), 400, host)


class ServerNameTests(RequestTestCase):
    """
    The C{Server} field is the configured one, or there is none.
    """

    def names(self, data: bytes, server: str | None) -> list[str]:
        answer = self.ask(data, server=server).answer
        self.flushLoggedErrors(RuntimeError)
        self.assertNotEqual(status(answer), 0)
        self.assertNotIn(b"Twisted", answer)
        return fields(answer).get("server", [])

    def test_everyAnswer(self) -> None:
        """
        Pages, upgrades, refusals, errors and the answer to C{OPTIONS *} all keep to it.
        """
        for data in (
            head("GET /page HTTP/1.1"),
            upgrade("/echo"),
            upgrade("/echo", Sec_WebSocket_Key="x"),
            head("GET /nowhere HTTP/1.1"),
            head("DELETE /page HTTP/1.1"),
            head("GET /broken HTTP/1.1"),
            head("GET /broken/below HTTP/1.1"),
            head("OPTIONS * HTTP/1.1"),
            head("GET * HTTP/1.1"),
        ):
            self.assertEqual(self.names(data, None), [], data)
            self.assertEqual(self.names(data, "Shop"), ["Shop"], data)

    def test_asterisk(self) -> None:
        """
        C{OPTIONS *} asks whether we are there; nothing else asks for the asterisk.
        """
        self.assertEqual(status(self.ask(head("OPTIONS * HTTP/1.1")).answer), 200)
        self.assertEqual(status(self.ask(head("GET * HTTP/1.1")).answer), 405)
        self.assertEqual(status(self.ask(upgrade("*")).answer), 405)


class FailureTests(RequestTestCase):
    """
    A resource that fails.
    """

    def test_fixedText(self) -> None:
        """
        The peer reads that it failed and not why; the log has the traceback.
        """
        for path in ("/broken", "/broken/below"):
            peer = self.ask(head(f"GET {path} HTTP/1.1"))
            self.assertEqual(status(peer.answer), 500)
            self.assertNotIn(b"secret", peer.answer)
            self.assertNotIn(b"Traceback", peer.answer)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class FileTests(RequestTestCase):
    """
    Files, of which Twisted's resource reads the request.
    """

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "a.txt").write_text("text")
        self.port = Port()
        self.port.listener.attachResource(File(str(folder)), "/")

    def test_modifiedSince(self) -> None:
        """
        A date decides whether the file is sent; what is no date counts for nothing.
        """
        for since, expected in (
            ("Fri, 01 Jan 2100 00:00:00 GMT", 304),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
            ("Fri, 01 Jan 2100", 200),
            ("Fri", 200),
            ("2100-01-01", 200),
            (";", 200),
            ("\xff", 200),
        ):
            peer = self.port.connect().send(head("HEAD /a.txt HTTP/1.1", If_Modified_Since=since))
            self.assertEqual(status(peer.answer), expected, since)

    def test_range(self) -> None:
        """
        A range is ASCII; another one is refused before Twisted reads it.
        """
        peer = self.port.connect().send(head("GET /a.txt HTTP/1.1", Range="bytes=0\xff1"))
        self.assertEqual(status(peer.answer), 400)


class PrincipalTests(RequestTestCase):
    """
    C{request.principal}.
    """

    def test_nobody(self) -> None:
        """
        It is there, and L{None}, where nobody was authenticated.
        """
        port = Port()
        seen: list[Any] = []

        class Asking(Page):
            def render_GET(self, request: Any) -> bytes:
                seen.append(request.principal)
                return b""

        port.listener.attachResource(Asking(), "/")
        port.connect().send(head("GET / HTTP/1.1"))
        self.assertEqual(seen, [None])
