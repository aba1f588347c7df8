# -*- test-case-name: tests.logs.test_record -*-
"""
What an event of Twisted's log says, made safe to be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from string import Formatter
from typing import Any

import attrs
from twisted.logger import LogEvent, LogLevel
from twisted.python.failure import Failure

from balws.logs.escape import escaped

__all__ = ["Plain", "Record", "recordOf"]

#: What a line of JSON can carry as it is.
Plain = str | int | float | bool | None

#: The most bytes of UTF-8 of a whole message.
MESSAGE = 8192

#: The most fields of an event that are kept beside its message, and the longest of their names.
FIELDS = 32
NAME = 64

#: So many lines of a traceback are kept from its beginning and from its end.
FIRST_LINES = 20
LAST_LINES = 80

#: Names that an event of Twisted's own has, or a line of ours.
_TAKEN = frozenset(
    "time level logger message traceback format system isError failure why logLevel worker".split()  # noqa: SIM905
)

#: Whole numbers beyond this are no longer read exactly by everybody.
_LARGEST = 2**63


@attrs.frozen
class Record:
    """
    One event.  All text in it is printable and limited.

    @ivar time: when, in seconds of the Epoch; L{None} when the event does not say.
    @ivar level: such as C{"info"}; C{"-"} when the event has none.
    @ivar logger: the namespace of who logged it, such as C{"balws.audit"}.
    @ivar source: what stands for logger and level in a line of text.
    @ivar message: the event's words.
    @ivar fields: those of the event's values that are plain.
    @ivar traceback: its lines; empty when there is none.
    @ivar worker: the number of the process that logged it; L{None} is this one.
    """

    time: float | None
    level: str
    logger: str
    source: str
    message: str
    fields: Mapping[str, Plain]
    traceback: tuple[str, ...]
    worker: int | None


def recordOf(event: LogEvent) -> Record | None:
    """
    Never fails: what cannot be shown is said to be so.

    @return: L{None} for an event that says nothing.
    """
    failure = _failureOf(event)
    message = _messageOf(event, failure)
    if not message and failure is None:
        return None
    level = event.get("log_level")
    levelName = level.name if isinstance(level, type(LogLevel.info)) else "-"
    logger = escaped(_text(event.get("log_namespace", "-")), 256)
    system = event.get("log_system")
    worker = event.get("worker")
    return Record(
        time=_timeOf(event),
        level=levelName,
        logger=logger,
        source=f"{logger}#{levelName}" if system is None else escaped(_text(system), 256),
        message=message,
        fields=dict(_fieldsOf(event)),
        traceback=() if failure is None else tuple(_linesOf(failure)),
        worker=worker if type(worker) is int and abs(worker) < _LARGEST else None,
    )


class _Shown:
    """
    A value of an event: what a format asks of it is asked of the value, and what comes to be
    written is escaped and cut.
    """

    __slots__ = ("__value",)

    def __init__(self, value: object) -> None:
        self.__value = value

    def __getattr__(self, name: str) -> _Shown:
        if not name.endswith("()"):
            return _Shown(getattr(self.__value, name))
        return _Shown(getattr(self.__value, name[:-2])())

    def __getitem__(self, key: Any) -> _Shown:
        value: Any = self.__value
        return _Shown(value[key])

    def __format__(self, spec: str) -> str:
        return _tried(lambda: format(self.__value, spec))

    def __str__(self) -> str:
        return _tried(lambda: str(self.__value))

    def __repr__(self) -> str:
        return _tried(lambda: repr(self.__value))


class _Values(dict[str, Any]):
    """
    An event's values, as Twisted's formats name them: C{{peer}}, C{{peer.host}}, C{{count()}}.
    """

    def __getitem__(self, name: str) -> _Shown:
        if not name.endswith("()"):
            return _Shown(super().__getitem__(name))
        return _Shown(super().__getitem__(name[:-2])())


def _tried(write: Callable[[], str]) -> str:
    """
    @return: what is written, or which error came of it.
    """
    try:
        return escaped(write())
    except Exception as error:
        return f"<{escaped(type(error).__name__, NAME)}>"


def _text(value: object) -> str:
    return value if isinstance(value, str) else _tried(lambda: str(value))


def _messageOf(event: LogEvent, failure: Failure | None) -> str:
    if failure is not None and "log_failure" not in event and not event.get("message"):
        # The old log.err: its own text would have the traceback in it.
        return escaped(_text(event.get("why") or "Unhandled Error"))
    given = event.get("log_format")
    if given is None:
        return ""
    form = given.decode("utf-8", "replace") if isinstance(given, bytes) else _text(given)
    try:
        return escaped(Formatter().vformat(form, (), _Values(event)), MESSAGE)
    except Exception as error:
        return escaped(f"An event that cannot be written ({type(error).__name__}): {escaped(form)}", MESSAGE)


def _failureOf(event: LogEvent) -> Failure | None:
    found = event.get("log_failure")
    if found is None and event.get("isError"):
        found = event.get("failure")
    return found if isinstance(found, Failure) else None


def _linesOf(failure: Failure) -> Iterator[str]:
    try:
        lines = failure.getTraceback().rstrip("\n").split("\n")
    except Exception as error:
        lines = [f"no traceback can be had: {type(error).__name__}"]
    skipped = len(lines) - FIRST_LINES - LAST_LINES
    if skipped > 1:
        lines[FIRST_LINES:-LAST_LINES] = [f"  ... {skipped} lines in all ..."]
    return map(escaped, lines)


def _timeOf(event: LogEvent) -> float | None:
    found = event.get("log_time")
    if type(found) is int and abs(found) < _LARGEST:
        return float(found)
    return found if isinstance(found, float) and math.isfinite(found) else None


def _fieldsOf(event: LogEvent) -> Iterator[tuple[str, Plain]]:
    own = (
        (name, value)
        for name, value in event.items()
        if isinstance(name, str)
        and name.isidentifier()
        and len(name) <= NAME
        and name not in _TAKEN
        and not name.startswith("log_")
        and (value is None or type(value) in (str, int, float, bool))
    )
    for name, value in islice(own, FIELDS):
        yield name, _plain(value)


def _plain(value: Any) -> Plain:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return f"a number of {value.bit_length()} bits"
    return value  # type: ignore[no-any-return]
