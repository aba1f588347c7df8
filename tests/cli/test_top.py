"""
Tests of L{balws.cli.top}.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.usage import UsageError

from balws.cli import top
from balws.cli.admin import Denied
from balws.cli.top import SEEN, Top
from tests.cli.fakeadmin import AskingCase, facts, page, pathFacts, summary


class LineTests(AskingCase):
    """
    Where the output is no terminal.
    """

    def setUp(self) -> None:
        super().setUp()
        received = iter(range(100, 1000, 10))
        self.fake.answers["/api/summary"] = lambda: summary(pathFacts(received=next(received)))

    async def test_once(self) -> None:
        """
        Once, it looks twice and prints what happened between, on one line.
        """
        self.assertEqual(await self.run_(Top, "--once", "--interval", "0.1"), 0)
        shown = self.printed()
        self.assertRegex(shown, r"^\d\d:\d\d:\d\d ready  connections 2  in \d+(\.\d)?/s  out 0/s  queue 0 B  ")
        self.assertEqual(shown.count("\n"), 1)
        self.assertEqual([path for _, path, _, _ in self.fake.asked], ["/api/summary"] * 2)

    async def test_json(self) -> None:
        """
        For scripts a line is an object.
        """
        self.assertEqual(await self.run_(Top, "--once", "--json", "--interval", "0.1"), 0)
        figures = json.loads(self.printed())
        self.assertEqual((figures["state"], figures["connections"], figures["sent"]), ("ready", 2, 0))
        self.assertTrue(0 < figures["received"] <= 100, figures)

    async def test_lines(self) -> None:
        """
        It goes on until the service does not answer any more, and says why.
        """
        answers = iter([summary(), summary(), summary(), (401, b"{}")])
        self.fake.answers["/api/summary"] = lambda: next(answers)
        error = await self.assertFailure(self.run_(Top, "--interval", "0.1"), Denied)
        self.assertIn("wants a token", str(error))
        self.assertEqual(self.printed().count("\n"), 2)

    def test_usage(self) -> None:
        """
        The interval is from a tenth of a second to an hour.
        """
        for interval in ("0.09", "3601", "nan", "often"):
            error = self.assertRaises(UsageError, self.parsed, Top, "-i", interval)
            self.assertEqual(str(error), "--interval takes a number from 0.1 to 3600")
        for interval in ("0.1", "3600"):
            self.assertEqual(self.parsed(Top, "-i", interval)["interval"], float(interval))


class Paper:
    """
    A screen that keeps what was drawn.
    """

    hasKeys = False
    size = (100, 20)

    def __init__(self) -> None:
        self.pages: list[list[str]] = []

    def draw(self, lines: Iterable[str]) -> None:
        self.pages.append(list(lines))


class ScreenTests(AskingCase):
    """
    At a terminal.
    """

    def setUp(self) -> None:
        super().setUp()
        self.fake.answers["/api/summary"] = summary(pathFacts())
        self.fake.answers["/api/connections"] = page(facts("a", age=1, queue=5), facts("b", age=2))
        self.paper = Paper()

    def watch(self, interval: float = 0.01) -> tuple[Any, Deferred[None]]:
        admin = self.parsed(Top, f"--admin=tcp:{self.port}").reach(reactor)  # type: ignore[attr-defined]
        watch = top._Watch(self.paper, reactor, admin, interval)  # type: ignore[arg-type]
        return watch, Deferred.fromCoroutine(watch.go())

    async def drawn(self, count: int) -> None:
        while len(self.paper.pages) < count:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]

    async def test_keys(self) -> None:
        """
        s sorts by something else, at once; other keys do nothing; q leaves.
        """
        watch, ended = self.watch(3600)
        watch._pressed("s")  # there is nothing to sort yet
        await self.drawn(1)
        for key, last in (("x", 1), ("s", 2), ("S", 3), ("s", 4)):
            watch._pressed(key)
            self.assertEqual(len(self.paper.pages), last)
        self.assertEqual(
            [each[-1].split("by ")[1] for each in self.paper.pages], ["out/s", "queue", "age", "in/s"]
        )
        firsts = [next(line[0] for line in each if line.startswith(("a ", "b "))) for each in self.paper.pages]
        self.assertEqual(firsts[1:3], ["a", "b"])
        watch._pressed("q")
        await ended
        _, path, query, _ = self.fake.asked[1]
        self.assertEqual((path, query), ("/api/connections", {"sort": "received", "limit": str(SEEN)}))

    async def test_leave(self) -> None:
        """
        Ctrl-C and Ctrl-D leave, also while an answer is awaited, and so does the end of the terminal.
        """
        self.fake.answers["/api/summary"] = None
        for key in "\x03\x04":
            watch, ended = self.watch()
            watch._pressed(key)
            await ended
        before = signal.getsignal(signal.SIGHUP)
        _, ended = self.watch()
        signal.raise_signal(signal.SIGHUP)
        await ended
        self.assertEqual(signal.getsignal(signal.SIGHUP), before)

    async def test_gone(self) -> None:
        """
        A service that does not answer any more stays on the screen, with a word on it, until it does again.
        """
        watch, ended = self.watch()
        await self.drawn(2)
        self.fake.answers["/api/summary"] = (503, {"error": "busy\x1b"})
        while "no news: busy\\x1b" not in self.paper.pages[-1]:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]
        self.assertIn("ready", self.paper.pages[-1][0])
        self.fake.answers["/api/summary"] = summary(state="draining")
        while "draining" not in self.paper.pages[-1][0]:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]
        self.assertTrue(self.paper.pages[-1][-1].startswith("q leaves"))
        watch._pressed("q")
        await ended

    async def test_never(self) -> None:
        """
        A service that does not answer from the beginning is an error.
        """
        self.fake.answers["/api/summary"] = (400, {"error": "no"})
        await self.assertFailure(self.watch()[1], Denied)
        self.assertEqual(self.paper.pages, [])
