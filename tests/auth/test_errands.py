"""
Tests of L{balws.auth.errands}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.errands import Errands


class ErrandsTests(SynchronousTestCase):
    """
    One does it for all.
    """

    def setUp(self) -> None:
        self.errands: Errands[int] = Errands()
        self.begun: list[Deferred[int]] = []
        self.cancelled: list[Deferred[int]] = []

    def begin(self) -> Deferred[int]:
        self.begun.append(Deferred(self.cancelled.append))
        return self.begun[-1]

    def test_once(self) -> None:
        """
        Who comes while it is on its way gets the same result; who comes later a new one.
        """
        results = [self.errands.share("a", self.begin) for _ in range(3)]
        self.assertEqual(len(self.begun), 1)
        self.begun[0].callback(4)
        self.assertEqual([self.successResultOf(each) for each in results], [4, 4, 4])
        self.assertNoResult(self.errands.share("a", self.begin))
        self.assertEqual(len(self.begun), 2)

    def test_keys(self) -> None:
        """
        Different work is done apart.
        """
        first, second = self.errands.share("a", self.begin), self.errands.share("b", self.begin)
        self.begun[1].callback(2)
        self.assertNoResult(first)
        self.assertEqual(self.successResultOf(second), 2)

    def test_failure(self) -> None:
        """
        Everybody learns of the failure, and it is logged for nobody.
        """
        results = [self.errands.share("a", self.begin) for _ in range(2)]
        self.begun[0].errback(ZeroDivisionError())
        for each in results:
            self.failureResultOf(each, ZeroDivisionError)

    def test_atOnce(self) -> None:
        """
        Work that is done when it begins leaves nothing behind.
        """
        self.assertEqual(self.successResultOf(self.errands.share("a", lambda: succeed(1))), 1)
        self.failureResultOf(self.errands.share("a", lambda: fail(KeyError())), KeyError)
        self.assertEqual(self.successResultOf(self.errands.share("a", lambda: succeed(2))), 2)

    def test_cancelOne(self) -> None:
        """
        One that does not want it any more leaves the others alone.
        """
        first, second = self.errands.share("a", self.begin), self.errands.share("a", self.begin)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.cancelled, [])
        self.begun[0].callback(1)
        self.assertEqual(self.successResultOf(second), 1)

    def test_cancelAll(self) -> None:
        """
        Work that nobody waits for is cancelled, and the next to ask begins anew.
        """
        for each in [self.errands.share("a", self.begin) for _ in range(2)]:
            each.cancel()
            self.failureResultOf(each, CancelledError)
        self.assertEqual(self.cancelled, self.begun)
        after = self.errands.share("a", self.begin)
        self.begun[1].callback(2)
        self.assertEqual(self.successResultOf(after), 2)

    def test_kept(self) -> None:
        """
        Work that must not be lost goes on when nobody waits any more, and who comes then waits for it.
        """
        errands: Errands[int] = Errands(abandon=False)
        first = errands.share("a", self.begin)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        second = errands.share("a", self.begin)
        self.assertEqual((len(self.begun), self.cancelled), (1, []))
        self.begun[0].callback(3)
        self.assertEqual(self.successResultOf(second), 3)

    def test_cancelMeanwhile(self) -> None:
        """
        Who is cancelled by one that got the result first gets none.
        """
        first = self.errands.share("a", self.begin)
        second = self.errands.share("a", self.begin)
        first.addCallback(lambda _: second.cancel())
        self.begun[0].callback(1)
        self.successResultOf(first)
        self.failureResultOf(second, CancelledError)
        self.assertEqual(self.cancelled, [])

    def test_askMeanwhile(self) -> None:
        """
        Who asks again when the result comes begins anew.
        """
        again: list[Deferred[int]] = []
        first = self.errands.share("a", self.begin)
        first.addCallback(lambda _: again.append(self.errands.share("a", self.begin)))
        self.begun[0].callback(1)
        self.assertEqual(len(self.begun), 2)
        self.assertNoResult(again[0])
