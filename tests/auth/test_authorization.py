"""
Tests of L{balws.auth.authorization}.
"""

from __future__ import annotations

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.authorization import MAX_BASIC, MAX_TOKEN, bearer, read
from balws.auth.credentials import BasicCredentials, BearerToken


def basic(pair: bytes) -> bytes:
    """
    @return: the field for a name and password.
    """
    return b"Basic " + b64encode(pair)


class BasicTests(SynchronousTestCase):
    """
    Names and passwords (RFC 7617).
    """

    def pair(self, value: bytes) -> tuple[bytes, bytes]:
        """
        @return: the name and the password that a field shows.
        """
        found = read(value)
        assert isinstance(found, BasicCredentials), found
        return found.username, found.password

    def test_sample(self) -> None:
        """
        The sample of RFC 7617 is read.
        """
        self.assertEqual(self.pair(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), (b"Aladdin", b"open sesame"))

    def test_password(self) -> None:
        """
        A password may have colons, letters of any language, and blanks at its ends (AB03).
        """
        for password in ("a:b", ":", "::", " x ", "gr\u00fcn", "\U0001f511", "x\n"):
            self.assertEqual(self.pair(basic(b"ada:" + password.encode())), (b"ada", password.encode()))

    def test_blanks(self) -> None:
        """
        Several blanks may stand between scheme and credentials, and behind them.
        """
        encoded = b64encode(b"ada:x")
        for value in (b"Basic  " + encoded, b"Basic " + encoded + b" "):
            self.assertEqual(self.pair(value), (b"ada", b"x"))

    def test_refused(self) -> None:
        """
        What is not as RFC 7617 has it is nobody (AB02).
        """
        for value in (
            b"Basic",
            b"Basic ",
            b"Basic ???",
            b"Basic QWxhZGRpbg",
            b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
            b"Basic QWxh\xc3\xa4",
            b"Basic YWRhOnh=",  # bits behind the end of "ada:x"
            b"Basic YWRhOng==",
            basic(b"ada"),
            basic(b""),
            basic(b":"),
            basic(b":x"),
            basic(b"ada:"),
            basic(b"ada:\0"),
            basic(b"a\0da:x"),
            basic(b"ada:\xff"),
            basic(b"ada:x") + b" more",
            basic(b"ada:x") + b",more",
        ):
            self.assertIsNone(read(value), value)

    def test_length(self) -> None:
        """
        The longest pair is 4096 characters of base64.
        """
        longest = MAX_BASIC // 4 * 3
        for more, isRead in ((0, True), (1, False), (1_000_000, False)):
            found = read(basic(b"ada:" + b"x" * (longest - 4 + more)))
            self.assertEqual(found is not None, isRead, more)


class BearerTests(SynchronousTestCase):
    """
    Tokens (RFC 6750).
    """

    def test_token(self) -> None:
        """
        A token is all that stands behind the scheme.
        """
        for token in ("mF_9.B5f-4.1JqM", "a.b.c", "x", "a=:,", "a+/=="):
            found = read(b"Bearer " + token.encode())
            assert isinstance(found, BearerToken), token
            self.assertEqual(found.token, token)

    def test_refused(self) -> None:
        """
        No token, two of them, or one of other than visible ASCII is nobody.
        """
        for value in (b"Bearer", b"Bearer ", b"Bearer a b", b"Bearer a\x7f", b"Bearer \xc3\xa4"):
            self.assertIsNone(read(value), value)

    def test_length(self) -> None:
        """
        The longest token is 8 KiB, wherever it comes from.
        """
        for length, isRead in ((MAX_TOKEN - 1, True), (MAX_TOKEN, True), (MAX_TOKEN + 1, False)):
            self.assertEqual(read(b"Bearer " + b"x" * length) is not None, isRead)
            self.assertEqual(bearer(b"x" * length) is not None, isRead)
        self.assertIsNone(bearer(b""))
        self.assertIsNone(bearer(b"a b"))


class SchemeTests(SynchronousTestCase):
    """
    Other schemes.
    """

    def test_case(self) -> None:
        """
        A scheme in other letters is another one, as in the reference library (AB02).
        """
        for scheme in (b"basic", b"BASIC", b"bearer", b"BEARER", b"Digest", b"Negotiate", b"", b"Basic:"):
            self.assertIsNone(read(scheme + b" " + b64encode(b"ada:x")), scheme)
        self.assertIsNone(read(b""))
        self.assertIsNone(read(b"Bearer\tx"))
