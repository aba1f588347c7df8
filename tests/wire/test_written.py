"""
Tests of L{balws.wire.written}.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults, inlineCallbacks
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.written import WRITTEN, refused


class WrittenTests(SynchronousTestCase):
    """
    One Deferred for everybody.
    """

    def test_callbacks(self) -> None:
        """
        Whoever adds callbacks has a chain of their own.
        """
        self.assertEqual(self.successResultOf(WRITTEN.addCallback(lambda result: (result, 1))), (None, 1))
        self.assertEqual(self.successResultOf(WRITTEN.addBoth(lambda result: 2)), 2)
        self.assertEqual(self.successResultOf(WRITTEN.addCallbacks(lambda result: 3, None)), 3)
        self.assertIsNone(self.successResultOf(WRITTEN.addErrback(lambda failure: 4)))
        self.failureResultOf(WRITTEN.addCallback(lambda _: 1 / 0), ZeroDivisionError)
        self.assertIsNone(self.successResultOf(WRITTEN))

    def test_waiting(self) -> None:
        """
        It can be awaited, yielded, gathered, chained, returned and cancelled.
        """

        async def await_() -> str:
            await WRITTEN
            return "awaited"

        @inlineCallbacks
        def yield_() -> Generator[Deferred[Any], Any, str]:
            yield WRITTEN
            return "yielded"

        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(await_())), "awaited")
        self.assertEqual(self.successResultOf(yield_()), "yielded")
        self.assertEqual(self.successResultOf(gatherResults([WRITTEN, WRITTEN])), [None, None])
        self.assertEqual(self.successResultOf(DeferredList([WRITTEN])), [(True, None)])
        other: Deferred[None] = Deferred()
        WRITTEN.chainDeferred(other)
        self.assertIsNone(self.successResultOf(other))
        outer: Deferred[None] = Deferred()
        outer.addCallback(lambda _: WRITTEN)
        outer.callback(None)
        self.assertIsNone(self.successResultOf(outer))
        WRITTEN.cancel()
        self.assertIsNone(self.successResultOf(WRITTEN.addTimeout(1, Clock())))
        self.assertIsNone(self.successResultOf(WRITTEN))


class RefusedTests(SynchronousTestCase):
    """
    Failures that nobody has to look at.
    """

    def test_quiet(self) -> None:
        """
        An unheeded failure leaves no line in the log; who heeds it gets it.
        """
        refused(ValueError("gone"))
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.failureResultOf(refused(ValueError("gone")), ValueError)
