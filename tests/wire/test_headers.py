"""
Tests of L{balws.wire.headers}.
"""

from __future__ import annotations

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.headers import (
    RESERVED,
    acceptKey,
    checkedFields,
    isKey,
    isToken,
    isValue,
    switching,
    tokens,
)

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class FieldTests(SynchronousTestCase):
    """
    What may stand in a header field.
    """

    def test_token(self) -> None:
        """
        A token is made of the characters of RFC 9110 section 5.6.2 and has at least one.
        """
        allowed = set(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        for number in range(256):
            self.assertEqual(isToken(bytes([number])), number in allowed, number)
            self.assertEqual(isToken(b"a" + bytes([number])), number in allowed, number)
        self.assertFalse(isToken(b""))
        self.assertFalse(isToken(b"token\n"))

    def test_value(self) -> None:
        """
        A value has no control characters but tabs (RFC 9110 section 5.5), not even at its
        end; it may be empty.
        """
        refused = {*range(32), 127} - {9}
        for number in range(256):
            self.assertEqual(isValue(bytes([number])), number not in refused, number)
            self.assertEqual(isValue(b"a" + bytes([number])), number not in refused, number)
        self.assertTrue(isValue(b""))

    def test_tokens(self) -> None:
        """
        The elements of a list's lines in order, without the blanks around them and without
        empty ones (RFC 9110 section 5.6.1).
        """
        self.assertEqual(tokens([b"a, b,c\t,\td", b" , ,", b"", b"e f"]), [b"a", b"b", b"c", b"d", b"e f"])
        self.assertEqual(tokens([]), [])
        # What only str.strip() takes for a blank is no blank.
        self.assertEqual(
            tokens([b"websocket\x0b", b"\x1cwebsocket", b"\x85x"]),
            [b"websocket\x0b", b"\x1cwebsocket", b"\x85x"],
        )


class KeyTests(SynchronousTestCase):
    """
    The key of the handshake.
    """

    def test_accept(self) -> None:
        """
        The sample of RFC 6455 section 1.3.
        """
        self.assertEqual(acceptKey(KEY), ACCEPT)

    def test_keys(self) -> None:
        """
        A key is the base64 form of 16 bytes, whatever they are.
        """
        for raw in (bytes(16), b"\xff" * 16, bytes(range(16)), b"\xfb\xef\xbe" * 5 + b"+"):
            self.assertTrue(isKey(b64encode(raw)), raw)
        self.assertTrue(isKey(KEY))

    def test_otherKeys(self) -> None:
        """
        Other lengths, other alphabets, other paddings and blanks are not.
        """
        for value in (
            b"",
            b64encode(bytes(15)),
            b64encode(bytes(17)),
            b64encode(bytes(18)),
            b"A" * 24,
            b"A" * 23 + b"=",
            b"A" * 21 + b"===",
            b"=" * 24,
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ= ",
            b" GhlIHNhbXBsZSBub25jZQ==",
            b"dGhl\nHNhbXBsZSBub25jZQ==",
            b"dGhl-HNhbXBsZSBub25jZQ==",
            b"dGhl_HNhbXBsZSBub25jZQ==",
            b"dGhl=HNhbXBsZSBub25jZQ==",
            b"dGhl\xe9HNhbXBsZSBub25jZQ==",
            KEY + b",",
            KEY + KEY,
        ):
            self.assertFalse(isKey(value), value)

    def test_spareBits(self) -> None:
        """
        The four bits that 16 bytes leave over in 22 letters may be anything: clients that do
        not clear them have sent 16 bytes all the same, and the answer proves what they sent.
        """
        self.assertTrue(isKey(b"dGhlIHNhbXBsZSBub25jZR=="))
        self.assertNotEqual(acceptKey(b"dGhlIHNhbXBsZSBub25jZR=="), ACCEPT)


class CheckedFieldsTests(SynchronousTestCase):
    """
    Fields that an application adds to the answer.
    """

    def test_good(self) -> None:
        """
        Names are ASCII, values UTF-8, without the blanks around them.
        """
        self.assertEqual(
            checkedFields({"X-Room": "1", "x_y": "  grün\t", "Empty": ""}),
            [(b"X-Room", b"1"), (b"x_y", "grün".encode()), (b"Empty", b"")],
        )
        self.assertEqual(checkedFields({}), [])

    def test_otherTypes(self) -> None:
        """
        A value that is no str is written as str would write it.
        """
        self.assertEqual(checkedFields({"X-Number": 5}), [(b"X-Number", b"5")])  # type: ignore[dict-item]

    def test_injection(self) -> None:
        """
        Nothing of what an application was given by somebody else becomes another field.
        """
        for value in (
            "a\r\nEvil: 1",
            "a\nEvil: 1",
            "a\rEvil: 1",
            "a\0b",
            "a\x0bb",
            "a\x7fb",
            "a\r\n\r\nbody",
            "\x1b[0m",
        ):
            error = self.assertRaises(ValueError, checkedFields, {"X-Good": "1", "X-Bad": value})
            self.assertEqual(str(error), "header 'X-Bad' has a control character in its value")

    def test_lineEndsAround(self) -> None:
        """
        Line ends around a value are blanks, and gone.
        """
        self.assertEqual(checkedFields({"X-Line": "\r\n a \r\n"}), [(b"X-Line", b"a")])

    def test_names(self) -> None:
        """
        A name that would break the answer is refused, and named.
        """
        for name in ("", "a b", "a:", "X\r\nEvil", "a\n", "(a)", " a", "a\0"):
            error = self.assertRaises(ValueError, checkedFields, {name: "1"})
            self.assertEqual(str(error), f"header {name!r} has a name that is not a token")

    def test_unwritable(self) -> None:
        """
        So is what no bytes can be made of.
        """
        for name, value in (("X-Grün", "1"), ("\ud800", "1"), ("X-Half", "\ud800")):
            error = self.assertRaises(ValueError, checkedFields, {name: value})
            self.assertEqual(
                str(error), f"header {name!r} cannot be written: its name is ASCII, its value Unicode"
            )

    def test_reserved(self) -> None:
        """
        What the handshake says itself nobody else says, in any spelling.
        """
        for name in RESERVED:
            for spelling in (name.decode(), name.decode().title(), name.decode().upper()):
                error = self.assertRaises(ValueError, checkedFields, {spelling: "1"})
                self.assertEqual(str(error), f"header {spelling!r} belongs to the handshake")


class SwitchingTests(SynchronousTestCase):
    """
    The answer 101.
    """

    def test_least(self) -> None:
        """
        An answer with nothing but the handshake.
        """
        self.assertEqual(
            switching(KEY, None, None, []),
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n",
        )

    def test_switching(self) -> None:
        """
        The answer agrees with C{Upgrade} and C{Connection}, and names what was agreed on:
        the sub-protocol, the extension and further fields follow, in order.
        """
        answer = switching(
            KEY, b"xml", b"permessage-deflate", [(b"X-A", b"1"), (b"Set-Cookie", b"a"), (b"Set-Cookie", b"b")]
        )
        self.assertTrue(
            answer.endswith(
                b"\r\nSec-WebSocket-Protocol: xml\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                b"X-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n"
            )
        )
        self.assertEqual(answer.count(b"\r\n\r\n"), 1)
