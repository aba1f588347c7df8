"""
Tests of L{balws.cli.connect.terminal}.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import signal
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import terminal as module
from balws.cli.connect.history import History
from balws.cli.connect.prompt import Prompt
from balws.cli.connect.terminal import Terminal
from balws.cli.connect.words import Words
from balws.cli.tables import widthOf

_CONTROL = re.compile(r"\x1b\[(?P<numbers>[?\d;]*)(?P<final>[@-~])")


class Emulated:
    """
    What a terminal would show of what was written to it.  It has columns enough.

    @ivar rows: its rows, the last one with the cursor.
    @ivar column: where the cursor is in it.
    """

    def __init__(self) -> None:
        self.rows = [""]
        self.column = 0

    def feed(self, text: str) -> None:
        """
        Show more.
        """
        place = 0
        while place < len(text):
            match = _CONTROL.match(text, place)
            if match is not None:
                self._control(match["numbers"], match["final"])
                place = match.end()
                continue
            self._put(text[place])
            place += 1

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.rows.append("")
            self.column = 0
        else:
            row = self.rows[-1]
            self.rows[-1] = row[: self.column] + character + row[self.column + 1 :]
            self.column += 1

    def _control(self, numbers: str, final: str) -> None:
        if final == "K":
            self.rows[-1] = self.rows[-1][: self.column]
        elif final == "D":
            self.column -= int(numbers)
        elif final == "J":
            self.rows, self.column = [""], 0


class FakeReactor(Clock):
    """
    Remembers who reads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)

    def callFromThread(self, function: Callable[[], object]) -> None:
        function()


class Said:
    """
    Takes down what a terminal hands on.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.leavings = 0

    def entered(self, line: str) -> None:
        self.lines.append(line)

    def left(self) -> None:
        self.leavings += 1


class TerminalTests(SynchronousTestCase):
    """
    A real pseudo-terminal, and no process.
    """

    def setUp(self) -> None:
        self.master, self.slave = pty.openpty()
        self.addCleanup(self.closeAll)
        self.resize(40)
        self.found = termios.tcgetattr(self.slave)
        self.reactor, self.said, self.screen = FakeReactor(), Said(), Emulated()
        history = History(self.pathOfNothing())
        self.terminal = Terminal(self.reactor, Prompt(history, Words(("/help", "/quit"))), self.slave, self.slave)
        self.terminal.start(self.said)
        self.addCleanup(self.terminal.stop)

    def pathOfNothing(self) -> Path:
        return Path(self.mktemp())

    def closeAll(self) -> None:
        for each in (self.master, self.slave):
            try:
                os.close(each)
            except OSError as problem:
                self.assertEqual(problem.errno, errno.EBADF)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.master, data)
        self.terminal.doRead()

    def shown(self) -> list[str]:
        """
        @return: the rows that are not empty.
        """
        os.set_blocking(self.master, False)
        try:
            while True:
                self.screen.feed(os.read(self.master, 65536).decode().replace("\r\n", "\n"))
        except BlockingIOError:
            pass
        os.set_blocking(self.master, True)
        return [row.rstrip() for row in self.screen.rows if row]

    def test_typing(self) -> None:
        """
        What is typed is shown behind the prompt, and handed on when it is entered.
        """
        self.assertEqual(self.shown(), [">"])
        self.type("grüße".encode())
        self.assertEqual(self.shown(), ["> grüße"])
        self.type(b"\r")
        self.assertEqual(self.shown(), ["> grüße", ">"])
        self.assertEqual(self.said.lines, ["grüße"])

    def test_above(self) -> None:
        """
        What is told stands above the line that is being typed, whose cursor stays where it is.
        """
        self.type(b"hello\x1b[D\x1b[D")
        self.terminal.tell("< one", "< two")
        self.assertEqual(self.shown(), ["< one", "< two", "> hello"])
        self.assertEqual(self.screen.column, 5)
        self.type(b"X\r")
        self.assertEqual(self.said.lines, ["helXlo"])

    def test_wide(self) -> None:
        """
        The cursor goes back by as many columns as characters take.
        """
        self.type("世界\x1b[D".encode())
        self.shown()
        self.assertEqual(self.screen.column, 4 - widthOf("界"))

    def test_hostile(self) -> None:
        """
        What was pasted and would do something to the terminal is written as Python does.
        """
        self.type("\x1b[200~a\x1b[201~\u202e\x9b".encode())
        self.assertEqual(self.shown(), ["> a\\u202e\\x9b"])
        self.type(b"\r")
        self.assertEqual(self.shown()[0], "> a\\u202e\\x9b")
        self.assertEqual(self.said.lines, ["a\u202e\x9b"])

    def test_interrupt(self) -> None:
        """
        Ctrl-C gives up the line; on an empty one it says how to leave, and the second leaves.
        """
        self.type(b"half\x03")
        self.assertEqual(self.shown(), ["> half^C", ">"])
        self.type(b"\x03")
        self.assertIn("Ctrl-C once more leaves, and so does Ctrl-D.", self.shown())
        self.assertEqual(self.said.leavings, 0)
        self.type(b"\x03")
        self.assertEqual((self.said.leavings, self.said.lines), (1, []))

    def test_list(self) -> None:
        """
        Tab lists what there is to choose from.
        """
        self.type(b"/\t")
        self.assertEqual(self.shown(), ["/help  /quit", "> /"])

    def test_search(self) -> None:
        """
        What is searched for stands in front of what was found.
        """
        self.resize(60)
        self.type(b"one\rtwo\r\x12o")
        self.assertEqual(self.shown()[-1], "(reverse-i-search)`o': two")
        self.assertEqual(self.screen.column, len("(reverse-i-search)`o': tw"))
        self.terminal.tell("< news")
        self.assertEqual(self.shown()[-2:], ["< news", "(reverse-i-search)`o': two"])
        self.type(b"ne\r")
        self.assertEqual(self.shown()[-2:], ["> one", ">"])
        self.assertEqual(self.said.lines, ["one", "two", "one"])

    def test_escape(self) -> None:
        """
        ESC leaves the search when nothing comes behind it for a while; else it begins another key.
        """
        self.resize(60)
        self.type(b"one\r\x12o\x1b")
        self.assertEqual(self.shown()[-1], "(reverse-i-search)`o': one")
        self.reactor.advance(module.ESCAPING)
        self.assertEqual(self.shown()[-1], "> one")
        self.type(b"X\x15\x12o\x1b")
        self.type(b"[C\x1b")
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.type(b"b\x1b")
        self.reactor.advance(1)
        self.type(b"dX\r")
        self.assertEqual(self.said.lines, ["one", "X"])

    def test_escapeAtTheEnd(self) -> None:
        """
        Nobody waits for more when the terminal was given back.
        """
        self.type(b"\x12\x1b")
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        self.terminal.stop()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_pasted(self) -> None:
        """
        Several lines that are pasted are one message, and undone at once.
        """
        self.type(b"\x1b[200~one\rtwo\r\x1b[201~")
        self.assertEqual(self.shown(), ["> one\\ntwo\\n"])
        self.type(b"\x7f\r\x1b[200~x\ry\x1b[201~\x1f")
        self.assertEqual(self.shown(), ["> one\\ntwo", ">"])
        self.assertEqual(self.said.lines, ["one\ntwo"])

    def test_clear(self) -> None:
        """
        Ctrl-L clears the screen, and the line stays.
        """
        self.terminal.tell("old")
        self.type(b"new\x0c")
        self.assertEqual(self.shown(), ["> new"])

    def test_resize(self) -> None:
        """
        A line that does not fit is shown around its cursor, at once when the size changes.
        """
        self.type(b"0123456789" * 3)
        self.assertEqual(self.shown(), ["> " + "0123456789" * 3])
        self.resize(20)
        signal.raise_signal(signal.SIGWINCH)
        (row,) = self.shown()
        self.assertLess(len(row), 20)
        self.assertTrue(row.endswith("456789"), row)

    def test_restored(self) -> None:
        """
        Whenever it stops, the terminal is as it was found, and so is who hears of its size.
        """
        self.assertNotEqual(termios.tcgetattr(self.slave), self.found)
        self.assertEqual(self.reactor.readers, [self.terminal])
        self.terminal.stop()
        self.assertEqual(termios.tcgetattr(self.slave), self.found)
        self.assertEqual(self.reactor.readers, [])
        self.assertIs(signal.getsignal(signal.SIGWINCH), signal.SIG_DFL)
        self.terminal.stop()
        self.terminal.tell("afterwards")
        self.assertEqual(self.shown(), ["afterwards"])

    def test_suspended(self) -> None:
        """
        Ctrl-Z gives the terminal to the shell, and takes it again.
        """
        modes: list[Any] = []
        self.patch(module.os, "kill", lambda *what: modes.append((what, termios.tcgetattr(self.slave))))
        mine = termios.tcgetattr(self.slave)
        self.type(b"abc\x1a")
        self.assertEqual(modes, [((0, signal.SIGTSTP), self.found)])
        self.assertEqual(termios.tcgetattr(self.slave), mine)
        self.assertEqual(self.shown(), ["> abc"])

    def test_full(self) -> None:
        """
        A screen that takes no more for a while gets all of it later.
        """
        self.shown()
        os.set_blocking(self.slave, False)
        text = "x" * 100000
        waited: list[Any] = []

        def select(*what: Any) -> None:
            waited.append(what)
            self.screen.feed(os.read(self.master, 65536).decode().replace("\r\n", "\n"))

        self.patch(module.select, "select", select)
        self.terminal.tell(text)
        os.set_blocking(self.slave, True)
        self.assertEqual(self.shown(), [text, ">"])
        self.assertEqual(waited[0], ([], [self.slave], []))

    def test_noSize(self) -> None:
        """
        A terminal that does not tell its size has 80 columns.
        """

        def size(screen: int) -> None:
            raise OSError("no terminal")

        self.patch(module.os, "get_terminal_size", size)
        self.type(b"x" * 77)
        self.assertEqual(self.shown(), ["> " + "x" * 77])
        self.type(b"x")
        self.assertLess(len(self.shown()[0]), 79)

    def test_goneAtTheEnd(self) -> None:
        """
        One that is gone cannot be given back, and nobody complains.
        """

        def gone(*what: Any) -> None:
            raise termios.error(errno.EIO, "Input/output error")

        self.patch(module.termios, "tcsetattr", gone)
        self.terminal.stop()
        self.assertEqual(self.reactor.readers, [])

    def test_descriptor(self) -> None:
        """
        It tells the reactor what to read, and what to call it.
        """
        self.assertEqual((self.terminal.fileno(), self.terminal.logPrefix()), (self.slave, "terminal"))

    def test_gone(self) -> None:
        """
        A terminal that is gone is as good as who leaves.
        """
        os.close(self.master)
        self.terminal.doRead()
        self.assertEqual(self.said.leavings, 1)
        self.assertEqual(self.reactor.readers, [])

    def test_reactorStops(self) -> None:
        """
        When the reactor stops the terminal is given back; nobody has left.
        """
        self.terminal.connectionLost()
        self.assertEqual(termios.tcgetattr(self.slave), self.found)
        self.assertEqual(self.said.leavings, 0)

    def test_leftInBetween(self) -> None:
        """
        What was typed behind the end is not looked at.
        """
        self.said.left = self.terminal.stop  # type: ignore[method-assign]
        self.type(b"\x04more\r")
        self.assertEqual(self.said.lines, [])
