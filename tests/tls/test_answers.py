"""
Tests of L{balws.tls.answers}.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.tls.answers import Answers
from balws.tls.verdict import CannotTell, Verdict


class AnswersTests(SynchronousTestCase):
    """
    What is kept, and for how long.
    """

    def setUp(self) -> None:
        """
        Room for three answers, for ten seconds each.
        """
        self.now = 1000.0
        self.answers: Answers[Verdict] = Answers(3, 10, lambda: self.now)
        self.asked: list[Any] = []

    def get(self, key: Any, until: float = 5000) -> Verdict:
        """
        An answer that is there at once.
        """

        def ask() -> Deferred[Verdict]:
            self.asked.append(key)
            return succeed(Verdict(isRevoked=False, until=until))

        return self.successResultOf(self.answers.get(key, ask))

    def test_period(self) -> None:
        """
        An answer is kept for ten seconds, and not for longer when it is used.
        """
        for now in (1000, 1009, 1009.9):
            self.now = now
            self.get("a")
        self.assertEqual(self.asked, ["a"])
        self.now = 1010
        self.get("a")
        self.assertEqual(self.asked, ["a", "a"])

    def test_until(self) -> None:
        """
        It is not kept for longer than it is good, and not at all when it is good for now.
        """
        for until in (1000, 999):
            self.get(until, until)
            self.get(until, until)
        self.assertEqual(self.asked, [1000, 1000, 999, 999])
        self.get("a", 1002)
        self.now = 1001.9
        self.get("a", 1002)
        self.assertEqual(self.asked[4:], ["a"])
        self.now = 1002
        self.get("a", 1002)
        self.assertEqual(self.asked[4:], ["a", "a"])

    def test_size(self) -> None:
        """
        Three are kept; the fourth takes the place of the one that was not used for longest:
        many certificates cost no more memory than few.
        """
        for key in "abc":
            self.get(key)
        self.get("a")
        self.get("d")
        self.assertEqual(self.asked, [*"abcd"])
        for key in "acd":
            self.get(key)
        self.assertEqual(self.asked, [*"abcd"])
        self.get("b")
        self.assertEqual(self.asked, [*"abcdb"])
        for number in range(1000):
            self.get(number)
        self.assertEqual(len(self.answers._kept), 3)

    def test_oneForAll(self) -> None:
        """
        Those who want the same at the same time ask once.
        """
        answer: Deferred[Verdict] = Deferred()
        wanted = [self.answers.get("a", lambda: answer) for _ in range(3)]
        other = self.answers.get("b", lambda: succeed(Verdict(isRevoked=True, until=5000)))
        self.assertTrue(self.successResultOf(other).isRevoked)
        for each in wanted:
            self.assertNoResult(each)
        answer.callback(Verdict(isRevoked=False, until=5000))
        for each in wanted:
            self.assertFalse(self.successResultOf(each).isRevoked)

    def test_failure(self) -> None:
        """
        A failure reaches all who wait, and is not kept.
        """
        answer: Deferred[Verdict] = Deferred()
        wanted = [self.answers.get("a", lambda: answer) for _ in range(3)]
        answer.errback(CannotTell("why"))
        for each in wanted:
            self.assertEqual(str(self.failureResultOf(each, CannotTell).value), "why")
        self.get("a")
        self.assertEqual(self.asked, ["a"])

    def test_raised(self) -> None:
        """
        So does an error that was raised at once.
        """

        def ask() -> Deferred[Verdict]:
            raise CannotTell("why")

        self.failureResultOf(self.answers.get("a", ask), CannotTell)

    def test_cancelled(self) -> None:
        """
        Who waits no longer does not take the answer from the others; what then comes is
        kept, and what fails is no error in the log.
        """
        answer: Deferred[Verdict] = Deferred()
        one, two = (self.answers.get("a", lambda: answer) for _ in range(2))
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.assertNoResult(two)
        two.cancel()
        self.failureResultOf(two, CancelledError)
        answer.callback(Verdict(isRevoked=False, until=5000))
        self.get("a")
        self.assertEqual(self.asked, [])
        failing: Deferred[Verdict] = Deferred()
        lonely = self.answers.get("b", lambda: failing)
        lonely.cancel()
        self.failureResultOf(lonely, CancelledError)
        failing.errback(CannotTell("why"))
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
