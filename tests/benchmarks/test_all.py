"""
Tests of C{benchmarks/all.py}, the command.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.compiler import needsCompiler

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(*words: str, command: str = "all.py") -> subprocess.CompletedProcess[str]:
    """
    @return: what a command did.
    """
    return subprocess.run([sys.executable, str(BENCHMARKS / command), *words], capture_output=True, text=True)


class CommandTests(SynchronousTestCase):
    """
    One command measures, prints, writes and draws.
    """

    def test_run(self) -> None:
        """
        The chosen cases are measured with the chosen servers; the file tells the same again.
        """
        needsCompiler()
        file, drawing = self.mktemp(), self.mktemp()
        few = ["--quick", "--rounds=2", "--seconds=0.01", "--cases=echo-64,connect", "--servers=floor,twisted"]
        done = run(*few, "--json", file, "--picture", drawing)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        result = json.loads(Path(file).read_text())
        self.assertEqual(list(result["cases"]), ["echo-64", "connect"])
        self.assertEqual(list(result["cases"]["connect"]["servers"]), ["floor", "twisted"])
        self.assertEqual(len(result["cases"]["connect"]["servers"]["floor"]["rounds"]), 2)
        self.assertEqual(result["effort"]["rounds"], 2)
        self.assertIn("Connect, upgrade, close (connect)", done.stdout)
        self.assertIn("0 goals reached, 0 not", done.stdout)
        self.assertIn("Connect, upgrade, close", "".join(ElementTree.parse(drawing).getroot().itertext()))
        again = self.mktemp()
        self.assertEqual(run(file, again, command="picture.py").returncode, 0)
        self.assertEqual(Path(again).read_text(), Path(drawing).read_text())
        self.assertEqual(run(file, command="table.py").stdout, done.stdout)

    def test_unknown(self) -> None:
        """
        A case or a server that there is not is refused, with those that there are.
        """
        for option, known in (("--cases", "echo-64"), ("--servers", "balws")):
            done = run(option, f"{known},nothing")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"nothing: choose from {known}, ", done.stderr)
