"""
Tests of L{balws.workers.board}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from balws.workers.board import Board, newBoard


class BoardTests(SynchronousTestCase):
    """
    Three workers that see each other's numbers.
    """

    def setUp(self) -> None:
        fd = newBoard(3)
        self.supervisor = Board(fd, 3)
        self.workers = [Board(fd, 3, number) for number in (1, 2, 3)]
        os.close(fd)

    def test_alone(self) -> None:
        """
        Who is alone is never ahead, however many it has, and also before it appears.
        """
        first = self.workers[0]
        first.add(1000)
        self.assertFalse(first.isAhead())
        first.appear()
        self.assertFalse(first.isAhead())

    def test_ahead(self) -> None:
        """
        Four more than another are no reason to wait, five are; of many it is an eighth.
        """
        first, second, _ = self.workers
        first.appear()
        second.appear()
        first.add(4)
        self.assertFalse(first.isAhead())
        first.add(1)
        self.assertTrue(first.isAhead())
        self.assertFalse(second.isAhead())
        second.add(800)
        first.add(899)
        self.assertFalse(first.isAhead())
        first.add(1)
        self.assertTrue(first.isAhead())
        first.add(-1)
        self.assertFalse(first.isAhead())

    def test_gone(self) -> None:
        """
        Nobody waits for a worker that is gone, until its successor appears.
        """
        first, second, _ = self.workers
        first.appear()
        second.appear()
        first.add(100)
        self.assertTrue(first.isAhead())
        self.supervisor.leave(2)
        self.assertFalse(first.isAhead())
        second.appear()
        self.assertTrue(first.isAhead())

    def test_noMemoryFiles(self) -> None:
        """
        Where the system has no files in memory, it is a file that nobody sees.
        """
        if made := getattr(os, "memfd_create", None):
            self.addCleanup(setattr, os, "memfd_create", made)
            del os.memfd_create
        fd = newBoard(2)
        self.addCleanup(os.close, fd)
        first, second = Board(fd, 2, 1), Board(fd, 2, 2)
        first.appear()
        first.add(5)
        self.assertFalse(first.isAhead())
        second.appear()
        self.assertTrue(first.isAhead())
