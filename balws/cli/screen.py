# -*- test-case-name: tests.cli.test_screen -*-
"""
A whole terminal: its alternate screen, and single keys.
"""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.cli.tables import clipped

__all__ = ["Keys", "Screen", "canDraw"]

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"

#: To the first column of the first line; to the end of the line, and of the screen, nothing.
_HOME, _LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"


def canDraw() -> bool:
    """
    @return: whether the standard output is a terminal that knows how to move its cursor.
    """
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


class Screen:
    """
    A context in which the terminal is ours; after it, it is as it was, however it ends.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def __enter__(self) -> Screen:
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(0)
            ours = termios.tcgetattr(0)
            # Single keys, not shown; Ctrl-C is one of them.
            ours[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
            termios.tcsetattr(0, termios.TCSADRAIN, ours)
        try:
            self._write(_ENTER)
        except OSError:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._write(_LEAVE)
        finally:
            self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    @property
    def hasKeys(self) -> bool:
        """
        Whether somebody can press any.
        """
        return self._before is not None

    @property
    def size(self) -> tuple[int, int]:
        """
        Columns and lines, now.
        """
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
        return columns or 80, lines or 24

    def draw(self, lines: Iterable[str]) -> None:
        """
        Show these lines, as far as they fit.

        @param lines: printable.
        """
        columns, most = self.size
        shown = [clipped(line, columns) + _LINE for line in lines][:most]
        self._write(_HOME + "\n".join(shown) + _REST)

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


@implementer(IReadDescriptor)
class Keys:
    """
    The standard input, key by key.
    """

    def __init__(self, pressed: Callable[[str], None], fd: int = 0) -> None:
        """
        @param pressed: is told each character.
        """
        self._pressed = pressed
        self._fd = fd

    def fileno(self) -> int:
        """
        See L{IReadDescriptor}.
        """
        return self._fd

    def logPrefix(self) -> str:
        """
        See L{IReadDescriptor}.
        """
        return "keys"

    def doRead(self) -> Any:
        """
        Read what was typed.

        @return: at the end of the input, an error: then nobody asks any more.
        """
        data = os.read(self._fd, 256)
        if not data:
            return ConnectionDone()
        for each in data.decode("ascii", "ignore"):
            self._pressed(each)
        return None

    def connectionLost(self, reason: Failure) -> None:
        """
        Nobody types any more.
        """
