"""
Tests of L{balws.wire.written}.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import Any

from twisted.internet.defer import (
    Deferred,
    DeferredList,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    succeed,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import ConnectionClosureError
from balws.wire.written import WRITTEN, Written, quiet, refused


class WrittenTests(SynchronousTestCase):
    """
    One Deferred for all writes that do not wait.
    """

    def tearDown(self) -> None:
        """
        Whatever was done with it, it is as it was.
        """
        self.assertEqual((WRITTEN.called, WRITTEN.result, WRITTEN.callbacks), (True, None, []))
        self.assertEqual(WRITTEN.paused, 0)
        seen: list[Any] = []
        WRITTEN.addCallback(seen.append)
        self.assertEqual(seen, [None])

    def test_callbacks(self) -> None:
        """
        Callbacks are called at once with L{None}, and what they return goes on in a
        Deferred of their own.
        """
        seen: list[Any] = []
        first = WRITTEN.addCallback(lambda value, more: (value, more), "more")
        second = WRITTEN.addCallbacks(lambda value: [value], lambda _: "never")
        third = WRITTEN.addBoth(lambda value: {"value": value})
        fourth = WRITTEN.addErrback(seen.append)
        self.assertEqual(self.successResultOf(first), (None, "more"))
        self.assertEqual(self.successResultOf(second), [None])
        self.assertEqual(self.successResultOf(third), {"value": None})
        self.assertIsNone(self.successResultOf(fourth))
        self.assertEqual(seen, [])
        self.assertEqual(len({id(each) for each in (first, second, third, fourth, WRITTEN)}), 5)

    def test_failingCallback(self) -> None:
        """
        What a callback raises is its own Deferred's, for nobody else.
        """
        failed = WRITTEN.addCallback(lambda _: 1 // 0)
        self.failureResultOf(failed, ZeroDivisionError)
        self.assertIsNone(self.successResultOf(WRITTEN))

    def test_await(self) -> None:
        """
        It may be awaited, more than once.
        """

        async def method() -> list[Any]:
            return [await WRITTEN, await WRITTEN]

        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(method())), [None, None])

    def test_inlineCallbacks(self) -> None:
        """
        It may be yielded.
        """

        @inlineCallbacks
        def method() -> Generator[Deferred[Any], Any, list[Any]]:
            first = yield WRITTEN
            second = yield WRITTEN
            return [first, second]

        self.assertEqual(self.successResultOf(method()), [None, None])

    def test_gathered(self) -> None:
        """
        It may be waited for together with others, or itself.
        """
        self.assertEqual(self.successResultOf(gatherResults([WRITTEN, succeed(1), WRITTEN])), [None, 1, None])
        self.assertEqual(
            self.successResultOf(DeferredList([WRITTEN, WRITTEN], fireOnOneErrback=True)),
            [(True, None), (True, None)],
        )

    def test_chained(self) -> None:
        """
        It may fire another Deferred, and be what a callback returns.
        """
        waiting: Deferred[Any] = Deferred()
        WRITTEN.chainDeferred(waiting)
        self.assertIsNone(self.successResultOf(waiting))
        for _ in range(2):
            returned = succeed(1).addCallback(lambda _: WRITTEN)
            self.assertIsNone(self.successResultOf(returned))
        self.assertIsNone(self.successResultOf(maybeDeferred(lambda: WRITTEN)))

    def test_cancel(self) -> None:
        """
        There is nothing to cancel.
        """
        WRITTEN.cancel()
        self.assertIsNone(self.successResultOf(WRITTEN))

    def test_timeout(self) -> None:
        """
        It does not time out, and leaves no timer.
        """
        clock = Clock()
        self.assertIsNone(self.successResultOf(WRITTEN.addTimeout(1, clock)))
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_another(self) -> None:
        """
        Each is a Deferred that has fired.
        """
        self.assertIsInstance(Written(), Deferred)
        self.assertIsNone(self.successResultOf(Written()))


class QuietTests(SynchronousTestCase):
    """
    Failures of writes that nobody need look at.
    """

    def test_refused(self) -> None:
        """
        Who waits for a refused write gets the error; if nobody does, nothing is logged.
        """
        error = ConnectionClosureError("closed")
        self.assertIs(self.failureResultOf(refused(error)).value, error)
        refused(error)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_quiet(self) -> None:
        """
        A failure that was made quiet is not logged, and goes to who comes later.
        """
        waiting: Deferred[Any] = Deferred()
        waiting.errback(Failure(ConnectionClosureError("closed")))
        self.assertIs(quiet(waiting), waiting)
        self.failureResultOf(waiting, ConnectionClosureError)
        waiting = Deferred()
        waiting.errback(Failure(ConnectionClosureError("closed")))
        quiet(waiting)
        del waiting
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_handled(self) -> None:
        """
        One that has no failure stays as it is.
        """
        self.assertEqual(self.successResultOf(quiet(succeed(1))), 1)

    def test_laterCallback(self) -> None:
        """
        What somebody's own callback makes of it is logged as ever.
        """
        refused(ConnectionClosureError("closed")).addErrback(lambda _: 1 // 0)
        gc.collect()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
