"""
Tests of L{balws.cli.connect}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import fail
from twisted.logger import Logger

from balws.cli import options as commandOptions
from balws.cli.command import main
from balws.cli.connect import Connect, options
from balws.cli.connect.outcome import DONE, Outcome
from balws.errors import ConnectionClosureError
from tests.cli.connecting import Place
from tests.cli.test_command import CommandTestCase

ECHO = "ws://localhost/echo"


class Screen(StringIO):
    """
    Says that it is a terminal.
    """

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 99


class ConnectTestCase(CommandTestCase):
    """
    The command, with a listener in memory.
    """

    def setUp(self) -> None:
        super().setUp()
        self.place = Place()
        self.patch(sys, "stdin", Screen())
        self.patch(commandOptions, "react", self.place.react)
        self.patch(options, "Client", SimpleNamespace(connect=self.place.connect))

    def connect(self, *arguments: str, status: int = 0) -> str:
        """
        @return: what was printed.
        """
        self.out.truncate(0)
        self.out.seek(0)
        self.assertEqual(main(["connect", *arguments]), status, self.err.getvalue())
        return self.out.getvalue()


class ScriptTests(ConnectTestCase):
    """
    From the command line to the status.
    """

    def test_send(self) -> None:
        """
        What is sent is answered, and each answer is a line; the URL may stand anywhere.
        """
        self.assertEqual(self.connect(ECHO, "--send", "one", "--send", "two\x1b"), "one\ntwo\\x1b\n")
        self.assertEqual(self.connect("--send", "one", ECHO, "--binary"), "6f6e65\n")
        self.assertEqual(self.connect(ECHO, "-m", "one", "--binary", "--base64"), "b25l\n")
        self.assertEqual(self.err.getvalue(), "")

    def test_json(self) -> None:
        """
        Or each is an object.
        """
        found = json.loads(self.connect(ECHO, "--send", "one", "--json"))
        self.assertEqual((found["type"], found["data"]), ("text", "one"))

    def test_ends(self) -> None:
        """
        The options say when it ends, and the status how.
        """
        self.assertEqual(self.connect(ECHO, "--send", "nothing", "--expect", "0"), "")
        self.assertEqual(self.connect(ECHO, "--send", "a", "--wait", "2.5"), "a\n")
        self.assertEqual(self.connect(ECHO, "--send", "close 1000", "--until-close"), "")
        self.assertEqual(self.connect(ECHO, "--send", "close 4000", "--until-close", status=4), "")
        self.assertEqual(self.connect(ECHO, "--send", "nothing", "--timeout", "3", status=5), "")
        self.assertTrue(self.err.getvalue().endswith("balws: timed out after 3 seconds\n"))

    def test_refused(self) -> None:
        """
        A refusal is status 3, with its words.
        """
        self.assertEqual(self.connect("ws://localhost/no", "--send", "a", status=3), "")
        self.assertEqual(self.err.getvalue(), "balws: refused: 409 Conflict\nbalws: there is no \\x1b[31mroom\n")

    def test_nobody(self) -> None:
        """
        Nobody there is status 1.
        """
        self.place.listener.stop()
        self.connect(ECHO, "--send", "a", status=1)
        words = f"balws: {ECHO}: the connection was refused; is it running? balws serve\n"
        self.assertEqual(self.err.getvalue(), words)

    def test_neverConnects(self) -> None:
        """
        With --reconnect and a time it tries as long as that.
        """
        self.place.listener.stop()
        self.connect(ECHO, "--send", "a", "--reconnect", "--timeout", "4", status=5)
        self.assertEqual(self.err.getvalue(), "balws: timed out after 4 seconds\n")

    def test_interrupted(self) -> None:
        """
        Who ends it from outside is not told that the server has lost the connection.
        """

        def connect(*arguments: Any, **fields: Any) -> Any:
            for _, _, function, *values in self.place.triggers:
                function(*values)
            return fail(ConnectionClosureError("gone", statusCode=1006))

        self.patch(options, "Client", SimpleNamespace(connect=connect))
        self.connect(ECHO, "--send", "a", status=1)
        self.assertEqual(self.err.getvalue(), "balws: interrupted\n")

    def test_quiet(self) -> None:
        """
        Quietly only the status tells.
        """
        self.connect("ws://localhost/no", "--send", "a", "-q", status=3)
        self.assertEqual(self.err.getvalue(), "")

    def test_verbose(self) -> None:
        """
        The headers of the answer are no result.
        """
        self.assertEqual(self.connect(ECHO, "--send", "one", "-v"), "one\n")
        lines = self.err.getvalue().lower().splitlines()
        self.assertEqual(lines[0], "connected to ws://localhost/echo")
        self.assertIn("upgrade: websocket", lines)

    def test_fields(self) -> None:
        """
        The options become the client's configuration.
        """
        self.connect(ECHO, "--send", "a", "--timeout", "7", "--max-frame", "1000", "--reconnect")
        fields = self.place.fields.pop()
        self.assertEqual((fields["handShakeTimeout"], fields["maxFrameSize"]), (7, 1000))
        self.assertIsNotNone(fields["retryConfig"])
        self.connect(ECHO, "--send", "a")
        fields = self.place.fields.pop()
        self.assertEqual((fields["handShakeTimeout"], fields["retryConfig"]), (30, None))

    def test_input(self) -> None:
        """
        Without --send the standard input is read, where there is one.
        """
        made: list[Any] = []

        class FakeLines:
            def __init__(self, *arguments: Any) -> None:
                made.append(arguments[1:])

            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"one"

        self.patch(options, "Lines", FakeLines)
        self.patch(sys, "stdin", SimpleNamespace(isatty=lambda: False, fileno=lambda: 7))
        self.assertEqual(self.connect(ECHO), "one\n")
        self.assertEqual(self.connect(ECHO, "--null"), "one\n")
        self.assertEqual(made, [(7, b"\n", options.MAX_MESSAGE), (7, b"\0", options.MAX_MESSAGE)])

    def test_warnings(self) -> None:
        """
        What the library warns of is said.
        """
        self.connect("ws://localhost/echo", "--send", "a")
        self.assertEqual(self.err.getvalue(), "")

        def connect(url: str, **fields: Any) -> Any:
            Logger(namespace="balws.client").warn("look {out}", out="\x1b")
            return self.place.connect(url, **fields)

        self.patch(options, "Client", SimpleNamespace(connect=connect))
        self.connect(ECHO, "--send", "a")
        self.assertEqual(self.err.getvalue(), "balws: warning: look \\x1b\n")


class UsageTests(ConnectTestCase):
    """
    Command lines that cannot be.
    """

    def test_help(self) -> None:
        """
        C{--help} has an example, and the statuses.
        """
        shown = " ".join(self.exits("connect", "--help").split())
        self.assertIn("Example: balws connect wss://example.org/chat --user ada.", shown)
        self.assertIn("Exit status: 0 done; 1 cannot connect", shown)
        self.assertIn("--sub-protocol=", shown)

    def test_url(self) -> None:
        """
        There is one URL, which can be one.
        """
        self.assertEqual(self.refusal("connect"), "give one URL, such as ws://localhost:9090/chat")
        self.assertEqual(self.refusal("connect", ECHO, ECHO), "give one URL, such as ws://localhost:9090/chat")
        self.assertIn("a URL begins with ws:// or wss://; did you mean ws://localhost/?", self.refusal("connect", "http://localhost/"))
        self.assertIn("credentials go into a header", self.refusal("connect", "ws://ada:canary@localhost/"))
        self.assertNotIn("canary", self.err.getvalue())

    def test_together(self) -> None:
        """
        What excludes each other is not taken together.
        """
        for arguments, words in (
            (["--expect", "1", "--wait", "1"], "take one of --expect, --until-close, --wait"),
            (["--raw", "--json"], "take one of --base64, --raw, --json"),
            (["--send", "a", "--null"], "--null is for messages on the standard input, which --send leaves alone"),
        ):
            self.assertEqual(self.refusal("connect", ECHO, *arguments), words)

    def test_numbers(self) -> None:
        """
        Numbers are numbers, in their bounds.
        """
        for arguments, words in (
            (["--expect", "-1"], "--expect takes a whole number from 0 to 2147483647"),
            (["--expect", "x"], "--expect takes a whole number from 0 to 2147483647"),
            (["--wait", "-1"], "--wait takes a number from 0 to 2147483647"),
            (["--wait", "nan"], "--wait takes a number from 0 to 2147483647"),
            (["--timeout", "0"], "--timeout takes a number from 0.001 to 2147483647"),
            (["--max-frame", "124"], "--max-frame takes a whole number from 125 to 2147483647"),
        ):
            self.assertEqual(self.refusal("connect", ECHO, *arguments), words)

    def test_raw(self) -> None:
        """
        The bytes of a peer do not go to a terminal.
        """
        self.patch(sys, "stdout", Screen())
        self.assertEqual(main(["connect", ECHO, "--raw"]), 2)
        self.assertIn("could do anything to a terminal", self.err.getvalue())

    def parsed(self, *arguments: str) -> Connect:
        """
        @return: the options of a command line.
        """
        found = Connect()
        found.parseOptions([ECHO, *arguments])
        return found

    def test_mode(self) -> None:
        """
        It is by hand in a terminal, unless something says that it is a script.
        """
        self.assertTrue(self.parsed().isScript)
        self.patch(sys, "stdout", Screen())
        self.patch(options.os, "environ", {"TERM": "xterm"})
        self.assertFalse(self.parsed().isScript)
        self.assertFalse(self.parsed("--full", "--verbose", "--reconnect", "--timeout", "3").isScript)
        for arguments in (["--send", "a"], ["--json"], ["--until-close"], ["--expect", "0"], ["--quiet"]):
            self.assertTrue(self.parsed(*arguments).isScript, arguments)
        self.patch(options.os, "environ", {"TERM": "dumb"})
        self.assertTrue(self.parsed().isScript)
        self.patch(options.os, "environ", {})
        self.patch(sys, "stdin", StringIO())
        self.assertTrue(self.parsed().isScript)


class ByHandTests(ConnectTestCase):
    """
    How a terminal and a conversation are put together; they have tests of their own.
    """

    def test_dialogue(self) -> None:
        """
        The prompt begins when there is a connection, and what was typed is kept at its end.
        """
        told: list[str] = []
        began: list[Any] = []

        class FakeTerminal:
            def __init__(self, reactor: Any, prompt: Any, keyboard: int, screen: int) -> None:
                self.prompt = prompt
                began.append((keyboard, screen))

            def start(self, talk: Any) -> None:
                self.prompt.press("a")
                talk.entered(self.prompt.press("enter").text)
                talk.left()

            def stop(self) -> None:
                told.append("stopped")

            def tell(self, *lines: str) -> None:
                told.extend(lines)

        place = self.mktemp()
        self.patch(options.os, "environ", {"NO_COLOR": "1"})
        self.patch(options, "historyPath", lambda: Path(place))
        self.patch(options, "Terminal", FakeTerminal)
        self.patch(sys, "stdout", Screen())
        self.assertEqual(main(["connect", ECHO]), 0)
        self.assertEqual(began, [(99, 99)])
        ((*when, restore),) = [each for each in self.place.triggers if each[0] == "after"]
        self.assertEqual((when, restore.__name__), (["after", "shutdown"], "stop"))
        self.assertEqual(told[0], "connected to ws://localhost/echo")
        self.assertEqual(told[-1], "stopped")
        self.assertEqual(self.err.getvalue(), "balws: closed: 1000, normal closure\n")
        with open(place) as stream:
            self.assertEqual(stream.read(), '"a"\n')

    def test_notKept(self) -> None:
        """
        Where what was typed cannot be kept, a line says so, and that is all.
        """

        class FakeHistory:
            def __init__(self, path: Any) -> None:
                pass

            def save(self) -> None:
                raise PermissionError(13, "Permission denied")

        async def hold(*what: Any) -> Outcome:
            return Outcome(DONE, ())

        self.patch(options.os, "environ", {})
        self.patch(options, "History", FakeHistory)
        self.patch(options.Dialogue, "hold", hold)
        self.patch(sys, "stdout", Screen())
        self.assertEqual(main(["connect", ECHO]), 0)
        self.assertEqual(self.err.getvalue(), "balws: what was typed cannot be kept: Permission denied\n")
