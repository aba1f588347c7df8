"""
Tests of L{balws.cli.bench.report}.
"""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.bench.load import Load
from balws.cli.bench.report import asJson, asText, progress
from balws.cli.bench.work import Work


class ReportTests(SynchronousTestCase):
    """
    What is told.
    """

    def setUp(self) -> None:
        self.work = Work(connections=3, rate=0, seconds=2, payload="")
        self.load = Load(self.work, lambda service: Deferred(), Clock(), lambda: 0.0)
        for seconds in (0.001, 0.002, 0.004, 0.1):
            self.load.latency.add(seconds)
        for seconds in (0.01, 0.02):
            self.load.connecting.add(seconds)
        self.load.sent, self.load.received, self.load.elapsed = 5000, 4000, 2.0

    def test_text(self) -> None:
        """
        People see the figures, a table and a picture.
        """
        self.load.errors.update({"refused 503": 1, "not answered": 1000})
        lines = asText(self.work, self.load, isUnicode=True)
        self.assertEqual(
            lines[:8],
            [
                "Connections  2 of 3, half of them within 10.2 ms, all within 20 ms",
                "Sent         5,000 in 2 s, 2,500 a second",
                "Answered     4,000, 2,000 a second",
                "Errors       1,000 not answered, 1 refused 503",
                "",
                "Latency",
                "     least      mean      50 %      75 %      90 %      99 %    99.9 %      most",
                "      1 ms   26.8 ms      2 ms   4.01 ms    100 ms    100 ms    100 ms    100 ms",
            ],
        )
        self.assertIn("█", lines[-1])
        self.assertTrue("\n".join(asText(self.work, self.load, isUnicode=False)).isascii())

    def test_untold(self) -> None:
        """
        Where more came than was asked for, what was sent and what came is told, and no time of any answer.
        """
        self.load.greetings, self.load.unasked = 3, 2
        self.load.errors["not asked for"] = 2
        self.assertEqual(
            asText(self.work, self.load, isUnicode=True)[1:],
            [
                "Sent         5,000 in 2 s, 2,500 a second",
                "Received     4,000, 2,000 a second",
                "Greetings    3 came before anything was sent, and answer nothing",
                "Errors       2 not asked for",
                "",
                "Latency      cannot be told: more came than was asked for, and nobody knows which message answers "
                "which",
            ],
        )
        found = json.loads(asJson(self.work, self.load))
        self.assertEqual((found["latency"], found["histogram"]), (None, []))
        self.assertEqual((found["received"], found["greetings"], found["unasked"]), (4000, 3, 2))

    def test_late(self) -> None:
        """
        That a service does not keep up is said.
        """
        self.load.late = 12
        self.assertIn(
            "Late         12 were due and not sent: the service does not keep up",
            asText(self.work, self.load, isUnicode=True),
        )

    def test_sink(self) -> None:
        """
        Where nothing is answered there are no answers to tell of.
        """
        work = Work(connections=1, rate=0, seconds=1, payload="", isAnswered=False)
        load = Load(work, lambda service: Deferred(), Clock(), lambda: 0.0)
        self.assertEqual(
            asText(work, load, isUnicode=True),
            ["Connections  0 of 1", "Sent         0 in 0 us, 0 a second", "Errors       none"],
        )
        self.assertIsNone(json.loads(asJson(work, load))["latency"])

    def test_json(self) -> None:
        """
        Scripts get all of it in one object.
        """
        self.load.errors["closed 1006"] = 2
        found = json.loads(asJson(self.work, self.load))
        self.assertEqual(
            {name: found[name] for name in ("connections", "connected", "sent", "received", "late", "errors")},
            {"connections": 3, "connected": 2, "sent": 5000, "received": 4000, "late": 0, "errors": {"closed 1006": 2}},
        )
        self.assertEqual((found["greetings"], found["unasked"]), (0, 0))
        self.assertEqual((found["elapsed"], found["sentPerSecond"], found["receivedPerSecond"]), (2, 2500, 2000))
        self.assertEqual(
            list(found["latency"]), ["least", "mean", "p50", "p75", "p90", "p99", "p99.9", "most"]
        )
        self.assertEqual(sum(row["count"] for row in found["histogram"]), 4)

    def test_progress(self) -> None:
        """
        On the way a line says how far it is.
        """
        load = Load(self.work, lambda service: Deferred(), Clock(), lambda: 0.0)
        self.assertEqual(progress(self.work, load), "connecting: 0 of 3")
        self.load.elapsed = 1.0
        self.assertEqual(
            progress(self.work, self.load), "[############            ] 1.0 of 2 s  4,000 a second  0 errors"
        )
        self.load.elapsed = 3.0
        self.assertIn(f"[{'#' * 24}] 2.0 of 2 s", progress(self.work, self.load))
