"""
Tests of L{balws.cli.connect.words}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import words as module
from balws.cli.connect.words import Words


class WordsTests(SynchronousTestCase):
    """
    What Tab finds.
    """

    def setUp(self) -> None:
        self.words = Words(("/ping", "/pong", "/help"))

    def test_commands(self) -> None:
        """
        At the beginning of a line it completes commands, as far as only one can be meant.
        """
        self.assertEqual(self.words.complete("/h"), ("elp ", []))
        self.assertEqual(self.words.complete("/p"), ("", ["/ping", "/pong"]))
        self.assertEqual(self.words.complete("/x"), ("", []))
        self.assertEqual(self.words.complete("//h"), ("", []))

    def test_seen(self) -> None:
        """
        Elsewhere it completes words and keys that were seen.
        """
        self.words.see('{"temperature": 1, "température": 2, "tone": 3}')
        self.assertEqual(self.words.complete("set to"), ("ne", []))
        self.assertEqual(self.words.complete('{"te'), ("mp", []))
        self.assertEqual(self.words.complete("temp"), ("", ["temperature", "température"]))
        self.assertEqual(self.words.complete("/ping tone"), ("", []))
        self.assertEqual(self.words.complete("t, "), ("", []))
        self.assertEqual(self.words.complete(""), ("", []))

    def test_arguments(self) -> None:
        """
        Behind a command it completes what that takes, where somebody knows.
        """
        words = Words(("/json", "/ping"), {"/json": lambda begun: [each for each in ("off", "on") if begun in each]})
        words.see("once")
        self.assertEqual(words.complete("/json "), ("o", []))
        self.assertEqual(words.complete("/json o"), ("", ["off", "on"]))
        self.assertEqual(words.complete("/json of"), ("f", []))
        self.assertEqual(words.complete("/json once"), ("", []))
        self.assertEqual(words.complete("/ping on"), ("ce", []))

    def test_which(self) -> None:
        """
        Words have 3 to 64 letters.
        """
        self.words.see(f"ab abc {'d' * 64} {'e' * 200}")
        self.assertEqual(self.words.complete("a"), ("bc", []))
        self.assertEqual(self.words.complete("d"), ("d" * 63, []))
        self.assertEqual(self.words.complete("e"), ("e" * 7, []))

    def test_bounds(self) -> None:
        """
        The latest are remembered.
        """
        self.patch(module, "MAX_WORDS", 2)
        self.words.see("first second")
        self.words.see("first third")
        self.assertEqual(self.words.complete("fi"), ("rst", []))
        self.assertEqual(self.words.complete("th"), ("ird", []))
        self.assertEqual(self.words.complete("se"), ("", []))
