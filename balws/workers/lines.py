# -*- test-case-name: tests.workers.test_lines -*-
"""
Lines out of a stream of bytes.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Lines"]


class Lines:
    """
    Cuts what comes in pieces into lines.
    """

    def __init__(self, deliver: Callable[[bytes], None], limit: int) -> None:
        """
        @param deliver: called with each line, without its end.
        @param limit: the most bytes of a line; what is beyond them is left out.
        """
        self._deliver = deliver
        self._limit = limit
        self._begun = bytearray()

    def feed(self, data: bytes) -> None:
        """
        More has come.
        """
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._add(part)
            self._finish()
        self._add(rest)

    def end(self) -> None:
        """
        Nothing more will come: deliver a line that has no end.
        """
        if self._begun:
            self._finish()

    def _add(self, part: bytes) -> None:
        self._begun += part[: self._limit - len(self._begun)]

    def _finish(self) -> None:
        line = bytes(self._begun)
        self._begun.clear()
        self._deliver(line)
