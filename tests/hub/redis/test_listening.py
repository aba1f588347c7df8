"""
Tests of L{balws.hub.redis.listening}.
"""

from __future__ import annotations

from balws.errors import HubUnavailableError
from balws.hub.redis import listening
from balws.hub.redis.listening import RedisEar
from balws.hub.redis.refusal import RedisRefusal
from tests.hub.redis.linked import LineCase
from tests.hub.redis.scripted import array, bulk


def confirmed(kind: bytes, *channels: bytes) -> bytes:
    """
    @return: what Redis says to SUBSCRIBE.
    """
    return b"".join(array(bulk(kind), bulk(each), b":1\r\n") for each in channels)


def published(channel: bytes, payload: bytes) -> bytes:
    """
    @return: what Redis says when somebody publishes.
    """
    return array(bulk(b"message"), bulk(channel), bulk(payload))


class EarTests(LineCase):
    """
    Listens.
    """

    def setUp(self) -> None:
        """
        Begin.
        """
        super().setUp()
        self.heard: list[tuple[bytes, bytes]] = []

        def hear(channel: bytes, payload: bytes) -> None:
            self.heard.append((channel, payload))

        self.ear = RedisEar(self.config(), self.clock, hear, self.up, self.down)
        self.ear.start()

    def test_subscribe(self) -> None:
        """
        It is subscribed when Redis has confirmed each channel, whatever is heard meanwhile.
        """
        self.assertEqual((self.ear.isUp, self.ear.problem), (True, ""))
        first, second = self.ear.subscribe([b"a", b"b"]), self.ear.subscribe([b"c"])
        self.assertEqual(self.wire.asked[-2:], [[b"SUBSCRIBE", b"a", b"b"], [b"SUBSCRIBE", b"c"]])
        self.wire.say(confirmed(b"subscribe", b"a"), published(b"a", b"\xff\r\n"))
        self.assertNoResult(first)
        self.wire.say(confirmed(b"subscribe", b"b"))
        self.assertIsNone(self.successResultOf(first))
        self.assertNoResult(second)
        self.wire.say(confirmed(b"subscribe", b"c"), published(b"c", b""))
        self.successResultOf(second)
        self.assertEqual(self.heard, [(b"a", b"\xff\r\n"), (b"c", b"")])

    def test_unsubscribe(self) -> None:
        """
        So it is with channels that are listened to no more; none is none, and not all.
        """
        done = self.ear.unsubscribe([b"a"])
        self.wire.say(confirmed(b"unsubscribe", b"a"))
        self.successResultOf(done)
        asked = len(self.wire.asked)
        self.successResultOf(self.ear.unsubscribe([]))
        self.successResultOf(self.ear.subscribe(iter(())))
        self.assertEqual(len(self.wire.asked), asked)

    def test_many(self) -> None:
        """
        Many channels go in several commands; it is subscribed when all are confirmed, and Redis
        may take its time as long as it goes on.
        """
        self.patch(listening, "CHANNELS", 3)
        channels = [b"%d" % n for n in range(7)]
        done = self.ear.subscribe(channels)
        self.assertEqual([len(each) - 1 for each in self.wire.asked if each[0] == b"SUBSCRIBE"], [3, 3, 1])
        for each in channels:
            self.assertNoResult(done)
            self.clock.advance(4)
            self.wire.say(confirmed(b"subscribe", each))
        self.successResultOf(done)
        done = self.ear.subscribe(channels)
        self.wire.say(confirmed(b"subscribe", *channels[:4]))
        self.clock.advance(5)
        self.clock.advance(0)
        self.failureResultOf(done, HubUnavailableError)
        self.assertTrue(self.redis.wires[0].isAborted)

    def test_refused(self) -> None:
        """
        A refusal of one command fails what asked for it.
        """
        self.patch(listening, "CHANNELS", 1)
        done = self.ear.subscribe([b"a", b"b"])
        self.wire.say(b"-NOPERM x\r\n", confirmed(b"subscribe", b"b"))
        self.failureResultOf(done, RedisRefusal)

    def test_lost(self) -> None:
        """
        What was asked fails when the connection is lost, also after some confirmations; the
        next one counts anew.
        """
        done = self.ear.subscribe([b"a", b"b"])
        self.wire.say(confirmed(b"subscribe", b"a"))
        self.back()
        self.failureResultOf(done, HubUnavailableError)
        self.assertEqual(self.events, ["up", "down", "up"])
        done = self.ear.subscribe([b"a", b"b"])
        self.wire.say(confirmed(b"subscribe", b"a"))
        self.assertNoResult(done)
        self.wire.say(confirmed(b"subscribe", b"b"))
        self.successResultOf(done)

    def test_drop(self) -> None:
        """
        An ear that hears nothing can be told to connect again; it hears nothing of the old one.
        """
        old = self.wire
        self.ear.drop("it is deaf")
        self.assertEqual((self.ear.isUp, self.ear.problem), (False, "it is deaf"))
        self.failureResultOf(self.ear.subscribe([b"a"]), HubUnavailableError)
        old.say(published(b"a", b"late"))
        self.clock.advance(0)
        self.failureResultOf(self.ear.subscribe([b"a"]), HubUnavailableError)
        self.clock.advance(0.05)
        self.assertEqual(self.events, ["up", "down", "up"])
        self.assertEqual(self.heard, [])

    def test_stop(self) -> None:
        """
        It can be stopped.
        """
        stopped = self.ear.stop()
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.assertEqual(self.events, ["up"])
