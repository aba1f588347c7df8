# -*- test-case-name: tests.cli.test_token -*-
"""
C{balws token}: make a JWT, or see what one says.
"""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.cli.options import CommandOptions
from balws.cli.token.make import Make
from balws.cli.token.show import Show

__all__ = ["Token"]


class Token(CommandOptions):
    """
    The options in front of what to do.
    """

    synopsis = "Usage: balws token make|show [options]"
    longdesc = (
        "A token is never an argument: everybody on the machine can read those. "
        "Example: balws token make --issuer me --subject ada --secret-file secret.txt | balws token show"
    )
    subCommands: ClassVar[Any] = [
        ["make", None, Make, "Make a token, and sign it."],
        ["show", None, Show, "Show what a token says, and whether its signature is right."],
    ]

    def postOptions(self) -> None:
        """
        @raise UsageError: without one of the two.
        """
        if self.subCommand is None:
            raise UsageError("make or show? See balws token --help")

    def run(self) -> int | None:
        """
        Do it.
        """
        status: int | None = self.subOptions.run()
        return status
