"""
Tests of L{balws.cli.connect.files}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import files as module
from balws.cli.connect.files import filesLike


class FilesTests(SynchronousTestCase):
    """
    Names in a folder.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "photos").mkdir(parents=True)
        for name in ("photo.png", "phrase", ".hidden", "photos/one.png", "evil\x1b[2J"):
            (self.folder / name).touch()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def test_names(self) -> None:
        """
        They are those that begin so, in this folder or another; hidden ones when they are asked for.
        """
        self.assertEqual(filesLike("pho"), ["photo.png", "photos/"])
        self.assertEqual(filesLike(""), ["photo.png", "photos/", "phrase"])
        self.assertEqual(filesLike("."), [".hidden"])
        self.assertEqual(filesLike("photos/"), ["photos/one.png"])
        self.assertEqual(filesLike(f"{self.folder}/phr"), [f"{self.folder}/phrase"])

    def test_home(self) -> None:
        """
        The user's own folder has its short name.
        """
        self.patch(os, "environ", {"HOME": str(self.folder)})
        self.assertEqual(filesLike("~/phr"), ["~/phrase"])

    def test_none(self) -> None:
        """
        Nothing is there that begins so, no such folder, or none that can be asked for.
        """
        for begun in ("evil", "x", "nowhere/", "phrase/", "~nobody-of-this-name/", "a\0/b", "\0"):
            self.assertEqual(filesLike(begun), [], begun)

    def test_odd(self) -> None:
        """
        A link that leads to itself is no folder, and what a terminal would take for an order completes nothing.
        """
        (self.folder / "phantom").symlink_to("phantom")
        self.assertEqual(filesLike("ph"), ["phantom", "photo.png", "photos/", "phrase"])
        (self.folder / "a\x1b[31m").mkdir()
        (self.folder / "a\x1b[31m" / "f1").touch()
        self.assertEqual(filesLike("a\x1b[31m/f"), [])

    def test_bounds(self) -> None:
        """
        A folder is not read without end.
        """
        self.patch(module, "MAX_ENTRIES", 0)
        self.assertEqual(filesLike(""), [])
