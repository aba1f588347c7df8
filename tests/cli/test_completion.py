"""
Tests of L{balws.cli.completion} and L{balws.cli.shells}.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.command import COMMANDS, Options, main
from balws.cli.completion import Completion, Offer, OptionOffer, offers
from balws.cli.options import CommandOptions
from balws.cli.shells import SCRIPTS
from tests.integration.needed import missing


class Odd(CommandOptions):
    """
    A command with everything that makes a script difficult.
    """

    synopsis = "Usage: balws odd [FILE]"
    optParameters: ClassVar[Any] = [
        ["input", "i", None, "A file's name: it's [here], \\ there."],
        ["kind", None, "b", "One of several."],
        ["profile", None, None, "Who it is."],
    ]
    optFlags: ClassVar[Any] = [["quiet", "q", "Say\n        nothing."]]
    choices: ClassVar = {"kind": ("a", "b")}


class Named(CommandOptions):
    """
    A command whose argument is one of a few.
    """

    synopsis = "Usage: balws named up|down"
    choices: ClassVar = {"": ("up", "down")}


class Above(CommandOptions):
    """
    A command with commands of its own.
    """

    synopsis = "Usage: balws above odd|named"
    subCommands: ClassVar[Any] = [["odd", None, Odd, "It's odd."], ["named", None, Named, "Has a name."]]


#: Commands, as C{subCommands} has them.
TWO = [["odd", None, Odd, "It's odd: [really]."], ["named", None, Named, "Has a name."]]
NESTED = [*TWO, ["above", None, Above, "Has commands."]]


class OffersTests(SynchronousTestCase):
    """
    What the options say of themselves.
    """

    def test_offers(self) -> None:
        """
        Names, what they are for, and whether a value, a file or one of a few follows.
        """
        odd, named = offers(TWO)
        self.assertEqual((odd.name, odd.words, odd.choices, odd.takesFiles), ("odd", "It's odd: [really].", (), True))
        self.assertEqual(
            odd.options,
            (
                OptionOffer(("--help", "-h"), "Display this help and exit.", False),
                OptionOffer(("--input", "-i"), "A file's name: it's [here], \\ there.", True, (), True),
                OptionOffer(("--kind",), "One of several.", True, ("a", "b")),
                OptionOffer(("--profile",), "Who it is.", True),
                OptionOffer(("--quiet", "-q"), "Say nothing.", False),
                OptionOffer(("--version",), "Show the version of balws and exit.", False),
            ),
        )
        self.assertEqual((named.choices, named.takesFiles), (("up", "down"), False))

    def test_nested(self) -> None:
        """
        Commands of a command are offered with all that they have.
        """
        above = list(offers(NESTED))[-1]
        self.assertEqual([each.name for each in above.commands], ["odd", "named"])
        self.assertEqual(above.commands[0].options, next(offers(TWO)).options)
        self.assertEqual((above.choices, above.commands[1].commands), ((), ()))

    def test_all(self) -> None:
        """
        Every command of C{balws} can be completed, with all its options.
        """
        found = {each.name: each for each in offers(Options.subCommands)}
        self.assertEqual(list(found), [name for name, _, _ in COMMANDS])
        names = {name for option in found["ps"].options for name in option.names}
        self.assertTrue({"--user", "--json", "-q", "--admin", "--token-file", "--help"} <= names, names)


class CommandTests(SynchronousTestCase):
    """
    The command.
    """

    def test_printed(self) -> None:
        """
        The script for a shell is printed.
        """
        self.patch(Options, "subCommands", TWO + [["completion", None, Completion, ""]])
        for shell, begins in (("bash", "# Completion"), ("zsh", "#compdef balws\n"), ("fish", "# Completion")):
            self.patch(sys, "stdout", StringIO())
            self.assertEqual(main(["completion", shell]), 0)
            script = sys.stdout.getvalue()
            self.assertTrue(script.startswith(begins), script)
            self.assertTrue(script.endswith("\n"), script)

    def test_usage(self) -> None:
        """
        One shell, of those that there are.
        """
        for arguments in ((), ("tcsh",), ("bash", "zsh")):
            error = self.assertRaises(UsageError, Completion().parseOptions, arguments)
            self.assertEqual(str(error), "for which shell? One of bash, zsh, fish")


def script(shell: str, commands: Any = TWO) -> str:
    """
    @return: the script for these commands.
    """
    return SCRIPTS[shell](list(offers(commands)))


class ShellCase(SynchronousTestCase):
    """
    A shell reads the script.
    """

    def shell(self, program: str, *arguments: str, text: str) -> str:
        """
        @return: what it prints; it has nothing to complain of.
        """
        if shutil.which(program) is None:
            missing(program)
        done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout


class BashTests(ShellCase):
    """
    bash.
    """

    def completed(self, *words: str, commands: Any = TWO, folder: Path | None = None) -> list[str]:
        """
        @param words: those before the cursor, the last one of which is completed.
        """
        listed = " ".join(f"'{word}'" for word in words)
        goes = "" if folder is None else f"cd '{folder}'\n"
        return self.shell(
            "bash",
            "--norc",
            text=f"{goes}{script('bash', commands)}\nCOMP_WORDS=({listed})\nCOMP_CWORD={len(words) - 1}\n"
            "$(complete -p balws | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n",
        ).splitlines()

    def test_form(self) -> None:
        """
        The script of all commands is one that bash understands.
        """
        self.assertEqual(self.shell("bash", "-n", text=script("bash", Options.subCommands)), "")

    def test_commands(self) -> None:
        """
        C{balws p} and the tabulator give ps, and nothing typed gives all commands.
        """
        self.assertEqual(self.completed("balws", "p", commands=Options.subCommands), ["ps"])
        self.assertEqual(self.completed("balws", ""), ["odd", "named", "--help", "--version"])
        self.assertEqual(self.completed("balws", "x"), [""])

    def test_options(self) -> None:
        """
        Options of the command, and the few values that one has.
        """
        self.assertEqual(self.completed("balws", "odd", "--q"), ["--quiet"])
        self.assertEqual(self.completed("balws", "odd", "--kind", ""), ["a", "b"])
        self.assertEqual(self.completed("balws", "odd", "--kind", "=", "b"), ["b"])
        self.assertEqual(self.completed("balws", "odd", "--kind", "="), ["a", "b"])
        self.assertEqual(self.completed("balws", "odd", "--profile", ""), [""])
        self.assertEqual(self.completed("balws", "named", "u"), ["up"])
        self.assertEqual(self.completed("balws", "named", ""), ["up", "down"])
        self.assertEqual(self.completed("balws", "named", "--h"), ["--help"])
        for words, found in (
            (("token", ""), ["make", "show"]),
            (("token", "m"), ["make"]),
            (("token", "make", "--jw"), ["--jwk-file"]),
            (("token", "show", "--jw"), ["--jwks"]),
            (("hash-password", "--kind", ""), ["scrypt", "argon2"]),
        ):
            self.assertEqual(self.completed("balws", *words, commands=Options.subCommands), found)

    def test_nested(self) -> None:
        """
        Behind the command of a command come its options, its values and its arguments.
        """
        for words, found in (
            (("",), ["odd", "named"]),
            (("--v",), ["--version"]),
            (("odd", "--q"), ["--quiet"]),
            (("odd", "--kind", ""), ["a", "b"]),
            (("odd", "--kind", "=", "b"), ["b"]),
            (("named", "u"), ["up"]),
            (("named", "--q"), [""]),
            (("other", "--kind", ""), ["odd", "named"]),
        ):
            self.assertEqual(self.completed("balws", "above", *words, commands=NESTED), found, words)

    def test_files(self) -> None:
        """
        Names of files, also with blanks, where a file is meant, and nowhere else.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "a file").touch()
        (folder / "a.toml").touch()
        for words in (("odd", "-i", "a"), ("odd", "--input", "a"), ("odd", "a")):
            self.assertEqual(sorted(self.completed("balws", *words, folder=folder)), ["a file", "a.toml"])
        for words in (("above", "odd", "-i", "a"), ("above", "odd", "a")):
            found = self.completed("balws", *words, commands=NESTED, folder=folder)
            self.assertEqual(sorted(found), ["a file", "a.toml"])
        for words in (("odd", "--profile", "a"), ("named", "a"), ("odd", "--a")):
            self.assertEqual(self.completed("balws", *words, folder=folder), [""])


class ZshTests(ShellCase):
    """
    zsh.
    """

    def test_lines(self) -> None:
        """
        What its functions take for signs is escaped.
        """
        lines = [each.strip() for each in script("zsh").splitlines()]
        for line in (
            "'odd:It'\\''s odd\\: \\[really\\].'",
            "'(--input -i)'{--input=,-i+}'[A file'\\''s name\\: it'\\''s \\[here\\], \\\\ there.]:input:_files' \\",
            "'--kind=[One of several.]:kind:(a b)' \\",
            "'--profile=[Who it is.]:profile: ' \\",
            "'(--quiet -q)'{--quiet,-q}'[Say nothing.]' \\",
            "'*: :_files'",
            "'1: :(up down)'",
        ):
            self.assertIn(line, lines)

    def test_form(self) -> None:
        """
        zsh understands the script of all commands.
        """
        self.assertEqual(self.shell("zsh", "-f", "-n", text=script("zsh", Options.subCommands)), "")


    def offered(self, *words: str) -> str:
        """
        @param words: those before the cursor, the last one of which is completed.
        @return: what is asked of the function that completes options and arguments.
        """
        listed = " ".join(f"'{word}'" for word in words)
        return self.shell(
            "zsh",
            "-f",
            text=f"compdef() {{ : }}\n{script('zsh', NESTED)}\n_arguments() {{ print -rl -- \"$@\" }}\n"
            f"words=({listed})\nCURRENT={len(words)}\n_balws\n",
        )

    def test_nested(self) -> None:
        """
        Behind the command of a command come its options, and in front of it what commands there are.
        """
        self.assertIn("\n1: :(('odd:It'\\''s odd.' 'named:Has a name.'))\n", self.offered("balws", "above", ""))
        self.assertNotIn("--quiet", self.offered("balws", "above", "odd"))
        self.assertIn("--quiet[Say nothing.]", self.offered("balws", "above", "odd", ""))
        self.assertIn("1: :(up down)", self.offered("balws", "above", "named", ""))
        self.assertNotIn("--quiet", self.offered("balws", "above", "other", ""))


class FishTests(ShellCase):
    """
    fish.
    """

    def test_lines(self) -> None:
        """
        Each command and each option is a line.
        """
        lines = script("fish").splitlines()
        for line in (
            "complete -c balws -n __fish_use_subcommand -a odd -d 'It\\'s odd: [really].'",
            "complete -c balws -n '__fish_seen_subcommand_from odd' -l input -s i -r -F"
            " -d 'A file\\'s name: it\\'s [here], \\\\ there.'",
            "complete -c balws -n '__fish_seen_subcommand_from odd' -l kind -x -a 'a b' -d 'One of several.'",
            "complete -c balws -n '__fish_seen_subcommand_from odd' -l profile -x -d 'Who it is.'",
            "complete -c balws -n '__fish_seen_subcommand_from odd' -F",
            "complete -c balws -n '__fish_seen_subcommand_from named' -a 'up down'",
        ):
            self.assertIn(line, lines)

    def test_form(self) -> None:
        """
        fish understands the script of all commands, and completes one.
        """
        text = script("fish", Options.subCommands)
        self.assertEqual(self.shell("fish", "--no-execute", text=text), "")
        self.assertTrue(self.shell("fish", text=text + "\ncomplete -C 'balws p'").startswith("ps\t"))

    def test_nested(self) -> None:
        """
        Behind the command of a command come its options and arguments, and in front of it what commands there are.
        """
        for words, found in (
            ("", ["odd", "named"]),
            ("--q", []),
            ("odd --q", ["--quiet"]),
            ("odd --kind ", ["a", "b"]),
            ("named ", ["down", "up"]),
        ):
            text = f"{script('fish', NESTED)}\ncomplete -C 'balws above {words}'"
            offered = [line.partition("\t")[0] for line in self.shell("fish", text=text).splitlines()]
            self.assertEqual(sorted(offered), sorted(found), words)


class OfferTests(SynchronousTestCase):
    """
    The records.
    """

    def test_usual(self) -> None:
        """
        A command without options has nothing to offer but its name.
        """
        self.assertIn("bare", SCRIPTS["bash"]([Offer("bare", "", ())]))
