# -*- test-case-name: tests.cli.test_completion -*-
"""
C{balws completion}: what makes a shell complete these commands.

It is made from the options themselves, so that none is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import attrs
from twisted.python.usage import UsageError

from balws.cli.command import Options
from balws.cli.options import CommandOptions
from balws.cli.shells import SCRIPTS

__all__ = ["Completion", "Offer", "OptionOffer", "offers"]

#: An option whose words speak of these takes the name of one.
_speaksOfFiles = re.compile(r"\b(?:files?|folders?)\b", re.IGNORECASE).search
_takesFiles = re.compile(r"\b(?:FILE|FOLDER)\b").search


@attrs.frozen
class OptionOffer:
    """
    @ivar names: C{("--config", "-c")}, the long ones first.
    @ivar words: what it does.
    @ivar takesValue: whether a value follows.
    @ivar choices: the values that there are; empty: nobody knows.
    @ivar isFile: whether the value is the name of a file.
    """

    names: tuple[str, ...]
    words: str
    takesValue: bool
    choices: tuple[str, ...] = ()
    isFile: bool = False


@attrs.frozen
class Offer:
    """
    One command.

    @ivar choices: what its argument can be; empty: nobody knows.
    @ivar takesFiles: whether arguments are names of files.
    @ivar commands: those of its own, one of which follows; empty: it has none.
    """

    name: str
    words: str
    options: tuple[OptionOffer, ...]
    choices: tuple[str, ...] = ()
    takesFiles: bool = False
    commands: tuple[Offer, ...] = ()


class Completion(CommandOptions):
    """
    For one shell.
    """

    synopsis = "Usage: balws completion bash|zsh|fish"
    longdesc = (
        "Prints a script that makes a shell complete commands, options and files. "
        'Example: eval "$(balws completion bash)" in ~/.bashrc; '
        "balws completion zsh > ~/.zfunc/_balws where ~/.zfunc is in fpath; "
        "balws completion fish > ~/.config/fish/completions/balws.fish"
    )
    choices: ClassVar = {"": tuple(SCRIPTS)}

    shell = ""

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for no shell, several, or another.
        """
        if len(arguments) != 1 or arguments[0] not in SCRIPTS:
            raise UsageError(f"for which shell? One of {', '.join(SCRIPTS)}")
        (self.shell,) = arguments

    def run(self) -> int | None:
        """
        Print the script.
        """
        print(SCRIPTS[self.shell](list(offers(Options.subCommands))), end="")
        return 0


def offers(commands: Sequence[Sequence[Any]]) -> Iterator[Offer]:
    """
    @param commands: as the C{subCommands} of L{twisted.python.usage.Options}.
    @return: what can be completed of each.
    """
    for name, _, make, words in commands:
        options = make()
        choices = getattr(options, "choices", {})
        yield Offer(
            name,
            _sentence(words),
            tuple(_optionsOf(options, choices)),
            tuple(choices.get("", ())),
            _takesFiles(options.getSynopsis()) is not None,
            tuple(offers(getattr(options, "subCommands", ()))),
        )


def _optionsOf(options: Any, choices: Any) -> Iterator[OptionOffer]:
    takesValue = {each.removesuffix("=") for each in options.longOpt if each.endswith("=")}
    for name in sorted(each.removesuffix("=") for each in options.longOpt):
        words = _sentence(options.docs.get(name) or "")
        short = sorted(f"-{each}" for each, meant in options.synonyms.items() if len(each) == 1 and meant == name)
        isFile = name in takesValue and _speaksOfFiles(words) is not None
        yield OptionOffer(
            (f"--{name}", *short), words, name in takesValue, tuple(choices.get(name, ())), isFile
        )


def _sentence(words: str) -> str:
    """
    @return: the words on one line.
    """
    return " ".join(words.split())
