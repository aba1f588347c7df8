"""
Terminals of our own, for commands that want one.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import environment
from tests.waiting import PATIENCE


def resize(fd: int, columns: int, lines: int) -> None:
    """
    Give a terminal another size.
    """
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


class Terminal:
    """
    A C{balws} command in a terminal.

    @ivar pid: the process.
    @ivar fd: the other side of its terminal.
    @ivar shown: all that it has written so far.
    """

    def __init__(self, test: SynchronousTestCase, *arguments: str, folder: Path, columns: int = 100) -> None:
        """
        @param arguments: of C{balws}.
        @param folder: where it runs.
        """
        self._test = test
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # pragma: no cover
            os.chdir(folder)
            os.execve(
                sys.executable, [sys.executable, "-m", "balws", *arguments], {**environment(), "TERM": "xterm"}
            )
        resize(self.fd, columns, 30)
        self.before = termios.tcgetattr(self.fd)
        test.addCleanup(os.close, self.fd)

    def type(self, keys: bytes) -> None:
        """
        Press keys.
        """
        os.write(self.fd, keys)

    def until(self, *words: bytes) -> bytes:
        """
        Wait for one of these words; without any, for the end.

        @return: what was shown since the last time.
        """
        begin, end = len(self.shown), time.monotonic() + PATIENCE
        while not any(each in self.shown[begin:] for each in words):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                self._test.fail(f"it shows {self.shown[begin:]!r} in place of {words!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # as Linux says that the other side is closed
                data = b""
            if not data:
                self._test.assertEqual(words, (), self.shown)
                break
            self.shown += data
        return self.shown[begin:]

    def status(self) -> int:
        """
        @return: the exit status, when it has ended.
        """
        self.until()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
