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
from balws.asyncapi.document import asText, asYaml, makeDocument
from balws.asyncapi.page import pageOf
from balws.asyncapi.reading import isNamedYaml
from balws.asyncapi.servers import serverAt
from balws.cli.options import CommandOptions
from balws.cli.reaching import CONFIGURATION
from balws.config import loadFile
from balws.errors import ConfigurationError

__all__ = ["AsyncApi", "printed", "save"]

_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class AsyncApi(CommandOptions):
    """
    The services are imported, and no port is opened.
    """

    synopsis = "Usage: balws asyncapi [--output FILE] [--html FILE] [--yaml] [options] [FILE|module:Class]"
    longdesc = (
        f"Writes an AsyncAPI 3 document of the services of a configuration, {CONFIGURATION} unless another is named, "
        "or of one upgrade service: its paths, parameters, messages, answers, close codes and security. It is JSON, "
        "and YAML with --yaml or in a file whose name ends in .yaml or .yml. "
        "Example: balws asyncapi balws.toml --title Chat --output chat.yaml --html chat.html"
    )
    optParameters: ClassVar = [
        ["output", "o", None, "Write the document into this file; without it and --html, to the standard output."],
        ["html", None, None, "Write a page for people into this file; the document then goes where --output says."],
        ["title", "t", None, "The title of the document; without it, the name of where the services are."],
        ["path", "p", None, "The path of the service; for module:Class."],
        ["api-version", None, "1.0.0", "The version of the services."],
    ]
    optFlags: ClassVar = [["yaml", "y", "Write YAML; needs PyYAML, which the extra balws[yaml] brings."]]

    def opt_server(self, url: str) -> None:
        """
        The URL of a server, in place of the listeners' addresses; may be given several times.
        """
        try:
            serverAt(url)
        except ConfigurationError as error:
            raise UsageError(f"--server: {error}") from None
        self.setdefault("servers", []).append(url)

    opt_s = opt_server

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several.
        """
        if len(arguments) > 1:
            raise UsageError("asyncapi takes one configuration, or one module:Class")
        self["source"] = arguments[0] if arguments else CONFIGURATION
        self["isTarget"] = _TARGET.fullmatch(self["source"]) is not None
        if self["path"] is not None:
            if not self["isTarget"]:
                raise UsageError("--path goes with module:Class; a configuration has its own")
            if not self["path"].startswith("/"):
                raise UsageError("--path begins with a slash")

    def run(self) -> int | None:
        """
        Write it.

        @raise balws.Error: for a service that cannot be described, a file that cannot be written, and YAML
            without PyYAML.
        """
        document = makeDocument(
            self._found(),
            title=self["title"] or self._title,
            version=self["api-version"],
            servers=self.get("servers", ()),
        )
        isYaml = self["yaml"] or (self["output"] is not None and isNamedYaml(self["output"]))
        text = asYaml(document) if isYaml else asText(document)
        if self["html"] is not None:
            save(self["html"], pageOf(document))
        if self["output"] is not None:
            save(self["output"], text)
        elif self["html"] is None:
            printed(text)
        return None

    @property
    def _title(self) -> str:
        if self["isTarget"]:
            return str(self["source"].rpartition(":")[2])
        path = Path(self["source"]).absolute()
        return (path.parent.name if path.name == CONFIGURATION else path.stem) or path.name

    def _found(self) -> list[Found]:
        if self["isTarget"]:
            return ofTarget(self["source"], self["path"])
        return ofConfiguration(loadFile(self["source"]))


def printed(text: str) -> None:
    """
    Print what could be a file's text: as UTF-8, whatever the terminal would take.
    """
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode())
    stream.flush()


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
