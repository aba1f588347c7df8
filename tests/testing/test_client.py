"""
Tests of L{balws.testing.client}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import Client, ConnectionClosureError, CustomCloseFrame
from balws.client.asyncclient import AsyncClient
from balws.testing import MemoryListener, RecordingService, serving


class ActTests(SynchronousTestCase):
    """
    What a client does, and what comes of it.
    """

    def setUp(self) -> None:
        """
        A service that records.
        """
        self.service = RecordingService()
        self.listener = MemoryListener()
        self.listener.attach(serving(self.service), "/")
        self.client = self.successResultOf(self.listener.connect())
        self.calls = RecordingService()
        self.asyncClient = self.successResultOf(self.listener.connectAsync("/", self.calls))
        self.service.calls.clear()
        self.calls.calls.clear()

    def test_kinds(self) -> None:
        """
        They are clients as any, whose methods say what they do.
        """
        self.assertIsInstance(self.client, Client)
        self.assertIsInstance(self.asyncClient, AsyncClient)
        self.assertEqual(type(self.client).close.__doc__, Client.close.__doc__)

    def test_acts(self) -> None:
        """
        Whatever a client writes has arrived when the method returns.
        """
        for client in (self.client, self.asyncClient):
            for name, given, call in (
                ("writeTextMessage", "a", ("onTextMessage", "a")),
                ("writeBinaryMessage", b"b", ("onBinaryMessage", b"b")),
                ("writeMessage", [1], ("onTextMessage", "[1]")),
                ("ping", b"c", ("onPing", b"c")),
                ("pong", b"d", ("onPong", b"d")),
            ):
                self.successResultOf(getattr(client, name)(given))
                self.assertEqual(self.service.calls, [call])
                self.service.calls.clear()
            self.successResultOf(client.close(4000, reason="bye", timeout=1))
            self.assertEqual(self.service.calls, [("onClose", 4000, "bye")])
            self.service.calls.clear()

    def test_order(self) -> None:
        """
        An answer is not read before the act that it answers is done: whoever closes first has
        closed, and whatever the other side says to it came later.
        """
        order: list[Any] = []
        self.service.answers["onTextMessage"] = CustomCloseFrame(4001, "enough")
        self.calls.answers["onClose"] = lambda code, reason: order.append((code, reason))

        class Watched(type(self.asyncClient)):  # type: ignore[misc]
            def _timed(self, written: Deferred[None]) -> Deferred[None]:
                order.append("written")
                return super()._timed(written)  # type: ignore[no-any-return]

        self.asyncClient.__class__ = Watched
        self.asyncClient.writeTextMessage("hi")
        self.assertEqual(order, ["written", (4001, "enough")])

    def test_failures(self) -> None:
        """
        What a client refuses to do is refused.
        """
        self.failureResultOf(self.client.writeTextMessage(b"bytes"), TypeError)
        self.successResultOf(self.client.close())
        self.failureResultOf(self.client.writeTextMessage("late"), ConnectionClosureError)
