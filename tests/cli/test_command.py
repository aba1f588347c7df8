"""
Tests of L{balws.cli.command} and L{balws.cli.options}.
"""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any, ClassVar

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from balws._version import __version__
from balws.cli import options
from balws.cli.command import COMMANDS, main
from balws.cli.hashpassword import HashPassword
from balws.cli.options import CommandOptions, ReactingOptions
from balws.errors import ConfigurationError

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
        C{--help} lists every command, with an example.
        """
        shown = self.exits("--help")
        self.assertIn("Usage: balws COMMAND", shown)
        lines = dict(line.split(None, 1) for line in shown.splitlines() if " " in line.strip())
        for name, _, words in COMMANDS:
            self.assertTrue(words.startswith(lines[name]), name)
        self.assertIn("Example: balws serve balws.toml", shown)

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
        self.assertEqual(self.refusal("dance"), "Unknown command: dance (see balws --help)")
        self.assertEqual(self.refusal("--verbose"), "option --verbose not recognized (see balws --help)")
        unknown = "option --verbose not recognized (see balws hash-password --help)"
        self.assertEqual(self.refusal("hash-password", "--verbose"), unknown)

    def test_suggestion(self) -> None:
        """
        What was mistyped is guessed, for a command and an option; of a few commands all are named.
        """
        unknown = "not recognized; did you mean"
        for line, words in (
            (("sevre",), "Unknown command: sevre; did you mean serve? (see balws --help)"),
            (("token", "mak"), "Unknown command: mak; did you mean make? (see balws token --help)"),
            (("token", "mint"), "Unknown command: mint; make or show? (see balws token --help)"),
            (("ps", "--jsn"), f"option --jsn {unknown} --json? (see balws ps --help)"),
            (("token", "make", "--isuer"), f"option --isuer {unknown} --issuer? (see balws token make --help)"),
        ):
            self.assertEqual(self.refusal(*line), words)

    def test_number(self) -> None:
        """
        Too many arguments, and too few, are told with what is wanted.
        """
        init, ps, top = (("init", "a", "b"), "init [FOLDER]"), (("ps", "x"), "ps ["), (("top", "x"), "top")
        for line, wanted in (init, ps, top):
            self.assertIn(f"wrong number of arguments; usage: balws {wanted}", self.refusal(*line))

    def test_helps(self) -> None:
        """
        C{-h} and C{help} are C{--help}, of one command, too.
        """
        for line, usage in (
            (("-h",), "balws COMMAND"),
            (("help",), "balws COMMAND"),
            (("ps", "-h"), "balws ps"),
            (("help", "ps"), "balws ps"),
            (("help", "token", "make"), "balws token make"),
            (("token", "-h"), "balws token"),
        ):
            self.out.truncate(0)
            self.out.seek(0)
            self.assertTrue(self.exits(*line).startswith(f"Usage: {usage} "), line)

    def test_escaped(self) -> None:
        """
        What an error quotes does not steer the terminal; its lines stay lines.
        """

        def fails(self: object) -> None:
            raise ConfigurationError("a\x1b[2J\nb")

        self.patch(HashPassword, "run", fails)
        self.assertEqual(main(["hash-password"]), 1)
        self.assertEqual(self.err.getvalue(), "balws: a\\x1b[2J\nb\n")
        self.assertEqual(self.refusal("\x1b[2J"), "Unknown command: \\x1b[2J (see balws --help)")

    def test_encoding(self) -> None:
        """
        A standard output that has no such characters is no reason to fail.
        """
        raw = BytesIO()
        self.patch(sys, "stdout", TextIOWrapper(raw, encoding="ascii", write_through=True))
        self.patch(HashPassword, "run", lambda self: print("na\u00efve \u6f22"))
        self.assertEqual(main(["hash-password"]), 0)
        self.assertEqual(raw.getvalue(), b"na\\xefve \\u6f22\n")

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends with status 1 and no traceback.
        """

        def interrupted(self: object) -> None:
            raise KeyboardInterrupt

        self.patch(HashPassword, "run", interrupted)
        self.assertEqual(main(["hash-password"]), 1)
        self.assertEqual(self.err.getvalue(), "\nbalws: interrupted\n")

    def test_noRoom(self) -> None:
        """
        An output that cannot be written, and one that nobody reads, end with status 1 and no traceback.
        """
        for problem, line in (
            (OSError(errno.ENOSPC, "No room"), "balws: the output cannot be written: No room\n"),
            (BrokenPipeError(errno.EPIPE, "Broken pipe"), ""),
        ):

            def fails(problem: OSError = problem) -> None:
                raise problem

            for arguments in (["completion", "bash"], ["--help"]):
                with open(self.mktemp(), "w") as nowhere:
                    self.patch(sys, "stdout", StringIO())
                    self.patch(sys.stdout, "flush", fails)
                    self.patch(sys.stdout, "fileno", nowhere.fileno)
                    self.err.truncate(0)
                    self.err.seek(0)
                    self.assertEqual(main(arguments), 1)
                    self.assertEqual(self.err.getvalue(), line)

    def test_otherFailure(self) -> None:
        """
        What is no failure of the output is nobody's to hide.
        """

        def fails(self: object) -> None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

        self.patch(HashPassword, "run", fails)
        self.assertRaises(FileNotFoundError, main, ["hash-password"])

    def test_closed(self) -> None:
        """
        Who closes the standard streams gets the status all the same.
        """
        for arguments, status in ((["--version"], 0), (["nothing"], 2)):
            done = subprocess.run(
                ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "balws", *arguments], capture_output=True
            )
            self.assertEqual((done.stdout, done.stderr, done.returncode), (b"", b"", status))

    def test_width(self) -> None:
        """
        C{--help} has lines as long as the terminal lets them be, or COLUMNS, from 40 to 80 columns.
        """
        for columns, terminal, widest in (
            ("", None, 80),
            ("", 50, 50),
            ("", 200, 80),
            ("60", 50, 60),
            ("5", None, 40),
            ("x", None, 80),
            ("\u0665", 50, 50),
            ("99999", None, 80),
        ):
            self.patch(options.os, "environ", {"COLUMNS": columns})
            self.patch(options, "terminalWidth", lambda terminal=terminal: terminal)
            lines = HashPassword().getUsage().splitlines()[1:]
            longest = max(map(len, lines))
            self.assertTrue(widest - 12 < longest <= widest, (columns, terminal, longest))

    def test_module(self) -> None:
        """
        C{python -m balws} is the same command.
        """
        done = subprocess.run([sys.executable, "-m", "balws", "--version"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (f"balws {VERSION}\n", "", 0))
        done = subprocess.run([sys.executable, "-m", "balws"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("", 2))
        self.assertEqual(done.stderr, "balws: which command? See balws --help\n")


class CommandTests(CommandTestCase):
    """
    Each command.
    """

    def test_help(self) -> None:
        """
        C{--help} of each says how it is used, what it does, and gives an example.
        """
        for name, _, _ in COMMANDS:
            self.out.truncate(0)
            self.out.seek(0)
            shown = " ".join(self.exits(name, "--help").split())
            self.assertTrue(shown.startswith(f"Usage: balws {name}"), shown)
            self.assertRegex(shown, rf"[Ee]xamples?: .*balws {name}", name)
            self.assertNotIn("Twisted", shown)

    def test_light(self) -> None:
        """
        To know a command takes no reactor: one may still be chosen, and help is there at once.
        """
        code = (
            "import sys\nfrom balws.cli.command import Options\n"
            "made = [make() for _, _, make, _ in Options.subCommands]\n"
            "print(len(made), 'twisted.internet.reactor' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), (f"{len(COMMANDS)} False\n", ""))


class Sample(CommandOptions):
    """
    A command with an option of each kind.
    """

    synopsis = "Usage: balws sample"
    optParameters: ClassVar[Any] = [["kind", "k", None, "A value."]]
    optFlags: ClassVar[Any] = [["quiet", "q", "A flag."]]
    given: tuple[str, ...] = ()

    def parseArgs(self, *given: str) -> None:
        self.given = given


class OptionsTests(SynchronousTestCase):
    """
    Options behind arguments.
    """

    def test_order(self) -> None:
        """
        They are understood wherever they stand, up to C{--}.
        """
        for line, given, kind, quiet in (
            (("a", "--kind", "b", "-q"), ("a",), "b", 1),
            (("--kind=b", "a"), ("a",), "b", 0),
            (("a", "-kb", "c"), ("a", "c"), "b", 0),
            (("--", "-q", "--kind=b"), ("-q", "--kind=b"), None, 0),
            (("a", "--", "--quiet"), ("a", "--quiet"), None, 0),
            (("-",), ("-",), None, 0),
            (("--kind", "", "a"), ("a",), "", 0),
        ):
            options = Sample()
            options.parseOptions(line)
            self.assertEqual((options.given, options["kind"], options["quiet"]), (given, kind, quiet), line)

    def test_unknown(self) -> None:
        """
        Those that there are not, and those without their value, are refused there, too.
        """
        for line, problem in (
            (("a", "--other"), "option --other not recognized (see balws sample --help)"),
            (("a", "-x"), "option -x not recognized (see balws sample --help)"),
            (("a", "--kind"), "option --kind requires argument (see balws sample --help)"),
            (("a", "--kin"), "option --kind requires argument (see balws sample --help)"),
            (("a", "--kid=b"), "option --kid not recognized; did you mean --kind? (see balws sample --help)"),
        ):
            self.assertEqual(str(self.assertRaises(UsageError, Sample().parseOptions, line)), problem)


class Reacting(ReactingOptions):
    """
    Does what a test wants.
    """

    synopsis = "Usage: balws reacting"
    does: Callable[[], int | None]

    async def main(self, reactor: Any) -> int | None:
        return self.does()


class ReactingTests(SynchronousTestCase):
    """
    Commands that need the reactor.
    """

    def setUp(self) -> None:
        def react(main: Callable[[Any], Any]) -> None:
            self.successResultOf(main(None))
            raise SystemExit(0)

        self.patch(options, "react", react)
        self.command = Reacting()

    def test_status(self) -> None:
        """
        What C{main} returns is the status.
        """
        for status in (None, 0, 3):
            self.command.does = lambda status=status: status
            self.assertEqual(self.command.run(), status)

    def test_error(self) -> None:
        """
        An error of ours is raised again, outside of the reactor.
        """

        def fails() -> None:
            raise ConfigurationError("no")

        self.command.does = fails
        self.assertEqual(str(self.assertRaises(ConfigurationError, self.command.run)), "no")

    def test_broken(self) -> None:
        """
        So is the news that nobody reads any more.
        """

        def fails() -> None:
            raise BrokenPipeError

        self.command.does = fails
        self.assertRaises(BrokenPipeError, self.command.run)

    def test_stopped(self) -> None:
        """
        A reactor that was stopped before is status 1, or what it says itself.
        """
        for code, status in ((0, 1), (None, 1), (7, 7)):

            def react(main: object, code: int | None = code) -> None:
                raise SystemExit(code)

            self.patch(options, "react", react)
            self.assertEqual(self.command.run(), status)
