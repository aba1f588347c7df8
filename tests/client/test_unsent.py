"""
Tests of L{balws.client.unsent}.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.client import unsent
from balws.client.unsent import Unsent
from balws.errors import ConnectionClosureError, ConnectionError


class UnsentTests(SynchronousTestCase):
    """
    Messages that wait for a connection.
    """

    def setUp(self) -> None:
        self.patch(unsent, "WAITER", 0)  # bytes alone, but where a test is about the rest
        self.returns = False
        self.written: list[str | bytes] = []
        self.unsent = Unsent(100, lambda: self.returns)

    def write(self, payload: str | bytes) -> Deferred[None]:
        """
        The connection takes it.
        """
        self.written.append(payload)
        return succeed(None)

    def put(self, payload: str | bytes, write: Any = None) -> Deferred[None]:
        """
        One more message.
        """
        return self.unsent.put(self.unsent.number(), write or self.write, payload)

    def test_empty(self) -> None:
        """
        Each message counts 256 more than it has: empty ones cost something, too.
        """
        self.patch(unsent, "WAITER", 256)
        unsent_ = Unsent(2560, lambda: False)
        waiting = [unsent_.put(number, self.write, "") for number in range(11)]
        self.assertEqual(len(unsent_), 11)
        self.failureResultOf(unsent_.put(11, self.write, ""), ConnectionError)
        unsent_.flush(lambda: True)
        self.assertEqual([self.successResultOf(each) for each in waiting], [None] * 11)
        self.assertIs(unsent_.put(12, self.write, "").called, False)

    def test_noFasterThanTaken(self) -> None:
        """
        A write that waits keeps those behind it waiting, and they follow when it is done.
        """
        taken: list[Deferred[None]] = []

        def write(payload: str | bytes) -> Deferred[None]:
            self.written.append(payload)
            taken.append(Deferred())
            return taken[-1]

        waiting = [self.put(each, write) for each in "abc"]
        self.unsent.flush(lambda: True)
        self.assertEqual((self.written, self.unsent.isFlushing), (["a"], True))
        taken[0].callback(None)
        taken[1].errback(ValueError("b"))
        self.assertEqual((self.written, self.unsent.isFlushing), (["a", "b", "c"], True))
        taken[2].callback(None)
        self.assertFalse(self.unsent.isFlushing)
        self.failureResultOf(waiting[1], ValueError)

    def test_lostAgain(self) -> None:
        """
        What was being written when the connection was lost again waits in its old place,
        and nothing is being written until the next flush.
        """
        late: list[Deferred[None]] = []

        def write(payload: str | bytes) -> Deferred[None]:
            self.written.append(payload)
            late.append(Deferred())
            return late[-1]

        self.returns = isOpen = True
        waiting = [self.put(each, write) for each in "ab"]
        self.unsent.flush(lambda: isOpen)
        isOpen = False
        late[0].errback(ConnectionClosureError("lost"))
        self.assertEqual((self.unsent.isFlushing, len(self.unsent)), (False, 2))
        isOpen = True
        self.unsent.flush(lambda: isOpen)
        self.assertEqual((self.written, self.unsent.isFlushing), (["a", "a"], True))
        late[1].callback(None)
        late[2].callback(None)
        self.assertEqual([self.successResultOf(each) for each in waiting], [None, None])
        self.assertEqual((self.written, self.unsent.isFlushing), (["a", "a", "b"], False))

    def test_order(self) -> None:
        """
        They are written in the order of their numbers, whenever they were put.
        """
        first, second, third = (self.unsent.number() for _ in range(3))
        for number in (third, first, second):
            self.unsent.put(number, self.write, f"{number}")
        self.assertEqual(len(self.unsent), 3)
        self.unsent.flush(lambda: True)
        self.assertEqual((self.written, len(self.unsent)), (["0", "1", "2"], 0))

    def test_bothKinds(self) -> None:
        """
        Text and binary of one place do not get in each other's way.
        """
        waiting = [self.put("a"), self.put(b"b"), self.put("c")]
        self.unsent.flush(lambda: True)
        self.assertEqual(self.written, ["a", b"b", "c"])
        self.assertEqual([self.successResultOf(each) for each in waiting], [None] * 3)

    def test_answers(self) -> None:
        """
        What a write answers, late or with an error, the waiting message answers.
        """
        late: Deferred[None] = Deferred()
        waiting = [self.put("a", lambda _: late), self.put("b", lambda _: fail(ConnectionClosureError("gone")))]
        self.unsent.flush(lambda: True)
        self.assertNoResult(waiting[0])
        self.assertNoResult(waiting[1])
        late.callback(None)
        self.assertIs(self.successResultOf(waiting[0]), None)
        self.failureResultOf(waiting[1], ConnectionClosureError)

    def test_whileOpen(self) -> None:
        """
        When the connection is lost again in the midst of it, the rest waits on.
        """
        waiting = [self.put(each) for each in "abcd"]
        self.unsent.flush(lambda: len(self.written) < 2)
        self.assertEqual((self.written, len(self.unsent)), (["a", "b"], 2))
        self.assertNoResult(waiting[2])
        self.unsent.flush(lambda: False)
        self.assertEqual(len(self.unsent), 2)
        self.unsent.flush(lambda: True)
        self.assertEqual(self.written, ["a", "b", "c", "d"])

    def test_writtenMeanwhile(self) -> None:
        """
        What is put while they are written goes out after them.
        """

        def write(payload: str | bytes) -> Deferred[None]:
            if payload == "a":
                self.put("late")
            return self.write(payload)

        self.put("a", write)
        self.put("b")
        self.unsent.flush(lambda: True)
        self.assertEqual(self.written, ["a", "b", "late"])

    def test_limit(self) -> None:
        """
        As much as the limit may wait, and nothing more: at n - 1, n and n + 1.
        """
        for size, fits in ((99, True), (100, True), (101, False)):
            self.unsent = Unsent(100, lambda: self.returns)
            waiting = self.put("x" * size)
            if fits:
                self.assertNoResult(waiting)
            else:
                problem = self.failureResultOf(waiting).value
                self.assertIs(type(problem), ConnectionError)
                self.assertEqual(
                    str(problem), "there is no connection, and what waits for one has reached maxSendBuffer"
                )
                self.assertEqual(len(self.unsent), 0)

    def test_limitOfAll(self) -> None:
        """
        It is all of them together that count, of either kind; what has left counts no more.
        """
        first = self.put("x" * 60)
        self.put(b"y" * 40)
        self.failureResultOf(self.put(b"z"), ConnectionError)
        self.assertNoResult(self.put(""))
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertNoResult(self.put("x" * 60))
        self.failureResultOf(self.put("x"), ConnectionError)
        self.unsent.flush(lambda: True)
        self.assertNoResult(self.put("x" * 100))

    def test_cancel(self) -> None:
        """
        A message that is cancelled is not sent; the others are.
        """
        waiting = [self.put(each) for each in "abc"]
        waiting[1].cancel()
        self.failureResultOf(waiting[1], CancelledError)
        self.unsent.flush(lambda: True)
        self.assertEqual(self.written, ["a", "c"])

    def test_cancelWritten(self) -> None:
        """
        To cancel a message that is being written breaks nothing.
        """
        late: Deferred[None] = Deferred()
        waiting = self.put("a", lambda _: late)
        self.unsent.flush(lambda: True)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(len(self.unsent), 0)

    def test_fail(self) -> None:
        """
        When there will be no connection they all fail with why, and in the log is nothing.
        """
        waiting = [self.put("a"), self.put(b"b")]
        problem = ConnectionClosureError("over")
        self.put("nobody looks at this one")
        self.unsent.fail(problem)
        self.assertEqual([self.failureResultOf(each).value for each in waiting], [problem] * 2)
        self.assertEqual((len(self.unsent), self.written), (0, []))
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_cancelWhileFailing(self) -> None:
        """
        Who is told may cancel another one.
        """
        first, second = self.put("a"), self.put("b")
        first.addErrback(lambda _: second.cancel())
        self.unsent.fail(ConnectionClosureError("over"))
        self.failureResultOf(second, CancelledError)
        self.assertEqual(len(self.unsent), 0)
