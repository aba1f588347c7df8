"""
Tests of L{balws.cli.dashboard}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.facts import HubFacts
from balws.cli.dashboard import SORTS, lineOf, pageOf
from balws.cli.figures import Look, figuresOf
from tests.cli.fakeadmin import facts, pathFacts
from tests.cli.test_figures import look

BEFORE = look(1, pathFacts(), connections=[facts("a"), facts("b", user="ada")])
NOW = look(
    2,
    pathFacts(received=150, sent=260, sentBytes=4048, queue=4096, slow=1),
    connections=[facts("a", received=1, age=70, queue=9), facts("b", user="ada", sent=50, age=90)],
    pids=[7, 8],
    refused={"maxConnections": 1200},
    authFailures=3,
    stalls=2,
)


def shown(before: Look | None = BEFORE, now: Look = NOW, **fields: Any) -> list[str]:
    """
    @return: the lines of the page.
    """
    usual = {"name": "unix:a.sock", "sort": "in/s", "problem": "", "width": 100, "height": 20}
    return list(pageOf(before, now, **{**usual, **fields}))


class PageTests(SynchronousTestCase):
    """
    The screen.
    """

    def test_page(self) -> None:
        """
        The state, what passes, services and connections.
        """
        self.assertEqual(
            shown(height=18),
            [
                "balws 1.2 at unix:a.sock: ready, up 2h03m, 2 processes",
                "connections 2   in 50/s, 0 B/s   out 60/s, 2 KiB/s   queue 4 KiB",
                "refused maxConnections 1.2k   wrong credentials 3   stalls 2",
                "hub 1 name, 2 groups",
                "closed 2 with 1000, 1 with 1006",
                "",
                "PATH   SERVICE      CONN  OPENED  IN/S  OUT/S  BYTES IN/S  BYTES OUT/S  QUEUE  SLOW",
                "/chat  ChatUpgrade     2       5    50     60         0 B        2 KiB  4 KiB     1",
                "",
                "ID  USER  PATH   ADDRESS      AGE  QUEUE  IN/S  OUT/S",
                "a   -     /chat  192.0.2.1  1m10s    9 B     1      0",
                "b   ada   /chat  192.0.2.1  1m30s    0 B     0     50",
                "",
                "",
                "",
                "",
                "q leaves   s sorts by in/s",
            ],
        )

    def test_sorts(self) -> None:
        """
        The connections stand in the order of each kind of figure.
        """
        firsts = {sort: next(line for line in shown(sort=sort) if line.startswith(("a ", "b ")))[0] for sort in SORTS}
        self.assertEqual(firsts, {"in/s": "a", "out/s": "b", "queue": "a", "age": "b"})

    def test_first(self) -> None:
        """
        Before there is a second look there are no rates.
        """
        lines = shown(None)
        self.assertIn("in 0/s", lines[1])
        self.assertTrue(lines[10].endswith("9 B     -      -"), lines[10])

    def test_height(self) -> None:
        """
        The page is never higher than the screen, and the last line is always there.
        """
        paths = [pathFacts(f"/{number}", connections=number) for number in range(50)]
        connections = [facts(str(number)) for number in range(100)]
        many = look(1, *paths, connections=connections)
        for height in range(18, 60):
            lines = shown(None, many, height=height)
            self.assertLessEqual(len(lines), height)
            self.assertEqual(lines[-1], "q leaves   s sorts by in/s")
        self.assertIn("and 40 services more", shown(None, many, height=36))
        self.assertTrue(next(line for line in lines if line.startswith("/")).startswith("/49"))

    def test_hub(self) -> None:
        """
        A hub that does not reach other nodes says why, and what was lost is told.
        """
        hub = HubFacts(names=0, groups=0, undelivered=4, lost=5, degraded=True, problem="refused\x1b")
        lines = shown(now=look(2, state="degraded", hub=hub))
        self.assertEqual(lines[3], "hub degraded: refused\\x1b   undelivered 4   lost 5")
        self.assertEqual((lines[2], lines[4]), ("refused 0   wrong credentials 0   stalls 0", "closed 0"))

    def test_problem(self) -> None:
        """
        A service that does not answer is told below.
        """
        self.assertEqual(shown(problem="no news: gone")[-1], "no news: gone")

    def test_escaped(self) -> None:
        """
        Nothing of what peers and services say steers the terminal.
        """
        evil = "\x1b[2J\n\u202e"
        now = look(
            2,
            pathFacts(evil, service=evil, closed={evil: 1}),
            connections=[facts(evil, user=evil, path=evil, address=evil)],
            version=evil,
            state=evil,
            refused={evil: 1},
        )
        for line in shown(now=now, name=evil):
            self.assertTrue(line.isprintable(), line)
        self.assertTrue(lineOf(figuresOf(now, now, 0), "12:00:00").isprintable())


class LineTests(SynchronousTestCase):
    """
    One line of figures.
    """

    def test_line(self) -> None:
        """
        What matters most, at what time.
        """
        self.assertEqual(
            lineOf(figuresOf(BEFORE, NOW, 0), "12:00:00"),
            "12:00:00 ready  connections 2  in 50/s  out 60/s  queue 4 KiB  refused 1200  stalls 2",
        )
        hub = HubFacts(names=0, groups=0, undelivered=0, lost=0, degraded=True, problem="gone")
        degraded = look(2, hub=hub)
        self.assertTrue(lineOf(figuresOf(degraded, degraded, 0), "").endswith("  hub degraded"))
