"""
Tests of L{balws.cli.connect.keys}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect.keys import Keys


def keysOf(*portions: bytes) -> list[str]:
    """
    @return: the keys of what comes in these portions.
    """
    keys = Keys()
    return [key for each in portions for key in keys.feed(each)]


class KeysTests(SynchronousTestCase):
    """
    From bytes to keys.
    """

    def test_text(self) -> None:
        """
        A character is itself, however its bytes come.
        """
        data = "aß世😀".encode()
        self.assertEqual(keysOf(data), ["a", "ß", "世", "😀"])
        self.assertEqual(keysOf(*(bytes((each,)) for each in data)), ["a", "ß", "世", "😀"])
        self.assertEqual(keysOf(b"a\xffb"), ["a", "\ufffd", "b"])

    def test_controls(self) -> None:
        """
        Control characters have names.
        """
        self.assertEqual(
            keysOf(b"\r\n\t\x7f\x08\x01\x03\x04\x1a"),
            ["enter", "enter", "tab", "backspace", "backspace", "ctrl-a", "ctrl-c", "ctrl-d", "ctrl-z"],
        )

    def test_sequences(self) -> None:
        """
        So have the keys that send several bytes, in the spellings of several terminals.
        """
        for data, key in (
            (b"\x1b[A", "up"),
            (b"\x1bOB", "down"),
            (b"\x1b[C", "right"),
            (b"\x1b[D", "left"),
            (b"\x1b[1;5C", "word-right"),
            (b"\x1b[1;3D", "word-left"),
            (b"\x1b[H", "home"),
            (b"\x1bOF", "end"),
            (b"\x1b[1~", "home"),
            (b"\x1b[8~", "end"),
            (b"\x1b[3~", "delete"),
            (b"\x1bb", "alt-b"),
            (b"\x1b\x7f", "alt-backspace"),
        ):
            self.assertEqual(keysOf(data + b"x"), [key, "x"], data)
            self.assertEqual(keysOf(*(bytes((each,)) for each in data)), [key], data)

    def test_unknown(self) -> None:
        """
        Keys that mean nothing here leave nothing behind, and none is too long.
        """
        self.assertEqual(keysOf(b"\x1b[15~x\x1b[1;2Px"), ["x", "x"])
        self.assertEqual(keysOf(b"\x1b\x1b[Ax"), ["up", "x"])
        self.assertEqual(keysOf(b"\x1b[" + b"1" * 29 + b"Ax"), ["up", "x"])
        self.assertEqual(keysOf(b"\x1b[" + b"1" * 30 + b"Ax"), ["A", "x"])

    def test_paste(self) -> None:
        """
        What is pasted is text, the ends of its lines and tabs too.
        """
        self.assertEqual(
            keysOf(b"\x1b[200~a\r\tb\x03\x1b[201~\rc"), ["a", "\n", "\t", "b", "\x03", "enter", "c"]
        )
