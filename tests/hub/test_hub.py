"""
Tests of L{balws.hub.hub}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.hub.hub import Audience, Hub, sharedHub
from balws.hub.message import Message
from balws.interfaces import IMember

CHAT, OTHER, ELSEWHERE = Audience(1, "/chat"), Audience(1, "/other"), Audience(2, "/chat")


@implementer(IMember)
class Member:
    """
    Keeps what it gets.
    """

    def __init__(self) -> None:
        self.got: list[tuple[bytes, bool]] = []

    def deliver(self, message: Message) -> None:
        self.got.append((message.payload, message.isBinary))


class HubTests(SynchronousTestCase):
    """
    Everybody connected.
    """

    def setUp(self) -> None:
        """
        Members of three audiences.
        """
        self.hub = Hub()
        self.chat, self.second, self.other, self.elsewhere = Member(), Member(), Member(), Member()
        for audience, member in (
            (CHAT, self.chat),
            (CHAT, self.second),
            (OTHER, self.other),
            (ELSEWHERE, self.elsewhere),
        ):
            self.hub.join(audience, member)

    def test_audience(self) -> None:
        """
        A delivery reaches the members of one audience, and nobody else.
        """
        self.hub.deliver(CHAT, Message.of("hi"))
        self.assertEqual((self.chat.got, self.second.got), ([(b"hi", False)], [(b"hi", False)]))
        self.assertEqual((self.other.got, self.elsewhere.got), ([], []))

    def test_paths(self) -> None:
        """
        A broadcast to a path reaches it on every listener, as text, binary or JSON.
        """
        for deferred in (
            self.hub.broadcastText("/chat", "é"),
            self.hub.broadcastBinary("/chat", bytearray(b"\x00")),
            self.hub.broadcastMessage("/chat", {"a": 1}),
            self.hub.broadcastText("/nobody", "x"),
        ):
            self.assertIsNone(self.successResultOf(deferred))
        self.assertEqual(self.elsewhere.got, [("é".encode(), False), (b"\x00", True), (b'{"a":1}', False)])
        self.assertEqual((self.chat.got, self.other.got), (self.elsewhere.got, []))

    def test_refused(self) -> None:
        """
        What cannot be sent fails, and nobody gets anything.
        """
        self.failureResultOf(self.hub.broadcastText("/chat", b"x"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.hub.broadcastText("/chat", "\ud800"), ValueError)
        self.failureResultOf(self.hub.broadcastBinary("/chat", "x"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.hub.broadcastMessage("/chat", object()), TypeError)
        self.assertEqual(self.chat.got, [])

    def test_leave(self) -> None:
        """
        Who has left gets nothing more, and nothing is kept of an audience without members.
        """
        self.assertEqual(self.hub.size(CHAT), 2)
        for member in (self.chat, self.second):
            self.hub.leave(CHAT, member)
            self.hub.leave(CHAT, member)
        self.hub.deliver(CHAT, Message.of("hi"))
        self.assertEqual((self.hub.size(CHAT), self.chat.got, len(self.hub._audiences)), (0, [], 2))

    def test_leavingMeanwhile(self) -> None:
        """
        Members may leave while a message is on its way.
        """
        self.chat.deliver = lambda message: self.hub.leave(CHAT, self.chat)  # type: ignore[method-assign]
        self.hub.deliver(CHAT, Message.of("hi"))
        self.assertEqual((self.second.got, self.hub.size(CHAT)), ([(b"hi", False)], 1))

    def test_shared(self) -> None:
        """
        A process has one hub unless it is given others.
        """
        self.assertIs(sharedHub(), sharedHub())
        self.assertIsNot(sharedHub(), Hub())
