"""
Tests of L{balws.server.proxyheader}.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton
from struct import pack

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from balws.server.proxyheader import MAX_LINE, MAX_REST, Header, read

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"

FOUR = inet_pton(AF_INET, "203.0.113.9") + inet_pton(AF_INET, "192.0.2.1") + pack("!HH", 4711, 443)
SIX = inet_pton(AF_INET6, "2001:db8::9") + inet_pton(AF_INET6, "2001:db8::1") + pack("!HH", 4711, 443)
FILES = b"/run/client".ljust(108, b"\0") + b"/run/proxy".ljust(108, b"\0")


def binary(command: int = 0x21, family: int = 0x11, rest: bytes = FOUR, length: int | None = None) -> bytes:
    """
    @return: a header of version 2.
    """
    return SIGNATURE + bytes((command, family)) + pack("!H", len(rest) if length is None else length) + rest


class HeaderTestCase(SynchronousTestCase):
    """
    Looks at what was read.
    """

    def assertReads(self, data: bytes, source: object, destination: object = None) -> None:
        """
        It is this header, wherever it ends in what has come; and less of it is not one yet.
        """
        expected = Header(len(data), source, destination)  # type: ignore[arg-type]
        self.assertEqual(read(data), expected)
        self.assertEqual(read(data + b"GET / HTTP/1.1\r\n\r\n"), expected)
        for end in range(len(data)):
            self.assertIsNone(read(data[:end]), data[:end])

    def assertRefused(self, *headers: bytes) -> None:
        """
        None of these is one.
        """
        for header in headers:
            self.assertRaises(ValueError, read, header)


class TextTests(HeaderTestCase):
    """
    Version 1.
    """

    def test_addresses(self) -> None:
        """
        A line tells both ends of the connection.
        """
        self.assertReads(
            b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n",
            IPv4Address("TCP", "203.0.113.9", 4711),
            IPv4Address("TCP", "192.0.2.1", 443),
        )
        self.assertReads(
            b"PROXY TCP6 2001:db8:0::9 2001:db8::1 0 65535\r\n",
            IPv6Address("TCP", "2001:db8::9", 0),
            IPv6Address("TCP", "2001:db8::1", 65535),
        )

    def test_unknown(self) -> None:
        """
        A proxy need not know; then what else it says does not count.
        """
        self.assertReads(b"PROXY UNKNOWN\r\n", None)
        self.assertReads(b"PROXY UNKNOWN ffff:ffff ::1 65535 65535\r\n", None)

    def test_length(self) -> None:
        """
        A line has 107 bytes at most, its end included.
        """
        start = b"PROXY UNKNOWN "
        longest = start + b"x" * (MAX_LINE - len(start) - 2) + b"\r\n"
        self.assertEqual(len(longest), 107)
        self.assertReads(longest, None)
        self.assertRefused(longest.replace(b"x", b"xx", 1), b"PROXY " + b"x" * 101)
        self.assertIsNone(read(b"PROXY " + b"x" * 100))

    def test_broken(self) -> None:
        """
        What is no such line is refused, as soon as that can be known.
        """
        self.assertRefused(b"G", b"GET / HTTP/1.1\r\n\r\n", b"PROXY\r\n", b"proxy ", b"\x16\x03\x01")
        for rest in (
            "",
            "TCP4",
            "TCP4 203.0.113.9 192.0.2.1 4711",
            "TCP4 203.0.113.9 192.0.2.1 4711 443 1",
            "TCP4 203.0.113.9  192.0.2.1 4711 443",
            "TCP4 203.0.113.999 192.0.2.1 4711 443",
            "TCP4 example.com 192.0.2.1 4711 443",
            "TCP4 2001:db8::9 2001:db8::1 4711 443",
            "TCP6 203.0.113.9 192.0.2.1 4711 443",
            "TCP6 fe80::1%eth0 fe80::2 4711 443",
            "TCP4 203.0.113.9 192.0.2.1 65536 443",
            "TCP4 203.0.113.9 192.0.2.1 -1 443",
            "TCP4 203.0.113.9 192.0.2.1 4711 x",
            "TCP5 203.0.113.9 192.0.2.1 4711 443",
            "UDP4 203.0.113.9 192.0.2.1 4711 443",
        ):
            self.assertRefused(f"PROXY {rest}\r\n".encode())
        self.assertRefused(b"PROXY \xff\r\n", b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 \xb2\r\n")


class BinaryTests(HeaderTestCase):
    """
    Version 2.
    """

    def test_addresses(self) -> None:
        """
        It tells both ends of the connection, for streams and datagrams.
        """
        four = IPv4Address("TCP", "203.0.113.9", 4711), IPv4Address("TCP", "192.0.2.1", 443)
        six = IPv6Address("TCP", "2001:db8::9", 4711), IPv6Address("TCP", "2001:db8::1", 443)
        files = UNIXAddress(b"/run/client"), UNIXAddress(b"/run/proxy")
        for transport in (1, 2):
            self.assertReads(binary(0x21, 0x10 | transport, FOUR), *four)
            self.assertReads(binary(0x21, 0x20 | transport, SIX), *six)
            self.assertReads(binary(0x21, 0x30 | transport, FILES), *files)

    def test_more(self) -> None:
        """
        What a proxy says beside the addresses is skipped.
        """
        found = read(binary(rest=FOUR + b"\x04\x00\x01x") + b"GET")
        assert found is not None
        self.assertEqual((found.size, found.source), (16 + 12 + 4, IPv4Address("TCP", "203.0.113.9", 4711)))

    def test_local(self) -> None:
        """
        A proxy may speak for itself, or not know for whom.
        """
        self.assertReads(binary(0x20, 0x00, b""), None)
        self.assertReads(binary(0x20, 0x11, FOUR), None)
        for family in (0x00, 0x01, 0x10, 0x20):
            self.assertReads(binary(0x21, family, b""), None)

    def test_length(self) -> None:
        """
        It has an end.
        """
        longest = binary(0x20, 0, b"x" * MAX_REST)
        self.assertEqual(read(longest), Header(len(longest)))
        self.assertIsNone(read(longest[:-1]))
        self.assertRefused(binary(0x20, 0, b"", MAX_REST + 1), binary(0x20, 0, b"", 65535))

    def test_broken(self) -> None:
        """
        What is no such header is refused.
        """
        self.assertRefused(b"\r\n\r\n\x00\r\nQUIX", SIGNATURE[:-1] + b"x")
        self.assertRefused(binary(0x11), binary(0x31), binary(0x22), binary(0x2F))
        self.assertRefused(binary(family=0x41), binary(family=0x13), binary(family=0xFF))
        self.assertRefused(binary(rest=FOUR[:-1]), binary(family=0x21, rest=SIX[:-1]))
        self.assertRefused(binary(family=0x31, rest=FILES[:-1]), binary(rest=b""))
