"""
Tests of L{balws.cli.connect.prompt}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import prompt as module
from balws.cli.connect.history import History
from balws.cli.connect.keys import Pasted
from balws.cli.connect.prompt import Act, Pressed, Prompt
from balws.cli.connect.words import Words


class PromptTests(SynchronousTestCase):
    """
    Keys, and what is to be done.
    """

    def setUp(self) -> None:
        self.words = Words(("/ping", "/pong"))
        self.prompt = Prompt(History(Path(self.mktemp())), self.words)

    def press(self, *keys: str | Pasted) -> Pressed:
        for key in keys:
            pressed = self.prompt.press(key)
        return pressed

    def test_enter(self) -> None:
        """
        A line is entered, comes back by the arrow, and its words are completed.
        """
        self.assertEqual(self.press(*"hello", "enter"), Pressed(Act.ENTER, "hello"))
        self.assertEqual(self.prompt.line.text, "")
        self.press(*"dra", "up")
        self.assertEqual(self.prompt.line.text, "hello")
        self.press("up", "ctrl-n", "down")
        self.assertEqual(self.prompt.line.text, "dra")
        self.press("ctrl-u", *"hel", "tab")
        self.assertEqual(self.prompt.line.text, "hello")

    def test_cancel(self) -> None:
        """
        A line that was given up is not kept, and the walk through the others begins anew.
        """
        self.press(*"one", "enter", *"two", "enter", "up", "up")
        self.assertEqual(self.press("ctrl-c"), Pressed(Act.CANCEL, "one"))
        self.press("up")
        self.assertEqual(self.prompt.line.text, "two")

    def test_leave(self) -> None:
        """
        Ctrl-C twice without anything in between leaves, and Ctrl-D at once, on an empty line.
        """
        self.assertEqual(self.press("ctrl-c").act, Act.ASK)
        self.assertEqual(self.press("ctrl-c").act, Act.LEAVE)
        self.assertEqual(self.press("ctrl-c", "a", "backspace", "ctrl-c").act, Act.ASK)
        self.assertEqual(self.press("ctrl-d").act, Act.LEAVE)
        self.assertEqual(self.press("a", "home", "ctrl-d").act, Act.NOTHING)
        self.assertEqual(self.prompt.line.text, "")

    def shown(self) -> str:
        """
        @return: the line and what stands in front of it, with C{|} where the cursor is.
        """
        line = self.prompt.line
        return f"{self.prompt.lead(80)}{line.text[: line.cursor]}|{line.text[line.cursor :]}"

    def test_search(self) -> None:
        """
        Ctrl-R searches, and Enter enters what was found.
        """
        self.press(*"one", "enter", *"two", "enter", *"draft", "ctrl-r")
        self.assertEqual(self.shown(), "(reverse-i-search)`': draft|")
        self.assertTrue(self.prompt.isSearching)
        self.press("n")
        self.assertEqual(self.shown(), "(reverse-i-search)`n': o|ne")
        self.assertEqual(self.press("enter"), Pressed(Act.ENTER, "one"))
        self.assertEqual(self.shown(), "> |")
        self.assertFalse(self.prompt.isSearching)
        self.press("ctrl-r", "ctrl-r")
        self.assertEqual(self.shown(), "(reverse-i-search)`n': o|ne")

    def test_searchTaken(self) -> None:
        """
        Escape takes what was found, and so does a key that edits, and does it; the arrows walk on from there and
        come back to what was being typed.
        """
        self.press(*"one", "enter", *"two", "enter", *"three", "enter", *"draft", "ctrl-r", "w", "escape")
        self.assertEqual(self.shown(), "> t|wo")
        self.press("ctrl-k")
        self.assertEqual(self.shown(), "> t|")
        self.press("up")
        self.assertEqual(self.shown(), "> one|")
        self.press(*["down"] * 3)
        self.assertEqual(self.shown(), "> draft|")
        self.press("ctrl-r", "w", "delete")
        self.assertEqual(self.shown(), "> t|o")

    def test_searchLeft(self) -> None:
        """
        Ctrl-G gives back what was there, with all that can be undone; so does a search that finds nothing.
        """
        self.press(*"one", "enter", *"dr", "left", "ctrl-r", "o")
        self.assertEqual(self.shown(), "(reverse-i-search)`o': |one")
        self.press("ctrl-g")
        self.assertEqual(self.shown(), "> d|r")
        self.press("ctrl-r", "x", "escape")
        self.assertEqual(self.shown(), "> d|r")
        self.press("ctrl-_")
        self.assertEqual(self.shown(), "> |")

    def test_searchGivenUp(self) -> None:
        """
        Ctrl-C gives up what was found.
        """
        self.press(*"one", "enter", "ctrl-r", "o")
        self.assertEqual(self.press("ctrl-c"), Pressed(Act.CANCEL, "one"))
        self.assertEqual(self.shown(), "> |")

    def test_pasted(self) -> None:
        """
        What is pasted goes into the line at once, or into what is searched for, and is undone at once.
        """
        self.press(*"one two", "enter", "a", Pasted("b\nc", True), Pasted("d", False))
        self.assertEqual(self.shown(), "> ab\ncd|")
        self.press("ctrl-_")
        self.assertEqual(self.shown(), "> a|")
        self.press("ctrl-r", Pasted("two", True))
        self.assertEqual(self.shown(), "(reverse-i-search)`two': one |two")

    def test_others(self) -> None:
        """
        The shell's keys for the screen and the job, and lists of words that have an end.
        """
        self.assertEqual(self.press("ctrl-l").act, Act.CLEAR)
        self.assertEqual(self.press("ctrl-z").act, Act.SUSPEND)
        self.assertEqual(self.press("/", "tab"), Pressed(Act.NOTHING))
        self.assertEqual(self.prompt.line.text, "/p")
        self.assertEqual(self.press("tab"), Pressed(Act.LIST, "/ping  /pong"))
        self.patch(module, "MAX_LISTED", 1)
        self.assertEqual(self.press("tab"), Pressed(Act.LIST, "/ping"))
