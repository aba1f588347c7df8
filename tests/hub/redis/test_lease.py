"""
Tests of L{balws.hub.redis.lease}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.hub.redis.envelope import Kind
from balws.hub.redis.lease import Lease
from balws.hub.redis.numbers import ABSENCES
from balws.hub.redis.refusal import RedisRefusal
from balws.hub.redis.scripts import BEAT, REAP
from tests.hub.redis.stationed import MINE, OTHER, Placed

ME, IT = MINE.hex().encode(), OTHER.hex().encode()


class LeaseTests(Placed, SynchronousTestCase):
    """
    Signs of life.
    """

    def setUp(self) -> None:
        """
        The first beat was answered.
        """
        self.happened: list[Any] = []
        add = self.happened.append
        self.place(heartbeat=10)
        self.lease = Lease(
            self.station, lambda: add("lapsed"), lambda: add("deaf"), lambda failure: add(failure.type), add
        )
        begun = Deferred.fromCoroutine(self.lease.begin())
        self.assertEqual(self.link.answer(BEAT, [b"", [ME], []]), (15000, 1, self.station.head(Kind.BEAT)))
        self.assertEqual(self.successResultOf(begun), 0)

    def beat(self, before: bytes = b"1", dead: tuple[bytes, ...] = ()) -> None:
        """
        A beat is due, and answered; it comes back.
        """
        self.clock.advance(5)
        self.link.answer(BEAT, [before, [ME], list(dead)])
        self.lease.heard()

    def test_beats(self) -> None:
        """
        Twice a heartbeat; each has a number.
        """
        for _ in range(3):
            self.beat()
        self.assertEqual((self.station.beat, self.happened), (4, []))
        begun = Deferred.fromCoroutine(self.lease.begin())
        self.link.answer(BEAT, [b"4", [ME], []])
        self.assertEqual(self.successResultOf(begun), 4)
        self.lease.pause()
        self.lease.pause()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lapsed(self) -> None:
        """
        A node that finds its lease gone tells so, and takes nobody else for dead.
        """
        self.beat(b"", (IT,))
        self.assertEqual((self.happened, self.link.asked), (["lapsed"], []))

    def test_deaf(self) -> None:
        """
        A node whose beats do not come back for two heartbeats is deaf.
        """
        for _ in range(3):
            self.clock.advance(5)
            self.link.answer(BEAT, [b"1", [ME], []])
        self.assertEqual(self.happened, [])
        self.clock.advance(5)
        self.assertEqual((self.happened, self.link.asked), (["deaf"], []))

    def test_refused(self) -> None:
        """
        That Redis takes no beat is told, where it is there.
        """
        self.clock.advance(5)
        self.link.take(BEAT).answer.errback(RedisRefusal("OOM"))
        self.assertEqual(len(self.happened), 1)
        self.clock.advance(5)
        self.away()
        self.assertEqual(len(self.happened), 1)

    def test_reap(self) -> None:
        """
        A dead node is tidied away in parts, and what left with it is told; not twice at a time.
        """
        self.beat(dead=(IT,))
        self.clock.advance(5)
        asked = self.link.asked.pop()
        self.assertEqual(asked.script, BEAT)
        asked.answer.callback([b"1", [ME], [IT]])
        self.assertEqual(len(self.link.asked), 1)
        self.assertEqual(self.link.answer(REAP, [0, b"g", b"1"])[0], IT)
        self.link.answer(REAP, [1])
        self.assertEqual((self.happened, self.link.asked), ([[b"g", b"1"], []], []))

    def test_reapLater(self) -> None:
        """
        What could not be tidied away is tried again with the next beat.
        """
        self.beat(dead=(IT,))
        self.link.take(REAP).answer.errback(RedisRefusal("OOM"))
        self.beat(dead=(IT,))
        self.link.answer(REAP, [1])
        self.assertEqual(self.happened, [[]])

    def test_senders(self) -> None:
        """
        The numbers of nodes that are gone are forgotten.
        """
        arrivals = self.station.channels.arrivals
        arrivals.missed(b"c", OTHER, 1)
        self.beat()
        self.assertEqual(arrivals.missed(b"c", OTHER, 5), 3)
        for _ in range(ABSENCES):
            self.beat()
        self.assertEqual(arrivals.missed(b"c", OTHER, 9), 0)
