# -*- test-case-name: tests.cli.test_command -*-
"""
C{balws COMMAND}: what an operator does by hand.  Serving is C{twistd balws}.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from twisted.python.usage import UsageError

from balws.cli.hashpassword import HashPassword
from balws.cli.options import CommandOptions
from balws.errors import Error

__all__ = ["Options", "main"]


class Options(CommandOptions):
    """
    The options in front of the command.
    """

    synopsis = "Usage: balws COMMAND [options]"
    longdesc = "Example: balws hash-password --user alice --scope write. To serve: twistd balws --help."
    subCommands: ClassVar[Any] = [
        ["hash-password", None, HashPassword, "Hash a password for the user store."],
    ]

    def postOptions(self) -> None:
        """
        @raise UsageError: without a command.
        """
        if self.subCommand is None:
            raise UsageError("which command? See balws --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    @param arguments: without the program's name; L{None} takes the process's own.
    @return: the process's status: 0, 1 when the command failed, 2 when the command line is
        wrong; each of these two with one line to the standard error.
    """
    options = cast(Any, Options)()
    try:
        options.parseOptions(list(sys.argv[1:] if arguments is None else arguments))
    except UsageError as error:
        print(f"balws: {error}", file=sys.stderr)
        return 2
    try:
        options.subOptions.run()
    except Error as error:
        print(f"balws: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbalws: interrupted", file=sys.stderr)
        return 1
    return 0
