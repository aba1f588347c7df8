"""
Tests of L{balws.logs.lines}.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
from twisted.logger import formatTime
from twisted.trial.unittest import SynchronousTestCase

from balws.logs.lines import jsonLine, textLine
from balws.logs.record import Record

_RECORD = Record(
    time=1_700_000_000.0625,
    level="warn",
    logger="balws.some",
    source="balws.some#warn",
    message="words",
    fields={},
    traceback=(),
    worker=None,
)


def record(**changes: Any) -> Record:
    """
    @return: one with these changes.
    """
    return attrs.evolve(_RECORD, **changes)


class TextTests(SynchronousTestCase):
    """
    Lines for people.
    """

    def test_line(self) -> None:
        """
        A line looks like Twisted's.
        """
        time = formatTime(1_700_000_000.0625)
        self.assertRegex(time, r"\A2023-11-1\dT\d\d:\d\d:20[+-]\d{4}\Z")
        self.assertEqual(textLine(record()), f"{time} [balws.some#warn] words\n")

    def test_worker(self) -> None:
        """
        Which process of several said it is shown.
        """
        self.assertIn(" [balws.some#warn, worker 2] words\n", textLine(record(worker=2)))

    def test_traceback(self) -> None:
        """
        Lines behind the first are indented, so that none looks like an event (RL16)
        """
        lines = textLine(record(traceback=("Traceback:", "  File x", "2026-11-21T12:00:00+0000 [a#info] forged")))
        self.assertTrue(lines.endswith("words\n\tTraceback:\n\t  File x\n\t2026-11-21T12:00:00+0000 [a#info] forged\n"))

    def test_noTime(self) -> None:
        """
        A time that is not known, or is none of any calendar, is a dash.
        """
        for time in (None, 1e18, -1e300):
            self.assertEqual(textLine(record(time=time)), "- [balws.some#warn] words\n")


class JsonTests(SynchronousTestCase):
    """
    Lines for programs.
    """

    def test_line(self) -> None:
        """
        One object, with the time in UTC to the millisecond.
        """
        line = jsonLine(record(fields={"path": "/chat", "count": 2, "none": None}))
        self.assertTrue(line.endswith("}\n"))
        self.assertEqual(
            json.loads(line),
            {
                "time": "2023-11-14T22:13:20.062Z",
                "level": "warn",
                "logger": "balws.some",
                "message": "words",
                "path": "/chat",
                "count": 2,
                "none": None,
            },
        )

    def test_more(self) -> None:
        """
        A worker's number and a traceback are fields, and the line stays one.
        """
        line = jsonLine(record(worker=2, traceback=("first", "second")))
        self.assertEqual(line.count("\n"), 1)
        found = json.loads(line)
        self.assertEqual((found["worker"], found["traceback"]), (2, "first\nsecond"))

    def test_ascii(self) -> None:
        """
        All is ASCII, whatever is said.
        """
        line = jsonLine(record(message="Ünal 😀", fields={"a": "京"}))
        self.assertTrue(line.isascii())
        self.assertEqual(json.loads(line)["message"], "Ünal 😀")

    def test_noTime(self) -> None:
        """
        A time that is not known is null.
        """
        for time in (None, 1e18, -1e300):
            self.assertIsNone(json.loads(jsonLine(record(time=time)))["time"])

    def test_strict(self) -> None:
        """
        What JSON does not know is no part of a line: a record has none of it.
        """
        self.assertRaises(ValueError, jsonLine, record(fields={"a": float("nan")}))
