"""
Tests of L{balws.cli.connect.search}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import search as module
from balws.cli.connect.history import History
from balws.cli.connect.line import Line
from balws.cli.connect.search import Search
from balws.cli.tables import widthOf


class SearchTests(SynchronousTestCase):
    """
    What is found while it is typed.
    """

    def setUp(self) -> None:
        self.history = History(None)
        for each in ("join red", "/ping", "join blue", "join blue too", "/close"):
            self.history.add(each)
        self.draft = Line()
        self.draft.insert("draft")
        self.draft.press("left")
        self.search = Search(self.history, self.draft, "")

    def press(self, *keys: str) -> str:
        """
        @return: the line, with C{|} where the cursor is.
        """
        for key in keys:
            self.assertTrue(self.search.press(key), key)
        line = self.search.line
        return f"{line.text[: line.cursor]}|{line.text[line.cursor :]}"

    def test_typed(self) -> None:
        """
        With each character it goes as far back as it must, and shows where it was found.
        """
        self.assertEqual(self.press(), "draf|t")
        self.assertEqual(self.press("j"), "|join blue too")
        self.assertEqual(self.press(*"oin "), "|join blue too")
        self.assertEqual(self.press("r"), "|join red")
        self.assertEqual((self.search.text, self.search.place), ("join r", 0))

    def test_erased(self) -> None:
        """
        A character less brings back what was found before it.
        """
        self.press(*"join r")
        self.assertEqual(self.press("backspace"), "|join blue too")
        self.assertEqual(self.press(*["backspace"] * 5), "draf|t")
        self.assertEqual(self.press("backspace"), "draf|t")
        self.assertEqual((self.search.text, self.search.place), ("", None))

    def test_older(self) -> None:
        """
        The same key once more finds older ones, Ctrl-S newer ones; at the end the last one stays, and the prompt
        says so.
        """
        self.press(*"jo")
        self.assertEqual(self.press("ctrl-r"), "|join blue")
        self.assertEqual(self.press("ctrl-r"), "|join red")
        self.assertEqual(self.search.lead(80), "(reverse-i-search)`jo': ")
        self.assertEqual(self.press("ctrl-r"), "|join red")
        self.assertEqual(self.search.lead(80), "(failed reverse-i-search)`jo': ")
        self.assertEqual(self.press("ctrl-s"), "|join blue")
        self.assertEqual(self.search.lead(80), "(reverse-i-search)`jo': ")

    def test_repeated(self) -> None:
        """
        A line that was entered several times is found once.
        """
        for each in ("x", "join blue", "join red", "join blue"):
            self.history.add(each)
        self.search = Search(self.history, self.draft, "")
        self.press(*"blue")
        self.assertEqual(self.press("ctrl-r"), "join |blue too")

    def test_none(self) -> None:
        """
        What stands nowhere leaves the line as it is; so does a history with nothing in it.
        """
        self.assertEqual(self.press(*"xyz", "ctrl-r", "ctrl-s"), "draf|t")
        self.assertEqual(self.search.lead(80), "(failed reverse-i-search)`xyz': ")
        self.search = Search(History(None), self.draft, "")
        self.assertEqual(self.press("j", "ctrl-r"), "draf|t")
        self.assertIsNone(self.search.place)

    def test_latest(self) -> None:
        """
        Ctrl-R twice searches for what was searched for the last time.
        """
        self.search = Search(self.history, self.draft, "red")
        self.assertEqual(self.press("ctrl-r"), "join |red")
        self.assertEqual(Search(self.history, self.draft, "").text, "")

    def test_others(self) -> None:
        """
        Other keys mean nothing here.
        """
        for key in ("left", "enter", "ctrl-g", "escape", "tab"):
            self.assertFalse(self.search.press(key))

    def test_longest(self) -> None:
        """
        What is searched for has an end.
        """
        self.patch(module, "MAX_TEXT", 4)
        self.search.add("join blue")
        self.search.add("x")
        self.assertEqual(self.search.text, "join")

    def test_narrow(self) -> None:
        """
        In a narrow window the words in front of the line are few, and what is searched for is shown from its end.
        """
        self.press(*"jo")
        self.assertEqual(self.search.lead(48), "(reverse-i-search)`jo': ")
        self.assertEqual(self.search.lead(47), "?jo: ")
        self.press("X", "世")
        self.assertEqual(self.search.lead(16), "!oX世: ")
        for columns in range(8, 100):
            self.assertLessEqual(widthOf(self.search.lead(columns)), columns // 2)

    def test_escaped(self) -> None:
        """
        What was pasted into it does not steer the terminal.
        """
        self.search.add("\x1b[2J\n")
        self.assertEqual(self.search.lead(100), "(failed reverse-i-search)`\\x1b[2J\\n': ")
        self.assertEqual(self.search.lead(20), "![2J\\n: ")
