"""
Tests of L{balws.config.origin}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.config.origin import origin
from balws.config.values import Unfit


class OriginTests(SynchronousTestCase):
    """
    Entries of allowedOrigins are kept as browsers write them.
    """

    def test_kept(self) -> None:
        """
        A serialised origin, the star and null stay as they are.
        """
        for value in (
            "https://example.com",
            "http://localhost:8080",
            "https://[::1]:8443",
            "http://127.0.0.1",
            "chrome-extension://abcdefghijklmnop",
            "https://xn--bcher-kva.example",
            "http://a:1",
            "http://a:65535",
            "*",
            "null",
        ):
            self.assertEqual(origin(value), value)

    def test_normalised(self) -> None:
        """
        Capital letters and the scheme's own port, which browsers leave out, are dropped.
        """
        for value, kept in (
            ("HTTPS://Example.COM", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:80", "http://example.com"),
            ("https://example.com:80", "https://example.com:80"),
            ("http://example.com:443", "http://example.com:443"),
            ("http://a:08080", "http://a:8080"),
        ):
            self.assertEqual(origin(value), kept)

    def test_refused(self) -> None:
        """
        What no browser would send as an origin is refused, for it would never match.
        """
        for value in (
            "example.com",
            "https://example.com/",
            "https://example.com/page",
            "https://user@example.com",
            "https://*.example.com",
            "https://bücher.example",
            "https://",
            "https://a:",
            "https://a:0",
            "https://a:65536",
            "https://[::1",
            "https://[1.2.3]",
            "https://a b",
            "https://a\n",
            "",
            "NULL",
            5,
            None,
        ):
            self.assertRaises(Unfit, origin, value)

    def test_refusedAsValueError(self) -> None:
        """
        The gate, which reads what peers send as Origin with this check, expects a C{ValueError}.
        """
        with self.assertRaises(ValueError):
            origin("https://example.com/")
