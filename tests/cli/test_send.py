"""
Tests of L{balws.cli.send} and L{balws.cli.targets}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from balws.admin.operations import Target
from balws.admin.orders import MAX_MESSAGE
from balws.cli.send import Send
from balws.cli.targets import described
from balws.errors import ConfigurationError
from tests.cli.fakeadmin import AskingCase


class SendTests(AskingCase):
    """
    Who gets what.
    """

    def setUp(self) -> None:
        super().setUp()
        self.fake.answers["/api/send"] = {"count": 2}

    async def order(self, *arguments: str, status: int = 0) -> dict[str, object]:
        """
        @return: what was asked for last, without what was not given.
        """
        self.assertEqual(await self.run_(Send, *arguments), status)
        method, path, _, body = self.fake.asked[-1]
        self.assertEqual((method, path), ("POST", "/api/send"))
        body["target"] = {name: value for name, value in body["target"].items() if value is not None}
        return {name: value for name, value in body.items() if value is not None}

    async def refusal(self, *arguments: str) -> str:
        asked = len(self.fake.asked)
        error = await self.assertFailure(Deferred.fromCoroutine(self.order(*arguments)), ConfigurationError)
        self.assertEqual(len(self.fake.asked), asked)
        return str(error)

    async def test_targets(self) -> None:
        """
        Each of the five targets, and a text.
        """
        for kind in ("connection", "user", "name", "group", "path"):
            self.assertEqual(
                await self.order(f"--to-{kind}", "ada", "Hello"), {"target": {kind: "ada"}, "text": "Hello"}
            )
        self.assertEqual(self.printed(), "sent to 2 connections\n" * 5)

    def test_usage(self) -> None:
        """
        One target and one message, neither more nor less.
        """
        self.given(b"", isTerminal=True)
        for arguments, problem in (
            (("Hello",), "for whom? Give one of --to-connection, --to-user, --to-name, --to-group, --to-path"),
            (("--to-user=a", "--to-path=/b", "Hello"), "either --to-user or --to-path, not both"),
            (("--to-user=a", "two", "words"), "one text is sent; put it in quotes"),
            (("--to-user=a", "--binary=f", "Hello"), "either a text or --binary, not both"),
            (("--to-user=a", "--json", "-q", "Hello"), "either --json or --quiet"),
            (("--to-user=a",), "what? Give a text, or - and then type it, up to the end of the input (Ctrl-D)"),
        ):
            self.assertEqual(str(self.assertRaises(UsageError, self.parsed, Send, *arguments)), problem)

    async def test_input(self) -> None:
        """
        Without a text, and for a dash, the standard input is sent without the end of its last line.
        """
        for data, text in ((b"a\nb\n", "a\nb"), (b"a\r\n", "a"), (b"", ""), ("ü\n\n".encode(), "ü\n")):
            for arguments in ((), ("-",)):
                self.given(data)
                self.assertEqual((await self.order("--to-user", "a", *arguments))["text"], text)
        self.given(b"typed\n", isTerminal=True)
        self.assertEqual((await self.order("--to-user", "a", "-"))["text"], "typed")
        self.assertEqual((await self.order("--to-user", "a", ""))["text"], "")

    async def test_binary(self) -> None:
        """
        A file, or the standard input, is sent as it is.
        """
        Path("data").write_bytes(b"\xff\x00\n")
        self.assertEqual((await self.order("--to-user", "a", "-b", "data"))["data"], "/wAK")
        self.given(b"\xfe\n")
        self.assertEqual((await self.order("--to-user", "a", "-b", "-"))["data"], "/go=")
        self.assertEqual(
            await self.refusal("--to-user", "a", "-b", "none"), "none: cannot be read: No such file or directory"
        )

    async def test_limit(self) -> None:
        """
        A message of 1 MiB is sent, a longer one is not read to its end.
        """
        Path("data").write_bytes(b"a" * MAX_MESSAGE)
        await self.order("--to-user", "a", "-b", "data")
        Path("data").write_bytes(b"a" * (MAX_MESSAGE + 1))
        problem = "the message has more than 1048576 bytes"
        self.assertEqual(await self.refusal("--to-user", "a", "-b", "data"), problem)
        for end in (b"", b"\n", b"\r\n"):
            self.given(b"a" * MAX_MESSAGE + end)
            self.assertEqual(len(str((await self.order("--to-user", "a"))["text"])), MAX_MESSAGE)
            self.given(b"a" * (MAX_MESSAGE + 1) + end)
            self.assertEqual(await self.refusal("--to-user", "a"), problem)

    async def test_noText(self) -> None:
        """
        What is not UTF-8 is no text.
        """
        problem = "the text is not UTF-8; bytes are sent with --binary FILE"
        self.given(b"\xff")
        self.assertEqual(await self.refusal("--to-user", "a"), problem)
        self.assertEqual(await self.refusal("--to-user", "a", "\udcff"), problem)

    async def test_nobody(self) -> None:
        """
        Where nobody was there the status is 1 and the standard error says who was meant.
        """
        self.fake.answers["/api/send"] = {"count": 0}
        await self.order("--to-user", "a\x1b[2J", "Hello", status=1)
        self.assertEqual(self.said(), 'balws: nobody is there: user "a\\x1b[2J"\n')
        self.assertEqual(self.printed(), "")

    async def test_forms(self) -> None:
        """
        JSON for scripts, or nothing.
        """
        await self.order("--to-user=a", "Hello", "--json")
        self.assertEqual(self.printed(), '{"count":2}\n')
        await self.order("--to-user=a", "Hello", "-q")
        self.assertEqual((self.printed(), self.said()), ("", ""))
        self.fake.answers["/api/send"] = {"count": 1}
        await self.order("--to-user=a", "Hello")
        self.assertEqual(self.printed(), "sent to 1 connection\n")

    def test_described(self) -> None:
        """
        A target is told in words.
        """
        self.assertEqual(described(Target(path="/a")), 'path "/a"')
