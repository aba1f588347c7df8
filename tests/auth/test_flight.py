"""
Tests of L{balws.auth.flight}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.flight import Flight


class FlightTests(SynchronousTestCase):
    """
    Several who wait for one answer.
    """

    def setUp(self) -> None:
        self.cancelled = 0
        self.asked: list[Deferred[int]] = []

    def _cancel(self, asked: Deferred[int]) -> None:
        self.cancelled += 1

    def ask(self) -> Deferred[int]:
        """
        Ask once more.
        """
        self.asked.append(Deferred(self._cancel))
        return self.asked[-1]

    def test_one(self) -> None:
        """
        It is asked once, when the first joins, and all get the answer.
        """
        flight = Flight(self.ask, abandon=True)
        self.assertEqual(self.asked, [])
        joined = [flight.join() for _ in range(3)]
        self.asked[0].callback(5)
        self.assertEqual([self.successResultOf(each) for each in joined], [5, 5, 5])
        self.assertEqual(len(self.asked), 1)

    def test_failure(self) -> None:
        """
        All get the failure, too.
        """
        flight = Flight(self.ask, abandon=True)
        joined = [flight.join() for _ in range(2)]
        self.asked[0].errback(ValueError())
        for each in joined:
            self.failureResultOf(each, ValueError)

    def test_atOnce(self) -> None:
        """
        An answer that is there at once is one.
        """
        self.assertEqual(self.successResultOf(Flight(lambda: succeed(5), abandon=True).join()), 5)

    def test_leaving(self) -> None:
        """
        Who leaves takes nothing from the others; the last one ends the asking, or does not.
        """
        for abandon in (True, False):
            self.cancelled = 0
            flight = Flight(self.ask, abandon)
            first, second = flight.join(), flight.join()
            first.cancel()
            self.failureResultOf(first, CancelledError)
            self.assertEqual(self.cancelled, 0)
            second.cancel()
            self.failureResultOf(second, CancelledError)
            self.assertEqual(self.cancelled, int(abandon))

    def test_joiningLate(self) -> None:
        """
        Who joins when all others have left waits for the same answer.
        """
        flight = Flight(self.ask, abandon=False)
        first = flight.join()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        second = flight.join()
        self.asked[0].callback(5)
        self.assertEqual(self.successResultOf(second), 5)
