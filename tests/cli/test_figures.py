"""
Tests of L{balws.cli.figures}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.facts import HubFacts, PathFacts
from balws.cli.figures import Look, Pace, closedOf, figuresOf, paceOf, pacesOf
from tests.cli.fakeadmin import facts, page, pathFacts, summary


def look(moment: float, *paths: PathFacts, connections: Any = (), **fields: Any) -> Look:
    """
    @return: a look at these paths and connections.
    """
    return Look(moment=moment, summary=summary(*paths, **fields), page=page(*connections))


class FiguresTests(SynchronousTestCase):
    """
    The service as a whole.
    """

    def test_rates(self) -> None:
        """
        What was counted between two looks is told by the second, over all paths.
        """
        before = look(10, pathFacts("/a"), pathFacts("/b"))
        now = look(
            12,
            pathFacts("/a", received=120, sent=205, receivedBytes=5000, queue=7),
            pathFacts("/b", received=101, sentBytes=2500, queue=8),
            refused={"maxConnections": 3, "maxUpgradesPerSecond": 1},
            authFailures=9,
            stalls=2,
            state="degraded",
            hub=HubFacts(names=0, groups=0, undelivered=0, lost=0, degraded=True, problem="gone"),
        )
        figures = figuresOf(before, now, 99)
        self.assertEqual((figures.received, figures.sent), (10.5, 2.5))
        self.assertEqual((figures.receivedBytes, figures.sentBytes), (2000, 250))
        self.assertEqual((figures.state, figures.connections, figures.queue), ("degraded", 4, 15))
        self.assertEqual(figures.time, "1970-01-01T00:01:39.000+00:00")
        self.assertEqual((figures.refused, figures.authFailures, figures.stalls, figures.degraded), (4, 9, 2, True))
        self.assertEqual((figures.opened, figures.closed), (10, {"1000": 4, "1006": 2}))

    def test_anew(self) -> None:
        """
        A service that was started anew counts from 0; no rate is negative, and a new path has none yet.
        """
        before = look(10, pathFacts("/a"))
        now = look(11, pathFacts("/a", received=5, sent=0, receivedBytes=0, sentBytes=0), pathFacts("/b"))
        figures = figuresOf(before, now, 0)
        self.assertEqual((figures.received, figures.sent, figures.receivedBytes), (0, 0, 0))

    def test_first(self) -> None:
        """
        The first look, and two at the same moment, tell no rate.
        """
        first = look(10, pathFacts("/a"))
        self.assertEqual(paceOf(None, first, first.summary.paths[0]), Pace())
        self.assertEqual(paceOf(first, first, first.summary.paths[0]), Pace())
        self.assertEqual(figuresOf(first, first, 0).received, 0)

    def test_closed(self) -> None:
        """
        Close codes of all paths are counted together, in their order.
        """
        codes = closedOf(summary(pathFacts("/a", closed={"4xxx": 1, "1000": 1}), pathFacts("/b", closed={"1000": 5})))
        self.assertEqual(list(codes.items()), [("1000", 6), ("4xxx", 1)])


class PacesTests(SynchronousTestCase):
    """
    Connections.
    """

    def test_each(self) -> None:
        """
        Each connection that both looks saw has its own rates; a new one has none yet.
        """
        before = look(1, connections=[facts("a", received=10), facts("gone")])
        now = look(3, connections=[facts("a", received=20, sent=1), facts("new", received=7)])
        found = {each.id: pace for each, pace in pacesOf(before, now)}
        self.assertEqual(found, {"a": Pace(5, 0.5, 0, 0), "new": Pace()})
        self.assertEqual([pace for _, pace in pacesOf(None, now)], [Pace(), Pace()])
