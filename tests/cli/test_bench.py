"""
Tests of L{balws.cli.bench}.
"""

from __future__ import annotations

import json
import sys
from io import StringIO
from types import SimpleNamespace
from typing import Any

from balws.cli import options as commandOptions
from balws.cli.bench import options
from balws.cli.command import main
from tests.cli.connecting import Place
from tests.cli.test_command import CommandTestCase

ECHO = "ws://localhost/echo"


class BenchTests(CommandTestCase):
    """
    The command, with a listener in memory.
    """

    def setUp(self) -> None:
        super().setUp()
        self.place = Place()
        self.patch(commandOptions, "react", self.place.react)
        self.patch(options, "AsyncClient", SimpleNamespace(connect=self.place.connectAsync))
        self.patch(options, "perf_counter", self.place.clock.seconds)

    def bench(self, *arguments: str, status: int = 0) -> str:
        """
        @return: what was printed; always with a rate, since in memory everything is answered in
            no time.
        """
        self.out.truncate(0)
        self.out.seek(0)
        arguments = ("bench", "--rate", "50", "--duration", "2", "--connections", "4", *arguments)
        self.assertEqual(main(arguments), status, self.err.getvalue())
        return self.out.getvalue()

    def test_run(self) -> None:
        """
        It connects, sends for a while, and tells.
        """
        lines = self.bench(ECHO).splitlines()
        self.assertTrue(lines[0].startswith("Connections  4 of 4, half of them within "), lines)
        self.assertEqual(
            lines[1:4], ["Sent         100 in 2 s, 50 a second", "Answered     100, 50 a second", "Errors       none"]
        )
        self.assertEqual(self.place.listener.callers, [])

    def test_json(self) -> None:
        """
        Or tells a script.
        """
        found = json.loads(self.bench(ECHO, "--json"))
        self.assertEqual((found["sent"], found["received"], found["errors"]), (100, 100, {}))

    def test_warning(self) -> None:
        """
        That the service is on the same machine is said, unless nobody wants to hear that.
        """
        self.bench(ECHO, "-q")
        self.assertEqual(self.err.getvalue(), "")
        self.bench(ECHO)
        self.assertIn("balws: warning: the service is on this machine", self.err.getvalue())
        self.assertEqual(self.err.getvalue().count("\n"), 1)
        self.err.truncate(0)
        self.err.seek(0)
        self.bench("ws://bench.example/echo")
        self.assertEqual(self.err.getvalue(), "")

    def test_payload(self) -> None:
        """
        Messages are a text, or bytes, of any size that the configuration then takes.
        """
        self.bench(ECHO, "--size", "70000")
        self.assertEqual(self.place.fields[-1]["maxFrameSize"], 65536)
        self.bench(ECHO, "--size", "2000000", "--max-frame", "70000", "--max-errors", "1000", status=1)
        self.assertGreaterEqual(self.place.fields[-1]["maxMessageSize"], 2000000)
        self.assertEqual(self.place.fields[-1]["maxFrameSize"], 70000)
        self.bench(ECHO, "--message", "ü")
        self.bench(ECHO, "--size", "0")

    def test_errors(self) -> None:
        """
        Errors are status 1, unless so many are none.
        """
        shown = self.bench(ECHO, "--message", "close 4001", status=1)
        self.assertIn("Errors       4 closed 4001, 4 not answered", shown)
        self.bench(ECHO, "--message", "nothing", status=1)

    def test_nobody(self) -> None:
        """
        Where nobody gets in, one line says why, and there are no figures.
        """
        for more in ((), ("--json",)):
            self.assertEqual(self.bench("ws://localhost/no", *more, status=1), "")
            self.assertEqual(self.err.getvalue(), "balws: refused: 409 Conflict\n")
            self.err.truncate(0)
            self.err.seek(0)

    def test_greeted(self) -> None:
        """
        A greeting is no answer.
        """
        shown = self.bench("ws://localhost/greeting")
        self.assertIn("Answered     100, 50 a second\nGreetings    4 came before anything was sent", shown)
        self.assertIn("Latency\n", shown)

    def test_broadcast(self) -> None:
        """
        Of a service that tells everybody what anybody said the times cannot be told, and that is said; with one
        connection they can.
        """
        shown = self.bench("ws://localhost/broadcast", status=1)
        self.assertIn("Sent         100 in 2 s, 50 a second\nReceived     ", shown)
        self.assertIn("Latency      cannot be told: ", shown)
        self.assertNotIn("99.9 %", shown)
        found = json.loads(self.bench("ws://localhost/broadcast", "--json", status=1))
        self.assertGreater(found["received"], found["sent"])
        self.assertEqual((found["latency"], found["histogram"]), (None, []))
        found = json.loads(self.bench("ws://localhost/broadcast", "--json", "--connections", "1"))
        self.assertEqual((found["sent"], found["received"], found["unasked"]), (100, 100, 0))
        self.assertIn("p99", found["latency"])

    def test_maxErrors(self) -> None:
        """
        The bound itself is allowed.
        """
        self.place.listener.stop()
        self.bench(ECHO, status=1)
        self.assertIn(f"balws: {ECHO}: ", self.err.getvalue())
        real, refusals = self.place.connectAsync, [ECHO, ECHO]

        def connectAsync(url: str, *arguments: object, **fields: object) -> object:
            return real("ws://localhost/no" if refusals and refusals.pop() else url, *arguments, **fields)

        self.place.listener.start()
        self.patch(options, "AsyncClient", SimpleNamespace(connect=connectAsync))
        self.bench(ECHO, "--max-errors", "2")
        refusals += [ECHO] * 3
        self.bench(ECHO, "--max-errors", "2", status=1)

    def test_sink(self) -> None:
        """
        A service that answers nothing is not expected to.
        """
        shown = self.bench(ECHO, "--no-answer", "--message", "nothing")
        self.assertIn("Sent         100 in 2 s", shown)
        self.assertNotIn("Answered", shown)

    def test_progress(self) -> None:
        """
        In a terminal it shows how far it is, and wipes that away.
        """

        class Screen(StringIO):
            def isatty(self) -> bool:
                return True

        screen = Screen()
        self.patch(sys, "stderr", screen)
        self.bench("ws://bench.example/echo")
        shown = screen.getvalue().split("\r\x1b[K")
        self.assertTrue(any("of 2 s  50 a second  0 errors" in each for each in shown), shown)
        self.assertEqual(shown[-1], "")
        screen.truncate(0)
        screen.seek(0)
        self.bench("ws://bench.example/echo", "--quiet")
        self.assertEqual(screen.getvalue(), "")

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends it sooner, with what was found until then.
        """

        def react(function: Any) -> None:
            done = function(self.place.clock)
            self.place.clock.advance(0.5)
            ((when, what, interrupted, *arguments),) = self.place.triggers
            self.assertEqual((when, what), ("before", "shutdown"))
            ended = interrupted(*arguments)
            self.assertNoResult(ended)
            self.place.clock.advance(0.5)
            self.place.clock.advance(0.1)
            self.assertTrue(done.called)
            self.assertIsNone(self.successResultOf(ended))

        self.patch(commandOptions, "react", react)
        self.assertIn("Errors       none", self.bench(ECHO))

    def test_usage(self) -> None:
        """
        Command lines that cannot be.
        """
        for arguments, words in (
            ([], "give one URL, such as ws://localhost:9090/chat"),
            ([ECHO, "--size", "1", "--message", "a"], "take one of --size, --message"),
            ([ECHO, "--connections", "0"], "--connections takes a whole number from 1 to 60000"),
            ([ECHO, "--pipeline", "0"], "--pipeline takes a whole number from 1 to 10000"),
            ([ECHO, "--rate", "-1"], "--rate takes a number from 0 to 2147483647"),
            ([ECHO, "--duration", "0"], "--duration takes a number from 0.001 to 2147483647"),
            ([ECHO, "--max-errors", "x"], "--max-errors takes a whole number from 0 to 2147483647"),
        ):
            self.assertEqual(self.refusal("bench", *arguments), words)

    def test_help(self) -> None:
        """
        C{--help} has an example, and the statuses.
        """
        shown = " ".join(self.exits("bench", "--help").split())
        self.assertIn("Example: balws bench ws://localhost:9090/basic/ws", shown)
        self.assertIn("Exit status: 0 done; 1 when nothing was answered", shown)
