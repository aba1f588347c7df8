"""
Tests of L{balws.wire.roster}.
"""

from __future__ import annotations

import gc

from twisted.internet.defer import CancelledError, Deferred
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

    def test_newcomer(self) -> None:
        """
        Who asks for it is told of each member that begins, until he does not ask any more.
        """
        came: list[int] = []
        self.roster.add(1)
        self.roster.newcomer = came.append
        self.roster.add(2)
        self.roster.add(3)
        self.roster.newcomer = None
        self.roster.add(4)
        self.assertEqual(came, [2, 3])

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
        quiet = self.roster.whenQuiet()
        self.roster.discard(1)
        self.assertNoResult(again[0])
        self.assertNoResult(quiet)
        self.roster.discard(2)
        self.assertIsNone(self.successResultOf(again[0]))
        self.assertIsNone(self.successResultOf(quiet))

    def test_cancelled(self) -> None:
        """
        Who no longer waits is not told; the others are.
        """
        self.roster.add(1)
        waiting, other = self.roster.whenEmpty(), self.roster.whenEmpty()
        quiet = self.roster.whenQuiet()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        quiet.cancel()
        self.failureResultOf(quiet, CancelledError)
        self.roster.discard(1)
        self.assertIsNone(self.successResultOf(other))


class QuietTests(SynchronousTestCase):
    """
    What still runs for those that have gone.
    """

    def setUp(self) -> None:
        """
        Somebody leaves, and two methods still run.
        """
        self.roster = Roster()
        self.roster.add(1)
        self.running: list[Deferred[None]] = [Deferred(), Deferred()]
        for each in self.running:
            self.roster.hold(each)

    def test_atOnce(self) -> None:
        """
        Where nobody is and nothing runs it is quiet.
        """
        self.assertIsNone(self.successResultOf(Roster().whenQuiet()))

    def test_methodsLast(self) -> None:
        """
        It is quiet when the last method has ended, empty before; everybody who waits is told.
        """
        empty, quiet = self.roster.whenEmpty(), [self.roster.whenQuiet(), self.roster.whenQuiet()]
        self.roster.discard(1)
        self.assertIsNone(self.successResultOf(empty))
        self.running.pop().callback(None)
        for each in quiet:
            self.assertNoResult(each)
        self.running.pop().callback(None)
        for each in quiet:
            self.assertIsNone(self.successResultOf(each))
        self.assertIsNone(self.successResultOf(self.roster.whenQuiet()))

    def test_memberLast(self) -> None:
        """
        It is quiet when the last member has ended, and the methods have before.
        """
        quiet = self.roster.whenQuiet()
        for each in self.running:
            each.callback(None)
        self.assertNoResult(quiet)
        self.roster.discard(1)
        self.assertIsNone(self.successResultOf(quiet))

    def test_release(self) -> None:
        """
        Who is released waits for members alone, whatever these leave behind; the next one
        waits for methods again.
        """
        self.roster.add(2)
        quiet = self.roster.whenQuiet()
        self.roster.release()
        self.assertNoResult(quiet)
        self.roster.discard(1)
        late: Deferred[None] = Deferred()
        self.roster.hold(late)
        self.assertNoResult(quiet)
        self.roster.discard(2)
        self.assertIsNone(self.successResultOf(quiet))
        again: Deferred[None] = Deferred()
        self.roster.hold(again)
        quiet = self.roster.whenQuiet()
        late.callback(None)
        self.assertNoResult(quiet)
        again.callback(None)
        self.assertIsNone(self.successResultOf(quiet))

    def test_releasedAtOnce(self) -> None:
        """
        Where only methods are left to wait for, who is released does not wait.
        """
        self.roster.discard(1)
        quiet = self.roster.whenQuiet()
        self.roster.release()
        self.assertIsNone(self.successResultOf(quiet))

    def test_forgotten(self) -> None:
        """
        A method that nobody can end any more is not waited for, nor kept.
        """
        self.roster.discard(1)
        self.running.clear()
        gc.collect()
        self.assertIsNone(self.successResultOf(self.roster.whenQuiet()))
