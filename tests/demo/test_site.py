"""
Tests of L{balws.demo.site}.
"""

from __future__ import annotations

import re
from html import escape, unescape
from importlib.resources import files

from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from balws import Listener
from balws.demo import makeDemo


class DemoTests(SynchronousTestCase):
    """
    What C{twistd balws} serves without a file.
    """

    def setUp(self) -> None:
        """
        Start the demonstration on a reactor of memory.
        """
        self.reactor = MemoryReactorClock()
        self.listener = makeDemo(self.reactor)
        self.successResultOf(self.listener.start())

    def fetch(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
        """
        Ask as a browser does.

        @return: status, headers by lower-case name, body.
        """
        (_, factory, _, _) = self.reactor.tcpServers[0]
        protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 50000))
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:9090\r\n\r\n".encode())
        head, _, body = transport.value().decode().partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(status.split()[1]), headers, body

    def test_place(self) -> None:
        """
        It listens on port 9090 of this machine and on no other address.
        """
        self.assertIsInstance(self.listener, Listener)
        self.assertEqual(
            [(port, interface) for port, _, _, interface in self.reactor.tcpServers], [(9090, "127.0.0.1")]
        )

    def test_page(self) -> None:
        """
        The page is HTML that a browser may not fill with anything from elsewhere.
        """
        status, headers, body = self.fetch("/")
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"], "text/html; charset=utf-8")
        self.assertTrue(
            headers["content-security-policy"].startswith("default-src 'self'; connect-src 'self' ws: wss:;")
        )
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertIn("<h1>balws</h1>", body)

    def test_code(self) -> None:
        """
        The page shows the code of its services as it is, and nothing of the place where
        it goes.
        """
        _, _, body = self.fetch("/")
        code = files("balws.demo").joinpath("services.py").read_text("utf-8").strip()
        self.assertIn(escape(code), body)
        self.assertIn(code, unescape(body))
        self.assertNotIn("{{", body)

    def test_assets(self) -> None:
        """
        Everything that the page asks for is served from beside it, under the same policy.
        """
        _, _, body = self.fetch("/")
        names = set(re.findall(r'(?:src|href)="([^"]*)"', body))
        self.assertEqual(names, {"page.css", "page.js", "icon.svg"})
        types = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
        for name in names:
            status, headers, _ = self.fetch(f"/{name}")
            self.assertEqual(status, 200)
            self.assertEqual(headers["content-type"], types[name.rpartition(".")[2]])
            self.assertIn("default-src 'self'", headers["content-security-policy"])

    def test_nothingForeign(self) -> None:
        """
        No file of the page names another host.
        """
        for name in ("/", "/page.css", "/page.js", "/icon.svg"):
            _, _, body = self.fetch(name)
            hosts = set(re.findall(r"(?:https?:)?//[a-z0-9][a-z0-9.-]*", body))
            self.assertEqual(hosts - {"http://www.w3.org"}, set(), name)

    def test_head(self) -> None:
        """
        HEAD tells the length of the page and sends none of it.
        """
        status, headers, body = self.fetch("/", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertEqual(headers["content-length"], str(len(self.fetch("/")[2].encode())))

    def test_elsewhere(self) -> None:
        """
        There is nothing else: neither the source files nor a listing.
        """
        for path in ("/services.py", "/page.html", "/demo/", "/%2e%2e/site.py"):
            self.assertEqual(self.fetch(path)[0], 404, path)

    def test_services(self) -> None:
        """
        Both services stand where the page looks for them, and want an upgrade.
        """
        for path in ("/basic/ws", "/chat", "/chat?name=Ada"):
            self.assertEqual(self.fetch(path)[0], 426, path)
