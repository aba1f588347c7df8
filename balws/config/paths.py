# -*- test-case-name: tests.config.test_paths -*-
"""
Paths of files in records: in a configuration file they start at its folder (DESIGN 2.4),
in code at the working directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from balws.config.values import text

__all__ = ["filePath", "relativeTo"]

_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextmanager
def relativeTo(folder: Path) -> Iterator[None]:
    """
    While this lasts, relative paths start here.
    """
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def filePath(value: object) -> str:
    """
    A check for paths of files.  Whether the file is there, and can be read, is found by
    whoever reads it.
    """
    path = text(os.fspath(value) if isinstance(value, os.PathLike) else value)
    folder = _folder.get()
    return path if folder is None else str(folder / path)
