"""
Proxies in front: who comes, how, and what only pretends to (row SZ14 of the reliability catalogue).
"""

from __future__ import annotations

import socket
from functools import cache
from pathlib import Path
from struct import pack
from typing import ClassVar

from tests.rows.fronting import Front, haproxy, nginx
from tests.rows.guarding import From
from tests.rows.raw import TEXT, Peer, closing, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.rows.tls_serving import KEY, SECURE, context, files
from tests.servers import freePort

TRUST = '[server]\ntrustedProxies = ["127.0.0.1"]\n'

#: A second port, which only proxies speak to; the first one tells what was called.
BEHIND = '[[listeners]]\nport = {port}\nhost = "127.0.0.1"\nproxyProtocol = true\ntimeout = 20\n'

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def version2(command: int, family: int, rest: bytes) -> bytes:
    """
    @return: a header of the PROXY protocol's version 2.
    """
    return SIGNATURE + bytes((command, family)) + pack("!H", len(rest)) + rest


@cache
def portOf(kind: type) -> int:
    """
    @return: the port that the server of a class has beside its first.
    """
    return freePort()


class ProxiedTestCase(ServedTestCase):
    """
    Knocks, through whatever there is.

    @ivar door: the port.
    """

    services: ClassVar[dict[str, str]] = {"/ws": "whence:WhenceUpgrade"}
    door: int

    def knock(self, *before: bytes, source: str = "127.0.0.1", more: bytes = b"") -> Peer:
        """
        @param before: what comes in front of the upgrade, each in a segment of its own.
        @param source: the address to come from.
        @param more: fields of the upgrade.
        """
        peer = From(source, self.door)
        self._peers.append(peer)
        for each in before:
            peer.send(each)
        return peer.send(request(self.tagged("/ws"), more=more))

    def assertTold(self, expected: str, peer: Peer) -> None:
        """
        The service says this of the peer, and talks with it until it closes.
        """
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, expected.encode()))
        long = b"x" * 60000
        for data in (b"hi", long):
            self.assertEqual(peer.send(frame(TEXT, data)).message(), (TEXT, data))
        peer.send(closing(1000))
        self.assertEqual(peer.receive(), (8, b"\x03\xe8"))
        self.assertEqual(peer.rest(), b"")

    def front(self, make: object, *arguments: object, **more: object) -> Front:
        """
        Put a proxy in front, for this test.
        """
        folder = Path(self.mktemp()).absolute()
        found: Front = make(folder, *arguments, **more)  # type: ignore[operator]
        self.addCleanup(found.stop)
        self.door = found.port
        return found


class HeaderTests(ProxiedTestCase):
    """
    The PROXY protocol.
    """

    def setUp(self) -> None:
        self.door = portOf(type(self))
        self.more = TRUST + BEHIND.format(port=self.door)
        super().setUp()

    def test_versions(self) -> None:
        """
        Both versions tell who comes.
        """
        rest = bytes((203, 0, 113, 9, 192, 0, 2, 1)) + pack("!HH", 4711, 443)
        six = socket.inet_pton(socket.AF_INET6, "2001:db8::9") * 2 + pack("!HH", 4711, 443)
        for header, address in (
            (b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", "203.0.113.9"),
            (b"PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n", "2001:db8::9"),
            (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
            (version2(0x21, 0x11, rest), "203.0.113.9"),
            (version2(0x21, 0x21, six), "2001:db8::9"),
            (version2(0x21, 0x11, rest + b"\x04\x00\x04more"), "203.0.113.9"),
            (version2(0x20, 0x00, b""), "127.0.0.1"),
        ):
            self.assertTold(f"{address} in plain", self.knock(header))
            self.assertTold(f"{address} in plain", self.knock(header[:9], header[9:13], header[13:]))

    def test_together(self) -> None:
        """
        All may come at once: the header, the upgrade, and the first message.
        """
        peer = From("127.0.0.1", self.door)
        self._peers.append(peer)
        header = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"
        peer.send(header + request(self.tagged("/ws"), body=frame(TEXT, b"early")))
        self.assertEqual(peer.status(), 101)
        self.assertEqual([peer.receive()[1] for _ in range(2)], [b"203.0.113.9 in plain", b"early"])

    def test_none(self) -> None:
        """
        Who shows none, or a broken one, gets no answer at all.
        """
        for data in (
            b"",
            b"\x16\x03\x01",
            b"PROXY TCP4 nobody 192.0.2.1 4711 443\r\n",
            b"PROXY " + b"x" * 200,
            version2(0x31, 0x11, b""),
            version2(0x21, 0x11, b"short"),
        ):
            self.assertEqual(self.knock(data).rest(), b"")

    def test_untrusted(self) -> None:
        """
        Who is no proxy is dropped, whatever header he shows.
        """
        peer = self.knock(b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", source="127.0.0.2")
        self.assertEqual(peer.rest(), b"")

    def test_pretended(self) -> None:
        """
        X-Forwarded-For of who has come through the proxy is nobody's word.
        """
        header = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"
        fields = b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n"
        self.assertTold("203.0.113.9 in plain", self.knock(header, more=fields))

    def test_haproxy(self) -> None:
        """
        A real haproxy does it so, in both versions.
        """
        behind = self.door
        for how in ("send-proxy", "send-proxy-v2"):
            self.front(haproxy, behind, how)
            self.assertTold("127.0.0.5 in plain", self.knock(source="127.0.0.5"))


class SecureHeaderTests(ProxiedTestCase):
    """
    The PROXY protocol in front of TLS.
    """

    def setUp(self) -> None:
        self.door = portOf(type(self))
        secure = SECURE.format(key=KEY.format(folder=files()), fields="", tables="")
        self.more = TRUST + BEHIND.format(port=self.door) + secure
        super().setUp()

    def assertTls(self, expected: str, *before: bytes, source: str = "127.0.0.1") -> None:
        """
        The service says this to a peer that begins TLS behind these bytes.
        """
        peer = From(source, self.door)
        self._peers.append(peer)
        for each in before:
            peer.send(each)
        peer.socket = context().wrap_socket(peer.socket, server_hostname="localhost")
        self.assertTold(expected, peer.send(request(self.tagged("/ws"))))

    def test_tls(self) -> None:
        """
        The header comes before the handshake.
        """
        self.assertTls("203.0.113.9 by TLS", b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n")

    def test_haproxy(self) -> None:
        """
        A real haproxy passes TLS through.
        """
        self.front(haproxy, self.door, "send-proxy-v2")
        self.assertTls("127.0.0.5 by TLS", source="127.0.0.5")


class ForwardedTests(ProxiedTestCase):
    """
    X-Forwarded-For and X-Forwarded-Proto.
    """

    more = TRUST + "maxConnectionsPerAddress = 2\n"

    def setUp(self) -> None:
        super().setUp()
        self.door = self.port

    def test_believed(self) -> None:
        """
        A proxy's word counts, and nobody else's.
        """
        fields = b"X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        self.assertTold("203.0.113.9 by TLS", self.knock(more=fields))
        self.assertTold("127.0.0.2 in plain", self.knock(more=fields, source="127.0.0.2"))
        self.assertTold("127.0.0.1 in plain", self.knock(more=b"X-Forwarded-For: unknown\r\n"))

    def through(self) -> None:
        """
        Clients of the proxy in front have their own address, whatever they pretend, and their own
        share (SZ14)
        """
        pretended = b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n"
        self.assertTold("127.0.0.5 in plain", self.knock(source="127.0.0.5"))
        self.assertTold("127.0.0.5 in plain", self.knock(source="127.0.0.5", more=pretended))
        peers = [self.knock(source="127.0.0.6") for _ in range(2)]
        self.assertEqual([peer.status() for peer in peers], [101] * 2)
        self.assertEqual(self.knock(source="127.0.0.6", more=pretended).status(), 429)
        self.assertTold("127.0.0.7 in plain", self.knock(source="127.0.0.7"))
        page = From("127.0.0.6", self.door)
        self._peers.append(page)
        self.assertEqual(page.send(plain("/calls?tag=none")).status(), 200)

    def test_haproxy(self) -> None:
        """
        A real haproxy that speaks HTTP tells who its clients are; they cannot (SZ14)
        """
        lines = "option forwardfor\n    http-request set-header X-Forwarded-Proto http"
        self.front(haproxy, self.port, mode="http", lines=lines)
        self.through()

    def test_nginx(self) -> None:
        """
        A real nginx does, too (SZ14)
        """
        self.front(nginx, self.port)
        self.through()
