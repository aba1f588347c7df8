# -*- test-case-name: tests.server.test_farewell -*-
"""
How a listener's connections end when it stops.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from balws.closing import GOING_AWAY
from balws.server.channel import Channel
from balws.wire.roster import Roster


def sayFarewell(roster: Roster, clock: IReactorTime, timeout: float) -> Deferred[None]:
    """
    Tell every peer that we go away, and wait until all are gone.

    @param timeout: seconds after which those that are left are dropped; 0 drops all at
        once, negative waits without limit.
    @return: fires when nobody is left.
    """
    done = roster.whenEmpty()
    if timeout == 0:
        _dropAll(roster)
        return done
    for member in tuple(roster.members):
        if isinstance(member, Channel):
            member.finish()
        else:
            member.sendClose(GOING_AWAY.status)
    if timeout > 0:
        call: IDelayedCall = clock.callLater(timeout, _dropAll, roster)
        done.addCallback(lambda _: call.cancel() if call.active() else None)
    return done


def _dropAll(roster: Roster) -> None:
    for member in tuple(roster.members):
        member.abort()
