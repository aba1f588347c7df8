"""
Tests of L{balws.cli.connect.line}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import line as module
from balws.cli.connect.line import Line


def pressed(text: str, *keys: str) -> Line:
    """
    @return: a line with this text, after these keys.
    """
    line = Line()
    line.set(text)
    for key in keys:
        assert line.press(key), key
    return line


class EditingTests(SynchronousTestCase):
    """
    What keys do.
    """

    def check(self, text: str, *keys: str) -> None:
        """
        @param text: with C{|} where the cursor is.
        """
        line = pressed("one two, three", *keys)
        self.assertEqual(line.text[: line.cursor] + "|" + line.text[line.cursor :], text)

    def test_moves(self) -> None:
        """
        The cursor moves by characters and by words, and not beyond the ends.
        """
        self.check("one two, thre|e", "left")
        self.check("one two, three|", "left", "ctrl-f", "right")
        self.check("|one two, three", "home", "left", "ctrl-b")
        self.check("one two, three|", "ctrl-a", "ctrl-e")
        self.check("one two, |three", "word-left")
        self.check("one |two, three", "alt-b", "alt-b")
        self.check("one two|, three", "home", "word-right", "alt-f")
        self.check("|one two, three", *["word-left"] * 9)
        self.check("one two, three|", *["word-right"] * 9)

    def test_deletes(self) -> None:
        """
        What is deleted is in front of the cursor or behind it.
        """
        self.check("one two, thre|", "backspace")
        self.check("|ne two, three", "home", "backspace", "delete")
        self.check("one two, three|", "ctrl-d")
        self.check("one two, |", "ctrl-w")
        self.check("one |", "ctrl-w", "ctrl-w")
        self.check("one |", "alt-backspace", "alt-backspace")
        self.check("| two, three", "home", "alt-d")

    def test_yank(self) -> None:
        """
        What was cut comes back.
        """
        self.check("one two, three|one two, three", "ctrl-u", "ctrl-y", "home", "ctrl-y")
        self.check("one two, three|", "home", "ctrl-k", "backspace", "ctrl-k", "ctrl-y")

    def test_insert(self) -> None:
        """
        Text goes in where the cursor is; other keys mean nothing.
        """
        self.check("Xone two, three|", "home", "X", "end")
        self.assertFalse(Line().press("ctrl-q"))
        self.assertFalse(Line().press("alt-x"))

    def test_longest(self) -> None:
        """
        A line has an end.
        """
        self.patch(module, "MAX_LINE", 4)
        line = pressed("abc", "d", "e")
        self.assertEqual(line.text, "abcd")
        line.insert("xyz")
        self.assertEqual((line.text, line.cursor), ("abcd", 4))


class WindowTests(SynchronousTestCase):
    """
    What is shown of it.
    """

    def test_fits(self) -> None:
        """
        A line that fits with its cursor is shown whole.
        """
        self.assertEqual(pressed("abcdefg").window(8), ("abcdefg", 7))
        self.assertEqual(pressed("abcdefg", "home").window(8), ("abcdefg", 0))

    def test_scrolls(self) -> None:
        """
        One that does not is shown around the cursor, never over the room.
        """
        self.assertEqual(pressed("abcdefgh").window(8), ("cdefgh", 6))
        self.assertEqual(pressed("abcdefgh", "home").window(8), ("abcdefg", 0))
        text = "0123456789" * 10
        for back in range(len(text) + 1):
            shown, column = pressed(text, *["left"] * back).window(20)
            self.assertLess(len(shown), 20)
            self.assertIn(shown, text)
            place = len(text) - back
            self.assertEqual(shown[:column], text[place - column : place])

    def test_wide(self) -> None:
        """
        Columns count, not characters; what cannot be shown is shown as Python writes it.
        """
        shown, column = pressed("世" * 10).window(8)
        self.assertEqual((shown, column), ("世世世", 6))
        self.assertEqual(pressed("a\nb\x1b").window(20), ("a\\nb\\x1b", 8))
