"""
Tests of L{balws.wire.headers}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.headers import acceptKey, checkedFields, isKey, isToken, isValue, switching, tokens

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


class FieldTests(SynchronousTestCase):
    """
    What stands in header fields.
    """

    def test_tokens(self) -> None:
        """
        Lines and commas separate, blanks and empty elements do not count.
        """
        self.assertEqual(tokens([b"a, b", b" ,c\t,,"]), [b"a", b"b", b"c"])
        self.assertTrue(isToken(b"v1.chat"))
        for wrong in (b"", b"a b", b"a,b", b'"a"', b"\xe9"):
            self.assertFalse(isToken(wrong), wrong)

    def test_values(self) -> None:
        """
        No control characters but the tab.
        """
        self.assertTrue(isValue(b"a\tb \xe9"))
        for code in (*range(9), *range(10, 32), 127):
            self.assertFalse(isValue(b"a" + bytes((code,))), code)

    def test_keys(self) -> None:
        """
        16 bytes in base64, and the answer of RFC 6455 section 1.3.
        """
        self.assertTrue(isKey(KEY))
        for wrong in (b"", KEY[:-1], KEY + b"=", b"!" + KEY[1:], b"A" * 24, b"A" * 23 + b"="):
            self.assertFalse(isKey(wrong), wrong)
        self.assertEqual(acceptKey(KEY), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


class SwitchingTests(SynchronousTestCase):
    """
    The 101.
    """

    def test_switching(self) -> None:
        """
        The answer agrees with C{Upgrade} and C{Connection}, and names what was agreed on.
        """
        plain = switching(KEY, None, None, [])
        self.assertTrue(
            plain.startswith(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        )
        self.assertTrue(plain.endswith(b"\r\n\r\n"))
        full = switching(KEY, b"xml", b"permessage-deflate", [(b"X-A", b"b")])
        for line in (b"Sec-WebSocket-Protocol: xml", b"Sec-WebSocket-Extensions: permessage-deflate", b"X-A: b"):
            self.assertIn(line, full.split(b"\r\n"))

    def test_checkedFields(self) -> None:
        """
        What would break the answer is refused with the field's name.
        """
        self.assertEqual(
            checkedFields({"X-A": " b ", "X-Ü".replace("Ü", "U"): "ü"}), [(b"X-A", b"b"), (b"X-U", "ü".encode())]
        )
        for name, value in (
            ("X-A", "b\r\nX-B: c"),
            ("X A", "b"),
            ("X-Ü", "b"),
            ("Upgrade", "b"),
            ("sec-websocket-accept", "b"),
        ):
            error = self.assertRaises(ValueError, checkedFields, {name: value})
            self.assertIn(repr(name), str(error))
