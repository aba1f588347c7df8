# -*- test-case-name: tests.test_tap -*-
"""
C{twistd balws}: the command line.
"""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python import usage

from balws.application import ListenerService, makeApplicationService
from balws.config import loadFile
from balws.errors import Error

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """
    The options of C{twistd balws}.

    @ivar service: what the configuration describes; L{None} without C{--config}.
    """

    synopsis = "[--config FILE [--check]]"
    longdesc = (
        "Serves the WebSocket services that a TOML file describes. "
        "Without a file, a demonstration on http://127.0.0.1:9090/."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "The TOML file that describes listeners and services."],
    ]
    optFlags: ClassVar = [
        ["check", None, "Only check the file and the services that it names; open no port."],
    ]

    service: IService | None = None

    def postOptions(self) -> None:
        """
        Load, import and attach, so that what is wrong is said before anything runs.

        @raise SystemExit: with one line and status 1 for a configuration that cannot
            be used (a L{usage.UsageError} would print all options first); with status
            0 after C{--check}.
        """
        file = self["config"]
        if file is None:
            if self["check"]:
                raise SystemExit("--check needs a file to check: --config FILE")
            return
        try:
            self.service = makeApplicationService(loadFile(file))
        except Error as error:
            raise SystemExit(str(error)) from None
        if self["check"]:
            print(f"{file}: ok")
            raise SystemExit(0)


def makeService(options: Options) -> IService:
    """
    @return: what the configuration describes, or the demonstration.
    """
    if options.service is not None:
        return options.service
    from twisted.internet import reactor

    from balws.demo import makeDemo

    demo: Any = makeDemo(reactor)
    return ListenerService(demo, reactor)
