# -*- test-case-name: tests.config.test_load -*-
"""
From a TOML file to a L{Configuration}.  The format is DESIGN 2.4.

Nothing is imported and no port is opened here: that is L{balws.application}'s.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from balws.config.document import Document
from balws.config.entries import Configuration
from balws.config.place import Place
from balws.config.positions import scan
from balws.errors import ConfigurationError

__all__ = ["loadFile", "loadText"]

_TOML_PROBLEM = re.compile(
    r"(?P<problem>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)"
)


def loadFile(path: str | os.PathLike[str]) -> Configuration:
    """
    Read and check a configuration file.

    @raise ConfigurationError: with the first problem of the file.
    """
    name = os.fspath(path)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=name) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        raise ConfigurationError("not UTF-8", "", name, *_endOf(before)) from None
    return loadText(text, name, Path(name).absolute().parent)


def loadText(text: str, file: str, folder: str | os.PathLike[str]) -> Configuration:
    """
    Check the text of a configuration file.

    @param file: the file's name, for errors.
    @param folder: where relative paths start.
    @raise ConfigurationError: with the first problem of the file.
    """
    # As tomllib does, so that positions agree.
    text = text.replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
        positions = scan(text)
    except RecursionError:
        raise ConfigurationError("nested too deeply", file=file) from None
    except tomllib.TOMLDecodeError as error:
        raise _syntaxError(str(error), text, file) from None
    except ValueError:
        # Python refuses to read integers of more than 4300 digits; tomllib lets that pass.
        raise ConfigurationError("a number has too many digits", file=file) from None
    document = Document(Place(file=file, positions=positions), Path(folder).absolute())
    return document.configuration(data)


def _syntaxError(problem: str, text: str, file: str) -> ConfigurationError:
    match = _TOML_PROBLEM.fullmatch(problem)
    if match is None:
        return ConfigurationError(problem, file=file)
    line, column = (int(match["line"]), int(match["column"])) if match["line"] else _endOf(text)
    return ConfigurationError(match["problem"], "", file, line, column)


def _endOf(text: str) -> tuple[int, int]:
    """
    @return: the line and column just behind C{text}.
    """
    return text.count("\n") + 1, len(text) - text.rfind("\n")
