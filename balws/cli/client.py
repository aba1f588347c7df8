# -*- test-case-name: tests.cli.test_client -*-
"""
C{balws client}: a typed client from somebody's document.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from twisted.python.usage import UsageError

from balws.asyncapi.module import makeModule
from balws.asyncapi.reading import MAX_DOCUMENT, Source
from balws.cli.asyncapi import printed, save
from balws.cli.options import CommandOptions
from balws.errors import ConfigurationError

__all__ = ["ClientModule"]


class ClientModule(CommandOptions):
    """
    Nothing of the document is executed, and nothing is downloaded.
    """

    synopsis = "Usage: balws client DOCUMENT [--output FILE] [--channel NAME]"
    longdesc = (
        "Writes a Python module with a typed client for each channel of an AsyncAPI 3 document, JSON or YAML: what "
        "connects takes its parameters, what is sent and read are records. The document - is the standard input. "
        "Example: balws client chat.yaml --output chatclient.py"
    )
    optParameters: ClassVar = [
        ["output", "o", None, "Write the module into this file; without it, to the standard output."],
        ["channel", "c", None, "The only channel that is wanted; without it, all."],
    ]

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: without just one.
        """
        if len(arguments) != 1:
            raise UsageError("client takes one document")
        self["document"] = arguments[0]

    def run(self) -> int | None:
        """
        Read, and write.

        @raise balws.Error: for a document that cannot be used, and a file that cannot be written.
        """
        name = self["document"]
        try:
            if name == "-":
                name = "standard input"
                data = sys.stdin.buffer.read(MAX_DOCUMENT + 1)
            else:
                with open(name, "rb") as file:
                    data = file.read(MAX_DOCUMENT + 1)
        except OSError as error:
            raise ConfigurationError(f"cannot be read: {error.strerror}", file=name) from None
        text = makeModule(Source.parse(data, name), self["channel"])
        if self["output"] is None:
            printed(text)
        else:
            save(self["output"], text)
        return None
