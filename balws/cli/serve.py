# -*- test-case-name: tests.cli.test_serve -*-
"""
C{balws serve}: C{twistd -n balws}, said shorter.
"""

from __future__ import annotations

import os
import sys
from typing import Any, ClassVar

from twisted.application.reactors import getReactorTypes
from twisted.python.usage import UsageError

from balws.cli.options import CommandOptions, suggestion
from balws.cli.reaching import CONFIGURATION
from balws.errors import ConfigurationError, Error

__all__ = ["Serve"]


class Serve(CommandOptions):
    """
    This process becomes twistd: signals, exit status, workers, and what systemd is told are its own.
    """

    synopsis = "Usage: balws serve [--reactor NAME] [--logfile FILE] [FILE]"
    longdesc = (
        f"Serves what a configuration describes: FILE, or {CONFIGURATION} where it is here, else a demonstration at "
        "http://127.0.0.1:9090/. It is twistd -n balws --config FILE without a pid file; what else twistd can do, such "
        "as going into the background, is said to twistd itself. "
        "Example: balws serve chat.toml"
    )
    optParameters: ClassVar[Any] = [
        ["reactor", "r", None, "The reactor, such as asyncio or balws; see twistd --help-reactors."],
        ["logfile", "l", None, "Write the log to this file; - is the standard output, as without it."],
    ]

    file: str | None = None

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several files.
        """
        if len(arguments) > 1:
            raise UsageError("one file is served")
        if arguments == ("",):
            raise UsageError("the file has no name")
        if arguments:
            self.file = arguments[0]

    def postOptions(self) -> None:
        """
        @raise UsageError: for a reactor that there is not.
        """
        if self["reactor"] is not None:
            known = sorted(each.shortName for each in getReactorTypes())
            if self["reactor"] not in known:
                near = suggestion(self["reactor"], known) or "; see twistd --help-reactors"
                raise UsageError(f"--reactor: there is none named {self['reactor']}{near}")

    @property
    def command(self) -> list[str]:
        """
        The same, said to twistd.
        """
        file = self.file
        if file is None and os.path.exists(CONFIGURATION):
            file = CONFIGURATION
        own = [f"--{name}={self[name]}" for name in ("reactor", "logfile") if self[name] is not None]
        served = [] if file is None else ["--config", file]
        return ["twistd", "--nodaemon", "--pidfile=", *own, "balws", *served]

    def run(self) -> int | None:
        """
        Serve until a signal ends it.

        @raise balws.Error: when it cannot begin.
        """
        from twisted.scripts import twistd

        if self["logfile"] not in (None, "-"):
            _tryLog(self["logfile"])
        sys.argv, stderr = self.command, sys.stderr
        try:
            twistd.run()
        except SystemExit as ended:
            # It was a part of the log until now, which may be a file.
            sys.stderr = stderr
            if isinstance(ended.code, str):
                raise Error(ended.code.removeprefix("balws: ")) from None
            raise
        return None


def _tryLog(name: str) -> None:
    """
    @raise ConfigurationError: when the file cannot be written; twistd would show a traceback.
    """
    try:
        with open(name, "ab"):
            pass
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        raise ConfigurationError(f"cannot be written: {why}", f"--logfile {name}") from None
