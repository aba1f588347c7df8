# -*- test-case-name: tests.cli.test_bench_report -*-
"""
What a load test has found.
"""

from __future__ import annotations

from typing import Any

from balws.cli.bench.histogram import Histogram, duration
from balws.cli.bench.load import Load
from balws.cli.bench.work import Work
from balws.cli.records import jsonOf

__all__ = ["asJson", "asText", "progress"]

#: The percentiles that are told.
PERCENTS = (50, 75, 90, 99, 99.9)

_UNTOLD = "cannot be told: more came than was asked for, and nobody knows which message answers which"

#: Characters of the bar.
_BAR = 24


def _rate(number: int, seconds: float) -> float:
    return number / seconds if seconds > 0 else 0.0


def asJson(work: Work, load: Load) -> str:
    """
    @return: all of it as one object; times are seconds.  Without a time that can be told C{latency} is null, and
        C{histogram} empty.
    """
    return jsonOf(
        {
            "connections": work.connections,
            "connected": load.connecting.count,
            "elapsed": load.elapsed,
            "sent": load.sent,
            "received": load.received,
            "greetings": load.greetings,
            "unasked": load.unasked,
            "sentPerSecond": _rate(load.sent, load.elapsed),
            "receivedPerSecond": _rate(load.received, load.elapsed),
            "late": load.late,
            "errors": dict(load.errors),
            "latency": _figures(load.latency) if load.isTold else None,
            "connecting": _figures(load.connecting),
            "histogram": [
                {"from": start, "to": end, "count": number}
                for start, end, number in (load.latency.rows() if load.isTold else ())
            ],
        }
    )


def _figures(histogram: Histogram) -> dict[str, Any] | None:
    if not histogram.count:
        return None
    found = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTS}
    return {"least": histogram.least, "mean": histogram.mean, **found, "most": histogram.most}


def asText(work: Work, load: Load, isUnicode: bool) -> list[str]:
    """
    @return: the lines for people.
    """
    seconds = load.elapsed
    lines = [f"Connections  {load.connecting.count:,} of {work.connections:,}" + _took(load.connecting)]
    lines.append(f"Sent         {load.sent:,} in {duration(seconds)}, {_rate(load.sent, seconds):,.0f} a second")
    if work.isAnswered:
        came = "Received" if load.unasked else "Answered"
        lines.append(f"{came}     {load.received:,}, {_rate(load.received, seconds):,.0f} a second")
    if load.greetings:
        lines.append(f"Greetings    {load.greetings:,} came before anything was sent, and answer nothing")
    if load.late:
        lines.append(f"Late         {load.late:,} were due and not sent: the service does not keep up")
    found = ", ".join(f"{number:,} {words}" for words, number in load.errors.most_common())
    lines.append(f"Errors       {found or 'none'}")
    if load.unasked:
        lines += ["", f"Latency      {_UNTOLD}"]
    if load.isTold:
        lines += ["", "Latency", *_table(load.latency), "", *load.latency.picture(isUnicode=isUnicode)]
    return lines


def _took(histogram: Histogram) -> str:
    if not histogram.count:
        return ""
    return f", half of them within {duration(histogram.percentile(50))}, all within {duration(histogram.most)}"


def _table(histogram: Histogram) -> list[str]:
    names = ["least", "mean", *(f"{percent:g} %" for percent in PERCENTS), "most"]
    values = [histogram.least, histogram.mean, *map(histogram.percentile, PERCENTS), histogram.most]
    return ["".join(f"{name:>10}" for name in names), "".join(f"{duration(value):>10}" for value in values)]


def progress(work: Work, load: Load) -> str:
    """
    @return: a line that says how far it is.
    """
    if not load.since:
        return f"connecting: {load.connecting.count:,} of {work.connections:,}"
    part = min(load.since / work.seconds, 1)
    number = load.received if work.isAnswered else load.sent
    bar = "#" * int(part * _BAR)
    return (
        f"[{bar:<{_BAR}}] {min(load.since, work.seconds):.1f} of {work.seconds:g} s  "
        f"{_rate(number, load.since):,.0f} a second  {load.errors.total():,} errors"
    )
