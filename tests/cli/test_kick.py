"""
Tests of L{balws.cli.kick}.
"""

from __future__ import annotations

import signal
import sys

from twisted.python.usage import UsageError

from balws.cli.admin import Denied
from balws.cli.kick import Kick
from tests.cli.fakeadmin import AskingCase, page

_WITHOUT = "--{} does not go with --to-name and --to-group: those are closed with 1000"


class KickTests(AskingCase):
    """
    Whom it is for, and when it asks.
    """

    def setUp(self) -> None:
        super().setUp()
        self.fake.answers["/api/kick"] = {"count": 1}

    def kicks(self) -> list[tuple[dict[str, str], int, str]]:
        """
        @return: what was ordered: target, code and reason.
        """
        return [
            ({name: value for name, value in body["target"].items() if value}, body.get("code"), body.get("reason"))
            for method, path, _, body in self.fake.asked
            if (method, path) == ("POST", "/api/kick")
        ]

    async def test_target(self) -> None:
        """
        A target, with the usual code and words, or with others.
        """
        self.assertEqual(await self.run_(Kick, "--to-user", "ada"), 0)
        self.assertEqual(await self.run_(Kick, "--to-path", "/a", "--code", "4001", "--reason", "off"), 0)
        self.assertEqual(
            self.kicks(), [({"user": "ada"}, None, None), ({"path": "/a"}, 4001, "off")]
        )
        self.assertEqual(self.printed(), "closed 1 connection\n" * 2)

    async def test_ids(self) -> None:
        """
        Several ids are closed one after the other, as xargs gives them; who is gone already is told.
        """
        answers = iter([{"count": 1}, (404, {"error": "no"}), {"count": 1}])
        self.fake.answers["/api/kick"] = lambda: next(answers)
        self.assertEqual(await self.run_(Kick, "a", "b", "c"), 0)
        self.assertEqual([target for target, _, _ in self.kicks()], [{"connection": each} for each in "abc"])
        self.assertEqual(self.printed(), "closed 2 connections\n")
        self.assertEqual(self.said(), 'balws: nobody is there: connection "b"\n')

    async def test_denied(self) -> None:
        """
        What the service says to a target, and of ids anything but that one is gone, ends the command.
        """
        self.fake.answers["/api/kick"] = (404, {"error": "nobody has this id"})
        error = await self.assertFailure(self.run_(Kick, "--to-connection", "a"), Denied)
        self.assertEqual(str(error), "nobody has this id")
        self.fake.answers["/api/kick"] = (400, {"error": "no"})
        await self.assertFailure(self.run_(Kick, "a", "b"), Denied)
        self.assertEqual(len(self.kicks()), 2)

    async def test_nobody(self) -> None:
        """
        The status is 1 when nobody was closed.
        """
        self.fake.answers["/api/kick"] = {"count": 0}
        self.assertEqual(await self.run_(Kick, "--to-user", "ada", "--json"), 1)
        self.assertEqual(self.printed(), '{"count":0}\n')
        self.assertEqual(self.said(), 'balws: nobody is there: user "ada"\n')
        self.assertEqual(await self.run_(Kick, "--to-user", "ada"), 1)
        self.assertEqual((self.printed(), self.said()), ("", 'balws: nobody is there: user "ada"\n'))

    async def test_quiet(self) -> None:
        """
        Quiet, it prints nothing.
        """
        self.assertEqual(await self.run_(Kick, "-q", "a"), 0)
        self.assertEqual((self.printed(), self.said()), ("", ""))

    def test_usage(self) -> None:
        """
        Somebody, a code that may be sent, and a reason that fits, are wanted.
        """
        for arguments, problem in (
            ((), "for whom? Give one of --to-connection, --to-user, --to-name, --to-group, --to-path"),
            (("a", "--to-user", "b"), "either ids or one --to-..., not both"),
            (("a", "-j", "--quiet"), "either --json or --quiet"),
            (("a", "--code", "1005"), "--code is one of 1000-1003, 1007-1011 and 3000-4999"),
            (("a", "--code", "5000"), "--code is one of 1000-1003, 1007-1011 and 3000-4999"),
            (("--to-group", "a", "--code", "4001"), _WITHOUT.format("code")),
            (("--to-name", "a", "--reason", "off"), _WITHOUT.format("reason")),
            (("a", "--code", "x"), "--code is one of 1000-1003, 1007-1011 and 3000-4999"),
            (("a", "--reason", "ü" * 62), "--reason has at most 123 bytes of UTF-8"),
        ):
            self.assertEqual(str(self.assertRaises(UsageError, self.parsed, Kick, *arguments)), problem)
        self.assertEqual(self.parsed(Kick, "a", "--code", "4999", "--reason", "ü" * 61 + "x").closure["code"], 4999)


class QuestionTests(AskingCase):
    """
    At a terminal.
    """

    def setUp(self) -> None:
        super().setUp()
        self.fake.answers["/api/kick"] = {"count": 3}
        self.fake.answers["/api/connections"] = page(total=3)

    async def question(self, *arguments: str, answer: bytes = b"n\n") -> str:
        """
        @return: what was asked; nothing may be closed unless the answer is yes.
        """
        self.given(answer, isTerminal=True)
        self.fake.asked.clear()
        status = await self.run_(Kick, *arguments)
        said = self.said()
        closed = any(path == "/api/kick" for _, path, _, _ in self.fake.asked)
        self.assertEqual(closed, status == 0)
        self.assertEqual(said.endswith("balws: nothing was closed\n"), not closed)
        return said.removesuffix("balws: nothing was closed\n")

    async def test_asked(self) -> None:
        """
        It asks for more than one, with their number, and closes them for a yes alone.
        """
        words = 'Close 3 connections of user "ada"? [y/N] '
        for answer in (b"n\n", b"\n", b"", b"yesterday\n", b"y\n", b"YES\n"):
            self.assertEqual(await self.question("--to-user", "ada", answer=answer), words)
            isMeant = answer.strip().lower() in (b"y", b"yes")
            self.assertEqual(self.printed(), "closed 3 connections\n" if isMeant else "")
        self.assertEqual(
            self.fake.asked[0], ("GET", "/api/connections", {"user": "ada", "limit": "0"}, None)
        )

    async def test_interrupted(self) -> None:
        """
        Ctrl-C at the question is a no.
        """
        before = signal.getsignal(signal.SIGINT)
        self.given(b"", isTerminal=True)
        sys.stdin.readline = lambda *_: signal.raise_signal(signal.SIGINT)  # type: ignore[assignment, method-assign]
        self.assertEqual(await self.run_(Kick, "a", "b"), 1)
        self.assertEqual(self.kicked(), [])
        self.assertTrue(self.said().endswith("[y/N] \nbalws: nothing was closed\n"))
        self.assertEqual(signal.getsignal(signal.SIGINT), before)

    def kicked(self) -> list[str]:
        return [path for _, path, _, _ in self.fake.asked if path == "/api/kick"]

    async def test_groups(self) -> None:
        """
        Members of a group may be on other nodes; nobody here knows how many.
        """
        self.fake.answers["/api/connections"] = page(total=1)
        self.assertEqual(
            await self.question("--to-group", "g"),
            'Close 1 connection of group "g", and its members on other nodes? [y/N] ',
        )

    async def test_several(self) -> None:
        """
        Several ids are asked about, too.
        """
        self.assertEqual(await self.question("a", "b"), "Close 2 connections? [y/N] ")

    async def test_notAsked(self) -> None:
        """
        One connection is just closed, and so is everything with C{--yes}, and without a terminal.
        """
        for arguments in (("a",), ("--to-name", "n"), ("--to-connection", "c"), ("--to-user", "ada", "--yes")):
            self.assertEqual(await self.question(*arguments), "")
        self.fake.answers["/api/connections"] = page(total=1)
        self.assertEqual(await self.question("--to-user", "ada"), "")
        self.fake.answers["/api/connections"] = page(total=3)
        self.given(b"")
        self.assertEqual(await self.run_(Kick, "--to-user", "ada"), 0)
        self.assertEqual(self.said(), "")

    async def test_unknown(self) -> None:
        """
        Where the number cannot be had, nothing is closed.
        """
        self.fake.answers["/api/connections"] = (400, {"error": "no"})
        self.given(b"y\n", isTerminal=True)
        await self.assertFailure(self.run_(Kick, "--to-user", "ada"), Denied)
        self.assertEqual([path for _, path, _, _ in self.fake.asked], ["/api/connections"])
