# -*- test-case-name: tests.config.test_load -*-
"""
From a TOML file to a L{Configuration}.  The format is DESIGN 2.4.

Nothing is imported and no port is opened here: that is L{balws.application}'s.
"""

from __future__ import annotations

import os
from pathlib import Path

from balws.config.document import Document
from balws.config.entries import Configuration
from balws.config.place import Place
from balws.config.positions import scan
from balws.config.toml import decode, normal, parse
from balws.errors import ConfigurationError

__all__ = ["loadFile", "loadText"]


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
    return loadText(decode(data, name), name, Path(name).absolute().parent)


def loadText(text: str, file: str, folder: str | os.PathLike[str]) -> Configuration:
    """
    Check the text of a configuration file.

    @param file: the file's name, for errors.
    @param folder: where relative paths start.
    @raise ConfigurationError: with the first problem of the file.
    """
    text = normal(text)
    data = parse(text, file)
    document = Document(Place(file=file, positions=scan(text)), Path(folder).absolute())
    return document.configuration(data)
