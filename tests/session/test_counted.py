"""
Tests of L{balws.session.counted} and L{balws.session.traffic}.
"""

from __future__ import annotations

from typing import Any

from balws.hub.message import Message
from balws.interfaces import Service
from balws.session.counted import Counted
from balws.session.traffic import Traffic
from tests.session import doubles
from tests.session.doubles import ConversationTestCase, Mounted


class Answering(Service):
    """
    Answers each kind of message, and keeps the caller.
    """

    def onOpen(self, caller: Any) -> None:
        self.caller = caller

    def onTextMessage(self, text: str) -> Any:
        return f"<{text}>"

    def onBinaryMessage(self, data: bytes) -> Any:
        return [data.hex()]

    def onClose(self, caller: Any) -> Any:
        return caller.writeTextMessage("too late").addErrback(lambda failure: None)


class CountedTests(ConversationTestCase):
    """
    What a connection carries.
    """

    def setUp(self) -> None:
        """
        A counted connection.
        """
        super().setUp()
        self.patch(doubles, "Connection", Counted)
        self.service = Answering()
        self.traffic = Traffic()
        mounted = Mounted()
        self.patch(mounted, "terms", doubles.Terms(
            config=mounted.config,
            hub=mounted.terms.hub,
            audience=mounted.terms.audience,
            clock=mounted.clock,
            wheel=mounted.wheel,
            traffic=self.traffic,
        ))
        mounted.clock.advance(7)
        self.peer = mounted.connect(self.service)

    def counts(self, of: Any = None) -> tuple[int, int, int, int]:
        """
        Messages in and out, and their bytes.
        """
        counted: Any = self.peer.connection if of is None else of
        return counted.received, counted.sent, counted.receivedBytes, counted.sentBytes

    def test_beginning(self) -> None:
        """
        It is known since when it is open; it has carried nothing.
        """
        connection: Any = self.peer.connection
        self.assertEqual((connection.since, self.counts()), (7, (0, 0, 0, 0)))

    def test_messages(self) -> None:
        """
        Messages of either kind count both ways with their bytes, characters by their UTF-8.
        """
        self.peer.say("abc")
        self.assertEqual(self.counts(), (1, 1, 3, 5))
        self.peer.say("\u00e9")
        self.assertEqual(self.counts(), (2, 2, 5, 9))
        self.peer.say(b"\xff\x00")
        self.assertEqual(self.counts(), (3, 3, 7, 9 + len('["ff00"]')))

    def test_pushes(self) -> None:
        """
        What the service pushes counts, and broadcasts; pings do not.
        """
        self.service.caller.writeTextMessage("abc")
        self.service.caller.writeBinaryMessage(b"abcd")
        self.service.caller.ping(b"x")
        self.peer.ping(b"y")
        self.peer.connection.deliver(Message(b"12345", False))
        self.assertEqual(self.counts(), (0, 3, 0, 12))

    def test_unsendable(self) -> None:
        """
        What cannot be sent does not count.
        """
        for bad in (5, None):
            self.failureResultOf(self.service.caller.writeTextMessage(bad), TypeError)
            self.failureResultOf(self.service.caller.writeBinaryMessage(bad), TypeError)
        self.assertEqual(self.counts(), (0, 0, 0, 0))

    def test_end(self) -> None:
        """
        At the end the service's traffic has it, once; what is written after that is nobody's.
        """
        self.peer.say("abc")
        self.peer.leave()
        self.assertEqual(self.counts(self.traffic), (1, 1, 3, 5))
        self.assertEqual(self.counts(), (0, 0, 0, 0))
