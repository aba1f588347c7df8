"""
Tests of L{balws.cli.records}.
"""

from __future__ import annotations

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.records import jsonOf, sayJson, timeOf


class RecordTests(SynchronousTestCase):
    """
    What scripts read.
    """

    def test_json(self) -> None:
        """
        JSON is one line of ASCII without blanks, whatever is in it.
        """
        self.patch(sys, "stdout", io.StringIO())
        found = {"a": "\x9b\u202eü", "b": [1.5, 2]}
        sayJson(found)
        self.assertEqual(sys.stdout.getvalue(), f"{jsonOf(found)}\n")
        self.assertEqual(jsonOf(found), '{"a":"\\u009b\\u202e\\u00fc","b":[1.5,2]}')

    def test_time(self) -> None:
        """
        Times are those of UTC, in milliseconds.
        """
        self.assertEqual(timeOf(1795315898.34), "2026-11-22T02:51:38.340+00:00")
        self.assertEqual(timeOf(0), "1970-01-01T00:00:00.000+00:00")
