"""
Tests of L{balws.config.paths}.
"""

from __future__ import annotations

import contextvars
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.config.paths import filePath, relativeTo
from balws.config.values import Unfit


class PathTests(SynchronousTestCase):
    """
    Where paths of files start.
    """

    def test_code(self) -> None:
        """
        In code they stay as they are, and start at the working directory.
        """
        for path in ("users.toml", "./a/b", "../a", "/etc/users"):
            self.assertEqual(filePath(path), path)
        self.assertEqual(filePath(Path("a") / "b"), str(Path("a") / "b"))

    def test_file(self) -> None:
        """
        In a file they start at its folder, unless they start at the root.
        """
        folder = Path("/etc/balws")
        with relativeTo(folder):
            self.assertEqual(filePath("users.toml"), str(folder / "users.toml"))
            self.assertEqual(filePath("../a"), str(folder / ".." / "a"))
            self.assertEqual(filePath("/etc/users"), "/etc/users")
            self.assertEqual(filePath(Path("a")), str(folder / "a"))
        self.assertEqual(filePath("users.toml"), "users.toml")

    def test_nested(self) -> None:
        """
        The innermost folder counts, and after an error it is the one before.
        """
        with relativeTo(Path("/a")):
            try:
                with relativeTo(Path("/b")):
                    self.assertEqual(filePath("x"), "/b/x")
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
            self.assertEqual(filePath("x"), "/a/x")

    def test_others(self) -> None:
        """
        What somebody else reads meanwhile is not moved.
        """
        other = contextvars.copy_context()
        with relativeTo(Path("/a")):
            self.assertEqual(other.run(filePath, "x"), "x")

    def test_wrong(self) -> None:
        """
        A path is a text that is not empty.
        """
        for value in ("", None, 5, b"x", ["x"]):
            self.assertRaises(Unfit, filePath, value)
