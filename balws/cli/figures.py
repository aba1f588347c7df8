# -*- test-case-name: tests.cli.test_figures -*-
"""
What happens in a second, from two looks at a running service.
"""

from __future__ import annotations

from collections import Counter

import attrs
from msgspec import Struct

from balws.admin.facts import ConnectionFacts, ConnectionPage, PathFacts, Summary
from balws.cli.records import timeOf

__all__ = ["Figures", "Look", "Pace", "closedOf", "figuresOf", "paceOf", "pacesOf"]


@attrs.frozen(kw_only=True)
class Look:
    """
    @ivar moment: seconds of a clock that is never set.
    """

    moment: float
    summary: Summary
    page: ConnectionPage


@attrs.frozen
class Pace:
    """
    Messages and bytes of them in a second; L{None} where nobody can tell yet.
    """

    received: float | None = None
    sent: float | None = None
    receivedBytes: float | None = None
    sentBytes: float | None = None


class Figures(Struct, frozen=True, kw_only=True):
    """
    One line of C{balws top --json}.

    @ivar time: in ISO 8601, UTC.
    @ivar state: C{"ready"}, C{"degraded"} or C{"draining"}.
    @ivar connections: how many are open.
    @ivar received: messages of peers in a second; likewise C{sent}, C{receivedBytes}, C{sentBytes}.
    @ivar queue: bytes that peers have not taken yet.
    @ivar opened: how many connections were opened since the process began.
    @ivar closed: how many have ended since then, by close code.
    @ivar refused: how often a limit turned somebody away since then.
    @ivar authFailures: how often credentials were not accepted since then.
    @ivar stalls: how often the reactor stood still since then.
    @ivar degraded: whether other nodes cannot be reached.
    """

    time: str
    state: str
    connections: int
    received: float
    sent: float
    receivedBytes: float
    sentBytes: float
    queue: int
    opened: int
    closed: dict[str, int]
    refused: int
    authFailures: int
    stalls: int
    degraded: bool


def figuresOf(before: Look, now: Look, time: float) -> Figures:
    """
    @param time: seconds since 1970.
    @return: what happened between the two; of a process that was started anew meanwhile, nothing.
    """
    summary = now.summary
    paces = [paceOf(before, now, path) for path in summary.paths]
    return Figures(
        time=timeOf(time),
        state=summary.state,
        connections=summary.connections,
        received=round(sum(each.received or 0 for each in paces), 1),
        sent=round(sum(each.sent or 0 for each in paces), 1),
        receivedBytes=round(sum(each.receivedBytes or 0 for each in paces), 1),
        sentBytes=round(sum(each.sentBytes or 0 for each in paces), 1),
        queue=sum(path.queue for path in summary.paths),
        opened=sum(path.opened for path in summary.paths),
        closed=closedOf(summary),
        refused=sum(summary.refused.values()),
        authFailures=summary.authFailures,
        stalls=summary.stalls,
        degraded=summary.hub.degraded,
    )


def closedOf(summary: Summary) -> dict[str, int]:
    """
    @return: how many connections have ended, by close code, of all paths.
    """
    codes: Counter[str] = Counter()
    for path in summary.paths:
        codes.update(path.closed)
    return dict(sorted(codes.items()))


def paceOf(before: Look | None, now: Look, path: PathFacts) -> Pace:
    """
    @param path: one of C{now}.
    """
    if before is None:
        return Pace()
    known = next((each for each in before.summary.paths if each.path == path.path), None)
    return Pace() if known is None else _pace(known, path, now.moment - before.moment)


def pacesOf(before: Look | None, now: Look) -> list[tuple[ConnectionFacts, Pace]]:
    """
    @return: the connections of C{now}, each with its own.
    """
    known = {} if before is None else {each.id: each for each in before.page.connections}
    seconds = 0.0 if before is None else now.moment - before.moment
    return [
        (each, _pace(known[each.id], each, seconds) if each.id in known else Pace()) for each in now.page.connections
    ]


def _pace(before: PathFacts | ConnectionFacts, now: PathFacts | ConnectionFacts, seconds: float) -> Pace:
    if seconds <= 0:
        return Pace()

    def each(name: str) -> float:
        # What has become less was counted by another process.
        more: int = getattr(now, name) - getattr(before, name)
        return max(more, 0) / seconds

    return Pace(each("received"), each("sent"), each("receivedBytes"), each("sentBytes"))
