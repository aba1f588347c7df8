"""
Tests of acts whose answers come in their midst: a network in memory delivers in the write.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import Client, ConnectionClosureError
from balws.testing import MemoryListener, RecordingService, serving


class ActTests(SynchronousTestCase):
    """
    An application's own client, and a caller that a test uses, outside of any turn.
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        self.service = RecordingService()
        self.listener = MemoryListener()
        self.listener.attach(serving(self.service), "/")
        self.client = self.successResultOf(
            Client.connect("ws://localhost/", endpoint=self.listener.endpoint, reactor=self.listener.clock)
        )

    def tearDown(self) -> None:
        """
        The connection is gone, and no timer is left of it.
        """
        self.assertEqual((self.listener.callers, self.listener.network.connections), ([], []))
        self.listener.stop()
        self.assertEqual(self.listener.clock.getDelayedCalls(), [])

    def closed(self) -> int | None:
        error: Any = self.failureResultOf(self.client.readTextMessage(), ConnectionClosureError).value
        code: int | None = error.statusCode
        return code

    def test_clientCloses(self) -> None:
        """
        The client closes, and both sides know it when the method returns.
        """
        self.successResultOf(self.client.close(4000, "bye"))
        self.assertEqual(self.service.calls, [("onOpen",), ("onClose", 4000, "bye")])

    def test_callerCloses(self) -> None:
        """
        The service closes, and both sides know it when the method returns.
        """
        assert self.service.caller is not None
        self.successResultOf(self.service.caller.close(4000, "bye"))
        self.assertEqual(self.service.calls, [("onOpen",), ("onClose", 4000, "bye")])
        self.assertEqual(self.closed(), 4000)

    def test_failsLater(self) -> None:
        """
        A method that fails when the test says so ends in C{onError}, and the client sees 1011.
        """
        later: Deferred[str] = Deferred()
        self.service.answers["onTextMessage"] = later
        self.client.writeTextMessage("hi")
        later.errback(ValueError("later"))
        self.assertEqual(self.service.calls[1:], [("onTextMessage", "hi"), ("onError", ValueError)])
        self.assertEqual(self.closed(), 1011)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
