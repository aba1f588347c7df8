# -*- test-case-name: tests.cli.test_dashboard -*-
"""
The page of C{balws top}, as lines of text.
"""

from __future__ import annotations

from collections.abc import Iterator

from balws.admin.facts import ConnectionFacts, HubFacts, Summary
from balws.cli.figures import Figures, Look, Pace, closedOf, figuresOf, paceOf, pacesOf
from balws.cli.tables import aged, counted, plural, sized, table
from balws.logs.escape import escaped

__all__ = ["SORTS", "lineOf", "pageOf"]

#: What the connections can be sorted by, and the field that the service sorts by.
SORTS = {"in/s": "received", "out/s": "sent", "queue": "queue", "age": "age"}

_PATHS = ("PATH", "SERVICE", "CONN", "OPENED", "IN/S", "OUT/S", "BYTES IN/S", "BYTES OUT/S", "QUEUE", "SLOW")
_CONNECTIONS = ("ID", "USER", "PATH", "ADDRESS", "AGE", "QUEUE", "IN/S", "OUT/S")


def lineOf(figures: Figures, clock: str) -> str:
    """
    @param clock: what time it is.
    @return: the figures on one line.
    """
    return (
        f"{clock} {escaped(figures.state)}  connections {figures.connections}"
        f"  in {counted(figures.received)}/s  out {counted(figures.sent)}/s  queue {sized(figures.queue)}"
        f"  refused {figures.refused}  stalls {figures.stalls}{'  hub degraded' if figures.degraded else ''}"
    )


def pageOf(
    before: Look | None, now: Look, *, name: str, sort: str, problem: str, width: int, height: int
) -> Iterator[str]:
    """
    @param before: the look before; L{None}: there was none.
    @param name: of the endpoint.
    @param sort: one of L{SORTS}.
    @param problem: why C{now} is old; empty: it is not.
    @param width: columns of the screen.
    @param height: lines of the screen.
    """
    head = [*_head(before, now, name), *_paths(before, now, width, max(height // 3, 4)), ""]
    room = height - len(head) - 2
    yield from head
    yield from _connections(before, now, sort, width, max(room, 1))
    yield problem or f"q leaves   s sorts by {sort}"


def _head(before: Look | None, now: Look, name: str) -> Iterator[str]:
    summary = now.summary
    total = figuresOf(now if before is None else before, now, 0)
    processes = f", {len(summary.pids)} processes" if len(summary.pids) > 1 else ""
    yield escaped(f"balws {summary.version} at {name}: {summary.state}, up {aged(summary.uptime)}{processes}")
    yield (
        f"connections {counted(summary.connections)}"
        f"   in {counted(total.received)}/s, {sized(total.receivedBytes)}/s"
        f"   out {counted(total.sent)}/s, {sized(total.sentBytes)}/s"
        f"   queue {sized(total.queue)}"
    )
    refused = ", ".join(f"{name} {counted(count)}" for name, count in sorted(summary.refused.items())) or "0"
    yield escaped(f"refused {refused}   wrong credentials {summary.authFailures}   stalls {summary.stalls}")
    yield escaped(_hub(summary.hub))
    yield escaped(_closed(summary))
    yield ""


def _hub(hub: HubFacts) -> str:
    held = f"{plural(hub.names, 'name')}, {plural(hub.groups, 'group')}"
    state = f"degraded: {hub.problem}" if hub.degraded else held
    missed = f"   undelivered {hub.undelivered}   lost {hub.lost}" if hub.undelivered or hub.lost else ""
    return f"hub {state}{missed}"


def _closed(summary: Summary) -> str:
    codes = closedOf(summary)
    return "closed " + (", ".join(f"{counted(count)} with {code}" for code, count in codes.items()) or "0")


def _paths(before: Look | None, now: Look, width: int, most: int) -> Iterator[str]:
    paths = sorted(now.summary.paths, key=lambda path: -path.connections)
    shown = paths if len(paths) < most else paths[: most - 2]
    rows = []
    for path in shown:
        pace = paceOf(before, now, path)
        figures = (counted(path.connections), counted(path.opened), _rate(pace.received), _rate(pace.sent))
        sizes = (_size(pace.receivedBytes), _size(pace.sentBytes), sized(path.queue), counted(path.slow))
        rows.append((escaped(path.path), escaped(path.service), *figures, *sizes))
    yield from table(_PATHS, rows, figures=range(2, 10), width=width)
    if len(shown) < len(paths):
        yield f"and {plural(len(paths) - len(shown), 'service')} more"


def _connections(before: Look | None, now: Look, sort: str, width: int, most: int) -> Iterator[str]:
    found = pacesOf(before, now)
    found.sort(key=lambda each: -_weight(sort, *each))
    rows = [
        (
            escaped(each.id),
            "-" if each.user is None else escaped(each.user),
            escaped(each.path),
            escaped(each.address),
            aged(each.age),
            sized(each.queue),
            _rate(pace.received),
            _rate(pace.sent),
        )
        for each, pace in found[: most - 1]
    ]
    yield from table(_CONNECTIONS, rows, figures=range(4, 8), names=(0,), width=width)
    yield from [""] * (most - 1 - len(rows))


def _weight(sort: str, connection: ConnectionFacts, pace: Pace) -> float:
    return {
        "in/s": pace.received or 0,
        "out/s": pace.sent or 0,
        "queue": connection.queue,
        "age": connection.age,
    }[sort]


def _rate(rate: float | None) -> str:
    return "-" if rate is None else counted(rate)


def _size(rate: float | None) -> str:
    return "-" if rate is None else sized(rate)
