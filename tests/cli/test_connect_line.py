"""
Tests of L{balws.cli.connect.line}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import line as module
from balws.cli.connect.line import Line
from balws.cli.tables import widthOf


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

    def test_yankTogether(self) -> None:
        """
        What was cut in a row comes back together, in its order; a move in between makes it two.
        """
        self.check("one two, three|", "ctrl-w", "ctrl-w", "ctrl-y")
        self.check("one two, three|", *["word-left"] * 2, "alt-d", "ctrl-k", "ctrl-y")
        self.check("one two, three|", *["word-left"] * 2, "ctrl-w", "ctrl-k", "ctrl-y")
        self.check("three|one two, ", "ctrl-w", "home", "ctrl-y")

    def test_yankOther(self) -> None:
        """
        Alt-Y puts in what was cut before, and means nothing unless something was put in.
        """
        cut = ("ctrl-w", "left", "right", "ctrl-w")
        self.check("one two, |", *cut, "ctrl-y")
        self.check("one three|", *cut, "ctrl-y", "alt-y")
        self.check("one two, |", *cut, "ctrl-y", "alt-y", "alt-y")
        self.check("one |", *cut, "alt-y")
        self.check("one |", *cut, "alt-y", "alt-y")
        self.check("|one two, ", *cut, "ctrl-y", "home", "alt-y", "alt-y")
        self.check("one two, |", *cut, "ctrl-y", "end", "alt-y")

    def test_swap(self) -> None:
        """
        Ctrl-T swaps two characters, with their accents, and goes on; at the end the last two.
        """
        self.check("one two, trh|ee", *["left"] * 3, "ctrl-t")
        self.check("one two, thr|ee", *["left"] * 3, "ctrl-t", "ctrl-_", "right")
        self.check("one two, threx|e", "x", "ctrl-t", "left")
        self.check("noe| two, three", "home", "right", "ctrl-t", "right")
        self.check("|one two, three", "home", "ctrl-t")
        for text, swapped in (("", ""), ("a", "a"), ("ae\u0301", "e\u0301a"), ("世a", "a世")):
            line = pressed(text, "ctrl-t")
            self.assertEqual((line.text, line.cursor), (swapped, len(text)))

    def test_undo(self) -> None:
        """
        Each step is undone with the cursor where it was; what was typed in a row in one, up to 20 characters.
        """
        self.check("one two, three|", "ctrl-w", "ctrl-w", "ctrl-_", "ctrl-_", "ctrl-_")
        self.check("one two, |three", "word-left", "x", "y", "left", "delete", "ctrl-_", "ctrl-_")
        self.check("one two, threex|", "x", "left", "right", "y", "ctrl-_")
        self.check("one two, three" + "x" * 20 + "|", *"x" * 21, "ctrl-_")
        self.check("one two, three|", *"x" * 21, "ctrl-_", "ctrl-_")
        self.check("|one two, three", "home", "ctrl-k", "ctrl-y", "ctrl-_", "ctrl-_", "ctrl-a")
        self.check("one two, three|", "ctrl-w", "home", "ctrl-k", "ctrl-y", "alt-y", *["ctrl-_"] * 4)

    def test_undoInserted(self) -> None:
        """
        What was put in at once is undone at once, in several portions too; another line begins anew.
        """
        line = pressed("a", "b")
        line.insert("cd")
        line.insert("ef", True)
        line.press("g")
        found = []
        for _ in range(4):
            found.append(line.text)
            line.press("ctrl-_")
        self.assertEqual(found, ["abcdefg", "abcdef", "ab", "a"])
        line.press("x")
        line.set("y")
        line.press("ctrl-_")
        self.assertEqual(line.text, "y")

    def test_accents(self) -> None:
        """
        A character and the accents upon it are one, and part of one word.
        """
        text = "cafe\u0301s"
        for keys, cursor in ((("left",), 5), (("left", "left"), 3), (("home", *["right"] * 4), 5), (("word-left",), 0)):
            self.assertEqual(pressed(text, *keys).cursor, cursor, keys)
        self.assertEqual(pressed(text, "left", "backspace").text, "cafs")
        self.assertEqual(pressed(text, "left", "left", "delete").text, "cafs")
        self.assertEqual(pressed("\u0301", "left", "delete").text, "")

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
        self.assertEqual(pressed("世" * 10, "home").window(8), ("世世世", 0))
        self.assertEqual(pressed("a" + "世" * 10, "home").window(8), ("a世世世", 0))
        self.assertEqual(pressed("😀" * 4).window(8), ("😀😀😀", 6))
        self.assertEqual(pressed("e\u0301" * 7).window(8), ("e\u0301" * 7, 7))
        self.assertEqual(pressed("a\nb\x1b").window(20), ("a\\nb\\x1b", 8))

    def test_edges(self) -> None:
        """
        Whatever stands at an edge, no more columns are taken than there are, and no accent is left without what it
        is upon.
        """
        text = "ae\u0301世e\u0301\u0302😀\n" * 6
        for room in range(4, 24):
            for place in range(len(text) + 1):
                line = pressed(text)
                line.cursor = place
                shown, column = line.window(room)
                self.assertLess(widthOf(shown), room)
                self.assertLess(column, room)
                if place and widthOf(text[place : place + 1]):
                    self.assertTrue(widthOf(shown[:1]), (room, place))
