# -*- test-case-name: tests.cli.test_command -*-
"""
What the options of all commands have in common.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.python import usage

from balws._version import __version__

__all__ = ["CommandOptions"]


class CommandOptions(usage.Options):
    """
    @cvar synopsis: the whole of it, for C{--help}.
    """

    synopsis: ClassVar[str]

    def getSynopsis(self) -> str:
        """
        See L{usage.Options.getSynopsis}.
        """
        return self.synopsis

    def opt_version(self) -> None:
        """
        Show the version of balws and exit.
        """
        print(f"balws {__version__.public()}")
        raise SystemExit(0)
