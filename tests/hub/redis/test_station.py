"""
Tests of L{balws.hub.redis.station}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError
from balws.hub.message import Message
from balws.hub.redis.envelope import Kind, head
from balws.hub.redis.refusal import RedisAway, RedisRefusal
from balws.hub.redis.station import inOrder, kindOf
from tests.hub.redis.stationed import MINE, Placed


class StationTests(Placed, SynchronousTestCase):
    """
    What the parts share.
    """

    def test_ask(self) -> None:
        """
        Scripts are asked while Redis is there; whatever goes wrong is L{HubUnavailableError},
        without what was asked.
        """
        station = self.place()
        asked = [station.ask("lua", "secret") for _ in range(4)]
        self.link.answer("lua", 5)
        self.assertEqual(self.successResultOf(asked[0]), 5)
        self.link.take("lua").answer.errback(RedisRefusal("OOM secret"))
        self.assertIn("OOM", str(self.failureResultOf(asked[1], HubUnavailableError).value))
        self.link.take("lua").answer.errback(ValueError("secret"))
        self.assertNotIn("secret", str(self.failureResultOf(asked[2], HubUnavailableError).value))
        self.link.take("lua").answer.errback(RedisAway("no answer"))
        self.assertIs(type(self.failureResultOf(asked[3]).value), HubUnavailableError)
        self.away()
        self.assertEqual(str(self.failureResultOf(station.ask("lua"), HubUnavailableError).value), "gone")

    def test_head(self) -> None:
        """
        The head of an envelope; a script puts its number in.
        """
        station = self.place()
        self.assertEqual(station.head(Kind.JOIN, 7), head(Kind.JOIN, MINE, 7))
        self.assertEqual(station.head(Kind.JOIN) + bytes(8), station.head(Kind.JOIN, 0))

    def test_kindOf(self) -> None:
        """
        Text and binary messages are told apart.
        """
        self.assertEqual([kindOf(Message.of(value)) for value in ("", b"")], [Kind.TEXT, Kind.BINARY])

    def test_warn(self) -> None:
        """
        What happens all the time is logged once a minute, with how often it did.
        """
        station = self.place()
        with capturedLogs() as logs:
            for _ in range(5):
                station.strangeReceived()
            station.published(1, "a group")
            station.published(0, "a group")
            self.clock.advance(59.9)
            station.strangeReceived()
            self.assertEqual([event["count"] for event in logs], [1, 1])
            self.clock.advance(0.1)
            station.strangeReceived()
        self.assertEqual([event["count"] for event in logs], [1, 1, 6])
        self.assertEqual({event["log_level"] for event in logs}, {LogLevel.warn})
        self.assertEqual((station.strange, station.undelivered), (7, 1))

    def test_failed(self) -> None:
        """
        What Redis could not carry is counted, other errors are not.
        """
        station = self.place()
        for error in (HubUnavailableError(), ValueError()):
            self.failureResultOf(fail(error).addErrback(station.failed), type(error))
        self.assertEqual(station.undelivered, 1)

    def test_inOrder(self) -> None:
        """
        It is over when the last is, and fails with the first failure.
        """
        asked: list[Deferred[None]] = [Deferred() for _ in range(3)]
        done = Deferred.fromCoroutine(inOrder(asked))
        asked[0].errback(HubUnavailableError("first"))
        asked[1].errback(HubUnavailableError("second"))
        self.assertNoResult(done)
        asked[2].callback(None)
        self.assertEqual(str(self.failureResultOf(done, HubUnavailableError).value), "first")
        self.successResultOf(Deferred.fromCoroutine(inOrder([])))
