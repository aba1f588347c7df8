"""
Tests of L{balws.auth.jwt.compact}.
"""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.error import UnauthorizedLogin
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.jwt.compact import MAX_DEPTH, MAX_HEADER, MAX_VALUES, encode, parse, shown
from tests.auth.tokens import part, token

MAX_TOKEN = 8192

FORM = "Credential format does not match to JWT format."


def nestedIn(depth: int) -> bytes:
    """
    @return: an object that goes so deep.
    """
    return b'{"a":' * depth + b"1" + b"}" * depth


class ParseTests(SynchronousTestCase):
    """
    Taking a token apart.
    """

    def refusal(self, text: object) -> str:
        """
        @return: why it is refused.
        """
        return str(self.assertRaises(UnauthorizedLogin, parse, text))

    def test_parts(self) -> None:
        """
        A token has header, claims and signature; the signature is for the first two as they are written.
        """
        text = token(sub="alice", scope="read")
        found = parse(text)
        self.assertEqual(found.header, {"alg": "HS256", "typ": "JWT"})
        self.assertEqual(found.claims["scope"], "read")
        self.assertEqual(f"{found.signed.decode()}.{encode(found.signature).decode()}", text)
        self.assertNotIn("alice", repr(found))

    def test_exactlyThree(self) -> None:
        """
        Two parts, four, five, one and none are no token (JW02).
        """
        header, claims, signature = token().split(".")
        for text in (
            "",
            ".",
            header,
            f"{header}.{claims}",
            f"{header}.{claims}.{signature}.",
            f"{header}.{claims}.{signature}.{signature}",
            f"{header}.{claims}.{signature}.{signature}.{signature}",
            "." * 8000,
        ):
            self.assertEqual(self.refusal(text), FORM)
        for nothing in (None, b"a.b.c", 5):
            self.assertEqual(self.refusal(nothing), FORM)

    def test_strictLetters(self) -> None:
        """
        One token has one spelling: no padding, no blank, no line end, no other alphabet, no left-over bits.
        """
        header, claims, _ = token().split(".")
        parse(f"{header}.{claims}.Zg")
        for signature in ("Zg==", "Zg=", "Z g", "Zg\n", " Zg", "Z\tg", "Zh", "Z", "Zm8+", "Zm8/", "Zm8.", "Zé", "Z\0g"):
            self.assertEqual(self.refusal(f"{header}.{claims}.{signature}"), FORM, signature)
        self.assertEqual(self.refusal(f"{header}=.{claims}.Zg"), FORM)
        self.assertEqual(self.refusal(f"{header}.{claims}=.Zg"), FORM)
        self.assertEqual(parse(f"{header}.{claims}.").signature, b"")

    def test_size(self) -> None:
        """
        A token of 8192 bytes is read, one of 8193 is not.
        """
        start = f"{part({})}.{part(b'{ }')}."  # base64 has no text of 4n + 1 letters: not so here
        for size in (MAX_TOKEN - 1, MAX_TOKEN):
            parse(start + "A" * (size - len(start)))
        for size in (MAX_TOKEN + 1, MAX_TOKEN + 2, 10 * MAX_TOKEN):
            self.assertEqual(self.refusal(start + "A" * (size - len(start))), "The JWT is too large.")

    def test_sizeOfHeader(self) -> None:
        """
        A header of 2048 bytes is read, one of 2049 is not.
        """
        for size in (MAX_HEADER - 1, MAX_HEADER):
            parse(f"{part(b'{}' + b' ' * (size - 2))}.{part({})}.")
        text = f"{part(b'{}' + b' ' * (MAX_HEADER - 1))}.{part({})}."
        self.assertEqual(self.refusal(text), "The header of the JWT is too large.")

    def test_depth(self) -> None:
        """
        JSON goes sixteen deep and no deeper, whatever it is made of (JW10).
        """
        parse(f"{part({})}.{part(nestedIn(MAX_DEPTH))}.")
        for deep in (nestedIn(MAX_DEPTH + 1), nestedIn(900), b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}"):
            self.assertEqual(
                self.refusal(f"{part({})}.{part(deep)}."), "The payload of the JWT is not as JSON should be."
            )
        header = b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"
        self.assertEqual(self.refusal(f"{part(header)}.{part({})}."), "The header of the JWT is not as JSON should be.")

    def test_count(self) -> None:
        """
        A part has up to 1024 names and values.
        """
        # the object, its one name, the list
        parse(f"{part({})}.{part({'a': [0] * (MAX_VALUES - 3)})}.")
        self.refusal(f"{part({})}.{part({'a': [0] * (MAX_VALUES - 2)})}.")

    def test_notJson(self) -> None:
        """
        What is no object of JSON in UTF-8, or says something twice, is refused without a traceback, and the
        refusal shows nothing of it (JW10).
        """
        for data in (
            b"",
            b"canary",
            b"[]",
            b"null",
            b'"canary"',
            b"1",
            b"{",
            b"{}{}",
            b"{'a': 1}",
            b'{"canary": 1, "canary": 1}',
            b'{"a": {"canary": 1, "canary": 2}}',
            b'{"a": 1, "\\u0061": 2}',
            b'{"exp": 1e400}',
            b'{"exp": -1e400}',
            b'{"exp": NaN}',
            b'{"exp": Infinity}',
            b'{"exp": -Infinity}',
            b'{"exp": ' + b"9" * 4301 + b"}",
            b'{"exp": 01}',
            b'{"a": "\xff"}',
            b'\xef\xbb\xbf{"a": 1}',
            '{"a": 1}'.encode("utf-16"),
            '{"a": 1}'.encode("utf-32-le"),
            b'{"a": "\\ud800"}',
            b'{"\\udc00": 1}',
            b'{"a": "\n"}',
        ):
            problem = self.refusal(f"{part({})}.{part(data)}.")
            self.assertEqual(problem, "The payload of the JWT is not as JSON should be.", data)
            if len(data) <= MAX_HEADER:
                problem = self.refusal(f"{part(data)}.{part({})}.")
                self.assertEqual(problem, "The header of the JWT is not as JSON should be.", data)

    def test_json(self) -> None:
        """
        All other JSON is read as it is.
        """
        for value in ({"a": [1, 1.5, -3, True, None, "é", "\U0001f600", {"b": {}}]}, {"": 2**70}, {}):
            self.assertEqual(parse(f"{part({})}.{part(value)}.").claims, value)

    @settings(max_examples=300, deadline=None)
    @given(st.one_of(st.text(alphabet="AZaz09-_.=+/ é\n", max_size=60), st.text(max_size=60)))
    def test_anyText(self, text: str) -> None:
        """
        Whatever it is, it is a token or refused (JW10).
        """
        try:
            found = parse(text)
        except UnauthorizedLogin:
            return
        self.assertEqual(f"{found.signed.decode()}.{encode(found.signature).decode()}", text)

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=60), st.binary(max_size=60))
    def test_anyParts(self, header: bytes, claims: bytes) -> None:
        """
        Whatever the parts are, they are objects or refused (JW10).
        """
        try:
            found = parse(f"{part(header)}.{part(claims)}.")
        except UnauthorizedLogin:
            return
        self.assertEqual((found.header, found.claims), (json.loads(header), json.loads(claims)))


class ShownTests(SynchronousTestCase):
    """
    What the log shows of what a peer said.
    """

    def test_oneLine(self) -> None:
        """
        It is one short line in ASCII.
        """
        self.assertEqual(shown("alice"), "alice")
        self.assertEqual(shown('a\nb\0"é\u2028'), '\\n'.join(("a", 'b\\u0000\\"\\u00e9\\u2028')))
        self.assertEqual(shown("a" * 61), "a" * 60)
