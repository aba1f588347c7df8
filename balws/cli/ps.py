# -*- test-case-name: tests.cli.test_ps -*-
"""
C{balws ps}: who is connected to a running service.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.admin.facts import ConnectionFacts, ConnectionPage
from balws.admin.operations import DEFAULT_LIMIT, MAX_LIMIT
from balws.cli.numbers import whole
from balws.cli.reaching import ReachingOptions
from balws.cli.records import sayJson
from balws.cli.tables import aged, counted, sized, table, terminalWidth
from balws.logs.escape import escaped

__all__ = ["SORTS", "Ps"]

#: What a table of connections can be sorted by, and the field that it is.
SORTS = {
    "age": "age",
    "queue": "queue",
    "pending": "pending",
    "in": "received",
    "out": "sent",
    "in-bytes": "receivedBytes",
    "out-bytes": "sentBytes",
}

#: The columns, and which of them are figures.
HEAD = ("ID", "USER", "PATH", "ADDRESS", "AGE", "QUEUE", "IN", "OUT", "WORKER")
FIGURES = frozenset(range(4, 9))


class Ps(ReachingOptions):
    """
    A table for people, JSON or bare ids for scripts.
    """

    synopsis = "Usage: balws ps [--search WORDS] [--user NAME] [--sort COLUMN] [--json | --quiet]"
    longdesc = (
        "Lists the connections of a running service, the oldest first: who it is, where it came to and from, for "
        "how long, the bytes that the peer has not taken yet, and the messages from it and to it. "
        "Example: balws ps --path /chat --sort queue, and balws ps --quiet --user mallory | xargs balws kick"
    )
    optParameters: ClassVar[Any] = [
        ["search", None, None, "Only those with this in their id, path, user, address, a name or a group."],
        ["path", None, None, "Only those of the service at this path."],
        ["user", None, None, "Only those of this user."],
        ["group", None, None, "Only those in this group."],
        ["sort", None, "age", f"Which come first: those with the most {', '.join(SORTS)}."],
        ["limit", "n", DEFAULT_LIMIT, f"How many are shown, up to {MAX_LIMIT}."],
    ]
    optFlags: ClassVar[Any] = [
        ["json", "j", "Print an object of JSON: how many there are, and all that is known of each."],
        ["quiet", "q", "Print the ids alone, one a line."],
    ]
    choices: ClassVar = {"sort": tuple(SORTS)}

    def postOptions(self) -> None:
        """
        @raise UsageError: for options that mean nothing.
        """
        super().postOptions()
        if self["json"] and self["quiet"]:
            raise UsageError("either --json or --quiet")
        if self["sort"] not in SORTS:
            raise UsageError(f"--sort is one of {', '.join(SORTS)}")
        self["limit"] = whole(self, "limit", 0, MAX_LIMIT)

    async def main(self, reactor: Any) -> int | None:
        """
        Ask and print.
        """
        query = {name: self[name] for name in ("path", "user", "group", "limit")}
        query |= {"search": self["search"] or None, "sort": SORTS[self["sort"]]}
        page = await self.reach(reactor).get("/api/connections", ConnectionPage, query)
        if self["json"]:
            sayJson(page)
            return 0
        if self["quiet"]:
            for each in page.connections:
                print(escaped(each.id))
        else:
            for line in _lines(page.connections):
                print(line)
        if page.total > len(page.connections):
            print(f"balws: {len(page.connections)} of {page.total} shown; see --limit", file=sys.stderr)
        return 0


def _lines(connections: list[ConnectionFacts]) -> list[str]:
    rows = [_row(each) for each in connections]
    isOne = all(each.worker is None for each in connections)
    head = HEAD[:-1] if isOne else HEAD
    return table(head, [row[: len(head)] for row in rows], figures=FIGURES, names=(0,), width=terminalWidth())


def _row(connection: ConnectionFacts) -> tuple[str, ...]:
    """
    @return: a row of L{HEAD}, safe for a terminal.
    """
    return (
        escaped(connection.id),
        "-" if connection.user is None else escaped(connection.user),
        escaped(connection.path),
        escaped(connection.address),
        aged(connection.age),
        sized(connection.queue),
        counted(connection.received),
        counted(connection.sent),
        "-" if connection.worker is None else str(connection.worker),
    )
