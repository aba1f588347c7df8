# -*- test-case-name: tests.logs.test_children -*-
"""
One log of several processes: what a worker logs, its parent logs again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from balws.logs.observer import LineObserver, Stream, observer

__all__ = ["MAX_LINE", "fromChild", "toParent"]

#: The most bytes of a line that a worker writes; what reads them may refuse longer ones.
MAX_LINE = 2**20

#: Whose lines they are that the old C{log.msg} wrote; where they are shown they have no name.
_OLD = "log_legacy"

#: Whose lines they are that no worker's log wrote.
_NAMESPACE = "balws.worker"


class _Told(Failure):
    """
    A failure of another process, of which only the traceback is known.
    """

    def __init__(self, traceback: str) -> None:
        Failure.__init__(self, RuntimeError("in a worker"))
        self._told = traceback

    def getTraceback(self, *_: Any, **__: Any) -> str:
        """
        @return: that of the other process.
        """
        return self._told


def toParent(stream: Stream) -> LineObserver:
    """
    @param stream: what the parent reads, such as a pipe's text file.
    @return: the observer for a worker.  Its lines are ASCII, no longer than L{MAX_LINE}, and
        hold nothing that is not safe to be shown.
    """
    return observer("json", stream)


def fromChild(line: bytes, number: int, publish: ILogObserver = globalLogPublisher) -> None:
    """
    Log again what a worker has logged.  A line of anything else, as a library or the
    interpreter itself may write, is a warning of its own.

    @param line: with or without its end.
    @param number: the worker's, which becomes the event's field C{worker}.
    @param publish: whom to tell.
    """
    publish({**_event(line), "worker": number})


def _event(line: bytes) -> LogEvent:
    try:
        said = json.loads(line) if len(line) <= MAX_LINE else None
        if isinstance(said, dict):
            return _said(said)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    text = line.rstrip(b"\r\n").decode("utf-8", "replace")
    return {**_bare("warn", _NAMESPACE), "log_format": "{line}", "line": text}


def _said(said: Mapping[str, Any]) -> LogEvent:
    """
    @raise KeyError: when it is no line of ours; L{ValueError} and L{TypeError}, too.
    """
    event = _bare(said["level"], said["logger"])
    message, when, traceback = said["message"], said["time"], said.get("traceback")
    if not isinstance(message, str) or not isinstance(event["log_namespace"], str):
        raise TypeError
    if when is not None:
        event["log_time"] = datetime.fromisoformat(when).timestamp()
    if traceback is not None:
        event["log_failure"] = _Told(str(traceback))
    fields = {name: value for name, value in said.items() if name not in _OURS and not name.startswith("log_")}
    # What is in braces there is no field of an event.
    event["log_format"] = message.replace("{", "{{").replace("}", "}}")
    if event["log_namespace"] == _OLD:
        event["log_system"] = "-"
    # The worker has counted it: its format is not known here.
    event["log_limited"] = True
    return {**fields, **event}


_OURS = ("time", "level", "logger", "message", "traceback")


def _bare(level: str, namespace: str) -> LogEvent:
    """
    @raise ValueError: when there is no such level.
    """
    named = LogLevel.info if level == "-" else LogLevel.lookupByName(level)
    return {"log_level": named, "log_namespace": namespace, "log_time": time(), "log_source": None}
