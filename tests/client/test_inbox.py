"""
Tests of L{balws.client.inbox}.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.client.inbox import Inbox
from balws.errors import ConnectionClosureError, ConnectionError, PayloadBindingError, ReadTimedOutError
from balws.session.queue import MAX_BYTES


def asItIs(message: str | bytes) -> Any:
    """
    A read that takes everything.
    """
    return message


def nothing(message: str | bytes) -> Any:
    """
    A read that takes nothing.
    """
    raise PayloadBindingError("not this")


class InboxTests(SynchronousTestCase):
    """
    Messages and reads that wait for each other.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.room = 0
        self.inbox = self.make()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def make(self, limit: int = 3, timeout: float = -1) -> Inbox:
        """
        @return: an inbox.
        """

        def roomMade() -> None:
            self.room += 1

        return Inbox(self.clock, limit, timeout, roomMade)

    def read(self, convert: Any = asItIs) -> Deferred[Any]:
        """
        @return: of a read.
        """
        return self.inbox.read(convert)

    def test_messagesFirst(self) -> None:
        """
        Messages wait for reads in their order; text stays str and binary bytes.
        """
        for message in ("a", b"b", "", b""):
            self.inbox.put(message)
        self.assertEqual([self.successResultOf(self.read()) for _ in range(4)], ["a", b"b", "", b""])
        self.assertNoResult(waiting := self.read())
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)

    def test_readsFirst(self) -> None:
        """
        Reads wait for messages in their order.
        """
        waiting = [self.read() for _ in range(3)]
        self.inbox.put("a")
        self.assertEqual(self.successResultOf(waiting[0]), "a")
        self.assertNoResult(waiting[1])
        self.inbox.put("b")
        self.inbox.put("c")
        self.assertEqual([self.successResultOf(each) for each in waiting[1:]], ["b", "c"])
        self.assertEqual(self.room, 0)

    def test_full(self) -> None:
        """
        It is full with as many messages as it may hold, and tells of each that was taken.
        """
        for count in range(3):
            self.assertFalse(self.inbox.full, count)
            self.inbox.put("x")
        self.assertTrue(self.inbox.full)
        self.successResultOf(self.read())
        self.assertEqual((self.inbox.full, self.room), (False, 1))

    def test_fullOfBytes(self) -> None:
        """
        It is full with 1 MiB too, however few the messages: at n - 1, n and n + 1.
        """
        for size, full in ((MAX_BYTES - 1, False), (MAX_BYTES, True), (MAX_BYTES + 1, True)):
            self.inbox = self.make()
            self.inbox.put(b"x" * size)
            self.assertIs(self.inbox.full, full)
            self.successResultOf(self.read())
            self.assertFalse(self.inbox.full)

    def test_fullTakesAll(self) -> None:
        """
        What comes although it is full is kept.
        """
        for number in range(10):
            self.inbox.put(str(number))
        self.assertEqual([self.successResultOf(self.read()) for _ in range(10)], [str(each) for each in range(10)])

    def test_convert(self) -> None:
        """
        A read that cannot take its message fails; the message is gone, whichever came first.
        """
        self.inbox.put("a")
        self.inbox.put("b")
        self.failureResultOf(self.read(nothing), PayloadBindingError)
        self.assertEqual((self.successResultOf(self.read()), self.room), ("b", 2))
        first, second = self.read(nothing), self.read()
        self.inbox.put("c")
        self.inbox.put("d")
        self.failureResultOf(first, PayloadBindingError)
        self.assertEqual(self.successResultOf(second), "d")

    def test_timeout(self) -> None:
        """
        A read fails when its time is over, not before, and the next has a time of its own.
        """
        self.inbox = self.make(timeout=10)
        first = self.read()
        self.clock.advance(6)
        second = self.read()
        self.clock.advance(3.9)
        self.assertNoResult(first)
        self.clock.advance(0.1)
        problem = self.failureResultOf(first).value
        self.assertEqual((type(problem), str(problem)), (ReadTimedOutError, "Read timed out"))
        self.assertNoResult(second)
        self.inbox.put("a")
        self.assertEqual(self.successResultOf(second), "a")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_noTimeout(self) -> None:
        """
        A timeout of 0 or below sets no limit; a message that is there needs no timer.
        """
        for timeout in (0, -1, -0.5):
            self.inbox = self.make(timeout=timeout)
            waiting = self.read()
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.inbox.put("a")
            self.assertEqual(self.successResultOf(waiting), "a")
        self.inbox = self.make(timeout=10)
        self.inbox.put("a")
        self.assertEqual(self.successResultOf(self.read()), "a")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_readAgain(self) -> None:
        """
        Who was told that a read timed out may read again in the same moment.
        """
        self.inbox = self.make(timeout=10)
        again: list[Deferred[Any]] = []
        self.read().addErrback(lambda _: again.append(self.read()))
        self.clock.advance(10)
        self.inbox.put("a")
        self.assertEqual(self.successResultOf(again[0]), "a")

    def test_cancel(self) -> None:
        """
        The message that a cancelled read would have had goes to the next.
        """
        self.inbox = self.make(timeout=10)
        first, second, third = self.read(), self.read(), self.read()
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.inbox.put("a")
        self.inbox.put("b")
        self.assertEqual([self.successResultOf(each) for each in (first, third)], ["a", "b"])

    def test_cancelInCallback(self) -> None:
        """
        Who gets a message may cancel another read.
        """
        first, second = self.read(), self.read()
        first.addCallback(lambda _: second.cancel())
        self.inbox.put("a")
        self.failureResultOf(second, CancelledError)
        self.inbox.put("b")
        self.assertEqual(self.successResultOf(self.read()), "b")

    def test_end(self) -> None:
        """
        At the end all reads that wait fail with why, and later ones with that there is nothing more.
        """
        self.inbox = self.make(timeout=10)
        waiting = [self.read(), self.read()]
        self.inbox.end(ConnectionClosureError("Bye: Status code: 1001", 1001, "Bye"))
        for each in waiting:
            problem = self.failureResultOf(each).value
            self.assertEqual((str(problem), problem.statusCode), ("Bye: Status code: 1001", 1001))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        for _ in range(2):
            problem = self.failureResultOf(self.read()).value
            self.assertEqual((type(problem), str(problem)), (ConnectionClosureError, "Connection already closed"))
            self.assertEqual((problem.statusCode, problem.reason), (1001, "Bye"))

    def test_endByUser(self) -> None:
        """
        Where the user ended it, the reads that wait are told that it is closed.
        """
        waiting = self.read()
        self.inbox.end(None)
        self.assertEqual(str(self.failureResultOf(waiting, ConnectionClosureError).value), "Connection closed")
        problem = self.failureResultOf(self.read(), ConnectionClosureError).value
        self.assertEqual(str(problem), "Connection already closed")

    def test_endUntold(self) -> None:
        """
        Where nobody waited, the next read learns why, once; what waits is read before.
        """
        self.inbox.put("a")
        self.inbox.put("b")
        self.inbox.end(ConnectionError("why"))
        self.assertEqual([self.successResultOf(self.read()) for _ in range(2)], ["a", "b"])
        self.assertEqual(str(self.failureResultOf(self.read(), ConnectionError).value), "why")
        problem = self.failureResultOf(self.read(), ConnectionClosureError).value
        self.assertEqual(str(problem), "Connection already closed")

    def test_endTwice(self) -> None:
        """
        The first end counts.
        """
        self.inbox.end(ConnectionError("first"))
        self.inbox.end(ConnectionError("second"))
        self.assertEqual(str(self.failureResultOf(self.read(), ConnectionError).value), "first")
        self.failureResultOf(self.read(), ConnectionClosureError)

    def test_readInEnd(self) -> None:
        """
        Who is told of the end and reads again is told again, and does not wait for ever.
        """
        again: list[Deferred[Any]] = []
        self.read().addErrback(lambda _: again.append(self.read()))
        waiting = self.read()
        self.inbox.end(ConnectionError("why"))
        self.failureResultOf(waiting, ConnectionError)
        self.failureResultOf(again[0], ConnectionClosureError)

    def test_cancelInEnd(self) -> None:
        """
        Who is told of the end may cancel another read.
        """
        first, second = self.read(), self.read()
        first.addErrback(lambda _: second.cancel())
        self.inbox.end(ConnectionError("why"))
        self.failureResultOf(second, CancelledError)

    def test_clear(self) -> None:
        """
        What is cleared is read by nobody.
        """
        self.inbox.put("a")
        self.inbox.clear()
        self.assertFalse(self.inbox.full)
        waiting = self.read()
        self.inbox.put("b")
        self.assertEqual(self.successResultOf(waiting), "b")

    def test_quiet(self) -> None:
        """
        A read that fails because of the end, and at which nobody looks, is not in the log.
        """
        self.read()
        self.inbox.end(ConnectionError("why"))
        self.read()
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
