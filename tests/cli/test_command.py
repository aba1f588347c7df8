"""
Tests of L{balws.cli.command} and L{balws.cli.options}.
"""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

from twisted.trial.unittest import SynchronousTestCase

from balws._version import __version__
from balws.cli import command
from balws.cli.command import main

VERSION = __version__.public()


class CommandTestCase(SynchronousTestCase):
    """
    Takes down what is printed.
    """

    def setUp(self) -> None:
        self.out, self.err = StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)

    def exits(self, *arguments: str) -> str:
        """
        @return: what was printed by a command that ends by itself.
        """
        ended = self.assertRaises(SystemExit, main, arguments)
        self.assertEqual(ended.code or 0, 0)
        return self.out.getvalue()

    def refusal(self, *arguments: str, status: int = 2) -> str:
        """
        @return: the one line of a refusal.
        """
        self.err.truncate(0)
        self.err.seek(0)
        self.assertEqual(main(arguments), status)
        self.assertEqual(self.out.getvalue(), "")
        line = self.err.getvalue()
        self.assertEqual(line.count("\n"), 1)
        return line.removeprefix("balws: ").removesuffix("\n")


class MainTests(CommandTestCase):
    """
    The options in front of the command.
    """

    def test_help(self) -> None:
        """
        C{--help} lists the commands, with an example.
        """
        shown = self.exits("--help")
        self.assertIn("Usage: balws COMMAND", shown)
        self.assertIn("hash-password      Hash a password for the user store.", shown)
        self.assertIn("Example: balws hash-password", shown)
        self.assertIn("twistd balws", shown)

    def test_commandHelp(self) -> None:
        """
        So does each command, with its options.
        """
        shown = self.exits("hash-password", "--help")
        self.assertIn("Usage: balws hash-password [--kind scrypt|argon2]", shown)
        self.assertIn("Example: balws hash-password", shown)
        self.assertNotIn("Twisted", shown)

    def test_version(self) -> None:
        """
        C{--version} is that of balws, before and behind the command.
        """
        self.assertEqual(self.exits("--version"), f"balws {VERSION}\n")
        self.assertEqual(self.exits("hash-password", "--version"), f"balws {VERSION}\n" * 2)

    def test_usage(self) -> None:
        """
        A command line that cannot be understood ends with status 2 and one line.
        """
        self.assertEqual(self.refusal(), "which command? See balws --help")
        self.assertEqual(self.refusal("serve"), "Unknown command: serve")
        self.assertEqual(self.refusal("--verbose"), "option --verbose not recognized")
        self.assertEqual(self.refusal("hash-password", "--verbose"), "option --verbose not recognized")

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends with status 1 and no traceback.
        """

        def interrupted(self: object) -> None:
            raise KeyboardInterrupt

        self.patch(command.HashPassword, "run", interrupted)
        self.assertEqual(main(["hash-password"]), 1)
        self.assertEqual(self.err.getvalue(), "\nbalws: interrupted\n")

    def test_module(self) -> None:
        """
        C{python -m balws} is the same command.
        """
        done = subprocess.run([sys.executable, "-m", "balws", "--version"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (f"balws {VERSION}\n", "", 0))
        done = subprocess.run([sys.executable, "-m", "balws"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("", 2))
        self.assertEqual(done.stderr, "balws: which command? See balws --help\n")
