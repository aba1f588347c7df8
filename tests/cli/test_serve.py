"""
Tests of L{balws.cli.serve}.  That it serves is proved in L{tests.integration.test_operating}.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path

from twisted.python.usage import UsageError
from twisted.scripts import twistd
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.command import main
from balws.cli.serve import Serve


class ServeTests(SynchronousTestCase):
    """
    What is said to twistd.
    """

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(folder)

    def command(self, *arguments: str) -> list[str]:
        options = Serve()
        options.parseOptions(list(arguments))
        return options.command

    def test_file(self) -> None:
        """
        The file that is named is served, else balws.toml where it is, else the demonstration.
        """
        usual = ["twistd", "--nodaemon", "--pidfile=", "balws"]
        self.assertEqual(self.command(), usual)
        self.assertEqual(self.command("a b.toml"), [*usual, "--config", "a b.toml"])
        Path("balws.toml").touch()
        self.assertEqual(self.command(), [*usual, "--config", "balws.toml"])
        self.assertEqual(self.command("other.toml"), [*usual, "--config", "other.toml"])

    def test_options(self) -> None:
        """
        The reactor and the log are twistd's own options.
        """
        command = self.command("--reactor", "asyncio", "--logfile", "a log", "b.toml")
        own = ["--reactor=asyncio", "--logfile=a log"]
        self.assertEqual(command, ["twistd", "--nodaemon", "--pidfile=", *own, "balws", "--config", "b.toml"])

    def test_usage(self) -> None:
        """
        One file is served.
        """
        self.assertEqual(str(self.assertRaises(UsageError, self.command, "a", "b")), "one file is served")
        self.assertEqual(str(self.assertRaises(UsageError, self.command, "")), "the file has no name")

    def test_reactor(self) -> None:
        """
        A reactor that there is not is refused in one line.
        """
        for name, words in (("asynci", "; did you mean asyncio?"), ("nope!", "; see twistd --help-reactors")):
            error = self.assertRaises(UsageError, self.command, "--reactor", name)
            self.assertEqual(str(error), f"--reactor: there is none named {name}{words}")

    def test_refused(self) -> None:
        """
        A log that cannot be written, and what twistd ends with before it serves, are one line each.
        """

        log = StringIO()

        def refused() -> None:
            # As twistd does once it logs.
            sys.stderr = log
            raise SystemExit("balws: a.toml: wrong")

        self.patch(sys, "argv", ["balws", "serve"])
        self.patch(sys, "stderr", StringIO())
        self.patch(twistd, "run", refused)
        self.assertEqual(main(["serve", "--logfile", "none/log", "a.toml"]), 1)
        self.assertEqual(main(["serve", "--logfile", "log", "a.toml"]), 1)
        words = "balws: --logfile none/log: cannot be written: No such file or directory\nbalws: a.toml: wrong\n"
        self.assertEqual((sys.stderr.getvalue(), log.getvalue()), (words, ""))

    def test_status(self) -> None:
        """
        The status of twistd is ours.
        """

        def ended() -> None:
            raise SystemExit(3)

        self.patch(sys, "argv", ["balws", "serve"])
        self.patch(twistd, "run", ended)
        self.assertEqual(self.assertRaises(SystemExit, main, ["serve", "--logfile", "-", "a.toml"]).code, 3)

    def test_run(self) -> None:
        """
        twistd gets its command line as if it was started with it.
        """
        ran: list[list[str]] = []
        self.patch(sys, "argv", ["balws", "serve"])
        self.patch(twistd, "run", lambda: ran.append(sys.argv))
        self.assertEqual(main(["serve", "a.toml"]), 0)
        self.assertEqual(ran, [["twistd", "--nodaemon", "--pidfile=", "balws", "--config", "a.toml"]])
