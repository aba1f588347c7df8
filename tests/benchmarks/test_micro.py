"""
Tests of the micro benchmark, C{benchmarks/micro.py}: that it measures what it says, and notices when
something becomes slower.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import txaio
from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT
from tests.commands import environment

FOLDER = ROOT / "benchmarks"


class MicroTestCase(SynchronousTestCase):
    """
    @ivar micro: the module.
    @ivar file: where ratios are recorded.
    """

    def setUp(self) -> None:
        if "click" not in sys.modules:
            self.addCleanup(sys.modules.pop, "click", None)  # of which it is kept
        self.patch(txaio.config, "loop", txaio.config.loop)
        self.micro: Any = import_module("micro")
        self.file = Path(self.mktemp())

    def record(self, margin: float = 0.25, **ratios: dict[str, float]) -> None:
        """
        Say what was recorded, by way.
        """
        self.file.write_text(json.dumps({"margin": margin, "ratios": ratios}), "utf-8")


class CaseTests(MicroTestCase):
    """
    What is measured.
    """

    def test_cases(self) -> None:
        """
        Both sides do all that each case asks for, which takes some time.
        """
        self.patch(self.micro, "TURN", 0)
        for name, case in self.micro.CASES.items():
            for figure in self.micro.figures(case, 1):
                self.assertGreater(figure, 0, name)

    def test_wrongAnswers(self) -> None:
        """
        A side that does less than it should is no faster: it fails.
        """
        inmemory: Any = import_module("inmemory")
        for service, begin in (("echo", self.micro.echo("some text")), ("broadcast", self.micro.broadcast)):
            for kind in (inmemory.Autobahn, inmemory.Balws):
                turn = begin(kind(service))
                turn(1)
                patch = self.patch(inmemory.Transport, "write", lambda transport, data: None)
                self.assertRaises(RuntimeError, turn, 1)
                self.assertRaises(RuntimeError, self.micro.handshake(kind(service)), 1)
                self.assertRaises(RuntimeError, begin, kind(service))
                patch.restore()


class CheckTests(MicroTestCase):
    """
    What is made of the figures, with figures of the test's own.
    """

    def run_(self, *arguments: str, measured: Iterable[dict[str, tuple[float, float]]]) -> tuple[int, str, str]:
        """
        @param measured: what is found, one time after the other.
        @return: the status, and what is printed to stdout and stderr.
        """
        found = iter(measured)
        self.asked: list[tuple[Any, ...]] = []

        def measure(way: str, turns: int, cases: list[str]) -> dict[str, tuple[float, float]]:
            self.asked.append((way, list(cases)))
            return next(found)

        self.patch(self.micro, "measured", measure)
        with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as problems:
            status = self.micro.main([*arguments, "--file", str(self.file)])
        self.assertRaises(StopIteration, next, found)
        return status, output.getvalue(), problems.getvalue()

    def test_margin(self) -> None:
        """
        A ratio may be behind by the margin, and not by more; what is faster is right.
        """
        self.record(0.25, c={"handshake": 8.0})
        for ratio, expected in ((9.0, 0), (8.0, 0), (6.0, 0), (5.99, 1)):
            again = 1 if expected == 0 else self.micro.ATTEMPTS
            found = [{"handshake": (ratio, 1.0)}] * again
            self.assertEqual(self.run_("--check", "--way=c", "--case=handshake", measured=found)[0], expected)

    def test_slower(self) -> None:
        """
        The case that has become slower is named, with its way; only it is measured again, and so often.
        """
        self.record(c={"handshake": 8.0, "echo of 64 B": 10.0}, python={"handshake": 6.0, "echo of 64 B": 5.0})
        good, bad = {"handshake": (8.0, 1.0), "echo of 64 B": (20.0, 2.0)}, {"handshake": (9.0, 3.0)}
        found = [good, {**good, **bad}, bad, bad]
        cases = ("--case=handshake", "--case=echo of 64 B")
        status, output, problems = self.run_("--check", *cases, measured=found)
        self.assertEqual((status, problems), (1, "not recorded, or more than 25% behind: handshake (python)\n"))
        both = ["handshake", "echo of 64 B"]
        expected = [("c", both), ("python", both), ("python", ["handshake"]), ("python", ["handshake"])]
        self.assertEqual(self.asked, expected)
        self.assertIn("8.00  recorded   8.00  goal 4\n", output)
        self.assertIn("3.00  recorded   6.00  goal 4, missed\n", output)

    def test_unlucky(self) -> None:
        """
        One bad moment is forgiven: the best counts.
        """
        self.record(python={"handshake": 8.0})
        found = [{"handshake": (2.0, 1.0)}, {"handshake": (16.0, 2.0)}]
        status, output, problems = self.run_("--check", "--way=python", "--case=handshake", measured=found)
        self.assertEqual((status, problems), (0, ""))
        self.assertIn("16.00     2.00    8.00", output)

    def test_notRecorded(self) -> None:
        """
        A case or a file that was forgotten is no success.
        """
        found = [{"handshake": (99.0, 1.0)}]  # once: it does not get better
        for _ in range(2):
            status, _, problems = self.run_("--check", "--way=c", "--case=handshake", measured=found)
            self.assertEqual((status, problems), (1, "not recorded, or more than 25% behind: handshake (c)\n"))
            self.record(c={"echo of 64 B": 1.0})

    def test_recorded(self) -> None:
        """
        C{--record} writes the middle one of several, and leaves alone what was not measured.
        """
        found = [{"handshake": (each, 1.0)} for each in (5.0, 9.126, 20.0)]
        self.assertEqual(self.run_("--record", "--way=c", "--case=handshake", measured=found)[0], 0)
        self.assertEqual(self.written(), {"margin": self.micro.MARGIN, "ratios": {"c": {"handshake": 9.13}}})
        self.record(0.3, c={"handshake": 1.0}, python={"handshake": 3.0})
        self.run_("--record", "--way=c", "--case=handshake", measured=found)
        ratios = {"c": {"handshake": 9.13}, "python": {"handshake": 3.0}}
        self.assertEqual(self.written(), {"margin": 0.3, "ratios": ratios})

    def written(self) -> Any:
        """
        @return: what is in the file.
        """
        return json.loads(self.file.read_text("utf-8"))

    def test_complete(self) -> None:
        """
        What is recorded in the repository is every case, in every way.
        """
        recorded = json.loads(self.micro.RECORDED.read_text("utf-8"))["ratios"]
        self.assertEqual(set(recorded), set(self.micro.WAYS))
        for ratios in recorded.values():
            self.assertEqual(set(ratios), set(self.micro.CASES))


class CommandTests(MicroTestCase):
    """
    The command itself.
    """

    def test_passes(self) -> None:
        """
        It measures in a process of its own, whatever way its environment asks for.
        """
        self.patch(os, "environ", {**environment(), "BALWS_FRAMES": "autobahn"})
        self.record(python={"handshake": 0.001})
        arguments = ["--check", "--way=python", "--case=handshake", "--turns=1", f"--file={self.file}"]
        with redirect_stdout(StringIO()) as output:
            self.assertEqual(self.micro.main(arguments), 0)
        self.assertRegex(output.getvalue(), r"handshake +python +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d  recorded +0\.00")

    def test_fails(self) -> None:
        """
        The status is 1 where a check fails, and the case is named.
        """
        command = [sys.executable, str(FOLDER / "micro.py"), "--check", "--way=python", "--case=handshake", "--turns=1"]
        done = subprocess.run(
            [*command, f"--file={self.file.absolute()}"], env=environment(), capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.stderr, "not recorded, or more than 25% behind: handshake (python)\n")
        self.assertEqual(done.returncode, 1)

    def test_failure(self) -> None:
        """
        A way that does not work is a failure with its reason, in one line.
        """
        self.patch(os, "environ", environment())
        error = self.assertRaises(RuntimeError, self.micro.measured, "none", 1, ["handshake"])
        expected = "none: ImportError: BALWS_FRAMES is c, python or autobahn, or is not set; it is 'none'"
        self.assertEqual(str(error), expected)
