"""
Tests of L{balws.cli.connect.keys}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect.keys import Keys, Pasted


def keysOf(*portions: bytes) -> list[str | Pasted]:
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
            keysOf(b"\r\n\t\x7f\x08\x01\x03\x04\x1a\x1f\x00"),
            ["enter", "enter", "tab", *["backspace"] * 2, *(f"ctrl-{each}" for each in "acdz_@")],
        )

    def test_quoted(self) -> None:
        """
        What comes behind Ctrl-V is text, but for keys that are a sequence: what is pasted begins with one.
        """
        self.assertEqual(keysOf(b"\x16\t\x16\r\x16\x1b[A\x16", b"\x16\x03"), ["\t", "\n", "up", "\x16", "ctrl-c"])

    def test_escape(self) -> None:
        """
        Whether ESC is a key of itself shows when nothing comes behind it.
        """
        keys = Keys()
        self.assertEqual(list(keys.feed(b"a\x1b")), ["a"])
        self.assertTrue(keys.isUndecided)
        self.assertEqual(keys.decide(), "escape")
        self.assertFalse(keys.isUndecided)
        self.assertEqual(list(keys.feed(b"b\x1b[")), ["b"])
        self.assertFalse(keys.isUndecided)

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
            (b"\x1b[3;5~", "alt-d"),
            (b"\x1b[3;2~", "delete"),
            (b"\x1bb", "alt-b"),
            (b"\x1bB", "alt-b"),
            (b"\x1b\x08", "alt-backspace"),
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
        What is pasted is text, tabs and whatever else would be a key too; its lines end in one way.
        """
        self.assertEqual(
            keysOf(b"x\x1b[200~a\r\tb\x03\x1b[A\x1b\x16c\r\nd\n\re\x1b[201~\rc"),
            ["x", Pasted("a\n\tb\x03\x1b[A\x1b\x16c\nd\n\ne", True), "enter", "c"],
        )
        self.assertEqual(keysOf(b"\x1b[200~\x1b[201~a"), ["a"])

    def test_pasteBehind(self) -> None:
        """
        No key that was begun before makes keys of what is pasted.
        """
        for begun in (b"\x16", b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[1;", b"\x1b[200"):
            self.assertEqual(keysOf(begun + b"\x1b[200~/quit\r\x1b[201~"), [Pasted("/quit\n", True)], begun)

    def test_portions(self) -> None:
        """
        It may come in portions of any length, and several times.
        """
        data = b"\x1b[200~one\r\ntwo\x1b[20\r\x1b[201~\x1b[200~x\x1b[201~\r"
        for size in range(1, len(data)):
            text = ""
            for key in keysOf(*(data[place : place + size] for place in range(0, len(data), size))):
                self.assertFalse(isinstance(key, Pasted) and key.isFirst and text not in ("", "one\ntwo\x1b[20\n"))
                text += key.text if isinstance(key, Pasted) else key
            self.assertEqual(text, "one\ntwo\x1b[20\nxenter", size)

    def test_undecidedWithinPaste(self) -> None:
        """
        An ESC at the end of a portion is no key.
        """
        keys = Keys()
        self.assertEqual(list(keys.feed(b"\x1b[200~a\x1b")), [Pasted("a", True)])
        self.assertFalse(keys.isUndecided)
        self.assertEqual(list(keys.feed(b"b\x1b[201~")), [Pasted("\x1bb", False)])
