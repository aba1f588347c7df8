"""
Tests of the README: what it shows is what happens.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT
from tests.documents.blocks import blocksOf
from tests.documents.walk import Walk

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
        One command installs and runs, which the tests of the demonstration do, too; the
        other one passes the tests, and the continuous integration takes it from here.
        """
        commands = [block.text.strip() for block in blocksOf(README) if "pip install" in block.text]
        self.assertEqual(
            commands,
            [
                "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/twistd -n balws",
                "python3 -m venv .venv && .venv/bin/pip install '.[dev]' && "
                ".venv/bin/python -m twisted.trial -j 2 tests",
            ],
        )
        ci = CI.read_text("utf-8")
        for command in commands:
            taken = [
                pattern
                for pattern in re.findall(r"sed -nE 's/\^ \+\((.*)\)\$/.*' README\.rst", ci)
                if re.fullmatch(pattern, command)
            ]
            self.assertEqual(len(taken), 1, command)
            lines = re.findall(rf"^ +({taken[0]})$", README.read_text("utf-8"), re.MULTILINE)
            self.assertEqual(lines[0], command)

    def test_links(self) -> None:
        """
        Every file and folder that it names is there.
        """
        named = re.findall(r"``([\w./-]+/[\w./-]*|[A-Z]+)``", README.read_text("utf-8"))
        self.assertIn("docs/howto/nginx.rst", named)
        self.assertEqual([name for name in named if not (ROOT / name).exists()], [])
