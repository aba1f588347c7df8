# -*- test-case-name: tests.logs.test_observer -*-
"""
The observer that writes the log of a process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.logger import ILogObserver, LogEvent, LogLevel
from zope.interface import implementer

from balws.logs.lines import jsonLine, textLine
from balws.logs.record import Record, recordOf
from balws.logs.repeats import Repeats
from balws.logs.shortage import Shortage

__all__ = ["FORMATS", "LineObserver", "Stream", "observer"]

#: How each C{[server] logFormat} is written.
FORMATS: dict[str, Callable[[Record], str]] = {"text": textLine, "json": jsonLine}


class Stream(Protocol):
    """
    What lines are written to: a text file, or a L{twisted.python.logfile.LogFile}.
    """

    def write(self, text: str, /) -> object:
        """
        Write a line.
        """

    def flush(self) -> object:
        """
        Let it be seen.
        """


@implementer(ILogObserver)
class LineObserver:
    """
    Writes each event that is worth a line, and never fails: a log that cannot be written
    must not stop what is logged; when it can be again, it says how much is missing.  Debug events are
    left out: anybody can cause them.

    @ivar lost: how many lines could not be written.
    """

    def __init__(self, stream: Stream, write: Callable[[Record], str]) -> None:
        """
        @param write: one of L{FORMATS}.
        """
        self._stream = stream
        self._write = write
        self._shortage = Shortage()
        self._repeats = Repeats()
        self.lost = 0
        self._missing = 0

    def __call__(self, event: LogEvent) -> None:
        """
        Write it, if need be behind the sum of those like it.
        """
        if event.get("log_level") is LogLevel.debug:
            return
        told = self._shortage.told(event)
        if told is not None:
            for each in self._repeats.passed(told):
                self._say(each)

    def _say(self, event: LogEvent) -> None:
        record = recordOf(event)
        if record is None:
            return
        line = self._write(record)
        try:
            try:
                self._stream.write(line)
            except UnicodeEncodeError:  # a terminal that knows few characters
                self._stream.write(line.encode("ascii", "backslashreplace").decode("ascii"))
            self._stream.flush()
        except (OSError, ValueError):  # a full disk, a reader that left, a closed file
            self.lost += 1
            self._missing += 1
            return
        missing, self._missing = self._missing, 0
        if missing:
            self._say(
                {
                    "log_time": event.get("log_time"),
                    "log_level": LogLevel.warn,
                    "log_namespace": "balws.logs",
                    "log_format": "{count} lines before this could not be written.",
                    "count": missing,
                }
            )


def observer(form: str, stream: Stream) -> LineObserver:
    """
    @param form: C{"text"} or C{"json"}.
    @param stream: where the lines go; what cannot be written there is dropped.
    @raise KeyError: for any other form.
    """
    return LineObserver(stream, FORMATS[form])
