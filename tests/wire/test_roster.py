"""
Tests of L{balws.wire.roster}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.roster import Roster


class RosterTests(SynchronousTestCase):
    """
    Who is connected.
    """

    def test_whenEmpty(self) -> None:
        """
        It fires at once where nobody is, else when the last one leaves.
        """
        roster = Roster()
        self.assertIsNone(self.successResultOf(roster.whenEmpty()))
        roster.add("a")
        roster.add("b")
        waiting = [roster.whenEmpty(), roster.whenEmpty()]
        roster.discard("a")
        roster.discard("a")
        self.assertNoResult(waiting[0])
        roster.discard("b")
        roster.discard("b")
        for deferred in waiting:
            self.assertIsNone(self.successResultOf(deferred))
