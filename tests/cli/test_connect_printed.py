"""
Tests of L{balws.cli.connect.printed}.
"""

from __future__ import annotations

import json
import os
from io import BytesIO, TextIOWrapper
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect.printed import Printed


class PrintedTests(SynchronousTestCase):
    """
    What a script gets.
    """

    def printed(self, form: str, *messages: str | bytes) -> bytes:
        """
        @return: what is printed of these.
        """
        data = BytesIO()
        printed = Printed(TextIOWrapper(data, encoding="utf-8"), form, lambda: 1.5)
        for each in messages:
            printed.put(each)
        return data.getvalue()

    def test_lines(self) -> None:
        """
        A message is a line, whatever is in it and however long it is.
        """
        long = "x" * 100000
        self.assertEqual(
            self.printed("lines", "a\nb", "grüße\x1b[31m\u202e", b"\x00\xff", long).decode(),
            f"a\\nb\ngrüße\\x1b[31m\\u202e\n00ff\n{long}\n",
        )

    def test_base64(self) -> None:
        """
        Binary messages are in base64, text is text.
        """
        self.assertEqual(self.printed("base64", "a", b"\x00\xff"), b"a\nAP8=\n")

    def test_raw(self) -> None:
        """
        The bytes and nothing else.
        """
        self.assertEqual(self.printed("raw", "ü\x1b", b"\x00\xff"), "ü\x1b".encode() + b"\x00\xff")

    def test_json(self) -> None:
        """
        An object for each, in ASCII.
        """
        lines = self.printed("json", "ü\x1b\n", b"\x00\xff").decode("ascii").splitlines()
        time = "1970-01-01T00:00:01.500+00:00"
        self.assertEqual(
            [json.loads(each) for each in lines],
            [{"type": "text", "data": "ü\x1b\n", "time": time}, {"type": "binary", "data": "AP8=", "time": time}],
        )

    def test_abandon(self) -> None:
        """
        When nobody reads any more, what is left goes nowhere.
        """
        read, write = os.pipe()
        os.close(read)
        stream = os.fdopen(write, "w")
        self.addCleanup(stream.close)
        printed = Printed(stream, "lines", lambda: 0)
        self.assertRaises(BrokenPipeError, printed.put, "a")
        printed.abandon()
        self.assertEqual(os.readlink(Path("/proc/self/fd") / str(write)), os.devnull)
        stream.flush()
