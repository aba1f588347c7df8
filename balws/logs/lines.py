# -*- test-case-name: tests.logs.test_lines -*-
"""
How a record of the log is written: as text, or as one JSON object.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from twisted.logger import formatTime

from balws.logs.record import Plain, Record

__all__ = ["jsonLine", "textLine"]


def textLine(record: Record) -> str:
    """
    @return: one line in Twisted's manner; those of a traceback follow it, each behind a tab,
        and no line of an event begins with one.
    """
    try:
        time = formatTime(record.time)
    except (ValueError, OverflowError, OSError):  # no such year
        time = "-"
    source = record.source if record.worker is None else f"{record.source}, worker {record.worker}"
    head = f"{time} [{source}] {record.message}\n"
    return head + "".join(f"\t{line}\n" for line in record.traceback)


def jsonLine(record: Record) -> str:
    """
    @return: one line of ASCII with one JSON object: C{time} (ISO 8601, UTC, milliseconds; null
        when it is not known), C{level}, C{logger}, C{message}, the event's own fields, and
        C{worker} and C{traceback} where there are such.
    """
    said: dict[str, Plain] = {
        "time": _iso(record.time),
        "level": record.level,
        "logger": record.logger,
        "message": record.message,
        **record.fields,
    }
    if record.worker is not None:
        said["worker"] = record.worker
    if record.traceback:
        said["traceback"] = "\n".join(record.traceback)
    return json.dumps(said, allow_nan=False) + "\n"


def _iso(time: float | None) -> str | None:
    if time is None:
        return None
    try:
        moment = datetime.fromtimestamp(time, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
