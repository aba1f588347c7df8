"""
Tests of L{balws.cli.connect.history}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import history as module
from balws.cli.connect.history import History, historyPath


class HistoryTests(SynchronousTestCase):
    """
    A walk, and its file.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "balws" / "history"

    def walk(self, history: History, steps: str) -> list[str | None]:
        """
        @param steps: u for up and d for down.
        """
        return [history.older("draft") if each == "u" else history.newer() for each in steps]

    def test_walk(self) -> None:
        """
        Up goes back to the oldest, down comes back to what was being typed.
        """
        history = History(self.path)
        self.assertEqual(self.walk(history, "ud"), [None, None])
        for each in ("one", "two"):
            history.add(each)
        self.assertEqual(
            self.walk(history, "uuuddd"), ["two", "one", None, "two", "draft", None]
        )

    def test_notKept(self) -> None:
        """
        Not kept are empty lines, those that begin with a blank, repetitions, and very long ones.
        """
        history = History(self.path)
        for each in ("one", "one", "", " secret", "x" * 4097, "y" * 4096):
            history.add(each)
        self.assertEqual(self.walk(history, "uuu"), ["y" * 4096, "one", None])

    def test_file(self) -> None:
        """
        The next session finds them, those of several lines too, in a file of its owner's.
        """
        history = History(self.path)
        history.save()
        self.assertFalse(self.path.exists())
        for each in ("grüße", "two\nlines", "\ud800"):
            history.add(each)
        umask = os.umask(0)
        self.addCleanup(os.umask, umask)
        history.save()
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.path.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.walk(History(self.path), "uuuu"), ["\ud800", "two\nlines", "grüße", None])
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_together(self) -> None:
        """
        Two sessions at the same time lose none of their lines, and each keeps its own once.
        """
        one, two = History(self.path), History(self.path)
        one.add("of one")
        two.add("of two")
        one.save()
        two.save()
        two.save()
        self.assertEqual(self.walk(History(self.path), "uuu"), ["of two", "of one", None])

    def test_bounds(self) -> None:
        """
        Only the latest lines are kept.
        """
        self.patch(module, "MAX_LINES", 3)
        history = History(self.path)
        for number in range(4):
            history.add(str(number))
        self.assertEqual(self.walk(history, "uuuu"), ["3", "2", "1", None])
        history.save()
        again = History(self.path)
        again.add("4")
        again.save()
        self.assertEqual(self.walk(History(self.path), "uuuu"), ["4", "3", "2", None])

    def test_broken(self) -> None:
        """
        What is no line in the file is passed over.
        """
        self.path.parent.mkdir(parents=True)
        self.path.write_bytes(b'"good"\nno json\n7\n""\n\xff\n"' + b"x" * 5000 + b'"\n' + b"[" * 9999 + b"\n")
        self.assertEqual(self.walk(History(self.path), "uu"), ["good", None])

    def test_notWritten(self) -> None:
        """
        Where it cannot be written nothing is left behind.
        """
        history = History(self.path)
        history.add("one")
        self.path.mkdir(parents=True)
        self.assertRaises(OSError, history.save)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_place(self) -> None:
        """
        It is where the XDG directories want it.
        """
        self.assertEqual(historyPath({"XDG_STATE_HOME": "/state"}), Path("/state/balws/history"))
        usual = Path.home() / ".local/state/balws/history"
        self.assertEqual(historyPath({}), usual)
        self.assertEqual(historyPath({"XDG_STATE_HOME": "relative"}), usual)

    def test_noPlace(self) -> None:
        """
        Who has no folder walks through the lines of this session.
        """

        def home() -> Path:
            raise RuntimeError("nobody")

        self.patch(module.Path, "home", home)
        self.assertIsNone(historyPath({}))
        history = History(None)
        history.add("one")
        self.assertEqual(self.walk(history, "uu"), ["one", None])
        history.save()
