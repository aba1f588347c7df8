"""
Tests of L{balws.cli.ps}.
"""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from balws.admin.facts import ConnectionFacts, ConnectionPage
from balws.cli import ps
from balws.cli.admin import Denied
from balws.cli.ps import SORTS, Ps
from tests.cli.fakeadmin import AskingCase, facts, page


class PsTests(AskingCase):
    """
    What is asked, and what is printed.
    """

    async def shown(self, *arguments: str) -> str:
        self.assertEqual(await self.run_(Ps, *arguments), 0)
        return self.printed()

    async def test_table(self) -> None:
        """
        Each connection is a line, in the order in which the service tells them.
        """
        self.fake.answers["/api/connections"] = page(
            facts("abc", user="ada", age=7380, queue=2048, received=12345, sent=7),
            facts("b", address="2001:db8::1"),
        )
        self.assertEqual(
            await self.shown(),
            "ID   USER  PATH   ADDRESS        AGE  QUEUE     IN  OUT\n"
            "abc  ada   /chat  192.0.2.1    2h03m  2 KiB  12.3k    7\n"
            "b    -     /chat  2001:db8::1    10s    0 B      0    0\n",
        )
        self.assertEqual(self.said(), "")
        self.assertEqual(self.fake.asked, [("GET", "/api/connections", {"sort": "age", "limit": "100"}, None)])

    async def test_query(self) -> None:
        """
        Options become the question.
        """
        self.fake.answers["/api/connections"] = page()
        line = "--search a --path /b --user c --group d --sort out-bytes --limit 5"
        self.assertEqual(
            await self.shown(*line.split()), "ID  USER  PATH  ADDRESS  AGE  QUEUE  IN  OUT\n"
        )
        ((_, _, query, _),) = self.fake.asked
        self.assertEqual(
            query, {"search": "a", "path": "/b", "user": "c", "group": "d", "sort": "sentBytes", "limit": "5"}
        )

    def test_sorts(self) -> None:
        """
        Every figure of a connection can be sorted by.
        """
        kinds = ConnectionFacts.__annotations__
        figures = {name for name, kind in kinds.items() if kind in ("int", "float")}
        self.assertEqual(set(SORTS.values()), figures)

    async def test_escaped(self) -> None:
        """
        What peers chose cannot steer the terminal.
        """
        self.fake.answers["/api/connections"] = page(
            facts("i\n1", user="\x1b]0;evil\x07", path="/\u202e", address="\x9b2J", names=["\x1b"])
        )
        for arguments in ((), ("-q",), ("--json",)):
            shown = await self.shown(*arguments)
            self.assertTrue(shown.replace("\n", "").isprintable(), shown)
        self.assertEqual(await self.shown("-q"), "i\\n1\n")

    async def test_workers(self) -> None:
        """
        Where several processes serve, each line says which of them it is.
        """
        self.fake.answers["/api/connections"] = page(facts("a", worker=12), facts("b"))
        head, first, second = (await self.shown()).splitlines()
        self.assertTrue(head.endswith("  OUT  WORKER"), head)
        self.assertTrue(first.endswith("  0      12"), first)
        self.assertTrue(second.endswith("  0       -"), second)

    async def test_width(self) -> None:
        """
        On a terminal, words give way to figures.
        """
        self.patch(ps, "terminalWidth", lambda: 80)
        self.fake.answers["/api/connections"] = page(facts("c" * 32, user="a" * 50))
        head, line = (await self.shown()).splitlines()
        self.assertEqual((len(head), len(line)), (80, 80))
        self.assertTrue(line.startswith("c" * 32 + "  aaaaaa"), line)
        self.assertTrue(line.endswith("10s    0 B   0    0"), line)

    async def test_more(self) -> None:
        """
        Where there are more than are shown, the standard error says so; not for JSON, which has the number.
        """
        self.fake.answers["/api/connections"] = page(facts(), total=12)
        for arguments in (("--limit=1",), ("--limit=1", "-q")):
            await self.shown(*arguments)
            self.assertEqual(self.said(), "balws: 1 of 12 shown; see --limit\n")
        shown = await self.shown("--json", "--limit", "1")
        self.assertEqual(msgspec.json.decode(shown, type=ConnectionPage), page(facts(), total=12))
        self.assertEqual(shown.count("\n"), 1)
        self.assertEqual(self.said(), "")

    async def test_quiet(self) -> None:
        """
        Quiet, it prints ids alone.
        """
        self.fake.answers["/api/connections"] = page(facts("a"), facts("b"))
        self.assertEqual(await self.shown("--quiet"), "a\nb\n")

    def test_usage(self) -> None:
        """
        Options that mean nothing are refused before anybody is asked.
        """
        for arguments, problem in (
            (("--json", "-q"), "either --json or --quiet"),
            (("--sort", "name"), "--sort is one of age, queue, pending, in, out, in-bytes, out-bytes"),
            (("--limit", "-1"), "--limit takes a whole number from 0 to 10000"),
            (("--limit", "10001"), "--limit takes a whole number from 0 to 10000"),
            (("--limit", "all"), "--limit takes a whole number from 0 to 10000"),
            (("more",), f"wrong number of arguments; u{Ps.synopsis[1:]}"),
        ):
            self.assertEqual(str(self.assertRaises(UsageError, self.parsed, Ps, *arguments)), problem)
        for limit in (0, 10_000):
            self.assertEqual(self.parsed(Ps, "-n", str(limit))["limit"], limit)

    async def test_failure(self) -> None:
        """
        What the service refuses ends the command.
        """
        self.fake.answers["/api/connections"] = (400, {"error": "no"})
        error = await self.assertFailure(Deferred.fromCoroutine(self.shown()), Denied)
        self.assertEqual(str(error), "no")
        self.assertEqual(self.printed(), "")
