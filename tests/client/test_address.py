"""
Tests of L{balws.client.address}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.client.address import Address
from balws.errors import Error

#: A URL and where it leads to: secure, host, port, target, authority.
GOOD = (
    ("ws://localhost", (False, "localhost", 80, b"/", b"localhost")),
    ("ws://localhost/", (False, "localhost", 80, b"/", b"localhost")),
    ("wss://localhost", (True, "localhost", 443, b"/", b"localhost")),
    ("ws://localhost:80/", (False, "localhost", 80, b"/", b"localhost")),
    ("ws://localhost:443/", (False, "localhost", 443, b"/", b"localhost:443")),
    ("wss://localhost:443/", (True, "localhost", 443, b"/", b"localhost")),
    ("wss://localhost:80/", (True, "localhost", 80, b"/", b"localhost:80")),
    ("ws://localhost:1/", (False, "localhost", 1, b"/", b"localhost:1")),
    ("ws://localhost:65535/", (False, "localhost", 65535, b"/", b"localhost:65535")),
    ("ws://localhost:/", (False, "localhost", 80, b"/", b"localhost")),
    ("WS://LocalHost/Path", (False, "localhost", 80, b"/Path", b"localhost")),
    ("wSs://localhost/", (True, "localhost", 443, b"/", b"localhost")),
    ("ws://127.0.0.1:9090/echo", (False, "127.0.0.1", 9090, b"/echo", b"127.0.0.1:9090")),
    ("ws://[::1]/", (False, "::1", 80, b"/", b"[::1]")),
    ("ws://[::1]:9090/a", (False, "::1", 9090, b"/a", b"[::1]:9090")),
    ("wss://[2001:DB8::7]:443/", (True, "2001:db8::7", 443, b"/", b"[2001:db8::7]")),
    ("ws://bücher.example/", (False, "xn--bcher-kva.example", 80, b"/", b"xn--bcher-kva.example")),
    ("ws://xn--bcher-kva.example/", (False, "xn--bcher-kva.example", 80, b"/", b"xn--bcher-kva.example")),
    ("ws://localhost?a=1", (False, "localhost", 80, b"/?a=1", b"localhost")),
    ("ws://localhost/a?", (False, "localhost", 80, b"/a", b"localhost")),
    ("ws://localhost/a/b/../c;d=1?x=1&y=2", (False, "localhost", 80, b"/a/b/../c;d=1?x=1&y=2", b"localhost")),
    ("ws://localhost//a", (False, "localhost", 80, b"//a", b"localhost")),
    ("ws://localhost/a?b?c", (False, "localhost", 80, b"/a?b?c", b"localhost")),
)

#: What a path or a query becomes in the request line.
ENCODED = (
    ("/é", b"/%C3%A9"),
    ("/€/𐍈", b"/%E2%82%AC/%F0%90%8D%88"),
    ("/a%20b", b"/a%20b"),
    ("/a%2Fb%2fc", b"/a%2Fb%2fc"),
    ('/a"b', b"/a%22b"),
    ("/<a>{b}|c^d`e\\f", b"/%3Ca%3E%7Bb%7D%7Cc%5Ed%60e%5Cf"),
    ("/-._~!$&'()*+,;=:@", b"/-._~!$&'()*+,;=:@"),
    ("/?ü=ö", b"/?%C3%BC=%C3%B6"),
    ("/?a=b+c&d=e%26f", b"/?a=b+c&d=e%26f"),
    ("/?a=/b:c@d", b"/?a=/b:c@d"),
    ('/?a="b"', b"/?a=%22b%22"),
)

#: A URL that cannot be, and what is said of it.
BAD = (
    ("xxx", "Malformed URL: xxx"),
    ("", "Malformed URL: "),
    ("/echo", "Malformed URL: /echo"),
    ("//localhost/echo", "Malformed URL: //localhost/echo"),
    ("127.0.0.1:9090/echo", "Illegal character in scheme name at index 0: 127.0.0.1:9090/echo"),
    ("http://localhost/", "WebSocket client supports only WS(S) scheme: http://localhost/"),
    ("https://localhost/", "WebSocket client supports only WS(S) scheme: https://localhost/"),
    ("localhost:9090/echo", "WebSocket client supports only WS(S) scheme: localhost:9090/echo"),
    ("file:///etc/passwd", "WebSocket client supports only WS(S) scheme: file:///etc/passwd"),
    ("wsx://localhost/", "WebSocket client supports only WS(S) scheme: wsx://localhost/"),
    ("ws://localhost/#top", "Malformed URL: ws://localhost/ has a fragment, which no server would see"),
    ("ws://localhost/#", "Malformed URL: ws://localhost/ has a fragment, which no server would see"),
    ("ws://localhost/?a=1#", "Malformed URL: ws://localhost/ has a fragment, which no server would see"),
    ("ws://", "Malformed URL: ws:// has no host, or one that is no name"),
    ("ws:///echo", "Malformed URL: ws:///echo has no host, or one that is no name"),
    ("ws://:9090/", "Malformed URL: ws://:9090/ has no host, or one that is no name"),
    ("ws:localhost", "Malformed URL: ws:localhost has no host, or one that is no name"),
    ("ws://localhost:0/", "Malformed URL: ws://localhost:0/ has the port 0"),
)

#: URLs that cannot be, where the words are Python's in part.
WRONG = (
    "ws://localhost:65536/",
    "ws://localhost:-1/",
    "ws://localhost:http/",
    "ws://localhost:80:80/",
    "ws://localhost: 80/",
    "ws://[::1/",
    "ws://::1]/",
    "ws://[localhost]/",
    "ws://[]/",
    "ws://a b/",
    "ws://localhost/a b",
    " ws://localhost/",
    "ws://localhost/ ",
    "ws://localhost/\t",
    "ws://localhost/\r\nX-Evil: 1",
    "ws://local\nhost/",
    "ws://localhost/\x00",
    "ws://localhost/\x7f",
    "ws://" + "ü" * 70 + ".example/",
    "ws://ü..example/",
)

#: Hosts that hold what no name and no address does (RFC 3986 section 3.2.2).
NO_HOSTS = ("a<b", 'a"b', "a\\b", "a|b", "a^b", "a`b", "a{b}", "a%0d%0ab")


class AddressTests(SynchronousTestCase):
    """
    From a URL to where it leads.
    """

    def test_parts(self) -> None:
        """
        Scheme, host, port, path and query, with what each is where the URL does not say it.
        """
        for url, expected in GOOD:
            found = Address.parse(url)
            self.assertEqual(
                (found.secure, found.host, found.port, found.target, found.authority), expected, url
            )
            self.assertEqual(found.url, url)

    def test_encoding(self) -> None:
        """
        What may not stand in a request line is percent-encoded, once.
        """
        for path, expected in ENCODED:
            self.assertEqual(Address.parse(f"ws://localhost{path}").target, expected)

    def test_bad(self) -> None:
        """
        A URL that cannot be is refused, with the words of the specification.
        """
        for url, words in BAD:
            self.assertEqual(str(self.assertRaises(Error, Address.parse, url)), words)

    def test_wrong(self) -> None:
        """
        Wrong ports, brackets, hosts, blanks and control characters are refused.
        """
        for url in WRONG:
            with self.assertRaises(Error) as raised:
                Address.parse(url)
            self.assertTrue(str(raised.exception).startswith("Malformed URL"), url)

    def test_noHosts(self) -> None:
        """
        A host with characters that no host has is refused: others may read it as something else.
        """
        for host in NO_HOSTS:
            with self.assertRaises(Error):
                Address.parse(f"ws://{host}/")

    def test_loneSurrogates(self) -> None:
        """
        Half a character is refused as every other URL that cannot be.
        """
        for url in ("ws://localhost/\ud800", "ws://localhost/?a=\udfff", "ws://a\ud800b/"):
            with self.assertRaises(Error):
                Address.parse(url)

    def test_noString(self) -> None:
        """
        What is no str is refused.
        """
        for url, kind in ((b"ws://localhost/", "bytes"), (None, "NoneType"), (80, "int")):
            problem = self.assertRaises(Error, Address.parse, url)
            self.assertEqual(str(problem), f"Malformed URL: a URL is a str, not {kind}")

    def test_passwords(self) -> None:
        """
        A user name or a password in a URL is refused, and not shown.
        """
        words = "Malformed URL: ws://***@localhost/ has a user name in it; credentials go into a header"
        for user in ("me:canary", "canary", ":canary", "", "a@canary", "a:b:canary", "can%40ary"):
            problem = self.assertRaises(Error, Address.parse, f"ws://{user}@localhost/")
            self.assertEqual(str(problem), words)

    def test_passwordsOfWrongUrls(self) -> None:
        """
        A password is not shown either where something else is wrong too.
        """
        for url in (
            "ws://me:canary@localhost:99999/",
            "ws://me:canary@localhost/ ",
            "ws://me:canary@[::1/",
            "http://me:canary@localhost/",
            "ws://me:canary@/",
            "ws://me:canary@localhost/#top",
            "ws://me:a canary@localhost/",
            "ws://me:canary@localhost:http/",
            "me:canary@localhost/p",
            "ws://me:can/canary@localhost/",
            "wss://localhost/?token=canary#f",
            "//me:canary@localhost/",
            "ws://a:canary@b@localhost:0/",
            "WS://me:canary@localhost/\ud800",
        ):
            problem = self.assertRaises(Error, Address.parse, url)
            self.assertNotIn("canary", str(problem), url)
