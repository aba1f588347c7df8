"""
Tests of L{balws.server.sharing}.
"""

from __future__ import annotations

import gc
from weakref import ref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.server.sharing import sharedAdmission


class SharedTests(SynchronousTestCase):
    """
    L{sharedAdmission}.
    """

    def test_one(self) -> None:
        """
        There is one for each reactor.
        """
        first, second = Clock(), Clock()
        self.assertIs(sharedAdmission(first), sharedAdmission(first))
        self.assertIsNot(sharedAdmission(first), sharedAdmission(second))

    def test_gone(self) -> None:
        """
        When nobody needs it any more it is gone, and keeps no reactor.
        """
        clock = Clock()
        gone = ref(clock), ref(sharedAdmission(clock))
        del clock
        gc.collect()
        self.assertEqual([each() for each in gone], [None, None])

    def test_counts(self) -> None:
        """
        It has the usual limits, and counts by the reactor's time.
        """
        clock = Clock()
        admission = sharedAdmission(clock)
        found = [admission.enter("192.0.2.1") for _ in range(101)]
        self.assertEqual([each for each in found if each is not None], found[100:])
        clock.advance(1)
        self.assertIsNone(admission.enter("192.0.2.1"))
