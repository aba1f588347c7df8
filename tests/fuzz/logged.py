"""
What comes to be lines of the log: events with whatever a peer has said, and what workers write.
"""

from __future__ import annotations

import json
from io import StringIO
from random import Random
from typing import Any

from twisted.logger import LogEvent, LogLevel
from twisted.python.failure import Failure

from balws.logs.children import MAX_LINE, fromChild, toParent
from balws.logs.observer import observer
from balws.workers.lines import Lines
from tests.fuzz.envelopes import mangled
from tests.fuzz.watch import Found

#: No line of text is longer, in characters: a message, a source and a time.
_LONGEST = 8192 + 1024

_STARTS = (
    "hi", "a\nb", "\r\n2026-01-01T00:00:00+0000 [balws#info] x", "\x1b[2J", "\u202e", "\ud800", "\0", "\x85\u2028",
    "{b}", "%s", "\\", '"', "é" * 3000, "x" * 100_000, "", "\t", "</script>", "\x7f",
)  # fmt: skip
_FORMATS = (
    "{a}", "{a!r} and {b!s}", "{a.b}", "{a[0]}", "{a()}", "{a", "}", "{}", "{0}", "{nobody}", "{a:>9}", "{a:x}",
    "{a!z}", "plain", "\nplain", "{a}{b}{c}" * 40, "", "{a.__class__}", "{b[x].y()}", "x" * 20_000,
)  # fmt: skip


class _Unruly:
    """
    Fails, or gives what no text should be.
    """

    def __init__(self, random: Random) -> None:
        self._random = random

    def _said(self) -> Any:
        random = self._random
        if random.random() < 0.5:
            raise random.choice((ValueError, RecursionError, KeyError, UnicodeError, OSError))("\n\x1b")
        return random.choice((*_STARTS, None, 7))

    def __str__(self) -> str:
        return self._said()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return self._said()  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        return self._said()  # type: ignore[no-any-return]

    def __call__(self) -> Any:
        return self._said()

    def __getattr__(self, name: str) -> Any:
        return self._said()

    def __getitem__(self, key: object) -> Any:
        return self._said()


class _Traceless(Failure):
    """
    Has a traceback like no other.
    """

    text: Any = ""

    def getTraceback(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


def _value(random: Random) -> Any:
    match random.randrange(6):
        case 0 | 1:
            return random.choice(_STARTS)
        case 2:
            return random.choice((None, True, 0, -1, 2**53, 2**80, 10**5000, 0.5, float("nan"), float("inf"), 1e308))
        case 3:
            return random.choice(_STARTS).encode("utf-8", "surrogatepass")
        case 4:
            return random.choice(([], {"a": ["\n"]}, (_STARTS,), {"x": {1: 2}}))
    return _Unruly(random)


def _event(random: Random) -> LogEvent:
    event: LogEvent = {"log_format": random.choice(_FORMATS) if random.random() < 0.9 else _value(random)}
    event["log_level"] = random.choice((LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical, None, "info"))
    event["log_namespace"] = random.choice(("balws.server", "balws.audit", _value(random)))
    event["log_time"] = random.choice((1e9, 1e9 + 0.5, 0, -1, 1e300, float("nan"), 10**400, None, "x"))
    for name in random.sample(("a", "b", "c", "worker", "level", "log_system", "time", "isError", "why", "x" * 70), 4):
        event[name] = _value(random)
    if random.random() < 0.2:
        failure = event["log_failure"] = _Traceless(ValueError(random.choice(_STARTS)))
        failure.text = random.choice((*_STARTS, "line\n" * 500, "", ValueError("\n"), None))
    return event


def events(random: Random) -> None:
    """
    Events as whoever logs may make them.

    @raise Found: where one is not one line, not short, or hides something.
    """
    form = random.choice(("text", "json"))
    for _ in range(random.randint(1, 4)):
        stream = StringIO()
        write = observer(form, stream)
        event = _event(random)
        write(event)
        said = stream.getvalue()
        if said:
            (_checkText if form == "text" else _checkJson)(said)
        if write.lost:
            raise Found(f"{event} could not be written")


def _checkText(said: str) -> None:
    head, *traceback, end = said.split("\n")
    if end or head.startswith("\t") or not all(line.startswith("\t") for line in traceback):
        raise Found(f"not one line: {said[:300]!r}")
    if not head.isprintable() or not all(line[1:].isprintable() for line in traceback):
        raise Found(f"not printable: {said[:300]!r}")
    if max(map(len, (head, *traceback))) > _LONGEST or len(traceback) > 101:
        raise Found(f"{len(said)} characters: {said[:100]!r}")


def _checkJson(said: str) -> dict[str, Any]:
    if said.count("\n") != 1 or not said.endswith("\n") or not said.isascii() or len(said) > MAX_LINE:
        raise Found(f"not one line of ASCII: {len(said)}, {said[:300]!r}")
    found: dict[str, Any] = json.loads(said, parse_constant=_refuse)
    texts = [value for name, value in found.items() if isinstance(value, str) and name != "traceback"]
    if not all(each.isprintable() for each in texts):
        raise Found(f"not printable: {said[:300]!r}")
    return found


def _refuse(name: str) -> None:
    raise Found(f"{name} is no JSON")


def children(random: Random) -> None:
    """
    What a worker logged, and what else it may write.

    @raise Found: where it is not the same in its parent's log, or there is not one line of it.
    """
    stream = StringIO()
    toParent(stream)(_event(random))
    line = stream.getvalue().encode("ascii") or random.choice((b"", b"null\n", b"[" * 9000, b'{"level":[]}', b"{}"))
    data = mangled(random, line) if random.random() < 0.7 else line
    number = random.randrange(100)
    heard: list[LogEvent] = []
    fromChild(data, number, heard.append)
    out = StringIO()
    write = observer("json", out)
    for event in heard:
        write(event)
    if len(heard) != 1 or heard[0]["worker"] != number:
        raise Found(f"{data[:300]!r} became {heard}")
    said = out.getvalue()
    if not said:
        # Nothing to say, or debug.
        if data == line and stream.getvalue():
            raise Found(f"{data[:300]!r} became nothing")
        return
    found = _checkJson(said)
    if data == line and stream.getvalue():
        wanted = json.loads(line)
        # What the worker did not know is filled in.
        wanted["time"] = wanted["time"] or found["time"]
        wanted["level"] = wanted["level"].replace("-", "info")
        if found != {**wanted, "worker": number}:
            raise Found(f"{line[:400]!r} became {said[:400]!r}")


def lines(random: Random) -> None:
    """
    A stream in any pieces.

    @raise Found: where other lines come out than went in.
    """
    limit = random.choice((1, 5, 64))
    data = random.randbytes(random.choice((0, 30, 200))).replace(b"\x07", b"\n").replace(b"a", b"\n\n")
    got: list[bytes] = []
    cut = Lines(got.append, limit)
    rest = data
    while rest:
        size = random.choice((1, 3, 50, len(rest)))
        cut.feed(rest[:size])
        rest = rest[size:]
        if len(cut._begun) > limit:
            raise Found(f"{len(cut._begun)} bytes wait")
    cut.end()
    *whole, last = (line[:limit] for line in data.split(b"\n"))
    if got != [*whole, *([last] if last else [])]:
        raise Found(f"{data!r} gave {got}")
