"""
Tests of L{balws.workers.backoff}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.workers.backoff import Backoff


class BackoffTests(SynchronousTestCase):
    """
    How long a place stays empty.
    """

    def test_young(self) -> None:
        """
        Who dies within ten seconds is replaced later each time, up to half a minute.
        """
        backoff = Backoff()
        delays = [backoff.after(9.9) for _ in range(11)]
        self.assertEqual(delays, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])

    def test_proven(self) -> None:
        """
        Who lived for a minute is replaced as at first; who lived for less, as the one before.
        """
        backoff = Backoff()
        for _ in range(3):
            backoff.after(0)
        delays = [backoff.after(lived) for lived in (10, 59.9, 0, 60, 60, 9.9, 10)]
        self.assertEqual(delays, [0.8, 0.8, 0.8, 0.1, 0.1, 0.1, 0.2])
