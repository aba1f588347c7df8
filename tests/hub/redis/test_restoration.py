"""
Tests of L{balws.hub.redis.restoration}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError
from balws.hub.broker import Audience
from balws.hub.redis.claims import RESTORE_NAMES
from balws.hub.redis.refusal import RedisRefusal
from balws.hub.redis.scripts import BEAT, RESTORE_GROUPS
from tests.hub.redis.stationed import Brokered


class RestorationTests(Brokered, SynchronousTestCase):
    """
    When a broker is available.
    """

    def test_available(self) -> None:
        """
        It is available when both connections are up and Redis knows what this node has.
        """
        self.node.held.names["x"] = 0
        self.node.held.audiences.add(Audience(1, "/"))
        self.up(self.link)
        self.assertEqual(self.link.asked, [])
        self.up(self.ear)
        self.assertEqual(len(self.ear.channels), 2)
        self.beat()
        self.assertFalse(self.broker.isAvailable)
        self.assertIn("does not know yet", self.broker.problem)
        self.link.answer(RESTORE_NAMES, [7])
        self.assertEqual((self.broker.isAvailable, self.broker.problem), (True, ""))
        self.assertEqual(self.node.take(), [("claimed", "x", 7)])

    def test_tried(self) -> None:
        """
        Whether Redis can be used is known when it is available, and when it cannot be had.
        """
        waiting = self.broker.whenTried()
        self.up(self.link, self.ear)
        self.assertNoResult(waiting)
        self.beat()
        self.successResultOf(waiting)
        self.setUp()
        waiting = self.broker.whenTried()
        self.down(self.ear, "refused")
        self.successResultOf(waiting)
        self.successResultOf(self.broker.whenTried())

    def test_lost(self) -> None:
        """
        Whichever connection is lost, also during the restoration, it begins anew when it is back.
        """
        for line in (self.link, self.ear):
            self.up(self.link, self.ear)
            self.down(line, "lost it")
            self.assertEqual(self.broker.problem, "Redis at there:1: lost it")
            self.up(line)
            self.link.asked[:-1] = []
            self.beat()
            self.assertTrue(self.broker.isAvailable)
            self.down(line, "lost it")
            self.assertFalse(self.broker.isAvailable)
            self.failureResultOf(self.broker.enter("g"), HubUnavailableError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refused(self) -> None:
        """
        A Redis that refuses is asked again after a second; the operator is told.
        """
        self.up(self.link, self.ear)
        self.link.take(BEAT).answer.errback(RedisRefusal("OOM no memory"))
        self.assertIn("OOM", self.broker.problem)
        self.clock.advance(1)
        self.beat()
        self.assertTrue(self.broker.isAvailable)
        self.clock.advance(5)
        self.link.take(BEAT).answer.errback(RedisRefusal("OOM no memory"))
        self.assertFalse(self.broker.isAvailable)
        self.clock.advance(1)
        self.beat(b"1")
        self.assertTrue(self.broker.isAvailable)

    def test_failed(self) -> None:
        """
        A hub that cannot say what it has is logged, and asked again.
        """
        self.patch(self.node, "holdings", lambda: 1 / 0)
        self.up(self.link, self.ear)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertFalse(self.broker.isAvailable)
        del self.node.holdings  # type: ignore[attr-defined]
        self.clock.advance(1)
        self.beat()
        self.assertTrue(self.broker.isAvailable)

    def test_lapsed(self) -> None:
        """
        A node that Redis took for dead restores everything; nobody removed its groups.
        """
        self.node.held.groups.add("g")
        self.up(self.link, self.ear)
        self.beat()
        self.link.answer(RESTORE_GROUPS, [1])
        self.clock.advance(5)
        self.beat(b"1")
        self.clock.advance(5)
        self.beat(b"")
        self.assertFalse(self.broker.isAvailable)
        self.beat(b"3")
        args = self.link.answer(RESTORE_GROUPS, [1])
        self.assertEqual((args[1], self.broker.isAvailable), (0, True))
