# -*- test-case-name: tests.cli.test_connect_history -*-
"""
The lines that were typed, over many sessions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import mkstemp

__all__ = ["History", "historyPath"]

#: So many lines are kept, and none that is longer (characters).
MAX_LINES = 1000
MAX_LENGTH = 4096

#: A larger file is none of ours (bytes).
MAX_FILE = 16 * 1024 * 1024


def historyPath(environment: Mapping[str, str] = os.environ) -> Path | None:
    """
    @return: where the lines are kept; L{None} for a user who has no folder.
    """
    state = environment.get("XDG_STATE_HOME", "")
    try:
        # A relative path is to be ignored (XDG base directories).
        folder = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return folder / "balws" / "history"


class History:
    """
    A walk through the lines, and the file that they are in: one string of JSON a line, so that
    a pasted message of several lines is one.  Only its owner can read it.  What begins with a
    blank is not kept.
    """

    def __init__(self, path: Path | None) -> None:
        """
        What cannot be read is as if it was empty.

        @param path: the file; L{None} keeps the lines of this session only.
        """
        self._path = path
        self._lines = self._read()
        self._new: list[str] = []
        self._place = len(self._lines)
        self._unfinished = ""

    def _read(self) -> list[str]:
        if self._path is None:
            return []
        try:
            with self._path.open("rb") as stream:
                data = stream.read(MAX_FILE)
        except OSError:
            return []
        return list(_lines(data.decode("utf-8", "replace").split("\n")))[-MAX_LINES:]

    def add(self, line: str) -> None:
        """
        A line was entered: the walk begins anew.
        """
        if line and not line.startswith(" ") and len(line) <= MAX_LENGTH and self._lines[-1:] != [line]:
            self._lines.append(line)
            self._new.append(line)
            del self._lines[:-MAX_LINES], self._new[:-MAX_LINES]
        self._place = len(self._lines)

    def older(self, present: str) -> str | None:
        """
        @param present: what stands in the line, which the walk comes back to.
        @return: the line before; L{None} at the oldest.
        """
        if not self._place:
            return None
        if self._place == len(self._lines):
            self._unfinished = present
        self._place -= 1
        return self._lines[self._place]

    def newer(self) -> str | None:
        """
        @return: the line behind; L{None} when there is none.
        """
        if self._place == len(self._lines):
            return None
        self._place += 1
        return self._unfinished if self._place == len(self._lines) else self._lines[self._place]

    # Searching

    def find(self, text: str, place: int, step: int, other: str | None = None) -> int | None:
        """
        @param place: where to begin: a line, from 0, the oldest; that of L{end} is none yet.
        @param step: -1 for older ones, 1 for newer ones.
        @param other: a line that is not wanted again.
        @return: the place of the next line with this text in it.
        """
        while 0 <= place < len(self._lines):
            if text in self._lines[place] and self._lines[place] != other:
                return place
            place += step
        return None

    @property
    def end(self) -> int:
        """
        The place behind the newest line.
        """
        return len(self._lines)

    def at(self, place: int) -> str:
        """
        @return: the line there.
        """
        return self._lines[place]

    def visit(self, place: int, present: str) -> None:
        """
        Walk on from there.

        @param present: see L{older}.
        """
        if self._place == len(self._lines):
            self._unfinished = present
        self._place = place

    def save(self) -> None:
        """
        Add the new lines to the file, behind what other sessions have added since.

        @raise OSError: when that cannot be.
        """
        if self._path is None or not self._new:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [*self._read(), *self._new][-MAX_LINES:]
        # mkstemp() makes files that only their owner can read.
        number, name = mkstemp(dir=self._path.parent, prefix="history-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.writelines(json.dumps(line) + "\n" for line in lines)
            os.replace(name, self._path)
        except BaseException:
            os.unlink(name)
            raise
        self._new.clear()


def _lines(written: Iterable[str]) -> Iterable[str]:
    for each in written:
        try:
            line = json.loads(each)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, str) and 0 < len(line) <= MAX_LENGTH:
            yield line
