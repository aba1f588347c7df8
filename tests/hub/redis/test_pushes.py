"""
Tests of L{balws.hub.redis.pushes}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubLimitError, HubUnavailableError, NoSuchGroup
from balws.hub.message import Message
from balws.hub.redis import pushes as module
from balws.hub.redis.envelope import Kind
from balws.hub.redis.pushes import OVERHEAD, PATIENCE, Pushes
from balws.hub.redis.refusal import RedisRefusal
from balws.hub.redis.streams import MEMORY, PUSH
from tests.hub.redis.stationed import Placed

EPOCH = b"e" * 16


class PushesTests(Placed, SynchronousTestCase):
    """
    The queue.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.make()

    def make(self, **options: Any) -> None:
        """
        A queue.
        """
        self.pushes = Pushes(self.place(**options))
        self.fired: list[Any] = []

    def push(self, text: str, group: str = "s") -> Deferred[str]:
        """
        Push, and write down what becomes of it.
        """
        pushed = self.pushes.add(group, Message.of(text))
        pushed.addBoth(lambda result: self.fired.append(getattr(result, "type", result)))
        return pushed

    def numbers(self) -> list[tuple[int, int, bytes]]:
        """
        @return: of what is asked and not answered: number, the one before, and payload.
        """
        return [asked.args[1:3] + asked.args[4:5] for asked in self.link.asked]

    def test_stored(self) -> None:
        """
        A push is acknowledged with its position when Redis has it; all are sent at once.
        """
        for text in "abc":
            self.push(text)
        self.assertEqual(self.numbers(), [(1, 0, b"a"), (2, 1, b"b"), (3, 2, b"c")])
        args = self.link.answer(PUSH, [7, EPOCH])
        self.assertEqual(args[0], b"s")
        self.assertEqual(args[3], self.station.head(Kind.STORED_TEXT))
        self.assertEqual(args[5:8], (10_000, 3_600_000, 3_600_000 + MEMORY))
        self.assertEqual(args[9], "")
        self.link.answer(PUSH, [8, EPOCH])
        self.assertEqual(self.link.answer(PUSH, [1, b"f" * 16])[9], "")
        self.assertEqual(self.fired, ["e" * 16 + ".7", "e" * 16 + ".8", "f" * 16 + ".1"])
        self.push("d")
        self.assertEqual(self.link.answer(PUSH, 2)[9], "f" * 16)
        self.assertEqual(self.fired[-1], "f" * 16 + ".2")
        self.assertEqual((self.pushes.size, len(self.pushes)), (0, 0))
        self.clock.advance(PATIENCE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nobody(self) -> None:
        """
        A group that is not there is told, and does not stop others.
        """
        self.push("a")
        self.push("b", "other")
        self.link.answer(PUSH, 0)
        self.link.answer(PUSH, [1, EPOCH])
        self.assertEqual(self.fired, [NoSuchGroup, "e" * 16 + ".1"])
        self.assertEqual(self.station.undelivered, 0)
        self.pushes.stop("")

    def test_again(self) -> None:
        """
        What was not answered is sent again in its order when Redis is back, behind it what came
        meanwhile; what was answered is not (BR03).
        """
        for text in "abc":
            self.push(text)
        self.link.answer(PUSH, [1, EPOCH])
        self.away()
        self.push("d")
        self.assertEqual((len(self.link.asked), len(self.fired)), (0, 1))
        self.back()
        self.pushes.flush()
        self.assertEqual(self.numbers(), [(2, 0, b"b"), (3, 2, b"c"), (4, 3, b"d")])
        for number in (2, 3, 4):
            self.link.answer(PUSH, [number, EPOCH])
        self.assertEqual([each[-1] for each in self.fired], ["1", "2", "3", "4"])
        self.pushes.stop("")

    def test_refused(self) -> None:
        """
        While Redis refuses, such as without memory, pushes are tried again after a while; none
        overtakes another.
        """
        for text in "ab":
            self.push(text)
        self.push("c", "other")
        self.link.take(PUSH).answer.errback(RedisRefusal("OOM no memory"))
        self.link.answer(PUSH, -1)
        self.push("d")
        self.assertEqual(len(self.link.asked), 1)
        self.link.answer(PUSH, [1, EPOCH])
        self.assertEqual((self.fired, self.link.asked), ([], []))
        self.clock.advance(0.2)
        self.assertEqual(self.numbers(), [(1, 0, b"a"), (2, 1, b"b"), (4, 2, b"d")])
        for number in (1, 2, 3):
            self.link.answer(PUSH, [number, EPOCH])
        self.assertEqual([each[-1] for each in self.fired], ["1", "2", "1", "3"])
        self.pushes.stop("")

    def test_window(self) -> None:
        """
        So many are under way that Redis can answer in time; the next is sent when one is answered.
        """
        self.patch(module, "WINDOW", 2)
        for text in "abcd":
            self.push(text)
        self.assertEqual(self.numbers(), [(1, 0, b"a"), (2, 1, b"b")])
        self.link.answer(PUSH, [1, EPOCH])
        self.assertEqual(self.numbers(), [(2, 1, b"b"), (3, 2, b"c")])
        self.away()
        self.back()
        self.pushes.flush()
        self.assertEqual(self.numbers(), [(2, 0, b"b"), (3, 2, b"c")])
        for number in (2, 3, 4):
            self.link.answer(PUSH, [number, EPOCH])
        self.assertEqual([each[-1] for each in self.fired], ["1", "2", "3", "4"])
        self.make()
        self.patch(module, "_WINDOW_SIZE", OVERHEAD)
        self.push("a")
        self.push("b")
        self.assertEqual(len(self.link.asked), 1)
        self.pushes.stop("")

    def test_lapsed(self) -> None:
        """
        What is pushed while what this node has is restored, and older pushes are under way, is
        sent when both is over.
        """
        self.push("a")
        self.station.isRestored = False
        self.push("b")
        self.station.isRestored = True
        self.pushes.flush()
        self.assertEqual(len(self.link.asked), 1)
        self.link.answer(PUSH, [1, EPOCH])
        self.clock.advance(0.2)
        self.assertEqual(self.numbers(), [(2, 0, b"b")])
        self.link.answer(PUSH, [2, EPOCH])
        self.assertEqual(len(self.fired), 2)
        self.pushes.stop("")

    def test_patience(self) -> None:
        """
        Each push waits for so long, and then fails, the oldest first; what is known by then is told.
        """
        self.away()
        self.push("a")
        self.clock.advance(1)
        self.push("b")
        self.clock.advance(PATIENCE - 1.5)
        self.assertEqual(self.fired, [])
        self.clock.advance(0.5)
        self.assertEqual(self.fired, [HubUnavailableError])
        self.clock.advance(1)
        self.assertEqual(self.fired, [HubUnavailableError] * 2)
        self.assertEqual((self.station.undelivered, self.pushes.size), (2, 0))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.back()
        self.pushes.flush()
        self.assertEqual(self.link.asked, [])

    def test_late(self) -> None:
        """
        An answer that comes after the patience changes nothing; the next push does not wait for it.
        """
        self.push("a")
        self.clock.advance(PATIENCE)
        self.assertEqual(self.fired, [HubUnavailableError])
        self.push("b")
        self.assertEqual(self.numbers()[1], (2, 0, b"b"))
        self.link.answer(PUSH, [1, EPOCH])
        self.link.answer(PUSH, [2, EPOCH])
        self.assertEqual(self.fired[1:], ["e" * 16 + ".2"])
        self.pushes.stop("")

    def test_full(self) -> None:
        """
        No more than C{maxQueue} bytes wait; what is above fails at once, and is counted.
        """
        size = OVERHEAD + len("s") + 1
        for limit, waiting in ((size - 1, 0), (size, 1), (size + 1, 1), (2 * size, 2)):
            self.make(maxQueue=limit)
            self.away()
            self.push("a")
            self.push("b")
            self.assertEqual(self.fired, [HubUnavailableError] * (2 - waiting))
            self.assertEqual((len(self.pushes), self.station.undelivered), (waiting, 2 - waiting))
            self.pushes.stop("")

    def test_long(self) -> None:
        """
        What no other node would read is refused.
        """
        self.patch(module, "MAX_SIZE", module.HEAD + 2)
        for text, isSent in (("a", True), ("ab", True), ("abc", False)):
            self.push(text)
            self.assertEqual(self.fired[-1:] == [HubLimitError], not isSent)
        self.pushes.stop("")

    def test_backSooner(self) -> None:
        """
        What Redis refused is not waited for when it is restored before; nothing is sent twice.
        """
        self.push("a")
        self.link.take(PUSH).answer.errback(RedisRefusal("OOM no memory"))
        self.pushes.flush()
        self.assertEqual(self.numbers(), [(1, 0, b"a")])
        self.clock.advance(0.2)
        self.assertEqual(len(self.link.asked), 1)
        self.pushes.stop("")

    def test_epochs(self) -> None:
        """
        Of a limited number of groups the epoch is remembered.
        """
        self.patch(module, "_EPOCHS", 2)
        for group in "abc":
            self.push("x", group)
            self.link.answer(PUSH, [1, EPOCH])
        for group, known in (("c", "e" * 16), ("a", "")):
            self.push("x", group)
            self.assertEqual(self.link.answer(PUSH, [2, EPOCH])[9], known)
        self.pushes.stop("")

    def test_stop(self) -> None:
        """
        Nothing waits when all is over, and no timer is left.
        """
        self.push("a")
        self.link.take(PUSH).answer.errback(RedisRefusal("OOM no memory"))
        self.push("b")
        self.pushes.stop("over")
        self.assertEqual(self.fired, [HubUnavailableError] * 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])
