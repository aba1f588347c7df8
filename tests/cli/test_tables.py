"""
Tests of L{balws.cli.tables}.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.tables import aged, clipped, counted, plural, sized, table, terminalWidth, widthOf


class FigureTests(SynchronousTestCase):
    """
    Numbers for people.
    """

    def test_sized(self) -> None:
        """
        Bytes are told in units of 1024, with one digit behind the point where that says anything.
        """
        for size, shown in (
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (102_401, "100 KiB"),
            (2**20 - 1, "1 MiB"),
            (2**20, "1 MiB"),
            (3 * 2**40, "3 TiB"),
            (2**70, "1048576 PiB"),
        ):
            self.assertEqual(sized(size), shown)

    def test_counted(self) -> None:
        """
        Counts are told in units of 1000, and rates below 100 with one digit.
        """
        for number, shown in (
            (0, "0"),
            (999, "999"),
            (999.96, "1k"),
            (1000, "1k"),
            (1234, "1.2k"),
            (99.94, "99.9"),
            (123.4, "123"),
            (20_000_000, "20M"),
            (0.04, "0"),
        ):
            self.assertEqual(counted(number), shown)

    def test_aged(self) -> None:
        """
        Ages have two units at most.
        """
        for seconds, shown in (
            (-1, "0s"),
            (0.9, "0s"),
            (59.9, "59s"),
            (60, "1m00s"),
            (185, "3m05s"),
            (3600, "1h00m"),
            (86399, "23h59m"),
            (86400, "1d00h"),
            (450_000, "5d05h"),
        ):
            self.assertEqual(aged(seconds), shown)

    def test_plural(self) -> None:
        """
        One is one.
        """
        self.assertEqual([plural(count, "word") for count in (0, 1, 2)], ["0 words", "1 word", "2 words"])


class WidthTests(SynchronousTestCase):
    """
    Columns of a terminal.
    """

    def test_width(self) -> None:
        """
        Characters of East Asia take two columns, accents that stand by themselves none.
        """
        texts = ("", "abc", "é", "e\u0301", "漢字", "ก\u0e34", "ｗ", "\u1112\u1161\u11ab")
        self.assertEqual([widthOf(each) for each in texts], [0, 3, 1, 1, 4, 1, 2, 2])

    def test_clipped(self) -> None:
        """
        What fits stays as it is; what does not ends with an ellipsis, within the width.
        """
        for width, shown in ((7, "abcdef"), (6, "abcdef"), (5, "abcd…"), (1, "…"), (0, "")):
            self.assertEqual(clipped("abcdef", width), shown)
        self.assertEqual(clipped("漢字漢字", 6), "漢字…")
        self.assertEqual(clipped("漢字漢字", 8), "漢字漢字")

    def test_terminal(self) -> None:
        """
        The width is that of the terminal; what is none has none.
        """
        self.patch(sys, "stdout", io.StringIO())
        self.assertIsNone(terminalWidth())
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 61, 0, 0))
        with open(slave, "w") as terminal:
            self.patch(sys, "stdout", terminal)
            self.assertEqual(terminalWidth(), 61)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
            self.assertEqual(terminalWidth(), 80)

    def test_unknownTerminal(self) -> None:
        """
        A terminal that does not tell its width has 80 columns.
        """

        class Odd(io.StringIO):
            def isatty(self) -> bool:
                return True

        self.patch(sys, "stdout", Odd())
        self.assertEqual(terminalWidth(), 80)


class TableTests(SynchronousTestCase):
    """
    Rows and columns.
    """

    ROWS = (("a-long-name-of-a-user", "/chat", "5"), ("bob", "/c", "1000"))
    HEAD = ("USER", "PATH", "QUEUE")

    def lines(self, width: int | None = None, **fields: Any) -> list[str]:
        return table(self.HEAD, self.ROWS, figures={2}, width=width)

    def test_columns(self) -> None:
        """
        Words stand at the left, figures at the right, and each column is as wide as it needs.
        """
        self.assertEqual(
            self.lines(),
            [
                "USER                   PATH   QUEUE",
                "a-long-name-of-a-user  /chat      5",
                "bob                    /c      1000",
            ],
        )
        self.assertEqual(table(("A", "B"), ()), ["A  B"])

    def test_narrow(self) -> None:
        """
        Where there is not room enough the widest column of words gives way, never a figure; in the end the
        line is cut.
        """
        self.assertEqual(self.lines(35), self.lines())
        self.assertEqual(self.lines(34)[1], "a-long-name-of-a-us…  /chat      5")
        self.assertEqual(self.lines(21)[1], "a-long…  /chat      5")
        self.assertEqual(self.lines(10), ["USER    P…", "a-lon…  /…", "bob     /…"])

    def test_names(self) -> None:
        """
        Names are cut last.
        """
        rows = [("a-long-name", "a-long-address", "5")]
        for width, line in (
            (30, "a-long-name  a-long-address  5"),
            (29, "a-long-name  a-long-addre…  5"),
            (22, "a-long-name  a-lon…  5"),
            (21, "a-long-na…  a-lon…  5"),
        ):
            self.assertEqual(table("ABC", rows, figures={2}, names={0}, width=width)[1], line)
