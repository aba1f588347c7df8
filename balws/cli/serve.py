# -*- test-case-name: tests.cli.test_serve -*-
"""
C{balws serve}: C{twistd -n balws}, said shorter.
"""

from __future__ import annotations

import os
import sys
from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.cli.options import CommandOptions
from balws.cli.reaching import CONFIGURATION

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
        if arguments:
            self.file = arguments[0]

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
        """
        from twisted.scripts import twistd

        sys.argv = self.command
        twistd.run()
        return None
