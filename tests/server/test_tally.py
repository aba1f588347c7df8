"""
Tests of L{balws.server.tally}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.interfaces import IConnectionObserver
from balws.server.tally import Tally


class TallyTests(SynchronousTestCase):
    """
    What is counted.
    """

    def test_counts(self) -> None:
        """
        Connections by path, their ends by code, and those whose peer did not read.
        """
        tally = Tally()
        verifyObject(IConnectionObserver, tally)
        for path in ("/chat", "/chat", "/news"):
            tally.connectionOpened(path)
        self.assertEqual((tally.opened["/chat"], tally.opened["/news"], tally.present), (2, 1, 3))
        tally.slowConsumer("/chat")
        tally.connectionClosed("/chat", 1006)
        tally.connectionClosed("/news", 1000)
        self.assertEqual(tally.present, 1)
        self.assertEqual(tally.closed, {("/chat", 1006): 1, ("/news", 1000): 1})
        self.assertEqual(tally.slowConsumers, {"/chat": 1})
