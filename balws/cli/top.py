# -*- test-case-name: tests.cli.test_top -*-
"""
C{balws top}: a running service, looked at each second.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import nullcontext
from typing import Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from balws.admin.facts import ConnectionPage, Summary
from balws.cli.admin import Admin, Denied
from balws.cli.dashboard import SORTS, lineOf, pageOf
from balws.cli.figures import Look, figuresOf
from balws.cli.numbers import amount
from balws.cli.reaching import ReachingOptions
from balws.cli.records import sayJson
from balws.cli.screen import Keys, Screen, canDraw
from balws.http.unreachable import Unreachable
from balws.logs.escape import escaped

__all__ = ["SEEN", "Top"]

#: The busiest are looked for among so many connections: those with the most messages so far.
SEEN = 500

#: Keys that leave: q, Ctrl-C, Ctrl-D.
_LEAVE = frozenset("qQ\x03\x04")


class Top(ReachingOptions):
    """
    A full screen at a terminal, else a line each time.
    """

    synopsis = "Usage: balws top [--interval SECONDS] [--once] [--json]"
    longdesc = (
        "Watches a running service: what passes in a second, services, the busiest connections (of the "
        f"{SEEN} with the most messages), and with which codes connections ended. q leaves, s sorts by something else. "
        "Where the output is no terminal it prints a line each time. "
        "Example: balws top --interval 5, and balws top --once --json for a script"
    )
    optParameters: ClassVar[Any] = [
        ["interval", "i", 1.0, "Seconds from one look to the next."],
    ]
    optFlags: ClassVar[Any] = [
        ["once", None, "Look twice, print one line of what happened between, and end."],
        ["json", "j", "Print an object of JSON a line."],
    ]

    def postOptions(self) -> None:
        """
        @raise UsageError: for an interval that cannot be.
        """
        super().postOptions()
        self["interval"] = amount(self, "interval", 0.1, 3600)

    def run(self) -> int | None:
        """
        Watch until somebody leaves.
        """
        isDrawn = canDraw() and not self["once"] and not self["json"]
        with Screen() if isDrawn else nullcontext() as self._screen:
            return super().run()

    _screen: Screen | None = None

    async def main(self, reactor: Any) -> int | None:
        """
        Look, show, wait, and again.
        """
        admin = self.reach(reactor)
        if self._screen is None:
            await self._print(reactor, admin)
        else:
            await _Watch(self._screen, reactor, admin, self["interval"]).go()
        return 0

    async def _print(self, reactor: Any, admin: Admin) -> None:
        before = await _look(reactor, admin, None)
        while True:
            await deferLater(reactor, self["interval"])
            now = await _look(reactor, admin, None)
            figures = figuresOf(before, now, time.time())
            if self["json"]:
                sayJson(figures)
            else:
                print(lineOf(figures, time.strftime("%H:%M:%S")))
            sys.stdout.flush()
            if self["once"]:
                return
            before = now


async def _look(reactor: Any, admin: Admin, sort: str | None) -> Look:
    """
    @param sort: what the connections are sorted by; L{None} asks for none.
    """
    summary = await admin.get("/api/summary", Summary)
    moment = reactor.seconds()
    page = ConnectionPage(total=summary.connections, connections=[])
    if sort is not None:
        page = await admin.get("/api/connections", ConnectionPage, {"sort": sort, "limit": SEEN})
    return Look(moment=moment, summary=summary, page=page)


class _Watch:
    """
    One stay at the screen.
    """

    def __init__(self, screen: Screen, reactor: Any, admin: Admin, interval: float) -> None:
        self._screen = screen
        self._reactor = reactor
        self._admin = admin
        self._interval = interval
        self._sort = next(iter(SORTS))
        self._before: Look | None = None
        self._now: Look | None = None
        self._problem = ""

    async def go(self) -> None:
        """
        Until a key leaves.

        @raise balws.Error: when already the first look fails.
        """
        self._looking = Deferred.fromCoroutine(self._look())
        hup = signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._looking.cancel))
        keys = Keys(self._pressed)
        if self._screen.hasKeys:
            self._reactor.addReader(keys)
        try:
            await self._looking
        except CancelledError:
            pass
        finally:
            self._reactor.removeReader(keys)
            signal.signal(signal.SIGHUP, hup)

    async def _look(self) -> None:
        while True:
            try:
                look = await _look(self._reactor, self._admin, SORTS[self._sort])
            except (Unreachable, Denied) as error:
                if self._now is None:
                    raise
                self._problem = escaped(f"no news: {error}")
            else:
                self._before, self._now, self._problem = self._now, look, ""
            self._draw()
            await deferLater(self._reactor, self._interval)

    def _pressed(self, key: str) -> None:
        if key in _LEAVE:
            self._looking.cancel()
        elif key in "sS":
            names = list(SORTS)
            self._sort = names[(names.index(self._sort) + 1) % len(names)]
            self._draw()

    def _draw(self) -> None:
        if self._now is None:
            return
        width, height = self._screen.size
        self._screen.draw(
            pageOf(
                self._before,
                self._now,
                name=self._admin.address.name,
                sort=self._sort,
                problem=self._problem,
                width=width,
                height=height,
            )
        )
