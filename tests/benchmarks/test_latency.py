"""
Tests of L{benchmarks.latency}.
"""

from __future__ import annotations

import latency
from measure import Effort
from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.compiler import needsCompiler


class LatencyTests(SynchronousTestCase):
    """
    How long answers take.
    """

    def test_situations(self) -> None:
        """
        They are measured alone and with each disturbance.
        """
        needsCompiler()
        told = latency.measured(["floor"], Effort(rounds=1, seconds=0.01, share=0.01))
        self.assertEqual(list(told), ["alone", "flood", "idle", "upgrades"])
        for situation in told.values():
            figures = situation["servers"]["floor"]
            self.assertTrue(0 < figures["p50"] <= figures["p99"] <= figures["max"], figures)

    def test_lines(self) -> None:
        """
        They are shown in milliseconds.
        """
        result = {"flood": {"title": "others shout", "servers": {"balws": {"p50": 1000, "p99": 2500, "max": 9000}}}}
        lines = [" ".join(line.split()) for line in latency.lines(result)]
        self.assertEqual(lines[1:], ["others shout", "balws p50 1.00 p99 2.50 max 9.00"])
