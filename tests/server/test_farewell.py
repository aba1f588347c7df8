"""
Tests of L{balws.server.farewell}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.server.channel import Channel
from balws.server.farewell import sayFarewell
from balws.wire.roster import Roster


class Member:
    """
    Somebody connected.

    @ivar heard: what it was told, with the time.
    """

    def __init__(self, roster: Roster, clock: Clock) -> None:
        self.roster = roster
        self.clock = clock
        self.heard: list[Any] = []
        roster.add(self)

    def hear(self, what: str) -> None:
        self.heard.append((what, self.clock.seconds()))

    def leave(self) -> None:
        self.hear("leave")

    def goAway(self) -> None:
        self.hear("goAway")

    def finish(self) -> None:
        self.hear("finish")

    def abort(self) -> None:
        self.hear("abort")
        self.depart()

    def depart(self, running: Deferred[None] | None = None) -> None:
        if running is not None:
            self.roster.hold(running)
        self.roster.discard(self)


class HttpMember(Member, Channel):
    """
    Somebody who still speaks HTTP.
    """

    finish = Member.finish
    abort = Member.abort


class Hasty(Member):
    """
    Leaves as soon as it is told to.
    """

    def leave(self) -> None:
        super().leave()
        self.depart()


class FarewellTestCase(SynchronousTestCase):
    """
    A roster, and time.
    """

    def setUp(self) -> None:
        """
        Nobody is connected.
        """
        self.clock = Clock()
        self.roster = Roster()

    def member(self, kind: type[Member] = Member) -> Any:
        """
        @return: somebody connected.
        """
        return kind(self.roster, self.clock)

    def near(self, found: float, expected: float, tolerance: float) -> None:
        """
        A time is this one, nearly.
        """
        self.assertTrue(abs(found - expected) <= tolerance + 1e-6, f"{found} and not {expected}")

    def over(self, done: Deferred[None]) -> None:
        """
        It has ended, and nothing of it is left.
        """
        self.successResultOf(done)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIsNone(self.roster.newcomer)


class EndTests(FarewellTestCase):
    """
    When it is over.
    """

    def test_nobody(self) -> None:
        """
        Where nobody is connected it is over at once.
        """
        for timeout in (10, 0, -1):
            self.over(sayFarewell(self.roster, self.clock, timeout))

    def test_allLeave(self) -> None:
        """
        WebSocket peers are told to go, HTTP connections finish; when the last has left it is
        over.
        """
        webSocket, http = self.member(), self.member(HttpMember)
        done = sayFarewell(self.roster, self.clock, 10)
        self.assertEqual((webSocket.heard, http.heard), ([("leave", 0)], [("finish", 0)]))
        webSocket.depart()
        self.assertNoResult(done)
        http.depart()
        self.over(done)

    def test_timeout(self) -> None:
        """
        Who has not left in time hears 1001 whatever it does, and then is dropped; who speaks
        HTTP is only dropped (RL01).
        """
        for timeout, last in ((10, 9), (0.5, 0.45)):
            begun = self.clock.seconds()
            slow, http, quick = self.member(), self.member(HttpMember), self.member()
            done = sayFarewell(self.roster, self.clock, timeout, 0)
            quick.depart()
            self.clock.pump([timeout * 0.05] * 19)
            self.assertNoResult(done)
            self.clock.pump([timeout * 0.05] * 2)
            self.over(done)
            for member, expected in (
                (slow, [("leave", 0), ("goAway", last), ("abort", timeout)]),
                (http, [("finish", 0), ("abort", timeout)]),
                (quick, [("leave", 0)]),
            ):
                self.assertEqual([what for what, _ in member.heard], [what for what, _ in expected])
                for (_, at), (_, due) in zip(member.heard, expected, strict=True):
                    self.near(at - begun, due, timeout * 0.05)

    def test_zero(self) -> None:
        """
        With the timeout 0 everybody is dropped without a word, and no method is waited for.
        """
        members = [self.member(), self.member(HttpMember)]
        self.roster.hold(Deferred())
        running: Deferred[None] = Deferred()
        self.roster.hold(running)
        self.over(sayFarewell(self.roster, self.clock, 0))
        self.assertEqual([member.heard for member in members], [[("abort", 0)]] * 2)

    def test_negative(self) -> None:
        """
        With a negative timeout it waits without limit.
        """
        member = self.member()
        done = sayFarewell(self.roster, self.clock, -1)
        self.clock.advance(1e6)
        self.assertNoResult(done)
        self.assertEqual(member.heard, [("leave", 0)])
        member.depart()
        self.over(done)

    def test_methods(self) -> None:
        """
        Methods that run on when the peers have gone are waited for (RL01).
        """
        running: list[Deferred[None]] = [Deferred(), Deferred()]
        members = [self.member(), self.member()]
        done = sayFarewell(self.roster, self.clock, 10)
        for member, method in zip(members, running, strict=True):
            member.depart(method)
        running[0].callback(None)
        self.assertNoResult(done)
        running[1].callback(None)
        self.over(done)

    def test_methodsTooLong(self) -> None:
        """
        When the time is over no method is waited for, that of a peer which is dropped then
        neither; but for connections that take a moment to end.
        """
        running: Deferred[None] = Deferred()
        gone, stays = self.member(), self.member()
        stays.abort = lambda: stays.hear("abort")
        done = sayFarewell(self.roster, self.clock, 10)
        gone.depart(running)
        self.clock.advance(10)
        self.assertNoResult(done)
        late: Deferred[None] = Deferred()
        stays.depart(late)
        self.over(done)

    def test_twice(self) -> None:
        """
        A second farewell without patience ends the first, whatever that waits for.
        """
        running: Deferred[None] = Deferred()
        self.member().depart(running)
        member = self.member()
        first = sayFarewell(self.roster, self.clock, 10)
        second = sayFarewell(self.roster, self.clock, 0)
        self.successResultOf(first)
        self.over(second)
        self.assertEqual(member.heard, [("leave", 0), ("abort", 0)])

    def test_cancelled(self) -> None:
        """
        Who no longer waits leaves no timers behind.
        """
        self.member()
        done = sayFarewell(self.roster, self.clock, 10)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_newcomer(self) -> None:
        """
        Who comes meanwhile, out of a TLS handshake that takes its time, is told in the next
        turn, unless it has gone by then.
        """
        self.member()
        done = sayFarewell(self.roster, self.clock, 10)
        http, webSocket, gone = self.member(HttpMember), self.member(), self.member()
        gone.depart()
        self.assertEqual(http.heard, [])
        self.clock.advance(0)
        self.assertEqual((http.heard, webSocket.heard, gone.heard), ([("finish", 0)], [("leave", 0)], []))
        self.clock.advance(10)
        self.over(done)


class SpreadTests(FarewellTestCase):
    """
    When each peer is told.
    """

    def told(self, count: int, timeout: float = 10, spread: float | None = None, step: float = 0.01) -> list[float]:
        """
        @return: when so many peers were told, from the first to the last.
        """
        members = [self.member(Hasty) for _ in range(count)]
        begun = self.clock.seconds()
        done = sayFarewell(self.roster, self.clock, timeout, spread)
        while not done.called:
            self.clock.advance(step)
        self.over(done)
        for member in members:
            self.assertEqual([what for what, _ in member.heard], ["leave"])
        return sorted(member.heard[0][1] - begun for member in members)

    def test_atOnce(self) -> None:
        """
        0 tells all at once, however many they are, and though they leave meanwhile.
        """
        self.assertEqual(self.told(1000, spread=0), [0] * 1000)

    def test_even(self) -> None:
        """
        No tenth of a second has more than a fifth of 1,000 peers, nor much less than its share
        (RL03).
        """
        times = self.told(1000, spread=2)
        shares = [sum(start <= each < start + 0.1 for each in times) for start in (n / 10 for n in range(20))]
        self.assertEqual(sum(shares), 1000)
        self.assertLessEqual(max(shares), 200)
        self.assertGreaterEqual(min(shares), 25)

    def test_byNumber(self) -> None:
        """
        Where nobody says how long, it is a second for each 500, up to 2; few are told at
        once.
        """
        for count, seconds in ((1, 0), (25, 0), (250, 0.5), (500, 1), (1000, 2), (2000, 2)):
            self.near(self.told(count)[-1], seconds, 0.07)

    def test_shortTimeout(self) -> None:
        """
        The last has half of the time left to answer.
        """
        self.near(self.told(1000, timeout=1, spread=2)[-1], 0.5, 0.07)

    def test_noTimeout(self) -> None:
        """
        Who waits without limit is not hurried.
        """
        self.near(self.told(100, timeout=-1, spread=5)[-1], 5, 0.07)

    def test_late(self) -> None:
        """
        Where the process has other things to do, the last is told in time all the same.
        """
        self.near(self.told(100, spread=2, step=0.07)[-1], 2, 0.14)

    def test_goneBefore(self) -> None:
        """
        When all have left before their turn nothing is left to do.
        """
        members = [self.member() for _ in range(100)]
        done = sayFarewell(self.roster, self.clock, 10, 2)
        for member in members:
            member.depart()
        self.over(done)
