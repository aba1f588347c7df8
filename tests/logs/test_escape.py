"""
Tests of L{balws.logs.escape}.
"""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from balws.logs.escape import FIELD, escaped


class EscapedTests(SynchronousTestCase):
    """
    Text of a peer's.
    """

    def test_printable(self) -> None:
        """
        What can be printed stays, in any script; so do backslashes, quotes and braces.
        """
        for text in ("", "a b", "Ünal 北京 😀", 'C:\\new "{format}" %s'):
            self.assertEqual(escaped(text), text)

    def test_notPrintable(self) -> None:
        """
        Ends of lines, terminal controls, turned writing and broken characters are written out
        (RL16)
        """
        for text, shown in (
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\x00\x07\x1b[2J\x7f\x85\x9b", "\\x00\\x07\\x1b[2J\\x7f\\x85\\x9b"),
            ("\x0b\x0c\x1c\u2028\u2029", "\\x0b\\x0c\\x1c\\u2028\\u2029"),
            ("\u202eabc\u2066\u200e\u200b\ufeff", "\\u202eabc\\u2066\\u200e\\u200b\\ufeff"),
            ("\ud800\udfff", "\\ud800\\udfff"),
            ("\u00a0\u3000\U000e0001", "\\xa0\\u3000\\U000e0001"),
        ):
            self.assertEqual(escaped(text), shown)
            self.assertEqual(escaped(shown), shown)

    def test_everyCharacter(self) -> None:
        """
        Of all the characters that there are none comes through that is not printable.
        """
        for start in range(0, sys.maxunicode + 1, 0x8000):
            text = "".join(map(chr, range(start, start + 0x8000)))
            shown = escaped(text, 2**20)
            self.assertTrue(shown.isprintable())
            self.assertEqual(shown.splitlines(), [shown])
            self.assertNotIn("in all", shown)

    def test_limit(self) -> None:
        """
        Up to 1 KiB of UTF-8 stays whole; what is longer is cut to that, and says how long it was
        (RL16)
        """
        for text in ("a" * 1023, "a" * 1024, "é" * 512, "\n" * 512, "😀" * 256):
            self.assertNotIn("in all", escaped(text))
        for text in ("a" * 1025, "é" * 513, "\n" * 513, "😀" * 257, "\x1b" * 1048576):
            shown = escaped(text)
            self.assertTrue(FIELD - 4 < len(shown.encode()) <= FIELD, len(shown))
            self.assertTrue(shown.endswith(f"... {len(text)} in all"), shown[-40:])

    def test_ownLimit(self) -> None:
        """
        The limit may be another.
        """
        self.assertEqual(escaped("a" * 20, 20), "a" * 20)
        self.assertEqual(escaped("a" * 21, 20), "a" * 7 + "... 21 in all")
