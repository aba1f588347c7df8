"""
Tests of L{balws.hub.redis.protocol}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError
from balws.hub.redis import protocol
from balws.hub.redis.protocol import Conversation
from balws.hub.redis.refusal import RedisRefusal
from balws.tls.single import Single
from tests.hub.redis.scripted import ScriptedRedis, Wire, array, bulk


class ProtocolCase(SynchronousTestCase):
    """
    A conversation with a Redis that says nothing by itself.
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        self.clock = Clock()
        self.ended: list[str] = []
        redis = ScriptedRedis(self.clock)
        redis.answers = {}
        self.conversation = Conversation(self.clock, 5, self.ended.append)
        self.successResultOf(redis.connect(Single(self.conversation, lambda: False)))
        self.wire: Wire = redis.wires[0]

    def answer(self, *data: bytes) -> Any:
        """
        @return: what a call gets.
        """
        asked = self.conversation.call("X")
        self.wire.say(*data)
        return self.successResultOf(asked)

    def away(self, asked: Deferred[Any], words: str) -> None:
        """
        See that a call fails since Redis is away.
        """
        self.assertIn(words, str(self.failureResultOf(asked, HubUnavailableError).value))


class RepliesTests(ProtocolCase):
    """
    Redis as it should be.
    """

    def test_command(self) -> None:
        """
        A command may have bytes, text and numbers.
        """
        self.conversation.call("SET", b"\x00\r\n", "\u00e9", 12)
        self.assertEqual(self.wire.asked, [[b"SET", b"\x00\r\n", b"\xc3\xa9", b"12"]])

    def test_kinds(self) -> None:
        """
        Every kind of reply is bytes, an int, nothing, or a list of these; a number in a text
        stays a text.
        """
        for said, expected in (
            (b"+OK\r\n", b"OK"),
            (b"+QUEUED\r\n", b"QUEUED"),
            (b":-12\r\n", -12),
            (bulk(b"12"), b"12"),
            (bulk(b"\xff\r\n$1\r\n"), b"\xff\r\n$1\r\n"),
            (bulk(b""), b""),
            (b"$-1\r\n", None),
            (b"*-1\r\n", None),
            (b"*0\r\n", []),
            (array(bulk(b"a"), b":1\r\n", b"+b\r\n", b"$-1\r\n"), [b"a", 1, b"b", None]),
            (array(array(bulk(b"a"), array(b":1\r\n")), b"*0\r\n", b":2\r\n"), [[b"a", [1]], [], 2]),
        ):
            self.assertEqual(self.answer(said), expected)

    def test_bytewise(self) -> None:
        """
        It does not matter in how many pieces a reply comes.
        """
        asked = self.conversation.call("X")
        said = array(bulk(b"a\r\nb"), array(b":1\r\n", bulk(b"")), b"+c\r\n")
        for each in range(len(said)):
            self.assertNoResult(asked)
            self.wire.say(said[each : each + 1])
        self.assertEqual(self.successResultOf(asked), [b"a\r\nb", [1, b""], b"c"])

    def test_order(self) -> None:
        """
        Many replies in one piece go to those who asked, in their order.
        """
        asked = [self.conversation.call("GET", n) for n in range(2000)]
        self.wire.say(*(bulk(b"%d" % n) for n in range(2000)))
        self.assertEqual([self.successResultOf(each) for each in asked], [b"%d" % n for n in range(2000)])

    def test_refusal(self) -> None:
        """
        A refusal fails the one call that it is for.
        """
        first, second = self.conversation.call("X"), self.conversation.call("Y")
        self.wire.say(b"-OOM no memory\r\n", b"+OK\r\n")
        self.assertEqual(self.failureResultOf(first, RedisRefusal).value.code, "OOM")
        self.assertEqual(self.successResultOf(second), b"OK")

    def test_useless(self) -> None:
        """
        A Redis that says it is of no use now is left; what was asked fails.
        """
        for text, words in (
            (b"-READONLY x\r\n", "it is a replica, which"),
            (b"-MASTERDOWN x\r\n", "lost its master"),
            (b"-LOADING x\r\n", "loading"),
        ):
            self.setUp()
            first, second = self.conversation.call("X"), self.conversation.call("Y")
            self.wire.say(text)
            self.away(first, words)
            self.away(self.conversation.call("Z"), words)
            self.clock.advance(0)
            self.away(second, words)
            self.assertTrue(self.wire.isAborted)


class DeadlineTests(ProtocolCase):
    """
    Redis that is silent.
    """

    def test_busy(self) -> None:
        """
        Time in which this process had none for Redis does not count: what has come is read first.
        """
        call = self.conversation.call("X")
        self.clock.callLater(5.5, self.wire.say, b"+OK\r\n")
        self.clock.advance(6)
        self.assertEqual(self.successResultOf(call), b"OK")
        self.assertFalse(self.wire.isAborted)
        late = self.conversation.call("Y")
        self.clock.advance(5)
        self.away(late, "did not answer in 5 s")

    def test_progress(self) -> None:
        """
        Many commands at a time may take longer in all, as long as there are answers.
        """
        calls = [self.conversation.call("X") for _ in range(4)]
        for call in calls:
            self.clock.advance(4.9)
            self.wire.say(b"+OK\r\n")
            self.assertEqual(self.successResultOf(call), b"OK")
        self.assertFalse(self.wire.isAborted)

    def test_tooLate(self) -> None:
        """
        The connection is aborted when the oldest call was not answered in time, and not before.
        """
        first = self.conversation.call("X")
        self.clock.advance(3)
        second = self.conversation.call("Y")
        self.wire.say(b"+OK\r\n")
        self.successResultOf(first)
        self.clock.advance(4.9)
        self.assertNoResult(second)
        self.clock.advance(0.1)
        self.clock.advance(0)
        self.assertTrue(self.wire.isAborted)
        self.away(second, "did not answer in 5 s")
        self.assertEqual(self.ended, ["it did not answer in 5 s"])

    def test_idle(self) -> None:
        """
        Who asks nothing waits for nothing, and leaves no timer behind.
        """
        self.answer(b"+OK\r\n")
        self.clock.advance(60)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.answer(b"+OK\r\n")
        self.conversation.close()
        self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertFalse(self.wire.isAborted)

    def test_lost(self) -> None:
        """
        What was asked fails when the connection is lost, and so does what is asked later.
        """
        asked = self.conversation.call("X")
        self.wire.lose()
        self.away(asked, "the connection was lost")
        self.away(self.conversation.call("X"), "the connection was lost")
        self.assertEqual(self.ended, ["the connection was lost"])

    def test_cancelled(self) -> None:
        """
        Who cancels a call does not mix up the replies of others.
        """
        first, second = self.conversation.call("X"), self.conversation.call("Y")
        first.addErrback(lambda _: None)
        first.cancel()
        self.wire.say(b"+1\r\n", b"+2\r\n")
        self.assertEqual(self.successResultOf(second), b"2")

    def test_tooMuch(self) -> None:
        """
        Commands that wait for replies have a limit together: a Redis that hangs does not fill
        our memory.
        """
        size = len(protocol.encoded(("X" * 100,)))
        self.patch(protocol, "MAX_PENDING", 3 * size)
        asked = [self.conversation.call("X" * 100) for _ in range(4)]
        self.away(asked[3], f"{3 * size} bytes")
        self.assertEqual(len(self.wire.asked), 3)
        self.wire.say(b"+OK\r\n")
        asked.append(self.conversation.call("X" * 100))
        self.assertNoResult(asked[4])
        self.assertEqual(len(self.wire.asked), 4)
        self.assertFalse(self.wire.isAborted)


class GarbageTests(ProtocolCase):
    """
    What is no Redis.
    """

    def test_garbage(self) -> None:
        """
        Whatever is no reply ends the connection at once.
        """
        for said in (
            b"HTTP/1.1 400 Bad Request\r\n",
            b"SSH-2.0-x\r\n",
            b"\xff\xfe\r\n",
            b"\r\n",
            b"$x\r\n",
            b"$\r\n",
            b"$-2\r\n",
            b"$+1\r\n",
            b"*-2\r\n",
            b"*1\r\nx\r\n",
            b":1x\r\n",
            b":\r\n",
            b":" + b"9" * 30 + b"\r\n",
            b"$" + b"%d" % protocol.MAX_REPLY + b"\r\n",
            b"*%d\r\n" % protocol.MAX_ELEMENTS,
            b"*1\r\n" * (protocol.MAX_DEPTH + 2),
            b"+" + b"x" * 20_000,
            b"+OK\r\n+OK\r\n",
        ):
            self.setUp()
            self.conversation.call("X").addErrback(lambda _: None)
            self.wire.say(said)
            self.assertTrue(self.wire.isAborted, said[:20])
            self.clock.advance(0)
            self.assertEqual(self.ended, ["what answers there is no Redis"])

    def test_unasked(self) -> None:
        """
        A Redis that says why it wants nobody is believed.
        """
        self.wire.say(b"-DENIED Redis is running in protected mode\r\n")
        self.clock.advance(0)
        self.assertEqual(self.ended, ["it lets no other machine in (its protected-mode)"])

    def test_tooLong(self) -> None:
        """
        A reply may have no more bytes than the limit, whatever it consists of; another one
        begins anew.
        """
        self.patch(protocol, "MAX_REPLY", 10_000)
        self.assertEqual(len(self.answer(array(*[bulk(b"x" * 900)] * 10))), 10)
        self.assertEqual(len(self.answer(array(*[bulk(b"x" * 900)] * 10))), 10)
        asked = self.conversation.call("X")
        self.wire.say(array(*[bulk(b"x" * 900)] * 20))
        self.clock.advance(0)
        self.away(asked, "over 10000 bytes")
        self.assertTrue(self.wire.isAborted)
