# -*- test-case-name: tests.cli.test_check -*-
"""
C{balws check}: whether a configuration can be served, and what it would be.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.usage import UsageError
from zope.interface import provider

from balws.cli.options import CommandOptions
from balws.cli.reaching import CONFIGURATION
from balws.cli.records import sayJson
from balws.cli.tables import plural
from balws.errors import Error
from balws.logs.escape import escaped

if TYPE_CHECKING:
    from balws.cli.outline import Outline

__all__ = ["Check"]


class Check(CommandOptions):
    """
    Imports what the file names and makes everything, as C{twistd balws --check} does; opens no port.
    """

    synopsis = "Usage: balws check [--json | --quiet] [--strict] [FILE]"
    longdesc = (
        f"Checks a configuration, {CONFIGURATION} unless another is named, and the services that it names; prints what "
        "would be served, and what works but should not stay so. Opens no port. Ends with status 1 and one line "
        "when it cannot be served. Example: balws check --strict --quiet balws.toml"
    )
    optFlags: ClassVar[Any] = [
        ["json", "j", "Print an object of JSON."],
        ["quiet", "q", "Print nothing but warnings."],
        ["strict", None, "End with status 1 for warnings, too."],
    ]

    file = CONFIGURATION
    _isNamed = False

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several files.
        """
        if len(arguments) > 1:
            raise UsageError("one file is checked")
        if arguments == ("",):
            raise UsageError("the file has no name")
        if arguments:
            self.file, self._isNamed = arguments[0], True

    def postOptions(self) -> None:
        """
        @raise UsageError: for options that exclude each other.
        """
        if self["json"] and self["quiet"]:
            raise UsageError("either --json or --quiet")

    def run(self) -> int | None:
        """
        Check and tell.
        """
        from balws.cli.outline import linesOf

        if not (self._isNamed or os.path.exists(CONFIGURATION)):
            raise Error(f"which file? Here is no {CONFIGURATION}; balws init makes one")
        outline = self.outline()
        if self["json"]:
            sayJson(outline)
        else:
            if not self["quiet"]:
                for line in linesOf(outline):
                    print(line)
            for each in outline.warnings:
                print(f"balws: warning: {escaped(each)}", file=sys.stderr)
            if not self["quiet"]:
                found = f", {plural(len(outline.warnings), 'warning')}" if outline.warnings else ""
                print(escaped(f"{self.file}: ok{found}"))
        return 1 if self["strict"] and outline.warnings else 0

    def outline(self) -> Outline:
        """
        @raise balws.Error: for what cannot be served.
        """
        from twisted.internet import reactor

        from balws.application import makeApplicationService
        from balws.cli.cautions import cautionsOf
        from balws.cli.outline import outlineOf
        from balws.config import loadFile
        from balws.server.listener import Listener
        from balws.workers.supervisor import Supervisor

        listeners: list[Listener] = []

        def made(*arguments: Any, **fields: Any) -> Listener:
            listener = Listener(*arguments, **fields)
            listeners.append(listener)
            return listener

        said: list[str] = []
        with _heard(said):
            configuration = loadFile(self.file)
            makeApplicationService(configuration, reactor, listenerFactory=made)
            if configuration.server.workers > 1:
                Supervisor(configuration, self.file, reactor)
        cautions = list(cautionsOf(configuration, listeners))
        return outlineOf(self.file, configuration, listeners, [*said, *cautions])


@contextmanager
def _heard(said: list[str]) -> Iterator[None]:
    """
    While this lasts, what the log would be warned of is taken down.
    """

    @provider(ILogObserver)
    def hear(event: LogEvent) -> None:
        level = event.get("log_level")
        if level is not None and level >= LogLevel.warn:
            words = formatEvent(event)
            if words not in said:
                said.append(words)

    globalLogPublisher.addObserver(hear)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(hear)
