"""
Tests of L{balws.server.farewell}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.server.channel import Channel
from balws.server.farewell import sayFarewell
from balws.wire.roster import Roster


class Member:
    """
    Somebody connected.
    """

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.heard: list[Any] = []
        roster.add(self)

    def sendClose(self, code: int) -> None:
        self.heard.append(code)

    def finish(self) -> None:
        self.heard.append("finish")

    def abort(self) -> None:
        self.heard.append("abort")
        self.leave()

    def leave(self) -> None:
        self.roster.discard(self)


class HttpMember(Member, Channel):
    """
    Somebody who still speaks HTTP.
    """

    leave = Member.leave
    finish = Member.finish
    abort = Member.abort


class Hasty(Member):
    """
    Leaves as soon as it is told to.
    """

    def sendClose(self, code: int) -> None:
        super().sendClose(code)
        self.leave()


class FarewellTests(SynchronousTestCase):
    """
    L{sayFarewell}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.roster = Roster()

    def test_nobody(self) -> None:
        """
        Where nobody is connected it is over at once.
        """
        for timeout in (10, 0, -1):
            self.successResultOf(sayFarewell(self.roster, self.clock, timeout))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_allLeave(self) -> None:
        """
        WebSocket peers get 1001, HTTP connections finish; when the last has left it is over.
        """
        webSocket, http = Member(self.roster), HttpMember(self.roster)
        done = sayFarewell(self.roster, self.clock, 10)
        self.assertEqual((webSocket.heard, http.heard), ([1001], ["finish"]))
        webSocket.leave()
        self.assertNoResult(done)
        http.leave()
        self.successResultOf(done)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_atOnce(self) -> None:
        """
        Peers that leave while others are still being told do not disturb.
        """
        members = [Hasty(self.roster) for _ in range(5)]
        self.successResultOf(sayFarewell(self.roster, self.clock, 10))
        self.assertEqual([member.heard for member in members], [[1001]] * 5)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_timeout(self) -> None:
        """
        Who has not left in time is dropped.
        """
        for timeout in (10, 0.5):
            slow, quick = Member(self.roster), Member(self.roster)
            done = sayFarewell(self.roster, self.clock, timeout)
            quick.leave()
            self.clock.advance(timeout - 0.1)
            self.assertNoResult(done)
            self.clock.advance(0.2)
            self.successResultOf(done)
            self.assertEqual((slow.heard, quick.heard), ([1001, "abort"], [1001]))
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_zero(self) -> None:
        """
        With the timeout 0 everybody is dropped without a word.
        """
        members = [Member(self.roster), HttpMember(self.roster)]
        self.successResultOf(sayFarewell(self.roster, self.clock, 0))
        self.assertEqual([member.heard for member in members], [["abort"], ["abort"]])

    def test_negative(self) -> None:
        """
        With a negative timeout it waits without limit.
        """
        member = Member(self.roster)
        done = sayFarewell(self.roster, self.clock, -1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(1e6)
        self.assertNoResult(done)
        member.leave()
        self.successResultOf(done)

    def test_twice(self) -> None:
        """
        A second farewell without patience ends the first.
        """
        member = Member(self.roster)
        first = sayFarewell(self.roster, self.clock, 10)
        second = sayFarewell(self.roster, self.clock, 0)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(member.heard, [1001, "abort"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
