"""
Tests of L{balws.hub.redis.sentinel}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.config import HubConfiguration
from balws.config.secret import Secret
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.refusal import RedisAway
from balws.hub.redis.sentinel import SentinelEndpoint
from balws.tls.single import Single
from tests.hub.redis.scripted import ScriptedRedis, array, bulk

QUESTION = "SENTINEL GET-MASTER-ADDR-BY-NAME"


class SentinelTests(SynchronousTestCase):
    """
    Looks for the master.
    """

    def setUp(self) -> None:
        """
        There are three sentinels, and a master.
        """
        self.clock = Clock()
        self.master = ScriptedRedis(self.clock)
        self.sentinels = [ScriptedRedis(self.clock) for _ in range(3)]
        for port, each in enumerate(self.sentinels, 1):
            each.port = port
            each.answers = {QUESTION: array(bulk(b"10.0.0.1"), bulk(b"6380"))}
        self.asked: list[tuple[str, int]] = []

    def make(self, **fields: Any) -> SentinelEndpoint:
        """
        @return: the way to the master.
        """
        url = "redis+sentinel://a,b,c/ours"

        def to(host: str, port: int) -> IStreamClientEndpoint:
            self.asked.append((host, port))
            return self.master

        config = HubConfiguration(url=url, **fields)
        return SentinelEndpoint(self.clock, self.sentinels, RedisAddress.parse(url), config, to)

    def connect(self, endpoint: SentinelEndpoint) -> Deferred[Any]:
        """
        @return: the attempt.
        """
        return endpoint.connect(Single(Protocol(), lambda: False))

    def counts(self) -> list[int]:
        """
        @return: how many connections each sentinel got.
        """
        return [len(each.attempts) for each in self.sentinels]

    def test_first(self) -> None:
        """
        The first sentinel that knows the master is believed, and its connection ended.
        """
        self.assertIsInstance(self.successResultOf(self.connect(self.make())), Protocol)
        self.assertEqual(self.asked, [("10.0.0.1", 6380)])
        self.assertEqual(self.sentinels[0].wires[0].asked, [[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", b"ours"]])
        self.assertEqual(self.counts(), [1, 0, 0])
        self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_next(self) -> None:
        """
        One that is down, and one that hangs, are left out after a second; the one that knew is
        asked first the next time.
        """
        self.sentinels[0].problem = ConnectionRefusedError()
        self.sentinels[1].answers = {}
        endpoint = self.make()
        connecting = self.connect(endpoint)
        self.assertNoResult(connecting)
        self.clock.advance(1)
        self.clock.advance(0)
        self.successResultOf(connecting)
        self.assertEqual(self.counts(), [1, 1, 1])
        self.successResultOf(self.connect(endpoint))
        self.assertEqual(self.counts(), [1, 1, 2])

    def test_unreachable(self) -> None:
        """
        A sentinel that cannot be connected to in time is left out.
        """
        self.sentinels[0].hangs = True
        connecting = self.connect(self.make(timeout=0.5))
        self.clock.advance(0.5)
        self.successResultOf(connecting)

    def test_none(self) -> None:
        """
        When nobody knows the master, it is said of each why; nonsense is not believed.
        """
        for answer, words in (
            (b"*-1\r\n", "it knows no master of this name"),
            (array(bulk(b"h"), bulk(b"0")), "its answer is none"),
            (array(bulk(b"h"), bulk(b"65536")), "its answer is none"),
            (array(bulk(b"h h"), bulk(b"1")), "its answer is none"),
            (array(bulk(b"\xff"), bulk(b"1")), "its answer is none"),
            (array(bulk(b"h")), "its answer is none"),
            (b":1\r\n", "its answer is none"),
            (b"+no\r\n", "its answer is none"),
            (b"-ERR hunter2\r\n", "(ERR)"),
        ):
            for each in self.sentinels:
                each.answers = {QUESTION: answer}
            said = self.failureResultOf(self.connect(self.make()), RedisAway).value.words
            for port in 1, 2, 3:
                self.assertIn(f"127.0.0.1:{port}: ", said)
            self.assertIn(words, said)
            self.assertNotIn("hunter2", said)
        self.assertEqual(self.asked, [])

    def test_password(self) -> None:
        """
        The password is shown to a sentinel that wants one, and to no other.
        """
        sentinel = self.sentinels[0]
        sentinel.answers = {QUESTION: b"-NOAUTH x\r\n", "AUTH": b"+OK\r\n"}
        self.sentinels[1].answers = {QUESTION: b"-NOPERM x\r\n", "AUTH": b"+OK\r\n"}
        self.successResultOf(self.connect(self.make(password=Secret("hunter2"))))
        first, second, third = (each.wires[0].asked for each in self.sentinels)
        self.assertEqual([each[0] for each in first], [b"SENTINEL", b"AUTH", b"SENTINEL"])
        self.assertEqual(first[1], [b"AUTH", b"hunter2"])
        self.assertEqual([each[0] for each in second + third], [b"SENTINEL", b"SENTINEL"])

    def test_cancelled(self) -> None:
        """
        Who gives up asks no further sentinel.
        """
        self.sentinels[0].answers = {}
        connecting = self.connect(self.make())
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertEqual(self.counts(), [1, 0, 0])
