"""
Tests of L{balws.hub.redis.numbers}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.redis import numbers
from balws.hub.redis.numbers import ABSENCES, Arrivals, Departures


class DeparturesTests(SynchronousTestCase):
    """
    What a node publishes.
    """

    def test_next(self) -> None:
        """
        Each channel counts by itself.
        """
        departures = Departures()
        self.assertEqual([departures.next(b"a") for _ in range(3)], [1, 2, 3])
        self.assertEqual((departures.next(b"b"), departures.next(b"a")), (1, 4))

    def test_bounded(self) -> None:
        """
        The channel that was used longest ago is forgotten when there are too many.
        """
        self.patch(numbers, "MAX_CHANNELS", 2)
        departures = Departures()
        for channel in (b"a", b"b", b"a", b"c"):
            departures.next(channel)
        self.assertEqual([departures.next(channel) for channel in (b"a", b"c", b"b")], [3, 2, 1])


class ArrivalsTests(SynchronousTestCase):
    """
    What comes from others.
    """

    def test_missed(self) -> None:
        """
        A jump is what is missing; the first has no past, and a sender may begin anew.
        """
        arrivals = Arrivals()
        found = [arrivals.missed(b"c", b"s", number) for number in (7, 8, 8, 10, 0, 20, 1, 3)]
        self.assertEqual(found, [0, 0, 0, 1, 0, 9, 0, 1])
        self.assertEqual(arrivals.missed(b"c", b"t", 5), 0)
        self.assertEqual(arrivals.missed(b"d", b"s", 9), 0)

    def test_forget(self) -> None:
        """
        A channel that is listened to anew has no past.
        """
        arrivals = Arrivals()
        arrivals.missed(b"c", b"s", 1)
        arrivals.forget(b"c")
        arrivals.forget(b"unknown")
        self.assertEqual(arrivals.missed(b"c", b"s", 5), 0)

    def test_keep(self) -> None:
        """
        Senders that are gone for long are forgotten, others not, nor those that come back.
        """
        arrivals = Arrivals()
        for sender in (b"s", b"t"):
            arrivals.missed(b"c", sender, 1)
        arrivals.missed(b"d", b"t", 1)
        for _ in range(ABSENCES - 1):
            arrivals.keep({b"s"})
        arrivals.keep({b"s", b"t"})
        for _ in range(ABSENCES - 1):
            arrivals.keep({b"s"})
        self.assertEqual([arrivals.missed(b"c", sender, 3) for sender in (b"s", b"t")], [1, 1])
        arrivals.keep({b"s"})
        self.assertEqual([arrivals.missed(b"c", sender, 5) for sender in (b"s", b"t")], [1, 0])
        self.assertEqual(arrivals.missed(b"d", b"t", 5), 0)
