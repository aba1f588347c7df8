"""
Tests of L{balws.cli.connect.prompt}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import prompt as module
from balws.cli.connect.history import History
from balws.cli.connect.prompt import Act, Pressed, Prompt
from balws.cli.connect.words import Words


class PromptTests(SynchronousTestCase):
    """
    Keys, and what is to be done.
    """

    def setUp(self) -> None:
        self.words = Words(("/ping", "/pong"))
        self.prompt = Prompt(History(Path(self.mktemp())), self.words)

    def press(self, *keys: str) -> Pressed:
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
