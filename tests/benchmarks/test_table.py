"""
Tests of L{benchmarks.table}.
"""

from __future__ import annotations

from typing import Any

import table
from cases import CASES
from server import CONTENDERS
from twisted.trial.unittest import SynchronousTestCase


def result(way: str = "echo", **medians: float) -> dict[str, Any]:
    """
    @return: what was measured of one case.
    """
    servers = {name.replace("_", "-"): {"median": each, "rounds": [each, each + 1]} for name, each in medians.items()}
    return {"title": "Some case", "way": way, "unit": "µs", "servers": servers}


class GoalsTests(SynchronousTestCase):
    """
    The goals are data.
    """

    def test_known(self) -> None:
        """
        Every goal is of a case that there is, between servers that can do it.
        """
        for case, goals in table.GOALS.items():
            able = set(CASES[case].contenders())
            for ours, peers in goals.items():
                self.assertTrue(CONTENDERS[ours].package == "balws" and {ours, *peers} <= able, case)

    def test_limits(self) -> None:
        """
        A goal is reached at its ratio, to two digits, not below.
        """
        self.patch(table, "GOALS", {"some": {"balws": {"picows": 1.5}}})
        for figure, isReached in ((14.9, False), (14.94, False), (15, True), (15.1, True)):
            (cell,) = table.cells("some", "echo", result(balws=10, picows=figure)["servers"])
            self.assertEqual((cell.isReached, cell.goal), (isReached, 1.5), figure)

    def test_memory(self) -> None:
        """
        Of memory the ratio is ours by the peer's, and at most the goal.
        """
        self.patch(table, "GOALS", {"some": {"balws": {"picows": 0.5}}})
        for figure, isReached in ((4.9, True), (5, True), (5.1, False)):
            (cell,) = table.cells("some", "memory", result(balws=figure, picows=10)["servers"])
            self.assertEqual(cell.isReached, isReached, figure)

    def test_notMeasured(self) -> None:
        """
        Where one side is missing or failed there is no cell.
        """
        self.patch(table, "GOALS", {"some": {"balws": {"picows": 0.5, "aiohttp": 1}}})
        servers = {**result(balws=1)["servers"], "picows": {"error": "it fell over"}}
        self.assertEqual(list(table.cells("some", "echo", servers)), [])
        self.assertEqual(list(table.cells("other", "echo", servers)), [])


class LinesTests(SynchronousTestCase):
    """
    What is printed.
    """

    def test_lines(self) -> None:
        """
        A line for each server with its median and its ratio to ours, and one for each goal.
        """
        self.patch(table, "GOALS", {"some": {"balws": {"picows": 1.5, "aiohttp": 3}}})
        lines = [" ".join(line.split()) for line in table.lines("some", result(balws=10, picows=12, aiohttp=30))]
        self.assertEqual(
            lines,
            [
                "Some case (some): µs",
                "balws 10.00 (10.00 to 11.00) x 1.00",
                "picows 12.00 (12.00 to 13.00) x 1.20",
                "aiohttp 30.00 (30.00 to 31.00) x 3.00",
                "picows / balws 1.20 >= 1.5 NOT REACHED",
                "aiohttp / balws 3.00 >= 3 reached",
            ],
        )

    def test_failed(self) -> None:
        """
        A server that failed says why, and the others are shown without a ratio where it was ours.
        """
        failed = result(picows=12)
        failed["servers"]["balws"] = {"error": "it fell over"}
        lines = [" ".join(line.split()) for line in table.lines("some", failed)]
        self.assertEqual(lines[1:], ["picows 12.00 (12.00 to 13.00)", "balws failed: it fell over"])

    def test_summary(self) -> None:
        """
        The end counts the goals and names those that are not reached.
        """
        self.patch(table, "GOALS", {"some": {"balws": {"picows": 1.5, "aiohttp": 3}}})
        results = {"some": result(balws=10, picows=12, aiohttp=30)}
        self.assertEqual(
            list(table.summary(results)),
            ["1 goals reached, 1 not", "  some: picows, balws: 1.20 for 1.5"],
        )
