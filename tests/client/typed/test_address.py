"""
Tests of L{balws.client.typed.address}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.client.typed.address import urlOf
from balws.errors import Error


class AddressTests(SynchronousTestCase):
    """
    Where to connect.
    """

    def test_filled(self) -> None:
        """
        Parameters are put into the path, quoted, and into the query.
        """
        self.assertEqual(urlOf("ws://a:1/", "/chat", {}, {}), "ws://a:1/chat")
        self.assertEqual(urlOf("ws://a/v1", "chat/{x}", {"x": "a/b?#é"}, {}), "ws://a/v1/chat/a%2Fb%3F%23%C3%A9")
        self.assertEqual(
            urlOf("ws://a", "/", {}, {"n": 1, "b": True, "c": False, "l": ["x&", "y"], "none": None, "e": ""}),
            "ws://a/?n=1&b=true&c=false&l=x%26&l=y&e=",
        )

    def test_refused(self) -> None:
        """
        What would be another path is refused, and so is a server's URL with a query.
        """
        for value in ("", ".", ".."):
            self.assertRaises(Error, urlOf, "ws://a", "/{x}", {"x": value}, {})
        self.assertEqual(urlOf("ws://a", "/{x}", {"x": "..."}, {}), "ws://a/...")
        for url in ("ws://a?b", "ws://a#b"):
            self.assertRaises(Error, urlOf, url, "/", {}, {})
