# -*- test-case-name: tests.cli.test_command -*-
"""
What the options of all commands have in common.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from getopt import GetoptError, gnu_getopt
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.python import usage

from balws._version import __version__

__all__ = ["CommandOptions", "ReactingOptions"]


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

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{usage.Options.parseOptions}.  Options may stand behind arguments, too.
        """
        given = sys.argv[1:] if options is None else list(options)
        if not hasattr(self, "subCommands"):
            try:
                found, arguments = gnu_getopt(given, self.shortOpt, self.longOpt)
            except GetoptError as error:
                raise usage.UsageError(str(error)) from None
            options = [part for name, value in found for part in ([name, value] if self._hasValue(name) else [name])]
            given = [*options, "--", *arguments]
        super().parseOptions(given)

    def _hasValue(self, name: str) -> bool:
        return f"{name[2:]}=" in self.longOpt if name.startswith("--") else f"{name[1]}:" in self.shortOpt

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
