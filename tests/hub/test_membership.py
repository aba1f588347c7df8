"""
Tests of L{balws.hub.membership}.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError
from balws.hub.broker import IBroker
from balws.hub.membership import Membership


class Broker:
    """
    Answers when it is told to.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.entering: list[Deferred[None]] = []

    def enter(self, group: str) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        self.told.append(f"enter {group}")
        self.entering.append(Deferred())
        return self.entering[-1]

    def exit(self, group: str) -> None:
        """
        See L{IBroker}.
        """
        self.told.append(f"exit {group}")


class MembershipTests(SynchronousTestCase):
    """
    One step at a time.
    """

    def setUp(self) -> None:
        """
        A broker that takes its time.
        """
        self.broker = Broker()
        self.membership = Membership(cast(IBroker, self.broker))

    def answer(self, result: Any = None) -> None:
        """
        The broker answers.
        """
        self.broker.entering.pop(0).callback(result)

    def test_once(self) -> None:
        """
        However many come in at a time, the broker hears of the first alone, and all wait for it.
        """
        entered = [self.membership.enter("a") for _ in range(3)]
        self.assertEqual(self.broker.told, ["enter a"])
        self.assertNoResult(entered[2])
        self.answer()
        self.assertEqual([self.successResultOf(each) for each in entered], [None] * 3)
        self.successResultOf(self.membership.enter("a"))
        self.assertEqual(self.broker.told, ["enter a"])

    def test_leftMeanwhile(self) -> None:
        """
        Who leaves before the broker answers leaves when it has.
        """
        entered = self.membership.enter("a")
        self.membership.exit("a")
        self.assertEqual(self.broker.told, ["enter a"])
        self.answer()
        self.successResultOf(entered)
        self.assertEqual(self.broker.told, ["enter a", "exit a"])
        self.membership.enter("a")
        self.assertEqual(self.broker.told, ["enter a", "exit a", "enter a"])

    def test_backMeanwhile(self) -> None:
        """
        Who comes back before the broker answers enters anew: the group may have been dissolved behind
        the answer that is on its way.
        """
        first = self.membership.enter("a")
        self.membership.exit("a")
        again = [self.membership.enter("a") for _ in range(2)]
        self.answer()
        self.successResultOf(first)
        self.assertNoResult(again[1])
        self.assertEqual(self.broker.told, ["enter a", "exit a", "enter a"])
        self.answer()
        self.assertEqual([self.successResultOf(each) for each in again], [None] * 2)
        self.successResultOf(self.membership.enter("a"))
        self.assertEqual(self.broker.told, ["enter a", "exit a", "enter a"])

    def test_leftAgain(self) -> None:
        """
        Who comes and leaves several times before the broker answers is out at last.
        """
        entered = []
        for _ in range(3):
            entered.append(self.membership.enter("a"))
            self.membership.exit("a")
        self.answer()
        self.assertEqual([self.successResultOf(each) for each in entered], [None] * 3)
        self.assertEqual((self.broker.told, self.broker.entering), (["enter a", "exit a"], []))

    def test_away(self) -> None:
        """
        Where the broker is away all are told; it hears of a leave all the same, for it may be back.
        """
        entered = [self.membership.enter("a") for _ in range(2)]
        self.broker.entering.pop().errback(HubUnavailableError("away"))
        for each in entered:
            self.failureResultOf(each, HubUnavailableError)
        self.membership.exit("a")
        self.assertEqual(self.broker.told, ["enter a", "exit a"])

    def test_stranger(self) -> None:
        """
        A group that nobody was in is not left.
        """
        self.membership.exit("a")
        self.assertEqual(self.broker.told, [])
