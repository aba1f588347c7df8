"""
Tests of L{balws.testing.recording}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws import CorruptedFrameError, CustomCloseFrame, Service, WSServiceConfig
from balws.session.methods import FIXED, MethodTable
from balws.testing import MemoryListener, RecordingService, connectedPair, serving


class RecordingTests(SynchronousTestCase):
    """
    A service that writes down what happens to it.
    """

    def setUp(self) -> None:
        """
        A client of one.
        """
        self.service = RecordingService()
        self.client, self.caller = connectedPair(self.service)
        self.assertEqual(self.service.calls, [("onOpen",)])
        self.service.calls.clear()

    def test_complete(self) -> None:
        """
        It has every fixed remote method but the one that excludes two others.
        """
        table = MethodTable(RecordingService, None, True)
        self.assertEqual(set(FIXED) - set(table.fixed), {"onMessage"})

    def test_calls(self) -> None:
        """
        Each call stands there with what it was given.
        """
        self.client.writeTextMessage("hi")
        self.client.writeBinaryMessage(b"\x00")
        self.client.ping(b"there?")
        self.client.pong(b"here")
        self.successResultOf(self.client.close(4000, "bye"))
        self.assertEqual(
            self.service.calls,
            [
                ("onTextMessage", "hi"),
                ("onBinaryMessage", b"\x00"),
                ("onPing", b"there?"),
                ("onPong", b"here"),
                ("onClose", 4000, "bye"),
            ],
        )
        self.assertEqual(self.service.errors, [])

    def test_caller(self) -> None:
        """
        It keeps the caller.
        """
        self.assertIs(self.service.caller, self.caller)
        self.caller.writeTextMessage("hello")
        self.assertEqual(self.successResultOf(self.client.readTextMessage()), "hello")
        self.assertIsNone(RecordingService().caller)

    def test_nothing(self) -> None:
        """
        Unless it was told to, it answers nothing.
        """
        self.client.writeTextMessage("hi")
        self.assertNoResult(self.client.readMessage())

    def test_answers(self) -> None:
        """
        It answers what it was told to, now or when it was made, and what functions make of
        what came.
        """
        self.service.answers["onTextMessage"] = "yes"
        self.client.writeTextMessage("hi")
        self.assertEqual(self.successResultOf(self.client.readTextMessage()), "yes")
        client, _ = connectedPair(RecordingService(onOpen="welcome", onBinaryMessage=lambda data: data[::-1]))
        client.writeBinaryMessage(b"ab")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "welcome")
        self.assertEqual(self.successResultOf(client.readBinaryMessage()), b"ba")

    def test_raises(self) -> None:
        """
        A function may raise, and the error that follows is recorded by its class and kept.
        """

        def fail(text: str) -> None:
            raise ValueError(text)

        self.service.answers["onTextMessage"] = fail
        self.client.writeTextMessage("hi")
        self.assertEqual(self.service.calls, [("onTextMessage", "hi"), ("onError", ValueError)])
        self.assertEqual([str(error) for error in self.service.errors], ["hi"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_wireErrors(self) -> None:
        """
        What the peer does wrong is recorded as any error.
        """
        listener = MemoryListener()
        listener.attach(serving(self.service), "/")
        self.successResultOf(listener.connect())
        self.service.calls.clear()
        (connection,) = listener.network.connections
        connection.client.write(b"\xff\x80mask")
        self.assertEqual(self.service.calls, [("onError", CorruptedFrameError)])

    def test_idle(self) -> None:
        """
        It records idleness, and closes where it was told to.
        """
        listener = MemoryListener()
        service = RecordingService()
        listener.attach(serving(service), "/", config=WSServiceConfig(idleTimeout=10))
        client = self.successResultOf(listener.connect())
        listener.clock.advance(11)
        service.answers["onIdleTimeout"] = CustomCloseFrame(4001, "asleep?")
        listener.clock.advance(10)
        self.assertEqual(
            service.calls, [("onOpen",), ("onIdleTimeout",), ("onIdleTimeout",), ("onClose", 4001, "asleep?")]
        )
        self.assertFalse(client.isOpen())

    def test_subclass(self) -> None:
        """
        Methods of custom dispatch join in.
        """

        class Dispatching(RecordingService):
            def onHeartbeat(self, data: dict[str, Any]) -> Any:
                return self.record("onHeartbeat", data)

        service = Dispatching(onHeartbeat={"event": "pong"})
        client, _ = connectedPair(service, serviceConfig=WSServiceConfig(dispatcherKey="event"))
        client.writeMessage({"event": "heartbeat"})
        self.assertEqual(service.calls[1:], [("onHeartbeat", {"event": "heartbeat"})])
        self.assertEqual(self.successResultOf(client.readMessage(dict)), {"event": "pong"})

    def test_callback(self) -> None:
        """
        It records at a client as well.
        """

        class Greeting(Service):
            def onOpen(self) -> str:
                return "hello"

        listener = MemoryListener()
        listener.attach(serving(Greeting()), "/")
        self.successResultOf(listener.connectAsync("/", self.service))
        self.assertEqual(self.service.calls, [("onOpen",), ("onTextMessage", "hello")])

    def test_unknown(self) -> None:
        """
        An answer for a method that it does not have would never be given.
        """
        for name in ("onMessage", "onTextMesage"):
            problem = self.assertRaises(TypeError, RecordingService, **{name: "answer"})
            self.assertIn(name, str(problem))
