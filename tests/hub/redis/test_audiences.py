"""
Tests of L{balws.hub.redis.audiences}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubLimitError, HubUnavailableError
from balws.hub.broker import Audience
from balws.hub.message import Message
from balws.hub.redis import audiences as module
from balws.hub.redis.audiences import Audiences
from balws.hub.redis.envelope import Envelope, Kind, read
from balws.hub.redis.scripts import BROADCAST
from tests.hub.redis.stationed import MINE, OTHER, Placed

CHAT = Audience(1, "/chat")
CHANNEL = b"p:at:1:/chat"


class AudiencesTests(Placed, SynchronousTestCase):
    """
    Services of one node.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.audiences = Audiences(self.place())

    def test_broadcast(self) -> None:
        """
        Each broadcast has a number, those that fail as well.
        """
        numbers = []
        for isAway in (False, True, False):
            if isAway:
                self.away()
                self.failureResultOf(self.audiences.broadcast(CHAT, Message.of("x")), HubUnavailableError)
                self.back()
                continue
            sent = self.audiences.broadcast(CHAT, Message.of("x"))
            channel, data = self.link.answer(BROADCAST, 0)
            found = read(data)
            assert found is not None
            numbers.append(found.number)
            self.assertEqual(channel, CHANNEL)
            self.assertIsNone(self.successResultOf(sent))
        self.assertEqual((numbers, self.station.undelivered), ([1, 3], 1))

    def test_long(self) -> None:
        """
        What no other node would read is refused.
        """
        self.patch(module, "MAX_SIZE", 28)
        self.audiences.broadcast(CHAT, Message.of("ab"))
        self.link.take(BROADCAST)
        self.failureResultOf(self.audiences.broadcast(CHAT, Message.of("abc")), HubLimitError)

    def test_received(self) -> None:
        """
        What others say is given, own ones are not, gaps are told, and what is strange is dropped.
        """
        self.audiences.serve(CHAT)
        for sender, kind, number in (
            (OTHER, Kind.TEXT, 1),
            (MINE, Kind.TEXT, 1),
            (OTHER, Kind.BINARY, 4),
            (OTHER, Kind.JOIN, 5),
        ):
            self.station.channels.received(CHANNEL, Envelope(kind, sender, number, b"x").data())
        told = self.node.take()
        self.assertEqual([each[0] for each in told], ["audienceReceived", "lost", "audienceReceived"])
        self.assertEqual((told[1], self.station.strange), (("lost", "", 2), 1))

    def test_serve(self) -> None:
        """
        The channel is listened to while the service is mounted, whatever Redis does.
        """
        self.audiences.serve(CHAT)
        self.assertEqual(self.ear.channels, {CHANNEL})
        self.audiences.unserve(CHAT)
        self.assertEqual(self.ear.channels, set())
        self.away()
        self.audiences.serve(CHAT)
        self.audiences.unserve(CHAT)
        self.assertEqual(self.audiences.expect({CHAT}), {CHANNEL})
