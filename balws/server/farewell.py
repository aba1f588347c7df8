# -*- test-case-name: tests.server.test_farewell -*-
"""
How a listener's connections end when it stops.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from balws.server.channel import Channel
from balws.wire.roster import Roster

#: So many peers may connect anew in a second without harm to whoever they go to, or to us
#: when we come back (reliability catalogue, RL03).
PEERS_A_SECOND = 500

#: The longest spread that is taken where none is asked for, in seconds.
LONGEST_SPREAD = 2.0

#: Seconds between two groups of peers that are told.
STEP = 0.05

#: Peers whose method does not end are told so long before they are dropped, in seconds; of a
#: short time a tenth.
LAST_WORD = 1.0


def sayFarewell(roster: Roster, clock: IReactorTime, timeout: float, spread: float | None = None) -> Deferred[None]:
    """
    Tell every peer that we go away (1001), and wait until all are gone.

    A peer for which a method runs is told when that has ended and its answer is written, at
    the latest shortly before the time is over.  Messages that wait for their turn behind it are
    dropped, and so is what comes later; streams end.  Who speaks HTTP gets the answer to the
    request at hand.  When peers have gone, methods that still run for them, C{onClose} and
    C{onError} among them, are waited for too.

    @param timeout: seconds after which those that are left are dropped, and no method is
        waited for; 0 drops all at once, and ends the farewells of this roster that are under
        way; negative waits without limit.
    @param spread: peers are told evenly within so many seconds, never more than half of the
        timeout; 0 tells all at once, L{None} takes a second for each 500, up to 2.
    @return: fires when nobody is left and nothing runs.  A method that waits for this waits for
        itself.
    """
    done = roster.whenQuiet()
    if done.called:
        return done
    if timeout == 0:
        _dropAll(roster)
        return done
    return _Farewell(roster, clock, timeout, spread).begin(done)


class _Farewell:
    """
    One that takes time.
    """

    def __init__(self, roster: Roster, clock: IReactorTime, timeout: float, spread: float | None) -> None:
        self._roster = roster
        self._clock = clock
        self._timeout = timeout
        self._wires: list[Any] = []
        for member in tuple(roster.members):
            if isinstance(member, Channel):
                member.finish()
            else:
                self._wires.append(member)
        count = len(self._wires)
        seconds = min(LONGEST_SPREAD, count / PEERS_A_SECOND) if spread is None else spread
        if timeout > 0:
            seconds = min(seconds, timeout / 2)
        self._steps = max(1, ceil(seconds / STEP))
        self._pace = seconds / self._steps
        self._told = 0
        self._began = clock.seconds()
        self._calls: set[IDelayedCall] = set()

    def begin(self, done: Deferred[None]) -> Deferred[None]:
        """
        @param done: fires when it is quiet.
        @return: C{done}; when it has fired nothing of this is left.
        """
        done.addBoth(self._over)
        self._roster.newcomer = self._newcomer
        if self._timeout > 0:
            self._later(self._timeout - min(LAST_WORD, self._timeout / 10), self._lastWord)
            self._later(self._timeout, self._dropAll)
        self._step(1)
        return done

    def _later(self, delay: float, what: Any, *arguments: Any) -> None:
        def due() -> None:
            self._calls.discard(call)
            what(*arguments)

        call = self._clock.callLater(delay, due)
        self._calls.add(call)

    def _over(self, result: Any) -> Any:
        self._roster.newcomer = None
        calls, self._calls = self._calls, set()
        for call in calls:
            call.cancel()
        return result

    def _step(self, number: int) -> None:
        """
        Tell the next ones.

        @param number: of this step, from 1.
        """
        end = len(self._wires) * number // self._steps
        group, self._told = self._wires[self._told : end], end
        if number < self._steps:
            # From the beginning, or what each step lacks would add up.
            due = self._began + number * self._pace - self._clock.seconds()
            self._later(max(0.0, due), self._step, number + 1)
        else:
            self._wires = []
        for wire in group:
            wire.leave()

    def _newcomer(self, member: Any) -> None:
        # A TLS handshake was under way when the port was closed.
        self._later(0, self._tell, member)

    def _tell(self, member: Any) -> None:
        if member in self._roster.members:
            if isinstance(member, Channel):
                member.finish()
            else:
                member.leave()

    def _lastWord(self) -> None:
        for member in tuple(self._roster.members):
            if not isinstance(member, Channel):
                member.goAway()

    def _dropAll(self) -> None:
        _dropAll(self._roster)


def _dropAll(roster: Roster) -> None:
    for member in tuple(roster.members):
        member.abort()
    roster.release()
