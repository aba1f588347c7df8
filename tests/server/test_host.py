"""
Tests of L{balws.server.host}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.server.host import canonical, isAllowed, isHost, isSame


class HostTests(SynchronousTestCase):
    """
    The C{Host} field.
    """

    def test_hosts(self) -> None:
        """
        Names, addresses, addresses in brackets, each with or without a port.
        """
        for value in (
            b"a",
            b"A.b-c_d.example",
            b"xn--bcher-kva.example",
            b"127.0.0.1:80",
            b"a:",
            b"[::1]:65535",
        ):
            self.assertTrue(isHost([value]), value)

    def test_longestName(self) -> None:
        """
        A name has at most 255 bytes, a port at most five digits.
        """
        self.assertTrue(isHost([b"x" * 255]))
        self.assertFalse(isHost([b"x" * 256]))
        self.assertTrue(isHost([b"x:12345"]))
        self.assertFalse(isHost([b"x:123456"]))

    def test_noHosts(self) -> None:
        """
        What is no host, or not one alone, is none.
        """
        for values in (
            [],
            [b"a", b"a"],
            [b""],
            [b" a"],
            [b"a b"],
            [b"[::1"],
            [b"[]"],
            [b"[x]"],
            [b"::1"],
            [b"a\n"],
        ):
            self.assertFalse(isHost(values), values)


class OriginTests(SynchronousTestCase):
    """
    The C{Origin} field.
    """

    def test_canonical(self) -> None:
        """
        Equal origins have one spelling: lower case, no default port.
        """
        for value, expected in (
            (b"http://Example.COM", "http://example.com"),
            (b"http://example.com:80", "http://example.com"),
            (b"https://example.com:443", "https://example.com"),
            (b"https://example.com:80", "https://example.com:80"),
            (b"http://[::1]:8080", "http://[::1]:8080"),
            (b"null", None),
            (b"*", None),
            (b"", None),
            (b"http://", None),
            (b"http://a/", None),
            (b"http://a:0", None),
            (b"http://a:99999", None),
            (b"http://[::x]", None),
            (b"http://b\xc3\xbccher.example", None),
        ):
            self.assertEqual(canonical(value), expected, value)

    def test_anyOrigin(self) -> None:
        """
        C{*} allows every origin that is one; C{null} is allowed by its own name alone.
        """
        self.assertTrue(isAllowed(b"http://a", ["*"]))
        self.assertFalse(isAllowed(b"null", ["*"]))
        self.assertTrue(isAllowed(b"null", ["null"]))
        self.assertFalse(isAllowed(b"garbage", ["*"]))

    def test_listedOrigin(self) -> None:
        """
        A listed origin is allowed in any spelling, and no other.
        """
        self.assertTrue(isAllowed(b"HTTP://A:80", ["http://b", "http://a"]))
        self.assertFalse(isAllowed(b"https://a", ["http://b", "http://a"]))

    def test_same(self) -> None:
        """
        The same origin has the host and port that the request came to; the scheme may
        differ, since a proxy may have taken TLS off.
        """
        for value, host in (
            (b"http://example.com", b"example.com"),
            (b"http://EXAMPLE.com:80", b"example.COM"),
            (b"http://example.com", b"example.com:80"),
            (b"https://example.com", b"example.com"),
            (b"https://example.com", b"example.com:443"),
            (b"http://example.com:9090", b"example.com:9090"),
            (b"http://[::1]:9090", b"[::1]:9090"),
            (b"http://xn--bcher-kva.example", b"xn--bcher-kva.example"),
        ):
            self.assertTrue(isSame(value, host), (value, host))

    def test_notTheSame(self) -> None:
        """
        Another host or port, and what is no origin, is not the same.
        """
        for value, host in (
            (b"http://example.com", b"example.com:81"),
            (b"http://example.com:81", b"example.com"),
            (b"https://example.com", b"example.com:80"),
            (b"http://example.com", b"example.com."),
            (b"http://sub.example.com", b"example.com"),
            (b"http://example.com", b"example.com:"),
            (b"http://[::1]", b"[::2]"),
            (b"null", b"null"),
            (b"*", b"*"),
            (b"", b""),
            (b"http://b\xc3\xbccher.example", b"b\xc3\xbccher.example"),
        ):
            self.assertFalse(isSame(value, host), (value, host))
