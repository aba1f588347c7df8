"""
Tests of L{balws.tls.body}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from balws.tls.body import BoundedBody, WholeBody


class BodyTests(SynchronousTestCase):
    """
    What goes out, and what comes in.
    """

    def test_written(self) -> None:
        """
        A body is written at once, whatever its reader says meanwhile.
        """
        transport = StringTransport()
        body = WholeBody(b"question")
        self.successResultOf(body.startProducing(transport))
        body.pauseProducing()
        body.resumeProducing()
        body.stopProducing()
        self.assertEqual((transport.value(), body.length), (b"question", 8))

    def test_limit(self) -> None:
        """
        One byte too many ends it, and what comes then is of no interest.
        """
        for size in (9, 10):
            body = BoundedBody(10, ValueError())
            body.dataReceived(b"x" * (size - 1))
            body.dataReceived(b"x")
            body.connectionLost(Failure(ResponseDone()))
            self.assertEqual(self.successResultOf(body.done), b"x" * size)
        body = BoundedBody(10, ValueError())
        for _ in range(20):
            body.dataReceived(b"x")
        body.connectionLost(Failure(ResponseDone()))
        self.failureResultOf(body.done, ValueError)

    def test_ends(self) -> None:
        """
        The end of the connection is one where nothing else tells; a lost connection is none.
        """
        body = BoundedBody(10, ValueError())
        body.dataReceived(b"x")
        body.connectionLost(Failure(PotentialDataLoss()))
        self.assertEqual(self.successResultOf(body.done), b"x")
        body = BoundedBody(10, ValueError())
        body.connectionLost(Failure(ConnectionLost()))
        self.failureResultOf(body.done, ConnectionLost)
