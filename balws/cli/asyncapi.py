# -*- test-case-name: tests.cli.test_asyncapi -*-
"""
C{balws asyncapi}: what services offer, written down for people and programs.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import ClassVar

from twisted.python.usage import UsageError

from balws.asyncapi.catalogue import Found, ofConfiguration, ofTarget
from balws.asyncapi.document import asText, makeDocument
from balws.asyncapi.page import pageOf
from balws.cli.options import CommandOptions
from balws.config import loadFile
from balws.errors import ConfigurationError

__all__ = ["AsyncApi", "save"]

_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class AsyncApi(CommandOptions):
    """
    The services are imported, and no port is opened.
    """

    synopsis = "Usage: balws asyncapi FILE|module:Class [--output FILE] [--html FILE] [options]"
    longdesc = (
        "Writes an AsyncAPI 3 document of the services of a configuration, or of one upgrade service: its paths, "
        "parameters, messages, answers, close codes and security. It is JSON, which is YAML, too. "
        "Example: balws asyncapi balws.toml --title Chat --output chat.json --html chat.html"
    )
    optParameters: ClassVar = [
        ["output", "o", None, "Write the document into this file; without it, to the standard output."],
        ["html", None, None, "Write a page for people into this file; the document then goes where --output says."],
        ["title", "t", None, "The title of the document; without it, the name of the file or service."],
        ["path", "p", None, "The path of the service; for module:Class."],
    ]

    def opt_server(self, url: str) -> None:
        """
        The URL of a server, in place of the listeners' addresses; may be given several times.
        """
        self.setdefault("servers", []).append(url)

    opt_s = opt_server

    def opt_version(self, version: str = "") -> None:
        """
        The version of the services; 1.0.0 without it.
        """
        self["version"] = version

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: without just one.
        """
        if len(arguments) != 1:
            raise UsageError("asyncapi takes one configuration, or one module:Class")
        self["source"] = arguments[0]
        self["isTarget"] = _TARGET.fullmatch(arguments[0]) is not None
        if self["path"] is not None:
            if not self["isTarget"]:
                raise UsageError("--path goes with module:Class; a configuration has its own")
            if not self["path"].startswith("/"):
                raise UsageError("--path begins with a slash")

    def run(self) -> int | None:
        """
        Write it.

        @raise balws.Error: for a service that cannot be described, and a file that cannot be written.
        """
        document = makeDocument(
            self._found(),
            title=self["title"] or self["source"].rpartition(":")[2].rpartition("/")[2],
            version=self.get("version", "1.0.0"),
            servers=self.get("servers", ()),
        )
        text = asText(document)
        if self["html"] is not None:
            save(self["html"], pageOf(document))
        if self["output"] is not None:
            save(self["output"], text)
        elif self["html"] is None:
            sys.stdout.write(text)
        return None

    def _found(self) -> list[Found]:
        if self["isTarget"]:
            return ofTarget(self["source"], self["path"])
        return ofConfiguration(loadFile(self["source"]))


def save(name: str, text: str) -> None:
    """
    Write a file, all of it or nothing.

    @raise ConfigurationError: when it cannot be written.
    """
    beside = Path(f"{name}.{os.getpid()}.new")
    try:
        try:
            beside.write_text(text, "utf-8")
            beside.replace(name)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", file=name) from None
