# -*- test-case-name: tests.cli.test_connect_files -*-
"""
Names of files, as they are typed.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

__all__ = ["filesLike"]

#: So many entries of a folder are looked at.
MAX_ENTRIES = 10_000


def filesLike(begun: str) -> list[str]:
    """
    @param begun: the beginning of a path, maybe with C{~}.
    @return: the paths that begin so, folders with a slash at the end; hidden ones when that is asked for.  What a
        terminal would not show is left out, and so is a folder that cannot be read.
    """
    if not begun.isprintable():
        return []
    folder, slash, name = begun.rpartition("/")
    try:
        with os.scandir(Path(folder + slash or ".").expanduser()) as entries:
            return sorted(
                f"{folder}{slash}{each.name}{'/' if _isFolder(each) else ''}"
                for each in islice(entries, MAX_ENTRIES)
                if each.name.startswith(name) and each.name.isprintable() and (name or each.name[0] != ".")
            )
    except (OSError, RuntimeError, ValueError):
        return []


def _isFolder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False
