# -*- test-case-name: tests.cli.test_command -*-
"""
What the options of all commands have in common.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from getopt import GetoptError, getopt, gnu_getopt
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.python import usage

from balws._version import __version__
from balws.cli.tables import terminalWidth

__all__ = ["CommandOptions", "ReactingOptions", "suggestion"]

#: The words of a synopsis that are the command; what is one of several is not.
_command = re.compile(r"Usage: ((?:[a-z][a-z-]*(?![\w|-]) ?)+)").match

#: Columns of C{--help}, at most and at least.
WIDTH, NARROWEST = 80, 40

#: The mistake that Twisted finds by a TypeError, and has no further words for.
_WRONG_NUMBER = "Wrong number of arguments."


def suggestion(given: str, known: Iterable[str], prefix: str = "") -> str:
    """
    @param given: what there is not.
    @param known: what there is.
    @param prefix: stands in front of each.
    @return: C{"; did you mean ...?"}; empty where nothing looks like it.
    """
    near = get_close_matches(given, list(known), 1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


class CommandOptions(usage.Options):
    """
    A command: what its line says, and C{run()}, which does it.

    @cvar synopsis: the whole of it, for C{--help}.
    @cvar longdesc: what it does, with an example; for C{--help}.
    """

    synopsis: ClassVar[str]

    def getSynopsis(self) -> str:
        """
        See L{usage.Options.getSynopsis}.
        """
        return self.synopsis

    def getUsage(self, width: int | None = None) -> str:
        """
        See L{usage.Options.getUsage}.  Lines are as long as the terminal, and C{COLUMNS} of the environment, let
        them be, up to 80 columns.
        """
        if width is None:
            given = os.environ.get("COLUMNS", "")
            columns = int(given) if given.isascii() and given.isdigit() and len(given) < 5 else terminalWidth()
            width = max(min(columns or WIDTH, WIDTH), NARROWEST)
        usageText: str = super().getUsage(width)
        return usageText

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{usage.Options.parseOptions}.  Options may stand behind arguments, too.
        """
        given = sys.argv[1:] if options is None else list(options)
        subCommands: Sequence[Any] = getattr(self, "subCommands", ())
        try:
            found, arguments = (getopt if subCommands else gnu_getopt)(given, self.shortOpt, self.longOpt)
        except GetoptError as error:
            raise usage.UsageError(self._hinted(error)) from None
        options = [part for name, value in found for part in ([name, value] if self._hasValue(name) else [name])]
        names = [each[0] for each in subCommands]
        if names and arguments and arguments[0] not in names:
            self._unknown(arguments[0], names, options)
        try:
            super().parseOptions([*options, "--", *arguments])
        except usage.UsageError as mistake:
            if str(mistake) != _WRONG_NUMBER:
                raise
            raise usage.UsageError(f"wrong number of arguments; u{self.getSynopsis()[1:]}") from None

    def _unknown(self, name: str, names: Sequence[str], options: Sequence[str]) -> None:
        if not {"-h", "--help", "--version"}.intersection(options):
            few = f"; {' or '.join(names)}?" if len(names) < 4 else ""
            raise usage.UsageError(f"Unknown command: {name}{suggestion(name, names) or few}{self._seeHelp}")

    def _hinted(self, error: GetoptError) -> str:
        known = [each.removesuffix("=") for each in self.longOpt]
        near = suggestion(error.opt, known, "--") if len(error.opt) > 1 and error.opt not in known else ""
        return f"{error}{near}{self._seeHelp}"

    @property
    def _seeHelp(self) -> str:
        match = _command(self.synopsis)
        return "" if match is None else f" (see {match[1].strip()} --help)"

    def _hasValue(self, name: str) -> bool:
        return f"{name[2:]}=" in self.longOpt if name.startswith("--") else f"{name[1]}:" in self.shortOpt

    # As for everybody else; in Twisted it is left out for a host.
    opt_h = usage.Options.opt_help

    def opt_version(self) -> None:
        """
        Show the version of balws and exit.
        """
        print(f"balws {__version__.public()}")
        raise SystemExit(0)

    def run(self) -> int | None:
        """
        Do it.

        @return: the process's status; L{None} is 0.
        @raise balws.Error: whose words are shown, with status 1.
        """
        raise NotImplementedError


class ReactingOptions(CommandOptions):
    """
    A command that needs the reactor: C{main()} in place of C{run()}.
    """

    def run(self) -> int | None:
        """
        Run the reactor until L{main} is done.
        """
        outcome: list[Any] = []

        async def kept(reactor: Any) -> None:
            # What react() makes of an error is a traceback; C{command.main} knows more.
            try:
                outcome.append(await self.main(reactor))
            except Exception as error:
                outcome.append(error)

        try:
            react(lambda reactor: Deferred.fromCoroutine(kept(reactor)))
        except SystemExit as ended:
            if not outcome:
                # Somebody has stopped the reactor, as an interrupt does.
                return 1 if ended.code in (None, 0) else int(ended.code)
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        status: int | None = outcome[0]
        return status

    async def main(self, reactor: Any) -> int | None:
        """
        @return: see L{CommandOptions.run}.
        """
        raise NotImplementedError
