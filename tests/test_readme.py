"""
Tests of the README: what it shows is what happens.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import ROOT, Walk, blocksOf

README = ROOT / "README.rst"
CI = ROOT / ".ci" / "run"


class ReadmeTests(SynchronousTestCase):
    """
    The first thing that a newcomer reads.
    """

    def test_blocks(self) -> None:
        """
        Every block of code runs, every file is accepted, and every conversation goes as
        it is shown.
        """
        Walk(self, README).go()

    def test_twoCommands(self) -> None:
        """
        The command that installs and runs and the command that passes the tests are
        those that the continuous integration executes, letter for letter.
        """
        commands = [block.text.strip() for block in blocksOf(README) if "pip install" in block.text]
        self.assertEqual(len(commands), 2)
        script = CI.read_text("utf-8")
        for command in commands:
            self.assertIn(command, script)

    def test_links(self) -> None:
        """
        Every file and folder that it names is there.
        """
        named = re.findall(r"``([\w./-]+/[\w./-]*|[A-Z]+)``", README.read_text("utf-8"))
        self.assertIn("docs/howto/nginx.rst", named)
        self.assertEqual([name for name in named if not (ROOT / name).exists()], [])
