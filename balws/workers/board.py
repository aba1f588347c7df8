# -*- test-case-name: tests.workers.test_board -*-
"""
How many connections each worker has, where all of them can see it.
"""

from __future__ import annotations

import mmap
import os
import tempfile

__all__ = ["Board", "newBoard"]

#: Bytes of a number, and the number of a place where nobody is.
_SIZE = 4
_NOBODY = 2**32 - 1

#: A worker may have so many connections more than another, and an eighth, and still take the next.
_SLACK = 4


class Board:
    """
    A piece of memory that processes share: a number for each worker.  Each writes its own and
    looks at the others' now and then; that they change meanwhile does not matter.
    """

    def __init__(self, fd: int, count: int, mine: int | None = None) -> None:
        """
        @param fd: what L{newBoard} has made; it may be closed afterwards.
        @param count: how many workers there are.
        @param mine: which of them this is, from 1; L{None}: none.
        """
        self._numbers = memoryview(mmap.mmap(fd, count * _SIZE)).cast("I")
        self._mine = None if mine is None else mine - 1
        self._count = 0
        self._isThere = False

    def appear(self) -> None:
        """
        This worker takes connections from now on.
        """
        self._isThere = True
        self.add(0)

    def leave(self, number: int) -> None:
        """
        @param number: of a worker that is gone.
        """
        self._numbers[number - 1] = _NOBODY

    def add(self, count: int) -> None:
        """
        This worker has so many connections more; for a negative number less.
        """
        self._count += count
        if self._isThere and self._mine is not None:
            self._numbers[self._mine] = self._count

    def isAhead(self) -> bool:
        """
        @return: whether this worker has noticeably more connections than another one that is there.
        """
        # Nobody has the largest number, and is no reason to wait.
        return self._count > min(self._numbers) * 9 // 8 + _SLACK


def newBoard(count: int) -> int:
    """
    @return: the descriptor of a board on which nobody is; to be closed by the caller.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("balws")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.truncate(fd, count * _SIZE)
    board = Board(fd, count)
    for number in range(1, count + 1):
        board.leave(number)
    return fd
