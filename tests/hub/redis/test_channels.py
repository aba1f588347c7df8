"""
Tests of L{balws.hub.redis.channels}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError
from balws.hub.redis.channels import Channels
from balws.hub.redis.envelope import Envelope, Kind
from tests.hub.redis.stationed import OTHER, Ear


class ChannelsTests(SynchronousTestCase):
    """
    Who gets what.
    """

    def setUp(self) -> None:
        """
        An ear that hears.
        """
        self.ear = Ear()
        self.strange = 0
        self.got: list[tuple[str, int]] = []
        self.channels = Channels(self.ear, self.count)

    def count(self) -> None:
        """
        Something strange came.
        """
        self.strange += 1

    def open(self, channel: bytes, name: str) -> None:
        """
        Listen.
        """
        self.successResultOf(self.channels.open(channel, lambda envelope: self.got.append((name, envelope.number))))

    def say(self, channel: bytes, number: int) -> None:
        """
        Something comes.
        """
        self.channels.received(channel, Envelope(Kind.TEXT, OTHER, number, b"").data())

    def test_routes(self) -> None:
        """
        Each channel has its receiver, until it is closed.
        """
        self.open(b"a", "a")
        self.open(b"b", "b")
        self.assertIn(b"a", self.channels)
        self.say(b"a", 1)
        self.say(b"b", 2)
        self.say(b"c", 3)
        self.channels.close(b"a")
        self.channels.close(b"a")
        self.say(b"a", 4)
        self.assertEqual((self.got, self.ear.channels), ([("a", 1), ("b", 2)], {b"b"}))
        self.assertNotIn(b"a", self.channels)

    def test_strange(self) -> None:
        """
        What is no envelope reaches nobody, and is told.
        """
        self.open(b"a", "a")
        self.channels.received(b"a", b"{}")
        self.channels.received(b"unknown", b"{}")
        self.assertEqual((self.got, self.strange), ([], 1))

    def test_restore(self) -> None:
        """
        After an absence all is listened to, also what was opened and expected meanwhile, and not
        what was closed, or is not wanted.
        """
        for number in range(600):
            self.open(b"%d" % number, "")
        self.channels.arrivals.missed(b"1", OTHER, 1)
        self.channels.arrivals.missed(b"3", OTHER, 1)
        self.ear.isUp = False
        self.ear.channels.clear()
        self.failureResultOf(self.channels.open(b"new", lambda _: None), HubUnavailableError)
        self.channels.expect(b"expected", lambda _: None)
        self.channels.close(b"0")
        self.ear.isUp = True
        wanted = {b"%d" % number for number in range(2, 600)} | {b"new", b"expected"}
        self.channels.retain(wanted)
        self.successResultOf(Deferred.fromCoroutine(self.channels.restore()))
        self.assertEqual(self.ear.channels, wanted)
        # Who listened all the time has a past.
        self.assertEqual(self.channels.arrivals.missed(b"1", OTHER, 3), 0)
        self.assertEqual(self.channels.arrivals.missed(b"3", OTHER, 3), 1)
