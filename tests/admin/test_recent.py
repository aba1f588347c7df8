"""
Tests of L{balws.admin.recent}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.admin.operations import Query
from balws.admin.recent import FRESH, Recent


class Slow:
    """
    Answers when the test says so.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.waiting: list[Deferred[Any]] = []

    def summary(self, *query: Any) -> Deferred[Any]:
        """
        Any question.
        """
        self.asked.append(query)
        self.waiting.append(Deferred())
        return self.waiting[-1]

    connections = groups = summary


class RecentTests(SynchronousTestCase):
    """
    Several ask the same.
    """

    def setUp(self) -> None:
        """
        Nobody has asked.
        """
        self.slow: Any = Slow()
        self.clock = Clock()
        self.recent = Recent(self.slow, self.clock)

    def test_together(self) -> None:
        """
        Who asks while somebody waits for the answer, or soon after it, gets the same.
        """
        first, second = self.recent.summary(), self.recent.summary()
        self.slow.waiting[0].callback("all is well")
        self.assertEqual([self.successResultOf(each) for each in (first, second)], ["all is well"] * 2)
        self.clock.advance(FRESH - 0.01)
        self.assertEqual(self.successResultOf(self.recent.summary()), "all is well")
        self.assertEqual(len(self.slow.asked), 1)

    def test_later(self) -> None:
        """
        What is older is asked anew, and nothing is kept of it.
        """
        self.recent.summary()
        self.slow.waiting[0].callback(1)
        self.clock.advance(FRESH)
        self.assertNoResult(self.recent.summary())
        self.assertEqual(len(self.recent._answers), 1)

    def test_others(self) -> None:
        """
        Other questions have answers of their own.
        """
        self.recent.connections(Query(search="a"))
        self.recent.connections(Query(search="b"))
        self.recent.groups(Query(search="a"))
        self.recent.connections(Query(search="a"))
        self.assertEqual([query.search for (query,) in self.slow.asked], ["a", "b", "a"])

    def test_gone(self) -> None:
        """
        One who does not wait any longer takes the answer from nobody else.
        """
        first, second = self.recent.summary(), self.recent.summary()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.slow.waiting[0].callback(1)
        self.assertEqual(self.successResultOf(second), 1)

    def test_allGone(self) -> None:
        """
        When nobody waits any longer the question is over, and the next who asks begins anew.
        """
        first, second = self.recent.summary(), self.recent.summary()
        first.cancel()
        self.assertFalse(self.slow.waiting[0].called)
        second.cancel()
        self.failureResultOf(first, CancelledError)
        self.failureResultOf(second, CancelledError)
        self.assertTrue(self.slow.waiting[0].called)
        self.recent.summary()
        self.assertEqual(len(self.slow.asked), 2)

    def test_failed(self) -> None:
        """
        That there is no answer is one, too.
        """
        first, second = self.recent.summary(), self.recent.summary()
        self.slow.waiting[0].errback(ValueError("no"))
        for each in (first, second, self.recent.summary()):
            self.failureResultOf(each, ValueError)
