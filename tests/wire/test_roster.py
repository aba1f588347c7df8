"""
Tests of L{balws.wire.roster}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.roster import Roster


class RosterTests(SynchronousTestCase):
    """
    Who is connected.
    """

    def setUp(self) -> None:
        """
        Nobody is.
        """
        self.roster = Roster()

    def test_members(self) -> None:
        """
        Members are those that have begun and not ended; who says so twice is one.
        """
        for member in (1, 2, 2, 3):
            self.roster.add(member)
        self.roster.discard(2)
        self.roster.discard(2)
        self.roster.discard(9)
        self.assertEqual(self.roster.members, {1, 3})

    def test_emptyAtOnce(self) -> None:
        """
        Where nobody is nobody is waited for.
        """
        self.assertIsNone(self.successResultOf(self.roster.whenEmpty()))

    def test_empty(self) -> None:
        """
        Everybody who waits is told when the last has ended, once.
        """
        self.roster.add(1)
        self.roster.add(2)
        waiting = [self.roster.whenEmpty(), self.roster.whenEmpty()]
        self.roster.discard(1)
        self.roster.discard(3)
        for each in waiting:
            self.assertNoResult(each)
        self.roster.discard(2)
        for each in waiting:
            self.assertIsNone(self.successResultOf(each))
        self.roster.discard(2)
        self.roster.add(4)
        self.roster.discard(4)

    def test_addedMeanwhile(self) -> None:
        """
        Who begins while others are waited for is waited for too.
        """
        self.roster.add(1)
        waiting = self.roster.whenEmpty()
        self.roster.add(2)
        self.roster.discard(1)
        self.assertNoResult(waiting)
        self.roster.discard(2)
        self.assertIsNone(self.successResultOf(waiting))

    def test_addedByWhoWaits(self) -> None:
        """
        Who is told may begin anew, and wait again.
        """
        self.roster.add(1)
        again = []

        def anew(_: None) -> None:
            self.roster.add(2)
            again.append(self.roster.whenEmpty())

        self.roster.whenEmpty().addCallback(anew)
        self.roster.discard(1)
        self.assertNoResult(again[0])
        self.roster.discard(2)
        self.assertIsNone(self.successResultOf(again[0]))

    def test_cancelled(self) -> None:
        """
        Who no longer waits is not told; the others are.
        """
        self.roster.add(1)
        waiting, other = self.roster.whenEmpty(), self.roster.whenEmpty()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.roster.discard(1)
        self.assertIsNone(self.successResultOf(other))
